"""Large programs in the native gear: chains become loops, wide sums lanes, and time stays flat."""

import random
import time
import tracemalloc
from itertools import pairwise

import pytest
from test_native import GEARS, agree, flat, network, points, scalar_loss

import engine
from engine import Value, compile
from engine.native.program import variables

ROUNDS = 300


@pytest.fixture(autouse=True, params=GEARS)
def gear(request, monkeypatch):
    monkeypatch.setenv("HANDGRAD_NATIVE", "0" if request.param == "numpy" else "1")
    monkeypatch.setattr("engine.native.module.STRAIGHT", 40)
    return request.param




def waves(a, b, y):
    for k in range(ROUNDS):
        y = (y * a + 0.01 * (k % 5)).sin()
    return y * y + a


def own_leaf_in_every_round(a, b, y):
    for k in range(ROUNDS):
        w = Value(0.9 + 0.0001 * k)
        y = (y * w + 0.01 * w).tanh()
    return y


def leaves_in_turns(a, b, y):
    for k in range(ROUNDS):
        y = (y * (a, b, a)[k % 3] + 0.1).tanh()
    return y


def leaves_in_no_order(a, b, y):
    draw = random.Random(1)
    leaves = [a, b, Value(0.3), Value(-0.2)]
    for _ in range(ROUNDS):
        y = (y * draw.choice(leaves) + 0.1).tanh()
    return y


def a_sum_on_the_way(a, b, y):
    s = Value(0.5)
    for _ in range(ROUNDS):
        y = (y * a + b).tanh()
        s = s + y * y
    return s.log()


def two_states(a, b, y):
    v = Value(0.2)
    for _ in range(ROUNDS):
        y, v = y + v * 0.01, v - y * 0.01 * a
    return y * v


def two_rounds_back(a, b, y):
    before = Value(0.4)
    for _ in range(ROUNDS):
        before, y = y, (y * a + before * b).tanh()
    return y


def read_halfway(a, b, y):
    kept = []
    for k in range(ROUNDS):
        y = (y * a + b).sin()
        if k in (100, 200):
            kept.append(y)
    return y * kept[0] + kept[1].exp()


def recurrent_network(a, b, y):
    w = [[Value(0.3), Value(-0.2)], [Value(0.1), Value(0.4)]]
    h = [y, y * 0.5]
    for k in range(ROUNDS):
        x = Value(0.1 * (k % 7))
        h = [(engine.dot(row, h, b) + x).tanh() for row in w]
    return h[0] * a + h[1]


CHAINS = [waves, own_leaf_in_every_round, leaves_in_turns, leaves_in_no_order, a_sum_on_the_way,
          two_states, two_rounds_back, read_halfway, recurrent_network]


@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_becomes_a_loop(chain, gear):
    loss = chain(Value(0.9), Value(0.1), Value(0.7))
    program = agree(loss, variables(loss), rel=1e-11, least=1e-15)
    assert "rounds:" in program.instructions or gear == "numpy"
    assert program.instructions.count("\n") < 60 or gear == "numpy"


def test_of_many_different_chains_only_some_become_loops(gear, monkeypatch):
    monkeypatch.setattr("engine.native.rolls.MOST_ROLLS", 3)
    a, y = Value(0.9), Value(0.3)
    for n in range(6):
        for _ in range(100):
            y = [y * a, y + a, y - a, y.tanh(), y.sin(), y.exp()][n] * 0.5
    program = agree(y, variables(y), rel=1e-11)
    assert program.instructions.count("rounds:") == (3 if gear == "native" else 0)


def sum_then_product(a, b, y):
    for _ in range(ROUNDS):
        y = (y + b) * a
    return y


def product_then_sum(a, b, y):
    for _ in range(ROUNDS):
        y = b + y * a
    return y


def two_products(a, b, y):
    v = Value(0.3)
    for _ in range(ROUNDS):
        y, v = y * a + v * 0.1, v * a + b
    return y + v


@pytest.mark.parametrize("chain", [sum_then_product, product_then_sum, two_products])
def test_a_product_meets_its_sum_within_a_round(chain, gear):
    loss = chain(Value(0.9), Value(0.1), Value(0.7))
    program = agree(loss, variables(loss), rel=1e-12)
    added = [line for line in program.instructions.splitlines() if " r" in line and "add" in line]
    assert gear == "numpy" or (added and all("(r'" not in line for line in added))


def test_a_long_chain_takes_no_longer_to_compile_per_node(gear):
    if gear == "numpy":
        pytest.skip("nothing is compiled")
    seconds = []
    for n in (2_000, 40_000):
        a, y = Value(0.999), Value(0.5)
        z = y
        for _ in range(n // 2):
            z = z * a + 0.001
        start = time.process_time()
        program = compile(z, parameters=[a, y])
        seconds.append(time.process_time() - start)
        assert program.instructions.count("\n") < 10
    assert seconds[1] < 20 * (seconds[0] + 0.05)


def test_a_wide_sum_of_leaves(gear):
    ws = [Value(0.001 * k - 0.2) for k in range(700)]
    program = agree(sum((w * (1 + 0.01 * (k % 10))) ** 2 for k, w in enumerate(ws)), ws)
    assert program.lanes == [700]


def test_a_constant_times_a_sum_stands_beside_products(gear, monkeypatch):
    monkeypatch.setattr("engine.native.module.SMALL", 0)
    a, b, *xs = (Value(0.1 * k - 0.7) for k in range(14))
    loss = sum((a * x + b).tanh() * 0.5 for x in xs) + 0.01 * sum(w * w for w in (a, b, *xs))
    assert agree(loss, [a, b, *xs], rel=1e-12).lanes == [12]


def sums_to_the_left(xs):
    return sum(x * x for x in xs)


def sums_to_the_right(xs):
    s = xs[0]
    for x in xs[1:]:
        s = x * xs[0] + s
    return 0 + s


def sums_in_pairs(xs):
    return sum((x + y) + (x * y + (y * y + 1.0)) for x, y in pairwise(xs))


def sums_that_others_read(xs):
    s = sum(xs[:5])
    return s * s + (s + sum(xs[5:]) * xs[0])


def sums_of_zeros(xs):
    return engine.total([engine.total([0.0, 0, 0.0]) + xs[0], xs[1] * xs[2], 0.0]) + 0.0


SUMS = [sums_to_the_left, sums_to_the_right, sums_in_pairs, sums_that_others_read, sums_of_zeros]


@pytest.mark.parametrize("written", SUMS)
def test_sums_in_all_shapes_agree(written, gear, monkeypatch):
    monkeypatch.setattr("engine.native.module.SMALL", 0)
    xs = [Value(0.1 * k - 0.7) for k in range(14)]
    agree(written(xs), xs, rel=1e-12)


def test_lanes_are_found_where_terms_are_read_again(gear, monkeypatch):
    monkeypatch.setattr("engine.native.module.SMALL", 0)
    a, b, *xs = (Value(0.1 * k - 0.7) for k in range(16))
    below = (a * b).sin()
    terms = [(a * x + below).tanh() for x in xs]
    loss = engine.total([*terms, terms[0] * terms[1], terms[2], a]) * 0.5
    program = agree(loss, [a, b, *xs], rel=1e-12)
    assert program.lanes == [11]            # terms 0, 1 and 2 are read by others


def test_a_pair_of_terms_over_one_sample_is_one_lane(gear, monkeypatch):
    monkeypatch.setattr("engine.native.module.SMALL", 0)
    a, b, *xs = (Value(0.1 * k - 0.7) for k in range(22))
    hidden = [(a * x + b).tanh() for x in xs]
    program = agree(engine.total([f for h in hidden for f in (h * a, h.sin())]), [a, b, *xs],
                    rel=1e-12)
    assert program.lanes == [20]


def test_bytes_per_node_stay_flat_while_a_program_is_prepared():
    compile(sum(Value(0.1 * k) ** 2 for k in range(99)))        # loads what every program needs
    peaks = []
    for n in (5_000, 20_000):
        ws = [Value(0.001 * k) for k in range(n)]
        loss = sum((w * 0.5) ** 2 for w in ws)
        tracemalloc.start()
        program = compile(loss, parameters=ws)
        peaks.append(tracemalloc.get_traced_memory()[1] / program.size)
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] and peaks[1] < 500


def test_gradients_too_many_for_the_caches_are_stored_past_them(gear, monkeypatch):
    monkeypatch.setattr("engine.native.region.CACHES", 0)
    ws = [Value(0.001 * k - 0.2) for k in range(701)]
    program = agree(sum((w * (1 + 0.01 * (k % 10))) ** 2 for k, w in enumerate(ws)), ws)
    assert gear == "numpy" or "nontemporal" in program.source
    model, (xs, ys) = network("dot"), points(20)
    own, leaves = [Value(0.1 * y) for y in ys], [*model.parameters(), *flat(xs)]
    loss = sum((model(x) * w + x[0] - w) ** 2 for x, w in zip(xs, own))
    agree(loss, [*leaves, *own], rel=1e-12)


def test_a_penalty_on_shared_weights(gear, monkeypatch):
    monkeypatch.setattr("engine.native.module.SMALL", 0)
    model, (xs, ys) = network("dot"), points(20)
    parameters = model.parameters()
    for penalty in (lambda p: p ** 2, lambda p: p * p, abs, lambda p: (p * p + 1).sqrt()):
        agree(scalar_loss(model, xs, ys) + 0.01 * sum(penalty(p) for p in parameters), parameters)


def test_what_neither_repeats_nor_has_lanes_runs_in_groups(gear):
    draw = random.Random(3)
    nodes = [Value(0.5), Value(-0.3)]
    for _ in range(12_000):
        a, b = draw.choice(nodes[-10:]), draw.choice(nodes)
        nodes.append(draw.choice([a + b, a - b, (a * b).tanh(), a.sin(), (b * 0.3).exp()]) * 0.5)
    program = agree(nodes[-1] + nodes[-5], nodes[:2], rel=1e-12)
    assert program.gear == gear and not program.lanes
