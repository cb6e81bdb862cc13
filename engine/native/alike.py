"""Which lanes of a sum are alike: one lane is written down, and all others are compared with it.

    families(graph, lanes)      groups of equal lanes: their template's code, and their own leaves

The comparison runs over all lanes at once, in numpy, node by node of the lane written down. Lanes
that are like none of the first few are each written down and hashed.
"""

from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from .choose import Array
from .graph import Graph
from .lane import SHARED, Instruction, Lanes, written

GUESSES = 8             # lanes with which all others are compared


class Family(NamedTuple):
    """Equal lanes: the code of one, their first terms, all nodes, and leaves by position."""

    code: list[Instruction]
    lanes: list[int]
    nodes: list[int]
    leaves: list[tuple[int, ...]]


class Flat:
    """A graph as arrays: the rule of each node, its inputs one after the other, and its kind."""

    def __init__(self, graph: Graph, owner: "list[int | None]") -> None:
        n = len(graph.rules)
        self.rules = np.fromiter(map(id, graph.rules), np.int64, n)
        self.counts = np.fromiter(map(len, graph.inputs), np.int64, n)
        self.starts = np.cumsum(self.counts) - self.counts
        self.inputs = np.fromiter(chain.from_iterable(graph.inputs), np.int64)
        self.shared = np.fromiter((o == SHARED for o in owner), bool, n)
        self.kind = 2 * np.fromiter(graph.moving, np.int64, n)
        self.kind[np.fromiter(graph.literal, np.int64)] += 4

    def kinds(self, by_identity: bool) -> Array:
        """Of each node: 1 if it is a leaf of a lane, + 2 if it moves, + 4 if it is a constant."""
        own = (self.counts == 0) & ~(self.shared & by_identity)
        return self.kind + own      # type: ignore[no-any-return]


def families(graph: Graph, lanes: Lanes, flat: Flat) -> list[Family]:
    """Groups of equal lanes, in the order of their first lanes."""
    kind = flat.kinds(lanes.by_identity)
    sizes: dict[tuple[int, int], list[int]] = {}
    for t in lanes.terms:
        if t in lanes.nodes:
            sizes.setdefault((len(lanes.nodes[t]), len(lanes.terms[t])), []).append(t)
    found: list[Family] = []
    for members in sizes.values():
        rest = members
        for _ in range(GUESSES):
            if rest:
                family, rest = like_the_first(graph, lanes, flat, kind, rest)
                found.append(family)
        found += hashed(graph, lanes, rest)
    place = {t: i for i, t in enumerate(lanes.terms)}
    return sorted(found, key=lambda family: place[family.lanes[0]])


def like_the_first(graph: Graph, lanes: Lanes, flat: Flat, kind: Array,
                   members: list[int]) -> tuple[Family, list[int]]:
    """The lanes that are like the first of some of one size, and the others."""
    _, code, own = written(graph, lanes, members[0])
    nodes = np.array([lanes.nodes[t] for t in members])
    terms = np.array([lanes.terms[t] for t in members])
    same, leaves = compared(code, nodes, flat, kind)
    for column in terms.T:
        same &= column == nodes[:, int(np.argmax(nodes[0] == column[0]))]
    same &= all_different(leaves)
    columns = [tuple(column[same].tolist()) for column in leaves]
    assert len(columns) == len(own)
    family = Family(code, [t for t, s in zip(members, same.tolist()) if s],
                    nodes[same].ravel().tolist(), columns)
    return family, [t for t, s in zip(members, same.tolist()) if not s]


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
            read: Any = flat.inputs.take(flat.starts[column] + q, mode="clip")
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


def hashed(graph: Graph, lanes: Lanes, members: list[int]) -> list[Family]:
    """Groups of equal lanes, found by writing all of them down."""
    alike: dict[Any, list[tuple[int, list[int]]]] = {}
    codes: dict[Any, list[Instruction]] = {}
    for lane in members:
        key, code, own = written(graph, lanes, lane)
        alike.setdefault(key, []).append((lane, own))
        codes[key] = code
    return [Family(codes[key], [lane for lane, _ in found],
                   [node for lane, _ in found for node in lanes.nodes[lane]],
                   list(zip(*(own for _, own in found)))) for key, found in alike.items()]
