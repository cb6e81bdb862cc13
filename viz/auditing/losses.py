"""A formula of another loss than the one that is meant: its value, and its slope in a prediction.

    other_losses(reckoning, q)      edits for the loss itself, or for its gradient in a prediction
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from engine import ieee, log

from .edits import Edit, members
from .own import Reckoning
from .problem import INDEXED, Problem
from .quantities import Gradient, Number, Quantity


class Loss(NamedTuple):
    """One term of a loss, for a prediction p with target t, and its slope in p."""

    name: str
    term: Callable[[float, float], float]
    slope: Callable[[float, float], float]


def cross_entropy(p: float, t: float) -> float:
    """One term of the binary cross-entropy."""
    return float(-(t * log(p) + (1 - t) * log(1 - p)))


LOSSES = (
    Loss("the squared error",             lambda p, t: (p - t) ** 2,
                                          lambda p, t: 2 * (p - t)),
    Loss("half the squared error",        lambda p, t: (p - t) ** 2 / 2,
                                          lambda p, t: p - t),
    Loss("the absolute error",            lambda p, t: abs(p - t),
                                          lambda p, t: 1.0 if p > t else -1.0),
    Loss("the binary cross-entropy",      cross_entropy,
                                          lambda p, t: ieee.div(p - t, p * (1 - p))),
    Loss("the categorical cross-entropy", lambda p, t: -t * log(p),
                                          lambda p, t: ieee.div(-t, p)),
)


def other_losses(reckoning: Reckoning, q: Quantity) -> Iterator[Edit]:
    """The loss, or its gradient in a prediction, by the formula of another loss."""
    problem = reckoning.problem
    if isinstance(q, Number) and q.node is problem.loss:
        for predictions, targets in pairs(problem):
            yield from valued(reckoning, predictions, targets, q.after)
    elif isinstance(q, Gradient) and q.of is problem.loss and q.by._prev:
        for predictions, targets in pairs(problem):
            if problem.name(q.by) in predictions:
                target = targets[predictions.index(problem.name(q.by))]
                yield from sloped(reckoning, q, target, len(targets))


def pairs(problem: Problem) -> Iterator[tuple[list[str], list[str]]]:
    """Lists of names that may be predictions and their targets: given ones of the same shape."""
    tables = {base: members(table) for base, table in problem.families.items()}
    tables |= {name: [name] for name in problem.names if not INDEXED.fullmatch(name)}
    for base, targets in tables.items():
        given = [problem.names[name] for name in targets]
        if any(n._prev or n in problem.parameters for n in given):
            continue
        for other, predictions in tables.items():
            like = [other + name[len(base):] for name in targets]
            if like == predictions and problem.names[predictions[0]]._prev:
                yield predictions, targets


def valued(reckoning: Reckoning, predictions: Sequence[str], targets: Sequence[str],
           after: int) -> Iterator[Edit]:
    """What other losses would be, summed and averaged."""
    names = reckoning.problem.names
    ps, ts = ([reckoning.of(Number(names[name], after)).data for name in group]
              for group in (predictions, targets))
    for loss in LOSSES:
        total = sum(map(loss.term, ps, ts))
        words = f"another loss, {loss.name} of {', '.join(predictions)}"
        yield Edit("other loss", words, total)
        if len(ps) > 1:
            yield Edit("other loss", f"{words}, averaged", total / len(ps))


def sloped(reckoning: Reckoning, q: Gradient, target: str, n: int) -> Iterator[Edit]:
    """What the gradient of other losses would be, of a sum and of an average."""
    p = reckoning.of(Number(q.by, q.after)).data
    t = reckoning.of(Number(reckoning.problem.names[target], q.after)).data
    for loss in LOSSES:
        words = f"the derivative of another loss, {loss.name}, with the target {target}"
        yield Edit("other loss", words, loss.slope(p, t))
        if n > 1:
            yield Edit("other loss", f"{words}, averaged", loss.slope(p, t) / n)
