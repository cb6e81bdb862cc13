"""Chains rolled up: where the order of nodes repeats, one body runs in a loop.

    for k in range(500_000): y = y * a + b          ->      a body of 2 nodes, 500,000 rounds

Every node is written as a token, its rule and how far back its inputs stand; a stretch in which the
tokens repeat with some period is a loop. What a round takes from the one before it is carried;
leaves that differ from round to round stand in a row; everything else is shared.

    Roll        the body, its rounds, and which nodes outside read its results
    RollCode    its loops, forward and backward

Start reading at `find_rolls`.
"""

from typing import Any

import numpy as np

from .choose import Array
from .graph import Graph
from .repeats import ROUNDS, WINDOW, level_by_level, tokens

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
    """Rolls up what repeats, in place, until the order is small or nothing repeats any more."""
    recorded = graph.sequence
    graph.sequence = level_by_level(graph)
    found = False
    while len(graph) > small:
        stretch = repeated(graph)
        if stretch is None or not roll_up(graph, *stretch):
            break
        found = True
    if not found:
        graph.sequence = recorded


# ---- what repeats

def repeated(graph: Graph) -> "tuple[int, int, int] | None":
    """The longest stretch that repeats: where it begins, its period, its rounds."""
    codes = tokens(graph)
    best: tuple[int, int, int] | None = None
    _, firsts, counts = np.unique(codes, return_index=True, return_counts=True)
    for i in np.lexsort((firsts, -counts))[:4].tolist():
        places = np.flatnonzero(codes == codes[firsts[i]])
        middle = len(places) // 2
        for ahead in range(1, 9) if counts[i] >= ROUNDS else ():
            if middle + ahead >= len(places):
                break
            period = int(places[middle + ahead] - places[middle])
            period *= -(-farthest(graph, places[middle], period) // period)
            start, rounds = stretch_of(codes, period)
            if rounds >= ROUNDS and (best is None or rounds * period > 1.1 * best[1] * best[2]):
                best = start, period, rounds
    return best


def farthest(graph: Graph, start: int, period: int) -> int:
    """The largest distance within a period, of inputs that are near."""
    order = graph.sequence[start:start + period].tolist()
    near = graph.sequence[max(0, start - WINDOW):start + period].tolist()
    place = {k: i for i, k in enumerate(near)}
    far = [place[k] - place[x] for k in order for x in graph.inputs[k] if x in place]
    return max([d for d in far if d <= WINDOW], default=1)


def stretch_of(codes: Array, period: int) -> tuple[int, int]:
    """The longest stretch with this period: where it begins, and how many rounds it has."""
    if period >= len(codes):
        return 0, 0
    breaks = np.flatnonzero(codes[:-period] != codes[period:])
    edges = np.concatenate([[-1], breaks, [len(codes) - period]])
    lengths = np.diff(edges) - 1
    longest = int(np.argmax(lengths))
    return int(edges[longest]) + 1, (int(lengths[longest]) + period) // period


# ---- rolling up

def roll_up(graph: Graph, start: int, period: int, rounds: int) -> bool:
    """Puts a Roll in place of a stretch; False if it reads something in no regular way."""
    order = graph.sequence
    nodes = order[start:start + period * rounds].reshape(rounds, period)
    place = {k: i for i, k in enumerate(order[max(0, start - period):start + period].tolist())}
    inside = set(nodes[0].tolist())
    columns: list[Array] = []
    known: dict[Any, Ref] = {}
    starts: dict[int, int] = {}
    code = []
    base = min(start, period)
    for j, k in enumerate(nodes[0].tolist()):
        refs: list[Ref] = []
        for q, x in enumerate(graph.inputs[k]):
            if x in inside:
                refs.append(("r", place[x] - base))
            elif graph.inputs[x] and x in place and base + j - place[x] <= period + j:
                starts[place[x] - base + period] = x
                refs.append(("c", place[x] - base + period))
            else:
                ref = column_ref(graph, nodes, j, q, columns, known)
                if ref is None:
                    return False
                refs.append(ref)
        code.append((graph.rules[k], tuple(refs)))
    if not carried_rightly(graph, nodes, code):
        return False
    insert(graph, Roll(nodes, code, columns, starts), start)
    return True


def column_ref(graph: Graph, nodes: Array, j: int, q: int, columns: list[Array],
               known: dict[Any, Ref]) -> "Ref | None":
    """What an input is in every round: one node, or a row of leaves; None if nodes differ."""
    flat = graph.flat()
    column = flat.column(nodes[:, j], q)
    if (column == column[0]).all() or graph.literal.common(column) is not None:
        return "s", int(column[0])
    if flat.counts[column].any():
        return None
    key = int(column[0]), int(column[1]), int(column[-1]), int(column.sum())
    if key not in known or not np.array_equal(columns[known[key][1]], column):
        columns.append(column)
        known[key] = "l", len(columns) - 1
    return known[key]


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
