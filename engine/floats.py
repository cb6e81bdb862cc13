"""A row's text for plain floats: `fast`, which may raise where IEEE 754 has an answer, and `safe`.

An input `x` is read from its node. In safe text `/` and `**` become calls of ieee.py, and functions
are its never-raising ones; in fast text they are Python's own. Generated code runs the fast text
and, when that raises, the safe one (`assigned`), so that the ordinary case pays nothing.
"""

import ast
import math
from typing import Any

from . import ieee, lists
from .ops import ROWS

FLOATS: dict[str, Any] = {                      # what generated code may call
    "abs": abs, **vars(ieee), **vars(lists),
    **{f"_{name}": f.__wrapped__ for name, f in vars(ieee).items() if hasattr(f, "__wrapped__")},
    "real_power": math.pow}


def parsed(expression: str) -> ast.expr:
    """The syntax tree of an expression."""
    return ast.parse(expression, mode="eval").body


def _inlined() -> dict[str, tuple[list[str], str]]:
    """The rows whose text can stand in place of a call: each input occurs once in it."""
    simple = {}
    for row in ROWS:
        used = [n.id for n in ast.walk(parsed(row.forward)) if isinstance(n, ast.Name)]
        if sorted(used) == sorted(row.inputs.split()) and not row.variadic:
            simple[row.name] = row.inputs.split(), row.forward
    return simple


INLINED = _inlined()


class Rewriter(ast.NodeTransformer):
    """Rewrites an expression for floats, fast or safe; `read` says how to read each name."""

    def __init__(self, read: dict[str, str], fast: bool) -> None:
        self.read, self.fast = read, fast

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return parsed(self.read[node.id]) if node.id in self.read else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        node.args = [self.visit(a) for a in node.args]
        if name in INLINED:
            inputs, body = INLINED[name]
            return rewritten(body, dict(zip(inputs, map(ast.unparse, node.args))), self.fast)
        if self.fast and f"_{name}" in FLOATS:
            node.func = ast.Name(f"_{name}", ast.Load())
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        called = (FAST if self.fast else SAFE).get(type(node.op))
        if called:
            return ast.Call(ast.Name(called, ast.Load()), [node.left, node.right], [])
        return node


FAST: dict[type, str] = {ast.Pow: "real_power"}             # may raise, and is never complex
SAFE: dict[type, str] = {ast.Pow: "power", ast.Div: "div"}


def rewritten(expression: str, read: dict[str, str], fast: bool) -> ast.expr:
    """The expression with its names read, its simple calls inlined and its operators replaced."""
    return Rewriter(read, fast).visit(parsed(expression))       # type: ignore[no-any-return]


def safe(expression: str, read: dict[str, str] | None = None) -> str:
    """The text of an expression that never raises on floats."""
    return ast.unparse(rewritten(expression, read or {}, fast=False))


def assigned(target: str, expression: str, read: dict[str, str], indent: str = "    ") -> str:
    """A quick `target = expression` (`target` ends in its operator) that never raises."""
    quick, never = ast.unparse(rewritten(expression, read, fast=True)), safe(expression, read)
    if quick == never:
        return f"{indent}{target} {quick}\n"
    return (f"{indent}try: {target} {quick}\n"
            f"{indent}except (ArithmeticError, ValueError): {target} {never}\n")
