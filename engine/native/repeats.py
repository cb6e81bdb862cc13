"""Where the order of nodes repeats: the stretches that rolls.py turns into loops.

Nodes are put in an order in which rounds stand one after the other. Then every node is written as a
token, its rule and how far back its inputs stand; where the tokens repeat with some period is a
stretch of rounds.

Start reading at `repeated`.
"""

import numpy as np

from ..rules import RULES
from .choose import Array
from .flat import view
from .graph import Graph

ADD, MUL = RULES["add"], RULES["mul"]
ROUNDS = 16             # fewer are written out
SHALLOW = 12            # steps from the leaves
WINDOW = 4096           # nodes; what is farther back is not of the round before
DISTANCES = WINDOW + 7  # so many different distances and kinds of what is read


def level_by_level(graph: Graph) -> Array:
    """The order by depth, so that what belongs to a round stands together.

    What is computed from leaves in a few steps comes just before it is read.
    """
    place = graph.places()
    nodes, inputs = (place[each] for each in graph.reads())
    inner = np.flatnonzero(inputs >= 0)
    inner = inner[np.argsort(nodes[inner], kind="stable")]
    nodes, inputs = nodes[inner], inputs[inner]
    level = [1] * len(graph)
    for i, x in zip(view(nodes), view(inputs)):
        if level[x] >= level[i]:
            level[i] = level[x] + 1
    shallow = np.flatnonzero(np.array(level)[inputs] <= SHALLOW)[::-1]
    latest: dict[int, int] = {}
    for i, x in zip(nodes[shallow].tolist(), inputs[shallow].tolist()):
        above = max(level[i], latest.get(i, 0) - 1)
        latest[x] = min(latest.get(x, above), above)
    for x, above in latest.items():
        level[x] = max(level[x], above - 1)
    return graph.sequence[np.lexsort([by_name(graph), np.array(level)])]


def by_name(graph: Graph) -> Array:
    """Of every node of the order the rank of its rule's name."""
    names = {id(rule): getattr(rule, "name", "") for rule in set(graph.rules)}
    kinds = sorted(names)
    _, rank = np.unique([names[kind] for kind in kinds], return_inverse=True)
    return rank[np.searchsorted(kinds, graph.flat().rules[graph.sequence])]


def tokens(graph: Graph) -> Array:
    """Every node of the order as a number: nodes that stand alike have equal ones.

    What fewer nodes do than there are rounds is not told apart further: each is a number by itself.
    """
    flat, order = graph.flat(), graph.sequence
    rules, counts, read = flat.rules[order], flat.counts[order], distances(graph)
    kinds = sorted(id(rule) for rule in set(graph.rules) if hasattr(rule, "row"))
    rows = np.isin(rules, kinds)
    found = -1 - np.arange(len(order))
    for count in np.flatnonzero(np.bincount(counts)).tolist():
        alike = np.flatnonzero(rows & (counts == count))
        if len(alike) >= ROUNDS:
            code = np.searchsorted(kinds, rules[alike])
            for q in range(count):
                code = code * DISTANCES + read[flat.starts[order[alike]] + q]
                if q % 3 == 2:              # before it becomes too large
                    code = np.unique(code, return_inverse=True)[1]
            found[alike] = code + found.max() + 1
    return found


def distances(graph: Graph) -> Array:
    """For each operand how far back it stands; for a leaf, or what is far, only its kind."""
    flat, place = graph.flat(), graph.places()
    there = place[flat.operands]
    back = place[flat.readers()] - there
    leaf = flat.counts[flat.operands] == 0
    kind = graph.literal.among(flat.operands) + 2 * np.frombuffer(graph.moving, bool)[flat.operands]
    return np.select([leaf, there < 0, back <= WINDOW], [WINDOW + 3 + kind, WINDOW + 2, back],
                     WINDOW + 1)


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
            start, length = stretch_of(codes, period)
            if length >= ROUNDS * period and (best is None or length > 1.1 * best[2]):
                best = start, period, length
    return best and turned(graph, *best)


def turned(graph: Graph, start: int, period: int, length: int) -> tuple[int, int, int]:
    """A stretch begun where the fewest products are cut off from the sums that they join.

    Within a round the two are one instruction; from one round to the next they would be two.
    """
    order = graph.sequence[start:start + 2 * period].tolist()
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
    order = graph.sequence[start:start + period].tolist()
    near = graph.sequence[max(0, start - WINDOW):start + period].tolist()
    place = {k: i for i, k in enumerate(near)}
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
