"""Where the order of nodes repeats: the stretches that rolls.py turns into loops.

Nodes are put in an order in which rounds stand one after the other. Then every node is written as a
token, its rule and how far back its inputs stand; where the tokens repeat with some period is a
stretch of rounds.

Start reading at `repeated`.
"""

from collections import Counter
from typing import Any

import numpy as np

from ..rules import RULES
from .choose import Array
from .graph import Graph

ADD, MUL = RULES["add"], RULES["mul"]
ROUNDS = 16             # fewer are written out
SHALLOW = 12            # steps from the leaves
WINDOW = 4096           # nodes; what is farther back is not of the round before


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
            start, length = stretch_of(codes, period)
            if length >= ROUNDS * period and (best is None or length > 1.1 * best[2]):
                best = start, period, length
    return best and turned(graph, *best)


def turned(graph: Graph, start: int, period: int, length: int) -> tuple[int, int, int]:
    """A stretch begun where the fewest products are cut off from the sums that they join.

    Within a round the two are one instruction; from one round to the next they would be two.
    """
    order = graph.order[start:start + 2 * period]
    place = {k: i for i, k in enumerate(order)}
    cuts = np.zeros(period, dtype=int)
    for i, k in enumerate(order[period:], period):
        for x in graph.inputs[k] if graph.rules[k] is ADD else ():
            if x in place and graph.rules[x] is MUL:
                cuts[np.arange(place[x] + 1, i + 1) % period] += 1
    first = int(np.argmin(cuts))
    return start + first, period, (length - first) // period


def farthest(graph: Graph, start: int, period: int) -> int:
    """The largest distance within a period, of inputs that are near."""
    order = graph.order[start:start + period]
    place = {k: i for i, k in enumerate(graph.order[max(0, start - WINDOW):start + period])}
    far = [place[k] - place[x] for k in order for x in graph.inputs[k] if x in place]
    return max([d for d in far if d <= WINDOW], default=1)


def stretch_of(codes: Array, period: int) -> tuple[int, int]:
    """The longest stretch with this period: where it begins, and how many nodes it has."""
    if period >= len(codes):
        return 0, 0
    breaks = np.flatnonzero(codes[:-period] != codes[period:])
    edges = np.concatenate([[-1], breaks, [len(codes) - period]])
    lengths = np.diff(edges) - 1
    longest = int(np.argmax(lengths))
    return int(edges[longest]) + 1, int(lengths[longest]) + period
