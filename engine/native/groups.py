"""A large graph in groups: nodes of one kind and depth, which one small loop computes.

    10^6 mixed nodes    ->    level 1: 4000 x mul, 1700 x sin; level 2: 3100 x mul, 900 x add; ...

Nodes stand in the order of their groups, those without gradients first. For each of its operands a
node has a place where it puts that operand's share of the gradient; a node adds up the shares that
its readers made for it, in the order in which backward() adds them, whatever the order of groups.

    Groups      the order of nodes, the tables of groups, the operands and the readers of nodes

Start reading at `Groups`.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from .choose import Array
from .graph import Graph
from .kinds import Inner, Kind, kinds_of
from .levels import levels


class Table(NamedTuple):
    """Groups one after the other: the kind of each, how many nodes, how many operands a node."""

    kinds: list[Kind]
    kind: Array
    nodes: Array
    size: Array


class Groups:
    """The groups of a recorded graph; see the top of the file."""

    def __init__(self, graph: Graph, inner: Inner) -> None:
        self.graph, self.inner = graph, inner
        self.moving, self.level = inner.moving[inner.leaves:], levels(inner)[inner.leaves:]
        self.kinds, self.kind = kinds_of(inner)
        readers = np.bincount(inner.inputs, minlength=len(inner.moving))[inner.leaves:]
        self.order = np.argsort(packed((self.moving, 1), (self.level, 28), (self.kind, 12),
                                       (inner.counts, 19), (readers, 4)), kind="stable")
        self.counts = inner.counts[self.order]
        self.starts = np.cumsum(self.counts) - self.counts      # of the operands in this order

    def table(self, kinds: list[Kind], first: int = 0) -> Table:
        """The groups of the nodes from the first one on, of which each has one of these kinds."""
        order = self.order[first:]
        used, which = np.unique(self.kind[order], return_inverse=True)
        number = {kind: i for i, kind in enumerate(dict.fromkeys(kinds[k] for k in used))}
        kind = np.array([number[kinds[k]] for k in used], dtype=np.int64)[which]
        starts = edges(self.level[order], kind, self.counts[first:])
        return Table([*number], kind[starts], np.diff(starts, append=len(order)),
                     self.counts[first:][starts])

    @cached_property
    def forward(self) -> Table:
        """The groups in which values are computed, whether gradients are wanted or not."""
        return self.table([kind.forward for kind in self.kinds])

    @cached_property
    def back(self) -> Table:
        """The groups of the nodes with gradients, the last one first."""
        kinds, *columns = self.table(self.kinds, int(np.sum(~self.moving)))
        return Table(kinds, *(column[::-1] for column in columns))

    def operands(self, slot: Array) -> Array:
        """The places of all operands, node by node."""
        inner = self.inner
        return slot[inner.inputs[spans(inner.starts[self.order], self.counts)]]

    def readers(self) -> tuple[Array, int]:
        """The shares of each node on the way back, then those of each parameter; ~ at the last.

        A share is counted from the first share of the node itself; also, where parameters begin.
        """
        inner, n = self.inner, len(self.order)
        own = np.empty(n, dtype=np.int64)
        own[self.order] = self.starts                           # of nodes as they were recorded
        shares = spans(own[::-1], inner.counts[::-1])            # readers in backward()'s order
        read = inner.inputs[spans(inner.starts[::-1], inner.counts[::-1])]
        turn, base = self.turns(own)
        kept = np.flatnonzero(inner.moving[read])
        kept = kept[np.argsort(turn[read[kept]], kind="stable")]
        seed = [inner.counts.sum()], [self.graph.output]         # the loss has its own share, 1.0
        shares, read = (np.concatenate([a, b[kept]]) for a, b in zip(seed, (shares, read)))
        last = np.append(read[1:] != read[:-1], True)
        shares -= base[read]
        return np.where(last, ~shares, shares), int(np.sum(turn[read] < n))

    def turns(self, own: Array) -> tuple[Array, Array]:
        """When each node adds up its gradient, and where its own shares begin."""
        inner, n = self.inner, len(self.order)
        turn, base = np.zeros((2, len(inner.moving)), dtype=np.int64)
        nodes = self.back.nodes
        back = spans(n - np.cumsum(nodes), nodes)               # group by group from the last one
        turn[inner.leaves + self.order[back]] = np.arange(len(back))
        turn[self.graph.parameters] = n + np.arange(len(self.graph.parameters))
        base[inner.leaves:] = own
        return turn, base


def packed(*columns: tuple[Array, int]) -> Array:
    """Columns as one to sort by: each with its bits; what needs more counts as the largest."""
    found = np.zeros(len(columns[0][0]), dtype=np.uint64)
    for column, bits in columns:
        found = found << np.uint64(bits) | np.minimum(column, 2 ** bits - 1).astype(np.uint64)
    return found


def edges(*columns: Array) -> Array:
    """Where groups begin: at every change in one of the columns."""
    change = np.ones(len(columns[0]), dtype=bool)
    change[1:] = np.logical_or.reduce([c[1:] != c[:-1] for c in columns])
    return np.flatnonzero(change)


def spans(starts: Array, counts: Array) -> Array:
    """start, start + 1, ... of all spans, one after the other."""
    ends = np.cumsum(counts)
    return np.asarray(np.arange(counts.sum()) + np.repeat(starts - (ends - counts), counts))
