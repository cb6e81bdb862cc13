"""The edge rules: what happens at poles, kinks, ends of domains and far out, on both roads."""

import math

import pytest
import truth
from mpmath import mp, mpf

import engine
from engine import Value, grad, where

INF, NAN = math.inf, math.nan
LARGEST = 1.7976931348623157e308

UNARY = [row.name for row in engine.ROWS if row.inputs == "x"]


def both_roads(function, *xs):
    """The value and the gradients of a function, after checking that both roads agree."""
    inputs = [Value(x) for x in xs]
    y = function(*inputs)
    y.backward()
    eager = [x.grad for x in inputs]
    graph = [g.data for g in grad(y, inputs)]
    assert graph == pytest.approx(eager, rel=1e-15, nan_ok=True)
    return y.data, *eager


@pytest.mark.parametrize("name, x, value", [
    ("log", 0.0, -INF), ("log", -1.0, NAN), ("log2", 0.0, -INF), ("log10", 0.0, -INF),
    ("log1p", -1.0, -INF), ("log1p", -2.0, NAN), ("sqrt", -1.0, NAN), ("reciprocal", 0.0, INF),
    ("exp", 1000.0, INF), ("exp", -1000.0, 0.0), ("exp2", 1024.0, INF), ("expm1", 1000.0, INF),
    ("sinh", -1000.0, -INF), ("cosh", -1000.0, INF), ("tanh", 1000.0, 1.0), ("asin", 2.0, NAN),
    ("acos", -2.0, NAN), ("acosh", 0.5, NAN), ("atanh", 1.0, INF), ("atanh", -1.0, -INF),
    ("atanh", 2.0, NAN), ("sin", INF, NAN), ("square", 1e200, INF), ("cbrt", -8.0, -2.0),
    ("gelu", -INF, 0.0), ("silu", -INF, 0.0), ("relu", -INF, 0.0), ("sigmoid", -INF, 0.0),
    ("softplus", INF, INF), ("logsigmoid", -INF, -INF),
])
def test_values_follow_ieee_754(name, x, value):
    assert getattr(Value(x), name)().data == pytest.approx(value, nan_ok=True)
    assert getattr(engine, name)(x) == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize("x, y, value", [
    (1.0, 0.0, INF), (-1.0, 0.0, -INF), (1.0, -0.0, -INF), (0.0, 0.0, NAN), (INF, INF, NAN),
    (1e200, 1e-200, INF), (NAN, 0.0, NAN), (1, 0, INF)])
def test_division_never_raises(x, y, value):
    assert (Value(x) / Value(y)).data == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize("x, y, value", [
    (-8.0, 1 / 3, NAN), (0.0, -1.0, INF), (-0.0, -1.0, -INF), (-0.0, -2.0, INF), (1e200, 2.0, INF),
    (-1e200, 3.0, -INF), (0.0, 0.0, 1.0), (NAN, 0.0, 1.0), (-2.0, 3.0, -8.0), (2, -1, 0.5)])
def test_power_never_raises(x, y, value):
    assert (Value(x) ** Value(y)).data == pytest.approx(value, nan_ok=True)
    assert engine.pow(x, y) == pytest.approx(value, nan_ok=True)


FAR = [*(s * 10.0 ** e for e in (-300, -200, -20, -8) for s in (1, -1)),
       *(s * x for s in (1, -1) for x in (
           1e-3, 0.3, 0.999999, 1.000001, 2.5, 17.0, 36.0, 60.0, 200.0, 360.0, 700.0, 1000.0,
           1e20, 1e200))]
DOMAINS = {"log": (0, INF), "log2": (0, INF), "log10": (0, INF), "sqrt": (0, INF),
           "log1p": (-1, INF), "asin": (-1, 1), "acos": (-1, 1),
           "atanh": (-1, 1), "acosh": (1, INF)}
TURNING = {"sin", "cos", "tan"}
SQUARED = {"gaussian", "erf", "erfc", "normal_cdf", "normal_pdf", "gelu"}


def inside(name, x):
    low, high = DOMAINS.get(name, (-INF, INF))
    most = 1e6 if name in TURNING else 1e20 if name in SQUARED else INF
    return low < x < high and abs(x) < most


def representable(x):
    """A true number as the nearest thing a float can be, with room for the last subnormals."""
    return INF if x > LARGEST else -INF if x < -LARGEST else float(x)


def close(got, true, rel):
    if math.isinf(true):
        return got == true
    return abs(mpf(got) - true) <= rel * abs(true) + mpf(10) ** -306


@pytest.mark.parametrize("name", UNARY)
def test_values_and_slopes_are_true_far_out(name):
    for x in (x for x in FAR if inside(name, x)):
        value, slope = both_roads(lambda v: getattr(v, name)(), x)
        with mp.workdps(800 if name in SQUARED else 1500):
            true = truth.value(name, [x])
            true_slope = mp.diff(truth.TRUTH[name], mpf(x), h=abs(mpf(x)) * mpf(10) ** -60)
        assert close(value, mpf(representable(true)), 5e-16), (x, value)
        assert close(slope, mpf(representable(true_slope)), 2e-15), (x, slope, true_slope)


@pytest.mark.parametrize("x, y", [(1e200, 1e200), (1e-200, 1e-200), (1e200, 1e-200),
                                  (1e-200, 1e200), (3.0, 1e-160), (1e-160, 7.0)])
@pytest.mark.parametrize("name", ["div", "mul", "hypot", "atan2", "pow"])
def test_slopes_of_two_inputs_are_true_far_out(name, x, y):
    function = {"div": lambda a, b: a / b, "mul": lambda a, b: a * b,
                "pow": lambda a, b: a ** b}.get(name, getattr(engine, name))
    _, by_x, by_y = both_roads(function, x, y)
    with mp.workdps(900):
        for got, true in ((by_x, exact_slope(name, 0, x, y)), (by_y, exact_slope(name, 1, x, y))):
            assert close(got, mpf(representable(true)), 1e-15), (got, float(true))


def exact_slope(name, i, x, y):
    x, y = mpf(x), mpf(y)
    h2 = x * x + y * y
    return {"div": (1 / y, -x / y ** 2), "mul": (y, x), "hypot": (x / mp.sqrt(h2), y / mp.sqrt(h2)),
            "atan2": (y / h2, -x / h2),
            "pow": (y * x ** (y - 1), x ** y * mp.log(x)) if y < 1e100 else (
                (mp.inf, mp.inf) if x > 1 else (0, 0))}[name][i]


@pytest.mark.parametrize("name, x, slope", [
    ("sqrt", 0.0, INF), ("cbrt", 0.0, INF), ("log", 0.0, INF),
    ("asin", 1.0, INF), ("asin", -1.0, INF), ("acos", 1.0, -INF),
    ("acosh", 1.0, INF), ("atanh", 1.0, INF), ("atanh", -1.0, INF),
    ("log1p", -1.0, INF), ("log2", 0.0, INF), ("log10", 0.0, INF), ("reciprocal", 0.0, -INF)])
def test_at_the_edge_of_a_domain_the_slope_is_the_limit(name, x, slope):
    assert both_roads(lambda v: getattr(v, name)(), x)[1] == slope


@pytest.mark.parametrize("name, x", [
    ("log", -1.0), ("log2", -1.0), ("log10", -1.0), ("log1p", -2.0), ("sqrt", -1.0), ("asin", 2.0),
    ("acos", -2.0), ("acosh", 0.5), ("acosh", -3.0), ("atanh", 1.5), ("atanh", -1.5)])
def test_outside_a_domain_value_and_slope_are_nan(name, x):
    value, slope = both_roads(lambda v: getattr(v, name)(), x)
    assert math.isnan(value) and math.isnan(slope)


@pytest.mark.parametrize("x", [-2.0, 0.0, 3.0])
def test_x_to_the_0_is_1_with_slope_0(x):
    assert both_roads(lambda v: v ** 0, x) == (1.0, 0.0)


@pytest.mark.parametrize("y", [0.0, 0.5, 1.0, 3.0])
def test_0_to_the_y_has_slope_0_in_y(y):
    assert both_roads(lambda a, b: a ** b, 0.0, y)[2] == 0.0


def test_negative_bases_with_whole_exponents_are_smooth():
    assert both_roads(lambda v: v ** 3, -2.0) == (-8.0, 12.0)
    assert both_roads(lambda v: v ** -1, -2.0) == (-0.5, -0.25)
    assert both_roads(lambda v: v ** 2, 0.0) == (0.0, 0.0)


@pytest.mark.parametrize("function, x, slope", [
    (abs, 0.0, 0.0), (engine.relu, 0.0, 0.0), (engine.sign, 0.0, 0.0), (engine.step, 0.0, 0.0),
    (lambda v: v.maximum(0.0), 0.0, 0.5), (lambda v: v.minimum(0.0), 0.0, 0.5),
    (lambda v: engine.maximum(v, v), 1.0, 1.0), (lambda v: v.clamp(0, 1), 0.0, 0.5),
    (lambda v: v.clamp(0, 1), 2.0, 0.0), (lambda v: v.leaky_relu(0.5), 0.0, 0.75),
    (lambda v: v.elu(), 0.0, 1.0)])
def test_kinks_take_the_middle(function, x, slope):
    assert both_roads(function, x)[1] == slope


def test_a_tie_of_infinities_is_a_tie():
    assert both_roads(engine.maximum, INF, INF) == (INF, 0.5, 0.5)


@pytest.mark.parametrize("function, x, slope", [
    (lambda v: where(0, engine.sqrt(v) ** -1, v * 3), 0.0, 3.0),
    (lambda v: where(v > 0, engine.log(v), v * 3), -1.0, 3.0),
    (lambda v: engine.maximum(v, engine.sqrt(v) * 0 - 1), 0.0, 1.0),
    (lambda v: engine.log(v) * 0, 0.0, 0.0),
    (lambda v: (v * 0).sqrt(), 1.0, 0.0),
    (lambda v: (v * v).sqrt(), 0.0, 0.0)])
def test_a_branch_that_does_not_matter_has_slope_0(function, x, slope):
    assert both_roads(function, x)[1] == slope


LISTS = [[1000.0, 0.0, -1000.0], [-1000.0, -1000.0], [1e20, 1.0, -1e20], [0.1, 500.0, 499.0],
         [745.0, 0.0, 1e-9], [3.0], [1e20, 1e20]]


@pytest.mark.parametrize("xs", LISTS)
def test_softmax_and_its_kin_are_exact_far_out(xs):
    with mp.workdps(1500):
        shares = truth.softmax([mpf(x) for x in xs]) if max(xs) < 1e10 else None
        lse = mp.log(sum(mp.exp(mpf(x) - max(xs)) for x in xs)) + max(xs)
    values = [Value(x) for x in xs]
    assert close(engine.logsumexp(values).data, mpf(float(lse)), 3e-16)
    if shares is None:
        ties = xs.count(max(xs))
        assert [p.data for p in engine.softmax(values)] == [float(x == max(xs)) / ties for x in xs]
        return
    for p, logp, true in zip(engine.softmax(values), engine.log_softmax(values), shares):
        assert close(p.data, mpf(float(true)), 1e-15)
        with mp.workdps(1500):
            assert close(logp.data, mpf(float(mp.log(true))), 1e-15)


def test_slopes_of_softmax_do_not_cancel():
    xs = [Value(0.0), Value(-40.0)]
    engine.softmax(xs)[0].backward()
    assert xs[0].grad == pytest.approx(math.exp(-40), rel=1e-15)
    assert xs[1].grad == -xs[0].grad


@pytest.mark.parametrize("xs, total", [
    ([1e20, 1.0, -1e20], 1.0), ([0.1] * 10, 1.0), ([1e308, 1e308, -1e308], 1e308),
    ([INF, -INF], NAN), ([INF, 1.0], INF), ([], 0.0)])
def test_total_is_rounded_once(xs, total):
    assert engine.total(xs) == pytest.approx(total, abs=0, rel=0, nan_ok=True)
    if xs:
        assert engine.total([Value(x) for x in xs]).data == pytest.approx(
            total, rel=0, abs=0, nan_ok=True)


def test_dot_is_exact_where_everything_cancels():
    ws, xs = [0.1, -0.01, 1e20, -1e20], [1e20, 1e21, 3.0, 3.0]
    exact = mpf(0.1) * mpf(1e20) - mpf(0.01) * mpf(1e21)
    assert engine.dot(ws, xs) == float(exact)
    assert engine.dot([Value(w) for w in ws], xs).data == float(exact)


def test_the_same_program_gives_the_same_bits():
    def run():
        xs = [Value(0.1 * k) for k in range(20)]
        y = sum(a.sin() * b.exp() for a, b in zip(xs, xs[::-1]))
        y.backward()
        return [x.grad.hex() for x in xs]

    assert run() == run()
