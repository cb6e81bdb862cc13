"""The audit: every verdict, every slip, the forms a claim may have, what it says of bad ones."""

import pytest

from engine import Value, exp, log, relu, tanh
from nn import MLP, networks
from viz import Problem, audit
from viz.auditing.digits import misprints, printed
from viz.auditing.verdicts import (
    BLANK,
    CARRIED,
    DIGITS,
    FORMULA,
    INHERITED,
    RESULT,
    RIGHT,
    UNREAD,
    WORKING,
    WRONG,
)

CHAIN = Problem.written(
    {"x": 2.0, "y": 4.0}, {"W1": 0.5, "b1": 0.1, "W2": 0.8},
    {"z": "W1*x + b1", "h": "tanh(z)", "p": "W2*h", "L": "(p - y)^2"})
FAN = Problem.written(
    {"x": [0.5, -1.5], "t": [1.0, 0.0]},
    {"W": [[0.2, 0.7], [-0.4, 0.3]], "V": [[1.1, -0.6], [0.8, 0.9]]},
    {"z": "x @ W", "h": "sigmoid(z)", "o": "h @ V", "q": "softmax(o)",
     "E": "-(t[1]*log(q[1]) + t[2]*log(q[2]))"})


def verdicts(claims, graph=CHAIN, **options):
    return [row.verdict for row in audit(claims, graph, **options).rows]


def slips(claim, graph=CHAIN, **options):
    """The kinds of slip that the last statement of some claims is explained by."""
    row = audit(claim, graph, **options).rows[-1]
    assert row.verdict == WRONG, row
    return [slip.kind for slip in row.slips]


# ---- verdicts

def test_right_is_exact_and_within_the_digits_is_rounded():
    assert verdicts(["z = 1.1", "h = 0.80050", "h = 0.8005", "h = 0.80"]) == [
        RIGHT, DIGITS, DIGITS, DIGITS]


def test_carried_rounding_is_right_from_the_printed_numbers_and_not_from_the_exact_ones():
    found = audit(["h = 0.80", "p = 0.64", "L = 11.2896"], CHAIN)
    assert [r.verdict for r in found.rows] == [DIGITS, DIGITS, CARRIED] and found.ok


def test_what_follows_from_a_wrong_number_is_inherited_and_names_it():
    found = audit(["z = 1.2", "h = 0.8337", "p = 0.6669", "L = 11.11"], CHAIN)
    assert [r.verdict for r in found.rows] == [WRONG, INHERITED, INHERITED, INHERITED]
    assert [r.causes for r in found.rows[1:]] == [(1,), (2,), (3,)]
    assert found.first is found.rows[0] and found.causes == [found.rows[0]]


def test_a_right_number_after_a_wrong_one_is_right():
    assert verdicts(["z = 1.2", "h = 0.8005"]) == [WRONG, DIGITS]


def test_a_wrong_number_written_again_is_inherited_from_itself():
    found = audit(["z = 1.2", "z = 1.2"], CHAIN)
    assert found.rows[1].verdict == INHERITED and found.rows[1].causes == (1,)


def test_each_side_is_a_statement_of_its_own():
    found = audit("L = (p - y)^2 = (0.6404 - 4.0)^2 = 11.287", CHAIN)
    assert [(r.kind, r.verdict) for r in found.rows] == [
        (FORMULA, RIGHT), (WORKING, DIGITS), (RESULT, DIGITS)]


def test_a_wrong_working_with_a_right_result_is_told_apart():
    found = audit("p = 0.8 + 0.8005 = 0.6404", CHAIN)
    assert [r.verdict for r in found.rows] == [WRONG, DIGITS]


def test_rounding_is_judged_by_intervals_and_not_by_a_tolerance():
    near, far = ["h = 0.80", "p = 0.64"], ["h = 0.8005", "p = 0.6400"]
    assert verdicts(near) == [DIGITS, DIGITS] and verdicts(far)[1] == WRONG
    assert verdicts(["h = 0.80", "p = 0.6400"])[1] == CARRIED


def test_the_slope_may_be_taken_from_the_value_that_was_written():
    z = Value(4.0, label="z")
    s = z.sigmoid()
    s.label = "s"
    assert verdicts(["s = 0.98", "ds/dz = 0.0196"], s) == [DIGITS, CARRIED]
    assert verdicts(["ds/dz = 0.0196"], s) == [WRONG]


def test_any_subgradient_is_accepted_at_a_kink():
    x = Value(0.0, label="x")
    y = relu(x) * 3
    y.label = "y"
    assert verdicts([f"dy/dx = {g}" for g in (0, 1.5, 3)], y) == [RIGHT, CARRIED, CARRIED]
    assert verdicts(["dy/dx = 3.5"], y) == [WRONG]


def test_numbers_after_one_and_two_updates():
    net = networks.linear_1_1_1()
    before = net.loss()
    first = f"{net.step(0.01).data:.6f}"
    second = f"{net.loss().data:.6f}"
    net.step(0.01)
    third = f"{net.loss().data:.6f}"
    fresh = networks.linear_1_1_1()
    assert verdicts([f"loss = {first}", f"loss' = {second}", f"loss'' = {third}"], fresh) == [
        RIGHT, DIGITS, DIGITS]
    assert before.data > float(second) > float(third)


# ---- slips

@pytest.mark.parametrize(("claim", "kind"), [
    ("p = -0.6404",                    "sign"),
    ("z = 1.0",                        "term lost"),
    ("z = 0.6",                        "factor lost"),
    ("h = 0.7503",                     "other function"),
    ("h = 1.1",                        "function missing"),
    ("dL/dp = -3.360",                 "factor lost"),
    ("dL/dp = 6.719",                  "sign"),
    ("dh/dz = -0.2100",                "wrong point"),
    ("dh/dz = 0.8005",                 "derivative forgotten"),
    (["dL/dh = -5.375", "dL/dz = -5.375"], "inner factor missing"),
    (["dL/dz = -1.931", "dL/dW1 = -1.931"], "factor lost"),
    (["dL/dz = -1.931", "dL/dW1 = -7.723"], "factor doubled"),
    (["dL/dW1 = -3.861", "W1' = 0.8861"], "rate"),
    (["dL/dW1 = -3.861", "W1' = 0.4614"], "sign"),
    ("h = 0.8050",                     "digits swapped"),
    ("h = 0.805",                      "zero lost"),
    ("L = 11.286",                     "cut"),
], ids=str)
def test_the_slip_is_named(claim, kind):
    assert kind in slips(claim)


def test_a_path_lost_and_only_the_diagonal():
    q1, q2, V = (FAN.names[name].data for name in ("q[1]", "q[2]", "V[1,1]"))
    both = (q1 - 1) * V + q2 * FAN.names["V[1,2]"].data
    one = (q1 - 1) * V
    book = [f"dE/do[1] = {q1 - 1:.5f}", f"dE/do[2] = {q2:.5f}"]
    assert verdicts([*book, f"dE/dh[1] = {both:.5f}"], FAN)[-1] == DIGITS
    assert {"overwritten", "path lost"} & set(slips([*book, f"dE/dh[1] = {one:.5f}"], FAN))
    other = Problem.written({"t": [0.3, 0.7]}, {"o": [0.4, -0.9]},
                            {"q": "softmax(o)", "E": "(q[1] - t[1])^2 + (q[2] - t[2])^2"})
    a = other.names["q[1]"].data
    slope = 2 * (a - 0.3)
    assert slips([f"dE/dq[1] = {slope:.5f}", f"dE/do[1] = {slope * a * (1 - a):.5f}"],
                 other)[0] == "diagonal only"


@pytest.mark.parametrize(("terms", "kind", "said"), [
    ("a - b",             "sign",           "path through o[2] has the wrong sign"),
    ("a + 2*b",           "path doubled",   "path through o[2] is counted twice"),
    ("a + b/V",           "factor lost",    "factor V[1,2] is missing"),
    ("a + b*V",           "factor doubled", "factor V[1,2] is taken twice"),
    ("b",                 "overwritten",    "only the path through o[2] is left"),
    ("-(a + b)",          "sign",           "the sign is wrong"),
])
def test_slips_in_one_of_two_paths(terms, kind, said):
    q1, q2, V1, V2 = (FAN.names[name].data for name in ("q[1]", "q[2]", "V[1,1]", "V[1,2]"))
    wrong = eval(terms, {"a": (q1 - 1) * V1, "b": q2 * V2, "V": V2})
    row = audit([f"dE/do[1] = {q1 - 1:.7f}", f"dE/do[2] = {q2:.7f}", f"dE/dh[1] = {wrong:.7f}"],
                FAN).rows[-1]
    assert any(slip.kind == kind and said in slip.text for slip in row.slips), row.slips


def test_another_loss_an_average_and_a_transposed_index():
    x = Problem.written({"t": [1.0, 0.0]}, {"p": [0.7, 0.4]},
                        {"a": "1.0*p", "L": "((a[1] - t[1])^2 + (a[2] - t[2])^2)/2"})
    assert "other loss" in slips("dL/da[1] = -1.4286", x)
    assert "average missing" in slips("dL/da[1] = -0.60", x)
    assert "average doubled" in slips("dL/da[1] = -0.15", x)
    W = Problem.written({"x": [0.5, 2.0]}, {"W": [[0.3, 0.9], [-0.2, 0.4]]},
                        {"z": "x @ W", "L": "z[1]*z[2]"})
    assert "transposed" in slips("dz[1]/dx[2] = 0.9", W)


def test_the_natural_logarithm_and_the_other_one():
    p = Value(0.25, label="p")
    L = -log(p)
    L.label = "L"
    assert "logarithm" in slips("L = 0.60206", L)


def test_an_operand_rounded_too_early_and_a_number_rounded_twice():
    net = networks.linear_1_1_1()
    assert slips("∂loss/∂b1 = -5.539", net)[0] == "rounded early"
    assert slips("loss = 8.318", net)[0] == "rounded twice"


def test_a_multiplication_sign_left_out_and_a_term_that_is_not_the_one_before():
    assert "multiplication lost" in [
        s.kind for s in audit("W1' = 0.5 - (0.01 - 3.861) = 0.53861", CHAIN).rows[0].slips]
    found = audit("z = 0.5*2.0 + 0.1*1.0 = 1.3 + 0.1 = 1.4", CHAIN)
    assert found.rows[1].slips[0].kind == "arithmetic" and "1" in found.rows[1].slips[0].text


def test_where_nothing_fits_nothing_is_guessed():
    row, = audit("L = 3.3217", CHAIN).rows
    assert row.verdict == WRONG and row.slips == ()


def test_a_slip_is_reported_with_the_number_it_gives():
    slip = audit("dL/dp = -3.360", CHAIN).rows[0].slips[0]
    assert slip.value == pytest.approx(-3.3596, abs=5e-5)


@pytest.mark.parametrize(("shown", "true", "kind"), [
    ("1.72", 1.27, "digits swapped"), ("0.938", 0.93883, "cut"),
    ("8.318", 8.317456, "rounded twice"),
    ("1.5", 1.05, "zero lost"), ("0.127", 1.27, "zero gained"), ("4.001", 4.004, "digit misread"),
    ("4.005", 4.004, "last digit"), ("0.803813", 0.8003813, "zero lost")], ids=str)
def test_slips_of_the_pen(shown, true, kind):
    assert kind in [k for k, _ in misprints(printed(shown), true)]
    assert not printed(shown).agrees(true)


# ---- formulas

def test_a_formula_must_hold_at_other_numbers_too():
    x, y = Value(2.0, label="x"), Value(2.0, label="y")
    z = x * y
    z.label = "z"
    found = audit(["z = x*y", "z = x + y", "dz/dx = y", "dz/dx = x"], z)
    assert [r.verdict for r in found.rows] == [RIGHT, WRONG, RIGHT, WRONG]
    assert "by chance" in found.rows[1].note


def test_matrix_formulas_are_claims_about_every_element():
    found = audit("dE/dW = [[x[1]*dE/dz[1], x[1]*dE/dz[2]], [x[2]*dE/dz[1], x[2]*dE/dz[2]]]", FAN)
    assert [r.name for r in found.rows] == [f"∂E/∂W[{i},{j}]" for i in (1, 2) for j in (1, 2)]
    assert found.ok


# ---- forms

def test_claims_are_texts_parts_or_a_dictionary():
    graph = tanh(Value(0.5, label="x"))
    graph.label = "y"
    for claims in ("y = 0.4621", ["y = 0.4621"], [("Forward", ["y = 0.4621"])], {"y": "0.4621"}):
        assert audit(claims, graph).ok
    assert audit([("Forward", ["y = 0.4621"])], graph).rows[0].step == "Forward"
    assert verdicts({"W": [["0.20", "0.7"], ["-0.4", 0.3]]}, FAN) == [RIGHT] * 4


def test_a_network_a_value_and_a_module_are_graphs():
    assert audit("loss = 8.3175", networks.linear_1_1_1()).ok
    model = MLP(2, [2, 1], activations="tanh")
    out = model([1.0, -2.0])
    out.label = "out"
    assert audit(f"out = {out.data:.6f}", out, model).ok


def test_spellings_and_signs_of_print():
    assert audit(["∂L/∂W₂ = 2(p − y)·h", "L = (p - y)²", "W2′ = W2 − 0.01×∂L/∂W2"], CHAIN).ok
    x = exp(Value(1.0, label="x"))
    x.label = "y_hat"
    assert audit("ŷ = 2.718", x).ok and audit("E = 2.718", x, names={"E": "y_hat"}).ok


def test_a_blank_does_not_tell_its_answer():
    found = audit("L = ?", CHAIN)
    assert found.rows[0].verdict == BLANK and "11.28" not in f"{found} {found.rows}"


def test_points_are_full_for_inherited_half_for_the_pen_and_none_for_blanks():
    found = audit(["z = 1.2", "h = 0.8337", "p = 0.6640", "L = ?"], CHAIN)
    assert [r.verdict for r in found.rows] == [WRONG, INHERITED, WRONG, BLANK]
    got, of = found.score
    assert of == 4 and 1 <= got < 3


@pytest.mark.parametrize(("claim", "said"), [
    ("nonsense = 1.0",                 "is not a name in this graph"),
    ("L 11.28",                        "has no = in it"),
    ("L = (1 + ",                      "cannot be read"),
    ("L = [1, 2]",                     "a list where one number belongs"),
    ("dL/dnothing = 1",                "is not a name"),
    ("L = 11,28",                      "write a point"),
    ("h = tanh z",                     "write tanh(...)"),
    ("h = log",                        "write log(...)"),
    ("h = z // 2",                     "means nothing here"),
    ("h = z.T",                        "only a matrix"),
    ("L = 1e400",                      "is not a number as one prints it"),
    ("L = 1 2",                        "two numbers side by side"),
    ("L'(p) = 2",                      "is no derivative here"),
    ("L = " + "+".join(["0.1"] * 900), "characters"),
])
def test_what_cannot_be_read_is_said_and_nothing_else_is_lost(claim, said):
    bad, good = audit([claim, "z = 1.1"], CHAIN).rows
    assert bad.verdict == UNREAD and said in bad.note and good.verdict == RIGHT


def test_a_part_that_cannot_be_read_does_not_lose_the_others():
    found = audit(["h = thanh(z) = 0.8005", "p = 0.6404"], CHAIN)
    assert [r.verdict for r in found.rows] == [UNREAD, DIGITS, DIGITS]


@pytest.mark.parametrize("line", ["0.8005 = h", "h := 0.8005", "h = 0.8005 # seen",
                                  "h = 8.005·10⁻¹",
                                  "h = (e^(1.1) - e^(-1.1))/(e^(1.1) + e^(-1.1)) = 0.8005"])
def test_spellings_of_students(line):
    assert audit(line, CHAIN).ok


def test_what_is_infinite_is_not_right():
    for line in ("h = 1/0", "h = 9^9^9^9", "h = exp(1000)"):
        assert verdicts(line) == [WRONG]


def test_a_bare_zero_says_zero():
    assert verdicts(["dL/dx = 0", "dL/dx = 0.0"], Problem.written(
        {"x": 1.0}, {"w": 0.01}, {"L": "w*x"})) == [WRONG, DIGITS]


def test_a_formula_may_be_simplified_with_given_targets():
    assert audit(["E = -ln(q[1])", "dE/dq[1] = -1/q[1]", "dE/do[1] = q[1] - 1", "dE/do[2] = q[2]",
                  "dE/do = [q[1] - t[1], q[2] - t[2]]"], FAN).ok


def test_what_is_no_graph_is_refused():
    with pytest.raises(TypeError, match="is not a graph"):
        audit("x = 1", 3.0)
    with pytest.raises(TypeError, match="give a text"):
        audit({"z": None}, CHAIN)
    with pytest.raises(TypeError, match="has its own"):
        audit("z = 1.1", CHAIN, rate=0.1)


def test_nothing_is_painted_on_the_graph():
    net = networks.linear_1_1_1()
    loss = net.loss()
    before = [(n.data, n.grad) for n in net.parameters()]
    audit(["∂loss/∂W1 = -11.075", "W1' = 0.6107"], loss, net)
    assert [(n.data, n.grad) for n in net.parameters()] == before
