"""Derivations: numbered steps from the output back to a parameter, as a person would write them."""

import pytest

from engine import Value, exp, grad
from nn import networks
from viz import derive


@pytest.fixture
def linear():
    net = networks.linear_1_1_1()
    return net, net.loss()


@pytest.mark.row("C000-08", "C000-10")
def test_a_derivation_is_a_numbered_list_of_steps(linear):
    net, loss = linear
    text = str(derive(loss, net.W3, net))
    assert text.splitlines() == [
        "∂loss/∂W3",
        "",
        "1. loss = square(v1), so ∂loss/∂v1 = 2 · v1 = 2 · (-2.884) = -5.768",
        "2. v1 = y_hat - y, so ∂v1/∂y_hat = 1",
        "   ∂loss/∂y_hat = ∂loss/∂v1 · ∂v1/∂y_hat",
        "                = (-5.768) · 1",
        "                = -5.768",
        "3. y_hat = identity(z3), so ∂y_hat/∂z3 = 1",
        "   ∂loss/∂z3 = ∂loss/∂y_hat · ∂y_hat/∂z3",
        "             = (-5.768) · 1",
        "             = -5.768",
        "4. z3 = W3 · h2 + b3, so ∂z3/∂W3 = h2 = 0.68",
        "   ∂loss/∂W3 = ∂loss/∂z3 · ∂z3/∂W3",
        "             = (-5.768) · 0.68",
        "             = -3.922",
        "",
        "in one formula: 2 · (y_hat - y) · h2 = -3.922"]


@pytest.mark.row("C000-11", "C000-17")
def test_the_closed_forms_gain_one_weight_per_layer(linear):
    net, loss = linear
    assert [derive(loss, p, net).closed for p in net.parameters()] == [
        "2 · (y_hat - y) · W3 · W2 · x", "2 · (y_hat - y) · W3 · W2",
        "2 · (y_hat - y) · W3 · h1", "2 · (y_hat - y) · W3",
        "2 · (y_hat - y) · h2", "2 · (y_hat - y)"]


def test_every_result_is_the_gradient():
    for net in (networks.linear_1_1_1(), networks.relu_sigmoid_softmax_3_3_3()):
        loss = net.loss()
        true = [g.data for g in grad(loss, net.parameters())]
        assert [derive(loss, p, net).result for p in net.parameters()] == pytest.approx(true)


@pytest.mark.row("C001-12", "C001-16", "C001-17", "C001-21")
def test_fan_out_is_a_sum_over_paths_term_by_term():
    net = networks.relu_sigmoid_softmax_3_3_3()
    steps = {s.name: s for s in derive(net.loss(), net.W_jk[2][0], net).steps}
    terms = steps["h2_out[1]"].terms
    assert [t.slope_formula for t in terms] == ["W_kl[1,1]", "W_kl[1,2]", "W_kl[1,3]"]
    assert sum(t.product for t in terms) == steps["h2_out[1]"].result
    into = steps["O_in[3]"].terms
    assert [t.slope_formula for t in into] == [
        "(-O_out[1]) · O_out[3]", "(-O_out[2]) · O_out[3]", "O_out[3] · (O_out[1] + O_out[2])"]


def test_the_paths_add_up():
    net = networks.relu_sigmoid_softmax_3_3_3()
    d = derive(net.loss(), net.W_ij[1][0], net)
    assert len(d.paths) == 27
    assert sum(p.product for p in d.paths) == pytest.approx(d.result)
    assert d.paths[0].names[:2] == ("W_ij[2,1]", "h1_in[1]") and d.paths[0].names[-1] == "loss"


@pytest.mark.row("C000-13")
def test_the_update_says_which_way(linear):
    net, loss = linear
    assert derive(loss, net.W1).update(0.01) == "W1 ← 0.5 - 0.01 · (-11.07) = 0.6107 (grows)"
    assert derive(loss, net.y).update(0.1).endswith("(shrinks)")
    assert derive(loss, net.W1).update(1e-7) == "W1 ← 0.5 - 1e-07 · (-11.07) = 0.500001 (grows)"


def test_a_repeated_input_is_two_terms_and_x_itself_is_1():
    x = Value(3.0, label="x")
    y = x * x
    d = derive(y, x)
    assert [t.slope_formula for t in d.steps[0].terms] == ["x", "x"] and d.result == 6.0
    assert derive(x, x).result == 1.0


def test_markdown_and_latex_carry_the_same_numbers(linear):
    net, loss = linear
    d = derive(loss, net.W3, net)
    last = (r"\frac{\partial \mathrm{loss}}{\partial W_3} = \frac{\partial \mathrm{loss}}"
            r"{\partial z_3} \cdot h_2 = (-5.768) \cdot 0.68 = -3.922")
    assert d.markdown().endswith(f"4. $\\displaystyle {last}$")
    assert d._repr_markdown_() == d.markdown()
    assert d.latex().startswith(r"\begin{align*}") and last.replace("=", "&=", 1) in d.latex()


def test_nothing_is_said_twice():
    x, k = Value(0.5, label="x"), Value(-2.0, label="k")
    d = derive(k * x, x)
    assert str(d).splitlines()[2] == "1. v1 = k · x, so ∂v1/∂x = k = -2"
    assert d.latex().count("= -2") == 1


def test_second_derivatives_are_derived_like_any_other():
    x = Value(0.5, label="x")
    dy = grad(exp(x * x), x)
    d = derive(dy, x)
    assert d.result == pytest.approx(grad(dy, x).data)


def test_what_is_not_in_the_graph_is_said():
    with pytest.raises(ValueError, match="is not in the graph of"):
        derive(Value(1.0) * 2, Value(5.0))
