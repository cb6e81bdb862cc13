"""The functions that generated source calls, copied from engine/ieee.py and engine/lists.py.

    helpers(text, arrays=False)     the imports and definitions that `text` needs, and no others

Definitions come without type hints, in the order of their files. For arrays, a function of math is
numpy's of the same name, and every other runs sample by sample: the mathematics stays in one place.
Start reading at `helpers`.
"""

import ast
import inspect
from collections.abc import Iterable
from functools import cache

from engine import ROWS, ieee, lists
from engine.rules import RULES, SOURCES

IMPORTS = {"math": "import math", "Fraction": "from fractions import Fraction",
           "mul": "from operator import mul"}
EACH = '''def each(function):
    """A function of numbers, for arrays: sample by sample."""
    return np.vectorize(function, otypes=[float])


def each_list(function):
    """A function of a list of numbers, for a list of arrays: sample by sample."""
    return lambda xs: np.apply_along_axis(function, 0, np.stack(np.broadcast_arrays(*xs)))
'''


def helpers(text: str, arrays: bool = False) -> str:
    """The imports and definitions that a program needs, above it."""
    called = names_in(ast.parse(text))
    needed = wanted(called, arrays)
    parts = [(arrays and numpys(name)) or definition(name, arrays and name in called)
             for name in definitions() if name in needed]
    used = set().union(*(names_in(ast.parse(part)) for part in [text, *parts]))
    imports = [line for name, line in IMPORTS.items() if name in used]
    if arrays:
        imports.append("import numpy as np")
        parts = [EACH.rstrip()] * any("= each" in part for part in parts) + parts
    return spaced(["\n".join(imports), *parts])


def spaced(parts: Iterable[str]) -> str:
    """Definitions with two blank lines between them, assignments close together."""
    out: list[str] = []
    for part in filter(None, parts):
        close = out and "\n" not in part and "\n" not in out[-1]
        out += [part] if close else ["", "", part] if out else [part]
    return "\n".join(out)


def definitions() -> dict[str, ast.stmt]:
    """The definitions of the two files, and of rows that are functions by themselves, by name."""
    found = dict(of_files())
    for name in RULES:
        if name not in found and f"value {name}" in SOURCES:
            found[name] = ast.parse(SOURCES[f"value {name}"]).body[0]
    return found


@cache
def of_files() -> dict[str, ast.stmt]:
    """The definitions of the two files by name."""
    found: dict[str, ast.stmt] = {}
    for module in (ieee, lists):
        for statement in ast.parse(inspect.getsource(module)).body:
            for name in bound(statement):
                found[name] = single(statement, name)
    return found


def bound(statement: ast.stmt) -> list[str]:
    """The names that a statement at the top of a file defines."""
    if isinstance(statement, ast.FunctionDef):
        return [statement.name]
    if not isinstance(statement, ast.Assign):
        return []
    return [n.id for target in statement.targets for n in ast.walk(target)
            if isinstance(n, ast.Name) and n.id not in ("T", "Unary")]


def single(statement: ast.stmt, name: str) -> ast.stmt:
    """The part of a statement that defines one name: of `a, b = 1, 2` just `b = 2`."""
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple):
        assert isinstance(statement.value, ast.Tuple)
        pairs = zip(statement.targets[0].elts, statement.value.elts)
        value = next(v for t, v in pairs if isinstance(t, ast.Name) and t.id == name)
        return ast.Assign([ast.Name(name)], value, lineno=0)
    return statement


def wanted(start: set[str], arrays: bool) -> set[str]:
    """The names that are needed, with all that their definitions need."""
    known = definitions()
    found: set[str] = set()
    todo = [name for name in start if name in known]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            if not (arrays and numpys(name)):
                todo += names_in(known[name]) & known.keys()
    return found


def names_in(tree: ast.AST) -> set[str]:
    """The names that a piece of code reads or calls; parameters are not among them."""
    own = {a.arg for n in ast.walk(tree) if isinstance(n, ast.arguments) for a in n.args}
    hints = {id(m) for n in ast.walk(tree) for hint in (getattr(n, "annotation", None),
             getattr(n, "returns", None)) if hint for m in ast.walk(hint)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in hints} - (
        own if isinstance(tree, ast.FunctionDef) else set())


def numpys(name: str) -> str:
    """The line that takes a function of math from numpy, where numpy has it; else nothing."""
    import numpy as np
    value = definitions()[name]
    if not isinstance(value, ast.Assign) or "math." not in ast.unparse(value):
        return ""
    also = next((row.also for row in ROWS if row.name == name), "")
    found = next((n for n in (name, *also.split()) if isinstance(getattr(np, n, None), np.ufunc)),
                 "")
    return f"{name} = np.{found}" if found else ""


def definition(name: str, arrays: bool) -> str:
    """A definition as text, without type hints; for arrays made to run sample by sample."""
    statement = definitions()[name]
    text = ast.unparse(Bare().visit(ast.parse(ast.unparse(statement))))
    if arrays and not isinstance(statement, ast.FunctionDef) and callable(
            getattr(ieee, name, None)):
        text += f"\n{name} = each({name})"
    if arrays and isinstance(statement, ast.FunctionDef):
        over_list = statement.args.args[0].arg in ("xs", "terms")
        text += f"\n\n\n{name} = {'each_list' if over_list else 'each'}({name})"
    return text


class Bare(ast.NodeTransformer):
    """Takes the type hints out of a definition."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node
