"""A graph as arrays, for passes over all of its nodes at some bytes and nanoseconds per node.

    Flat        rules, numbers of inputs, and the inputs themselves, one after the other
    flattened   that of recorded nodes
    moving      below which nodes a parameter is

Leaves come first, and every node after its inputs.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from ..value import Value
from .choose import Array

CHUNK = 4096            # nodes that the processor's cache holds


class Flat(NamedTuple):
    """A graph as arrays: the rule (by its id) of each node, and all inputs one after the other."""

    rules: Array
    counts: Array           # of inputs
    starts: Array           # where in `operands` the inputs of a node begin; and where all end
    operands: Array

    def readers(self) -> Array:
        """For each operand the node that reads it."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def column(self, nodes: Array, q: int) -> Array:
        """Input number q of some nodes."""
        return self.operands[self.starts[nodes] + q]    # type: ignore[no-any-return]

    def rewritten(self, rules: Array, nodes: Array, counts: Array, operands: Array) -> "Flat":
        """The same with other inputs for some nodes, in ascending order; new ones come last."""
        others = np.ones(len(rules), dtype=bool)
        others[nodes] = False
        every = np.zeros(len(rules), dtype=np.int64)
        every[:len(self.counts)] = self.counts
        every[nodes] = counts
        there = np.repeat(others, every)
        filled = np.empty(len(there), dtype=np.int64)
        filled[there] = self.operands[np.repeat(others[:len(self.counts)], self.counts)]
        filled[~there] = operands
        return Flat(rules, every, starts_of(every), filled)


def starts_of(counts: Array) -> Array:
    """Where rows of so many numbers begin that stand one after the other; and where all end."""
    return np.concatenate([[0], np.cumsum(counts)])


def view(a: Array) -> Any:
    """An array of which Python reads single numbers, or all in turn, at the least cost."""
    return memoryview(a)    # type: ignore[arg-type]


def flattened(nodes: list[Value], rules: list[Any]) -> Flat:
    """Nodes as arrays, and their rules in a list; inputs are looked up by their ids."""
    parts = [part(nodes[k:k + CHUNK], rules) for k in range(0, len(nodes), CHUNK)]
    ids, rule_ids, counts, read = map(np.concatenate, zip(*parts))
    by_id = np.argsort(ids)
    operands = by_id[np.searchsorted(ids[by_id], read)]
    return Flat(rule_ids, counts, starts_of(counts), operands)


def part(nodes: list[Value], rules: list[Any]) -> tuple[Array, ...]:
    """The ids of nodes and of their rules, how many inputs they have, and the ids of those."""
    inputs, own, n = [node._prev for node in nodes], [node._rule for node in nodes], len(nodes)
    rules += own
    return (np.fromiter(map(id, nodes), np.int64, n),
            np.fromiter(map(id, own), np.int64, n),
            np.fromiter(map(len, inputs), np.int64, n),
            np.fromiter(map(id, chain.from_iterable(inputs)), np.int64))


def moving(flat: Flat, parameters: Sequence[int]) -> bytearray:
    """Whether a parameter is below each node, or it is one."""
    found = bytearray(len(flat.counts))
    move, readers = np.frombuffer(found, dtype=bool), flat.readers()
    move[parameters] = True
    move[readers[move[flat.operands]]] = True
    rest = (flat.counts[flat.operands] > 0) & ~move[readers]    # what this did not tell
    for k, x in zip(view(readers[rest]), view(flat.operands[rest])):
        if found[x]:
            found[k] = 1
    return found
