"""The peers of native.py: for each a function that prepares some work.

It returns `run(rounds)`, which does so many rounds (a round: forward and backward, and for a
network one step of gradient descent), and `result()`, the loss and flat gradients at the first
parameters. A peer that cannot do the work returns None.
"""

import ctypes
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from native_work import CHAIN, LOSSES, RATE, WIDE, expression, sizes, split

NETWORKS = ("moons", "digits")


def handgrad(work, x, y, p):
    import engine
    loss, parameters = LOSSES[work](x, y, p)
    program = engine.compile(loss, parameters=parameters)
    if work in RATE:
        def run(rounds):
            program.train(rounds, lr=RATE[work])
    else:
        def run(rounds):
            program.repeat(rounds, pull=False)
    return run, program.value_and_gradients


def eager(work, x, y, p):
    if work in ("chain", "wide"):
        return None

    def step():
        made = LOSSES[work](x, y, p, scalar=False)
        made[0].backward()
        return made[0].data, np.array([w.grad for w in made[1]], dtype=float)

    return lambda rounds: [step() for _ in range(rounds)], step


def micrograd(work, x, y, p):
    if work not in ("expression", "moons"):
        return None
    from micrograd.engine import Value

    def recorded():
        if work == "expression":
            leaves = [Value(v) for v in p.tolist()]
            return expression(*leaves), leaves
        leaves = [Value(v) for v in p.tolist()]
        layers = split(np.array(leaves), work)

        def model(h):
            for k, (W, b) in enumerate(zip(layers[::2], layers[1::2])):
                h = [sum((w * v for w, v in zip(row, h)), bias) for row, bias in zip(W, b)]
                h = [v.relu() for v in h] if k < 2 else h
            return h[0]

        losses = [(1 + -t * model(list(map(Value, row)))).relu() for row, t in zip(x, y.tolist())]
        return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(v * v for v in leaves), leaves

    def step():
        loss, leaves = recorded()
        loss.backward()
        return loss.data, np.array([v.grad for v in leaves], dtype=float)

    return lambda rounds: [step() for _ in range(rounds)], step


def by_hand_in_c(work, x, y, p):
    """gcc -O3 -march=native."""
    place = Path(tempfile.gettempdir()) / f"native_hand_{os.getpid()}.so"
    subprocess.run(["gcc", "-O3", "-march=native", "-fopenmp-simd", "-shared", "-fPIC",
                    Path(__file__).parent / "native_hand.c", "-o", place, "-lm"], check=True)
    function = getattr(ctypes.CDLL(str(place)), work)
    place.unlink()
    function.restype = ctypes.c_double
    q, g, tape = p.copy(), np.zeros(len(p)), np.zeros(CHAIN // 2 + 1)
    rows = [padded(a) if work in NETWORKS else a for a in (x, y)]
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (q, g, *(r for r in rows if r is not None))]

    def call(rounds, rate):
        n = ctypes.c_long(rounds)
        if work == "expression":
            return function(n, *pointers)
        if work == "chain":
            return function(n, ctypes.c_long(CHAIN), *pointers, ctypes.c_void_p(tape.ctypes.data))
        if work == "wide":
            return function(n, ctypes.c_long(WIDE), pointers[0], pointers[2], pointers[1])
        return function(n, ctypes.c_double(rate), *pointers)

    call.keep = q, g, rows, tape            # only their addresses are passed
    return (lambda rounds: call(rounds, RATE.get(work, 0.0))), lambda: (call(1, 0.0), g)


def padded(samples):
    """One row of samples per column, filled up with zeros to vectors of eight, at 64 bytes."""
    columns = np.atleast_2d(samples.T)
    width = -(-columns.shape[1] // 8) * 8
    raw = np.zeros(columns.shape[0] * width + 8)
    start = -(raw.ctypes.data // 8) % 8
    rows = raw[start:start + columns.shape[0] * width].reshape(columns.shape[0], width)
    rows[:, :columns.shape[1]] = columns
    return rows


# ---- tensor libraries: one loss, written for anything that looks like numpy

def loss_of(work, np_like, parameters, x, y, log_softmax=None):
    h = x
    for k in range(0, len(parameters), 2):
        h = h @ parameters[k].T + parameters[k + 1]
        h = np_like.maximum(h, 0.0) if k < len(parameters) - 2 else h
    if work == "moons":
        squares = sum((w * w).sum() for w in parameters)
        return np_like.maximum(1.0 - y * h[:, 0], 0.0).mean() + 1e-4 * squares
    return -(y * log_softmax(h)).sum() / x.shape[0]


def by_hand_in_numpy(work, x, y, p):
    if work not in NETWORKS:
        return None
    q = p.copy()

    def gradients():
        W = split(q, work)
        hs = [x]
        for k in range(0, len(W), 2):
            z = hs[-1] @ W[k].T + W[k + 1]
            hs.append(np.maximum(z, 0.0) if k < len(W) - 2 else z)
        if work == "moons":
            margin = 1.0 - y * hs[-1][:, 0]
            loss = np.maximum(margin, 0.0).mean() + 1e-4 * (q @ q)
            d = (-(y * (margin > 0)) / len(y))[:, None]
        else:
            e = np.exp(hs[-1] - hs[-1].max(1, keepdims=True))
            s = e / e.sum(1, keepdims=True)
            loss = -(y * np.log(s)).sum() / len(y)
            d = (s - y) / len(y)
        grads = []
        for k in reversed(range(0, len(W), 2)):
            grads = [(d.T @ hs[k // 2]).ravel(), d.sum(0), *grads]
            if k:
                d = (d @ W[k]) * (hs[k // 2] > 0)
        g = np.concatenate(grads)
        return loss, g + 2e-4 * q if work == "moons" else g

    def run(rounds):
        for _ in range(rounds):
            q[:] -= RATE[work] * gradients()[1]

    return run, gradients


def by_hand_in_numba(work, x, y, p):
    """Loops over rows of samples, with fastmath."""
    if work not in NETWORKS:
        return None
    from numba import njit
    moons, n = work == "moons", len(y)
    rows, targets = np.ascontiguousarray(x.T), np.ascontiguousarray(np.atleast_2d(y.T))

    @njit(fastmath=True)
    def layer(W, b, h, z):
        for j in range(len(b)):
            z[j] = b[j]
            for i in range(len(h)):
                w = W[j, i]
                for s in range(h.shape[1]):
                    z[j, s] += w * h[i, s]

    @njit(fastmath=True)
    def layer_back(W, h, d, gW, gb, dh):
        dh[:] = 0.0
        for j in range(len(d)):
            gb[j] = d[j].sum()
            for i in range(len(h)):
                w, g = W[j, i], 0.0
                for s in range(h.shape[1]):
                    g += d[j, s] * h[i, s]
                    dh[i, s] += w * d[j, s]
                gW[j, i] = g

    @njit(fastmath=True)
    def head(o, t, d):
        loss = 0.0
        for s in range(o.shape[1]):
            if moons:
                m = 1.0 - t[0, s] * o[0, s]
                loss += max(m, 0.0) / n
                d[0, s] = -t[0, s] / n if m > 0 else 0.0
                continue
            top, total = o[:, s].max(), 0.0
            for k in range(len(o)):
                d[k, s] = np.exp(o[k, s] - top)
                total += d[k, s]
            for k in range(len(o)):
                loss -= t[k, s] * (o[k, s] - top - np.log(total)) / n
                d[k, s] = (d[k, s] / total - t[k, s]) / n
        return loss

    q, g = p.copy(), np.zeros(len(p))
    W, gW = split(q, work), split(g, work)
    hs = [rows] + [np.zeros((len(b), n)) for b in W[1::2]]
    ds = [np.zeros_like(h) for h in hs]

    def step(rate):
        for k in range(0, len(W), 2):
            layer(W[k], W[k + 1], hs[k // 2], hs[k // 2 + 1])
            if k < len(W) - 2:
                np.maximum(hs[k // 2 + 1], 0.0, out=hs[k // 2 + 1])
        loss = head(hs[-1], targets, ds[-1])
        for k in reversed(range(0, len(W), 2)):
            layer_back(W[k], hs[k // 2], ds[k // 2 + 1], gW[k], gW[k + 1], ds[k // 2])
            if k:
                ds[k // 2] *= hs[k // 2] > 0
        if moons:
            loss += 1e-4 * (q @ q)
            g[:] += 2e-4 * q
        q[:] -= rate * g
        return loss, g

    return (lambda rounds: [step(RATE[work]) for _ in range(rounds)]), lambda: step(0.0)


def jax(work, x, y, p):
    if work not in NETWORKS:
        return None
    import jax
    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    def loss(parameters):
        return loss_of(work, jnp, parameters, x, y, lambda h: jax.nn.log_softmax(h, axis=1))

    both = jax.value_and_grad(loss)

    @jax.jit
    def step(parameters):
        value, grads = both(parameters)
        return [w - RATE[work] * g for w, g in zip(parameters, grads)], value

    start = [jnp.array(w) for w in split(p, work)]

    def run(rounds):
        parameters = start
        for _ in range(rounds):
            parameters, value = step(parameters)
        value.block_until_ready()

    def result():
        value, grads = both(start)
        return float(value), np.concatenate([np.ravel(g) for g in grads])

    return run, result


def autograd(work, x, y, p):
    if work not in NETWORKS:
        return None
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    def loss(q):
        return loss_of(work, anp, split(q, work), x, y,
                       lambda h: h - logsumexp(h, axis=1, keepdims=True))

    both = value_and_grad(loss)

    def run(rounds):
        q = p.copy()
        for _ in range(rounds):
            q = q - RATE[work] * both(q)[1]

    return run, lambda: both(p)


def torch_eager(work, x, y, p, compiled=False):
    if work not in NETWORKS:
        return None
    import torch
    torch.set_num_threads(1)
    X, Y = torch.tensor(x), torch.tensor(y)
    start = [torch.tensor(w, requires_grad=True) for w in split(p, work)]

    class Like:
        @staticmethod
        def maximum(a, b):
            return torch.clamp(a, min=b)

    def loss(parameters):
        return loss_of(work, Like, parameters, X, Y, lambda h: torch.log_softmax(h, dim=1))

    if compiled:
        loss = torch.compile(loss)

    def run(rounds):
        parameters = [w.detach().clone().requires_grad_() for w in start]
        optimizer = torch.optim.SGD(parameters, RATE[work])
        for _ in range(rounds):
            optimizer.zero_grad()
            loss(parameters).backward()
            optimizer.step()

    def result():
        value = loss(start)
        grads = torch.autograd.grad(value, start)
        return float(value.detach()), np.concatenate([g.numpy().ravel() for g in grads])

    return run, result


def torch_compiled(work, x, y, p):
    return torch_eager(work, x, y, p, compiled=True)


def pytensor(work, x, y, p):
    if work not in NETWORKS:
        return None
    import pytensor as pt
    import pytensor.tensor as T
    shared = [pt.shared(w.copy()) for w in split(p, work)]
    loss = loss_of(work, T, shared, T.constant(x), T.constant(y),
                   lambda h: T.special.log_softmax(h, axis=1))
    grads = T.grad(loss, shared)
    step = pt.function([], loss, updates=[(w, w - RATE[work] * g) for w, g in zip(shared, grads)])
    both = pt.function([], [loss, *grads])
    step.trust_input = True

    def result():
        for w, start in zip(shared, split(p, work)):
            w.set_value(start)
        value, *found = both()
        return float(value), np.concatenate([np.ravel(g) for g in found])

    return (lambda rounds: [step() for _ in range(rounds)]), result


def casadi(work, x, y, p, to_c=False):
    if work not in (("expression",) if to_c else ("expression", "moons", "chain")):
        return None                     # gcc takes minutes over a large one
    import casadi as ca
    q = ca.SX.sym("q", len(p))
    if work == "expression":
        ca.SX.relu = lambda v: ca.fmax(v, 0)
        loss = expression(q[0], q[1])
    elif work == "moons":
        W = []
        at = 0
        for a, b in zip(sizes(work), sizes(work)[1:]):
            W += [ca.reshape(q[at:at + a * b], a, b).T, q[at + a * b:at + a * b + b]]
            at += a * b + b
        h = ca.DM(x.T)
        for k in range(0, len(W), 2):
            h = W[k] @ h + ca.repmat(W[k + 1], 1, len(x))
            h = ca.fmax(h, 0) if k < len(W) - 2 else h
        loss = ca.sum2(ca.fmax(1 - ca.DM(y).T * h, 0)) / len(y) + 1e-4 * ca.dot(q, q)
    else:
        loss = q[2]
        for _ in range(CHAIN // 2):
            loss = loss * q[0] + q[1]
    function = ca.Function("f", [q], [loss, ca.gradient(loss, q)])
    function = through_gcc(ca, function) if to_c else function
    buffer, call = function.buffer()
    now, value, grad = p.copy(), np.zeros(1), np.zeros(len(p))
    buffer.set_arg(0, memoryview(now))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(grad))

    def run(rounds):
        for _ in range(rounds):
            call()
            if work in RATE:
                now[:] -= RATE[work] * grad

    def result():
        now[:] = p
        call()
        return value[0], grad

    run.keep = function, buffer
    return run, result


def casadi_to_c(work, x, y, p):
    """casadi's graph as C, compiled by gcc, in a loop of casadi's buffers."""
    return casadi(work, x, y, p, to_c=True)


def through_gcc(ca, function):
    """The same casadi function, from its C."""
    folder = Path(tempfile.mkdtemp())
    here = Path.cwd()
    os.chdir(folder)
    try:
        function.generate("f.c")
        subprocess.run(["gcc", "-O3", "-march=native", "-shared", "-fPIC", "f.c", "-o", "f.so",
                        "-lm"], check=True)
        return ca.external("f", str(folder / "f.so"))
    finally:
        os.chdir(here)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


class WholeToo:
    """A heyoka expression that can be added to whole numbers, too."""

    def __init__(self, inside):
        self.inside = inside

    def relu(self):
        import heyoka as hy
        return WholeToo(hy.relu(self.inside))


def with_whole(name):
    def operator(self, *others):
        xs = [x.inside if isinstance(x, WholeToo) else float(x) for x in others]
        return WholeToo(getattr(self.inside, name)(*xs))
    return operator


for name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "neg"):
    setattr(WholeToo, f"__{name}__", with_whole(f"__{name}__"))


def heyoka(work, x, y, p):
    """Its expressions, with their gradient, as compiled functions."""
    if work not in ("expression", "moons"):
        return None
    import heyoka as hy
    leaves = list(hy.make_vars(*(f"w{k}" for k in range(len(p)))))
    if work == "expression":
        loss = expression(*map(WholeToo, leaves)).inside
    else:
        layers, at = [], 0
        for a, b in zip(sizes(work), sizes(work)[1:]):
            layers.append(([leaves[at + j * a:at + j * a + a] for j in range(b)],
                           leaves[at + a * b:at + a * b + b]))
            at += a * b + b
        losses = []
        for row, t in zip(x.tolist(), y.tolist()):
            h = row
            for k, (W, b) in enumerate(layers):
                h = [hy.sum([*(w * v for w, v in zip(ws, h)), bias]) for ws, bias in zip(W, b)]
                h = [hy.relu(v) for v in h] if k < 2 else h
            losses.append(hy.relu(1.0 - t * h[0]))
        loss = hy.sum(losses) * (1.0 / len(y)) + 1e-4 * hy.sum([w * w for w in leaves])
    slopes = hy.diff_tensors([loss], diff_args=leaves, diff_order=1).gradient
    function = hy.cfunc([loss, *slopes], leaves, compact_mode=work == "moons")
    now, out = p.copy(), np.zeros(len(p) + 1)

    def run(rounds):
        for _ in range(rounds):
            function(now, outputs=out)
            if work in RATE:
                now[:] -= RATE[work] * out[1:]

    def result():
        now[:] = p
        function(now, outputs=out)
        return out[0], out[1:].copy()

    return run, result


def drjit(work, x, y, p):
    if work != "wide":
        return None
    import drjit as dr
    from drjit.llvm.ad import Float64
    dr.set_thread_count(1)
    xs, start = Float64(x), Float64(p)

    def step():
        ws = Float64(start)
        dr.enable_grad(ws)
        loss = dr.sum(dr.square(ws * xs))
        dr.backward(loss)
        grad = dr.grad(ws)
        dr.eval(loss, grad)
        dr.sync_thread()
        return loss, grad

    def result():
        loss, grad = step()
        return dr.detach(loss)[0], np.array(grad)

    return (lambda rounds: [step() for _ in range(rounds)]), result


def xad(work, x, y, p):
    if work not in ("expression", "moons"):
        return None
    from xad.adj_1st import Real, Tape

    def relu(v):
        return v if v.getValue() > 0 else v * 0.0

    def recorded(tape):
        leaves = [Real(v) for v in p.tolist()]
        for v in leaves:
            tape.registerInput(v)
        tape.newRecording()
        if work == "expression":
            Real.relu = relu
            return expression(*leaves), leaves
        layers, at = [], 0
        for a, b in zip(sizes(work), sizes(work)[1:]):
            layers.append(([leaves[at + j * a:at + j * a + a] for j in range(b)],
                           leaves[at + a * b:at + a * b + b]))
            at += a * b + b
        total = 0.0
        for row, t in zip(x.tolist(), y.tolist()):
            h = row
            for k, (W, b) in enumerate(layers):
                h = [sum((w * v for w, v in zip(ws, h)), bias) for ws, bias in zip(W, b)]
                h = [relu(v) for v in h] if k < 2 else h
            total = total + relu(1 + -t * h[0])
        return total * (1.0 / len(y)) + 1e-4 * sum((v * v for v in leaves), 0.0), leaves

    def step():
        with Tape() as tape:
            loss, leaves = recorded(tape)
            tape.registerOutput(loss)
            loss.setDerivative(1.0)
            tape.computeAdjoints()
            return loss.getValue(), np.array([v.getDerivative() for v in leaves])

    return lambda rounds: [step() for _ in range(rounds)], step


PEERS = {
    "C by hand": by_hand_in_c, "handgrad": handgrad, "handgrad, eager": eager,
    "numpy by hand": by_hand_in_numpy, "numba by hand": by_hand_in_numba, "pytensor": pytensor,
    "jax": jax, "torch": torch_eager, "torch.compile": torch_compiled, "autograd": autograd,
    "casadi": casadi, "casadi to C": casadi_to_c,
    "heyoka": heyoka, "drjit": drjit, "xad": xad, "micrograd": micrograd}
