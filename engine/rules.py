"""Rows made executable: the text of a row becomes Python functions, which can be printed and read.

    RULES["mul"]            the row `mul`, compiled
        .function(2.0, 3.0)     its value on floats
        .slopes(xs, z)          its local partials on floats
        .slope_rules            the same, to be run on anything the operators understand
        .pull(out, g)           out's inputs receive their share of out's gradient g
        .method(x, y)           the operation on Values
    print(source("pull mul"))   what was generated

Text for floats is rewritten in two ways: an input `x` is read from its node, and `/` and `**`
become calls of ieee.py, which never raise. `Handmade` is the rule of a node that a user made.
"""

import ast
import linecache
from collections.abc import Callable, Sequence
from typing import Any

from . import ieee
from .ops import ROWS, Row

FLOATS: dict[str, Any] = {"abs": abs, **vars(ieee)}    # what a rule may call when it runs on floats
SOURCES: dict[str, str] = {}


class ForFloats(ast.NodeTransformer):
    """Rewrites an expression for floats; `read` says how to read each name."""

    def __init__(self, read: dict[str, str]) -> None:
        self.read = read

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return _parsed(self.read[node.id]) if node.id in self.read else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        called = {ast.Div: "div", ast.Pow: "power"}.get(type(node.op))      # type: ignore[call-overload]
        if called is None:
            return node
        whole = ast.Call(ast.Name(called, ast.Load()), [node.left, node.right], [])
        simple = called == "div" and isinstance(node.right, (ast.Name, ast.Attribute))
        return ast.IfExp(node.right, node, whole) if simple else whole      # x / y if y else div(x, y)


def _parsed(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


def for_floats(expression: str, read: dict[str, str] | None = None) -> str:
    """The text of an expression that computes the same on floats and never raises."""
    return ast.unparse(ForFloats(read or {}).visit(_parsed(expression)))


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
    """The rule of a node without inputs: a variable, or a constant (a number met in an expression)."""

    __slots__ = ("name",)
    symbol = ""
    slope_rules: list[Callable[..., Any]] = []

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
    """A compiled row. `function`, `slopes`, `slope_rules`, `pull` and `method` are listed above."""

    __slots__ = ("row", "name", "symbol", "inputs", "function", "slopes", "slope_rules", "pull",
                 "method")

    function: Callable[..., Any]
    slopes: Callable[[Sequence[float], float], Sequence[float]]
    slope_rules: list[Callable[..., Any]]
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

    def _value(self) -> Callable[..., Any]:
        return define(f"value {self.name}", f"def {self.name}({', '.join(self.inputs)}):\n"
                                            f"    return {for_floats(self.row.forward)}\n", FLOATS)

    def _slopes(self) -> Callable[..., Any]:
        texts = [for_floats(s) for s in self.row.slopes]
        unpack = "" if self.row.variadic else f"    {', '.join(self.inputs)}, = xs\n"
        result = texts[0] if self.row.variadic else f"[{', '.join(texts)}]"
        return define(f"slopes {self.name}", f"def slopes(xs, z):\n{unpack}    return {result}\n", FLOATS)

    def _pull(self) -> Callable[..., Any]:
        if self.row.variadic:
            return define(f"pull {self.name}", PULL_LIST, {"CONSTANT": CONSTANT, "slopes": self.slopes})
        read = {i: f"{i}.data" for i in self.inputs} | {"z": "z.data"}
        shares = {"1": "+= g", "-1": "-= g"}
        lines = [f"    if {i}._rule is not CONSTANT: {i}.grad "
                 + shares.get(s, f"+= g * ({for_floats(s, read)})") + "\n"
                 for i, s in zip(self.inputs, self.row.slopes) if s != "0"]
        return define(f"pull {self.name}", f"def pull(z, g):\n    {', '.join(self.inputs)}, = z._prev\n"
                                           f"{''.join(lines)}", FLOATS)


PULL_LIST = """def pull(z, g):
    xs = z._prev
    for x, slope in zip(xs, slopes([x.data for x in xs], z.data)):
        if x._rule is not CONSTANT: x.grad += g * slope
"""


class Handmade:
    """The rule of a node made by hand: a symbol, and `_backward` or local slopes as numbers."""

    __slots__ = ("symbol", "backward", "numbers")
    name = "handmade"
    slope_rules = None

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
                x.grad += ieee.chain(g, slope)
        elif self.backward is not None:
            self.backward()
        else:
            raise ValueError(f"the node {self.symbol!r} was made by hand and has no derivative: set "
                             f"its _backward, or give its local gradients in place of {self.symbol!r}")


RULES = {row.name: Rule(row) for row in ROWS}
