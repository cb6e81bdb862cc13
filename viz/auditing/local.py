"""The slips in a local derivative: the wrong point, another function, another index, a sign in it.

    wrong_slopes(name, q, reckoning)        other numbers that a local derivative is mistaken for
"""

from collections.abc import Iterator
from typing import Any

from engine import Value, is_constant
from engine.value import make

from ..reading import textbook
from .edits import TURNED, UNARY, Edit, exchanged_inside, neighbours, title
from .intervals import Replay
from .operations import wrong_values
from .own import Reckoning
from .quantities import Gradient, Local, Number, Quantity
from .slopes import slope


def wrong_slopes(name: str, q: Local, reckoning: Reckoning) -> Iterator[Edit]:
    """Other numbers that a local derivative is mistaken for."""
    rule: Any = q.node._rule
    if not hasattr(rule, "row"):
        return
    xs = [reckoning.of(Number(x, q.after)) for x in q.node._prev]
    z = reckoning.of(Number(q.node, q.after))
    if len(xs) == 1:
        inside, outside = (title(reckoning, Number(n)) for n in (q.node._prev[0], q.node))
        form = textbook(rule)                   # such as 1 - z^2, of the output z
        yield Edit("wrong point", f"in {name} stands {inside} where {outside} belongs",
                   form(xs[0].data) if form else at(rule, xs, xs[0]))
        yield Edit("wrong point", f"{name} is taken at {outside} instead of {inside}",
                   at(rule, [z], make(rule, [z])))
        if form:
            yield from in_form(form(z), q, reckoning)
        yield Edit("derivative forgotten", f"{name} is replaced by the function itself", z.data)
        yield from (Edit("other function", f"the derivative of {other.name} instead of {rule.name}",
                         x) for other in UNARY if other is not rule
                    for x in dict.fromkeys(at_either(other, xs, z)))
    elif rule.name in TURNED and q.i == 0:
        yield Edit("wrong point", f"{name} is taken from the input instead of the output",
                   xs[0].data * (1 - xs[0].data))
    yield from other_slopes(name, q, reckoning)
    made = reckoning.of(q)
    yield from exchanged_inside(reckoning.formulas.get(made, made), reckoning)


def other_slopes(name: str, q: Local, reckoning: Reckoning) -> Iterator[Edit]:
    """Derivatives of other things than the one meant: another index, or another layer."""
    x, inputs = q.node._prev[q.i], [n for n in q.node._prev if not is_constant(n)]
    for n in inputs if len(inputs) > 1 else ():         # as the weight for the input
        yield Edit("wrong operand", f"{title(reckoning, Number(n, q.after))} is used instead of "
                                    f"{name}", reckoning.of(Number(n, q.after)).data)
    if len(q.node._prev) > 1:
        return
    for kind, other in neighbours(reckoning, Number(q.node, q.after)):
        assert isinstance(other, Number)
        wrong: Quantity = (Local(other.node, q.i, q.after) if kind != "wrong operand" else
                           Gradient(other.node, x, q.after))
        yield Edit(kind, f"{title(reckoning, wrong)} is used instead of {name}",
                   reckoning.of(wrong).data)


def at(rule: Any, xs: list[Value], z: Value) -> float:
    """The local derivative of a row at given inputs and output; nan where there is none."""
    try:
        found = slope(xs[0], 0, xs, z, rule)
        return float(found.data if isinstance(found, Value) else found)
    except (ArithmeticError, ValueError):
        return float("nan")


def at_either(rule: Any, xs: list[Value], z: Value) -> Iterator[float]:
    """The derivative of another function at the input, and by its textbook form at the output."""
    yield at(rule, xs, make(rule, xs))
    form = textbook(rule)
    if form:
        yield form(z.data)


def in_form(root: Value, q: Local, reckoning: Reckoning) -> Iterator[Edit]:
    """Slips inside a slope as textbooks have it, such as 1 + z^2 for 1 - z^2."""
    replay = Replay(root)
    for m in replay.inner:
        for kind, text, x in wrong_values(m, reckoning, Number(q.node, q.after)):
            yield Edit(kind, f"in the slope of {q.node._rule.name}, {text}", replay({m: x}))
