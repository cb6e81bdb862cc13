"""What can be seen to go wrong in training: each in one sentence that names the layer and factor.

    rises        the loss went up three epochs in a row, or to twice what it was
    oscillates   the loss goes up and down, or the gradient turns round, at every epoch
    stalls       the loss has not moved in twenty epochs, and is no thousandth of its first value
    alike        hidden units had the same weights, and still have after three epochs
    zero         a layer's gradient is exactly 0 twice, while the loss is not
    vanishing    a layer's gradient is less than a thousandth of the last layer's
    exploding    ... more than a thousand times the last layer's

`Watch.look` returns what is new after an epoch. Where a model runs its layers in a row, `flow`
measures what the gradient is multiplied by from layer to layer; elsewhere only its size is known.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from engine import Value, anomaly

from .data import batch
from .history import History
from .structure import in_a_row, is_linear, twins

RISES, TURNS, PLATEAU = 3, 8, 20        # in epochs
FAR = 1e3                               # between the gradients of two layers
SAMPLES = 32                            # as many are looked at for an explanation


class TrainingWarning(UserWarning):
    """Training goes on, but probably not well."""


class Watch:
    """Looks at a run after every epoch, and says each kind of trouble once."""

    def __init__(self, model: Any, factors: Callable[[], "list[Factor]"], whole: bool) -> None:
        self.model, self.factors, self.whole = model, factors, whole
        self.said: set[str] = set()
        self.epochs = 0                         # of this run
        self.gradient: list[float] = []
        self.turned: list[float] = []           # sizes of the gradient, while it turns round

    def look(self, history: History, gradient: list[float], trouble: str) -> Iterator[str]:
        """The sentences that are new after the epoch just recorded.

        gradient: the last one of the epoch. trouble: what is nan or inf in it, see `not_finite`.
        """
        if trouble:
            yield trouble
            return
        self.epochs += 1
        self.turns(gradient)
        for check in (self.rises, self.oscillates, self.stalls, self.alike, self.zero, self.far):
            if check.__name__ not in self.said and (sentence := check(history)):
                self.said.add(check.__name__)
                yield sentence

    def turns(self, gradient: list[float]) -> None:
        """Counts the epochs in a row at which the gradient pointed back (cosine below -0.9)."""
        size, before = math.hypot(*gradient), math.hypot(*self.gradient)
        inner = sum(a * b for a, b in zip(gradient, self.gradient))
        back = self.whole and inner < -0.9 * size * before
        self.turned = [*self.turned, size] if back else []
        self.gradient = gradient

    # ---- the loss

    def rises(self, history: History) -> str:
        """The loss goes up; with small batches, which are noisy, for longer."""
        often = RISES if self.whole else 2 * RISES
        loss = history.loss[-often - 1:]
        grown = len(loss) > often and all(a < b for a, b in pairwise(loss))
        if grown and loss[-1] > 1.1 * loss[0]:
            how = f"{often} epochs in a row, from {loss[0]:.3g} to {loss[-1]:.3g}"
        elif len(loss) > 1 and loss[-1] > 2 * max(history.loss[0], loss[-2], 1e-12):
            how = f"from {loss[-2]:.3g} to {loss[-1]:.3g} in epoch {history.epochs[-1]}"
        else:
            return ""
        return (f"the loss rose {how}: the learning rate {history.lr[-1]:.3g} is probably too "
                f"high, so try {history.lr[-1] / 3:.1g}")

    def oscillates(self, history: History) -> str:
        """The loss or the parameters swing to and fro; with small batches, for longer."""
        if abs(history.loss[-1]) <= 1e-6 * abs(history.loss[0]):
            return ""
        often = TURNS if self.whole else 2 * TURNS
        loss, sizes = history.loss[-often:], self.turned[-often:]
        if len(loss) == often and zigzag(loss):
            what = (f"the loss oscillates, between {min(loss):.3g} and {max(loss):.3g} in the "
                    f"last {often} epochs")
        elif len(sizes) == often and sizes[-1] > 0.5 * sizes[0]:
            what = (f"the gradient turned round in each of the last {often} epochs, so the "
                    f"parameters swing from side to side")
        else:
            return ""
        noise = "" if self.whole else " or give larger batches, for small ones are noisy,"
        return f"{what}: lower the learning rate {history.lr[-1]:.3g}{noise} to settle"

    def stalls(self, history: History) -> str:
        """The loss stands still, before it has become small."""
        if len(history) <= PLATEAU:
            return ""
        loss = history.loss[-PLATEAU - 1:]
        change, now = movement(loss, self.whole), abs(loss[-1])
        if not now or change > 1e-3 * now or now <= 1e-3 * abs(history.loss[0]):
            return ""
        return (f"the loss stalls near {loss[-1]:.3g} ({100 * change / now:.2g} % of change in "
                f"{PLATEAU} epochs): {self.reason(history)}")

    def reason(self, history: History) -> str:
        """The likeliest cause of a plateau."""
        if hidden_twins(self.model):
            return (f"{hidden_twins(self.model)} are identical, and initialising the weights at "
                    f"random would help")
        if is_linear(self.model):
            return ("no layer has an activation that bends, so the model can only fit straight "
                    "lines: perhaps activations are missing")
        size = total({name: norms[-1] for name, norms in history.gradient_norms.items()})
        if size < 1e-4 * abs(history.loss[-1]):
            return f"the gradient is almost 0 ({size:.1e}), at a minimum or on flat ground"
        return (f"the learning rate {history.lr[-1]:.3g} may be too low for a gradient of "
                f"{size:.2g}, or the model too small")

    def alike(self, history: History) -> str:
        """Hidden units are the same one, several times."""
        same = hidden_twins(self.model) if self.epochs == RISES else ""
        return same and (f"{same} are identical after {RISES} epochs and learn the same, as if "
                         f"they were one: initialise the weights at random")

    # ---- the gradient

    def zero(self, history: History) -> str:
        """A layer gets no gradient at all."""
        still = [name for name, norms in history.gradient_norms.items() if norms[-2:] == [0, 0]]
        if not still or history.loss[-1] == 0:
            return ""
        cause = next((f.why() for f in self.factors() if f.size == 0), "")
        return (f"the gradient of {joined(still)} is exactly 0 in two epochs"
                f"{cause and f', because {cause}'}: nothing there can learn")

    def far(self, history: History) -> str:
        """A gradient that vanishes or explodes on its way back from the last layer."""
        norms = last(history.gradient_norms)
        *before, end = norms or [""]
        for name in before:
            ratio = norms[name] / norms[end] if norms[end] else 1.0
            if ratio and not 1 / FAR <= ratio <= FAR:
                return (f"{name}'s gradient {'vanishes' if ratio < 1 else 'explodes'}: in epoch "
                        f"{history.epochs[-1]} it is {ratio:.2g} times {end}'s"
                        f"{self.because(name, ratio)}")
        return ""

    def because(self, name: str, ratio: float) -> str:
        """The products of the weights' and the slopes' factors down to a layer, and the extreme."""
        factors = down_to(name, self.factors())
        if not factors:
            return ""
        of = {kind: math.prod(f.size for f in factors if f.kind == kind)
              for kind in ("weights", "slopes")}
        extreme: Any = min if ratio < 1 else max
        worst = extreme((f for f in factors if f.kind == extreme(of, key=of.__getitem__)),
                        key=lambda f: f.size)
        return (f", because the way back multiplies it by {of['weights']:.2g} in the weights and "
                f"by {of['slopes']:.2g} in the activations' slopes; above all, {worst.why()}")


# ---- what the gradient is multiplied by

class Factor(NamedTuple):
    """What multiplies the gradient's size on its way back to a layer, and by how much."""

    layer: str              # where the gradient arrives
    kind: str               # "weights" of the layer after it, or "slopes" of its activation
    size: float
    whose: str              # such as "layer 3's weights, at most 0.2 in size,"

    def why(self) -> str:
        """The factor as a clause."""
        return f"{self.whose} multiply it by {self.size:.2g}"


def flow(model: Any, xs: Sequence[Any], ys: Sequence[Any], loss: Any) -> list[Factor]:
    """The factors on the gradient's way back, from the last layer to the first; [] if not known."""
    kept = [(name, layer, [], []) for name, layer in in_a_row(model).items()]   # type: ignore[var-annotated]
    outputs = []
    for x in xs if kept else ():
        for _, layer, before, after in kept:
            zs = layer.before(x)
            x = layer.after(zs)
            before.append(zs)
            after.append(x)
        outputs.append(x)
    if kept:
        backward(loss(*batch(outputs, list(ys))), model)
    return list(measured(kept))


def backward(loss: Value, model: Any) -> None:
    """loss.backward() that leaves the gradients of the model as they were."""
    kept = [(p, p.grad) for p in model.parameters()]
    loss.backward()
    for p, grad in kept:
        p.grad = grad


def measured(kept: Sequence[Any]) -> Iterator[Factor]:
    """The factors of layers with their pre-activations and outputs, from the last to the first."""
    for (name, layer, before, after), (later, upper, above, _) in zip(kept[-2::-1], kept[:0:-1]):
        largest = max(abs(w.data) for n in upper.neurons for w in n.w)
        sized = f"at most {largest:.2g} in size" if largest else "all 0"
        yield Factor(name, "weights", ratio(size(after), size(above)),
                     f"{later}'s weights, {sized},")
        yield Factor(name, "slopes", ratio(size(before), size(after)),
                     f"the {layer.activation} slopes of {name}")


def size(rows: Sequence[Sequence[Value]]) -> float:
    """The Euclidean norm of the gradients of lists of Values."""
    return math.hypot(*(v.grad for row in rows for v in row))


def ratio(a: float, b: float) -> float:
    """a / b, and 1 for 0 / 0, where nothing is left to be multiplied."""
    return a / b if b else 1.0


def down_to(name: str, factors: Sequence[Factor]) -> list[Factor]:
    """The factors from the last layer to the named one."""
    names = [f.layer for f in factors]
    return list(factors[:len(names) - names[::-1].index(name)]) if name in names else []


def not_finite(loss: Value, norms: Mapping[str, float], again: Callable[[], Value]) -> str:
    """What is nan or inf, and the operation that made it; empty if all is finite."""
    bad = [name for name, norm in norms.items() if not math.isfinite(norm)]
    if math.isfinite(loss.data) and not bad:
        return ""
    what = (f"{bad[-1]}'s gradient has the norm {norms[bad[-1]]}" if math.isfinite(loss.data)
            else f"the loss is {loss.data}")
    try:
        with anomaly():
            again().backward()
    except FloatingPointError as error:
        return f"{what}, because {rounded(str(error).split(', made at')[0])}"
    return what


# ---- small things

def rounded(text: str) -> str:
    """A text with its long numbers to four digits."""
    return re.sub(r"\d+\.\d{4,}(e[+-]?\d+)?", lambda m: f"{float(m[0]):.4g}", text)


def hidden_twins(model: Any) -> str:
    """The first identical units of a layer before the last, such as "units 1 and 2 of layer 1"."""
    *hidden, _ = list(twins(model).items()) or [("", [])]
    return next((f"units {joined(groups[0])} of {name}" for name, groups in hidden if groups), "")


def movement(loss: Sequence[float], whole: bool) -> float:
    """How much a loss moved: from least to most, or, where it is noisy, between its halves."""
    half = len(loss) // 2
    return (max(loss) - min(loss) if whole
            else abs(sum(loss[:half]) - sum(loss[-half:])) / half)


def zigzag(loss: Sequence[float]) -> bool:
    """Whether a loss turns at every epoch, by a twentieth of its size, and gets nowhere."""
    steps = [b - a for a, b in pairwise(loss)]
    path = sum(map(abs, steps))
    return (all(a * b < 0 for a, b in pairwise(steps))
            and path > 0.05 * sum(map(abs, loss)) and abs(sum(steps)) < 0.5 * path)


def last(columns: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The last number of every column."""
    return {name: numbers[-1] for name, numbers in columns.items()}


def total(norms: Mapping[str, float]) -> float:
    """The norm of the whole gradient, from those of its layers."""
    return math.hypot(*norms.values())


def joined(words: Sequence[Any]) -> str:
    """"a, b and c"."""
    *some, end = map(str, words)
    return f"{', '.join(some)} and {end}" if some else end
