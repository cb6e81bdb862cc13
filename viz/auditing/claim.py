"""One claim under judgement: its true number, and all the ways its printed one may come about.

A printed number is right if the true one rounds to it. It is carried rounding if it meets the
interval of its step over the boxes of its operands, the person's own earlier numbers; inherited if
one of these was wrong; and wrong here if nothing that was written before gives it.
Start reading at `Claim.part`, then `Claim.result`.
"""

from collections.abc import Iterable
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from engine import Value
from engine.graph import topological
from engine.value import constant

from .digits import HAIR, Printed, misprints
from .edits import Edit
from .equations import Side
from .intervals import enclosure, near, overlap, rounded, within
from .own import Reckoning
from .problem import nested
from .quantities import Entry, Number, Quantity
from .sides import Element, Part, quantities
from .slips import explained
from .verdicts import (
    BLANK,
    CARRIED,
    DIGITS,
    FORMULA,
    INHERITED,
    RESULT,
    RIGHT,
    WORKING,
    WRONG,
    Row,
    Slip,
)
from .workings import misplaced, unequal, unmultiplied

if TYPE_CHECKING:
    from .judge import Judge


class Ground(NamedTuple):
    """Something that a number may have been computed from: a graph, its boxes, and its row."""

    root: Value
    boxes: dict[Value, Entry]
    row: int = 0                    # the statement that wrote it out, or 0: the step itself


class Claim:
    """One element under judgement: its true number, and the ways its own number may come about."""

    def __init__(self, judge: "Judge", step: str, element: Element, own: Reckoning) -> None:
        self.judge, self.step, self.element, self.own = judge, step, element, own
        self.quantity = element.quantity
        self.exact = self.true(judge.exact).data
        self.grounds = [self.natural()]
        self.partials: list[float] = []
        self.before: Part | None = None         # the working before this one

    def true(self, reckoning: Reckoning) -> Value:
        """What is claimed, from a reckoning."""
        if self.quantity is not None:
            return reckoning.of(self.quantity)
        found = self.element.first.value(self.judge.named(reckoning))
        return found if isinstance(found, Value) else constant(found)

    def natural(self) -> Ground:
        """The step itself, from the person's own earlier numbers."""
        if self.quantity is not None:
            return Ground(self.own.of(self.quantity, afresh=True), self.own.boxes)
        boxes: dict[Value, Entry] = {}
        found = self.element.first.value(self.judge.literal(self.own, boxes, []))
        return Ground(found, boxes | self.own.boxes)

    def part(self, part: Part) -> None:
        """Judges one side."""
        side = part.side
        if side.blank:                              # what belongs there is not told
            self.add(RESULT, "?", BLANK, exact=float("nan"), own=None)
        elif side.number and not part.place:
            self.result(side.number)
        elif side.named:
            self.formula(part)
        else:
            self.working(part)

    def add(self, kind: str, text: str, verdict: str, **found: Any) -> Row:
        """Notes a row about this element."""
        return self.judge.add(self.step, self.element.name, kind, text, verdict=verdict,
                              **{"exact": self.exact, "own": self.grounds[0].root.data, **found})

    # ---- results

    def result(self, shown: Printed) -> None:
        """Judges a printed number, and notes it in the book."""
        if shown.agrees(self.exact):
            same = abs(shown.value - self.exact) <= HAIR * abs(self.exact)
            self.add(RESULT, shown.text, RIGHT if same else DIGITS)
            spoiled = not self.judge.spoiled.isdisjoint(self.rows_of(self.grounds[0]))
            self.note(shown, self.exact, *(shown.unit if spoiled else ()))
            if spoiled:                             # right to its digits, but not beyond
                self.judge.spoiled.add(len(self.judge.rows))
            return
        for ground in self.all_grounds():
            if follows(shown, ground):
                self.accepted(shown, ground)
                return
        slips = explained(partial(near, shown.value, shown.half), self.reckonings(), self.quantity,
                          self.pen(shown), self.pen(shown, weak=True), self.spread(),
                          right=[self.exact, self.grounds[0].root.data])
        self.add(RESULT, shown.text, WRONG, slips=slips)
        self.note(shown, *shown.unit)

    def all_grounds(self) -> Iterable[Ground]:
        """A slope from the value written, the step from own numbers, the number repeated, ..."""
        root = self.grounds[0].root
        if root in self.own.from_value:
            yield Ground(root, {root: self.own.from_value[root]})
        yield self.grounds[0]
        if self.quantity is not None and self.quantity in self.judge.book:
            leaf = Value(self.judge.book[self.quantity].value)
            entry = self.judge.book[self.quantity]
            yield Ground(leaf, {leaf: entry})
        yield from self.grounds[:0:-1]
        if self.quantity is not None:
            values: dict[Quantity, Entry] = {
                q: entry for q, entry in self.judge.book.items() if isinstance(q, Number)}
            other = Reckoning(self.judge.problem, values, edges=self.judge.edges)
            yield Ground(other.of(self.quantity, afresh=True), other.boxes)

    def accepted(self, shown: Printed, ground: Ground) -> None:
        """A number that is not the true one, but follows from earlier ones: which?"""
        verdict, causes = self.descent(ground)
        self.add(RESULT, shown.text, verdict, causes=causes)
        self.note(shown, ground.root.data,
                  *((self.exact,) if verdict == CARRIED else shown.unit))

    def descent(self, ground: Ground) -> tuple[str, tuple[int, ...]]:
        """Carried rounding, or inherited from which rows."""
        rows = [ground.row] if self.judge.wrong([ground.row]) else self.rows_of(ground)
        causes = tuple(sorted(self.judge.wrong(rows)))
        return (INHERITED, causes) if causes else (CARRIED, ())

    def rows_of(self, ground: Ground) -> list[int]:
        """The statements that a ground takes numbers from."""
        leaves = topological([ground.root])[0]
        return [row for n in leaves if n in ground.boxes for row in ground.boxes[n].rows]

    def spread(self) -> float:
        """How uncertain the step is by carried rounding, relative to its number."""
        low, high = enclosure(self.grounds[0].root, self.grounds[0].boxes)
        return (high - low) / abs(high + low) if high + low else 0.0

    def note(self, shown: Printed, *ends: float) -> None:
        """Writes the number into the book, with what it may stand for."""
        stands = [shown.value, *filter(isfinite, ends)]
        if self.quantity is not None:
            self.judge.book[self.quantity] = Entry(
                shown.value, min(stands), max(stands), (len(self.judge.rows),))

    def by_name(self, part: Part, point: Reckoning) -> Reckoning:
        """The reckoning at a point that stops at everything with a name, as a formula does."""
        problem = point.problem
        book: dict[Quantity, Entry] = {}

        def note(q: Quantity) -> None:
            if q != self.quantity:
                x = point.of(q).data
                book[q] = Entry(x, x, x)

        for node in problem.names.values():
            if node._prev:
                note(Number(node))
        for what in part.side.meaning.values():
            if not isinstance(what, Printed):
                nested(quantities(problem, what), note)
        return Reckoning(problem, book, edges=point.edges, leaves=point.leaves)

    def reckonings(self) -> list[Reckoning]:
        """From the person's own numbers, and from the exact ones in their places."""
        judge = self.judge
        book = {q: Entry(x, x, x) for q in judge.book for x in [judge.exact.of(q).data]}
        return [self.own, Reckoning(judge.problem, book, edges=judge.edges)]

    def pen(self, shown: Printed, weak: bool = False) -> list[Edit]:
        """Slips of the pen, from the true number or any that the person may have had."""
        bases = dict.fromkeys([self.grounds[-1].root.data, self.grounds[0].root.data, self.exact])
        found = [Edit(kind, text, shown.value) for base in bases
                 for kind, text in misprints(shown, base)]
        return [e for e in found if (e.kind in ("last digit", "digit misread")) == weak]

    # ---- workings and formulas

    def working(self, part: Part) -> None:
        """Judges numbers written out on the way."""
        boxes: dict[Value, Entry] = {}
        root = part.value(self.judge.literal(self.own, boxes, self.partials))
        low, high = enclosure(root, boxes)
        verdict, causes = self.standing(low, high, root, boxes)
        slips = () if verdict != WRONG else explained(
            partial(within, low, high), self.reckonings(), self.quantity,
            [*(unequal(self.before, part, root) if self.before else ()),
             *unmultiplied(part, root, partial(self.reached, half=1e-4 * abs(self.exact)))],
            misplaced(root, partial(self.reached, half=(high - low) / 2), self.own),
            self.spread())
        row = self.add(WORKING, part.side.text, verdict, causes=causes, slips=slips)
        self.grounds.append(Ground(root, boxes, row.number))
        self.partials += [n.data for n in topological([root])[1]]
        self.before = part

    def standing(self, low: float, high: float, root: Value,
                 boxes: dict[Value, Entry]) -> tuple[str, tuple[int, ...]]:
        """The verdict on a working that gives something between low and high."""
        if within(low, high, self.exact):
            return (RIGHT if near(root.data, 0.0, self.exact) else DIGITS), ()
        if overlap((low, high), enclosure(self.grounds[0].root, self.grounds[0].boxes)):
            return self.descent(Ground(self.grounds[0].root, self.grounds[0].boxes))
        for ground in self.grounds[:0:-1]:
            if overlap((low, high), enclosure(ground.root, ground.boxes)):
                return self.descent(ground)
        return WRONG, ()

    def reached(self, x: float, half: float = 0.0) -> bool:
        """Whether a number is the true one, or the step's from own numbers, to half a unit."""
        return near(x, half, self.exact) or near(x, half, self.grounds[0].root.data)

    def formula(self, part: Part) -> None:
        """Judges an expression in names: at other points too, unless it has decimals in it."""
        decimals = any(isinstance(m, Printed) and not m.whole for m in part.side.meaning.values())
        used = frozenset(name.partition("[")[0] for name in names_in(part.side))
        points = [self.judge.exact, *([] if decimals else self.judge.elsewhere(used))]
        wrong = [point for point in points if not self.holds(part, point)]
        slips: tuple[Slip, ...] = ()
        if wrong:                                   # the last point is the most general one
            given = sum(self.range(part, self.judge.exact)) / 2
            slips = tuple(slip._replace(value=given) for slip in explained(
                partial(within, *self.range(part, wrong[-1])), [self.by_name(part, wrong[-1])],
                self.quantity, pen=False))
        chance = "" if not wrong or self.judge.exact in wrong else (
            "it agrees with these numbers by chance, with others it does not")
        row = self.add(FORMULA, part.side.text, WRONG if wrong else RIGHT, own=None, slips=slips,
                       note=chance)
        if wrong:                                   # what follows may come from it
            boxes: dict[Value, Entry] = {}
            root = part.value(self.judge.literal(self.own, boxes, []))
            self.grounds.append(Ground(root, self.own.boxes | boxes, row.number))

    def holds(self, part: Part, point: Reckoning) -> bool:
        """Whether an expression gives the true number at a point; also where there is none."""
        true = self.true(point).data
        return not isfinite(true) or within(*self.range(part, point), true)

    def range(self, part: Part, point: Reckoning) -> tuple[float, float]:
        """The interval of an expression in names at a point."""
        boxes: dict[Value, Entry] = {}
        found = part.value(self.judge.literal(point, boxes, []))
        return enclosure(found if isinstance(found, Value) else constant(found), boxes)


def names_in(side: Side) -> list[str]:
    """The names that a side mentions."""
    return [name.rstrip("'") for what in side.meaning.values() if not isinstance(what, Printed)
            for name in ([what] if isinstance(what, str) else what)]


def follows(shown: Printed, ground: Ground) -> bool:
    """Whether a printed number is what the ground gives, operands and results rounded or not."""
    return (shown.meets(*enclosure(ground.root, ground.boxes))
            or shown.agrees(rounded(ground.root, max(shown.digits, 3))))
