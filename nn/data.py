"""Samples for training: two lists of the same length, checked before any work starts.

    data      (X, Y), or a list of pairs (x, y); arrays are read row by row
    x         a number or a list of numbers
    y         a number, a list of numbers, or the index of a class: what the loss takes
"""

import math
import numbers
import random
from collections.abc import Callable, Iterator
from typing import Any

from engine import Value, no_grad

from .losses import is_list
from .structure import width

Loss = Callable[[Any, Any], Any]


def samples(data: Any) -> tuple[list[Any], list[Any]]:
    """The inputs and the targets, as plain lists; ValueError names the first that is no good."""
    xs, ys = apart(data)
    if len(xs) != len(ys):
        raise ValueError(f"there are {len(xs)} inputs and {len(ys)} targets: "
                         f"give one target per input")
    if not xs:
        raise ValueError("the data are empty: give at least one pair of input and target")
    for i, (x, y) in enumerate(zip(xs, ys)):
        check_numbers(x, f"the input of sample {i}")
        check_numbers(y, f"the target of sample {i}")
    return xs, ys


def apart(data: Any) -> tuple[list[Any], list[Any]]:
    """Inputs and targets of a tuple (X, Y) or of a list of pairs."""
    if isinstance(data, tuple) and len(data) == 2:
        if not all(is_list(part) for part in data):
            raise ValueError(f"data=({shown(data[0])}, {shown(data[1])}) are not two lists: write "
                             f"([x], [y]) for a single sample")
        return plain(data[0]), plain(data[1])
    if not hasattr(data, "__iter__") or isinstance(data, (str, dict)):
        raise TypeError(f"data={shown(data)} of type {type(data).__name__} are no samples: "
                        f"give (X, Y) or a list of pairs (x, y)")
    pairs = list(data)
    for i, pair in enumerate(pairs):
        if not is_list(pair) or len(pair) != 2:
            raise ValueError(f"sample {i} is {shown(pair)} and not a pair (x, y): "
                             f"give a list of pairs, or a tuple (X, Y)")
    return [plain(x) for x, _ in pairs], [plain(y) for _, y in pairs]


def plain(x: Any) -> Any:
    """Arrays as lists, to any depth, and numpy's numbers as Python's."""
    if hasattr(x, "tolist"):
        x = x.tolist()
    return [plain(inside) for inside in x] if is_list(x) and not isinstance(x, str) else x


def check_numbers(x: Any, what: str) -> None:
    """ValueError or TypeError unless x, or everything in it, is a finite number."""
    if isinstance(x, list):
        if not x:
            raise ValueError(f"{what} is empty: give at least one number")
        for i, part in enumerate(x):
            check_numbers(part, f"{what.removesuffix(']')}, {i}]" if what.endswith("]")
                          else f"{what}[{i}]")
        return
    number = x.data if isinstance(x, Value) else x
    if not isinstance(number, numbers.Real) or isinstance(number, bool):
        raise TypeError(f"{what} is {shown(x)} of type {type(x).__name__} and no number: "
                        f"convert it with float(...), or remove the sample")
    if not math.isfinite(number):
        raise ValueError(f"{what} is {number!r}: put a finite number there, or remove the sample")


def shown(x: Any) -> str:
    """repr(x), shortened."""
    text = " ".join(repr(x).split())
    return text if len(text) <= 40 else text[:37] + "..."


def check_fit(model: Any, xs: list[Any], ys: list[Any], loss: Loss) -> None:
    """ValueError where an input has the wrong width, or the loss refuses a target."""
    need = width(model) or length(xs[0])
    for i, x in enumerate(xs):
        if length(x) != need:
            whose = "the model takes" if width(model) else "sample 0 has"
            raise ValueError(f"sample {i} has {length(x)} inputs, but {whose} {need}: "
                             f"give every sample as many")
    with no_grad():
        check_targets(model(xs[0]), ys, loss)


def check_targets(output: Any, ys: list[Any], loss: Loss) -> None:
    """The loss of one output with every target in turn; ValueError names the refused one."""
    for i, y in enumerate(ys):
        try:
            value = loss(*batch([output], [y]))
        except ValueError as error:
            said = str(error)
            raise ValueError(f"sample {i} {said[9:]}" if said.startswith("sample 0 ")
                             else f"sample {i}: {said}") from None
    if not isinstance(value, Value):
        raise TypeError(f"the loss returned {shown(value)} of type {type(value).__name__} and no "
                        f"Value: return one Value for the whole batch")


def length(x: Any) -> int:
    """How many numbers an input has."""
    return len(x) if isinstance(x, list) else 1


def batch(outputs: list[Any], ys: list[Any]) -> tuple[list[Any], list[Any]]:
    """Outputs and targets as the losses take a batch: a list of outputs for every sample."""
    outs = [list(o) if is_list(o) else [o] for o in outputs]
    return outs, [[y] if len(o) == 1 and not is_list(y) else y for o, y in zip(outs, ys)]


def batches(n: int, size: "int | None", shuffle: bool, order: "random.Random | None",
            ) -> Iterator[list[int]]:
    """The indices of n samples in batches; one batch holds all, in order, if size is None."""
    indices = list(range(n))
    size = size or n
    if shuffle and size < n:
        (order or random).shuffle(indices)
    return (indices[i:i + size] for i in range(0, n, size))
