"""Sums, dot products and softmaxes of lists of floats: exact to rounding, and never raising.

    total           the sum, rounded once: 1e20 + 1 - 1e20 is 1
    dot, partners   a sum of products, and what each of its terms is multiplied by
    logsumexp       log(exp(x1) + ... + exp(xn))
    shares, share   the softmax, of all and of the first
    log_share       the logarithm of that share

A softmax shifts by the largest element, with the rounding of each difference put back, and sums the
others apart from it, so that shares near 0 and 1 and their logarithms keep all their digits.
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from operator import mul
from typing import TypeVar

from .ieee import INF, NAN, product_error

T = TypeVar("T")


def total(xs: Iterable[float]) -> float:
    """The sum of xs, rounded once."""
    xs = list(xs)
    try:
        return math.fsum(xs)
    except OverflowError:                       # the partial sums, not necessarily the sum
        return math.fsum(x * 2.0**-64 for x in xs) * 2.0**64
    except ValueError:                          # inf - inf
        return NAN


def dot(terms: Sequence[float]) -> float:
    """w1 x1 + ... + wn xn + b for terms (w1, ..., wn, x1, ..., xn) and an optional last b."""
    n = len(terms) // 2
    ws, xs = terms[:n], terms[n:2 * n]
    products = [*map(mul, ws, xs), *terms[2 * n:]]
    s = total(products)
    size = sum(map(abs, products))
    if 16 * abs(s) >= size or not size < INF:
        return s                                # little cancelled: the roundings stay small
    s = total([*products, *map(product_error, ws, xs, products)])
    return s if s == s else _exact_dot(ws, xs, terms[2 * n:])


def _exact_dot(ws: Sequence[float], xs: Sequence[float], rest: Sequence[float]) -> float:
    """The dot product in fractions, for numbers so large that halving their digits overflows."""
    exact = sum(map(mul, map(Fraction, ws), map(Fraction, xs)), Fraction(0))
    return float(exact + sum(map(Fraction, rest)))


def partners(xs: Sequence[T]) -> list[T | float]:
    """What each term of a `dot` is multiplied by: the x of each w, the w of each x, 1 for b."""
    n = len(xs) // 2
    return [*xs[n:2 * n], *xs[:n], *[1] * (len(xs) % 2)]


def _exp_below(x: float, top: float) -> float:
    """exp(x - top) for x <= top, with the rounding of the difference put back."""
    d = x - top
    e = math.exp(d)
    return e + e * ((x - (d + top)) if e else 0.0)


def _tail(xs: Sequence[float]) -> tuple[float, float]:
    """The largest of xs, and the sum of exp(x - largest) over all the others."""
    i = max(range(len(xs)), key=xs.__getitem__)
    return xs[i], total(_exp_below(x, xs[i]) for k, x in enumerate(xs) if k != i)


def _beyond(xs: Sequence[float]) -> bool:
    """Whether a list has no finite largest element, or a nan."""
    return any(x != x for x in xs) or abs(max(xs)) == INF


def logsumexp(xs: Sequence[float]) -> float:
    """log(exp(x1) + ... + exp(xn))."""
    if _beyond(xs):
        return total([max(xs), *(0 * x for x in xs if x != x)])
    top, tail = _tail(xs)
    return top + math.log1p(tail)


def shares(xs: Sequence[float]) -> list[float]:
    """The softmax of xs: exp(xi) / (exp(x1) + ... + exp(xn))."""
    if _beyond(xs):
        return [NAN] * len(xs)
    top = max(xs)
    es = [_exp_below(x, top) for x in xs]
    s = total(es)
    return [e / s for e in es]


def share(xs: Sequence[float]) -> float:
    """The softmax of the first of xs among them all."""
    return shares(xs)[0]


def log_share(xs: Sequence[float]) -> float:
    """The logarithm of `share`."""
    if _beyond(xs):
        return NAN
    top, tail = _tail(xs)
    return (xs[0] - top) - math.log1p(tail)
