"""Rows made executable: the text of a row becomes Python functions, which can be printed and read.

    RULES["mul"]                the row `mul`, compiled
        .function(2.0, 3.0)     its value on floats; .value([2.0, 3.0]) for any row
        .slopes(xs, z)          its local partials on floats
        .pull(out, g)           out's inputs receive their share of out's gradient g
        .method(x, y)           the operation on Values; set by value.py
    print(source("pull mul"))   what was generated

`Handmade` is the rule of a node that a user made, `Leaf` that of a node without inputs.
"""

import linecache
from collections.abc import Callable, Sequence
from typing import Any

from . import ieee
from .floats import FLOATS, assigned, safe
from .ops import ROWS, Row

SOURCES: dict[str, str] = {}


def define(title: str, text: str, names: dict[str, Any]) -> Callable[..., Any]:
    """The function that `text` defines; debuggers and tracebacks show its lines."""
    filename = f"<handgrad {title}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    SOURCES[title] = text
    found: dict[str, Any] = {}
    exec(compile(text, filename, "exec"), names, found)
    return next(iter(found.values()))           # type: ignore[no-any-return]


def source(title: str) -> str:
    """The generated Python of one function, by a title such as "pull mul" or "method exp"."""
    if title not in SOURCES:
        raise KeyError(f"nothing generated is called {title!r}; there are {', '.join(SOURCES)}")
    return SOURCES[title]


class Leaf:
    """The rule of a node without inputs: a variable, or a constant (a number in an expression)."""

    __slots__ = ("name",)
    symbol = ""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def slopes(self, xs: Sequence[float], z: float) -> Sequence[float]:
        """No inputs, no partials."""
        return ()

    def pull(self, out: Any, g: float) -> None:
        """A leaf keeps what it receives."""


VARIABLE, CONSTANT = Leaf("variable"), Leaf("constant")
FLOATS["CONSTANT"] = CONSTANT


class Rule:
    """A compiled row; its functions are listed at the top of the file."""

    __slots__ = ("row", "name", "symbol", "inputs", "function", "slopes", "pull", "method")

    function: Callable[..., Any]
    slopes: Callable[[Sequence[float], float], Sequence[float]]
    pull: Callable[[Any, float], None]
    method: Callable[..., Any]

    def __init__(self, row: Row) -> None:
        self.row, self.name, self.symbol = row, row.name, row.symbol
        self.inputs = row.inputs.split()
        self.function = FLOATS.get(row.name) or self._value()
        FLOATS.setdefault(row.name, self.function)
        self.slopes = self._slopes()
        self.pull = self._pull()

    def __repr__(self) -> str:
        return f"<rule {self.name}>"

    def value(self, xs: Sequence[float]) -> float:
        """The value of the row at a list of floats."""
        return self.function(xs) if self.row.variadic else self.function(*xs)   # type: ignore[no-any-return]

    def signature(self, order: Sequence[str]) -> str:
        """The inputs in some order as the parameters of a function, with their defaults."""
        defaults = dict(zip(self.inputs[::-1], self.row.defaults[::-1]))
        return ", ".join(f"{i}={defaults[i]}" if i in defaults else i for i in order)

    def _value(self) -> Callable[..., Any]:
        return define(f"value {self.name}", f"def {self.name}({', '.join(self.inputs)}):\n"
                                            f"    return {safe(self.row.forward)}\n", FLOATS)

    def _slopes(self) -> Callable[..., Any]:
        texts = [safe(s) for s in self.row.slopes]
        unpack = "" if self.row.variadic else f"    {', '.join(self.inputs)}, = xs\n"
        result = texts[0] if self.row.variadic else f"[{', '.join(texts)}]"
        return define(f"slopes {self.name}", f"def slopes(xs, z):\n{unpack}"
                                             f"    return {result}\n", FLOATS)

    def _pull(self) -> Callable[..., Any]:
        if self.row.variadic:
            return define(f"pull {self.name}", PULL_LIST,
                          {"CONSTANT": CONSTANT, "slopes": self.slopes})
        read = {i: f"{i}.data" for i in self.inputs} | {"z": "z.data"}
        lines = [f"    if {i}._rule is not CONSTANT:\n" + pulled(i, s, read)
                 for i, s in zip(self.inputs, self.row.slopes) if s != "0"]
        return define(f"pull {self.name}", f"def pull(z, g):\n"
                                           f"    {', '.join(self.inputs)}, = z._prev\n"
                                           f"{''.join(lines)}", FLOATS)


def pulled(i: str, slope: str, read: dict[str, str]) -> str:
    """The statement by which input i receives its share; a slope of 1 or -1 needs no product."""
    shares = {"1": f"{' ' * 8}{i}.grad += g\n", "-1": f"{' ' * 8}{i}.grad -= g\n"}
    return shares.get(slope) or assigned(f"{i}.grad +=", f"g * ({slope})", read, indent=" " * 8)


PULL_LIST = """def pull(z, g):
    xs = z._prev
    for x, slope in zip(xs, slopes([x.data for x in xs], z.data)):
        if x._rule is not CONSTANT:
            x.grad += g * slope
"""


class Handmade:
    """The rule of a node made by hand: a symbol, and `_backward` or local slopes as numbers."""

    __slots__ = ("symbol", "backward", "numbers")
    name = "handmade"

    def __init__(self, symbol: str, backward: Callable[[], object] | None = None,
                 numbers: Sequence[float] | None = None) -> None:
        self.symbol, self.backward, self.numbers = symbol, backward, numbers

    def __repr__(self) -> str:
        return f"<handmade rule {self.symbol!r}>"

    def slopes(self, xs: Sequence[float], z: float) -> Sequence[float] | None:
        """The local partials that the user gave as numbers; None where there is a function."""
        return self.numbers

    def pull(self, out: Any, g: float) -> None:
        """Runs the user's own backward step for `out`, whose gradient is g."""
        if self.numbers is not None:
            for x, slope in zip(out._prev, self.numbers):
                if x._rule is not CONSTANT:
                    x.grad += ieee.chain(g, slope)
        elif self.backward is not None:
            self.backward()
        else:
            raise ValueError(f"the node {self.symbol!r} was made by hand and has no derivative: "
                             f"set its _backward, or give its local gradients in place of "
                             f"{self.symbol!r}")


RULES = {row.name: Rule(row) for row in ROWS}
