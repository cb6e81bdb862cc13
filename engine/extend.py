"""Adding an operation while a program runs: a row, and everything else appears."""

import random
import sys
from collections.abc import Callable
from typing import Any

from .calculus import VALUES
from .check import culprits
from .floats import FLOATS
from .functions import NAMES, function
from .ops import Row
from .rules import RULES, Rule
from .value import Value, install

RESERVED = set("dgkz")          # z is the output, g its gradient


def add_operation(row: Row) -> Callable[..., Any]:
    """The public function of a new row, which is a method of Value as well.

    The row is checked against finite differences at points of its domain; a wrong slope raises
    ValueError that names it, and nothing is added.
    """
    if row.name in RULES or hasattr(Value, row.name) or not row.name.isidentifier():
        raise ValueError(f"{row.name!r} is no free name for an operation: choose another one")
    if RESERVED & set(row.inputs.split()):
        raise ValueError(f"the row {row.name!r} calls an input by one of the names "
                         f"{', '.join(sorted(RESERVED))}, which generated code uses: rename it")
    if row.variadic or not len(row.inputs.split()) == len(row.slopes) == len(row.domain):
        raise ValueError(f"the row {row.name!r} needs one slope and one interval for each of its "
                         f"inputs {row.inputs!r}; it has {len(row.slopes)} and {len(row.domain)}")
    rule = RULES[row.name] = Rule(row)
    install(rule)
    made = NAMES[row.name] = VALUES[row.name] = function(rule)
    setattr(sys.modules[__package__], row.name, made)
    try:
        wrong = culprits([made(*xs) for xs in samples(row)])
    except Exception as error:
        remove_operation(row.name)
        raise ValueError(f"the row {row.name!r} cannot be evaluated: {error}") from error
    if wrong:
        remove_operation(row.name)
        raise ValueError(wrong[0])
    return made


def samples(row: Row, count: int = 5) -> list[list[Value]]:
    """Points drawn from the domain of a row, the same at every call."""
    draw = random.Random(row.name)
    return [[Value(draw.uniform(*interval)) for interval in row.domain] for _ in range(count)]


def remove_operation(name: str) -> None:
    """Takes an operation that `add_operation` added out again."""
    rule = RULES.pop(name)
    for also in (name, *rule.row.also.split()):
        delattr(Value, also)
    del NAMES[name], VALUES[name], FLOATS[name]
    delattr(sys.modules[__package__], name)
