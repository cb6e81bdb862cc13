"""Generated source: it runs on its own, and gives the engine's numbers."""

import ast
import random
import subprocess
import sys

import numpy as np
import pytest

from engine import ROWS, Row, Value, add_operation, exp, log, total, where
from engine.extend import remove_operation
from engine.graph import nodes
from engine.ops import ATOM
from engine.rules import RULES
from engine.value import make
from nn import MLP, networks
from viz import to_source


def run(text):
    """What the function in a text returns, called with its defaults; and the function."""
    names = {}
    exec(compile(text, "<generated>", "exec"), names)
    function = names[ast.parse(text).body[-1].name]
    return function(), function


def of_row(row, k=0):
    """A node of a row on inputs from its domain."""
    draw = random.Random(f"{row.name}{k}")
    domains = row.domain * 5 if row.variadic else row.domain
    xs = [Value(draw.uniform(*d), label=f"a{i}") for i, d in enumerate(domains)]
    return make(RULES[row.name], xs), xs


def same(a, b):
    return a == b or (a != a and b != b)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_gives_the_engines_numbers_bit_by_bit(row):
    for k in range(5):
        y, xs = of_row(row, k)
        y.backward()
        (value, slopes), _ = run(to_source(y, xs))
        assert value == pytest.approx(y.data, rel=1e-15, abs=1e-300)
        assert slopes == pytest.approx([x.grad for x in xs], rel=1e-15, abs=1e-300)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_runs_on_arrays_sample_by_sample(row):
    cases = [of_row(row, k) for k in range(4)]
    for y, _ in cases:
        y.backward()
    _, function = run(to_source(*cases[0], arrays=True))
    columns = [np.array([xs[i].data for _, xs in cases]) for i in range(len(cases[0][1]))]
    value, slopes = function(*columns)
    assert np.broadcast_to(value, 4) == pytest.approx([y.data for y, _ in cases], rel=1e-12)
    for i, slope in enumerate(slopes):
        true = [xs[i].grad for _, xs in cases]
        assert np.broadcast_to(slope, 4) == pytest.approx(true, rel=1e-12, abs=1e-12)


def test_the_networks_give_the_engines_numbers_bit_by_bit():
    for net in (networks.linear_1_1_1(), networks.relu_sigmoid_softmax_3_3_3(),
                networks.relu_sigmoid_softmax_3_3_3(reading="categorical")):
        loss = net.loss()
        loss.backward()
        (value, slopes), _ = run(to_source(loss, net))
        assert value == loss.data and slopes == [p.grad for p in net.parameters()]


def test_a_perceptron_and_its_batch_give_the_engines_numbers():
    model = MLP(2, [4, 1])
    xs = [[0.3, -1.0], [2.0, 0.5], [-0.7, 0.1]]
    loss = total([(model(x) - 1.0) ** 2 for x in xs]) / 3
    loss.backward()
    true = [p.grad for p in model.parameters()]
    (value, slopes), _ = run(to_source(loss, model))
    assert value == pytest.approx(loss.data, rel=1e-12)
    assert slopes == pytest.approx(true, rel=1e-12, abs=1e-14)
    (value, slopes), _ = run(to_source(loss, model, exact=True))
    assert value == loss.data and slopes == true


def test_edges_are_the_engines_edges():
    x, y = Value(0.0, label="x"), Value(3.0, label="y")
    for made in (lambda: log(x), lambda: x / x, lambda: y / x, lambda: exp(y * 1000) * x,
                 lambda: (x * exp(y * 1000)) * 0, lambda: x ** y, lambda: (x - 8) ** (y / 9),
                 lambda: where(x, log(x), y), lambda: (x * log(x)) + y, lambda: x.relu() * y,
                 lambda: total([exp(y * 300), -exp(y * 300), x])):
        for node in (x, y):
            node.grad = 0
        z = made()
        z.backward()
        wanted = [n for n in (x, y) if n in nodes([z])]
        (value, slopes), _ = run(to_source(z, wanted))
        assert same(value, z.data)
        assert all(map(same, slopes, [n.grad for n in wanted])), (z, slopes)


def test_random_graphs_with_shared_nodes_give_the_engines_numbers():
    for seed in range(20):
        draw = random.Random(seed)
        xs = [Value(draw.uniform(0.5, 2), label=n) for n in "abc"]
        pool = list(xs)
        for _ in range(15):
            p, q = draw.choice(pool), draw.choice(pool)
            pool.append(draw.choice([p * q, p + q, p - q, p / (q * q + 1), p.tanh(), p.sigmoid(),
                                     total([p, q, p]), p.exp().log1p(), p.maximum(q)]))
        y = total(pool)
        y.backward()
        (value, slopes), _ = run(to_source(y, xs))
        assert value == y.data and slopes == [x.grad for x in xs]


# ---- the text

def test_the_text_is_a_line_per_node_in_plain_python():
    net = networks.linear_1_1_1()
    lines = to_source(net.loss(), [net.W3, net.b3]).splitlines()
    assert lines[0] == '"""loss and its gradients: a forward and a backward pass."""'
    assert lines[3:] == [
        "def loss_and_gradients(W3=1.2, b3=0.3, W2=0.8, W1=0.5, x=2.0, b1=0.1, b2=-0.2, y=4.0):",
        "    # forward", "    z1 = W1 * x + b1", "    h1 = z1", "    z2 = W2 * h1 + b2",
        "    h2 = z2", "    z3 = W3 * h2 + b3", "    y_hat = z3", "    v1 = y_hat - y",
        "    loss = v1 * v1", "", "    # backward", "    d_loss = 1.0",
        "    d_v1 = d_loss * (2 * v1)", "    d_y_hat = d_v1", "    d_z3 = d_y_hat",
        "    d_W3 = d_z3 * h2", "    d_b3 = d_z3", "", "    return loss, [d_W3, d_b3]"]


def test_it_takes_the_leaves_as_arguments_and_one_x_gives_one_gradient():
    x, k = Value(0.5, label="x"), Value(2.0, label="k")
    _, function = run(to_source(k * x * x, x))
    assert function(3.0) == (18.0, 12.0) and function(x=1.0, k=5.0) == (5.0, 10.0)


def test_it_runs_without_handgrad(tmp_path):
    net = networks.relu_sigmoid_softmax_3_3_3()
    loss = net.loss()
    for arrays in (False, True):
        file = tmp_path / f"generated_{arrays}.py"
        file.write_text(to_source(loss, net.W_ij, arrays=arrays)
                        + "\nprint(float(loss_and_gradients()[0]))\n", encoding="utf-8")
        done = subprocess.run([sys.executable, "-I", "-W", "error", str(file)], cwd=tmp_path,
                              capture_output=True, text=True, check=False)
        assert not done.stderr and float(done.stdout) == pytest.approx(loss.data, rel=1e-12)
        imports = {n.names[0].name if isinstance(n, ast.Import) else n.module
                   for n in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                   if isinstance(n, (ast.Import, ast.ImportFrom))}
        assert imports <= {"math", "numpy", "fractions", "operator"}


def test_only_what_is_called_is_copied():
    x = Value(0.5, label="x")
    text = to_source(x.sigmoid(), x)
    assert text.count("def ") == 2 and "def sigmoid(x):" in text and "->" not in text
    assert "import" not in to_source(x * x, x)


def test_samples_broadcast_against_numbers():
    net = networks.linear_1_1_1()
    _, function = run(to_source(net.loss(), net.W1, arrays=True))
    value, slope = function(x=np.array([1.0, 2.0, 3.0]))
    assert value.shape == slope.shape == (3,)
    assert slope[1] == pytest.approx(-11.07456)


@pytest.mark.parametrize("label", ["exp", "class", "1st", "a b", "<x>\"'\n", "d_x", "total", "ŷ",
                                   "import os", "np", "math", "", "sum"])
def test_any_label_becomes_a_name(label):
    x, w = Value(0.5, label="x"), Value(0.25, label=label)
    y = exp(x * w) + log(w) + total([x, w, x])
    y.backward()
    (value, slopes), _ = run(to_source(y, [x, w]))
    assert value == y.data and slopes == [x.grad, w.grad]


def test_an_added_operation_is_written_too():
    row = Row("fade_in", "fade_in", "x", "x * exp(-x)", ("exp(-x) - z",), "fade_in({x:0})",
              "f", ATOM, ((0.2, 2.0),))
    fade_in = add_operation(row)
    try:
        x = Value(0.7, label="x")
        y = fade_in(x) * 2
        y.backward()
        (value, slope), _ = run(to_source(y, x))
        assert (value, slope) == (y.data, x.grad)
    finally:
        remove_operation("fade_in")


def test_what_cannot_be_written_is_said():
    a = Value(2.0, label="a")
    with pytest.raises(ValueError, match="the node 'cube' was made by hand"):
        to_source(Value(8.0, (a,), (12.0,), label="cube") * 2, a)
    with pytest.raises(ValueError, match="is not in the graph of"):
        to_source(a * 2, Value(1.0))
