"""The rows' text without branches, so that it runs on symbols, on arrays and on numbers alike.

    traced(rule)        a row as two functions: its value, and its slopes
    functions()         what those texts may call: the functions of ieee.py, read from their source

A branch becomes a choice between two finished values: `a if c else b` is `select(c, a, b)`. Python
then runs the text, whatever the arguments are: a `Symbol` writes an instruction (llvm.py), an array
computes, a number is a number. So ops.py and ieee.py stay the only place where mathematics stands.

Start reading at `traced`, then `Straight`.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from .. import ieee
from ..lists import _exp_below, partners
from ..rules import RULES, Rule, define
from . import choose, listed

Function = Callable[..., Any]
SIGNS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


LEFT_OUT = {*choose.NAMES, "never_raising", "_cube_root"} | {
    name for name, f in vars(ieee).items() if hasattr(f, "__wrapped__")}


class Straight(ast.NodeTransformer):
    """Rewrites an expression, or a function of a few lines, so that nothing in it branches."""

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        return called("select", node.test, node.body, node.orelse)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        return called("both" if isinstance(node.op, ast.And) else "either", *node.values)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return called("opposite", node.operand) if isinstance(node.op, ast.Not) else node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        terms = [node.left, *node.comparators]
        tests = [called("compare", ast.Constant(SIGNS[type(op)]), x, y)
                 for op, x, y in zip(node.ops, terms, terms[1:])]
        return tests[0] if len(tests) == 1 else called("both", *tests)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        name = {ast.Div: "div", ast.Pow: "power"}.get(type(node.op))
        return called(name, node.left, node.right) if name else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Name(node.attr, ast.Load())          # math.exp is exp

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """A body of assignments and early returns, with one return at its end."""
        body: list[ast.stmt] = []
        early: list[tuple[str, str]] = []
        for k, statement in enumerate(node.body):
            if isinstance(statement, ast.If):
                returned = statement.body[0]
                assert isinstance(returned, ast.Return) and returned.value is not None
                body += [assigned(f"t{k}", self.visit(statement.test)),
                         assigned(f"r{k}", self.visit(returned.value))]
                early.append((f"t{k}", f"r{k}"))
            elif not isinstance(statement, ast.Expr):           # the docstring
                body.append(self.visit(statement))
        last = body[-1]
        assert isinstance(last, ast.Return) and last.value is not None
        for test, result in reversed(early):
            last.value = called("select", ast.Name(test, ast.Load()),
                                ast.Name(result, ast.Load()), last.value)
        return ast.FunctionDef(node.name, node.args, body, [], lineno=1)


def called(name: str, *arguments: ast.expr) -> ast.Call:
    """The syntax tree of a call."""
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def assigned(name: str, value: ast.expr) -> ast.Assign:
    """The syntax tree of an assignment."""
    return ast.Assign([ast.Name(name, ast.Store())], value, lineno=1)


def straight(text: str) -> str:
    """A text of Python whose branches are choices."""
    tree = Straight().visit(ast.parse(textwrap.dedent(text)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):           # annotations say nothing here
            node.returns = None
            for argument in node.args.args:
                argument.annotation = None
    return ast.unparse(ast.fix_missing_locations(tree))


@cache
def functions() -> dict[str, Any]:
    """Everything that a straight text may call, by name."""
    names: dict[str, Any] = {name: x for name, x in vars(ieee).items() if isinstance(x, float)}
    names |= choose.NAMES | {"partners": partners, "len": len}
    for name, f in vars(ieee).items():
        if inspect.isfunction(f) and f.__module__ == ieee.__name__ and name not in LEFT_OUT:
            names[name] = define(f"straight {name}", straight(inspect.getsource(f)), names)
    below = straight(inspect.getsource(_exp_below))
    names["exp_below"] = define("straight exp_below", below, names)
    return names | {name: f for name, f in vars(listed).items() if name in listed.EXACT}


class Traced(NamedTuple):
    """A row made straight: `value(*xs)`, or `value(xs)` over a list; `slopes(xs, z)` is a list."""

    value: Function
    slopes: Function


class Names(dict[str, Any]):
    """`functions()`, and the rows by name."""

    def fill(self, text: str) -> "Names":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Name) and node.id not in self and node.id in RULES:
                self[node.id] = value_of(RULES[node.id])
        return self


@cache
def value_of(rule: Rule) -> Function:
    """The value of a row as a function without branches."""
    text = straight(f"def value({', '.join(rule.inputs)}):\n    return {rule.row.forward}\n")
    return define(f"native value {rule.name}", text, names_for(rule).fill(text))


@cache
def slopes_of(rule: Rule) -> Function:
    """The slopes of a row as a function without branches."""
    row = rule.row
    unpack = "" if row.variadic else f"    {', '.join(rule.inputs)}, = xs\n"
    slopes = row.slopes[0] if row.variadic else f"[{', '.join(row.slopes)}]"
    text = straight(f"def slopes(xs, z):\n{unpack}    return {slopes}\n")
    return define(f"native slopes {row.name}", text, names_for(rule).fill(text))


def names_for(rule: Rule) -> Names:
    """What the text of a row may call; sums over lists mean those of listed.py."""
    return Names(functions() | ({"total": listed.total, "dot": listed.dot}
                                if rule.row.variadic else {}))


def traced(rule: Any) -> Traced:
    """The value and the slopes of a row, or of what stands in its place and is straight already."""
    if isinstance(rule, Rule):
        return Traced(value_of(rule), slopes_of(rule))
    return Traced(rule.value, rule.slopes)
