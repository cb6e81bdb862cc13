"""The backward pass: put the graph in order, start every gradient at zero, let each node hand on.

    start        the inner nodes in topological order, all gradients set to zero
    propagate    every node, outputs first, gives its inputs their share: `node._rule.pull`
    carefully    the same, minding 0 * inf; only when a gradient came out nan, and under anomaly()

Start reading at `backpropagate`, which `Value.backward` calls.
"""

from collections.abc import Sequence
from typing import Any

from .ieee import chain
from .modes import MODES, STRICT, check_gradients_of
from .rules import CONSTANT

ZERO = 0.0


def backpropagate(output: Any, seed: float) -> None:
    """Adds d output / d leaf times `seed` to the gradient of every leaf below `output`.

    If anything fails on the way, the leaves keep the gradients that they had.
    """
    leaves: list[Any] = []
    before: list[float] = []
    try:
        run(output, seed, leaves, before)
    except BaseException:
        for leaf, old in zip(leaves, before):
            leaf.grad = old
        raise
    for leaf, old in zip(leaves, before):
        if old:
            leaf.grad += old


def run(output: Any, seed: float, leaves: list[Any], before: list[float]) -> None:
    """Fills in all gradients below `output`, forgetting those that stood there.

    Where a leaf's gradient comes out nan the pass is run again, carefully; a user's own `_backward`
    then runs a second time, on fresh gradients.
    """
    inner = start(output, leaves, before)
    output.grad = seed
    if MODES and STRICT.get():
        return propagate_carefully(inner)
    propagate(inner)
    for leaf in leaves:
        if leaf.grad != leaf.grad:              # nan, perhaps of 0 * inf: once more, minding zeros
            start(output, [], [])
            output.grad = seed
            return propagate_carefully(inner)
    return None


def hand_on(node: Any) -> None:
    """Lets one node hand its gradient, as it is now, on to its inputs."""
    node._rule.pull(node, node.grad)


def start(output: Any, leaves: list[Any], before: list[float]) -> list[Any]:
    """The inner nodes in topological order, with every gradient below `output` set to zero.

    Fills `leaves` and the gradients they had `before`. This is the walk of `graph.topological`; the
    zeros themselves mark what was seen, two float objects of this call, which is three times as
    fast as a set and takes no memory.
    """
    opened, done = ZERO + 0.0, ZERO + 0.0       # two new objects
    inner: list[Any] = []
    todo = [output]
    while todo:
        node = todo.pop()
        grad = node.grad
        if grad is done:
            continue
        if grad is opened:                      # all of its inputs are done
            node.grad = done
            inner.append(node)
        elif node._prev:
            node.grad = opened
            todo.append(node)
            todo += node._prev
        elif node._rule is not CONSTANT:
            before.append(grad)
            leaves.append(node)
            node.grad = done
    return inner


def propagate(inner: list[Any]) -> None:
    """Lets every node, outputs first, hand its gradient on; a gradient of zero stops there."""
    for out in reversed(inner):
        g = out.grad
        if g:
            pull = out._rule.pull
            pull(out, g)


def propagate_carefully(inner: list[Any]) -> None:
    """The same, with an exact zero among the slopes winning over a gradient of inf or nan."""
    strict = bool(MODES) and STRICT.get()
    for out in reversed(inner):
        g = out.grad
        if g:
            pull_carefully(out, g)
            if strict:
                check_gradients_of(out, g)


def pull_carefully(out: Any, g: float) -> None:
    """What `out._rule.pull` does, but a slope of exactly zero wins over a g of inf or nan."""
    slopes = local_gradients(out)
    if slopes is None:
        out._rule.pull(out, g)
        return
    for x, slope in zip(out._prev, slopes):
        if x._rule is not CONSTANT:
            x.grad += chain(g, slope)


def local_gradients(node: Any) -> "Sequence[float] | None":
    """d node / d input for each input, as numbers; None where `_backward` is a user's function."""
    return node._rule.slopes([x.data for x in node._prev], node.data)   # type: ignore[no-any-return]
