"""Learning-rate schedules: functions of the epoch, counted from 0, that give its rate.

    constant(lr)                        lr
    step(lr, every, factor)             lr * factor^(epoch // every)
    exponential(lr, factor)             lr * factor^epoch
    linear(lr, last, epochs)            straight from lr to last; by default micrograd's
    cosine(lr, last, epochs)            half a cosine from lr to last (Loshchilov, Hutter 2017)

`fit(..., schedule=f)` takes any function of the epoch, such as `lambda k: 0.1 / (1 + k)`.
"""

import math
from collections.abc import Callable

from .optim import positive

Schedule = Callable[[int], float]


def constant(lr: float = 0.01) -> Schedule:
    """The same rate at every epoch."""
    positive("lr", lr)
    return lambda epoch: lr


def step(lr: float = 0.01, every: int = 30, factor: float = 0.1) -> Schedule:
    """A rate that is multiplied by `factor` once in `every` epochs."""
    positive("lr", lr), positive("every", every), positive("factor", factor)
    return lambda epoch: lr * factor ** (epoch // every)


def exponential(lr: float = 0.01, factor: float = 0.95) -> Schedule:
    """A rate that is multiplied by `factor` after every epoch."""
    positive("lr", lr), positive("factor", factor)
    return lambda epoch: lr * factor ** epoch


def linear(lr: float = 1.0, last: float = 0.1, epochs: int = 100) -> Schedule:
    """A rate that falls evenly from `lr` to `last` in `epochs` epochs, by default 1 - 0.9 k/100."""
    positive("lr", lr), positive("last", last), positive("epochs", epochs)
    return lambda epoch: lr - (lr - last) * epoch / epochs if epoch < epochs else last


def cosine(lr: float = 0.1, last: float = 0.0, epochs: int = 100) -> Schedule:
    """A rate that falls from `lr` to `last` along half a cosine: slowly, fast, slowly."""
    positive("lr", lr), positive("epochs", epochs)
    if not 0 <= last < math.inf:
        raise ValueError(f"last={last!r} must be 0 or a positive number: it is the final rate")
    return lambda epoch: last + (lr - last) * (1 + math.cos(math.pi * min(epoch / epochs, 1))) / 2
