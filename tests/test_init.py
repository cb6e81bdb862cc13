"""Initialisation: what is drawn, and what equal weights do."""

import math
import random
import statistics

import pytest

import nn
from engine import computed
from nn import MLP, Layer, Module, Neuron, mean_squared_error, networks
from nn.init import SCHEMES, Symmetry, initialise, symmetry
from nn.structure import by_layer, layers, named_parameters, twins
from nn.train import fit

XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]


def weights(model):
    return [w.data for layer in model.layers for n in layer.neurons for w in n.w]


# ---- schemes

@pytest.mark.row("C000-23")
def test_uniform_weights_fill_the_interval_and_biases_are_0():
    model = initialise(MLP(20, [50, 20]), "uniform", seed=0)
    drawn = weights(model)
    assert -0.5 <= min(drawn) < -0.49 and 0.49 < max(drawn) <= 0.5
    assert abs(statistics.mean(drawn)) < 0.02
    assert all(n.b.data == 0 for layer in model.layers for n in layer.neurons)
    wide = weights(initialise(model, "uniform", low=2, high=3, seed=0))
    assert min(wide) >= 2 and max(wide) <= 3


@pytest.mark.row("C000-23")
@pytest.mark.parametrize("scheme, spread", [
    ("xavier", lambda n, units: math.sqrt(1 / n)), ("he", lambda n, units: math.sqrt(2 / n)),
    ("glorot", lambda n, units: math.sqrt(2 / (n + units))), ("normal", lambda n, units: 0.1)])
def test_normal_weights_have_the_spread_of_their_formula(scheme, spread):
    model = initialise(MLP(10, [200, 15]), scheme, seed=3)
    for layer, n, units in zip(model.layers, (10, 200), (200, 15)):
        drawn = [w.data for neuron in layer.neurons for w in neuron.w]
        assert statistics.pstdev(drawn) == pytest.approx(spread(n, units), rel=0.05)
        assert abs(statistics.mean(drawn)) < 4 * spread(n, units) / math.sqrt(len(drawn))


def test_a_seed_gives_the_same_weights_and_none_follows_pythons_random():
    first, second = (weights(initialise(MLP(2, [3, 1]), "he", seed=5)) for _ in range(2))
    assert first == second != weights(initialise(MLP(2, [3, 1]), "he", seed=6))
    drawn = []
    for _ in range(2):
        model = MLP(2, [3, 1])
        random.seed(9)
        drawn.append(weights(initialise(model, "xavier")))
    assert drawn[0] == drawn[1]


def test_constant_zero_and_bias():
    net = initialise(networks.relu_sigmoid_softmax_3_3_3(), "constant", value=0.3, bias=None)
    assert {w.data for name, w in net.named_parameters() if name[0] == "W"} == {0.3}
    assert {b.data for name, b in net.named_parameters() if name[0] == "b"} == {1.0}
    initialise(net, "zero", bias=0.2)
    assert {p.data for p in net.parameters()} == {0.0, 0.2}
    assert initialise(neuron := Neuron(3), "constant", value=2) is neuron
    assert [w.data for w in neuron.w] == [2, 2, 2]


@pytest.mark.parametrize("options, message", [
    ({"scheme": "xaver"}, "there is no scheme 'xaver': choose one of uniform"),
    ({"value": math.nan}, "value=nan is not finite"), ({"bias": math.inf}, "bias=inf"),
    ({"low": 1.0}, "low <= high"), ({"std": -1.0}, "std >= 0")])
def test_bad_options_change_nothing(options, message):
    model = MLP(2, [2])
    before = model.state_dict()
    with pytest.raises(ValueError, match=message):
        initialise(model, **options)
    assert model.state_dict() == before


def test_a_model_without_neurons_is_refused():
    with pytest.raises(ValueError, match="no Neuron or Layer inside"):
        initialise(Module())


# ---- symmetry

@pytest.mark.row("C000-23")
def test_from_all_zeros_only_b3_of_the_linear_network_learns():
    net = networks.linear_1_1_1(W=(0, 0, 0), b=(0, 0, 0))
    report = symmetry(net, steps=50)
    assert net.b3.data == net.y_hat.data == 0 and not computed(net.b3)
    assert report.moved == ["b3"] and len(report.still) == 5
    assert "1 of 6 parameters moved: b3" in str(report)
    assert {p.data for p in net.parameters()} == {0.0}          # the model is put back
    history = fit(net, epochs=50, lr=0.1, warn=False)
    assert net.b3.data == pytest.approx(4 * (1 - 0.8 ** 50))
    assert history.gradient_norms["layer 1"] == [0] * 50
    assert "the gradient of layer 1 and layer 2 is exactly 0" in history.warnings[0]
    assert symmetry(networks.linear_1_1_1(), lr=0.01).still == []


@pytest.mark.row("C001-29")
def test_equal_weights_of_document_001_stay_equal_in_the_hidden_layers():
    net = initialise(networks.relu_sigmoid_softmax_3_3_3(), "constant", value=0.5, bias=1.0)
    report = symmetry(net, steps=40, lr=0.5)
    assert report and report.after["layer 1"] == report.after["layer 2"] == [(1, 2, 3)]
    assert report.after["layer 3"] == [(2, 3)]          # their targets are both 0
    assert len(report.moved) == 36 and report.loss[1] < report.loss[0]
    assert "layer 1: units 1, 2, 3 are identical" in str(report)
    mixed = symmetry(networks.relu_sigmoid_softmax_3_3_3(), steps=40, lr=0.5)
    assert not mixed and not any(mixed.before.values())


@pytest.mark.row("C001-29", "C000-23")
@pytest.mark.parametrize("value", [0.0, 0.5])
def test_a_hidden_layer_of_equal_units_is_one_unit_and_random_weights_do_better(value):
    model = initialise(MLP(2, [4, 1], "tanh"), "constant", value=value)
    report = symmetry(model, XOR, mean_squared_error, steps=300, lr=0.3)
    assert isinstance(report, Symmetry) and report.after["layer 1"] == [(1, 2, 3, 4)]
    other = symmetry(initialise(model, "xavier", seed=1), XOR, mean_squared_error, steps=300,
                     lr=0.3)
    assert not other and other.loss[1] < 0.2 * report.loss[1]


def test_equal_units_with_different_ways_out_part():
    model = initialise(MLP(2, [2, 1], "tanh"), "constant", value=0.5)
    model.layers[1].neurons[0].w[0].data = -0.7
    report = symmetry(model, XOR, mean_squared_error, steps=20)
    assert report.before["layer 1"] == [(1, 2)] and report.after["layer 1"] == [] and not report


def test_training_warns_of_twins():
    model = initialise(MLP(2, [3, 1], "tanh"), "constant")
    history = fit(model, XOR, mean_squared_error, epochs=3, warn=False)
    assert "units 1, 2 and 3 of layer 1 are identical after 3 epochs" in history.warnings[0]


# ---- the structure of a model

def test_layers_and_their_parameters_have_names():
    assert list(by_layer(networks.linear_1_1_1())) == ["layer 1", "layer 2", "layer 3"]
    model = MLP(2, [3, 1])
    groups = by_layer(model)
    assert {name: len(ps) for name, ps in groups.items()} == {"layer 1": 9, "layer 2": 4}
    assert sum(map(len, groups.values())) == len(named_parameters(model))
    assert twins(model)["layer 2"] == []

    class Own(Module):
        def __init__(self):
            self.scale = nn.Module()
            self.scale.by = MLP(1, [1]).parameters()
            self.heads = {"a": Layer(1, 2, name="head"), "b": Layer(2, 1, name="tail")}

    assert list(by_layer(Own())) == ["scale", "head", "tail"]
    assert list(layers(Own())) == ["head", "tail"]


def test_every_scheme_is_described_in_the_files_map():
    import nn.init
    assert all(f"\n    {name}  " in nn.init.__doc__ for name in SCHEMES)
