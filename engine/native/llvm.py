"""Writing LLVM's assembly language: one Writer is one function, whose instructions are kept once.

    w = Writer("double"); x = w.load(pointer, 3); w.store(x * x + 1.0, pointer, 4); w.lines

`Writer("<8 x double>")` writes the same mathematics over eight lanes. Equal instructions are
written once, constants are folded where that is exact, and nothing is reassociated: a product is
fused with a sum only by `fused`.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .. import ieee
from .choose import Symbol

LANES = 8
ORDER = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "!=": "une"}
INTRINSIC = {"sqrt": "llvm.sqrt", "abs": "llvm.fabs"}
PURE = "nounwind willreturn memory(none)"


def literal(x: float) -> str:
    """A number as LLVM writes it, to the last bit: 0.0 and -0.0 are two."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"


class Writer:
    """The instructions of one function body over numbers of one type, each written once."""

    def __init__(self, kind: str = "double") -> None:
        self.kind = kind
        self.flags = "contract " if kind != "double" else ""    # may a product join a sum
        self.lines: list[str] = []
        self.entry: list[str] = []              # what stands before all lines: local variables
        self.known: dict[Any, Any] = {}
        self.count = self.loops = 0
        self.block = "entry"
        self.wide = kind != "double"
        self.bool = f"<{LANES} x i1>" if self.wide else "i1"
        self.needs: set[tuple[str, int]] = set()

    # ---- values

    def fresh(self, text: str, test: bool = False) -> Symbol:
        """A new name for what an instruction gives; the same instruction gives the same name."""
        found = self.known.get(text)
        if found is None:
            self.count += 1
            found = self.known[text] = Symbol(self, f"%v{self.count}", test)
            self.lines.append(f"  {found.name} = {text}")
        return found

    def text(self, x: Any) -> str:
        """An operand: a name, or a constant in every lane."""
        if isinstance(x, Symbol):
            return x.name
        return f"splat (double {literal(float(x))})" if self.wide else literal(float(x))

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

    def whole(self, operation: str, *operands: Any) -> str:
        """The name of a whole number computed from others."""
        return self.fresh(f"{operation} i64 {', '.join(map(str, operands))}").name

    def across(self, x: Symbol) -> Symbol:
        """The sum over the lanes, as a scalar."""
        if not self.wide:
            return x
        return self.fresh(f"call reassoc double @llvm.vector.reduce.fadd.v{LANES}f64("
                          f"double {literal(-0.0)}, {self.kind} {x.name})")

    def add_to(self, x: str, pointer: str, index: Any) -> None:
        """Adds a scalar, by its name, to the number at a place."""
        where = self.address(pointer, index)
        self.count += 1
        self.lines += [f"  %o{self.count} = load double, ptr {where}, align 8",
                       f"  %n{self.count} = fadd double %o{self.count}, {x}",
                       f"  store double %n{self.count}, ptr {where}, align 8"]

    def function(self, header: str) -> str:
        """The whole function as text."""
        return "\n".join([f"{header} {{", "entry:", *self.entry, *self.lines, "}"])

    # ---- arithmetic

    def binary(self, word: str, x: Any, y: Any) -> Any:
        """x + y, x - y, x * y or x / y."""
        simple = shortened(word, x, y)
        if simple is not None:
            return simple
        return self.fresh(f"{word} {self.flags}{self.kind} {self.text(x)}, {self.text(y)}")

    def negative(self, x: Any) -> Any:
        """-x."""
        return self.fresh(f"fneg {self.kind} {self.text(x)}")

    def fused(self, x: Any, y: Any, s: Any) -> Any:
        """x * y + s."""
        if not isinstance(x, Symbol) and not isinstance(y, Symbol):
            return x * y + s
        kind = self.kind
        return self.fresh(f"call contract {kind} @llvm.fmuladd.{self.suffix}("
                          f"{kind} {self.text(x)}, "
                          f"{kind} {self.text(y)}, {kind} {self.text(s)})")

    @property
    def suffix(self) -> str:
        """The type in the name of an intrinsic."""
        return f"v{LANES}f64" if self.wide else "f64"

    # ---- tests and choices

    def compare(self, sign: str, x: Any, y: Any) -> Symbol:
        """The test `x < y`, or with another sign."""
        return self.fresh(f"fcmp {ORDER[sign]} {self.kind} {self.text(x)}, {self.text(y)}", True)

    def before(self, first: str, stop: int) -> Symbol:
        """The test, in every lane, whether its number, counted from `first` on, is below stop."""
        numbers = f"<{LANES} x i64>"
        one = self.fresh(f"insertelement {numbers} poison, i64 {first}, i64 0")
        all_ = self.fresh(f"shufflevector {numbers} {one.name}, {numbers} poison, "
                          f"<{LANES} x i32> zeroinitializer")
        steps = ", ".join(f"i64 {k}" for k in range(LANES))
        lanes = self.fresh(f"add {numbers} {all_.name}, <{steps}>")
        return self.fresh(f"icmp ult {numbers} {lanes.name}, splat (i64 {stop})", True)

    def logical(self, word: str, a: Symbol, b: Symbol) -> Symbol:
        """Both tests, or either."""
        return self.fresh(f"{word} {self.bool} {a.name}, {b.name}", True)

    def opposite(self, a: Symbol) -> Symbol:
        """The test that does not hold."""
        return self.fresh(f"xor {self.bool} {a.name}, {'splat (i1 true)' if self.wide else 'true'}",
                          True)

    def select(self, c: Symbol, x: Any, y: Any) -> Any:
        """x where c holds, else y."""
        if self.text(x) == self.text(y):
            return x
        return self.fresh(f"select {self.bool} {c.name}, {self.kind} {self.text(x)}, "
                          f"{self.kind} {self.text(y)}")

    def call(self, name: str, *xs: Any) -> Any:
        """A function of C's mathematics, in every lane."""
        if name in INTRINSIC:
            function = f"@{INTRINSIC[name]}.{self.suffix}"
        else:
            self.needs.add((name, len(xs)))
            function = f"@lanes.{name}" if self.wide else f"@{name}"
        return self.fresh(f"call {self.kind} {function}("
                          + ", ".join(f"{self.kind} {self.text(x)}" for x in xs) + ")")

    # ---- memory

    def address(self, pointer: str, index: Any) -> str:
        """Where number `index` (an int, or the name of one) behind a pointer stands."""
        if index == 0 and isinstance(index, int):
            return pointer
        return self.fresh(f"getelementptr inbounds double, ptr {pointer}, i64 {index}").name

    def load(self, pointer: str, index: Any, *, align: int = 8) -> Symbol:
        """The number (or eight) at a place that no one has written to since."""
        return self.fresh(f"load {self.kind}, ptr {self.address(pointer, index)}, align {align}")

    def load_again(self, pointer: str, index: Any, *, align: int = 8) -> Symbol:
        """The same for a place that was written to."""
        where = self.address(pointer, index)
        self.count += 1
        self.lines.append(f"  %v{self.count} = load {self.kind}, ptr {where}, align {align}")
        return Symbol(self, f"%v{self.count}")

    def store(self, x: Any, pointer: str, index: Any, *, align: int = 8) -> None:
        """Puts a number (or eight) at a place."""
        where = self.address(pointer, index)
        self.lines.append(f"  store {self.kind} {self.text(x)}, ptr {where}, align {align}")

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
                          f"<{LANES} x i32> zeroinitializer")


FOLD: dict[str, Callable[[float, float], float]] = {
    "fadd": lambda x, y: x + y, "fsub": lambda x, y: x - y, "fmul": lambda x, y: x * y,
    "fdiv": ieee.div}


def shortened(word: str, x: Any, y: Any) -> Any:
    """What is known of an instruction exactly, without running it: constants, a factor 1 or -1."""
    if not isinstance(x, Symbol) and not isinstance(y, Symbol):
        return FOLD[word](x, y)
    if word == "fmul":
        x, y = (y, x) if isinstance(y, Symbol) and not isinstance(x, Symbol) else (x, y)
    if word in ("fmul", "fdiv") and not isinstance(y, Symbol) and y in (1, -1):
        return x if y == 1 else -x
    return None


def declarations(needs: "set[tuple[str, int]]") -> str:
    """What a module must say about the functions that its instructions call."""
    lines = ["declare double @llvm.fmuladd.f64(double, double, double)",
             f"declare <{LANES} x double> @llvm.fmuladd.v{LANES}f64(<{LANES} x double>, "
             f"<{LANES} x double>, <{LANES} x double>)",
             f"declare double @llvm.vector.reduce.fadd.v{LANES}f64(double, <{LANES} x double>)",
             "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"]
    for name, inputs in sorted(needs):
        lines.append(f"declare double @{name}({', '.join(['double'] * inputs)}) {PURE}")
        lines.append(over_lanes(name, inputs))
    return "\n".join(lines)


def over_lanes(name: str, inputs: int) -> str:
    """A function of numbers as one of vectors, lane by lane."""
    kind = f"<{LANES} x double>"
    lines = [f"define internal {kind} @lanes.{name}("
             f"{', '.join(f'{kind} %x{i}' for i in range(inputs))}) {PURE} {{"]
    last = "poison"
    for k in range(LANES):
        for i in range(inputs):
            lines.append(f"  %e{i}.{k} = extractelement {kind} %x{i}, i64 {k}")
        arguments = ", ".join(f"double %e{i}.{k}" for i in range(inputs))
        lines.append(f"  %r{k} = call double @{name}({arguments})")
        lines.append(f"  %a{k} = insertelement {kind} {last}, double %r{k}, i64 {k}")
        last = f"%a{k}"
    return "\n".join([*lines, f"  ret {kind} {last}", "}"])
