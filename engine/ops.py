"""The table of operations: one row defines one operation, and everything else reads the row.

A row holds text, and nothing but mathematics:

    name      the method of Value and the function of engine
    symbol    what a picture shows
    inputs    the names of the inputs; "xs" stands for any number of them, and a first input "c" is
              a condition, for which functions take True and False as well
    forward   the value, in terms of the inputs; functions are those of ieee.py, lists.py, other rows
    slopes    one local partial derivative per input, in terms of the inputs and of the output z;
              for "xs" one expression for the list of all of them
    text      how a person writes it; {x:2} is the operand x, in brackets if it binds looser than 2;
    latex     the same for LaTeX; `...` repeats what stands before it for every further input
    binds     how tightly the result binds: SUM < PRODUCT < POWER < ATOM
    domain    for each input the interval on which tests sample it, clear of kinks and poles
    defaults  for the last inputs, when they may be left out
    also      other names: Python's operator method, numpy's name

The slopes are written in operations of the same table, so they run on floats (backward), on Values
(grad, to any order) and through a compiler alike. They keep five promises: a
slope is right also where its textbook form overflows or cancels; one-sided at the edge of a domain;
nan outside it (`valid`); in the middle at a kink (`above`); and an exact zero stops it (`chain`).

Start reading at the row `mul`. To add an operation, add a row.
"""

from dataclasses import dataclass

Interval = tuple[float, float]

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4

ANY: Interval = (-3.0, 3.0)
POSITIVE: Interval = (0.2, 4.0)
UNIT: Interval = (-0.9, 0.9)
BEYOND_1: Interval = (1.2, 4.0)
ABOVE_MINUS_1: Interval = (-0.8, 3.0)
AROUND_PI_HALF: Interval = (-1.3, 1.3)
LOW: Interval = (-3.0, -0.2)
NEAR_0: Interval = (0.01, 0.5)


@dataclass(frozen=True)
class Row:
    """One operation, as text. The columns are explained at the top of the file."""

    name: str
    symbol: str
    inputs: str
    forward: str
    slopes: tuple[str, ...]
    text: str
    latex: str
    binds: int
    domain: tuple[Interval, ...]
    defaults: tuple[float, ...] = ()
    also: str = ""

    @property
    def variadic(self) -> bool:
        """Whether the row takes any number of inputs."""
        return self.inputs == "xs"


def infix(name: str, symbol: str, forward: str, slopes: tuple[str, str], text: str, latex: str,
          binds: int, domain: tuple[Interval, Interval]) -> Row:
    """A row for one of Python's operators between two operands."""
    return Row(name, symbol, "x y", forward, slopes, text, latex, binds, domain, (),
               "__truediv__" if name == "div" else f"__{name}__")


def function(name: str, forward: str, slope: str, domain: Interval = ANY, latex: str = "",
             also: str = "") -> Row:
    """A row for a function of one number, written as a call."""
    return Row(name, name, "x", forward, (slope,), name + "({x:0})",
               latex or rf"\operatorname{{{{{name}}}}}\left({{x:0}}\right)", ATOM, (domain,), (), also)


def call(name: str, inputs: str, forward: str, slopes: tuple[str, ...], domain: tuple[Interval, ...],
         defaults: tuple[float, ...] = ()) -> Row:
    """A row for a function of several numbers, written as a call."""
    written = ", ".join(f"{{{i}:0}}" for i in inputs.split())
    shown = name.replace("_", r"\_")
    return Row(name, name, inputs, forward, slopes, f"{name}({written})",
               rf"\operatorname{{{{{shown}}}}}\left({written}\right)", ATOM, domain, defaults)


def over_list(name: str, symbol: str, forward: str, slopes: str, text: str, latex: str,
              binds: int = ATOM) -> Row:
    """A row over any number of inputs."""
    return Row(name, symbol, "xs", forward, (slopes,), text, latex, binds, (ANY,))


def named(command: str) -> str:
    """The LaTeX of a function that has a command of its own."""
    return rf"\{command}\left({{x:0}}\right)"


OPERATORS = (
    #     name    symbol  value      slopes                                          text               LaTeX                      binds    tested on
    infix("add",  "+",    "x + y",   ("1", "1"),                                     "{x:1} + {y:1}",   "{x:1} + {y:1}",           SUM,     (ANY, ANY)),
    infix("sub",  "-",    "x - y",   ("1", "-1"),                                    "{x:1} - {y:2}",   "{x:1} - {y:2}",           SUM,     (ANY, ANY)),
    infix("mul",  "*",    "x * y",   ("y", "x"),                                     "{x:2} · {y:2}",   r"{x:2} \cdot {y:2}",      PRODUCT, (ANY, ANY)),
    infix("div",  "/",    "x / y",   ("valid(1 / y, z)", "-z / y"),                  "{x:2} / {y:3}",   r"\frac{{{x:0}}}{{{y:0}}}", PRODUCT, (ANY, POSITIVE)),
    infix("pow",  "**",   "power(x, y)", ("chain(y, x ** (y - 1))",
                                      "where(x, chain(z, log(x)), where(step(-y), -z, 0))"),
                                                                                     "{x:4}^{y:4}",     "{{{x:4}}}^{{{y:0}}}",     POWER,   (POSITIVE, ANY)),
    Row("neg", "-", "x", "-x", ("-1",), "-{x:2}", "-{x:2}", SUM, (ANY,), (), "__neg__"),
)

FUNCTIONS = (
    #        name           value             slope                              tested on       LaTeX
    function("identity",    "x",              "1",                               ANY,            "{x:0}"),
    function("exp",         "exp(x)",         "z",                               ANY,            "e^{{{x:0}}}"),
    function("exp2",        "exp2(x)",        "LN2 * z",                         ANY,            "2^{{{x:0}}}"),
    function("expm1",       "expm1(x)",       "exp(x)"),
    function("log",         "log(x)",         "valid(1 / unsigned(x), z)",       POSITIVE,       named("ln")),
    function("log2",        "log2(x)",        "valid(LOG2E / unsigned(x), z)",   POSITIVE,       r"\log_2\left({x:0}\right)"),
    function("log10",       "log10(x)",       "valid(LOG10E / unsigned(x), z)",  POSITIVE,       r"\log_{{10}}\left({x:0}\right)"),
    function("log1p",       "log1p(x)",       "valid(1 / (1 + x), z)",           ABOVE_MINUS_1,  r"\ln\left(1 + {x:1}\right)"),
    function("sqrt",        "sqrt(x)",        "0.5 / unsigned(z)",               POSITIVE,       r"\sqrt{{{x:0}}}"),
    function("cbrt",        "cbrt(x)",        "1 / (3 * square(z))",             POSITIVE,       r"\sqrt[3]{{{x:0}}}"),
    function("square",      "x * x",          "2 * x",                           ANY,            r"{{{x:4}}}^2"),
    function("reciprocal",  "1 / x",          "-square(z)",                      POSITIVE,       r"\frac{{1}}{{{x:0}}}"),

    function("sin",         "sin(x)",         "cos(x)",                          ANY,            named("sin")),
    function("cos",         "cos(x)",         "-sin(x)",                         ANY,            named("cos")),
    function("tan",         "tan(x)",         "1 + square(z)",                   AROUND_PI_HALF, named("tan")),
    function("asin",        "asin(x)",        "1 / sqrt((1 - x) * (1 + x))",     UNIT,           named("arcsin"), "arcsin"),
    function("acos",        "acos(x)",        "-1 / sqrt((1 - x) * (1 + x))",    UNIT,           named("arccos"), "arccos"),
    function("atan",        "atan(x)",        "square(1 / hypot(1, x))",         ANY,            named("arctan"), "arctan"),
    function("sinh",        "sinh(x)",        "cosh(x)",                         ANY,            named("sinh")),
    function("cosh",        "cosh(x)",        "sinh(x)",                         ANY,            named("cosh")),
    function("tanh",        "tanh(x)",        "square(1 / cosh(x))",             ANY,            named("tanh")),
    function("asinh",       "asinh(x)",       "1 / hypot(1, x)",                 ANY,            "", "arcsinh"),
    function("acosh",       "acosh(x)",       "1 / (sqrt(x - 1) * sqrt(x + 1))", BEYOND_1,       "", "arccosh"),
    function("atanh",       "atanh(x)",       "valid(1 / ((1 - x) * (1 + x)), z)", UNIT,         "", "arctanh"),
    function("erf",         "erf(x)",         "TWO_OVER_SQRT_PI * gaussian(x)"),
    function("erfc",        "erfc(x)",        "-TWO_OVER_SQRT_PI * gaussian(x)"),
    function("gaussian",    "gaussian(x)",    "chain(-2 * x, z)",                ANY,            r"e^{{-{x:4}^2}}"),
    function("normal_cdf",  "normal_cdf(x)",  "normal_pdf(x)",                   ANY,            r"\Phi\left({x:0}\right)"),
    function("normal_pdf",  "normal_pdf(x)",  "chain(-x, z)",                    ANY,            r"\varphi\left({x:0}\right)"),

    function("sigmoid",     "sigmoid(x)",     "z * sigmoid(-x)",                 ANY,            r"\sigma\left({x:0}\right)"),
    function("logsigmoid",  "-softplus(-x)",  "sigmoid(-x)",                     ANY,            r"\ln\sigma\left({x:0}\right)"),
    function("softplus",    "softplus(x)",    "sigmoid(x)"),
    function("relu",        "0.0 if x < 0 else x", "step(x)",                    POSITIVE),
    function("gelu",        "gelu(x)",        "normal_cdf(x) + chain(x, normal_pdf(x))"),
    function("silu",        "silu(x)",        "sigmoid(x) + chain(x, sigmoid(x) * sigmoid(-x))"),
    function("abs",         "abs(x)",         "sign(x)",                         POSITIVE,       r"\left|{x:0}\right|", "__abs__"),
    function("sign",        "sign(x)",        "0",                               POSITIVE),
    function("step",        "step(x)",        "0",                               POSITIVE),
)

CALLS = (
    #    name          inputs    value                      slopes                                       tested on
    call("leaky_relu", "x a",    "x if x > 0 else a * x",   ("above(x, 0) + above(0, x) * a",
                                                             "minimum(x, 0)"),                           (LOW, NEAR_0),           (0.01,)),
    call("elu",        "x a",    "x if x > 0 else a * expm1(x)",
                                                            ("above(x, 0) + above(0, x) * a * exp(minimum(x, 0))",
                                                             "expm1(minimum(x, 0))"),                    (LOW, POSITIVE),         (1.0,)),
    call("maximum",    "x y",    "x if x >= y or x != x else y",
                                                            ("above(x, y)", "above(y, x)"),              (LOW, POSITIVE)),
    call("minimum",    "x y",    "x if x <= y or x != x else y",
                                                            ("above(y, x)", "above(x, y)"),              (LOW, POSITIVE)),
    call("clamp",      "x lo hi", "minimum(maximum(x, lo), hi)",
                                                            ("above(x, lo) * above(hi, maximum(x, lo))",
                                                             "above(lo, x) * above(hi, maximum(x, lo))",
                                                             "above(maximum(x, lo), hi)"),               (UNIT, LOW, BEYOND_1)),
    call("where",      "c x y",  "x if c else y",           ("0", "where(c, 1, 0)", "where(c, 0, 1)"),   (POSITIVE, ANY, ANY)),
    call("atan2",      "y x",    "atan2(y, x)",             ("where(hypot(x, y), x / hypot(x, y) / hypot(x, y), 0)",
                                                             "where(hypot(x, y), -y / hypot(x, y) / hypot(x, y), 0)"),
                                                                                                         (ANY, POSITIVE)),
    call("hypot",      "x y",    "hypot(x, y)",             ("where(z, x / z, 0)", "where(z, y / z, 0)"), (ANY, POSITIVE)),
    call("above",      "x y",    "above(x, y)",             ("0", "0"),                                  (LOW, POSITIVE)),
    Row("valid", "valid", "x y", "valid(x, y)", ("valid(1, y)", "0"), "{x:0}", "{x:0}", ATOM, (ANY, ANY)),
    Row("chain", "·", "x y", "chain(x, y)", ("y", "x"), "{x:2} · {y:2}", r"{x:2} \cdot {y:2}", PRODUCT, (ANY, ANY)),
)

LISTS = (
    #         name         symbol         value            slopes, all in one list                       text                            LaTeX
    over_list("total",     "Σ",           "total(xs)",     "[1] * len(xs)",                              "{x:1} + ...",                  "{x:1} + ...", SUM),
    over_list("dot",       "Σ·",          "dot(xs)",       "partners(xs)",                               "{x:2} · {y:2} + ...",          r"{x:2} \cdot {y:2} + ...", SUM),
    over_list("logsumexp", "logsumexp",   "logsumexp(xs)", "shares(xs)",                                 "logsumexp({x:0}, ...)",        r"\ln\left(e^{{{x:0}}} + ...\right)"),
    over_list("share",     "softmax",     "share(xs)",     "[z * total(shares(xs)[1:]), *[-z * s for s in shares(xs)[1:]]]",
                                                                                                         "softmax({x:0}, ...)",          r"\operatorname{{softmax}}\left({x:0}, ...\right)"),
    over_list("log_share", "log_softmax", "log_share(xs)", "[total(shares(xs)[1:]), *[-s for s in shares(xs)[1:]]]",
                                                                                                         "log_softmax({x:0}, ...)",      r"\ln\operatorname{{softmax}}\left({x:0}, ...\right)"),
)

ROWS = OPERATORS + FUNCTIONS + CALLS + LISTS
