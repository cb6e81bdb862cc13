"""Symbolic expressions with their gradients, as programs: casadi's machine, casadi's C, heyoka."""

import ctypes
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
from native_work import CHAIN, NETWORKS, RATE, sizes

from .by_hand import HERE, address, library
from .losses import Plain, scalar_loss

CHUNK = 20                          # steps of the chain that casadi to C writes out


def scalar_like():
    import casadi as ca

    class Like(Plain):
        exp, log = ca.exp, ca.log

        @staticmethod
        def relu(v):
            return ca.fmax(v, 0.0)

    return Like


def casadi_function(work, x, y, p, *, mapped=False):
    """f(parameters) or, of the wide sum, f(parameters, x), with two results: loss and gradient.

    Networks are made of matrices, or of one sample's scalars, mapped over all samples.
    """
    import casadi as ca
    if work == "wide":
        q, data = ca.MX.sym("q", len(p)), ca.MX.sym("x", len(p))
        loss = ca.sumsqr(q * data)
        return ca.Function("f", [q, data], [loss, ca.gradient(loss, q)])
    if work not in NETWORKS:
        q = ca.SX.sym("q", len(p))
        loss = scalar_loss(work, [q[k] for k in range(len(p))], x, y, scalar_like())
        return ca.Function("f", [q], [loss, ca.gradient(loss, q)])
    X, Y, q = ca.DM(x.T), ca.DM(np.atleast_2d(y.T)), ca.MX.sym("q", len(p))
    if mapped:
        loss, grad = one_sample(work, X.shape[0], Y.shape[0], len(p)).map(
            "all", "serial", len(x), [0], [0, 1])(q, X, Y)
    else:
        loss = columns_loss(work, q, X, Y)
        grad = ca.gradient(loss, q)
    loss, grad = loss / len(x), grad / len(x)
    if work == "moons":
        loss, grad = loss + 1e-4 * ca.dot(q, q), grad + 2e-4 * q
    return ca.Function("f", [q], [loss, grad])


def one_sample(work, inputs, targets, n):
    import casadi as ca
    q, x, y = ca.SX.sym("q", n), ca.SX.sym("x", inputs), ca.SX.sym("y", targets)
    loss = columns_loss(work, q, x, y)
    return ca.Function("one", [q, x, y], [loss, ca.gradient(loss, q)])


def columns_loss(work, q, x, y):
    """The sum of the losses of all columns."""
    import casadi as ca
    h, at, n = x, 0, x.shape[1]
    for k, (a, b) in enumerate(pairwise(sizes(work))):
        W, bias = ca.reshape(q[at:at + a * b], a, b).T, q[at + a * b:at + a * b + b]
        h = W @ h + ca.repmat(bias, 1, n)
        h = ca.fmax(h, 0) if k < len(sizes(work)) - 2 else h
        at += a * b + b
    if work == "moons":
        return ca.sum2(ca.fmax(1 - y * h, 0))
    return ca.sum2(ca.log(ca.sum1(ca.exp(h))) - ca.sum1(y * h))


def casadi(work, x, y, p):
    """Its own machine, called with buffers round after round."""
    function = casadi_function(work, x, y, p)
    buffer, call = function.buffer()
    now, value, grad = p.copy(), np.zeros(1), np.zeros(len(p))
    for k, numbers in enumerate([now, x][:function.n_in()]):
        buffer.set_arg(k, memoryview(numbers))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(grad))

    def run(rounds):
        for _ in range(rounds):
            call()
            if work in RATE:
                now[:] -= RATE[work] * grad

    def result():
        now[:] = p
        call()
        return value[0], grad

    run.keep = function, buffer
    return run, result


def casadi_to_c(work, x, y, p):
    """casadi's graph as C, with the loop of casadi_loop.c around it, compiled by gcc."""
    if work == "chain":
        functions, sizes_of = chunk(), {"CHAIN": 1}
    else:
        function = casadi_function(work, x, y, p, mapped=work == "moons")
        functions = [function]
        sizes_of = {"ARGS": function.sz_arg() + 1, "RESULTS": function.sz_res(),
                    "WHOLE": function.sz_iw() + 1, "REAL": function.sz_w() + 1}
    loop = in_c(functions, sizes_of).loop
    loop.restype = ctypes.c_double
    n, rate = len(p) if work in RATE else 0, ctypes.c_double(RATE.get(work, 0.0))
    now, grad = p.copy(), np.zeros(len(p))
    data = np.zeros(CHAIN // 2 // CHUNK) if work == "chain" else x if work == "wide" else now

    def run(rounds):
        steps = ctypes.c_long(len(data) if work == "chain" else n)
        return loop(ctypes.c_long(rounds), rate, steps, address(now), address(data), address(grad))

    def result():
        value = run(1)
        now[:] = p
        return value, grad

    return run, result


def chunk():
    """Some steps of the chain, forward and back."""
    import casadi as ca
    q, slope = ca.SX.sym("q", 3), ca.SX.sym("slope")
    out = q[2]
    for _ in range(CHUNK):
        out = out * q[0] + q[1]
    return [ca.Function("forward", [q], [out]),
            ca.Function("back", [q, slope], [ca.jtimes(out, q, slope, True)])]


def in_c(functions, defined):
    """casadi_loop.c with these functions in it, compiled."""
    import casadi as ca
    with tempfile.TemporaryDirectory() as folder:
        made = ca.CodeGenerator("functions.c")
        for function in functions:
            made.add(function)
        made.generate(str(Path(folder)) + "/")
        return library(HERE / "casadi_loop.c", f"-I{folder}", "-fno-semantic-interposition",
                       *(f"-D{name}={n}" for name, n in defined.items()))


class WholeToo:
    """A heyoka expression that can be added to whole numbers, too."""

    def __init__(self, inside):
        self.inside = inside


def with_whole(name):
    def operator(self, *others):
        xs = [x.inside if isinstance(x, WholeToo) else float(x) for x in others]
        return WholeToo(getattr(self.inside, name)(*xs))
    return operator


for name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "neg"):
    setattr(WholeToo, f"__{name}__", with_whole(f"__{name}__"))


def heyoka(work, x, y, p):
    """Its expressions, with their gradient, as compiled functions."""
    if work in ("chain", "wide"):           # it would write all steps out
        return None
    import heyoka as hy

    class Like:
        exp, log, sum = hy.exp, hy.log, hy.sum

        @staticmethod
        def relu(v):
            return WholeToo(hy.relu(v.inside)) if isinstance(v, WholeToo) else hy.relu(v)

    leaves = list(hy.make_vars(*(f"w{k}" for k in range(len(p)))))
    numbers = list(map(WholeToo, leaves)) if work == "expression" else leaves
    loss = scalar_loss(work, numbers, x, y, Like)
    loss = loss.inside if work == "expression" else loss
    slopes = hy.diff_tensors([loss], diff_args=leaves, diff_order=1).gradient
    function = hy.cfunc([loss, *slopes], leaves, compact_mode=work in NETWORKS)
    now, out = p.copy(), np.zeros(len(p) + 1)

    def run(rounds):
        for _ in range(rounds):
            function(now, outputs=out)
            if work in RATE:
                now[:] -= RATE[work] * out[1:]

    def result():
        now[:] = p
        function(now, outputs=out)
        return out[0], out[1:].copy()

    return run, result
