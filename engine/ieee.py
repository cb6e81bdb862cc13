"""Float functions that follow IEEE 754 and never raise.

Python's `math` raises where IEEE 754 has an answer: `math.log(0)`, `1 / 0`, `math.exp(1000)`.
The functions here give that answer: -inf, inf, inf; and nan outside a domain. Where the usual
formula would overflow or cancel (`sigmoid`, `softplus`) they use one that does not.

    from math, made total        exp log sqrt sin ... : the same values, without exceptions
    arithmetic                   div pow above valid chain
    bends                        sigmoid softplus gelu ...

Accuracy is a few units in the last place, also at +-1000 and beyond, unless a docstring says less.
"""

import math
from collections.abc import Callable

INF, NAN = math.inf, math.nan
LN2, LN10 = math.log(2), math.log(10)
LOG2E, LOG10E = 1 / LN2, 1 / LN10
SQRT_HALF, TWO_OVER_SQRT_PI = math.sqrt(0.5), 2 / math.sqrt(math.pi)
BELL = 1 / math.sqrt(2 * math.pi)

Unary = Callable[[float], float]


# ---- from math, made total

def never_raising(function: Unary, poles: dict[float, float] | None = None) -> Unary:
    """`function` with inf where it overflows, its limit at a pole and nan outside its domain."""
    limits = poles or {}

    def safe(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.copysign(INF, x) if function is math.sinh else INF
        except ValueError:
            return limits.get(x, NAN)

    safe.__wrapped__ = function                 # type: ignore[attr-defined]
    return safe


def _cube_root(x: float) -> float:
    y = math.copysign(abs(x) ** (1 / 3), x)
    return y - (y - x / y / y) / 3 if y and abs(y) < INF else y      # one step of Newton's method


exp   = never_raising(math.exp)
exp2  = never_raising(getattr(math, "exp2", lambda x: math.pow(2.0, x)))
expm1 = never_raising(math.expm1)
log   = never_raising(math.log,   {0.0: -INF})
log2  = never_raising(math.log2,  {0.0: -INF})
log10 = never_raising(math.log10, {0.0: -INF})
log1p = never_raising(math.log1p, {-1.0: -INF})
sqrt  = never_raising(math.sqrt)
cbrt  = never_raising(getattr(math, "cbrt", _cube_root))
sin   = never_raising(math.sin)
cos   = never_raising(math.cos)
tan   = never_raising(math.tan)
asin  = never_raising(math.asin)
acos  = never_raising(math.acos)
sinh  = never_raising(math.sinh)
cosh  = never_raising(math.cosh)
acosh = never_raising(math.acosh)
atanh = never_raising(math.atanh, {1.0: INF, -1.0: -INF})
atan, atan2, asinh, tanh = math.atan, math.atan2, math.asinh, math.tanh
hypot, erf, erfc         = math.hypot, math.erf, math.erfc


# ---- arithmetic

def div(x: float, y: float) -> float:
    """x / y, also for y = 0."""
    if y:
        return x / y
    return math.copysign(1.0, x) * math.copysign(INF, y) if x and x == x else NAN


def power(x: float, y: float) -> float:
    """x ** y as C's pow has it: 0 ** -1 = inf, (-8) ** (1/3) = nan; small ints stay ints."""
    try:
        z = x ** y if -64 < y < 64 else float(x) ** y       # no endless whole numbers
    except (OverflowError, ZeroDivisionError):
        odd = y % 2 == 1 and math.copysign(1.0, x) < 0
        return -INF if odd else INF
    return z if not isinstance(z, complex) else NAN


def unsigned(x: float) -> float:
    """x, and 0 for -0.0: where a domain begins at 0, 1 / x is +inf there."""
    return x + 0.0


def above(x: float, y: float) -> float:
    """1 where x > y, 0 where x < y, 1/2 where they tie: the slope of max(x, y) in x."""
    return 1.0 if x > y else 0.0 if x < y else 0.5 if x == y else NAN


def sign(x: float) -> float:
    """-1, 0 or 1."""
    return 1.0 if x > 0 else -1.0 if x < 0 else 0.0 if x == 0 else NAN


def step(x: float) -> float:
    """1 where x > 0, else 0."""
    return 1.0 if x > 0 else 0.0 if x <= 0 else NAN


def valid(x: float, y: float) -> float:
    """x, or nan where y is nan: keeps a slope inside the domain of its function."""
    return x if y == y else NAN


def chain(x: float, y: float) -> float:
    """x * y, where an exact zero wins over inf and nan: one link of the chain rule."""
    return x * y if x and y else 0.0


# ---- bends

def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), by the exponential that does not overflow."""
    e = math.exp(-abs(x))
    return (1.0 if x >= 0 else e) / (1.0 + e)


def softplus(x: float) -> float:
    """log(1 + exp(x))."""
    return (x if x > 0 else 0.0) + math.log1p(math.exp(-abs(x)))


def _split(x: float) -> tuple[float, float]:
    """x as high + low with 26 bits each (Veltkamp 1968), so that products of halves are exact."""
    c = 134217729.0 * x
    high = c - (c - x)
    return high, x - high


def product_error(x: float, y: float, product: float) -> float:
    """x * y - product exactly, for product = fl(x * y) (Dekker 1971)."""
    xh, xl = _split(x)
    yh, yl = _split(y)
    return ((xh * yh - product) + xh * yl + xl * yh) + xl * yl


def gaussian(x: float) -> float:
    """exp(-x * x); the rounding of x * x is put back, for the exponential would magnify it."""
    square = x * x
    if square > 750:
        return 0.0
    return math.exp(-square) * (1 - product_error(x, x, square))


def normal_pdf(x: float) -> float:
    """The normal density exp(-x * x / 2) / sqrt(2 pi)."""
    square = x * x
    if square > 1500:
        return 0.0
    return BELL * math.exp(-square / 2) * (1 - product_error(x, x, square) / 2)


def normal_cdf(x: float) -> float:
    """The normal distribution function erfc(-x / sqrt(2)) / 2."""
    t = -x * SQRT_HALF
    if not 1 < t < 30:
        return 0.5 * erfc(t)
    lost = product_error(-x, SQRT_HALF, t) + x * 4.833646656726457e-17   # sqrt(1/2) - SQRT_HALF
    return 0.5 * erfc(t) * (1 - (2 * t + 1 / t) * lost)


def gelu(x: float) -> float:
    """x * normal_cdf(x) (Hendrycks and Gimpel 2016, the exact form)."""
    return -0.0 if x < -40 else x * normal_cdf(x)


def silu(x: float) -> float:
    """x * sigmoid(x)."""
    return -0.0 if x < -800 else x * sigmoid(x)
