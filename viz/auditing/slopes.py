"""Local derivatives: from a row at any inputs and output, at a kink, and from a value written down.

    slope(node, i, xs, z)           the row's own slope, run on Values
    by_value(node, i, xs)           the slope as a function of the value: σ' = s (1 - s)
    either_side(node, i, xs)        at a kink the two one-sided slopes
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import isclose, isfinite
from typing import Any

from engine import Value
from engine.calculus import on_values
from engine.graph import topological
from engine.value import constant, is_constant, make

from ..reading import FORMS, textbook


def slope(node: Value, i: int, xs: list[Value], z: Value, rule: Any = None) -> Any:
    """The local derivative in input i at given inputs and output, as a Value or a number."""
    rule = rule or node._rule
    if not hasattr(rule, "row"):
        numbers = rule.slopes([x.data for x in xs], z.data)
        if numbers is None:
            raise ValueError(f"the operation {rule.symbol!r} was made by hand and gives no local "
                             f"derivative to check against: define it with engine.add_operation")
        return numbers[i]
    plain = [x.data if is_constant(x) else x for x in xs]
    for inputs in (plain, xs):
        try:
            if rule.row.variadic:
                return on_values(rule)[0](inputs, z)[i]
            return on_values(rule)[i](inputs, z)
        except (ArithmeticError, ValueError):       # Python's own arithmetic on constants raised
            continue
    return float("nan")


def as_value(x: Any) -> Value:
    """A number as a constant, a Value as it is."""
    return x if isinstance(x, Value) else constant(x)


def replaced(root: Value, known: Mapping[tuple[Any, tuple[Value, ...]], Value]) -> Value:
    """The graph of root with the operations that are known by other Values replaced by these."""
    copies: dict[Value, Value] = {}
    for node in topological([root])[1]:
        inputs = tuple(copies.get(x, x) for x in node._prev)
        found = known.get((node._rule, inputs))
        if found is not None or inputs != node._prev:
            copies[node] = make(node._rule, inputs) if found is None else found
    return copies.get(root, root)


def by_value(node: Value, i: int, xs: Sequence[float]) -> Callable[[float], float] | None:
    """The slope of an operation as a function of its value, as textbooks have it; or None."""
    rule: Any = node._rule
    if not hasattr(rule, "row"):
        return None
    if len(xs) == 1:
        form = textbook(rule)
        return form or partial(slope_at_value, rule, xs[0])
    z = rule.value(xs)
    for form in FORMS if rule.row.variadic else ():     # of a softmax in its own input
        if i == 0 and isclose(form(z), rule.slopes(xs, z)[0]):
            return form
    return None


def slope_at_value(rule: Any, x: float, z: float) -> float:
    """The slope of a function at the point near x where its value is z; nan if there is none."""
    for _ in range(30):                         # Newton
        error, steepness = rule.value([x]) - z, rule.slopes([x], rule.value([x]))[0]
        if not isfinite(error) or not steepness:
            return float("nan")
        if abs(error) <= 1e-14 * abs(z):
            break
        x -= error / steepness
    return float(rule.slopes([x], z)[0])


def either_side(node: Value, i: int, xs: Sequence[float]) -> tuple[float, float, float] | None:
    """The slope at a kink, and the two one-sided ones in order; None where there is no kink."""
    rule: Any = node._rule
    if not hasattr(rule, "row"):
        return None
    middle = rule.slopes(xs, rule.value(xs))[i]
    step = 1e-7 * max(1.0, abs(xs[i]))
    sides = []
    for x in (xs[i] - step, xs[i] + step):
        moved = [*xs[:i], x, *xs[i + 1:]]
        sides.append(rule.slopes(moved, rule.value(moved))[i])
    low, high = min(*sides, middle), max(*sides, middle)
    if not isfinite(high - low) or high - low <= 1e-3 * max(abs(low), abs(high)):
        return None
    return middle, low, high
