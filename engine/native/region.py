"""A lane sum as code: loops over eight lanes at a time, forward and backward, tile by tile.

    tile      so many lanes that their rows fit the processor's cache
    row       one number for each lane of a tile: a register, its gradient, or a leaf
    %s %g     all values, and all gradients; leaves of lanes have rows there
    %t        the rows of registers, and after them the rows of their gradients
    %sl %gl   %s and %g from the first lane of the tile on

A stage is one loop; what it computes is kept in a row only if somebody else reads it. Start reading
at `Region.function`.
"""

from collections import Counter
from collections.abc import Callable
from functools import cached_property

from . import matrices
from .graph import Graph
from .lane import Ref
from .lanes import LaneSum
from .layout import Layout, Place, rounded
from .llvm import LANES, Writer
from .products import Rows
from .stageloop import StageLoop
from .stages import Stages
from .tiles import Tiles

TILE = 256              # lanes
CACHES = 2**23          # bytes; numbers beyond that are in no cache when they are read again
VECTOR = f"<{LANES} x double>"


class Region(Tiles):
    """The code of one lane sum."""

    def __init__(self, graph: Graph, node: int, layout: Layout, name: str) -> None:
        assert isinstance(graph.rules[node], LaneSum)
        self.graph, self.layout, self.node, self.name = graph, layout, node, name
        self.template = graph.rules[node].template
        self.stages = Stages(graph, self.template, layout)
        layout.put_all(self.template.shared())
        lanes = rounded(self.template.lanes)
        self.tiles = -(-lanes // TILE)
        self.tile = rounded(-(-lanes // self.tiles))
        self.padded = self.tile * self.tiles
        self.place_leaves()
        self.stored: set[Ref] = set()           # registers that are kept in their rows
        self.written: set[Ref] = set()          # whose gradient rows have something in them
        self.needs: set[tuple[str, int]] = set()
        self.tape = 0                           # where its rows begin behind %t

    # ---- where things stand

    def place_leaves(self) -> None:
        """Gives blocks to the leaves of the lanes, those of products side by side."""
        self.constants = {("l", p): x for p in range(len(self.template.leaves))
                          if ("l", p) not in self.stages.rows and (x := self.same(p)) is not None}
        positions = [p for p in range(len(self.template.leaves)) if ("l", p) not in self.constants]
        self.blocks: dict[int, Place] = {}
        for p in sorted(positions, key=lambda p: self.stages.row(("l", p))):
            self.blocks[p] = self.layout.block(self.template.leaves[p], self.padded,
                                               copied=p in self.template.copied)

    def same(self, position: int) -> "float | None":
        """The number of a leaf that is the same constant in every lane."""
        one = self.graph.literal.common(self.template.leaves[position])
        return None if one is None else float(one)

    def moving(self, ref: Ref) -> bool:
        """Whether a register, leaf or shared node gets a gradient."""
        kind, x = ref
        if kind == "r":
            return self.moves[x]
        return bool(self.graph.moving[x]) if kind == "s" else self.template.moving(self.graph, x)

    def row(self, ref: Ref) -> Rows:
        """The row of a register or leaf, and those after it."""
        kind, x = ref
        if kind == "l":
            return Rows("%sl", self.layout.start(self.blocks[x]), self.padded)
        return Rows("%t", self.stages.row(ref) * self.tile, self.tile)

    def gradient_row(self, ref: Ref) -> Rows:
        """The row of the gradient of a register or leaf, and those after it."""
        kind, x = ref
        if kind == "l":
            return Rows("%gl", self.layout.start(self.blocks[x]), self.padded)
        return Rows("%t", (self.half + self.stages.row(ref)) * self.tile, self.tile)

    # ---- the functions

    def prepare(self) -> None:
        """What can be told once every place is given."""
        self.moves = self.moving_registers()
        self.read_outside = self.registers_between_stages()
        for k in range(len(self.stages.code)):
            self.stages.row(("r", k))
        self.half = self.stages.counts["r"]

    def moving_registers(self) -> list[bool]:
        """Which registers get a gradient."""
        self.moves = [False] * len(self.stages.code)
        for stage, products in zip(self.stages.stages, self.stages.products):
            for k in stage:
                self.moves[k] = any(map(self.moving, self.stages.code[k].inputs))
            for p in products:
                shared = [("s", k) for row in (*p.nodes, p.biases) for k in row]
                for out in p.outs:
                    self.moves[out] = any(map(self.moving, [*p.into, *shared]))
        return self.moves

    def registers_between_stages(self) -> set[Ref]:
        """The registers that a product or another stage reads."""
        stage_of = {k: s for s, stage in enumerate(self.stages.stages) for k in stage}
        between = {ref for ref in self.in_products() if ref[0] == "r"}
        return between | {ref for k, s in stage_of.items()
                          for ref in self.stages.code[k].inputs
                          if ref[0] == "r" and stage_of.get(ref[1]) != s}

    def in_products(self) -> set[Ref]:
        """The registers and leaves that products read."""
        return {ref for products in self.stages.products for p in products for ref in p.into}

    @cached_property
    def large(self) -> bool:
        """Whether its leaves, with their gradients, are too many for the caches."""
        rows = sum(1 + self.moving(("l", p)) for p in self.blocks)
        return 8 * rows * self.padded > CACHES

    @cached_property
    def streamed(self) -> set[Ref]:
        """The leaves whose gradients are written once and then, being large, not read soon."""
        stages = [{ref for k in stage for ref in self.stages.code[k].inputs if ref[0] == "l"}
                  for stage in self.stages.stages]
        readers = Counter(ref for stage in stages for ref in stage)
        once = {ref for ref, n in readers.items() if n == 1 and ref[1] not in self.template.copied}
        return once - self.in_products() if self.large else set()

    @property
    def rows(self) -> int:
        """How many rows a tile of %t has."""
        return 2 * self.half

    def functions(self, fused: bool) -> list[str]:
        """The functions that run a tile: for the value alone, and both ways, at once or in two."""
        self.stored = set(self.read_outside)
        value = self.function("value", self.forward)
        if fused:
            self.function("both", self.both)                # tells what is to be stored
            return [value, self.function("both", self.both)]
        backward = self.function("backward", self.backward)
        return [value, backward, self.function("forward", self.forward)]

    def function(self, name: str, part: "Callable[[Writer], None]") -> str:
        """One function over a tile."""
        w = Writer(VECTOR)
        w.lines.append("  %sl = getelementptr inbounds double, ptr %s, i64 %lane")
        w.lines.append("  %gl = getelementptr inbounds double, ptr %g, i64 %lane")
        self.sum = w.variable()
        self.written = set()
        part(w)
        self.needs |= w.needs
        w.lines.append(f"  ret double {w.across(w.load_again(self.sum, 0)).name}")
        return w.function(
            f"define internal double @{self.name}.{name}.tile(ptr noalias align 64 %s, "
            f"ptr noalias align 64 %g, ptr noalias align 64 %t, i64 %lane, double %seed)")

    # ---- forward

    def forward(self, w: Writer) -> None:
        """All stages and products."""
        self.forward_but_last(w)
        self.stage_loop(w, len(self.stages.stages) - 1, forward=True, backward=False)

    def forward_but_last(self, w: Writer) -> None:
        """All stages and products before the last stage."""
        for s, products in enumerate(self.stages.products[:-1]):
            self.stage_loop(w, s, forward=True, backward=False)
            for p in products:
                matrices.forward(w, self, p)

    # ---- backward

    def both(self, w: Writer) -> None:
        """Everything, forward and backward; the last stage turns round within its loop."""
        self.forward_but_last(w)
        self.stage_loop(w, len(self.stages.stages) - 1, forward=True, backward=True)
        self.backward_but_last(w)

    def backward(self, w: Writer) -> None:
        """All stages and products, backward."""
        self.stage_loop(w, len(self.stages.stages) - 1, forward=False, backward=True)
        self.backward_but_last(w)

    def backward_but_last(self, w: Writer) -> None:
        """All stages and products before the last stage, backward."""
        for s in reversed(range(len(self.stages.stages) - 1)):
            for p in reversed(self.stages.products[s]):
                matrices.backward(w, self, p)
            self.stage_loop(w, s, forward=False, backward=True)

    # ---- a stage

    def stage_loop(self, w: Writer, s: int, *, forward: bool, backward: bool) -> None:
        """The registers of a stage, eight lanes at a time."""
        if self.stages.stages[s] or s == len(self.stages.stages) - 1:
            loop = StageLoop(self, w, s)
            loop.run(forward, backward)
