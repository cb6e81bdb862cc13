"""Large graphs that do not repeat: in groups they agree with the eager engine, node for node."""

import math
import random

import numpy as np
import pytest
from test_native import agree, apply, domain, eager, edge_inputs, network, points, scalar_loss

import engine
import nn
from engine import Value, compile
from engine.native import jit
from engine.native.graph import Graph
from engine.native.grouped import Grouped
from engine.native.kinds import Inner, kinds_of
from engine.native.levels import levels
from engine.native.strangers import strangers
from engine.ops import ROWS

pytestmark = pytest.mark.skipif(not jit.available(), reason="needs llvmlite")
INF = math.inf
LISTS = [row for row in ROWS if row.variadic]


@pytest.fixture
def grouped(monkeypatch):
    """Everything in groups, however small."""
    monkeypatch.setenv("HANDGRAD_NATIVE", "1")
    monkeypatch.setattr("engine.native.grouped.ALONE", 0)
    monkeypatch.setattr("engine.native.grouped.MOST", -1)


def tangle(n, draw, steps, width=12, leaves=6):
    """n operations, each on some of the last nodes and on one from anywhere."""
    start = [Value(draw.uniform(-1, 1)) for _ in range(leaves)]
    nodes = list(start)
    while len(nodes) < n:
        a, b = draw.choice(nodes[-width:]), draw.choice(nodes)
        nodes.append(draw.choice(steps)(a, b))
    return sum(nodes[::17], nodes[-1]), start


PLAIN = [lambda a, b: a + b * 0.25, lambda a, b: a * b, lambda a, b: a - b, lambda a, b: -a * 0.5,
         lambda a, b: a / (b * b + 2), lambda a, b: (a * a + 1).sqrt(), lambda a, b: a.tanh(),
         lambda a, b: (b * 0.1).exp(), lambda a, b: a.relu(), lambda a, b: (a * a + b * b) * 0.1,
         lambda a, b: engine.where(a > b, a, b * a), lambda a, b: a.sin() * b, lambda a, b: a * 0.9]


def test_thousands_of_nodes_are_equal_to_the_last_bit():
    for seed in range(3):
        loss, leaves = tangle(9000, random.Random(seed), PLAIN)
        program = compile(loss, parameters=leaves)
        assert isinstance(program.module, Grouped) and program.gear == "native"
        value, gradients = program.value_and_gradients()
        assert (value, gradients.tolist()) == eager(loss, leaves) and program.value() == value


def test_the_numpy_gear_agrees_too(monkeypatch):
    loss, leaves = tangle(3000, random.Random(5), PLAIN)
    native = compile(loss, parameters=leaves)
    monkeypatch.setenv("HANDGRAD_NATIVE", "0")
    other = compile(loss, parameters=leaves)
    assert (native.gear, other.gear) == ("native", "numpy")
    assert other.gradients().tolist() == pytest.approx(native.gradients().tolist(), rel=1e-11)


def a_step_of(row):
    """A step of a tangle that applies a row, inside its domain."""
    def step(a, b):
        inputs = [low + (high - low) * engine.sigmoid(x)
                  for x, (low, high) in zip([a, b] * 5, domain(row))]
        return apply(row, inputs).tanh()
    return step


def test_all_rows_agree():
    loss, leaves = tangle(2500, random.Random(7), [a_step_of(row) for row in ROWS])
    program = agree(loss, leaves, rel=1e-10, least=1e-12)
    assert isinstance(program.module, Grouped)
    names = {kind.rule.name for kind in program.module.forward.kinds}
    assert names == {row.name for row in ROWS}


def test_all_rows_agree_at_the_edges(grouped):
    draw = random.Random(3)
    rows = [row for row in ROWS if not row.variadic]
    inputs = [[Value(1.0) for _ in domain(row)] for row in rows]
    programs = [compile(apply(row, x), parameters=x) for row, x in zip(rows, inputs)]
    for row, x, program in zip(rows, inputs, programs):
        for numbers in edge_inputs(row, draw, 12):
            for a, number in zip(x, numbers):
                a.data = number
            got = program.value_and_gradients()
            program.refresh()
            value, slopes = eager(program.loss, x)
            assert got[0] == pytest.approx(value, rel=1e-13, nan_ok=True), (row.name, numbers)
            assert got[1].tolist() == pytest.approx(slopes, rel=1e-13, nan_ok=True), (
                row.name, numbers)


@pytest.mark.parametrize("row", LISTS, ids=[row.name for row in LISTS])
def test_lists_of_every_length_agree(grouped, row):
    draw = random.Random(row.name)
    terms, leaves = [], [Value(draw.uniform(-2, 2)) for _ in range(9)]
    for n in [*range(1, 14), 40, 41]:
        xs = [draw.choice(leaves) for _ in range(n)]            # with repeats, and so with ties
        terms.append(apply(row, xs) * draw.uniform(0.5, 1))
    program = agree(engine.total(terms), leaves, rel=1e-12, least=1e-14)
    for x, number in [(0, 900.0), (1, -900.0), (2, INF), (2, -INF), (3, math.nan)]:
        leaves[x].data = number
        program.refresh()
        value, slopes = eager(program.loss, leaves)
        got = program.value_and_gradients()
        assert got[0] == pytest.approx(value, rel=1e-12, nan_ok=True), number
        assert got[1].tolist() == pytest.approx(slopes, rel=1e-12, abs=1e-14, nan_ok=True), number


def test_a_node_may_be_read_many_times_and_twice_by_one(grouped):
    x, y = Value(0.7), Value(-1.3)
    z = x * y
    loss = sum((z * z * (k + 1) + z ** 2 for k in range(300)), engine.dot([z, z, x], [z, y, x]))
    value, gradients = compile(loss, parameters=[x, y]).value_and_gradients()
    wanted, slopes = eager(loss, [x, y])
    assert value == pytest.approx(wanted, rel=1e-15)
    assert gradients.tolist() == pytest.approx(slopes, rel=1e-14)


def test_some_parameters_in_any_order_or_none(grouped):
    loss, leaves = tangle(400, random.Random(9), PLAIN)
    wanted = eager(loss, leaves)[1]
    for chosen in ([3], [4, 0, 2], [0, 5], []):
        program = compile(loss, parameters=[leaves[k] for k in chosen])
        assert program.gradients().tolist() == [wanted[k] for k in chosen]
        assert program.value() == loss.data
    unread = Value(1.0)
    assert compile(loss, parameters=[leaves[1], unread]).gradients().tolist() == [wanted[1], 0.0]


def test_what_no_parameter_reaches_is_not_walked_back(grouped):
    a, b = Value(0.3), Value(0.4)
    loss = (b.sin() * b.exp() + b).cos() * a + a * a
    module = compile(loss, parameters=[a]).module
    assert {kind.rule.name for kind in module.back.kinds} == {"add", "mul"}
    assert {kind.rule.name for kind in module.forward.kinds} >= {"sin", "exp", "cos"}


def test_a_constant_exponent_calls_no_function(grouped):
    x, y = Value(-1.5), Value(2.5)
    program = agree(x ** 2 + x ** 3 + y ** x + y ** -1 + x ** -2.0 + y ** 0.5, [x, y])
    powers = [kind for kind in program.module.back.kinds if kind.rule.name == "pow"]
    assert sorted(str(kind.number(1)) for kind in powers) == ["-1", "-2", "2", "3", "None", "None"]


@pytest.mark.parametrize("make", [
    lambda p: nn.SGD(p, lr=1e-4, momentum=0.9), lambda p: nn.Adam(p, lr=0.001)])
def test_training_takes_the_steps_of_the_eager_engine(grouped, make):
    results = []
    for native in (True, False):
        loss, leaves = tangle(700, random.Random(11), PLAIN)
        optimizer, program = make(leaves), compile(loss, parameters=leaves)
        if native:
            losses = program.train(20, optimizer).tolist()
        else:
            losses = []
            for _ in range(20):
                program.refresh()
                losses.append(loss.data)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        results.append((losses, [p.data for p in leaves]))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-12)
    assert results[0][1] == pytest.approx(results[1][1], rel=1e-12)


def test_a_program_in_groups_offers_what_others_do(grouped, tmp_path):
    loss, leaves = tangle(500, random.Random(13), PLAIN)
    program = compile(loss, parameters=leaves)
    value, gradients = program.value_and_gradients()
    program.save(tmp_path / "program")
    again = program.load(tmp_path / "program")
    assert again.value_and_gradients()[0] == value == program.repeat(3) == program().data
    assert again.gradients().tolist() == gradients.tolist()
    assert program.instructions.count("\n") + 1 == program.size
    assert "define double @step" in program.source and '@"mul.' in program.source
    leaves[0].data = 0.25
    program.refresh()
    assert program.value() == loss.data != value


def test_a_zero_gradient_stops_before_an_infinite_slope(grouped):
    x = Value(0.0)
    agree(engine.where(x > -1, x * 3, x.sqrt()) + (x * x).sqrt() + sum([x * k for k in range(9)]),
          [x])


def test_zero_and_minus_zero_are_two_constants(grouped):
    x = Value(2.0)
    loss = engine.atan2(x * 0.0, -1.0) - engine.atan2(x * -0.0, -1.0)
    assert compile(loss).value() == loss.data == pytest.approx(2 * math.pi)


def test_a_function_is_guarded(grouped):
    a = Value(1.5)
    f = compile(lambda x: a * x if x > 0 else a / x, parameters=[a])
    assert [f.value(x) for x in (3.0, -2.0, 4.0)] == [4.5, -0.75, 6.0]
    assert f.gradients(-2.0).tolist() == [-0.5]


def a_row(forward, slope):
    return engine.Row("cube", "cube", "x", forward, (slope,), "{x:4}^3", "{{{x:4}}}^3",
                      engine.ops.POWER, (engine.ops.ANY,))


def test_rows_added_at_run_time_and_namesakes_run(grouped):
    x = Value(-1.3)
    try:
        first = engine.add_operation(a_row("x * square(x)", "3 * square(x)"))(x)
        engine.extend.remove_operation("cube")
        second = engine.add_operation(a_row("2 * x * x * x", "6 * square(x)"))(x)
        agree(first * first + second.sin(), [x])
    finally:
        engine.extend.remove_operation("cube")


def test_a_row_of_many_inputs_runs(grouped):
    names = [f"x{k}" for k in "abcdefghijklmn"]
    row = engine.Row("many", "many", " ".join(names), " + ".join(f"{i} * {i}" for i in names),
                     tuple(f"2 * {i}" for i in names), "many", "many", engine.ops.ATOM,
                     (engine.ops.ANY,) * len(names))
    try:
        xs = [Value(0.1 * k) for k in range(len(names))]
        agree(engine.add_operation(row)(*xs[:-1], 2.0).sin() * xs[0], xs[:-1])
    finally:
        engine.extend.remove_operation("many")


# ---- how it is put together

def test_lanes_stay_beside_a_small_tangle_and_join_a_large_one(monkeypatch):
    monkeypatch.setenv("HANDGRAD_NATIVE", "1")
    model, (xs, ys) = network("dot"), points(20)
    lanes = scalar_loss(model, xs, ys)
    tangled, leaves = tangle(900, random.Random(21), PLAIN)
    parameters = [*model.parameters(), *leaves]
    loss = lanes * 0.5 + tangled
    assert agree(loss, parameters, rel=1e-12).lanes == [20]
    monkeypatch.setattr("engine.native.grouped.MOST", 300)
    program = agree(loss, parameters, rel=1e-12)
    assert program.lanes == [] and isinstance(program.module, Grouped)


def test_every_node_stands_after_its_inputs_in_groups_of_one_kind_and_level():
    loss, leaves = tangle(3000, random.Random(15), PLAIN)
    graph = Graph(loss, leaves)
    module, level = Grouped(graph), levels(Inner(graph))
    first = len(graph.leaves)
    assert all(level[x] < level[k] for k in graph.order for x in graph.inputs[k])
    kinds, number = kinds_of(Inner(graph))
    assert all(kinds[n].rule is graph.rules[first + k] for k, n in enumerate(number.tolist()))
    for table in (module.forward, module.back):
        assert sum(table.nodes) <= len(graph) and min(table.nodes) > 0
    assert sum(module.forward.nodes) == len(graph)


def test_the_code_is_the_same_for_all_graphs_of_the_same_kinds():
    texts = {compile(tangle(5000, random.Random(seed), PLAIN)[0]).source for seed in (1, 2)}
    assert len(texts) == 1 and len(texts.pop()) < 200_000


def test_lanes_and_rounds_are_no_strangers_and_a_tangle_is_full_of_them():
    model = nn.MLP(2, [4, 1])
    lanes = sum((1 - model([Value(0.1 * k), Value(0.2)])).relu() for k in range(30))
    y = a = Value(0.99)
    for k in range(500):
        y = (y * a + 0.001 * (k % 5)).tanh()
    for loss in (lanes, y):
        assert strangers(Inner(Graph(loss))) < 20
    graph = Graph(tangle(3000, random.Random(17), PLAIN)[0])
    assert strangers(Inner(graph)) > 0.9 * len(graph)


def test_memory_per_node_stays_flat():
    sizes = []
    for n in (3_000, 30_000):
        program = compile(tangle(n, random.Random(19), PLAIN)[0])
        assert isinstance(program.module, Grouped)
        sizes.append(program.bytes / program.size)
    assert sizes[1] < 1.05 * sizes[0] and np.all(np.array(sizes) < 120)


def test_long_straight_code_goes_to_groups_too(monkeypatch):
    monkeypatch.setenv("HANDGRAD_NATIVE", "1")
    draw = random.Random(1)
    leaves = [Value(draw.uniform(-1, 1)) for _ in range(20)]
    terms = [leaves[0]]
    for k in range(60):
        xs = [(draw.choice(leaves) * draw.choice(leaves)).tanh() for _ in range(8)]
        terms.append(engine.logsumexp(xs) - xs[k % 8] + (terms[-1] * 0.3 if k % 3 == 1 else 0.0))
    program = compile(engine.total(terms), parameters=leaves)
    assert program.size < 2000 and isinstance(program.module, Grouped)
    loss, found = program.value_and_gradients()
    program.loss.backward()
    assert loss == pytest.approx(program.loss.data, rel=1e-13)
    assert found.tolist() == pytest.approx([leaf.grad for leaf in leaves], rel=1e-11)
