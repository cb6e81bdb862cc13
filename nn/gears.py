"""In which gear `fit` runs: eager, or natively where that pays and everything is known.

    eager     the loss is recorded anew for every batch, in Python
    native    it is recorded once and replayed by engine.compile; the same numbers to rounding

`fit` goes native by itself if llvmlite is installed, the model is built of nn's layers, the loss is
one of nn's, and the run is long. `gear="eager"` and `gear="native"` decide it otherwise.
"""

import importlib.util
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import engine
from engine import Value

from . import losses
from .structure import in_a_row
from .task import Task

LONG = 5_000_000            # parameters times samples times epochs: seconds in the eager gear
KNOWN = (losses.mean_squared_error, losses.half_sum_of_squares, losses.max_margin,
         losses.binary_cross_entropy, losses.categorical_cross_entropy)


def gear_of(gear: "str | None", task: Task, parameters: int, epochs: int) -> str:
    """The gear that was asked for, or else the one that pays."""
    if gear not in (None, "eager", "native"):
        raise ValueError(f"gear={gear!r} is neither 'eager' nor 'native': leave it out to let fit "
                         f"choose")
    if gear is not None:
        return gear
    known = bool(in_a_row(task.model)) and plainly(task.loss) in KNOWN
    pays = parameters * max(len(task.xs), 1) * epochs >= LONG
    return "native" if known and pays and importlib.util.find_spec("llvmlite") else "eager"


def plainly(loss: Any) -> Any:
    """A loss without the arguments that were bound to it."""
    return loss.func if isinstance(loss, partial) else loss


class Native:
    """Replays the loss of a task; one program for all samples, or one for each size of batch.

    In batches the targets change from call to call, so that classes are given as one-hot rows. A
    loss that is not finite is recorded anew by the eager gear, which leaves out what counts 0
    times.
    """

    def __init__(self, task: Task, parameters: Sequence[Value], batch_size: "int | None") -> None:
        self.task, self.parameters = task, list({id(p): p for p in parameters}.values())
        self.n = len(task.xs)
        self.whole = task.own or batch_size is None or batch_size >= self.n
        self.targets = [] if self.whole else one_hot(task)
        self.call: Callable[[Sequence[int]], tuple[float, Any]] = (
            self.on_all if self.whole else self.on_batch)
        self.compiled = (engine.compile(task.value(range(self.n)), parameters=self.parameters)
                         if self.whole else
                         engine.compile(self.loss, parameters=self.parameters))

    def loss(self, xs: Any, ys: Any) -> Value:
        """The loss of a batch, recorded for any numbers in it."""
        return Task(self.task.model, xs, ys, self.task.loss, False).value(range(len(xs)))

    def on_all(self, indices: Sequence[int]) -> tuple[float, Any]:
        """The loss of all samples, and its gradients."""
        return self.compiled.value_and_gradients()      # type: ignore[no-any-return]

    def on_batch(self, indices: Sequence[int]) -> tuple[float, Any]:
        """The loss of some samples, and its gradients."""
        xs, ys = ([part[i] for i in indices] for part in (self.task.xs, self.targets))
        return self.compiled.value_and_gradients(xs, ys)        # type: ignore[no-any-return]

    def value(self, indices: Sequence[int]) -> Value:
        """The loss of some samples; the gradients of all parameters are filled in."""
        loss, found = self.call(indices)
        if not math.isfinite(loss):
            return self.eagerly(indices)
        for p, g in zip(self.parameters, found.tolist()):
            p.grad = g
        return Value(loss)

    def eagerly(self, indices: Sequence[int]) -> Value:
        """The same, recorded anew."""
        for p in self.parameters:
            p.grad = 0.0
        loss = self.task.value(indices)
        loss.backward()
        return loss


def one_hot(task: Task) -> list[Any]:
    """The targets of a task; classes of cross-entropy as rows, with a 1 at k for the class k."""
    if plainly(task.loss) is not losses.categorical_cross_entropy or losses.is_list(task.ys[0]):
        return task.ys
    classes = len(task.model(task.xs[0]))
    return [[float(k == y) for k in range(classes)] for y in task.ys]
