"""Paths: the graph of a loss after its backward pass, and which factors made a gradient what it is.

    print(path(loss, w))        the strongest way from the loss to w, factor by factor

    factor      d node / d input on one edge; what a path contributes is the product of its factors
    strongest   follows, from a node up to the loss, the edge that contributes most to its gradient

Everything is read from the nodes and from their operations' own slopes; nothing is written.
Start reading at `Graph.strongest`.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine import Value, computed, is_constant, local_gradients
from engine.calculus import slopes
from engine.graph import topological
from engine.ieee import chain

from .module import Module

SHOWN = 8                           # of a longer path the first factors, and the last three


class Factor(NamedTuple):
    """One edge of a path: d node / d input, what it is in the formula, and the product so far."""

    node: str
    input: str
    operation: str
    slope: float
    formula: str
    product: float

    def __str__(self) -> str:
        return (f"∂{self.node}/∂{self.input} = "
                f"{self.formula and f'{self.formula} = '}{self.slope:.6g}")


class Path(list[Factor]):
    """The factors from the loss to one node, in the order of the chain rule; `print` lists them."""

    def __str__(self) -> str:
        shown = [(i, f) for i, f in enumerate(self, 1)
                 if i <= SHOWN or i > len(self) - 3 or len(self) <= SHOWN + 4]
        width = max((len(str(f)) for _, f in shown), default=0)
        lines = [f"{i:>3}. {f!s:<{width}}   product {f.product:.6g}" for i, f in shown]
        if len(shown) < len(self):
            lines.insert(SHOWN, f"     … {len(self) - len(shown)} more factors")
        return "\n".join(lines)

    def by_operation(self) -> list[tuple[str, int, float]]:
        """What every operation contributes: (name, how many factors, product), least first."""
        products: defaultdict[str, float] = defaultdict(lambda: 1.0)
        for f in self:
            products[f.operation] *= f.slope
        counts = Counter(f.operation for f in self)
        return sorted(((o, counts[o], x) for o, x in products.items()), key=lambda row: abs(row[2]))


def path(loss: Value, node: Value, module: Module | None = None) -> Path:
    """The strongest path from the loss to a node, as factors whose product is its contribution."""
    graph = Graph(loss, module)
    if node not in graph.readers and node is not loss:
        raise ValueError(f"the loss does not depend on {node!r}: give a Value of its graph")
    return graph.strongest(node)


class Graph:
    """A graph after its backward pass: who reads a node, what a node is called."""

    def __init__(self, loss: Value, module: Module | None = None) -> None:
        if not isinstance(loss, Value):
            raise TypeError(f"diagnose reads the graph of one Value, and got {loss!r}: "
                            f"give it the loss")
        if not computed(loss):
            raise ValueError("no gradient was computed for this loss: call loss.backward() first")
        self.loss = loss
        self.leaves, self.inner = topological([loss])
        self.readers: defaultdict[Value, list[tuple[Value, int]]] = defaultdict(list)
        for node in self.inner:
            for i, x in enumerate(node._prev):
                self.readers[x].append((node, i))
        self.known: dict[Value, Sequence[float] | None] = {}
        variables = [x for x in self.leaves if not is_constant(x)]
        self.paths = {p: str(p.label) or f"leaf {i}" for i, p in enumerate(variables, 1)}
        self.owners: dict[Value, str] = {}
        if module is not None:
            self.paths = {p: name for name, p in module.named_parameters()}
            for name, p in reversed(Module.named_parameters(module)):   # Python paths, first wins
                self.owners[p] = name.rpartition(".")[0]

    def slopes(self, node: Value) -> "Sequence[float] | None":
        """The local gradients of a node, computed once."""
        if node not in self.known:
            self.known[node] = local_gradients(node)
        return self.known[node]

    def name(self, node: Value, deep: bool = True) -> str:
        """The label, a parameter's name, the owner of the parameters it combines, or a formula."""
        if node.label or node in self.paths:
            return self.paths.get(node) or str(node.label)
        if not node._prev:
            return f"{node.data:.4g}"
        owners = {self.owners.get(x, "") for x in node._prev} - {""}
        if len(owners) == 1:
            return owners.pop()
        if not deep:
            return "loss" if node is self.loss else node._rule.name
        inside = [self.name(x, deep=False) for x in node._prev[:3]]
        more = ", …" if len(node._prev) > 3 else ""
        return "loss" if node is self.loss else f"{node._rule.name}({', '.join(inside)}{more})"

    def contributions(self, node: Value) -> "list[tuple[Value, int, float, float]]":
        """What each reader hands to a node: (reader, which input, slope, gradient times slope)."""
        handed = []
        for reader, i in self.readers.get(node, ()):
            local = self.slopes(reader)
            if local is not None:
                handed.append((reader, i, local[i], chain(reader.grad, local[i])))
        return handed

    def gradient(self, node: Value) -> float:
        """d loss / d node from this graph alone, whatever its `grad` has accumulated before."""
        if any(self.slopes(reader) is None for reader, _ in self.readers.get(node, ())):
            return node.grad
        return math.fsum(c[3] for c in finite_first(self.contributions(node)))

    def strongest(self, node: Value) -> Path:
        """The path from the loss to the node along the edges that contribute most.

        Where all contribute zero it goes on along the largest slope, to the factor that is zero.
        """
        edges: list[tuple[Value, Value, int, float]] = []
        at = node
        while at is not self.loss:
            handed = self.contributions(at)
            if not handed:
                break
            reader, i, slope, _ = max(handed, key=lambda c: (abs(c[3]), abs(c[2])))
            edges.append((reader, at, i, slope))
            at = reader
        found, product = Path(), float(at.grad)
        for reader, x, i, slope in reversed(edges):
            product = chain(product, slope)
            found.append(Factor(self.name(reader), self.name(x), reader._rule.name, slope,
                                self.formula(reader, i), product))
        return found

    def zero(self, reader: Value, i: int, slope: float) -> str:
        """The first factor of zero on the way from input i of a node up to the loss, in words."""
        at = reader._prev[i]
        while slope:
            at = reader
            handed = self.contributions(at)
            if not handed or any(c[3] for c in handed):
                return f"the contributions to {self.name(at)} cancel each other or underflow"
            reader, i, slope, _ = max(handed, key=lambda c: abs(c[2]))
        factor = self.formula(reader, i)
        return f"{factor} is 0" if factor else f"∂{self.name(reader)}/∂{self.name(at)} is 0"

    def formula(self, node: Value, i: int) -> str:
        """The name of the input that a slope consists of, as in d (w x) / d x = w; else ''."""
        if not hasattr(node._rule, "row"):
            return ""
        wanted = [j == i for j in range(len(node._prev))]
        slope = slopes(node, wanted)[i]
        return self.name(slope) if any(slope is x for x in node._prev) else ""


def finite_first(handed: "list[tuple[Value, int, float, float]]") -> Any:
    """The contributions, or the first that is not finite alone: fsum refuses inf - inf."""
    bad = [c for c in handed if not math.isfinite(c[3])]
    return bad[:1] or handed
