"""The report of an audit: the first wrong step first, then what was found, where, and every number.

    text(rows, problem)         for terminals
    markdown(rows, problem)
    html(rows, problem)         a page of its own, with the picture
    picture(rows, problem)      the graph with its checked numbers marked

All take a `title` and a `score` that is shown as it is. `findings` has the words, `web` the page,
`marking` the picture.
"""

from collections.abc import Iterable, Sequence

from . import findings
from .findings import MEANINGS, SIGNS, Line, Root
from .marking import picture
from .problem import Problem
from .verdicts import Row
from .web import html

__all__ = ["html", "markdown", "picture", "text"]

WIDE = 34                           # characters of a text in a terminal's table
LONG = 72                           # characters of a text in a list
FEW = 3                             # elements of one root that are written out


# ---- text

def text(rows: Sequence[Row], problem: Problem, title: str = "", score: str = "", *,
         full: bool = False, statements: str = "all") -> str:
    """The report for a terminal.

    full: one line for every number of a matrix, the right ones too. statements: which of them the
    table at the end lists, "all", only those that are not right ("wrong"), or "none".
    """
    heading = f"Audit: {title or problem.title or 'a derivation'}"
    parts = [[heading, "=" * len(heading), findings.headline(rows), *([score] if score else [])],
             first_as_text(rows), counts_as_text(rows), roots_as_text(rows), unread_as_text(rows),
             table_as_text(findings.chosen(rows, statements), full)]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def first_as_text(rows: Sequence[Row]) -> list[str]:
    """The first wrong step."""
    row = findings.first(rows)
    if row is None:
        return []
    return ["The first wrong step",
            *(f"  {word:<11} {what}".rstrip() for word, what in findings.about(row, rows))]


def counts_as_text(rows: Sequence[Row]) -> list[str]:
    """How often each verdict was given."""
    return ["What was found" * bool(rows)] + [
        f"  {SIGNS[verdict]} {n:>4}  {verdict:<29} {MEANINGS[verdict]}"
        for verdict, n in findings.counts(rows)]


def roots_as_text(rows: Sequence[Row]) -> list[str]:
    """Where errors begin."""
    found = findings.roots(rows)
    return [f"Where errors begin: {len(found)}"] * bool(found) + [
        line for root in found for line in root_as_text(root)]


def root_as_text(root: Root) -> list[str]:
    """One root: its numbers, what explains them, what inherits from it."""
    lines = [f"  ✗ #{row.number} {row.name} = {clipped(row.text, LONG)}, {findings.correction(row)}"
             for row in root.rows[:FEW]]
    lines += [f"    {findings.others(root, FEW)}"] * (len(root.rows) > FEW)
    lines.append(f"      {findings.explained(root.rows[0])[0]}")
    return lines + ([f"      ↳ {findings.inheritance(root)}"] if root.heirs else [])


def unread_as_text(rows: Sequence[Row]) -> list[str]:
    """What could not be read."""
    found = [f"  ? #{row.number} {clipped(row.text, LONG)}: {why}"
             for row, why in findings.unread(rows)]
    return [f"Not read: {len(found)}", *found] if found else []


def table_as_text(rows: Sequence[Row], full: bool) -> list[str]:
    """All statements, step by step, in columns."""
    out: list[str] = []
    for step, lines in findings.table(rows, full=full):
        cells = [["", "#", "what", "printed", "exact", "from own numbers"]]
        cells += [[SIGNS[x.verdict], x.numbers, x.name, clipped(x.printed, 0 if len(x.rows) > 1
                                                                else WIDE), x.exact, x.own]
                  for x in lines]
        alone = [len(x.rows) < 2 for x in lines]
        wide = [max(len(row[k]) for row, one in zip(cells, [True, *alone]) if one or k < 3)
                for k in range(6)]
        written = ["  " + "  ".join(f"{c:<{w}}" for c, w in zip(row, wide)).rstrip()
                   for row in cells]
        out += [*(["", step] if step else [""] * bool(out)), written[0]]
        for line, text in zip(lines, written[1:]):
            out += [text] + ([f"{'':8}{line.verdict}"
                              + (f": {line.remark}" if line.remark else "")]
                             if not line.rows[0].fine or line.remark else [])
    return ["The statements", *out[not out[0]:]] if out else []


def clipped(text: str, most: int = WIDE) -> str:
    """A long text without its middle; most = 0 leaves it whole."""
    if len(text) <= most or not most:
        return text
    return f"{text[:most - most // 3 - 1]}…{text[-(most // 3):]}"


# ---- Markdown

def markdown(rows: Sequence[Row], problem: Problem, title: str = "", score: str = "", *,
             full: bool = False, statements: str = "all", level: int = 1) -> str:
    """The report as Markdown; full and statements as for `text`; level: of its title."""
    listed = findings.chosen(rows, statements)
    parts = [[f"# Audit: {spoken(title or problem.title or 'a derivation')}"],
             [findings.headline(rows)], [score] if score else [], first_as_markdown(rows),
             counts_as_markdown(rows), roots_as_markdown(rows), unread_as_markdown(rows)]
    parts += [["## The statements"]] if listed else []
    parts += [part for step, lines in findings.table(listed, full=full)
              for part in ([f"### {spoken(step)}"] if step else [], lines_as_markdown(lines))]
    marks = "#" * (level - 1)
    return "\n\n".join("\n".join([marks + part[0] if part[0].startswith("#") else part[0],
                                  *part[1:]]) for part in parts if part) + "\n"


def first_as_markdown(rows: Sequence[Row]) -> list[str]:
    """The first wrong step."""
    row = findings.first(rows)
    if row is None:
        return []
    said = [f"- {word}: {code(what) if word in ('what', 'printed') else spoken(what)}"
            for word, what in findings.about(row, rows)]
    return ["## The first wrong step", "", *said]


def counts_as_markdown(rows: Sequence[Row]) -> list[str]:
    """How often each verdict was given."""
    body = [f"| {SIGNS[v]} | {n} | {v} | {MEANINGS[v]} |" for v, n in findings.counts(rows)]
    head = ["## What was found", "", "| | how many | verdict | that is |", "|---|---:|---|---|"]
    return head + body if body else []


def roots_as_markdown(rows: Sequence[Row]) -> list[str]:
    """Where errors begin."""
    found = findings.roots(rows)
    return ([f"## Where errors begin: {len(found)}", ""] if found else []) + [
        line for root in found for line in root_as_markdown(root)]


def root_as_markdown(root: Root) -> list[str]:
    """One root: its numbers, what explains them, what inherits from it."""
    numbers = [f"#{row.number} {code(clipped(f'{row.name} = {row.text}', LONG))}, "
               f"{findings.correction(row)}" for row in root.rows[:FEW]]
    why = spoken(findings.explained(root.rows[0])[0])
    rest = [findings.others(root, FEW)] if len(root.rows) > FEW else []
    rest += [f"↳ {spoken(findings.inheritance(root))}"] if root.heirs else []
    if len(root.rows) == 1:
        return [f"- ✗ {numbers[0]}; {why}", *(f"  - {line}" for line in rest)]
    return [f"- {why}", *(f"  - ✗ {line}" for line in numbers), *(f"  - {line}" for line in rest)]


def unread_as_markdown(rows: Sequence[Row]) -> list[str]:
    """What could not be read."""
    found = [f"- ? #{row.number} {code(row.text)}: {spoken(why)}"
             for row, why in findings.unread(rows)]
    return [f"## Not read: {len(found)}", "", *found] if found else []


def lines_as_markdown(lines: Iterable[Line]) -> list[str]:
    """The statements of one step as a table."""
    return ["| # | what | printed | exact | from own numbers | verdict |",
            "|---:|---|---|---:|---:|---|"] + [
        f"| {x.numbers} | {code(x.name)} | {code(x.printed) if len(x.rows) < 2 else x.printed} | "
        f"{x.exact} | {x.own} | {SIGNS[x.verdict]} {x.verdict}"
        f"{': ' * bool(x.remark)}{spoken(x.remark)} |" for x in lines]


def code(text: str) -> str:
    """A text as Markdown code that may stand in a table."""
    inside = text.replace("|", "\\|").replace("\n", " ")
    return inside and (f"`` {inside} ``" if "`" in inside else f"`{inside}`")


def spoken(text: str) -> str:
    """A text as itself in Markdown."""
    for mark in "\\`*_|<[":
        text = text.replace(mark, "\\" + mark)
    return text.replace("\n", " ")
