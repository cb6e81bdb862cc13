"""The closed matrix formulas of documents 000, 003 and 004 against the engine, and by hand."""

import math
from itertools import pairwise
from operator import attrgetter

import numpy as np
import pytest

import engine
from engine import Value, grad
from engine.check import difference
from nn import MLP, half_sum_of_squares, matrices, mean_squared_error, networks

values = np.vectorize(Value, otypes=[object])
data = np.vectorize(attrgetter("data"), otypes=[float])
slopes = np.vectorize(attrgetter("grad"), otypes=[float])

NAMES = ["linear", "identity", "tanh", "sigmoid", "relu", "softplus", "leaky_relu", "elu", "gelu",
         "silu", "sin", "atan", "square"]


def agree(found, true, tolerance=1e-12):
    """Whether two arrays of one shape differ by at most 1e-12 of the larger of 1 and their size."""
    found, true = np.asarray(found, float), np.asarray(true, float)
    assert found.shape == true.shape
    return np.abs(found - true).max() <= tolerance * max(1.0, np.abs(true).max())


def random_network(seed, widths=None):
    """Random data, weights, biases and activations, of random sizes unless widths are given."""
    rng = np.random.default_rng(seed)
    widths = widths or rng.integers(1, 6, rng.integers(2, 6))
    m = int(rng.integers(1, 7))
    Ws = [rng.normal(0, 1, (n, k)) / math.sqrt(n) for n, k in pairwise(widths)]
    bs = [rng.normal(0, 0.5, k) for k in widths[1:]]
    names = [str(name) for name in rng.choice(NAMES, len(Ws))]
    return rng.normal(size=(m, widths[0])), rng.normal(size=(m, widths[-1])), Ws, bs, names


def rowwise(name, Z):
    """An array of Values through a row of the engine's table, element by element."""
    return Z if name == "linear" else np.vectorize(getattr(engine, name), otypes=[object])(Z)


def recorded(X, Y, Ws, bs, names):
    """The same network on arrays of Values: Z, A, W, b and the loss, after backward()."""
    W, b, Z, A = [values(w) for w in Ws], [values(v) for v in bs], [], [values(X)]
    for w, v, name in zip(W, b, names):
        Z.append(A[-1] @ w + v)
        A.append(rowwise(name, Z[-1]))
    loss = mean_squared_error(A[-1], Y, per="sample")
    loss.backward()
    return Z, A, W, b, loss


# ---- document 004

@pytest.mark.row("C004-01", "C004-03", "C004-06", "C004-08", "C004-09", "C004-10", "C004-11",
                 "C004-13")
def test_100_random_networks_agree_with_the_engine_to_1e_12():
    depths = set()
    for seed in range(100):
        network = X, Y, Ws, bs, names = random_network(seed)
        Z, A, W, b, loss = recorded(*network)
        forward, found = matrices.forward(X, Ws, bs, names), matrices.gradients(X, Y, Ws, bs, names)
        assert agree(found.E, loss.data)
        for mine, theirs in ((forward.Z, map(data, Z)), (forward.A, map(data, A)),
                             (found.d, map(slopes, A)), (found.dW, map(slopes, W)),
                             (found.db, map(slopes, b)), (found.db_each, map(slopes, Z))):
            assert all(agree(one, other) for one, other in zip(mine, theirs, strict=True))
        depths.add(len(Ws))
    assert depths == {1, 2, 3, 4}


@pytest.mark.row("C004-01", "C004-02")
def test_a_bias_is_repeated_in_every_row_as_a_kronecker_product():
    X, _, (W,), (b,), _ = random_network(1, [3, 4])
    J, B = np.ones((len(X), 1)), b.reshape(1, -1)
    Z = matrices.forward(X, [W], [B], "linear").Z[0]
    assert Z.shape == (len(X), 4) and agree(Z, X @ W + np.kron(J, B))
    by_engine = data(X @ values(W) + np.kron(J, values(B)))
    assert agree(by_engine, data(X @ values(W) + values(B))) and agree(Z, by_engine)


@pytest.mark.row("C004-03", "C004-04")
def test_the_error_sums_over_outputs_and_averages_over_examples():
    A, Y = [[1.0, 2.0], [3.0, 5.0], [0.0, 0.0]], [[0.0, 0.0], [3.0, 4.0], [1.0, 1.0]]
    assert matrices.mean_squared_error(A, Y) == pytest.approx((1 + 4 + 0 + 1 + 1 + 1) / 3)
    outputs = values(A)
    loss = mean_squared_error(outputs, Y, per="sample")
    loss.backward()
    assert loss.data == pytest.approx(matrices.mean_squared_error(A, Y))
    assert agree(matrices.error_slopes(A, Y), slopes(outputs))
    assert agree(matrices.error_slopes(A, Y), 2 / 3 * (np.array(A) - Y))


@pytest.mark.row("C004-05")
@pytest.mark.parametrize("name", [row.name for row in engine.ROWS if len(row.inputs.split())
                                  - len(row.defaults) == 1 and not row.variadic])
def test_an_activation_is_any_row_of_one_number(name):
    row = next(row for row in engine.ROWS if row.name == name)
    Z = np.linspace(*row.domain[0], 7).reshape(1, 7)
    nodes = values(Z)
    out = rowwise(name, nodes)
    engine.total(out.ravel().tolist()).backward()
    h, slope = matrices.activation(name)
    assert agree(h(Z), data(out)) and agree(slope(Z), slopes(nodes))
    assert agree(slope(Z), [[difference(lambda x: float(h(x)), z) for z in Z[0]]], 1e-6)


def test_an_operation_added_at_run_time_is_an_activation():
    engine.add_operation(engine.Row("bent", "bent", "x", "x + x * x / 4", ("1 + x / 2",),
                                    "bent({x:0})", "bent", 4, ((-3.0, 3.0),)))
    try:
        X, Y, Ws, bs, _ = random_network(5, [2, 3, 1])
        _, _, W, _, _ = recorded(X, Y, Ws, bs, ["bent", "bent"])
        assert agree(matrices.gradients(X, Y, Ws, bs, "bent").dW[0], slopes(W[0]))
    finally:
        engine.extend.remove_operation("bent")


@pytest.mark.row("C004-06", "C004-07")
def test_the_local_derivatives_of_a_layer_are_w_its_inputs_and_1():
    X, _, (W,), (b,), _ = random_network(3, [3, 2])
    A, w, v = values(X), values(W), values(b)
    Z = A @ w + v
    for i, j in np.ndindex(Z.shape):
        dA, dW, db = (data(np.array(grad(Z[i, j], p.ravel().tolist()))).reshape(p.shape)
                      for p in (A, w, v))
        assert agree(dA[i], W[:, j]) and agree(dW[:, j], X[i]) and agree(db[j], 1.0)
        assert not np.delete(dA, i, 0).any() and not np.delete(dW, j, 1).any()
        assert not np.delete(db, j).any()


def test_all_gradients_agree_with_finite_differences():
    X, Y, Ws, bs, _ = random_network(8, [3, 4, 2])
    names = ["tanh", "softplus"]
    found = matrices.gradients(X, Y, Ws, bs, names)
    for array, analytic in zip([X, *Ws, *bs], [found.d[0], *found.dW, *found.db]):
        for place in np.ndindex(array.shape):
            def error(x, array=array, place=place):
                before, array[place] = array[place], x
                made = matrices.mean_squared_error(matrices.forward(X, Ws, bs, names).A[-1], Y)
                array[place] = before
                return made
            assert difference(error, array[place]) == pytest.approx(analytic[place], abs=1e-8)


@pytest.mark.row("C004-11", "C004-12")
def test_gradients_of_a_batch_are_the_mean_of_single_ones_and_biases_sum_over_examples():
    X, Y, Ws, bs, names = random_network(10, [3, 4, 2])
    batch = matrices.gradients(X, Y, Ws, bs, names)
    single = [matrices.gradients(x[None], y[None], Ws, bs, names) for x, y in zip(X, Y)]
    assert len(single) > 1 and agree(batch.E, np.mean([one.E for one in single]))
    for i in range(2):
        assert agree(batch.dW[i], np.mean([one.dW[i] for one in single], axis=0))
        assert agree(batch.db[i], np.mean([one.db[i] for one in single], axis=0))
        assert agree(batch.db[i], batch.db_each[i].sum(axis=0))
        for one, row in zip(single, batch.db_each[i]):
            assert agree(row * len(X), one.db[i])       # the 1/m stands in d(L) already


@pytest.mark.row("C004-12")
def test_an_update_moves_against_the_gradient_and_keeps_the_old_numbers():
    X, Y, Ws, bs, _ = random_network(12, [2, 3, 1])
    names = ["tanh", "softplus"]
    bs = [b.reshape(1, -1) for b in bs]
    _, _, W, b, _ = recorded(X, Y, Ws, bs, names)
    found = matrices.gradients(X, Y, Ws, bs, names)
    before = [w.copy() for w in Ws]
    new_W, new_b = matrices.update(Ws, bs, found.dW, found.db, lr=0.05)
    for i in range(2):
        assert agree(new_W[i], Ws[i] - 0.05 * slopes(W[i])) and agree(Ws[i], before[i], 0)
        assert agree(new_b[i], bs[i] - 0.05 * slopes(b[i]))
    assert matrices.gradients(X, Y, new_W, new_b, names).E < found.E
    with pytest.raises(ValueError, match="lr=0"):
        matrices.update(Ws, bs, found.dW, found.db, lr=0)
    with pytest.raises(ValueError, match="layer 1 has b 1 x 3 and db 3"):
        matrices.update(Ws, bs, found.dW, [g[0] for g in found.db])


@pytest.mark.row("C004-13")
def test_an_mlp_and_its_matrices_agree():
    X, Y, *_ = random_network(14, [3, 1, 2])
    model = MLP(3, [4, 3, 2], activations=["tanh", "leaky_relu", "linear"])
    loss = mean_squared_error([model(x) for x in X], Y, per="sample")
    loss.backward()
    found = matrices.gradients(X, Y, *matrices.layers_of(model))
    assert agree(found.E, loss.data)
    for layer, dW, db in zip(model.layers, found.dW, found.db, strict=True):
        assert agree(dW.T, [[w.grad for w in n.w] for n in layer.neurons])
        assert agree(db, [n.b.grad for n in layer.neurons])


# ---- document 003

def sample_003(seed=0, m=4, n=2, k=2):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(m, n)), rng.normal(size=(m, 1)), rng.normal(size=(n + 1, k)),
            rng.normal(size=(k + 1, 1)))


def recorded_003(X0, u, v):
    """Document 003 on arrays of Values, in its own matrix form."""
    U, V = values(u), values(v)
    return U, V, matrices.augmented(matrices.augmented(X0) @ U) @ V


@pytest.mark.row("C003-01", "C003-02", "C003-03")
def test_003_forward_has_the_shapes_and_numbers_of_the_document():
    X0, _, u, v = sample_003()
    X, Y, z = matrices.linear_forward(X0, u, v)
    assert [a.shape for a in (X, u, Y, v, z)] == [(4, 3), (3, 2), (4, 3), (3, 1), (4, 1)]
    assert agree(X, np.column_stack([[1] * 4, X0])) and agree(Y[:, 0], [1] * 4)
    assert agree(Y[:, 1:], X0 @ u[1:] + u[0]) and agree(z, Y[:, 1:] @ v[1:] + v[0])
    assert agree(z, data(recorded_003(X0, u, v)[2]))
    model = MLP(2, [2, 1], activations=["linear", "linear"])
    (W1, W2), (b1, b2), _ = matrices.layers_of(model)
    stacked = np.vstack([b1, W1]), np.vstack([b2, W2])
    assert agree(matrices.linear_forward(X0, *stacked).z[:, 0], [model(x).data for x in X0])


@pytest.mark.row("C003-04")
def test_003_written_out_forms_agree_with_the_matrix_form():
    X0, _, u, v = sample_003(1)
    U, V, z = recorded_003(X0, u, v)
    (u01, u02), (u11, u12), (u21, u22) = U
    v0, v1, v2 = V[:, 0]
    for (x1, x2), out in zip(X0, z[:, 0]):
        y1, y2 = u01 + u11 * x1 + u21 * x2, u02 + u12 * x1 + u22 * x2
        form1 = v0 + v1 * y1 + v2 * y2
        form3 = (v0 + u01 * v1 + u02 * v2 + u11 * v1 * x1 + u21 * v1 * x2 + u12 * v2 * x1
                 + u22 * v2 * x2)
        parameters = [*U.ravel(), *V.ravel()]
        expected = [g.data for g in grad(out, parameters)]
        for form in (form1, form3):
            assert form.data == pytest.approx(out.data, rel=1e-13)
            assert [g.data for g in grad(form, parameters)] == pytest.approx(expected, rel=1e-13)


@pytest.mark.row("C003-05", "C003-08")
def test_003_cost_is_half_a_sum_and_its_slopes_are_d():
    X0, z, u, v = sample_003(2)
    _, _, outputs = recorded_003(X0, u, v)
    predicted = values(data(outputs))
    cost = half_sum_of_squares(predicted, z)
    cost.backward()
    assert cost.data == pytest.approx(matrices.half_sum_of_squares(z, data(predicted)), rel=1e-14)
    assert cost.data == pytest.approx(sum(0.5 * (t - p) ** 2 for t, p in zip(
        z[:, 0], data(predicted)[:, 0])))
    assert agree(slopes(predicted), -(z - data(predicted)))


@pytest.mark.row("C003-07")
def test_003_slopes_for_one_example():
    X0, _, u, v = sample_003(3)
    U, V, z = recorded_003(X0, u, v)
    for x, out in zip(X0, z[:, 0]):
        du, dv = matrices.linear_slopes(x, u, v)
        assert du.shape == (3, 2) and dv.shape == (3, 1)
        assert agree(du.ravel(), [g.data for g in grad(out, U.ravel().tolist())])
        assert agree(dv.ravel(), [g.data for g in grad(out, V.ravel().tolist())])
        assert agree(du, [[v[1, 0], v[2, 0]], *(x[i] * v[1:, 0] for i in range(2))])


@pytest.mark.row("C003-06", "C003-08", "C003-09", "C003-10", "C003-11")
def test_003_matrix_form_scalar_sums_and_the_engine_agree():
    X0, z, u, v = sample_003(4)
    du, dv = matrices.linear_gradients(X0, z, u, v)
    predicted = matrices.linear_forward(X0, u, v).z

    d = [p - t for p, t in zip(predicted[:, 0], z[:, 0])]
    x1, x2, (_, v1, v2) = X0[:, 0], X0[:, 1], v[:, 0]
    sums = [[v1 * sum(d), v2 * sum(d)],
            [v1 * sum(x1 * d), v2 * sum(x1 * d)],
            [v1 * sum(x2 * d), v2 * sum(x2 * d)]]
    y1, y2 = (u[0, j] + u[1, j] * x1 + u[2, j] * x2 for j in (0, 1))
    assert agree(du, sums) and agree(dv[:, 0], [sum(d), sum(y1 * d), sum(y2 * d)])

    each = [matrices.linear_slopes(x, u, v) for x in X0]
    for found, part in ((du, 0), (dv, 1)):
        assert agree(found, -sum(one[part] * (t - p) for one, t, p in zip(each, z, predicted)))

    U, V, outputs = recorded_003(X0, u, v)
    half_sum_of_squares(outputs, z).backward()
    assert agree(du, slopes(U)) and agree(dv, slopes(V))
    assert agree(u, data(U), 0)                 # a gradient without an update


@pytest.mark.row("C003-10")
def test_003_agrees_with_the_engine_on_100_random_shapes():
    for seed in range(100):
        m, n, k = np.random.default_rng(1000 + seed).integers(1, 7, 3)
        X0, z, u, v = sample_003(seed, m, n, k)
        U, V, outputs = recorded_003(X0, u, v)
        half_sum_of_squares(outputs, z).backward()
        du, dv = matrices.linear_gradients(X0, z, u, v)
        assert agree(du, slopes(U)) and agree(dv, slopes(V))


def test_003_is_004_without_the_factor_2_over_m():
    X0, z, u, v = sample_003(6)
    du, dv = matrices.linear_gradients(X0, z, u, v)
    found = matrices.gradients(X0, z, [u[1:], v[1:]], [u[0], v[0]], "linear")
    assert agree(du * 2 / 4, np.vstack([found.db[0], found.dW[0]]))
    assert agree(dv * 2 / 4, np.vstack([found.db[1], found.dW[1]]))


# ---- document 000

W3, B3 = (0.5, 0.8, 1.2), (0.1, -0.2, 0.3)
BATCH, TARGETS = np.array([2.0, -1.0, 0.5, 3.0]), np.array([4.0, 1.0, 0.0, 2.0])


def engine_000(xs, ys, W=W3, b=B3):
    """The gradients of document 000's mean squared error over a batch, by backward()."""
    net = networks.linear_1_1_1(W=W, b=b)
    mean_squared_error([net(x)[0] for x in xs], ys).backward()
    found = {name: p.grad for name, p in net.named_parameters()}
    return [[found[f"{kind}{i + 1}"] for i in range(len(W))] for kind in "Wb"]


@pytest.mark.row("C000-05")
def test_000_the_slope_of_the_loss_is_one_number_per_example():
    y_hat = matrices.scalar_forward(BATCH, W3, B3)[-1]
    outputs = values(y_hat)
    mean_squared_error(outputs, TARGETS).backward()
    assert agree(slopes(outputs), matrices.error_slopes(y_hat, TARGETS))
    assert agree(slopes(outputs), [2 / 4 * (o - y) for o, y in zip(y_hat, TARGETS)])
    assert matrices.error_slopes(y_hat[:1], [4.0])[0] == pytest.approx(2 * (1.116 - 4))
    assert sum(slopes(outputs)) == pytest.approx(engine_000(BATCH, TARGETS)[1][2])    # dL/db3


@pytest.mark.row("C000-15", "C000-30")
def test_000_six_averaged_gradients_are_the_mean_of_single_ones():
    dW, db = matrices.scalar_gradients(BATCH, TARGETS, W3, B3)
    true_W, true_b = engine_000(BATCH, TARGETS)
    assert dW == pytest.approx(true_W, rel=1e-12) and db == pytest.approx(true_b, rel=1e-12)
    single = [engine_000([x], [y]) for x, y in zip(BATCH, TARGETS)]
    assert agree([dW, db], np.mean(single, axis=0))


@pytest.mark.row("C000-30")
def test_000_a_step_on_a_batch_returns_the_six_moved_parameters():
    W, b = matrices.scalar_step(BATCH, TARGETS, W3, B3, lr=0.01)
    dW, db = engine_000(BATCH, TARGETS)
    assert agree(W, np.subtract(W3, np.multiply(0.01, dW)), 1e-14)
    assert agree(b, np.subtract(B3, np.multiply(0.01, db)), 1e-14)
    net = networks.linear_1_1_1()
    net.step(lr=0.01)
    W, b = matrices.scalar_step([2.0], [4.0], W3, B3)
    state = dict(zip(("W1", "W2", "W3", "b1", "b2", "b3"), [*W, *b]))
    assert state == pytest.approx(net.state_dict(), rel=1e-14)


@pytest.mark.row("C000-29")
@pytest.mark.parametrize("depth", range(1, 9))
def test_000_the_general_formula_holds_for_any_number_of_layers(depth):
    rng = np.random.default_rng(depth)
    W, b = rng.normal(size=depth).tolist(), rng.normal(size=depth).tolist()
    dW, db = matrices.scalar_gradients(BATCH, TARGETS, W, b)
    true_W, true_b = engine_000(BATCH, TARGETS, W, b)
    assert agree(dW, true_W) and agree(db, true_b)
    columns = [[[w]] for w in W], [[c] for c in b]
    found = matrices.gradients(BATCH[:, None], TARGETS[:, None], *columns, "linear")
    assert agree(dW, np.ravel(found.dW)) and agree(db, np.ravel(found.db))


# ---- what does not fit

ONE, TWO = np.ones((5, 3)), [np.ones((3, 4)), np.ones((4, 2))]
BIASES = [np.ones(4), np.ones(2)]
HOLE = np.where(np.arange(15).reshape(5, 3) == 7, math.nan, 1.0)


@pytest.mark.row("C004-13")
@pytest.mark.parametrize("weights, biases, names, message", [
    ([TWO[0], TWO[0]], BIASES, "tanh", "layer 2 has inputs 5 x 4 and W 3 x 4: W needs one row per"),
    ([TWO[1], TWO[1]], BIASES, "tanh", "layer 1 has inputs 5 x 3 and W 4 x 2"),
    (TWO, BIASES[::-1], "tanh", "layer 1 has W 3 x 4 and b 2: b needs one bias per column of W"),
    (TWO, BIASES[:1], "tanh", "2 weights, 1 biases and 2 activations were given"),
    (TWO, BIASES, ["tanh"], "2 weights, 2 biases and 1 activations were given"),
    ([], [], [], "0 weights"),
    (TWO, BIASES, "softmax", "'softmax' is no activation that acts on each element alone"),
    (TWO, BIASES, "rleu", "'rleu' is no activation"),
    ([np.ones(3)], BIASES[:1], "tanh", "W of layer 1 is 3 and must be a matrix"),
    ([TWO[0], [[1.0, 2.0], [3.0]]], BIASES, "tanh", "W of layer 2 has rows of different lengths"),
    ([TWO[0] * math.nan, TWO[1]], BIASES, "tanh", r"W of layer 1\[0, 0\] is nan")])
def test_layers_that_do_not_fit_are_named_with_both_shapes(weights, biases, names, message):
    with pytest.raises(ValueError, match=message):
        matrices.forward(ONE, weights, biases, names)
    with pytest.raises(ValueError, match=message):
        matrices.gradients(ONE, np.ones((5, 2)), weights, biases, names)


@pytest.mark.parametrize("X, Y, message", [
    (np.ones((0, 3)), np.ones((0, 2)), "X is 0 x 3 and must be a matrix, not empty"),
    (ONE[0], np.ones((5, 2)), "X is 3 and must be a matrix"),
    (HOLE, np.ones((5, 2)), r"X\[2, 1\] is nan: remove that example"),
    (ONE, HOLE[:, :2], r"Y\[2, 1\] is nan"),
    (ONE, np.ones((4, 2)), "layer 2 has outputs 5 x 2 and Y 4 x 2: Y needs one target per output"),
    (ONE, np.ones(5), "Y is 5 and must be a matrix")])
def test_data_that_does_not_fit_is_refused(X, Y, message):
    with pytest.raises(ValueError, match=message):
        matrices.gradients(X, Y, TWO, BIASES, "tanh")


@pytest.mark.parametrize("X", [values(ONE), [["a", "b", "c"]], ONE > 0, ONE * 1j])
def test_what_is_no_plain_number_is_refused(X):
    with pytest.raises(TypeError, match=r"X is of dtype .* must hold plain numbers"):
        matrices.forward(X, TWO, BIASES, "tanh")


def test_nothing_runs_before_everything_is_checked(monkeypatch):
    def run(*_):
        raise AssertionError("work was started")
    monkeypatch.setattr(matrices, "run", run)
    with pytest.raises(ValueError, match="layer 2 has outputs"):
        matrices.gradients(ONE, np.ones((5, 3)), TWO, BIASES, "tanh")


@pytest.mark.row("C003-02", "C003-03")
@pytest.mark.parametrize("change, message", [
    (dict(u=np.ones((2, 2))), "layer 1 has X0 4 x 2 and u 2 x 2: u needs a row of biases"),
    (dict(v=np.ones((2, 1))), "layer 2 has u 3 x 2 and v 2 x 1: v needs a bias and a weight"),
    (dict(v=np.ones(3)), "v is 3 and must be a matrix"),
    (dict(z=np.ones((3, 1))), "layer 2 has X0 4 x 2 and z 3 x 1: z needs one row per example"),
    (dict(z=np.full((4, 1), math.nan)), r"z\[0, 0\] is nan"),
    (dict(X0=np.ones((0, 2))), "X0 is 0 x 2 and must be a matrix, not empty")])
def test_003_arrays_that_do_not_fit_are_named(change, message):
    given = dict(zip(("X0", "z", "u", "v"), sample_003())) | change
    with pytest.raises(ValueError, match=message):
        matrices.linear_gradients(**given)


@pytest.mark.parametrize("call, message", [
    (lambda: matrices.augmented([1.0, 2.0]), "X is 2 and must be a matrix"),
    (lambda: matrices.mean_squared_error(np.ones((4, 1)), np.ones(4)),
     "the batch has A 4 x 1 and Y 4: they must be alike"),
    (lambda: matrices.half_sum_of_squares([1.0], [math.nan]), r"predicted\[0\] is nan"),
    (lambda: matrices.scalar_gradients([], [], W3, B3), "x is 0 and must be a list of numbers"),
    (lambda: matrices.scalar_gradients([1.0], [1.0, 2.0], W3, B3), "x 1 and y 2"),
    (lambda: matrices.scalar_forward([1.0], W3, B3[:2]), "W 3 and b 2")])
def test_other_bad_input_is_said_in_one_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
