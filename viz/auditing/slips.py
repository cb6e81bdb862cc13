"""The slips of a hand derivation, tried one after the other: which of them gives this number?

    explained(hits, reckonings, q)      the slips in the step to q that give the printed number

The edits that are tried come from three files: products.py for gradients, operations.py for
values, losses.py for another loss, and here for updates. Every one gives a number; those that give
the printed digits are the explanations, and nothing else is: where none does, the answer is empty.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from math import isclose, isfinite

from .edits import Edit, along, exchanged
from .losses import other_losses
from .operations import in_operands, in_operations
from .own import Reckoning
from .products import in_products, lost, paths, replacements
from .quantities import Gradient, Number, Quantity
from .verdicts import Slip

MOST_TWICE = 16                             # paths of a gradient searched for two slips at once
LISTED = 5                                  # so many candidates are reported
NEARLY = 2e-4                               # relative: what is only near is shown as that


def explained(hits: Callable[..., bool], reckonings: Sequence[Reckoning], q: Quantity | None,
              before: Iterable[Edit] = (), after: Iterable[Edit] = (),
              spread: float = 0.0, pen: bool = True,
              right: Sequence[float] = ()) -> tuple[Slip, ...]:
    """The slips in the step to q that give a number accepted by `hits`, the likeliest first.

    hits(x, spread): whether x, uncertain by a relative spread, is the printed number; the spread is
    what carried rounding can do. reckonings: the person's own and the exact one. before, after:
    edits that stand for themselves, such as slips of the pen, likelier and less likely than others.
    pen: whether there were numbers to be miscopied, and not names only. right: the numbers that no
    slip gives.
    """
    reckonings = reckonings if q else ()
    tried = [e for reckoning in reckonings for e in single(reckoning, q, pen)]
    other = [e for e in tried if not any(isclose(e.value, x) for x in right)]
    found = unique(before) | (matching(hits, other, 0.0) or matching(hits, other, spread))
    found |= unique(after)
    if not found:
        pairs = [Edit(kind, f"{text}; and the sign is wrong", -x) for kind, text, x in tried]
        pairs += [e for reckoning in reckonings for e in double(reckoning, q)]
        found = matching(hits, pairs, 0.0) or matching(hits, nearly(other + pairs), NEARLY * pen)
    return tuple(Slip(*edit) for edit in islice(found.values(), LISTED))


def unique(edits: Iterable[Edit]) -> dict[tuple[str, str], Edit]:
    """Edits by kind and text."""
    return {(e.kind, e.text): e for e in edits}


def matching(hits: Callable[..., bool], tried: Iterable[Edit],
             spread: float) -> dict[tuple[str, str], Edit]:
    """The edits that give the number, each once."""
    found: dict[tuple[str, str], Edit] = {}
    for edit in tried:
        if isfinite(edit.value) and hits(edit.value, spread):
            found.setdefault((edit.kind, edit.text), edit)
    return found


def nearly(tried: Iterable[Edit]) -> Iterator[Edit]:
    """The edits, marked as only coming near."""
    for kind, text, x in tried:
        yield Edit(kind, f"nearly: {text} (gives {x:.7g})", x)


def single(reckoning: Reckoning, q: Quantity | None, pen: bool) -> Iterator[Edit]:
    """Every single slip in the step to q."""
    if isinstance(q, Number) and q.node._prev:
        yield from in_operations(reckoning, q)
        yield from exchanged(reckoning, q)
    elif isinstance(q, Number):
        yield from in_update(reckoning, q) if q.after else exchanged(reckoning, q)
    elif q:
        whole = paths(reckoning, q)
        yield from in_products(whole, reckoning, replacements(whole, reckoning))
        yield from exchanged(reckoning, q)
        yield from summed(reckoning, q)
    if q:
        yield from other_losses(reckoning, q)
    if q and pen:
        yield from in_operands(reckoning, q)


def double(reckoning: Reckoning, q: Quantity | None) -> Iterator[Edit]:
    """Two slips at once: lost paths and any other."""
    if isinstance(q, Gradient):
        whole = paths(reckoning, q)
        wrong = replacements(whole, reckoning) if len(whole) <= MOST_TWICE else {}
        for kind, text, fewer in lost(whole, reckoning.problem):
            for edit in in_products(fewer, reckoning, wrong) if wrong else ():
                yield Edit(kind, f"{text}; and {edit.text}", edit.value)


def in_update(reckoning: Reckoning, q: Number) -> Iterator[Edit]:
    """The slips in an update p - rate · gradient."""
    problem, before = reckoning.problem, Number(q.node, q.after - 1)
    gradient = Gradient(problem.loss, q.node, q.after - 1)
    rate, old, slope = problem.rate, reckoning.of(before).data, reckoning.of(gradient).data
    for k in (10.0, 0.1, 100.0, 0.01, 1000.0, 0.001):
        yield Edit("rate", f"the rate is {rate * k:g} instead of {rate:g}", old - k * rate * slope)
    yield Edit("rate", "the rate is missing", old - slope)
    yield Edit("sign", "the step goes uphill: it is added, not subtracted", old + rate * slope)
    yield Edit("sign", "the sign of the new value is missing", rate * slope - old)
    yield Edit("overwritten", "the old value is missing: this is only the step", -rate * slope)
    yield Edit("overwritten", "the gradient stands in place of the new value", slope)
    yield Edit("not updated", "the parameter was not moved", old)
    yield from (Edit(kind, text, old - rate * x)
                for kind, text, x in exchanged(reckoning, gradient))
    yield from (Edit(kind, text, x - rate * slope)
                for kind, text, x in exchanged(reckoning, before))
    if gradient not in reckoning.book:
        whole = paths(reckoning, gradient)
        for kind, text, x in in_products(whole, reckoning, replacements(whole, reckoning)):
            yield Edit(kind, text, old - rate * x)


def summed(reckoning: Reckoning, q: Quantity) -> Iterator[Edit]:
    """The sum over an index where one element is meant."""
    problem = reckoning.problem
    for group in along(problem, problem.name(q.by)) if isinstance(q, Gradient) else ():
        if isinstance(q, Gradient) and len(group) > 1:
            slopes = (reckoning.of(q._replace(by=problem.names[name])).data for name in group)
            yield Edit("summed", f"the sum over {', '.join(group)} stands where "
                                 f"{problem.name(q.by)} alone is meant", sum(slopes))
