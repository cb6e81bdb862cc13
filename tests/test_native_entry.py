"""The built-in function that value_and_gradients becomes: the same as the slower way."""

import gc
import math
import threading

import numpy as np
import pytest
from test_native import NAN, eager, network, points, scalar_loss

import engine
from engine import Value, compile
from engine.native import entry, jit

pytestmark = pytest.mark.skipif(not (jit.available() and entry.available()),
                                reason="needs llvmlite, and a Python with its lock")


def is_built_in(call):
    return type(call).__name__ == "builtin_function_or_method"


def both_ways(program):
    """What the built-in gives, after a check that the slower way gives the same."""
    program.value_and_gradients()
    program.value()
    assert is_built_in(program.value_and_gradients) and is_built_in(program.value)
    (loss, found), (slow, slopes) = program.value_and_gradients(), program._both_alone()
    assert loss == slow == program.value() and np.array_equal(found, slopes)
    return loss, found.tolist()


def test_it_gives_what_the_eager_engine_gives():
    a, b = Value(2.0), Value(-3.0)
    loss = (a * b + a).tanh() * b
    assert both_ways(compile(loss, parameters=[b, a])) == eager(loss, [b, a])


def test_it_reads_the_leaves_afresh():
    a = Value(2.0)
    program = compile(a * a)
    program.value_and_gradients()
    for x in (5.0, -1.0, 7, True, np.float64(0.5), np.float32(2.0)):
        a.data = x
        assert program.value_and_gradients() == (float(x) ** 2, [2 * float(x)])
        assert program.value() == float(x) ** 2


def test_parameters_in_any_order_and_outside_the_loss_have_their_places():
    a, b, c, other = (Value(x) for x in (2.0, 3.0, 4.0, 5.0))
    loss = a * b + c * c
    assert both_ways(compile(loss, parameters=[c, other, a])) == (22.0, [8.0, 0.0, 3.0])
    assert both_ways(compile(loss, parameters=[other])) == (22.0, [0.0])


def test_lanes_that_only_fill_a_vector_are_filled():
    model, (xs, ys) = network("dot"), points(13)
    program = compile(scalar_loss(model, xs, ys), parameters=model.parameters())
    assert program.lanes and program.lanes[0] % 8
    both_ways(program)
    for p in model.parameters():
        p.data += 0.25
    loss, found = both_ways(program)
    wanted, slopes = eager(scalar_loss(model, xs, ys), model.parameters())
    assert loss == pytest.approx(wanted, rel=1e-13)
    assert found == pytest.approx(slopes, rel=1e-12, abs=1e-15)


def test_each_call_gives_an_array_of_its_own():
    a = Value(2.0)
    program = compile(a * a)
    program.value_and_gradients()
    _, first = program.value_and_gradients()
    a.data = 3.0
    program.value_and_gradients()
    assert first.tolist() == [4.0]


def test_an_exact_zero_still_wins_over_nan():
    a, b = Value(0.0), Value(0.0)
    program = compile((a * engine.exp(b * 1000.0)) * 0.0, parameters=[a, b])
    program.value_and_gradients()
    b.data = 1.0                                    # exp is inf, and 0 * inf a nan in native code
    (loss, found), wanted = program.value_and_gradients(), eager(program.loss, [a, b])
    assert found.tolist() == pytest.approx(wanted[1], nan_ok=True)
    assert math.isnan(loss)


def test_a_leaf_without_a_number_is_named():
    w = Value(2.0, label="w")
    program = compile(w * w)
    program.value_and_gradients()
    w.data = "two"
    with pytest.raises(TypeError, match=r"the leaf w holds 'two': give its data a number"):
        program.value_and_gradients()
    for wrong in (None, [1.0], 10**400, "2"):
        w.data = wrong
        with pytest.raises(TypeError, match=r"the leaf w holds .*: give its data a number"):
            program.value()
    w.data = NAN
    assert math.isnan(program.value_and_gradients()[0])
    w.data = -1.0
    assert program.value_and_gradients() == (1.0, [-2.0])


def test_a_python_without_that_way_takes_the_slower_one(monkeypatch):
    monkeypatch.setattr(entry, "available", lambda: False)
    a = Value(2.0)
    program, f = compile(a * a), compile(lambda x: a * x, parameters=[a])
    for _ in range(2):
        assert program.value_and_gradients() == (4.0, [4.0]) and program.value() == 4.0
        assert f.value_and_gradients(3.0) == (6.0, [3.0])
    assert not is_built_in(program.value_and_gradients) and not is_built_in(f.value_and_gradients)


def test_it_takes_no_arguments():
    program = compile(Value(2.0) ** 2)
    program.value_and_gradients()
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        program.value_and_gradients(1.0)


def test_a_function_of_numbers_takes_floats_directly_and_others_as_before():
    a = Value(2.0)
    f = compile(lambda x, y, unread: (a * x - y)**2, parameters=[a])
    f.value_and_gradients(1.0, 0.5, 9.0)
    assert is_built_in(f.value_and_gradients)
    assert f.value_and_gradients(3.0, 1.0, 9.0) == (25.0, [30.0])
    assert f.value_and_gradients(3, 1.0, np.float64(9.0)) == (25.0, [30.0])
    assert f.value_and_gradients(np.array(3.0), 1.0, 9.0) == (25.0, [30.0])
    with pytest.raises(TypeError, match="input 1 is of type str: give a number"):
        f.value_and_gradients(3.0, "1", 9.0)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        f.value_and_gradients(3.0, 1.0)
    a.data = 1.0
    assert f.value_and_gradients(3.0, 1.0, 9.0) == (4.0, [12.0])
    assert [f.value(x, 1.0, 9.0) for x in (3.0, 2.0, 2)] == [4.0, 1.0, 1.0]
    assert is_built_in(f.value)
    (loss := f(3.0, 1.0, 9.0)).backward()
    assert (loss.data, a.grad) == (4.0, 12.0)


def test_a_guarded_function_is_checked_at_every_call():
    a = Value(2.0)
    f = compile(lambda x: a * x if x > 0 else a * x * x, parameters=[a])
    assert [f.value_and_gradients(x)[0] for x in (3.0, -3.0, 4.0, -4.0)] == [6.0, 18.0, 8.0, 32.0]


def test_it_outlives_its_program():
    def made():
        a = Value(3.0)
        f = compile(lambda x: a * x, parameters=[a])
        f.value_and_gradients(1.0)
        program = compile(a * a * a)
        program.value_and_gradients()
        return f.value_and_gradients, program.value_and_gradients

    kept = [made() for _ in range(50)]
    gc.collect()
    assert all(f(2.0) == (6.0, [2.0]) and p() == (27.0, [27.0]) for f, p in kept)


def test_threads_do_not_disturb_each_other():
    a = Value(2.0)
    f = compile(lambda x: engine.sin(a * x) * x, parameters=[a])
    wanted = {x / 8: f.value_and_gradients(x / 8) for x in range(64)}
    assert is_built_in(f.value_and_gradients)
    wrong = []

    def many():
        wrong.extend(x for _ in range(100) for x, known in wanted.items()
                     if f.value_and_gradients(x if x % 1 else int(x)) != known)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_call_waits_while_another_thread_trains():
    a = Value(0.0)
    program = compile((a - 1.0)**2)
    calls = [program.value_and_gradients()]
    program.value_and_gradients()
    training = threading.Thread(target=program.train, args=(3_000_000,), kwargs={"lr": 1e-9})
    training.start()
    while training.is_alive():
        calls.append(program.value_and_gradients())
    training.join()
    final = (a.data - 1.0)**2
    assert {loss for loss, _ in calls} <= {1.0, final}
    assert all(loss == (g[0] / 2)**2 for loss, g in calls)
