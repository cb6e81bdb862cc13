"""Exercises: sheets with blanks that hold a graph's own formulas, and read back as that graph."""

import random

import pytest

import engine
from engine import Value, total
from nn import MLP, Layer, binary_cross_entropy, mean_squared_error, networks
from viz.auditing.exercise import exercise
from viz.auditing.naming import from_path, readable
from viz.auditing.problem import Problem
from viz.auditing.sheets import parse_sheet
from viz.text import number


def claims(sheet):
    """The lines of a sheet as pairs of what is asked and what stands there."""
    return [line.rsplit(" = ", 1) for _, lines in sheet.steps for line in lines]


def reads_back(loss, module=None):
    """Whether the sheet's own graph has the numbers and gradients of the graph it was made from."""
    sheet = parse_sheet(exercise(loss, module=module))
    loss.backward()
    sheet.problem.loss.backward()
    problem = Problem.of(loss, module)
    assert sheet.problem.loss.data == pytest.approx(loss.data, rel=1e-9, abs=1e-12)
    for name, node in sheet.problem.names.items():
        assert node.data == pytest.approx(problem.names[name].data, rel=1e-9, abs=1e-12)
    for node in sheet.problem.parameters:
        truth = problem.names[sheet.problem.name(node)]
        assert node.grad == pytest.approx(truth.grad, rel=1e-6, abs=1e-9)
    return sheet


# ---- round trips

def test_the_linear_network_reads_back_and_is_asked_from_the_input_to_the_loss_and_back():
    net = networks.linear_1_1_1()
    text = exercise(net)
    assert 'loss = "square(y_hat - y)"' in text and 'z1 = "W1 * x + b1"' in text
    sheet = reads_back(net.loss(), net)
    asked = [what for what, _ in claims(sheet)]
    assert asked[:7] == ["z1", "h1", "z2", "h2", "z3", "y_hat", "loss"]
    assert asked[7:11] == ["∂loss/∂y_hat", "∂loss/∂z3", "∂loss/∂W3", "∂loss/∂b3"]
    assert asked[19:25] == ["W1'", "b1'", "W2'", "b2'", "W3'", "b3'"]
    assert asked[25:] == [f"{name}'" for name in asked[:7]]
    assert {answer for _, answer in claims(sheet)} == {"?"}


@pytest.mark.parametrize("reading", networks.READINGS)
def test_the_3_3_3_network_reads_back_layer_by_layer(reading):
    net = networks.relu_sigmoid_softmax_3_3_3(reading=reading)
    sheet = reads_back(net.loss(), net)
    assert [what for what, _ in claims(sheet)][:7] == [
        *(f"h1_in[{j}]" for j in (1, 2, 3)), *(f"h1_out[{j}]" for j in (1, 2, 3)), "h2_in[1]"]
    assert "W_jk = [[0.2, 0.3, 0.5], [0.3, 0.5, 0.7], [0.6, 0.4, 0.8]]" in exercise(net)
    assert len(sheet.problem.parameters) == 36


def test_an_mlp_on_two_samples_reads_back_under_names_with_layer_input_and_unit():
    random.seed(3)
    net = MLP(2, [3, 1], "tanh")
    loss = mean_squared_error([net([0.5, -1.0]), net([0.25, 1 / 3])], [1.0, 0.1])
    sheet = reads_back(loss, net)
    assert sheet.problem.find("W1[2,3]").data == net.layers[0].neurons[2].w[1].data
    assert sheet.problem.find("b2[1]").data == net.layers[1].neurons[0].b.data
    assert sheet.problem.find("W2")[2][0].data == net.layers[1].neurons[0].w[2].data
    asked = [what for what, _ in claims(sheet)]
    assert asked.index("∂loss/∂W1[1,1]") > asked.index("∂loss/∂z1[4]")      # both paths are known


OPERATORS = ["add", "sub", "mul", "div"]
FUNCTIONS = ["exp", "tanh", "sigmoid", "relu", "square", "softplus", "sin", "neg", "log1p", "atan"]


def random_graph(seed):
    """A graph of positive leaves, with and without labels, and of operations of several kinds."""
    draw = random.Random(seed)
    nodes = [Value(draw.uniform(0.3, 0.9), label=draw.choice(["", f"a{i}", f"w[{i},1]", "exp"]))
             for i in range(1, 6)]
    for i in range(14):
        x, y, z = draw.choices(nodes, k=3)
        made = draw.choice([
            lambda x, y, z: getattr(engine, draw.choice(FUNCTIONS))(x),
            lambda x, y, z: getattr(engine, draw.choice(OPERATORS))(x, y),
            lambda x, y, z: engine.dot([x, y], [z, 0.1], -2),
            lambda x, y, z: engine.softmax([x, y, z])[1],
            lambda x, y, z: engine.logsumexp([x, y * -3, z]),
            lambda x, y, z: engine.maximum(x, y) ** 2 - 1 / 3])(x, y, z)
        made.label = draw.choice(["", "", f"h{i}", f"h_{{{i}}}"])
        nodes.append(made)
    return total([engine.tanh(n) for n in nodes])


@pytest.mark.parametrize("seed", range(25))
def test_random_graphs_read_back(seed):
    assert reads_back(random_graph(seed)).problem.parameters


# ---- names

@pytest.mark.parametrize("label, name", [
    ("W1", "W1"), ("ŷ", "y_hat"), ("W_ij[1, 2]", "W_ij[1,2]"), ("my weight!", "my_weight"),
    ("exp", "v_exp"), ("2nd", "v_2nd"), ("__", "v"), ("w'", "w"), ("w[x]", "w_x"), ("a=b", "a_b"),
])
def test_labels_become_names_that_equations_can_hold(label, name):
    assert readable(label) == name


@pytest.mark.parametrize("path, name", [
    ("layers[0].neurons[1].w[2]", "W1[3,2]"), ("layers[1].neurons[0].b", "b2[1]"),
    ("w[0]", "w[1]"), ("scale", "scale"), ("blocks[1].gate.w[0]", "blocks_gate_w[2,1]"),
])
def test_paths_become_names_that_count_from_1(path, name):
    assert from_path(path) == name


def test_two_nodes_of_one_label_stay_two_numbers():
    a, b = Value(2.0, label="h"), Value(3.0, label="h")
    sheet = parse_sheet(exercise(a * b))
    assert sheet.problem.find("h").data == 2.0 and sheet.problem.find("h_2").data == 3.0
    twice = Problem.of(a * b)
    assert twice.find("h") is a and twice.find("h_2") is b


def test_the_layers_of_a_module_do_not_share_the_names_of_their_weights():
    net = MLP(2, [2, 2])
    problem = Problem.of(total(net([1.0, 2.0])), net)
    assert len(problem.parameters & set(problem.names.values())) == 12


# ---- what is asked

def test_a_parameter_that_is_no_input_is_updated_and_constants_are_not_asked_for():
    w, x = Value(0.5, label="w"), Value(2.0, label="x")
    net = Layer(1, 1)
    net.neurons[0].w, net.neurons[0].b = [w], Value(0.0, label="b")
    loss = binary_cross_entropy(net.after(net.before([x]))[0] * 0.1, 1.0)
    asked = [what for what, _ in claims(parse_sheet(exercise(loss, module=net)))]
    assert "w'" in asked and "x'" not in asked and not [a for a in asked if a.endswith("∂x")]


def test_a_solved_sheet_holds_the_right_numbers():
    net = networks.linear_1_1_1()
    found = dict(claims(parse_sheet(exercise(net, solved=True, digits=5))))
    before = net.step(0.01)
    assert found["loss"] == number(before.data, 5) == "8.3175"
    assert found["∂loss/∂W1"] == number(net.W1.grad, 5)
    assert found["W1'"] == number(net.W1.data, 7)
    assert found["y_hat'"] == number(net.y_hat.data, 7)
    assert found["loss'"] == number(net.loss().data, 7)
    assert "?" not in exercise(net, solved=True)


def test_an_exercise_changes_nothing_in_the_graph():
    net = networks.linear_1_1_1()
    loss = net.loss()
    loss.backward()
    before = [(p.data, p.grad) for p in net.parameters()]
    exercise(loss, module=net, solved=True)
    assert [(p.data, p.grad) for p in net.parameters()] == before


def test_title_rate_and_digits_stand_in_the_sheet():
    text = exercise(networks.linear_1_1_1(), title='A "first" one', rate=0.5, digits=3)
    sheet = parse_sheet(text)
    assert sheet.title == 'A "first" one' and sheet.problem.rate == 0.5
    assert "with 3 significant digits" in text


def test_a_graph_of_constants_is_asked_forwards_only():
    sheet = parse_sheet(exercise(Value(2.0, label="w").detach() * 3 + 1))
    assert [title for title, _ in sheet.steps] == ["Forward"]


@pytest.mark.parametrize("graph, error, message", [
    (3.0, TypeError, "3.0 is not a graph"),
    (Value(1.0), ValueError, "was not computed from anything"),
    (engine.log(Value(0.0, label="a")), ValueError, "is -inf, which nobody can compute"),
    (Value(6.0, (Value(2.0), Value(3.0)), "foo"), ValueError, "foo"),
    (total([Value(1.0, label=f"a{i}") for i in range(2100)]), ValueError, "2,101 numbers"),
])
def test_what_is_no_exercise_is_refused(graph, error, message):
    with pytest.raises(error, match=message):
        exercise(graph)


def test_a_graph_whose_numbers_were_changed_is_refused():
    net = networks.linear_1_1_1()
    loss = net.loss()
    net.W1.data = 7.0
    with pytest.raises(ValueError, match="record it anew"):
        exercise(loss, module=net)
    with pytest.raises(ValueError, match="digits=0 is not"):
        exercise(net, digits=0)
