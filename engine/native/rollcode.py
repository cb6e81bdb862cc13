"""The loops of a Roll, written where it stands: forward, and backward from its last round.

What is carried from round to round stays in a processor register; what the way back needs is kept
in a row with one place per round, after the place of what was there before the first.
"""

from typing import Any

import numpy as np

from .choose import Array, Symbol
from .graph import Graph
from .layout import Layout, Place
from .llvm import Writer
from .rolls import Ref, Roll
from .stageloop import Later
from .trace import traced


class RollCode:
    """Rows of one roll, and the code of its loops."""

    def __init__(self, graph: Graph, node: int, layout: Layout, uses: Array,
                 name: str) -> None:
        self.graph, self.layout, self.name = graph, layout, name
        self.roll: Roll = graph.rules[node]
        self.copied = {p for p, column in enumerate(self.roll.columns)
                       if column[0] not in graph.literal and (uses[column] != 1).any()}
        self.blocks: dict[int, Place] = {
            p: layout.block(column, len(column), copied=p in self.copied)
            for p, column in enumerate(self.roll.columns)}
        layout.put_all(self.roll.shared())
        self.tape = 0                   # where its rows begin behind %t
        self.kept: set[int] = set()     # registers that have a row
        self.last = {int(k): j for j, k in enumerate(self.roll.nodes[-1])}
        self.rowed = {x for x in self.roll.read_outside if x not in self.last}
        self.where = {int(self.roll.nodes[i, j]): (i, j)     # node read outside -> round, register
                      for i, j in np.argwhere(np.isin(self.roll.nodes, [*self.rowed])).tolist()}

    @property
    def rows(self) -> int:
        """How many numbers its rows hold: values, and gradients from outside."""
        return 2 * len(self.roll.code) * (self.roll.rounds + 1)

    def row(self, register: int) -> int:
        """Where the row of a register begins; its first place is before the first round."""
        return self.tape + register * (self.roll.rounds + 1)

    def gradient_row(self, register: int) -> int:
        """Where the row begins in which others leave gradients for a register."""
        return self.tape + (len(self.roll.code) + register) * (self.roll.rounds + 1)

    def touched(self) -> set[int]:
        """The leaves whose gradients are added to in their own places."""
        return {x for p in self.copied for x in self.roll.columns[p]}

    # ---- rows of leaves that stand elsewhere

    def tables(self) -> list[str]:
        """The places of the leaves of each copied row, round by round."""
        return [f"@{self.name}.places{p} = internal constant [{self.roll.rounds} x i64] ["
                + ", ".join(f"i64 {self.layout.slot(x)}" for x in self.roll.columns[p]) + "]"
                for p in sorted(self.copied)]

    def copy(self, w: Writer, *, back: bool) -> None:
        """Copies leaves to their rows, or adds the gradients in the rows to those of the leaves."""
        for p in sorted(self.copied):
            if back and not self.graph.moving[self.roll.columns[p][0]]:
                continue
            with w.loop(self.roll.rounds) as k:
                table = f"getelementptr i64, ptr @{self.name}.places{p}, i64 {k}"
                w.count += 1
                w.lines += [f"  %q{w.count}.p = {table}",
                            f"  %q{w.count} = load i64, ptr %q{w.count}.p"]
                place, row = f"%q{w.count}", w.whole("add", k, self.layout.start(self.blocks[p]))
                if back:
                    w.add_to(w.load_again("%g", row).name, "%g", place)
                else:
                    w.store(w.load_again("%s", place), "%s", row)

    # ---- forward

    def forward(self, straight: Any) -> None:
        """Writes the loop, and hands its results to whoever reads them."""
        w: Writer = straight.writer
        self.kept = self.needed(straight)
        self.copy(w, back=False)
        shared = {x: straight.read(x) for x in self.roll.shared()}
        carried = {j: w.variable(straight.read(x)) for j, x in self.roll.starts.items()}
        finals = {j: w.variable(0.0) for k, j in self.last.items() if k in self.roll.read_outside}
        for j, place in carried.items():
            if j in self.kept:
                w.store(w.load_again(place, 0), "%t", self.row(j))
        w.flags = "contract "
        with w.loop(self.roll.rounds) as k:
            value: dict[Ref, Any] = {("s", x): v for x, v in shared.items()}
            value |= {("c", j): w.load_again(place, 0) for j, place in carried.items()}
            for p, block in self.blocks.items():
                value["l", p] = w.load_again("%s", w.whole("add", k, self.layout.start(block)))
            for j, (rule, refs) in enumerate(self.roll.code):
                xs = [value[ref] for ref in refs]
                run = traced(rule).value
                value["r", j] = run(xs) if rule.row.variadic else run(*xs)
                if j in self.kept:
                    w.store(value["r", j], "%t", w.whole("add", k, self.row(j) + 1))
            for j, place in [*carried.items(), *finals.items()]:
                w.store(value["r", j], place, 0)
        w.flags = ""
        for k_, j in self.last.items():
            if j in finals:
                straight.value[k_] = w.load_again(finals[j], 0)
        for x, (at, j) in self.where.items():
            straight.value[x] = w.load_again("%t", self.row(j) + 1 + at)

    def needed(self, straight: Any) -> set[int]:
        """The registers whose values the way back reads, found by writing it once for nothing."""
        found: set[int] = {j for _, j in self.where.values()}
        self.body_backward(Writer(), "%k", found, {}, {}, {})
        return found

    # ---- backward

    def backward(self, straight: Any) -> None:
        """Writes the loop back, from gradients that others left."""
        w: Writer = straight.writer
        for j in {j for _, j in self.where.values()}:
            with w.loop(self.roll.rounds) as k:
                w.store(0.0, "%t", w.whole("add", k, self.gradient_row(j) + 1))
        for x, (at, j) in self.where.items():
            w.store(straight.adjoint.get(x, 0.0), "%t", self.gradient_row(j) + 1 + at)
        pending = {j: w.variable(0.0) for j in self.roll.starts}
        for k_, j in self.last.items():
            if k_ in self.roll.read_outside:
                start = straight.adjoint.get(k_, 0.0)
                pending[j] = w.variable(start)
        sums = {x: w.variable(0.0) for x in self.roll.shared() if self.graph.moving[x]}
        shared = {x: straight.read(x) for x in self.roll.shared()}
        w.flags = "contract "
        with w.loop(self.roll.rounds) as back:
            k = w.whole("sub", self.roll.rounds - 1, back)
            self.body_backward(w, k, None, shared, pending, sums)
        w.flags = ""
        self.copy(w, back=True)
        for x, place in sums.items():
            straight.add(x, w.load_again(place, 0))
        for j, x in self.roll.starts.items():
            if self.graph.moving[x]:
                straight.add(x, w.load_again(pending[j], 0))

    def body_backward(self, w: Writer, k: str, found: "set[int] | None", shared: dict[int, Any],
                      pending: dict[int, str], sums: dict[int, str]) -> None:
        """One round back; with `found`, only notes which registers it reads."""
        adjoint: dict[Ref, Any] = {}

        def read(ref: Ref) -> Any:
            kind, x = ref
            if kind == "s":
                literal = self.graph.literal.get(x)
                return float(literal) if literal is not None else shared.get(x) or w.load("%s", 0)
            return Later(w, lambda: self.load(w, ref, k, found))

        outside = {j for _, j in self.where.values()}
        for j in reversed(range(len(self.roll.code))):
            g = adjoint.get(("r", j))
            if j in pending:
                g = plus(g, w.load_again(pending[j], 0))
            elif found is not None and g is None and (
                    j in self.roll.starts or j in self.last.values()):
                g = w.load("%g", j)
            if j in outside:
                g = plus(g, w.load_again("%t", w.whole("add", k, self.gradient_row(j) + 1)))
            if g is None:
                continue
            rule, refs = self.roll.code[j]
            slopes = traced(rule).slopes([read(ref) for ref in refs], read(("r", j)))
            for ref, slope in zip(refs, slopes):
                if self.moving(ref) and (isinstance(slope, Symbol) or slope != 0):
                    share = g * slope
                    if isinstance(share, Symbol):
                        _ = share.name
                    adjoint[ref] = plus(adjoint.get(ref), share)
        for j, place in pending.items():
            w.store(adjoint.get(("c", j), 0.0), place, 0)
        for ref, g in adjoint.items():
            if ref[0] == "s" and ref[1] in sums:
                w.store(w.load_again(sums[ref[1]], 0) + g, sums[ref[1]], 0)
            elif ref[0] == "l":
                w.store(g, "%g", w.whole("add", k, self.layout.start(self.blocks[ref[1]])))

    def load(self, w: Writer, ref: Ref, k: str, found: "set[int] | None") -> Symbol:
        """The value of a register of this round or the one before, or of a leaf."""
        kind, x = ref
        if kind == "l":
            return w.load_again("%s", w.whole("add", k, self.layout.start(self.blocks[x])))
        if found is not None:
            found.add(x)
        return w.load_again("%t", w.whole("add", k, self.row(x) + (kind == "r")))

    def moving(self, ref: Ref) -> bool:
        """Whether anything in a reference's column gets a gradient."""
        kind, x = ref
        if kind != "s":
            x = (self.roll.columns[x][0] if kind == "l" else self.roll.nodes[-1, x])
        return bool(self.graph.moving[x])


def plus(a: Any, b: Any) -> Any:
    """a + b, where a may be nothing yet."""
    return b if a is None else a + b
