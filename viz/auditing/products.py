"""A gradient as a sum of products, and the slips one makes in it.

Each product is a *path* from the output back to x, each of its *factors* a derivative on the way:

    ∂L/∂h1 = ∂L/∂h2 · ∂h2/∂h1 + ∂L/∂h3 · ∂h3/∂h1

A path ends where the person has written the derivative down. A slip is an edit of that sum: a path
lost, a factor left out or taken twice, a sign, another factor in its place.
Start reading at `paths`, then `in_products`.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import prod
from typing import NamedTuple

from engine import Value

from .edits import TURNED, Edit, exchanged, renamings, scaled, title, with_node
from .local import wrong_slopes
from .own import Reckoning
from .problem import Problem
from .quantities import Gradient, Local, Number, Quantity

MOST_PATHS = 64
MOST_FACTORS = 40


class Factor(NamedTuple):
    """One factor of a product: what it is called, its number, and what it means."""

    name: str
    value: float
    means: Quantity | None


Path = tuple[Factor, ...]


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
        before = Gradient(q.of, node, q.after)
        stop = reckoning.stop(before)
        if node is q.of:
            found.append(behind)
        elif behind and (before in reckoning.book or len(found) + len(todo) > MOST_PATHS):
            found.append((factor(reckoning, before), *behind))
        elif stop:
            todo.append((stop, (factor(reckoning, Gradient(stop, node, q.after)), *behind)))
        else:
            todo += [(c, (factor(reckoning, Local(c, i, q.after)), *behind))
                     for c, i in edges.get(node, ())]
    return found


def factor(reckoning: Reckoning, q: Quantity) -> Factor:
    """A quantity as a factor; a slope that is a number with a name, such as W3, has that name."""
    made = reckoning.of(q)
    means = reckoning.meaning.get(made, q)
    name = title(reckoning, means if isinstance(means, Number) else q)
    return Factor(name, made.data, reckoning.local(q))


def value(sum_of: Iterable[Path]) -> float:
    """The number of a sum of products."""
    return sum(prod(f.value for f in path) for path in sum_of)


def replacements(whole: list[Path], reckoning: Reckoning) -> dict[Factor, list[Edit]]:
    """For every factor what may stand in its place by mistake; of very many, for some."""
    factors = dict.fromkeys(f for path in whole for f in path)
    return {f: list(wrong_factors(f, reckoning)) if i < MOST_FACTORS else []
            for i, f in enumerate(factors)}


def in_products(whole: list[Path], reckoning: Reckoning,
                wrong: Mapping[Factor, list[Edit]]) -> Iterator[Edit]:
    """Every single slip in a sum of products, as the number it gives; wrong: `replacements`."""
    total = value(whole)
    yield Edit("sign", "the sign is wrong", -total)
    left = {(kind, value(fewer)): text for kind, text, fewer in
            reversed([*lost(whole, reckoning.problem)])}        # of equal ones the first
    yield from (Edit(kind, text, x) for (kind, x), text in reversed(left.items()))
    yield from scaled(total, reckoning)
    yield from in_one_path(whole, total, reckoning.problem)
    for f in dict.fromkeys(f for path in whole for f in path):
        with_f = [path for path in whole if f in path]
        others = total - value(with_f)
        rest = value(tuple(g for g in path if g != f) for path in with_f)
        yield from (Edit(kind, text, others + x * rest) for kind, text, x in wrong[f])
    yield from throughout(whole, reckoning)


def throughout(whole: list[Path], reckoning: Reckoning) -> Iterator[Edit]:
    """The same slip in all paths at once: a matrix for another, a function's slope left out."""
    factors = dict.fromkeys(f for path in whole for f in path) if len(whole) > 1 else {}
    slopes = {f for f in factors if isinstance(f.means, Local) and len(f.means.node._prev) == 1}
    if slopes:
        yield Edit("inner factor missing",
                   "the slope of the inner function is missing in every path",
                   value(tuple(f for f in path if f not in slopes) for path in whole))
    named = {f: q for f in factors if (q := with_name(f, reckoning))}
    for group in grouped(named, reckoning.problem):
        for kind, text, wrong in renamed(group, reckoning):
            yield Edit(kind, text, value(tuple(wrong.get(f, f) for f in path) for path in whole))


def with_name(f: Factor, reckoning: Reckoning) -> Number | Gradient | None:
    """What a factor is, if that is a number or a gradient with a name of its own."""
    if isinstance(f.means, Local):
        shown = reckoning.meaning.get(reckoning.of(f.means))
        return shown if isinstance(shown, Number) else None
    return f.means


def grouped(named: Mapping[Factor, Number | Gradient],
            problem: Problem) -> Iterator[dict[Factor, Number | Gradient]]:
    """The factors that are elements of the same matrix, or gradients in them."""
    groups: dict[tuple[type, str], dict[Factor, Number | Gradient]] = {}
    for f, q in named.items():
        base = problem.name(q.node if isinstance(q, Number) else q.by).partition("[")[0]
        groups.setdefault((type(q), base), {})[f] = q
    yield from (group for group in groups.values() if len(group) > 1)


def renamed(group: dict[Factor, Number | Gradient],
            reckoning: Reckoning) -> Iterator[tuple[str, str, dict[Factor, Factor]]]:
    """All factors of a group exchanged for those of another matrix, or with other indices."""
    problem = reckoning.problem
    nodes = {f: q.node if isinstance(q, Number) else q.by for f, q in group.items()}
    for kind, text, names in renamings(problem, [problem.name(n) for n in nodes.values()]):
        wrong = {f: with_node(q, problem.names[names[problem.name(nodes[f])]])
                 for f, q in group.items()}
        yield kind, text, {f: Factor("", reckoning.of(q).data, None) for f, q in wrong.items()}


def in_one_path(whole: list[Path], total: float, problem: Problem) -> Iterator[Edit]:
    """Slips in one product of several: its sign, a factor left out, the product taken twice."""
    for path in whole if len(whole) > 1 else ():
        product = prod(f.value for f in path)
        where = f"the path through {next(iter(way(path, problem)), path[-1].name)}"
        yield Edit("sign", f"{where} has the wrong sign", total - 2 * product)
        yield Edit("path doubled", f"{where} is counted twice", total + product)
        for f in path:
            if f.value and abs(f.value) != 1:
                yield Edit("factor lost", f"in {where} the factor {f.name} is missing",
                           total - product + product / f.value)
                yield Edit("factor doubled", f"in {where} the factor {f.name} is taken twice",
                           total - product + product * f.value)


def way(path: Path, problem: Problem) -> list[str]:
    """What a path goes through between its ends, from x on; those with names of their own first."""
    first, *others = (f.means for f in path)
    nodes = [q.node if isinstance(q, Local) else q.of for q in reversed(others)
             if isinstance(q, (Local, Gradient))]
    nodes += [first.by] if isinstance(first, Gradient) else []
    return [problem.called(n) for n in sorted(nodes, key=lambda n: not problem.name(n))]


def lost(whole: list[Path], problem: Problem) -> Iterator[tuple[str, str, list[Path]]]:
    """The sums that are left when some paths are forgotten, each once."""
    if len(whole) < 2:
        return
    own = [path for path in whole if all(map(diagonal, path))]
    if 0 < len(own) < len(whole):
        yield ("diagonal only", "only the diagonal of the softmax's Jacobian is used, but every "
                                "output depends on all inputs", own)
    through: dict[str, list[Path]] = {}
    for path in whole:
        for name in dict.fromkeys(way(path, problem)):
            through.setdefault(name, []).append(path)
    groups = {tuple(group): name for name, group in reversed(through.items())
              if len(group) < len(whole)}
    for group, name in reversed(groups.items()):
        yield ("path lost", f"the path through {name} is missing from the sum",
               [path for path in whole if path not in group])
    for group, name in reversed(groups.items()):
        yield ("overwritten", f"only the path through {name} is left: the others are missing, or "
                              f"were overwritten instead of added", list(group))


def diagonal(f: Factor) -> bool:
    """Whether a factor is no derivative of one output of a softmax in the input of another."""
    q = f.means
    return not (isinstance(q, Local) and q.i and q.node._rule.name in TURNED)


def wrong_factors(f: Factor, reckoning: Reckoning) -> Iterator[Edit]:
    """What may stand in the place of a factor by mistake."""
    inner = isinstance(f.means, Local) and len(f.means.node._prev) == 1
    if abs(f.value) != 1:
        yield Edit("inner factor missing" if inner else "factor lost",
                   f"the factor {f.name} is missing", 1.0)
        yield Edit("factor doubled", f"the factor {f.name} is taken twice", f.value ** 2)
    if f.value:
        yield Edit("inverted", f"divided by {f.name} instead of multiplied", 1 / f.value)
    if isinstance(f.means, Local):
        yield from wrong_slopes(f.name, f.means, reckoning)
    if f.means:
        shown = reckoning.meaning.get(reckoning.of(f.means), f.means)
        for q in dict.fromkeys([shown, f.means]):
            yield from exchanged(reckoning, q)
