"""A graph as plain data that JSON can hold: nodes by number, in the order of reading.

    read(y, module, digits)     a Graph: the survey, the number of every node, the data
    node data                   name, kind, op, formula, inputs, value, grad, slopes as formulas

Numbers that JSON does not know, inf and nan, are texts. Nothing is written onto the nodes.
Start reading at `read`.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from engine import Value, computed, is_constant, local_gradients
from engine.graph import topological
from engine.rules import Handmade

from ..algebra import Algebra
from ..formulas import Writer
from ..parts import Survey, survey
from ..plan import with_layers
from ..reading import slope
from ..text import expression, number, operation

MANY = 1500                             # with more arrows their slopes are numbers only
LONG = 160                              # characters of a formula
OPEN, CLOSE = "\ue000", "\ue001"        # around a node's number in a formula, where its name stands


class Graph(NamedTuple):
    """A graph that was read: what its nodes are, their numbers, and all of it as data."""

    found: Survey
    number: dict[Value, int]
    data: dict[str, Any]


def read(y: Value, module: Any, digits: int) -> Graph:
    """The nodes below y as data; ValueError if y is a leaf, whose graph is empty."""
    if not y._prev:
        raise ValueError(f"{y!r} was computed from nothing, so there is nothing to explore: give "
                         f"the result of a computation, such as a loss")
    found = survey([y], module)
    found = found._replace(names=with_layers(found.names, found))
    place = {node: i for i, node in enumerate(found.nodes)}
    marked = {n: f"{OPEN}{place[n]}{CLOSE}" for n in found.names}
    writer, algebra = Writer(marked, digits), Algebra(found.nodes, marked)
    told = algebra if sum(len(n._prev) for n in found.inner) <= MANY else None
    nodes = [node_data(n, found, place, writer, told, digits) for n in found.nodes]
    back = [place[n] for n in reversed(topological([y])[1])]
    data = {"root": place[y], "digits": digits, "nodes": nodes, "back": back}
    return Graph(found, place, data)


def node_data(node: Value, found: Survey, place: dict[Value, int], writer: Writer,
              algebra: Algebra | None, digits: int) -> dict[str, Any]:
    """One node; what is empty is left out."""
    made = {"name": called(node, found, digits), "kind": found.kinds[node],
            "value": plain(node.data), "grad": plain(node.grad) if computed(node) else None,
            "fixed": is_constant(node) or None,
            "layer": found.places.get(node) if found.kinds[node] == "parameter" else None}
    if node._prev:
        made |= {"in": [place[x] for x in node._prev],
                 "formula": formula(node, found, writer.names, digits),
                 "op": operation(node), "symbol": node._op,
                 "slopes": slopes(node, writer, algebra),
                 "by": None if isinstance(node._rule, Handmade) else node._rule.name,
                 "given": given(node)}
    return {key: x for key, x in made.items() if x is not None}


def called(node: Value, found: Survey, digits: int) -> str:
    """The name of a node; an unnamed constant's is its number."""
    return found.names.get(node) or number(node.data, digits)


def formula(node: Value, found: Survey, marked: Mapping[Value, str], digits: int) -> str:
    """The formula of a node, its inputs as marked numbers; a long list is cut in its middle."""
    whole = expression(node, digits=digits, names=found.names, terms=8)
    terms = 8 if len(whole) <= LONG else 2
    return expression(node, digits=digits, names=marked, terms=terms)


def slopes(node: Value, writer: Writer, algebra: Algebra | None) -> list[str] | None:
    """The local derivatives as formulas; none of a node made by hand, or without an algebra."""
    if algebra is None or isinstance(node._rule, Handmade):
        return None
    return ["" if is_constant(x) else writer.formula(algebra.simplified(slope(node, i))).text
            for i, x in enumerate(node._prev)]


def given(node: Value) -> list[Any] | None:
    """The local derivatives that a node made by hand has as numbers; an empty list if it has none.

    Such a node has no formula, so its numbers stay as they were recorded.
    """
    if not isinstance(node._rule, Handmade):
        return None
    return [plain(s) for s in local_gradients(node) or ()]


def plain(x: float) -> Any:
    """A number as JSON knows it: inf and nan as texts."""
    return x if math.isfinite(x) else repr(float(x))
