"""A lane written down: its nodes as instructions that name its own leaves by position."""

from typing import Any, NamedTuple

from ..rules import RULES
from .graph import Graph

SHARED = -1             # the owner of what several lanes read

Ref = tuple[str, int]   # ("r", register), ("l", leaf of the lane), ("s", node shared by the lanes)


class Instruction(NamedTuple):
    """One operation of a template; its result is the register of its own number."""

    rule: Any
    inputs: tuple[Ref, ...]


class Lanes(NamedTuple):
    """The lanes of a sum: their nodes, their terms, and whose each node is."""

    nodes: dict[int, list[int]]
    terms: dict[int, list[int]]
    owner: "list[int | None]"
    by_identity: bool           # whether shared leaves must be the same, or only stand alike


def written(graph: Graph, lanes: Lanes, lane: int) -> tuple[Any, list[Instruction], list[int]]:
    """A lane written down: what is hashed, its instructions, and its own leaves by position."""
    refs: dict[int, Ref] = {}
    own: list[int] = []
    key: list[Any] = []
    code: list[Instruction] = []
    for i, node in enumerate(lanes.nodes[lane]):
        for x in graph.inputs[node]:
            if x not in refs:
                leaf = not graph.inputs[x] and (lanes.owner[x] != SHARED or not lanes.by_identity)
                refs[x] = ("l", len(own)) if leaf else ("s", x)
                if leaf:
                    own.append(x)
                    key.append((graph.moving[x], x in graph.literal))
        refs[node] = ("r", i)
        inputs = tuple([refs[x] for x in graph.inputs[node]])
        code.append(Instruction(graph.rules[node], inputs))
        key.append((id(graph.rules[node]), inputs))
    results = tuple(refs[t] for t in lanes.terms[lane])
    if len(results) > 1:
        code.append(Instruction(RULES["total"], results))
    return (*key, results), code, own
