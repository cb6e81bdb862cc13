"""Names for the graphs that `grad` makes, so that a second derivative reads like a first.

`grad(y, x)` is a graph without labels. What it is the gradient of is known in three ways:

    derive(y, x, order=2)               it is said
    dy.label = "dy/dx" or "∂y/∂x"       it is said by the label
    derive(grad(y, x), x)               it shows, where the graph contains y: y's gradient by x has
                                        exactly this form; otherwise it is simply called g

Then the output is called g = ∂y/∂x, its derivative ∂²y/∂x², and those parts of it that need a name
are called what they are, such as ∂y/∂h. Start reading at `recognised`.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from engine import Value, grad, is_constant
from engine.graph import nodes
from engine.modes import recording

from .formulas import Formula, named, partial, tex
from .parts import Survey, family
from .reading import written_as

MOST_NODES = 200                            # of larger graphs only labelled outputs are tried
LABEL = re.compile("[∂d](.+)/[∂d](.+)")


class Known(NamedTuple):
    """What is known of an output: that it is the gradient of `of` by `by`, or nothing."""

    names: dict[Value, str]
    parts: dict[Value, str]
    of: str = ""
    by: str = ""

    def second(self, x: str) -> Formula | None:
        """The second derivative by x; None where the output is no gradient."""
        if not self.of:
            return None
        y = tex(self.of)
        if x == self.by:
            return Formula(f"∂²{self.of}/∂{x}²",
                           rf"\frac{{\partial^2 {y}}}{{\partial {{{tex(x)}}}^2}}")
        return Formula(f"∂²{self.of}/∂{x}∂{self.by}", rf"\frac{{\partial^2 {y}}}"
                       rf"{{\partial {tex(x)}\,\partial {tex(self.by)}}}")

    def said(self, plan: Any) -> list[tuple[Formula, tuple[Formula, ...]]]:
        """The equations that say so: g = ∂y/∂x = its formula."""
        if not self.of:
            return []
        return [(named(plan.names[plan.y]), (partial(self.of, self.by), plan.says(plan.y)))]


def free(choices: str, root: Value) -> str:
    """The first of some letters that is no label in the graph."""
    taken = {n.label for n in nodes([root])}
    return next((c for c in choices if c not in taken), choices[0] * 2)


def known(root: Value, of: Value, by: Value) -> Known:
    """What is known of `root`, the gradient of `of` by `by`."""
    output = of.label or free("yYf", root)
    names = {root: free("gGq", root)}
    if of is not root and not of.label:
        names[of] = output
    return Known(names, parts(root, of, output), output, by.label or "x")


def parts(root: Value, of: Value, output: str) -> dict[Value, str]:
    """The nodes of a gradient that are gradients by labelled nodes, with their names."""
    labelled = [n for n in nodes([of]) if n.label and n._prev and n is not of]
    table: dict[Any, int] = {}
    with recording():
        gradients = grad(of, labelled)
    shapes = keys(nodes([*gradients, root]), table)
    wanted = {shapes[g]: f"∂{output}/∂{n.label}" for g, n in zip(gradients, labelled)}
    return {n: wanted[shapes[n]] for n in nodes([root])
            if n is not root and n._prev and not n.label and shapes[n] in wanted}


def recognised(root: Value, found: Survey) -> Known:
    """What is known of an output: by its label, or as the gradient of one of its own nodes."""
    said = LABEL.fullmatch(root.label)
    if said:
        return Known({root: free("gGq", root)}, {}, *said.groups())
    if root.label or family(root, found) != "v":
        return Known({}, {})
    inner = [n for n in reversed(found.inner) if n is not root]
    if len(found.nodes) > MOST_NODES:
        inner = [n for n in inner if n.label]
    leaves = [n for n in found.nodes if not n._prev and not is_constant(n)]
    for of in sorted(inner[:MOST_NODES], key=lambda n: not n.label):
        for by in gradient_of(root, of, leaves):
            return known(root, of, by)
    made_by_grad = any(written_as(n) and n._rule.symbol == "·" for n in found.inner)
    return Known({root: free("gGq", root)} if made_by_grad else {}, {})


def gradient_of(root: Value, of: Value, leaves: list[Value]) -> Iterable[Value]:
    """The leaves by which the gradient of `of` has the form of `root`."""
    try:
        with recording():
            gradients = grad(of, leaves)
    except TypeError:                           # a node made by hand
        return
    shapes = keys(nodes([*gradients, root]), {})
    for leaf, g in zip(leaves, gradients):
        if shapes[g] == shapes[root] and g is not of:
            yield leaf


def keys(ordered: Iterable[Value], table: dict[Any, int]) -> dict[Value, int]:
    """A number for every node, the same for nodes that do the same to the same leaves."""
    found: dict[Value, int] = {}
    for node in ordered:
        key: Any = node.data if is_constant(node) and not node.label else node
        if node._prev:
            key = node._rule, tuple(found[i] for i in node._prev)
        found[node] = table.setdefault(key, len(table))
    return found
