"""The picture of an audit: the graph, with every checked number marked where it stands.

A value is marked at its node, dL/dW1 at the gradient of W1, W1' at the update of W1, and a
derivative of one operation in its input on the arrow between them.
"""

import copy
from collections.abc import Iterable, Iterator, Sequence

from engine import Value

from ..graph import draw
from ..picture import Picture
from .equations import Slope, plain, side
from .problem import Problem
from .verdicts import FINE, INHERITED, WRONG, Row

KINDS = {WRONG: "wrong", INHERITED: "inherited"} | dict.fromkeys(FINE, "right")
ORDER = ("wrong", "inherited", "right")
DIGITS = 6                              # enough to tell a printed number from the true one


def picture(rows: Sequence[Row], problem: Problem) -> Picture:
    """The graph of the loss with its wrong, inherited and right numbers marked."""
    loss, twin = computed_copy(problem)
    marks: dict[tuple[Value, str | Value], tuple[str, str]] = {}
    for row in rows:
        for node, part in places(row, problem) if row.verdict in KINDS else ():
            place = twin[node], twin.get(part, part) if isinstance(part, Value) else part
            old, new = marks.get(place), mark(row)
            if old is None or ORDER.index(new[0]) < ORDER.index(old[0]):
                marks[place] = new
    return draw(loss, marks=marks, digits=DIGITS, fold="none")


def mark(row: Row) -> tuple[str, str]:
    """How a row marks its place: what it turned out to be, and what was written if it is wrong."""
    kind = KINDS[row.verdict]
    short = row.text if len(row.text) <= 16 else row.text[:15] + "…"
    return kind, "" if kind == "right" else f"written {short}"


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


def places(row: Row, problem: Problem) -> Iterator[tuple[Value, "str | Value"]]:
    """The places in the picture that a row is about: none for what the loss does not contain."""
    try:
        (about,) = side(plain(row.name), problem.known).meaning.values()
    except ValueError:
        return
    inside = set(below(problem.loss))
    names = about if isinstance(about, Slope) else [str(about)]
    if not all(map(problem.known, names)):
        return
    if isinstance(about, Slope):
        for of in flat(problem.find(about.of)):
            for by in flat(problem.find(about.by)):
                if of is problem.loss and by in inside:
                    yield by, "grad"
                elif by in of._prev and of in inside:
                    yield of, by
    elif isinstance(about, str):
        for node in flat(problem.find(about)):
            if node in inside:
                yield node, "update" if about.endswith("'") else "data"


def flat(x: object) -> Iterable[Value]:
    """A Value, or those of a nested list."""
    return [v for part in x for v in flat(part)] if isinstance(x, list) else [x]  # type: ignore[list-item]
