"""The eager engine against its peers: `python benchmarks/eager.py` prints the table of the README.

Every measurement runs in a process of its own, with the garbage collector as Python ships it, and
counts the lower quartile of its batches, for a shared machine can only make them slower. The
engines take turns, round after round; a row shows the median time of each and the median of the
ratios taken round by round.

    expression   the README example of micrograd: 25 operations, forward and backward
    moons        one training step of micrograd's demo: MLP 2-16-16-1, 100 points, max-margin + L2
    microgpt     one step of a tiny attention model in plain scalar code, as microgpt writes it

Peers: micrograd from PyPI (extra `bench`), and `Local` below: a node with slots, its children and
its local gradients, written out by hand per operation, which is how microgpt makes its nodes.
"""

import math
import random
import statistics
import subprocess
import sys
import time
from importlib import import_module

ROUNDS = 7


class Local:
    """A scalar node that stores children and local gradients when made, as microgpt's does."""

    __slots__ = ("children", "data", "grad", "slopes")

    def __init__(self, data, children=(), slopes=()):
        self.data = data
        self.grad = 0
        self.children = children
        self.slopes = slopes

    def __add__(self, other):
        other = other if isinstance(other, Local) else Local(other)
        return Local(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Local) else Local(other)
        return Local(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, k):
        return Local(self.data ** k, (self,), (k * self.data ** (k - 1),))

    def log(self):
        return Local(math.log(self.data), (self,), (1 / self.data,))

    def exp(self):
        e = math.exp(self.data)
        return Local(e, (self,), (e,))

    def relu(self):
        return Local(max(0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other ** -1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for child in node.children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1
        for node in reversed(order):
            for child, slope in zip(node.children, node.slopes):
                child.grad += slope * node.grad


# ---- the work

def expression(value, _):
    def step():
        a, b = value(-4.0), value(2.0)
        c = a + b
        d = a * b + b**3
        c += c + 1
        c += 1 + c + (-a)
        d += d * 2 + (b + a).relu()
        d += 3 * d + (b - a).relu()
        e = c - d
        f = e**2
        g = f / 2.0
        g += 10.0 / f
        g.backward()
        return a.grad + b.grad

    return step, 100


def moons(value, mlp):
    random.seed(1337)
    model = mlp(2, [16, 16, 1])
    data = [half_circle(i) for i in range(100)]

    def step():
        scores = [model([value(p), value(q)]) for p, q, _ in data]
        losses = [(1 + -y * s).relu() for s, (_, _, y) in zip(scores, data)]
        loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        return loss.data

    return step, 1


def half_circle(i):
    t, y = math.pi * (i // 2) / 49, i % 2
    p, q = (math.cos(t), math.sin(t)) if y else (1 - math.cos(t), 0.5 - math.sin(t))
    return p + random.gauss(0, 0.1), q + random.gauss(0, 0.1), 2 * y - 1


def microgpt(value, _):
    rng = random.Random(42)
    width, letters, length = 16, 12, 8

    def matrix(rows, columns):
        return [[value(rng.gauss(0, 0.2)) for _ in range(columns)] for _ in range(rows)]

    def linear(x, w):
        return [sum(wi * xi for wi, xi in zip(row, x)) for row in w]

    def softmax(xs):
        top = max(x.data for x in xs)
        es = [(x - top).exp() for x in xs]
        s = sum(es)
        return [e / s for e in es]

    def norm(x):
        scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    tokens, places, head = matrix(letters, width), matrix(length, width), matrix(letters, width)
    wq, wk, wv, wo = (matrix(width, width) for _ in range(4))
    up, down = matrix(4 * width, width), matrix(width, 4 * width)
    matrices = (tokens, places, head, wq, wk, wv, wo, up, down)
    parameters = [p for m in matrices for row in m for p in row]
    text = [rng.randrange(letters) for _ in range(length + 1)]

    def step():
        keys, values, losses = [], [], []
        for place in range(length):
            x = norm([t + p for t, p in zip(tokens[text[place]], places[place])])
            q = linear(x, wq)
            keys.append(linear(x, wk))
            values.append(linear(x, wv))
            shares = softmax([sum(qi * ki for qi, ki in zip(q, k)) * width ** -0.5 for k in keys])
            seen = [sum(s * v[j] for s, v in zip(shares, values)) for j in range(width)]
            x = [a + b for a, b in zip(x, linear(seen, wo))]
            x = [a + b for a, b in zip(x, linear([h.relu() for h in linear(norm(x), up)], down))]
            losses.append(-softmax(linear(x, head))[text[place + 1]].log())
        loss = sum(losses) * (1 / length)
        loss.backward()
        for p in parameters:
            p.data -= 0.01 * p.grad
            p.grad = 0
        return loss.data

    return step, 1


WORK = {"expression": expression, "moons": moons, "microgpt": microgpt}
PEERS = {"expression": "micrograd", "moons": "micrograd", "microgpt": "Local"}
WANTED = {"expression": 4, "moons": 15, "microgpt": 1}


def engine_of(name):
    """The Value class and the MLP class of an engine."""
    if name == "Local":
        return Local, None
    package, networks = (("engine", "nn") if name == "handgrad"
                         else ("micrograd.engine", "micrograd.nn"))
    return import_module(package).Value, import_module(networks).MLP


def measure(work, name):
    """Prints the seconds per step, and the result of the first step, of one engine."""
    sys.setrecursionlimit(100_000)
    step, repeat = WORK[work](*engine_of(name))
    first = step()
    for _ in range(2 * repeat):
        step()
    batches = []
    for _ in range(60 if repeat > 1 else 5):
        start = time.perf_counter()
        for _ in range(repeat):
            step()
        batches.append((time.perf_counter() - start) / repeat)
    print(statistics.quantiles(batches)[0], repr(float(first)))


def run(work, name):
    done = subprocess.run([sys.executable, __file__, work, name],
                          capture_output=True, text=True, check=True)
    seconds, result = map(float, done.stdout.split())
    return seconds, result


def table():
    print(f"{'work':<12}{'peer':<12}{'peer':>12}{'handgrad':>12}{'faster by':>11}{'wanted':>9}")
    for work, peer in PEERS.items():
        rounds = []
        for _ in range(ROUNDS):
            (theirs, a), (ours, b) = run(work, peer), run(work, "handgrad")
            if not math.isclose(a, b, rel_tol=1e-9):
                raise SystemExit(f"{work}: {peer} computes {a!r} and handgrad {b!r}; "
                                 "they should agree")
            rounds.append((theirs, ours, theirs / ours))
        theirs, ours, ratio = map(statistics.median, zip(*rounds))
        print(f"{work:<12}{peer:<12}{theirs * 1e3:>9.3f} ms{ours * 1e3:>9.3f} ms{ratio:>10.1f}x"
              f"{WANTED[work]:>8}x")


if __name__ == "__main__":
    measure(*sys.argv[1:]) if len(sys.argv) > 1 else table()
