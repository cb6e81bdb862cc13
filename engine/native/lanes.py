"""Lanes: the terms of a sum that are the same program on different data.

    loss = sum of 100 terms, each of 660 nodes     ->     one template of 660 nodes, 100 lanes

A node belongs to a lane if it is used for one term of the sum only, or for the few terms that make
one lane together; what many lanes use, such as the parameters, is shared. Two lanes are alike if,
written down node by node, with their own leaves by position and everything shared by identity, they
read the same; alike.py finds them.

    Template    the nodes of one lane: instructions, and for each of its leaves one node per lane
    LaneSum     the sum of a template over its lanes; it takes the place of its terms in the graph

Start reading at `find_lanes`.
"""

from collections.abc import Iterable
from typing import Any

from .alike import Flat, families
from .graph import Graph
from .lane import SHARED, Instruction, Lanes
from .sums import replace, write_out

FEWEST = 4              # lanes
MOST_TRIES = 12         # sums that are looked at
MOST_TERMS = 64         # that make one lane together


class Template:
    """What every lane computes; the last register is its result."""

    def __init__(self, code: list[Instruction], leaves: list[tuple[int, ...]], lanes: int) -> None:
        self.code, self.leaves, self.lanes = code, leaves, lanes
        self.copied: set[int] = set()       # positions whose leaves stand elsewhere

    def reads(self, graph: Graph) -> list[int]:
        """What the lane sum depends on: shared nodes, and leaves of lanes that are parameters."""
        return self.shared() + [leaf for column in self.leaves if graph.moving[column[0]]
                                for leaf in column]

    def moving(self, graph: Graph, position: int) -> bool:
        """Whether the leaves at a position get gradients."""
        return graph.moving[self.leaves[position][0]]

    def shared(self) -> list[int]:
        """The nodes that all lanes read, in order of appearance."""
        return list(dict.fromkeys(x for step in self.code for kind, x in step.inputs
                                  if kind == "s"))


class LaneSum:
    """In place of a row: the sum of a template over its lanes."""

    name = "lanes"

    def __init__(self, template: Template) -> None:
        self.template = template


def find_lanes(graph: Graph) -> None:
    """Puts lane sums into the graph, in place; sums near the output come first."""
    sums = [k for k in graph.order if k in graph.written_out or (
        graph.rules[k].name == "total" and len(graph.inputs[k]) >= FEWEST)]
    gone: set[int] = set()
    tries = MOST_TRIES
    while sums and tries:
        k = sums.pop()
        if k not in gone:
            tries -= 1
            undo = write_out(graph, k) if k in graph.written_out else None
            found = find_lanes_of(graph, k)
            gone |= found
            if undo and not found:
                undo()


def find_lanes_of(graph: Graph, k: int) -> set[int]:
    """Puts lane sums in place of terms of sum k; returns the nodes that are gone."""
    owner, groups = owners(graph, k)
    lanes: dict[int, list[int]] = {}
    for node in graph.order:
        term = owner[node]
        if term in groups:
            lanes.setdefault(term, []).append(node)
    if not lanes:
        return set()
    flat = Flat(graph, owner)
    taken = split(graph, k, Lanes(lanes, groups, owner, True), flat)
    rest = {t: nodes for t, nodes in lanes.items() if t not in taken}
    if len(rest) >= FEWEST:
        taken |= split(graph, k, Lanes(rest, groups, owner, False), flat)
    graph.reorder(taken)
    return taken


# ---- whose a node is

def owners(graph: Graph, k: int) -> "tuple[list[int | None], dict[int, list[int]]]":
    """For each node the lane it serves, or SHARED; and the terms of each lane, by its first."""
    lane_of = lanes_of_terms(graph, k)
    owner: list[int | None] = [None] * len(graph.rules)
    groups: dict[int, list[int]] = {}
    for t in graph.inputs[k]:
        if owner[t] is None and graph.inputs[t]:
            owner[t] = lane_of.get(t, t)
            groups.setdefault(lane_of.get(t, t), []).append(t)
        else:
            owner[t] = SHARED
    for node in reversed(graph.order):
        if node != k:
            known = owner[node]
            mine = SHARED if known is None else known
            for x in graph.inputs[node]:
                now = owner[x]
                owner[x] = mine if now is None else now if now == mine else SHARED
    return owner, {lane: terms for lane, terms in groups.items()
                   if all(owner[t] == lane for t in terms)}         # nobody else reads them


def lanes_of_terms(graph: Graph, k: int) -> dict[int, int]:
    """Terms that share what was computed for a few of them are one lane: term -> first term.

    Several outputs of one sample are such terms. What more than a quarter of all terms share
    counts as shared by the lanes, as parameters do.
    """
    readers: dict[int, Any] = {t: t for t in graph.inputs[k] if graph.inputs[t]}
    most = min(len(graph.inputs[k]) // FEWEST, MOST_TERMS)
    first: dict[int, int] = {}
    for node in reversed(graph.order):
        mine = readers.get(node)
        if node == k or mine is None or mine == SHARED:
            continue
        if isinstance(mine, frozenset):
            join(first, mine)
        for x in graph.inputs[node]:
            if graph.inputs[x]:
                now = readers.get(x)
                readers[x] = mine if now is None else now if now == mine else union(now, mine, most)
    return {t: root(first, t) for t in first}


def union(a: Any, b: Any, most: int) -> Any:
    """The terms in a or b, each one term, a set or SHARED; too many are SHARED."""
    if a == SHARED or b == SHARED:
        return SHARED
    both = (a if isinstance(a, frozenset) else {a}) | (b if isinstance(b, frozenset) else {b})
    return frozenset(both) if len(both) <= most else SHARED


def join(first: dict[int, int], terms: Iterable[int]) -> None:
    """Notes that some terms are one lane."""
    roots = {root(first, t) for t in terms}
    least = min(roots)
    for r in roots:
        first[r] = least


def root(first: dict[int, int], t: int) -> int:
    """The first term of the lane of term t."""
    while first.get(t, t) != t:
        first[t] = first.get(first[t], first[t])
        t = first[t]
    return t


# ---- equal lanes

def split(graph: Graph, k: int, lanes: Lanes, flat: Flat) -> set[int]:
    """Replaces the terms of sum k whose lanes are alike by lane sums; the nodes replaced."""
    made: list[int] = []
    taken: set[int] = set()
    for family in families(graph, lanes, flat):
        if len(family.lanes) >= FEWEST:
            template = Template(family.code, family.leaves, len(family.lanes))
            template.copied = {p for p, column in enumerate(template.leaves)
                               if flat.shared[list(column)].any()
                               and column[0] not in graph.literal}
            made.append(graph.new(LaneSum(template), template.reads(graph), before=k))
            taken.update(family.nodes)
    if made:
        replace(graph, k, "total", [*made, *(t for t in graph.inputs[k] if t not in taken)])
    return taken
