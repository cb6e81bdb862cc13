"""A derivation as the body of an HTML page, its formulas as MathML that carries its plain text.

Start reading at `html`.
"""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from .formulas import Formula
from .layout import body, factors, named_parts, text, title, top_level
from .steps import Line
from .text import SPECIAL

if TYPE_CHECKING:
    from .derivation import Derivation

ESCAPED = {escaped: c for c, escaped in SPECIAL.items() if escaped != " "}
HIDDEN = 0xE100                             # private characters that stand for escaped ones
LONG = 40                                   # characters of a sum that may break before each plus


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
    out.append(f"<details><summary>As plain text</summary><pre>{escape(text(d))}</pre>"
               "</details>")
    return "\n".join(out)


def math(formula: Formula) -> str:
    """A formula as MathML that carries its plain text."""
    from latex2mathml.converter import convert
    said, latex = escape(formula.text), formula.latex
    for i, escaped in enumerate(ESCAPED):               # latex2mathml would print the backslashes
        latex = latex.replace(escaped, chr(HIDDEN + i))
    made = str(convert(latex)).replace("&#x00028;</mo><mo>&#x02212;",
                                       '&#x00028;</mo><mo form="prefix">&#x02212;')
    for i, escaped in enumerate(ESCAPED.values()):
        made = made.replace(chr(HIDDEN + i), escape(escaped))
    return made.replace("<math ", f'<math alttext="{said}" aria-label="{said}" ', 1)


def in_html(line: Line) -> str:
    """The equation of a line; it may break before every sign."""
    sides = "".join(f" <span>{'+' if k else '='} {math(piece)}</span>"
                    for side in line.sides for k, piece in enumerate(pieces(side)))
    return f'<span class="equation"><span>{math(line.left)}</span>{sides}</span>'


def pieces(side: Formula) -> list[Formula]:
    """The terms of a long sum; anything else as it is."""
    texts, latex = top_level(side.text), top_level(side.latex)
    return ([*map(Formula, texts, latex)] if len(side.text) > LONG and len(texts) == len(latex)
            else [side])


def line_html(line: Line) -> str:
    """One line of a derivation as a paragraph."""
    said = [f'<span class="rule">{escape(line.rule)}</span>'] if line.rule else []
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
        f"<li>{escape(' → '.join(p.names))}<br>"
        f"{in_html(Line('', None, factors(d, p), (writer.value(p.product),)))}</li>"
        for p in paths)
    yield (f"<details open><summary>Path by path: {len(paths)} products, added up</summary>"
           f"<ul>{items}</ul></details>")
