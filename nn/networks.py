"""The documents' two networks, made of scalar neurons, with the documents' numbers by default.

    linear_1_1_1()                  document 000: x -> W1 x + b1 -> W2 h1 + b2 -> W3 h2 + b3 = y_hat
    relu_sigmoid_softmax_3_3_3()    document 001: three layers of three units

    net.loss()                  a Value, recorded anew; its backward() fills all gradients
    net.outputs                 the Values of the last layer
    net.step(lr=0.01)           forward, backward, update, forward; returns the loss it started from
    net.named_parameters()      [("W1", Value), ...]; net.W1, net.z1, net.O_in, ... are attributes

Weights are indexed as the documents have them: W_ij[1,2] leads from input 1 to unit 2.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import Any

from engine import Value
from engine.scalars import UNSET
from engine.value import constant

from .layers import Layer, as_list
from .losses import binary_cross_entropy, categorical_cross_entropy, mean_squared_error
from .module import Module
from .optim import SGD

Matrix = Sequence[Sequence[float]]
Loss = Callable[[list[Value], list[Value]], Value]

W_IJ: Matrix = ((0.1, 0.2, 0.3), (0.3, 0.2, 0.7), (0.4, 0.3, 0.9))
W_JK: Matrix = ((0.2, 0.3, 0.5), (0.3, 0.5, 0.7), (0.6, 0.4, 0.8))
W_KL: Matrix = ((0.1, 0.4, 0.8), (0.3, 0.7, 0.2), (0.5, 0.2, 0.9))
ONES = (1.0, 1.0, 1.0)

READINGS: dict[str, Loss] = {               # three ways to read document 001's cross-entropy
    "binary":      binary_cross_entropy,                        # n = 1, as its derivatives have it
    "binary/3":    partial(binary_cross_entropy, n=3),          # 1/n as its formula has it
    "categorical": categorical_cross_entropy,
}


def vector(name: str, numbers: Sequence[float], make: Callable[..., Value] = Value) -> list[Value]:
    """Values called name[1], name[2], ...; a single one is called name."""
    values = [make(x) for x in numbers]
    for j, v in enumerate(values, 1):
        v.label = f"{name}[{j}]" if len(values) > 1 else name
    return values


def matrix(name: str, rows: Matrix) -> list[list[Value]]:
    """Values called name[1,1], name[1,2], ...; the single one of a 1 x 1 matrix is called name."""
    values = [[Value(x) for x in row] for row in rows]
    for i, row in enumerate(values, 1):
        for j, v in enumerate(row, 1):
            v.label = f"{name}[{i},{j}]" if len(rows) > 1 else name
    return values


def unwrapped(values: list[Any]) -> Any:
    """A list as it is, and the one element of a list of one."""
    return values[0] if len(values) == 1 else values


class Network(Module):
    """Layers with their own input, target and loss, every quantity kept under its name."""

    def __init__(self, x: Sequence[float], y: Sequence[float], loss: Loss) -> None:
        self.layers: list[Layer] = []
        self.outputs: list[Value] = []
        self._names: list[tuple[str, str]] = []         # per layer: before and after the activation
        self._named: list[tuple[str, Value]] = []
        self._loss = loss
        self._x, self._y = vector("x", x), vector("y", y, constant)
        self.x, self.y = unwrapped(self._x), unwrapped(self._y)

    def add(self, activation: str, W: str, b: str, before: str, after: str, weights: Matrix,
            biases: Sequence[float]) -> None:
        """Adds a layer from its numbers and the names of its four quantities."""
        self._check(W, b, weights, biases)
        rows, bias = matrix(W, weights), vector(b, biases)
        layer = Layer(len(rows), len(bias), activation=activation,
                      name=f"layer {len(self.layers) + 1}")
        for j, neuron in enumerate(layer.neurons):
            neuron.w, neuron.b = [row[j] for row in rows], bias[j]
        self.layers.append(layer)
        self._names.append((before, after))
        self._named += [(p.label, p) for p in [*chain.from_iterable(rows), *bias]]
        setattr(self, W, unwrapped([unwrapped(row) for row in rows]))
        setattr(self, b, unwrapped(bias))

    def _check(self, W: str, b: str, weights: Matrix, biases: Sequence[float]) -> None:
        width = len(self.layers[-1].neurons) if self.layers else len(self._x)
        if len(weights) != width or any(len(row) != len(biases) for row in weights):
            shape = " x ".join(map(str, (len(weights), len(weights[0]) if weights else 0)))
            raise ValueError(f"{W} is {shape}, but {width} inputs and {len(biases)} biases {b} "
                             f"need {width} x {len(biases)}: "
                             f"one row per input, one column per unit")

    def named_parameters(self) -> list[tuple[str, Value]]:
        """The weights and biases under the documents' names, layer by layer."""
        return list(self._named)

    def named_values(self) -> list[tuple[str, Value]]:
        """Every quantity of the last forward pass by name: the inputs, then layer by layer."""
        kept = [getattr(self, name) for pair in self._names for name in pair]
        return [(v.label, v) for v in chain(self._x, *map(as_list, kept))]

    def zero_grad(self) -> None:
        """Forgets the gradients of all parameters and of the input."""
        super().zero_grad()
        for x in self._x:
            x.grad = UNSET

    def __call__(self, x: Any) -> list[Value]:
        """The outputs for another input, given as a number or a list."""
        values = as_list(x)
        for layer in self.layers:
            values = layer.after(layer.before(values))
        return values

    def forward(self) -> list[Value]:
        """Runs on its own input, keeps and names every quantity, and returns the outputs."""
        values = self._x
        for layer, (before, after) in zip(self.layers, self._names):
            inside = layer.before(values)
            values = layer.after(inside)
            for name, row in ((before, inside), (after, values)):
                for j, v in enumerate(row, 1):
                    v.label = f"{name}[{j}]" if len(row) > 1 else name
                setattr(self, name, unwrapped(row))
        self.outputs = values
        return values

    def loss(self) -> Value:
        """The loss on the network's own input and target, recorded anew."""
        value = self._loss(self.forward(), self._y)
        value.label = "loss"
        return value

    def step(self, lr: float = 0.01) -> Value:
        """One step of gradient descent; returns the loss before it, all gradients in its graph."""
        before = self.loss()
        self.zero_grad()
        before.backward()
        SGD(self.parameters(), lr).step()
        self.forward()
        return before


def linear_1_1_1(x: float = 2.0, y: float = 4.0, W: Sequence[float] = (0.5, 0.8, 1.2),
                 b: Sequence[float] = (0.1, -0.2, 0.3)) -> Network:
    """The network of document 000: three linear layers of one unit, squared error (y_hat - y)^2.

    Parameters W1 b1 W2 b2 W3 b3; kept quantities z1 h1 z2 h2 z3 y_hat.
    """
    if len(W) != len(b):
        raise ValueError(f"{len(W)} weights and {len(b)} biases were given: "
                         f"give one of each per layer")
    net = Network([x], [y], mean_squared_error)
    for i, (weight, bias) in enumerate(zip(W, b), 1):
        after = "y_hat" if i == len(W) else f"h{i}"
        net.add("identity", f"W{i}", f"b{i}", f"z{i}", after, [[weight]], [bias])
    net.forward()
    return net


def relu_sigmoid_softmax_3_3_3(x: Sequence[float] = (0.1, 0.2, 0.7),
                               y: Sequence[float] = (1.0, 0.0, 0.0),
                               W_ij: Matrix = W_IJ, W_jk: Matrix = W_JK, W_kl: Matrix = W_KL,
                               b_j: Sequence[float] = ONES, b_k: Sequence[float] = ONES,
                               b_l: Sequence[float] = ONES, reading: str = "binary") -> Network:
    """The network of document 001: ReLU, sigmoid and softmax layers of three units, cross-entropy.

    reading: "binary" (n = 1), "binary/3" (n = 3) or "categorical", see READINGS.
    Kept quantities h1_in h1_out h2_in h2_out O_in O_out, each a list.
    """
    if reading not in READINGS:
        raise ValueError(f"there is no reading {reading!r} of the loss: "
                         f"choose one of {', '.join(READINGS)}")
    net = Network(x, y, READINGS[reading])
    net.add("relu",    "W_ij", "b_j", "h1_in", "h1_out", W_ij, b_j)
    net.add("sigmoid", "W_jk", "b_k", "h2_in", "h2_out", W_jk, b_k)
    net.add("softmax", "W_kl", "b_l", "O_in",  "O_out",  W_kl, b_l)
    net.forward()
    return net
