"""How nodes stand: an order by depth, and for every node a number that those like it have too.

Chains that repeat are found in them; see rolls.py.
"""

import numpy as np

from .choose import Array
from .flat import view
from .graph import Graph

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
