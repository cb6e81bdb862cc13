"""The plain rows of documents 000, 001 and 002, each computed a second time in plain arithmetic."""

import math
import random
from itertools import pairwise

import numpy as np
import pytest

from engine import Value, check_gradients, dot, grad, jacobian, local_gradients, square, total
from nn import MLP, SGD, Layer, binary_cross_entropy, mean_squared_error, networks
from nn.networks import READINGS, W_IJ, W_JK, W_KL
from nn.paths import path
from viz import expression


@pytest.fixture
def net():
    """Document 000 after its backward pass, with the loss as `net.value`."""
    made = networks.linear_1_1_1()
    made.value = made.loss()
    made.value.backward()
    return made


@pytest.fixture
def softmax_net():
    """Document 001 after its backward pass, in the reading of its own derivatives."""
    made = networks.relu_sigmoid_softmax_3_3_3()
    made.value = made.loss()
    made.value.backward()
    return made


def data(values):
    return [v.data for v in values]


def values(*numbers):
    return [Value(x) for x in numbers]


def matrix(rows):
    return np.array([data(r) for r in rows])


def grads(rows):
    return np.array([[w.grad for w in r] for r in rows])


E = 2 * (1.116 - 4.0)               # document 000's error signal


# ---- 000: one number through three linear layers

@pytest.mark.row("C000-01", "C000-02", "C000-03")
def test_forward_keeps_z_and_h_apart_layer_by_layer(net):
    h = 2.0
    for i, (w, b) in enumerate(((0.5, 0.1), (0.8, -0.2), (1.2, 0.3)), 1):
        h = w * h + b
        z, out = getattr(net, f"z{i}"), net.y_hat if i == 3 else getattr(net, f"h{i}")
        assert z.data == out.data == pytest.approx(h) and out is not z and out._prev == (z,)
    assert [layer.activation for layer in net.layers] == ["identity"] * 3
    assert net.h2.data == pytest.approx(0.8 * (0.5 * 2.0 + 0.1) - 0.2)          # nested form
    h2 = net.W2 * (net.W1 * net.x + net.b1) + net.b2
    assert expression(h2, depth=9) == "W2 · (W1 · x + b1) + b2" and h2.data == net.h2.data


@pytest.mark.row("C000-02")
def test_an_activation_can_be_put_between_z_and_h(net):
    z = net.layers[0].before(net.x)
    bent = Layer(1, 1, activation="tanh")
    assert bent.after(z)[0].data == pytest.approx(math.tanh(1.1))


@pytest.mark.row("C000-04", "C000-05")
def test_the_mean_squared_error_and_its_derivative(net):
    assert net.value.data == pytest.approx((1.116 - 4) ** 2)
    assert net.y_hat.grad == pytest.approx(E)
    outs, ys = [Value(1.0), Value(-2.0), Value(0.5)], [2.0, 1.0, 0.0]
    loss = mean_squared_error([[o] for o in outs], [[y] for y in ys])
    assert loss.data == pytest.approx((1 + 9 + 0.25) / 3)
    shift = Value(0.0)
    moved = mean_squared_error([[o + shift] for o in outs], [[y] for y in ys])
    per_sample = [g.data for g in grad(loss, outs)]
    assert per_sample == pytest.approx([2 / 3 * (o.data - y) for o, y in zip(outs, ys)])
    assert grad(moved, shift).data == pytest.approx(sum(per_sample))    # the sum is dL/db3


@pytest.mark.row("C000-06")
def test_the_chain_rule_hands_each_derivative_back_to_the_layer_before(net):
    chain = [net.value, net.y_hat, net.z3, net.h2, net.z2, net.h1, net.z1]
    handed = 1.0
    for later, earlier in pairwise(chain):
        handed *= grad(later, earlier).data
        assert earlier.grad == pytest.approx(handed)


@pytest.mark.row("C000-07", "C000-18")
def test_local_derivatives_of_a_layer(net):
    for i, h in ((1, net.x), (2, net.h1), (3, net.h2)):
        z, W, b = (getattr(net, f"{name}{i}") for name in ("z", "W", "b"))
        local = dict(zip(z._prev, local_gradients(z)))
        assert (local[W], local[b], local[h]) == (h.data, 1, W.data)
    assert all(local_gradients(h) == [1] for h in (net.h1, net.h2, net.y_hat))


@pytest.mark.row("C000-08")
def test_a_gradient_is_traced_as_numbered_steps(net):
    steps = path(net.value, net.W2)
    lines = str(steps).splitlines()
    assert [line.split(".")[0].strip() for line in lines] == ["1", "2", "3", "4", "5", "6"]
    assert "∂z3/∂h2 = W3 = 1.2" in lines[3] and "∂z2/∂W2 = h1 = 1.1" in lines[5]
    upstream = 1.0
    for step in steps:                      # upstream derivative times local derivative
        assert step.product == pytest.approx(upstream * step.slope)
        upstream = step.product
    assert upstream == net.W2.grad


@pytest.mark.row("C000-09", "C000-11")
def test_all_gradients_have_their_closed_forms(net):
    W3, W2 = 1.2, 0.8
    closed = {"W3": E * 0.68, "b3": E, "W2": E * W3 * 1.1, "b2": E * W3,
              "W1": E * W3 * W2 * 2.0, "b1": E * W3 * W2}
    between = {"z3": E, "h2": E * W3, "z2": E * W3, "h1": E * W3 * W2, "z1": E * W3 * W2}
    assert {name: p.grad for name, p in net.named_parameters()} == pytest.approx(closed)
    assert {name: getattr(net, name).grad for name in between} == pytest.approx(between)
    assert {name: expression(grad(net.value, p), depth=9).removeprefix("1 · ")
            for name, p in net.named_parameters()} == {
        "W1": "2 · (y_hat - y) · W3 · W2 · x", "b1": "2 · (y_hat - y) · W3 · W2",
        "W2": "2 · (y_hat - y) · W3 · h1",     "b2": "2 · (y_hat - y) · W3",
        "W3": "2 · (y_hat - y) · h2",          "b3": "2 · (y_hat - y)"}


@pytest.mark.row("C000-10")
def test_a_gradient_is_shown_as_formula_with_numbers_partial_product_and_result(net):
    g = grad(net.value, net.W2)
    put_in = {v: f"{v.data:.4g}" for v in (net.y_hat, net.y, net.W3, net.h1)}
    formula, numbers = expression(g, depth=9), expression(g, depth=9, names=put_in)
    assert formula.removeprefix("1 · ") == "2 · (y_hat - y) · W3 · h1"
    assert numbers.removeprefix("1 · ") == "2 · (1.116 - 4) · 1.2 · 1.1"
    products = [step.product for step in path(net.value, net.W2)]
    assert products[0] == pytest.approx(-5.768) and products[3] == pytest.approx(-5.768 * 1.2)
    assert products[-1] == pytest.approx(-5.768 * 1.2 * 1.1) and g.data == products[-1]


@pytest.mark.row("C000-16")
def test_no_activation_derivative_enters_a_linear_chain(net):
    steps = path(net.value, net.W1)
    assert {f.slope for f in steps if f.operation == "identity"} == {1}
    shape = [2, 1, 1]
    random.seed(0)
    bare = MLP(1, shape, activations=["linear"] * 3)
    loss = square(bare(1.5) - 1.0)
    loss.backward()
    weight = bare.layers[0].neurons[0].w[0]
    assert {f.operation for f in path(loss, weight)} == {"square", "sub", "dot"}


@pytest.mark.row("C000-17")
def test_the_signal_flows_back_as_error_then_times_one_weight_per_layer(net):
    flow = [net.z3.grad, net.z2.grad, net.z1.grad]
    assert flow == pytest.approx([E, E * 1.2, E * 1.2 * 0.8])
    weights = [f.formula for f in path(net.value, net.z1) if f.formula]
    assert weights == ["W3", "W2"]


@pytest.mark.row("C000-18")
def test_weight_gradients_carry_the_layers_input_and_bias_gradients_do_not(net):
    for i, h in ((1, 2.0), (2, 1.1), (3, 0.68)):
        W, b = getattr(net, f"W{i}"), getattr(net, f"b{i}")
        assert W.grad == pytest.approx(h * b.grad)


@pytest.mark.row("C000-22")
def test_the_central_difference_of_document_000_for_any_parameter(net):
    report = check_gradients(net.loss, net.named_parameters(), step=1e-7, tolerance=1e-7)
    assert report and [r.name for r in report.rows] == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert all(r.absolute == abs(r.numeric - r.analytic) < 1e-7 for r in report.rows)
    assert str(report).splitlines()[0].split() == [
        "parameter", "numeric", "analytic", "absolute", "relative"]

    def wrong():
        loss = net.loss()
        return Value(loss.data, (loss,), [1.1])         # a planted slope, 10 % too large
    assert not check_gradients(wrong, net.named_parameters(), step=1e-7, tolerance=1e-7)


@pytest.mark.row("C000-31")
@pytest.mark.parametrize("loss", [
    lambda net, x, y: mean_squared_error(net(x), y),
    lambda net, x, y: total([abs(o - t) for o, t in zip(net(x), y)])], ids=["mse", "absolute"])
@pytest.mark.parametrize("widths, activations", [
    ([2, 2, 2, 2, 2], ["tanh", "sigmoid", "softplus", "gelu", "linear"]),
    ([3, 2], ["linear", "softmax"])])
def test_any_depth_activation_and_loss_has_right_gradients(widths, activations, loss):
    random.seed(5)
    model = MLP(2, widths, activations=activations)
    assert check_gradients(lambda: loss(model, [0.3, -0.7], [1.0, 0.5]), model.parameters())


# ---- 001: ReLU, sigmoid, softmax

@pytest.mark.row("C001-02", "C001-03")
def test_the_architecture_and_its_numbers(softmax_net):
    net = softmax_net
    assert [(len(n.neurons), len(n.neurons[0].w), n.activation) for n in net.layers] == [
        (3, 3, "relu"), (3, 3, "sigmoid"), (3, 3, "softmax")]
    assert data(net.x) == [0.1, 0.2, 0.7] and data(net.y) == [1.0, 0.0, 0.0]
    assert [matrix(W).tolist() for W in (net.W_ij, net.W_jk, net.W_kl)] == [
        [list(r) for r in W] for W in (W_IJ, W_JK, W_KL)]
    assert data([*net.b_j, *net.b_k, *net.b_l]) == [1.0] * 9


@pytest.mark.row("C001-04", "C001-05", "C001-06")
def test_each_layer_is_a_row_vector_times_a_matrix_plus_bias_then_its_activation(softmax_net):
    net, h = softmax_net, np.array([0.1, 0.2, 0.7])
    activation = (lambda z: np.maximum(0, z), lambda z: 1 / (1 + np.exp(-z)),
                  lambda z: np.exp(z) / np.exp(z).sum())
    layers = ((W_IJ, "h1_in", "h1_out"), (W_JK, "h2_in", "h2_out"), (W_KL, "O_in", "O_out"))
    for (W, before, after), act in zip(layers, activation):
        z = h @ np.array(W) + 1.0
        h = act(z)
        assert data(getattr(net, before)) == pytest.approx(z)
        assert data(getattr(net, after)) == pytest.approx(h)
        assert [v.label for v in getattr(net, after)] == [f"{after}[{i}]" for i in (1, 2, 3)]
    assert net.W_jk[2][0].label == "W_jk[3,1]" and net.W_jk[2][0] in net.h2_in[0]._prev
    assert expression(net.W_jk[2][0] * 1, latex=True).startswith("W_{j3k1}")
    assert expression(net.h1_in[1]) == (
        "W_ij[1,2] · x[1] + W_ij[2,2] · x[2] + W_ij[3,2] · x[3] + b_j[2]")


@pytest.mark.row("C001-07")
def test_the_cross_entropy_is_read_in_three_ways(softmax_net):
    out = np.array(data(softmax_net.O_out))
    y = np.array([1.0, 0.0, 0.0])
    binary = -np.sum(y * np.log(out) + (1 - y) * np.log(1 - out))
    losses = {r: networks.relu_sigmoid_softmax_3_3_3(reading=r).loss().data for r in READINGS}
    assert losses == pytest.approx({"binary": binary, "binary/3": binary / 3,
                                    "categorical": -np.log(out[0])})
    assert [o > t for o, t in zip(out, y)] == [False, True, True]


@pytest.mark.row("C001-08")
def test_the_three_important_derivatives():
    for x in (-2.0, 0.0, 3.0):
        s = 1 / (1 + math.exp(-x))
        v = Value(x)
        assert grad(v.sigmoid(), v).data == pytest.approx(s * (1 - s))
        assert grad(v.relu(), v).data == (1 if x > 0 else 0)


@pytest.mark.row("C001-08", "C001-10")
def test_the_softmax_jacobian_has_nine_entries(softmax_net):
    out = np.array(data(softmax_net.O_out))
    J = matrix(jacobian(softmax_net.O_out, softmax_net.O_in))
    assert pytest.approx(np.diag(out) - np.outer(out, out)) == J
    assert np.sum(J, axis=1) == pytest.approx(0, abs=1e-15)
    e = np.exp(data(softmax_net.O_in))
    assert J[0, 0] == pytest.approx(e[0] * (e[1] + e[2]) / e.sum() ** 2)     # as it is printed


@pytest.mark.row("C001-09")
def test_the_loss_by_each_output(softmax_net):
    out = data(softmax_net.O_out)
    assert [o.grad for o in softmax_net.O_out] == pytest.approx(
        [-1 / out[0], 1 / (1 - out[1]), 1 / (1 - out[2])])
    batch = [values(0.2, 0.3, 0.5), values(0.6, 0.3, 0.1)]
    averaged = grad(binary_cross_entropy(batch, [[1.0, 0.0, 0.0]] * 2), [o[0] for o in batch])
    assert data(averaged) == pytest.approx([-1 / 0.2 / 2, -1 / 0.6 / 2])     # "average for more"


@pytest.mark.row("C001-11", "C001-15", "C001-20")
def test_a_pre_activation_by_its_weights_is_the_layers_input(softmax_net):
    net = softmax_net
    for before, W, inputs in ((net.O_in, net.W_kl, net.h2_out), (net.h2_in, net.W_jk, net.h1_out),
                              (net.h1_in, net.W_ij, net.x)):
        for column, z in enumerate(before):
            assert data(grad(z, [r[column] for r in W])) == data(inputs)
            other = [r[(column + 1) % 3] for r in W]
            assert data(grad(z, other)) == [0.0, 0.0, 0.0]


@pytest.mark.row("C001-12", "C001-16", "C001-21")
def test_one_chosen_weight_and_the_whole_matrix(softmax_net):
    net = softmax_net
    for W, inputs, before, (i, j) in ((net.W_kl, net.h2_out, net.O_in, (0, 0)),
                                      (net.W_jk, net.h1_out, net.h2_in, (2, 0)),
                                      (net.W_ij, net.x, net.h1_in, (1, 0))):
        outer = np.outer(data(inputs), [z.grad for z in before])
        assert grads(W) == pytest.approx(outer)
        chosen = W[i][j]
        assert chosen.grad == pytest.approx(grad(net.value, before[j]).data * inputs[i].data)
        assert path(net.value, chosen)[-1].input == chosen.label


@pytest.mark.row("C001-12")
def test_the_chain_for_one_output_weight_sums_over_all_outputs(softmax_net):
    net = softmax_net
    J = matrix(jacobian(net.O_out, net.O_in))
    chain = sum(net.O_out[i].grad * J[i, 0] for i in range(3)) * net.h2_out[0].data
    assert net.W_kl[0][0].grad == pytest.approx(chain)


@pytest.mark.row("C001-14", "C001-19")
def test_slopes_of_the_hidden_units(softmax_net):
    assert [local_gradients(h)[0] for h in softmax_net.h2_out] == pytest.approx(
        [h.data * (1 - h.data) for h in softmax_net.h2_out])
    assert [local_gradients(h)[0] for h in softmax_net.h1_out] == [1.0, 1.0, 1.0]
    assert min(data(softmax_net.h1_in)) > 0


@pytest.mark.row("C001-17")
def test_a_unit_of_layer_2_gets_one_term_per_output_unit(softmax_net):
    net = softmax_net
    for k, h in enumerate(net.h2_out):
        assert [grad(z, h).data for z in net.O_in] == data(net.W_kl[k])
        terms = [z.grad * w.data for z, w in zip(net.O_in, net.W_kl[k])]
        assert len(terms) == 3 and h.grad == pytest.approx(math.fsum(terms))


@pytest.mark.row("C001-22")
def test_a_unit_of_layer_1_gets_all_three_paths_not_one(softmax_net):
    net = softmax_net
    for j, h in enumerate(net.h1_out):
        terms = [z.grad * w.data for z, w in zip(net.h2_in, net.W_jk[j])]
        assert h.grad == pytest.approx(math.fsum(terms))
        assert abs(terms[j]) < abs(h.grad)              # the printed one path falls short


@pytest.mark.row("C001-25")
def test_the_bias_is_a_term_that_differentiates_to_nothing_by_a_weight(softmax_net):
    net = softmax_net
    z, b = net.h1_in[0], net.b_j[0]
    assert grad(b * 1.0, net.W_ij[0][0]).data == 0.0
    slopes = dict(zip(z._prev, local_gradients(z)))
    b.data = 7.5
    again = dict(zip(z._prev, local_gradients(z)))
    assert slopes == again                              # no dz/dw contains the bias
    assert grad(grad(z, net.W_ij[0][0]), b).data == 0.0


# ---- 002: linear algebra

def layer(n, z, seed=2):
    draw = np.random.default_rng(seed)
    x, t = draw.normal(size=n), draw.normal(size=z)
    W = np.vectorize(Value, otypes=[object])(draw.normal(size=(n, z)))
    b = np.vectorize(Value, otypes=[object])(draw.normal(size=z))
    return x, W, b, t


@pytest.mark.row("C002-01", "C002-02")
def test_one_weight_and_errors_that_can_be_swapped():
    x, w, true = 3.0, Value(0.5, label="w"), 2.0
    o = x * w
    assert o.data == 1.5 and (true - o).data == 0.5 and ((true - o) ** 2).data == 0.25
    for error, slope in ((lambda e: e ** 2, -2 * 0.5 * 3), (abs, -3.0), (lambda e: e ** 4, -1.5)):
        assert grad(error(true - o), w).data == pytest.approx(slope)


@pytest.mark.row("C002-03", "C002-04")
@pytest.mark.parametrize("n, z", [(1, 1), (3, 2), (2, 4)])
def test_weights_are_inputs_by_outputs_and_the_bias_one_per_output(n, z):
    x, W, b, _ = layer(n, z)
    column = x.reshape(n, 1)
    p = column.T @ W + b
    assert W.shape == (n, z) and b.shape == (z,) and p.shape == (1, z)
    assert data(p[0]) == pytest.approx(x @ matrix(W) + data(b))
    assert p[0][0].data == pytest.approx(dot(list(W[:, 0]), list(x), b[0]).data)
    with pytest.raises(ValueError):
        np.append(x, 1.0) @ W


@pytest.mark.row("C002-05", "C002-06")
def test_squared_losses_and_their_average():
    x, W, b, t = layer(3, 2)
    p = x @ W + b
    error = t - p
    losses = error ** 2
    assert losses.shape == (2,)
    mse = mean_squared_error(list(p), list(t))
    assert mse.data == pytest.approx(np.mean((t - (x @ matrix(W) + data(b))) ** 2))
    assert total(list(losses)).data / 2 == pytest.approx(mse.data)
    worse = mean_squared_error([v + math.copysign(1.0, v.data - y) for v, y in zip(p, t)], list(t))
    assert worse.data > mse.data                        # farther off is worse
    mse.backward()
    SGD([*W.ravel(), *b], lr=0.01).step()
    assert mean_squared_error(list(x @ W + b), list(t)).data < mse.data     # learning


@pytest.mark.row("C002-07")
def test_a_derivative_is_the_size_and_direction_of_the_reaction():
    for w, y in ((4.0, 16.0), (6.0, 36.0), (-3.0, 9.0)):
        v = Value(w)
        assert (v ** 2).data == y and grad(v ** 2, v).data == 2 * w
        step = 1e-3
        assert ((v + step) ** 2).data - y == pytest.approx(2 * w * step, rel=1e-3)


@pytest.mark.row("C002-08", "C002-09")
def test_partial_derivatives_and_an_update_with_rate_1():
    w, y = Value(3.0, label="w"), Value(-0.5, label="y")
    Z = w ** 2 + y ** 2
    dw, dy = data(grad(Z, [w, y]))
    assert (dw, dy) == (6.0, -1.0)
    right = (3.0 - dw) ** 2 + (-0.5 - dy) ** 2
    swapped = (3.0 - dy) ** 2 + (-0.5 - dw) ** 2        # as the document prints it
    assert right == Z.data < swapped                    # rate 1 only mirrors, swapped climbs
    Z.backward()
    SGD([w, y], lr=1.0).step()
    assert (w.data, y.data) == (-3.0, 0.5)


@pytest.mark.row("C002-10", "C002-14", "C002-17", "C002-18")
def test_the_updates_by_the_summed_jacobians_are_steps_on_the_sum_of_losses():
    x, W, b, t = layer(3, 2)
    Z = (t - (x @ W + b)) ** 2
    assert Z.shape == (2,)
    by_b = matrix(jacobian(list(Z), list(b))).sum(axis=0)
    by_W = matrix(jacobian(list(Z), list(W.ravel()))).sum(axis=0)
    new_b, new_W = b - by_b, W - by_W.reshape(3, 2)
    for new, old in ((new_b, b), (new_W, W)):
        assert new.shape == old.shape
    mean_squared_error(list(x @ W + b), list(t)).backward()
    z = 2                                               # not averaged: z times that of the MSE
    assert by_b == pytest.approx([z * v.grad for v in b])
    assert data(new_b) == pytest.approx([v.data - z * v.grad for v in b])
    assert data(new_W.ravel()) == pytest.approx([w.data - z * w.grad for w in W.ravel()])


@pytest.mark.row("C002-18")
def test_repeated_small_steps_bring_the_loss_to_zero():
    x, W, b, t = layer(3, 2)
    optimizer = SGD([*W.ravel(), *b], lr=0.05)
    losses = []
    for _ in range(120):
        loss = total(list((t - (x @ W + b)) ** 2))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.data)
    assert all(a >= b for a, b in pairwise(losses)) and losses[-1] < 1e-12
