"""A slip tried is an Edit: its kind, its words, and the number that comes out.

Here is what all edits share: what a quantity is called, and what may stand in its place by mistake.

    title(reckoning, q)         W3, W3', ∂L/∂h2
    exchanged(reckoning, q)     the same quantity with other indices, or after the update
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from engine import Value, is_constant
from engine.graph import topological
from engine.ops import SUM
from engine.rules import RULES

from .intervals import Replay
from .own import Reckoning
from .problem import INDEXED, Problem
from .quantities import Gradient, Local, Number, Quantity

FAMILIAR = ("identity", "square", "sqrt", "exp", "log", "log10", "log2", "sin", "cos", "tanh",
            "sigmoid", "relu", "abs")
UNARY = [r for r in RULES.values() if r.name in FAMILIAR]       # what one function is taken for
BINARY = [r for r in RULES.values() if len(r.inputs) == 2 and r.symbol in {*"+-*/", "**"}]
TURNED = frozenset(r.name for r in RULES.values()       # rows whose first input is their own
                   if r.row.variadic and "[1:]" in r.row.slopes[0])
MOST_LEAVES = 100                   # of a step with more operands only the last are exchanged
MOST_MEMBERS = 40                   # of a larger matrix only the same row and column
LOGARITHMS = frozenset({"log", "log10", "log2"})


class Edit(NamedTuple):
    """A slip tried: its kind, its words, and the number that comes out."""

    kind: str
    text: str
    value: float


def title(reckoning: Reckoning, q: Quantity) -> str:
    """What a quantity is called: W3, W3', ∂L/∂h2."""
    name, primes = reckoning.problem.called, "'" * q.after
    if isinstance(q, Number):
        return name(q.node) + primes
    of, by = (q.node, q.node._prev[q.i]) if isinstance(q, Local) else (q.of, q.by)
    return f"∂{name(of)}{primes}/∂{name(by)}{primes}"


def called(x: Value, reckoning: Reckoning) -> str:
    """What a Value of a reckoning is called."""
    return title(reckoning, reckoning.meaning[x]) if x in reckoning.meaning else f"{x.data:.4g}"


def exchanged(reckoning: Reckoning, q: Quantity) -> Iterator[Edit]:
    """Numbers that are taken for a quantity by mistake: another index, or after the update."""
    name = title(reckoning, q)
    for kind, other in neighbours(reckoning, q):
        yield Edit(kind, f"{title(reckoning, other)} is used instead of {name}",
                   reckoning.of(other).data)
    if isinstance(q, Number) and not q.node._prev and q.node in reckoning.problem.parameters:
        yield Edit("updated too early", f"{name} is used after its update",
                   reckoning.of(Number(q.node, q.after + 1)).data)


def neighbours(reckoning: Reckoning, q: Quantity) -> Iterator[tuple[str, Quantity]]:
    """The same quantity with other indices, and the kind of slip; single leaves for single ones."""
    if isinstance(q, Local):
        return
    other = partial(with_node, q)
    node = q.node if isinstance(q, Number) else q.by
    if isinstance(q, Gradient):                 # one function too early
        yield from (("inner factor missing", other(c)) for c, _ in
                    reckoning.edges.of(q.of).get(node, ()) if len(c._prev) == 1)
    problem = reckoning.problem
    alike = of_its_matrix if INDEXED.fullmatch(problem.name(node)) else of_its_own
    for kind, name in alike(problem, node):
        if problem.names[name] is not node:
            yield kind, other(problem.names[name])


def of_its_own(problem: Problem, node: Value) -> Iterator[tuple[str, str]]:
    """What may be taken for a node without indices: the others without, given or computed as it."""
    yield from (("wrong operand", name) for name, single in problem.names.items()
                if bool(single._prev) == bool(node._prev) and not INDEXED.fullmatch(name))


def of_its_matrix(problem: Problem, node: Value) -> Iterator[tuple[str, str]]:
    """What may be taken for an element: another of its matrix, or the same of another matrix."""
    found = INDEXED.fullmatch(problem.name(node))
    assert found
    turned = f"{found[1]}[{found[3]},{found[2]}]"
    yield from [("transposed", turned)] if turned in problem.names else []
    others = members(problem.families.get(found[1], []))
    if len(others) > MOST_MEMBERS:
        others = [name for line in along(problem, found[0]) for name in line]
    yield from (("shifted index", name) for name in others if name != turned)
    for base in problem.families:
        name = base + found[0][len(found[1]):]
        if name in problem.names and bool(problem.names[name]._prev) == bool(node._prev):
            yield "wrong operand", name


def with_node(q: Number | Gradient, node: Value) -> Number | Gradient:
    """The same quantity of another node, or in it."""
    return Number(node, q.after) if isinstance(q, Number) else Gradient(q.of, node, q.after)


def renamings(problem: Problem, names: Sequence[str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Other elements for all of some elements of one matrix: of another one, or other indices."""
    base = names[0].partition("[")[0]
    if not all(INDEXED.fullmatch(name) for name in names):
        return
    own = {name: indices(name) for name in names}
    tried = [("wrong operand", f"{other} is used instead of {base}",
              {name: f"{other}[{','.join(i)}]" for name, i in own.items()})
             for other in problem.families if other != base]
    tried.append(("transposed", f"{base} is used transposed",
                  {name: f"{base}[{','.join(i[::-1])}]" for name, i in own.items()}))
    for k in range(len(own[names[0]])):
        common = {i[k] for i in own.values()}
        for v in sorted({indices(name)[k] for name in members(problem.families.get(base, []))}):
            text = f"of {base} the elements with the index {v} instead of {', '.join(common)}"
            tried.append(("shifted index", text, {
                name: f"{base}[{','.join([*i[:k], v, *i[k + 1:]])}]" for name, i in own.items()}))
    for kind, text, other_names in tried:
        if all(name in problem.names for name in other_names.values()) and other_names != {
                name: name for name in names}:
            yield kind, text, other_names


def along(problem: Problem, name: str) -> Iterator[list[str]]:
    """For each index of a name, the names that differ from it in that index only, and itself."""
    found = INDEXED.fullmatch(name)
    own = indices(name) if found else []
    for k in range(len(own)):
        yield [other for other in members(problem.families.get(found[1], []) if found else [])
               if own[:k] + own[k + 1:] == indices(other)[:k] + indices(other)[k + 1:]]


def indices(name: str) -> list[str]:
    """The indices of a name: ["1", "2"] of W[1,2]."""
    return name[name.index("[") + 1:-1].split(",")


def members(table: Any) -> list[str]:
    """The names in a nested list."""
    return [x for row in table for x in members(row)] if isinstance(table, list) else [table]


def exchanged_inside(root: Value, reckoning: Reckoning) -> Iterator[Edit]:
    """Numbers inside a formula that are exchanged for others with another index."""
    replay = Replay(root)
    leaves = topological([root])[0] if root._prev else []
    for leaf in leaves[-MOST_LEAVES:]:
        means = reckoning.meaning.get(leaf)
        if isinstance(means, Number) and not is_constant(leaf):
            for kind, text, x in exchanged(reckoning, means):
                yield Edit(kind, text, replay({leaf: x}))


def scaled(total: float, reckoning: Reckoning) -> Iterator[Edit]:
    """A factor 2 too many or too few, and averages that were forgotten or taken twice."""
    yield Edit("factor lost", "a factor 2 is missing", total / 2)
    yield Edit("factor doubled", "a factor 2 too many", total * 2)
    for n in counts(reckoning.problem):
        yield Edit("average missing", f"not divided by {n}, the number of terms", total * n)
        yield Edit("average doubled", f"divided by {n} once too often", total / n)


def counts(problem: Problem) -> list[int]:
    """The numbers of terms that an average in this problem may be over."""
    inner = topological([problem.loss])[1]
    constants = {x.data for n in inner for x in n._prev if is_constant(x) and x.data > 0}
    found = {len(n._prev) for n in inner if (row := getattr(n._rule, "row", None))
             and row.variadic and row.binds == SUM and "{y" not in row.text}
    found |= {round(k) for x in constants for k in (x, 1 / x) if abs(k - round(k)) < 1e-9}
    found |= {len(members(table)) for table in problem.families.values()}
    return sorted(n for n in found if 2 <= n <= 1000)
