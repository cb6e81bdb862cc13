"""Function: a function of numbers that is recorded when it must be, and runs as native code.

    step = compile(loss_function, parameters=model.parameters(), inputs=(X, y))
    step(X, y)                              a Value, whose backward() hands gradients on
    step.train(1000, optimizer, X, y, batch_size=32)

An input is a number, or an array or nested list of numbers; the function is called with Values in
their place. One recording serves all inputs of one shape. Two things make a new recording: another
shape, and a comparison of Values that comes out otherwise (which the function may have branched on;
numbers read by `.data` cannot be watched). Inputs of whole numbers that the function refuses as
Values, such as labels, are given to it as they are, and then other numbers are another recording.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..value import Value
from . import optimizers
from .batches import Gathered, batch_order, batch_rows, batches_of, flat
from .choose import Array
from .entry import entry
from .program import Program
from .recordings import Recording, is_whole, plain_list, shape_of

MOST = 64               # recordings that are kept


class Function:
    """A function of numbers that runs as native code; see the top of the file."""

    def __init__(self, function: Callable[..., Any], parameters: "Iterable[Value] | None" = None,
                 inputs: "Sequence[Any] | None" = None) -> None:
        self.function = function
        self.parameters = None if parameters is None else list(parameters)
        optimizers.check_parameters(self.parameters or [])
        self.recordings: dict[Any, list[Recording]] = {}
        self.asis: dict[Any, list[bool]] = {}
        if inputs is not None:
            self.program(*inputs)

    # ---- recordings

    def program(self, *inputs: Any) -> Program:
        """The program that serves these inputs, recorded now if there is none yet."""
        return self._recording(inputs)[0].program

    def _recording(self, inputs: Sequence[Any],
                   small: "int | None" = None) -> tuple[Recording, Array]:
        """The recording that serves some inputs, and their numbers, flat."""
        shapes = tuple(shape_of(i, x) for i, x in enumerate(inputs))
        refused: Exception | None = None
        for asis in self._ways(shapes, inputs):
            numbers = flat([x for x, plain in zip(inputs, asis) if not plain])
            key = small, shapes, tuple(tuple(np.ravel(x).tolist()) for x, plain in zip(inputs, asis)
                                       if plain)
            for made in self.recordings.get(key, ()):
                if made.holds(numbers):
                    return made, numbers
            try:
                made = self._record(key, inputs, asis, small)
            except (TypeError, ValueError) as refusal:
                refused = refused or refusal
            else:
                self.asis[shapes] = asis
                return made, numbers
        assert refused
        raise refused

    def _ways(self, shapes: Any, inputs: Sequence[Any]) -> "Iterator[list[bool]]":
        """Which inputs to give as they are: what was right before, none, one, or all whole ones."""
        known = self.asis.get(shapes)
        whole = [is_whole(x) for x in inputs]
        single = [[k == i for k in range(len(inputs))] for i, w in enumerate(whole) if w][::-1]
        tried: list[list[bool]] = []
        for way in ([known] if known else []) + [[False] * len(inputs), *single, whole]:
            if way not in tried:
                tried.append(way)
                yield way

    def _record(self, key: Any, inputs: Sequence[Any], asis: Sequence[bool],
                small: "int | None") -> Recording:
        """A new recording; the oldest goes when there are too many."""
        made = Recording(self.function, self.parameters,
                         [plain_list(x) for x in inputs], asis, small)
        self.recordings.setdefault(key, []).insert(0, made)
        while sum(map(len, self.recordings.values())) > MOST:
            first = next(iter(self.recordings))
            self.recordings[first].pop()
            if not self.recordings[first]:
                del self.recordings[first]
        return made

    # ---- one evaluation

    def value(self, *inputs: Any) -> float:
        """The loss for some inputs."""
        return self._call("value", inputs)      # type: ignore[no-any-return]

    def gradients(self, *inputs: Any) -> Array:
        """The gradient of the loss by each parameter."""
        return self.value_and_gradients(*inputs)[1]

    def value_and_gradients(self, *inputs: Any) -> tuple[float, Array]:
        """The loss for some inputs, and its gradient by each parameter."""
        return self._call("value_and_gradients", inputs)        # type: ignore[no-any-return]

    def _call(self, name: str, inputs: Sequence[Any]) -> Any:
        """What a method of the program gives for some inputs.

        If they are floats and nothing is guarded, it is from now on a built-in function.
        """
        made, numbers = self._recording(inputs)
        program = made.program
        if made.direct and set(map(type, inputs)) == {float}:
            slowly = partial(getattr(Function, name), self)
            self.__dict__[name] = entry(name, program, slowly, made.inputs.places())
        with program.alone() if made.direct else program.lock:
            made.inputs.put(numbers)
            return getattr(program, name)()

    def __call__(self, *inputs: Any) -> Value:
        """The loss as a Value over the parameters, whose backward() hands the gradients on."""
        loss, found = self.value_and_gradients(*inputs)
        parameters = (self._recording(inputs)[0].program.parameters if self.parameters is None
                      else self.parameters)
        return Value(loss, parameters, found.tolist())

    # ---- training

    def train(self, steps: int, optimizer: Any, *inputs: Any, lr: "float | None" = None,
              schedule: "Callable[[int], float] | None" = None, batch_size: "int | None" = None,
              shuffle: bool = True, seed: "int | None" = None) -> Array:
        """The losses of so many steps, taken in native code; the parameters are then moved.

        inputs: arrays with one row per sample. batch_size: that many rows a step, in another order
        each time round (a last batch that is too small is left out); all rows if None.
        """
        if batch_size is None:
            return self._train_on_all(steps, optimizer, inputs, lr, schedule)
        data = [np.asarray(x, dtype=float) for x in inputs]
        order = batch_order(batch_rows(data, batch_size), batch_size, steps, shuffle, seed)
        return self._train_in_batches(steps, optimizer, data, order, lr, schedule)

    def _train_on_all(self, steps: int, optimizer: Any, inputs: Sequence[Any], lr: "float | None",
                      schedule: "Callable[[int], float] | None") -> Array:
        made, numbers = self._recording(inputs)
        with made.program.alone():
            made.program.memory.pull()
            made.inputs.put(numbers)
            check = partial(made.check, [numbers] * steps) if made.guard else None
            return optimizers.train(made.program, steps, optimizer, lr, schedule, None, check)

    def _train_in_batches(self, steps: int, optimizer: Any, data: Sequence[Array], order: Array,
                          lr: "float | None", schedule: "Callable[[int], float] | None") -> Array:
        size = order.shape[1]
        made, _ = self._recording([x[:size] for x in data], small=0)
        if len(made.placeholders) != sum(x[:size].size for x in data):
            raise ValueError("labels that the function takes as whole numbers cannot change from "
                             "batch to batch: give them as numbers, such as one-hot rows")
        with made.program.alone():
            made.program.memory.pull()
            batches = None if made.guard else batches_of(made, data, order)
            put = partial(made.check, Gathered(data, order))
            return optimizers.train(made.program, steps, optimizer, lr, schedule, batches,
                                    None if batches and made.program.gear == "native" else put)
