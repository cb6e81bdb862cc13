"""What counts as a number: the inputs of a Value, the results it keeps, the zero in its `grad`."""

import numbers
from typing import Any

from .ieee import INF, NAN

EXACT = 2 ** 53                     # beyond this, results of whole numbers become floats


class Unset(int):
    """The zero that stands in `grad` before anything was computed."""

    def __reduce__(self) -> str:
        return "UNSET"


UNSET = Unset(0)
ZERO = 0.0


def real(x: Any) -> float:
    """x as a plain int or float; TypeError or ValueError where it is no real number."""
    if x.__class__ is float:
        return x
    if isinstance(x, numbers.Integral) and not isinstance(x, bool):
        if abs(int(x)) >= 2 ** 1023:
            raise ValueError(f"an int of {int(x).bit_length()} bits is too large for a float: use "
                             f"math.inf or a smaller number")
        return int(x)
    if isinstance(x, numbers.Real) and not isinstance(x, bool):
        return float(x)
    raise TypeError(refusal(x))


def refusal(x: Any) -> str:
    """One sentence that says why x is no number for a Value, and what to do."""
    kind = type(x).__name__
    fix = {
        "Value":    "it is a Value already: use it as it is, or .data for its number",
        "bool":     "write int(x) or engine.where(condition, a, b)",
        "bool_":    "write int(x) or engine.where(condition, a, b)",
        "str":      "write float(x)",
        "NoneType": "a function may have returned nothing",
        "complex":  "take .real or .imag",
        "ndarray":  "make one Value per element: np.array([Value(x) for x in a], dtype=object)",
    }.get(kind, "make it an int or a float")
    shown = repr(x) if len(repr(x)) <= 40 else repr(x)[:37] + "..."
    return f"a Value holds one real number, and {shown} is of type {kind}: {fix}"


def result(x: Any) -> float:
    """An operation's result as a plain number: small ints stay, a complex is nan, else a float."""
    if x.__class__ is int and -EXACT <= x <= EXACT:
        return x
    if x.__class__ is complex:
        return NAN
    try:
        return float(x)
    except OverflowError:           # a whole number beyond the largest float
        return INF if x > 0 else -INF
