"""A graph as a module of LLVM: its layout, its regions, and the functions `step` and `value`.

    step(s, g, t)       the loss; every gradient goes to its place in g
    value(s, g, t)      the loss alone
    repeat(s, g, t, n)  step, n times: what a loop costs that does nothing else
"""

from functools import cached_property
from typing import Any

import numpy as np

from .choose import Array
from .graph import Graph
from .jit import Library
from .lanes import LaneSum, find_lanes
from .layout import Layout
from .llvm import Writer, declarations
from .region import Region
from .rollcode import RollCode
from .rolls import Roll, find_rolls
from .scalars import Straight, early_gradients
from .sums import gather_sums
from .turns import turn_back

STRAIGHT = 400          # nodes; above this, what repeats is rolled up
MOST = 8000             # nodes; more are not compiled in straight lines beside lanes and loops
ALONE = 2000            # nodes; more are not where there are neither: see grouped.py
LONGEST = 1_000_000     # characters of straight lines beside lanes and loops
LONGEST_ALONE = 500_000     # where there are neither: some seconds of compiling
SMALL = 200             # nodes; below this a graph stays as it was recorded
ENTRIES = {"step": (float, *["ptr"] * 3), "value": (float, *["ptr"] * 3),
           "repeat": (float, *["ptr"] * 3, int)}
ARGUMENTS = "ptr noalias align 64 %s, ptr noalias align 64 %g, ptr noalias align 64 %t"

# after each round all numbers may have changed, for all that the compiler is told
REPEAT = f"""define double @repeat({ARGUMENTS}, i64 %times) {{
entry:
  br label %round
round:
  %k = phi i64 [ 0, %entry ], [ %k.next, %round ]
  %loss = call double @step(ptr %s, ptr %g, ptr %t)
  call void asm sideeffect "", "r,r,~{{memory}}"(ptr %s, ptr %g)
  %k.next = add i64 %k, 1
  %more = icmp ult i64 %k.next, %times
  br i1 %more, label %round, label %out
out:
  ret double %loss
}}"""


def with_lanes(graph: Graph) -> Graph:
    """The graph with lane sums in it, or at least small; else as it was recorded."""
    recorded = graph.copy()
    gather_sums(graph)
    turn_back(graph)
    find_lanes(graph)
    found = any(isinstance(graph.rules[k], LaneSum) for k in graph.order)
    return graph if found or len(graph) <= STRAIGHT < len(recorded) else recorded


def used(graph: Graph) -> Array:
    """How often each node is read, by the nodes in the rounds of rolls too."""
    order = [rule.nodes.ravel() if isinstance(rule := graph.rules[k], Roll) else [k]
             for k in graph.order]
    return np.bincount(graph.reads(np.concatenate(order))[1], minlength=len(graph.rules))


class Module:
    """Everything about a program but its data."""

    def __init__(self, graph: Graph, small: "int | None" = None,
                 rolls: bool = True) -> None:
        self.nodes = len(graph)
        if len(graph) >= (SMALL if small is None else small):
            graph = with_lanes(graph)
        self.graph = graph
        if len(graph) > STRAIGHT and rolls:
            find_rolls(graph, STRAIGHT)
        self.layout = Layout(graph)
        lanes = [k for k in graph.order if isinstance(graph.rules[k], LaneSum)]
        self.regions = {k: Region(graph, k, self.layout, f"region{i}")
                        for i, k in enumerate(lanes)}
        rolled = [k for k in graph.order if isinstance(graph.rules[k], Roll)]
        uses = used(graph) if rolled else np.empty(0)
        self.rolls = {k: RollCode(graph, k, self.layout, uses, f"roll{i}")
                      for i, k in enumerate(rolled)}
        self.layout.put_all(graph.parameters)
        for roll in self.rolls.values():
            self.layout.put_all(sorted(roll.touched()))
        for region in self.regions.values():
            for p in region.template.copied:
                self.layout.put_all(region.template.leaves[p])
        self.layout.put_all(k for k in graph.leaves if k in self.outside)
        self.layout.freeze()
        self.early = early_gradients(graph)
        self.tape = self.place_tapes()

    @cached_property
    def outside(self) -> set[int]:
        """What the nodes outside the regions read."""
        return {self.graph.output} | {x for k in self.graph.order if k not in self.regions
                                      for x in self.graph.inputs[k]
                                      if k not in self.rolls} | {
            x for k, roll in self.rolls.items()
            for x in (*roll.roll.shared(), *roll.roll.starts.values())}

    @cached_property
    def straight(self) -> tuple[set[tuple[str, int]], str, str]:
        """What the straight lines call, and the functions `step` and `value`."""
        early = self.early
        step, value = Writer(), Writer()
        straight = Straight(self.graph, self.layout, self.regions, self.rolls, early, step)
        if straight.touched:
            self.clear(step)
        loss = straight.forward()
        straight.backward()
        step.lines.append(f"  ret double {step.text(loss)}")
        alone = Straight(self.graph, self.layout, self.regions, self.rolls, early,
                         value).forward(alone=True)
        value.lines.append(f"  ret double {value.text(alone)}")
        return (step.needs | value.needs, step.function(f"define double @step({ARGUMENTS})"),
                value.function(f"define double @value({ARGUMENTS})"))

    @cached_property
    def text(self) -> str:
        """The module in LLVM's assembly language."""
        needs, *straight = self.straight
        parts = [text for k, region in self.regions.items()
                 for text in (*region.functions(k in self.early),
                              *region.wrappers(k in self.early))]
        parts += [table for roll in self.rolls.values() for table in roll.tables()]
        needs = needs.union(*(r.needs for r in self.regions.values()))
        return "\n\n".join([declarations(needs), *parts, *straight, REPEAT]) + "\n"

    def library(self, memory: Any) -> Library:
        """The compiled module, to run on this memory."""
        return Library(self.text, ENTRIES)

    def place_tapes(self) -> int:
        """Gives regions their tapes, those that run at once the same one; the size of all."""
        for region in self.regions.values():
            region.prepare()
        at = max([r.rows * r.tile for r in self.regions.values()], default=0)
        for k, region in self.regions.items():
            if k not in self.early:
                region.tape = at
                at += region.rows * region.tile * region.tiles
        for roll in self.rolls.values():
            roll.tape = at
            at += roll.rows
        return at

    def clear(self, w: Writer) -> None:
        """Sets to zero the gradients that regions and loops add to."""
        for area in (0, 2):
            if self.layout.sizes[area]:
                start = w.address("%g", self.layout.starts[area])
                w.lines.append(f"  call void @llvm.memset.p0.i64(ptr align 8 {start}, i8 0, "
                               f"i64 {8 * self.layout.sizes[area]}, i1 false)")
