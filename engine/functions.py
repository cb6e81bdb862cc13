"""The operations as functions: `exp(x)`, `maximum(x, y)`, `where(c, x, y)`, and those over lists.

Every row of ops.py appears here by name (and by its other names). A call with numbers only returns
a number; a call with a Value among its arguments returns a Value. The functions over lists are
written below; like the rest they make scalar nodes, so their graphs draw and derive like any other.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .rules import RULES, Rule, define
from .scalars import real, result
from .value import Value, condition, lift, make


def function(rule: Rule) -> Callable[..., Any]:
    """The public function of a row."""
    any_value = " or ".join(f"isinstance({i}, Value)" for i in rule.inputs)
    first, *others = rule.inputs
    text = (f"def {rule.name}({rule.signature(rule.inputs)}):\n"
            + "    c = condition(c)\n" * (first == "c")
            + f"    if {any_value}: return method({', '.join([f'lift({first})', *others])})\n"
            + f"    return result(value({', '.join(f'real({i})' for i in rule.inputs)}))\n")
    made = define(f"function {rule.name}", text, {
        "Value": Value, "lift": lift, "real": real, "condition": condition, "result": result,
        "method": rule.method, "value": rule.function})
    made.__doc__ = f"{rule.row.forward}, of numbers or Values; see the row {rule.name!r} of ops.py."
    return made


def several(name: str, values: Any) -> list[Any]:
    """The arguments of a function over a list, as a list; TypeError for a single number."""
    if isinstance(values, (Value, str)) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} takes a list of numbers, and got {values!r}: write {name}([a, b])")
    return list(values)


def over_list(name: str, inputs: Sequence[Any]) -> Any:
    """The row `name` over a list: a number if all are numbers, else a Value."""
    if not inputs:
        raise ValueError(f"{name} of an empty list is not defined: give it at least one number")
    for x in inputs:
        if isinstance(x, Value):
            return make(RULES[name], inputs)
    return RULES[name].function([real(x) for x in inputs])


def total(values: Iterable[Any]) -> Any:
    """The sum of a list, rounded once; 0.0 for an empty one."""
    terms = several("total", values)
    return over_list("total", terms) if terms else 0.0


def dot(ws: Iterable[Any], xs: Iterable[Any], start: Any = None) -> Any:
    """w1 x1 + ... + wn xn (+ start) as one node, exact to rounding; the lists are equally long."""
    ws, xs = several("dot", ws), several("dot", xs)
    if len(ws) != len(xs):
        raise ValueError(f"dot needs two lists of one length, and these have {len(ws)} and "
                         f"{len(xs)} elements")
    return over_list("dot", [*ws, *xs] if start is None else [*ws, *xs, start]) if ws else (
        0.0 if start is None else start)


def logsumexp(values: Iterable[Any]) -> Any:
    """log(exp(v1) + ... + exp(vn)), without overflow."""
    return over_list("logsumexp", several("logsumexp", values))


def softmax(values: Iterable[Any]) -> list[Any]:
    """The list of exp(vi) / (exp(v1) + ... + exp(vn)), without overflow."""
    return [over_list("share", xs) for xs in _each_first(values)]


def log_softmax(values: Iterable[Any]) -> list[Any]:
    """The logarithms of `softmax`, exact also where the softmax itself is 0 or 1 to rounding."""
    return [over_list("log_share", xs) for xs in _each_first(values)]


def _each_first(values: Iterable[Any]) -> list[list[Any]]:
    """For every element the list turned until it comes first; all turns of a list are the same."""
    xs = several("softmax", values)
    return [xs[i:] + xs[:i] for i in range(len(xs))]


NAMES: dict[str, Callable[..., Any]] = {}
for _rule in RULES.values():
    if not _rule.row.variadic:
        _made = function(_rule)
        for _name in (_rule.name, *_rule.row.also.split()):
            if not _name.startswith("__"):
                NAMES[_name] = _made
globals().update(NAMES)

if TYPE_CHECKING:
    def __getattr__(name: str) -> Any: ...
