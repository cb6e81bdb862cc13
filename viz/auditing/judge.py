"""The judge: reads a derivation line by line and gives every statement a verdict.

    judge = Judge(problem)
    judge.line("Backward pass", "∂L/∂b1 = -5.768 * 1.2 * 0.8 = -5.539")
    judge.rows                              one Row per statement, in order

Every number is recomputed twice: exactly, and from the person's own earlier numbers, which stand in
the *book*. What a number in the book may stand for is an interval, its box: between the number as
printed and the one it was rounded from. Start reading at `Judge.line`; verdicts are in claim.py.
"""

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any

from engine import Value
from engine.value import constant

from .claim import Claim
from .digits import HAIR, Printed
from .equations import Side, side, split
from .own import Reckoning
from .problem import Problem, nested
from .quantities import Edges, Entry, Quantity
from .sides import Element, LookUp, checked, elements, quantities
from .verdicts import INHERITED, RESULT, UNREAD, WRONG, Row

POINTS = 3                          # a formula is also tried at so many other points


class Judge:
    """The rows so far, and the book of the numbers written so far."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.edges = problem, Edges(problem.loss)
        self.exact = Reckoning(problem, edges=self.edges)
        self.book: dict[Quantity, Entry] = {}
        self.rows: list[Row] = []
        self.spoiled: set[int] = set()              # the rows with an error in them or behind them
        self.points: dict[frozenset[str], list[Reckoning]] = {}

    # ---- lines

    def line(self, step: str, text: str) -> None:
        """Judges every statement of one equation."""
        before = len(self.rows)
        try:
            first, *rest = split(text)
            sides = [self.read(first)]
            for part in rest:
                try:
                    sides.append(self.read(part))
                except ValueError as error:
                    self.unread(step, first, part, error)
            for element in elements(self.problem, sides) if len(sides) > 1 else ():
                self.element(step, element)
        except ValueError as error:
            self.unread(step, text.partition("=")[0].strip(), text, error)
        self.rows[before:] = commonest(self.rows[before:])

    def read(self, text: str) -> Side:
        """One side, all its names known."""
        return checked(self.problem, side(text, self.problem.known))

    def unread(self, step: str, name: str, text: str, error: Exception) -> None:
        """Notes what could not be read or computed, and why."""
        said = "" if isinstance(error, ValueError) else f"{text!r} cannot be computed: "
        self.add(step, name, RESULT, text, verdict=UNREAD, note=f"{said}{error}")

    def element(self, step: str, element: Element) -> None:
        """Judges the sides of one element, from the left."""
        claim = Claim(self, step, element, Reckoning(self.problem, self.book, edges=self.edges))
        for part in element.rest:
            try:                                    # what cannot be computed is said beforehand
                if not part.side.blank:
                    part.value(self.named(self.exact))
            except (ArithmeticError, TypeError, ValueError, RecursionError) as error:
                self.unread(step, element.name, part.side.text, error)
            else:
                claim.part(part)

    def add(self, step: str, name: str, kind: str, text: str, **found: Any) -> Row:
        """Notes a row, numbered in the order of the derivation."""
        row = Row(len(self.rows) + 1, step, name, kind, text,
                  **{"exact": float("nan"), "own": None, **found})
        self.rows.append(row)
        if row.verdict in (WRONG, INHERITED):
            self.spoiled.add(row.number)
        return row

    def wrong(self, numbers: Iterable[int]) -> list[int]:
        """Those rows among the numbers that are wrong, or have inherited it."""
        return [n for n in dict.fromkeys(numbers)
                if n and self.rows[n - 1].verdict in (WRONG, INHERITED)]

    # ---- what names and numbers are

    def named(self, reckoning: Reckoning) -> LookUp:
        """Names and derivatives from a reckoning, numbers as they are."""
        def look_up(what: Any) -> Any:
            if isinstance(what, Printed):
                return constant(int(what.value) if what.whole else what.value)
            return nested(quantities(self.problem, what), reckoning.of)
        return look_up

    def literal(self, reckoning: Reckoning, boxes: dict[Value, Entry],
                partials: list[float]) -> LookUp:
        """The same, and the boxes of the numbers are noted: what each may stand for."""
        names = self.named(reckoning)

        def look_up(what: Any) -> Any:
            if not isinstance(what, Printed) or what.whole:
                return names(what)
            leaf = Value(what.value)
            boxes[leaf] = self.stands_for(what, partials)
            return leaf
        return look_up

    def stands_for(self, number: Printed, partials: list[float]) -> Entry:
        """What a number in a working may stand for: a given one, an earlier one, a part of it."""
        x = number.value
        givens = [self.problem.rate, *(n.data for n in self.problem.names.values() if not n._prev)]
        if any(abs(abs(g) - x) <= HAIR * x for g in givens):
            return Entry(x, x, x)
        for entry in reversed(self.book.values()):
            if number.agrees(abs(entry.value)):
                ends = sorted((abs(entry.low), abs(entry.high)))
                return Entry(x, min(x, ends[0]), max(x, ends[1]), entry.rows)
        for p in partials:
            if number.agrees(abs(p)):
                return Entry(x, min(x, abs(p)), max(x, abs(p)))
        return Entry(x, *number.unit)

    def elsewhere(self, used: frozenset[str]) -> list[Reckoning]:
        """The problem at other points, where a formula must hold as well.

        used: the names in the formula; given numbers that it does not name stay as they are, for
        it may have been simplified with them, as with a target that is 1 or 0.
        """
        if used not in self.points:
            self.points[used] = [
                Reckoning(self.problem, edges=self.edges,
                          leaves=moved(self.problem, used, Random(seed)))
                for seed in range(POINTS)]
        return self.points[used]


def commonest(rows: list[Row]) -> list[Row]:
    """The rows of an equation, the kinds of slip first that explain most of its elements."""
    kinds = Counter(kind for row in rows for kind in {slip.kind for slip in row.slips})
    return [row._replace(slips=tuple(sorted(row.slips, key=lambda slip: -kinds[slip.kind])))
            for row in rows]


def moved(problem: Problem, used: frozenset[str], random: Random) -> dict[Value, float]:
    """Other numbers for the leaves; those of a given list or row keep their sum, as targets do."""
    found = {n: n.data * random.uniform(0.8, 1.2) + random.uniform(0.01, 0.05)
             for name, n in problem.names.items() if not n._prev
             and (n in problem.parameters or name.partition("[")[0] in used)}
    for table in problem.families.values():
        for row in table if isinstance(table[0], list) else [table]:
            given = [problem.names[name] for name in row]
            if len(given) > 1 and all(n in found and n not in problem.parameters for n in given):
                excess = sum(found[n] - n.data for n in given) / len(given)
                found |= {n: found[n] - excess for n in given}
    return found
