"""Python that computes with floats, as JavaScript: the rows' texts, and what ieee.py defines.

    expression("x if c else y")         '((c !== 0) ? x : y)'
    function(tree)                      'function step(x) { return ...; }'

The two languages share IEEE 754; they differ in what is true (nan is, in Python), in chained
comparisons and in comprehensions, and that is what stands here. What the rows do not use is
refused. Start reading at `Writer`.
"""

import ast
import math
from typing import Any

RESERVED = frozenset({"case", "catch", "const", "debugger", "default", "delete", "do", "enum",
                      "export", "function", "instanceof", "let", "new", "null", "super", "switch",
                      "this", "throw", "typeof", "var", "void"})
BINARY: dict[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%"}
COMPARED: dict[type, str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
                             ast.Eq: "===", ast.NotEq: "!=="}
CALLS = {"len": "{}.length", "abs": "Math.abs({})", "div": "({} / {})", "math.exp": "Math.exp({})",
         "math.log1p": "Math.log1p({})"}
FOLDS = {"any": "some", "all": "every"}


class Writer(ast.NodeVisitor):
    """Writes one expression; every operation stands in brackets of its own."""

    def generic_visit(self, node: ast.AST) -> Any:
        raise ValueError(f"{ast.unparse(node)!r} cannot be written in JavaScript: write the row "
                         f"with arithmetic, choices and the functions of engine/ieee.py")

    def visit_Name(self, node: ast.Name) -> str:
        return named(node.id)

    def visit_Constant(self, node: ast.Constant) -> str:
        if isinstance(node.value, (int, float)):
            return literal(node.value)
        return str(self.generic_visit(node))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> str:
        if not isinstance(node.op, ast.USub):
            return str(self.generic_visit(node))
        return f"(-{self.visit(node.operand)})"

    def visit_BinOp(self, node: ast.BinOp) -> str:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.left, ast.List):             # [1] * n
            return f"Array({right}).fill({self.visit(node.left.elts[0])})"
        if isinstance(node.op, ast.Pow):
            return f"power({left}, {right})"
        if isinstance(node.op, ast.FloorDiv):
            return f"Math.floor({left} / {right})"
        return f"({left} {BINARY[type(node.op)]} {right})"

    def visit_Compare(self, node: ast.Compare) -> str:
        sides = [self.visit(x) for x in (node.left, *node.comparators)]
        links = [f"{a} {COMPARED[type(op)]} {b}" for a, op, b in zip(sides, node.ops, sides[1:])]
        return f"({' && '.join(links)})"

    def visit_BoolOp(self, node: ast.BoolOp) -> str:
        joint = " && " if isinstance(node.op, ast.And) else " || "
        return f"({joint.join(map(self.truth, node.values))})"

    def truth(self, node: ast.expr) -> str:
        """A condition: a number is true unless it is 0, and so is nan."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return f"!{self.truth(node.operand)}"
        calls_fold = isinstance(node, ast.Call) and ast.unparse(node.func) in (*FOLDS, "_beyond")
        if calls_fold or isinstance(node, (ast.Compare, ast.BoolOp)):
            return str(self.visit(node))
        return f"({self.visit(node)} !== 0)"

    def visit_IfExp(self, node: ast.IfExp) -> str:
        return (f"({self.truth(node.test)} ? {self.visit(node.body)} : "
                f"{self.visit(node.orelse)})")

    def visit_Call(self, node: ast.Call) -> str:
        name, arguments = ast.unparse(node.func), [self.visit(a) for a in node.args]
        if name in FOLDS and isinstance(node.args[0], ast.GeneratorExp):
            made = node.args[0]
            each = made.generators[0]
            return (f"{self.visit(each.iter)}.{FOLDS[name]}(({self.visit(each.target)}) => "
                    f"{self.truth(made.elt)})")
        if name == "max" and len(arguments) == 1:
            return f"largest({arguments[0]})"
        return CALLS[name].format(*arguments) if name in CALLS else (
            f"{self.visit(node.func)}({', '.join(arguments)})")

    # ---- lists

    def visit_List(self, node: ast.List) -> str:
        return f"[{', '.join(map(self.visit, node.elts))}]"

    visit_Tuple = visit_List                            # type: ignore[assignment]

    def visit_Starred(self, node: ast.Starred) -> str:
        return f"...{self.visit(node.value)}"

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> str:
        each, = node.generators
        x, kept = self.visit(each.target), self.visit(each.iter)
        kept += "".join(f".filter(({x}) => {self.truth(test)})" for test in each.ifs)
        return f"{kept}.map(({x}) => {self.visit(node.elt)})"

    visit_ListComp = visit_GeneratorExp                 # type: ignore[assignment]

    def visit_Subscript(self, node: ast.Subscript) -> str:
        listed = self.visit(node.value)
        if not isinstance(node.slice, ast.Slice):
            return f"{listed}[{self.visit(node.slice)}]"
        ends = [self.visit(x) if x else "0" for x in (node.slice.lower,)]
        ends += [self.visit(node.slice.upper)] if node.slice.upper else []
        return f"{listed}.slice({', '.join(ends)})"


def named(name: str) -> str:
    """A name that JavaScript takes."""
    return f"{name}_" if name in RESERVED else name


def literal(x: float) -> str:
    """A number as JavaScript writes it."""
    if math.isfinite(x):
        return repr(x)
    return "NaN" if x != x else "Infinity" if x > 0 else "(-Infinity)"


def expression(text: str) -> str:
    """An expression of Python as one of JavaScript."""
    return str(Writer().visit(ast.parse(text, mode="eval").body))


def function(tree: ast.FunctionDef) -> str:
    """A function of Python, without its docstring, as one of JavaScript."""
    names = ", ".join(named(a.arg) for a in tree.args.args)
    lines = [f"  {line}" for s in tree.body for line in statement(s)]
    return "\n".join([f"function {named(tree.name)}({names}) {{", *lines, "}"])


def statement(tree: ast.stmt) -> list[str]:
    """A statement as lines; a name is bound once."""
    write = Writer()
    if isinstance(tree, ast.Return) and tree.value:
        return [f"return {write.visit(tree.value)};"]
    if isinstance(tree, ast.Assign):
        return [f"const {write.visit(tree.targets[0])} = {write.visit(tree.value)};"]
    if isinstance(tree, ast.If) and not tree.orelse:
        inside = [f"  {line}" for s in tree.body for line in statement(s)]
        return [f"if ({write.truth(tree.test)}) {{", *inside, "}"]
    if isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Constant):
        return []
    return [str(write.generic_visit(tree))]
