"""The picture of a graph: every value, every gradient, and on every arrow its local derivative.

    draw(loss)                          a Picture; the last line of a notebook cell shows it
    draw(loss, model)                   framed by layer; parameters, inputs and targets told apart
    draw(loss, model).save("net.svg")   or .png, .pdf, .dot

`parts` says what each node is, `fold` which nodes share a box, `labels` what stands in it. Here the
Graphviz source is written, which is the same in every process: nodes are called n0, n1, ... by
their position in the order of reading. Start reading at `draw`.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from itertools import pairwise, repeat
from typing import Any

from engine import Value, computed, is_constant, local_gradients

from .fold import FOLDS, Group, choose, groups, levels
from .labels import Marks, Style, detailed, folded, footer, frame_title, look, measure, tooltip
from .palette import FONT, GREY, INK, LINE, MARKS
from .parts import LOSS, Survey, survey
from .picture import Picture
from .text import number

SHOW = ("data", "grad", "slopes", "formula", "legend")
Columns = defaultdict[int, dict[int, list[str]]]
COUNTED = 40                        # with more arrows between folded boxes, none is labelled
AUTO = "gradient if computed"


def draw(value: "Value | Sequence[Value]", module: Any = None, *, direction: str = "LR",
         rankdir: str = "", digits: int = 4, format: str = "svg",
         show: Collection[str] = SHOW, fold: str | None = None, parameters: str | None = None,
         color: str | None = AUTO, marks: Marks | None = None) -> Picture:
    """A picture of everything that `value`, one Value or several, was computed from.

    module: a network; its layers become frames and its parameters get their names.
    direction (or rankdir): "LR", from left to right, or "TB", from top to bottom.
    show: what to show, out of data, grad, slopes, formula, legend.
    fold: "none", "neuron", "layer" or "level"; by default graphs above 120 nodes are folded.
    parameters: "outside", in boxes of their own, or "inside" their neuron's; or chosen for you.
    color: what fills the numbers' grounds, "gradient" (by size), "value" or None.
    marks: what checked numbers turned out to be, {(node, "grad"): ("wrong", "wrote 1.27")}; a part
    is "data", "grad", "update" or an input (the arrow from it), a mark one of palette.MARKS.
    """
    roots = [value] if isinstance(value, Value) else list(value)
    direction = rankdir or direction
    check(roots, direction=([direction], ("LR", "TB", "RL", "BT")), show=(show, SHOW),
          fold=([fold], (None, *FOLDS)), parameters=([parameters], (None, "inside", "outside")),
          color=([color], (AUTO, "gradient", "value", None)),
          marks=([kind for kind, _ in (marks or {}).values()], [*MARKS]))
    found = survey(roots, module)
    fold = fold or choose(found)
    if fold in ("neuron", "layer") and not found.before:
        raise ValueError(f"fold={fold!r} needs layers: give the network too, draw(loss, model)")
    boxes = groups(found, fold, None if parameters is None else parameters == "inside")
    if marks and color is AUTO:
        color = None                    # a second scale of colours would hide the marks
    style = Style(frozenset(show), digits, *coloured(color, boxes), marks or {})
    return Picture(write(found, boxes, style, direction, fold), format)


draw_dot = draw                     # micrograd's name


def check(roots: list[Value], **given: tuple[Collection[Any], Sequence[Any]]) -> None:
    """Raises an error that names the first argument which is not what it can be."""
    for root in roots:
        if not isinstance(root, Value):
            kind = type(root).__name__
            raise TypeError(f"draw takes a Value or a list of Values, not {root!r} of type {kind}")
    if not roots:
        raise ValueError("there is nothing to draw in an empty list: give at least one Value")
    for name, (chosen, known) in given.items():
        for one in chosen:
            if one not in known:
                choice = ", ".join(map(repr, known))
                raise ValueError(f"{name}={one!r} is not known: choose from {choice}")


def coloured(color: str | None, boxes: list[Group]) -> tuple[str | None, float]:
    """What the colours mean, and the largest finite size that they have to show."""
    if color is AUTO:
        color = "gradient" if any(computed(n) for box in boxes for n in box.nodes) else None
    sizes = [abs(measure(box, color)) for box in boxes] if color else []
    return color, max(filter(math.isfinite, sizes), default=0.0)


# ---- writing

GRAPH = {"fontname": FONT, "fontsize": "10", "nodesep": "0.16", "ranksep": "0.6", "pad": "0.2",
         "remincross": "false", "bgcolor": "white", "labelloc": "b", "tooltip": " "}
NODE = {"shape": "box", "fontname": FONT, "fontsize": "10", "fontcolor": INK, "margin": "0.04,0.02",
        "height": "0.2", "width": "0.2"}
EDGE = {"color": LINE, "arrowsize": "0.55", "fontname": FONT, "fontsize": "8", "fontcolor": GREY}
FRAME = {"style": "rounded", "color": "#C9D0D8", "fontcolor": GREY, "margin": "10", "labelloc": "t",
         "labeljust": "l", "tooltip": " "}


def write(found: Survey, boxes: list[Group], style: Style, direction: str, fold: str) -> Any:
    """The whole picture as a graphviz.Digraph."""
    import graphviz
    label = footer(found, boxes, style, fold)
    dot = graphviz.Digraph(graph_attr={**GRAPH, "rankdir": direction, "label": label},
                           node_attr=NODE, edge_attr=EDGE)
    position = {n: i for i, n in enumerate(found.nodes)}
    ids = [f"n{position[box.nodes[-1]]}" for box in boxes]
    columns = in_columns(ids, boxes, found)
    for place in sorted({box.place for box in boxes if box.place is not None}):
        with dot.subgraph(name=f"cluster_{place + 1 if place < LOSS else 'loss'}") as frame:
            frame.attr(label=frame_title(found, place), **FRAME)
            write_boxes(frame, ids, boxes, found, style, place)
            tidy(frame, columns[place], direction, place == LOSS)
    write_boxes(dot, ids, boxes, found, style, None)
    write_edges(dot, ids, boxes, style)
    side_by_side(dot, columns)
    return dot


def write_boxes(dot: Any, ids: list[str], boxes: list[Group], found: Survey, style: Style,
                place: int | None) -> None:
    """Writes the boxes that stand in one place."""
    for i, box in zip(ids, boxes):
        if box.place == place:
            own = look(box, found, style)
            label = (detailed if box.detailed else folded)(box, found, style)
            dot.node(i, label, color=own.ink, fillcolor=own.fill, style=own.style,
                     penwidth=own.width, peripheries=own.peripheries, tooltip=tooltip(box, found))


def write_edges(dot: Any, ids: list[str], boxes: list[Group], style: Style) -> None:
    """Writes an arrow per input with its local derivative; with a count between folded boxes."""
    home = {n: i for i, box in zip(ids, boxes) for n in box.nodes}
    shown = {i for i, box in zip(ids, boxes) if box.detailed}
    many: Counter[tuple[str, str]] = Counter()
    for node in (n for box in boxes for n in box.nodes):
        head = home[node]
        slopes = local_gradients(node) if "slopes" in style.show and head in shown else None
        for x, slope in zip(node._prev, slopes or repeat(None)):
            if head in shown and home[x] in shown and home[x] != head:
                text = None if slope is None else number(slope, style.digits)
                dot.edge(home[x], head, **arrow(node, x, None if is_constant(x) else text, style))
            elif home[x] != head:
                many[home[x], head] += 1
    write_counts(dot, many)


def arrow(node: Value, x: Value, slope: str | None, style: Style) -> dict[str, str | None]:
    """What an arrow from x looks like: its local derivative, with its mark if it was checked."""
    kind, remark = style.marks.get((node, x), ("", ""))
    if not kind:
        return {"label": slope}
    mark = MARKS[kind]
    line = {"color": mark.ink, "penwidth": mark.width} if mark.width else {}
    return {"label": " ".join(filter(None, (slope, mark.sign, remark))), "fontcolor": mark.ink,
            **line}


def write_counts(dot: Any, many: "Counter[tuple[str, str]]") -> None:
    """Writes the arrows between folded boxes, thicker where they stand for more."""
    for (tail, head), count in many.items():
        label = f"×{count:,}" if count > 1 and len(many) <= COUNTED else ""
        dot.edge(tail, head, label=label, penwidth=f"{1 + math.log10(count) / 2:.2g}")


def in_columns(ids: list[str], boxes: list[Group], found: Survey) -> Columns:
    """The boxes of each place, by depth; what enters the place has depth 0."""
    level, columns = levels(found), Columns(dict)
    for i, box in zip(ids, boxes):
        if box.place is not None:
            last = box.nodes[-1]
            columns[box.place].setdefault(level[last] if last._prev else 0, []).append(i)
    return columns


def tidy(frame: Any, columns: dict[int, list[str]], direction: str, loose: bool) -> None:
    """Keeps every column of a frame in the order of reading, by invisible arrows.

    loose: what enters the frame may stand in several columns, and is left alone.
    """
    for depth, column in columns.items():
        order = column[::-1] if direction in ("LR", "RL") else column   # Graphviz stacks upwards
        if len(column) > 1 and (depth or not loose):
            with frame.subgraph(graph_attr={"rank": "same"}) as same:
                for a, b in pairwise(order):
                    same.edge(a, b, style="invis")


def side_by_side(dot: Any, columns: Columns) -> None:
    """Sets the frames side by side, by invisible arrows."""
    places = sorted(columns)
    for left, right in pairwise(places):
        for i in columns[right].get(0, ()):
            dot.edge(columns[left][max(columns[left])][0], i, style="invis")
