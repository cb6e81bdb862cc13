"""Adding an operation while a program runs: a row, and everything else appears."""

import keyword
import random
import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from .calculus import VALUES
from .check import check_gradients
from .floats import FLOATS
from .functions import NAMES, function
from .ops import Row
from .rules import RULES, Rule
from .value import Value, install

INPUT = re.compile("[a-z][a-z0-9]?")
RESERVED = set("dgkz")          # z is the output, g its gradient; d and k stand in generated code


def add_operation(row: Row) -> Callable[..., Any]:
    """The public function of a new row, which is a method of Value as well.

    At points of its domain the row is checked against finite differences, in the backward pass and
    as a graph. A row that is wrong or cannot be evaluated raises ValueError, and nothing is added.
    """
    check_names(row)
    check_shape(row)
    try:
        made = publish(row)
        for xs in samples(row):
            for order in (1, 2):
                report = check_gradients(partial(made, *xs), xs, order=order)
                if not report:
                    raise ArithmeticError("; ".join(report.culprits) or str(report))
    except ArithmeticError as error:
        withdraw(row)
        raise ValueError(str(error)) from None
    except Exception as error:
        withdraw(row)
        raise ValueError(f"the row {row.name!r} cannot be evaluated: {error}") from error
    return made


def check_names(row: Row) -> None:
    """Raises ValueError for a name that is no identifier, or that means something already."""
    for name in (row.name, *row.also.split()):
        taken = [place for place in (Value, sys.modules[__package__]) if hasattr(place, name)]
        if taken or name in FLOATS or keyword.iskeyword(name) or not name.isidentifier():
            raise ValueError(f"{name!r} is no free name for an operation: choose another one")


def check_shape(row: Row) -> None:
    """Raises ValueError for a row whose inputs, slopes and domain do not fit together."""
    inputs = row.inputs.split()
    for i in inputs:
        if i in RESERVED or not INPUT.fullmatch(i) or keyword.iskeyword(i):
            raise ValueError(f"the row {row.name!r} calls an input {i!r}: name inputs by one or "
                             f"two characters, but not {', '.join(sorted(RESERVED))}")
    if row.variadic or not len(inputs) == len(row.slopes) == len(row.domain):
        raise ValueError(f"the row {row.name!r} needs one slope and one interval for each of its "
                         f"inputs {row.inputs!r}; it has {len(row.slopes)} and {len(row.domain)}")


def publish(row: Row) -> Callable[..., Any]:
    """Compiles a row, and puts it where operations are looked up."""
    rule = RULES[row.name] = Rule(row)
    install(rule)
    made = function(rule)
    for name in (row.name, *row.also.split()):
        NAMES[name] = VALUES[name] = made
        setattr(sys.modules[__package__], name, made)
    return made


def remove_operation(name: str) -> None:
    """Takes out again an operation that `add_operation` added."""
    withdraw(RULES[name].row)


def withdraw(row: Row) -> None:
    """Takes out again whatever of a row was added."""
    RULES.pop(row.name, None)
    FLOATS.pop(row.name, None)
    for name in (row.name, *row.also.split()):
        NAMES.pop(name, None)
        VALUES.pop(name, None)
        for place in (Value, sys.modules[__package__]):
            if hasattr(place, name):
                delattr(place, name)


def samples(row: Row, count: int = 5) -> list[list[Value]]:
    """Points drawn from the domain of a row, the same at every call."""
    draw = random.Random(row.name)
    return [[Value(draw.uniform(*interval)) for interval in row.domain] for _ in range(count)]
