"""The slips of a hand derivation, tried one after the other: which of them gives this number?

A gradient, or an update, is a sum of products; each product is a *path* of *factors*:

    ∂L/∂h1 = ∂L/∂h2 · ∂h2/∂h1 + ∂L/∂h3 · ∂h3/∂h1

A slip is an edit of that sum: a path lost, a factor left out or taken twice, a sign, another factor
in its place. For a value the edits are made at every operation that the step goes through. Every
edit gives a number; those that give the printed digits are the explanations.

    explained(shown, reckoning, quantity, ...)       the slips that reproduce it, likeliest first

Start reading at `explained`, then `edits` (gradients and updates) and `changed` (values).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from math import isfinite, prod
from typing import Any, NamedTuple

from engine import Value, is_constant
from engine.graph import topological
from engine.ops import PRODUCT
from engine.rules import RULES
from engine.value import make

from .digits import to_digits
from .own import Gradient, Local, Number, Quantity, Reckoning, revalued, slope
from .problem import INDEXED, Problem
from .verdicts import Slip

MOST_PATHS = 64
MOST_OPERATIONS = 200
LISTED = 5                                  # so many candidates are reported
LOGARITHMS = frozenset({"log", "log10", "log2"})
OTHER_LOSSES = {                            # slopes of losses in a prediction p with target t
    "the squared error":             "2 * (p - t)",
    "half the squared error":        "p - t",
    "the binary cross-entropy":      "(p - t) / (p * (1 - p))",
    "the categorical cross-entropy": "-t / p",
    "the absolute error":            "1.0 if p > t else -1.0",
}


class Factor(NamedTuple):
    """One factor of a product: what it is called, its number, and what it means."""

    name: str
    value: float
    means: Quantity | None


class Edit(NamedTuple):
    """A slip tried: its kind, its words, and the number that comes out."""

    kind: str
    text: str
    value: float


Path = tuple[Factor, ...]


def explained(hits: Callable[..., bool], reckonings: Sequence[Reckoning], q: Quantity | None,
              before: Iterable[Edit] = (), after: Iterable[Edit] = (),
              spread: float = 0.0) -> tuple[Slip, ...]:
    """The slips in the step to q that give a number accepted by `hits`, the likeliest first.

    hits(x, spread): whether x, uncertain by a relative spread, is the printed number; the spread is
    what carried rounding can do. reckonings: the person's own and the exact one. before, after: edits that stand for themselves, such as
    slips of the pen, likelier and less likely than the others.
    """
    tried = [e for reckoning in reckonings if q for e in single(reckoning, q)]
    found = {(e.kind, e.text): e for e in before}
    found |= matching(hits, tried, 0.0) or matching(hits, tried, spread)
    found |= {(e.kind, e.text): e for e in after}
    for reckoning in reckonings if q else ():
        found = found or matching(hits, double(reckoning, q), 0.0)
    return tuple(Slip(*edit) for edit in islice(found.values(), LISTED))


def matching(hits: Callable[..., bool], tried: Iterable[Edit],
             spread: float) -> dict[tuple[str, str], Edit]:
    """The edits that give the number, each once."""
    found: dict[tuple[str, str], Edit] = {}
    for edit in tried:
        if isfinite(edit.value) and hits(edit.value, spread):
            found.setdefault((edit.kind, edit.text), edit)
    return found


def single(reckoning: Reckoning, q: Quantity) -> Iterator[Edit]:
    """Every single slip in the step to q."""
    if isinstance(q, Number) and q.node._prev:
        yield from changed(reckoning, q)
    elif isinstance(q, Number) and q.after:
        yield from update(reckoning, q)
    elif isinstance(q, Number):
        yield from (Edit(kind, text, value)
                    for kind, text, value in exchanged(reckoning, q, "it"))
    else:
        yield from edits(paths(reckoning, q), reckoning)
        yield from other_losses(reckoning, q)
    yield from operands(reckoning, q)


def double(reckoning: Reckoning, q: Quantity) -> Iterator[Edit]:
    """Two slips at once: a sign and any other, or lost paths and any other."""
    if isinstance(q, Number):
        for edit in (changed if q.node._prev else update)(reckoning, q) if (
                q.node._prev or q.after) else ():
            yield Edit(edit.kind, f"{edit.text}, and the sign is wrong", -edit.value)
        return
    whole = paths(reckoning, q)
    for edit in edits(whole, reckoning):
        yield Edit(edit.kind, f"{edit.text}, and the sign is wrong", -edit.value)
    for kind, text, fewer in lost(whole, reckoning.problem):
        for edit in edits(fewer, reckoning):
            yield Edit(kind, f"{text}; and {edit.text}", edit.value)


# ---- sums of products

def paths(reckoning: Reckoning, q: Quantity) -> list[Path]:
    """The products whose sum is a gradient, from the quantities that the person has written."""
    if isinstance(q, Local):
        return [(factor(reckoning, q),)]
    assert isinstance(q, Gradient)
    edges = reckoning.edges.of(q.of)
    found: list[Path] = []
    todo: list[tuple[Value, Path]] = [(q.by, ())]
    while todo:
        node, behind = todo.pop()
        for c, i in edges.get(node, ()):
            local = factor(reckoning, Local(c, i, q.after))
            before = Gradient(q.of, c, q.after)
            if c is q.of:
                found.append((local, *behind))
            elif before in reckoning.book or len(found) + len(todo) > MOST_PATHS:
                found.append((factor(reckoning, before), local, *behind))
            else:
                todo.append((c, (local, *behind)))
    return found


def factor(reckoning: Reckoning, q: Quantity) -> Factor:
    """A quantity as a factor."""
    made = reckoning.of(q)
    means = reckoning.meaning.get(made, q)
    return Factor(title(reckoning, means if isinstance(means, Number) else q), made.data, q)


def title(reckoning: Reckoning, q: Quantity) -> str:
    """What a quantity is called: W3, W3', ∂L/∂h2."""
    name, primes = reckoning.problem.called, "'" * q.after
    if isinstance(q, Number):
        return name(q.node) + primes
    of, by = (q.node, q.node._prev[q.i]) if isinstance(q, Local) else (q.of, q.by)
    return f"∂{name(of)}{primes}/∂{name(by)}{primes}"


def value(sum_of: Iterable[Path]) -> float:
    """The number of a sum of products."""
    return sum(prod(f.value for f in path) for path in sum_of)


def edits(whole: list[Path], reckoning: Reckoning) -> Iterator[Edit]:
    """Every single slip in a sum of products, as the number it gives."""
    total = value(whole)
    yield Edit("sign", "the sign is wrong", -total)
    yield from (Edit(kind, text, value(fewer)) for kind, text, fewer in lost(whole, reckoning.problem))
    yield from in_one_path(whole, total, reckoning.problem)
    for f in dict.fromkeys(f for path in whole for f in path):
        for kind, text, x in wrong_factors(f, reckoning):
            yield Edit(kind, text, value(tuple(x if g == f else g for g in path)
                                         for path in whole))
    yield from scaled(total, reckoning)


def in_one_path(whole: list[Path], total: float, problem: Problem) -> Iterator[Edit]:
    """Slips in one product of several: its sign, or the product taken twice."""
    for path in whole if len(whole) > 1 else ():
        product = prod(f.value for f in path)
        where = f"the path through {passed(path[-1], problem)}"
        yield Edit("sign", f"{where} has the wrong sign", total - 2 * product)
        yield Edit("path doubled", f"{where} is counted twice", total + product)
        for f in path:
            if f.value and f.value != 1:
                yield Edit("factor lost", f"in {where} the factor {f.name} is missing",
                           total - product + product / f.value)


def passed(f: Factor, problem: Problem) -> str:
    """The operation that a factor of a path goes through, by name."""
    q = f.means
    return problem.called(q.node if isinstance(q, Local) else q.by) if q and not isinstance(
        q, Number) else f.name


def lost(whole: list[Path], problem: Problem) -> Iterator[tuple[str, str, list[Path]]]:
    """The sums that are left when some paths are forgotten."""
    if len(whole) < 2:
        return
    own = [path for path in whole if all(diagonal(f) for f in path)]
    if own and len(own) < len(whole):
        yield ("diagonal only",
               "only the diagonal of the softmax's Jacobian: every output also depends on the "
               "other inputs", own)
    groups: dict[str, list[Path]] = {}
    for path in whole:
        for f in path:
            groups.setdefault(passed(f, problem), []).append(path)
    for name, members in groups.items():
        if len(members) < len(whole):
            yield ("path lost", f"the path through {name} is missing from the sum",
                   [path for path in whole if path not in members])
    for name, members in groups.items():
        if len(members) < len(whole) - 1:
            yield ("overwritten", f"only the path through {name} is left: the others are missing, "
                                  f"or were overwritten instead of added", members)


def diagonal(f: Factor) -> bool:
    """Whether a factor is no derivative of one output of a softmax in the input of another."""
    q = f.means
    return not (isinstance(q, Local) and q.i and q.node._rule.name in TURNED)


TURNED = frozenset(rule.name for rule in RULES.values()         # rows whose first input is its own
                   if rule.row.variadic and "[1:]" in rule.row.slopes[0])


def wrong_factors(f: Factor, reckoning: Reckoning) -> Iterator[tuple[str, str, Factor]]:
    """What may stand in the place of a factor by mistake."""
    def instead(x: float) -> Factor:
        return Factor("", x, None)

    inner = isinstance(f.means, Local) and len(f.means.node._prev) == 1
    if f.value != 1:
        yield ("inner factor missing" if inner else "factor lost",
               f"the factor {f.name} is missing", instead(1.0))
        yield "factor doubled", f"the factor {f.name} is taken twice", instead(f.value ** 2)
    if f.value:
        yield "inverted", f"divided by {f.name} instead of multiplied", instead(1 / f.value)
    if isinstance(f.means, Local):
        yield from ((kind, text, instead(x)) for kind, text, x in wrong_slopes(f, reckoning))
    if f.means:
        shown = reckoning.meaning.get(reckoning.of(f.means), f.means)
        for q in {shown: 0, f.means: 0}:
            yield from ((kind, text, instead(x))
                        for kind, text, x in exchanged(reckoning, q, title(reckoning, q)))


def wrong_slopes(f: Factor, reckoning: Reckoning) -> Iterator[tuple[str, str, float]]:
    """Other numbers that a local derivative is mistaken for."""
    assert isinstance(f.means, Local)
    node, i, after = f.means
    rule = node._rule
    if not hasattr(rule, "row"):
        return
    xs = [reckoning.of(Number(x, after)) for x in node._prev]
    z = reckoning.of(Number(node, after))
    if len(xs) == 1:
        yield "wrong point", f"{f.name} at the wrong point: {reckoning.problem.name(node) or 'z'}" \
              f" and {reckoning.problem.name(node._prev[0]) or 'x'} are mixed up", at(rule, xs, xs[0])
        yield "wrong point", f"{f.name} is taken at the output instead of the input", \
              at(rule, [z], make(rule, [z]))
        yield "derivative forgotten", f"{f.name} is replaced by the function itself", z.data
        for other in UNARY:
            if other is not rule:
                yield ("other function", f"the derivative of {other.name} instead of {rule.name}",
                       at(other, xs, make(other, xs)))


def at(rule: Any, xs: list[Value], z: Value, i: int = 0) -> float:
    """The local derivative of a row at given inputs and output."""
    try:
        return float(as_number(slope(xs[0], i, xs, z, rule)))
    except (ArithmeticError, ValueError):
        return float("nan")


def as_number(x: Any) -> float:
    """The number of a Value or of a number."""
    return x.data if isinstance(x, Value) else x


UNARY = [r for r in RULES.values() if len(r.inputs) == 1 and not r.row.variadic]
BINARY = [r for r in RULES.values() if len(r.inputs) == 2 and r.symbol and not r.symbol.isalnum()]


def exchanged(reckoning: Reckoning, q: Quantity, name: str) -> Iterator[tuple[str, str, float]]:
    """Numbers that are taken for a quantity by mistake: another index, or after the update."""
    for node, kind, label in neighbours(reckoning, q):
        other = q._replace(**node)
        yield kind, f"{label} is used instead of {name}", reckoning.of(other).data
    if isinstance(q, Number) and not q.node._prev and q.node in reckoning.problem.parameters:
        yield ("updated too early", f"{name} is used after its update",
               reckoning.of(Number(q.node, q.after + 1)).data)


def neighbours(reckoning: Reckoning, q: Quantity) -> Iterator[tuple[dict[str, Value], str, str]]:
    """The same quantity with other indices: what to replace, the kind of slip, the other's name."""
    if isinstance(q, Local):
        return
    field = "node" if isinstance(q, Number) else "by"
    problem, node = reckoning.problem, getattr(q, field)
    found = INDEXED.fullmatch(problem.name(node))
    for name in members(problem.families.get(found[1], []) if found else []):
        if problem.names[name] is not node:
            other = INDEXED.fullmatch(name)
            turned = found and other and found[3] and other.groups()[1:] == (found[3], found[2])
            yield ({field: problem.names[name]}, "transposed" if turned else "shifted index",
                   title(reckoning, q._replace(**{field: problem.names[name]})))
    for name in problem.names if not found and isinstance(q, Number) and not node._prev else ():
        other_node = problem.names[name]
        if not other_node._prev and other_node is not node and not INDEXED.fullmatch(name):
            yield {field: other_node}, "wrong operand", name


def members(table: Any) -> list[str]:
    """The names in a nested list."""
    return [x for row in table for x in members(row)] if isinstance(table, list) else [table]


def scaled(total: float, reckoning: Reckoning) -> Iterator[Edit]:
    """A factor 2 too many or too few, and averages that were forgotten or taken twice."""
    yield Edit("factor lost", "a factor 2 is missing", total / 2)
    yield Edit("factor doubled", "a factor 2 too many", total * 2)
    for n in counts(reckoning):
        yield Edit("average missing", f"not divided by {n}, the number of terms", total * n)
        yield Edit("average doubled", f"divided by {n} once too often", total / n)


def counts(reckoning: Reckoning) -> list[int]:
    """The numbers of terms that an average in this problem may be over."""
    inner = topological([reckoning.problem.loss])[1]
    found = {len(n._prev) for n in inner if hasattr(n._rule, "row") and n._rule.row.variadic
             and n._rule.name == "total"}
    found |= {int(x.data) for n in inner for x in n._prev
              if is_constant(x) and x.data == int(x.data) and 2 <= x.data <= 1000}
    found |= {round(1 / x.data) for n in inner for x in n._prev if is_constant(x)
              and 0 < x.data <= 0.5 and abs(1 / x.data - round(1 / x.data)) < 1e-9}
    found |= {len(members(t)) for t in reckoning.problem.families.values()}
    return sorted(found - {0, 1})


def update(reckoning: Reckoning, q: Number) -> Iterator[Edit]:
    """The slips in an update p - rate · gradient."""
    problem = reckoning.problem
    old = reckoning.of(Number(q.node, q.after - 1)).data
    gradient = Gradient(problem.loss, q.node, q.after - 1)
    step = problem.rate * reckoning.of(gradient).data
    for k in (1, -1, 2, -2, 3, -3):
        yield Edit("rate", f"the rate is {problem.rate * 10.0 ** k:g} instead of "
                           f"{problem.rate:g}", old - 10.0 ** k * step)
    yield Edit("sign", "the step goes uphill: the gradient is added, not subtracted", old + step)
    yield Edit("rate", "the rate is missing", old - step / problem.rate)
    yield Edit("overwritten", "the old value is missing: this is only the step", -step)
    yield Edit("overwritten", "the gradient stands in place of the new value", step / problem.rate)
    yield Edit("not updated", "the parameter was not moved", old)
    for kind, text, other in exchanged(reckoning, gradient, title(reckoning, gradient)):
        yield Edit(kind, text, old - problem.rate * other)
    for kind, text, other in exchanged(reckoning, Number(q.node, q.after - 1),
                                       title(reckoning, Number(q.node, q.after - 1))):
        yield Edit(kind, text, other - step)
    if gradient not in reckoning.book:
        for edit in edits(paths(reckoning, gradient), reckoning):
            yield edit._replace(value=old - problem.rate * edit.value)


def other_losses(reckoning: Reckoning, q: Quantity) -> Iterator[Edit]:
    """The derivative of another loss than the one that is meant."""
    problem = reckoning.problem
    if not isinstance(q, Gradient) or q.of is not problem.loss or not q.by._prev:
        return
    p = reckoning.of(Number(q.by, q.after)).data
    index = INDEXED.fullmatch(problem.name(q.by))
    for name, node in problem.names.items():
        found = INDEXED.fullmatch(name)
        same = (found and found.groups()[1:]) == (index and index.groups()[1:])
        if not node._prev and node not in problem.parameters and same:
            for loss, text in OTHER_LOSSES.items():
                x = compute(text, p, reckoning.of(Number(node, q.after)).data)
                yield Edit("other loss", f"the derivative of another loss, {loss}", x)


def compute(text: str, p: float, t: float) -> float:
    """A slope of OTHER_LOSSES."""
    try:
        return float(eval(text, {}, {"p": p, "t": t}))
    except ZeroDivisionError:
        return float("nan")


# ---- values

def changed(reckoning: Reckoning, q: Number) -> Iterator[Edit]:
    """Every single slip on the way to a value, made at any operation that the step goes through."""
    root = reckoning.of(q, afresh=True)
    for m in topological([root])[1][-MOST_OPERATIONS:]:
        for kind, text, x in wrong_values(m, reckoning):
            yield Edit(kind, text, revalued(root, {m: x}))
    for leaf, means in list(reckoning.meaning.items()):
        if isinstance(means, Number) and not leaf._prev and leaf is not root:
            for kind, text, x in exchanged(reckoning, means, title(reckoning, means)):
                yield Edit(kind, text, revalued(root, {leaf: x}))
    yield from scaled(root.data, reckoning)


def wrong_values(m: Value, reckoning: Reckoning) -> Iterator[tuple[str, str, float]]:
    """Other numbers that an operation is mistaken for."""
    rule, xs = m._rule, [x.data for x in m._prev]
    where = title(reckoning, reckoning.meaning.get(m, Number(m)))
    yield "sign", f"the sign of {where} is wrong", -m.data
    if not hasattr(rule, "row"):
        return
    if rule.row.variadic:
        yield from wrong_lists(m, reckoning)
    elif len(xs) == 1:
        yield "function missing", f"{rule.name} is left out", xs[0]
        for other in UNARY:
            kind = "logarithm" if {other.name, rule.name} <= LOGARITHMS else "other function"
            if other is not rule:
                yield kind, f"{other.name} instead of {rule.name}", other.value(xs)
    elif len(xs) == 2:
        part = "factor" if rule.row.binds >= PRODUCT else "term"
        for i in (0, 1):
            name = operand(m._prev[1 - i], reckoning)
            yield f"{part} lost", f"{name} is missing", xs[i]
            yield f"{part} doubled", f"{name} is taken twice", rule.value([m.data, xs[1 - i]])
            yield "sign", f"{name} has the wrong sign", rule.value(
                [-x if k != i else x for k, x in enumerate(xs)])
        yield "operands exchanged", f"the operands of {rule.symbol} are exchanged", \
              rule.value(xs[::-1])
        for other in BINARY:
            if other is not rule:
                yield "other operation", f"{other.symbol} instead of {rule.symbol}", other.value(xs)


def operand(x: Value, reckoning: Reckoning) -> str:
    """What an operand is called."""
    return title(reckoning, reckoning.meaning[x]) if x in reckoning.meaning else f"{x.data:.4g}"


def wrong_lists(m: Value, reckoning: Reckoning) -> Iterator[tuple[str, str, float]]:
    """Slips in a sum, a sum of products, or a softmax."""
    rule, inputs, xs = m._rule, m._prev, [x.data for x in m._prev]
    if rule.name in TURNED:
        yield "other function", "the share without the exponential", xs[0] / (sum(xs) or 1)
        yield "other function", "the exponential without its sum", RULES["exp"].value(xs[:1])
        yield "other function", "the sigmoid instead of the softmax", RULES["sigmoid"].value(xs[:1])
        return
    n = len(xs) // 2 if "{y" in rule.row.text else 0
    terms = [xs[i] * xs[n + i] for i in range(n)] + xs[2 * n:]
    for i, term in enumerate(terms):
        names = [operand(inputs[k], reckoning) for k in ([i, n + i] if i < n else [n + i])]
        name = " · ".join(names)
        yield "term lost", f"the term {name} is missing", m.data - term
        yield "sign", f"the term {name} has the wrong sign", m.data - 2 * term
        yield "term doubled", f"the term {name} is counted twice", m.data + term
        for x, other in zip(names, names[::-1]) if len(names) == 2 else ():
            factors = [xs[i], xs[n + i]]
            kept = factors[names.index(other)] if names[0] != names[1] else factors[0]
            yield "factor lost", f"the factor {x} is missing", m.data - term + kept
            yield "factor doubled", f"the factor {x} is taken twice", \
                  m.data - term + term * (factors[0] + factors[1] - kept)
        if len(terms) > 2:
            yield "overwritten", f"only the term {name} is left of the sum", term
    yield from pairings(m, n)


def pairings(m: Value, n: int) -> Iterator[tuple[str, str, float]]:
    """A sum of products whose second factors are taken in another order."""
    xs = [x.data for x in m._prev]
    rest = sum(xs[2 * n:])
    for shift in range(1, n):
        moved = xs[n + shift:2 * n] + xs[n:n + shift]
        yield "shifted index", "the factors are paired with the wrong partners", \
              sum(a * b for a, b in zip(xs[:n], moved)) + rest
    if n > 1:
        yield "shifted index", "the factors are paired in reverse order", \
              sum(a * b for a, b in zip(xs[:n], xs[n:2 * n][::-1])) + rest


# ---- operands

def operands(reckoning: Reckoning, q: Quantity) -> Iterator[Edit]:
    """Operands rounded before they were used, or copied with two digits exchanged."""
    if isinstance(q, Local):
        return
    root = reckoning.of(q, afresh=True)
    for node in (n for level in topological([root]) for n in level if n is not root):
        means = reckoning.meaning.get(node)
        if means is None or is_constant(node) or not isfinite(node.data):
            continue
        name = title(reckoning, means)
        for digits in (4, 3, 2, 1):
            short = to_digits(node.data, digits)
            if short != node.data:
                yield Edit("rounded early", f"{name} was rounded to {short:g} before it was used",
                           revalued(root, {node: short}))
        for wrong in swapped(node.data):
            yield Edit("digits swapped", f"{name} was copied as {wrong:g}",
                       revalued(root, {node: wrong}))
        for k in (10.0, 0.1):
            yield Edit("zero lost", f"{name} was taken as {node.data * k:g}",
                       revalued(root, {node: node.data * k}))
        yield Edit("sign", f"the sign of {name} was lost", revalued(root, {node: -node.data}))


def swapped(x: float) -> Iterator[float]:
    """A short number with two neighbouring digits exchanged."""
    text = f"{x:.10g}"
    for a, b in zip(range(len(text)), range(1, len(text))) if len(text) < 9 else ():
        if text[b] == "." and b + 1 < len(text):
            b += 1
        if text[a].isdigit() and text[b].isdigit() and text[a] != text[b]:
            letters = [*text]
            letters[a], letters[b] = letters[b], letters[a]
            yield float("".join(letters))
