"""Sums put together: `b + w1 x1 + w2 x2 + ...`, written with + and *, becomes one row `dot`.

A chain of additions whose partial sums nobody else reads is one sum of many terms; a term that is
a product with a leaf joins a `dot`, all others a `total`. No new mathematics: both are rows.
"""

from collections.abc import Callable
from typing import Any

from ..rules import RULES
from .graph import Graph

ADD, MUL, DOT, TOTAL = (RULES[name] for name in ("add", "mul", "dot", "total"))
FEW = 3                                 # sums of fewer terms stay as they are


def gather_sums(graph: Graph) -> None:
    """Rewrites the sums of a graph in place."""
    uses = [0] * len(graph.values)
    for k in graph.order:
        for x in graph.inputs[k]:
            uses[x] += 1
    uses[graph.output] += 1
    absorbed: set[int] = set()
    for k in reversed(graph.order):
        if (graph.rules[k] is ADD or graph.rules[k] is TOTAL) and k not in absorbed:
            gather(graph, k, uses, absorbed)
    graph.reorder(absorbed)


def gather(graph: Graph, k: int, uses: list[int], absorbed: set[int]) -> None:
    """Makes one sum of node k, if it has many terms."""
    terms, inner = terms_of(graph, k, uses)
    if len(terms) < FEW:
        return
    zeros = {t for t in terms if graph.literal.get(t) == 0}
    absorbed.update(inner)
    factors, others = [], []
    for t in terms:
        if uses[t] == 1 and is_product(graph, t):
            absorbed.add(t)
            factors.append(graph.inputs[t])
        elif t not in zeros:
            others.append(t)
    ws, xs = [a for a, _ in factors], [b for _, b in factors]
    if sum(any(graph.inputs[x] for x in pair) for pair in factors) >= FEW:
        graph.written_out[k] = [t for t in terms if t not in zeros]
    if factors and len(others) <= 1:
        replace(graph, k, "dot", [*ws, *xs, *others])
    elif factors:
        replace(graph, k, "total", [graph.new("dot", [*ws, *xs], before=k), *others])
    else:
        replace(graph, k, "total", others)


def terms_of(graph: Graph, k: int, uses: list[int]) -> tuple[list[int], list[int]]:
    """The terms of a sum from left to right, and the partial sums that it takes over."""
    rules, inputs = graph.rules, graph.inputs
    terms, inner, todo = [], [], [*inputs[k]]
    while todo:
        x = todo.pop()
        if (rules[x] is ADD or rules[x] is TOTAL) and uses[x] == 1:
            inner.append(x)
            todo += inputs[x]
        else:
            terms.append(x)
    return terms[::-1], inner


def is_product(graph: Graph, t: int) -> bool:
    """Whether a term is a product with a leaf."""
    if graph.rules[t] is not MUL:
        return False
    a, b = graph.inputs[t]
    return not graph.inputs[a] or not graph.inputs[b]


def write_out(graph: Graph, k: int) -> Callable[[], None]:
    """Turns a dot back into a sum of products; returns what undoes it."""
    rule, inputs, terms = graph.rules[k], graph.inputs[k], graph.written_out[k]
    own = [x for x in inputs if graph.rules[x] is DOT and x not in terms]
    known = set(graph.order)
    products = [t for t in terms if graph.rules[t] is MUL and t not in known]

    def undo() -> None:
        graph.before[k] = own
        graph.reorder(set(products))
        graph.rules[k], graph.inputs[k] = rule, inputs

    graph.before[k] = products
    graph.reorder(set(own))
    replace(graph, k, "total", terms)
    return undo


def replace(graph: Graph, k: int, name: str, inputs: list[Any]) -> None:
    """Lets a node be made by another row."""
    graph.rules[k], graph.inputs[k] = RULES[name], tuple(inputs)
