"""What a row says beyond its numbers: how it is written, which rule differentiates it, and how.

    written_as(node)                        the template of its row
    rule_name(node, i, varying, formula)    'power rule', 'constant factor', 'slope of sigmoid'
    slope(node, i)                          the local derivative in its input i, as a graph

The names are read from the columns of the table, so no operation is named here. A slope that the
row writes so that nothing overflows is shown as textbooks have it, if FORMS agrees with it.
"""

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from engine import Value, is_constant, square
from engine.calculus import on_values
from engine.modes import recording
from engine.ops import SUM
from engine.rules import Handmade, Rule
from engine.value import constant, lift

POWER_OF_X = re.compile(r"\{+x:4\}+\^.*")              # x^2, x^y, as a row's LaTeX has it
FORMS: tuple[Callable[[Any], Any], ...] = (             # slopes as textbooks have them, by output z
    lambda z: z * (1 - z),
    lambda z: 1 - square(z),
)


# ---- what a row says

def written_as(node: Value, latex: bool = False) -> str:
    """The template of the row that made a node; empty for a leaf and for a node made by hand."""
    row = getattr(node._rule, "row", None)
    return "" if row is None else str(row.latex if latex else row.text)


def is_same(node: Value) -> bool:
    """Whether a node is its input once more."""
    row = getattr(node._rule, "row", None)
    return row is not None and row.forward == "x"


def is_power(node: Value) -> bool:
    """Whether a node is written as a power of its first input."""
    return bool(POWER_OF_X.fullmatch(written_as(node, latex=True)))


def is_number(node: Value) -> bool:
    """Whether a node is a plain number in a formula."""
    return is_constant(node) and not node.label


def rule_name(node: Value, i: int, varying: int, formula: Value) -> str:
    """The name of the rule that differentiates a node in its input i, where `formula` is the slope.

    varying: how many of its inputs lead to the node that the step is for.
    """
    row = getattr(node._rule, "row", None)
    if row is None:
        return "slope given by hand"
    if is_same(node):
        return "identity"
    if row.binds == SUM and len(node._prev) > 1 and is_number(formula):
        return "sum rule"
    if row.slopes in (("-1",), ("y", "x"), ("partners(xs)",)):
        return "product rule" if varying > 1 else "constant factor"
    if "/" in written_as(node):
        return "quotient rule" if i or varying > 1 else "constant factor"
    return "power rule" if is_power(node) and i == 0 else f"slope of {row.symbol}"


# ---- local derivatives as formulas

def slope(node: Value, i: int) -> Value:
    """The local derivative of a node in its input i, as a graph."""
    if isinstance(node._rule, Handmade):
        return constant((node._rule.numbers or ())[i])
    with recording():
        return lift(_slope(node._rule, node, i))        # type: ignore[arg-type, no-any-return]


def _slope(rule: Rule, node: Value, i: int) -> Any:
    form = textbook(rule)
    if form:
        return form(node)
    if rule.row.variadic:
        return on_values(rule)[0](node._prev, node)[i]
    return on_values(rule)[i](node._prev, node)


@cache
def textbook(rule: Rule) -> Callable[[Any], Any] | None:
    """The form in FORMS that agrees with a row's slope all over its domain, if there is one."""
    if len(rule.inputs) > 1 or rule.row.variadic:
        return None
    low, high = rule.row.domain[0]
    points = [low + (high - low) * k / 7 for k in range(8)]
    for form in FORMS:
        if all(math.isclose(form(rule.function(t)), rule.slopes([t], rule.function(t))[0])
               for t in points):
            return form
    return None
