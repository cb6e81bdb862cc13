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
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from engine import Value, computed, is_constant, local_gradients

from .fold import Group, outputs
from .palette import GREY, INK, LOOKS, MARKS, Look, Mark, fill, ink_on
from .parts import INPUTS, LOSS, Survey
from .text import expression, number, operation

LONG, WIDE = 40, 52                 # characters; longer names and formulas are cut
Marks = Mapping[tuple[Value, "str | Value"], tuple[str, str]]


class Style(NamedTuple):
    """The options of a picture, and the largest number among its colours."""

    show: frozenset[str]
    digits: int
    color: str | None
    largest: float
    marks: Marks = {}               # noqa: RUF012  a default that nothing writes to

    def by(self, color: str, x: float) -> float | None:
        """x if this is what the colours show, else None."""
        return x if self.color == color else None


# ---- what is shown

def measure(box: Group, color: str | None) -> float:
    """The number behind the colour of a box: its largest gradient (folded, its norm), or value."""
    if color == "gradient" and box.detailed:
        return max((abs(n.grad) for n in box.nodes if computed(n)), default=0.0)
    if color == "gradient":
        return norm(box.nodes) or 0.0
    return max((n.data for n in outputs(box.nodes)), key=abs)


def norm(nodes: list[Value]) -> float | None:
    """The length of a box's gradient, over its leaves if it has any; None before backward()."""
    variable = [n for n in nodes if not is_constant(n)]
    leaves = [n for n in variable if not n._prev]
    grads = [n.grad for n in leaves or variable if computed(n)]
    return math.hypot(*grads) if grads else None


def box_kind(box: Group, found: Survey) -> str:
    """The kind of a box: that of its last node, or "folded"."""
    return found.kinds[box.nodes[-1]] if box.detailed else "folded"


# ---- the text in the boxes

def detailed(box: Group, found: Survey, style: Style) -> str:
    """The label of one node: its name and formula, its data and gradient, the parameters inside."""
    node, name = box.nodes[-1], found.names.get(box.nodes[-1], "")
    if is_constant(node) and not name:
        return table(cell(number(node.data, style.digits)))
    title = bold(name, LOOKS[found.kinds[node]].ink)
    each = data_cell(node, style), grad_cell(node, style), update_cell(node, style)
    numbers = "".join(each)
    if not node._prev and style.marks:
        return table(cell(title, 'ALIGN="LEFT"'), *each)
    if not node._prev:
        return table(cell(title) + numbers)
    made = formula(node, found, style) if "formula" in style.show else node._op
    equation = f"{title}{ink(' = ', GREY)}{ink(shown(made, WIDE), INK, 9)}" if made else title
    rows = [cell(equation, 'COLSPAN="3" ALIGN="LEFT"'), numbers + filler(name + made, numbers)]
    if len(box.nodes) > 1:
        rows.append(cell(parameter_rows(box, found, style), 'COLSPAN="3"'))
    return table(*rows)


def filler(above: str, numbers: str) -> str:
    """An empty cell that keeps numbers at the left below a longer text; its width is a guess."""
    points = 5 * len(above) - 6 * len(re.sub("<.*?>", "", numbers))
    return f'<TD WIDTH="{points}"></TD>' if points > 0 and numbers else ""


def parameter_rows(box: Group, found: Survey, style: Style) -> str:
    """The parameters inside a box as a table: name, data, gradient, local derivative."""
    node, blue, ground = box.nodes[-1], LOOKS["parameter"].ink, LOOKS["parameter"].fill
    slopes = dict(zip(node._prev, local_gradients(node) or ()))
    heads = [h for h in ("data", "grad", "slopes") if h in style.show]
    left = 'ALIGN="LEFT"'
    rows = [cell("") + "".join(cell(small(h.removesuffix("s"), GREY), left) for h in heads)]
    for x in box.nodes[:-1]:
        cells = {"data": chip("", number(x.data, style.digits), style.by("value", x.data), style,
                              marked(x, "data", style)),
                 "grad": chip("", number(x.grad, style.digits), style.by("gradient", x.grad), style,
                              marked(x, "grad", style))
                 if computed(x) else cell(small("not computed", GREY)),
                 "slopes": cell(number(slopes[x], style.digits) if x in slopes else "", left)}
        rows.append(cell(bold(found.names[x], blue), left) + "".join(cells[h] for h in heads)
                    + update_cell(x, style))
    return table(*rows, how=f'BGCOLOR="{ground}" COLOR="{blue}" BORDER="1"')


def formula(node: Value, found: Survey, style: Style) -> str:
    """The formula of a node; a long list is cut in its middle."""
    whole = expression(node, digits=style.digits, names=found.names, terms=20)
    if len(whole) <= WIDE:
        return whole
    return expression(node, digits=style.digits, names=found.names, terms=2)


def data_cell(node: Value, style: Style) -> str:
    """The cell that shows a node's number."""
    if "data" not in style.show:
        return ""
    return chip("data", number(node.data, style.digits), style.by("value", node.data), style,
                marked(node, "data", style))


def grad_cell(node: Value, style: Style) -> str:
    """The cell that shows a node's gradient; nothing for a constant."""
    if "grad" not in style.show or is_constant(node):
        return ""
    if not computed(node):
        return cell(small("grad not computed", GREY))
    return chip("grad", number(node.grad, style.digits), style.by("gradient", node.grad), style,
                marked(node, "grad", style))


def folded(box: Group, found: Survey, style: Style) -> str:
    """The label of many nodes: how many, the range of their values, their gradient's size."""
    rows = [cell(bold(box.title, INK)), census(box, found)]
    data = [n.data for n in outputs(box.nodes)]
    low, high = number(min(data), style.digits), number(max(data), style.digits)
    if "data" in style.show:
        span = low if low == high else f"{low} to {high}"
        rows.append(chip("data", span, style.by("value", measure(box, "value")), style))
    size = norm(box.nodes)
    if "grad" in style.show and size is not None:
        text = number(size, style.digits)
        rows.append(chip("grad norm", text, style.by("gradient", size), style))
    elif "grad" in style.show and not all(map(is_constant, box.nodes)):
        rows.append(cell(small("grad not computed", GREY)))
    return table(*rows)


def census(box: Group, found: Survey) -> str:
    """The cell that says how many nodes of which kind there are, unless the title does."""
    kinds = Counter(operation(n) if n._prev else f"{found.kinds[n]}s" for n in box.nodes)
    made = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common(4))
    more = ", …" if len(kinds) > 4 else ""
    return cell(small(f"{len(box.nodes):,} nodes: {made}{more}", GREY)) if len(kinds) > 1 else ""


def tooltip(box: Group, found: Survey) -> str:
    """What a pointer over a box shows: names and formulas in full."""
    node = box.nodes[-1]
    if not box.detailed:
        return quoted(f"{box.title}: {len(box.nodes):,} nodes", 2)
    made = f" = {expression(node, names=found.names, terms=20)}" if node._prev else ""
    return quoted(found.names.get(node, number(node.data)) + made, 2)


# ---- marks

def worst(marks: Iterable[tuple[str, str]]) -> Mark | None:
    """The worst of some marks; None where there is none."""
    kinds = {kind for kind, _ in marks}
    return next((mark for kind, mark in MARKS.items() if kind in kinds), None)


def look(box: Group, found: Survey, style: Style) -> Look:
    """The look of a box: that of its kind, with the border of its worst mark."""
    own, plain = set(box.nodes), LOOKS[box_kind(box, found)]
    mark = worst(mark for (node, part), mark in style.marks.items()
                 if node in own and isinstance(part, str))
    if not mark or not mark.width:
        return plain
    return plain._replace(ink=mark.ink, fill=mark.fill, width=mark.width)


def marked(node: Value, part: str, style: Style) -> str:
    """The sign behind a checked number, and what was written instead of it."""
    kind, remark = style.marks.get((node, part), ("", ""))
    if not kind:
        return ""
    sign, note = MARKS[kind].sign, f" {remark}" if remark else ""
    return f" {bold(sign, MARKS[kind].ink)}{small(note, MARKS[kind].ink)}"


def update_cell(node: Value, style: Style) -> str:
    """The cell that says whether the updated parameter was right."""
    mark = marked(node, "update", style)
    return mark and cell(f"{small('after update', GREY)}{mark}", 'ALIGN="LEFT"')


def key_to_marks(style: Style) -> str:
    """The marks in the legend."""
    used = {kind for kind, _ in style.marks.values()}
    return "".join(cell(f"{bold(m.sign, m.ink)} {small(m.meaning, m.ink)}")
                   for kind, m in MARKS.items() if kind in used)


# ---- around the boxes

def frame_title(found: Survey, place: int) -> str:
    """The title of a frame."""
    return quoted({INPUTS: "inputs", LOSS: "loss"}.get(place) or found.layers[place])


def footer(found: Survey, boxes: list[Group], style: Style, fold: str) -> str:
    """The legend, and what the picture leaves out."""
    lines = []
    if fold != "none":
        count = f"{len(found.nodes):,} nodes folded by {fold} into {len(boxes):,} boxes"
        lines.append(cell(small(f"{count}; fold='none' draws all", INK)))
    if "legend" in style.show:
        present = {found.kinds[n] if b.detailed else "folded" for b in boxes for n in b.nodes}
        kinds = "".join(sample(kind, look) for kind, look in LOOKS.items() if kind in present)
        notes = scale(style) + key_to_marks(style) + arrow_note(boxes, style)
        lines.append(cell(table(kinds + notes, gap=5)))
    return table(*lines) if lines else ""


def sample(kind: str, look: Look) -> str:
    """A kind of node in the legend."""
    styles = [s for s in look.style.split(",") if s != "filled"]
    border = f'BORDER="1" STYLE="{",".join(styles) or "solid"}" COLOR="{look.ink}"'
    return f'<TD {border} BGCOLOR="{look.fill}" CELLPADDING="3">{small(kind, look.ink)}</TD>'


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


def chip(word: str, text: str, x: float | None, style: Style, mark: str = "") -> str:
    """A cell with a word, a number and its mark, on the ground that belongs to x, if any."""
    if x is None:
        return cell(f"{small(word, GREY)} {text}{mark}", 'ALIGN="LEFT"')
    ground = fill(x, style.largest, str(style.color))
    on = ink_on(ground)
    how = f'BGCOLOR="{ground}" STYLE="ROUNDED" CELLPADDING="2" ALIGN="LEFT"'
    return cell(f"{small(word, on)}{ink(f' {text}', on)}{mark}", how)


def bold(text: str, colour: str) -> str:
    """The text in bold."""
    return f"<B>{ink(shown(text), colour)}</B>"


def small(text: str, colour: str) -> str:
    """The text in small print; '' for ''."""
    return text and ink(shown(text, 200), colour, 8)


def ink(written: str, colour: str, points: int = 0) -> str:
    """What is written, in a colour and perhaps of another size."""
    size = f'POINT-SIZE="{points}" ' if points else ""
    return f'<FONT {size}COLOR="{colour}">{written}</FONT>'


def shown(text: str, most: int = LONG) -> str:
    """Any text as itself inside a label: cut if long, on one line, nothing interpreted."""
    cut = text if len(text) <= most else text[:most - 1] + "…"
    return html.escape(visible(cut)).replace("\\", "&#92;&#92;")  # \\N is a node's id


def visible(text: str) -> str:
    """The text with line breaks, control characters and broken unicode made visible."""
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]", lambda c: repr(c[0])[1:-1], text)


def quoted(text: str, times: int = 1) -> str:
    """Any text as itself in a plain attribute; Graphviz reads a tooltip's backslashes two times."""
    return html.escape(visible(text)).replace("\\", "\\" * 2 ** times)
