"""drjit, whose arrays are lanes of compiled kernels.

The expression and the network are one symbolic loop over all rounds, with a backward pass in it;
moons has its samples in lanes and gathers its parameters, the wide sum is all lanes: these two are
frozen kernels, called round after round. Left out: digits, over whose kernel LLVM takes minutes,
and the chain, for the reverse of a loop ends at 65,536 rounds.
"""

import numpy as np
from native_work import RATE

from .losses import Plain, sample_loss, scalar_loss


def drjit(work, x, y, p):
    if work in ("digits", "chain"):
        return None
    import drjit as dr
    dr.set_thread_count(1)
    return (looped if work in ("expression", "network") else frozen)(work, x, y, p)


def like():
    import drjit as dr

    class Like(Plain):
        exp, log = dr.exp, dr.log

        @staticmethod
        def relu(v):
            return dr.select(v > 0.0, v, 0.0)

    return Like


def looped(work, x, y, p):
    import drjit as dr
    from drjit.llvm.ad import Float64, UInt32
    functions, descent = like(), RATE.get(work, 0.0)

    def one(k, rounds, rate, q, loss, grads):
        with dr.isolate_grad():
            leaves = [Float64(dr.detach(v)) for v in q]
            dr.enable_grad(*leaves)
            loss = scalar_loss(work, leaves, x, y, functions)
            dr.backward(loss)
            grads = list(map(dr.grad, leaves))
        return k + 1, rounds, rate, [v - rate * g for v, g in zip(q, grads)], dr.detach(loss), grads

    def run(rounds, rate=descent):
        state = (UInt32(0), dr.opaque(UInt32, rounds), dr.opaque(Float64, rate),
                 list(map(Float64, p.tolist())), Float64(0), [Float64(0) for _ in p])
        state = dr.while_loop(state, lambda k, rounds, *_: k < rounds, one)
        dr.eval(state)
        dr.sync_thread()
        return state

    def result():
        *_, loss, grads = run(1, 0.0)
        return loss[0], np.array([g[0] for g in grads])

    return run, result


def frozen(work, x, y, p):
    import drjit as dr
    from drjit.llvm.ad import Float64
    xs = [Float64(np.ascontiguousarray(column)) for column in np.atleast_2d(x.T)]
    ys = None if y is None else Float64(y)
    start, rate, functions = Float64(p), dr.opaque(Float64, RATE.get(work, 0.0)), like()

    @dr.freeze
    def step(q, xs, ys, rate):
        dr.enable_grad(q)
        loss = lanes_loss(work, q, xs, ys, functions)
        dr.backward(loss)
        grad = dr.detach(dr.grad(q))
        q = dr.detach(q)
        return dr.detach(loss), grad, q - rate * grad if work in RATE else q

    def run(rounds):
        q = Float64(start)
        for _ in range(rounds):
            loss, grad, q = step(q, xs, ys, rate)
        dr.eval(loss, grad, q)
        dr.sync_thread()
        return loss, grad

    def result():
        loss, grad = run(1)
        return loss[0], np.array(grad)

    return run, result


def lanes_loss(work, q, xs, ys, functions):
    import drjit as dr
    from drjit.llvm.ad import Float64, UInt32
    if work == "wide":
        return dr.sum(dr.square(q * xs[0]))
    n = len(ys)
    leaves = [dr.gather(Float64, q, dr.full(UInt32, k, n), mode=dr.ReduceMode.Expand)
              for k in range(len(q))]
    return dr.sum(sample_loss(work, leaves, xs, [ys], functions)) / n + 1e-4 * dr.sum(q * q)
