"""The mathematics of every row once more, in mpmath at 60 digits: the truth the tests compare with.

These functions are written from the definitions, not from the table, so that a slip in the table
cannot hide in its own reflection.
"""

import mpmath as mp

mp.mp.dps = 60
half = mp.mpf(1) / 2


def softmax(xs):
    s = sum(mp.exp(x) for x in xs)
    return [mp.exp(x) / s for x in xs]


def dot(*xs):
    n = len(xs) // 2
    return sum(w * x for w, x in zip(xs[:n], xs[n:2 * n])) + sum(xs[2 * n:])


def cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


TRUTH = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "pow": lambda x, y: x ** y,
    "neg": lambda x: -x,
    "identity": lambda x: x,
    "exp": mp.exp,
    "exp2": lambda x: mp.mpf(2) ** x,
    "expm1": mp.expm1,
    "log": mp.log,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "log1p": mp.log1p,
    "sqrt": mp.sqrt,
    "cbrt": lambda x: mp.sign(x) * mp.root(abs(x), 3),
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "gaussian": lambda x: mp.exp(-x * x),
    "normal_cdf": cdf,
    "normal_pdf": lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "logsigmoid": lambda x: -mp.log1p(mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "relu": lambda x: max(x, mp.mpf(0)),
    "gelu": lambda x: x * cdf(x),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "abs": abs,
    "sign": mp.sign,
    "step": lambda x: mp.mpf(x > 0),
    "leaky_relu": lambda x, a: x if x > 0 else a * x,
    "elu": lambda x, a: x if x > 0 else a * mp.expm1(x),
    "maximum": max,
    "minimum": min,
    "clamp": lambda x, lo, hi: min(max(x, lo), hi),
    "where": lambda c, x, y: x if c else y,
    "atan2": mp.atan2,
    "hypot": mp.hypot,
    "above": lambda x, y: (mp.sign(x - y) + 1) / 2,
    "valid": lambda x, y: x,
    "chain": lambda x, y: x * y,
    "total": lambda *xs: sum(xs),
    "dot": dot,
    "logsumexp": lambda *xs: mp.log(sum(mp.exp(x) for x in xs)),
    "share": lambda *xs: softmax(xs)[0],
    "log_share": lambda *xs: mp.log(softmax(xs)[0]),
}


def value(name, xs):
    """The value of a row at floats xs, as a 60-digit number."""
    return mp.mpf(TRUTH[name](*map(mp.mpf, xs)))


def slope(name, xs, i, order=1):
    """The partial derivative of a row by its input i at floats xs, as a 60-digit number."""
    def along(t):
        return TRUTH[name](*(t if k == i else mp.mpf(x) for k, x in enumerate(xs)))

    with mp.workdps(100):
        return mp.diff(along, mp.mpf(xs[i]), order, h=mp.mpf(10) ** -25, relative=False)


def mixed(name, xs, i, j):
    """The second partial derivative by inputs i and j."""
    def by_i(t):
        return slope(name, [t if k == j else x for k, x in enumerate(xs)], i)

    with mp.workdps(100):
        return mp.diff(by_i, mp.mpf(xs[j]), h=mp.mpf(10) ** -12)
