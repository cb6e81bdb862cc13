"""Sums and softmaxes over lists of symbols or arrays: what lists.py does, without branches.

A sum is rounded as it goes, from left to right, and its products may be fused with it; the eager
engine rounds such a sum once. This is the one place where native results differ by more than the
order of additions: where terms cancel, in the digits that they lose. Softmaxes shift by the largest
element and sum the others apart from it, as in lists.py.
"""

from collections.abc import Sequence
from typing import Any

from ..ieee import INF
from .choose import Symbol, both, call, compare, div, select, writer_of


def total(xs: Sequence[Any]) -> Any:
    """The sum of xs, from left to right."""
    s: Any = xs[0] if xs else 0.0
    for x in xs[1:]:
        s = s + x
    return s


def dot(terms: Sequence[Any]) -> Any:
    """w1 x1 + ... + wn xn + b, products and sums fused."""
    n = len(terms) // 2
    s: Any = terms[-1] if len(terms) % 2 else None
    for w, x in zip(terms[:n], terms[n:2 * n]):
        s = w * x if s is None else fused(w, x, s)
    return s


def fused(w: Any, x: Any, s: Any) -> Any:
    """w * x + s, rounded once where the machine can."""
    writer = writer_of(w, x, s)
    return writer.fused(w, x, s) if writer else w * x + s


class Softmax:
    """What all softmax functions of one list share: exp(x - largest), and sums of it."""

    def __init__(self, xs: Sequence[Any]) -> None:
        from .trace import functions
        below = functions()["exp_below"]
        self.top = xs[0]
        for x in xs[1:]:
            self.top = select(compare(">", x, self.top), x, self.top)
        self.es = [below(x, self.top) for x in xs]
        self.tail = self._others(xs)
        self.sum = 1.0 + self.tail

    def _others(self, xs: Sequence[Any]) -> Any:
        """The sum of exp(x - largest) over all but the first largest; nan if that is infinite."""
        tail = self.top - self.top
        seen: Any = None
        for x, e in zip(xs, self.es):
            at_top = compare("==", x, self.top)
            first = at_top if seen is None else both(at_top, compare("==", seen, 0.0))
            tail = tail + select(first, 0.0, e)
            seen = select(at_top, 1.0, 0.0 if seen is None else seen)
        return tail


def softmax_of(xs: Sequence[Any]) -> tuple[Softmax, int]:
    """The softmax of a list, made once for all of its turns, and where the list begins in it."""
    writer = writer_of(*xs)
    if writer is None or not all(isinstance(x, Symbol) for x in xs):
        return Softmax(xs), 0
    names = [x.name for x in xs]
    start = names.index(min(names))
    turned = [*xs[start:], *xs[:start]]
    key = ("softmax", *(x.name for x in turned))
    if key not in writer.known:
        writer.known[key] = Softmax(turned)
    return writer.known[key], (len(xs) - start) % len(xs)


def shares(xs: Sequence[Any]) -> list[Any]:
    """The softmax of xs."""
    made, start = softmax_of(xs)
    es = [*made.es[start:], *made.es[:start]]
    return [div(e, made.sum) for e in es]


def share(xs: Sequence[Any]) -> Any:
    """The softmax of the first of xs among them all."""
    return shares(xs)[0]


def log_share(xs: Sequence[Any]) -> Any:
    """The logarithm of `share`."""
    made, _ = softmax_of(xs)
    return (xs[0] - made.top) - call("log1p", made.tail)


def logsumexp(xs: Sequence[Any]) -> Any:
    """log(exp(x1) + ... + exp(xn))."""
    made, _ = softmax_of(xs)
    sure = made.top + call("log1p", made.tail)
    beyond = compare("==", call("abs", made.top), INF)
    return select(beyond, made.top + 0.0 * total_of_nans(xs), sure)


def total_of_nans(xs: Sequence[Any]) -> Any:
    """nan if one of xs is nan, else 0."""
    return total([select(compare("==", x, x), 0.0, x) for x in xs])


EXACT = {"total", "dot", "shares", "share", "log_share", "logsumexp"}
