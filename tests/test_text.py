"""Formulas as text and LaTeX: brackets where they are needed and nowhere else."""

import pytest

import engine
from engine import Value, dot, exp, identity, logsumexp, total
from engine.functions import over_list
from viz import expression, name
from viz.text import latex_name, number

W, x, b = Value(2.0, label="W1"), Value(-3.0, label="x"), Value(1.0, label="b1")

FORMULAS = [
    (dot((W,), (x,), b),        "W1 · x + b1",          r"W_1 \cdot x + b_1"),
    (dot([W, b], [x, x]),       "W1 · x + b1 · x",      r"W_1 \cdot x + b_1 \cdot x"),
    (total([W, x, -3.0]),       "W1 + x + (-3)",        r"W_1 + x + \left(-3\right)"),
    (W * -2,                    "W1 · (-2)",            r"W_1 \cdot \left(-2\right)"),
    (-2 + W,                    "-2 + W1",              r"-2 + W_1"),
    (-x * W,                    "(-x) · W1",            r"\left(-x\right) \cdot W_1"),
    (-(x + b),                  "-(x + b1)",            r"-\left(x + b_1\right)"),
    (-x + W,                    "-x + W1",              r"-x + W_1"),
    (W - (x - b),               "W1 - (x - b1)",        r"W_1 - \left(x - b_1\right)"),
    ((W - x) - b,               "W1 - x - b1",          r"W_1 - x - b_1"),
    ((x + b) * W,               "(x + b1) · W1",        r"\left(x + b_1\right) \cdot W_1"),
    (x / (W * b),               "x / (W1 · b1)",        r"\frac{x}{W_1 \cdot b_1}"),
    ((x + b) ** 2,              "(x + b1)^2",           r"{\left(x + b_1\right)}^{2}"),
    (x ** -2,                   "x^(-2)",               r"{x}^{-2}"),
    (exp(x) ** 2,               "exp(x)^2",             r"{\left(e^{x}\right)}^{2}"),
    (identity(x + b) * 2,       "identity(x + b1) · 2", r"\left(x + b_1\right) \cdot 2"),
    (engine.softmax([W])[0],     "softmax(W1)",          r"\operatorname{softmax}\left(W_1\right)"),
    (logsumexp([W, x]),         "logsumexp(W1, x)",     r"\ln\left(e^{W_1} + e^{x}\right)"),
    (Value(1, (x, b), "+"),     "x + b1",               "x + b_1"),
    (Value(1, (x, b), "foo"),   "foo(x, b1)",           r"\mathrm{foo}\left(x, b_1\right)"),
    (Value(1, (x, b), (1, 2)),  "f(x, b1)",             r"f\left(x, b_1\right)"),
    (Value(2.0) * Value(-3.0),  "2 · (-3)",             r"2 \cdot \left(-3\right)"),
]

LABELS = [
    ("W1", "W_1"), ("b12", "b_{12}"), ("x", "x"), ("loss", r"\mathrm{loss}"),
    ("alpha1", r"\alpha_1"), ("y_hat", r"\hat{y}"), ("y_hat[2]", r"\hat{y}_2"),
    ("W_ij[1,2]", "W_{i1j2}"), ("w[1,2]", "w_{1,2}"), ("h1_in[3]", "h1_{in,3}"),
    ("O_out[1]", "O_{out,1}"), ("50%_#{x}", r"\text{50\%\_\#\{x\}}"),
]


@pytest.mark.parametrize("node, text, latex", FORMULAS)
def test_brackets_stand_where_they_are_needed(node, text, latex):
    assert expression(node, depth=3) == text
    assert expression(node, depth=3, latex=True) == latex


@pytest.mark.parametrize("row", engine.ROWS, ids=lambda row: row.name)
def test_every_row_of_the_table_can_be_written(row):
    inputs = [Value(0.5, label=i) for i in (["x", "y"] if row.variadic else row.inputs.split())]
    node = over_list(row.name, inputs) if row.variadic else getattr(engine, row.name)(*inputs)
    for text in expression(node), expression(node, latex=True):
        assert "..." not in text and "None" not in text and "{x:" not in text
        assert text.count("{") == text.count("}") and text.count("(") == text.count(")")


@pytest.mark.parametrize("label, latex", LABELS)
def test_a_label_becomes_mathematics(label, latex):
    assert latex_name(label) == latex


@pytest.mark.parametrize("value, text", [
    (0.1 + 0.2, "0.3"), (1, "1"), (2.0, "2"), (-0.0, "0"), (599.4, "599.4"), (123456.7, "123457"),
    (1e-12, "1e-12"), (1234567.0, "1.235e+06"), (float("nan"), "nan"), (float("-inf"), "-inf")])
def test_a_number_is_short(value, text):
    assert number(value) == text


def test_a_number_in_latex_has_a_power_of_ten():
    assert number(1.5e-7, latex=True) == r"1.5 \cdot 10^{-7}"
    assert number(float("inf"), latex=True) == r"\infty"


def test_an_operand_too_deep_appears_by_name():
    node = (x * W + b) * 2
    assert expression(node) == "add · 2"
    assert expression(node, depth=2) == "(mul + b1) · 2"
    assert expression(node, depth=9) == "(x · W1 + b1) · 2"


def test_a_labelled_operand_is_not_spelled_out():
    z = x * W
    z.label = "z"
    assert expression(z + 1, depth=9) == "z + 1"
    assert expression(z + 1, names={z: "h"}) == "h + 1"


def test_a_long_list_is_cut_in_its_middle():
    xs = [Value(1.0, label=f"x{i}") for i in range(1, 10)]
    ws = [Value(1.0, label=f"w{i}") for i in range(1, 10)]
    assert expression(dot(ws, xs, b), terms=2) == "w1 · x1 + … + w9 · x9 + b1"
    assert expression(total(xs), terms=3, latex=True) == r"x_1 + x_2 + \dots + x_9"


def test_a_leaf_is_its_name():
    assert (expression(x), expression(Value(2.5)), name(x * W)) == ("x", "2.5", "mul")


def test_no_depth_is_too_deep():
    node = x
    for _ in range(100_000):
        node = node + 1
    assert expression(node, depth=10 ** 6).endswith(" + 1")


def test_a_shared_operand_does_not_explode():
    node = x
    for _ in range(200):
        node = node * node
    assert len(expression(node, depth=10 ** 6)) < 20_000
