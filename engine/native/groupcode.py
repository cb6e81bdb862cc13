"""The code of groups: for each kind of nodes one loop forward, and one back.

    forward     z = f(values of the operands), node after node
    back        g = the sum of the readers' shares; share of operand q = g * slope q

A loop knows where the next group's begins and jumps to it, so that nothing runs in between. What
each one handles stands in memory in the order in which it is needed:

    %run        its word: how many nodes there are, how many operands each; before it the loop's
                address, behind it the next group
    %z %x       the values of its nodes; the places of their operands. On the way back: where they
                end, and then %h, where the shares of the operands end; %r, the readers

Start reading at `forward` and `back`; `MAIN` runs everything.
"""

from collections.abc import Sequence
from typing import Any

from .choose import Symbol
from .kinds import Kind
from .llvm import Writer, declarations
from .parts import Rest, by_parts
from .trace import Traced, traced

FORWARD = """define void @{name}.f(ptr %run, ptr noalias %s, ptr noalias %z, ptr noalias %x) {{
entry:
{counts}
  br label %node
node:
  %k = phi i64 [ 0, %entry ], [ %k.next, %next ]
  %first = mul nuw nsw i64 %k, {m}
  br label %body
body:
{body}
  br label %next
next:
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp ult i64 %k.next, %n
  br i1 %more, label %node, label %end
end:
  %z.next = getelementptr double, ptr %z, i64 %n
  %x.next = getelementptr i32, ptr %x, i64 %all
  %run.next = getelementptr i64, ptr %run, i64 2
  %f = load ptr, ptr %run.next
  musttail call void %f(ptr %run.next, ptr %s, ptr %z.next, ptr %x.next)
  ret void
}}"""

BACK = """define void @{name}.b(ptr %run, ptr noalias %s, ptr %z.end, ptr %x.end, ptr %h.end, ptr %r) {{
entry:
{counts}
  %back = sub i64 0, %all
  %n.back = sub i64 0, %n
  %z = getelementptr double, ptr %z.end, i64 %n.back
  %x = getelementptr i32, ptr %x.end, i64 %back
  %h = getelementptr double, ptr %h.end, i64 %back
  br label %node
node:
  %k = phi i64 [ 0, %entry ], [ %k.next, %next ]
  %r.k = phi ptr [ %r, %entry ], [ %r.next, %next ]
  %first = mul nuw nsw i64 %k, {m}
  %h.k = getelementptr double, ptr %h, i64 %first
{gather}
  br label %body
body:
{body}
  br label %next
next:
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp ult i64 %k.next, %n
  br i1 %more, label %node, label %end
end:
  %run.next = getelementptr i64, ptr %run, i64 2
  %f = load ptr, ptr %run.next
  musttail call void %f(ptr %run.next, ptr %s, ptr %z, ptr %x, ptr %h, ptr %r.next)
  ret void
}}"""

# the first reader, and then the others; the last one stands there as ~reader
GATHER = """  %r.0 = load i32, ptr %r.k
  %r.one = getelementptr i32, ptr %r.k, i64 1
  %sign.0 = ashr i32 %r.0, 31
  %plain.0 = xor i32 %r.0, %sign.0
  %at.0 = zext i32 %plain.0 to i64
  %p.0 = getelementptr double, ptr %h.k, i64 %at.0
  %g.0 = load double, ptr %p.0
  %only = icmp slt i32 %r.0, 0
  br i1 %only, label %gathered, label %gather
gather:
  %r.here = phi ptr [ %r.one, %node ], [ %r.then, %gather ]
  %g.here = phi double [ %g.0, %node ], [ %g.then, %gather ]
  %r.1 = load i32, ptr %r.here
  %r.then = getelementptr i32, ptr %r.here, i64 1
  %sign.1 = ashr i32 %r.1, 31
  %plain.1 = xor i32 %r.1, %sign.1
  %at.1 = zext i32 %plain.1 to i64
  %p.1 = getelementptr double, ptr %h.k, i64 %at.1
  %share = load double, ptr %p.1
  %g.then = fadd double %g.here, %share
  %last = icmp slt i32 %r.1, 0
  br i1 %last, label %gathered, label %gather
gathered:
  %g.sum = phi double [ %g.0, %node ], [ %g.then, %gather ]
  %r.next = phi ptr [ %r.one, %node ], [ %r.then, %gather ]"""

COUNTS = """  %word = getelementptr i64, ptr %run, i64 1
  %n.word = load i32, ptr %word
  %n = zext i32 %n.word to i64
  %m.place = getelementptr i32, ptr %word, i64 1
  %m.word = load i32, ptr %m.place
  %m = zext i32 %m.word to i64
  %all = mul i64 %n, {m}"""


MAIN = """define void @stop.f(ptr %run, ptr noalias %s, ptr noalias %z, ptr noalias %x) {{
  ret void
}}

define void @stop.b(ptr %run, ptr noalias %s, ptr %z.end, ptr %x.end, ptr %h.end, ptr %r) {{
  ret void
}}

define double @value({arguments}) {{
{words}
  %s.first = getelementptr double, ptr %s, i64 %start
  %f = load ptr, ptr %forward
  call void %f(ptr %forward, ptr %s, ptr %s.first, ptr %x)
  %s.loss = getelementptr double, ptr %s, i64 %loss
  %found = load double, ptr %s.loss
  ret double %found
}}

define double @step({arguments}) {{
entry:
{words}
  %found = call double @value(ptr %s, ptr %g, ptr %t)
  %s.end = getelementptr double, ptr %s, i64 %end
  %x.end = getelementptr i32, ptr %x, i64 %operands
  %h.end = getelementptr double, ptr %h.k, i64 %operands
  store double 1.0, ptr %h.end
  %f = load ptr, ptr %back
  call void %f(ptr %back, ptr %s, ptr %s.end, ptr %x.end, ptr %h.end, ptr %r)
  %r.p = getelementptr i32, ptr %r, i64 %own
  %some = icmp ugt i64 %parameters, 0
  br i1 %some, label %node, label %out
node:
  %k = phi i64 [ 0, %entry ], [ %k.next, %gathered ]
  %r.k = phi ptr [ %r.p, %entry ], [ %r.next, %gathered ]
{gather}
  %place = getelementptr double, ptr %g, i64 %k
  store double %g.sum, ptr %place
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp ult i64 %k.next, %parameters
  br i1 %more, label %node, label %out
out:
  ret double %found
}}"""

NUMBERS = ("start", "loss", "end", "operands", "parameters", "own")
PLACES = ("forward", "back", "x", "h.k", "r")
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
        return self.filled(FORWARD)

    def back(self) -> str:
        """The loop that hands gradients on."""
        slopes = self.row.slopes(self.xs, self.w.load("%z", "%k"))
        for q, slope in enumerate(slopes):
            if self.kind.moves(q):
                self.hand_on(q, slope)
        return self.filled(BACK)

    def hand_on(self, q: int, slope: Any) -> None:
        """Puts the share of an operand, or of a part of the list, in its place."""
        w, g, (at, _), x = self.w, Symbol(self.w, "%g.sum"), self.parts[q], self.xs[q]
        if not isinstance(x, Rest):
            w.store(share(g, slope), "%h.k", at)
            return
        with w.loop(x.count) as i:
            one = slope.at(i) if isinstance(slope, Rest) else slope
            w.store(share(g, one), "%h.k", w.whole("add", at, i))

    def filled(self, template: str) -> str:
        """A template with the body written here."""
        lines = [*self.w.entry, COUNTS.format(m=self.m)]
        return template.format(name=self.kind.name, counts="\n".join(lines), m=self.m,
                               gather=GATHER, body="\n".join(self.w.lines))


def share(g: Symbol, slope: Any) -> Any:
    """g * slope; a slope that is 0 by its text stops whatever g is."""
    return g * slope if isinstance(slope, Symbol) or slope != 0 else 0.0


def words() -> str:
    """Reads what stands in front of the tables: numbers, and how many words behind %t they are."""
    lines = []
    for i, name in enumerate([*NUMBERS, *PLACES]):
        to = name if name in NUMBERS else f"{name}.words"
        lines += [f"  %{name}.in = getelementptr i64, ptr %t, i64 {i}",
                  f"  %{to} = load i64, ptr %{name}.in"]
    lines += [f"  %{name} = getelementptr i64, ptr %t, i64 %{name}.words"
              for name in PLACES]
    return "\n".join(lines)


def text_of(kinds: Sequence[Kind], moving: Sequence[Kind], arguments: str) -> str:
    """The module in LLVM's assembly language: kinds of values, and of nodes with gradients."""
    forward, back = [Code(kind) for kind in kinds], [Code(kind) for kind in moving]
    parts = [*(code.forward() for code in forward), *(code.back() for code in back)]
    needs = set().union(*(code.w.needs for code in (*forward, *back)))
    return "\n\n".join([declarations(needs), *parts, MAIN.format(
        arguments=arguments, words=words(), gather=GATHER)]) + "\n"
