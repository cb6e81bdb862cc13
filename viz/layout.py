"""A derivation as plain text for terminals, and what all its layouts share.

Each layout (here, typeset.py, web.py) reads the same `Line`s: a rule, what is given, and the sides
of an equation. A formula is text and LaTeX side by side, so no layout knows how one is written.
Start reading at `text`.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .formulas import Formula, product
from .steps import Line, lines

if TYPE_CHECKING:
    from .derivation import Derivation

WIDTH = 100                                 # columns of plain text
FULL = 30                                   # columns of a rule that an equation stands below
MOST_PATHS = 9                              # paths that text lists


def body(d: "Derivation") -> Iterator[list[Line]]:
    """The lines of every step that is shown."""
    said = {part.left.text for part in [*d.about, *named_parts(d)]}
    for step in d.steps if d.detail != "line" else ():
        yield list(lines(step, d.plan.names[d.y], d.plan.writer, said))


def named_parts(d: "Derivation") -> list[Line]:
    """What the names that were made up for this derivation stand for."""
    return [Line("", None, Formula(name, latex), (d.plan.says(node),))
            for node in d.plan.made_up
            for name, latex in [d.plan.writer.formula(node)]]


def title(d: "Derivation") -> Formula:
    """What is derived: ∂y/∂x, or the gradient of y."""
    if len(d.xs) == 1:
        return d.whole(d.xs[0])
    y = d.plan.writer.formula(d.y)
    return Formula(f"gradients of {y.text}", rf"\nabla {y.latex}")


# ---- plain text

def text(d: "Derivation") -> str:
    """The derivation as plain text."""
    out = [title(d).text, ""] if d.detail != "line" else []
    if d.detail != "line":
        out += [line for part in [*d.about, *named_parts(d)] for line in said(part, "with ")]
    if out[2:]:
        out.append("")
    for i, step in enumerate(body(d), 1):
        for k, line in enumerate(step):
            out += said(line, f"{i}. " if k == 0 else " " * len(f"{i}. "))
    closing = [row for line in d.closing for row in said(line, "")]
    out += ["", *closing] if closing and out and out[-1] else closing
    if d.detail != "line":
        paths = d.paths if len(d.xs) == 1 else []
        if 1 < len(paths) <= MOST_PATHS:
            out += ["", f"path by path, {d.shown(d.result)} in all:",
                    *(row for p in paths for row in path_text(d, p))]
        if len(d.xs) > 1:
            out += ["", *table_text(d)]
    return "\n".join(out)


def said(line: Line, prefix: str) -> list[str]:
    """One line of a derivation, broken where it would be longer than the page is wide."""
    head, left = prefix + (f"{line.rule}: " if line.rule else ""), line.left.text
    before = f"{line.given[0].text} = {line.given[1].text}, so " if line.given else ""
    if line.local:
        before += f"{line.local[0].text} = {line.local[1].text} and "
    whole = " = ".join([left, *(side.text for side in line.sides)])
    if len(head + before + whole) <= WIDTH:
        return [head + before + whole]
    indent = " " * len(prefix)
    if not before:
        return ([head.rstrip(), *equation(indent, left, line.sides)] if len(head) > FULL else
                equation(head, left, line.sides))
    if len(head + before) > WIDTH and len(top_level(before)) == 1:
        return [head.rstrip(), indent + before.rstrip(), *equation(indent, left, line.sides)]
    return [*filled(head, before.rstrip()), *equation(indent, left, line.sides)]


def filled(head: str, long: str) -> list[str]:
    """A long definition, broken before a plus where the line is full."""
    out = [head]
    for i, term in enumerate(top_level(long)):
        piece = f" + {term}" if i else term
        if len(out[-1] + piece) > WIDTH and i:
            out.append(" " * (len(head) + 2))
            piece = piece.lstrip()
        out[-1] += piece
    return out


def equation(head: str, left: str, sides: Sequence[Formula]) -> list[str]:
    """An equation with as many sides in a line as fit, the others below, sign under sign."""
    out, current = [], head + left
    column = len(current)
    for i, side in enumerate(sides):
        pieces = wrapped(side.text, WIDTH - column - 3)
        if i and (len(current) + len(pieces[0]) + 3 > WIDTH or len(pieces) > 1):
            out.append(current)
            current = " " * column
        current += f" = {pieces[0]}"
        for piece in pieces[1:]:
            out.append(current)
            current = " " * column + f" + {piece}"
    return [*out, current]


def wrapped(side: str, width: int) -> list[str]:
    """A sum that is too long for a line, one term a line; anything else as it is."""
    return [side] if len(side) <= max(width, 40) else top_level(side)


def top_level(side: str) -> list[str]:
    """The terms of a sum, where ` + ` stands outside of all brackets."""
    terms, depth, start = [], 0, 0
    for i, c in enumerate(side):
        depth += (c in "([{") - (c in ")]}")
        if depth == 0 and side.startswith(" + ", i):
            terms.append(side[start:i])
            start = i + 3
    return [*terms, side[start:]]


def path_text(d: "Derivation", path: Any) -> list[str]:
    """One path: the names along it, its factors, their product; two lines where one is full."""
    way, result = " → ".join(path.names), f"{factors(d, path).text} = {d.shown(path.product)}"
    return ([f"  {way}: {result}"] if len(way + result) < WIDTH - 4 else
            [f"  {way}:", f"      {result}"])


def factors(d: "Derivation", path: Any) -> Formula:
    """The factors along a path, from the output back."""
    return product([d.plan.writer.value(f) for f in path.factors[::-1] if f != 1]
                   or [d.plan.writer.value(1.0)])


def table_text(d: "Derivation") -> list[str]:
    """Name, value and gradient of every target, in columns."""
    rows = [("", "value", "gradient"), *d.rows]
    name, value, gradient = (max(len(row[i]) for row in rows) for i in range(3))
    return [f"{a:<{name}}  {b:>{value}}  {c:>{gradient}}" for a, b, c in rows]
