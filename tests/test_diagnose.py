"""Why a gradient is zero or huge: each sickness is planted, and must be found where it is."""

import math
import random
from itertools import pairwise

import pytest

import engine
from engine import Value, computed
from nn import MLP, SGD, mean_squared_error, networks
from nn.diagnose import HELP, diagnose
from nn.paths import path


def batch(n, width=2, seed=1):
    draw = random.Random(seed)
    return [[draw.uniform(-1, 1) for _ in range(width)] for _ in range(n)]


def model(*shape, activations="relu", seed=1):
    random.seed(seed)
    return MLP(shape[0], shape[1:], activations=activations)


def loss_of(net, xs):
    loss = mean_squared_error([net(x) for x in xs], [1.0] * len(xs))
    loss.backward()
    return loss


# ---- healthy

def test_a_healthy_network_gets_a_clean_bill():
    net = networks.linear_1_1_1()
    loss = net.loss()
    loss.backward()
    report = diagnose(loss, net)
    assert report and report.findings == [] and "nothing conspicuous in 16 nodes" in str(report)
    assert [(g.name, g.parameters) for g in report.groups] == [
        ("W1", 1), ("b1", 1), ("W2", 1), ("b2", 1), ("W3", 1), ("b3", 1)]
    assert report.groups[0].norm == pytest.approx(11.07456)


def test_nothing_is_written_on_the_graph():
    net = model(2, 3, 1)
    loss = loss_of(net, batch(4))
    nodes = engine.graph.nodes([loss])
    before = [(n.data, n.grad, n.label, computed(n)) for n in nodes]
    str(diagnose(loss, net, tiny=1.0, huge=0.0))
    assert before == [(n.data, n.grad, n.label, computed(n)) for n in nodes]


# ---- dead and saturated

def test_a_relu_that_is_off_on_all_samples_is_dead_and_named():
    net = model(2, 4, 1)
    net.layers[0].neurons[1].b.data = -9.0
    report = diagnose(loss_of(net, batch(20)), net)
    dead, = report.of("dead")
    assert dead.where == "relu(layers[0].neurons[1])" and "on all 20 samples" in dead.text
    zero = {name for f in report.of("zero") for name in f.parameters}
    assert {f"layers[0].neurons[1].{p}" for p in ("w[0]", "w[1]", "b")} <= zero
    assert "layers[1].neurons[0].w[1]" in zero          # it reads the dead unit's 0
    assert any("∂relu(layers[0].neurons[1])/∂layers[0].neurons[1] is 0" in f.text
               for f in report.of("zero"))


def test_a_relu_that_is_on_for_one_sample_is_alive():
    net = model(1, 2, 1)
    unit = net.layers[0].neurons[0]
    unit.w[0].data, unit.b.data = 1.0, -0.5
    dead = diagnose(loss_of(net, [[0.4], [0.3], [0.6]]), net).of("dead")
    assert "neurons[0]" not in "".join(f.where for f in dead)
    unit.b.data = -0.7
    dead = diagnose(loss_of(net, [[0.4], [0.3], [0.6]]), net).of("dead")
    assert "relu(layers[0].neurons[0])" in [f.where for f in dead]


@pytest.mark.parametrize("name, x", [("sigmoid", 12.0), ("tanh", -7.0), ("erf", 4.0),
                                     ("normal_cdf", -5.0), ("elu", -9.0), ("atan", 40.0)])
def test_any_operation_that_levels_is_saturated_far_out_and_not_near(name, x):
    for at, kinds in ((x, {"saturated"}), (0.3, set())):
        z = Value(at, label="z")
        y = getattr(z, name)() * 1.0
        y.backward()
        assert {f.kind for f in diagnose(y, tiny=0).findings} == kinds


def test_an_operation_added_at_run_time_is_diagnosed_by_its_own_row():
    engine.add_operation(engine.Row(
        "squash", "squash", "x", "x / (1 + abs(x))", ("1 / square(1 + abs(x))",),
        "squash({x:0})", "squash", 4, ((0.2, 3.0),)))
    z = Value(50.0, label="z")
    y = z.squash() * 2.0
    y.backward()
    assert diagnose(y, tiny=0).of("saturated")[0].where == "squash(z)"


def test_small_slopes_that_are_not_levels_are_left_alone():
    z = Value(1e-4, label="z")
    for y in (z * z, z ** 2, engine.square(z), z / 1000, 0.001 * z, engine.square(z - 1e-4)):
        y = y + z
        y.backward()
        assert not diagnose(y).of("saturated") and not diagnose(y).of("dead")


def test_how_often_and_how_flat_are_options():
    net = model(1, 1, 1, activations=["tanh", "linear"])
    net.layers[0].neurons[0].w[0].data = 1.0
    loss = loss_of(net, [[4.0], [5.0], [0.1]])
    found, = diagnose(loss, net).of("saturated")
    assert "on 2 of 3 samples" in found.text and "input is 4 to 5" in found.text
    assert not diagnose(loss, net, often=0.9).of("saturated")
    assert not diagnose(loss, net, flat=1e-6).of("saturated")


# ---- products

@pytest.mark.row("C000-21")
def test_later_weights_below_1_vanish_and_above_1_explode():
    for weight, kind in ((0.1, "vanishing"), (10.0, "exploding"), (1.0, None)):
        net = networks.linear_1_1_1(W=(weight,) * 10, b=(0.0,) * 10)
        loss = net.loss()
        loss.backward()
        report = diagnose(loss, net)
        assert {f.kind for f in report.findings} == ({kind} if kind else set())
        if kind:
            finding, = report.of(kind)
            dot = {o: (n, x) for o, n, x in finding.path.by_operation()}["dot"]
            later = dot[0] - 1                          # the last factor is the layer's input
            assert later in range(10) and "of dot make" in finding.text
            weights = [f.slope for f in finding.path if f.formula.startswith("W")]
            assert weights == [weight] * later
            assert math.prod(f.slope for f in finding.path) == pytest.approx(
                dict(net.named_parameters())[finding.path[-1].input].grad)


@pytest.mark.row("C001-28")
def test_gradients_vanish_behind_sigmoids_by_a_quarter_each():
    net = model(1, *[1] * 12, activations=["sigmoid"] * 11 + ["linear"])
    for layer in net.layers:
        layer.neurons[0].w[0].data = 1.0
    report = diagnose(loss_of(net, [[0.5]]), net)
    finding, = report.of("vanishing")
    product = {o: (n, x) for o, n, x in finding.path.by_operation()}["sigmoid"]
    assert product[0] == 11 and product[1] <= 0.25 ** 11
    norms = [g.norm for g in report.groups]
    assert all(a < b for a, b in pairwise(norms))


@pytest.mark.row("C001-28")
def test_the_sigmoids_of_document_001_are_nearly_level():
    net = networks.relu_sigmoid_softmax_3_3_3()
    loss = net.loss()
    loss.backward()
    slopes = [engine.local_gradients(h)[0] for h in net.h2_out]
    assert slopes == pytest.approx([h.data * (1 - h.data) for h in net.h2_out])
    assert max(slopes) < 0.25 and diagnose(loss, net)
    assert [f.where for f in diagnose(loss, net, flat=0.02).of("saturated")] == ["h2_out[3]"]


def test_the_product_of_a_path_is_its_contribution():
    net = networks.linear_1_1_1()
    loss = net.loss()
    loss.backward()
    for _, p in net.named_parameters():                 # one path each: the whole gradient
        assert path(loss, p)[-1].product == pytest.approx(p.grad, rel=1e-15)
    x, y = Value(3.0, label="x"), Value(2.0, label="y")
    z = 5 * x + x * y + y
    z.backward()
    assert [f.slope for f in path(z, x)] == [1.0, 1.0, 5.0]     # the stronger of two
    assert str(path(z, x)).splitlines()[-1].endswith("3. ∂mul(5, x)/∂x = 5               product 5")


def test_a_gradient_of_another_loss_in_the_leaf_does_no_harm():
    w = Value(2.0, label="w")
    (w * 1e9).backward()
    loss = w * 3.0
    loss.backward()
    assert w.grad > 1e8 and diagnose(loss)


# ---- zero

def test_all_zero_weights_are_told_by_the_weight_that_is_zero():
    net = networks.linear_1_1_1(W=(0.0,) * 3, b=(0.0,) * 3)
    loss = net.loss()
    loss.backward()
    zero = {name: f.text for f in diagnose(loss, net).of("zero") for name in f.parameters}
    assert set(zero) == {"W1", "b1", "W2", "b2", "W3"}           # only b3 learns
    assert "W3 is 0" in zero["b2"] and "W2 is 0" in zero["W1"]
    assert "h1 is 0" in zero["W2"] and "h2 is 0" in zero["W3"]


def test_what_cancels_and_what_is_not_used_is_said():
    a, b = Value(2.0, label="a"), Value(1.0, label="b")
    loss = b * 3.0 + a * 5.0 - a * 5.0
    loss.backward()
    zero, = diagnose(loss).of("zero")
    assert zero.parameters == ("a",) and "its contributions cancel each other" in zero.text
    net = model(1, 2, 1)
    out = net.layers[0]([1.0])[0]
    out.backward()
    unused = {name for f in diagnose(out, net).of("unused") for name in f.parameters}
    assert {"layers[0].neurons[1].b", "layers[1].neurons[0].b"} <= unused


# ---- nan and inf

def test_the_first_number_that_is_not_finite_is_the_origin():
    x = Value(0.0, label="x")
    u = engine.log(x)
    u.label = "u"
    loss = (u * 2.0 + 1.0) * 3.0
    loss.backward()
    found = diagnose(loss).of("nan or inf")
    assert found[0].where == "u" and "log(0.0)" in found[0].text
    assert "-inf" in found[0].text


def test_an_infinite_slope_below_finite_numbers_is_the_origin():
    x = Value(0.0, label="x")
    w = Value(1.0, label="w")
    loss = engine.sqrt(x * w) + 1.0
    loss.backward()
    found, = diagnose(loss).of("nan or inf")
    assert found.where == "mul(x, w)" and "slope inf" in found.text


def test_a_leaf_that_is_nan_is_named():
    x = Value(math.nan, label="x")
    loss = x * 2.0
    loss.backward()
    assert diagnose(loss).of("nan or inf")[0].where == "x"


# ---- the report

def test_causes_come_first_and_every_kind_has_a_remedy_and_markdown():
    net = model(2, 4, 1)
    net.layers[0].neurons[1].b.data = -9.0
    report = diagnose(loss_of(net, batch(20)), net)
    kinds = [f.kind for f in report.findings]
    assert not report and kinds == sorted(kinds, key=list(HELP).index)
    assert all(f"what helps: {HELP[kind]}" in str(report) for kind in set(kinds))
    assert report.markdown().startswith("| gradients | count |") and "**dead**" in (
        report._repr_markdown_())
    with pytest.raises(ValueError, match="no kind 'ded'"):
        report.of("ded")


def test_a_report_of_many_findings_stays_short_and_keeps_them_all():
    net = model(1, 9, 1)
    for neuron in net.layers[0].neurons:
        neuron.b.data = -9.0
    report = diagnose(loss_of(net, [[0.1], [0.2]]), net)
    assert len(report.of("dead")) == 9 and str(report).count("dead: ") == 5
    assert "… and 5 more, see .of('dead')" in str(report)
    assert str(report.of("dead")[8]).startswith("dead: relu(layers[0].neurons[8])")


def test_what_cannot_be_diagnosed_is_said():
    x = Value(1.0)
    with pytest.raises(ValueError, match=r"call loss.backward\(\) first"):
        diagnose(x * 2)
    with pytest.raises(TypeError, match="give it the loss"):
        diagnose(3.0)
    y = x * 2
    y.backward()
    with pytest.raises(ValueError, match="tiny=-1"):
        diagnose(y, tiny=-1)
    with pytest.raises(ValueError, match="does not depend"):
        path(y, Value(1.0))


def test_a_node_made_by_hand_is_no_obstacle():
    x = Value(2.0, label="x")
    out = Value(x.data ** 2, (x,), "own")

    def backward():
        x.grad += 4.0 * out.grad
    out._backward = backward
    loss = out * 1e5
    loss.backward()
    assert diagnose(loss).of("exploding")[0].parameters == ("x",)


def test_depth_is_no_trouble():
    w = Value(1.0, label="w")
    y = w
    for _ in range(20_000):
        y = y * 1.001
    y.backward()
    found, = diagnose(y).of("exploding")
    assert len(found.path) == 20_000 and "19989 more factors" in str(found)


def test_after_a_step_with_too_large_a_rate_the_explosion_is_seen():
    net = networks.linear_1_1_1()
    for _ in range(3):
        loss = net.loss()
        net.zero_grad()
        loss.backward()
        SGD(net.parameters(), lr=1.0).step()
    loss = net.loss()
    net.zero_grad()
    loss.backward()
    assert diagnose(loss, net).of("exploding")
