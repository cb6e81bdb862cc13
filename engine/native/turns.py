"""Softmaxes that each look at another element become one row, which is told the element's place.

    -log_share(o7, o8, o9, o0, ... o6)          sample 0, of class 7
    -log_share(o2, o3, o4, o5, ... o1)          sample 1, of class 2
        ->  log_share_at(o0, o1, ... o9, 7)     and with 2 in its place: two lanes of one program

The rows `share` and `log_share` take the element in question first, so that samples of different
classes are different programs. Where some class is missing in a sample, as with labels, the list is
turned back to where it began, which its weights tell, and the place becomes a constant of the lane.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..rules import RULES
from .choose import call, compare, select
from .graph import Graph
from .listed import shares, softmax_of, total

DEPTH = 8               # nodes between an element of the list and its weights


class Share:
    """In place of a row: the softmax of one element of a list, or its logarithm; the place last."""

    row = SimpleNamespace(variadic=True)

    def __init__(self, name: str) -> None:
        self.name, self.logarithm = f"{name}_at", name == "log_share"

    def value(self, terms: Sequence[Any]) -> Any:
        """The value, from what is known of the terms: numbers, arrays or symbols."""
        *xs, place = terms
        if not self.logarithm:
            return at(shares(xs), place)
        made, _ = softmax_of(xs)
        return (at(xs, place) - made.top) - call("log1p", made.tail)

    def slopes(self, terms: Sequence[Any], z: Any) -> list[Any]:
        """The slopes; the place has none."""
        *xs, place = terms
        found = shares(xs)
        others = total([select(compare("==", place, float(k)), 0.0, s)
                        for k, s in enumerate(found)])
        slopes = [select(compare("==", place, float(k)), others, -s) for k, s in enumerate(found)]
        return [*(slopes if self.logarithm else [z * s for s in slopes]), 0.0]


def at(xs: Sequence[Any], place: Any) -> Any:
    """The element of a list at a place that is perhaps not known yet."""
    found = xs[0]
    for k, x in enumerate(xs[1:], 1):
        found = select(compare("==", place, float(k)), x, found)
    return found


SHARES = {id(RULES[name]): Share(name) for name in ("share", "log_share")}


def turn_back(graph: Graph) -> None:
    """Rewrites the softmaxes over lists of which not every turn is there, in place."""
    lists: dict[tuple[int, ...], list[int]] = {}
    for k in nodes_of(graph):
        lists.setdefault(tuple(sorted(graph.inputs[k])), []).append(k)
    starts = {k: start for xs, nodes in lists.items()
              if len({graph.inputs[k] for k in nodes}) < len(xs)
              for k in nodes if (start := beginning(graph, graph.inputs[k])) is not None}
    places = [-start % len(graph.inputs[k]) for k, start in starts.items()]
    if len(set(places)) < 2:
        return
    for (k, start), place in zip(starts.items(), graph.constants([*map(float, places)])):
        xs = graph.inputs[k]
        graph.replace(k, SHARES[id(graph.rules[k])], (*xs[start:], *xs[:start], place))
    graph.walk()


def nodes_of(graph: Graph) -> list[int]:
    """The softmaxes of a graph."""
    found = np.isin(graph.flat().rules[graph.sequence], [*SHARES])
    return graph.sequence[found].tolist()   # type: ignore[no-any-return]


def beginning(graph: Graph, xs: Sequence[int]) -> "int | None":
    """Where a turned list began: at the element whose weights come first; None if none does."""
    keys = [weight(graph, x) for x in xs]
    known = [key for key in keys if key is not None]
    return keys.index(min(known)) if len(set(known)) == len(xs) else None


def weight(graph: Graph, x: int) -> "int | None":
    """The last parameter that a node reads itself, or the nearest node below it that reads any."""
    for _ in range(DEPTH):
        inputs = graph.inputs[x] or (x,)
        own = [leaf for leaf in inputs if not graph.inputs[leaf] and graph.moving[leaf]]
        inner = [y for y in inputs if graph.inputs[y]]
        if own or not inner:
            return max(own, default=None)
        x = inner[0]
    return None
