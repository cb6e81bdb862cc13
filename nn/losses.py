"""Losses: how far outputs are from targets, as one Value. Over a batch they take the mean.

Outputs of one sample are a list of Values (or one Value); a batch is a list of such lists, also of
lists of one. Targets have the same shape; they are checked before any work starts.

    mean_squared_error          (1/n) sum (o - y)^2           documents 000, 002, 004
    half_sum_of_squares         (1/2) sum (y - o)^2           document 003, a sum also over a batch
    binary_cross_entropy        -(1/n) sum y log o + (1 - y) log(1 - o), elementwise; document 001
    categorical_cross_entropy   -sum y log o
    max_margin                  (1/n) sum relu(1 - y o), y = -1 or 1

With `logits=True` the cross-entropies take the scores before the sigmoid or softmax, and stay exact
where a probability would round to 0 or 1.
"""

import math
from collections.abc import Iterable
from typing import Any

from engine import Value, is_constant, log, log1p, log_softmax, logsigmoid, relu, square, total
from engine.scalars import real


def is_list(x: Any) -> bool:
    """Whether x is a list, tuple or array."""
    return (not isinstance(x, (Value, int, float))
            and hasattr(x, "__len__") and hasattr(x, "__getitem__"))


def pairs(outputs: Any, targets: Any) -> list[tuple[list[Any], list[Any]]]:
    """The samples of a batch as (outputs, targets); ValueError if the two do not fit together."""
    outs, ys = (list(v) if is_list(v) else [v] for v in (outputs, targets))
    if not outs:
        raise ValueError("the loss of an empty batch is not defined: give at least one output")
    if is_list(outs[0]) and len(outs) == len(ys):
        samples = [(list(o), list(y) if is_list(y) else [y]) for o, y in zip(outs, ys)]
    else:
        samples = [(outs, [y[0] if is_list(y) and len(y) == 1 else y for y in ys])]
    return [_checked(o, y, i) for i, (o, y) in enumerate(samples)]


def _checked(outs: list[Any], ys: list[Any], i: int) -> tuple[list[Any], list[Any]]:
    if len(ys) != len(outs):
        raise ValueError(f"sample {i} has {len(outs)} outputs and {len(ys)} targets: "
                         f"give one target per output")
    for y in ys:
        if not isinstance(y, Value) and math.isnan(real(y)):
            raise ValueError(f"sample {i} has a target that is nan: "
                             f"remove it or put a number there")
    return outs, ys


def mean(values: Iterable[Any]) -> Value:
    """The average of a list of Values."""
    terms = list(values)
    return terms[0] if len(terms) == 1 else total(terms) / len(terms)      # type: ignore[no-any-return]


def _squares(samples: list[tuple[list[Any], list[Any]]]) -> list[Value]:
    return [square(o - y) for outs, ys in samples for o, y in zip(outs, ys)]


def mean_squared_error(outputs: Any, targets: Any, per: str = "element") -> Value:
    """The mean of (output - target)^2 over all elements, or (per="sample") their sum per sample."""
    if per not in ("element", "sample"):
        raise ValueError(f"per={per!r} is neither 'element' nor 'sample': "
                         f"choose what the squares are averaged over")
    samples = pairs(outputs, targets)
    squares = _squares(samples)
    if per == "element" or len(squares) == len(samples):
        return mean(squares)
    return total(squares) / len(samples)        # type: ignore[no-any-return]


def half_sum_of_squares(outputs: Any, targets: Any) -> Value:
    """Half the sum of (target - output)^2 over everything."""
    return 0.5 * total(_squares(pairs(outputs, targets)))       # type: ignore[no-any-return]


def binary_cross_entropy(outputs: Any, targets: Any, n: int = 1, logits: bool = False) -> Value:
    """-(1/n) times the sum over the outputs of y log(o) + (1 - y) log(1 - o), natural logarithm.

    n: 1 sums over the outputs of a sample; their number takes the mean, as document 001 prints it.
    """
    sums = [-total([t for o, y in zip(*sample) for t in _likelihood(o, known(y), logits)])
            for sample in pairs(outputs, targets)]
    return mean(s if n == 1 else s / n for s in sums)


def known(y: Any) -> Any:
    """The number of a constant, and anything else as it is."""
    return y.data if isinstance(y, Value) and is_constant(y) else y


def _likelihood(o: Any, y: Any, logits: bool) -> list[Any]:
    """The terms y log(o) and (1 - y) log(1 - o), without those whose weight is 0."""
    if not isinstance(y, Value) and not 0 <= y <= 1:
        raise ValueError(f"the target {y!r} is no probability: "
                         f"binary cross-entropy needs targets from 0 to 1")
    terms = []
    if isinstance(y, Value) or y != 0:
        terms.append(_weighted(y, logsigmoid(o) if logits else log(o)))
    if isinstance(y, Value) or y != 1:
        terms.append(_weighted(1 - y, logsigmoid(-o) if logits else log1p(-o)))
    return terms


def _weighted(weight: Any, term: Any) -> Any:
    return term if not isinstance(weight, Value) and weight == 1 else weight * term


def categorical_cross_entropy(outputs: Any, targets: Any, logits: bool = False) -> Value:
    """-sum y log(o), batch mean; a target is a list of probabilities or the right class's index."""
    samples = [(o, _one_hot(y, len(o))) for o, y in _labelled(outputs, targets)]
    return mean(-total([_weighted(y, t)
                        for y, t in zip(ys, log_softmax(outs) if logits else map(log, outs))
                        if isinstance(y, Value) or y != 0])
                for outs, ys in (_checked(list(o), y, i) for i, (o, y) in enumerate(samples)))


def _labelled(outputs: Any, targets: Any) -> list[tuple[Any, Any]]:
    if not is_list(outputs) or not len(outputs):
        raise ValueError("categorical cross-entropy needs a list of outputs, one per class")
    if not is_list(outputs[0]):
        return [(outputs, targets)]
    if not is_list(targets) or len(targets) != len(outputs):
        raise ValueError(f"a batch of {len(outputs)} outputs needs as many targets, and got "
                         f"{len(targets) if is_list(targets) else repr(targets)}")
    return list(zip(outputs, targets))


def _one_hot(y: Any, classes: int) -> list[Any]:
    if is_list(y):
        numbers = [known(v) for v in y]
        if all(not isinstance(v, Value) for v in numbers) and not (
                all(0 <= real(v) <= 1 for v in numbers) and abs(sum(numbers) - 1) < 1e-6):
            raise ValueError(f"the target {numbers} is no distribution over {classes} classes: "
                             f"give probabilities that add up to 1, or the right one's index")
        return numbers
    if isinstance(y, Value) or not 0 <= real(y) < classes or int(y) != y:
        raise ValueError(f"the label {y!r} is out of range: with {classes} outputs it is a whole "
                         f"number from 0 to {classes - 1}")
    return [float(k == y) for k in range(classes)]


def max_margin(outputs: Any, targets: Any) -> Value:
    """The mean of relu(1 - y o) over all elements, for targets y of -1 and 1."""
    samples = pairs(outputs, targets)
    for _, ys in samples:
        for y in ys:
            if not isinstance(y, Value) and y not in (-1, 1):
                raise ValueError(f"the target {y!r} is neither -1 nor 1, which max-margin needs")
    return mean(relu(1 - y * o) for outs, ys in samples for o, y in zip(outs, ys))
