"""Lanes: the terms of a sum that are the same program on different data.

    loss = sum of 100 terms, each of 660 nodes     ->     one template of 660 nodes, 100 lanes

A node belongs to a lane if it is used for one term of the sum only, or for the few terms that make
one lane together; what many lanes use, such as the parameters, is shared. Two lanes are alike if,
written down node by node, with their own leaves by position and everything shared by identity, they
read the same; owners.py says whose a node is, alike.py finds equal lanes.

    Template    the nodes of one lane: instructions, and for each of its leaves one node per lane
    LaneSum     the sum of a template over its lanes; it takes the place of its terms in the graph

Start reading at `find_lanes`.
"""

import numpy as np

from .alike import families
from .choose import Array
from .graph import Graph
from .lane import FEWEST, SHARED, Instruction, Lanes, Rows
from .owners import owners
from .sums import TOTAL, write_out

MOST_TRIES = 12         # sums that are looked at


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
