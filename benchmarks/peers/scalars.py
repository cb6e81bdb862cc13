"""Graphs of scalars in Python: handgrad native and eager, micrograd, xad."""

import numpy as np
from native_work import LOSSES, RATE

from .losses import Plain, scalar_loss


def handgrad(work, x, y, p):
    import engine
    loss, parameters = LOSSES[work](x, y, p)
    program = engine.compile(loss, parameters=parameters)
    if work in RATE:
        def run(rounds):
            program.train(rounds, lr=RATE[work])
    else:
        def run(rounds):
            program.repeat(rounds, pull=False)
    return run, program.value_and_gradients


def called(work, x, y, p):
    """The program called from Python round after round, for the smallest work."""
    if work != "expression":
        return None
    import engine
    loss, parameters = LOSSES[work](x, y, p)
    program = engine.compile(loss, parameters=parameters)
    program.value_and_gradients()
    call = program.value_and_gradients

    def run(rounds):
        for _ in range(rounds):
            call()

    return run, call


def eager(work, x, y, p):
    def step():
        made, leaves = LOSSES[work](x, y, p, scalar=False)
        made.backward()
        return made.data, np.array([w.grad for w in leaves], dtype=float)

    return again(step), step


def micrograd(work, x, y, p):
    """It has no exp and no log, and recurs: a deep graph is beyond it."""
    if work not in ("expression", "moons"):
        return None
    from micrograd.engine import Value

    class Like(Plain):
        relu = Value.relu

    def step():
        leaves = [Value(v) for v in p.tolist()]
        loss = scalar_loss(work, leaves, x, y, Like)
        loss.backward()
        return loss.data, np.array([v.grad for v in leaves], dtype=float)

    return again(step), step


def xad(work, x, y, p):
    from xad import math
    from xad.adj_1st import Real, Tape

    class Like(Plain):
        exp, log = math.exp, math.log

        @staticmethod
        def relu(v):
            return v if v.getValue() > 0 else v * 0.0

    def step():
        with Tape() as tape:
            leaves = [Real(v) for v in p.tolist()]
            for v in leaves:
                tape.registerInput(v)
            tape.newRecording()
            loss = scalar_loss(work, leaves, x, y, Like)
            tape.registerOutput(loss)
            loss.setDerivative(1.0)
            tape.computeAdjoints()
            return loss.getValue(), np.array([v.getDerivative() for v in leaves])

    return again(step), step


def again(step):
    """One recording and one backward pass per round; a step of descent would be lost in them."""
    return lambda rounds: [step() for _ in range(rounds)]
