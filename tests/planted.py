"""Hand derivations of random networks, with a slip planted: the independent measure of the audit.

    draft(seed)                 a random network and a derivation of it, every choice made
    planted(draft, rng)         one slip for it that can be seen in print, or None
    write(draft, slip)          the derivation as a person prints it
    answer(seed)                what the audit says about a derivation with a slip
    accused(seed)               what it accuses in a right one

    python tests/planted.py 2000            the table, and every failure with its seed

A step is a formula in text, such as "{a1[1]}*{W2[1,1]} + {b2[1]}", and a slip is another text in
its place, or another number in print. Every quantity has two numbers: `chain`, as a calculator
carries it on, and `shown`, as it was printed; a step takes its operands from the one or the other.
Nothing here comes from the code that is measured; only `judged` at the end runs it.
"""

import itertools
import math
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

Term = tuple[str, ...]              # the factors of a product; "-" in front for its sign
Wrong = tuple[str, str]             # a kind of slip, and the formula that stands there instead

PLACE = re.compile(r"\{(.+?)\}")
MIXED = 256                         # so many corners are tried
MEANT: dict[str, Any] = {
    "exp": math.exp, "log": math.log, "log10": math.log10, "tanh": math.tanh, "max": max,
    "abs": abs, "sigmoid": lambda z: 1 / (1 + math.exp(-z)), "step": lambda z: float(z > 0)}


# ---- formulas in text

def summed(terms: Iterable[Term]) -> str:
    """A sum of products as text."""
    out = ""
    for term in terms:
        minus = term[0] == "-"
        sign = (" - " if minus else " + ") if out else ("-" if minus else "")
        out += sign + ("*".join(term[minus:]) or "1")
    return out or "0"


def reads(text: str) -> list[str]:
    """The names in a formula, each once."""
    return list(dict.fromkeys(PLACE.findall(text)))


def number(text: str, look: dict[str, float]) -> float:
    """The number of a formula."""
    source = PLACE.sub(lambda f: f"({look[f[1]]!r})", text).replace("^", "**")
    return float(eval(source, {"__builtins__": {}}, MEANT))


def named(text: str) -> str:
    """A formula in names."""
    return PLACE.sub(r"\1", text)


def with_numbers(text: str, shown: dict[str, str]) -> str:
    """A formula with the printed numbers put in."""
    text = re.sub(r"step\(\{(.+?)\}\)", lambda f: str(int(float(shown[f[1]]) > 0)), text)
    return PLACE.sub(lambda f: f"({shown[f[1]]})" if shown[f[1]][0] == "-" else shown[f[1]], text)


# ---- numbers in print

class Style(NamedTuple):
    """How one person prints: so many significant digits, or decimals; short numbers short."""

    digits: int
    decimals: bool
    short: bool

    def place(self, x: float) -> int:
        """The power of ten of the last digit."""
        if self.decimals:
            return -self.digits
        first = int(f"{x:e}".partition("e")[2])
        return int(f"{x:.{self.digits - 1}e}".partition("e")[2] or first) - self.digits + 1

    def text(self, x: float, rounding: str = ROUND_HALF_UP) -> str:
        """A number in print."""
        if x == 0:
            return "0"
        place = self.place(x)
        found = Decimal(repr(x)).quantize(Decimal(1).scaleb(place), rounding)
        if self.short and abs(float(found) - x) < 1e-9 * abs(x):
            found = found.normalize()
        return spelled(found)


def spelled(x: Decimal) -> str:
    """A decimal as text: with an exponent only where it is very small, or has no last digit."""
    place = int(x.as_tuple().exponent)
    if place > 0 and x == x.to_integral() and len(x.as_tuple().digits) + place <= 3:
        return f"{x:f}"
    return f"{x:e}" if place > 0 or (x and abs(x) < Decimal("1e-4")) else f"{x:f}"


# ---- steps

class Step(NamedTuple):
    """One number of a derivation: its formula, and the formulas that stand there by a slip."""

    name: str
    text: str
    wrongs: tuple[Wrong, ...]
    part: str


class Layer(NamedTuple):
    """The names around one layer: W[i][j] leads from input i to unit j."""

    ins: list[str]
    W: list[list[str]]
    b: list[str]
    z: list[str]
    a: list[str]
    act: str
    k: int


ACTS = {"identity": "{%s}", "relu": "max(0, {%s})", "sigmoid": "1/(1 + exp(-{%s}))",
        "tanh": "tanh({%s})"}


def g(name: str) -> str:
    """The gradient of the loss in a name."""
    return f"dL/d{name}"


def q(name: str) -> str:
    """A name's place in a formula."""
    return "{" + name + "}"


def others(xs: Sequence[Any], i: int) -> list[Any]:
    """All but the i-th."""
    return [*xs[:i], *xs[i + 1:]]


def around(terms: Sequence[Term], frame: str = "%s") -> Iterator[Wrong]:
    """Slips that any sum of products can have: of signs, factors and terms."""
    path = "path lost" if len(terms) > 1 else ""
    yield "sign", frame % f"(-({summed(terms)}))"
    for n, term in enumerate(terms):
        minus = term[0] == "-"
        body = term[minus:]
        if len(terms) > 1:
            turned = body if minus else ("-", *body)
            yield "sign of one term", frame % summed([*terms[:n], turned, *terms[n + 1:]])
            yield path, frame % summed(others(terms, n))
        for f in range(len(body)):
            for kind, wrong in (("factor lost", (*body[:f], *body[f + 1:])),
                                ("factor doubled", (*body, body[f]))):
                if wrong and PLACE.search(body[f]) and len(body) > 1:
                    new = ("-", *wrong) if minus else wrong
                    yield kind, frame % summed([*terms[:n], new, *terms[n + 1:]])
    if len(terms) > 1:
        yield "overwritten", frame % summed(terms[-1:])


def exchanged(kind: str, text: str, pairs: Iterable[tuple[str, str]]) -> Iterator[Wrong]:
    """A formula with some names taken for others, all at once."""
    swap = dict(pairs)
    if any(a != b for a, b in swap.items()):
        yield kind, PLACE.sub(lambda f: q(swap.get(f[1], f[1])), text)


def preactivations(layer: Layer, before: "Layer | None") -> Iterator[Step]:
    """z = x @ W + b, unit by unit."""
    for j, z in enumerate(layer.z):
        terms = [(q(x), q(row[j])) for x, row in zip(layer.ins, layer.W)] + [(q(layer.b[j]),)]
        text = summed(terms)
        wrongs = [("term lost" if k == "path lost" else k, t) for k, t in around(terms)
                  if k not in ("sign", "overwritten")]
        wrongs += weights(layer, text, [row[j] for row in layer.W], layer.W[j:j + 1])
        for i, x in enumerate(layer.ins):
            for other in others(layer.ins, i):
                wrongs += exchanged("shifted index", text, [(x, other)])
        for other in range(len(layer.z)):
            wrongs += exchanged("shifted index", text, [(layer.b[j], layer.b[other])])
            wrongs += exchanged("shifted index", text,
                                [(row[j], row[other]) for row in layer.W])
        if before:
            wrongs += exchanged("wrong operand", text, zip(before.a, before.z))
            if len(before.ins) == len(before.a):
                wrongs += exchanged("wrong operand", text, zip(before.a, before.ins))
        yield Step(z, text, tuple(wrongs), "forward")


def weights(layer: Layer, text: str, used: list[str], line: list[list[str]]) -> Iterator[Wrong]:
    """The weights of a formula taken from the transposed matrix, where it is square."""
    if line and len(layer.W) == len(layer.W[0]):
        yield from exchanged("transposed", text, zip(used, line[0]))


def activations(layer: Layer) -> Iterator[Step]:
    """a = act(z), unit by unit."""
    for j, (z, a) in enumerate(zip(layer.z, layer.a)):
        wrongs = [("shifted index", activated(layer, i)) for i in range(len(layer.z)) if i != j]
        if layer.act == "softmax":
            wrongs += [("other function", ACTS["sigmoid"] % z), ("other function", f"exp({q(z)})")]
        else:
            wrongs += [("other function", ACTS[act] % z) for act in ("sigmoid", "tanh", "relu")
                       if act != layer.act]
            wrongs += [("function missing", q(z))] * (layer.act != "identity")
        if layer.act == "sigmoid":
            wrongs.append(("sign of one term", f"1/(1 + exp({q(z)}))"))
        yield Step(a, activated(layer, j), tuple(wrongs), "forward")


def activated(layer: Layer, j: int) -> str:
    """The formula of an activation."""
    if layer.act != "softmax":
        return ACTS[layer.act] % layer.z[j]
    return f"exp({q(layer.z[j])})/({' + '.join(f'exp({q(z)})' for z in layer.z)})"


class Loss(NamedTuple):
    """A loss: its name, whether it is divided by the number of outputs, outputs and targets."""

    kind: str
    mean: bool
    a: list[str]
    y: list[str]

    @property
    def frame(self) -> str:
        """What stands around its sum."""
        sign = "" if self.kind == "squares" else "-"
        return f"{sign}(%s)/{len(self.a)}" if self.mean else f"{sign}(%s)" if sign else "%s"

    def terms(self, kind: str = "", log: str = "log") -> list[Term]:
        """Its terms, or those of another loss."""
        pairs = [(q(a), q(y)) for a, y in zip(self.a, self.y)]
        if (kind or self.kind) == "squares":
            return [(f"({a} - {y})^2",) for a, y in pairs]
        if (kind or self.kind) == "categorical":
            return [(y, f"{log}({a})") for a, y in pairs]
        return [t for a, y in pairs
                for t in ((y, f"{log}({a})"), (f"(1 - {y})", f"{log}(1 - {a})"))]

    def slope(self, j: int, kind: str = "") -> list[Term]:
        """The terms of its derivative in one output, without the average."""
        a, y = q(self.a[j]), q(self.y[j])
        slopes: dict[str, list[Term]] = {
            "squares": [("2", f"({a} - {y})")],
            "categorical": [("-", f"{y}/{a}")],
            "binary": [("-", f"{y}/{a}"), (f"(1 - {y})/(1 - {a})",)]}
        return slopes[kind or self.kind]

    def step(self) -> Step:
        """Its value."""
        terms, n = self.terms(), len(self.a)
        lost = {"path lost": "term lost", "overwritten": "one term left"}
        wrongs = [(lost.get(k, k), t) for k, t in around(terms, self.frame)
                  if not k.startswith("factor")]
        sum_of = self.frame.removesuffix(f"/{n}") if self.mean else self.frame
        if self.mean:
            wrongs += [("average missing", sum_of % summed(terms)),
                       ("average doubled", f"{self.frame % summed(terms)}/{n}")]
        if self.kind == "squares":
            wrongs += [("function missing", self.frame % summed((t[0][:-2],) for t in terms)),
                       ("other loss", f"({self.frame % summed(terms)})/2")]
            wrongs += [("sign of one term", (self.frame % summed(terms)).replace(" - ", " + ", 1))]
        else:
            wrongs += [("logarithm", self.frame % summed(self.terms(log="log10"))),
                       ("other loss", self.frame.lstrip("-") % summed(self.terms("squares")))]
            kind = "binary" if self.kind == "categorical" else "categorical"
            wrongs += [("other loss", self.frame % summed(self.terms(kind)))]
        return Step("L", self.frame % summed(terms), tuple(wrongs), "forward")

    def gradient(self, j: int) -> Step:
        """Its derivative in one output."""
        terms, n = self.slope(j), len(self.a)
        frame = f"(%s)/{n}" if self.mean else "%s"
        text = frame % summed(terms)
        wrongs = [wrong for wrong in around(terms, frame) if not wrong[0].startswith("factor")]
        if self.kind == "squares":
            factor = terms[0][1]
            wrongs += [("2 of the square lost", frame % factor),
                       ("2 of the square doubled", frame % f"2*2*{factor}")]
        if self.mean:
            wrongs += [("average missing", summed(terms)), ("average doubled", f"({text})/{n}")]
        wrongs += [("other loss", frame % summed(self.slope(j, kind)))
                   for kind in ("squares", "binary", "categorical") if kind != self.kind]
        for i in range(n):
            wrongs += exchanged("shifted index", text, [(self.y[j], self.y[i])])
        return Step(g(self.a[j]), text, tuple(wrongs), "backward")


# ---- backward

def slope_of(layer: Layer, i: int, j: int) -> tuple[str, tuple[Wrong, ...]]:
    """The derivative of a[i] in z[j], and what is written for it by a slip."""
    a, z = q(layer.a[i]), q(layer.z[i])
    if layer.act == "softmax":
        b = q(layer.a[j])
        if i != j:
            return f"(-{a}*{b})", (("sign", f"({a}*{b})"),)
        return f"{a}*(1 - {a})", (("wrong point", f"{z}*(1 - {z})"), ("sign", f"(-{a}*(1 - {a}))"))
    tanh, sigmoid = f"(1 - {a}^2)", f"{a}*(1 - {a})"
    return {
        "identity": ("1", ()),
        "relu": (f"step({z})", (("other function", f"(1 - step({z}))"),)),
        "tanh": (tanh, (("wrong point", f"(1 - {z}^2)"), ("wrong point", f"(1 - tanh({a})^2)"),
                        ("other function", sigmoid), ("sign of one term", f"(1 + {a}^2)"))),
        "sigmoid": (sigmoid, (("wrong point", f"{z}*(1 - {z})"),
                              ("wrong point", f"sigmoid({a})*(1 - sigmoid({a}))"),
                              ("other function", tanh), ("sign of one term", f"{a}*(1 + {a})")))
    }[layer.act]


def locals_of(layer: Layer) -> Iterator[Step]:
    """The derivatives of the activations, on lines of their own."""
    for i, a in enumerate(layer.a):
        for j, z in enumerate(layer.z):
            if i == j or layer.act == "softmax":
                text, wrongs = slope_of(layer, i, j)
                yield Step(f"d{a}/d{z}", text, wrongs, "backward")


def into(layer: Layer, after: "Layer | None", loss: Loss, *, written: bool, apart: bool,
         shortcut: bool) -> Iterator[Step]:
    """The gradients in a layer's z. written, apart: slopes and dL/da have lines of their own."""
    for j, z in enumerate(layer.z):
        if shortcut and after is None:
            a, y = q(layer.a[j]), q(loss.y[j])
            frame = f"(%s)/{len(layer.a)}" if loss.mean else "%s"
            yield Step(g(z), frame % f"{a} - {y}",
                       (("sign", frame % f"{y} - {a}"), ("sign of one term", frame % f"{a} + {y}"),
                        ("factor doubled", frame % f"2*({a} - {y})")), "backward")
            continue
        outputs = range(len(layer.a)) if layer.act == "softmax" else [j]
        slopes = {i: slope_of(layer, i, j) for i in outputs}
        local = {i: q(f"d{layer.a[i]}/d{z}") if written else slopes[i][0] for i in outputs}
        heads: dict[int, list[Term]] = {i: [(q(g(layer.a[i])),)] for i in outputs}
        if after is not None and not apart:
            heads = {j: [(q(g(after.z[k])), q(after.W[j][k])) for k in range(len(after.z))]}
        terms = [(*head, local[i]) for i in outputs for head in heads[i]]
        wrongs = [*around(terms)]
        wrongs += [("inner factor missing", summed(heads[j]))]
        if heads[j] == [(q(g(layer.a[j])),)]:               # which is dL/da, copied for dL/dz
            wrongs += [("wrong operand", summed(heads[j]))]
        if layer.act == "softmax":
            wrongs += [("diagonal only", summed([(*heads[j][0], local[j])]))] * (len(outputs) > 1)
        elif not written:
            wrongs += [(kind, summed((*head, wrong) for head in heads[j]))
                       for kind, wrong in slopes[j][1]]
        elif len(layer.a) > 1 and layer.act != "identity":
            near = q(f"d{layer.a[j - 1]}/d{layer.z[j - 1]}")
            wrongs += [("shifted index", summed((*head, near) for head in heads[j]))]
        yield Step(g(z), summed(terms), tuple(wrongs), "backward")


def onto_weights(layer: Layer, before: "Layer | None") -> Iterator[Step]:
    """The gradients in a layer's parameters."""
    for (i, x), (j, z) in itertools.product(enumerate(layer.ins), enumerate(layer.z)):
        term = (q(g(z)), q(x))
        text = summed([term])
        wrongs = [*around([term])]
        for other in range(len(layer.ins)):
            wrongs += exchanged("shifted index", text, [(x, layer.ins[other])])
        for other in range(len(layer.z)):
            wrongs += exchanged("shifted index", text, [(g(z), g(layer.z[other]))])
        wrongs += exchanged("wrong operand", text, [(x, layer.W[i][j])])
        if before:
            wrongs += exchanged("wrong operand", text, [(x, before.z[i])])
        if len(layer.ins) == len(layer.z):
            wrongs += exchanged("transposed", text, [(x, layer.ins[j]), (g(z), g(layer.z[i]))])
        yield Step(g(layer.W[i][j]), text, tuple(wrongs), "backward")
    for j, z in enumerate(layer.z):
        wrongs = [("sign", f"-{q(g(z))}")]
        wrongs += [("shifted index", q(g(other))) for other in others(layer.z, j)]
        yield Step(g(layer.b[j]), q(g(z)), tuple(wrongs), "backward")


def onto_inputs(layer: Layer, before: Layer, *, apart: bool) -> Iterator[Step]:
    """The gradients in the activations below a layer: a path through every unit."""
    for i, a in enumerate(before.a):
        terms = [(q(g(z)), q(layer.W[i][j])) for j, z in enumerate(layer.z)]
        text = summed(terms)
        wrongs = [*around(terms)]
        if len(layer.W) == len(layer.z):
            wrongs += exchanged("transposed", text,
                                ((layer.W[i][j], layer.W[j][i]) for j in range(len(layer.z))))
        for other in range(len(layer.W)):
            wrongs += exchanged("shifted index", text,
                                ((layer.W[i][j], layer.W[other][j]) for j in range(len(layer.z))))
        for kind in ("inner factor missing", "wrong operand") if apart else ():
            wrongs += exchanged(kind, text, zip(map(g, layer.z), map(g, layer.a)))
        yield Step(g(a), text, tuple(wrongs), "backward")


def updates(parameters: list[str], rate: str) -> Iterator[Step]:
    """The new values of the parameters."""
    for n, p in enumerate(parameters):
        text = f"{q(p)} - {rate}*{q(g(p))}"
        wrongs = [("uphill", f"{q(p)} + {rate}*{q(g(p))}"), ("rate", f"{q(p)} - {q(g(p))}")]
        wrongs += [("rate", text.replace(f" {rate}*", f" {float(rate) * k:g}*"))
                   for k in (10, 0.1)]
        base, _, index = p.partition("[")
        for other in others(parameters, n):
            kind = "transposed" if turned(index) == other.partition("[")[2] else "shifted index"
            if other.partition("[")[0] == base:
                wrongs += exchanged(kind, text, [(g(p), g(other))])
        yield Step(f"{p}'", text, tuple(wrongs), "update")


def turned(index: str) -> str:
    """1,2] turned into 2,1]."""
    return ",".join(index.rstrip("]").split(",")[::-1]) + "]"


# ---- a network and the choices of a derivation

class Draft(NamedTuple):
    """A network, and all that is chosen about its derivation but the slip."""

    seed: int
    given: dict[str, Any]
    parameters: dict[str, Any]
    formulas: dict[str, str]
    rate: str
    steps: list[Step]
    leaves: dict[str, str]          # every given number and parameter, as printed
    style: Style
    exact: list[bool]               # whether a step is computed from the exact numbers
    sides: list[tuple[str, ...]]    # what a line shows: names, working, result
    grouped: set[str]               # lists and matrices that stand in one line


def draft(seed: int) -> Draft:
    """A random network and a derivation of it; every number of it is finite in print."""
    for attempt in itertools.count():
        found = attempted(random.Random(f"{seed}/{attempt}"), seed)
        if found and computable(found):
            return found
    raise AssertionError


def attempted(rng: random.Random, seed: int) -> Draft | None:
    """One try at a network."""
    depth = rng.choice((1, 2, 2, 3))
    most = {1: 4, 2: rng.choice((1, 2, 3, 4)), 3: rng.choice((1, 2, 2, 3))}[depth]
    sizes = [rng.randint(min(2, most), most) for _ in range(depth + 1)]
    if rng.random() < 0.3:
        sizes = [rng.randint(1, most)] * (depth + 1)
    kind = rng.choice(("squares", "squares", "binary", "categorical"))
    last = {"squares": ["identity", "relu", "sigmoid", "tanh", "softmax"], "categorical": [
        "softmax"], "binary": ["sigmoid", "sigmoid", "softmax"]}[kind]
    acts = [rng.choice(("identity", "relu", "relu", "sigmoid", "tanh")) for _ in range(depth - 1)]
    acts.append(rng.choice(last))
    if acts[-1] == "softmax" and sizes[-1] < 2:
        sizes[-1] = 2
    scale = rng.choice((0.1, 1, 1, 1, 1, 5)) if acts[-1] in ("identity", "relu") else 1
    given, parameters = numbers_of(rng, sizes, kind, scale)
    return chosen(rng, seed, sizes, acts, kind, given, parameters)


def numbers_of(rng: random.Random, sizes: list[int], kind: str, scale: float
               ) -> tuple[dict[str, Any], dict[str, Any]]:
    """The given numbers and the parameters, as texts; single ones where all layers are single."""
    places = rng.choice((1, 1, 2, 3))

    def draw(low: float = -1.0) -> str:
        x = round(rng.uniform(low, 1) * rng.choice((0.5, 1, 2)), places) or 0.5
        return f"{x * scale:.10g}"
    x = ["0" if rng.random() < 0.12 else draw() for _ in range(sizes[0])]
    y = [draw() for _ in range(sizes[-1])]
    if kind != "squares":
        soft = rng.random() < 0.15 and kind == "binary"
        hot = rng.randrange(sizes[-1])
        y = [f"{rng.uniform(0.1, 0.9):.1f}" if soft else "1" if j == hot else "0"
             for j in range(sizes[-1])]
        if sizes[-1] == 1 and not soft:
            y = [rng.choice("01")]
    parameters: dict[str, Any] = {}
    for k, (m, n) in enumerate(itertools.pairwise(sizes), 1):
        parameters[f"W{k}"] = [[draw() for _ in range(n)] for _ in range(m)]
        parameters[f"b{k}"] = ["0" if rng.random() < 0.1 else draw() for _ in range(n)]
    return {"x": x, "y": y}, parameters


def names_of(name: str, size: int, single: bool) -> list[str]:
    """The names of a list."""
    return [name] if single else [f"{name}[{i + 1}]" for i in range(size)]


def chosen(rng: random.Random, seed: int, sizes: list[int], acts: list[str], kind: str,
            given: dict[str, Any], parameters: dict[str, Any]) -> Draft:
    """The names, formulas and steps of a network, and how its derivation is written."""
    single, upright = set(sizes) == {1}, rng.random() < 0.7         # x @ W, or else W @ x
    ins, layers, formulas = names_of("x", sizes[0], single), [], {}
    previous, leaves = "x", dict[str, str]()
    for k, (m, n) in enumerate(itertools.pairwise(sizes), 1):
        out = "y_hat" if k == len(acts) and rng.random() < 0.5 else f"a{k}"
        W = [[f"W{k}" if single else f"W{k}[{i},{j}]" if upright else f"W{k}[{j},{i}]"
              for j in range(1, n + 1)] for i in range(1, m + 1)]
        layer = Layer(ins, W, names_of(f"b{k}", n, single), names_of(f"z{k}", n, single),
                      names_of(out, n, single), acts[k - 1], k)
        leaves |= {name: x for row, xs in zip(W, parameters[f"W{k}"]) for name, x in zip(row, xs)}
        leaves |= dict(zip(layer.b, parameters[f"b{k}"]))
        product = f"W{k}*{previous}" if single else (
            f"{previous} @ W{k}" if upright else f"W{k} @ {previous}")
        formulas[f"z{k}"] = f"{product} + b{k}"
        formulas[out] = f"{acts[k - 1]}(z{k})"
        layers.append(layer)
        ins, previous = layer.a, out
    loss = Loss(kind, rng.random() < 0.35 and sizes[-1] > 1, layers[-1].a,
                names_of("y", sizes[-1], single))
    formulas["L"] = named(loss.frame % summed(loss.terms()))
    order = [name for layer in layers for name in (*itertools.chain(*layer.W), *layer.b)]
    rate = rng.choice(("1", "0.5", "0.1", "0.1", "0.05", "0.01", "0.01", "0.001"))
    steps = [*derivation(rng, layers, loss), *updates(order, rate)]
    leaves |= dict(zip(layers[0].ins, given["x"])) | dict(zip(loss.y, given["y"]))
    style = Style(rng.randint(3, 6), rng.random() < 0.25, rng.random() < 0.5)
    mode = rng.choice(("exact", "own", "mixed"))
    exact = [mode == "exact" or (mode == "mixed" and rng.random() < 0.5) for _ in steps]
    much = rng.choice((0.1, 0.4, 0.8))
    sides = [shows(rng, step, much) for step in steps]
    grouped = {re.sub(r"\[[\d,]+\]", "", s.name) for s in steps if rng.random() < 0.1}
    grouped = {base for base in grouped if base.count("/") == 0 or base.startswith("dL/")}
    return Draft(seed, nested(given, single), nested(
        parameters if upright else {k: [*map(list, zip(*v))] if k[0] == "W" else v
                                    for k, v in parameters.items()}, single),
        formulas, rate, steps, leaves, style, exact, sides, grouped)


def nested(numbers: dict[str, Any], single: bool) -> dict[str, Any]:
    """Texts as numbers; single ones without their lists."""
    def made(x: Any) -> Any:
        if isinstance(x, str):
            return float(x)
        return made(x[0]) if single else [made(e) for e in x]
    return {name: made(x) for name, x in numbers.items()}


def derivation(rng: random.Random, layers: list[Layer], loss: Loss) -> Iterator[Step]:
    """The steps of a derivation, in the order of a hand, up to the updates."""
    written, apart = rng.random() < 0.5, rng.random() < 0.7
    pair = (loss.kind, layers[-1].act)
    shortcut = pair in (("binary", "sigmoid"), ("categorical", "softmax")) and rng.random() < 0.4
    for layer, before in zip(layers, (None, *layers)):
        yield from preactivations(layer, before)
        yield from activations(layer)
    yield loss.step()
    for n in reversed(range(len(layers))):
        layer, after = layers[n], layers[n + 1] if n + 1 < len(layers) else None
        if after is None and not shortcut:
            yield from map(loss.gradient, range(len(loss.a)))
        if after is not None and apart:
            yield from onto_inputs(after, layer, apart=after is not layers[-1] or not shortcut)
        if written and not (shortcut and after is None):
            yield from locals_of(layer)
        yield from into(layer, after, loss, written=written, apart=apart or after is None,
                        shortcut=shortcut)
        yield from onto_weights(layer, layers[n - 1] if n else None)


def shows(rng: random.Random, step: Step, much: float) -> tuple[str, ...]:
    """What the line of a step shows: its formula in names, its working, its result."""
    bare = not reads(step.text) or step.text.startswith("step(")
    plain = bare or re.fullmatch(r"\{[^}]+\}", step.text)
    names = not bare and "step(" not in step.text and rng.random() < much / 2
    working = not plain and rng.random() < much
    return (*["names"] * names, *["working"] * working, "result")


# ---- writing it down

class Slip(NamedTuple):
    """A slip in one step: from which side of its line on, and the formula or the print instead."""

    kind: str
    at: int
    side: str
    text: str = ""                  # the formula in place of the right one, or
    print: str = ""                 # the number in place of the right one


class Statement(NamedTuple):
    """One thing that a derivation says."""

    at: int                         # the step
    side: str


class Written(NamedTuple):
    """A derivation in print: its lines, its statements in order, and the numbers behind them."""

    lines: list[str]
    statements: list[Statement]
    chain: dict[str, float]
    shown: dict[str, str]
    carried: dict[str, float]       # each from printed numbers, before its own rounding
    fresh: dict[str, float]         # values as printed, gradients from these without rounding

    @property
    def looks(self) -> tuple[dict[str, float], ...]:
        """The right numbers that a person may have for each name."""
        return self.chain, floats(self.shown), self.carried, self.fresh

    def line(self, d: Draft, n: int) -> str:
        """The line that a step stands in."""
        start = f"{in_line(d, n)[1:]} = "
        return next(text for text in self.lines if text.startswith(start))


def write(d: Draft, slip: Slip | None = None) -> Written:
    """The derivation as a person prints it."""
    chain, shown = floats(d.leaves), dict(d.leaves)
    carried, fresh, sides = floats(d.leaves), floats(d.leaves), []
    astray: set[str] = set()
    for n, step in enumerate(d.steps):
        here = slip if slip and slip.at == n else None
        text = here.text or step.text if here else step.text
        x = number(text, chain if d.exact[n] else floats(shown))
        result = here.print if here and here.print else d.style.text(x)
        sides.append(line(d, n, here, text, shown, result))
        carried[step.name] = number(text, floats(shown))
        fresh[step.name] = float(result) if step.part == "forward" else number(text, fresh)
        if (here and here.text) or not astray.isdisjoint(reads(text)):
            astray.add(step.name)           # what is wrong is carried on as it was computed
        chain[step.name] = x if step.name in astray else number(text, chain)
        shown[step.name] = result
    return Written(*together(d, sides), chain, shown, carried, fresh)


def floats(shown: dict[str, str]) -> dict[str, float]:
    """The numbers in print as numbers."""
    return {name: float(x) for name, x in shown.items()}


def line(d: Draft, n: int, slip: Slip | None, wrong: str, shown: dict[str, str], result: str
         ) -> dict[str, str]:
    """The sides of one step as text; the slip stands from its side on."""
    found, text = {}, d.steps[n].text
    for side in d.sides[n]:
        text = wrong if slip and slip.side == side else text
        found[side] = (result if side == "result" else named(text) if side == "names" else
                       with_numbers(text, shown))
    return found


def together(d: Draft, sides: list[dict[str, str]]) -> tuple[list[str], list[Statement]]:
    """The lines, those of a list or matrix in one if it is written so."""
    lines, statements = [], []
    for base, members in itertools.groupby(range(len(sides)), lambda n: in_line(d, n)):
        group = [*members]
        if base[0] == "[":
            alike = set.intersection(*(set(sides[n]) for n in group))
            shown = [s for s in ("names", "working", "result") if s in alike]
            rows = [bracketed([d.steps[n].name for n in group], [sides[n][s] for n in group])
                    for s in shown]
            lines.append(" = ".join((base[1:], *rows)))
            in_order = sorted(group, key=lambda n: place(d.steps[n].name))
            statements += [Statement(n, s) for n in in_order for s in shown]
            continue
        for n in group:
            lines.append(" = ".join((d.steps[n].name, *sides[n].values())))
            statements += [Statement(n, s) for s in sides[n]]
    return lines, statements


def in_line(d: Draft, n: int) -> str:
    """What the line of a step is: of its own, or of its whole list."""
    name = d.steps[n].name
    base = re.sub(r"\[[\d,]+\]", "", name)
    return f"[{base}" if base in d.grouped and base != name else f"={name}"


def place(name: str) -> tuple[int, ...]:
    """The index of an element."""
    return tuple(map(int, re.findall(r"\d+", name[name.rindex("["):])))


def bracketed(names: list[str], texts: list[str]) -> str:
    """A list or a matrix of texts, in the order of their indices."""
    table: dict[int, dict[int, str]] = {}
    for name, text in zip(names, texts):
        i, *j = place(name)
        table.setdefault(i, {})[j[0] if j else 0] = text
    rows = [[table[i][j] for j in sorted(table[i])] for i in sorted(table)]
    if 0 in table[1]:
        return f"[{', '.join(row[0] for row in rows)}]"
    return f"[{', '.join('[' + ', '.join(row) + ']' for row in rows)}]"


def computable(d: Draft) -> bool:
    """Whether all numbers exist, from both chains, and no unit stands at a kink in print."""
    try:
        found = write(d)
        for step in d.steps:
            number(step.text, floats(found.shown))
    except (ArithmeticError, ValueError):
        return False
    kinks = {name for step in d.steps for name in re.findall(r"(?:step\(|max\(0, )\{(.+?)\}",
                                                             step.text)}
    return (all(float(found.shown[name]) for name in kinks)
            and all(abs(x) < 1e6 for x in found.chain.values()))


# ---- planting a slip

def planted(d: Draft, rng: random.Random) -> Slip | None:
    """A slip of a random kind at a random place where it can be seen."""
    clean = write(d)
    places: dict[str, list[Callable[[], Slip | None]]] = {}
    for n, step in enumerate(d.steps):
        for kind, text in step.wrongs:
            places.setdefault(kind, []).append(lambda k=kind, n=n, t=text: formula_slip(  # type: ignore[misc]
                d, clean, rng, k, n, t))
        for kind in PEN:
            places.setdefault(kind, []).append(lambda k=kind, n=n: pen_slip(  # type: ignore[misc]
                d, clean, rng, k, n))
    for kind in rng.sample(sorted(places), len(places)):
        for attempt in rng.sample(places[kind], min(12, len(places[kind]))):
            slip = attempt()
            if slip and follows(d, slip):
                return slip
    return None


def follows(d: Draft, slip: Slip) -> bool:
    """Whether the rest of the derivation can be computed after the slip."""
    try:
        found = write(d, slip)
        return all(abs(x) < 1e9 for x in found.chain.values())
    except (ArithmeticError, ValueError):
        return False


def mixtures(text: str, clean: Written) -> list[float]:
    """The numbers of a formula at the corners of what its operands may be, and at every look."""
    ends = [ends_of(n, clean) for n in reads(text)]
    several = itertools.islice(itertools.product(*ends), MIXED)
    found = [number(text, dict(zip(reads(text), picks))) for picks in several]
    return [*found, *(number(text, look) for look in clean.looks)]


def ends_of(name: str, clean: Written) -> tuple[float, ...]:
    """Between which numbers an operand may lie: all that round to its print, unless it is exact."""
    known = {look[name] for look in clean.looks}
    if len(known) == 1:
        return tuple(known)
    half = 0.5 * 10.0 ** int(Decimal(clean.shown[name]).as_tuple().exponent)
    x = float(clean.shown[name])
    return min(*known, x - half), max(*known, x + half)


def formula_slip(d: Draft, clean: Written, rng: random.Random, kind: str, n: int, text: str
                 ) -> Slip | None:
    """A wrong formula in a step, if its number shows it."""
    try:
        right, wrong = mixtures(d.steps[n].text, clean), mixtures(text, clean)
    except (ArithmeticError, ValueError, KeyError):
        return None
    group = in_line(d, n)
    sides = [s for s in d.sides[n] if group[0] == "=" or all(
        s in d.sides[m] for m in range(len(d.steps)) if in_line(d, m) == group)]
    side = rng.choice(sides)
    if "step(" in text and side == "names":
        return None
    noise = 1e-12 * max(map(abs, right))
    if not apart(right, wrong) or any(0 < abs(x) < noise for x in wrong) or not all(
            seen(d.style.text(x), right) for x in wrong):
        return None
    return Slip(kind, n, side, text)


def apart(right: list[float], wrong: list[float]) -> bool:
    """Whether the numbers of two formulas lie in intervals that do not meet."""
    hair = 1e-6 * max(map(abs, (*right, *wrong)))
    return max(right) + hair < min(wrong) or max(wrong) + hair < min(right)


def seen(text: str, right: list[float]) -> bool:
    """Whether a printed number is none that the right ones round to."""
    x = Decimal(text)
    half = 0.5 * 10.0 ** int(x.as_tuple().exponent)
    return not min(right) - half * 1.001 <= float(x) <= max(right) + half * 1.001


def pen_slip(d: Draft, clean: Written, rng: random.Random, kind: str, n: int) -> Slip | None:
    """A slip of the pen in a result, if it can be seen."""
    step, shown = d.steps[n], clean.shown[d.steps[n].name]
    right = mixtures(step.text, clean)
    x = number(step.text, clean.chain if d.exact[n] else floats(clean.shown))
    found = [t for t in PEN[kind](d.style, x, shown) if t != shown and seen(t, right)]
    if "e" in shown or not found:
        return None
    return Slip(kind, n, "result", print=rng.choice(found))


def cut(style: Style, x: float, shown: str) -> Iterator[str]:
    """Cut where it should have been rounded."""
    if Decimal(shown) != Decimal(repr(x)):
        found = style._replace(short=False).text(x, ROUND_DOWN)
        yield from [found] * (len(found) == len(shown))


def swapped(style: Style, x: float, shown: str) -> Iterator[str]:
    """Two neighbouring digits exchanged."""
    for i in range(len(shown) - 1):
        a, b = shown[i], shown[i + 1]
        if a.isdigit() and b.isdigit() and a != b and Decimal(shown[:i] + b + a) != 0:
            yield shown[:i] + b + a + shown[i + 2:]


def point(style: Style, x: float, shown: str) -> Iterator[str]:
    """The decimal point a place off."""
    if x:
        yield from (f"{Decimal(shown).scaleb(k):f}" for k in (1, -1))


def zero(style: Style, x: float, shown: str) -> Iterator[str]:
    """A zero between other digits left out."""
    for i, c in enumerate(shown[1:-1], 1):
        if c == "0" and re.search(r"[1-9]", shown[:i]) and "." in shown[:i]:
            yield shown[:i] + shown[i + 1:]


def minus(style: Style, x: float, shown: str) -> Iterator[str]:
    """The sign lost, or one too many."""
    yield shown[1:] if shown[0] == "-" else f"-{shown}"


PEN: dict[str, Callable[[Style, float, str], Iterator[str]]] = {
    "cut": cut, "digits swapped": swapped, "point": point, "zero": zero, "sign in print": minus}


# ---- measuring

# The audit's words for slips that it does not tell apart by name.
WORDS: dict[str, set[str]] = {
    "sign of one term": {"sign"},           # it says which term in its sentence
    "sign in print": {"sign"},
    "uphill": {"sign"},                     # the sign of the step
    "2 of the square lost": {"factor lost", "other loss"},      # as half the squared error has it
    "one term left": {"overwritten", "term lost"},              # that is, all others lost
    "2 of the square doubled": {"factor doubled"},
    "point": {"zero lost", "zero gained"},  # a point one place off is a zero too many or too few
    "zero": {"zero lost"},
}


def words(d: Draft, slip: Slip) -> set[str]:
    """What the audit may call a slip: its kind, and those that give the identical number here.

    With two paths the one lost is the other left; with two outputs the average forgotten is the 2
    doubled; -y/a is the other loss and the lost term. No number can tell these apart.
    """
    kinds = {slip.kind}
    if slip.text:
        clean = write(d)
        for kind, text in d.steps[slip.at].wrongs:
            try:
                alike = all(math.isclose(number(text, look), number(slip.text, look), rel_tol=1e-9)
                            for look in clean.looks)
            except (ArithmeticError, ValueError, KeyError):
                continue
            kinds |= {kind} if alike else set()
    return set().union(*(WORDS.get(kind, {kind}) for kind in kinds))


class Answer(NamedTuple):
    """What the audit said about a derivation with a slip."""

    seed: int
    kind: str
    step: bool                      # the first statement that is not right is the planted one
    listed: bool                    # its kind is among the slips found
    first: bool                     # and is the first of them
    early: list[str]                # what was accused before it,
    later: list[str]                # and after it
    report: str


def judged(d: Draft, written: Written) -> Any:
    """The audit of a derivation in print: the one place that runs what is measured."""
    from viz.auditing import Problem, audit
    problem = Problem.written(d.given, d.parameters, d.formulas, rate=float(d.rate))
    found = audit(written.lines, problem)
    expected = [row_name(d, s) for s in written.statements]
    assert [row.name for row in found.rows] == expected, f"seed {d.seed}: other statements"
    return found


def row_name(d: Draft, s: Statement) -> str:
    """What the audit calls a step."""
    name = d.steps[s.at].name
    slope = re.fullmatch(r"d(\S+)/d(\S+)", name)
    return f"∂{slope[1]}/∂{slope[2]}" if slope else name


def answer(seed: int) -> Answer | None:
    """The audit's answer to a planted slip; None if no slip could be planted."""
    d = draft(seed)
    slip = planted(d, random.Random(f"slip {seed}"))
    if slip is None:
        return None
    written = write(d, slip)
    rows = judged(d, written).rows
    at = written.statements.index(Statement(slip.at, slip.side))
    fits = [s.kind in words(d, slip) for s in rows[at].slips]
    early = [row for row in rows[:at] if not row.fine]
    later = [row for row in rows[at + 1:] if row.verdict not in FOLLOWING]
    return Answer(seed, slip.kind, rows[at].verdict == "wrong here" and not early, any(fits),
                  fits[:1] == [True], [*map(told, early)], [*map(told, later)], "; ".join((
                      f"{d.steps[slip.at].name} ({slip.side})", written.line(d, slip.at),
                      f"meant {named(d.steps[slip.at].text)}", f"found {kinds(rows[at])}")))


FOLLOWING = {"right", "right within the printed digits", "carried rounding", "inherited"}


def told(row: Any) -> str:
    """A row in a word or two."""
    return f"{row.verdict}: {row.name} = {row.text}"


def kinds(row: Any) -> str:
    """The slips that were found."""
    return ", ".join(s.kind for s in row.slips) or "nothing"


def accused(seed: int) -> list[str]:
    """The rows of a right derivation that are not called right."""
    d = draft(seed)
    return [f"seed {seed}: {told(row)}" for row in judged(d, write(d)).rows if not row.fine]


def table(answers: Iterable[Answer]) -> str:
    """The counts by kind."""
    counts: dict[str, Counter[str]] = {}
    for a in answers:
        for kind in (a.kind, "together"):
            counts.setdefault(kind, Counter()).update(
                planted=1, step=a.step, listed=a.listed, first=a.first, later=bool(a.later))
    head = f"{'kind of slip':24} planted  step named  slip listed  slip first  later accused"
    rows = [f"{kind:24} {c['planted']:7}  {c['step']:10}  {c['listed']:11}  {c['first']:10}  "
            f"{c['later']:13}" for kind, c in sorted(counts.items(),
                                                     key=lambda kc: (kc[0] == "together", kc[0]))]
    return "\n".join((head, *rows))


def main(many: int) -> None:
    """Prints the table of so many derivations, with a slip and without, and every failure."""
    alarms = [text for seed in range(many) for text in accused(seed)]
    answers = [a for a in map(answer, range(many)) if a]
    failures = [f"seed {a.seed}, {a.kind}: {a.report}" for a in answers
                if not (a.listed and a.step)]
    later = [f"seed {a.seed}, {a.kind}: {text}" for a in answers for text in a.early + a.later]
    for title, found in (("accused though right", alarms), ("not named", failures),
                         ("accused before or after the slip", later)):
        print(f"{title}: {len(found)}", *found, "", sep="\n")
    print(table(answers), "", f"right derivations: {many}, statements accused: {len(alarms)}",
          sep="\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
