"""Both passes written by hand: C (native_hand.c, gcc -O3 -march=native) and numpy."""

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from native_work import CHAIN, NETWORKS, RATE, WIDE, split

HERE = Path(__file__).parent


def library(source, *options):
    """A C file, compiled by gcc and loaded."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "made.so"
        subprocess.run(["gcc", "-O3", "-march=native", "-fopenmp-simd", "-shared", "-fPIC",
                        *options, source, "-o", place, "-lm"], check=True)
        return ctypes.CDLL(str(place))


def address(array):
    return ctypes.c_void_p(array.ctypes.data)


def c(work, x, y, p):
    function = getattr(library(HERE.parent / "native_hand.c"), work)
    function.restype = ctypes.c_double
    q, g, tape = p.copy(), np.zeros(len(p)), np.zeros(CHAIN // 2 + 1)
    rows = [padded(a) if work in NETWORKS else a for a in (x, y)]
    pointers = [address(a) for a in (q, g, *(r for r in rows if r is not None))]

    def call(rounds, rate):
        n = ctypes.c_long(rounds)
        if work == "expression":
            return function(n, *pointers)
        if work == "chain":
            return function(n, ctypes.c_long(CHAIN), *pointers, address(tape))
        if work == "wide":
            return function(n, ctypes.c_long(WIDE), pointers[0], pointers[2], pointers[1])
        return function(n, ctypes.c_double(rate), *pointers)

    call.keep = q, g, rows, tape            # only their addresses are passed
    return (lambda rounds: call(rounds, RATE.get(work, 0.0))), lambda: (call(1, 0.0), g)


def padded(samples):
    """One row of samples per column, filled up with zeros to vectors of eight, at 64 bytes."""
    columns = np.atleast_2d(samples.T)
    width = -(-columns.shape[1] // 8) * 8
    raw = np.zeros(columns.shape[0] * width + 8)
    start = -(raw.ctypes.data // 8) % 8
    rows = raw[start:start + columns.shape[0] * width].reshape(columns.shape[0], width)
    rows[:, :columns.shape[1]] = columns
    return rows


def numpy(work, x, y, p):
    if work in ("expression", "chain"):         # they have no arrays
        return None
    q = p.copy()
    both = {"wide": squares, "network": three_layers}.get(work, perceptron)(work, x, y, q)

    def run(rounds):
        for _ in range(rounds):
            g = both()[1]
            if work in RATE:
                q[:] -= RATE[work] * g

    return run, both


def squares(work, x, y, q):
    t, g = np.empty(len(q)), np.empty(len(q))

    def both():
        np.multiply(q, x, out=t)
        np.multiply(t, x, out=g)
        np.multiply(g, 2.0, out=g)
        return t @ t, g

    return both


def three_layers(work, x, y, q):
    W1, b1, W2, b2, W3, b3 = split(q, work)

    def both():
        h = np.maximum(x @ W1 + b1, 0.0)
        s = 1.0 / (1.0 + np.exp(-(h @ W2 + b2)))
        e = np.exp(s @ W3 + b3)
        o = e / e.sum()
        d = (o - y) / (1.0 - o)                 # of binary cross-entropy by o, times o
        d3 = d - o * d.sum()
        d2 = (W3 @ d3) * s * (1.0 - s)
        d1 = (W2 @ d2) * (h > 0)
        g = [np.outer(x, d1).ravel(), d1, np.outer(h, d2).ravel(), d2, np.outer(s, d3).ravel(), d3]
        return -(y * np.log(o) + (1.0 - y) * np.log(1.0 - o)).sum(), np.concatenate(g)

    return both


def perceptron(work, x, y, q):
    W = split(q, work)

    def both():
        hs = [x]
        for k in range(0, len(W), 2):
            z = hs[-1] @ W[k].T + W[k + 1]
            hs.append(np.maximum(z, 0.0) if k < len(W) - 2 else z)
        loss, d = margins(hs[-1], y) if work == "moons" else entropy(hs[-1], y)
        grads = []
        for k in reversed(range(0, len(W), 2)):
            grads = [(d.T @ hs[k // 2]).ravel(), d.sum(0), *grads]
            if k:
                d = (d @ W[k]) * (hs[k // 2] > 0)
        g = np.concatenate(grads)
        return (loss + 1e-4 * (q @ q), g + 2e-4 * q) if work == "moons" else (loss, g)

    return both


def margins(z, y):
    m = 1.0 - y * z[:, 0]
    return np.maximum(m, 0.0).mean(), (-(y * (m > 0)) / len(y))[:, None]


def entropy(z, y):
    e = np.exp(z - z.max(1, keepdims=True))
    s = e / e.sum(1, keepdims=True)
    return -(y * np.log(s)).sum() / len(y), (s - y) / len(y)
