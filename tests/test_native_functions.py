"""Compiled functions: recorded once per structure, guarded, and trained in native code."""

import random
from functools import partial

import numpy as np
import pytest
from test_native import GEARS, eager, network, points, scalar_loss

import engine
import nn
from engine import Value, compile


@pytest.fixture(params=GEARS)
def gear(request, monkeypatch):
    monkeypatch.setenv("HANDGRAD_NATIVE", "0" if request.param == "numpy" else "1")
    return request.param


def squares(model):
    return lambda xs, ys: nn.mean_squared_error([model(x) for x in xs], ys)


def data(n=24, width=2):
    draw = np.random.default_rng(7)
    return draw.normal(size=(n, width)), draw.normal(size=(n, 1))


def test_a_function_takes_numbers_and_arrays(gear):
    w = Value(2.0)
    f = compile(lambda x, y: (w * x - y) ** 2, parameters=[w])
    assert f.value(3.0, 1.0) == 25.0 and f.value(1, 0) == 4.0
    assert f.value_and_gradients(3.0, 1.0) == (25.0, [30.0])
    assert len(f.recordings) == 1
    model, (xs, ys) = network("dot"), data()
    f = compile(squares(model), parameters=model.parameters(), inputs=(xs, ys))
    assert len(f.recordings) == 1
    for shift in (0.0, 0.5):
        value, slopes = eager(squares(model)((xs + shift).tolist(), ys.tolist()),
                              model.parameters())
        got, gradients = f.value_and_gradients(xs + shift, ys)
        assert got == pytest.approx(value, rel=1e-13)
        assert gradients.tolist() == pytest.approx(slopes, rel=1e-12)
    assert len(f.recordings) == 1
    f.value(xs[:10], ys[:10])
    assert len(f.recordings) == 2


def test_parameters_are_the_variables_that_are_no_inputs(gear):
    a, b = Value(2.0), Value(5.0)
    assert compile(lambda x: a * x + b).gradients(3.0).tolist() == [3.0, 1.0]


def test_a_call_gives_a_value_that_goes_on(gear):
    a = Value(2.0)
    loss = compile(lambda x: a * x)(3.0) + a
    loss.backward()
    assert (loss.data, a.grad) == (8.0, 4.0)


def test_a_branch_that_comes_out_otherwise_is_recorded_anew(gear):
    a, b = Value(1.0), Value(2.0)
    f = compile(lambda x: a * x if x * a > 0 else b * x * x, parameters=[a, b])
    assert f.value(3.0) == 3.0 and f.value(-3.0) == 18.0 and f.value(4.0) == 4.0
    assert sum(map(len, f.recordings.values())) == 2
    a.data = -1.0
    assert f.value(-3.0) == 3.0 and f.value(3.0) == 18.0


@pytest.mark.parametrize("compare", [lambda x: x < 1, lambda x: x <= 1, lambda x: x > 1,
                                     lambda x: x >= 1, lambda x: engine.sin(x) < 0.5])
def test_every_comparison_is_guarded(gear, compare):
    f = compile(lambda x: x * 2 if compare(x) else x * 3, parameters=[])
    for x in (0.0, 1.0, 2.0, 1.0, 0.0, float("nan")):
        wanted = x * 2 if compare(x) else x * 3
        assert f.value(x) == pytest.approx(wanted, nan_ok=True)


def test_labels_are_given_as_they_are(gear):
    model, (xs, _) = network("dot", (2, [4, 3])), data()
    labels = np.arange(24) % 3

    def loss(x, y):
        return nn.categorical_cross_entropy([model(row) for row in x], y, logits=True)

    f = compile(loss, parameters=model.parameters())
    for y in (labels, labels[::-1]):
        assert f.value(xs, y) == pytest.approx(loss(xs.tolist(), y.tolist()).data, rel=1e-13)


# ---- training

def optimizers(parameters):
    return [nn.SGD(parameters, 0.1), nn.SGD(parameters, 0.05, momentum=0.9),
            nn.Adam(parameters, 0.01)]


@pytest.mark.parametrize("which", range(3))
def test_training_is_that_of_the_eager_engine(gear, which):
    runs = []
    for native in (True, False):
        model, (xs, ys) = network("dot"), points(20)
        optimizer = optimizers(model.parameters())[which]
        schedule = nn.schedules.cosine(0.1, epochs=12)
        if native:
            program = compile(scalar_loss(model, xs, ys), parameters=model.parameters())
            losses = [*program.train(7, optimizer), *program.train(5, optimizer, schedule=schedule)]
        else:
            losses = []
            for k in range(12):
                optimizer.lr = optimizer.lr if k < 7 else schedule(k - 7)
                loss = scalar_loss(model, xs, ys)
                losses.append(loss.data)
                nn.train.backward(loss, model, optimizer)
                optimizer.step()
        state = [getattr(optimizer, s) for s in ("velocity", "m", "v") if hasattr(optimizer, s)]
        runs.append([*losses, *(p.data for p in model.parameters()),
                     *(p.grad for p in model.parameters()), *[x for xs in state for x in xs],
                     getattr(optimizer, "t", 0)])
    assert runs[0] == pytest.approx(runs[1], rel=1e-11, abs=1e-13)


def test_batches_are_those_of_the_data(gear):
    runs = []
    xs, ys = data(30)
    for native in (True, False):
        model = network("dot")
        optimizer = nn.SGD(model.parameters(), 0.05)
        if native:
            f = compile(squares(model), parameters=model.parameters())
            losses = f.train(7, optimizer, xs, ys, batch_size=10, shuffle=False)
        else:
            losses = []
            for k in range(7):
                rows = slice(10 * (k % 3), 10 * (k % 3) + 10)
                loss = squares(model)(xs[rows].tolist(), ys[rows].tolist())
                losses.append(loss.data)
                nn.train.backward(loss, model, optimizer)
                optimizer.step()
        runs.append([*losses, *(p.data for p in model.parameters())])
    assert runs[0] == pytest.approx(runs[1], rel=1e-12)


def test_shuffled_batches_hold_every_sample_once_and_are_reproducible(gear):
    w = Value(0.0)
    xs = np.arange(12.0)
    f = compile(lambda x: engine.total([w + v * 1.0 for v in x]), parameters=[w])
    losses = f.train(6, None, xs, batch_size=4, lr=1e-300, seed=3)
    assert losses[:3].sum() == losses[3:].sum() == xs.sum()
    assert f.train(6, None, xs, batch_size=4, lr=1e-300, seed=3).tolist() == losses.tolist()
    assert f.train(6, None, xs, batch_size=4, lr=1e-300, seed=4).tolist() != losses.tolist()


def test_any_other_optimizer_takes_its_own_step(gear):
    class Sign(nn.optim.Optimizer):
        def changes(self):
            return [-self.lr if p.grad > 0 else self.lr for p in self.parameters]

    a = Value(1.0)
    losses = compile((a - 3) ** 2).train(4, Sign([a], 0.5))
    assert a.data == 3.0 and losses.tolist() == [4.0, 2.25, 1.0, 0.25]


def test_training_minds_a_zero_against_inf(gear):
    a, b = Value(0.0), Value(1.0)
    program = compile((a * a).sqrt() + (b - 3) ** 2, parameters=[a, b])
    program.train(3, lr=0.25)
    assert (a.data, b.data) == (0.0, 2.75)


@pytest.mark.parametrize("batch_size", [None, 5])
@pytest.mark.parametrize("loss", [nn.mean_squared_error, nn.max_margin])
def test_fit_finds_the_same_in_both_gears(gear, loss, batch_size):
    histories = []
    xs, _ = data(12)
    for run_in in ("native", "eager"):
        random.seed(1)
        model = nn.MLP(2, [4, 1], "tanh")
        histories.append(nn.fit(model, (xs, [1, -1] * 6), loss, nn.SGD, lr=0.05, epochs=5,
                                batch_size=batch_size, seed=2, gear=run_in, warn=False))
        assert histories[-1].gear == run_in
    native, eager_one = histories
    assert native.loss == pytest.approx(eager_one.loss, rel=1e-12)
    for name, column in native.parameters.items():
        assert column == pytest.approx(eager_one.parameters[name], rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("batch_size", [None, 5])
@pytest.mark.parametrize("targets", ["labels", "one-hot rows", "probabilities"])
def test_fit_of_classes_finds_the_same_in_both_gears(gear, targets, batch_size):
    xs, _ = data(13)
    labels = [k % 3 for k in range(13)]
    ys = {"labels": labels, "one-hot rows": np.eye(3, dtype=int)[labels],
          "probabilities": np.eye(3)[labels] * 0.7 + 0.1}[targets]
    loss = partial(nn.categorical_cross_entropy, logits=True)
    runs = []
    for run_in in ("native", "eager"):
        random.seed(1)
        runs.append(nn.fit(nn.MLP(2, [4, 3]), (xs, ys), loss, nn.SGD, lr=0.5, epochs=5,
                           batch_size=batch_size, seed=2, gear=run_in, warn=False).loss)
    assert runs[0] == pytest.approx(runs[1], rel=1e-12)


def test_fit_leaves_out_what_counts_0_times_in_both_gears(gear):
    runs = []
    for run_in in ("native", "eager"):
        random.seed(1)
        model = nn.MLP(2, [2], ["softmax"])
        for p, x in zip(model.parameters(), (2000.0, 0.0, 0.0, -2000.0, 0.0, 0.0)):
            p.data = x                      # the second output is exactly 0
        runs.append(nn.fit(model, ([[1.0, 1.0]] * 4, [0] * 4), nn.categorical_cross_entropy,
                           lr=0.1, epochs=2, batch_size=2, gear=run_in, warn=False).loss)
    assert runs[0] == runs[1] == [0.0, 0.0]


def test_fit_of_a_documents_network_in_the_native_gear(gear):
    runs = []
    for run_in in ("native", "eager"):
        net = nn.networks.relu_sigmoid_softmax_3_3_3()
        runs.append(nn.fit(net, epochs=6, lr=0.1, gear=run_in, warn=False).loss)
    assert runs[0] == pytest.approx(runs[1], rel=1e-13)


def test_fit_takes_the_gear_that_pays(monkeypatch):
    xs, ys = data(12)
    for epochs, wanted in ((3, "eager"), (10 ** 5, "native")):
        task = nn.train.task_of(network("dot"), (xs, ys), nn.mean_squared_error)
        found = nn.train.gear_of(None, task, 60, epochs)
        assert found == (wanted if "native" in GEARS else "eager")
    with pytest.raises(ValueError, match="neither 'eager' nor 'native'"):
        nn.train.gear_of("fast", task, 60, 3)


def test_a_loss_of_ones_own_over_labels_trains_in_batches(gear):
    xs, _ = data(13)
    ys = [k % 3 for k in range(13)]
    runs = []
    for run_in in ("native", "eager"):
        random.seed(1)
        runs.append(nn.fit(nn.MLP(2, [4, 3]), (xs, ys), lambda o, y: by_label(o, y), nn.SGD, lr=0.5,
                           epochs=2, batch_size=5, seed=2, gear=run_in, warn=False).loss)
    assert runs[0] == pytest.approx(runs[1], rel=1e-12)


def by_label(outs, labels):
    return nn.categorical_cross_entropy(outs, labels, logits=True)


@pytest.mark.parametrize("first", [[1, 2, 3], [1.0, 2.0, 3.0], [0.5, 2.0, 3.0]])
@pytest.mark.parametrize("labels", [[0, 1, 0], [0.0, 1.0, 0.0]])
def test_only_the_labels_are_given_as_they_are(gear, first, labels):
    w, calls = Value(1.0), []
    f = compile(lambda xs, ys: calls.append(1) or by_label([[w * x, w * x * x] for x in xs], ys),
                parameters=[w])
    f.value(first, labels)
    calls.clear()
    for k in range(3):
        xs = [0.1 * k, 0.2, 0.3]
        assert f.value(xs, labels) == pytest.approx(
            by_label([[w * x, w * x * x] for x in xs], labels).data, rel=1e-14)
    assert not calls
    with pytest.raises(ValueError, match=r"labels .* cannot change from batch to batch"):
        f.train(2, None, np.ones(4), [0, 1, 0, 1], lr=0.1, batch_size=2)


def test_a_schedule_leaves_the_rate_of_the_optimizer(gear):
    a, other = Value(1.0), Value(2.0)
    for parameters in ([a], [a, other]):
        optimizer = nn.SGD(parameters, 0.5)
        compile(a * a, parameters=parameters).train(3, optimizer, schedule=lambda k: 0.1 / (k + 1))
        assert optimizer.lr == 0.5


# ---- refusals

@pytest.mark.parametrize("call, error, message", [
    (lambda f: f.value("x"), TypeError, "input 0 is of type str"),
    (lambda f: f.value([[1.0], [1.0, 2.0]]), TypeError, "rows have different lengths"),
    (lambda f: f.train(0, None, 1.0), ValueError, "steps=0"),
    (lambda f: f.train(3, None, 1.0, lr=-1), ValueError, "the rate of step 0 is"),
    (lambda f: f.train(3, None, 1.0, batch_size=2), ValueError, "no common number of samples"),
    (lambda f: f.train(3, None, np.ones(3), batch_size=4), ValueError, "batch_size=4"),
    (lambda f: compile(3.0), TypeError, "compile takes a recorded Value"),
    (lambda f: compile(lambda: 3.0).value(), TypeError, "compile takes a recorded Value"),
    (lambda f: compile(Value(1.0) * 2, inputs=(1,)), TypeError, "give a function"),
    (lambda f: compile(Value(1.0) * 2, parameters=[1]), TypeError, "must be Values, and 1"),
    (lambda f: compile(Value(1.0) * 2, parameters=[Value(1.0) * 2]), ValueError, "computed by"),
    (lambda f: compile(Value(1.0, (Value(2.0),), "own")), TypeError, "'own' was made by hand"),
])
def test_what_cannot_be_is_refused_in_one_sentence(call, error, message):
    w = Value(1.0)
    with pytest.raises(error, match=message) as found:
        call(compile(lambda x: w * (engine.total(x) if isinstance(x, list) else x)))
    assert "\n" not in str(found.value)
