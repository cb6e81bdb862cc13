"""Chains rolled up: where the order of nodes repeats, one body runs in a loop.

    for k in range(500_000): y = y * a + b          ->      a body of 2 nodes, 500,000 rounds

Where the order of nodes repeats (repeats.py), one body stands for all rounds. What a round takes
from the one before it is carried; leaves that differ from round to round stand in a row; everything
else is shared.

    Roll        the body, its rounds, and which nodes outside read its results
    Inputs      what the inputs of the body are
    RollCode    its loops, forward (rollcode.py) and backward (rollback.py)

Start reading at `find_rolls`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .choose import Array
from .graph import Graph
from .repeats import level_by_level, repeated

MOST_ROLLS = 16         # loops

Ref = tuple[str, int]   # ("r", register) of this round, ("c", register) of the one before, ...


class Roll:
    """A loop in the graph: a body of instructions, and the nodes of every round."""

    name = "roll"

    def __init__(self, nodes: Array, code: list[tuple[Any, tuple[Ref, ...]]],
                 columns: list[Array], starts: dict[int, int]) -> None:
        self.nodes, self.code, self.columns = nodes, code, columns      # nodes[round, register]
        self.starts = starts            # carried register -> the node before the first round
        self.read_outside: set[int] = set()

    @property
    def rounds(self) -> int:
        """How often the body runs."""
        return len(self.nodes)

    def shared(self) -> list[int]:
        """The nodes that every round reads."""
        return list(dict.fromkeys(x for _, refs in self.code for kind, x in refs if kind == "s"))


def find_rolls(graph: Graph, small: int) -> None:
    """Rolls up what repeats, in place, until the order is small or nothing repeats any more.

    Every search goes over the whole graph, so that there are only so many.
    """
    recorded = graph.sequence
    graph.sequence = level_by_level(graph)
    for _ in range(MOST_ROLLS):
        stretch = repeated(graph) if len(graph) > small else None
        if stretch is None or not roll_up(graph, *stretch):
            break
    if len(graph) == len(recorded):
        graph.sequence = recorded


# ---- rolling up

def roll_up(graph: Graph, start: int, period: int, rounds: int) -> bool:
    """Puts a Roll in place of a stretch; False if it reads something in no regular way."""
    order = graph.sequence
    nodes = order[start:start + period * rounds].reshape(rounds, period)
    inputs = Inputs(graph, nodes, order[max(0, start - period):start].tolist())
    code = []
    for j, k in enumerate(nodes[0].tolist()):
        refs = [inputs.ref(j, q, x) for q, x in enumerate(graph.inputs[k])]
        if None in refs:
            return False
        code.append((graph.rules[k], tuple([ref for ref in refs if ref])))
    if not carried_rightly(graph, nodes, code):
        return False
    insert(graph, Roll(nodes, code, inputs.columns, inputs.starts), start)
    return True


class Inputs:
    """What the inputs of a body are; found in its first round, and the nodes before it."""

    def __init__(self, graph: Graph, nodes: Array, before: Sequence[int]) -> None:
        self.graph, self.nodes = graph, nodes
        self.place = {k: i for i, k in enumerate([*before, *nodes[0].tolist()], -len(before))}
        self.columns: list[Array] = []
        self.starts: dict[int, int] = {}
        self.known: dict[Any, Ref] = {}

    def ref(self, j: int, q: int, x: int) -> "Ref | None":
        """Input q of register j, which is node x in the first round; None if it is not regular."""
        place = self.place.get(x)
        if place is not None and place >= 0:
            return "r", place
        if place is not None and self.graph.inputs[x]:
            place += self.nodes.shape[1]
            self.starts[place] = x
            return "c", place
        return self.column(j, q)

    def column(self, j: int, q: int) -> "Ref | None":
        """What an input is in every round: one node, or a row of leaves; None if nodes differ."""
        flat = self.graph.flat()
        column = flat.column(self.nodes[:, j], q)
        if (column == column[0]).all() or self.graph.literal.common(column) is not None:
            return "s", int(column[0])
        if flat.counts[column].any():
            return None
        key = int(column[0]), int(column[1]), int(column[-1]), int(column.sum())
        if key not in self.known or not np.array_equal(self.columns[self.known[key][1]], column):
            self.columns.append(column)
            self.known[key] = "l", len(self.columns) - 1
        return self.known[key]


def carried_rightly(graph: Graph, nodes: Array, code: list[Any]) -> bool:
    """Whether the second round, and the last, read what the body says."""
    for k in (1, len(nodes) - 1):
        for j, (_, refs) in enumerate(code):
            for x, (kind, register) in zip(graph.inputs[int(nodes[k, j])], refs):
                if kind in "rc" and x != nodes[k - (kind == "c"), register]:
                    return False
    return True


def insert(graph: Graph, roll: Roll, start: int) -> None:
    """Puts a roll into the order, and notes which of its nodes others read."""
    gone = np.zeros(len(graph.rules) + 1, dtype=bool)
    gone[roll.nodes] = True
    moving = [column for column in roll.columns if graph.moving[column[0]]]
    reads = [*roll.shared(), *roll.starts.values(), *(x for each in moving for x in each.tolist())]
    made = graph.new(roll, tuple(reads), before=int(roll.nodes[0, 0]))
    graph.moving[made] = any(graph.moving[k] for k in roll.nodes[-1].tolist())
    graph.reorder(roll.nodes)
    nodes, inputs = graph.reads()
    roll.read_outside = {*inputs[gone[inputs] & (nodes != made)].tolist()}
    if gone[graph.output]:
        roll.read_outside.add(graph.output)
