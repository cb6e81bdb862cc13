"""Writing LLVM's assembly language: one Writer is one function, whose instructions are kept once.

    w = Writer("double"); x = w.load(pointer, 3); w.store(x * x + 1.0, pointer, 4); w.lines

`Writer("<8 x double>")` writes the same mathematics over eight lanes. Equal instructions are
written once, constants are folded where that is exact, and nothing is reassociated: a product is
fused with a sum by `fused`, or, where the writer `fuses`, whenever they meet.
"""

from collections.abc import Callable
from typing import Any

from .. import ieee
from .body import Body, literal
from .choose import Symbol

LANES = 8
ORDER = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "!=": "une"}
INTRINSIC = {"sqrt": "llvm.sqrt", "abs": "llvm.fabs"}
FIRST = {"log": 0.0, "log2": 0.0, "log10": 0.0, "log1p": -1.0}      # below it they are nan
PURE = "nounwind willreturn memory(none)"


class Writer(Body):
    """The instructions of one function over numbers of one type, each written once."""

    def __init__(self, kind: str = "double") -> None:
        super().__init__(kind, 1 if kind == "double" else LANES)
        self.fuses = self.wide                  # whether a product and a sum become one instruction
        self.products: dict[str, tuple[Any, Any]] = {}
        self.bool = f"<{LANES} x i1>" if self.wide else "i1"
        self.needs: set[tuple[str, int]] = set()
        self.logs: dict[str, tuple[Any, float]] = {}

    # ---- values

    def across(self, x: Symbol) -> Symbol:
        """The sum over the lanes, as a scalar."""
        if not self.wide:
            return x
        return self.fresh(f"call reassoc double @llvm.vector.reduce.fadd.v{LANES}f64("
                          f"double {literal(-0.0)}, {self.kind} {x.name})")

    # ---- arithmetic

    def binary(self, word: str, x: Any, y: Any) -> Any:
        """x + y, x - y, x * y or x / y."""
        simple = shortened(word, x, y)
        if simple is None and self.fuses and word in ("fadd", "fsub"):
            simple = self.joined(word == "fadd", x, y)
        if simple is not None:
            return simple
        found = self.fresh(f"{word} {self.kind} {self.text(x)}, {self.text(y)}")
        if word == "fmul":
            self.products[found.name] = x, y
        return found

    def joined(self, plus: bool, x: Any, y: Any) -> Any:
        """x + y or x - y, where one of them is a product, rounded once; None if none is.

        It is said here, for what LLVM joins when it may can differ from function to function.
        """
        if found := isinstance(y, Symbol) and self.products.get(y.name):
            return self.fused(found[0] if plus else -found[0], found[1], x)
        if found := isinstance(x, Symbol) and self.products.get(x.name):
            return self.fused(*found, y if plus else -y)
        return None

    def negative(self, x: Any) -> Any:
        """-x."""
        return self.fresh(f"fneg {self.kind} {self.text(x)}")

    def fused(self, x: Any, y: Any, s: Any) -> Any:
        """x * y + s."""
        if not isinstance(x, Symbol) and not isinstance(y, Symbol):
            return x * y + s
        kind = self.kind
        return self.fresh(f"call {kind} @llvm.fmuladd.{self.suffix}("
                          f"{kind} {self.text(x)}, "
                          f"{kind} {self.text(y)}, {kind} {self.text(s)})")

    @property
    def suffix(self) -> str:
        """The type in the name of an intrinsic."""
        return f"v{LANES}f64" if self.wide else "f64"

    # ---- tests and choices

    def compare(self, sign: str, x: Any, y: Any) -> Symbol:
        """The test `x < y`, or with another sign."""
        if sign == "==" and x is y and x.name in self.logs:     # so nobody waits for a logarithm
            return self.compare(">=", *self.logs[x.name])
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
        found = self.fresh(f"call {self.kind} {function}("
                           + ", ".join(f"{self.kind} {self.text(x)}" for x in xs) + ")")
        if name in FIRST:
            self.logs[found.name] = xs[0], FIRST[name]
        return found


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
             "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)",
             "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)", "!0 = !{i32 1}"]
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
