"""The picture of an audit: the graph, with every checked number marked where it stands.

A value is marked at its node, dL/dW1 at the gradient of W1, W1' at the update of W1, and a
derivative of one operation in its input on the arrow between them.
"""

import copy
import math
from collections.abc import Iterable, Iterator, Sequence

from engine import Value, local_gradients

from ..graph import draw
from ..picture import Picture
from .equations import Slope, plain, side
from .problem import Problem
from .verdicts import FINE, INHERITED, RESULT, WRONG, Row

KINDS = {WRONG: "wrong", INHERITED: "inherited"} | dict.fromkeys(FINE, "right")
ORDER = ("wrong", "inherited", "right")
DIGITS = 6                              # enough to tell a printed number from the true one


def picture(rows: Sequence[Row], problem: Problem, *, direction: str = "") -> Picture:
    """The graph of the loss with its wrong, inherited and right numbers marked.

    direction: "LR" or "TB"; by default from top to bottom, where a long chain stays readable, and
    from left to right in graphs that are wider than deep.
    """
    loss, twin = computed_copy(problem)
    marks: dict[tuple[Value, str | Value], tuple[str, str]] = {}
    for row in rows:
        for node, part in places(row, problem, twin) if row.verdict in KINDS else ():
            place = twin[node], twin[part] if isinstance(part, Value) else part
            if worse(mark(row, rows), marks.get(place)):
                marks[place] = mark(row, rows)
    return draw(loss, marks=marks, digits=DIGITS, fold="none",
                direction=direction or ("TB" if deep(loss) else "LR"))


def deep(loss: Value) -> bool:
    """Whether a graph has more operations one after the other than side by side."""
    depth: dict[Value, int] = {}
    for node in reversed(below(loss)):
        depth[node] = 1 + max((depth.get(x, 0) for x in node._prev), default=0)
    return depth[loss] ** 2 > len(depth)


def mark(row: Row, rows: Sequence[Row]) -> tuple[str, str]:
    """How a row marks its place: what it turned out to be, and what was written if it is wrong."""
    kind, written = KINDS[row.verdict], result(row, rows)
    said = ", ".join(filter(None, (f"in a {row.kind}" * (row.kind != RESULT),
                                   f"written {written}" * bool(written))))
    return kind, "" if kind == "right" else said


def result(row: Row, rows: Sequence[Row]) -> str:
    """The number that was printed for what a row is about, in it or behind it; '' if none was."""
    if row.kind == RESULT:
        return row.text
    return next((r.text for r in rows if r.kind == RESULT and r.verdict in KINDS and
                 r.number > row.number and (r.step, r.name) == (row.step, row.name)), "")


def worse(new: tuple[str, str], old: tuple[str, str] | None) -> bool:
    """Whether a mark replaces another: the worse one does, or a number a formula."""
    if old is None or new[0] == old[0]:
        return old is None or (new[1].startswith("written") and not old[1].startswith("written"))
    return ORDER.index(new[0]) < ORDER.index(old[0])


def computed_copy(problem: Problem) -> tuple[Value, dict[Value, Value]]:
    """A copy of the graph with its names and gradients, and which node became which.

    The graph itself, whose gradients belong to its owner, stays as it is.
    """
    nodes = below(problem.loss)
    twins: list[Value] = copy.deepcopy(nodes)
    for node, twin in zip(nodes, twins):
        twin.label, twin.grad = problem.name(node) or twin.label, 0.0
    twins[0].backward()
    return twins[0], dict(zip(nodes, twins))


def below(root: Value) -> list[Value]:
    """A node and everything it was computed from, itself first."""
    found, todo = {root: None}, [root]
    while todo:
        new = [x for x in todo.pop()._prev if x not in found]
        found.update(dict.fromkeys(new))
        todo += new
    return list(found)


def places(row: Row, problem: Problem, twin: dict[Value, Value]
           ) -> Iterator[tuple[Value, "str | Value"]]:
    """The places in the picture that a row is about: none for what the picture does not show."""
    try:
        (about,) = side(plain(row.name), problem.known).meaning.values()
    except ValueError:
        return
    if isinstance(about, Slope) and problem.known(about.of) and problem.known(about.by):
        for of in flat(problem.find(about.of)):
            for by in flat(problem.find(about.by)):
                yield from slope_place(of, by, row, twin)
    elif isinstance(about, str) and problem.known(about):
        for node in flat(problem.find(about)):
            if node in twin:
                yield node, "update" if about.endswith("'") else "data"


def slope_place(of: Value, by: Value, row: Row, twin: dict[Value, Value]
                ) -> Iterator[tuple[Value, "str | Value"]]:
    """Where a derivative stands: on an arrow, or as the gradient of a node if it is that number."""
    through = [n for n in (of, *of._prev) if n in twin and by in n._prev and
               (n is of or slope(of, n) == 1)]
    if through:
        yield through[0], by
    elif by in twin and (of is next(iter(twin))             # the loss, or all that the loss takes
                         or math.isclose(row.exact, twin[by].grad, rel_tol=1e-9)):
        yield by, "grad"


def slope(of: Value, by: Value) -> float:
    """The local derivative on the arrow between two nodes."""
    return sum(g for x, g in zip(of._prev, local_gradients(of) or ()) if x is by)


def flat(x: object) -> Iterable[Value]:
    """A Value, or those of a nested list."""
    return [v for part in x for v in flat(part)] if isinstance(x, list) else [x]  # type: ignore[list-item]
