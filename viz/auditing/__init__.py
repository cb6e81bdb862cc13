"""The audit: a hand derivation against the graph, its first wrong step and the slip named.

    digits.py       numbers as printed, and slips of the pen
    equations.py    what a person writes down, read
    problem.py      the graph, its names, the learning rate
    sides.py        the elements of an equation
    own.py          every quantity, exactly and from the person's own numbers     <- the idea
    edits.py        a slip tried
    products.py         in gradients
    operations.py       in values
    slips.py            in updates; all slips, tried
    workings.py     numbers written out on the way
    verdicts.py     the words of the report
    judge.py        line by line, a verdict for every statement                   <- start here
    audit.py        audit() and its result
    report.py       the report as text, Markdown, HTML and picture
    sheets.py       derivations as TOML files
    exercise.py     sheets with blanks
    markdown.py     the formulas of a Markdown document
"""

from .audit import Audit, audit
from .exercise import exercise
from .problem import Problem
from .sheets import Sheet, read_sheet

__all__ = ["Audit", "Problem", "Sheet", "audit", "exercise", "read_sheet"]
