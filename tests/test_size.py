"""A million operations: chains, fans and products build, differentiate, copy and die quietly."""

import copy
import gc
import pickle
import sys
import threading
import time
import tracemalloc

import pytest

from engine import Value, grad

N = 10 ** 6


def chain(n):
    x = Value(1.0)
    y = x
    for _ in range(n):
        y = y + 1.0
    return x, y, 1.0


def fan(n):
    x = Value(2.0)
    return x, sum((x * 1.0 for _ in range(n // 2)), Value(0.0)), n // 2


def product(n):
    x = Value(1.0)
    y = x
    for _ in range(n):
        y = y * x
    return x, y, n + 1


@pytest.mark.parametrize("build", [chain, fan, product])
def test_a_million_operations_build_and_differentiate(build):
    limit = sys.getrecursionlimit()
    x, y, slope = build(N)
    y.backward()
    assert x.grad == slope
    assert grad(y, x).data == slope
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda y: pickle.loads(pickle.dumps(y))])
def test_a_million_operations_copy(twin):
    _, y, slope = chain(N)
    again = twin(y)
    del y
    again.backward()
    leaf = again
    while leaf._prev:
        leaf = leaf._prev[0]
    assert leaf.grad == slope


def test_a_long_chain_in_a_thread_with_a_small_stack():
    found = []

    def work():
        x, y, _ = chain(N // 4)
        y.backward()
        again = pickle.loads(pickle.dumps(copy.deepcopy(y)))
        found.append((x.grad, again.data))

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert found == [(1.0, N // 4 + 1.0)]


def test_at_most_250_bytes_per_operation():
    gc.collect()
    tracemalloc.start()
    x = Value(1.0)
    y = x
    for _ in range(100_000):
        y = y * x
    y.backward()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / 100_000 <= 250 and peak / 100_000 <= 250


def test_threads_on_separate_graphs_are_exact():
    def work(k, found):
        x = Value(1.0 + k)
        for _ in range(20):
            y = x
            for _ in range(200):
                y = y * 1.001 + x.sin()
            x.grad = 0
            y.backward()
            time.sleep(0)
        found[k] = x.grad

    alone, together = {}, {}
    for k in range(4):
        work(k, alone)
    threads = [threading.Thread(target=work, args=(k, together)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert together == alone
