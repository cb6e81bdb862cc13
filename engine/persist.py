"""Copying and pickling graphs of any depth without recursion.

`deepcopy` walks the graph in order and enters every node in the memo. `pickle` cannot be walked
that way, for it calls back per object: so a node that is asked first hands over a `Bundle`, an
iterator over the whole graph below it with inputs first, and while that runs, each node of it is
written plainly, its inputs being written already. Identity is kept in both: a node that several
outputs share is one node in the copy.
"""

import copy as copying
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from .graph import nodes
from .rules import CONSTANT, RULES, VARIABLE, Handmade

KINDS: dict[str, Any] = {**RULES, VARIABLE.name: VARIABLE, CONSTANT.name: CONSTANT}


class InBundles(threading.local):
    """The ids of the nodes that this thread is writing inside a bundle."""

    def __init__(self) -> None:
        self.ids: set[int] = set()


writing = InBundles()


def copy(node: Any) -> Any:
    """A new node with the same number, inputs, rule and extra attributes."""
    twin = object.__new__(type(node))
    twin.data, twin.grad, twin._prev, twin._rule = node.data, node.grad, node._prev, node._rule
    twin.__dict__.update(node.__dict__)
    return twin


def deepcopy(node: Any, memo: dict[int, Any]) -> Any:
    """A copy of the whole graph below `node`, which shares nothing with it."""
    for old in nodes((node,)):
        if id(old) not in memo:
            refuse_functions(old)
            twin = memo[id(old)] = copy(old)
            twin._prev = tuple(memo[id(x)] for x in old._prev)
            for name, extra in old.__dict__.items():
                setattr(twin, name, copying.deepcopy(extra, memo))
    return memo[id(node)]


def reduce(node: Any) -> tuple[Any, ...]:
    """What pickle needs to make `node` again."""
    if node._prev and id(node) not in writing.ids:
        return last, (Bundle(node),)
    refuse_functions(node)
    rule = node._rule if isinstance(node._rule, Handmade) else node._rule.name
    return remake, (type(node), node.data, node.grad, node._prev, rule, node.__dict__)


def remake(kind: type, data: float, grad: float, prev: tuple[Any, ...], rule: Any,
           extra: dict[str, Any]) -> Any:
    """A node from its pickled parts."""
    node: Any = object.__new__(kind)
    node.data, node.grad, node._prev, node._rule = data, grad, prev, KINDS.get(rule, rule)
    node.__dict__.update(extra)
    return node


def refuse_functions(node: Any) -> None:
    """Raises TypeError where `_backward` is a function, for that means the original nodes."""
    if isinstance(node._rule, Handmade) and node._rule.backward is not None:
        raise TypeError(f"the node {node._rule.symbol!r} cannot be copied, for its _backward is a "
                        f"function that refers to the original nodes: give local gradients as "
                        f"numbers instead")


class Bundle:
    """A graph on its way through pickle; of what arrives it keeps the last node."""

    def __init__(self, node: Any = None) -> None:
        self.node: Any = node
        self.marked: list[int] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return Bundle, (), None, self.each()

    def each(self) -> Iterator[Any]:
        """All nodes, inputs first, each marked as one that may be written plainly; then an End."""
        for node in nodes((self.node,)):
            if id(node) not in writing.ids:
                self.marked.append(id(node))
                writing.ids.add(id(node))
            yield node
        yield End(self)

    def unmark(self) -> None:
        """Takes the marks back."""
        writing.ids.difference_update(self.marked)
        self.marked = []

    __del__ = unmark                            # for a pickle that failed half-way

    def extend(self, arrived: Iterable[Any]) -> None:
        """Called by pickle with what it has read."""
        for x in arrived:
            self.append(x)

    def append(self, x: Any) -> None:
        """Called by pickle with what it has read."""
        self.node = x if x is not None else self.node


class End:
    """The last item of a bundle: pickle asks for it when all nodes before it are written."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def __reduce__(self) -> tuple[Any, ...]:
        self.bundle.unmark()
        return type(None), ()


def last(bundle: Bundle) -> Any:
    """The output of a bundled graph."""
    return bundle.node
