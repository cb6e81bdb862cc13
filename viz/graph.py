"""The picture of a graph: what was computed, every gradient, and on every arrow its local derivative.

    draw(loss)                          a Picture; the last line of a notebook cell shows it
    draw(loss, model)                   framed by layer; parameters, inputs and targets told apart
    draw(loss, model).save("net.svg")   or .png, .pdf, .dot

`parts` says what each node is, `fold` which nodes share a box, `palette` how it looks; this file
writes them down as Graphviz source, which is the same in every process: nodes are called n0, n1, ...
by their position in the order of the graph. Start reading at `draw`.
"""

import html
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from engine import Value, computed, is_constant, local_gradients

from .fold import FOLDS, Group, choose, groups, levels, outputs
from .palette import FONT, GREY, INK, LINE, LOOKS, SIGN, SIZE, Look, fill, ink_on
from .parts import INPUTS, LOSS, Survey, survey
from .picture import Picture
from .text import expression, number

SHOW = ("data", "grad", "slopes", "formula", "legend")
LONG, WIDE = 40, 52                 # characters; longer names and formulas are cut, tooltips are not
Columns = defaultdict[int, dict[int, list[str]]]
AUTO: Any = "gradient if computed"


class Style(NamedTuple):
    """The options of a picture, and the largest number among its colours."""

    show: frozenset[str]
    digits: int
    color: str | None
    largest: float


def draw(value: "Value | Sequence[Value]", module: Any = None, *, direction: str = "LR", rankdir: str = "",
         digits: int = 4, format: str = "svg", show: Collection[str] = SHOW, fold: str | None = None,
         parameters: str | None = None, color: str | None = AUTO) -> Picture:
    """A picture of everything that `value`, one Value or several, was computed from.

    module: a network; its layers become frames and its parameters get their names.
    direction (or rankdir): "LR", from left to right, or "TB", from top to bottom.
    show: what to show, out of data, grad, slopes, formula, legend.
    fold: "none", "neuron", "layer" or "level"; by default graphs above 120 nodes are folded.
    parameters: "outside", in boxes of their own, or "inside" those of the neurons; chosen by default.
    color: what fills the numbers' grounds, "gradient" (by size), "value" or None.
    """
    roots = [value] if isinstance(value, Value) else list(value)
    direction = rankdir or direction
    check(roots, direction=(direction, ("LR", "TB", "RL", "BT")), fold=(fold, (None, *FOLDS)),
          parameters=(parameters, ("inside", "outside", None)), color=(color, (AUTO, "gradient", "value", None)), **{f"show={s!r}": (s, SHOW) for s in show})
    found = survey(roots, module)
    fold = fold or choose(found)
    if fold in ("neuron", "layer") and not found.before:
        raise ValueError(f"fold={fold!r} needs the layers: give the network too, as in draw(loss, model, fold={fold!r})")
    boxes = groups(found, fold, parameters and parameters == "inside")
    style = Style(frozenset(show), digits, *coloured(color, boxes))
    return Picture(write(found, boxes, style, direction, fold), format)


draw_dot = draw                     # micrograd's name


def check(roots: list[Value], **given: tuple[Any, Sequence[Any]]) -> None:
    """Raises an error that names the first argument which is not what it can be."""
    for root in roots:
        if not isinstance(root, Value):
            raise TypeError(f"draw takes a Value or a list of Values, not {root!r} of type {type(root).__name__}")
    if not roots:
        raise ValueError("there is nothing to draw in an empty list: give at least one Value")
    for name, (chosen, known) in given.items():
        if chosen not in known:
            raise ValueError(f"{name.split('=')[0]}={chosen!r} is not known: choose from {known}")


def coloured(color: str | None, boxes: list[Group]) -> tuple[str | None, float]:
    """What the colours mean, and the largest finite size that they have to show."""
    if color is AUTO:
        color = "gradient" if any(computed(n) for box in boxes for n in box.nodes) else None
    sizes = [abs(measure(box, color)) for box in boxes] if color else []
    return color, max(filter(math.isfinite, sizes), default=0.0)


def measure(box: Group, color: str | None) -> float:
    """The number behind the colour of a box: its gradient's norm, or its value of largest size."""
    return norm(box.nodes) or 0.0 if color == "gradient" else max((n.data for n in outputs(box.nodes)), key=abs)


def norm(nodes: list[Value]) -> float | None:
    """The length of the gradient of a box: over its parameters if it has any; None before backward()."""
    grads = [n.grad for n in ([n for n in nodes if not n._prev] or nodes) if computed(n) and not is_constant(n)]
    return math.hypot(*grads) if grads else None


# ---- writing

def write(found: Survey, boxes: list[Group], style: Style, direction: str, fold: str) -> Any:
    """The whole picture as a graphviz.Digraph."""
    import graphviz
    dot = graphviz.Digraph(
        graph_attr={"rankdir": direction, "fontname": FONT, "fontsize": "10", "nodesep": "0.16", "ranksep": "0.55",
                    "pad": "0.2", "bgcolor": "white", "labelloc": "b", "tooltip": " ",
                    "label": footer(found, boxes, style, fold)},
        node_attr={"shape": "box", "fontname": FONT, "fontsize": "10", "fontcolor": INK, "margin": "0.04,0.02",
                   "height": "0.2", "width": "0.2"},
        edge_attr={"color": LINE, "arrowsize": "0.55", "fontname": FONT, "fontsize": "8", "fontcolor": GREY})
    position = {n: i for i, n in enumerate(found.nodes)}
    ids = [f"n{position[box.nodes[-1]]}" for box in boxes]
    columns = in_columns(ids, boxes, found)
    for place in sorted({box.place for box in boxes if box.place is not None}):
        with dot.subgraph(name=f"cluster_{place + 1 if place < LOSS else 'loss'}") as frame:
            frame.attr(label=frame_title(found, place), style="rounded", color="#C9D0D8", fontcolor=GREY, margin="10",
                       labelloc="t", labeljust="l", tooltip=" ")
            write_boxes(frame, ids, boxes, found, style, place)
            tidy(frame, columns[place] if place < LOSS else {}, direction)
    write_boxes(dot, ids, boxes, found, style, None)
    write_edges(dot, ids, boxes, style)
    side_by_side(dot, columns)
    return dot


def frame_title(found: Survey, place: int) -> str:
    """The title of a frame."""
    return quoted({INPUTS: "inputs", LOSS: "loss"}.get(place) or found.layers[place])


def write_boxes(dot: Any, ids: list[str], boxes: list[Group], found: Survey, style: Style, place: int | None) -> None:
    """Writes the boxes that stand in one place."""
    for i, box in zip(ids, boxes):
        if box.place == place:
            look = LOOKS[box_kind(box, found)]
            label = detailed(box, found, style, look) if box.detailed else folded(box, found, style)
            dot.node(i, label, color=look.ink, fillcolor=look.fill, style=look.style, penwidth=look.width,
                     peripheries=look.peripheries, tooltip=tooltip(box, found, style))


def box_kind(box: Group, found: Survey) -> str:
    """The kind of a box: that of its last node, or "folded"."""
    return found.kinds[box.nodes[-1]] if box.detailed else "folded"


def write_edges(dot: Any, ids: list[str], boxes: list[Group], style: Style) -> None:
    """Writes one arrow per input with its local derivative; between folded boxes, one with a count."""
    home = {n: i for i, box in zip(ids, boxes) for n in box.nodes}
    many: Counter[tuple[str, str]] = Counter()
    alone = {i for i, box in zip(ids, boxes) if box.detailed}
    for node in (n for box in boxes for n in box.nodes):
        to = home[node]
        slopes = local_gradients(node) if "slopes" in style.show and to in alone else None
        for k, x in enumerate(node._prev):
            if home[x] == to:
                continue
            if to in alone and home[x] in alone:
                text = number(slopes[k], style.digits) if slopes is not None and not is_constant(x) else ""
                dot.edge(home[x], to, **({"label": text} if text else {}))
            else:
                many[home[x], to] += 1
    for (tail, head), count in many.items():
        dot.edge(tail, head, label=f"×{count:,}" if count > 1 else "", penwidth=f"{1 + math.log10(count) / 2:.2g}")


def in_columns(ids: list[str], boxes: list[Group], found: Survey) -> Columns:
    """The boxes of each place, by depth; what enters the place has depth 0."""
    level, columns = levels(found), Columns(dict)
    for i, box in zip(ids, boxes):
        if box.place is not None:
            last = box.nodes[-1]
            columns[box.place].setdefault(level[last] if last._prev else 0, []).append(i)
    return columns


def tidy(frame: Any, columns: dict[int, list[str]], direction: str) -> None:
    """Keeps every column of a frame in the order of reading, by invisible arrows."""
    for column in columns.values():
        order = column[::-1] if direction in ("LR", "RL") else column       # Graphviz stacks upwards
        if len(column) > 1:
            with frame.subgraph(graph_attr={"rank": "same"}) as same:
                for a, b in zip(order, order[1:]):
                    same.edge(a, b, style="invis")


def side_by_side(dot: Any, columns: Columns) -> None:
    """Sets the frames side by side, by invisible arrows."""
    places = sorted(columns)
    for left, right in zip(places, places[1:]):
        for i in columns[right].get(0, ()):
            dot.edge(columns[left][max(columns[left])][0], i, style="invis")


# ---- the text in the boxes

def detailed(box: Group, found: Survey, style: Style, look: Look) -> str:
    """The label of one node: its name and formula, its data and gradient, the parameters inside."""
    node, name = box.nodes[-1], found.names.get(box.nodes[-1], "")
    title = bold(name, look.ink) if name else ""
    numbers = data_cell(node, style) + grad_cell(node, style)
    if is_constant(node) and not name:
        return table(cell(number(node.data, style.digits)))
    if not node._prev:
        return table(cell(title) + numbers)
    made = formula(node, found, style) if "formula" in style.show else node._op
    title += f'<FONT COLOR="{GREY}"> = </FONT><FONT POINT-SIZE="9">{shown(made, WIDE)}</FONT>' if made else ""
    spare = 7 * len(name) + 5 * len(made) - 6 * len(re.sub("<.*?>", "", numbers))   # points, roughly
    filler = f'<TD WIDTH="{spare}"></TD>' if spare > 0 and numbers else ""          # keeps the numbers left
    rows = [cell(title, 'COLSPAN="3" ALIGN="LEFT"'), numbers + filler]
    if len(box.nodes) > 1:
        rows.append(cell(parameter_rows(box, found, style), 'COLSPAN="3"'))
    return table(*rows)


def parameter_rows(box: Group, found: Survey, style: Style) -> str:
    """The parameters inside a box as a table: name, data, gradient, local derivative."""
    node, ink, ground = box.nodes[-1], LOOKS["parameter"].ink, LOOKS["parameter"].fill
    slopes = dict(zip(node._prev, local_gradients(node) or ()))
    heads = [h for h in ("data", "grad", "slopes") if h in style.show]
    rows = [cell("") + "".join(cell(small(h.removesuffix("s"), GREY), 'ALIGN="LEFT"') for h in heads)]
    for x in box.nodes[:-1]:
        cells = {"data": plain(x.data, x.data if style.color == "value" else None, style),
                 "grad": plain(x.grad, x.grad if style.color == "gradient" else None, style)
                 if computed(x) else cell(small("not computed", GREY)),
                 "slopes": plain(slopes.get(x), None, style)}
        rows.append(cell(bold(found.names[x], ink), 'ALIGN="LEFT"') + "".join(cells[h] for h in heads))
    return table(*rows, how=f'BGCOLOR="{ground}" COLOR="{ink}" BORDER="1"')


def formula(node: Value, found: Survey, style: Style) -> str:
    """The formula of a node; a long list is cut in its middle."""
    whole = expression(node, digits=style.digits, names=found.names, terms=20)
    return whole if len(whole) <= WIDE else expression(node, digits=style.digits, names=found.names, terms=2)


def data_cell(node: Value, style: Style) -> str:
    """The cell that shows a node's number."""
    if "data" not in style.show:
        return ""
    return chip("data", number(node.data, style.digits), node.data if style.color == "value" else None, style)


def grad_cell(node: Value, style: Style) -> str:
    """The cell that shows a node's gradient; nothing for a constant."""
    if "grad" not in style.show or is_constant(node):
        return ""
    if not computed(node):
        return cell(small("grad not computed", GREY))
    return chip("grad", number(node.grad, style.digits), node.grad if style.color == "gradient" else None, style)


def folded(box: Group, found: Survey, style: Style) -> str:
    """The label of many nodes: how many, the range of their values, and the size of their gradient."""
    kinds = Counter(n._rule.name if n._prev else found.kinds[n] for n in box.nodes)
    made = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common(4)) + (", …" if len(kinds) > 4 else "")
    rows = [cell(bold(box.title, INK)), cell(small(f"{len(box.nodes):,} nodes: {made}", GREY))]
    data = [n.data for n in outputs(box.nodes)]
    low, high = number(min(data), style.digits), number(max(data), style.digits)
    if "data" in style.show:
        biggest = measure(box, "value") if style.color == "value" else None
        rows.append(chip("data", low if low == high else f"{low} to {high}", biggest, style))
    if "grad" in style.show:
        size = norm(box.nodes)
        rows.append(cell(small("grad not computed", GREY)) if size is None else chip(
            "grad norm", number(size, style.digits), size if style.color == "gradient" else None, style))
    return table(*rows)


def tooltip(box: Group, found: Survey, style: Style) -> str:
    """What a pointer over a box shows: names and formulas in full."""
    node = box.nodes[-1]
    if not box.detailed:
        return quoted(f"{box.title}: {len(box.nodes):,} nodes")
    made = f" = {expression(node, names=found.names, terms=20)}" if node._prev else ""
    return quoted(found.names.get(node, number(node.data)) + made)


# ---- below the picture

def footer(found: Survey, boxes: list[Group], style: Style, fold: str) -> str:
    """The legend, and what the picture leaves out."""
    lines = []
    if fold != "none":
        lines.append(cell(small(f"{len(found.nodes):,} nodes folded by {fold} into {len(boxes):,} boxes; "
                                f"fold='none' draws all", INK)))
    if "legend" in style.show:
        present = {found.kinds[n] for b in boxes for n in b.nodes if b.detailed} | {box_kind(b, found) for b in boxes}
        kinds = "".join(sample(kind, look) for kind, look in LOOKS.items() if kind in present)
        lines.append(cell(table(kinds + scale(style) + arrow_note(boxes, style), gap=5)))
    return table(*lines) if lines else ""


def sample(kind: str, look: Look) -> str:
    """A kind of node in the legend."""
    styles = [s for s in look.style.split(",") if s != "filled"]
    return (f'<TD BORDER="1" STYLE="{",".join(styles) or "solid"}" COLOR="{look.ink}" BGCOLOR="{look.fill}" '
            f'CELLPADDING="3">{small(kind, look.ink)}</TD>')


def scale(style: Style) -> str:
    """The colours in the legend, with the numbers they stand for."""
    if not style.color or not style.largest:
        return ""
    steps = [0, 0.25, 0.5, 0.75, 1.0] if style.color == "gradient" else [-1.0, -0.5, 0, 0.5, 1.0]
    sizes = [math.copysign(t * t * style.largest, t) for t in steps]
    title = "size of gradient" if style.color == "gradient" else "value"
    return cell(small(f"   {title}", GREY)) + "".join(
        f'<TD BGCOLOR="{(ground := fill(x, style.largest, style.color))}" CELLPADDING="3">'
        f'{small(number(x, 2), ink_on(ground))}</TD>' for x in sizes)


def arrow_note(boxes: list[Group], style: Style) -> str:
    """What the numbers on the arrows are."""
    alone = "slopes" in style.show and any(box.detailed and box.nodes[-1]._prev for box in boxes)
    return cell(small("   on an arrow: the local derivative", GREY)) if alone else ""


# ---- Graphviz's HTML-like labels

def table(*rows: str, how: str = 'BORDER="0"', gap: int = 3) -> str:
    """A label of rows of cells."""
    body = "".join(f"<TR>{row}</TR>" for row in rows if row)
    return f'<<TABLE {how} CELLBORDER="0" CELLSPACING="{gap}" CELLPADDING="1">{body}</TABLE>>'


def cell(content: str, how: str = "") -> str:
    """A cell; a table inside it loses its outer angle brackets."""
    inside = content[1:-1] if content.startswith("<<") else content
    return f"<TD{' ' + how if how else ''}>{inside}</TD>"


def chip(word: str, text: str, x: float | None, style: Style) -> str:
    """A cell with a word and a number, on the ground that belongs to x."""
    ground = fill(x, style.largest, str(style.color)) if x is not None else ""
    ink = ink_on(ground) if ground else INK
    how = f'BGCOLOR="{ground}" STYLE="ROUNDED" CELLPADDING="2" ' if ground else ""
    word = small(word, ink if ground else GREY) if word else ""
    return cell(f'{word}<FONT COLOR="{ink}"> {text}</FONT>', how + 'ALIGN="LEFT"')


def plain(x: float | None, coloured_by: float | None, style: Style) -> str:
    """A cell with a number alone; an empty one for None."""
    return cell("") if x is None else chip("", number(x, style.digits), coloured_by, style)


def bold(text: str, ink: str) -> str:
    """The text in bold."""
    return f'<B><FONT COLOR="{ink}">{shown(text)}</FONT></B>'


def small(text: str, ink: str) -> str:
    """The text in small print."""
    return f'<FONT POINT-SIZE="8" COLOR="{ink}">{shown(text, 200)}</FONT>'


def shown(text: str, most: int = LONG) -> str:
    """Any text as itself inside a label: cut if long, on one line, with nothing interpreted."""
    cut = text if len(text) <= most else text[:most - 1] + "…"
    return html.escape(visible(cut)).replace("\\", "&#92;")


def visible(text: str) -> str:
    """The text with line breaks, control characters and broken unicode made visible."""
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]", lambda c: repr(c[0])[1:-1], text)


def quoted(text: str) -> str:
    """Any text as itself in a plain attribute."""
    import graphviz
    return str(graphviz.escape(html.escape(visible(text))))
