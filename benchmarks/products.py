"""Matrix products as loops, against BLAS: `python benchmarks/products.py` prints a table.

A network of one hidden layer, n_in - hidden - 10, is recorded over a batch of samples, node by
node, and replayed on one thread: forward and backward, whose time goes into five matrix products,
W x of both layers and their gradients. BLAS does the same five products of the same sizes, by
numpy, and nothing else. `recorded` is what the recording and preparing took, once.
"""

import os

os.environ |= {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

import gc
import time

import numpy as np

import engine
import nn
from engine import Value

SIZES = ((64, 32, 32), (128, 64, 64), (256, 64, 128), (784, 100, 32), (256, 256, 128))
OUT = 10
SECONDS = 0.5


def least(run):
    """The least time of one run, of as many as fit into half a second."""
    best, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def recorded(n_in, hidden, samples):
    """A program of the network's loss over all samples."""
    draw = np.random.default_rng(0)
    model = nn.MLP(n_in, [hidden, OUT])
    outs = [model([Value(x) for x in row]) for row in draw.normal(size=(samples, n_in)).tolist()]
    labels = np.eye(OUT)[draw.integers(OUT, size=samples)].tolist()
    targets = [[Value(y) for y in row] for row in labels]
    loss = nn.categorical_cross_entropy(outs, targets, logits=True)
    return engine.compile(loss, parameters=model.parameters())


def products(n_in, hidden, samples):
    """The five products in numpy, into arrays that are there already."""
    draw = np.random.default_rng(0)
    x, h, o = (draw.normal(size=(samples, n)) for n in (n_in, hidden, OUT))
    W1, W2 = draw.normal(size=(hidden, n_in)), draw.normal(size=(OUT, hidden))
    into = [np.empty(shape) for shape in (h.shape, o.shape, W2.shape, h.shape, W1.shape)]

    def run():
        for a, b, out in zip((x, h, o.T, o, h.T), (W1.T, W2.T, h, W2, x), into):
            np.matmul(a, b, out=out)

    return run


def main():
    print(f"{'network':>12}{'samples':>9}{'loops':>11}{'BLAS':>11}{'ratio':>8}{'recorded':>11}")
    for n_in, hidden, samples in SIZES:
        gc.disable()
        start = time.perf_counter()
        program = recorded(n_in, hidden, samples)
        program.value()
        once = time.perf_counter() - start
        gc.enable()
        ours = least(lambda p=program: p.repeat(1, pull=False))
        blas = least(products(n_in, hidden, samples))
        print(f"{f'{n_in}-{hidden}-{OUT}':>12}{samples:>9}{1e6 * ours:>8.1f} us"
              f"{1e6 * blas:>8.1f} us{ours / blas:>7.2f}x{once:>9.1f} s", flush=True)


if __name__ == "__main__":
    main()
