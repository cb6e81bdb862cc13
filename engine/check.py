"""Gradients against finite differences: per parameter, and, where they differ, per operation.

    report = check_gradients(lambda: loss(model), model.named_parameters())
    print(report)           a table: numeric, analytic, absolute and relative difference
    assert report           true if all agree
    report.culprits         the operations whose own slopes are wrong, if any

The difference quotient is Richardson's, (4 D(h/2) - D(h)) / 3 of central differences D, at the
best of three steps h scaled to the value; `step=1e-7` takes one such D, as document 000 does.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from .backward import local_gradients
from .calculus import grad
from .functions import dot
from .graph import topological
from .ieee import INF, NAN
from .modes import recording
from .rules import Handmade, Rule
from .value import Value

SCALES = [2.0**-k for k in range(4, 20, 3)]
EPSILON = 2.0**-52
TINY = 1e-12                            # below this, gradients count as equal


class Comparison(NamedTuple):
    """One parameter: its name, both gradients, and whether they agree."""

    name: str
    numeric: float
    analytic: float
    absolute: float
    relative: float
    agrees: bool
    note: str = ""


class GradientCheck:
    """The result of `check_gradients`: true if all gradients agree; `print` shows the table."""

    def __init__(self, rows: list[Comparison], culprits: list[str]) -> None:
        self.rows, self.culprits = rows, culprits

    @property
    def ok(self) -> bool:
        """Whether every gradient agrees with its difference quotient."""
        return all(row.agrees for row in self.rows)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        width = max([9, *(len(row.name) for row in self.rows)])
        lines = [f"{'parameter':<{width}}  {'numeric':>16}  {'analytic':>16}  "
                 f"{'absolute':>9}  {'relative':>9}"]
        lines += [f"{r.name:<{width}}  {r.numeric:>16.9g}  {r.analytic:>16.9g}  "
                  f"{r.absolute:>9.1e}  {r.relative:>9.1e}  "
                  f"{'ok' if r.agrees else 'DIFFERS'}{r.note and f' ({r.note})'}"
                  for r in self.rows]
        return "\n".join([*lines, *self.culprits])


def difference(f: Callable[[float], float], x: float, step: float | None = None) -> float:
    """The derivative of f at x by differences, at the best of several steps or with one."""
    return estimate(f, x, step)[0]


def estimate(f: Callable[[float], float], x: float,
             step: float | None = None) -> tuple[float, float]:
    """The derivative of f at x by differences, and how far off it may be."""
    if step is not None:
        return _central(f, x, step), 4 * EPSILON * abs(f(x)) / step
    slope, room = NAN, INF
    for h in sorted(steps(x)):                  # a wider step counts if the narrow ones bear it out
        wide, narrow = _central(f, x, h), _central(f, x, h / 2)
        found, off = (4 * narrow - wide) / 3, abs(wide - narrow) / 3 + 4 * EPSILON * abs(f(x)) / h
        if off < room and (room == INF or abs(found - slope) <= room + off):
            slope, room = found, off
    return slope, room


def steps(x: float) -> list[float]:
    """Steps in proportion to |x|, and in proportion to 1 where |x| is far from 1."""
    size = abs(x)
    own = [] if size == 0 else [size * s for s in SCALES]
    return own if 0.1 <= size <= 10 else own + SCALES


def _central(f: Callable[[float], float], x: float, h: float) -> float:
    above, below = x + h, x - h
    return (f(above) - f(below)) / (above - below) if above != below else NAN


def check_gradients(loss_function: Callable[[], Value], parameters: Iterable[Any], *,
                    step: float | None = None, tolerance: float = 1e-6,
                    order: int = 1) -> GradientCheck:
    """A report on d loss / d parameter, `backward()` against difference quotients.

    parameters: Values, or (name, Value) pairs. order=2 checks the second derivatives: the gradient
    as a graph, contracted with fixed weights, takes the place of the loss. A difference counts as
    agreement below tolerance * |gradient| plus what the differences may be off, and at a kink
    anywhere between the two one-sided slopes. No number or gradient of a leaf is left changed.
    """
    named = [_named(i, p) for i, p in enumerate(_several(parameters))]
    values = [p for _, p in named]
    if not values:
        raise ValueError("check_gradients needs at least one parameter: pass model.parameters()")
    if step is not None and not step > 0:
        raise ValueError(f"step={step!r} is no step: give a positive number such as 1e-7")
    if order not in (1, 2):
        raise ValueError(f"order={order!r} is neither 1 nor 2: "
                         f"check higher orders by checking a function of grad()")
    function = loss_function if order == 1 else _gradient_of(loss_function, values)
    output, analytic = _analytic(function, values)
    rows = [_row(name, p, g, function, step, tolerance) for (name, p), g in zip(named, analytic)]
    fine = all(row.agrees for row in rows)
    return GradientCheck(rows, [] if fine else culprits([output], tolerance))


def _several(parameters: Any) -> list[Any]:
    if isinstance(parameters, Value) or not isinstance(parameters, Iterable):
        raise TypeError(f"the parameters must be a list of Values, and {parameters!r} is not: pass "
                        f"[w] or model.parameters()")
    return list(parameters.items() if isinstance(parameters, dict) else parameters)


def _named(i: int, p: Any) -> tuple[str, Value]:
    name, value = p if isinstance(p, tuple) and len(p) == 2 else ("", p)
    if not isinstance(value, Value):
        raise TypeError(f"parameter {i} is {value!r}, and only Values can be checked: pass Values "
                        f"or (name, Value) pairs")
    return name or value.label or f"parameter {i}", value


def _gradient_of(loss_function: Callable[[], Value],
                 values: Sequence[Value]) -> Callable[[], Value]:
    """A function that returns the gradient along a fixed direction whose components all differ."""
    weights = [1 + (0.6180339887498949 * i) % 1 for i in range(len(values))]
    return lambda: dot(grad(loss_function(), values), weights)


def _analytic(function: Callable[[], Value],
              values: Sequence[Value]) -> tuple[Value, list[float]]:
    with recording():
        output = function()
    if not isinstance(output, Value):
        raise TypeError(f"the loss function must return a Value, and returned {output!r}: compute "
                        f"it from the parameters")
    leaves = {*values, *topological([output])[0]}
    before = [(leaf, leaf.grad) for leaf in leaves]
    for p in values:
        p.grad = 0.0
    output.backward()
    found = [p.grad for p in values]
    for leaf, old in before:
        leaf.grad = old
    return output, found


def _row(name: str, p: Value, analytic: float, function: Callable[[], Value], step: float | None,
         tolerance: float) -> Comparison:
    middle = p.data

    def at(x: float) -> float:
        p.data = x
        with recording():
            return function().data

    try:
        numeric, off = estimate(at, middle, step)
        absolute = abs(numeric - analytic)
        room = tolerance * max(abs(numeric), abs(analytic)) + 8 * off + TINY
        note = "" if absolute <= room else _kink(at, middle, analytic, room)
    finally:
        p.data = middle
    size = max(abs(numeric), abs(analytic))
    return Comparison(name, numeric, analytic, absolute, absolute / size if size else 0.0,
               absolute <= room or bool(note), note)


def _kink(at: Callable[[float], float], x: float, slope: float, room: float) -> str:
    """Says so if `slope` lies between the one-sided slopes of a kink at x; else an empty text."""
    h = 1e-6 * max(abs(x), 2.0**-4)
    left, right = (at(x) - at(x - h)) / h, (at(x + h) - at(x)) / h
    bent = abs(right - left) > 1e-3 * max(1.0, abs(left), abs(right))
    inside = min(left, right) - room <= slope <= max(left, right) + room
    return "kink" if bent and inside else ""


def culprits(outputs: Iterable[Value], tolerance: float = 1e-6) -> list[str]:
    """The operations of a graph whose own slopes disagree with differences of their own values."""
    found: dict[str, str] = {}
    for node in topological(outputs)[1]:
        rule = node._rule
        if isinstance(rule, Handmade):
            found.setdefault(rule.symbol,
                             f"the handmade node {rule.symbol or node.label!r} cannot be checked "
                             f"by itself")
        elif rule.name not in found:
            wrong = _wrong_slope(node, rule, tolerance)
            if wrong:
                found[rule.name] = wrong
    return list(found.values())


def _wrong_slope(node: Value, rule: Rule, tolerance: float) -> str:
    xs = [x.data for x in node._prev]
    for i, slope in enumerate(local_gradients(node) or ()):
        def along(x: float, i: int = i) -> float:
            return rule.value([*xs[:i], x, *xs[i + 1:]])

        numeric, off = estimate(along, xs[i])
        room = tolerance * max(abs(numeric), abs(slope)) + 8 * off + TINY
        if abs(numeric - slope) > room and not _kink(along, xs[i], slope, room):
            return (f"the row {rule.name!r} is wrong: at {tuple(xs)} its slope for input {i + 1} "
                    f"is {slope!r}, and finite differences give {numeric:.9g}")
    return ""
