"""Initialisation: what the weights are before training, and why they must not all be the same.

    initialise(model, "xavier", seed=0)     weights drawn anew, biases set to 0

    scheme      weights of a unit with n inputs
    uniform     between low and high, -0.5 and 0.5 by default       document 000, tip 1
    normal      normal, mean 0, standard deviation `std`
    xavier      normal, standard deviation sqrt(1 / n)              document 000, tip 1
    glorot      normal, sqrt(2 / (n + units of the layer))          Glorot, Bengio 2010
    he          normal, sqrt(2 / n), made for ReLU                  He and others 2015
    constant    `value` for all: equal weights, which stay equal
    zero        0 for all: worse, hidden layers get no gradient

`twins(model)` finds units of a layer that are identical; `symmetry(model, data, loss)` trains a
while and reports which units stayed so, and which parameters moved at all.
"""

import math
import random
from collections.abc import Callable, Mapping
from typing import Any

from .layers import Layer, Neuron
from .networks import Network
from .structure import inside, named_parameters, twins
from .train import fit

Draw = Callable[[Any, int, int, Mapping[str, float]], float]

SCHEMES: dict[str, Draw] = {
    "uniform":  lambda rng, n, units, o: rng.uniform(o["low"], o["high"]),
    "normal":   lambda rng, n, units, o: rng.gauss(0, o["std"]),
    "xavier":   lambda rng, n, units, o: rng.gauss(0, math.sqrt(1 / n)),
    "glorot":   lambda rng, n, units, o: rng.gauss(0, math.sqrt(2 / (n + units))),
    "he":       lambda rng, n, units, o: rng.gauss(0, math.sqrt(2 / n)),
    "constant": lambda rng, n, units, o: o["value"],
    "zero":     lambda rng, n, units, o: 0.0,
}


def initialise(model: Any, scheme: str = "xavier", *, low: float = -0.5, high: float = 0.5,
               std: float = 0.1, value: float = 0.5, bias: "float | None" = 0.0,
               seed: "int | None" = None) -> Any:
    """The model itself, its weights drawn by a scheme and its biases set to `bias`.

    bias: None leaves the biases as they are.
    seed: the same seed gives the same weights; None draws from Python's `random`.
    """
    options = {"low": low, "high": high, "std": std, "value": value, "bias": bias or 0.0}
    check(model, scheme, options)
    rng: Any = random if seed is None else random.Random(seed)
    for neuron, units in neurons(model):
        for w in neuron.w:
            w.data = SCHEMES[scheme](rng, len(neuron.w), units, options)
        if bias is not None:
            neuron.b.data = float(bias)
    return model


def neurons(model: Any) -> list[tuple[Neuron, int]]:
    """Every neuron of a model in order, with the number of units in its layer."""
    found = {id(n): (n, len(m.neurons)) for m in inside(model) if isinstance(m, Layer)
             for n in m.neurons}
    alone = {id(m): (m, 1) for m in inside(model) if isinstance(m, Neuron) and id(m) not in found}
    return [*found.values(), *alone.values()]


def check(model: Any, scheme: str, options: Mapping[str, float]) -> None:
    """ValueError unless there is such a scheme, its numbers are good, and the model has neurons."""
    if scheme not in SCHEMES:
        raise ValueError(f"there is no scheme {scheme!r}: choose one of {', '.join(SCHEMES)}")
    for name, x in options.items():
        if not math.isfinite(x):
            raise ValueError(f"{name}={x!r} is not finite: give a number")
    if options["low"] > options["high"] or options["std"] < 0:
        raise ValueError(f"low={options['low']!r}, high={options['high']!r} and "
                         f"std={options['std']!r} do not fit: low <= high and std >= 0 are needed")
    if not neurons(model):
        raise ValueError(f"{type(model).__name__} has no Neuron or Layer inside, so its weights "
                         f"are not known from its biases: set .data of its parameters yourself")


# ---- symmetry

class Symmetry:
    """What `symmetry` found; true if units of some layer were and stayed identical.

    before, after   the groups of identical units of each layer, as `twins` gives them
    moved, still    the names of the parameters that changed in training, and of those that did not
    loss            first and last
    """

    def __init__(self, before: dict[str, list[tuple[int, ...]]],
                 after: dict[str, list[tuple[int, ...]]], moved: list[str], still: list[str],
                 loss: tuple[float, float], steps: int) -> None:
        self.before, self.after, self.moved, self.still = before, after, moved, still
        self.loss, self.steps = loss, steps

    def __bool__(self) -> bool:
        return any(set(self.before[name]) & set(self.after[name]) for name in self.before)

    def __str__(self) -> str:
        lines = [f"after {self.steps} steps, loss {self.loss[0]:.6g} -> {self.loss[1]:.6g}:"]
        for name, groups in self.after.items():
            shown = "; ".join(f"units {', '.join(map(str, g))} are identical" for g in groups)
            lines.append(f"  {name}: {shown or 'no two units are identical'}")
        count = len(self.moved) + len(self.still)
        names = f": {', '.join(self.moved)}" if 0 < len(self.moved) <= 8 else ""
        return "\n".join([*lines, f"  {len(self.moved)} of {count} parameters moved{names}"])


def symmetry(model: Any, data: Any = None, loss: Any = None, *, steps: int = 100,
             lr: float = 0.1) -> Symmetry:
    """Which units are still identical after `steps` of gradient descent; the model is put back."""
    parameters = dict(named_parameters(model))
    start, before = {name: (p.data, p.grad) for name, p in parameters.items()}, twins(model)
    try:
        history = fit(model, data, loss, epochs=steps, lr=lr, warn=False, progress=False)
        moved = [name for name, p in parameters.items() if p.data != start[name][0]]
        still = [name for name in parameters if name not in moved]
        return Symmetry(before, twins(model), moved, still,
                        (history.loss[0], history.loss[-1]), len(history))
    finally:
        for name, p in parameters.items():
            p.data, p.grad = start[name]
        if isinstance(model, Network):
            model.forward()
