"""Derivations: numbered steps from the output back to a parameter, as a person would write them."""

import html.parser
import math
import random
import re
from pathlib import Path

import pytest

from engine import ROWS, Value, exp, grad, relu, sigmoid, square, tanh, total
from engine.rules import RULES
from engine.value import make
from nn import MLP, networks
from viz import derive
from viz.page import page


@pytest.fixture
def linear():
    net = networks.linear_1_1_1()
    return net, net.loss()


@pytest.fixture
def deep():
    net = networks.relu_sigmoid_softmax_3_3_3()
    return net, net.loss()


def x_and_k():
    return Value(0.5, label="x"), Value(-2.0, label="k")


# ---- steps

@pytest.mark.row("C000-08", "C000-10")
def test_a_derivation_is_a_numbered_list_of_steps(linear):
    net, loss = linear
    assert str(derive(loss, net.W3, net)).splitlines() == [
        "∂loss/∂W3",
        "",
        "1. power rule, sum rule: loss = (y_hat - y)², so",
        "   ∂loss/∂y_hat = 2 · (y_hat - y) = 2 · (1.116 - 4) = -5.768",
        "2. identity: y_hat = z3, so ∂y_hat/∂z3 = 1 and ∂loss/∂z3 = ∂loss/∂y_hat = -5.768",
        "3. constant factor: z3 = W3 · h2 + b3, so ∂z3/∂W3 = h2 = 0.68",
        "   chain rule: ∂loss/∂W3 = ∂loss/∂z3 · ∂z3/∂W3 = -5.768 · 0.68 = -3.922",
        "",
        "∂loss/∂W3 = 2 · (y_hat - y) · h2 = 2 · (1.116 - 4) · 0.68 = -5.768 · 0.68 = -3.922"]


@pytest.mark.row("C000-11", "C000-17")
def test_the_closed_forms_gain_one_weight_per_layer(linear):
    net, loss = linear
    assert [derive(loss, p, net).closed for p in net.parameters()] == [
        "2 · (y_hat - y) · W3 · W2 · x", "2 · (y_hat - y) · W3 · W2",
        "2 · (y_hat - y) · W3 · h1", "2 · (y_hat - y) · W3",
        "2 · (y_hat - y) · h2", "2 · (y_hat - y)"]


@pytest.mark.row("C000-12")
def test_one_line_is_formula_numbers_partial_product_and_result(linear):
    net, loss = linear
    assert str(derive(loss, net.W2, detail="line")) == (
        "∂loss/∂W2 = 2 · (y_hat - y) · W3 · h1 = 2 · (1.116 - 4) · 1.2 · 1.1 "
        "= -5.768 · 1.2 · 1.1 = -7.614")


def test_every_node_has_a_step_where_that_is_asked_for(linear):
    net, loss = linear
    d = derive(loss, net.W3, net, detail="nodes")
    assert [s.name for s in d.steps] == ["v1", "y_hat", "z3", "W3"]
    assert "1. power rule: loss = v1², so ∂loss/∂v1 = 2 · v1 = 2 · (-2.884) = -5.768" in str(d)


def test_every_result_is_the_gradient_at_every_level_of_detail():
    for net in (networks.linear_1_1_1(), networks.relu_sigmoid_softmax_3_3_3()):
        loss = net.loss()
        true = [g.data for g in grad(loss, net.parameters())]
        for detail in ("line", "steps", "nodes"):
            found = derive(loss, net, detail=detail).results
            assert list(found.values()) == pytest.approx(true, rel=1e-12)
            assert list(found) == [name for name, _ in net.named_parameters()]


@pytest.mark.row("C001-12", "C001-16", "C001-17", "C001-21")
def test_fan_out_is_a_sum_over_paths_term_by_term(deep):
    net, loss = deep
    d = derive(loss, net.W_jk[2][0], net)
    steps = {s.name: s for s in d.steps}
    terms = steps["h2_out[1]"].terms
    assert [t.slope_formula for t in terms] == ["W_kl[1,1]", "W_kl[1,2]", "W_kl[1,3]"]
    assert sum(t.product for t in terms) == steps["h2_out[1]"].result
    assert steps["h2_out[1]"].rule == "sum over 3 paths"
    into = steps["O_in[3]"].terms
    assert [t.slope_formula for t in into] == [
        "-O_out[1] · O_out[3]", "-O_out[2] · O_out[3]", "O_out[3] · (O_out[1] + O_out[2])"]
    added = "= " + " + ".join(f"({t})" if i and t.startswith("-") else t for i, t in enumerate(
        d.shown(t.product) for t in terms)) + f" = {d.shown(steps['h2_out[1]'].result)}"
    assert added in str(d)


def test_slopes_are_written_as_in_textbooks(deep):
    net, loss = deep
    steps = {s.name: s for s in derive(loss, net.W_ij[1][0], net).steps}
    assert steps["h2_in[1]"].terms[0].slope_formula == "h2_out[1] · (1 - h2_out[1])"
    assert steps["O_out[3]"].terms[0].slope_formula == "1 / (1 - O_out[3])"
    x, _ = x_and_k()
    h = tanh(x)
    h.label = "h"
    assert derive(h, x).closed == "1 - h²"


def test_the_paths_add_up(deep):
    net, loss = deep
    d = derive(loss, net.W_ij[1][0], net)
    assert len(d.paths) == 27
    assert sum(p.product for p in d.paths) == pytest.approx(d.result)
    assert all(math.prod(p.factors) == pytest.approx(p.product) for p in d.paths)
    assert d.paths[0].names[:2] == ("W_ij[2,1]", "h1_in[1]") and d.paths[0].names[-1] == "loss"
    assert "path by path, 0.06804 in all:" in str(derive(loss, net.W_jk[2][0], net))


# ---- rules and simplification

def test_every_step_names_its_rule():
    x, k = x_and_k()
    for y, rules in ((k * x, "constant factor"), (x + k, "sum rule"), (x - k, "sum rule"),
                     (x * x, "product rule"), (x ** 3, "power rule"), (x / k, "constant factor"),
                     (k / x, "quotient rule"), (sigmoid(x), "slope of sigmoid"),
                     ((x * k) ** 2, "power rule, constant factor"), (-x, "constant factor"),
                     (2.0 ** x, "slope of **"), (x.identity(), "identity")):
        assert derive(y, x).steps[0].terms[0].rule == rules


def test_nothing_is_written_that_a_person_would_leave_out():
    x, k = x_and_k()
    for y, formula in ((x * 1 + 0, "1"), (-(0 - x), "1"), (-x * -k, "k"), (x * x, "2 · x"),
                       (x * x * x, "3 · x²"), (x ** 2, "2 · x"), (x / 1, "1"), (0.5 * x ** 2, "x"),
                       (3 * (2 * x), "6"), (x / 3, "1 / 3"), (k / x, "-y / x"),
                       (x.identity() * k, "k"), (1 - x, "-1"), (exp(x), "y"),
                       ((x - k) ** 2, "2 · (x - k)"), ((k - x) ** 2, "-2 · (k - x)")):
        assert derive(y, x).closed == formula, formula


def test_every_row_is_derived_and_its_formula_has_the_right_number():
    draw = random.Random(3)
    for row in ROWS:
        domains = row.domain * 3 if row.variadic else row.domain
        xs = [Value(draw.uniform(*d), label=f"a{i}") for i, d in enumerate(domains)]
        y = make(RULES[row.name], xs)
        for x, true in zip(xs, grad(y, xs)):
            d = derive(y, x, digits=15)
            assert d.result == pytest.approx(true.data, rel=1e-12, abs=1e-12), row.name
            formula = d.plan.edges[x][0].formula.data
            assert formula == pytest.approx(true.data, rel=1e-9, abs=1e-12), row.name
            assert d.latex() and d.markdown()


def test_numbers_put_in_give_the_result_when_computed():
    draw = random.Random(5)
    for _ in range(30):
        x, k, w = (Value(draw.uniform(-2, 2), label=n) for n in "xkw")
        y = (k * x - w) ** 2 * 3 - (x * w + 1 / (2 + x * x)) + w * w * x
        for term in derive(y, x, digits=12).steps[-1].terms:
            for side in term.sides[1:]:
                plain = side.text.replace("·", "*").replace("²", "**2").replace("^", "**")
                assert eval(plain) == pytest.approx(term.slope, rel=1e-8, abs=1e-8)


def test_nothing_is_said_twice(linear):
    x, k = x_and_k()
    assert str(derive(k * x, x)).splitlines()[2:] == [
        "1. constant factor: y = k · x, so ∂y/∂x = k = -2"]
    net, loss = linear
    assert str(derive(loss, net)).count("z2 = W2 · h1 + b2") == 1


def test_parts_without_a_name_get_one_where_they_are_used_twice_or_long():
    x, k = x_and_k()
    u = x + k
    assert "with v1 = x + k" in str(derive(u * exp(u), x))
    many = [Value(0.1 * i, label=f"a_long_name_of_input_{i}") for i in range(9)]
    d = derive(total([(a - x) ** 2 for a in many]) / 9, x)
    assert max(map(len, str(d).splitlines())) <= 110 and "with v1 = (a_long_name_of" in str(d)


def test_deep_and_wide_graphs_are_derived():
    x = Value(0.5, label="x")
    y = x
    for _ in range(2000):
        y = y * 0.9999 + 0.001 * x
    assert derive(y, x, detail="line").result == pytest.approx(grad(y, x).data)
    z = total([x * Value(float(i), label=f"k{i}") for i in range(500)])
    assert derive(z, x).result == 499 * 250
    for _ in range(500):
        z = z + x
    assert derive(z, x).result == 499 * 250 + 500


def test_a_repeated_input_is_one_term_and_x_itself_is_1():
    x = Value(3.0, label="x")
    d = derive(x * x, x)
    assert [t.slope_formula for t in d.steps[0].terms] == ["2 · x"] and d.result == 6.0
    assert derive(x, x).result == 1.0 and str(derive(x, x))


def test_a_slope_given_by_hand_is_taken_as_it_is_and_a_function_refused():
    a = Value(2.0, label="a")
    made = Value(8.0, (a,), (12.0,), label="cube")
    assert derive(made * 2, a).result == 24.0
    blind = Value(8.0, (a,), "cube")
    blind._backward = lambda: None
    with pytest.raises(ValueError, match="made by hand with a _backward function"):
        derive(blind * 2, a)


# ---- several targets

@pytest.mark.row("C000-09")
def test_shared_steps_are_written_once(linear):
    net, loss = linear
    d = derive(loss, net)
    names = [s.name for s in d.steps]
    assert names == ["y_hat", "z3", "W3", "b3", "h2", "z2", "W2", "b2", "h1", "z1", "W1", "b1"]
    assert [s.name for s in d.steps if s.target] == ["W3", "b3", "W2", "b2", "W1", "b1"]
    closing = str(d).split("\n\n")[2]
    assert [line.split(" = ")[0] for line in closing.splitlines() if line.startswith("∂")] == [
        f"∂loss/∂{name}" for name in ("W1", "b1", "W2", "b2", "W3", "b3")]
    assert str(d).endswith("b3    0.3    -5.768")
    assert d.update(0.01).splitlines()[0] == "W1 ← 0.5 - 0.01 · (-11.07) = 0.6107 (grows)"


def test_a_matrix_a_list_and_a_module_are_targets(deep):
    net, loss = deep
    assert list(derive(loss, net.W_jk).results) == [
        f"W_jk[{i},{j}]" for i in (1, 2, 3) for j in (1, 2, 3)]
    assert derive(loss, [net.W_jk[0][0], net.W_jk[0][0]]).result == grad(
        loss, net.W_jk[0][0]).data
    assert len(derive(loss, net.parameters()).results) == len(net.parameters())
    model = MLP(2, [2, 1])
    found = derive(model([1.0, 2.0]), model)
    assert list(found.results.values()) == pytest.approx(
        [g.data for g in grad(found.y, model.parameters())])
    assert len(found.results) == len(model.parameters()) == 9
    with pytest.raises(ValueError, match="9 Values and has no single result: use results"):
        _ = derive(loss, net.W_jk).result


@pytest.mark.row("C000-13")
def test_the_update_says_which_way(linear):
    net, loss = linear
    assert derive(loss, net.W1).update(0.01) == "W1 ← 0.5 - 0.01 · (-11.07) = 0.6107 (grows)"
    assert derive(loss, net.y).update(0.1).endswith("(shrinks)")
    assert derive(loss, net.W1).update(1e-7) == "W1 ← 0.5 - 1e-07 · (-11.07) = 0.500001 (grows)"


# ---- second derivatives

def test_second_derivatives_have_names_and_agree_with_finite_differences():
    def f(t):
        return exp(t * t) * tanh(t)

    x = Value(0.5, label="x")
    y = f(x)
    h = 1e-4
    true = (f(0.5 + h) - 2 * f(0.5) + f(0.5 - h)) / h ** 2
    dy = grad(y, x)
    assert str(derive(dy, x)).startswith("∂g/∂x")
    dy.label = "dy/dx"
    for d in (derive(dy, x), derive(y, x, order=2)):
        assert d.result == pytest.approx(true, rel=1e-6)
        assert str(d).startswith("∂²y/∂x²\n") and "with g = ∂y/∂x = " in str(d)
        assert d.closing[0].left.text == "∂²y/∂x²"
    assert d.closing[0].left.latex == r"\frac{\partial^2 y}{\partial {x}^2}"


def test_a_gradient_that_contains_its_output_is_recognised():
    x, _ = x_and_k()
    text = str(derive(grad(exp(x * x), x), x))
    assert text.startswith("∂²y/∂x²\n\nwith g = ∂y/∂x = 2 · y · x\n")
    assert "∂²y/∂x² = 4 · x² · y + 2 · y = " in text


def test_a_mixed_second_derivative_is_called_by_both_names():
    x, k = x_and_k()
    y = exp(k * x)
    y.label = "y"
    d = derive(grad(y, x), k)
    assert str(d).startswith("∂²y/∂k∂x") and d.result == pytest.approx((1 - 1) * math.exp(-1))
    z = x ** 3
    z.label = "z"
    assert derive(z, x, order=2).closed == "6 · x"
    with pytest.raises(ValueError, match="use order=2 and one Value"):
        derive(z, [x, k], order=2)


def test_a_labelled_part_of_a_gradient_is_called_what_it_is():
    x = Value(0.3, label="x")
    h = sigmoid(x)
    h.label = "h"
    y = exp(h * h)
    y.label = "y"
    z = square(y) * h
    z.label = "z"
    d = derive(z, x, order=2, detail="nodes")
    assert "∂z/∂h = " in str(d)
    assert d.result == pytest.approx(grad(grad(z, x), x).data)


# ---- outputs

class Reader(html.parser.HTMLParser):
    """Collects the tags of a page and whether they are closed in order."""

    VOID = ("meta", "br", "mspace")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_markdown_and_latex_carry_the_same_numbers(linear):
    net, loss = linear
    d = derive(loss, net.W3, net)
    last = (r"\frac{\partial \mathrm{loss}}{\partial W_3} = "
            r"\frac{\partial \mathrm{loss}}{\partial z_3} \cdot \frac{\partial z_3}{\partial W_3} "
            r"= -5.768 \cdot 0.68 = -3.922")
    assert f"*chain rule*: $\\displaystyle {last}$" in d.markdown()
    assert d._repr_markdown_() == d.markdown()
    assert d.latex().startswith("\\begin{align*}\n") and d.latex().endswith("\n\\end{align*}")
    assert last.replace("=", "&=", 1) + r" && \text{chain rule} \\" in d.latex()


def test_the_page_is_whole_works_offline_and_says_the_same(deep):
    net, loss = deep
    d = derive(loss, net.W_jk[2][0], net)
    text = d.html()
    read = Reader(text)
    assert not read.open and [tag for tag, _ in read.tags].count("math") > 40
    assert not [a for _, attrs in read.tags for a in attrs if a in ("src", "href", "onload")]
    assert not re.search(r"url\(|@import|<script|<link", text)
    assert all("aria-label" in attrs for tag, attrs in read.tags if tag == "math")
    assert str(d) in "".join(read.text) and "prefers-color-scheme: dark" in text


@pytest.mark.parametrize("label", ["<b>&\"'", "a$b$c", "x_{}^~\\#%", "a|b`c*d", "</script><i>",
                                   "two\nlines", "", "é ∂ ŷ"])
def test_any_label_is_escaped_everywhere(label):
    a, b = Value(2.0, label=label), Value(3.0, label="b")
    d = derive((a * b).tanh(), [a, b])
    read = Reader(d.html())
    assert not read.open and not {"b", "i", "script"} & {tag for tag, _ in read.tags}
    for formula in re.findall(r"(?<!\\)\$((?:\\.|[^$\\])*)\$", d.markdown()):
        assert formula.count("{") - formula.count(r"\{") == (
            formula.count("}") - formula.count(r"\}"))
    body = re.sub(r"\\[{}$#%&_\\]", "", d.latex())
    assert not set("$#%") & set(body) and body.count("{") == body.count("}")
    assert all(line.strip() for line in str(d).splitlines() if line)


def test_a_derivation_saves_itself_by_suffix(tmp_path, linear):
    net, loss = linear
    d = derive(loss, net)
    for suffix, start in ((".html", "<!DOCTYPE html>"), (".md", "**Derivation of**"),
                          (".tex", r"\begin{align*}"), (".txt", "gradients of loss")):
        path = d.save(tmp_path / f"d{suffix}")
        assert Path(path).read_text(encoding="utf-8").startswith(start)
    with pytest.raises(ValueError, match=r"cannot be saved as 'd\.doc': end the name in \.html"):
        d.save(tmp_path / "d.doc")


def contrast(a, b):
    """The contrast of two colours as WCAG 2 has it."""
    def light(colour):
        parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    one, other = sorted((light(a), light(b)))
    return (other + 0.05) / (one + 0.05)


def test_every_text_on_a_page_has_enough_contrast_in_light_and_dark():
    style = page("t", "b").split("<style>")[1]
    for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]:
        colours = dict(re.findall(r"--(\w+): (#\w{6})", block))
        assert len(colours) == 9
        for ink in ("ink", "faint", "accent", "good", "bad", "unsure"):
            assert min(contrast(colours[ink], colours[on]) for on in ("paper", "shade")) >= 4.5, ink


def test_a_page_escapes_its_title():
    assert "<title>&lt;a&gt; &amp; b</title>" in page("<a> & b", "<p>c</p>")


# ---- what cannot be derived

def test_what_cannot_be_derived_is_said():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    with pytest.raises(ValueError, match="is not in the graph of"):
        derive(x * 2, y)
    with pytest.raises(TypeError, match=r"and 3 is not one: pass a Value"):
        derive(x * 2, [x, 3])
    with pytest.raises(ValueError, match="nothing to derive"):
        derive(x * 2, [])
    with pytest.raises(ValueError, match="the detail 'much' is not known: choose one of line"):
        derive(x * 2, x, detail="much")
    with pytest.raises(TypeError, match="has no graph"):
        derive(1.0, x)
    with pytest.raises(ValueError, match=r"digits is 2\.5"):
        derive(y, y, digits=2.5)


def test_the_graph_is_left_as_it_was(linear):
    net, loss = linear
    before = [(n, dict(vars(n)), n.grad) for n in (loss, *loss._prev, *net.parameters())]
    derive(loss, net).html()
    derive(relu(net.W1), net.W1, order=2)
    assert [(n, dict(vars(n)), n.grad) for n in (loss, *loss._prev, *net.parameters())] == before
