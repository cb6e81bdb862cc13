"""The same programs without a compiler: numpy over the lanes, Python's numbers elsewhere.

`Plain` offers what the compiled library does, `step` and `value`, and runs the same texts of the
same rows on arrays; it is slower, and needs nothing but numpy.
"""

from typing import Any

import numpy as np

from .lanes import LaneSum, Template
from .memory import Memory
from .module import Module
from .trace import traced


class Plain:
    """Runs a module in numpy."""

    def __init__(self, module: Module, memory: Memory) -> None:
        self.graph, self.module, self.memory = module.graph, module, memory

    def value(self) -> float:
        """The loss alone."""
        with np.errstate(all="ignore"):
            self.forward()
        return self.read(self.graph.output)

    def step(self) -> float:
        """The loss; every gradient goes to its place in memory.g."""
        with np.errstate(all="ignore"):
            self.forward()
            self.backward()
        return self.read(self.graph.output)

    # ---- forward

    def forward(self) -> None:
        """The values of all nodes; `lanes` keeps those of the registers."""
        self.x: dict[int, Any] = {k: float(v) for k, v in self.graph.literal.items()}
        self.lanes: dict[int, Lanes] = {}
        for k in self.graph.order:
            rule = self.graph.rules[k]
            if isinstance(rule, LaneSum):
                self.lanes[k] = Lanes(self, rule.template)
                self.x[k] = self.lanes[k].forward()
            else:
                self.x[k] = float(rule.value([self.read(x) for x in self.graph.inputs[k]]))

    def read(self, k: int) -> float:
        """The value of a node or leaf."""
        if k not in self.x:
            self.x[k] = float(self.memory.s[self.module.layout.slot(k)])
        return self.x[k]        # type: ignore[no-any-return]

    # ---- backward

    def backward(self) -> None:
        """The gradients of all parameters."""
        self.adjoint: dict[int, Any] = {self.graph.output: 1.0}
        for k in reversed(self.graph.order):
            g = self.adjoint.get(k)
            if g is None or not self.graph.moving[k]:
                continue
            if k in self.lanes:
                self.lanes[k].backward(g)
                continue
            inputs = self.graph.inputs[k]
            slopes = self.graph.rules[k].slopes([self.read(x) for x in inputs], self.read(k))
            for x, slope in zip(inputs, slopes):
                self.add(x, g * slope)
        for k in self.graph.parameters:
            self.memory.g[self.module.layout.slot(k)] = self.adjoint.get(k, 0.0)

    def add(self, k: int, share: float) -> None:
        """Adds to the gradient of a node."""
        if self.graph.moving[k]:
            self.adjoint[k] = self.adjoint.get(k, 0.0) + share


class Lanes:
    """A lane sum in numpy: every register an array over the lanes."""

    def __init__(self, plain: Plain, template: Template) -> None:
        self.plain, self.template = plain, template
        self.leaves = [np.array([plain.read(k) for k in column]) for column in template.leaves]
        self.x: list[Any] = []

    def read(self, ref: tuple[str, int]) -> Any:
        """An array over the lanes; for what they share, one number in an array of its own."""
        kind, x = ref
        if kind == "s":
            return self.plain.read(x) if x in self.plain.graph.literal else np.array(
                [self.plain.read(x)])
        return self.x[x] if kind == "r" else self.leaves[x]

    def forward(self) -> float:
        """The sum of the template over its lanes."""
        for step in self.template.code:
            xs = [self.read(ref) for ref in step.inputs]
            value = traced(step.rule).value
            self.x.append(value(xs) if step.rule.row.variadic else value(*xs))
        return float(np.sum(self.x[-1] * np.ones(self.template.lanes)))

    def backward(self, g: float) -> None:
        """Hands the gradient of the sum on to registers, leaves and shared nodes."""
        adjoint: dict[Any, Any] = {("r", len(self.x) - 1): np.full(self.template.lanes, g)}
        for k in reversed(range(len(self.x))):
            out = adjoint.get(("r", k))
            if out is None:
                continue
            step = self.template.code[k]
            slopes = traced(step.rule).slopes([self.read(r) for r in step.inputs], self.x[k])
            for ref, slope in zip(step.inputs, slopes):
                if not (isinstance(slope, (int, float)) and slope == 0):
                    adjoint[ref] = adjoint.get(ref, 0.0) + out * slope
        for (kind, x), share in adjoint.items():
            if kind == "s":
                self.plain.add(x, float(np.sum(share)))
            elif kind == "l":
                for leaf, part in zip(self.template.leaves[x], share):
                    self.plain.add(leaf, float(part))
