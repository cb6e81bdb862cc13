"""The quantities of a derivation, and which operations of a graph take which node.

    Number(node, k)             the value of a node, after k updates
    Gradient(of, by, k)         the derivative of one node in another
    Local(node, i, k)           the derivative of an operation in its i-th input
    Entry                       a number written down, and what it may stand for
"""

from typing import Any, NamedTuple, TypeAlias

from engine import Value
from engine.graph import topological


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
    rows: tuple[int, ...] = ()          # the statements it comes from


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

    def alone(self, node: Value, i: int) -> bool:
        """Whether an operation depends on its i-th input in that place only."""
        x, others = node._prev[i], [*node._prev[:i], *node._prev[i + 1:]]
        if x in others or not any(n._prev for n in others):
            return x not in others
        return self.of(node)[x] == [(node, i)]

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


def siblings(root: Value) -> dict[tuple[Any, frozenset[Value]], list[Value]]:
    """The operations over lists that share their rule and all their inputs, by these."""
    found: dict[tuple[Any, frozenset[Value]], list[Value]] = {}
    for node in topological([root])[1]:
        if hasattr(node._rule, "row") and node._rule.row.variadic:
            found.setdefault((node._rule, frozenset(node._prev)), []).append(node)
    return {key: nodes for key, nodes in found.items() if len(nodes) > 1}
