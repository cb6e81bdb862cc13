"""Neurons, layers and multi-layer perceptrons, with micrograd's signatures and random draws.

    neuron   h = activation(w . x + b)
    layer    several neurons on the same inputs; softmax acts on the layer as a whole
    MLP      layers one after the other

`before(x)` gives the pre-activations alone. An activation is the name of any operation of one
number in the engine's table ("relu", "tanh", "sigmoid", "identity", ...), or "softmax", or
"linear", which adds no operation at all.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import engine
from engine import Value, dot, softmax

from .module import Module

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    row.name: getattr(engine, row.name) for row in engine.ROWS
    if len(row.inputs.split()) - len(row.defaults) == 1 and not row.variadic and row.symbol != "-"}
SHOWN = {"relu": "ReLU", "elu": "ELU", "gelu": "GELU", "silu": "SiLU", "leaky_relu": "LeakyReLU"}


def activation_named(name: str) -> str:
    """The name itself, if there is such an activation; ValueError otherwise."""
    if name not in ACTIVATIONS and name not in ("linear", "softmax"):
        raise ValueError(f"there is no activation {name!r}; choose 'linear', 'softmax' or one of "
                         f"{', '.join(ACTIVATIONS)}")
    return name


def as_list(x: Any) -> list[Any]:
    """The inputs of a layer as a list; one number or Value is a list of one."""
    if isinstance(x, (Value, int, float)):
        return [x]
    if x is None or isinstance(x, str):
        raise TypeError(f"a layer takes a list of numbers or Values, and got {x!r}")
    return list(x)


class Neuron(Module):
    """One unit: `nin` weights drawn from uniform(-1, 1) and a bias of 0.

    nonlin: micrograd's switch between ReLU and linear; `activation`, a name, overrides it.
    """

    def __init__(self, nin: int, nonlin: bool = True, activation: str = "") -> None:
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0)
        self.activation = activation_named(activation or ("relu" if nonlin else "linear"))
        if self.activation == "softmax":
            raise ValueError("softmax acts on a layer as a whole, not on one neuron: write "
                             "Layer(nin, nout, activation='softmax')")

    @property
    def nonlin(self) -> bool:
        """Whether there is an activation other than linear."""
        return self.activation != "linear"

    def before(self, x: Any) -> Value:
        """The pre-activation w . x + b, one node."""
        xs = as_list(x)
        if len(xs) != len(self.w):
            raise ValueError(f"a neuron with {len(self.w)} weights was given {len(xs)} inputs: "
                             f"give as many inputs as weights")
        return dot(self.w, xs, self.b)          # type: ignore[no-any-return]

    def __call__(self, x: Any) -> Value:
        z = self.before(x)
        return ACTIVATIONS[self.activation](z) if self.activation in ACTIVATIONS else z

    def __repr__(self) -> str:
        return f"{SHOWN.get(self.activation, self.activation.capitalize())}Neuron({len(self.w)})"


class Layer(Module):
    """`nout` neurons with `nin` inputs each; called on a list (or one number), it returns a list.

    A layer of width 1 returns its one Value, as micrograd's does, and any layer accepts one.
    """

    def __init__(self, nin: int, nout: int, nonlin: bool = True, activation: str = "",
                 name: str = "") -> None:
        self.activation = activation_named(activation or ("relu" if nonlin else "linear"))
        own = "linear" if self.activation == "softmax" else self.activation
        self.neurons = [Neuron(nin, activation=own) for _ in range(nout)]
        self.name = name

    def before(self, x: Any) -> list[Value]:
        """The pre-activations of all neurons."""
        xs = [v if isinstance(v, Value) else engine.value.constant(v) for v in as_list(x)]
        return [n.before(xs) for n in self.neurons]

    def after(self, zs: Sequence[Value]) -> list[Value]:
        """The activations of a list of pre-activations."""
        if self.activation == "softmax":
            return softmax(zs)
        act = ACTIVATIONS.get(self.activation)
        return [act(z) for z in zs] if act else list(zs)

    def __call__(self, x: Any) -> Any:
        out = self.after(self.before(x))
        return out[0] if len(out) == 1 else out

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(str, self.neurons))}]"


class MLP(Module):
    """A perceptron with `nin` inputs and layers of the widths `nouts`, ReLU but for the last.

    activations: one name for all layers but the last (which stays linear), or a list with one each.
    """

    def __init__(self, nin: int, nouts: Sequence[int],
                 activations: "str | Sequence[str]" = "relu") -> None:
        if not isinstance(nouts, Iterable):
            raise TypeError(f"the widths of the layers are a list, and {nouts!r} is not: write "
                            f"MLP({nin}, [{nouts}])")
        sizes = [nin, *nouts]
        if isinstance(activations, str):
            activation_named(activations)
        names = ([activations] * (len(nouts) - 1) + ["linear"] if isinstance(activations, str)
                 else list(activations))
        if len(names) != len(nouts):
            raise ValueError(f"{len(names)} activations {names} were given for {len(nouts)} "
                             f"layers: give one per layer")
        self.layers = [Layer(a, b, activation=name) for a, b, name in zip(sizes, sizes[1:], names)]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(str, self.layers))}]"
