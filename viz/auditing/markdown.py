r"""The claims in a Markdown document with formulas, as far as they can be read well.

    steps, unread = claims_in(text, problem)
    audit(steps, problem)

Formulas are the lines of code fences without a language, with frames and labels around them taken
away; $..$, $$..$$, \(..\), \[..\] and equation environments; and list items such as `- W₁ = 0.5`.
Headings, and bold words on a line of their own, are the titles of the steps.

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
from collections.abc import Iterator

from .latex import from_latex
from .problem import Problem
from .reading import Formula, Reader

PIECES = re.compile(r"""
    ^\ {0,3}(?P<fence>```+|~~~+)[ ]*(?P<language>[^\n`]*)\n(?P<code>.*?)^\ {0,3}(?P=fence)[ ]*$ |
    ^\ {0,3}\#{1,6}[ ]+(?P<heading>[^\n]+) |
    ^\ {0,3}(?P<mark>\*\*|__)(?P<bold>(?:(?!(?P=mark))[^\n])+)(?P=mark)\s*$ |
    \$\$(?P<display>.+?)\$\$ | \\\[(?P<brackets>.+?)\\\] |
    \\begin\{(?P<kind>equation|align|gather|multline)\*?\}
        (?P<environment>.+?)\\end\{(?P=kind)\*?\} |
    \$(?P<inline>[^$\n]+)\$ | \\\((?P<round>.+?)\\\) |
    ^\ *[-*+•]\ (?P<item>[^\n]*=[^\n]*)$
    """, re.VERBOSE | re.MULTILINE | re.DOTALL)
LATEX = ("display", "brackets", "environment", "inline", "round")
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
    title, part = "", ""
    for found in PIECES.finditer(text.replace("\r\n", "\n")):
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
    return steps, unread


def worded(title: str) -> str:
    """A title without marks and pictures."""
    import unicodedata
    kept = "".join(c for c in title if unicodedata.category(c) not in ("So", "Mn", "Cf"))
    kept = re.sub(r"[*`#]|\b__|__\b", "", kept).strip(" :")
    return kept if len(kept) < LONG else kept[:LONG].rpartition(" ")[0] + " …"


# ---- finding formulas

def formulas(found: "re.Match[str]", problem: Problem) -> Iterator[Formula]:
    """The formulas in a piece of a document; a title holds none."""
    if found["heading"] or found["bold"]:
        return
    if found["code"] is not None:
        lines = fenced(found["code"]) if not found["language"].strip() else []
    elif found["item"] is not None:
        lines = items(found["item"])
    else:
        latex = next(found[kind] for kind in LATEX if found[kind] is not None)
        loss = problem.name(problem.loss) or "L"
        yield from (Formula(" ".join(latex.split()), from_latex(one, loss))
                    for one in ([latex] if "matrix" in latex or "array" in latex
                                else re.split(r"(?<!\\)\\\\", latex)) if "=" in one or "←" in one)
        return
    yield from (Formula(line, LABEL.sub("", line)) for line in lines
                if "=" in line or "←" in line)


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


def items(text: str) -> list[str]:
    """The formulas of a list item: 'W₁ = 0.5, b₁ = 0.1' is two."""
    text = re.sub(r"[*`]{1,2}(?=\w|[^\w\s*`])|(?<=\S)\*\*", "", text) if "**" in text else text
    parts = re.split(r",\s+(?=[^,=]+=)", LABEL.sub("", text))
    return parts if all("=" in part for part in parts) else [text]
