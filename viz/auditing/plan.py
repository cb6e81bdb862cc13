"""What an exercise asks: the numbers of a graph by readable names, its formulas, and their order.

A node without a label that only one formula uses is written out within that formula, as a person
would, and not asked for. Start reading at `planned`.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from engine import Value, is_constant

from ..parts import LOSS, Survey
from ..text import expression, number
from .naming import readable_names

MOST = 2000                         # names in a sheet; more is no exercise
LONG = 8                            # operations written in one formula


class Plan(NamedTuple):
    """What goes into a sheet, by name and in order."""

    given: dict[str, Value]
    parameters: dict[str, Value]
    formulas: dict[str, str]            # the loss last
    reads: dict[str, list[str]]         # the names in each formula
    depth: dict[str, int]               # how many formulas stand one behind the other below each

    @property
    def loss(self) -> str:
        """The name of the loss."""
        return [*self.formulas][-1]

    @property
    def moving(self) -> list[str]:
        """The formulas whose number depends on a parameter."""
        moving = set(self.parameters)
        for name, reads in self.reads.items():
            if not moving.isdisjoint(reads):
                moving.add(name)
        return [name for name in self.formulas if name in moving]


def planned(found: Survey, module: Any) -> Plan:
    """The leaves and formulas of a graph under readable names."""
    names = readable_names(found, module)
    shown = {n: names[n] for n in names if not n._prev} | {n: names[n] for n in written_out(found)}
    if len(shown) > MOST:
        raise ValueError(f"this graph has {len(shown):,} numbers to write down, and a sheet of "
                         f"more than {MOST:,} is no exercise: take a smaller network, or fewer "
                         f"samples")
    check_finite(shown)
    moved = {n for n in shown if not n._prev and not is_constant(n)}
    if module is not None:
        moved &= set(module.parameters())
    depth = depths(shown)
    formulas = sorted([n for n in shown if n._prev], key=depth.__getitem__)
    leaves = dict.fromkeys(x for n in formulas for x in read_by(n, shown) if not x._prev)
    parameters = [p for p in (module.parameters() if module is not None else leaves) if p in moved]
    digits = enough_digits(found)
    return Plan({shown[n]: n for n in leaves if n not in moved},
                {shown[n]: n for n in parameters},
                {shown[n]: formula(n, shown, digits) for n in formulas},
                {shown[n]: [shown[x] for x in read_by(n, shown)] for n in formulas},
                {shown[n]: depth[n] for n in formulas})


def written_out(found: Survey) -> list[Value]:
    """The operations that have a formula of their own; the others are written within these."""
    readers: dict[Value, int] = {}
    for node in found.inner:
        for x in node._prev:
            readers[x] = readers.get(x, 0) + 1
    size: dict[Value, int] = {}
    own = []
    for node in found.inner:
        size[node] = 1 + sum(size.get(x, 0) for x in node._prev)
        placed = 0 <= found.places.get(node, LOSS) < LOSS
        if node.label or placed or readers.get(node, 0) != 1 or size[node] > LONG:
            own.append(node)
            size[node] = 0
    return own


def formula(node: Value, shown: Mapping[Value, str], digits: int) -> str:
    """The formula of a node in terms of the names shown."""
    return expression(node, depth=LONG, digits=digits, names=shown).replace("·", "*")


def read_by(node: Value, shown: Mapping[Value, str]) -> list[Value]:
    """The named nodes in the formula of a node."""
    found: dict[Value, None] = {}
    todo = list(reversed(node._prev))
    while todo:
        x = todo.pop()
        if x in shown:
            found[x] = None
        else:
            todo += reversed(x._prev)
    return list(found)


def depths(shown: Mapping[Value, str]) -> dict[Value, int]:
    """How deep the named nodes stand: a leaf at 0, the others one above what they read."""
    depth: dict[Value, int] = {}
    for node in shown:
        below = [depth[x] for x in read_by(node, shown)]
        depth[node] = max(below, default=0) + 1 if node._prev else 0
    return depth


def enough_digits(found: Survey) -> int:
    """How many digits it takes to write all unnamed constants exactly."""
    constants = [n.data for n in found.nodes if not n._prev and n not in found.names]
    return next((d for d in range(4, 17) if all(float(number(c, d)) == c for c in constants)), 17)


def check_finite(shown: Mapping[Value, str]) -> None:
    """Refuses a graph with an infinite number, or one that is none."""
    for node, name in shown.items():
        if not math.isfinite(node.data):
            raise ValueError(f"{name} is {node.data}, which nobody can compute with by hand: "
                             f"choose other numbers")


# ---- the order

def steps(plan: Plan) -> dict[str, list[str]]:
    """What is asked for, by the titles of the steps."""
    forward, backward = list(plan.formulas), gradients_asked(plan)
    if not plan.parameters:
        return {"Forward": forward}
    return {"Forward": forward,
            "Backward": [f"∂{plan.loss}/∂{name}" for name in backward],
            "Update": [f"{name}'" for name in plan.parameters],
            "Forward with the updated parameters": [f"{name}'" for name in plan.moving]}


def gradients_asked(plan: Plan) -> list[str]:
    """The names whose gradients are asked for: from the loss back, each node, then what it reads.

    A parameter that several formulas read stands with the one whose turn comes last.
    """
    backward = sorted(plan.reads, key=lambda name: -plan.depth[name])
    last = {p: name for name in backward for p in plan.reads[name]}
    moving, asked = set(plan.moving), list[str]()
    for name in backward:
        asked += [name] * (name in moving and name != plan.loss)
        asked += [p for p in plan.reads[name] if p in plan.parameters and last[p] == name]
    return asked
