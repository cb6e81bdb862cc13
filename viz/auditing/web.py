"""The report of an audit as a page: it needs no network, no script, and prints.

Every verdict has a sign and words beside its colour. On a narrow screen a row of the table becomes
a card. The colours reach a contrast of 4.5 on their grounds, light and dark (WCAG AA).
"""

import re
from collections.abc import Sequence
from html import escape

from ..page import page
from ..palette import MARKS
from . import findings
from .findings import MEANINGS, SIGNS, Line, Root
from .marking import picture
from .problem import Problem
from .verdicts import BLANK, CARRIED, DIGITS, INHERITED, RIGHT, UNREAD, WRONG, Row

CLASSES = {RIGHT: "right", DIGITS: "right", CARRIED: "right", INHERITED: "inherited",
           WRONG: "wrong", BLANK: "open", UNREAD: "open"}
COLUMNS = ("#", "what", "printed", "exact", "from own numbers", "verdict")
NUMBER_AND_SIGN = re.compile(
    r'(?P<start><text[^>]* x="(?P<x>[-.\d]+)" y="(?P<y>[-.\d]+)"[^>]*)>'
    r'(?=[^<]*\S </text>\s*<text[^>]* x="(?P<sign>[-.\d]+)" y="(?P=y)"[^>]*>'
    rf'(?:{"|".join(mark.sign for mark in MARKS.values())})</text>)')
LOOK = """
.audit .right { color: var(--good); } .audit .inherited { color: var(--unsure); }
.audit .wrong { color: var(--bad); } .audit .open { color: var(--faint); }
.audit .sign { font-weight: bold; display: inline-block; min-width: 1.2em; }
.audit .first { border: 2px solid var(--bad); border-radius: .5em; padding: .2em 1.2em 1em;
  margin: 1em 0; background: var(--shade); }
.audit .first h2 { margin-top: .6em; }
.audit dl { display: grid; grid-template-columns: max-content 1fr; gap: .15em 1em; margin: 0; }
.audit dt { color: var(--faint); } .audit dd { margin: 0; overflow-wrap: anywhere; }
.audit code { font-size: .95em; overflow-wrap: anywhere; } .audit li { margin: .5em 0; }
.audit table { width: 100%; margin: 1.2em 0; }
.audit caption { text-align: left; font-weight: 650; padding: .3em 0; }
.audit .unseen { position: absolute; clip-path: inset(50%); }
.audit th[scope=row] code { white-space: nowrap; }
.audit th, .audit td { padding: .3em .6em; text-align: left; vertical-align: top; }
.audit th.number, .audit td.number { text-align: right; white-space: nowrap; }
.audit tbody th { font-weight: normal; }
.audit .statements tr.wrong > * { background: var(--shade); }
.audit .statements tbody td:not(.verdict), .audit .statements tbody th { color: var(--ink); }
.audit .picture { overflow-x: auto; background: #fff; border: 1px solid var(--line);
  border-radius: .5em; padding: .5em; }
.audit #large:checked ~ .picture svg { max-width: none; }
.audit #only:checked ~ table tbody tr.right { display: none; }
@media (max-width: 44em) {
  .audit .statements thead { position: absolute; clip-path: inset(50%); }
  .audit .statements tr { display: block; border-bottom: 1px solid var(--line); padding: .4em 0; }
  .audit .statements tbody td, .audit .statements tbody th { display: flex; gap: .8em; border: 0;
    padding: .1em .4em; text-align: left; white-space: normal; }
  .audit .statements tbody td::before, .audit .statements tbody th::before {
    content: attr(data-column); flex: 0 0 8.5em; color: var(--faint); }
  .audit .statements tbody td:empty { display: none; } }
@media print { .audit { font-size: 9.5pt; } .audit .only { display: none; }
  .audit tr, .audit .first { break-inside: avoid; } .audit caption { break-after: avoid; }
  .audit .picture svg { max-width: 100%; } }
"""


def html(rows: Sequence[Row], problem: Problem, title: str = "", score: str = "", *,
         drawn: bool = True) -> str:
    """The report as a page of its own. drawn: with the picture of the graph."""
    heading = f"Audit: {title or problem.title or 'a derivation'}"
    body = [f"<style>{LOOK}</style>", '<article class="audit">', f"<h1>{escape(heading)}</h1>",
            f"<p>{escape(findings.headline(rows))}</p>",
            f"<p><strong>{escape(score)}</strong></p>" if score else "", first_as_html(rows),
            counts_as_html(rows), roots_as_html(rows), unread_as_html(rows),
            picture_as_html(rows, problem) if drawn else "", table_as_html(rows), "</article>"]
    return page(heading, "\n".join(filter(None, body)))


def first_as_html(rows: Sequence[Row]) -> str:
    """The first wrong step in a frame."""
    row = findings.first(rows)
    if row is None:
        return ""
    said = "".join(f"<dt>{word}</dt><dd>{linked(word, what, row)}</dd>"
                   for word, what in findings.about(row, rows))
    return (f'<section class="first"><h2><span class="sign wrong">✗</span> The first wrong step'
            f"</h2><dl>{said}</dl></section>")


def linked(word: str, what: str, row: Row) -> str:
    """What stands behind a word: a place with its link, code, or plain words."""
    if word == "where":
        return f'<a href="#s{row.number}">{escape(what)}</a>'
    return f"<code>{escape(what)}</code>" if word in ("what", "printed") else escape(what)


def sign(verdict: str) -> str:
    """The sign of a verdict, in its colour."""
    return f'<span class="sign {CLASSES[verdict]}" aria-hidden="true">{SIGNS[verdict]}</span>'


def counts_as_html(rows: Sequence[Row]) -> str:
    """How often each verdict was given."""
    body = "".join(f'<tr><th scope="row" class="{CLASSES[v]}">{sign(v)} {v}</th>'
                   f'<td class="number">{n}</td><td>{MEANINGS[v]}</td></tr>'
                   for v, n in findings.counts(rows))
    return body and (f'<h2>What was found</h2><table><caption class="unseen">How often each '
                     f'verdict was given</caption><thead><tr>'
                     f'<th scope="col">verdict</th><th scope="col" class="number">how many</th>'
                     f'<th scope="col">that is</th></tr></thead><tbody>{body}</tbody></table>')


def roots_as_html(rows: Sequence[Row]) -> str:
    """Where errors begin."""
    found = findings.roots(rows)
    items = "".join(map(root_as_html, found))
    return items and f"<h2>Where errors begin: {len(found)}</h2><ol>{items}</ol>"


def root_as_html(root: Root) -> str:
    """One root: its numbers, what explains them, what inherits from it."""
    numbers = "<br>".join(
        f'{sign(WRONG)} <a href="#s{row.number}">#{row.number}</a> '
        f"<code>{escape(f'{row.name} = {row.text}')}</code>, "
        f"<strong>{findings.correction(row)}</strong>" for row in root.rows)
    why = escape(findings.explained(root.rows[0])[0])
    heirs = f"<br>{sign(INHERITED)} {escape(findings.inheritance(root))}" if root.heirs else ""
    return f"<li>{numbers}<br>{why}{heirs}</li>"


def unread_as_html(rows: Sequence[Row]) -> str:
    """What could not be read."""
    items = "".join(f'<li>{sign(UNREAD)} <a href="#s{row.number}">#{row.number}</a> '
                    f"<code>{escape(row.text)}</code>: {escape(why)}</li>"
                    for row, why in findings.unread(rows))
    return items and f"<h2>Not read</h2><ul>{items}</ul>"


def picture_as_html(rows: Sequence[Row], problem: Problem) -> str:
    """The graph with its marks; a sentence says why if it cannot be drawn here."""
    try:
        drawing = picture(rows, problem).svg()
    except RuntimeError as error:
        return f"<h2>The graph</h2><p>It could not be drawn here: {escape(str(error))}</p>"
    return (f'<section><h2>The graph</h2><input type="checkbox" id="large" class="only"> '
            f'<label for="large" class="only">in full size</label>'
            f'<div class="picture" tabindex="0" role="img" '
            f'aria-label="The graph of the loss, every checked number marked">'
            f"{spaced(drawing[drawing.index('<svg'):])}</div></section>")


def spaced(svg: str) -> str:
    """A drawing whose numbers leave room for the marks behind them, whatever font a browser has."""
    def fitted(found: "re.Match[str]") -> str:
        wide = float(found["sign"]) - float(found["x"])
        return f'{found["start"]} textLength="{wide:.2f}" lengthAdjust="spacingAndGlyphs">'
    return NUMBER_AND_SIGN.sub(fitted, svg)


def table_as_html(rows: Sequence[Row]) -> str:
    """All statements, a table for each step."""
    heads = "".join(f'<th scope="col"{number_class(k)}>{c}</th>' for k, c in enumerate(COLUMNS))
    tables = "".join(
        f'<table class="statements"><caption>{escape(step or "Statements")}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(map(line_as_html, lines))}</tbody></table>"
        for step, lines in findings.table(rows, full=True))
    return tables and ('<section><h2>The statements</h2><input type="checkbox" id="only" '
                       'class="only"> <label for="only" class="only">hide what is right</label>'
                       f"{tables}</section>")


def line_as_html(line: Line) -> str:
    """One statement as a row of the table."""
    said = f"{sign(line.verdict)} {line.verdict}{': ' * bool(line.remark)}{links(line.remark)}"
    cells = [f"<code>{escape(line.printed)}</code>" if line.printed else "", line.exact, line.own,
             said]
    body = "".join(f'<td data-column="{name}"{number_class(k)}>{cell}</td>'
                   for k, (name, cell) in enumerate(zip(COLUMNS[2:-1], cells), 2))
    return (f'<tr id="s{line.numbers}" class="{CLASSES[line.verdict]}">'
            f'<td data-column="#" class="number">{line.numbers}</td>'
            f'<th scope="row" data-column="what"><code>{escape(line.name)}</code></th>{body}'
            f'<td data-column="verdict" class="verdict {CLASSES[line.verdict]}">{said}</td></tr>')


def links(text: str) -> str:
    """A text with a link from every statement number to its place."""
    return re.sub(r"#(\d+)", r'<a href="#s\1">#\1</a>', escape(text))


def number_class(column: int) -> str:
    """The class of a column that holds numbers."""
    return ' class="number"' if column in (0, 3, 4) else ""
