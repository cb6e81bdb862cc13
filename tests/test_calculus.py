"""Derivatives as graphs: all roads to the second derivative, Jacobians, products with vectors."""

import math

import numpy as np
import pytest

from engine import (
    Value,
    check_gradients,
    dot,
    exp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    sin,
    softmax,
    value_and_grad,
    vjp,
)
from engine.check import difference


def numbers(nested):
    return [numbers(v) for v in nested] if isinstance(nested, list) else nested.data


def f(x, y):
    return sin(x * y) + exp(x) / y + x ** 3 * y.tanh()


POINT = (0.7, 1.3)


def by_graph(x, y):
    vx = Value(x)
    return grad(grad(f(vx, Value(y)), vx), vx).data


def by_hessian(x, y):
    return hessian(f, [x, y])[0][0].data


def by_hvp(x, y):
    return hvp(f, [x, y], [1.0, 0.0])[0].data


def by_forward_over_reverse(x, y):
    vx = Value(x)
    return jvp(grad(f(vx, Value(y)), vx), [vx], [1.0])[1].data


def by_reverse_over_forward(x, y):
    vx = Value(x)
    return grad(jvp(f(vx, Value(y)), [vx], [1.0])[1], vx).data


def by_backward_of_the_gradient(x, y):
    vx = Value(x)
    grad(f(vx, Value(y)), vx).backward()
    return vx.grad


def by_differences(x, y):
    return difference(lambda t: grad(f, [t, y])[0].data, x)


ROADS = [by_graph, by_hessian, by_hvp, by_forward_over_reverse, by_reverse_over_forward,
         by_backward_of_the_gradient, by_differences]


def test_seven_roads_to_the_second_derivative_agree():
    x, y = POINT
    true = -y * y * math.sin(x * y) + math.exp(x) / y + 6 * x * math.tanh(y)
    assert [road(x, y) for road in ROADS] == pytest.approx([true] * 7, rel=1e-9)


def test_fourth_derivative_passes_through_a_zero_slope():
    x = Value(0.0)
    g = (x ** 2) ** 2
    found = []
    for _ in range(5):
        g = grad(g, x)
        found.append(g.data)
    assert found == [0.0, 0.0, 0.0, 24.0, 0.0]


def test_one_value_in_one_value_out_and_lists_likewise():
    x = Value(3.0)
    y = x * x
    assert grad(y, x).data == 6.0 and [g.data for g in grad(y, [x, y])] == [6.0, 1.0]
    out, g = value_and_grad(lambda v: v * v, 3.0)
    assert out.data == 9.0 and g.data == 6.0 and grad(lambda v: v * v, 3.0).data == 6.0


def test_gradient_graphs_are_free_of_constant_arithmetic():
    x = Value(2.0)
    slope = grad(x ** 3, x)
    assert (slope._op, slope._prev[1]._op, slope._prev[1]._prev[1].data) == ("·", "**", 2)
    assert grad(grad(slope, x), x).data == 6.0 and grad(x * 1.0, x).data == 1.0


def test_a_gradient_that_no_path_reaches_is_zero():
    assert grad(Value(1.0) * 2, Value(5.0)).data == 0.0


def test_gradient_for_inner_nodes():
    x = Value(2.0)
    h = x * x
    assert grad(h * h, h).data == 8.0


def test_jacobian_of_softmax_has_its_off_diagonal():
    p = [0.2, 0.3, 0.5]
    found = numbers(jacobian(lambda *z: softmax(z), [math.log(q) for q in p]))
    true = [[p[i] * ((i == j) - p[j]) for j in range(3)] for i in range(3)]
    for row, expected in zip(found, true):
        assert row == pytest.approx(expected, rel=1e-14)


def test_products_with_vectors_are_rows_and_columns_of_the_jacobian():
    def g(x, y):
        return [x * y, x.sin(), y ** 2]

    jac = numbers(jacobian(g, POINT))
    x, y = map(Value, POINT)
    u, v = [1.0, -2.0, 0.5], [0.3, -0.7]
    pulled = [d.data for d in vjp(g(x, y), [x, y], u)]
    pushed = [d.data for d in jvp(g(x, y), [x, y], v)[1]]
    assert pulled == pytest.approx([sum(a * r[j] for a, r in zip(u, jac)) for j in range(2)])
    assert pushed == pytest.approx([sum(r[j] * v[j] for j in range(2)) for r in jac])


def test_hessian_of_a_quadratic_form_is_its_matrix():
    def q(x, y):
        return 2 * x * x + 3 * x * y + 5 * y * y

    assert numbers(hessian(q, [1.0, 2.0])) == [[4.0, 3.0], [3.0, 10.0]]
    assert [v.data for v in hvp(q, [1.0, 2.0], [1.0, 1.0])] == [7.0, 13.0]


def test_second_order_through_dot():
    w, x = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]
    y = dot(w, x) ** 2
    assert grad(grad(y, w)[0], x)[1].data == 2 * 3.0 * 2.0


def test_what_cannot_be_differentiated_is_said():
    x = Value(1.0)
    with pytest.raises(TypeError, match="a gradient is taken with respect to Values"):
        grad(x * 2, [1.0])
    with pytest.raises(ValueError, match="one tangent per input"):
        jvp(x * 2, [x], [1.0, 2.0])
    with pytest.raises(ValueError, match="one seed per output"):
        vjp([x * 2], [x], [1.0, 2.0])


def test_functions_and_arrays_of_any_shape_are_understood():
    assert grad(lambda v: v * v, np.int64(3)).data == 6.0
    found = numbers(jacobian(lambda a, b: np.array([a * b, a]), [2.0, 3.0]))
    assert found == [[3.0, 2.0], [1.0, 0.0]]
    assert [v.data for v in hvp(lambda v: v ** 3, 2.0, 1.0)] == [12.0]
    with pytest.raises(TypeError, match="grad differentiates one number, and got a list of 2"):
        grad(lambda x: [x, x * x], 1.0)
    with pytest.raises(TypeError, match="use jacobian"):
        hessian(lambda x: [x, x * x], [1.0])


def test_a_function_is_recorded_even_without_grad():
    x = Value(3.0)
    with no_grad():
        assert grad(lambda v: v * v, 3.0).data == 6.0
        assert check_gradients(lambda: x * x, [x])


@pytest.mark.parametrize("name, x", [
    ("log", 1e-4), ("log", 1e-9), ("asin", 0.999), ("atanh", -0.999), ("relu", 1e-6), ("cos", 2e8),
    ("reciprocal", 1e-12), ("exp", 30.0)])
def test_the_checker_accuses_no_right_row(name, x):
    p = Value(x)
    report = check_gradients(lambda: getattr(p, name)(), [p])
    assert report, str(report)


def test_the_checker_sees_small_errors_too():
    w = Value(1.0)
    report = check_gradients(lambda: Value(w.data * 1e-7, (w,), [5e-7]), {"w": w})
    assert not report and report.rows[0].name == "w"


@pytest.mark.parametrize("parameters, message", [
    (Value(1.0), "must be a list of Values"), ([3], "parameter 0 is 3"), ([], "at least one")])
def test_the_checker_says_what_it_cannot_check(parameters, message):
    with pytest.raises((TypeError, ValueError), match=message):
        check_gradients(lambda: Value(1.0) * 2, parameters)


def test_slopes_at_minus_zero_are_those_inside_the_domain():
    w = Value(0.0)
    (-w).log().backward()
    assert w.grad == -math.inf and grad((-w).log(), w).data == -math.inf
    x = Value(0.0)
    assert grad(grad(x.sqrt(), x), x).data == -math.inf


def test_whole_numbers_never_raise():
    assert (Value(2) ** 2000).data == (2 ** Value(10000)).data == math.inf
    assert Value(10 ** 200).square().data == math.inf
    assert (Value(2 ** 600) * Value(-2 ** 600)).data == -math.inf and (Value(2) ** -1).data == 0.5
