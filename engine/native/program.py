"""Program: a recorded loss that replays as native code.

    program = compile(loss)
    program.value()                     the loss, with the numbers that the leaves hold now
    program.gradients()                 an array, one per parameter
    program.train(1000, optimizer)      the whole loop in native code

Values stay what they are: `backward()` adds to their gradients, `train` moves their numbers, and
`refresh()` brings the recorded graph up to date, for pictures and derivations. Without llvmlite
everything runs in numpy instead, and `program.gear` says so.
"""

import gc
import os
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..graph import nodes
from ..value import Value
from . import entry, jit, optimizers
from .careful import first_not_finite, gradients_eagerly, refresh
from .choose import Array
from .graph import Graph
from .grouped import module_of
from .memory import Memory
from .plain import Plain

SHORT = 100_000         # operations; a program of fewer keeps Python's lock: a millisecond


class Program:
    """A loss as a flat program; see the top of the file.

    loss: the recorded Value. parameters: the leaves that get gradients; all variables if None.
    small: below how many operations lanes are not looked for.
    """

    def __init__(self, loss: Value, parameters: "Sequence[Value] | None" = None, *,
                 small: "int | None" = None) -> None:
        if not isinstance(loss, Value):
            raise TypeError(f"compile takes a recorded Value or a function that returns one, and "
                            f"{loss!r} is of type {type(loss).__name__}: return the loss itself")
        self.loss, self.small = loss, small
        self.lock = threading.RLock()
        with no_collections():
            self.parameters = variables(loss) if parameters is None else list(parameters)
            optimizers.check_parameters(self.parameters)
            self._record()
            self._prepare()

    def _record(self) -> None:
        """Makes the flat program."""
        graph = Graph(self.loss, self.parameters)
        self.reached = [i for i, p in enumerate(self.parameters) if p in graph.numbers]
        self.module = module_of(graph, self.small)
        self.gear = "native" if jit.available() else "numpy"
        self.memory = Memory(self.module)

    def _prepare(self) -> None:
        """Compiles, or sets numpy up."""
        if self.gear == "native":
            memory = self.memory
            self.library = self.module.library(memory)
            self.pointers = tuple(a.ctypes.data for a in (memory.s, memory.g, memory.t))
            self._step: Callable[[], float] = lambda: self.library.step(*self.pointers)
            self._value: Callable[[], float] = lambda: self.library.value(*self.pointers)
        else:
            plain = Plain(self.module, self.memory)
            self._step, self._value = plain.step, plain.value

    # ---- one evaluation

    def value(self) -> float:
        """The loss, with the numbers that the leaves hold now."""
        return self._call("value", self._value_alone)       # type: ignore[no-any-return]

    def gradients(self) -> Array:
        """The gradient of the loss by each parameter, in their order; they are left as they are."""
        return self.value_and_gradients()[1]

    def value_and_gradients(self) -> tuple[float, Array]:
        """The loss, and its gradient by each parameter."""
        return self._call("value_and_gradients", self._both_alone)  # type: ignore[no-any-return]

    def _call(self, name: str, slowly: Callable[[], Any]) -> Any:
        """What a method gives, which from now on is a built-in function if the program is small."""
        if not self.direct:
            return slowly()
        call = self.__dict__[name] = entry.entry(name, self, slowly)
        return call()

    @property
    def direct(self) -> bool:
        """Whether Python may call the program as a built-in function."""
        return self.gear == "native" and self.size < SHORT and entry.available()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A context in which no other thread uses the program's memory."""
        with self.lock:
            self.memory.busy += 1
            try:
                yield
            finally:
                self.memory.busy -= 1

    def _value_alone(self) -> float:
        with self.alone():
            self.memory.pull()
            return self._value()

    def _both_alone(self) -> tuple[float, Array]:
        with self.alone():
            self.memory.pull()
            loss = self._step()
            found = self.memory.gradients()
            if np.isnan(found).any():
                self._carefully()
                found = self.memory.gradients()
            return loss, self._all(found)

    def _all(self, found: Array) -> Array:
        """Gradients of all parameters; those that the loss does not depend on have 0."""
        if len(self.reached) == len(self.parameters):
            return found
        every = np.zeros(len(self.parameters))
        every[self.reached] = found
        return every

    def backward(self, seed: float = 1.0) -> float:
        """Adds the gradients to those of the parameters, as loss.backward() does; the loss."""
        loss, found = self.value_and_gradients()
        for p, g in zip(self.parameters, found.tolist()):
            p.grad = p.grad + seed * g
        return loss

    def __call__(self) -> Value:
        """The loss as a new Value over the parameters, whose backward() hands the gradients on."""
        loss, found = self.value_and_gradients()
        return Value(loss, self.parameters, found.tolist())

    def repeat(self, times: int, *, pull: bool = True) -> float:
        """The loss, after computing it and all gradients so many times in one call (to measure).

        pull=False leaves the numbers in memory as they are, and does not read the leaves again.
        """
        with self.alone():
            if pull:
                self.memory.pull()
            if self.gear == "numpy":
                return [self._step() for _ in range(times)][-1]
            return float(self.library.repeat(*self.pointers, times))

    # ---- training

    def train(self, steps: int, optimizer: Any = None, *, lr: "float | None" = None,
              schedule: "Callable[[int], float] | None" = None) -> Array:
        """The losses of so many steps, all taken in native code; the parameters are then moved.

        optimizer: one of nn.optim over these parameters (its state is kept up to date), or None
        for plain descent with the rate `lr`; of any other optimizer, `step()` is called each time.
        schedule: a function of the step, from 0, that gives its rate.
        """
        with self.alone():
            self.memory.pull()
            return optimizers.train(self, steps, optimizer, lr, schedule)

    # ---- the recorded graph

    def _carefully(self) -> None:
        """All gradients in the eager engine, where an exact zero wins over inf and nan."""
        gradients_eagerly(self.loss, self.memory, self.module.graph)

    def refresh(self) -> None:
        """Computes every node of the recorded graph afresh, in the eager engine."""
        refresh(self.loss)

    def first_not_finite(self) -> str:
        """The first node that is nan or inf, with its operation and inputs; empty if none is."""
        return first_not_finite(self.loss)

    # ---- reading

    @property
    def size(self) -> int:
        """How many operations were recorded."""
        return self.module.nodes

    @property
    def lanes(self) -> list[int]:
        """How many lanes each loop over lanes has."""
        return [r.template.lanes for r in self.module.regions.values()]

    @property
    def bytes(self) -> int:
        """The memory for its numbers."""
        return self.memory.size

    @property
    def source(self) -> str:
        """The program in LLVM's assembly language, as it was compiled."""
        return self.module.text

    @property
    def instructions(self) -> str:
        """The program as a list of rows, one line for each; `x[7]` stands for all lanes of x."""
        from .listing import listing
        return listing(self.module)

    def __repr__(self) -> str:
        lanes = f", {' + '.join(map(str, self.lanes))} lanes" if self.lanes else ""
        return (f"<Program of {self.size} operations{lanes}, {len(self.parameters)} parameters, "
                f"{self.bytes / 1024:.0f} KiB, {self.gear}>")

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Writes the program to a file: its graph and parameters, with the numbers they have."""
        with open(path, "wb") as file:
            pickle.dump(self, file)

    @staticmethod
    def load(path: "str | os.PathLike[str]") -> "Program":
        """A program from such a file, over Values of its own; a file runs code, as pickle does."""
        with open(path, "rb") as file:
            found = pickle.load(file)
        if not isinstance(found, Program):
            raise ValueError(f"{os.fspath(path)!r} holds a {type(found).__name__} and no program: "
                             f"give a file that Program.save wrote")
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return Program, (self.loss, self.parameters)


@contextmanager
def no_collections() -> Iterator[None]:
    """A context without garbage collections, which would walk through all nodes again and again."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def variables(loss: Value) -> list[Value]:
    """All variables below a loss, as they are read from left to right."""
    return [node for node in reversed(nodes((loss,))) if node._rule.name == "variable"]
