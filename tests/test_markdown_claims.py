r"""Claims in Markdown documents: every formula is read as it is meant, or returned as unread."""

import ast
import random
import re

import pytest

from viz.auditing.equations import equation
from viz.auditing.latex import from_latex
from viz.auditing.markdown import claims_in
from viz.auditing.problem import Problem


@pytest.fixture
def scalar():
    return Problem.written(
        {"x": 2.0, "y": 4.0}, {"W1": 0.5, "b1": 0.1, "W2": 0.8},
        {"h1": "W1*x + b1", "y_hat": "W2*h1", "L": "(y_hat - y)^2"}, rate=0.01)


@pytest.fixture
def layers():
    return Problem.written(
        {"x": [0.1, 0.2], "y": [1.0, 0.0]},
        {"W_ij": [[0.1, 0.2], [0.3, 0.4]], "b_j": [1.0, 1.0], "W_jk": [[0.5, 0.6], [0.7, 0.8]]},
        {"h1_in": "x @ W_ij + b_j", "h1_out": "relu(h1_in)", "O_in": "h1_out @ W_jk",
         "O_out": "softmax(O_in)", "E": "-y[1]*log(O_out[1]) - y[2]*log(O_out[2])"},
        aliases={"E_total": "E", "I_out": "x"})


def lines(text, problem):
    return [line for _, found in claims_in(text, problem)[0] for line in found]


def same(line, other, problem):
    """Whether two lines are the same equation, however they are spaced."""
    def dump(text):
        return [(re.sub(r"\^\((\d+)\)", r"^\1", side.text.replace(" ", "")), side.meaning)
                for side in equation(text, problem.known)]
    return dump(line) == dump(other)


# ---- code fences

FENCES = """
# 🎯 A network

## Forward pass

```
┌────────────────────────────┐
│  h₁ = W₁·x + b₁            │
│     = 0.5 × 2.0 + 0.1      │
│     = 1.1                  │
╚════════════════════════════╝
```

- Input: x = 2.0
  - W₁ = 0.5, b₁ = 0.1

**Loss:**
```
L = (ŷ - y)² = (0.88 - 4.0)² = 9.734
Error signal: 2(ŷ - y) = -6.24
```

## Update
```
W₁ ← W₁ - α × (∂L/∂W₁)
W₁ = 0.5 - 0.01(-9.984) = 0.600
```

## Forward pass with updated parameters
```
h₁ = 0.600 × 2.0 + 0.150 = 1.350
```
"""


def test_frames_labels_and_continued_lines_are_read(scalar):
    steps, unread = claims_in(FENCES, scalar)
    assert unread == []
    expected = [
        ("Forward pass", ["h1 = W1*x + b1 = 0.5*2.0 + 0.1 = 1.1", "x = 2.0", "W1 = 0.5",
                          "b1 = 0.1"]),
        ("Forward pass: Loss", ["L = (y_hat - y)^2 = (0.88 - 4.0)^2 = 9.734",
                                "2(y_hat - y) = -6.24"]),
        ("Update", ["W1' = W1 - α*(∂L/∂W1)", "W1' = 0.5 - 0.01(-9.984) = 0.600"]),
        ("Forward pass with updated parameters", ["h1' = 0.600*2.0 + 0.150 = 1.350"])]
    assert [title for title, _ in steps] == [title for title, _ in expected]
    for (_, found), (_, wanted) in zip(steps, expected):
        assert len(found) == len(wanted)
        assert all(same(a, b, scalar) for a, b in zip(found, wanted))


def test_a_given_parameter_is_no_update(scalar):
    assert lines("- W1 = 0.5", scalar) == ["W1 = 0.5"]
    assert lines("```\nW1 = -0.5\n```", scalar) == ["W1 = -0.5"]


def test_what_is_called_updated_before_any_update_is_what_it_says(scalar):
    assert lines("# updated\n```\nh1 = 1.1\n```", scalar) == ["h1 = 1.1"]


def test_programs_are_no_formulas(scalar):
    assert claims_in("```python\nh1 = 3\n```\n\n~~~ c\nW1 = 2\n~~~", scalar) == ([], [])


def test_what_names_nothing_here_is_returned_and_not_guessed(scalar):
    text = "```\nf = g(x)\nL = (1/n) × Σᵢ (ŷᵢ - yᵢ)²\ndf/dx = df/dg × dg/dx\n```\n\n$q = 3$"
    steps, unread = claims_in(text, scalar)
    assert steps == []
    assert unread == ["f = g(x)", "L = (1/n) × Σᵢ (ŷᵢ - yᵢ)²", "df/dx = df/dg × dg/dx", "q = 3"]


def test_the_sides_that_can_be_read_are_kept_and_the_other_is_returned(scalar):
    steps, unread = claims_in("```\nh1 = W_eff·x = W1·x + b1 = 1.1\n```", scalar)
    assert [line.replace(" ", "") for line in steps[0][1]] == ["h1=W1*x+b1=1.1"]
    assert len(unread) == 1 and "W_eff" in unread[0]


# ---- LaTeX

LATEX = r"""
### Example

$\begin{bmatrix} i_1 & i_2 \end{bmatrix} \times \begin{bmatrix} W_{i1j1} & W_{i1j2} \\ W_{i2j1} &
W_{i2j2} \end{bmatrix} = \begin{bmatrix} q_1 & q_2 \end{bmatrix}$

$$ \begin{bmatrix} x_1 & x_2 \end{bmatrix} \times \begin{bmatrix} W_{i1j1} & W_{i1j2} \\
W_{i2j1} & W_{i2j2} \end{bmatrix} + \begin{bmatrix} b_{j1} & b_{j2} \end{bmatrix} =
\begin{bmatrix} h1_{in1} & h1_{in2} \end{bmatrix} $$

__Numbers:__

$$ \begin{bmatrix} 0.1 & 0.2 \end{bmatrix} \times \begin{bmatrix} 0.1 & 0.2 \\ 0.3 & 0.4
\end{bmatrix} + \begin{bmatrix} 1.0 & 1.0 \end{bmatrix} = \begin{bmatrix} 1.07 & 1.10
\end{bmatrix} $$

\begin{equation*}
\left[ \begin{array}{cccc}
\frac{\partial O_{out1}}{\partial O_{in1}} \\
\frac{\partial O
_{out2}}{\partial O_{in2}} \\ \end{array} \right] = \left[ \begin{array}{cccc}
 0.2499 \\
 0.2499 \\ \end{array} \right]
\end{equation*}

\begin{equation*}
\delta W_{jk} = \left[ \begin{array}{cc}
-0.5 *0.25 * 1.07 & 0.1 * 1.07 \\ -0.5 * 1.1 & 0.1 * 1.1 \\ \end{array} \right] = \left[
\begin{array}{cc} -0.134 & 0.107 \\ -0.55 & 0.11 \\ \end{array} \right]
\end{equation*}

$$ \acute{W_{jk}} = \begin{bmatrix} 0.5 - (0.01*-0.134) & 0.599 \\ 0.7055 & 0.7989 \end{bmatrix} $$

$$ \frac{\partial h1_{out1}}{\partial h1_{in1}} = 1.0 $$
"""


def test_latex_matrices_derivatives_and_primes_are_read(layers):
    found = lines(LATEX, layers)
    expected = [
        "h1_in = x @ W_ij + b_j",
        "h1_in = [0.1, 0.2] @ [[0.1, 0.2], [0.3, 0.4]] + [1.0, 1.0] = [1.07, 1.10]",
        "∂O_out[1]/∂O_in[1] = 0.2499",
        "∂O_out[2]/∂O_in[2] = 0.2499",
        "∂E/∂W_jk = [[-0.5*0.25*1.07, 0.1*1.07], [-0.5*1.1, 0.1*1.1]]"
        " = [[-0.134, 0.107], [-0.55, 0.11]]",
        "W_jk' = [[0.5 - (0.01*-0.134), 0.599], [0.7055, 0.7989]]",
        "∂h1_out[1]/∂h1_in[1] = 1.0"]
    assert len(found) == len(expected)
    for line, wanted in zip(found, expected):
        assert same(line, wanted, layers), (line, wanted)
    assert [title for title, _ in claims_in(LATEX, layers)[0]] == ["Example", "Example: Numbers"]


def test_numbers_of_another_form_get_no_name(layers):
    text = LATEX.replace(r"+ \begin{bmatrix} 1.0 & 1.0 \end{bmatrix}", "")
    assert not any(line.startswith("h1_in = [") for line in lines(text, layers))
    assert any("1.07" in formula for formula in claims_in(text, layers)[1])


def test_an_element_that_cannot_be_read_does_not_take_the_others_with_it(layers):
    text = (r"$$\begin{bmatrix} \frac{\partial O_{in1}}{\partial h1_{out1}} \\ "
            r"\frac{\partial O_{inl}}{\partial h1_{out2}} \end{bmatrix} = "
            r"\begin{bmatrix} 0.5 \\ 0.7 \end{bmatrix}$$")
    steps, unread = claims_in(text, layers)
    assert steps == [("", ["∂O_in[1]/∂h1_out[1] = 0.5"])]
    assert unread == ["∂O_inl/∂h1_out[2] = 0.7"]


@pytest.mark.parametrize("latex, plain", [
    (r"\frac{\partial E}{\partial W_{i1j1}}", "∂E/∂W_i1j1"),
    (r"\dfrac12", "((1)/(2))"),
    (r"\frac{a + b}{2}", "((a + b)/(2))"),
    (r"\frac{1}{1+e^{-x}}", "((1)/(1+exp(-x)))"),
    (r"\mathrm{e}^{O_{in1}} \times 2", "exp(O_in1) ×2"),
    (r"\acute{W_{ij}}", "W_ij'"), (r"W_{ij}^{\prime}", "W_ij'"), (r"W'_{ij}", "W_ij'"),
    (r"\delta W_{ij}", "∂E/∂W_ij"), (r"\Delta W", r"\Delta W"),
    (r"\hat{y}_{1}", "y_hat_1"), (r"W{j2k1}", "W_j2k1"), (r"h_{in,1}", "h_in1"),
    (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", "[[1, 2], [3, 4]]"),
    (r"\left[ \begin{array}{c} 1 \\ 2 \\ \end{array} \right]", "[1, 2]"),
    (r"\begin{pmatrix} 1 & 2 \end{pmatrix}^T", "[1, 2] .T"),
    (r"W^{\top} x", "W.T x"), (r"\log(\alpha)", "log(α)"), (r"\textbf{W}", r"\textbf(W)"),
    (r"\frac{dE}{dv_1}", "∂E/∂v_1"), (r"\frac{\mathrm{d}E}{\mathrm{d} z}", "∂E/∂z"),
    (r"\tfrac{1}{2} x", "((1)/(2)) x"), (r"\boxed{\frac{1}{2}}", "((1)/(2))"),
    (r"\sigma(z_1)", "σ(z_1)"), (r"\tanh z_1 + 1", "tanh(z_1) + 1"),
    (r"\tanh z_{1} \cdot w", "tanh(z_1) ×w"), (r"\log 2 x", "log 2 x"), (r"\eta x", "η x"),
    (r"w_{11}x_1 + w_{12}x_2", "w_11 x_1 + w_12 x_2"), (r"w_1x_1", "w_1 x_1"), ("h1_in2", "h1_in2"),
    (r"W_{ij}^{\text{new}}", "W_ij'"),
    (r"\text{loss} = \sum_{i=1}^{3} x_i", r"loss = \sum_(i=1)^(3) x_i")])
def test_latex_becomes_plain_or_stays_what_it_is(latex, plain):
    assert from_latex(latex, "E") == plain


@pytest.fixture
def common():
    return Problem.written(
        {"x": [0.1, 0.2], "y": 1.0}, {"w": [[0.3, 0.4], [0.5, 0.6]], "v": [0.7, 0.8]},
        {"z": "x @ w", "h": "tanh(z)", "a": "v @ h", "o": "sigmoid(a)", "E": "(o - y)^2/2"})


ALIGNED = r"""
\begin{align*}
z_1 &= w_{11}x_1 + w_{21}x_2 \\
    &= 0.3 \cdot 0.1 + 0.5 \cdot 0.2 \nonumber \\
    &\approx 0.13, \\[2pt]
h_1 &= \tanh z_1 \\ &= 0.129 \tag{3}
\end{align*}
"""


@pytest.mark.parametrize("text, expected", [
    (r"$z_{1} \approx 0.755$", ["z[1] = 0.755"]),
    (r"$$\frac{dE}{dv_1} = \boxed{0.1}$$", ["∂E/∂v[1] = 0.1"]),
    (r"$o = \sigma(a) = 0{,}755$", ["o = sigmoid(a) = 0.755"]),
    (ALIGNED, ["z[1] = w[1,1]*x[1] + w[2,1]*x[2] = 0.3*0.1 + 0.5*0.2 = 0.13",
               "h[1] = tanh(z[1]) = 0.129"]),
    (f"$${ALIGNED.replace('align*', 'aligned')}$$",
     ["z[1] = w[1,1]*x[1] + w[2,1]*x[2] = 0.3*0.1 + 0.5*0.2 = 0.13", "h[1] = tanh(z[1]) = 0.129"]),
    (r"\[a = v_1h_1 \\ + v_2h_2\]", ["a = v[1]*h[1] + v[2]*h[2]"]),
    (r"$z_1 = 0.13,\ z_2 = 0.16$", ["z[1] = 0.13", "z[2] = 0.16"]),
    (r"$z_1 = 0.13; z_2 = 0.16$", ["z[1] = 0.13", "z[2] = 0.16"]),
    (r"$$z_1 = 0.13 \quad z_2 = 0.16 \qquad (4)$$", ["z[1] = 0.13", "z[2] = 0.16"]),
    (r"$$z_1 = 0.13 \quad (4)$$", ["z[1] = 0.13"]),
    (r"$$z = [0.13, 0.16], \quad a = 0.2$$", ["z = [0.13, 0.16]", "a = 0.2"]),
    ("z1 = 0.13; z2 ≈ 0.16\n\n3. $a =\n0.2$\n> $o = 0.5$",
     ["z[1] = 0.13", "z[2] = 0.16", "a = 0.2", "o = 0.5"]),
    ("```math\nz_1 = 0.13 \\\\ a = 0.2\n```\n  ```text\n  o = 0.5\n  ```",
     ["z[1] = 0.13", "a = 0.2", "o = 0.5"]),
    ("## Then $z_1 = 0.13$\n**a = 0.2**", ["z[1] = 0.13", "a = 0.2"])])
def test_common_forms_are_read(text, expected, common):
    steps, unread = claims_in(text, common)
    found = [line for _, part in steps for line in part]
    assert unread == [] and len(found) == len(expected), (found, unread)
    for line, wanted in zip(found, expected):
        one, other = (equation(x, common.known) for x in (line, wanted))
        assert [(ast.dump(side.tree), side.meaning) for side in one] == [
            (ast.dump(side.tree), side.meaning) for side in other], (line, wanted)


def test_a_comma_is_decimal_where_it_cannot_stand_before_thousands(common):
    assert lines(r"$o = 0{,}755$ $a = 2{,}755$", common) == ["o = 0.755", "a = 2.755"]
    assert claims_in(r"$a = 2{,}755$", common) == ([], [r"a = 2{,}755"])


@pytest.mark.parametrize("before, after", [
    ("$", "$"), ("$", ""), ("$$", "$$"), ("$$ ", "\n\ntext"), (r"\[", r"\]"), (r"\[ ", ""),
    (r"\(", r"\)"), (r"\( ", ""), (r"\begin{align}", r"\end{align}"), (r"\begin{align}", ""),
    (r"\begin{align*} ", "\n\n# Next\ntext $b$"), (r"\begin{gather} x &= 1 \\ ", ""),
    ("```\n", "\n```"), ("```\n", "\n\n# Next\ntext"), ("~~~\n", "\n```"), ("- ```\n", "\n"),
    ("```python\nx = 1\n", "\n# Next"), ("```\n", "\n````"), ("- ", ""), ("1. ", ""), ("* $", "$"),
    ("# $", "$"), ("**", "**"), ("", ""), ("> ", ""), ("| $", "$ | 3 |"), ("see `", "` there"),
    ("The value $", " is"), (r"$\boxed{", "}$"), (r"$$\begin{split} ", r"\end{split}$$")])
@pytest.mark.parametrize("formula", ["z_{1} = 0.13", "QQ = 3", r"z_1 \approx 0.13", "h_1 = QQ ="])
def test_what_is_written_as_a_formula_is_read_or_returned(before, after, formula, common):
    if formula.count("\\") and before in ("see `", "- ", "1. ", "", "> ", "**"):
        formula = formula.replace(r"\approx", "≈")
    steps, unread = claims_in(f"Some text\n\n{before}{formula}{after}\n", common)
    said = " ".join([line for _, part in steps for line in part] + unread)
    assert re.search(r"z\[1\] =|QQ|z_\{?1\}? (?:=|≈|\\approx)", said), said


def test_subscripts_that_mean_nothing_in_the_problem_are_not_bent_to_fit(layers):
    assert lines("$W_{i3j1} = 0.1$", layers) == []
    assert lines("$O_{3} = 0.1$", layers) == []
    assert lines("$W_{i2j1} = 0.3$", layers) == ["W_ij[2,1] = 0.3"]


def test_other_spellings_of_the_problem_are_known(layers):
    assert same(*lines(r"$\frac{\partial E_{total}}{\partial I_{out1}} = 0.1$", layers),
                "∂E_total/∂I_out[1] = 0.1", layers)


def test_open_brackets_are_closed_in_every_element(layers):
    text = (r"$$\begin{bmatrix} h1_{in1} \\ h1_{in2} \end{bmatrix} = "
            r"\begin{bmatrix} (1.0 * (1.07 \\ 1.10 \end{bmatrix}$$")
    assert lines(text, layers) == ["h1_in = [(1.0 * (1.07)), 1.10]"]


def test_everything_with_an_equals_sign_is_either_read_or_returned(scalar, layers):
    draw = random.Random(0)
    pieces = [r"\frac{", "}", "{", "W_{i1j1}", "h1", "=", "=", " ", "$", "$$", "\n", "```\n", "| ",
              "0.5", "*", "∂L/∂W1", r"\begin{bmatrix}", r"\end{bmatrix}", "&", r"\\", "[", "]", "(",
              ")", "# ", "**", "L", "'", r"\delta ", "^", "_", "- ", "é", "←", ","]
    for _ in range(400):
        text = "".join(draw.choice(pieces) for _ in range(draw.randrange(40)))
        for problem in (scalar, layers):
            steps, unread = claims_in(text, problem)
            assert all(title is not None and found for title, found in steps)
            assert all(isinstance(formula, str) and formula for formula in unread)


def test_a_formula_with_an_equals_sign_is_never_lost(scalar):
    for formula in ("L = ", "= 3", "h1 = = 2", "h1 = [1", r"h1 = \frac{1", "3 = 4", "h1 == 2"):
        steps, unread = claims_in(f"${formula}$", scalar)
        assert steps or unread, formula


def test_a_long_document_is_read_quickly(layers):
    import time
    start = time.perf_counter()
    claims_in(LATEX * 20 + "$" + "(" * 3000 + "=" + "[" * 3000 + "$" + r"\frac{" * 500, layers)
    assert time.perf_counter() - start < 20
