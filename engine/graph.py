"""The order of a graph. This file knows that a node has inputs, `node._prev`, and nothing else."""

from collections.abc import Iterable
from typing import Any


def topological(outputs: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """The leaves of a graph, and its inner nodes with each one after all of its inputs.

    Both lists hold every node once, in the order of a depth-first walk from the outputs; they are
    the same in every process. Nothing recurses, so a graph may be of any depth.
    """
    leaves: list[Any] = []
    inner: list[Any] = []
    seen: set[Any] = set()
    todo = list(outputs)
    pop, push = todo.pop, todo.append
    while todo:
        node = pop()
        if node is None:                    # all inputs of the node below are done
            inner.append(pop())
        elif node not in seen:
            seen.add(node)
            if inputs := node._prev:
                push(node)
                push(None)
                todo += inputs
            else:
                leaves.append(node)
    return leaves, inner


def nodes(outputs: Iterable[Any]) -> list[Any]:
    """All nodes of a graph, each after all of its inputs."""
    leaves, inner = topological(outputs)
    return leaves + inner
