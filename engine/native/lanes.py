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

import numpy as np

from .alike import families
from .choose import Array
from .graph import Flat, Graph, view
from .lane import SHARED, Instruction, Lanes, Rows
from .sums import TOTAL, write_out

FEWEST = 4              # lanes
MOST_TRIES = 12         # sums that are looked at
MOST_TERMS = 64         # that make one lane together


class Template:
    """What every lane computes; the last register is its result."""

    def __init__(self, code: list[Instruction], leaves: list[Array], lanes: int) -> None:
        self.code, self.leaves, self.lanes = code, leaves, lanes
        self.copied: set[int] = set()       # positions whose leaves stand elsewhere

    def reads(self, graph: Graph) -> tuple[int, ...]:
        """What the lane sum depends on: shared nodes, and leaves of lanes that are parameters."""
        own = [column for column in self.leaves if graph.moving[column[0]]]
        return (*self.shared(), *np.concatenate(own, dtype=int).tolist()) if own else (
            *self.shared(),)

    def moving(self, graph: Graph, position: int) -> bool:
        """Whether the leaves at a position get gradients."""
        return bool(graph.moving[self.leaves[position][0]])

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
    flat = graph.flat()
    long = (flat.rules == id(TOTAL)) & (flat.counts >= FEWEST)
    long[[*graph.written_out]] = True
    sums = graph.sequence[long[graph.sequence]]
    gone = np.zeros(len(long), dtype=bool)
    tries = MOST_TRIES
    for k in reversed(sums.tolist()):
        if not gone[k] and tries:
            tries -= 1
            undo = write_out(graph, k) if k in graph.written_out else None
            found = find_lanes_of(graph, k)
            gone[found] = True
            if undo and not len(found):
                undo()


def find_lanes_of(graph: Graph, k: int) -> Array:
    """Puts lane sums in place of terms of sum k; returns the nodes that are gone."""
    lanes = lanes_of(graph, k)
    made: list[int] = []
    left = np.arange(len(lanes.nodes.counts))
    for by_identity in (True, False):
        if len(left) >= FEWEST:
            left = split(graph, k, lanes._replace(by_identity=by_identity), left, made)
    taken = np.ones(len(lanes.nodes.counts), dtype=bool)
    taken[left] = False
    gone = lanes.nodes.numbers[np.repeat(taken, lanes.nodes.counts)]
    if made:
        there = {*lanes.terms.numbers[np.repeat(taken, lanes.terms.counts)].tolist()}
        graph.replace(k, TOTAL, (*made, *(t for t in graph.inputs[k] if t not in there)))
        graph.reorder(gone)
    return gone     # type: ignore[no-any-return]


def lanes_of(graph: Graph, k: int) -> Lanes:
    """The lanes of sum k, in the order of their first terms."""
    owner, terms, first_of = owners(graph, k)
    first = first_of[terms]
    whole = np.ones(len(owner), dtype=bool)
    whole[first[owner[terms] != first]] = False         # somebody else reads them
    terms, first = terms[whole[first]], first[whole[first]]
    _, places = np.unique(first, return_index=True)
    number = np.full(len(owner) + 1, SHARED)            # its last place is that of SHARED
    number[first[np.sort(places)]] = np.arange(len(places))
    of = number[owner[graph.sequence]]
    own = of != SHARED
    return Lanes(Rows(of[own], graph.sequence[own], len(places)),
                 Rows(number[first], terms, len(places)), owner, graph.flat(), True)


def split(graph: Graph, k: int, lanes: Lanes, members: Array, made: list[int]) -> Array:
    """Makes lane sums, the newest first, of lanes that are alike; returns those that are left."""
    left = np.ones(len(lanes.nodes.counts), dtype=bool)
    first = []
    for family in families(graph, lanes, members):
        if len(family.lanes) >= FEWEST:
            template = Template(family.code, family.leaves, len(family.lanes))
            template.copied = {p for p, column in enumerate(template.leaves)
                               if (lanes.owner[column] == SHARED).any()
                               and column[0] not in graph.literal}
            first.append(graph.new(LaneSum(template), template.reads(graph), before=k))
            left[family.lanes] = False
    made[:0] = first
    return members[left[members]]


# ---- whose a node is

def owners(graph: Graph, k: int) -> tuple[Array, Array, Array]:
    """Of each node the first term of the lane it serves, or SHARED; the terms of sum k that were
    computed, each once; and of each node that is a term the first one of its lane.

    A node of one lane is found by going up along any of its readers; where two readers do not
    agree, several lanes read the node, and it is shared with all that is below it.
    """
    flat = graph.flat()
    row = flat.operands[flat.starts[k]:flat.starts[k + 1]]
    inner = row[flat.counts[row] > 0]
    nodes, inputs = graph.reads()
    nodes, inputs = nodes[nodes != k], inputs[nodes != k]
    top = tops(len(flat.counts), nodes, inputs, inner)
    mixed = below(flat, top, inputs[top[nodes] != top[inputs]])
    first = first_terms(graph, inner, top, nodes, inputs, mixed & (flat.counts > 0), len(row))
    owner = np.append(first, SHARED)[top]               # the last place is that of SHARED
    terms, places, times = np.unique(inner, return_index=True, return_counts=True)
    owner[below(flat, owner, np.concatenate([inputs[owner[nodes] != owner[inputs]],
                                             terms[times > 1]]))] = SHARED
    return owner, inner[np.sort(places)], first


def tops(n: int, nodes: Array, inputs: Array, terms: Array) -> Array:
    """The term that is found above each node, by going up along its last readers; or SHARED."""
    up = np.arange(n)
    up[inputs] = nodes
    up[terms] = terms
    while ((higher := up[up]) != up).any():
        up = higher
    is_term = np.zeros(n, dtype=bool)
    is_term[terms] = True
    return np.where(is_term[up], up, SHARED)


def below(flat: Flat, owner: Array, start: Array) -> Array:
    """Whether a node is one of some, or below them; nodes without owners are left out."""
    known = owner == SHARED
    found = np.zeros(len(owner), dtype=bool)
    found[start] = True
    todo = np.flatnonzero(found & ~known & (flat.counts > 0)).tolist()
    found |= known
    mark, starts, operands = view(found), view(flat.starts), view(flat.operands)
    while todo:
        x = todo.pop()
        for y in operands[starts[x]:starts[x + 1]]:
            if not mark[y]:
                mark[y] = True
                todo.append(y)
    return found & ~known       # type: ignore[no-any-return]


def first_terms(graph: Graph, terms: Array, top: Array, nodes: Array, inputs: Array,
                mixed: Array, count: int) -> Array:
    """The first term of the lane of each term: terms that share what was computed for a few of them
    are one lane.

    Several outputs of one sample are such terms. What more than a quarter of all terms share
    counts as shared by the lanes, as parameters do.
    """
    first = np.arange(len(top))
    if not mixed.any():
        return first
    place = graph.places()
    chosen = np.flatnonzero(mixed[inputs])
    chosen = chosen[np.argsort(-place[nodes[chosen]], kind="stable")]
    most = min(count // FEWEST, MOST_TERMS)
    readers: dict[int, Any] = {t: t for t in terms[mixed[terms]].tolist()}
    for node, x in zip(nodes[chosen].tolist(), inputs[chosen].tolist()):
        mine = readers.get(node, SHARED) if mixed[node] else int(top[node])
        if mine != SHARED:
            now = readers.get(x, mine)
            readers[x] = mine if now == mine else union(now, mine, most)
    joined: dict[int, int] = {}
    for mine in readers.values():
        if isinstance(mine, frozenset):
            join(joined, mine)
    for t in joined:
        first[t] = root(joined, t)
    return first


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
