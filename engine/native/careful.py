"""The recorded graph computed by the eager engine, where native code is not enough or not meant."""

from typing import Any

from ..graph import nodes
from ..scalars import UNSET
from ..value import Value


def refresh(loss: Value) -> None:
    """Computes every node of a recorded graph afresh."""
    for node in nodes((loss,)):
        if node._prev:
            node.data = node._rule.value([x.data for x in node._prev])


def first_not_finite(loss: Value) -> str:
    """The first node that is nan or inf, with its operation and inputs; empty if none is."""
    refresh(loss)
    for k, node in enumerate(nodes((loss,))):
        if node.data - node.data != 0:
            inputs = ", ".join(repr(x.data) for x in node._prev[:6])
            return f"slot {k}, {node.label or node._rule.name}({inputs}) = {node.data!r}"
    return ""


def gradients_eagerly(loss: Value, memory: Any, graph: Any) -> None:
    """Puts all gradients at the numbers in memory there; the leaves stay as they are."""
    leaves, slots = memory.every
    kept = [(leaf, leaf.data, leaf.grad) for leaf in leaves]
    try:
        for (leaf, _, _), x in zip(kept, memory.s[slots].tolist()):
            leaf.data, leaf.grad = x, UNSET
        refresh(loss)
        loss.backward()
        memory.g[memory.parameters] = [graph.values[k].grad for k in graph.parameters]
    finally:
        for leaf, x, g in kept:
            leaf.data, leaf.grad = x, g
