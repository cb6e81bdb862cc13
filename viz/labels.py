"""The text of a picture: what stands in a box, in the legend and in the tooltips.

    detailed   one node: its name and formula, its number and gradient, the parameters inside
    folded     many nodes: how many of which kind, the range of their values, their gradient's size
    footer     the legend, and what a folded picture leaves out

Labels are Graphviz's HTML-like tables. Text from outside goes through `shown` or `quoted`, and
appears as it is: nothing in it is interpreted.
"""

import html
import math
import re
from collections import Counter
from typing import Any, NamedTuple

from engine import Value, computed, is_constant, local_gradients

from .fold import Group, outputs
from .palette import GREY, INK, LOOKS, Look, fill, ink_on
from .parts import INPUTS, LOSS, Survey
from .text import expression, number, operation

LONG, WIDE = 40, 52                 # characters; longer names and formulas are cut, tooltips are not


class Style(NamedTuple):
    """The options of a picture, and the largest number among its colours."""

    show: frozenset[str]
    digits: int
    color: str | None
    largest: float


# ---- what is shown

def measure(box: Group, color: str | None) -> float:
    """The number behind the colour of a box: its gradient's norm, or its value of largest size."""
    return norm(box.nodes) or 0.0 if color == "gradient" else max((n.data for n in outputs(box.nodes)), key=abs)


def norm(nodes: list[Value]) -> float | None:
    """The length of the gradient of a box: over its parameters if it has any; None before backward()."""
    grads = [n.grad for n in ([n for n in nodes if not n._prev and not is_constant(n)] or nodes) if computed(n) and not is_constant(n)]
    return math.hypot(*grads) if grads else None


def box_kind(box: Group, found: Survey) -> str:
    """The kind of a box: that of its last node, or "folded"."""
    return found.kinds[box.nodes[-1]] if box.detailed else "folded"


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
    kinds = Counter(operation(n) if n._prev else f"{found.kinds[n]}s" for n in box.nodes)
    made = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common(4))
    made = f"{len(box.nodes):,} nodes: {made}{', …' if len(kinds) > 4 else ''}"
    rows = [cell(bold(box.title, INK)), cell(small(made, GREY)) if len(kinds) > 1 else ""]
    data = [n.data for n in outputs(box.nodes)]
    low, high = number(min(data), style.digits), number(max(data), style.digits)
    if "data" in style.show:
        biggest = measure(box, "value") if style.color == "value" else None
        rows.append(chip("data", low if low == high else f"{low} to {high}", biggest, style))
    if "grad" in style.show and not all(map(is_constant, box.nodes)):
        size = norm(box.nodes)
        rows.append(cell(small("grad not computed", GREY)) if size is None else chip(
            "grad norm", number(size, style.digits), size if style.color == "gradient" else None, style))
    return table(*rows)


def tooltip(box: Group, found: Survey, style: Style) -> str:
    """What a pointer over a box shows: names and formulas in full."""
    node = box.nodes[-1]
    if not box.detailed:
        return quoted(f"{box.title}: {len(box.nodes):,} nodes", 2)
    made = f" = {expression(node, names=found.names, terms=20)}" if node._prev else ""
    return quoted(found.names.get(node, number(node.data)) + made, 2)


# ---- around the boxes

def frame_title(found: Survey, place: int) -> str:
    """The title of a frame."""
    return quoted({INPUTS: "inputs", LOSS: "loss"}.get(place) or found.layers[place])


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
    return cell(small("   on an arrow: the local derivative (slope)", GREY)) if alone else ""


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
    return html.escape(visible(cut)).replace("\\", "&#92;&#92;")     # Graphviz would take \\N for the node's id


def visible(text: str) -> str:
    """The text with line breaks, control characters and broken unicode made visible."""
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]", lambda c: repr(c[0])[1:-1], text)


def quoted(text: str, times: int = 1) -> str:
    """Any text as itself in a plain attribute; Graphviz reads a tooltip's backslashes two times."""
    return html.escape(visible(text)).replace("\\", "\\" * 2 ** times)
