"""Straight-line code: every node once forward, then once backward, around the loops of regions.

The order is that of the eager engine, node by node and sum by sum, so that the results of a graph
without regions and rolls are equal to the last bit wherever the operations are (see listed.py for
the one exception, sums over lists; in loops, a product and its sum are rounded once). Gradients are
multiplied out plainly; where that leads to a nan, the program computes them again in the eager
engine, in which an exact zero wins over inf and nan.

    Straight.forward()      all values; a region whose gradient is known beforehand runs both ways
    Straight.backward()     all gradients, outputs first
"""

from typing import Any

from .choose import Symbol
from .graph import Graph
from .lanes import LaneSum
from .layout import Layout
from .llvm import Writer
from .runs import Runs, runs_of
from .trace import traced


class Straight:
    """Writes the forward and the backward pass of a graph into a Writer."""

    def __init__(self, graph: Graph, layout: Layout, regions: dict[int, Any],
                 rolls: dict[int, Any], early: dict[int, float], writer: Writer) -> None:
        self.rolls = rolls
        self.graph, self.layout, self.writer, self.regions = graph, layout, writer, regions
        self.early = early
        self.value: dict[int, Any] = {}
        self.adjoint: dict[int, Any] = {}
        self.runs: dict[int, Runs] = {k: found for k in graph.order
                                      if (found := runs_of(graph, layout, k)) is not None}
        self.touched = {x for region in regions.values() for x in region.template.shared()}
        for region in regions.values():
            self.touched.update(k for p in region.template.copied
                                for k in region.template.leaves[p])
        for runs in self.runs.values():
            self.touched |= runs.nodes
        for roll in rolls.values():
            self.touched |= roll.touched()

    def read(self, k: int) -> Any:
        """The value of a node: computed before, a constant, or loaded from its slot."""
        if k not in self.value:
            literal = self.graph.literal.get(k)
            self.value[k] = (self.writer.load("%s", self.layout.slot(k)) if literal is None
                             else float(literal))
        return self.value[k]

    # ---- forward

    def forward(self, *, alone: bool = False) -> Any:
        """Writes all values, and returns the loss; alone, nothing is prepared for gradients."""
        for k in self.graph.order:
            if k in self.rolls:
                self.rolls[k].forward(self)
                continue
            self.value[k] = self.computed(k, alone)
            if k in self.layout.place:
                self.writer.store(self.value[k], "%s", self.layout.slot(k))
        return self.read(self.graph.output)

    def computed(self, k: int, alone: bool) -> Any:
        """The value of one node."""
        rule, w = self.graph.rules[k], self.writer
        if k in self.regions:
            name = "value" if alone else "both" if k in self.early else "forward"
            return self.regions[k].call(w, name, self.early.get(k, 0.0))
        if k in self.runs:
            return self.runs[k].value(w)
        xs = [self.read(x) for x in self.graph.inputs[k]]
        value = traced(rule).value
        return value(xs) if rule.row.variadic else value(*xs)

    # ---- backward

    def backward(self) -> None:
        """Writes all gradients, outputs first, and stores those of the parameters."""
        self.adjoint[self.graph.output] = 1.0
        for k in reversed(self.graph.order):
            if self.graph.moving[k]:
                if k in self.rolls:
                    self.rolls[k].backward(self)
                    continue
                g = self.gradient(k)
                if g is not None:
                    self.hand_on(k, g)
        for k in self.graph.parameters:
            if k in self.adjoint:
                self.writer.store(self.gradient(k), "%g", self.layout.slot(k))

    def gradient(self, k: int) -> Any:
        """The gradient of a node: what was found here, and what regions added in its place."""
        known = self.adjoint.get(k)
        if k not in self.touched:
            return known
        kept = self.writer.load_again("%g", self.layout.slot(k))
        return kept if known is None else known + kept

    def hand_on(self, k: int, g: Any) -> None:
        """Gives the inputs of a node their share of its gradient."""
        if k in self.regions:
            if k not in self.early:
                self.regions[k].call(self.writer, "backward", g)
        elif k in self.runs:
            self.runs[k].hand_on(self.writer, g, self.graph)
        else:
            self.hand_on_by_rule(k, g)

    def hand_on_by_rule(self, k: int, g: Any) -> None:
        """What the slopes of its row say."""
        inputs = self.graph.inputs[k]
        slopes = traced(self.graph.rules[k]).slopes([self.read(x) for x in inputs], self.read(k))
        for x, slope in zip(inputs, slopes):
            if self.graph.moving[x] and (isinstance(slope, Symbol) or slope != 0):
                self.add(x, g * slope)

    def add(self, x: int, share: Any) -> None:
        """Adds to the gradient of a node."""
        known = self.adjoint.get(x)
        self.adjoint[x] = share if known is None else known + share


def early_gradients(graph: Graph) -> dict[int, float]:
    """The gradients of lane sums that are numbers, whatever the values are."""
    if not any(isinstance(graph.rules[k], LaneSum) for k in graph.order):
        return {}
    unknown = Writer().load("%s", 0)
    found: dict[int, Any] = {graph.output: 1.0}
    for k in reversed(graph.order):
        rule, g = graph.rules[k], found.get(k)
        if g is not None and hasattr(rule, "row"):
            xs = [float(graph.literal[x]) if x in graph.literal else unknown
                  for x in graph.inputs[k]]
            plain = len(xs) <= 64 or rule.name == "total"
            slopes = traced(rule).slopes(xs, unknown) if plain else [unknown] * len(xs)
            for x, slope in zip(graph.inputs[k], slopes):
                found[x] = found.get(x, 0.0) + g * slope
    return {k: g for k, g in found.items()
            if isinstance(graph.rules[k], LaneSum) and isinstance(g, (int, float))}
