"""Every quantity of a derivation, computed exactly or from a person's own earlier numbers.

    Number(node, k)             the value of a node, after k updates
    Gradient(of, by, k)         the derivative of one node in another
    Local(node, i, k)           the derivative of an operation in its i-th input

    Reckoning(problem)              computes them from the graph
    Reckoning(problem, book)        the same, but a quantity that stands in the book, the numbers
                                    written so far, is taken from there instead of computed
    enclosure(root, boxes)          the interval a result lies in when its operands lie in theirs

A reckoning is itself a graph: its leaves are the given numbers and the person's own, its operations
the rows' values and slopes, run on Values. So what a step depends on, and how much a rounded
operand can change it, is read off the graph. Nothing recurses: `Reckoning.of` works on a stack.
"""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, NamedTuple, TypeAlias

from engine import Value, total
from engine.calculus import on_values, times
from engine.graph import topological
from engine.value import constant, is_constant, make

from .problem import Problem


class Number(NamedTuple):
    """The value of a node after some updates of the parameters."""

    node: Value
    after: int = 0


class Gradient(NamedTuple):
    """The derivative of one node in another, along all paths."""

    of: Value
    by: Value
    after: int = 0


class Local(NamedTuple):
    """The derivative of an operation in one of its inputs, the others held."""

    node: Value
    i: int
    after: int = 0


Quantity: TypeAlias = Number | Gradient | Local


class Entry(NamedTuple):
    """A number in the book: as written, the interval of what it may stand for, and its row."""

    value: float
    low: float
    high: float
    row: int


class Edges:
    """Which operations take a node, for every node of a graph; kept, as they are asked often."""

    def __init__(self, root: Value) -> None:
        self.kept: dict[Value, dict[Value, list[tuple[Value, int]]]] = {}
        self.through: dict[tuple[Value, Value, Value], bool] = {}
        self.siblings = siblings(root)

    def of(self, root: Value) -> dict[Value, list[tuple[Value, int]]]:
        """For every node below root the operations that take it, and in which place."""
        if root not in self.kept:
            leaves, inner = topological([root])
            found: dict[Value, list[tuple[Value, int]]] = {n: [] for n in (*leaves, *inner)}
            for c in inner:
                for i, x in enumerate(c._prev):
                    found[x].append((c, i))
            self.kept[root] = found
        return self.kept[root]

    def all_through(self, of: Value, between: Value, by: Value) -> bool:
        """Whether every path from `by` up to `of` goes through the node between them."""
        key = of, between, by
        if key not in self.through:
            edges, todo, reached = self.of(of), [by], {by}
            while todo:
                for c, _ in edges.get(todo.pop(), ()):
                    if c not in reached and c is not between:
                        reached.add(c)
                        todo.append(c)
            self.through[key] = between in edges and of not in reached
        return self.through[key]


class Reckoning:
    """The quantities of a problem, each computed from the book as far as that goes."""

    def __init__(self, problem: Problem, book: Mapping[Quantity, Entry] | None = None,
                 *, edges: Edges | None = None, leaves: Mapping[Value, float] | None = None) -> None:
        self.problem, self.book = problem, book or {}
        self.edges, self.leaves = edges or Edges(problem.loss), leaves or {}
        self.made: dict[Quantity, Value] = {}
        self.boxes: dict[Value, Entry] = {}             # the leaves that come from the book
        self.meaning: dict[Value, Quantity] = {}

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
        if isinstance(q, Local):
            x = q.node._prev[q.i]
            if self.edges.of(q.node)[x] == [(q.node, q.i)]:
                return Gradient(q.node, x, q.after)
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
            return make(q.node._rule, [self.made[Number(x, q.after)] for x in q.node._prev])
        if q.after and q.node in self.problem.parameters:
            gradient = self.made[Gradient(self.problem.loss, q.node, q.after - 1)]
            return self.made[Number(q.node, q.after - 1)] - gradient * self.problem.rate
        if q.after:
            return self.made[Number(q.node)]
        leaf = constant if is_constant(q.node) else Value
        return leaf(self.leaves.get(q.node, q.node.data))

    def _local(self, q: Local, xs: list[Value], z: Value) -> Value:
        entry = self.kink(q, [x.data for x in xs]) or self.from_value(q, xs[0].data)
        if entry:
            return self.boxed(entry)
        found = slope(q.node, q.i, xs, z)
        known = {(n._rule, tuple(self.made[Number(x, q.after)] for x in n._prev)):
                 self.made[Number(n, q.after)] for n in self.alike(q.node)}
        return replaced(found, known) if known and isinstance(found, Value) else as_value(found)

    def from_value(self, q: Local, x: float) -> Entry | None:
        """The slope of a function of one number where its value is the one that was written.

        A person takes σ' = s (1 - s) from the s written down, rounded as it is, or from the x.
        """
        entry, rule = self.book.get(Number(q.node, q.after)), q.node._rule
        if not entry or len(q.node._prev) != 1 or not hasattr(rule, "row"):
            return None
        slopes = [slope_at_value(rule, x, z) for z in (entry.value, entry.low, entry.high)]
        slopes.append(rule.slopes([x], rule.value([x]))[0])
        if not all(map(isfinite, slopes)):
            return None
        return Entry(slopes[0], min(slopes), max(slopes), entry.row)

    def kink(self, q: Local, xs: list[float]) -> Entry | None:
        """At a kink, where any slope between the two one-sided ones is right: those two."""
        rule, i = q.node._rule, q.i
        middle = rule.slopes(xs, rule.value(xs) if hasattr(rule, "row") else 0)
        if middle is None or abs(middle[i]) == float("inf"):
            return None
        step = 1e-7 * max(1.0, abs(xs[i]))
        sides = []
        for x in (xs[i] - step, xs[i] + step):
            moved = [*xs[:i], x, *xs[i + 1:]]
            sides.append(rule.slopes(moved, rule.value(moved) if hasattr(rule, "row") else 0)[i])
        low, high = sorted((*sides, middle[i]))[::2]
        jump = high - low > 1e-3 * max(abs(low), abs(high))
        return Entry(middle[i], low, high, 0) if jump and high < float("inf") else None


def siblings(root: Value) -> dict[tuple[Any, frozenset[Value]], list[Value]]:
    """The operations over lists that share their rule and all their inputs, by these."""
    found: dict[tuple[Any, frozenset[Value]], list[Value]] = {}
    for node in topological([root])[1]:
        if hasattr(node._rule, "row") and node._rule.row.variadic:
            found.setdefault((node._rule, frozenset(node._prev)), []).append(node)
    return {key: nodes for key, nodes in found.items() if len(nodes) > 1}


def slope_at_value(rule: Any, x: float, z: float) -> float:
    """The slope of a function at the point near x where its value is z; nan if there is none."""
    for _ in range(30):                         # Newton
        error, steepness = rule.value([x]) - z, rule.slopes([x], rule.value([x]))[0]
        if not isfinite(error) or not steepness:
            return float("nan")
        if abs(error) <= 1e-14 * abs(z):
            break
        x -= error / steepness
    return float(rule.slopes([x], z)[0])


def slope(node: Value, i: int, xs: list[Value], z: Value, rule: Any = None) -> Any:
    """The local derivative in input i at given inputs and output, as a Value or a number."""
    rule = rule or node._rule
    if not hasattr(rule, "row"):
        numbers = rule.slopes([x.data for x in xs], z.data)
        if numbers is None:
            raise ValueError(f"the operation {rule.symbol!r} was made by hand and gives no local "
                             f"derivative to check against: define it with engine.add_operation")
        return numbers[i]
    plain = [x.data if is_constant(x) else x for x in xs]
    for inputs in (plain, xs):
        try:
            if rule.row.variadic:
                return on_values(rule)[0](inputs, z)[i]
            return on_values(rule)[i](inputs, z)
        except (ArithmeticError, ValueError):       # Python's own arithmetic on constants raised
            continue
    return float("nan")


def as_value(x: Any) -> Value:
    """A number as a constant, a Value as it is."""
    return x if isinstance(x, Value) else constant(x)


def replaced(root: Value, known: Mapping[tuple[Any, tuple[Value, ...]], Value]) -> Value:
    """The graph of root with the operations that are known by other Values replaced by these."""
    copies: dict[Value, Value] = {}
    for node in topological([root])[1]:
        inputs = tuple(copies.get(x, x) for x in node._prev)
        found = known.get((node._rule, inputs))
        if found is not None or inputs != node._prev:
            copies[node] = make(node._rule, inputs) if found is None else found
    return copies.get(root, root)


# ---- intervals

class Replay:
    """A graph run again with some of its nodes set to other numbers."""

    def __init__(self, root: Value) -> None:
        leaves, self.inner = topological([root])
        self.root, self.data = root, {n: n.data for n in (*leaves, *self.inner)}
        self.above: dict[Value, list[Value]] = {}

    def __call__(self, changed: Mapping[Value, float]) -> float:
        """The number that the root would be."""
        data = dict(changed)
        for n in self.dependent(*changed) if len(changed) == 1 else self.inner:
            if n not in changed:
                data[n] = n._rule.value([data.get(x, self.data[x]) for x in n._prev])
        return data.get(self.root, self.data[self.root])

    def dependent(self, node: Value) -> list[Value]:
        """The operations that depend on a node, each after its inputs; found once."""
        if node not in self.above:
            reached = {node}
            for n in self.inner:
                if not reached.isdisjoint(n._prev):
                    reached.add(n)
            self.above[node] = [n for n in self.inner if n in reached and n is not node]
        return self.above[node]


def rounded(root: Value, digits: int) -> float:
    """The number root would be if every result on the way were rounded to so many digits."""
    from .digits import to_digits
    leaves, inner = topological([root])
    data: dict[Value, float] = {n: n.data for n in leaves}
    for n in inner:
        data[n] = to_digits(n._rule.value([data[x] for x in n._prev]), digits)
    return data[root]


def sensitivities(root: Value, leaves: Iterable[Value]) -> dict[Value, float]:
    """The derivative of root in each of the leaves that it depends on."""
    found = {n for n in topological([root])[0] if n in set(leaves)}
    for n in found:
        n.grad = 0.0
    if found:
        root.backward()
    return {n: n.grad for n in found}


def enclosure(root: Value, boxes: Mapping[Value, Entry]) -> tuple[float, float]:
    """The interval of root's numbers while its leaves range over their boxes.

    The corners that the gradient points to, and each leaf moved alone: exact where root rises or
    falls steadily in every leaf over its box, and free of the widening that comes from an operand
    that occurs twice.
    """
    slopes = sensitivities(root, boxes)
    ends = {n: (boxes[n].low, boxes[n].high) for n in slopes}
    if not ends:
        return root.data, root.data
    trials = [{n: ends[n][(slopes[n] > 0) == up] for n in ends} for up in (False, True)]
    trials += [{n: end} for n in ends for end in ends[n] if len(ends) > 1]
    found = [root.data, *map(Replay(root), trials)]
    return min(found), max(found)
