"""A region's tiles: the functions that run them all, and copies of leaves that stand elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .choose import Symbol
from .graph import Graph
from .lanes import Template
from .layout import Layout, Place
from .llvm import Writer


class Tiles:
    """What a Region does around its tiles; the attributes are the region's."""

    graph: Graph
    layout: Layout
    template: Template
    blocks: dict[int, Place]
    name: str
    tiles: int
    tile: int
    tape: int
    padded: int
    rows: Any

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
