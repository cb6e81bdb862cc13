"""One stage of a template as a loop over eight lanes at a time: forward, backward, or both at once.

What a stage computes stays in registers; it is written to a row only if another stage, a product or
the way back reads it there. Gradients of what the lanes share are summed over the lanes and then
added in their places.
"""

from collections.abc import Callable
from typing import Any

from .choose import Symbol, select
from .lane import Ref
from .llvm import LANES, Writer
from .products import plus
from .trace import traced

AHEAD = 256             # lanes; so far before they are read, large rows are asked for


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


class StageLoop:
    """One stage: the body of its loop, forward, backward or both."""

    def __init__(self, region: Any, w: Writer, s: int) -> None:
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
        place = rows.place(self.w, 0, self.v)
        if ref[0] == "l" and self.region.large:
            self.w.prefetch(rows.pointer, plus(self.w, place, AHEAD))
        return self.w.load_again(rows.pointer, place)

    def mask(self, x: Any, instead: float) -> Any:
        """x in lanes that are there, and another number in those that only fill the last vector."""
        region, w = self.region, self.w
        if region.template.lanes == region.padded:
            return x
        first = w.whole("add", "%lane", self.v)
        return select(w.before(first, region.template.lanes), x, instead)

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
        write = w.stream if ref in region.streamed else w.store
        write(g, rows.pointer, index)
        region.written.add(ref)
