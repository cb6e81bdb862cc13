"""A derivation as Markdown and as LaTeX. Start reading at `markdown`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .layout import body, named_parts, title
from .steps import Line
from .text import SPECIAL

if TYPE_CHECKING:
    from .derivation import Derivation

BROAD = 64                                  # characters of an equation that stands in one line


def markdown(d: "Derivation") -> str:
    """The derivation as Markdown with formulas in dollars."""
    out = [f"**Derivation of** ${title(d).latex}$"] if d.detail != "line" else []
    if d.detail != "line":
        out += [f"with {in_dollars(part)}" for part in [*d.about, *named_parts(d)]]
    for i, step in enumerate(body(d), 1):
        indent = " " * len(f"{i}. ")
        out += [(f"{i}. " if k == 0 else indent) + in_markdown(line)
                for k, line in enumerate(step)]
    out += [in_dollars(line) for line in d.closing]
    if len(d.xs) > 1 and d.detail != "line":
        out.append("\n".join(["| | value | gradient |", "|---|---:|---:|", *(
            f"| ${d.plan.writer.formula(x).latex}$ | {value} | {gradient} |".replace(r"\|", r"\\|")
            for x, (_, value, gradient) in zip(d.xs, d.rows))]))
    return "\n\n".join(out)


def in_markdown(line: Line) -> str:
    """One line of a derivation as Markdown."""
    head = f"*{line.rule}*: " if line.rule else ""
    if line.given:
        head += f"${line.given[0].latex} = {line.given[1].latex}$, so "
    if line.local:
        head += f"${line.local[0].latex} = {line.local[1].latex}$ and "
    return head + in_dollars(line)


def in_dollars(line: Line) -> str:
    """The equation of a line in dollars; a long one is aligned at its signs."""
    sides = [side.latex for side in line.sides]
    if broad(line):
        rows = r" \\ ".join(f"&= {side}" for side in sides)
        return rf"$\begin{{aligned}}{line.left.latex} {rows}\end{{aligned}}$"
    return rf"$\displaystyle {' = '.join([line.left.latex, *sides])}$"


def broad(line: Line) -> bool:
    """Whether the sides of an equation need a line each."""
    return sum(len(side.text) + 3 for side in line.sides) > BROAD


def latex(d: "Derivation") -> str:
    """The derivation as LaTeX, aligned at the signs (package amsmath)."""
    rows = [row for part in [*d.about, *named_parts(d)] for row in aligned(part, "with")]
    for step in body(d):
        for line in step:
            if line.given:
                rows += aligned(Line("", None, line.given[0], (line.given[1],)), line.rule)
            if line.local:
                rows += aligned(Line("", None, line.local[0], (line.local[1],)), "")
            rows += aligned(line, "" if line.given else line.rule)
    rows += [row for line in d.closing for row in aligned(line, "result")]
    return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"


def aligned(line: Line, note: str) -> Iterator[str]:
    """The rows of one equation in an `align*`, the note beside the first."""
    sides = [side.latex for side in line.sides]
    said = rf"\text{{{''.join(SPECIAL.get(c, c) for c in note)}}}"
    length = len(note) + sum(len(side.text) for side in line.sides[:1 if broad(line) else None])
    beside = rf" && {said}" if note and length < BROAD else ""
    if note and not beside:                             # no room beside the equation
        yield f"& {said}"
    if broad(line):
        yield f"{line.left.latex} &= {sides[0]}{beside}"
        yield from (f"&= {side}" for side in sides[1:])
    else:
        yield f"{line.left.latex} &= {' = '.join(sides)}{beside}"
