"""A recorded graph in flat form, and the numbers that its leaves hold.

    Graph(loss, parameters)
        .rules[k], .inputs[k]     what made node k, and the numbers of its inputs
        .order                    the inner nodes, each after its inputs, as backward() walks them
        .literal[k]               the number of a constant
        .moving[k]                whether a parameter is below node k

Leaves come first, then the inner nodes. Nothing here changes the Values.
"""

import copy
import struct
from collections.abc import Container, Sequence
from typing import Any

from ..graph import topological
from ..rules import CONSTANT, RULES, VARIABLE, Handmade
from ..value import Value


class Graph:
    """The nodes below a loss, by number."""

    def __init__(self, loss: Value, parameters: "Sequence[Value] | None" = None) -> None:
        leaves, inner = topological((loss,))
        self.values: list[Value] = [*leaves, *inner]
        number = dict(zip(self.values, range(len(self.values))))
        self.rules: list[Any] = [node._rule for node in self.values]
        self.inputs: list[tuple[int, ...]] = [()] * len(leaves)
        self.inputs += [tuple(map(number.__getitem__, node._prev)) for node in inner]
        self.numbers = number
        self.output = number[loss]
        self.leaves = range(len(leaves))
        self.order: list[int] = list(range(len(leaves), len(self.values)))
        self.literal = {k: leaf.data for k, leaf in enumerate(leaves) if leaf._rule is CONSTANT}
        self.parameters = self._parameters(number, parameters)
        self.moving = self._moving()
        self.written_out: dict[int, list[int]] = {}     # dots that were sums, and their terms
        self.before: dict[int, list[int]] = {}          # new nodes, and which they stand before
        if Handmade in set(map(type, self.rules)):
            raise TypeError(handmade(next(v for v in inner if isinstance(v._rule, Handmade))))

    def _parameters(self, number: dict[Value, int],
                    parameters: "Sequence[Value] | None") -> list[int]:
        """The leaves that get gradients: those given, or all variables."""
        if parameters is None:
            return [k for k in self.leaves if self.rules[k] is VARIABLE]
        for p in parameters:
            if p in number and number[p] not in self.leaves:
                raise ValueError(f"the parameter {p!r} was computed by {p._rule.name!r}: "
                                 f"give leaves, such as model.parameters()")
        return [number[p] for p in parameters if p in number]

    def _moving(self) -> list[bool]:
        moving = [False] * len(self.values)
        for k in self.parameters:
            moving[k] = True
        for k in self.order:
            for x in self.inputs[k]:
                if moving[x]:
                    moving[k] = True
                    break
        return moving

    def new(self, rule: Any, inputs: Sequence[int], *, before: int) -> int:
        """The number of a new node, which is to stand before another one in the order."""
        k = len(self.rules)
        self.rules.append(RULES[rule] if isinstance(rule, str) else rule)
        self.inputs.append(tuple(inputs))
        self.moving.append(any([self.moving[x] for x in inputs]))
        self.before.setdefault(before, []).append(k)
        return k

    def reorder(self, gone: Container[int]) -> None:
        """Takes nodes out of the order, and puts the new ones in."""
        order: list[int] = []
        for k in self.order:
            order += self.before.pop(k, ())
            if k not in gone:
                order.append(k)
        self.order = order

    def copy(self) -> "Graph":
        """The same graph, to rewrite."""
        twin = copy.copy(self)
        twin.rules, twin.inputs, twin.moving = [*self.rules], [*self.inputs], [*self.moving]
        twin.order, twin.before, twin.written_out = [*self.order], {}, {}
        return twin

    def __len__(self) -> int:
        return len(self.order)


def handmade(node: Value) -> str:
    """Why a node made by hand cannot be compiled."""
    return (f"the node {node._rule.symbol or node.label!r} was made by hand, in Python or with "
            f"numbers as slopes, and cannot be compiled: define it as a row with "
            f"engine.add_operation")


def same(x: float, y: float) -> bool:
    """Whether two constants are the same to the last bit: 0.0 and -0.0 are not."""
    return struct.pack("d", x) == struct.pack("d", y)
