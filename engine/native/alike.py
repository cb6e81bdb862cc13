"""Which lanes of a sum are alike: one lane is written down, and all others are compared with it.

    families(graph, lanes, members)     groups of equal lanes: their code, and their own leaves

The comparison runs over all lanes at once, in numpy, node by node of the lane written down. Lanes
that are like none of the first few are each written down and hashed.
"""

from typing import Any, NamedTuple

import numpy as np

from .choose import Array
from .flat import Flat
from .graph import Graph
from .lane import SHARED, Instruction, Lanes, written

GUESSES = 8             # lanes with which all others are compared


class Family(NamedTuple):
    """Equal lanes: the code of one, which they are, all nodes, and leaves by position."""

    code: list[Instruction]
    lanes: Array
    nodes: Array
    leaves: list[Array]


def kinds(graph: Graph, lanes: Lanes) -> Array:
    """Of each node: 1 if it is a leaf of a lane, + 2 if it moves, + 4 if it is a constant."""
    kind = 2 * np.frombuffer(graph.moving, np.int8, len(lanes.owner))
    kind += (lanes.flat.counts == 0) & ~((lanes.owner == SHARED) & lanes.by_identity)
    kind[:len(graph.literal.known)] += 4 * graph.literal.known
    return kind


def families(graph: Graph, lanes: Lanes, members: Array) -> list[Family]:
    """Groups of equal lanes among some, in the order of their first lanes."""
    kind = kinds(graph, lanes)
    found: list[Family] = []
    size = lanes.nodes.counts[members] * len(kind) + lanes.terms.counts[members]
    ordered = np.argsort(size, kind="stable")
    for rest in np.split(members[ordered], np.flatnonzero(np.diff(size[ordered])) + 1):
        for _ in range(GUESSES):
            if len(rest):
                family, rest = like_the_first(graph, lanes, kind, rest)
                found.append(family)
        found += hashed(graph, lanes, rest)
    return sorted(found, key=lambda family: int(family.lanes[0]))


def like_the_first(graph: Graph, lanes: Lanes, kind: Array,
                   members: Array) -> tuple[Family, Array]:
    """The lanes that are like the first of some of one size, and the others."""
    _, code, own = written(graph, lanes, members[0])
    nodes, terms = lanes.nodes.table(members), lanes.terms.table(members)
    same, leaves = compared(code, nodes, lanes.flat, kind)
    for column in terms.T:
        same &= column == nodes[:, int(np.argmax(nodes[0] == column[0]))]
    same &= all_different(leaves)
    assert len(leaves) == len(own)
    family = Family(code, members[same], nodes[same].ravel(), [column[same] for column in leaves])
    return family, members[~same]


def compared(code: list[Instruction], nodes: Array, flat: Flat,
             kind: Array) -> tuple[Array, list[Array]]:
    """Which lanes, the rows of `nodes`, run some code; their own leaves, an array by position."""
    same = np.ones(len(nodes), dtype=bool)
    leaves: list[Array] = []
    for i, step in enumerate(code[:nodes.shape[1]]):
        column = nodes[:, i]
        same &= flat.rules[column] == flat.rules[column[0]]
        same &= flat.counts[column] == len(step.inputs)
        for q, (sort, x) in enumerate(step.inputs):
            read: Any = flat.operands.take(flat.starts[column] + q, mode="clip")
            if sort == "l" and x == len(leaves):
                leaves.append(read)
                same &= kind[read] == kind[read[0]]
            else:
                same &= read == (x if sort == "s" else (nodes[:, x] if sort == "r" else leaves[x]))
    return same, leaves


def all_different(leaves: list[Array]) -> Array:
    """Whether no leaf of a lane stands at two positions, lane by lane."""
    if len(leaves) < 2:
        return np.array(True)
    ordered: Array = np.sort(np.array(leaves), axis=0)
    return np.asarray((ordered[1:] != ordered[:-1]).all(axis=0))


def hashed(graph: Graph, lanes: Lanes, members: Array) -> list[Family]:
    """Groups of equal lanes, found by writing all of them down."""
    alike: dict[Any, list[tuple[int, list[int]]]] = {}
    codes: dict[Any, list[Instruction]] = {}
    for lane in members.tolist():
        key, code, own = written(graph, lanes, lane)
        alike.setdefault(key, []).append((lane, own))
        codes[key] = code
    return [Family(codes[key], rows := np.array([lane for lane, _ in found]),
                   lanes.nodes.table(rows).ravel(),
                   [*np.array([own for _, own in found], dtype=np.int64).T])
            for key, found in alike.items()]
