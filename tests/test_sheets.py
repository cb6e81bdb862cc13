"""Sheets: derivations as TOML files, what is refused in them, and those of the documents."""

import math
import re
from pathlib import Path

import pytest

from nn import matrices, networks
from viz.auditing.equations import equation
from viz.auditing.problem import Problem
from viz.auditing.sheets import AS_WRITTEN, parse_sheet, read_sheet

SHEETS = Path(__file__).parent.parent / "notebooks" / "sheets"

NEURON = '''
title = "One neuron"
rate = 0.1
[given]
x = 2.0
y = 4
[parameters]
w = 0.5
b = 0.1
[formulas]
"ŷ" = "w·x + b"
L = "(ŷ - y)²"
[[step]]
title = "Forward"
claims = """
ŷ = 0.5 × 2.0 + 0.1          # a remark
= 1.1
L = [1,
     2]
L = ?
"""
[[step]]
claims = ["w' = 1.66"]
'''


# ---- reading

def test_a_sheet_is_read_with_its_numbers_formulas_and_lines():
    sheet = parse_sheet(NEURON)
    assert sheet.title == sheet.problem.title == "One neuron" and sheet.problem.rate == 0.1
    assert sheet.problem.loss.data == pytest.approx((1.1 - 4) ** 2)
    assert {sheet.problem.name(p) for p in sheet.problem.parameters} == {"w", "b"}
    assert sheet.steps == [
        ("Forward", ["ŷ = 0.5 × 2.0 + 0.1 = 1.1", "L = [1, 2]", "L = ?"]),
        ("step 2", ["w' = 1.66"])]
    assert sheet.reading == AS_WRITTEN and sheet.readings == (AS_WRITTEN,)


def test_a_reading_replaces_formulas_of_the_same_name_in_their_place():
    text = NEURON + '[readings.half]\n"ŷ" = "w·x"\n[readings."all/2"]\nL = "(ŷ - y)²/2"\n'
    half, third = parse_sheet(text, "half"), parse_sheet(text, "all/2")
    assert half.problem.loss.data == pytest.approx(9.0)
    assert third.problem.loss.data == pytest.approx(2.9 ** 2 / 2)
    assert parse_sheet(text).readings == (AS_WRITTEN, "half", "all/2")
    own = parse_sheet('reading = "half"\n' + text)
    assert own.reading == "half" and own.problem.loss.data == pytest.approx(9.0)
    assert own.readings == ("half", "all/2")


def test_other_spellings_find_the_same_values():
    sheet = parse_sheet(NEURON + '[names]\nE = "L"\n')
    assert sheet.problem.find("E") is sheet.problem.loss


def test_a_sheet_is_read_from_a_file(tmp_path):
    (tmp_path / "neuron.toml").write_text(NEURON, encoding="utf-8")
    assert read_sheet(tmp_path / "neuron.toml").steps == parse_sheet(NEURON).steps


def test_an_open_bracket_does_not_swallow_the_next_claim():
    text = NEURON.replace('claims = ["w\' = 1.66"]', 'claims = "dL/dw = (2\\nL = 7\\nw\' = 2.8"')
    assert parse_sheet(text).steps[1][1] == ["dL/dw = (2", "L = 7", "w' = 2.8"]
    text = NEURON.replace('claims = ["w\' = 1.66"]', 'claims = "L = (2 +\\n3\\n) ≈ 5\\n≈ 5.0"')
    assert parse_sheet(text).steps[1][1] == ["L = (2 + 3 ) ≈ 5 ≈ 5.0"]


def test_a_sheet_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "neuron.toml").write_text(NEURON, encoding="utf-8-sig")
    assert read_sheet(tmp_path / "neuron.toml").steps == parse_sheet(NEURON).steps
    assert parse_sheet("\ufeff" + NEURON).title == "One neuron"


def test_a_folder_is_no_sheet(tmp_path):
    with pytest.raises(OSError, match=r"^[^\[\]]*is a folder: give the path of a TOML file"):
        read_sheet(tmp_path)


def test_an_unknown_function_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"uses foo\(\.\.\), and there is no such function: "
                                         r"there are .*sigmoid, .*tanh"):
        parse_sheet(NEURON.replace("(ŷ - y)²", "foo(ŷ - y)²"))
    product = parse_sheet(NEURON.replace("w·x + b", "w(x + b) + tanh(0)"))
    assert product.problem.find("y_hat").data == pytest.approx(0.5 * 2.1)


@pytest.mark.parametrize("before, after, message", [
    ("x = 2.0", "x = nan", "x under given holds nan"),
    ("w = 0.5", "w = [1.0, -inf]", "w under parameters holds -inf"),
    ("x = 2.0", "x = ", "is not TOML"),
    ("x = 2.0", 'x = "2"', "x under given holds '2', which is not a number"),
    ("x = 2.0", "x = true", "x under given holds True"),
    ("x = 2.0", "x = [[1.0], [1.0, 2.0]]", "x under given is empty or has rows of different"),
    ("x = 2.0", "x = [1.0, [2.0]]", "rows of different lengths"),
    ("x = 2.0", "x = []", "x under given is empty"),
    ("x = 2.0", "x = [1.0, 2.0]", "L', is a list, and the loss is one number"),
    ("x = 2.0", "w = 2.0", "'w' stands under given and under parameters"),
    ("rate = 0.1", "rate = -1", "the rate -1 is not a positive number"),
    ("rate = 0.1", "rat = 0.1", "'rat' is not a key of a sheet: is 'rate' meant?"),
    ("rate = 0.1", "reading = 1", "reading = 1 is not text"),
    ("[given]", "given = 1\n[other]", "'other' is not a key of a sheet"),
    ('"w·x + b"', "3", "ŷ = 3 under formulas is not text"),
    ('"w·x + b"', '"v·x + b"', "the formula ŷ = 'v·x + b' cannot be computed: it uses 'v'"),
    ('"w·x + b"', '"w·(x + b"', "are its brackets closed"),
    ('"w·x + b"', '"x.T + b"', "the formula ŷ = 'x.T + b' cannot be computed"),
    ("[[step]]", "[[steps]]", "'steps' is not a key of a sheet: is 'step' meant?"),
    ("title = \"Forward\"", "titel = \"Forward\"", "'titel' is not a key of step 1"),
    ('["w\' = 1.66"]', "1.66", "the claims of step 2 are 1.66"),
])
def test_what_cannot_be_read_is_refused_by_name(before, after, message):
    assert before in NEURON
    with pytest.raises(ValueError) as error:
        parse_sheet(NEURON.replace(before, after), where="neuron.toml")
    assert message in str(error.value) and str(error.value).startswith("neuron.toml")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("more, reading, message", [
    ("", "third", "no reading 'third': choose one of as written"),
    ('[readings.half]\nloss = "1"\n', None, "'loss' is not a formula that the reading 'half'"),
    ("[readings]\nhalf = 1\n", None, "the reading 'half' is not a table"),
    ('[names]\nE = "K"\n', None, "the other spelling 'E' under names: 'K' is not a name"),
    ("[names]\nE = 1\n", None, "E = 1 under names is not text"),
])
def test_readings_and_spellings_must_fit_the_formulas(more, reading, message):
    with pytest.raises(ValueError, match=r"^sheet\.toml") as error:
        parse_sheet(NEURON + more, reading, where="sheet.toml")
    assert message in str(error.value)


def test_a_sheet_without_steps_or_formulas_is_refused():
    with pytest.raises(ValueError, match="there are no steps"):
        parse_sheet(NEURON.partition("[[step]]")[0])
    with pytest.raises(ValueError, match="there are no formulas"):
        parse_sheet("[given]\nx = 1\n")


def test_a_file_that_is_no_sheet_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no sheet .*none\.toml"):
        read_sheet(tmp_path / "none.toml")
    (tmp_path / "picture.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"picture\.toml is not text"):
        read_sheet(tmp_path / "picture.toml")


# ---- what formulas can say

def computed(formula, **given):
    return Problem.written(given, {}, {"z": formula}).loss.data


def test_softmax_of_single_numbers_is_the_share_of_the_first():
    e = [math.exp(v) for v in (1, 2, 3)]
    assert computed("softmax(b, a, c)", a=1, b=2, c=3) == pytest.approx(e[1] / sum(e))
    assert computed("log_softmax(a, b, c)", a=1, b=2, c=3) == pytest.approx(
        math.log(e[0] / sum(e)))
    assert computed("logsumexp(a, b, c)", a=1, b=2, c=3) == pytest.approx(math.log(sum(e)))
    assert computed("softmax(a)", a=1) == 1
    assert computed("max(a, 0) + min(a, 0)/4", a=-2) == -0.5


def test_a_list_with_an_index_too_many_is_no_family():
    problem = Problem.written({"w": [1.0, 2.0], "w[0]": 3.0}, {}, {"z": "w[0] + w[1]"})
    assert "w" not in problem.families and problem.loss.data == 4.0


# ---- the sheets of the documents

def numbers(problem):
    return {name: node.data for name, node in problem.names.items()}


def gradients(problem):
    problem.loss.backward()
    return {problem.name(p): p.grad for p in problem.parameters}


def test_the_sheet_of_000_has_the_networks_numbers_and_gradients():
    net = networks.linear_1_1_1()
    net.loss().backward()
    problem = read_sheet(SHEETS / "000.toml").problem
    shown = numbers(problem)
    for name, value in net.named_values():
        assert shown[name] == pytest.approx(value.data, rel=1e-12)
    found = gradients(problem)
    assert len(found) == 6
    for name, p in net.named_parameters():
        assert found[name] == pytest.approx(p.grad, rel=1e-12)


@pytest.mark.parametrize("reading", networks.READINGS)
def test_the_sheet_of_001_has_the_networks_numbers_and_gradients(reading):
    net = networks.relu_sigmoid_softmax_3_3_3(reading=reading)
    loss = net.loss()
    loss.backward()
    sheet = read_sheet(SHEETS / "001.toml", reading)
    assert sheet.readings == tuple(networks.READINGS) and sheet.reading == reading
    shown = numbers(sheet.problem)
    for name, value in net.named_values():
        assert shown[name] == pytest.approx(value.data, rel=1e-12)
    assert sheet.problem.loss.data == pytest.approx(loss.data, rel=1e-12)
    found = gradients(sheet.problem)
    assert len(found) == 36
    for name, p in net.named_parameters():
        assert found[name] == pytest.approx(p.grad, rel=1e-12)


def array(problem, name):
    """The numbers of a list or matrix in a sheet."""
    return [[v.data for v in row] if isinstance(row, list) else row.data
            for row in problem.find(name)]


def slopes(problem, name):
    """The gradients of a list or matrix in a sheet."""
    return [[v.grad for v in row] if isinstance(row, list) else row.grad
            for row in problem.find(name)]


def test_the_sheet_of_000s_batch_has_the_averaged_gradients():
    problem = read_sheet(SHEETS / "000-batch.toml").problem
    dW, db = matrices.scalar_gradients(array(problem, "x"), array(problem, "y"), (0.5, 0.8, 1.2),
                                       (0.1, -0.2, 0.3))
    found = gradients(problem)
    assert [found["W1"], found["W2"], found["W3"]] == pytest.approx(dW)
    assert [found["b1"], found["b2"], found["b3"]] == pytest.approx(db)


def test_the_sheet_of_002_has_the_gradient_of_the_summed_squares():
    problem = read_sheet(SHEETS / "002.toml").problem
    found = matrices.gradients([array(problem, "x")], [array(problem, "t")],
                               [array(problem, "W")], [array(problem, "b")], "linear")
    problem.loss.backward()
    assert problem.loss.data == pytest.approx(found.E) and problem.rate == 1
    assert slopes(problem, "b") == pytest.approx(list(found.db[0]))
    assert slopes(problem, "W") == [pytest.approx(list(row)) for row in found.dW[0]]


def test_the_sheet_of_003_has_the_matrix_gradients():
    problem = read_sheet(SHEETS / "003.toml").problem
    v, z = ([[x] for x in array(problem, name)] for name in ("v", "z_reality"))
    du, dv = matrices.linear_gradients(array(problem, "X0"), z, array(problem, "u"), v)
    problem.loss.backward()
    assert slopes(problem, "u") == [pytest.approx(list(row)) for row in du]
    assert slopes(problem, "v") == pytest.approx([x for x, in dv])


def test_the_sheet_of_004_has_the_gradients_of_the_recursion():
    problem = read_sheet(SHEETS / "004.toml").problem
    found = matrices.gradients(array(problem, "X"), array(problem, "Y"),
                               [array(problem, "W1"), array(problem, "W2")],
                               [array(problem, "b1"), array(problem, "b2")], "tanh")
    problem.loss.backward()
    assert problem.loss.data == pytest.approx(found.E)
    for i in (1, 2):
        assert slopes(problem, f"W{i}") == [pytest.approx(list(r)) for r in found.dW[i - 1]]
        assert slopes(problem, f"b{i}") == pytest.approx(list(found.db[i - 1]))
        assert slopes(problem, f"B{i}") == [pytest.approx(list(r)) for r in found.db_each[i - 1]]


@pytest.mark.parametrize("path", sorted(SHEETS.glob("*.toml")), ids=lambda p: p.stem)
def test_every_line_of_the_documents_sheets_can_be_read(path):
    sheet = read_sheet(path)
    for _, claims in sheet.steps:
        for claim in claims:
            for side in equation(claim, sheet.problem.known):
                used = [m for m in side.meaning.values() if isinstance(m, str)]
                assert all(sheet.problem.known(name) for name in used if name != "u0"), claim


def test_the_sheets_of_000_and_001_hold_every_number_printed():
    """The counts of numbers with a point, taken from the documents once."""
    for name, printed in (("000", 159), ("001", 463)):
        claims = [c for _, lines in read_sheet(SHEETS / f"{name}.toml").steps for c in lines]
        assert sum(len(re.findall(r"(?<![\w.])\d+\.\d+", c)) for c in claims) == printed
