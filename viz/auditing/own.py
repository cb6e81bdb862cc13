"""Every quantity of a derivation, computed exactly or from a person's own earlier numbers.

    Reckoning(problem)              computes them from the graph
    Reckoning(problem, book)        the same, but a quantity that stands in the book, the numbers
                                    written so far, is taken from there instead of computed

A reckoning is itself a graph: its leaves are the given numbers and the person's own, its operations
the rows' values and slopes, run on Values. So what a step depends on, and how much a rounded
operand can change it, is read off the graph. Nothing recurses: `Reckoning.of` works on a stack.
"""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from engine import Value, total
from engine.calculus import times
from engine.graph import topological
from engine.value import constant, is_constant, make

from .intervals import enclosure
from .problem import Problem
from .quantities import Edges, Entry, Gradient, Local, Number, Quantity
from .slopes import as_value, by_value, either_side, replaced, slope


class Reckoning:
    """The quantities of a problem, each computed from the book as far as that goes."""

    def __init__(self, problem: Problem, book: Mapping[Quantity, Entry] | None = None, *,
                 edges: Edges | None = None, leaves: Mapping[Value, float] | None = None) -> None:
        self.problem, self.book = problem, book or {}
        self.edges, self.leaves = edges or Edges(problem.loss), leaves or {}
        self.made: dict[Quantity, Value] = {}
        self.boxes: dict[Value, Entry] = {}             # the leaves that come from the book
        self.meaning: dict[Value, Quantity] = {}
        self.formulas: dict[Value, Value] = {}          # the row's, of a leaf that is a slope,
        self.from_value: dict[Value, Entry] = {}        # and what its value written down gives

    def of(self, wanted: Quantity, *, afresh: bool = False) -> Value:
        """A quantity as a Value; afresh: computed even if it stands in the book itself."""
        kept = self.made.pop(wanted, None) if afresh else None
        todo: list[tuple[Quantity, bool]] = [(wanted, False)]
        while todo:
            q, ready = todo.pop()
            if q in self.made:
                continue
            entry = None if afresh and q == wanted else self.book.get(self.written(q))
            if entry:
                self.keep(q, self.boxed(entry))
            elif ready:
                self.keep(q, self.computed(q))
            else:
                todo.append((q, True))
                todo += [(x, False) for x in self.needs(q)]
        found = self.made.pop(wanted) if afresh else self.made[wanted]
        if kept is not None:
            self.made[wanted] = kept
        return found

    def keep(self, q: Quantity, made: Value) -> None:
        """Notes what a quantity is, and what a Value means."""
        self.made[q] = made
        self.meaning.setdefault(made, q)

    def boxed(self, entry: Entry) -> Value:
        """A leaf for a number of the book."""
        leaf = Value(entry.value)
        self.boxes[leaf] = entry
        return leaf

    def written(self, q: Quantity) -> Quantity:
        """The quantity as a person names it: a local derivative that is the whole gradient."""
        if isinstance(q, Local) and self.edges.alone(q.node, q.i):
            return Gradient(q.node, q.node._prev[q.i], q.after)
        return q

    def local(self, q: Quantity) -> Quantity:
        """The other way round: a gradient over a single operation as its local derivative."""
        if isinstance(q, Gradient):
            edges = self.edges.of(q.of).get(q.by, [])
            if len(edges) == 1 and edges[0][0] is q.of:
                return Local(*edges[0], q.after)
        return q

    def needs(self, q: Quantity) -> list[Quantity]:
        """What a quantity is computed from."""
        if isinstance(q, Number):
            if q.node._prev:
                return [Number(x, q.after) for x in q.node._prev]
            if q.after and q.node in self.problem.parameters:
                return [Number(q.node, q.after - 1),
                        Gradient(self.problem.loss, q.node, q.after - 1)]
            return [Number(q.node)] if q.after else []
        if isinstance(q, Local):
            return [Number(n, q.after) for n in (*q.node._prev, q.node, *self.alike(q.node))]
        between = self.stop(q)
        if between:
            return [Gradient(q.of, between, q.after), Gradient(between, q.by, q.after)]
        return [x for c, i in self.edges.of(q.of).get(q.by, ())
                for x in (Gradient(q.of, c, q.after), Local(c, i, q.after))]

    def stop(self, q: Gradient) -> Value | None:
        """A node that all of a gradient's paths go through, up to which the person has derived."""
        for known in self.book:
            if (isinstance(known, Gradient) and known.by is q.by and known.after == q.after
                    and known.of is not q.of and self.edges.all_through(q.of, known.of, q.by)):
                return known.of
        return None

    def alike(self, node: Value) -> list[Value]:
        """The operations of the same kind on the same inputs, as in a softmax."""
        return self.edges.siblings.get((node._rule, frozenset(node._prev)), [])

    def computed(self, q: Quantity) -> Value:
        """A quantity from what it needs, all of which is made."""
        if isinstance(q, Number):
            return self._number(q)
        if isinstance(q, Local):
            return self._local(q, [self.made[Number(x, q.after)] for x in q.node._prev],
                               self.made[Number(q.node, q.after)])
        if q.of is q.by:
            return constant(1.0)
        between = self.stop(q)
        if between:
            return times(self.made[Gradient(q.of, between, q.after)],
                         self.made[Gradient(between, q.by, q.after)])
        terms = [times(self.made[Gradient(q.of, c, q.after)], self.made[Local(c, i, q.after)])
                 for c, i in self.edges.of(q.of).get(q.by, ())]
        return terms[0] if len(terms) == 1 else total(terms) if terms else constant(0.0)

    def _number(self, q: Number) -> Value:
        if q.node._prev:
            rule: Any = q.node._rule
            return make(rule, [self.made[Number(x, q.after)] for x in q.node._prev])
        if q.after and q.node in self.problem.parameters:
            gradient = self.made[Gradient(self.problem.loss, q.node, q.after - 1)]
            return self.made[Number(q.node, q.after - 1)] - gradient * self.problem.rate
        if q.after:
            return self.made[Number(q.node)]
        leaf = constant if is_constant(q.node) else Value
        return leaf(self.leaves.get(q.node, q.node.data))

    def _local(self, q: Local, xs: list[Value], z: Value) -> Value:
        kink = either_side(q.node, q.i, [x.data for x in xs])
        if kink:
            return self.boxed(Entry(*kink))
        found = as_value(slope(q.node, q.i, xs, z))
        found = replaced(found, {
            (n._rule, tuple(self.made[Number(x, q.after)] for x in n._prev)):
            self.made[Number(n, q.after)] for n in self.alike(q.node)})
        entry = self.book.get(Number(q.node, q.after))
        form = by_value(q.node, q.i, [x.data for x in xs]) if entry else None
        return self.either(found, entry, form) if entry and form else found

    def either(self, found: Value, entry: Entry, form: Callable[[float], float]) -> Value:
        """A slope as a leaf whose box holds it from the inputs, and from the value written down.

        A person takes σ' = s (1 - s) from the s written down, rounded as it is, or from the x.
        """
        slopes = [form(z) for z in (entry.value, entry.low, entry.high)]
        low, high = enclosure(found, self.boxes)
        if not all(map(isfinite, (low, high, *slopes))):
            return found
        used = (self.boxes[n] for n in topological([found])[0] if n in self.boxes)
        rows = {row for e in (entry, *used) for row in e.rows}
        leaf = self.boxed(Entry(slopes[0], min(low, *slopes), max(high, *slopes), (*rows,)))
        self.formulas[leaf] = found
        self.from_value[leaf] = Entry(slopes[0], min(slopes), max(slopes), entry.rows)
        return leaf
