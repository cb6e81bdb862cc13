"""A graph run again with other numbers: what rounded operands can do to a result.

    Replay(root)({leaf: 1.5})       the number that the root would be
    rounded(root, 4)                the same with every result on the way rounded to 4 digits
    enclosure(root, boxes)          the interval of the root while its leaves range over theirs
    near, within, overlap           comparisons that forgive the arithmetic of floats, and no more
"""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from engine import Value
from engine.graph import topological

from .digits import HAIR, to_digits
from .quantities import Entry


def value(node: Value, xs: list[float]) -> float:
    """What a node's operation makes of other inputs."""
    rule: Any = node._rule
    return float(rule.value(xs))


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
                data[n] = value(n, [data.get(x, self.data[x]) for x in n._prev])
        return float(data.get(self.root, self.data[self.root]))

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
    leaves, inner = topological([root])
    data: dict[Value, float] = {n: n.data for n in leaves}
    for n in inner:
        data[n] = to_digits(value(n, [data[x] for x in n._prev]), digits)
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


def near(x: float, half: float, y: float, spread: float = 0.0) -> bool:
    """Whether y, uncertain by a relative spread, is x to half a unit."""
    return abs(x - y) <= half * (1 + 1e-6) + (spread + HAIR) * abs(y) + 1e-15


def within(low: float, high: float, x: float, spread: float = 0.0) -> bool:
    """Whether x lies between low and high; of what is not finite nothing is said."""
    if not (isfinite(low) and isfinite(high) and isfinite(x)):
        return low == high == x
    slack = (spread + HAIR) * max(abs(low), abs(high), abs(x)) + 1e-15
    return low - slack <= x <= high + slack


def overlap(a: tuple[float, float], b: tuple[float, float]) -> bool:
    """Whether two intervals of finite numbers have a number in common."""
    if not all(map(isfinite, (*a, *b))):
        return a == b
    slack = HAIR * max(map(abs, (*a, *b)))
    return a[0] <= b[1] + slack and b[0] <= a[1] + slack
