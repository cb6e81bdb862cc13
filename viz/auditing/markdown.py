r"""The claims in a Markdown document with formulas, as far as they can be read well.

    steps, unread = claims_in(text, problem)
    audit(steps, problem)

Formulas are the lines of code fences without a language, with frames and labels around them taken
away; $..$, $$..$$, \(..\), \[..\] and equation environments; and list items and lines of their own
such as `- W₁ = 0.5`. Between two equations stands a comma, a semicolon or \quad. Headings, and bold
words on a line of their own, are the titles of the steps. Programs, and formulas in plain words
within a sentence, are left alone.

Nothing is guessed and nothing lost: a formula, or a side of one, that names what the problem does
not know is returned as `unread`. A few things are taken as every reader takes them:

    W_{i1j1}, h1_{in2}, b_1       are W_ij[1,1], h1_in[2], b[1] (or b1), where the problem has these
    W ← .., a parameter = 1.2 - 0.01·(..)     is the parameter after the update: W' = ..
    a part called "updated" or "new"          is about the values after the update
    [0.1, 0.2] × [[..], [..]] = [..]          numbers without a name belong to the last formula in
                                              names that has exactly their form
    -1 * ((a + b)                 a bracket left open is closed where the expression ends
"""

import re
from collections.abc import Iterable, Iterator

from .apart import beside, equal, rows
from .latex import decimal_commas, from_latex
from .problem import Problem
from .reading import Formula, Reader

PIECES = re.compile(r"""
    ^[ \t]*(?P<fence>```+|~~~+)[ ]*(?P<language>[^\n`]*)\n
        (?P<code>.*?)(?:^[ \t]*(?P<close>(?P=fence))[`~]*[ ]*$|\Z) |
    ^\ {0,3}\#{1,6}[ ]+(?P<heading>[^\n]+) |
    ^\ {0,3}(?P<mark>\*\*|__)(?P<bold>(?:(?!(?P=mark))[^\n])+)(?P=mark)\s*$ |
    \$\$(?P<display>.+?)\$\$ | \\\[(?P<brackets>.+?)\\\] |
    \\begin\{(?P<kind>equation|align|gather|multline)\*?\}(?:
        (?P<environment>(?:(?!\\begin\{(?:equation|align\*?\}|gather\*?\}|multline)).)+?)
            \\end\{(?P=kind)\*?\} | (?P<open>.+?)(?=\n\s*\n|\Z)) |
    (?<!\\)\$(?P<inline>(?:[^$\n]|\n(?!\s*\n))+)\$ | \\\((?P<round>.+?)\\\) |
    ^\ *(?:[-*+•]|\d+[.)])\ (?P<item>[^\n$\\]*[=≈←][^\n$\\]*)$ |
    ^\ {0,3}(?P<line>[^\s=≈←|<>`$\\]+[ ]*(?:=(?!=)|≈|←)[^\n$\\`]*)$
    """, re.VERBOSE | re.MULTILINE | re.DOTALL)
LATEX = ("display", "brackets", "environment", "open", "inline", "round")
PLAIN, TYPESET = ("", "text", "txt", "plain", "plaintext"), ("math", "latex", "tex")
FRAME = re.compile(r"[\u2500-\u257f|]")
LABEL = re.compile(r"^\s*(?:\d+[.)]\s+|[•*-]\s+)?(?:[^=:\[\]()]*:\s+)?"
                   r"(?:[A-Z][a-z]{3,}\s+(?=[^\s=]))?"              # Compute h1 = ..
                   r"|\s\((?:[A-Za-z,]+\s)+[A-Za-z]+\)\s*$")        # .. (just passed through)
AFTER = re.compile(r"\b(?:updated|new)\b", re.IGNORECASE)
LONG = 72                           # characters of a title; longer bold text is no title


def claims_in(text: str, problem: Problem) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """The steps of a document for `audit`, and the formulas in it that could not be read."""
    reader = Reader(problem)
    steps: list[tuple[str, list[str]]] = []
    unread: list[str] = []
    title, part, end = "", "", 0
    text = decimal_commas(re.sub(r"(?m)^ {0,3}(?:> ?)+", "", text.replace("\r\n", "\n")))
    for found in PIECES.finditer(text):
        unread += lost(text[end:found.start()])
        end = found.end()
        if found["heading"]:
            title, part = worded(found["heading"]), ""
        elif found["bold"] and len(found["bold"]) < LONG:
            part = worded(found["bold"])
        step = ": ".join(filter(None, (title, part)))
        for formula in formulas(found, problem):
            read, left = reader.read(formula, bool(AFTER.search(step)))
            unread += left
            if read and (not steps or steps[-1][0] != step):
                steps.append((step, []))
            if read:
                steps[-1][1].extend(read)
        unread += program(found)
    return steps, unread + lost(text[end:])


def worded(title: str) -> str:
    """A title without marks and pictures."""
    import unicodedata
    kept = "".join(c for c in title if unicodedata.category(c) not in ("So", "Mn", "Cf"))
    kept = re.sub(r"[*`#]|\b__|__\b", "", kept).strip(" :")
    return kept if len(kept) < LONG else kept[:LONG].rpartition(" ")[0] + " …"


# ---- finding formulas

def formulas(found: "re.Match[str]", problem: Problem) -> Iterator[Formula]:
    """The formulas in a piece of a document."""
    latex = next((found[kind] for kind in LATEX if found[kind] is not None), None)
    language = (found["language"] or "").strip().lower()
    if found["code"] is not None and language in TYPESET:
        latex = found["code"]
    if latex is not None:
        yield from typeset(latex, problem)
    elif found["heading"] or found["bold"]:
        yield from titled(found["heading"] or found["bold"], problem)
    elif found["code"] is None:
        yield from written([without_stars(found["item"] or found["line"])])
    elif language in PLAIN:
        yield from written(fenced(found["code"]))


def typeset(latex: str, problem: Problem) -> Iterator[Formula]:
    """The equations of a LaTeX formula."""
    loss = problem.name(problem.loss) or "L"
    for row in rows(latex):
        yield from (Formula(" ".join(one.split()), from_latex(one, loss))
                    for one in beside(row) if equal(one))


def titled(title: str, problem: Problem) -> Iterator[Formula]:
    """The equations in a title: those in dollars, or the title itself if it is one."""
    for latex in re.findall(r"\$([^$]+)\$", title):
        yield from typeset(latex, problem)
    if re.match(r"[^\s=≈←$]+\s*(?:=(?!=)|≈|←)", title):
        yield from written([without_stars(title)])


def written(lines: Iterable[str]) -> Iterator[Formula]:
    """The equations of plain lines, without their labels."""
    for line in lines:
        parts = beside(LABEL.sub("", line)) if equal(line) else []
        yield from (Formula(part.strip() if parts[1:] else line, part) for part in parts)


def program(found: "re.Match[str]") -> list[str]:
    """The lines with an = of a program whose fence is not closed: perhaps they are none of it."""
    language = (found["language"] or "").strip().lower()
    if found["code"] is None or found["close"] or language in (*PLAIN, *TYPESET):
        return []
    return [line.strip() for line in found["code"].splitlines() if equal(line)]


def lost(text: str) -> list[str]:
    """The lines between formulas in which one may have been left open: with an = and a $ or \\."""
    return [line.strip() for line in text.splitlines() if equal(line) and re.search(r"[$\\`]", line)
            and not re.search(r"<\w[^>]*=", line)]


def fenced(code: str) -> list[str]:
    """The formulas of a code fence: without frames, a line that begins with = goes on."""
    lines: list[str] = []
    for line in FRAME.sub(" ", code).splitlines():
        line = line.strip()
        if line.startswith(("=", "≈")) and lines:
            lines[-1] += " " + line
        elif line:
            lines.append(line)
    return lines


def without_stars(text: str) -> str:
    """A line of text without the stars and ticks that make it bold."""
    return re.sub(r"[*`]{1,2}(?=\w|[^\w\s*`])|(?<=\S)\*\*", "", text) if "**" in text else text
