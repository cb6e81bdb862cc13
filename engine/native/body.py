"""The body of a function in LLVM's assembly language: names, loops, and places in memory.

    fresh           an instruction, by name; the same instruction is written once
    loop, variable  what changes from round to round stands in a variable
    load, store     numbers behind a pointer, as many at a time as the body has lanes

A Body knows no arithmetic: that is llvm.py's.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .choose import Symbol


def literal(x: float) -> str:
    """A number as LLVM writes it, to the last bit: 0.0 and -0.0 are two."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"


class Body:
    """The lines of one function over numbers of one type."""

    def __init__(self, kind: str, lanes: int) -> None:
        self.kind, self.lanes, self.wide = kind, lanes, lanes > 1
        self.lines: list[str] = []
        self.entry: list[str] = []              # what stands before all lines: local variables
        self.known: dict[Any, Any] = {}
        self.count = self.loops = 0
        self.block = "entry"

    def text(self, x: Any) -> str:
        """An operand: a name, or a constant in every lane."""
        if isinstance(x, Symbol):
            return x.name
        return f"splat (double {literal(float(x))})" if self.wide else literal(float(x))

    def fresh(self, text: str, test: bool = False) -> Symbol:
        """A new name for what an instruction gives; the same instruction gives the same name."""
        found = self.known.get(text)
        if found is None:
            self.count += 1
            found = self.known[text] = Symbol(self, f"%v{self.count}", test)
            self.lines.append(f"  {found.name} = {text}")
        return found

    def whole(self, operation: str, *operands: Any) -> str:
        """The name of a whole number computed from others."""
        return self.fresh(f"{operation} i64 {', '.join(map(str, operands))}").name

    def function(self, header: str) -> str:
        """The whole function as text."""
        return "\n".join([f"{header} {{", "entry:", *self.entry, *self.lines, "}"])

    # ---- what changes

    @contextmanager
    def loop(self, stop: "int | str", step: int = 1, start: int = 0) -> Iterator[str]:
        """A loop that runs at least once; gives the name of its index."""
        self.loops += 1
        name, before, known = f"l{self.loops}", self.block, self.known
        self.known, self.block = dict(known), name
        index = f"%{name}.i"
        self.lines += [f"  br label %{name}", f"{name}:", ""]
        place = len(self.lines) - 1
        yield index
        self.lines[place] = (f"  {index} = phi i64 [ {start}, %{before} ], "
                             f"[ %{name}.next, %{self.block} ]")
        self.lines += [f"  %{name}.next = add nuw nsw i64 {index}, {step}",
                       f"  %{name}.more = icmp ult i64 %{name}.next, {stop}",
                       f"  br i1 %{name}.more, label %{name}, label %{name}.end", f"{name}.end:"]
        self.known, self.block = known, f"{name}.end"

    def variable(self, start: Any = 0.0) -> str:
        """A place for a number that changes, such as a sum; LLVM keeps it in a register."""
        self.count += 1
        self.entry.append(f"  %a{self.count} = alloca {self.kind}, align 64")
        self.store(start, f"%a{self.count}", 0)
        return f"%a{self.count}"

    # ---- memory

    def address(self, pointer: str, index: Any) -> str:
        """Where number `index` (an int, or the name of one) behind a pointer stands."""
        if index == 0 and isinstance(index, int):
            return pointer
        return self.fresh(f"getelementptr inbounds double, ptr {pointer}, i64 {index}").name

    def load(self, pointer: str, index: Any) -> Symbol:
        """The number (or eight) at a place that no one has written to since."""
        return self.fresh(f"load {self.kind}, ptr {self.address(pointer, index)}, align 8")

    def load_again(self, pointer: str, index: Any) -> Symbol:
        """The same for a place that was written to."""
        where = self.address(pointer, index)
        self.count += 1
        self.lines.append(f"  %v{self.count} = load {self.kind}, ptr {where}, align 8")
        return Symbol(self, f"%v{self.count}")

    def store(self, x: Any, pointer: str, index: Any) -> None:
        """Puts a number (or eight) at a place."""
        where = self.address(pointer, index)
        self.lines.append(f"  store {self.kind} {self.text(x)}, ptr {where}, align 8")

    def stream(self, x: Any, pointer: str, index: Any) -> None:
        """Puts eight numbers at a multiple of 64 bytes, past the caches."""
        where = self.address(pointer, index)
        self.lines.append(f"  store {self.kind} {self.text(x)}, ptr {where}, align 64, "
                          f"!nontemporal !0")

    def prefetch(self, pointer: str, index: str) -> None:
        """Asks for the number at a place, or behind the end, before it is needed."""
        where = self.fresh(f"getelementptr double, ptr {pointer}, i64 {index}").name
        self.lines.append(f"  call void @llvm.prefetch.p0(ptr {where}, i32 0, i32 3, i32 1)")

    def add_to(self, x: str, pointer: str, index: Any) -> None:
        """Adds a scalar, by its name, to the number at a place."""
        where = self.address(pointer, index)
        self.count += 1
        self.lines += [f"  %o{self.count} = load double, ptr {where}, align 8",
                       f"  %n{self.count} = fadd double %o{self.count}, {x}",
                       f"  store double %n{self.count}, ptr {where}, align 8"]

    def spread(self, pointer: str, index: Any) -> Symbol:
        """The one number at a place, in every lane."""
        if not self.wide:
            return self.load(pointer, index)
        one = self.fresh(f"load double, ptr {self.address(pointer, index)}, align 8")
        return self.spread_symbol(one.name)

    def spread_symbol(self, name: str) -> Symbol:
        """A scalar by its name, in every lane."""
        if not self.wide:
            return Symbol(self, name)
        first = self.fresh(f"insertelement {self.kind} poison, double {name}, i64 0")
        return self.fresh(f"shufflevector {self.kind} {first.name}, {self.kind} poison, "
                          f"<{self.lanes} x i32> zeroinitializer")
