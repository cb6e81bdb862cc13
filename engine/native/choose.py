"""The primitives of straight texts, on symbols, arrays and numbers: choices, tests, functions.

    select both either opposite compare     branches as values
    div power abs                           arithmetic that Python would raise on
    exp log tanh ...                        the functions of `math` that ieee.py makes total

A symbol writes an instruction through its writer; an array is numpy's; a number is ieee.py's.
"""

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from .. import ieee

Array = np.ndarray[Any, np.dtype[Any]]


class Symbol:
    """A number that is known when the generated code runs: a name in that code."""

    __slots__ = ("writer", "name", "test")

    def __init__(self, writer: Any, name: str, test: bool = False) -> None:
        self.writer, self.name, self.test = writer, name, test

    def __add__(self, other: Any) -> Any:
        return self.writer.binary("fadd", self, other)

    def __radd__(self, other: Any) -> Any:
        return self.writer.binary("fadd", other, self)

    def __sub__(self, other: Any) -> Any:
        return self.writer.binary("fsub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.writer.binary("fsub", other, self)

    def __mul__(self, other: Any) -> Any:
        return self.writer.binary("fmul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.writer.binary("fmul", other, self)

    def __neg__(self) -> Any:
        return self.writer.negative(self)


def writer_of(*xs: Any) -> Any:
    """The writer of the first symbol among xs; None if there is none."""
    return next((x.writer for x in xs if isinstance(x, Symbol)), None)


def is_array(*xs: Any) -> bool:
    """Whether one of xs is an array."""
    return any(isinstance(x, (np.ndarray, np.generic)) for x in xs)


def truth(c: Any) -> Any:
    """A condition as a test: a number is true unless it is 0, as in Python."""
    if isinstance(c, Symbol):
        return c if c.test else c.writer.compare("!=", c, 0.0)
    return c != 0 if is_array(c) else bool(c)


def select(c: Any, x: Any, y: Any) -> Any:
    """x where c is true, else y."""
    c = truth(c)
    if isinstance(c, Symbol):
        return c.writer.select(c, x, y)
    return np.where(c, x, y) if is_array(c) else x if c else y


def both(*tests: Any) -> Any:
    """Whether all tests hold."""
    return reduce(lambda a, b: logical("and", a, b), map(truth, tests))


def either(*tests: Any) -> Any:
    """Whether one of the tests holds."""
    return reduce(lambda a, b: logical("or", a, b), map(truth, tests))


def logical(word: str, a: Any, b: Any) -> Any:
    """The test `a and b`, or `a or b`."""
    writer = writer_of(a, b)
    if writer is None:
        return a & b if word == "and" else a | b
    if not isinstance(a, Symbol) or not isinstance(b, Symbol):
        known, other = (b, a) if isinstance(a, Symbol) else (a, b)
        return other if known == (word == "and") else known
    return writer.logical(word, a, b)


def opposite(c: Any) -> Any:
    """The test that holds where c does not."""
    c = truth(c)
    return c.writer.opposite(c) if isinstance(c, Symbol) else ~c if is_array(c) else not c


def compare(sign: str, x: Any, y: Any) -> Any:
    """The test `x < y`, or with another sign."""
    writer = writer_of(x, y)
    if writer:
        return writer.compare(sign, x, y)
    return {"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y, "==": x == y, "!=": x != y}[sign]


def div(x: Any, y: Any) -> Any:
    """x / y after IEEE 754."""
    writer = writer_of(x, y)
    if writer:
        return writer.binary("fdiv", x, y)
    return np.divide(x, y) if is_array(x, y) else ieee.div(x, y)


def power(x: Any, y: Any) -> Any:
    """x ** y as C's pow has it; -1, 2, 3 and 4 in products, which round at most twice."""
    if not isinstance(x, (Symbol, np.ndarray)) and not isinstance(y, (Symbol, np.ndarray)):
        return ieee.power(x, y)
    if isinstance(y, (int, float)) and y in POWERS:
        return POWERS[y](x)
    return call("pow", x, y)


POWERS: dict[float, Callable[[Any], Any]] = {
    -2: lambda x: div(1.0, x * x), -1: lambda x: div(1.0, x), 0: lambda x: 1.0, 1: lambda x: x,
    2: lambda x: x * x, 3: lambda x: x * x * x, 4: lambda x: (x * x) * (x * x)}


def call(name: str, *xs: Any) -> Any:
    """A function of C's mathematics, on anything."""
    writer = writer_of(*xs)
    if writer:
        return writer.call(name, *xs)
    if is_array(*xs):
        return ARRAYS[name](*xs)
    return NUMBERS[name](*xs)


ONE = [
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan",
    "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "abs"]
TWO = ["atan2", "hypot", "pow"]

NUMBERS: dict[str, Callable[..., Any]] = {name: getattr(ieee, name) for name in ONE + TWO
                                          if hasattr(ieee, name)} | {"abs": abs, "pow": ieee.power}


def each(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of numbers as one of arrays."""
    wrapped = np.frompyfunc(f, f.__code__.co_argcount if hasattr(f, "__code__") else 1, 1)
    return lambda *xs: wrapped(*xs).astype(float)


OF_NUMPY = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh",
            "acosh": "arccosh", "atanh": "arctanh", "atan2": "arctan2", "pow": "float_power"}
ARRAYS: dict[str, Callable[..., Any]] = {
    name: each(NUMBERS[name]) if name in ("erf", "erfc") else getattr(np, OF_NUMPY.get(name, name))
    for name in ONE + TWO}


def primitive(name: str) -> Callable[..., Any]:
    """The function `name` of straight texts."""
    def function(*xs: Any) -> Any:
        return call(name, *xs)
    return function


NAMES: dict[str, Any] = {
    "select": select, "both": both, "either": either, "opposite": opposite, "compare": compare,
    "div": div, "power": power, "copysign": math.copysign,
    **{name: primitive(name) for name in [*ONE, "atan2", "hypot"]}}
