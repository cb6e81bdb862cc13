"""Modules, layers, losses, optimizers and the two networks of the documents."""

import json
import math
import random

import pytest

from engine import Value, check_gradients, computed, grad
from nn import (
    MLP,
    SGD,
    Adam,
    Layer,
    Module,
    Neuron,
    binary_cross_entropy,
    categorical_cross_entropy,
    half_sum_of_squares,
    max_margin,
    mean_squared_error,
    networks,
)
from nn.networks import READINGS, linear_1_1_1, relu_sigmoid_softmax_3_3_3

# ---- modules


def test_draws_reprs_and_names_are_micrograds():
    random.seed(1337)
    model = MLP(3, [4, 1])
    random.seed(1337)
    assert [p.data for p in model.layers[0].neurons[0].w] == [
        random.uniform(-1, 1) for _ in range(3)]
    assert repr(model) == ("MLP of [Layer of [ReLUNeuron(3), ReLUNeuron(3), ReLUNeuron(3), "
                           "ReLUNeuron(3)], Layer of [LinearNeuron(4)]]")
    assert len(model.parameters()) == 21
    assert [name for name, _ in model.named_parameters()][3:5] == [
        "layers[0].neurons[0].b", "layers[0].neurons[1].w[0]"]
    assert type(model([1.0, 2.0, 3.0])) is Value


def test_a_layer_takes_an_activation_by_name():
    layer = Layer(2, 3, activation="tanh")
    assert [h._op for h in layer([1.0, 2.0])] == ["tanh"] * 3
    assert sum(p.data for p in Layer(2, 3, activation="softmax")([1.0, 2.0])) == pytest.approx(1)
    assert MLP(2, [3, 1], activations=["sigmoid", "identity"])([1, 2])._op == "identity"
    with pytest.raises(ValueError, match="there is no activation 'rleu'"):
        Neuron(2, activation="rleu")
    with pytest.raises(ValueError, match="give one per layer"):
        MLP(2, [3, 1], activations=["relu"])
    with pytest.raises(ValueError, match="softmax acts on a layer as a whole"):
        Neuron(2, activation="softmax")
    with pytest.raises(ValueError, match="'foo'"):
        MLP(2, [1], "foo")
    with pytest.raises(TypeError, match=r"write MLP\(2, \[3\]\)"):
        MLP(2, 3)


def test_layers_of_width_1_work_anywhere():
    model = MLP(1, [1, 1, 2, 1])
    assert type(model(2.0)) is type(model(Value(2.0))) is type(model([2.0])) is Value


def test_a_wrong_number_of_inputs_is_said():
    with pytest.raises(ValueError, match="3 weights was given 2 inputs"):
        Neuron(3)([1.0, 2.0])


def test_state_is_saved_as_json_and_loaded_only_whole(tmp_path):
    model, twin = MLP(2, [3, 1]), MLP(2, [3, 1])
    path = tmp_path / "model.json"
    model.save(path)
    twin.load_state_dict(path)
    assert twin.state_dict() == model.state_dict() == json.loads(path.read_text())
    state = model.state_dict()
    state["layers[0].neurons[0].b"] = "nonsense"
    before = twin.state_dict()
    with pytest.raises(TypeError):
        twin.load_state_dict({name: x for name, x in state.items()})
    del state["layers[0].neurons[0].b"]
    with pytest.raises(ValueError, match=r"missing \['layers\[0\].neurons\[0\].b'\]"):
        twin.load_state_dict(state)
    assert twin.state_dict() == before


def test_a_module_finds_parameters_in_lists_and_dicts():
    class Own(Module):
        def __init__(self):
            self.scale = Value(2.0)
            self.heads = {"a": [Neuron(1)], "b": (Value(1.0),)}
            self.last = self.scale * 2

    names = [name for name, _ in Own().named_parameters()]
    assert names == ["scale", "heads['a'][0].w[0]", "heads['a'][0].b", "heads['b'][0]"]


def test_zero_grad_forgets():
    model = MLP(2, [1])
    model([1.0, 2.0]).backward()
    assert all(map(computed, model.parameters()))
    model.zero_grad()
    assert not any(map(computed, model.parameters())) and model.parameters()[0].grad == 0


# ---- losses

def values(*xs):
    return [Value(x) for x in xs]


def test_losses_of_one_sample_and_of_a_batch():
    assert mean_squared_error(Value(3.0), 1.0).data == 4.0
    assert mean_squared_error(values(3.0, 1.0), [1.0, 1.0]).data == 2.0
    batch, targets = [values(3.0, 1.0), values(0.0, 0.0)], [[1.0, 1.0], [1.0, 1.0]]
    assert mean_squared_error(batch, targets).data == 1.5
    assert mean_squared_error(batch, targets, per="sample").data == 3.0
    assert half_sum_of_squares(batch, targets).data == 3.0
    assert max_margin(values(2.0, -0.5), [1, -1]).data == 0.25
    assert categorical_cross_entropy([values(0.5, 0.5), values(0.25, 0.75)], [0, 1]).data == (
        pytest.approx(-(math.log(0.5) + math.log(0.75)) / 2))


def test_targets_of_one_output_may_stand_in_lists_or_not():
    outputs, flat = values(0.2, 0.4), [0.0, 1.0]
    nested, lists = [[y] for y in flat], [[o] for o in outputs]
    losses = [mean_squared_error(o, y).data for o in (outputs, lists) for y in (flat, nested)]
    assert losses == [losses[0]] * 4
    with pytest.raises(TypeError, match="'a' is of type str"):
        mean_squared_error(outputs, [0.0, "a"])


def test_binary_cross_entropy_has_its_1_over_n_explicit():
    o, y = [0.2, 0.3, 0.5], [1.0, 0.0, 0.5]
    true = -sum(t * math.log(p) + (1 - t) * math.log(1 - p) for p, t in zip(o, y))
    assert binary_cross_entropy(values(*o), y).data == pytest.approx(true)
    assert binary_cross_entropy(values(*o), y, n=3).data == pytest.approx(true / 3)
    assert binary_cross_entropy(values(*o), values(*y)).data == pytest.approx(true)


@pytest.mark.parametrize("score", [0.0, 40.0, -40.0, 1000.0, -1000.0])
@pytest.mark.parametrize("target", [0.0, 1.0, 0.3])
def test_cross_entropies_of_logits_are_exact_far_out(score, target):
    s = Value(score)
    loss = binary_cross_entropy([s], [target], logits=True)
    loss.backward()
    true = max(score, 0) - score * target + math.log1p(math.exp(-abs(score)))
    assert loss.data == pytest.approx(true, rel=1e-15, abs=1e-300)
    two = values(score, 0.0)
    pair = categorical_cross_entropy(two, [target, 1 - target], logits=True)
    assert pair.data == pytest.approx(true, rel=1e-15, abs=1e-300)
    pair.backward()
    assert two[0].grad == pytest.approx(s.grad, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("loss, outputs, targets, message", [
    (mean_squared_error, values(1.0, 2.0), [1.0], "2 outputs and 1 targets"),
    (mean_squared_error, [], [], "empty batch"),
    (mean_squared_error, values(1.0), [math.nan], "a target that is nan"),
    (mean_squared_error, [values(1.0), values(1.0)], [[1.0]], "outputs"),
    (categorical_cross_entropy, values(0.5, 0.5), 2, "the label 2 is out of range"),
    (categorical_cross_entropy, values(0.5, 0.5), 0.5, "out of range"),
    (binary_cross_entropy, values(0.5), [2.0], "the target 2.0 is no probability"),
    (categorical_cross_entropy, values(0.5, 0.5), [0, 0], "is no distribution"),
    (categorical_cross_entropy, values(0.5, 0.5), [2, -1], "is no distribution"),
    (max_margin, values(0.5), [0.5], "neither -1 nor 1")])
def test_what_does_not_fit_is_said_in_one_sentence(loss, outputs, targets, message):
    with pytest.raises(ValueError, match=message):
        loss(outputs, targets)


# ---- optimizers

def test_sgd_takes_all_gradients_before_it_moves_anything():
    a, b = values(1.0, 2.0)
    optimizer = SGD([a, b], lr=0.1)
    (a * b).backward()
    optimizer.step()
    assert (a.data, b.data) == (1.0 - 0.1 * 2.0, 2.0 - 0.1 * 1.0)


def test_momentum_is_a_running_sum():
    p = Value(1.0)
    optimizer = SGD([p], lr=0.1, momentum=0.5)
    for expected in (0.9, 0.75, 0.575):
        optimizer.zero_grad()
        (p * 1.0).backward()
        optimizer.step()
        assert p.data == pytest.approx(expected)


def test_adam_moves_by_about_lr_at_first_and_finds_a_minimum():
    p = Value(1.0)
    optimizer = Adam([p], lr=0.1)
    for i in range(300):
        optimizer.zero_grad()
        ((p - 3) ** 2).backward()
        optimizer.step()
        assert i or p.data == pytest.approx(1.1, rel=1e-6)
    assert p.data == pytest.approx(3.0, abs=1e-3)


def test_optimizers_say_what_is_missing():
    with pytest.raises(ValueError, match=r"call loss.backward"):
        SGD([Value(1.0)]).step()
    with pytest.raises(ValueError, match="no parameters"):
        SGD([])
    with pytest.raises(TypeError, match=r"pass model.parameters\(\)"):
        SGD(MLP(1, [1]))
    with pytest.raises(TypeError, match="1 is not one"):
        SGD([1])
    with pytest.raises(ValueError, match="lr=-1"):
        Adam([Value(1.0)], lr=-1)


# ---- the documents' networks

def test_document_000():
    net = linear_1_1_1()
    loss = net.loss()
    assert loss.data == pytest.approx(8.317456)
    assert (net.z1.data, net.z2.data, net.y_hat.data) == pytest.approx((1.1, 0.68, 1.116))
    assert net.h1 is not net.z1 and net.h1._prev == (net.z1,) and net.outputs == [net.y_hat]
    loss.backward()
    e = 2 * (1.116 - 4)
    true = {"W3": e * 0.68, "b3": e, "W2": e * 1.2 * 1.1, "b2": e * 1.2, "W1": e * 1.2 * 0.8 * 2,
            "b1": e * 1.2 * 0.8}
    assert {name: p.grad for name, p in net.named_parameters()} == pytest.approx(true)


def test_a_step_lowers_the_loss_and_keeps_everything_named():
    net = linear_1_1_1()
    before = net.step(lr=0.01)
    assert before.data == pytest.approx(8.317456)
    assert net.loss().data == pytest.approx(5.333739, abs=1e-6)
    assert [v.label for v in (net.W1, net.b1, net.z1, net.h1, net.x, net.y, before)] == [
        "W1", "b1", "z1", "h1", "x", "y", "loss"]


def test_document_001_forward_in_plain_arithmetic():
    net = relu_sigmoid_softmax_3_3_3()

    def layer(x, W):
        return [sum(xi * row[j] for xi, row in zip(x, W)) + 1 for j in range(3)]

    z1 = layer((0.1, 0.2, 0.7), networks.W_IJ)
    z2 = layer([max(0, z) for z in z1], networks.W_JK)
    z3 = layer([1 / (1 + math.exp(-z)) for z in z2], networks.W_KL)
    out = [math.exp(z) / sum(map(math.exp, z3)) for z in z3]
    for kept, true in ((net.h1_in, z1), (net.h2_in, z2), (net.O_in, z3), (net.O_out, out)):
        assert [v.data for v in kept] == pytest.approx(true, rel=1e-14)
    assert [v.label for v in net.O_out] == ["O_out[1]", "O_out[2]", "O_out[3]"]
    assert net.W_jk[2][0].label == "W_jk[3,1]" and net.W_jk[2][0].data == 0.6
    sums = -math.log(out[0]) - math.log(1 - out[1]) - math.log(1 - out[2])
    losses = {r: relu_sigmoid_softmax_3_3_3(reading=r).loss().data for r in READINGS}
    assert losses == pytest.approx({"binary": sums, "binary/3": sums / 3,
                                    "categorical": -math.log(out[0])})


@pytest.mark.parametrize("reading", READINGS)
def test_all_gradients_of_document_001_agree_with_differences_and_as_a_graph(reading):
    net = relu_sigmoid_softmax_3_3_3(reading=reading)
    report = check_gradients(net.loss, net.named_parameters())
    assert len(report.rows) == 36 and report, str(report)
    graph = [g.data for g in grad(net.loss(), net.parameters())]
    assert graph == pytest.approx([row.analytic for row in report.rows], rel=1e-13)
    assert check_gradients(net.loss, net.parameters()[::5], order=2)


def test_other_numbers_and_readings_are_checked():
    net = linear_1_1_1(x=1.0, y=0.0, W=(2.0, 3.0), b=(0.0, 1.0))
    assert net.outputs[0].data == 7.0 and net(2.0)[0].data == 13.0
    with pytest.raises(ValueError, match="no reading 'nonsense'"):
        relu_sigmoid_softmax_3_3_3(reading="nonsense")
    with pytest.raises(ValueError, match="W_jk is 2 x 3"):
        relu_sigmoid_softmax_3_3_3(W_jk=((1, 2, 3), (4, 5, 6)))
    with pytest.raises(ValueError, match="one of each per layer"):
        linear_1_1_1(W=(1.0,))


def test_a_state_brings_a_network_back():
    net, again = relu_sigmoid_softmax_3_3_3(), relu_sigmoid_softmax_3_3_3()
    again.step(1.0)
    assert again.loss().data != net.loss().data
    again.load_state_dict(net.state_dict())
    assert again.loss().data == net.loss().data
