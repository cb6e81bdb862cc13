"""The code of groups: for each kind of nodes one loop forward, and one back.

    forward     z = f(values of the operands), node after node
    back        g = the sum of the readers' shares; share of operand q = g * slope q

The loops stand in frames.py. Here is what they do for one node, as the texts of the rows say; over
a long list that is a loop again (parts.py). Start reading at `Code.forward` and `Code.back`.
"""

from collections.abc import Sequence
from typing import Any

from .choose import Symbol
from .frames import BACK, FORWARD, loop, main
from .kinds import Kind
from .llvm import Writer, declarations
from .parts import Rest, by_parts
from .trace import Traced, traced


class Code:
    """One loop of a kind, while it is written."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.w = kind, Writer()
        self.w.block = "body"
        self.m: Any = "%m" if kind.long else kind.size
        self.row: Traced = by_parts(kind.rule) if kind.long else traced(kind.rule)
        self.parts = self._parts() if kind.long else [*enumerate([1] * kind.size)]
        self.xs = [self.operand(q, count) for q, (_, count) in enumerate(self.parts)]

    def _parts(self) -> list[tuple[Any, Any]]:
        """Where the parts of a long list begin, and how many elements they have; one is 1."""
        if "partners" not in self.kind.rule.row.slopes[0]:
            return [(0, 1), (1, self.w.whole("sub", "%m", 1))]
        half = self.w.whole("lshr", "%m", 1)
        bias = [(self.w.whole("shl", half, 1), 1)] if self.kind.size % 2 else []
        return [(0, half), (half, half), *bias]

    def operand(self, q: int, count: Any) -> Any:
        """The value of an operand, or of a part of the list."""
        known, at = self.kind.number(q), self.parts[q][0]
        if known is not None:
            return known
        return self.value(at) if count == 1 else Rest(
            self.w, count, lambda i: self.value(self.w.whole("add", at, i)))

    def value(self, q: Any) -> Symbol:
        """The value of operand q."""
        w = self.w
        place = w.fresh(f"getelementptr i32, ptr %x, i64 {w.whole('add', '%first', q)}").name
        slot = w.fresh(f"load i32, ptr {place}").name
        return w.load("%s", w.fresh(f"zext i32 {slot} to i64").name)

    def forward(self) -> str:
        """The loop that computes values."""
        xs = self.xs
        z = self.row.value(xs) if self.kind.rule.row.variadic else self.row.value(*xs)
        self.w.store(z, "%z", "%k")
        return loop(FORWARD, self.kind.name, self.m, self.w.entry, self.w.lines)

    def back(self) -> str:
        """The loop that hands gradients on."""
        slopes = self.row.slopes(self.xs, self.w.load("%z", "%k"))
        for q, slope in enumerate(slopes):
            if self.kind.moves(q):
                self.hand_on(q, slope)
        return loop(BACK, self.kind.name, self.m, self.w.entry, self.w.lines)

    def hand_on(self, q: int, slope: Any) -> None:
        """Puts the share of an operand, or of a part of the list, in its place."""
        w, g, (at, _), x = self.w, Symbol(self.w, "%g.sum"), self.parts[q], self.xs[q]
        if not isinstance(x, Rest):
            w.store(share(g, slope), "%h.k", at)
            return
        with w.loop(x.count) as i:
            one = slope.at(i) if isinstance(slope, Rest) else slope
            w.store(share(g, one), "%h.k", w.whole("add", at, i))


def share(g: Symbol, slope: Any) -> Any:
    """g * slope; a slope that is 0 by its text stops whatever g is."""
    return g * slope if isinstance(slope, Symbol) or slope != 0 else 0.0


def text_of(kinds: Sequence[Kind], moving: Sequence[Kind], arguments: str) -> str:
    """The module in LLVM's assembly language: kinds of nodes, and of those with gradients."""
    forward, back = ([Code(kind) for kind in sorted(some, key=lambda kind: kind.name)]
                     for some in (kinds, moving))
    parts = [*(code.forward() for code in forward), *(code.back() for code in back)]
    needs = set().union(*(code.w.needs for code in (*forward, *back)))
    return "\n\n".join([declarations(needs), *parts, main(arguments)]) + "\n"
