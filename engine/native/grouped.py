"""A large graph that neither repeats nor has lanes, as a module: one loop for each kind of nodes.

`Grouped` is what `Module` is for others. Its code is the same for all graphs with the same kinds of
nodes, and says nothing of how they hang together: that stands in tables in the memory %t.

    [ numbers and places | groups forward | groups back | operands | readers | shares ]

Preparing takes a time and a memory in proportion to the graph. Vectors would not help: a machine
gathers their numbers one by one.
"""

from typing import Any

import numpy as np

from . import jit
from .choose import Array
from .frames import NUMBERS, PLACES
from .graph import Graph
from .groupcode import text_of
from .groups import Groups
from .kinds import Inner
from .layout import Layout, rounded
from .module import (
    ALONE,
    ARGUMENTS,
    ENTRIES,
    LONGEST,
    LONGEST_ALONE,
    MOST,
    REPEAT,
    Module,
)
from .strangers import strangers


class Grouped(Module):
    """A module made of groups; see the top of the file."""

    def __init__(self, graph: Graph, inner: "Inner | None" = None) -> None:
        self.nodes, self.graph = len(graph), graph
        self.regions, self.rolls, self.early = {}, {}, {}
        self.layout = Layout(graph)
        self.layout.put_all(graph.parameters)
        self.layout.put_all(graph.leaves)
        self.constants, which = distinct(graph)
        self.layout.sizes[3] = len(self.constants) + len(graph)
        self.layout.freeze()
        groups = Groups(graph, inner or Inner(graph))
        self.forward, self.back = groups.forward, groups.back
        self.operands = groups.operands(self.slots(groups, which))
        self.readers, self.of_nodes = groups.readers()
        self.tape = self.place_tables()

    def slots(self, groups: Groups, which: Array) -> Array:
        """The place of every leaf and node; `which` constant each literal is."""
        graph, layout, start = self.graph, self.layout, self.layout.starts[3]
        slot = np.empty(len(graph.rules), dtype=np.int64)
        slot[:len(graph.leaves)] = layout.slots(np.arange(len(graph.leaves)))
        slot[np.flatnonzero(graph.literal.known)] = start + which
        slot[len(graph.leaves) + groups.order] = start + len(self.constants) + np.arange(len(graph))
        return slot

    def place_tables(self) -> int:
        """Gives all tables their places in %t; the size of all, in words."""
        sizes = {"forward": 2 * len(self.forward.nodes) + 2, "back": 2 * len(self.back.nodes) + 2,
                 "x": len(self.operands) // 2 + 1, "r": len(self.readers) // 2 + 1}
        self.places, at = {}, rounded(len(NUMBERS) + len(PLACES))
        for name, size in sizes.items():
            self.places[name] = at
            at += rounded(size)
        self.places["h.k"] = at
        return at + rounded(len(self.operands) + 1)

    @property
    def text(self) -> str:
        """The module in LLVM's assembly language."""
        return f"{text_of(self.forward.kinds, self.back.kinds, ARGUMENTS)}\n{REPEAT}\n"

    def library(self, memory: Any) -> jit.Library:
        """The compiled module, whose tables stand in memory from now on."""
        loops = {f"{name}.{way}": (None, *["ptr"] * pointers)
                 for way, table, pointers in (("forward", self.forward, 4), ("back", self.back, 6))
                 for name in (*(kind.name for kind in table.kinds), "stop")}
        made = jit.Library(self.text, ENTRIES | loops, level=1)
        start = self.layout.starts[3]
        memory.s[start:start + len(self.constants)] = self.constants
        self.fill(memory.t.view(np.int64), made.pointers)
        return made

    def fill(self, words: Array, address: dict[str, int]) -> None:
        """Writes the tables."""
        end = self.layout.starts[3] + self.layout.sizes[3]
        numbers = {"start": end - self.nodes, "loss": end - 1, "end": end, "own": self.of_nodes,
                   "operands": len(self.operands), "parameters": len(self.graph.parameters)}
        front = [numbers[name] for name in NUMBERS] + [self.places[name] for name in PLACES]
        words[:len(front)] = front
        for name, table in ("forward", self.forward), ("back", self.back):
            records = words[self.places[name]:][:2 * len(table.nodes) + 2]
            loops = [address[f"{kind.name}.{name}"] for kind in table.kinds]
            records[:-2:2] = np.array(loops, dtype=np.int64)[table.kind]
            records[1:-2:2] = table.nodes | table.size << 32
            records[-2] = address[f"stop.{name}"]
        for name, column in ("x", self.operands), ("r", self.readers):
            words[self.places[name]:].view(np.int32)[:len(column)] = column


def module_of(graph: Graph, small: "int | None" = None) -> Module:
    """What a recorded graph is compiled as: in groups only if it has to be."""
    if not jit.available():
        return Module(graph, small, False)
    inner = Inner(graph) if len(graph) > ALONE else None
    if inner and strangers(inner) > MOST:
        return Grouped(graph, inner)
    recorded = graph.copy()
    made = Module(graph, small)
    return made if short(made) else Grouped(recorded, inner)


def short(module: Module) -> bool:
    """Whether the straight lines of a module are few enough to be compiled in seconds."""
    found = bool(module.regions or module.rolls)
    return (len(module.graph) <= (MOST if found else ALONE)
            and sum(map(len, module.straight[1:])) <= (LONGEST if found else LONGEST_ALONE))


def distinct(graph: Graph) -> tuple[Array, Array]:
    """The different constants of a graph, to the last bit, and which one each literal is."""
    numbers = graph.literal.of(np.flatnonzero(graph.literal.known))
    found, which = np.unique(numbers.view(np.int64), return_inverse=True)
    return found.view(float), which
