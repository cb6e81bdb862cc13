"""fit: forward, loss, gradients, update, repeat; with a record, warnings and a rule for the end.

    history = fit(net, epochs=20, lr=0.01)                      the documents' networks
    history = fit(model, (X, Y), mean_squared_error, SGD(model.parameters(), 0.1), epochs=100)

    epoch    every sample once, in batches; one update per batch
    batch    a Python loop over samples; the loss is called once, with lists of outputs and targets,
             and the losses of nn then take the mean (half_sum_of_squares, the sum)

Start reading at `fit`, then `Run.epoch`. What `fit` is given is checked in task.py and data.py, the
record is history.py, what goes wrong is seen by watch.py.
"""

import importlib
import math
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from engine import Value
from engine.scalars import UNSET

from .data import batches
from .gears import Native, gear_of
from .history import History
from .networks import Network
from .schedules import Schedule
from .structure import by_layer, named_parameters
from .task import Task, check_counts, keeps, optimizer_of, rate, task_of
from .watch import SAMPLES, TrainingWarning, Watch, flow, not_finite

Data = Any


class Stop(NamedTuple):
    """When to end before the last epoch; the first rule that holds ends the run.

    patience: ends when `patience` epochs in a row have not brought the loss more than `min_delta`
        below the best of this run; None never does.
    restore: whether then, or where the loss becomes nan or inf, the parameters with which the best
        epoch began are put back.
    below: ends when the loss of an epoch is below this.
    gradient_below: ends when the norm of the whole gradient is below this: convergence.
    """

    patience: "int | None" = 10
    min_delta: float = 1e-6
    restore: bool = True
    below: "float | None" = None
    gradient_below: "float | None" = None


def fit(model: Any, data: Data = None, loss: Any = None, optimizer: Any = None, *,
        lr: "float | None" = None, epochs: int = 100, batch_size: "int | None" = None,
        shuffle: bool = True, seed: "int | None" = None, schedule: "Schedule | None" = None,
        stop: "Stop | Callable[[History], Any] | None" = None, history: "History | None" = None,
        progress: "bool | None" = None, keep_parameters: int = 100,
        on_epoch: "Callable[[History], Any] | None" = None, warn: bool = True,
        gear: "str | None" = None) -> History:
    """Trains the model where it stands, and returns the History of it.

    data: (X, Y) or a list of pairs; None for a model with input, target and `loss()` of its own.
    loss: loss(outputs, targets), one Value for a batch; a documents' network brings its own.
    optimizer: one made from model.parameters(), or its class; SGD if None. lr: the rate of a class.
    batch_size: None takes all samples at once, in order. shuffle: in another order each epoch.
    seed: makes the order reproducible, also when training continues; None uses Python's `random`.
    schedule: a function of the epoch that gives the rate, see schedules.py.
    stop: a Stop, or a function of the history that is true (or a sentence) when training is to end.
    history: that of an earlier run, to which this one is added; epochs count on from there.
    progress: a bar on stderr; None shows it at a terminal outside continuous integration.
    keep_parameters: the parameters are recorded in a model that has no more than this many.
    on_epoch: called with the history after every epoch.
    warn: whether warnings are issued; `history.warnings` has them anyway.
    gear: "eager" or "native", see gears.py; None takes what pays, and `history.gear` has it.

    Ends at once, without an update, when the loss or a gradient is nan or inf. Ctrl-C ends it too:
    no update is ever made by half, and what was learned stays. `history.stopped` says why it ended.
    """
    check_counts(epochs=epochs, batch_size=batch_size)
    task = task_of(model, data, loss)
    optimizer = optimizer_of(optimizer, model, lr)
    history = History() if history is None else history
    run = Run(task, optimizer, history, batch_size, shuffle, seed)
    run.stop, run.keep = stop, keeps(history, run.names, keep_parameters)
    history.check(list(run.layers), [name for name, _ in run.names] if run.keep else [])
    numbers = range(run.next, run.next + epochs)
    rates = [rate(schedule, k) for k in numbers] if schedule else None
    history.gear = gear_of(gear, task, len(run.names), epochs)
    if history.gear == "native":
        run.native = Native(task, [*optimizer.parameters, *(p for _, p in run.names)], batch_size)
    history.stopped = ""
    try:
        with bar(epochs, progress) as tick:
            for i, number in enumerate(numbers):
                optimizer.lr = rates[i] if rates else optimizer.lr
                history.stopped = run.epoch(number) or run.ended()
                tick(history.loss[-1])
                run.report(warn)
                if on_epoch:
                    on_epoch(history)
                if history.stopped:
                    break
            history.stopped = history.stopped or f"all {epochs} epochs were run"
    except KeyboardInterrupt:
        history.trim()
        history.stopped = run.interrupted()
    if task.own and isinstance(model, Network):
        model.forward()                     # what it keeps belongs to the new parameters
    return history


class Run:
    """One call of `fit`: what it needs from epoch to epoch."""

    keep: bool
    stop: Any
    gradient: list[float]
    indices: list[int]
    native: "Native | None" = None

    def __init__(self, task: Task, optimizer: Any, history: History, batch_size: "int | None",
                 shuffle: bool, seed: "int | None") -> None:
        self.task, self.optimizer, self.history = task, optimizer, history
        self.batch_size, self.shuffle, self.seed = batch_size, shuffle, seed
        self.names = named_parameters(task.model)
        self.layers = by_layer(task.model)
        self.updates = math.ceil(len(task.xs) / (batch_size or len(task.xs) or 1)) or 1
        self.watch = Watch(task.model, self.factors, self.updates == 1)
        self.next = history.epochs[-1] + 1 if history.epochs else 0
        self.now, self.done = self.next, 0              # this epoch, and its updates so far
        self.best, self.best_at = math.inf, self.next   # the lowest loss, and its epoch
        self.start: list[float] = []                    # parameters at the start of this epoch
        self.kept: list[float] = []                     # and at that of the best one

    # ---- an epoch

    def epoch(self, number: int) -> str:
        """Every sample once, one row of the history; a sentence if it cannot go on."""
        self.now, self.done, self.trouble = number, 0, ""
        self.start = [p.data for _, p in self.names]
        losses, norms, sizes = [], [], []
        for indices in self.batches(number):
            self.indices = indices
            value = self.value(indices)
            losses.append(value.data)
            norms.append({name: norm(ps) for name, ps in self.layers.items()})
            sizes.append(len(indices) or 1)
            self.trouble = not_finite(value, norms[-1], partial(self.task.value, indices))
            if self.trouble:
                break
            whole_step(self.optimizer)
            self.done += 1
        self.record(losses, norms, sizes)
        self.trouble = self.trouble and f"in epoch {number} {self.trouble}"
        return self.trouble and f"{self.trouble}: the update was not made{self.restored()}"

    def value(self, indices: list[int]) -> Value:
        """The loss of some samples; the gradients of all parameters are filled in."""
        if self.native:
            return self.native.value(indices)
        value = self.task.value(indices)
        backward(value, self.task.model, self.optimizer)
        return value

    def batches(self, number: int) -> Iterator[list[int]]:
        """The indices of each batch; a seed and the number of the epoch fix their order."""
        order = None if self.seed is None else random.Random(f"{self.seed} {number}")
        n = len(self.task.xs)
        return batches(n, self.batch_size, self.shuffle, order) if n else iter([[]])

    def record(self, losses: list[float], norms: list[dict[str, float]], sizes: list[int]) -> None:
        """Adds the means over the batches to the history."""
        loss = sum(x * n for x, n in zip(losses, sizes)) / sum(sizes)
        means = {name: sum(row[name] for row in norms) / len(norms) for name in self.layers}
        kept = {name: x for (name, _), x in zip(self.names, self.start)} if self.keep else {}
        self.history.append(float(loss), float(self.optimizer.lr), means, kept)
        self.gradient = [p.grad for _, p in self.names]

    # ---- the end

    def ended(self) -> str:
        """Why the run ends after the epoch just recorded; empty if it goes on."""
        if self.stop is None or isinstance(self.stop, Stop):
            return self.by_rule(self.stop) if self.stop else ""
        said = self.stop(self.history)
        return said if isinstance(said, str) else "the stop function said so" if said else ""

    def by_rule(self, stop: Stop) -> str:
        """Why a Stop ends the run; empty if it does not."""
        loss, size = self.history.loss[-1], math.hypot(*self.gradient)
        if stop.below is not None and loss < stop.below:
            return f"the loss {loss:.3g} of epoch {self.now} is below {stop.below:.3g}"
        if stop.gradient_below is not None and size < stop.gradient_below:
            return (f"converged: the gradient's norm {size:.3g} in epoch {self.now} is below "
                    f"{stop.gradient_below:.3g}")
        if loss < self.best - stop.min_delta:
            self.best, self.best_at, self.kept = loss, self.now, self.start
        if stop.patience is None or self.now - self.best_at < stop.patience:
            return ""
        return (f"the loss has not fallen by more than {stop.min_delta:.3g} in {stop.patience} "
                f"epochs{self.restored()}")

    def restored(self) -> str:
        """Puts back the parameters of the best epoch, if the Stop is to, and says so."""
        if not isinstance(self.stop, Stop) or not self.stop.restore or not self.kept:
            return ""
        put([p for _, p in self.names], self.kept)
        return f", and the parameters with which epoch {self.best_at} began are back"

    def interrupted(self) -> str:
        """What a Ctrl-C left behind, as a sentence."""
        return (f"interrupted in epoch {self.now}, after {self.done} of its {self.updates} "
                f"update(s): what was learned is kept")

    # ---- warnings

    def report(self, warn: bool) -> None:
        """Adds what is new and wrong to the history, and issues it as warnings."""
        news = list(self.watch.look(self.history, self.gradient, self.trouble))
        for sentence in news:
            if sentence not in self.history.warnings:
                self.history.warnings.append(sentence)
                if warn:
                    warnings.warn(sentence, TrainingWarning, stacklevel=3)

    def factors(self) -> list[Any]:
        """What the gradient is multiplied by on its way back, where the epoch began.

        Measured over samples of the last batch; the parameters come back as they are.
        """
        few = range(len(self.task.xs)) if self.task.own else self.indices[:SAMPLES]
        xs, ys = ([part[i] for i in few] for part in (self.task.xs, self.task.ys))
        parameters = [p for _, p in self.names]
        now = [p.data for p in parameters]
        try:
            put(parameters, self.start)
            return flow(self.task.model, xs, ys, self.task.loss)
        finally:
            put(parameters, now)


def backward(loss: Value, model: Any, optimizer: Any) -> None:
    """Fills the gradients of all parameters, from nothing."""
    if hasattr(model, "zero_grad"):
        model.zero_grad()
    for p in optimizer.parameters:
        p.grad = UNSET
    loss.backward()


def norm(parameters: Sequence[Value]) -> float:
    """The Euclidean norm of the parameters' gradients."""
    return math.hypot(*(p.grad for p in parameters))


def whole_step(optimizer: Any) -> None:
    """optimizer.step(), made entirely or, if anything interrupts it, not at all."""
    data = [p.data for p in optimizer.parameters]
    state = {name: list(x) if isinstance(x, list) else x
             for name, x in vars(optimizer).items() if name != "parameters"}
    try:
        optimizer.step()
    except BaseException:
        put(optimizer.parameters, data)
        vars(optimizer).update(state)
        raise


def put(parameters: Sequence[Value], numbers: Sequence[float]) -> None:
    """Sets all parameters; an interruption comes after the last of them."""
    try:
        for p, x in zip(parameters, numbers):
            p.data = x
    except BaseException:
        put(parameters, numbers)
        raise


# ---- the progress bar

@contextmanager
def bar(epochs: int, progress: "bool | None") -> Iterator[Callable[[float], None]]:
    """A function to call with the loss of each epoch, which moves tqdm's bar, if there is one."""
    if progress is None:
        progress = sys.stderr.isatty() and not os.environ.get("CI")
    tqdm = tqdm_or_none() if progress else None
    if tqdm is None:
        yield lambda loss: None
        return
    with tqdm(total=epochs, unit="epoch") as shown_bar:
        def tick(loss: float) -> None:
            shown_bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
            shown_bar.update()
        yield tick


def tqdm_or_none() -> Any:
    """tqdm's bar, or None where tqdm is not installed."""
    try:
        return importlib.import_module("tqdm").tqdm
    except ImportError:
        return None
