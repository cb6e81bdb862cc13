"""jax, autograd and pytensor: losses.tensor_loss with their functions."""

import numpy as np
from native_work import CHAIN, RATE

from .losses import arrays, flat, step_by_step, tensor_loss


def jax(work, x, y, p):
    """All rounds in one lax.fori_loop; the chain is a lax.scan, eight steps at a time."""
    import jax
    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    from jax import lax, nn

    class Like:
        relu, sigmoid, softmax, log_softmax, log = (nn.relu, nn.sigmoid, nn.softmax,
                                                    nn.log_softmax, jnp.log)

    def chain(q):
        return lax.scan(lambda out, _: (out * q[0] + q[1], None), q[2], None, length=CHAIN // 2,
                        unroll=8)[0]

    both = jax.value_and_grad(chain if work == "chain" else
                              lambda q: tensor_loss(work, q, x, y, Like))
    if work == "wide":
        return jax_calls(jax.jit(lambda q, old: both(q), donate_argnums=1, keep_unused=True),
                         [jnp.array(p)])

    def step(_, state):
        q, rate, _ = state
        value, grads = both(q)
        return [w - rate * g for w, g in zip(q, grads)], rate, value

    @jax.jit
    def loop(rounds, q, rate):
        return lax.fori_loop(0, rounds, step, (q, rate, 0.0))

    start = list(map(jnp.array, arrays(work, p)))

    def result():
        moved, _, loss = loop(1, start, 1.0)
        return float(loss), flat(start) - flat(moved)

    return lambda rounds: loop(rounds, start, RATE.get(work, 0.0))[2].block_until_ready(), result


def jax_calls(both, q):
    """Call after call, each into the memory of the last gradients."""
    found = both(q, [w + 0.0 for w in q])

    def run(rounds):
        nonlocal found
        for _ in range(rounds):
            found = both(q, found[1])
        found[0].block_until_ready()

    return run, lambda: (float(found[0]), flat(found[1]))


def autograd(work, x, y, p):
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    class Like:
        log = anp.log

        @staticmethod
        def relu(v):
            return anp.maximum(v, 0.0)

        @staticmethod
        def sigmoid(v):
            return 1.0 / (1.0 + anp.exp(-v))

        @staticmethod
        def softmax(v):
            e = anp.exp(v)
            return e / e.sum()

        @staticmethod
        def log_softmax(v):
            return v - logsumexp(v, axis=1, keepdims=True)

    def loss(q):
        return step_by_step(*q) if work == "chain" else tensor_loss(work, arrays(work, q), x, y,
                                                                    Like)

    both = value_and_grad(loss)

    def run(rounds):
        q = p.copy()
        for _ in range(rounds):
            q = q - RATE.get(work, 0.0) * both(q)[1]

    return run, lambda: both(p)


def pytensor(work, x, y, p):
    """All rounds in one scan; the wide sum is called, and the chain a scan of its own."""
    import pytensor as pt
    import pytensor.tensor as T

    class Like:
        sigmoid, log = T.sigmoid, T.log

        @staticmethod
        def relu(v):
            return T.maximum(v, 0.0)

        @staticmethod
        def softmax(v):
            return T.special.softmax(v, axis=-1)

        @staticmethod
        def log_softmax(v):
            return T.special.log_softmax(v, axis=-1)

    X, Y = (None if a is None else T.constant(a) for a in (x, y))
    start = list(map(np.array, arrays(work, p)))

    def both(*q):
        if work == "chain":
            loss = pt.scan(lambda out, a, b: out * a + b, outputs_info=[q[2]], n_steps=CHAIN // 2,
                           non_sequences=q[:2], return_updates=False)[-1]
        else:
            loss = tensor_loss(work, q, X, Y, Like)
        return [loss, *T.grad(loss, list(q))]

    if work in ("wide", "chain"):
        leaves = [T.as_tensor(w).type() for w in start]
        call = pt.function(leaves, both(*leaves), trust_input=True)
        return ((lambda rounds: [call(*start) for _ in range(rounds)]),
                lambda: (call(*start)[0], flat(call(*start)[1:])))

    def step(_, *state):
        *q, rate = state
        loss, *grads = both(*q)
        return [loss, *(w - rate * g for w, g in zip(q, grads))]

    rounds, rate = T.lscalar(), T.dscalar()
    states = pt.scan(step, outputs_info=[T.constant(np.zeros(())), *map(T.constant, start)],
                     non_sequences=[rate], n_steps=rounds, return_updates=False)
    loop = pt.function([rounds, rate], [s[-1] for s in states], trust_input=True)
    at = np.array(RATE.get(work, 0.0))

    def result():
        loss, *moved = loop(np.array(1), np.array(1.0))
        return loss, flat(start) - flat(moved)

    return (lambda n: loop(np.array(n), at)), result
