r"""A formula of a document taken apart: its rows, and equations that stand beside each other.

    rows(r"h &= 2 \cdot 0.3 \\ &= 0.6 \\ w &= 1")       [r"h &= 2 \cdot 0.3 &= 0.6", "w &= 1"]
    beside(r"h = 0.6, \quad w = 1")                     ["h = 0.6", "w = 1"]
"""

import re
from collections.abc import Iterator

EQUALS = re.compile(r"=|≈|←|≃|\\(?:approx|simeq|gets|leftarrow)(?![A-Za-z])")
AROUND = re.compile(r"\\(?:begin|end)\{(?:equation|align(?:ed)?|gather(?:ed)?|multline|split)\*?\}|"
                    r"\\(?:tag|label)\{[^{}]*\}|\\(?:nonumber|notag|hline)(?![A-Za-z])")
SIGN = re.compile(r"[-+*/×·]|\\(?:times|cdot)\b")
MARK = re.compile(r"\\begin|\\end|\\\\(?:\[[^\]]*\])?|\\q?quad(?![A-Za-z])|\\[^A-Za-z]|[][(){},;]")
NUMBERED = re.compile(r"\s*(?:\(\d+\)|\\text\s*\{[^{}=]*\})?[\s.,;]*")   # (1), or a remark


def equal(text: str) -> bool:
    """Whether a text holds a sign that makes it an equation."""
    return EQUALS.search(text) is not None


def rows(latex: str) -> list[str]:
    r"""The rows of a formula, \\ between them; one that begins with a sign goes on the one before.

    The rows of a matrix in it are its own.
    """
    found: list[str] = []
    for row in cut(AROUND.sub(" ", latex), ("\\\\",)):
        start = re.sub(r"^(?:\s|&|\\q?quad|\\[,:;!\s])+", "", row)
        goes_on = EQUALS.match(start) or (SIGN.match(start) and not equal(row))
        if found and (goes_on or re.search(r"[-+*/×·=]\s*$", found[-1])):
            found[-1] += " " + row
        elif row.strip():
            found.append(row)
    return found


def beside(text: str) -> list[str]:
    r"""The equations of a row, with a comma, a semicolon or \quad between them, but no numbers."""
    parts = [part for part in cut(text, (",", ";", "\\quad", "\\qquad"))
             if not NUMBERED.fullmatch(part)]
    return parts if all(map(equal, parts)) else [without_number(text)]


def without_number(text: str) -> str:
    r"""A row without what stands behind its last \quad, if that is its number or a remark."""
    first, *rest = cut(text, ("\\quad", "\\qquad"))
    return " ".join([first, *(f"\\quad {part}" for part in rest if not NUMBERED.fullmatch(part))])


def cut(text: str, marks: tuple[str, ...]) -> Iterator[str]:
    """The parts of a text between marks that no bracket and no matrix encloses."""
    start = depth = 0
    for found in MARK.finditer(text):
        mark = found[0][:2] if found[0].startswith("\\\\") else found[0]
        depth += (mark in (*"([{", "\\begin")) - (mark in (*")]}", "\\end"))
        if not depth and mark in marks:
            yield text[start:found.start()]
            start = found.end()
    yield text[start:]
