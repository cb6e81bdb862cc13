"""The numbers of a program: an array of values, one of gradients, and how Values get in and out."""

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..value import Value
from .choose import Array
from .module import Module


def aligned(n: int) -> Array:
    """n zeros that begin at a multiple of 64 bytes."""
    raw = np.zeros(n + 8)
    start = -(raw.ctypes.data // 8) % 8
    return raw[start:start + n]


class Memory:
    """Values and gradients as arrays, with the places of the leaves."""

    def __init__(self, module: Module) -> None:
        self.module, layout, graph = module, module.layout, module.graph
        self.s, self.g = aligned(layout.size + 8), aligned(layout.size + 8)
        self.t = aligned(module.tape + 8)
        self.busy = np.zeros(1, dtype=np.int64)         # how many calls have it for themselves
        placed = layout.place.areas[:len(graph.leaves)] >= 0
        leaves = np.flatnonzero(placed & ~graph.literal.known[:len(graph.leaves)])
        self.leaves = [graph.values[k] for k in leaves.tolist()]
        self.slots, self.parameters = layout.slots(leaves), layout.slots(graph.parameters)
        self.fills: list[tuple[int, int, int]] = []     # start, lanes that are there, lanes in all
        for region in module.regions.values():
            self.prepare(region)
        for roll in module.rolls.values():
            for p, block in roll.blocks.items():
                column = roll.roll.columns[p]
                if column[0] in graph.literal:
                    start = layout.start(block)
                    self.s[start:start + len(column)] = graph.literal.of(column)
        self.every = self.leaves, self.slots            # also those that are inputs
        n = len(self.parameters)
        inorder = n and np.array_equal(self.parameters, np.arange(n) + self.parameters[0])
        self.slice = self.g[self.parameters[0]:][:n] if inorder else None
        self.pull()

    def prepare(self, region: Any) -> None:
        """Puts the constants of a region in their rows."""
        layout, graph, template = self.module.layout, self.module.graph, region.template
        for p, block in region.blocks.items():
            start = layout.start(block)
            if p not in template.copied and template.lanes < region.padded:
                self.fills.append((start, template.lanes, region.padded))
            if template.leaves[p][0] in graph.literal:
                self.s[start:start + template.lanes] = graph.literal.of(template.leaves[p])

    def forget(self, inputs: set[int]) -> None:
        """Reads the Values with these ids no more: their numbers come from elsewhere."""
        kept = [i for i, leaf in enumerate(self.leaves) if id(leaf) not in inputs]
        self.every = self.leaves, self.slots
        self.leaves, self.slots = [self.leaves[i] for i in kept], self.slots[kept]

    def pull(self) -> None:
        """Reads the numbers of all leaves from their Values."""
        try:
            self.s[self.slots] = array("d", [leaf.data for leaf in self.leaves])
        except (TypeError, OverflowError):
            raise TypeError(no_number(self.leaves)) from None
        self.fill()

    def fill(self) -> None:
        """Gives the lanes that only fill up a vector the numbers of the first lane."""
        for start, there, padded in self.fills:
            self.s[start + there:start + padded] = self.s[start]

    def filled(self) -> list[tuple[int, int]]:
        """The same as pairs: a place, and the place that its number comes from."""
        return [(k, start) for start, there, padded in self.fills
                for k in range(start + there, start + padded)]

    def put(self, slots: Any, numbers: Any) -> None:
        """Sets some places, such as those of the inputs of a function."""
        self.s[slots] = numbers
        self.fill()

    def gradients(self) -> Array:
        """The gradients of the parameters, in their order."""
        return self.g[self.parameters] if self.slice is None else self.slice.copy()

    def push(self, parameters: Sequence[Value]) -> None:
        """Writes the numbers of the parameters to their Values."""
        for p, x in zip(parameters, self.s[self.parameters].tolist()):
            p.data = x

    @property
    def size(self) -> int:
        """Bytes in all."""
        return 8 * (len(self.s) + len(self.g) + len(self.t))


def no_number(leaves: Sequence[Value]) -> str:
    """Which leaf holds no number."""
    leaf = next(x for x in leaves if not is_number(x.data))
    return f"the leaf {leaf.label or 'of the program'} holds {leaf.data!r}: give its data a number"


def is_number(x: Any) -> bool:
    """Whether x is a number that a float can hold."""
    try:
        float(x)
        return isinstance(x, (int, float, np.number))
    except (TypeError, ValueError, OverflowError):
        return False
