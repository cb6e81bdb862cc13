"""What Graphviz is asked: boxes of the sizes that the page will draw, in frames and columns.

    size(box, graph)        width and height of a box, so that its text fits in common fonts
    written(view, ...)      the Graphviz text; frames, columns and order are those of `draw`
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from engine import Value, is_constant

from ..fold import Group
from ..graph import GRAPH, in_columns, side_by_side, tidy
from ..parts import LOSS, Survey
from ..text import expression
from .graphdata import Graph
from .views import View

ROWS = 9                                # so many parameters stand in a box one by one
BOLD, THIN, NUMBERS = 6.9, 5.6, 150     # pixels of a character; of a value beside a gradient
PAD, LINE, HEAD = 8, 15, 17
CUT = 34                                # characters of a formula in a box
INCH = 72


class Arrow(NamedTuple):
    """An arrow between boxes: for one input of one node, or for many between folded boxes."""

    tail: str
    head: str
    many: int
    taken: Value | None = None
    taker: Value | None = None
    place: int = 0                      # among the inputs of the taker


def size(box: Group, graph: Graph) -> tuple[int, int]:
    """Width and height of a box, in pixels, so that its text fits in common fonts."""
    node = graph.data["nodes"][graph.number[box.nodes[-1]]]
    if not box.detailed:
        return round(max(NUMBERS, len(box.title) * BOLD + 34) + 2 * PAD), HEAD + 2 * LINE + PAD
    name, made = len(node["name"]), formula_length(box.nodes[-1], graph)
    if node["kind"] == "constant":
        return round(name * BOLD + 2 * PAD), HEAD + PAD
    title = name * BOLD + (made + 3) * THIN * bool(made) + 2 * PAD
    if not box.nodes[-1]._prev:
        return round(max(title, NUMBERS / 2 + 2 * PAD)), HEAD + 2 * LINE + PAD - 4
    inside = len(box.nodes) - 1
    longest = max((len(graph.found.names[x]) for x in box.nodes[:-1]), default=0)
    rows = 0 if not inside else inside * (LINE - 1) + 6 if inside <= ROWS else LINE + 3
    wide = NUMBERS + 2 * PAD + (longest * 6 + 4) * (0 < inside <= ROWS)
    return round(max(title, wide)), round(HEAD + LINE + rows + PAD)


def formula_length(node: Value, graph: Graph) -> int:
    """How many characters of a node's formula its box shows."""
    return min(len(expression(node, names=graph.found.names, terms=8)), CUT) if node._prev else 0


def written(view: View, ids: Sequence[str], sizes: Sequence[tuple[int, int]],
            arrows: Sequence[Arrow], found: Survey, direction: str) -> str:
    """The Graphviz text of a view."""
    import graphviz
    attributes = {**GRAPH, "rankdir": direction, "label": "", "nodesep": "0.14", "ranksep": "0.45"}
    dot = graphviz.Digraph(graph_attr=attributes, node_attr={
        "shape": "box", "fixedsize": "true", "label": ""}, edge_attr={"fontsize": "8",
        "arrowsize": "0.6"})
    columns = in_columns(list(ids), list(view.boxes), found)
    for place in sorted({b.place for b in view.boxes if b.place is not None}):
        here = [k for k, b in enumerate(view.boxes) if b.place == place]
        if len(here) == 1 and not view.boxes[here[0]].detailed:
            node(dot, ids[here[0]], sizes[here[0]])         # a closed layer needs no frame
            continue
        with dot.subgraph(name=f"cluster_{place + 1 if place < LOSS else 'loss'}") as frame:
            frame.attr(label="frame", margin="12", fontsize="13", labelloc="t", labeljust="l")
            for k in here:
                node(frame, ids[k], sizes[k])
            tidy(frame, columns[place], direction, place == LOSS)
    for k, box in enumerate(view.boxes):
        if box.place is None:
            node(dot, ids[k], sizes[k])
    for k, a in enumerate(arrows):
        numbered = a.taker is not None and not is_constant(a.taken or a.taker)
        dot.edge(a.tail, a.head, id=str(k), **({"label": "-0.0000"} if numbered else {}))
    side_by_side(dot, columns)
    return str(dot.source)


def node(dot: Any, name: str, wh: tuple[int, int]) -> None:
    """Writes one box of a size in pixels."""
    dot.node(name, width=f"{wh[0] / INCH:.3f}", height=f"{wh[1] / INCH:.3f}")
