"""A lane sum as code: loops over eight lanes at a time, forward and backward, tile by tile.

    tile      so many lanes that their rows fit the processor's cache
    row       one number for each lane of a tile: a register, its gradient, or a leaf
    %s %g     all values, and all gradients; leaves of lanes have rows there
    %t        the rows of registers, and after them the rows of their gradients
    %sl %gl   %s and %g from the first lane of the tile on

A stage is one loop; what it computes is kept in a row only if somebody else reads it. Start reading
at `Region.function`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .choose import Symbol, compare, select
from .graph import Graph
from .lanes import LaneSum, Ref
from .layout import Layout, Place, rounded
from .llvm import LANES, Writer
from .products import Rows, Weights, multiply, outer, sums_of_rows
from .stages import Product, Stages
from .trace import traced

TILE = 256              # lanes
VECTOR = f"<{LANES} x double>"


class Later(Symbol):
    """A symbol that is written when it is first used."""

    __slots__ = ("write", "made")

    def __init__(self, writer: Writer, write: Callable[[], Symbol]) -> None:
        self.writer, self.write, self.test = writer, write, False
        self.made: Symbol | None = None

    @property
    def name(self) -> str:      # type: ignore[override]
        """The name of what was written."""
        if self.made is None:
            self.made = self.write()
        return self.made.name


class Region:
    """The code of one lane sum."""

    def __init__(self, graph: Graph, node: int, layout: Layout, name: str) -> None:
        assert isinstance(graph.rules[node], LaneSum)
        self.graph, self.layout, self.node, self.name = graph, layout, node, name
        self.template = graph.rules[node].template
        self.stages = Stages(graph, self.template, layout)
        for k in self.template.shared():
            layout.put(k)
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
        mask = self.template.lanes < self.padded
        self.mask = self.layout.block([self.node], self.padded, copied=True) if mask else None

    def same(self, position: int) -> "float | None":
        """The number of a leaf that is the same constant in every lane."""
        found = {self.graph.literal.get(k) for k in self.template.leaves[position]}
        one = found.pop() if len(found) == 1 else None
        return None if one is None else float(one)

    def moving(self, ref: Ref) -> bool:
        """Whether a register, leaf or shared node gets a gradient."""
        kind, x = ref
        if kind == "r":
            return self.moves[x]
        return self.graph.moving[x] if kind == "s" else self.template.moving(self.graph, x)

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
        self.moves = [False] * len(self.stages.code)
        for stage, products in zip(self.stages.stages, self.stages.products):
            for k in stage:
                self.moves[k] = any(map(self.moving, self.stages.code[k].inputs))
            for p in products:
                reads = [*p.into, *(("s", k) for row in p.nodes for k in row),
                         *(("s", k) for k in p.biases)]
                for out in p.outs:
                    self.moves[out] = any(map(self.moving, reads))
        for k in range(len(self.stages.code)):
            self.stages.row(("r", k))
        self.half = self.stages.counts["r"]
        stage_of = {k: s for s, stage in enumerate(self.stages.stages) for k in stage}
        self.read_outside: set[Ref] = {
            ref for products in self.stages.products for p in products for ref in p.into
            if ref[0] == "r"}
        for k, s in stage_of.items():
            self.read_outside |= {(kind, x) for kind, x in self.stages.code[k].inputs
                                  if kind == "r" and stage_of.get(x) != s}

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

    def call(self, w: Writer, name: str, seed: Any) -> Symbol:
        """The call of one of the wrappers."""
        w.count += 1
        w.lines.append(f"  %c{w.count} = call double @{self.name}.{name}(ptr %s, ptr %g, ptr %t, "
                       f"double {w.text(seed)})")
        return Symbol(w, f"%c{w.count}")

    def wrappers(self, fused: bool) -> list[str]:
        """The functions that run all tiles."""
        return [self.table(p) for p in sorted(self.template.copied)] + [
            self.wrapper(name) for name in ("value", *(("both",) if fused
                                                       else ("forward", "backward")))]

    def wrapper(self, name: str) -> str:
        """A function that runs all tiles, and copies shared leaves to rows and gradients back."""
        w = Writer()
        for p in sorted(self.template.copied) if name != "backward" else ():
            with self.each_copy(w, p) as (place, block):
                w.store(w.load_again("%s", place), "%s", block)
        total = w.variable()
        with w.loop(self.tiles) as i:
            tape = w.address(
                "%t", w.whole("add", w.whole("mul", i, self.stride(name)), self.tape))
            lane = w.whole("mul", i, self.tile)
            part = self.part(w, f"{name}.tile(ptr %s, ptr %g, ptr {tape}, i64 {lane}, "
                                f"double %seed)")
            w.store(w.load_again(total, 0) + part, total, 0)
        for p in sorted(self.template.copied) if name in ("both", "backward") else ():
            if self.template.moving(self.graph, p):
                with self.each_copy(w, p) as (place, block):
                    w.add_to(w.load_again("%g", block).name, "%g", place)
        w.lines.append(f"  ret double {w.load_again(total, 0).name}")
        return w.function(f"define internal double @{self.name}.{name}(ptr noalias %s, "
                          f"ptr noalias %g, ptr noalias %t, double %seed)")

    def stride(self, name: str) -> int:
        """How far apart the tapes of two tiles are; 0 if they need not be kept for the way back."""
        return self.rows * self.tile if name in ("forward", "backward") else 0

    def part(self, w: Writer, call: str) -> Symbol:
        """The call of the function of a tile."""
        w.count += 1
        w.lines.append(f"  %p{w.count} = call double @{self.name}.{call}")
        return Symbol(w, f"%p{w.count}")

    @contextmanager
    def each_copy(self, w: Writer, p: int) -> Iterator[tuple[str, str]]:
        """A loop over lanes: the place of the shared leaf at a position, and that of its copy."""
        with w.loop(self.padded) as lane:
            place = w.fresh(f"getelementptr i64, ptr @{self.name}.places{p}, i64 {lane}").name
            w.count += 1
            w.lines.append(f"  %q{w.count} = load i64, ptr {place}")
            yield f"%q{w.count}", w.whole("add", lane, self.layout.start(self.blocks[p]))

    def table(self, p: int) -> str:
        """The places of the shared leaves at a position, lane by lane."""
        column = self.template.leaves[p]
        filled = [*column, *[column[0]] * (self.padded - len(column))]
        places = ", ".join(f"i64 {self.layout.slot(k)}" for k in filled)
        return (f"@{self.name}.places{p} = internal constant [{self.padded} x i64] [{places}]")

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
                self.multiply(w, p)

    def multiply(self, w: Writer, p: Product) -> None:
        """A product, forward."""
        bias = (self.layout.start(p.bias[0]), p.bias[1]) if p.bias else None
        multiply(w, self.row(("r", p.outs[0])), len(p.outs), self.row(p.into[0]), len(p.into),
                 self.weights(p), self.tile, bias=bias)

    def weights(self, p: Product, pointer: str = "%s") -> Weights:
        """Where the weights of a product stand, or their gradients."""
        return Weights(pointer, self.layout.start(p.weights.base), p.weights.row, p.weights.column)

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
                self.product_backward(w, p)
            self.stage_loop(w, s, forward=False, backward=True)

    def product_backward(self, w: Writer, p: Product) -> None:
        """The gradients of the inputs, weights and biases of a product."""
        first = ("r", p.outs[0])
        live = [("r", out) for out in p.outs if ("r", out) in self.written]
        if not live:
            return
        for out in p.outs:
            if ("r", out) not in self.written:
                self.clear(w, ("r", out))
        down = self.gradient_row(first)
        if any(self.moving(ref) for ref in p.into):
            multiply(w, self.gradient_row(p.into[0]), len(p.into), down, len(p.outs),
                     self.weights(p).turned(), self.tile, add=self.claim(w, p.into))
        if self.graph.moving[p.nodes[0][0]]:
            outer(w, down, len(p.outs), self.row(p.into[0]), len(p.into), self.weights(p, "%g"),
                  self.tile)
        if p.bias and self.graph.moving[p.biases[0]]:
            sums_of_rows(w, down, len(p.outs), "%g", self.layout.start(p.bias[0]), p.bias[1],
                         self.tile)

    def claim(self, w: Writer, refs: list[Ref]) -> bool:
        """Whether gradient rows have something in them already, all or (after clearing) none."""
        had = [ref for ref in refs if ref in self.written]
        if had:
            for ref in refs:
                if ref not in self.written:
                    self.clear(w, ref)
        self.written.update(refs)
        return bool(had)

    def clear(self, w: Writer, ref: Ref) -> None:
        """Fills a gradient row with zeros."""
        rows = self.gradient_row(ref)
        with w.loop(self.tile, LANES) as v:
            w.store(0.0, rows.pointer, rows.place(w, 0, v))
        self.written.add(ref)

    # ---- a stage

    def stage_loop(self, w: Writer, s: int, *, forward: bool, backward: bool) -> None:
        """The registers of a stage, eight lanes at a time."""
        if self.stages.stages[s] or s == len(self.stages.stages) - 1:
            loop = StageLoop(self, w, s)
            loop.run(forward, backward)


class StageLoop:
    """One stage: the body of its loop, forward, backward or both."""

    def __init__(self, region: Region, w: Writer, s: int) -> None:
        self.region, self.w = region, w
        self.last = s == len(region.stages.stages) - 1
        self.nodes = region.stages.stages[s]
        self.inside = {("r", k) for k in self.nodes}
        self.value: dict[Ref, Any] = {}
        self.adjoint: dict[Ref, Any] = {}
        self.sums: dict[int, str] = {}

    def run(self, forward: bool, backward: bool) -> None:
        """Writes the loop, and adds up what it found for shared nodes."""
        region, w = self.region, self.w
        if backward:
            self.prepare_sums()
        with w.loop(region.tile, LANES) as self.v:
            if forward:
                self.forward()
            if backward:
                self.backward()
        for k, place in self.sums.items():
            w.add_to(w.across(w.load_again(place, 0)).name, "%g", region.layout.slot(k))

    def prepare_sums(self) -> None:
        """One sum over the lanes for each shared node that gets a gradient."""
        for k in self.nodes:
            for kind, x in self.region.stages.code[k].inputs:
                if kind == "s" and self.region.graph.moving[x] and x not in self.sums:
                    self.sums[x] = self.w.variable()

    def read(self, ref: Ref) -> Any:
        """The value of a register, leaf, shared node or constant."""
        if ref not in self.value:
            self.value[ref] = self.fetched(ref)
        return self.value[ref]

    def fetched(self, ref: Ref) -> Any:
        region, (kind, x) = self.region, ref
        if ref in region.constants:
            return region.constants[ref]
        if kind == "s":
            literal = region.graph.literal.get(x)
            return (self.w.spread("%s", region.layout.slot(x)) if literal is None
                    else float(literal))
        return Later(self.w, lambda: self.from_row(ref))

    def from_row(self, ref: Ref) -> Symbol:
        if ref[0] == "r":
            self.region.stored.add(ref)
        rows = self.region.row(ref)
        return self.w.load_again(rows.pointer, rows.place(self.w, 0, self.v))

    def mask(self, x: Any, instead: float) -> Any:
        """x in lanes that are there, and another number in those that only fill the last vector."""
        region, w = self.region, self.w
        if region.mask is None:
            return x
        there = w.load_again("%sl", Rows("%sl", region.layout.start(region.mask), 0)
                             .place(w, 0, self.v))
        return select(compare("!=", there, 0.0), x, instead)

    # ---- forward

    def forward(self) -> None:
        """Computes the registers, keeps those that are read elsewhere, and sums the result."""
        region, w = self.region, self.w
        for k in self.nodes:
            step = region.stages.code[k]
            xs = [self.read(x) for x in step.inputs]
            value = traced(step.rule).value
            self.value["r", k] = value(xs) if step.rule.row.variadic else value(*xs)
            if ("r", k) in region.stored:
                rows = region.row(("r", k))
                w.store(self.value["r", k], rows.pointer, rows.place(w, 0, self.v))
        if self.last:
            result = self.mask(self.read(("r", region.stages.result)), 0.0)
            w.store(w.load_again(region.sum, 0) + result, region.sum, 0)

    # ---- backward

    def backward(self) -> None:
        """Hands gradients on within the stage, to rows, and to the sums of shared nodes."""
        region, w = self.region, self.w
        if self.last:
            seed = w.spread_symbol("%seed")
            self.adjoint["r", region.stages.result] = self.mask(seed, 0.0)
        for k in reversed(self.nodes):
            if region.moves[k]:
                g = self.gradient(("r", k))
                if g is not None:
                    self.hand_on(k, g)
        for ref, g in self.adjoint.items():
            if ref not in self.inside:
                self.deliver(ref, g)

    def gradient(self, ref: Ref) -> Any:
        """The gradient of a register: what this stage found, and what is in its row."""
        known = self.adjoint.get(ref)
        if ref not in self.region.written:
            return known
        rows = self.region.gradient_row(ref)
        kept = self.w.load_again(rows.pointer, rows.place(self.w, 0, self.v))
        return kept if known is None else kept + known

    def hand_on(self, k: int, g: Any) -> None:
        """Gives the inputs of a register their share of its gradient."""
        step = self.region.stages.code[k]
        slopes = traced(step.rule).slopes([self.read(x) for x in step.inputs], self.read(("r", k)))
        for ref, slope in zip(step.inputs, slopes):
            if self.region.moving(ref) and (isinstance(slope, Symbol) or slope != 0):
                known = self.adjoint.get(ref)
                self.adjoint[ref] = g * slope if known is None else known + g * slope

    def deliver(self, ref: Ref, g: Any) -> None:
        """Puts a gradient where others find it."""
        region, w = self.region, self.w
        if ref[0] == "s":
            place = self.sums[ref[1]]
            w.store(w.load_again(place, 0) + g, place, 0)
            return
        rows = region.gradient_row(ref)
        index = rows.place(w, 0, self.v)
        if ref in region.written:
            g = w.load_again(rows.pointer, index) + g
        w.store(g, rows.pointer, index)
        region.written.add(ref)
