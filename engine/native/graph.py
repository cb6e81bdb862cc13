"""A recorded graph in flat form, and the numbers that its leaves hold.

    Graph(loss, parameters)
        .rules[k], .inputs[k]     what made node k, and the numbers of its inputs
        .order                    the inner nodes, each after its inputs, as backward() walks them
        .literal[k]               the number of a constant
        .moving[k]                whether a parameter is below node k
        .flat()                   all nodes as arrays, for passes over the whole graph

Leaves come first, then the inner nodes. Nothing here changes the Values. A pass over all nodes goes
over arrays (flat.py); `inputs` makes a tuple when it is asked.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from ..graph import topological
from ..rules import CONSTANT, VARIABLE, Handmade
from ..value import Value
from .choose import Array
from .flat import Flat, flattened, moving


class Inputs(dict[int, Any]):
    """The inputs of every node, as tuples that are made when they are first asked for."""

    def __init__(self, flat: Flat) -> None:
        self.flat = flat

    def __missing__(self, k: int) -> tuple[int, ...]:
        starts = self.flat.starts
        row = self[k] = tuple(self.flat.operands[starts[k]:starts[k + 1]].tolist())
        return row


class Literals(Mapping[int, float]):
    """The numbers of the constants among the leaves, and of those that were added."""

    def __init__(self, leaves: Sequence[Value], known: Array) -> None:
        self.leaves, self.known, self.quick = leaves, known, known.tobytes()
        self.added: dict[int, float] = {}

    def __contains__(self, k: Any) -> bool:
        return bool(k < len(self.quick) and self.quick[k])

    def __getitem__(self, k: int) -> float:
        if k in self:
            return self.leaves[k].data if k < len(self.leaves) else self.added[k]
        raise KeyError(k)

    def more(self, numbers: dict[int, float]) -> "Literals":
        """These, and constants of new nodes."""
        known = np.zeros(max(numbers) + 1, dtype=bool)
        known[:len(self.known)] = self.known
        known[[*numbers]] = True
        twin = Literals(self.leaves, known)
        twin.added = self.added | numbers
        return twin

    def __iter__(self) -> Iterator[int]:
        return iter(np.flatnonzero(self.known).tolist())

    def __len__(self) -> int:
        return int(self.known.sum())

    def among(self, nodes: Array) -> Array:
        """Which of some nodes are constants."""
        found = np.zeros(len(nodes), dtype=bool)
        leaves = nodes < len(self.known)
        found[leaves] = self.known[nodes[leaves]]
        return found

    def of(self, nodes: Array) -> Array:
        """The numbers of some constants."""
        return np.array([self[k] for k in nodes.tolist()], dtype=float)

    def common(self, nodes: Array) -> "float | None":
        """The number of constants that are the same to the last bit (0.0 and -0.0 are not)."""
        if nodes[0] not in self or not self.among(nodes).all():
            return None
        bits = self.of(nodes).view(np.int64)
        return self[nodes[0]] if (bits == bits[0]).all() else None


class Graph:
    """The nodes below a loss, by number."""

    def __init__(self, loss: Value, parameters: "Sequence[Value] | None" = None) -> None:
        leaves, inner = topological((loss,))
        self.values: list[Value] = leaves
        self.rules: list[Any] = []
        self.base = flattened(leaves + inner, self.rules)
        if Handmade in set(map(type, set(self.rules))):
            raise TypeError(handmade(next(v for v in inner if isinstance(v._rule, Handmade))))
        self.leaves = range(len(leaves))
        self.sequence: Array = np.arange(len(leaves), len(self.rules))
        self.output = len(self.rules) - 1
        self.inputs = Inputs(self.base)
        self.changed: set[int] = set()                  # whose inputs are not those of the base
        self.literal = Literals(leaves, self.base.rules[:len(leaves)] == id(CONSTANT))
        self.numbers = {leaves[k]: k for k in np.flatnonzero(~self.literal.known).tolist()}
        self.parameters = ([k for k in self.leaves if self.rules[k] is VARIABLE]
                           if parameters is None else
                           [self.numbers[p] for p in parameters if p in self.numbers])
        self.moving = moving(self.base, self.parameters)
        self.written_out: dict[int, Array] = {}         # dots that were sums, and their terms
        self.before: dict[int, list[int]] = {}          # new nodes, and which they stand before

    @property
    def order(self) -> list[int]:
        """The inner nodes, each after its inputs."""
        return self.sequence.tolist()   # type: ignore[no-any-return]

    # ---- as arrays

    def flat(self) -> Flat:
        """The graph as arrays, as it is now."""
        if self.changed:
            nodes = np.array(sorted(self.changed))
            rows = [self.inputs[k] for k in nodes.tolist()]
            rules = np.zeros(len(self.rules), dtype=np.int64)
            rules[:len(self.base.rules)] = self.base.rules
            rules[nodes] = [id(self.rules[k]) for k in nodes.tolist()]
            self.base = self.base.rewritten(rules, nodes, np.array([*map(len, rows)]),
                                            np.fromiter(chain.from_iterable(rows), np.int64))
            self.changed = set()
            self.inputs = Inputs(self.base)
        return self.base

    def reads(self, nodes: "Array | None" = None) -> tuple[Array, Array]:
        """All pairs of a node in the order (or of others) and one of its inputs, as two arrays."""
        flat, there = self.flat(), np.zeros(len(self.rules), dtype=bool)
        there[self.sequence if nodes is None else nodes] = True
        kept = np.repeat(there, flat.counts)
        return flat.readers()[kept], flat.operands[kept]

    def places(self) -> Array:
        """Of each node its place in the order; -1 if it has none."""
        place = np.full(len(self.rules), -1)
        place[self.sequence] = np.arange(len(self.sequence))
        return place

    # ---- rewriting

    def new(self, rule: Any, inputs: Any, *, before: int) -> int:
        """The number of a new node, which is to stand before another one in the order."""
        k = len(self.rules)
        self.rules.append(rule)
        self.inputs[k] = inputs
        self.changed.add(k)
        self.moving.append(any(map(self.moving.__getitem__, inputs)))
        self.before.setdefault(before, []).append(k)
        return k

    def constants(self, numbers: Sequence[float]) -> range:
        """The numbers of new constants."""
        first = len(self.rules)
        new = range(first, first + len(numbers))
        self.rules += [CONSTANT] * len(numbers)
        self.inputs |= dict.fromkeys(new, ())
        self.changed |= {*new}
        self.moving += bytes(len(numbers))
        self.literal = self.literal.more(dict(zip(new, numbers)))
        return new

    def replace(self, k: int, rule: Any, inputs: Any) -> None:
        """Lets a node be made by another row."""
        self.rules[k], self.inputs[k] = rule, inputs
        self.changed.add(k)

    def reorder(self, gone: "Array | list[int]") -> None:
        """Takes nodes out of the order, and puts the new ones in."""
        place = self.places()
        there = [place[k] for k, new in self.before.items() for _ in new]
        order = np.insert(self.sequence, there, [*chain.from_iterable(self.before.values())])
        left = np.ones(len(self.rules), dtype=bool)
        left[gone] = False
        self.sequence, self.before = order[left[order]], {}

    def walk(self) -> None:
        """Puts the nodes in the order of a depth-first walk, as they are recorded."""
        order, seen, todo = [], set(), [self.output]
        while todo:
            k = todo.pop()
            if k < 0:                           # all inputs of the node are done
                order.append(~k)
            elif k not in seen and self.inputs[k]:
                seen.add(k)
                todo.append(~k)
                todo += self.inputs[k]
        self.sequence = np.array(order)

    def copy(self) -> "Graph":
        """The same graph, to rewrite."""
        twin = copy.copy(self)
        twin.rules, twin.moving = [*self.rules], self.moving[:]
        twin.inputs, twin.changed = copy.copy(self.inputs), {*self.changed}
        twin.before, twin.written_out = {}, {}
        return twin

    def __len__(self) -> int:
        return len(self.sequence)


def handmade(node: Value) -> str:
    """Why a node made by hand cannot be compiled."""
    return (f"the node {node._rule.symbol or node.label!r} was made by hand, in Python or with "
            f"numbers as slopes, and cannot be compiled: define it as a row with "
            f"engine.add_operation")
