"""Every row of the table, on every road: the table is the list of tests.

eager values and slopes, the gradient as a graph, finite differences and 60-digit truth must agree,
at first and second order; and a wrong sign planted in a row must be noticed and named.
"""

import dataclasses
import random
from itertools import product

import pytest
import truth

import engine
from engine import Value, check_gradients, grad, local_gradients
from engine.check import difference
from engine.ops import ROWS
from engine.rules import RULES
from engine.value import make

NAMES = [row.name for row in ROWS]
EVERY_ROW = pytest.mark.parametrize("row", ROWS, ids=NAMES)


def points(row, count=4):
    """Inputs sampled from the row's domain, the same at every run."""
    draw = random.Random(row.name)
    domain = row.domain * 5 if row.variadic else row.domain
    return [[draw.uniform(*interval) for interval in domain] for _ in range(count)]


def record(row, xs):
    inputs = [Value(x) for x in xs]
    return inputs, apply(row, inputs)


def apply(row, inputs):
    rule = RULES[row.name]
    return make(rule, inputs) if row.variadic else rule.method(*inputs)


@EVERY_ROW
def test_value_is_true(row):
    for xs in points(row):
        assert record(row, xs)[1].data == pytest.approx(float(truth.value(row.name, xs)), rel=1e-15)


@EVERY_ROW
def test_slopes_are_true_on_all_roads(row):
    for xs in points(row):
        inputs, z = record(row, xs)
        z.backward()
        local, graph = local_gradients(z), grad(z, inputs)
        for i, x in enumerate(inputs):
            true = float(truth.slope(row.name, xs, i))
            assert x.grad == pytest.approx(true, rel=1e-14, abs=1e-15)
            assert graph[i].data == pytest.approx(x.grad, rel=1e-15)
            assert local[i] == pytest.approx(x.grad, rel=1e-15)
            assert difference(lambda t, xs=xs, i=i: at(row, xs, i, t), xs[i]) == pytest.approx(
                true, rel=1e-8, abs=1e-9)


def at(row, xs, i, t):
    return record(row, [*xs[:i], t, *xs[i + 1:]])[1].data


@EVERY_ROW
def test_second_derivatives_are_true(row):
    xs = points(row, 1)[0]
    inputs, z = record(row, xs)
    first = grad(z, inputs)
    for i, j in product(range(len(xs)), repeat=2):
        again = grad(first[i], inputs)[j].data
        assert again == pytest.approx(float(truth.mixed(row.name, xs, i, j)), rel=1e-8, abs=1e-9)


@EVERY_ROW
def test_checker_accepts_the_row_at_both_orders(row):
    inputs, _ = record(row, points(row, 1)[0])
    for order in (1, 2):
        report = check_gradients(lambda: apply(row, inputs), inputs, order=order)
        assert report, str(report)


@EVERY_ROW
def test_wrong_sign_planted_in_a_row_is_named(row, monkeypatch):
    rule = RULES[row.name]
    if not any(local_gradients(record(row, xs)[1]) != [0] * 5 and any(local_gradients(
            record(row, xs)[1])) for xs in points(row)):
        pytest.skip("a constant function has no sign to get wrong")
    slopes, pull = rule.slopes, rule.pull
    monkeypatch.setattr(rule, "slopes", lambda xs, z: [-s for s in slopes(xs, z)])
    monkeypatch.setattr(rule, "pull", lambda z, g: pull(z, -g))
    inputs, _ = record(row, points(row)[0])
    report = check_gradients(lambda: apply(row, inputs), inputs)
    assert not report
    assert [c for c in report.culprits if repr(row.name) in c] == report.culprits


@EVERY_ROW
def test_row_is_a_method_and_a_function(row):
    if row.variadic:
        pytest.skip("rows over lists are functions only")
    xs = points(row, 1)[0]
    function, method = getattr(engine, row.name), getattr(Value, row.name)
    z = function(*map(Value, xs))
    assert isinstance(z, Value) and method(*map(Value, xs)).data == z.data
    assert function(*xs) == z.data and type(function(*xs)) in (int, float)
    assert function(Value(xs[0]), *xs[1:]).data == z.data
    if len(xs) > 1:
        assert function(*xs[:-1], Value(xs[-1])).data == z.data


def test_every_row_is_in_the_truth_and_none_twice():
    assert sorted(NAMES) == sorted(truth.TRUTH)


CUBE = engine.Row("cube", "cube", "x", "x * x * x", ("3 * square(x)",), "{x:4}^3", "{{{x:4}}}^3",
                  engine.ops.POWER, (engine.ops.ANY,))


def test_a_row_added_is_an_operation_everywhere():
    cube = engine.add_operation(CUBE)
    try:
        x = Value(2.0)
        y = x.cube() + engine.cube(x)
        y.backward()
        assert (y.data, x.grad, cube(3.0)) == (16.0, 24.0, 27.0)
        assert grad(grad(cube(x), x), x).data == 12.0
        with pytest.raises(ValueError, match="no free name"):
            engine.add_operation(CUBE)
    finally:
        engine.extend.remove_operation("cube")
    assert not hasattr(Value, "cube") and not hasattr(engine, "cube")


def test_a_row_with_a_wrong_slope_is_not_added():
    with pytest.raises(ValueError, match="the row 'cube' is wrong"):
        engine.add_operation(dataclasses.replace(CUBE, slopes=("2 * square(x)",)))
    with pytest.raises(ValueError, match="'cube' cannot be evaluated: name 'foo'"):
        engine.add_operation(dataclasses.replace(CUBE, forward="foo(x)"))
    for inputs in ("z", "class", "if", "xyz"):
        with pytest.raises(ValueError, match="name inputs by one or two characters"):
            engine.add_operation(dataclasses.replace(CUBE, inputs=inputs))
    for taken in ({"name": "exp"}, {"name": "power"}, {"name": "Value"}, {"also": "exp"}):
        with pytest.raises(ValueError, match="no free name"):
            engine.add_operation(dataclasses.replace(CUBE, **taken))
    assert engine.exp(0.0) == 1.0 and Value(2.0).exp().data == engine.exp(2.0)
    with pytest.raises(ValueError, match="one slope and one interval"):
        engine.add_operation(dataclasses.replace(CUBE, slopes=()))
    assert not hasattr(Value, "cube")
