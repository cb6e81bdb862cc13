"""Training inside native code: what an optimizer of nn.optim means there, and its state."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..value import Value
from .choose import Array
from .drivers import driver
from .memory import aligned


class Update(NamedTuple):
    """An update that a driver knows: its name, its two numbers and eps, its state, its time."""

    driver: str
    a: float = 0.0
    b: float = 0.0
    eps: float = 0.0
    states: tuple[str, ...] = ()
    time: int = 0


Put = Callable[[int], None]         # puts the inputs of a step in their places


class Batches(NamedTuple):
    """Where the inputs of a step come from: rows of memory, columns of data, lanes in order."""

    rows: Array
    columns: Array
    order: Array
    data: Any           # keeps the columns alive


def update_of(optimizer: Any) -> "Update | None":
    """What the driver is to do for an optimizer; None if only its own `step` knows."""
    if optimizer is None:
        return Update("descend")
    kind = {base.__name__ for base in type(optimizer).__mro__[:1]}
    if kind == {"SGD"} and hasattr(optimizer, "velocity"):
        if not optimizer.momentum:
            return Update("descend", states=("velocity",))
        return Update("momentum", optimizer.momentum, states=("velocity",))
    if kind == {"Adam"} and hasattr(optimizer, "betas"):
        a, b = optimizer.betas
        return Update("adam", a, b, optimizer.eps, ("m", "v"), optimizer.t)
    return None


def check_parameters(parameters: Sequence[Any]) -> None:
    """TypeError or ValueError for parameters that are none."""
    for p in parameters:
        if not isinstance(p, Value):
            raise TypeError(f"the parameters must be Values, and {p!r} is not: pass "
                            f"model.parameters()")
        if p._prev:
            raise ValueError(f"the parameter {p!r} was computed by {p._rule.name!r}: give leaves, "
                             f"such as model.parameters()")


def rates_of(steps: int, optimizer: Any, lr: "float | None",
             schedule: "Callable[[int], float] | None") -> Array:
    """The rate of every step, checked."""
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
        raise ValueError(f"steps={steps!r} must be a whole number from 1")
    if optimizer is not None and lr is not None:
        raise ValueError(f"lr={lr!r} was given beside an optimizer with a rate of its own, "
                         f"{optimizer.lr!r}: set it there")
    rate = 0.01 if lr is None else lr
    rates = np.array([schedule(k) for k in range(steps)] if schedule else
                     np.full(steps, rate if optimizer is None else optimizer.lr), dtype=float)
    bad = np.flatnonzero(~((rates >= 0) & np.isfinite(rates)))
    if bad.size:
        raise ValueError(f"the rate of step {bad[0]} is {rates[bad[0]]!r}: "
                         f"it must be a positive number, such as 0.01")
    return rates


def train(program: Any, steps: int, optimizer: Any, lr: "float | None",
          schedule: "Callable[[int], float] | None", batches: "Batches | None" = None,
          put: "Put | None" = None) -> Array:
    """The losses of so many steps; the parameters, their gradients and the state are then moved."""
    rates = rates_of(steps, optimizer, lr, schedule)
    update = update_of(optimizer)
    same = optimizer is None or [id(p) for p in optimizer.parameters] == [
        id(p) for p in program.parameters]
    if update is None or not same or program.gear == "numpy" or put or (
            len(program.reached) < len(program.parameters)):
        return train_step_by_step(program, steps, optimizer, rates, put)
    return train_natively(program, optimizer, update, rates, batches)


def train_natively(program: Any, optimizer: Any, update: Update, rates: Array,
                   batches: "Batches | None") -> Array:
    """The loop in native code; a step whose gradients have a nan is computed again, carefully."""
    steps, losses = len(rates), np.zeros(len(rates))
    m, v = states(program.memory, optimizer, update)
    run = running(program, update, rates, losses, m, v, batches)
    try:
        done = run(0)
        while done < steps:
            program._carefully()
            one_update(program, update, rates[done], m, v, update.time + done)
            done = run(done + 1)
    finally:
        put_back(program, optimizer, update, m, v, steps)
    return losses


def running(program: Any, update: Update, rates: Array, losses: Array, m: Array, v: Array,
            batches: "Batches | None") -> Callable[[int], int]:
    """The driver as a function of the first step, which returns the step where it stopped."""
    none = np.zeros(1, dtype=np.int64)
    rows, columns, order, _ = batches or Batches(none, none, none, None)
    loop = getattr(driver(update.driver), update.driver)
    step = program.library.pointers["step"]

    def run(first: int) -> int:
        return int(loop(
            step, *program.pointers, program.memory.module.layout.parameters, first, len(rates),
            rates.ctypes.data, losses.ctypes.data, 1, m.ctypes.data, v.ctypes.data, update.a,
            update.b, update.eps, float(update.time), rows.ctypes.data, columns.ctypes.data,
            len(rows) if batches else 0, order.ctypes.data, order.shape[1] if batches else 0))

    return run


def one_update(program: Any, update: Update, rate: float, m: Array, v: Array, time: int) -> None:
    """The update of the parameters, in numpy, by the gradients in memory."""
    memory = program.memory
    n = memory.module.layout.parameters
    g, p = memory.g[:n], memory.s[:n]
    if update.driver == "adam":
        m[:n] = update.a * m[:n] + (1 - update.a) * g
        v[:n] = update.b * v[:n] + (1 - update.b) * g * g
        c1, c2 = 1 - update.a ** (time + 1), 1 - update.b ** (time + 1)
        p += -rate * (m[:n] / c1) / (np.sqrt(v[:n] / c2) + update.eps)
        return
    if update.driver == "momentum":
        m[:n] = update.a * m[:n] + g
        g = m[:n]
    p += -rate * g


def states(memory: Any, optimizer: Any, update: Update) -> tuple[Array, Array]:
    """The state of the optimizer, laid out as the parameters are."""
    arrays = aligned(len(memory.s)), aligned(len(memory.s))
    for array, name in zip(arrays, update.states):
        array[memory.parameters] = getattr(optimizer, name)
    return arrays


def put_back(program: Any, optimizer: Any, update: Update, m: Array, v: Array, steps: int) -> None:
    """Writes numbers and gradients to the parameters, and the state to the optimizer."""
    memory = program.memory
    memory.push(program.parameters)
    for p, g in zip(program.parameters, memory.gradients().tolist()):
        p.grad = g
    if optimizer is None:
        return
    m = memory.g if update.driver == "descend" else m
    for name, array in zip(update.states, (m, v)):
        setattr(optimizer, name, array[memory.parameters].tolist())
    if update.driver == "adam":
        optimizer.t += steps


def train_step_by_step(program: Any, steps: int, optimizer: Any, rates: Array,
                       put: "Put | None") -> Array:
    """The loop in Python: gradients from the program, updates from the optimizer."""
    losses, lr = np.zeros(steps), getattr(optimizer, "lr", None)
    memory = program.memory
    for k in range(steps):
        if put:
            put(k)
        losses[k], found = program.value_and_gradients()
        for p, g in zip(program.parameters, found.tolist()):
            p.grad = g
        if optimizer is None:
            for p in program.parameters:
                p.data = p.data + -rates[k] * p.grad
        else:
            optimizer.lr = float(rates[k])
            optimizer.step()
        memory.s[memory.parameters] = [program.parameters[i].data for i in program.reached]
    if optimizer is not None:
        optimizer.lr = lr
    return losses
