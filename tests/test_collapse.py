"""A linear network is one layer, and one activation makes it more."""

import random

import numpy as np
import pytest

import engine
from engine import grad
from nn import MLP, Adam, Layer, Module, mean_squared_error, networks
from nn.collapse import collapse
from viz import expression

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]
ABS = [[x / 4] for x in range(-4, 5)], [abs(x / 4) for x in range(-4, 5)]


@pytest.mark.row("C000-19")
def test_document_000_collapses_into_one_layer():
    net = networks.linear_1_1_1()
    one = collapse(net)
    assert one.W[0][0].data == pytest.approx(1.2 * 0.8 * 0.5)
    assert one.b[0].data == pytest.approx(1.2 * 0.8 * 0.1 + 1.2 * -0.2 + 0.3)
    assert one.layer(2.0).data == pytest.approx(net(2.0)[0].data, rel=1e-15)
    assert expression(one.W[0][0], depth=9) == "W3 · (W2 · W1)"
    assert expression(one.b[0], depth=9) == "W3 · (W2 · b1 + b2) + b3"
    assert grad(one.W[0][0], net.W2).data == pytest.approx(1.2 * 0.5)


@pytest.mark.row("C000-19")
@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (2, 5, 3), (4, 3, 3, 2)])
def test_any_widths_collapse_and_agree_with_the_matrix_product(shape):
    random.seed(sum(shape))
    net = MLP(shape[0], shape[1:], activations=["identity"] * (len(shape) - 1))
    for layer in net.layers:
        for neuron in layer.neurons:
            neuron.b.data = random.uniform(-1, 1)
    W, b = np.eye(shape[0]), np.zeros(shape[0])
    for layer in net.layers:
        V = np.array([[w.data for w in n.w] for n in layer.neurons]).T
        W, b = W @ V, b @ V + [n.b.data for n in layer.neurons]
    one = collapse(net, samples=[[1.0] * shape[0]])
    assert one.difference < 1e-12 and one.samples == shape[0] + 5
    assert np.array([[w.data for w in row] for row in one.W]) == pytest.approx(W)
    assert [v.data for v in one.b] == pytest.approx(b)
    assert len(one.layer.neurons) == shape[-1]


def test_a_layer_and_a_list_of_layers_collapse():
    layers = [Layer(2, 3, activation="linear"), Layer(3, 1, activation="identity")]
    assert len(collapse(layers).layer.neurons[0].w) == 2
    assert collapse(layers[0]).difference == 0


def test_the_layer_that_bends_is_named():
    with pytest.raises(ValueError, match=r"layer 2 \(layers\[1\]\) applies 'tanh'"):
        collapse(MLP(2, [3, 3, 1], activations=["linear", "tanh", "linear"]))
    with pytest.raises(ValueError, match=r"layers\[0\]\) applies 'relu'"):
        collapse(networks.relu_sigmoid_softmax_3_3_3())
    with pytest.raises(ValueError, match=r"layers\[1\] has 2 inputs and the layer before it 3"):
        collapse([Layer(2, 3, activation="linear"), Layer(2, 1, activation="linear")])
    with pytest.raises(TypeError, match="needs a Layer"):
        collapse(3)


def test_a_model_that_does_more_than_its_layers_is_caught():
    class Bent(Module):
        def __init__(self):
            self.layers = [Layer(1, 1, activation="linear")]

        def __call__(self, x):
            return engine.relu(self.layers[0](x))

    net = Bent()
    net.layers[0].neurons[0].w[0].data = -1.0
    with pytest.raises(ValueError, match=r"the model does more than its layers"):
        collapse(net)


def train(net, xs, ys, steps):
    optimizer = Adam(net.parameters(), lr=0.05)
    for _ in range(steps):
        loss = mean_squared_error([net(x) for x in xs], ys)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.data


@pytest.mark.row("C000-20", "C000-27")
@pytest.mark.parametrize("xs, ys", [XOR, ABS], ids=["xor", "abs"])
def test_a_linear_network_stops_at_the_best_straight_line_and_one_activation_goes_on(xs, ys):
    A = np.column_stack([xs, np.ones(len(xs))])
    line = np.linalg.lstsq(A, np.array(ys), rcond=None)[0]
    limit = np.mean((A @ line - ys) ** 2)
    random.seed(3)
    linear = MLP(len(xs[0]), [4, 1], activations=["linear", "linear"])
    reached = train(linear, xs, ys, 250)
    assert limit - 1e-12 < reached < 1.01 * limit and limit > 0.1
    bent = MLP(len(xs[0]), [4, 1], activations=["tanh", "linear"])
    assert train(bent, xs, ys, 250) < limit / 20
    assert collapse(linear).difference < 1e-12


@pytest.mark.row("C000-27")
def test_a_linear_network_is_right_for_a_straight_line():
    random.seed(4)
    net = MLP(1, [2, 1], activations=["linear", "linear"])
    xs = [[x / 4] for x in range(-4, 5)]
    assert train(net, xs, [2 * x[0] + 1 for x in xs], 300) < 1e-4
    one = collapse(net)
    assert (one.W[0][0].data, one.b[0].data) == pytest.approx((2, 1), abs=0.02)
