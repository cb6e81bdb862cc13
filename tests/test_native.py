"""The native gear: compiled programs agree with the eager engine, on every row and road."""

import math
import os
import pickle
import random
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
import nn
from engine import Value, compile, grad
from engine.native import jit
from engine.ops import ROWS
from engine.rules import RULES
from engine.value import make

NAN, INF = math.nan, math.inf
EVERY_ROW = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
GEARS = ["native", "numpy"] if jit.available() else ["numpy"]


@pytest.fixture(params=GEARS)
def gear(request, monkeypatch):
    monkeypatch.setenv("HANDGRAD_NATIVE", "0" if request.param == "numpy" else "1")
    return request.param


@pytest.fixture(autouse=True, scope="session")
def cache_of_its_own(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HANDGRAD_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def apply(row, inputs):
    return make(RULES[row.name], inputs)


def domain(row):
    return row.domain * 5 if row.variadic else row.domain


def eager(loss, parameters):
    for p in parameters:
        p.grad = 0.0
    loss.backward()
    return loss.data, [p.grad for p in parameters]


def agree(loss, parameters, rel=1e-14, least=1e-15):
    """Checks a compiled loss against the eager engine; returns the program."""
    program = compile(loss, parameters=parameters)
    value, gradients = program.value_and_gradients()
    wanted, slopes = eager(loss, parameters)
    assert value == pytest.approx(wanted, rel=rel, abs=least, nan_ok=True)
    assert gradients.tolist() == pytest.approx(slopes, rel=rel, abs=least, nan_ok=True)
    assert program.value() == value or math.isnan(value)
    return program


def flat(lists):
    return [x for xs in lists for x in xs]


# ---- every row

def rows_once(draw, rows):
    """One expression with every row in it, and its inputs."""
    inputs, terms = [], []
    for row in rows:
        xs = [Value(draw.uniform(*interval)) for interval in domain(row)]
        inputs += xs
        terms.append(apply(row, xs) * draw.uniform(-1, 1))
    return sum(terms), inputs


def test_all_rows_agree_in_straight_lines(gear):
    loss, inputs = rows_once(random.Random(1), ROWS)
    agree(loss, inputs)


@EVERY_ROW
def test_a_row_agrees_over_lanes(row, monkeypatch):
    monkeypatch.setattr("engine.native.module.SMALL", 0)
    monkeypatch.setenv("HANDGRAD_NATIVE", "0")          # all rows at once are compiled below
    draw = random.Random(row.name)
    inputs = [[Value(draw.uniform(*i)) for i in domain(row)] for _ in range(11)]
    program = agree(engine.total([apply(row, xs).identity() for xs in inputs]),
                    flat(inputs), rel=1e-13)
    assert program.lanes == [11]


def test_all_rows_agree_over_lanes(gear, monkeypatch):
    monkeypatch.setattr("engine.native.module.SMALL", 0)
    draw = random.Random(2)
    terms, inputs = [], []
    for row in ROWS:
        for _ in range(9):
            xs = [Value(draw.uniform(*i)) for i in domain(row)]
            inputs += xs
            terms.append(apply(row, xs).identity())
    program = agree(engine.total(terms), inputs, rel=1e-13)
    assert len(program.lanes) == len(ROWS) and set(program.lanes) == {9}


EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, 1e-300, -1e-300, 1e200, -1e200, 40.0, -40.0, 1000.0, -1000.0,
         INF, -INF, NAN]


def edge_inputs(row, draw, count):
    """Inputs of a row at which something may go wrong."""
    n = len(domain(row))
    if n == 1:
        return [[x] for x in EDGES]
    return [[draw.choice(EDGES) for _ in range(n)] for _ in range(count)]


@pytest.mark.parametrize("many", [False, True], ids=["straight", "lanes"])
def test_all_rows_agree_at_the_edges(gear, many, monkeypatch):
    monkeypatch.setattr("engine.native.module.SMALL", 0 if many else 10 ** 9)
    draw = random.Random(3)
    for row in (r for r in ROWS if not r.variadic):
        x = [Value(1.0) for _ in domain(row)]
        loss = engine.total([apply(row, [a * k for a in x]) for k in range(1, 9)]) if many else (
            apply(row, x))
        program = compile(loss, parameters=x)
        for numbers in edge_inputs(row, draw, 12):
            for a, number in zip(x, numbers):
                a.data = number
            got = program.value_and_gradients()
            program.refresh()
            value, slopes = eager(loss, x)
            assert got[0] == pytest.approx(value, rel=1e-13, nan_ok=True), (row.name, numbers)
            assert got[1].tolist() == pytest.approx(slopes, rel=1e-13, nan_ok=True), (
                row.name, numbers)


@pytest.mark.skipif("native" not in GEARS, reason="needs llvmlite")
def test_plain_arithmetic_is_equal_to_the_last_bit():
    draw = random.Random(4)
    xs = [Value(draw.uniform(-2, 2)) for _ in range(6)]
    nodes = list(xs)
    for _ in range(110):
        a, b = draw.choice(nodes[-20:]), draw.choice(nodes)
        nodes.append(draw.choice([a + b, a - b, a * b * 0.3, (a * a + 1).sqrt(), a / (b * b + 1),
                                  a.tanh(), b.exp() * 0.01, (a * a + 2).log(), a.relu()]))
    loss = sum(nodes)
    value, gradients = compile(loss, parameters=xs).value_and_gradients()
    assert (value, gradients.tolist()) == eager(loss, xs)


@pytest.mark.skipif("native" not in GEARS, reason="needs llvmlite")
@pytest.mark.parametrize("optimizer", [lambda ps: nn.optim.SGD(ps, 0.07), nn.optim.Adam,
                                       lambda ps: nn.optim.SGD(ps, 0.07, momentum=0.9)])
@pytest.mark.parametrize("count", [5, 21])
def test_updates_are_equal_to_the_last_bit(optimizer, count):
    def trained(native):
        ps = [Value(0.1 * k - 0.73) for k in range(count)]
        own = optimizer(ps)
        if native:
            loss = sum((p * p * 0.5 - p * 0.3).tanh() for p in ps)
            compile(loss, parameters=ps).train(7, own)
        for _ in range(0 if native else 7):
            own.zero_grad()
            sum((p * p * 0.5 - p * 0.3).tanh() for p in ps).backward()
            own.step()
        return [p.data for p in ps]

    assert trained(True) == trained(False)


@pytest.mark.skipif("native" not in GEARS, reason="needs llvmlite")
def test_the_slope_of_a_logarithm_does_not_wait_for_it():
    for row, first in (("log", 0.0), ("log2", 0.0), ("log10", 0.0), ("log1p", -1.0)):
        x = Value(0.5)
        program = compile(make(RULES[row], [x]), parameters=[x])
        assert "fcmp oeq" not in program.source
        for x.data in (first, math.nextafter(first, -INF), math.nextafter(first, INF), -0.0, NAN):
            program.refresh()
            value, slopes = eager(program.loss, [x])
            assert program.value() == pytest.approx(value, nan_ok=True)
            assert program.gradients().tolist() == pytest.approx(slopes, nan_ok=True)


def test_a_row_added_at_run_time_compiles(gear):
    row = engine.Row("cube", "cube", "x", "x * square(x) if x > 0 else x ** 3", ("3 * square(x)",),
                     "{x:4}^3", "{{{x:4}}}^3", engine.ops.POWER, (engine.ops.ANY,))
    cube = engine.add_operation(row)
    try:
        x = Value(-1.3)
        agree(cube(x) + cube(x * -2.0), [x])
    finally:
        engine.extend.remove_operation("cube")


# ---- random programs

PICKS = st.lists(st.integers(0, 50), min_size=5, max_size=5)
STEPS = st.lists(st.tuples(st.sampled_from(ROWS), PICKS), min_size=1, max_size=12)
START = st.lists(st.floats(-2, 2), min_size=2, max_size=4)


def run(steps, leaves):
    nodes = list(leaves)
    for row, picks in steps:
        inputs = [low + (high - low) * engine.sigmoid(nodes[-1 - k % len(nodes)])
                  for k, (low, high) in zip(picks, domain(row))]
        nodes.append(apply(row, inputs))
    return nodes[-1] + 0.1 * sum(nodes)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(STEPS, START)
def test_native_and_eager_agree_on_random_programs(steps, start):
    leaves = [Value(x) for x in start]
    program = agree(run(steps, leaves), leaves, rel=1e-11, least=1e-13)
    graph = [g.data for g in grad(program.loss, leaves)]
    assert program.gradients().tolist() == pytest.approx(graph, rel=1e-11, abs=1e-13)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(STEPS, START, st.sampled_from([4, 8, 13]))
def test_lanes_agree_on_random_programs(steps, start, lanes):
    shared = [Value(x) for x in start]
    own = [[Value(0.1 * k - 0.3), Value(0.2 - 0.05 * k)] for k in range(lanes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.native.module.SMALL", 0)
        loss = engine.total([run(steps, [*mine, *shared]) for mine in own]) * shared[0].tanh()
        program = agree(loss, [*shared, *flat(own)], rel=1e-10, least=1e-12)
    assert program.lanes == [lanes]


# ---- networks

def scalar_loss(model, xs, ys):
    """micrograd's demo: max-margin with L2, in scalar code."""
    losses = [(1 + -y * model(x)).relu() for x, y in zip(xs, ys)]
    return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())


class ScalarNeuron(nn.Neuron):
    def __call__(self, x):
        act = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)
        return act.tanh() if self.nonlin else act


def network(kind, sizes=(2, [6, 5, 1])):
    random.seed(5)
    model = nn.MLP(*sizes, activations="tanh")
    if kind == "scalar":
        for layer in model.layers:
            for neuron in layer.neurons:
                neuron.__class__ = ScalarNeuron
            layer.__class__ = ScalarLayer
    return model


class ScalarLayer(nn.Layer):
    def __call__(self, x):
        out = [neuron(x) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out


def points(n, width=2):
    draw = random.Random(6)
    return ([[Value(draw.uniform(-1, 1)) for _ in range(width)] for _ in range(n)],
            [draw.choice([-1, 1]) for _ in range(n)])


@pytest.mark.parametrize("kind", ["scalar", "dot"])
def test_a_loop_over_samples_becomes_lanes_and_matrix_products(gear, kind):
    model, (xs, ys) = network(kind), points(20)
    program = agree(scalar_loss(model, xs, ys), model.parameters())
    assert program.lanes == [20] and program.gear == gear
    assert program.instructions.count(" · (") == 2 and "sum over 20 lanes" in program.instructions


def test_gradients_of_the_data_are_found_too(gear):
    model, (xs, ys) = network("dot"), points(20)
    agree(scalar_loss(model, xs, ys), [*model.parameters(), *flat(xs)])


def test_more_lanes_than_fit_the_cache(gear, monkeypatch):
    monkeypatch.setattr("engine.native.region.TILE", 16)
    model, (xs, ys) = network("dot"), points(70)
    assert agree(scalar_loss(model, xs, ys), model.parameters()).lanes == [70]


def test_a_loss_that_bends_the_sum_runs_the_lanes_twice(gear, monkeypatch):
    monkeypatch.setattr("engine.native.region.TILE", 16)
    model, (xs, ys) = network("dot"), points(40)
    loss = scalar_loss(model, xs, ys)
    agree((loss * loss + 1).log() * loss.exp(), model.parameters())


def test_outputs_of_one_sample_share_a_lane(gear):
    model = network("dot", (3, [4, 5, 3]))
    xs, _ = points(12, 3)
    loss = nn.mean_squared_error([model(x) for x in xs], [[0.1, -0.2, 0.3]] * 12)
    assert agree(loss, model.parameters()).lanes == [12]


def test_weights_computed_before_are_shared_by_the_lanes(gear):
    model, (xs, ys) = network("dot"), points(24)
    scale = Value(0.7)
    w = [[p * scale.exp() for p in n.w] for n in model.layers[0].neurons]
    hidden = [[engine.dot(row, x).tanh() for row in w] for x in xs]
    loss = sum((engine.total(h) - y) ** 2 for h, y in zip(hidden, ys))
    assert agree(loss, [scale, *model.parameters()]).lanes == [24]


@pytest.mark.parametrize("loss", [
    lambda outs, ys: nn.categorical_cross_entropy(outs, ys, logits=True),
    lambda outs, ys: nn.binary_cross_entropy(outs, [[float(k == y) for k in range(3)] for y in ys],
                                             logits=True)])
def test_losses_of_classes_agree(gear, loss):
    model = network("dot", (2, [4, 3]))
    xs, _ = points(24)
    agree(loss([model(x) for x in xs], [k % 3 for k in range(24)]), model.parameters())


def test_the_documents_network_agrees(gear):
    net = nn.networks.relu_sigmoid_softmax_3_3_3()
    agree(net.loss(), net.parameters())


# ---- what a program offers

def test_a_program_reads_the_leaves_as_they_are_now(gear):
    a, b = Value(2.0), Value(3.0)
    program = compile(a * b + a)
    assert program.value() == 8.0
    a.data = 5.0
    assert program.value_and_gradients()[0] == 20.0
    assert program.backward() == 20.0 and (a.grad, b.grad) == (4.0, 5.0)
    assert program.backward() == 20.0 and (a.grad, b.grad) == (8.0, 10.0)
    out = program() * 2
    out.backward()
    assert (out.data, a.grad) == (40.0, 16.0)


def test_a_parameter_outside_the_loss_has_gradient_0(gear):
    a, b = Value(2.0), Value(3.0)
    program = compile(a * a, parameters=[b, a])
    assert program.gradients().tolist() == [0.0, 4.0]
    program.train(1, lr=0.5)
    assert (a.data, b.data) == (0.0, 3.0)


def test_a_loss_without_operations(gear):
    a = Value(2.0)
    assert compile(a).value_and_gradients() == (2.0, [1.0])


def test_a_program_says_what_it_is(gear):
    model, (xs, ys) = network("dot"), points(20)
    loss = scalar_loss(model, xs, ys)
    program = compile(loss, parameters=model.parameters())
    assert program.size == len(engine.graph.topological([loss])[1])
    assert program.bytes > 8 * len(model.parameters())
    assert repr(program).endswith(f"{gear}>") and "20 lanes" in repr(program)
    assert "define double @step" in program.source


def test_a_program_is_saved_and_loaded(gear, tmp_path):
    model, (xs, ys) = network("dot"), points(20)
    program = compile(scalar_loss(model, xs, ys), parameters=model.parameters())
    program.save(tmp_path / "program")
    again = program.load(tmp_path / "program")
    assert again.value_and_gradients()[0] == program.value()
    assert again.gradients().tolist() == program.gradients().tolist()
    (tmp_path / "other").write_bytes(pickle.dumps([1]))
    with pytest.raises(ValueError, match="holds a list and no program"):
        program.load(tmp_path / "other")


def test_the_first_node_that_is_not_finite_is_named(gear):
    a = Value(2.0, label="a")
    program = compile((a - 2).log() * 3)
    assert program.value() == -INF
    assert "log(0.0) = -inf" in program.first_not_finite()
    a.data = 3.0
    assert program.first_not_finite() == ""


def test_a_zero_gradient_stops_before_an_infinite_slope(gear):
    x = Value(0.0)
    agree(engine.where(x > -1, x * 3, x.sqrt()) + (x * x).sqrt(), [x])


def test_the_recorded_graph_can_be_brought_up_to_date():
    a = Value(2.0)
    loss = a * a + 1
    program = compile(loss)
    program.train(3, lr=0.1)
    program.refresh()
    assert loss.data == a.data * a.data + 1 == program.value()


@pytest.mark.skipif("native" not in GEARS, reason="needs llvmlite")
def test_compiled_code_is_kept_for_other_processes(tmp_path):
    code = ("import engine, engine.native.jit as jit\n"
            "jit.translated = jit.translated if {0} else None\n"
            "x = engine.Value(3.0)\nprint(engine.compile(x * x).value())")
    for first in (True, False):
        done = subprocess.run([sys.executable, "-c", code.format(first)], capture_output=True,
                              text=True, check=False, env={
                                  "PYTHONPATH": os.pathsep.join(sys.path),
                                  "HANDGRAD_CACHE": str(tmp_path)})
        assert done.stdout == "9.0\n", done.stderr


def test_threads_may_share_a_program(gear):
    model, (xs, ys) = network("dot"), points(20)
    program = compile(scalar_loss(model, xs, ys), parameters=model.parameters())
    wanted, found = program.gradients().tolist(), []

    def work():
        found.extend(program.gradients().tolist() == wanted for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == [True] * 80


def test_threads_may_share_a_small_program(gear):
    leaves = [Value(0.1 * k) for k in range(5)]
    program = compile(sum(w.tanh() * w for w in leaves), parameters=leaves)
    wanted, found = [program.value_and_gradients() for _ in range(2)][1], []

    def work():
        for _ in range(2000):
            loss, gradients = program.value_and_gradients()
            found.append(loss == wanted[0] and gradients.tolist() == wanted[1].tolist())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 8000 and all(found)


def test_a_small_program_reads_its_leaves_at_every_call(gear):
    a, b = Value(2.0), Value(3.0)
    program = compile(a * b + a**b, parameters=[a, b])
    for x in (2.0, 1.5, 4.0, -1.0):
        a.data = x
        loss, found = program.value_and_gradients()
        assert loss == 3 * x + x**3 and found[0] == 3 + 3 * x**2
    a.data = -2.0
    assert program.value() == program.value_and_gradients()[0]


@pytest.mark.parametrize("n", [2, 600])
def test_zero_and_minus_zero_are_two_constants(n):
    x = [Value(2.0 + i) for i in range(n)]
    loss = engine.total([engine.atan2(v * (0.0 if i % 2 else -0.0), -1.0) for i, v in enumerate(x)])
    assert loss.data == 0.0 and compile(loss).value() == pytest.approx(0.0, abs=1e-9)
