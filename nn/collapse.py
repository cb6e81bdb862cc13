"""Collapse: a stack of linear layers is one linear layer, W_eff x + b_eff.

    one = collapse(net)
    one.layer(x)                the same prediction as net(x), by a single Layer
    one.W[i][j], one.b[j]       from input i to output j, as Values made of the net's parameters,
                                so that they print as formulas: W_eff = W3 (W2 W1)
    one.difference              the largest difference of the two predictions over the samples

The check needs no luck: two affine maps of n inputs that agree on 0 and on the n unit vectors agree
everywhere. Those are among the samples. Start reading at `collapse`.
"""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine import ROWS, Value, dot, no_grad

from .layers import Layer, as_list

LINEAR = {"linear", *(row.name for row in ROWS if row.forward == row.inputs)}


class Collapsed(NamedTuple):
    """What `collapse` returns: the one layer, its matrix and bias as formulas, and the check."""

    layer: Layer
    W: list[list[Value]]
    b: list[Value]
    difference: float
    samples: int


def collapse(model: Any, *, samples: Sequence[Any] = (), tolerance: float = 1e-9) -> Collapsed:
    """The one linear layer that predicts what `model`, a stack of linear layers, predicts.

    model: a network with `layers`, a Layer, or a list of Layers. W is inputs x outputs.
    samples: further inputs on which both must agree, each to `tolerance` times the largest of 1
    and the size of the prediction; else a ValueError names the sample.
    """
    layers = stack(model)
    W, b = product(layers)
    layer = Layer(len(W), len(b), activation="linear", name="collapsed")
    for j, neuron in enumerate(layer.neurons):
        neuron.w = [Value(row[j].data) for row in W]
        neuron.b = Value(b[j].data)
    inputs = [*probes(len(W)), *map(as_list, samples)]
    with no_grad():
        worst = max(difference(model, layer, x, tolerance) for x in inputs)
    return Collapsed(layer, W, b, worst, len(inputs))


def stack(model: Any) -> list[Layer]:
    """The layers of a model, all of them linear and of widths that fit; ValueError otherwise."""
    several = model if isinstance(model, (list, tuple)) else getattr(model, "layers", [])
    layers = [model] if isinstance(model, Layer) else list(several)
    if not layers or not all(isinstance(layer, Layer) for layer in layers):
        raise TypeError(f"collapse needs a Layer, a list of Layers or a network that has layers, "
                        f"and got {model!r}")
    for i, layer in enumerate(layers):
        if layer.activation not in LINEAR:
            raise ValueError(f"{layer.name or f'layer {i + 1}'} (layers[{i}]) applies "
                             f"{layer.activation!r}, which is not linear: only layers with one of "
                             f"{', '.join(map(repr, sorted(LINEAR)))} collapse into one")
        if i and len(layer.neurons[0].w) != len(layers[i - 1].neurons):
            raise ValueError(f"layers[{i}] has {len(layer.neurons[0].w)} inputs and the layer "
                             f"before it {len(layers[i - 1].neurons)} outputs: make them equal")
    return layers


def product(layers: Sequence[Layer]) -> tuple[list[list[Value]], list[Value]]:
    """W_eff and b_eff, layer by layer: W <- W W_l and b <- b W_l + b_l."""
    first, *others = layers
    W = [[n.w[i] for n in first.neurons] for i in range(len(first.neurons[0].w))]
    b = [n.b for n in first.neurons]
    for layer in others:
        W = [[dot(n.w, row) for n in layer.neurons] for row in W]
        b = [dot(n.w, b, n.b) for n in layer.neurons]
    return W, b


def probes(n: int) -> list[list[float]]:
    """The inputs 0 and e_1 .. e_n, which fix an affine map, and three random ones."""
    draw = random.Random(0)
    return [[float(i == j) for i in range(n)] for j in range(-1, n)] + [
        [draw.uniform(-3, 3) for _ in range(n)] for _ in range(3)]


def difference(model: Any, layer: Layer, x: list[float], tolerance: float) -> float:
    """The largest difference of two predictions at x; ValueError if it is above the tolerance."""
    known, made = as_list(predict(model, x)), as_list(layer(x))
    worst: float = max(abs(k.data - m.data) for k, m in zip(known, made))
    if len(known) != len(made) or not worst <= tolerance * max(1.0, *(abs(k.data) for k in known)):
        raise ValueError(f"at x = {x} the model predicts {[k.data for k in known]} and the "
                         f"collapsed layer {[m.data for m in made]}: the model does more than its "
                         f"layers, or the numbers are too large for tolerance={tolerance:g}")
    return worst


def predict(model: Any, x: Any) -> Any:
    """The model's outputs for one input, or those of a list of layers one after the other."""
    for part in model if isinstance(model, (list, tuple)) else [model]:
        x = part(x)
    return x
