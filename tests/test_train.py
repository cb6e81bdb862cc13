"""Training: fit, its record, its warnings, its end; the documents' steps in plain arithmetic."""

import json
import math
import random
import signal
import warnings

import numpy as np
import pytest

import nn
from engine import Value, check_gradients, log, sqrt
from nn import MLP, SGD, Adam, Module, mean_squared_error, networks
from nn.history import History
from nn.init import initialise
from nn.schedules import constant, cosine, exponential, linear, step
from nn.tables import batch_gradients, compare_states, gradient_table, update_table
from nn.train import Stop, fit
from nn.watch import TrainingWarning

XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
LINE = [[-1.0], [0.0], [0.5], [2.0]], [-1.0, 1.0, 2.0, 5.0]          # y = 2 x + 1


def mlp(*widths, activations="tanh", scheme="xavier", **options):
    model = MLP(widths[0], widths[1:], activations)
    return initialise(model, scheme, **{"seed": 1, **options})


def quietly(*args, **options):
    return fit(*args, **{"warn": False, **options})


# ---- the documents' steps, in plain arithmetic

def gradients_000(W, b, x=2.0, y=4.0):
    h1 = W[0] * x + b[0]
    h2 = W[1] * h1 + b[1]
    e = 2 * (W[2] * h2 + b[2] - y)
    return {"W1": e * W[2] * W[1] * x, "b1": e * W[2] * W[1], "W2": e * W[2] * h1, "b2": e * W[2],
            "W3": e * h2, "b3": e}


@pytest.mark.row("C000-12", "C000-14", "C000-28")
def test_a_step_takes_all_gradients_first_and_the_loss_falls():
    W, b = [0.5, 0.8, 1.2], [0.1, -0.2, 0.3]
    net, g = networks.linear_1_1_1(), gradients_000(W, b)
    history = fit(net, epochs=1)                        # lr = 0.01 without being asked
    new = {f"W{i}": w - 0.01 * g[f"W{i}"] for i, w in enumerate(W, 1)}
    new |= {f"b{i}": c - 0.01 * g[f"b{i}"] for i, c in enumerate(b, 1)}
    assert net.state_dict() == pytest.approx(new, rel=1e-14)
    y_hat = new["W3"] * (new["W2"] * (new["W1"] * 2 + new["b1"]) + new["b2"]) + new["b3"]
    assert history.loss == [pytest.approx(2.884 ** 2)] and history.lr == [0.01]
    assert net.y_hat.data == pytest.approx(y_hat) and net.loss().data == pytest.approx(
        (y_hat - 4) ** 2) and net.loss().data < history.loss[0]
    assert history.gradient_norms == {f"layer {i}": [pytest.approx(
        math.hypot(g[f"W{i}"], g[f"b{i}"]))] for i in (1, 2, 3)}
    assert history.parameters["W2"] == [0.8]


@pytest.mark.row("C000-13", "C000-14")
def test_the_update_table_tells_the_step_before_it_is_made():
    net = networks.linear_1_1_1()
    optimizer = SGD(net.parameters(), 0.01)
    with pytest.raises(ValueError, match=r"call loss\.backward"):
        update_table(optimizer)
    net.loss().backward()
    table, g = update_table(optimizer), gradients_000([0.5, 0.8, 1.2], [0.1, -0.2, 0.3])
    assert net.W1.data == 0.5 and table.column("parameter") == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert table.column("lr * gradient") == pytest.approx([0.01 * g[n] for n in (
        "W1", "b1", "W2", "b2", "W3", "b3")])
    optimizer.step()
    assert table.column("new") == [p.data for p in net.parameters()]
    assert "all 6 parameters grow, because every gradient is negative" in str(table)
    assert set(table.column("moves")) == {"up"}


@pytest.mark.parametrize("optimizer", [Adam, lambda ps, lr: SGD(ps, lr, momentum=0.9)])
def test_the_update_table_leaves_an_optimizers_memory_alone(optimizer):
    model = mlp(1, 2, 1)
    mean_squared_error(model(2.0), 1.0).backward()
    own = optimizer(model.parameters(), 0.1)
    own.step()
    table = update_table(own, model)
    assert str(table) == str(update_table(own, model)) and "step" in table.columns
    own.step()
    assert table.column("new") == [p.data for p in model.parameters()]
    assert table.column("parameter")[0] == "layers[0].neurons[0].w[0]"


def gradients_001(x, y, W, b):
    """Gradients of document 001 for all weights and biases, with the binary reading, in numpy."""
    z1 = x @ W[0] + b[0]
    h1 = np.maximum(z1, 0)
    h2 = 1 / (1 + np.exp(-(h1 @ W[1] + b[1])))
    e = np.exp(h2 @ W[2] + b[2])
    o = e / e.sum()
    d3 = (-y / o + (1 - y) / (1 - o)) @ (np.diag(o) - np.outer(o, o))
    d2 = W[2] @ d3 * h2 * (1 - h2)
    d1 = W[1] @ d2 * (z1 > 0)
    return [np.outer(a, d) for a, d in ((x, d1), (h1, d2), (h2, d3))], [d1, d2, d3]


@pytest.mark.row("C001-01", "C001-13", "C001-18", "C001-23", "C001-24", "C001-26")
def test_a_step_of_document_001_moves_all_36_parameters_together():
    net = networks.relu_sigmoid_softmax_3_3_3()
    W = [np.array(w) for w in (networks.W_IJ, networks.W_JK, networks.W_KL)]
    dW, db = gradients_001(np.array([0.1, 0.2, 0.7]), np.array([1.0, 0, 0]), W, np.ones((3, 3)))
    before = net.state_dict()
    loss, history = net.loss().data, fit(net, epochs=1, lr=0.01)
    assert history.loss == [loss] and net.loss().data < loss
    for name, w, d in zip(("W_ij", "W_jk", "W_kl"), W, dW):
        found = [[p.data for p in row] for row in getattr(net, name)]
        assert np.allclose(found, w - 0.01 * d, rtol=1e-14, atol=0)     # with W_kl as it was
    for name, d in zip(("b_j", "b_k", "b_l"), db):
        assert [p.data for p in getattr(net, name)] == pytest.approx(list(1 - 0.01 * d), rel=1e-14)
    table = compare_states(before, net)
    assert len(table) == 36 and "36 of 36 parameters moved" in str(table)
    assert table.rows[0] == {"parameter": "W_ij[1,1]", "before": 0.1, "after": pytest.approx(
        0.1 - 0.01 * dW[0][0, 0]), "change": pytest.approx(-0.01 * dW[0][0, 0], rel=1e-9)}
    assert str(compare_states(before, net.state_dict())) == str(table)


@pytest.mark.row("C001-01")
def test_a_random_start_learns_the_fixed_example():
    net = initialise(networks.relu_sigmoid_softmax_3_3_3(), "uniform", bias=1.0, seed=7)
    history = fit(net, epochs=300, lr=0.5)
    assert history.loss[-1] < 0.02 * history.loss[0] and net.O_out[0].data > 0.98


@pytest.mark.row("C001-27", "C000-26")
def test_gradients_of_a_batch_are_the_mean_or_the_sum_of_those_of_its_samples():
    net = networks.relu_sigmoid_softmax_3_3_3()
    X = [[0.1, 0.2, 0.7], [0.5, 0.4, -0.2], [1.0, 0.0, 0.3]]
    table = batch_gradients(net, (X, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]), nn.binary_cross_entropy)
    assert table and len(table) == 36 and "agree" in str(table)
    model = mlp(2, 3, 1)
    assert batch_gradients(model, XOR, nn.half_sum_of_squares, over="sum")
    assert not batch_gradients(model, XOR, nn.half_sum_of_squares)
    assert not batch_gradients(model, XOR, mean_squared_error, over="sum")
    assert "DIFFER" in str(batch_gradients(model, XOR, nn.half_sum_of_squares))
    single = [gradient_of(model, [x], [y]) for x, y in zip(*XOR)]
    assert gradient_of(model, *XOR) == pytest.approx(np.mean(single, axis=0), rel=1e-12)


def gradient_of(model, X, Y):
    """The gradient with which one step of rate 1 moves the parameters."""
    before = [p.data for p in model.parameters()]
    quietly(model, (X, Y), mean_squared_error, lr=1.0, epochs=1)
    moved = [a - p.data for a, p in zip(before, model.parameters())]
    for p, x in zip(model.parameters(), before):
        p.data = x
    return moved


@pytest.mark.row("C000-26")
def test_gradients_are_printed_by_size_and_nan_and_inf_are_found():
    model = mlp(2, 3, 1)
    assert not gradient_table(model) and "not computed" in str(gradient_table(model))
    loss = mean_squared_error(model([1.0, 2.0]), 1.0)
    loss.backward()
    table = gradient_table(model)
    assert table and table.column("layer") == ["layer 1", "layer 2"]
    own = [[p.grad for p in layer.parameters()] for layer in model.layers]
    assert table.column("norm") == pytest.approx([math.hypot(*g) for g in own])
    assert table.column("largest") == [max(map(abs, g)) for g in own]
    assert check_gradients(lambda: mean_squared_error(model([1.0, 2.0]), 1.0), model.parameters())
    model.parameters()[0].grad, model.parameters()[-1].grad = math.nan, math.inf
    table = gradient_table(model)
    assert not table and table.column("nan") == [1, 0] and table.column("inf") == [0, 1]
    assert "layers[0].neurons[0].w[0]'s gradient is nan" in str(table)


class Square(Module):
    """w^2, in want of no data."""

    def __init__(self, *start):
        self.w = [Value(x) for x in start]

    def loss(self):
        return sum(w ** 2 for w in self.w)


@pytest.mark.row("C002-09")
def test_rate_1_jumps_over_the_minimum_to_and_fro():
    square = Square(3.0, -4.0)
    history = quietly(square, epochs=20, lr=1.0)
    assert history.parameters["w[0]"] == [3.0, -3.0] * 10       # w - 2 w, variable minus derivative
    assert set(history.loss) == {25.0} and any("turned round" in w for w in history.warnings)
    assert fit(Square(3.0), epochs=2, lr=0.5).loss == [9.0, 0.0]        # half of it lands


@pytest.mark.row("C002-06", "C002-18")
def test_repeating_the_step_sends_the_loss_to_zero_and_a_sum_has_z_times_the_gradient():
    X, Y = [[1.0, 2.0]], [[1.0, -1.0, 3.0]]
    steps = {}
    for name, loss in (("mean", mean_squared_error),
                       ("sum", lambda o, t: mean_squared_error(o, t, per="sample"))):
        model = mlp(2, 3, activations=["linear"])
        start = [p.data for p in model.parameters()]
        quietly(model, (X, Y), loss, lr=0.01, epochs=1)
        steps[name] = [p.data - x for p, x in zip(model.parameters(), start)]
        history = fit(model, (X, Y), loss, lr=0.05, epochs=200, warn=False)
        assert all(a > b for a, b in zip(history.loss, history.loss[1:]) if a > 1e-20)
        assert history.loss[-1] < 1e-3 * history.loss[0]
    assert steps["sum"] == pytest.approx([3 * x for x in steps["mean"]])


# ---- the loop

@pytest.mark.row("C000-28")
def test_it_runs_until_convergence_by_a_stated_rule():
    net = networks.linear_1_1_1()
    history = fit(net, epochs=1000, lr=0.01, stop=Stop(gradient_below=1e-6))
    size = math.hypot(*(norms[-1] for norms in history.gradient_norms.values()))
    assert size < 1e-6 and len(history) < 100 and history.stopped.startswith("converged")
    assert math.hypot(*(norms[-2] for norms in history.gradient_norms.values())) >= 1e-6
    assert net.y_hat.data == pytest.approx(4, abs=1e-6)


def test_a_stop_has_three_rules_and_may_be_a_function():
    history = quietly(mlp(1, 1), LINE, mean_squared_error, lr=0.1, epochs=500, stop=Stop(below=.01))
    assert history.loss[-1] < 0.01 <= history.loss[-2] and "below 0.01" in history.stopped
    history = quietly(mlp(1, 1), LINE, mean_squared_error, lr=0.1, stop=lambda h: len(h) == 7)
    assert len(history) == 7
    history = quietly(mlp(1, 1), LINE, mean_squared_error, stop=lambda h: "enough")
    assert len(history) == 1 and history.stopped == "enough"


def test_patience_counts_epochs_without_a_fall_and_the_best_parameters_come_back():
    history = quietly(model := mlp(1, 1), LINE, mean_squared_error, lr=0.1, epochs=50,
                      schedule=lambda k: 0.1 if k < 5 else 0.8, stop=Stop(patience=4))
    assert history.best == 5 and len(history) == 10 and "4 epochs" in history.stopped
    best = {name: xs[5] for name, xs in history.parameters.items()}
    assert model.state_dict() == best and "epoch 5" in history.stopped
    history = quietly(model := mlp(1, 1), LINE, mean_squared_error, epochs=50,
                      schedule=lambda k: 0.1 if k < 5 else 0.8, stop=Stop(4, restore=False))
    assert len(history) == 10 and model.state_dict() != best


def test_data_come_as_two_lists_arrays_or_pairs_and_a_batch_is_a_loop_over_them():
    states = []
    for data in (XOR, (np.array(XOR[0]), np.array(XOR[1])), list(zip(*XOR)), zip(*XOR),
                 ([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])):
        model = mlp(2, 3, 1)
        fit(model, data, mean_squared_error, lr=0.1, epochs=5)
        states.append(model.state_dict())
    assert all(state == states[0] for state in states)


def test_batches_hold_every_sample_once_in_an_order_the_seed_fixes():
    seen = []

    class Spy(MLP):
        def __call__(self, x):
            seen.append(x)
            return super().__call__(x)

    spy = Spy(1, [1])

    def order(**options):
        seen.clear()
        fit(spy, ([[i] for i in range(7)], range(7)), mean_squared_error, epochs=2,
            lr=1e-6, warn=False, **options)
        return [x[0] for x in seen[1:]]                 # the first call was the check

    assert order() == [*range(7), *range(7)] == order(batch_size=3, shuffle=False)
    first = order(batch_size=3, seed=1)
    assert sorted(first[:7]) == sorted(first[7:]) == list(range(7)) and first[:7] != first[7:]
    assert order(batch_size=3, seed=1) == first != order(batch_size=3, seed=2)
    state = random.getstate()
    order(batch_size=3, seed=1)
    assert random.getstate() == state


def test_every_loss_of_nn_trains_with_outputs_of_one_and_of_many():
    labels, signs = [0, 1, 2, 1], [1, -1, -1, 1]
    for loss, Y, width in ((nn.categorical_cross_entropy, labels, 3), (nn.max_margin, signs, 1),
                           (nn.half_sum_of_squares, XOR[1], 1), (mean_squared_error, XOR[1], 1)):
        model = mlp(2, 4, width, activations=["tanh", "softmax" if width > 1 else "linear"])
        history = quietly(model, (XOR[0], Y), loss, lr=0.1, epochs=10)
        assert history.loss[-1] < history.loss[0]


def test_a_batch_of_single_outputs_takes_the_mean_of_the_binary_cross_entropy():
    model = mlp(2, 1, activations=["sigmoid"])
    history = quietly(model, XOR, nn.binary_cross_entropy, epochs=1)
    fresh = mlp(2, 1, activations=["sigmoid"])
    single = [nn.binary_cross_entropy(fresh(x), y).data for x, y in zip(*XOR)]
    assert history.loss[0] == pytest.approx(sum(single) / 4)


def test_training_in_two_runs_is_training_in_one():
    def run(*parts):
        model = mlp(2, 3, 1)
        optimizer, history = Adam(model.parameters(), 0.05), History()
        for epochs in parts:
            fit(model, XOR, mean_squared_error, optimizer, epochs=epochs, batch_size=2, seed=3,
                history=history, schedule=linear(0.05, 0.01, 12), warn=False)
        return model.state_dict(), vars(history)

    assert run(12) == (run(5, 7)[0], {**run(5, 7)[1], "stopped": "all 12 epochs were run"})
    assert run(5, 7)[1]["epochs"] == list(range(12))
    history = fit(mlp(2, 3, 1), XOR, mean_squared_error, epochs=1)
    with pytest.raises(ValueError, match="continue with the same model"):
        fit(other := mlp(2, 4, 4, 1), XOR, mean_squared_error, history=history)
    assert other.state_dict() == mlp(2, 4, 4, 1).state_dict() and len(history) == 1


def test_a_model_with_its_own_loss_needs_no_data_and_parameters_only_up_to_a_number():
    history = fit(Square(1.0, 2.0), epochs=3, lr=0.1, keep_parameters=1)
    assert history.parameters == {} and list(history.gradient_norms) == ["w"]
    assert len(history.epochs) == 3 and fit(Square(1.0), epochs=1).parameters == {"w[0]": [1.0]}


def test_every_epoch_starts_from_no_gradient_whoever_holds_the_parameters():
    model, extra = mlp(1, 2, 1), Value(0.5)
    optimizer = SGD([*model.layers[0].parameters(), extra], 1e-9)       # the last layer stays
    history = fit(model, LINE, lambda o, t: mean_squared_error(o, t) + extra ** 2, optimizer,
                  epochs=3, warn=False)
    for norms in history.gradient_norms.values():
        assert norms == pytest.approx([norms[0]] * 3, rel=1e-6)
    assert extra.grad == pytest.approx(1.0) and extra.data == pytest.approx(0.5 - 3e-9, rel=1e-12)
    last = model.layers[1].neurons[0]
    assert last.b.data == 0 and last.b.grad != 0


def test_on_epoch_is_called_with_the_history():
    lengths = []
    fit(Square(1.0), epochs=3, on_epoch=lambda history: lengths.append(len(history)))
    assert lengths == [1, 2, 3]


# ---- schedules

@pytest.mark.row("C000-24")
def test_schedules_are_functions_of_the_epoch():
    ks = range(0, 130)
    assert [linear()(k) for k in range(100)] == [1.0 - 0.9 * k / 100 for k in range(100)]
    assert linear()(500) == 0.1 and {constant()(k) for k in ks} == {0.01}
    assert [step(0.4, 10, 0.5)(k) for k in (0, 9, 10, 25)] == [0.4, 0.4, 0.2, 0.1]
    assert exponential(0.1, 0.5)(3) == 0.0125
    assert [cosine(0.2, 0.1, 100)(k) for k in (0, 50, 100, 200)] == pytest.approx([.2, .15, .1, .1])
    assert all(a >= b for f in (linear(), step(), exponential(), cosine())
               for a, b in zip(map(f, ks), map(f, ks[1:])))
    history = fit(Square(1.0), epochs=4, schedule=lambda k: 0.1 / (1 + k))
    assert history.lr == [0.1, 0.05, 0.1 / 3, 0.025]
    w = 1.0
    for rate in history.lr[:3]:
        w -= rate * 2 * w
    assert history.parameters["w[0]"][3] == pytest.approx(w)
    with pytest.raises(ValueError, match=r"rate -0\.5 for epoch 2"):
        fit(square := Square(1.0), epochs=4, schedule=lambda k: 0.5 - k / 2)
    assert square.w[0].data == 1.0
    with pytest.raises(ValueError, match="lr=0"):
        cosine(0)


# ---- warnings

def warned(*args, **options):
    """The warnings of a run: once each as such, and all in the history."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = fit(*args, **options)
    assert [str(w.message) for w in caught] == history.warnings
    assert all(w.category is TrainingWarning and w.filename == __file__ for w in caught)
    return history.warnings


@pytest.mark.row("C000-24", "C000-25")
def test_a_rate_too_high_is_said_when_the_loss_rises_and_a_good_one_is_silent():
    first, *_ = warned(networks.linear_1_1_1(), epochs=3, lr=0.1)
    assert "the loss rose from 8.32 to 53 in epoch 1" in first
    assert "the learning rate 0.1 is probably too high" in first
    history = fit(networks.linear_1_1_1(), epochs=30, lr=0.01)
    assert history.warnings == [] and sorted(history.loss, reverse=True) == history.loss


@pytest.mark.row("C000-24", "C000-25")
def test_oscillation_is_said_of_parameters_that_swing_and_of_a_loss_that_goes_up_and_down():
    slow = warned(networks.linear_1_1_1(), epochs=40, lr=0.05)
    assert any("swing from side to side: lower the learning rate 0.05" in w for w in slow)

    class Wells(Square):
        def loss(self):
            return (self.w[0] ** 2 - 1) ** 2            # two minima, with the curvature 8

    assert any("the loss oscillates, between" in w for w in warned(Wells(1.2), epochs=40, lr=0.26))
    assert not any("stalls" in w for w in warned(Wells(1.2), epochs=40, lr=0.28))
    assert warned(Wells(1.2), epochs=40, lr=0.1) == []


@pytest.mark.row("C000-25")
def test_a_plateau_of_a_linear_model_says_that_activations_may_be_missing():
    said = warned(mlp(2, 4, 1, activations="linear"), XOR, mean_squared_error, lr=0.1, epochs=200)
    assert len(said) == 1 and "stalls near 0.25" in said[0]
    assert "perhaps activations are missing" in said[0]
    better = warned(mlp(2, 4, 1), XOR, mean_squared_error, lr=0.3, epochs=60)
    assert not any("missing" in w for w in better)
    slow = warned(mlp(2, 4, 1), XOR, mean_squared_error, lr=1e-6, epochs=30)
    assert "the learning rate 1e-06 may be too low" in slow[0]


@pytest.mark.row("C000-26")
def test_a_vanishing_gradient_is_named_with_the_factors_that_did_it():
    model = mlp(2, 3, 3, 3, 3, 1, activations="sigmoid", scheme="uniform")
    said = warned(model, XOR, mean_squared_error, lr=0.1, epochs=1)
    assert said[0].startswith("layer 1's gradient vanishes: in epoch 0 it is ")
    assert "times layer 5's, because" in said[0]
    assert "above all, the sigmoid slopes of layer" in said[0]
    small = mlp(2, 3, 3, 1, activations="linear", scheme="uniform", low=-1e-3, high=1e-3)
    said = warned(small, XOR, mean_squared_error, lr=0.1, epochs=1)
    assert "above all, layer" in said[0] and "'s weights, at most 0.00" in said[0]


@pytest.mark.row("C000-26")
def test_an_exploding_gradient_is_named_with_its_layer_and_the_weights_that_did_it():
    model = mlp(2, 3, 1, activations="linear")
    for w in model.layers[1].neurons[0].w:
        w.data = 5e4
    for neuron in model.layers[0].neurons:
        for w in neuron.w:
            w.data = 1e-3
    said = warned(model, XOR, mean_squared_error, lr=1e-30, epochs=1)
    assert "layer 1's gradient explodes" in said[0] and "times layer 2's" in said[0]
    assert "layer 2's weights, at most 5e+04 in size, multiply it by 8.7e+04" in said[0]


def test_the_factors_are_those_of_the_step_that_was_made_and_leave_its_gradients_alone():
    model, twin = (mlp(2, 3, 3, 1, activations="linear", scheme="uniform", low=-1e-3, high=1e-3)
                   for _ in range(2))
    said = warned(model, XOR, mean_squared_error, lr=1e5, epochs=1)
    largest = max(abs(w.data) for w in twin.layers[2].neurons[0].w)
    assert f"layer 3's weights, at most {largest:.2g} in size" in said[0]
    mean_squared_error([[twin(x)] for x in XOR[0]], [[y] for y in XOR[1]]).backward()
    assert [p.grad for p in model.parameters()] == [p.grad for p in twin.parameters()]


def test_a_gradient_of_zero_that_passes_is_not_a_trouble():
    model = mlp(2, 3, 1)
    for w in model.layers[1].neurons[0].w:
        w.data = 0.0
    history = fit(model, XOR, mean_squared_error, lr=0.1, epochs=3)
    norms = history.gradient_norms["layer 1"]
    assert norms[0] == 0 < norms[1] and history.warnings == []


def test_a_gradient_of_zero_is_named_with_its_cause():
    zero = warned(networks.linear_1_1_1(W=(0, 0, 0), b=(0, 0, 0)), epochs=3)
    assert zero == ["the gradient of layer 1 and layer 2 is exactly 0 in two epochs, because layer "
                    "3's weights, all 0, multiply it by 0: nothing there can learn"]
    dead = mlp(2, 3, 1, activations="relu", scheme="uniform", low=-1, high=-0.5, bias=-1.0)
    said = warned(dead, XOR, mean_squared_error, lr=0.1, epochs=2)
    assert "layer 1 is exactly 0" in said[0] and "the relu slopes of layer 1" in said[0]


def test_nan_and_inf_end_the_run_before_they_reach_a_parameter():
    class Root(Square):
        def loss(self):
            return sqrt(self.w[0] - 1) + 2 * self.w[1]
    root = Root(1.0, 0.0)
    history = quietly(root, epochs=5)
    assert [p.data for p in root.parameters()] == [1.0, 0.0] and len(history) == 1
    assert "w's gradient has the norm inf" in history.warnings[0] and "sqrt(" in history.stopped

    class Logarithm(Square):
        def loss(self):
            return log(self.w[0])
    history = quietly(Logarithm(0.05), epochs=5, lr=0.001)
    assert "the loss is" in history.stopped and "log(" in history.stopped
    assert all(map(math.isfinite, history.parameters["w[0]"])) and len(history) < 5
    net = networks.linear_1_1_1()
    history = quietly(net, epochs=50, lr=0.3, stop=Stop())
    assert net.state_dict()["W1"] == 0.5 and "epoch 0 began are back" in history.stopped


# ---- Ctrl-C

class Interrupted(SGD):
    """SGD into whose nth step a Ctrl-C falls, after the first parameter has moved."""

    def __init__(self, parameters, lr, n):
        super().__init__(parameters, lr, momentum=0.5)
        self.n = n

    def step(self):
        self.n -= 1
        changes = self.changes()
        for p, change in zip(self.parameters, changes):
            p.data += change
            if self.n == 0 and p is self.parameters[0]:
                signal.raise_signal(signal.SIGINT)


def test_ctrl_c_keeps_what_was_learned_and_never_half_an_update():
    model, twin = mlp(2, 3, 1), mlp(2, 3, 1)
    optimizer = Interrupted(model.parameters(), 0.1, n=8)
    history = fit(model, XOR, mean_squared_error, optimizer, epochs=50, batch_size=2, shuffle=False)
    calm = SGD(twin.parameters(), 0.1, momentum=0.5)
    fit(twin, XOR, mean_squared_error, calm, epochs=3, batch_size=2, shuffle=False)
    assert len(history) == 3 and "interrupted in epoch 3, after 1 of its 2" in history.stopped
    fit(twin, (XOR[0][:2], XOR[1][:2]), mean_squared_error, calm, epochs=1)
    assert model.state_dict() == twin.state_dict() and optimizer.velocity == calm.velocity
    assert {len(column) for column in (history.loss, history.lr,
                                       *history.parameters.values())} == {3}


def test_ctrl_c_while_an_epoch_is_recorded_leaves_whole_rows():
    class Torn(History):
        def append(self, *row):
            if len(self) == 2:
                self.epochs.append(2)
                self.loss.append(row[0])
                signal.raise_signal(signal.SIGINT)
            super().append(*row)

    history = fit(Square(1.0), epochs=5, history=Torn())
    columns = history.epochs, history.loss, history.lr, *history.gradient_norms.values()
    assert [len(column) for column in columns] == [2] * 4


def test_ctrl_c_anywhere_else_returns_the_history_too():
    def press(history):
        if len(history) == 3:
            signal.raise_signal(signal.SIGINT)
    history = fit(square := Square(1.0), epochs=9, lr=0.1, on_epoch=press)
    assert len(history) == 3 and square.w[0].data == pytest.approx(0.8 ** 3)
    more = fit(square, epochs=2, lr=0.1, history=history)
    assert more is history and history.epochs == [0, 1, 2, 3, 4]


# ---- bad input

@pytest.mark.parametrize("data, message", [
    (([[0, 0], [0, 1]], [1.0]), "2 inputs and 1 targets"),
    (([], []), "the data are empty"), ([], "the data are empty"),
    (([[0, 0], [0, math.nan]], [1, 2]), r"the input of sample 1\[1\] is nan"),
    (([[0, 0], [0, 1]], [1, math.inf]), "the target of sample 1 is inf"),
    (([[0, 0], [0, 1, 2]], [1, 2]), "sample 1 has 3 inputs, but the model takes 2"),
    (([[0], [1]], [1, 2]), "sample 0 has 1 inputs, but the model takes 2"),
    (([[0, 0], []], [1, 2]), "the input of sample 1 is empty"),
    (([[0, 0], [0, 1]], [1, [2, 3]]), "sample 1 has 1 outputs and 2 targets"),
    ([([0, 0], 1), [0, 1, 2]], r"sample 1 is \[0, 1, 2\] and not a pair"),
    ((3.0, 4.0), r"write \(\[x\], \[y\]\) for a single sample")])
def test_bad_data_get_one_sentence_before_any_work(data, message):
    model = mlp(2, 1)
    before = model.state_dict()
    with pytest.raises(ValueError, match=message) as error:
        fit(model, data, mean_squared_error)
    assert "\n" not in str(error.value) and model.state_dict() == before


def test_labels_out_of_range_and_other_misfits_are_said():
    softmax = mlp(2, 3, activations=["softmax"])
    for Y, message in (([0, 1, 2, 3], r"sample 3: the label 3 is out of range"),
                       ([0, 1.5, 2, 0], "sample 1: the label 1.5 is out of range")):
        with pytest.raises(ValueError, match=message):
            fit(softmax, (XOR[0], Y), nn.categorical_cross_entropy)
    with pytest.raises(ValueError, match="sample 2: the target 2 is neither -1 nor 1"):
        fit(mlp(2, 1), (XOR[0], [1, -1, 2, 1]), nn.max_margin)
    for data, message in ((5, "are no samples"), ([([0, "a"], 1)], "'a' of type str"),
                          ([([0, None], 1)], "convert it")):
        with pytest.raises(TypeError, match=message):
            fit(mlp(2, 1), data, mean_squared_error)
    with pytest.raises(TypeError, match=r"the loss returned 1\.0 of type float and no Value"):
        fit(mlp(2, 1), XOR, lambda o, t: 1.0)


@pytest.mark.parametrize("options, message", [
    ({"epochs": 0}, "epochs=0"), ({"batch_size": 2.5}, "batch_size=2.5"), ({"lr": -1}, "lr=-1"),
    ({"loss": None}, "no loss"), ({"data": None}, "no data"),
    ({"optimizer": SGD([Value(1.0)])}, "none of this model's parameters")])
def test_bad_options_are_said(options, message):
    with pytest.raises(ValueError, match=message):
        fit(mlp(2, 1), **{"data": XOR, "loss": mean_squared_error, **options})


def test_an_optimizer_with_a_rate_takes_no_second_one():
    model = mlp(2, 1)
    with pytest.raises(ValueError, match=r"lr=0\.5 was given beside an optimizer"):
        fit(model, XOR, mean_squared_error, SGD(model.parameters()), lr=0.5)
    with pytest.raises(TypeError, match="int cannot be called"):
        fit(5, XOR, mean_squared_error)
    with pytest.raises(TypeError, match="has none: make a subclass"):
        fit(abs, ([1], [1]), lambda o, y: Value(1.0))


# ---- the progress bar

def test_the_bar_is_silent_outside_a_terminal_and_shows_the_loss_when_asked(capsys, monkeypatch):
    fit(Square(1.0), epochs=2)
    fit(Square(1.0), epochs=2, progress=False)
    assert capsys.readouterr() == ("", "")
    fit(Square(1.0), epochs=2, progress=True)
    assert "2/2" in (shown := capsys.readouterr().err) and "loss=" in shown
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("CI", "true")
    fit(Square(1.0), epochs=2)
    assert capsys.readouterr().err == ""
    monkeypatch.delenv("CI")
    fit(Square(1.0), epochs=2)
    assert "2/2" in capsys.readouterr().err


def test_without_tqdm_training_goes_on(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    assert len(fit(Square(1.0), epochs=2, progress=True)) == 2


# ---- the history

@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_a_history_is_saved_and_loaded_to_the_last_bit(tmp_path, suffix):
    history = quietly(networks.linear_1_1_1(), epochs=9, lr=0.3)
    assert history.loss[-1] == math.inf and len(history.warnings) == 2
    path = tmp_path / f"run.{suffix}"
    history.save(path)
    assert repr(vars(History.load(path))) == repr(vars(history))
    net = networks.linear_1_1_1()
    fit(net, epochs=3).save(path)
    more, whole = fit(net, epochs=2, history=History.load(path)), fit(
        networks.linear_1_1_1(), epochs=5)
    assert more.epochs == [0, 1, 2, 3, 4] and more.loss == whole.loss


def test_a_history_in_json_is_strict_json_and_other_files_are_refused(tmp_path):
    history = quietly(networks.linear_1_1_1(), epochs=9, lr=0.3)
    history.save(tmp_path / "run.json")
    text = (tmp_path / "run.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)["loss"][-1] == "inf"
    with pytest.raises(ValueError, match=r"ends in '\.txt'"):
        history.save(tmp_path / "run.txt")
    for name in ("a.json", "a.csv"):
        (tmp_path / name).write_text("[1, 2]")
        with pytest.raises(ValueError, match="is no history that"):
            History.load(tmp_path / name)


@pytest.mark.row("C000-25")
def test_a_history_prints_first_best_and_last():
    history = quietly(networks.linear_1_1_1(), epochs=9, lr=0.1)
    lines = str(history).splitlines()
    assert lines[0].split()[:3] == ["epoch", "loss", "lr"]
    assert [line.split()[0] for line in lines[1:4]] == ["first", "best", "last"]
    assert lines[4].startswith("stopped: in epoch 5 the loss is inf")
    assert repr(history).startswith("History(6 epochs, loss 8.317 -> inf, 2 warning(s), in epoch 5")
    assert str(History()) == "no epochs yet" and len(History()) == 0
