"""A derivation laid out: plain text for terminals, Markdown, LaTeX, and the body of an HTML page.

Each layout reads the same `Line`s: a rule, what is given, and the sides of an equation. A formula
is text and LaTeX side by side, so no layout knows how one is written. Start reading at `text`.
"""

import html as escaping
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .formulas import Formula, product
from .steps import Line, lines
from .text import SPECIAL

if TYPE_CHECKING:
    from .derivation import Derivation

WIDTH = 100                                 # columns of plain text
BROAD = 64                                  # characters of an equation that LaTeX sets in one line
ESCAPED = {escaped: c for c, escaped in SPECIAL.items() if escaped != " "}
HIDDEN = 0xE100                             # private characters that stand for escaped ones
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
        if 1 < len(d.paths) <= MOST_PATHS and len(d.xs) == 1:
            out += ["", f"path by path, {d.shown(d.result)} in all:",
                    *(row for p in d.paths for row in path_text(d, p))]
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


# ---- Markdown and LaTeX

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


# ---- HTML

def html(d: "Derivation") -> str:
    """The body of a page: the title, the steps, the results, the paths, and all of it as text."""
    head = "Derivation of " if len(d.xs) == 1 else "Derivation: "
    out = [f"<h1>{head}{math(title(d))}</h1>"]
    if d.detail != "line":
        out += [f"<p>with {in_html(part)}</p>" for part in [*d.about, *named_parts(d)]]
    shown = [f"<li>{''.join(map(line_html, step))}</li>" for step in body(d)]
    out += [f"<ol class=\"steps\">{''.join(shown)}</ol>"] if shown else []
    if d.closing:
        out.append(f"<h2>{'Result' if len(d.xs) == 1 else 'Results'}</h2>")
        out += [f'<p class="result">{in_html(line)}</p>' for line in d.closing]
    out += [table_html(d)] if len(d.xs) > 1 else paths_html(d)
    out.append(f"<details><summary>As plain text</summary><pre>{escaping.escape(text(d))}</pre>"
               "</details>")
    return "\n".join(out)


def math(formula: Formula) -> str:
    """A formula as MathML that carries its plain text."""
    from latex2mathml.converter import convert
    said, latex = escaping.escape(formula.text), formula.latex
    for i, escaped in enumerate(ESCAPED):               # latex2mathml would print the backslashes
        latex = latex.replace(escaped, chr(HIDDEN + i))
    made = str(convert(latex)).replace("&#x00028;</mo><mo>&#x02212;",
                                       '&#x00028;</mo><mo form="prefix">&#x02212;')
    for i, escaped in enumerate(ESCAPED.values()):
        made = made.replace(chr(HIDDEN + i), escaping.escape(escaped))
    return made.replace("<math ", f'<math alttext="{said}" aria-label="{said}" ', 1)


def in_html(line: Line) -> str:
    """The equation of a line; it may break before every sign."""
    sides = "".join(f" <span>= {math(side)}</span>" for side in line.sides)
    return f'<span class="equation"><span>{math(line.left)}</span>{sides}</span>'


def line_html(line: Line) -> str:
    """One line of a derivation as a paragraph."""
    said = [f'<span class="rule">{escaping.escape(line.rule)}</span>'] if line.rule else []
    for left, right in filter(None, [line.given, line.local]):
        joint = ", so" if (left, right) == line.given else " and"
        said.append(in_html(Line("", None, left, (right,))) + joint)
    return f"<p>{' '.join([*said, in_html(line)])}</p>"


def table_html(d: "Derivation") -> str:
    """Name, value and gradient of every target as a table."""
    rows = "".join(f'<tr><th scope="row">{math(d.plan.writer.formula(x))}</th><td>{value}</td>'
                   f"<td>{gradient}</td></tr>" for x, (_, value, gradient) in zip(d.xs, d.rows))
    return ('<div class="wide"><table><thead><tr><th scope="col">name</th><th scope="col">value'
            '</th><th scope="col">gradient</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>")


def paths_html(d: "Derivation") -> Iterable[str]:
    """The sum over the paths, folded away; nothing for a single path."""
    paths = d.paths
    if len(paths) < 2:
        return
    writer = d.plan.writer
    items = "".join(
        f"<li>{escaping.escape(' → '.join(p.names))}<br>"
        f"{in_html(Line('', None, factors(d, p), (writer.value(p.product),)))}</li>"
        for p in paths)
    yield (f"<details open><summary>Path by path: {len(paths)} products, added up</summary>"
           f"<ul>{items}</ul></details>")

