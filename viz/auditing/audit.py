"""The audit of a hand derivation: every statement judged, the first wrong step first.

    found = audit(["h1 = 0.5*2 + 0.1 = 1.1", "dL/dW1 = -11.078"], loss)
    print(found)                    the report; found.markdown(), found.html(), found.picture()
    found.first                     the row of the first wrong step, or None
    found.ok, found.counts, found.causes, found.score

claims: equations as texts, or (title, [equations]) for each part of the derivation, or a dictionary
{"h1": "1.1"}. graph: the recorded loss, a network, or a Problem. See equations.py for what an
equation may say, and verdicts.py for the verdicts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine import Value

from ..picture import Picture
from . import report
from .judge import Judge
from .problem import Problem
from .verdicts import BLANK, FORMULA, RESULT, UNREAD, VERDICTS, WRONG, Row

HALF_POINT = frozenset({        # slips of the pen and of copying, in a step that was understood
    "cut", "rounded twice", "rounded early", "last digit", "digit misread", "digits swapped",
    "digit lost", "zero lost", "zero gained", "sign", "multiplication lost"})


class Audit:
    """A derivation judged. `print` shows the report, a notebook too."""

    def __init__(self, rows: list[Row], problem: Problem, title: str = "") -> None:
        self.rows, self.problem, self.title = rows, problem, title or problem.title

    @property
    def ok(self) -> bool:
        """Whether something was said, and nothing of it is wrong, blank or unread."""
        return bool(self.rows) and all(row.fine for row in self.rows)

    @property
    def first(self) -> Row | None:
        """The first statement that is wrong, not by inheritance."""
        return next(iter(self.causes), None)

    @property
    def causes(self) -> list[Row]:
        """The root causes: all statements that are wrong by themselves, in order."""
        return [row for row in self.rows if row.verdict == WRONG]

    @property
    def counts(self) -> dict[str, int]:
        """How many statements have each verdict."""
        found = Counter(row.verdict for row in self.rows)
        return {v: found[v] for v in VERDICTS if found[v]}

    @property
    def score(self) -> tuple[float, int]:
        """Points and how many there are: one per number or formula; half for a slip of the pen.

        A number that is right from an earlier wrong one counts in full; a wrong working counts as
        one more number that is wrong.
        """
        asked = [row for row in self.rows if row.kind in (RESULT, FORMULA) or row.verdict == WRONG]
        return sum(map(points, asked)), len(asked)

    def __repr__(self) -> str:
        return f"<audit of {len(self.rows)} statements: {len(self.causes)} wrong>"

    def __str__(self) -> str:
        return report.text(self.rows, self.problem, self.title, self.points())

    def points(self) -> str:
        """The score in words."""
        got, of = self.score
        return f"{got:g} of {of} points"

    def markdown(self, **options: Any) -> str:
        """The report as Markdown."""
        return report.markdown(self.rows, self.problem, self.title, self.points(), **options)

    def html(self, **options: Any) -> str:
        """The report as one HTML page that needs no network."""
        return report.html(self.rows, self.problem, self.title, self.points(), **options)

    def picture(self) -> Picture:
        """The graph with the wrong steps marked."""
        return report.picture(self.rows, self.problem)

    def _repr_markdown_(self) -> str:
        return self.markdown()


def points(row: Row) -> float:
    """What a statement counts for."""
    if row.verdict == WRONG:
        return 0.5 if row.slips and row.slips[0].kind in HALF_POINT else 0.0
    return 0.0 if row.verdict in (BLANK, UNREAD) else 1.0


def audit(claims: Any, graph: Any, module: Any = None, *, rate: float | None = None,
          parameters: Iterable[Value] | None = None, names: Mapping[str, str] | None = None,
          title: str = "") -> Audit:
    """The audit of a hand derivation against the graph that it is about.

    claims: equations, or (title, equations) per part, or {name: number as printed}. rate: the
    learning rate of the updates, 0.01 if not given. parameters: what they move; by default a
    module's, or else every leaf. names: other spellings used in the claims, {"E_total": "loss"}.
    """
    problem = Problem.of(graph, module, rate=rate, parameters=parameters, names=names)
    judge = Judge(problem)
    for step, text in lines(claims):
        judge.line(step, text)
    return Audit(judge.rows, problem, title)


def lines(claims: Any) -> Iterator[tuple[str, str]]:
    """The equations of a derivation, each with the title of its part."""
    if isinstance(claims, str):
        claims = claims.splitlines()
    if isinstance(claims, Mapping):
        claims = [f"{name} = {written(number)}" for name, number in claims.items()]
    for claim in claims:
        if isinstance(claim, str):
            yield from (("", line.strip()) for line in re.split("[\\n;]", claim) if line.strip())
        else:
            title, equations = claim
            yield from ((title, text) for _, text in lines(equations))


def written(number: Any) -> str:
    """A number, or a nested list of them, as text."""
    if isinstance(number, (list, tuple)) or hasattr(number, "tolist"):
        return f"[{', '.join(map(written, list(number)))}]"
    if isinstance(number, bool) or not isinstance(number, (str, int, float)):
        raise TypeError(f"{number!r} is not a number as one prints it: give a text such as "
                        f"'-11.078', so that its digits are known")
    return str(number)
