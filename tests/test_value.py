"""Value: construction, operators, refusals, gradients, modes, copying."""

import copy
import gc
import io
import math
import pickle
import weakref

import numpy as np
import pytest

import engine
from engine import Value, anomaly, computed, grad, no_grad
from engine.persist import writing


def test_micrograds_readme_example():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g.data:.4f} {a.grad:.4f} {b.grad:.4f}" == "24.7041 138.8338 645.5773"


def test_constructor_and_attributes_are_micrograds():
    a, b = Value(2.0, label="a"), Value(data=-3.0, _children=(), _op="", label="b")
    c = a * b
    assert (c._op, c._prev, c.label, c.grad) == ("*", (a, b), "", 0)
    assert repr(a) == "Value(data=2.0, grad=0)"
    assert f"{c:.2f}" == "-6.00" and str(c) == repr(c)


def test_input_order_and_repeats_are_kept():
    x, y = Value(5.0), Value(3.0)
    assert (x - y)._prev == (x, y) and (x - y)._op == "-" and (x / y)._op == "/"
    assert (x * x)._prev == (x, x)


def test_equality_is_identity():
    a, b = Value(1.0), Value(1.0)
    assert a != b and len({a, b, a}) == 2


def test_comparisons_compare_numbers():
    assert Value(1.0) < 2 and Value(3.0) > Value(2.0) and Value(2) <= 2.0
    assert 3 >= Value(3)  # noqa: SIM300 (the reflected operator is what is tested)


def test_ints_stay_ints_until_an_operation_makes_them_floats():
    assert type((Value(2) + 3).data) is type((Value(2) ** 3).data) is int
    assert type((Value(4) / 2).data) is float
    assert type((Value(2 ** 53) * 2).data) is float


@pytest.mark.parametrize("name", ["__len__", "__iter__", "__array__"])
def test_a_value_is_no_container(name):
    assert not hasattr(Value(1.0), name)


@pytest.mark.parametrize("bad", [True, "2", None, 1j, np.array([1.0, 2.0]), [1.0], np.bool_(True),
                                 10 ** 400, object()])
@pytest.mark.parametrize("use", [Value, lambda bad: Value(1.0) + bad, lambda bad: bad * Value(1.0),
                                 lambda bad: engine.exp(bad), lambda bad: Value(1.0) < bad])
def test_what_is_no_real_number_is_refused(bad, use):
    with pytest.raises((TypeError, ValueError)) as error:
        use(bad)
    assert str(error.value).count(". ") == 0 and ": " in str(error.value)


def test_a_value_of_a_value_is_refused():
    with pytest.raises(TypeError, match="it is a Value already"):
        Value(Value(1.0))


def test_float_of_a_value_is_refused_so_that_no_graph_is_lost():
    with pytest.raises(TypeError, match=r"\.data"):
        math.exp(Value(1.0))


@pytest.mark.parametrize("two", [np.float64(2), np.float32(2), np.int64(2), 2])
def test_numpy_scalars_on_either_side(two):
    x = Value(3.0)
    for y in (two * x, x * two):
        y.backward()
        assert type(y) is Value and type(y.data) is float
    assert x.grad == 4.0 and type(Value(two).data) in (int, float)


def test_object_arrays_of_values():
    w = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    x, b = np.array([[1.0, 10.0]]), np.array([Value(0.5), Value(-0.5)])
    z = x @ w + b
    assert [v.data for v in z[0]] == [31.5, 41.5]
    z.sum().backward()
    assert [v.grad for v in w.ravel()] == [1.0, 1.0, 10.0, 10.0]
    assert np.exp(w)[0, 0].data == math.e and np.maximum(w, 2.5)[1, 1] is w[1, 1]
    assert np.arcsin(np.array([Value(1.0)]))[0].data == math.pi / 2
    assert (w * Value(2.0))[0, 1].data == (Value(2.0) * w)[0, 1].data == 4.0


def test_gradients_accumulate_in_leaves_and_start_fresh_inside():
    x = Value(3.0)
    y = x * x
    z = y * 2
    z.backward()
    z.backward()
    assert (x.grad, y.grad, z.grad) == (24.0, 2.0, 1.0)
    (y + 1).backward()
    assert (x.grad, y.grad) == (30.0, 1.0)


def test_twice_backward_is_exactly_twice_the_gradient():
    xs = [Value(0.1 * k) for k in range(1, 9)]
    y = sum(a * b.exp() for a in xs for b in xs)
    y.backward()
    once = [x.grad for x in xs]
    y.backward()
    assert [x.grad for x in xs] == [2 * g for g in once]


def test_backward_of_a_leaf_and_with_a_seed():
    x = Value(3.0)
    x.backward()
    (x * 2).backward(seed=10)
    assert x.grad == 21.0
    with pytest.raises(TypeError):
        x.backward("1")


def test_before_backward_nothing_is_computed():
    x = Value(3.0)
    y = x * 2
    assert not computed(x) and not computed(y)
    y.backward()
    assert computed(x) and computed(y)


def test_constants_take_no_gradient():
    x = Value(-3.0)
    y = x ** 2
    y.backward()
    assert x.grad == -6.0 and not computed(y._prev[1])
    assert x.detach() is not x and engine.is_constant(x.detach())


def test_no_grad_remembers_nothing_in_this_thread_only():
    x = Value(2.0)
    with no_grad():
        y = x * 3 + engine.softmax([x, 1.0])[0]
    assert y._prev == () and (x * 3)._prev

    @no_grad()
    def quiet():
        return x * 3

    assert quiet()._prev == ()


def test_anomaly_names_operation_inputs_and_line():
    with anomaly():
        x = Value(0.0, label="rate")
        with pytest.raises(FloatingPointError,
                           match=r"log\(rate = 0.0\) gave -inf, made at .*test_value.py:\d+"):
            x.log()
        root = x.sqrt()
        with pytest.raises(FloatingPointError,
                           match=r"inf at input 1 of sqrt\(rate = 0.0\).*test_value.py"):
            root.backward()
    assert x.grad == 0 and x.log().data == -math.inf


def test_a_failed_backward_leaves_the_leaves_as_they_were():
    x = Value(2.0)
    (x * x).backward()
    out = Value(1.0, (x * 1.0,), "broken")
    with pytest.raises(ValueError, match="'broken' was made by hand and has no derivative"):
        out.backward()
    assert x.grad == 4.0


def test_handmade_operation_in_micrograds_manner():
    a, b = Value(2.0), Value(3.0)
    out = Value(a.data * b.data, (a, b), "times")

    def backward():
        a.grad += b.data * out.grad
        b.grad += a.data * out.grad

    out._backward = backward
    (out * 2).backward()
    assert (a.grad, b.grad, out._op) == (6.0, 4.0, "times")
    with pytest.raises(TypeError, match="'times' was made by hand"):
        grad(out, [a])
    with pytest.raises(TypeError, match="'times' cannot be copied"):
        copy.deepcopy(out)


def test_handmade_node_in_microgpts_manner():
    a, b = Value(2.0), Value(3.0)
    (Value(6.0, (a, b), (3.0, 2.0)) * 2).backward()
    assert (a.grad, b.grad) == (6.0, 4.0)
    with pytest.raises(ValueError, match="2 local gradients"):
        Value(6.0, (a,), (3.0, 2.0))
    with pytest.raises(TypeError, match="children of a Value must be Values"):
        Value(6.0, (1.0,), (3.0,))


def test_manual_backward_step_by_step_as_in_the_lecture():
    x, w, b = Value(2.0), Value(-3.0), Value(6.88)
    xw = x * w
    n = xw + b
    o = n.tanh()
    o.grad = 1.0
    for node in (o, n, xw):
        node._backward()
    assert w.grad == pytest.approx(2 * (1 - math.tanh(0.88) ** 2))


class Weight(Value):
    def __init__(self, data, name):
        super().__init__(data, label=name)
        self.name = name


def test_subclasses_and_extra_attributes():
    w = Weight(2.0, "w")
    y = w * 3 + 3 * w
    y.note = "kept"
    y.backward()
    assert (w.grad, w.name, y.note, type(y)) == (6.0, "w", "kept", Value)
    again = pickle.loads(pickle.dumps(y))
    assert again.note == "kept" and type(again._prev[0]._prev[0]) is Weight


@pytest.mark.parametrize("pickler", [pickle._Pickler, pickle.Pickler])
@pytest.mark.parametrize("n", [499, 500, 501, 999, 1000])
def test_pickle_writes_every_node_once_whatever_the_batches(pickler, n):
    y = Value(1.0)
    for _ in range(n):
        y = y + 1.0
    for _ in range(2):                  # the second time nothing of the first may linger
        file = io.BytesIO()
        pickler(file).dump(y)
        assert pickle.loads(file.getvalue()).data == n + 1.0 and not writing.ids


def test_copy_pickle_and_deepcopy_keep_numbers_names_and_sharing():
    a, b = Value(2.0, label="a"), Value(3.0)
    shared = a * b
    y, z = shared.exp(), shared + a
    y.backward()
    for y2, z2, a2 in (copy.deepcopy((y, z, a)), pickle.loads(pickle.dumps((y, z, a)))):
        assert z2._prev == (y2._prev[0], a2) and a2.label == "a" and a2 is not a
        assert (y2.data, y2.grad, a2.grad) == (y.data, y.grad, a.grad)
        z2.backward()
        assert a2.grad == a.grad + 4.0 and y2._op == "exp"
    assert copy.copy(y)._prev == y._prev
    assert not computed(pickle.loads(pickle.dumps(Value(1.0))))


def test_a_dropped_graph_is_freed_by_reference_counts_alone():
    gc.disable()
    try:
        x = Value(1.0)
        y = (x * 2).exp() + engine.softmax([x, 1.0])[0]
        y.backward()
        grad(grad(y, x), x)
        gone = weakref.ref(y._prev[0])
        del y
        assert gone() is None
    finally:
        gc.enable()


def test_functions_over_lists_say_what_is_wrong():
    with pytest.raises(ValueError, match="2 and 1 elements"):
        engine.dot([1.0, 2.0], [3.0])
    with pytest.raises(ValueError, match="empty list"):
        engine.logsumexp([])
    with pytest.raises(TypeError):
        engine.total([1.0, "2"])


def test_dot_takes_a_start():
    w, x, b = Value(2.0), Value(3.0), Value(1.0)
    z = engine.dot([w], [x], b)
    z.backward()
    assert (z.data, w.grad, x.grad, b.grad) == (7.0, 3.0, 2.0, 1.0)
    assert engine.dot([], []) == 0.0 and engine.dot([1, 2], [3, 4]) == 11
