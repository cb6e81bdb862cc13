"""Jacobians of vectors: numbers against closed forms and differences, shapes, tables, pictures."""

import html

import numpy as np
import pytest

from engine import Value, check_gradients, grad, total
from viz.jacobians import jacobian_tensor


def sample(n, z, seed=0):
    draw = np.random.default_rng(seed)
    numbers = [draw.normal(size=s) for s in ((n,), (n, z), (z,), (z,))]
    x, t = numbers[0], numbers[3]
    W = np.vectorize(Value, otypes=[object])(numbers[1])
    b = np.vectorize(Value, otypes=[object])(numbers[2])
    return x, W, b, t, (t - (x @ W + b)) ** 2


def data(a):
    return np.vectorize(lambda v: v.data, otypes=[float])(a)


@pytest.mark.row("C002-11", "C002-12", "C002-13")
@pytest.mark.parametrize("n, z", [(1, 1), (2, 3), (4, 2)])
def test_the_bias_jacobian_is_z_by_z_with_the_losses_as_rows(n, z):
    x, W, b, t, Z = sample(n, z)
    error = t - (x @ data(W) + data(b))
    J = jacobian_tensor(Z, b)
    assert J.outputs_first == pytest.approx(np.diag(-2 * error), abs=1e-15)
    assert J.sum() == pytest.approx(-2 * error)
    assert [g.data for g in grad(total(Z), list(b))] == pytest.approx(J.sum())


@pytest.mark.row("C002-11", "C002-15", "C002-16")
@pytest.mark.parametrize("n, z", [(1, 1), (2, 3), (4, 2)])
def test_the_weight_tensor_is_n_by_z_by_z(n, z):
    x, W, b, t, Z = sample(n, z)
    error = t - (x @ data(W) + data(b))
    K = jacobian_tensor(Z, W)
    assert K.shape == K.outputs_last.shape == (n, z, z) and K.outputs_first.shape == (z, n, z)
    for i in range(n):
        for j in range(z):
            for k in range(z):
                true = -2 * error[j] * x[i] if j == k else 0.0
                assert K.outputs_last[i, j, k] == pytest.approx(true, abs=1e-15)
                assert K.outputs_first[k, i, j] == K.outputs_last[i, j, k]
    assert K.sum() == pytest.approx(np.outer(x, -2 * error))


@pytest.mark.row("C002-11")
def test_where_outputs_mix_every_element_agrees_with_differences():
    draw = np.random.default_rng(3)
    x = draw.normal(size=2)
    W = np.vectorize(Value, otypes=[object])(draw.normal(size=(2, 3)))

    def outputs():
        return list(np.tanh(x @ W) * np.exp(x @ W).sum())

    K = jacobian_tensor(outputs(), W)
    for k in range(3):
        rows = check_gradients(lambda k=k: outputs()[k], list(W.ravel())).rows
        assert K.outputs_first[k].ravel() == pytest.approx([r.numeric for r in rows], rel=1e-6)
    assert np.all(K.outputs_first != 0)


def test_shapes_and_kinds_of_the_xs_are_kept():
    W = [[Value(1.0), Value(2.0), Value(3.0)], [Value(4.0), Value(5.0), Value(6.0)]]
    Z = [W[0][0] * W[1][2], W[0][1] ** 2]
    nested = jacobian_tensor(Z, W)
    assert nested.sum() == [[6.0, 4.0, 0.0], [0.0, 0.0, 1.0]] and nested.shape == (2, 3, 2)
    asarray = jacobian_tensor(np.array(Z, dtype=object), np.array(W, dtype=object))
    assert isinstance(asarray.sum(), np.ndarray) and asarray.sum().tolist() == nested.sum()
    single = jacobian_tensor(W[0][1] ** 3, W[0][1])
    assert single.outputs_first.tolist() == [12.0] and float(single.sum()) == 12.0
    assert jacobian_tensor(Z, W[0][1]).outputs_first.tolist() == [0.0, 4.0]
    cube = np.array([[[Value(1.0), Value(2.0)]]], dtype=object)
    assert jacobian_tensor(cube[0, 0, 0] * cube[0, 0, 1], cube).shape == (1, 1, 2, 1)


def test_the_values_can_be_differentiated_again():
    x, y = Value(2.0), Value(3.0)
    J = jacobian_tensor([x * x * y, y * y], [x, y])
    assert grad(J.values[0, 0], x).data == 6.0


@pytest.mark.row("C002-12", "C002-13", "C002-15")
def test_tables_are_aligned_and_name_every_slice():
    b = [Value(0.5), Value(-1.25)]
    W = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    Z = [(1 - (2 * W[0][0] - W[1][0] + b[0])) ** 2, (0 - (2 * W[0][1] - W[1][1] + b[1])) ** 2]
    assert str(jacobian_tensor(Z, b, names=("Z", "b"))) == """∂Z/∂b
      b1    b2
Z1    -3     0
Z2     0  -2.5

sum over the outputs
      b1    b2
 Σ    -3  -2.5"""
    text = str(jacobian_tensor(Z, W, names=("Z", "W")))
    assert text.split("\n\n")[0].splitlines() == [
        "∂Z1/∂W", "     1    2", "1   -6    0", "2    3    0"]
    assert [part.splitlines()[0] for part in text.split("\n\n")] == [
        "∂Z1/∂W", "∂Z2/∂W", "sum over the outputs"]
    for part in text.split("\n\n"):
        assert len({len(line) for line in part.splitlines()[1:]}) == 1


@pytest.mark.row("C002-15")
def test_the_picture_shows_every_number_slice_by_slice():
    _, W, _, _, Z = sample(2, 3)
    K = jacobian_tensor(Z, W, names=("Z", "W"))
    picture = K.draw()
    svg = html.unescape(picture.svg())
    for title in ("∂Z1/∂W", "∂Z2/∂W", "∂Z3/∂W", "sum over the outputs"):
        assert title in svg
    for x in K.sum().ravel():
        assert svg.count(f">{x:.4g}<") == 2             # in its slice, and in the sum
    assert svg.count(">+<") == 2 and svg.count(">=<") == 1 and svg.count(">0<") == 12
    assert picture.source == K.draw().source and picture.pipe("png")[:4] == b"\x89PNG"
    assert K._repr_mimebundle_()["text/plain"] == str(K)


def test_names_are_not_interpreted_and_edges_do_not_break_the_picture():
    x = Value(0.0)
    J = jacobian_tensor([x ** 0.5, 2 * x, x * 0.0], [x], names=("<b>&", "a_1"))
    assert "&lt;b&gt;&amp;" in J.draw(per_row=1).source and ">inf<" in J.draw().svg()


def test_what_does_not_fit_is_said():
    x = Value(1.0)
    with pytest.raises(TypeError, match="W must hold Values"):
        jacobian_tensor([x * 2], [x, 3.0], names=("Z", "W"))
    with pytest.raises(ValueError, match="X is empty"):
        jacobian_tensor([x * 2], [])
    with pytest.raises((TypeError, ValueError), match="equally"):
        jacobian_tensor([x * 2], [[x], [x, x]])
    with pytest.raises(ValueError, match="per_row=0"):
        jacobian_tensor([x * 2], [x]).draw(per_row=0)
    with pytest.raises(ValueError, match="read outputs_first"):
        str(jacobian_tensor([x * 2], [[[x]]]))
