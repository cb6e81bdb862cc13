"""Closed matrix formulas in plain numpy: a second road to the gradients, which knows no graph.

    document 004    forward, gradients, update            layers of any number, width, activation
                    mean_squared_error, error_slopes, layers_of, activation
    document 003    linear_forward, linear_gradients      two linear layers, biases in row 0
                    linear_slopes, augmented, half_sum_of_squares
    document 000    scalar_forward, scalar_gradients, scalar_step      layers of one unit

    X, Y    inputs and targets, one row per example        m    number of examples
    W, b    weights, inputs x units, and biases            Z    before the activation, A W + b
    A       after the activation, A_l = h(Z_l), A_0 = X    d    dE/dA

Numbers only; shapes and data are checked before any work starts. The one file of nn that needs
numpy: import it by name, `from nn import matrices`. Start reading at `gradients`.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.rules import RULES

from .optim import positive

Array = NDArray[Any]
Arrays = Sequence[Any]
Names = str | Sequence[str]
Elementwise = Callable[[Array], Array]
Layer = tuple[Array, Array, Elementwise, Elementwise]           # W, b, h, h'


# ---- document 004: any number of layers

class Forward(NamedTuple):
    """A forward pass: Z[i] belongs to weights[i]; A has one more, for A[0] is X."""

    Z: list[Array]
    A: list[Array]


class Gradients(NamedTuple):
    """The error E; d[l] = dE/dA[l], so d[0] is dE/dX; dW, db as the parameters; db_each, m x k."""

    E: float
    d: list[Array]
    dW: list[Array]
    db: list[Array]
    db_each: list[Array]


def forward(X: Any, weights: Arrays, biases: Arrays, activations: Names) -> Forward:
    """Z_l = A_{l-1} W_l + b_l and A_l = h(Z_l) for every layer.

    X: m x n. weights: one n x k matrix per layer. biases: k numbers (or 1 x k) per layer.
    activations: one name for all layers, the last included, or a list with one each.
    """
    X = numbers("X", X)
    return run(X, checked(X, weights, biases, activations))


def run(X: Array, layers: list[Layer]) -> Forward:
    """The forward pass through layers that were checked."""
    Z, A = [], [X]
    for W, b, h, _ in layers:
        Z.append(A[-1] @ W + b)
        A.append(h(Z[-1]))
    return Forward(Z, A)


def gradients(X: Any, Y: Any, weights: Arrays, biases: Arrays, activations: Names) -> Gradients:
    """The mean squared error of a network and all its gradients, by document 004's recursion.

        d_L     = 2/m (A_L - Y)                 dE/dW_l = A_{l-1}^T [h'(Z_l) * d_l]
        d_{l-1} = [h'(Z_l) * d_l] W_l^T         dE/db_l = h'(Z_l) * d_l, summed over the examples

    Y: m x k; the others as for `forward`.
    """
    X, Y = numbers("X", X), numbers("Y", Y)
    layers = checked(X, weights, biases, activations)
    outputs = (len(X), layers[-1][0].shape[1])
    fit(outputs == Y.shape, f"layer {len(layers)}", "Y needs one target per output",
        outputs=outputs, Y=Y.shape)
    Z, A = run(X, layers)
    d, db_each = [error_slopes(A[-1], Y)], []
    for (W, _, _, slope), z in zip(reversed(layers), reversed(Z)):
        db_each.append(slope(z) * d[-1])
        d.append(db_each[-1] @ W.T)
    d.reverse()
    db_each.reverse()
    dW = [a.T @ each for a, each in zip(A, db_each)]
    db = [each.sum(axis=0).reshape(np.shape(b)) for each, b in zip(db_each, biases)]
    return Gradients(mean_squared_error(A[-1], Y), d, dW, db, db_each)


def update(weights: Arrays, biases: Arrays, dW: Arrays, db: Arrays,
           lr: float = 0.01) -> tuple[list[Any], list[Any]]:
    """New weights W - lr dE/dW and biases b - lr dE/db, one per layer; the old ones are kept."""
    positive("lr", lr)
    for name, old, slopes in (("W", weights, dW), ("b", biases, db)):
        for i, (p, g) in enumerate(zip(old, slopes, strict=True), 1):
            fit(np.shape(p) == np.shape(g), f"layer {i}", f"{name} and its gradient must be alike",
                **{name: np.shape(p), f"d{name}": np.shape(g)})
    return ([np.asarray(W) - lr * np.asarray(g) for W, g in zip(weights, dW)],
            [np.asarray(b) - lr * np.asarray(g) for b, g in zip(biases, db)])


def mean_squared_error(A: Any, Y: Any) -> float:
    """(1/m) times the sum of all squared differences: summed over outputs, averaged over examples.

    It is `nn.mean_squared_error(A, Y, per="sample")`.
    """
    A, Y = alike(A=A, Y=Y)
    return float(((A - Y) ** 2).sum() / len(A))


def error_slopes(A: Any, Y: Any) -> Array:
    """The slopes (2/m) (A - Y) of the mean squared error, one per output of each example."""
    A, Y = alike(A=A, Y=Y)
    return 2 * (A - Y) / len(A)                 # type: ignore[no-any-return]


def layers_of(model: Any) -> tuple[list[Array], list[Array], list[str]]:
    """The numbers of an MLP or other network of layers: weights, biases and activations."""
    weights = [np.array([[w.data for w in n.w] for n in layer.neurons]).T for layer in model.layers]
    biases = [np.array([n.b.data for n in layer.neurons]) for layer in model.layers]
    return weights, biases, [layer.activation for layer in model.layers]


def activation(name: str) -> tuple[Elementwise, Elementwise]:
    """h and h' on arrays: value and slope of the row `name` of the engine's table, by element."""
    rule = RULES.get("identity" if name == "linear" else name)
    if rule is None or rule.row.variadic or len(rule.inputs) - len(rule.row.defaults) != 1:
        raise ValueError(f"{name!r} is no activation that acts on each element alone: choose "
                         f"'linear' or an operation of one number, such as 'tanh' or 'relu'")
    rest = rule.row.defaults                    # the slope of a leaky ReLU, for one

    def h(x: float) -> float:
        return rule.function(x, *rest)          # type: ignore[no-any-return]

    def slope(x: float) -> float:
        return rule.slopes([x, *rest], h(x))[0]

    return np.vectorize(h, otypes=[float]), np.vectorize(slope, otypes=[float])


# ---- document 003: two linear layers, one output, the biases in row 0

class Linear(NamedTuple):
    """A forward pass of document 003: X and Y with their columns of ones, and the outputs z."""

    X: Array
    Y: Array
    z: Array


def augmented(X: Any) -> Array:
    """The matrix [1 X], with a column of ones in front; X may be an array of Values."""
    X = np.asarray(X)
    if X.ndim != 2 or not X.size:
        raise ValueError(f"X is {written(X.shape)} and must be a matrix, not empty")
    return np.hstack([np.ones((len(X), 1)), X])


def linear_forward(X0: Any, u: Any, v: Any) -> Linear:
    """X = [1 X0], Y = [1 X u] and z = Y v.

    X0: m x n. u: (n + 1) x k and v: (k + 1) x 1, biases in row 0. z: m x 1.
    """
    X0, u, v = linear_checked(X0, u, v)
    X = augmented(X0)
    Y = augmented(X @ u)
    return Linear(X, Y, Y @ v)


def linear_slopes(x: Any, u: Any, v: Any) -> tuple[Array, Array]:
    """dz/du and dz/dv for one example x, a list of n numbers; they are shaped as u and v."""
    X, Y, _ = linear_forward([x], u, v)
    return X.T @ numbers("v", v)[1:].T, Y.T


def linear_gradients(X0: Any, z: Any, u: Any, v: Any) -> tuple[Array, Array]:
    """dC/du = X^T d [v1 ... vk] and dC/dv = Y^T d, with C half the sum of squares, d = Y v - z.

    z: the true outputs, m x 1; the others as for `linear_forward`.
    """
    X0, u, v = linear_checked(X0, u, v)
    z = numbers("z", z)
    fit(z.shape == (len(X0), 1), "layer 2", "z needs one row per example", X0=X0.shape, z=z.shape)
    X, Y, predicted = linear_forward(X0, u, v)
    d = predicted - z
    return X.T @ d @ v[1:].T, Y.T @ d


def half_sum_of_squares(z: Any, predicted: Any) -> float:
    """C = 1/2 sum (z - predicted)^2, a sum over the examples and not a mean."""
    z, predicted = alike(z=z, predicted=predicted)
    return float(((z - predicted) ** 2).sum() / 2)


# ---- document 000: layers of one unit, no activation

def scalar_forward(x: Any, W: Sequence[float], b: Sequence[float]) -> list[Array]:
    """[h_0, ..., h_n] with h_0 = x, a list of m numbers, and h_l = W_l h_{l-1} + b_l."""
    W, b = alike(W=W, b=b)                      # type: ignore[assignment]
    h = [numbers("x", x, 1)]
    for weight, bias in zip(W, b):
        h.append(weight * h[-1] + bias)
    return h


def scalar_gradients(x: Any, y: Any, W: Sequence[float],
                     b: Sequence[float]) -> tuple[list[float], list[float]]:
    """dL/dW and dL/db of the mean squared error over m examples, by document 000's general formula.

        dL/db_n = 2/m sum e W_{n+1} W_{n+2} ... W_last             e = y_hat - y
        dL/dW_n = 2/m sum e W_{n+1} W_{n+2} ... W_last h_{n-1}     h_0 = x
    """
    x, y = alike(x=x, y=y)
    *h, y_hat = scalar_forward(x, W, b)
    reach = [error_slopes(y_hat, y) * np.prod(W[n:]) for n in range(1, len(W) + 1)]
    dW = [float((r * before).sum()) for r, before in zip(reach, h)]
    return dW, [float(r.sum()) for r in reach]


def scalar_step(x: Any, y: Any, W: Sequence[float], b: Sequence[float],
                lr: float = 0.01) -> tuple[list[float], list[float]]:
    """W and b after one step of gradient descent on a batch, all gradients taken first."""
    weights, biases = update(W, b, *scalar_gradients(x, y, W, b), lr)
    return list(map(float, weights)), list(map(float, biases))


# ---- checking, before any work starts

def checked(X: Array, weights: Arrays, biases: Arrays, activations: Names) -> list[Layer]:
    """The layers of a network, if every shape fits; else a ValueError names the layer and both."""
    names = [activations] * len(weights) if isinstance(activations, str) else activations
    if not len(weights) == len(biases) == len(names) > 0:
        raise ValueError(f"{len(weights)} weights, {len(biases)} biases and {len(names)} "
                         f"activations were given: give one of each per layer")
    layers: list[Layer] = []
    inputs = X.shape
    for i, (W, b, name) in enumerate(zip(weights, biases, names), 1):
        layer = f"layer {i}"
        W, b = numbers(f"W of {layer}", W), numbers(f"b of {layer}", b, 1, 2)
        fit(len(W) == inputs[1], layer, "W needs one row per input", inputs=inputs, W=W.shape)
        fit(b.shape in (W.shape[1:], (1, W.shape[1])), layer, "b needs one bias per column of W",
            W=W.shape, b=b.shape)
        layers.append((W, b, *activation(name)))
        inputs = (len(X), W.shape[1])
    return layers


def linear_checked(X0: Any, u: Any, v: Any) -> tuple[Array, Array, Array]:
    """Document 003's three matrices, if their shapes fit."""
    X0, u, v = numbers("X0", X0), numbers("u", u), numbers("v", v)
    fit(len(u) == X0.shape[1] + 1, "layer 1", "u needs a row of biases and a row per input",
        X0=X0.shape, u=u.shape)
    fit(v.shape == (u.shape[1] + 1, 1), "layer 2", "v needs a bias and a weight per column of u",
        u=u.shape, v=v.shape)
    return X0, u, v


def numbers(name: str, x: Any, *axes: int) -> Array:
    """x as floats, a matrix or with one of the given numbers of axes; else an error says why."""
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths: make them equal") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} is of dtype {array.dtype} and must hold plain numbers: "
                        f"of Values, take the .data")
    if not array.size or array.ndim not in (axes or (2,)):
        kind = "a list of numbers" if 1 in axes else "a matrix"
        raise ValueError(f"{name} is {written(array.shape)} and must be {kind}, not empty")
    if np.isnan(array).any():
        where = ", ".join(map(str, np.argwhere(np.isnan(array))[0]))
        raise ValueError(f"{name}[{where}] is nan: remove that example or put a number there")
    return array.astype(float)


def alike(**arrays: Any) -> list[Array]:
    """The arrays, lists or matrices, if they have the same shape."""
    found = {name: numbers(name, x, 1, 2) for name, x in arrays.items()}
    shapes = {name: array.shape for name, array in found.items()}
    fit(len(set(shapes.values())) == 1, "the batch", "they must be alike", **shapes)
    return list(found.values())


def fit(fits: bool, where: str, need: str, **shapes: tuple[int, ...]) -> None:
    """Raises a ValueError that names the place and the shapes, unless they fit."""
    if not fits:
        shown = " and ".join(f"{name} {written(shape)}" for name, shape in shapes.items())
        raise ValueError(f"{where} has {shown}: {need}")


def written(shape: tuple[int, ...]) -> str:
    """A shape as people write it: "4 x 3"; "4" for a list of four numbers."""
    return " x ".join(map(str, shape)) or "a single number"
