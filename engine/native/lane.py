"""A lane written down: its nodes as instructions that name its own leaves by position."""

from typing import Any, NamedTuple

import numpy as np

from ..rules import RULES
from .choose import Array
from .flat import Flat, starts_of
from .graph import Graph

SHARED = -1             # the owner of what several lanes read
FEWEST = 4              # lanes of a lane sum

Ref = tuple[str, int]   # ("r", register), ("l", leaf of the lane), ("s", node shared by the lanes)


class Instruction(NamedTuple):
    """One operation of a template; its result is the register of its own number."""

    rule: Any
    inputs: tuple[Ref, ...]


class Rows:
    """Numbers in rows of different lengths, one after the other: here the nodes of each lane."""

    def __init__(self, of: Array, numbers: Array, rows: int) -> None:
        self.counts = np.bincount(of, minlength=rows)
        self.starts = starts_of(self.counts)
        self.numbers = numbers[np.argsort(of, kind="stable")]

    def __getitem__(self, row: int) -> list[int]:
        return self.numbers[self.starts[row]:self.starts[row + 1]].tolist()  # type: ignore[no-any-return]

    def table(self, rows: Array) -> Array:
        """Rows of the same length as a table."""
        places = self.starts[rows][:, None] + np.arange(self.counts[rows[0]])
        return self.numbers[places]     # type: ignore[no-any-return]


class Lanes(NamedTuple):
    """The lanes of a sum: their nodes, their terms, and whose each node is."""

    nodes: Rows
    terms: Rows
    owner: Array                # of each node the first term of its lane, or SHARED
    flat: Flat                  # the graph in which they were found
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
