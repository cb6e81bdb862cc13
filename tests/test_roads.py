"""Random programs over all rows: eager, gradient as a graph, jvp and differences all agree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine import Value, check_gradients, grad, jvp
from engine.value import make

PICKS = st.lists(st.integers(0, 50), min_size=5, max_size=5)
STEPS = st.lists(st.tuples(st.sampled_from(engine.ROWS), PICKS), min_size=1, max_size=12)
START = st.lists(st.floats(-2, 2), min_size=2, max_size=4)


def into(v, interval):
    """v squeezed smoothly into the interval on which a row is tested."""
    low, high = interval
    return low + (high - low) * engine.sigmoid(v)


def run(steps, leaves):
    """The last node of a program, each step taking earlier nodes by number."""
    nodes = list(leaves)
    for row, picks in steps:
        domain = row.domain * 4 if row.variadic else row.domain
        inputs = [into(nodes[-1 - k % len(nodes)], d) for k, d in zip(picks, domain)]
        nodes.append(make(engine.rules.RULES[row.name], inputs))
    return nodes[-1] + 0.1 * sum(nodes)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(STEPS, START)
def test_all_roads_agree_on_random_programs(steps, start):
    leaves = [Value(x) for x in start]
    y = run(steps, leaves)
    y.backward()
    eager = [v.grad for v in leaves]
    graph = [g.data for g in grad(y, leaves)]
    assert graph == pytest.approx(eager, rel=1e-11, abs=1e-13)
    along = jvp(y, leaves, [1.0] * len(leaves))[1].data
    assert along == pytest.approx(sum(eager), rel=1e-10, abs=1e-12)
    report = check_gradients(lambda: run(steps, leaves), leaves, tolerance=1e-5)
    assert report, f"{report}"


@settings(max_examples=25, deadline=None, derandomize=True)
@given(STEPS.filter(lambda steps: len(steps) < 5), START)
def test_second_derivatives_of_random_programs_agree(steps, start):
    leaves = [Value(x) for x in start]
    report = check_gradients(lambda: run(steps, leaves), leaves, order=2, tolerance=1e-4)
    assert report, f"{report}"
