"""The work of native.py: its data, and the same losses in handgrad's scalar code.

Each work has numbers `p` (parameters, flat: W1 b1 W2 b2 ..., a row of W per unit; in the network a
row per input, as its document has it) and data, and a function that builds the handgrad loss and
its parameters in that order.
"""

import random
from itertools import pairwise

import numpy as np

import nn
from engine import Value

CHAIN = WIDE = 1_000_000
NETWORKS = ("moons", "digits")
RATE = {"moons": 0.1, "digits": 0.1, "network": 0.01}


def expression(a, b, relu=Value.relu):
    """The example of micrograd's README."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + relu(b + a)
    d += 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def sizes(work):
    return {"moons": [2, 16, 16, 1], "digits": [64, 32, 10], "network": [3, 3, 3, 3]}[work]


def data(work):
    """Inputs and targets, and the first parameters."""
    draw = np.random.default_rng(1)
    if work == "moons":
        t = np.linspace(0, np.pi, 50)
        x = np.concatenate([np.c_[np.cos(t), np.sin(t)], np.c_[1 - np.cos(t), 0.5 - np.sin(t)]])
        return x + 0.1 * draw.normal(size=x.shape), np.repeat([-1.0, 1.0], 50), first(work, draw)
    if work == "digits":
        from sklearn.datasets import load_digits
        x, y = load_digits(return_X_y=True)
        return x[:32] / 16, np.eye(10)[y[:32]], first(work, draw)
    if work == "network":
        net = nn.networks.relu_sigmoid_softmax_3_3_3()
        return (np.array([0.1, 0.2, 0.7]), np.array([1.0, 0.0, 0.0]),
                np.array([p.data for _, p in net.named_parameters()]))
    if work == "wide":
        return draw.uniform(-1, 1, WIDE), None, draw.uniform(-1, 1, WIDE)
    return None, None, np.array([-4.0, 2.0] if work == "expression" else [0.999, 0.001, 0.5])


def first(work, draw):
    widths = sizes(work)
    parts = [np.r_[draw.uniform(-1, 1, a * b) / a ** 0.5, np.zeros(b)]
             for a, b in pairwise(widths)]
    return np.concatenate(parts)


def split(p, work):
    """Flat parameters as matrices and vectors: W1, b1, W2, b2, ...; a row of W is a unit's.

    Those of the network are square, and there a row is an input's.
    """
    found, at = [], 0
    for a, b in pairwise(sizes(work)):
        found += [p[at:at + a * b].reshape(b, a), p[at + a * b:at + a * b + b]]
        at += a * b + b
    return found


# ---- the losses in scalar code

class ScalarNeuron(nn.Neuron):
    """micrograd's neuron, product by product."""

    def __call__(self, x):
        act = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
        return act.relu() if self.nonlin else act


class ScalarLayer(nn.Layer):
    def __call__(self, x):
        out = [n(x) for n in self.neurons]
        return out[0] if len(out) == 1 else out


def model_of(work, p, scalar=True):
    """An MLP with these parameters; its neurons are micrograd's, or single nodes."""
    random.seed(0)
    model = nn.MLP(sizes(work)[0], sizes(work)[1:])
    ordered = []
    for layer, W, b in zip(model.layers, split(p, work)[::2], split(p, work)[1::2]):
        if scalar:
            layer.__class__ = ScalarLayer
        for neuron, row, bias in zip(layer.neurons, W, b):
            neuron.w, neuron.b = [Value(w) for w in row], Value(bias)
            if scalar:
                neuron.__class__ = ScalarNeuron
        ordered += [w for n in layer.neurons for w in n.w] + [n.b for n in layer.neurons]
    return model, ordered


def moons(x, y, p, scalar=True):
    """micrograd's demo: max-margin loss and L2."""
    model, ordered = model_of("moons", p, scalar)
    scores = [model(list(map(Value, row))) for row in x]
    losses = [(1 + -yi * score).relu() for yi, score in zip(y.tolist(), scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    return data_loss + 1e-4 * sum(w * w for w in model.parameters()), ordered


def digits(x, y, p, scalar=True):
    """Softmax cross-entropy."""
    model, ordered = model_of("digits", p, scalar=False)
    outs = [model(row) for row in x.tolist()]
    return nn.categorical_cross_entropy(outs, [list(map(Value, row)) for row in y.tolist()],
                                        logits=True), ordered


def network(x, y, p, scalar=True):
    net = nn.networks.relu_sigmoid_softmax_3_3_3()
    return net.loss(), [w for _, w in net.named_parameters()]


def chain(x, y, p, scalar=True):
    a, b, start = map(Value, p.tolist())
    out = start
    for _ in range(CHAIN // 2):
        out = out * a + b
    return out, [a, b, start]


def wide(x, y, p, scalar=True):
    ws = [Value(w) for w in p.tolist()]
    return sum((w * k)**2 for w, k in zip(ws, x.tolist())), ws


def readme(x, y, p, scalar=True):
    a, b = map(Value, p.tolist())
    return expression(a, b), [a, b]


LOSSES = {"expression": readme, "network": network, "moons": moons, "digits": digits,
          "chain": chain, "wide": wide}
