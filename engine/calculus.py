"""Derivatives as graphs: the slopes of the rows run on Values, so a gradient is again a graph.

    grad(y, xs)          dy/dx for each x, as Values; grad(grad(...)) works to any order
    value_and_grad       y and the same
    vjp, jvp             one row, one column of a Jacobian times a vector
    jacobian, hessian    nested lists of Values
    hvp                  Hessian times a vector, without the Hessian

`y` may be a Value that was recorded before, or a function, which is then called on the xs. The
`xs` are a list of Values (or numbers, with a function), or one Value, then so is the answer.
Nodes that depend on no x are left out; a gradient that no path reaches is the constant 0.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from . import lists
from .floats import FLOATS
from .functions import NAMES, dot, softmax, total
from .graph import topological
from .modes import recording
from .rules import Handmade, Rule, define
from .value import Value, constant, is_constant, lift

VALUES: dict[str, Any] = {                      # what a slope may call when it runs on Values
    **{name: x for name, x in FLOATS.items() if isinstance(x, float)}, **NAMES,
    "total": total, "shares": softmax, "partners": lists.partners}


@cache
def on_values(rule: Rule) -> list[Callable[..., Any]]:
    """The slopes of a row as functions of (inputs, output): one per input, or one for a list."""
    first = "" if rule.row.variadic else f"    {', '.join(rule.inputs)}, = xs\n"
    return [define(f"slope {rule.name} {i}",
                   f"def slope(xs, z):\n{first}    return {text}\n", VALUES)
            for i, text in enumerate(rule.row.slopes)]


def slopes(node: Value, wanted: Sequence[bool]) -> list[Any]:
    """The local partials of a node, as Values or numbers; None where they are not wanted."""
    rule = node._rule
    if isinstance(rule, Handmade):
        raise TypeError(f"the node {rule.symbol or node.label!r} was made by hand and gives its "
                        f"derivative in numbers only, which backward() can use and grad() cannot: "
                        f"define it as a row with engine.add_operation")
    try:
        return _slopes(rule, [x.data if is_constant(x) else x for x in node._prev], node, wanted)
    except (ArithmeticError, ValueError):       # Python's own arithmetic on constants raised
        return _slopes(rule, node._prev, node, wanted)


def _slopes(rule: Any, xs: Sequence[Any], z: Value, wanted: Sequence[bool]) -> list[Any]:
    if rule.row.variadic:
        return list(on_values(rule)[0](xs, z))
    return [slope(xs, z) if want else None for slope, want in zip(on_values(rule), wanted)]


def chosen(c: Any, x: Any, y: Any) -> Any:
    """`where`, which for a condition that is a plain number is simply one of the two."""
    return NAMES["where"](c, x, y) if isinstance(c, Value) else x if c else y


def unsigned(x: Any) -> Any:
    """x, and at -0.0 a node that is 0.0."""
    return x + 0 if (x.data if isinstance(x, Value) else x) == 0 else x


VALUES["where"], VALUES["unsigned"] = chosen, unsigned


def times(g: Value, slope: Any) -> Value:
    """One link of the chain rule, g times slope, without a factor that is 1 whatever happens."""
    if isinstance(slope, (int, float)):
        return g if slope == 1 else -g if slope == -1 else g.chain(slope)
    if is_constant(g) and g.data == 1:
        return slope                            # type: ignore[no-any-return]
    return g.chain(slope)                       # type: ignore[no-any-return]


def vjp(y: Any, xs: Any, seed: Any = 1.0) -> Any:
    """seed times dy/dx for each x; for a list y, the sum of its elements times their seeds."""
    out, points = recorded(y, xs)
    ys = listed(out)
    if isinstance(out, Value) == is_list(seed) or len(listed(seed)) != len(ys):
        raise ValueError(f"vjp needs one seed per output, and got {seed!r} for {len(ys)} outputs: "
                         f"for one number use grad, for all of a list jacobian")
    found = _pulled(ys, points, [lift(s) for s in listed(seed)])
    return found if is_list(xs) else found[0]


def _pulled(ys: list[Value], points: list[Value], seeds: list[Value]) -> list[Value]:
    """The gradients of the points, from adjoints that travel from the outputs back."""
    inner = _below(ys, points)
    adjoint: dict[Value, Value] = {}
    for out, seed in zip(ys, seeds):
        _add(adjoint, out, seed)
    needed = {*inner, *points}
    for node in reversed(inner):
        g = adjoint.get(node)
        if g is not None:
            wanted = [x in needed for x in node._prev]
            for x, slope in zip(node._prev, slopes(node, wanted)):
                if x in needed and not (slope.__class__ is int and slope == 0):
                    _add(adjoint, x, times(g, slope))
    return [adjoint.get(x) or constant(0.0) for x in points]


def _add(adjoint: dict[Value, Value], node: Value, g: Value) -> None:
    adjoint[node] = adjoint[node] + g if node in adjoint else g


def _below(ys: Iterable[Value], points: Iterable[Value]) -> list[Value]:
    """The inner nodes that depend on one of the points, each after its inputs."""
    reached = set(points)
    found = []
    for node in topological(ys)[1]:
        if any(x in reached for x in node._prev):
            reached.add(node)
            found.append(node)
    return found


def is_list(x: Any) -> bool:
    """Whether x is a list of things rather than one number."""
    return not isinstance(x, (Value, str)) and hasattr(x, "__iter__")


def listed(x: Any) -> list[Any]:
    """x as a list; one number is a list of one."""
    return list(x) if is_list(x) else [x]


def recorded(y: Any, xs: Any) -> tuple[Any, list[Value]]:
    """y as a recorded Value or a list of them, and the points xs as a list of Values."""
    points = listed(xs)
    if callable(y):
        points = [x if isinstance(x, Value) else Value(x) for x in points]
        with recording():
            y = y(*points)
    for x in points:
        if not isinstance(x, Value):
            raise TypeError(f"a gradient is taken with respect to Values of the graph, and {x!r} "
                            f"is not one: pass the Value that y was computed from, or a "
                            f"function as y")
    return [_output(v) for v in y] if is_list(y) else _output(y), points


def _output(y: Any) -> Value:
    made = lift(y)
    if not isinstance(made, Value):
        raise TypeError(f"an output is an array of shape {y.shape}: flatten it, y.ravel()")
    return made


def grad(y: Any, xs: Any) -> Any:
    """dy/dx for each of the xs, as Values that can be differentiated again."""
    out, points = recorded(y, xs)
    if not isinstance(out, Value):
        raise TypeError(f"grad differentiates one number, and got a list of {len(out)}: use "
                        f"jacobian for all of them, or their total")
    found = _pulled([out], points, [constant(1.0)])
    return found if is_list(xs) else found[0]


def value_and_grad(y: Any, xs: Any) -> tuple[Value, Any]:
    """y, and dy/dx for each of the xs."""
    out, points = recorded(y, xs)
    return out, grad(out, points if is_list(xs) else points[0])


def jvp(y: Any, xs: Any, tangents: Any) -> tuple[Any, Any]:
    """y, and its derivative along the tangents (one number per x), found in one forward sweep."""
    out, points = recorded(y, xs)
    along = listed(tangents)
    if len(along) != len(points):
        raise ValueError(f"jvp needs one tangent per input, and got {len(along)} for {len(points)}")
    tangent: dict[Value, Value] = dict(zip(points, map(lift, along)))
    for node in _below(listed(out), points):
        moving = [x in tangent for x in node._prev]
        parts = [times(tangent[x], s) for x, s, m in zip(node._prev, slopes(node, moving), moving)
                 if m and not (s.__class__ is int and s == 0)]
        if parts and node not in points:
            tangent[node] = parts[0] if len(parts) == 1 else total(parts)
    moved = [tangent.get(v) or constant(0.0) for v in listed(out)]
    return out, moved if is_list(out) else moved[0]


def jacobian(ys: Any, xs: Any) -> list[list[Value]]:
    """The matrix of dy_i/dx_j: one row per output, one column per input."""
    outs, points = recorded(ys, xs)
    return [grad(y, points) for y in listed(outs)]


def hessian(y: Any, xs: Any) -> list[list[Value]]:
    """The matrix of second derivatives of y."""
    out, points = recorded(y, xs)
    return jacobian(grad(out, points), points)


def hvp(y: Any, xs: Any, vector: Any) -> list[Value]:
    """The Hessian of y times a vector (one number per x), without forming the Hessian."""
    out, points = recorded(y, xs)
    return grad(dot(grad(out, points), listed(vector)), points)     # type: ignore[no-any-return]
