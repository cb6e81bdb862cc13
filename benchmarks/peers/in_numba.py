"""Both passes written by hand as loops in Python, compiled by numba with fastmath."""

import numpy as np
from native_work import CHAIN, RATE, split


def numba(work, x, y, p):
    q, g = p.copy(), np.zeros(len(p))
    train = {"expression": expression, "chain": chain, "wide": wide, "network": network}.get(
        work, perceptron)(work, x, y, q, g)
    return (lambda rounds: train(rounds, RATE.get(work, 0.0))), lambda: (train(1, 0.0), g)


def expression(work, x, y, q, g):
    from numba import njit

    @njit(fastmath=True)
    def rounds_of(rounds, rate, q, g):
        for _ in range(rounds):
            a, b = q
            c = a + b
            c1 = c + c + 1
            c2 = c1 + 1 + c1 - a
            d = a * b + b**3
            d1 = d + d * 2 + max(b + a, 0.0)
            d2 = d1 + 3 * d1 + max(b - a, 0.0)
            e = c2 - d2
            f = e**2
            loss = f / 2 + 10 / f
            de = (0.5 - 10 / (f * f)) * 2 * e
            dr2, dr1 = -de if b > a else 0.0, -4 * de if b + a > 0 else 0.0
            g[0] = 3 * de + dr1 - dr2 - 12 * de * b
            g[1] = 4 * de + dr1 + dr2 - 12 * de * (a + 3 * b * b)
            q[0] -= rate * g[0]                     # so that no round can be left out
            q[1] -= rate * g[1]
        return loss

    return lambda rounds, rate: rounds_of(rounds, rate, q, g)


def chain(work, x, y, q, g):
    from numba import njit
    tape = np.zeros(CHAIN // 2)

    @njit(fastmath=True)
    def rounds_of(rounds, q, g, tape):
        for _ in range(rounds):
            a, b, out = q
            for k in range(len(tape)):
                tape[k] = out
                out = out * a + b
            d, ga, gb = 1.0, 0.0, 0.0
            for k in range(len(tape) - 1, -1, -1):
                gb += d
                ga += d * tape[k]
                d *= a
            g[0], g[1], g[2] = ga, gb, d
        return out

    return lambda rounds, rate: rounds_of(rounds, q, g, tape)


def wide(work, x, y, q, g):
    from numba import njit

    @njit(fastmath=True)
    def rounds_of(rounds, q, x, g):
        for _ in range(rounds):
            loss = 0.0
            for k in range(len(q)):
                t = q[k] * x[k]
                loss += t * t
                g[k] = 2 * t * x[k]
        return loss

    return lambda rounds, rate: rounds_of(rounds, q, x, g)


def network(work, x, y, q, g):
    from numba import njit

    @njit(fastmath=True)
    def rounds_of(rounds, rate, q, g, v, d, x, y):
        for _ in range(rounds):
            loss, inner, v[0] = 0.0, 0.0, x
            for k in range(3):
                W, b = q[12 * k:12 * k + 9], q[12 * k + 9:12 * k + 12]
                for j in range(3):
                    z = b[j] + v[k, 0] * W[j] + v[k, 1] * W[3 + j] + v[k, 2] * W[6 + j]
                    e = np.exp(z if k == 2 else -z) if k else 0.0
                    v[k + 1, j] = max(z, 0.0) if k == 0 else 1 / (1 + e) if k == 1 else e
            v[3] /= v[3, 0] + v[3, 1] + v[3, 2]
            for j in range(3):
                o = v[3, j]
                loss -= np.log(o) if y[j] else np.log(1 - o)
                d[j] = (o - y[j]) / (1 - o)
                inner += d[j]
            for j in range(3):
                d[j] -= v[3, j] * inner
            for k in range(2, -1, -1):
                W = q[12 * k:12 * k + 9]
                for j in range(3):
                    g[12 * k + 9 + j] = d[j]
                    for i in range(3):
                        g[12 * k + 3 * i + j] = d[j] * v[k, i]
                below = (d[0] * W[0] + d[1] * W[1] + d[2] * W[2],
                         d[0] * W[3] + d[1] * W[4] + d[2] * W[5],
                         d[0] * W[6] + d[1] * W[7] + d[2] * W[8])
                for i in range(3):
                    h = v[k, i]
                    d[i] = below[i] * (h * (1 - h) if k == 2 else 1.0 if h > 0 else 0.0)
            for k in range(36):
                q[k] -= rate * g[k]
        return loss

    v, d = np.zeros((4, 3)), np.zeros(3)
    return lambda rounds, rate: rounds_of(rounds, rate, q, g, v, d, x, y)


def perceptron(work, x, y, q, g):
    """Loops over rows of samples."""
    from numba import njit
    moons, n = work == "moons", len(y)
    rows, targets = np.ascontiguousarray(x.T), np.ascontiguousarray(np.atleast_2d(y.T))

    @njit(fastmath=True)
    def layer(W, b, h, z):
        for j in range(len(b)):
            z[j] = b[j]
            for i in range(len(h)):
                w = W[j, i]
                for s in range(h.shape[1]):
                    z[j, s] += w * h[i, s]

    @njit(fastmath=True)
    def layer_back(W, h, d, gW, gb, dh):
        dh[:] = 0.0
        for j in range(len(d)):
            gb[j] = d[j].sum()
            for i in range(len(h)):
                w, slope = W[j, i], 0.0
                for s in range(h.shape[1]):
                    slope += d[j, s] * h[i, s]
                    dh[i, s] += w * d[j, s]
                gW[j, i] = slope

    @njit(fastmath=True)
    def head(o, t, d):
        loss = 0.0
        for s in range(o.shape[1]):
            if moons:
                m = 1.0 - t[0, s] * o[0, s]
                loss += max(m, 0.0) / n
                d[0, s] = -t[0, s] / n if m > 0 else 0.0
                continue
            top, all_of = o[:, s].max(), 0.0
            for k in range(len(o)):
                d[k, s] = np.exp(o[k, s] - top)
                all_of += d[k, s]
            for k in range(len(o)):
                loss -= t[k, s] * (o[k, s] - top - np.log(all_of)) / n
                d[k, s] = (d[k, s] / all_of - t[k, s]) / n
        return loss

    @njit(fastmath=True)
    def rounds_of(rounds, rate, W, b, gW, gb, hs, ds, q, g):
        for _ in range(rounds):
            for k in range(len(W)):
                layer(W[k], b[k], hs[k], hs[k + 1])
                if k < len(W) - 1:
                    np.maximum(hs[k + 1], 0.0, hs[k + 1])
            loss = head(hs[-1], targets, ds[-1])
            for k in range(len(W) - 1, -1, -1):
                layer_back(W[k], hs[k], ds[k + 1], gW[k], gb[k], ds[k])
                if k:
                    np.multiply(ds[k], hs[k] > 0, ds[k])
            if moons:
                loss += 1e-4 * (q @ q)
                g += 2e-4 * q
            q -= rate * g
        return loss

    W, gW = split(q, work), split(g, work)
    hs = (rows, *(np.zeros((len(b), n)) for b in W[1::2]))
    ds = tuple(map(np.zeros_like, hs))
    parts = [tuple(a[k::2]) for a in (W, gW) for k in (0, 1)]
    return lambda rounds, rate: rounds_of(rounds, rate, *parts, hs, ds, q, g)
