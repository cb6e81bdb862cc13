"""What `fit` is asked to do, checked before any work starts: samples, loss, optimizer, rates."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine import Value

from .data import batch, check_fit, samples, shown
from .history import History
from .networks import Network
from .optim import SGD
from .schedules import Schedule
from .structure import named_parameters


class Task(NamedTuple):
    """What is made small: the loss of a model on samples, or the model's own `loss()`."""

    model: Any
    xs: list[Any]
    ys: list[Any]
    loss: Any
    own: bool

    def value(self, indices: Sequence[int]) -> Value:
        """The loss of some samples, recorded anew."""
        if self.own:
            return self.model.loss()        # type: ignore[no-any-return]
        xs, ys = ([part[i] for i in indices] for part in (self.xs, self.ys))
        return self.loss(*batch([self.model(x) for x in xs], ys))       # type: ignore[no-any-return]


def check_counts(**counts: "int | None") -> None:
    """ValueError for a number of epochs or samples that is not 1, 2, 3, ..."""
    for name, n in counts.items():
        if n is not None and (not isinstance(n, int) or isinstance(n, bool) or n < 1):
            raise ValueError(f"{name}={n!r} must be a whole number from 1")


def task_of(model: Any, data: Any, loss: Any) -> Task:
    """The task that a model, data and loss make, checked."""
    if data is None and loss is None and callable(getattr(model, "loss", None)):
        known = isinstance(model, Network)
        return Task(model, [model._x] if known else [], [model._y] if known else [],
                    model._loss if known else None, own=True)
    if data is None:
        raise ValueError(f"fit({shown(model)}) was given no data: give (X, Y) or pairs (x, y), "
                         f"for only a model with a loss() of its own brings them")
    if loss is None and not isinstance(model, Network):
        raise ValueError("fit was given data but no loss: name one, such as nn.mean_squared_error")
    if not callable(model):
        raise TypeError(f"{type(model).__name__} cannot be called on an input: give it __call__")
    loss = loss or model._loss
    xs, ys = samples(data)
    check_fit(model, xs, ys, loss)
    return Task(model, xs, ys, loss, own=False)


def optimizer_of(optimizer: Any, model: Any, lr: "float | None") -> Any:
    """The optimizer given, or made from its class, after checking that it moves this model."""
    parameters = [p for _, p in named_parameters(model)]
    if optimizer is None or isinstance(optimizer, type):
        made = optimizer or SGD
        return made(parameters) if lr is None else made(parameters, lr)
    if lr is not None:
        raise ValueError(f"lr={lr!r} was given beside an optimizer with a rate of its own, "
                         f"{optimizer.lr!r}: set it there")
    if not {id(p) for p in parameters} & {id(p) for p in optimizer.parameters}:
        raise ValueError(f"the optimizer holds none of this model's parameters: make it with "
                         f"{type(optimizer).__name__}(model.parameters())")
    return optimizer


def keeps(history: History, names: Sequence[Any], most: int) -> bool:
    """Whether parameters are recorded: as the history has them, else if there are few enough."""
    return bool(history.parameters) if history.epochs else len(names) <= most


def rate(schedule: Schedule, epoch: int) -> float:
    """The rate of an epoch; ValueError unless it is a finite number from 0."""
    lr = schedule(epoch)
    if not isinstance(lr, (int, float)) or not 0 <= lr < math.inf:
        raise ValueError(f"the schedule gives the rate {lr!r} for epoch {epoch}: "
                         f"it must return a positive number, such as 0.01")
    return lr
