"""The mathematics of a graph as JavaScript, generated from the rows of its operations.

    program(["mul", "tanh"])        const OPS = (() => { ...; return {"mul": {...}, ...}; })();

To every operation `value(xs)` and `slopes(xs, z)`, which are the row's own text; above them the
functions that those texts call. Of these, engine/ieee.py and engine/lists.py are translated; only
what Python itself provides, or writes in ways of its own, is written by hand, in math.js. A test
runs every row of the table in both languages.
"""

import ast
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from engine import ieee
from engine.rules import RULES

from ..helpers import definitions, names_in
from .javascript import expression, function, literal, named


def program(operations: Iterable[str]) -> str:
    """The functions of these operations, by their rows' names, as one JavaScript constant."""
    rows = sorted(set(operations))
    entries = [f"  {json.dumps(name)}: {operation(name)}," for name in rows]
    texts = [text for name in rows
             for text in (RULES[name].row.forward, *RULES[name].row.slopes)]
    parts = [by_hand(), *map(definition, needed(texts)), "return {", *entries, "};"]
    return "\n".join(["const OPS = (() => {", *parts, "})();"])


def operation(name: str) -> str:
    """One operation: its value and its slopes."""
    row = RULES[name].row
    xs = "xs" if row.variadic else f"[{', '.join(map(named, row.inputs.split()))}]"
    made = [expression(s) for s in row.slopes]
    slopes = made[0] if row.variadic else f"[{', '.join(made)}]"
    return f"{{value: ({xs}) => {expression(row.forward)}, slopes: ({xs}, z) => {slopes}}}"


@cache
def by_hand() -> str:
    """The functions that are written by hand."""
    return files(__package__).joinpath("math.js").read_text(encoding="utf-8")


@cache
def defined_by_hand() -> frozenset[str]:
    """Their names."""
    text = by_hand()
    listed = re.search(r"const \{(.*?)\} = Math;", text, re.DOTALL)
    assert listed
    return frozenset([*re.findall(r"^function (\w+)", text, re.MULTILINE),
                      *re.findall(r"\w+", listed[1])])


def needed(texts: Sequence[str]) -> list[str]:
    """The definitions to translate, those that others call first."""
    known = definitions()
    needs = ["power", "chain"]                          # ** and the page itself call them
    found: set[str] = set()
    todo = [*needs, *(name for text in texts for name in names_in(ast.parse(text)))]
    todo += [name for text in re.findall(r"^// calls: (.*)$", by_hand(), re.MULTILINE)
             for name in text.split()]
    while todo:
        name = todo.pop()
        if name in known and name not in found and name not in defined_by_hand():
            found.add(name)
            todo += [] if isinstance(known[name], ast.Assign) else names_in(known[name])
    return [name for name in known if name in found and name != "abs"]


def definition(name: str) -> str:
    """One definition: a function, or a constant by its number."""
    tree = definitions()[name]
    if isinstance(tree, ast.FunctionDef):
        return function(tree)
    return f"const {named(name)} = {literal(getattr(ieee, name))};"
