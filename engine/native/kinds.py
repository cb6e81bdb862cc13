"""Kinds of nodes: what the nodes that one loop computes have in common.

    Kind            a row, how many inputs, which of them are known numbers, which get gradients
    Inner            the inner nodes of a graph as arrays
    kinds_of(inner)  the kinds that occur in a graph, and for each inner node the number of its kind

A constant is written into the code where that saves the call of a function, as in x ** 2.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ..rules import Rule
from .choose import POWERS, Array
from .graph import Graph
from .llvm import Writer
from .trace import traced

SHORT_LIST = 4                      # inputs; longer lists are loops
LOOKED_AT = 12                      # inputs of a row; nothing is known of those behind them
STAYS, MOVES = 0, 1                 # what the code of an input says; from 2 on, that it is a number
NUMBERS = (None, None, *POWERS)


class Kind(NamedTuple):
    """What some nodes have in common."""

    rule: Rule
    row: int                        # which of the rows of this graph, for there may be namesakes
    size: int                       # how many inputs; of long lists only whether even or odd
    codes: tuple[int, ...]          # what is known of each input, but for lists

    @property
    def long(self) -> bool:
        """Whether it is a list of any length."""
        return self.rule.row.variadic and self.size > SHORT_LIST

    def moves(self, q: int) -> bool:
        """Whether input q gets a share of the gradient."""
        return not q < len(self.codes) or self.codes[q] == MOVES

    def number(self, q: int) -> "float | None":
        """Input q, if it is a known number."""
        return NUMBERS[self.codes[q]] if q < len(self.codes) else None

    @property
    def forward(self) -> "Kind":
        """The kind as far as values go."""
        return self._replace(codes=tuple([STAYS if c == MOVES else c for c in self.codes]))

    @property
    def name(self) -> str:
        """A name for its code."""
        return ".".join([self.rule.name, *map(str, (self.row, self.size, *self.codes))])


class Inner:
    """The inner nodes of a graph as it was recorded: input q of node k is inputs[starts[k] + q]."""

    def __init__(self, graph: Graph) -> None:
        flat, self.leaves = graph.flat(), len(graph.leaves)
        self.rules = graph.rules[self.leaves:]
        self.counts, self.starts = flat.counts[self.leaves:], flat.starts[self.leaves:-1]
        self.inputs, self.moving = flat.operands, np.array(graph.moving, dtype=bool)
        self.literal = np.full(len(self.moving), np.nan)
        known = np.flatnonzero(graph.literal.known)
        self.literal[known] = graph.literal.of(known)


def kinds_of(inner: Inner) -> tuple[list[Kind], Array]:
    """The kinds of nodes in a graph, and for each inner node the number of its kind."""
    rules, row = rows_of(inner.rules)
    keys = row << 4 * LOOKED_AT
    for r, rule in enumerate(rules):
        nodes = np.flatnonzero(row == r)
        keys[nodes] += (sizes(inner.counts[nodes]) if rule.row.variadic
                        else codes(inner, rule, nodes))
    found, number = np.unique(keys, return_inverse=True)
    return [kind_of(rules, key) for key in found.tolist()], number


def rows_of(rules: list[Any]) -> tuple[list[Rule], Array]:
    """The different rows of some nodes, in an order that is the same every time, and each one's."""
    ids = np.fromiter(map(id, rules), np.int64, len(rules))
    _, at, which = np.unique(ids, return_index=True, return_inverse=True)
    found = [rules[k] for k in at.tolist()]
    order = sorted(range(len(found)), key=lambda r: (found[r].name, repr(found[r].row)))
    return [found[r] for r in order], np.argsort(order)[which]


def kind_of(rules: list[Rule], key: int) -> Kind:
    """The kind that was packed into a whole number."""
    row = key >> 4 * LOOKED_AT
    if rules[row].row.variadic:
        return Kind(rules[row], row, key % 16, ())
    inputs = len(rules[row].inputs)
    return Kind(rules[row], row, inputs,
                tuple([key >> 4 * q & 15 for q in range(min(inputs, LOOKED_AT))]))


def sizes(counts: Array) -> Array:
    """The lengths of lists; of long ones, one of two lengths that is even or odd like theirs."""
    first = SHORT_LIST + 1
    return np.where(counts < first, counts, first + (counts - first) % 2)


def codes(inner: Inner, rule: Rule, nodes: Array) -> Array:
    """What is known of the inputs of some nodes of one row, four bits for each input."""
    found = np.zeros(len(nodes), dtype=np.int64)
    for q in range(min(len(rule.inputs), LOOKED_AT)):
        x = inner.inputs[inner.starts[nodes] + q]
        found += np.where(inner.moving[x], MOVES, STAYS) << 4 * q
        for code in worth_knowing(rule, q):
            found += (inner.literal[x] == NUMBERS[code]) * code << 4 * q
    return found


@cache
def worth_knowing(rule: Rule, q: int) -> list[int]:
    """The numbers, by their codes, which as input q save the call of a function."""
    calls = calls_with(rule, q, None)
    if not calls or len(rule.inputs) == 1:
        return []
    return [code for code, c in enumerate(NUMBERS) if c is not None
            and calls_with(rule, q, float(c)) < calls]


def calls_with(rule: Rule, q: int, c: "float | None") -> int:
    """How many functions a row calls, also for its slopes, if its input q is known or not."""
    w = Writer()
    xs = [w.load("%s", i) if i != q or c is None else c for i in range(len(rule.inputs))]
    z = traced(rule).value(*xs)
    traced(rule).slopes(xs, z)
    return sum(" = call " in line for line in w.lines)
