"""Recordings of a function: a program, the places of its inputs, and the guard of its branches.

    Recording       one recording; `holds` says whether its comparisons come out as they were noted
    Inputs          where the numbers of the inputs go
    shape_of        which recording serves an input; plain_list, is_whole: how it is handed over
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..functions import NAMES, total
from ..modes import noting, recording
from ..value import Value
from .choose import Array
from .program import Program, no_collections, variables


class Recording:
    """One recording of a function: a program, where its inputs stand, and its guard."""

    def __init__(self, function: Callable[..., Any], parameters: "Sequence[Value] | None",
                 inputs: Sequence[Any], asis: Sequence[bool], small: "int | None") -> None:
        self.placeholders: list[Value] = []
        given = [x if plain else self.placed(x) for x, plain in zip(inputs, asis)]
        with recording(), no_collections(), noting() as notes:
            loss = function(*given)
        if parameters is None and isinstance(loss, Value):
            known = {id(v) for v in self.placeholders}
            parameters = [v for v in variables(loss) if id(v) not in known]
        self.program = Program(loss, parameters, small=small)
        self.inputs = Inputs(self.program, self.placeholders)
        violated = [v for note in notes if (v := violation(*note)) is not None]
        self.guard = Program(total(violated), []) if violated else None
        self.guarded = Inputs(self.guard, self.placeholders) if self.guard else None
        self.direct = (self.program.direct and not self.guard and not any(asis)
                       and not any(isinstance(x, list) for x in given))

    def placed(self, x: Any) -> Any:
        """An input with a Value in place of every number."""
        if isinstance(x, (list, tuple, np.ndarray)):
            return [self.placed(inside) for inside in x]
        self.placeholders.append(Value(x))
        return self.placeholders[-1]

    def check(self, batches: Any, k: int) -> None:
        """Puts the inputs of step k in place; RuntimeError if a comparison comes out otherwise."""
        self.program.memory.push(self.program.parameters)
        if not self.holds(batches[k]):
            raise RuntimeError(f"at step {k} a comparison of Values comes out otherwise than it "
                               f"was recorded: write the branch with engine.where, or train in "
                               f"fewer steps at a time")
        self.inputs.put(batches[k])

    def holds(self, numbers: Array) -> bool:
        """Whether every comparison comes out as it was noted."""
        if self.guard is None or self.guarded is None:
            return True
        with self.guard.alone():
            self.guard.memory.pull()
            self.guarded.put(numbers)
            return self.guard._value() == 0.0


class Inputs:
    """The places of a function's inputs in the memory of a program."""

    def __init__(self, program: Program, placeholders: list[Value]) -> None:
        graph, layout = program.module.graph, program.module.layout
        found = [(i, layout.slot(graph.numbers[v])) for i, v in enumerate(placeholders)
                 if v in graph.numbers and graph.numbers[v] in layout.place]
        self.memory, self.count = program.memory, len(placeholders)
        self.which = np.array([i for i, _ in found], dtype=np.int64)
        self.slots = np.array([slot for _, slot in found], dtype=np.int64)
        own = {id(v) for v in placeholders}
        self.memory.forget(own)

    def places(self) -> Array:
        """Where the number of each input goes; those that nothing reads, to the end."""
        found = np.full(self.count, len(self.memory.s) - 1)
        found[self.which] = self.slots
        return found

    def put(self, numbers: Array) -> None:
        """Sets the inputs to flat numbers."""
        self.memory.put(self.slots, numbers[self.which])


def violation(sign: str, x: Value, y: Value, outcome: bool) -> "Value | None":
    """A Value that is 0 as long as a comparison comes out as it did; None if it always does."""
    if not (x._prev or y._prev) and x._rule.name == y._rule.name == "constant":
        return None
    above, step = NAMES["above"], NAMES["step"]
    room = 0.75 if (sign == "<") == outcome else 0.25
    larger, smaller = (y, x) if outcome else (x, y)
    return 1.0 - step(above(larger, smaller) - room)       # type: ignore[no-any-return]


def plain_list(x: Any) -> Any:
    """An input as nested lists of plain numbers."""
    return np.asarray(x).tolist() if isinstance(x, (list, tuple, np.ndarray)) else x


def shape_of(i: int, x: Any) -> tuple[int, ...]:
    """The shape of an input; TypeError or ValueError if it is no array of numbers."""
    try:
        array = np.asarray(x)
        if array.dtype.kind in "iuf":
            return array.shape
        found = f"of type {type(x).__name__}" if array.ndim == 0 else f"an array of {array.dtype}"
    except ValueError:
        found = "a list whose rows have different lengths"
    raise TypeError(f"input {i} is {found}: give a number, or an array of numbers")


def is_whole(x: Any) -> bool:
    """Whether an input consists of whole numbers."""
    return bool((np.mod(np.asarray(x, dtype=float), 1) == 0).all())
