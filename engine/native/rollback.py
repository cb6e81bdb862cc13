"""One round of a Roll, backward: gradients go from registers to the round before, and to leaves.

    pending   the gradient that a register gets from the round after it
    sums      the gradients of what all rounds share
    found     the registers whose values it reads, which the way forward must therefore keep
"""

from collections.abc import Sequence
from typing import Any

from .choose import Symbol
from .llvm import Writer
from .rolls import Ref
from .stageloop import Later
from .trace import traced

Share = tuple[Any, Any]         # a gradient and a slope, which are to be multiplied


class RoundBack:
    """Writes a round into a loop that counts the rounds down; `code` is a RollCode."""

    def __init__(self, code: Any, w: Writer, shared: dict[int, Any], ends: dict[int, Any]) -> None:
        self.code, self.w, self.shared = code, w, shared
        roll, moving = code.roll, code.graph.moving
        self.pending = {j: w.variable() for j in roll.starts}
        self.pending |= {j: w.variable(ends.get(x, 0.0)) for x, j in code.last.items()
                         if x in roll.read_outside}
        self.sums = {x: w.variable() for x in roll.shared() if moving[x]}
        self.found: set[int] = set()

    def write(self, k: str) -> None:
        """The lines of round k."""
        self.k, self.shares = k, dict[Ref, list[Share]]()
        for j in reversed(range(len(self.code.roll.code))):
            g = self.gradient(j)
            if g is not None:
                self.hand_on(j, g)
        self.deliver()

    def gradient(self, j: int) -> Any:
        """The gradient of a register: from this round, from the one after it, from outside."""
        w, g = self.w, summed(self.shares.get(("r", j), ()))
        if j in self.pending:
            g = plus(g, w.load_again(self.pending[j], 0))
        if j in self.code.outside:
            g = plus(g, w.load_again("%t", w.whole("add", self.k, self.code.gradient_row(j) + 1)))
        return g

    def hand_on(self, j: int, g: Any) -> None:
        """Notes what the inputs of a register get of its gradient."""
        rule, refs = self.code.roll.code[j]
        slopes = traced(rule).slopes([self.read(ref) for ref in refs], self.read(("r", j)))
        for ref, slope in zip(refs, slopes):
            if self.code.moving(ref) and (isinstance(slope, Symbol) or slope != 0):
                self.shares.setdefault(ref, []).append((g, slope))

    def read(self, ref: Ref) -> Any:
        """The value of a shared node, or, when it is first used, of what differs by round."""
        kind, x = ref
        return self.shared[x] if kind == "s" else Later(self.w, lambda: self.load(ref))

    def load(self, ref: Ref) -> Symbol:
        """The value of a register of this round or the one before, or of a leaf."""
        kind, x = ref
        if kind == "l":
            return self.w.load_again("%s", self.code.leaf(self.w, x, self.k))
        self.found.add(x)
        at = self.code.row(x) + (kind == "r")
        return self.w.load_again("%t", self.w.whole("add", self.k, at))

    def deliver(self) -> None:
        """Puts gradients where the next round and others find them."""
        w = self.w
        for j, place in self.pending.items():
            g = summed(self.shares.get(("c", j), ()))
            w.store(0.0 if g is None else g, place, 0)
        for (kind, x), shares in self.shares.items():
            if kind == "s":
                w.store(summed(shares, w.load_again(self.sums[x], 0)), self.sums[x], 0)
            elif kind == "l":
                w.store(summed(shares), "%g", self.code.leaf(w, x, self.k))


def summed(shares: Sequence[Share], start: Any = None) -> Any:
    """start + g1 slope1 + ...; one share joins the start, several are first put together."""
    if start is not None and len(shares) != 1:
        return plus(summed(shares), start)
    for g, slope in shares:
        start = plus(start, g * slope)
    return start


def plus(a: Any, b: Any) -> Any:
    """a + b, where a may be nothing yet."""
    return b if a is None else a + b
