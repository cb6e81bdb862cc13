"""Chains rolled up: where the order of nodes repeats, one body runs in a loop.

    for k in range(500_000): y = y * a + b          ->      a body of 2 nodes, 500,000 rounds

Every node is written as a token, its rule and how far back its inputs stand; a stretch in which the
tokens repeat with some period is a loop. What a round takes from the one before it is carried;
leaves that differ from round to round stand in a row; everything else is shared.

    Roll        the body, its rounds, and which nodes outside read its results
    RollCode    its loops, forward and backward

Start reading at `find_rolls`.
"""

from collections import Counter
from typing import Any

import numpy as np

from .choose import Array
from .graph import Graph, same

ROUNDS = 16             # fewer are written out
SHALLOW = 12            # steps from the leaves
WINDOW = 4096           # nodes; what is farther back is not of the round before
Ref = tuple[str, int]   # ("r", register) of this round, ("c", register) of the one before, ...


class Roll:
    """A loop in the graph: a body of instructions, and the nodes of every round."""

    name = "roll"

    def __init__(self, nodes: Array, code: list[tuple[Any, tuple[Ref, ...]]],
                 columns: list[list[int]], starts: dict[int, int]) -> None:
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
    recorded = graph.order
    graph.order = level_by_level(graph)
    found = False
    while len(graph.order) > small:
        stretch = repeated(graph)
        if stretch is None or not roll_up(graph, *stretch):
            break
        found = True
    if not found:
        graph.order = recorded


# ---- an order in which rounds stand one after the other

def level_by_level(graph: Graph) -> list[int]:
    """The order by depth, so that what belongs to a round stands together.

    What is computed from leaves in a few steps comes just before it is read.
    """
    level = [0] * len(graph.rules)
    for k in graph.order:
        level[k] = 1 + max([level[x] for x in graph.inputs[k]], default=0)
    latest: dict[int, int] = {}
    for k in reversed(graph.order):
        if level[k] <= SHALLOW and k in latest:
            level[k] = max(level[k], latest[k] - 1)
        for x in graph.inputs[k]:
            if level[x] <= SHALLOW and graph.inputs[x]:
                latest[x] = min(latest.get(x, level[k]), level[k])
    names = [getattr(rule, "name", "") for rule in graph.rules]
    return sorted(graph.order, key=lambda k: (level[k], names[k]))


# ---- what repeats

def tokens(graph: Graph) -> Array:
    """Every node of the order as a number; equal numbers stand alike."""
    place = {k: i for i, k in enumerate(graph.order)}
    known: dict[Any, int] = {}
    found = []
    for i, k in enumerate(graph.order):
        rule = graph.rules[k]
        refs = tuple([distance(graph, i, x, place) for x in graph.inputs[k]])
        key = (id(rule), refs) if hasattr(rule, "row") else i
        found.append(known.setdefault(key, len(known)))
    return np.array(found)


def distance(graph: Graph, i: int, x: int, place: dict[int, int]) -> Any:
    """How far back an input stands; for a leaf, or what is far, only its kind."""
    if x in place:
        return i - place[x] if i - place[x] <= WINDOW else "far"
    if graph.inputs[x]:
        return "rolled"
    return x in graph.literal, graph.moving[x]


def repeated(graph: Graph) -> "tuple[int, int, int] | None":
    """The longest stretch that repeats: where it begins, its period, its rounds."""
    codes = tokens(graph)
    best: tuple[int, int, int] | None = None
    for code, count in Counter(codes.tolist()).most_common(4):
        places = np.flatnonzero(codes == code)
        middle = len(places) // 2
        for ahead in range(1, 9) if count >= ROUNDS else ():
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
    order = graph.order[start:start + period]
    place = {k: i for i, k in enumerate(graph.order[max(0, start - WINDOW):start + period])}
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
    order = graph.order
    nodes = np.array(order[start:start + period * rounds]).reshape(rounds, period)
    place = {k: i for i, k in enumerate(order[max(0, start - period):start + period])}
    inside = set(nodes[0].tolist())
    columns: list[list[int]] = []
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


def column_ref(graph: Graph, nodes: Array, j: int, q: int, columns: list[list[int]],
               known: dict[Any, Ref]) -> "Ref | None":
    """What an input is in every round: one node, or a row of leaves; None if nodes differ."""
    column = [graph.inputs[k][q] for k in nodes[:, j].tolist()]
    first = graph.literal.get(column[0])
    if column.count(column[0]) == len(column) or (first is not None and all(
            x in graph.literal and same(graph.literal[x], first) for x in column)):
        return "s", column[0]
    if any(graph.inputs[x] for x in column):
        return None
    key = column[0], column[1], column[-1], sum(column)
    if key not in known or columns[known[key][1]] != column:
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
    gone = set(roll.nodes.ravel().tolist())
    first = int(roll.nodes[0, 0])
    reads = [*roll.shared(), *roll.starts.values(),
             *(x for column in roll.columns if graph.moving[column[0]] for x in column)]
    made = graph.new(roll, reads, before=first)
    graph.moving[made] = any(graph.moving[int(k)] for k in roll.nodes[-1])
    graph.reorder(gone)
    for k in graph.order:
        if k != made:
            roll.read_outside.update(x for x in graph.inputs[k] if x in gone)
    if graph.output in gone:
        roll.read_outside.add(graph.output)
