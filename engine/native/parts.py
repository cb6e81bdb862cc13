"""Lists of any length in generated code: what listed.py does, as loops over the rest of a list.

A long list is written down as a few parts: `[x1, rest]`, or of a dot `[ws, xs]` or `[ws, xs, b]`.
A `Rest` stands for all of its elements at once, as "x" does in "f(x) for x in xs": the same texts
of the same rows run on it, and only the functions that put a list together, below, make loops.

    by_parts(rule)      the value and the slopes of a row over such lists
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from ..ieee import INF
from ..lists import partners
from ..rules import Rule, define
from . import listed
from .choose import Symbol, both, call, compare, div, select
from .trace import Names, Traced, functions, straight


class Rest(Symbol):
    """Some neighbours in a list: how many they are, and how the one at an index is made."""

    __slots__ = ("count", "at")

    def __init__(self, writer: Any, count: str, at: Callable[[str], Any]) -> None:
        super().__init__(writer, "")
        self.count, self.at = count, at

    def each(self, f: Callable[[Any], Any]) -> "Rest":
        """What a function makes of every element."""
        return Rest(self.writer, self.count, lambda i: f(self.at(i)))

    def __neg__(self) -> "Rest":
        return self.each(lambda x: -x)

    def __mul__(self, other: Any) -> "Rest":
        return self.each(lambda x: x * other)

    def __rmul__(self, other: Any) -> "Rest":
        return self.each(lambda x: other * x)

    def folded(self, f: Callable[[Any, Any, str], Any], start: Any) -> Any:
        """The last of s = f(s, element, index), from a start on."""
        w, place = self.writer, self.writer.variable(start)
        with w.loop(self.count) as i:
            w.store(f(w.load_again(place, 0), self.at(i), i), place, 0)
        return w.load_again(place, 0)


def total(xs: Sequence[Any]) -> Any:
    """The sum of xs, from left to right."""
    s: Any = -0.0                       # which changes no number, and not the sign of a zero
    for x in xs:
        s = x.folded(lambda s, one, _: s + one, s) if isinstance(x, Rest) else s + x
    return s


def dot(parts: Sequence[Any]) -> Any:
    """w1 x1 + ... + wn xn + b, products and sums fused."""
    ws, xs, *b = parts
    return ws.folded(lambda s, w, i: listed.fused(w, xs.at(i), s), *(b or [-0.0]))


class Softmax:
    """The largest element of [x1, rest], and the sum of exp(x - largest) over all others."""

    def __init__(self, first: Any, rest: Rest) -> None:
        self.first = first
        self.top = top = rest.folded(lambda s, x, _: select(compare(">", x, s), x, s), first)
        below = functions()["exp_below"]
        self.e, self.es = below(first, top), rest.each(lambda x: below(x, top))
        at_top, w = compare("==", first, top), rest.writer
        seen = w.variable(select(at_top, 1.0, 0.0))

        def added(s: Any, e: Any, i: str) -> Any:
            """The sum so far; the first element that is the largest does not count."""
            here, before = compare("==", rest.at(i), top), w.load_again(seen, 0)
            w.store(select(here, 1.0, before), seen, 0)
            return s + select(both(here, compare("==", before, 0.0)), 0.0, e)

        self.tail = self.es.folded(added, (top - top) + select(at_top, 0.0, self.e))
        self.sum = 1.0 + self.tail


def softmax_of(xs: Sequence[Any]) -> Softmax:
    """The softmax of a list, made once."""
    first, rest = xs
    known = rest.writer.known
    if "softmax" not in known:
        known["softmax"] = Softmax(first, rest)
    return known["softmax"]         # type: ignore[no-any-return]


def shares(xs: Sequence[Any]) -> list[Any]:
    """The softmax of xs."""
    made = softmax_of(xs)
    return [div(made.e, made.sum), made.es.each(lambda e: div(e, made.sum))]


def share(xs: Sequence[Any]) -> Any:
    """The softmax of the first of xs among them all."""
    return shares(xs)[0]


def log_share(xs: Sequence[Any]) -> Any:
    """The logarithm of `share`."""
    made = softmax_of(xs)
    return (made.first - made.top) - call("log1p", made.tail)


def logsumexp(xs: Sequence[Any]) -> Any:
    """log(exp(x1) + ... + exp(xn))."""
    made = softmax_of(xs)
    beyond = compare("==", call("abs", made.top), INF)
    first, rest = (x.each(nan_or_0) if isinstance(x, Rest) else nan_or_0(x) for x in xs)
    sure = made.top + call("log1p", made.tail)
    return select(beyond, made.top + 0.0 * total([first, rest]), sure)


def nan_or_0(x: Any) -> Any:
    """nan for nan, else 0."""
    return select(compare("==", x, x), 0.0, x)


NAMES = {f.__name__: f for f in (total, dot, shares, share, log_share, logsumexp)}


@cache
def by_parts(rule: Rule) -> Traced:
    """The value and the slopes of a row over a list in parts."""
    texts = {"value": f"def value(xs):\n    return {rule.row.forward}\n",
             "slopes": f"def slopes(xs, z):\n    return {rule.row.slopes[0]}\n"}
    names = Names(functions() | NAMES | {"partners": partners})
    return Traced(*(define(f"parts {name} {rule.name}", text, names.fill(text))
                    for name, text in ((n, straight(t)) for n, t in texts.items())))
