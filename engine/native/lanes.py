"""Lanes: the terms of a sum that are the same program on different data, found by hashing.

    loss = sum of 100 terms, each of 660 nodes     ->     one template of 660 nodes, 100 lanes

A node belongs to a lane if it is used for one term of the sum only; what several terms use, such as
the parameters, is shared. Two terms are alike if, written down node by node, with their own leaves
by position and everything shared by identity, they read the same: that writing is hashed.

    Template    the nodes of one lane: instructions, and for each of its leaves one node per lane
    LaneSum     the sum of a template over its lanes, which takes the place of its terms in the graph

Start reading at `find_lanes`.
"""

from typing import Any, NamedTuple

from .graph import Graph
from .sums import replace

FEWEST = 4              # lanes
MOST_TRIES = 12         # sums that are looked at
SHARED = -1

Ref = tuple[str, int]   # ("r", register), ("l", leaf of the lane), ("s", node shared by the lanes)


class Instruction(NamedTuple):
    """One operation of a template; its result is the register of its own number."""

    rule: Any
    inputs: tuple[Ref, ...]


class Template:
    """What every lane computes; the last register is its result."""

    def __init__(self, code: list[Instruction], leaves: list[tuple[int, ...]], terms: list[int]) -> None:
        self.code, self.leaves, self.terms = code, leaves, terms
        self.copied: set[int] = set()       # positions whose leaves stand elsewhere

    @property
    def lanes(self) -> int:
        """How many lanes there are."""
        return len(self.terms)

    def reads(self, graph: Graph) -> list[int]:
        """What the lane sum depends on: shared nodes, and leaves of lanes that are parameters."""
        return self.shared() + [leaf for column in self.leaves if graph.moving[column[0]]
                                for leaf in column]

    def moving(self, graph: Graph, position: int) -> bool:
        """Whether the leaves at a position get gradients."""
        return graph.moving[self.leaves[position][0]]

    def shared(self) -> list[int]:
        """The nodes that all lanes read, in order of appearance."""
        return list(dict.fromkeys(x for step in self.code for kind, x in step.inputs if kind == "s"))


class LaneSum:
    """In place of a row: the sum of a template over its lanes."""

    name = "lanes"

    def __init__(self, template: Template) -> None:
        self.template = template


def find_lanes(graph: Graph) -> None:
    """Puts lane sums into the graph, in place."""
    sums = [k for k in graph.order if graph.rules[k].name == "total"
            and len(graph.inputs[k]) >= FEWEST]
    gone: set[int] = set()
    for k in sorted(sums, key=lambda k: (-len(graph.inputs[k]), -k))[:MOST_TRIES]:
        owner = owners(graph, k) if k not in gone else []
        lanes: dict[int, list[int]] = {}
        for node in graph.order if owner else ():
            term = owner[node]
            if term is not None and term != SHARED:
                lanes.setdefault(term, []).append(node)
        taken = split(graph, k, lanes, owner, True) if lanes else set()
        rest = {t: nodes for t, nodes in lanes.items() if t not in taken}
        if len(rest) >= FEWEST:
            taken |= split(graph, k, rest, owner, False)
        graph.reorder(taken)
        gone |= taken


def owners(graph: Graph, k: int) -> "list[int | None]":
    """For each node the one term of sum k that it serves, or SHARED."""
    owner: list[int | None] = [None] * len(graph.rules)
    for t in graph.inputs[k]:
        owner[t] = t if owner[t] is None and graph.inputs[t] else SHARED
    for node in reversed(graph.order):
        if node != k:
            known = owner[node]
            mine = SHARED if known is None else known
            for x in graph.inputs[node]:
                now = owner[x]
                owner[x] = mine if now is None else now if now == mine else SHARED
    return owner


def split(graph: Graph, k: int, lanes: dict[int, list[int]], owner: "list[int | None]",
          by_identity: bool) -> set[int]:
    """Replaces the terms of sum k that are alike by lane sums; returns the nodes replaced."""
    alike: dict[Any, list[tuple[int, list[int]]]] = {}
    codes: dict[Any, list[Instruction]] = {}
    for term, nodes in lanes.items():
        key, code, leaves = written(graph, nodes, owner, by_identity)
        alike.setdefault(key, []).append((term, leaves))
        codes[key] = code
    made, taken, gone = [], set(), set()
    for key, members in alike.items():
        if len(members) >= FEWEST:
            terms = [term for term, _ in members]
            template = Template(codes[key], list(zip(*(own for _, own in members))), terms)
            template.copied = {p for p, column in enumerate(template.leaves)
                               if any(owner[x] == SHARED for x in column)
                               and column[0] not in graph.literal}
            made.append(graph.new(LaneSum(template), template.reads(graph), before=k))
            gone.update(terms)
            taken.update(*(lanes[term] for term in terms))
    if made:
        replace(graph, k, "total", [*made, *(t for t in graph.inputs[k] if t not in gone)])
    return taken


def written(graph: Graph, nodes: list[int], owner: "list[int | None]", by_identity: bool,
            ) -> tuple[Any, list[Instruction], list[int]]:
    """A lane written down: what is hashed, its instructions, and its own leaves by position.

    Unless shared leaves count by identity, they too count by position.
    """
    refs: dict[int, Ref] = {}
    own: list[int] = []
    key: list[Any] = []
    code: list[Instruction] = []
    for i, node in enumerate(nodes):
        for x in graph.inputs[node]:
            if x not in refs:
                leaf = not graph.inputs[x] and (owner[x] != SHARED or not by_identity)
                refs[x] = ("l", len(own)) if leaf else ("s", x)
                if leaf:
                    own.append(x)
                    key.append((graph.moving[x], x in graph.literal))
        refs[node] = ("r", i)
        inputs = tuple([refs[x] for x in graph.inputs[node]])
        code.append(Instruction(graph.rules[node], inputs))
        key.append((id(graph.rules[node]), inputs))
    return tuple(key), code, own
