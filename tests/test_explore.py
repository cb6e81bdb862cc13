"""The explorer's data, places and generated program, without a browser."""

import json
import math
import random
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

import engine
from engine import ROWS, Row, Value, add_operation
from engine.rules import RULES
from engine.value import make
from nn import MLP, History, fit, networks
from viz import audit, derive, displays, explore, live
from viz.command import main
from viz.explorer import bundle
from viz.explorer.javascript import expression
from viz.explorer.program import program
from viz.gallery import gallery
from viz.text import number

NODE = shutil.which("node")


def computed(net):
    loss = net.loss()
    loss.backward()
    return loss


@pytest.fixture(scope="module")
def small():
    net = networks.linear_1_1_1()
    return explore(computed(net), net)


@pytest.fixture(scope="module")
def larger():
    net = networks.relu_sigmoid_softmax_3_3_3()
    return explore(computed(net), net)


# ---- the data

def test_every_node_stands_after_its_inputs_with_its_numbers(larger):
    for i, (node, data) in enumerate(zip(larger.nodes, larger.data["nodes"], strict=True)):
        assert data["value"] == node.data and all(x < i for x in data.get("in", ()))
        assert [larger.nodes[x] for x in data.get("in", ())] == list(node._prev)
        assert data.get("grad") == (None if engine.is_constant(node) else node.grad)


def test_formulas_hold_their_inputs_as_marked_numbers(small):
    z1 = next(n for n in small.data["nodes"] if n["name"] == "z1")
    names = [n["name"] for n in small.data["nodes"]]
    assert re.sub("\ue000(\\d+)\ue001", lambda m: names[int(m[1])], z1["formula"]) == "W1 · x + b1"
    assert z1["slopes"] == [f"\ue000{names.index(x)}\ue001" for x in ("x", "W1")] + ["1"]


def test_the_graph_is_not_changed():
    net = networks.linear_1_1_1()
    loss = computed(net)
    before = [(n, n.data, n.grad, n.label, dict(vars(n))) for n in engine.graph.nodes([loss])]
    explore(loss, net, derivation=derive(loss, net.W1, net)).html()
    assert before == [(n, n.data, n.grad, n.label, dict(vars(n)))
                      for n in engine.graph.nodes([loss])]


def test_two_explorers_of_a_graph_are_the_same_page(small):
    net = networks.linear_1_1_1()
    assert explore(computed(net), net).html() == small.html()


def test_inf_and_nan_are_kept_and_the_page_is_valid_json():
    y = Value(0.0, label="x").log() * Value(math.nan, label="n")
    nodes = explore(y).data["nodes"]
    assert [n["value"] for n in nodes] == [0.0, "-inf", "nan", "nan"]
    json.dumps(explore(y).data, allow_nan=False)


# ---- places

def boxes_apart(view):
    boxes = [b["at"] for b in view["boxes"]]
    return all(a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or a[1] + a[3] <= b[1]
               or b[1] + b[3] <= a[1] for k, a in enumerate(boxes) for b in boxes[:k])


@pytest.mark.parametrize("which", ["small", "larger"])
def test_in_every_view_boxes_stand_apart_and_hold_every_node_once(which, request):
    explorer = request.getfixturevalue(which)
    for view in explorer.data["views"]:
        held = sorted(i for box in view["boxes"] for i in box["nodes"])
        assert held == list(range(len(explorer.nodes))) and boxes_apart(view)
        width, height = view["size"]
        assert all(x >= 0 and x + w <= width and y >= 0 and y + h <= height
                   for x, y, w, h in (b["at"] for b in view["boxes"]))


def test_every_combination_of_open_layers_is_a_view(larger):
    open_sets = {tuple(v["open"]) for v in larger.data["views"]}
    assert open_sets == {(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)}
    assert {v["title"] for v in larger.data["views"]} == {"none", "open", "layer", "neuron"}
    assert larger.data["views"][larger.data["start"]]["title"] == "none"


def test_a_large_graph_is_folded_at_first_and_can_be_asked_for_otherwise():
    net = MLP(64, [32, 10])
    loss = sum(z * z for z in net([Value(0.1, label=f"x{i}") for i in range(64)]))
    folded = explore(loss, net)
    assert len(folded.nodes) > 2500
    assert len(folded.data["views"][folded.data["start"]]["boxes"]) < 40
    assert folded.data["views"][-1]["title"] == "neuron"
    with pytest.raises(ValueError, match=r"fold='none' is not a view .* choose from 'layer'"):
        explore(loss, net, fold="none")


def test_a_graph_of_thousands_of_nodes_without_layers_stays_small():
    xs = [Value(0.1 * i, label=f"x{i}") for i in range(50)]
    row = xs
    for _ in range(40):
        row = [(a * 0.5 + b).tanh() for a, b in zip(row, row[1:] + row[:1])]
    explorer = explore(engine.total(row))
    assert len(explorer.nodes) > 5000 and len(explorer.html()) < 2_000_000
    assert len(explorer.data["views"][explorer.data["start"]]["boxes"]) < 80


def test_a_direction_can_be_chosen_and_is_otherwise_what_fits(small):
    net = networks.linear_1_1_1()
    for direction, tall in (("LR", False), ("TB", True)):
        explorer = explore(computed(net), net, direction=direction)
        width, height = explorer.data["views"][explorer.data["start"]]["size"]
        assert (height > width) == tall


# ---- the page

def test_the_page_of_the_3_3_3_network_is_small(larger):
    assert len(larger.html().encode()) < 150_000


def test_the_page_names_nothing_outside_of_it(larger):
    text = larger.html()
    urls = set(re.findall(r"https?://[^\s\"'`<>)]+", text))
    assert urls <= {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in text and "@import" not in text and "import {" not in text
    assert "innerHTML" not in text and "eval(" not in text and "outerHTML" not in text


HOSTILE = ['</script><script>alert(1)</script>', '<img src=x onerror=alert(1)>', '<!--',
           '"\'`&amp;', r'\text{x}$y$', "a\u2028b", "${1+1}", "\ue0001\ue001"]


def test_hostile_names_cannot_end_the_script():
    xs = [Value(1.0, label=name) for name in HOSTILE]
    explorer = explore(engine.total(xs), title="</title><script>alert(2)</script>")
    text = explorer.html()
    assert "<script>alert" not in text and "<img" not in text
    data = re.search(r'id="graph">(.*?)</script>', text, re.DOTALL).group(1)
    assert [n["name"] for n in json.loads(data)["nodes"]][:len(xs)] == HOSTILE


def test_every_file_of_the_page_is_in_the_bundle_once():
    from importlib.resources import files
    listed = {f.name for f in files("viz.explorer").iterdir() if f.name.endswith(".js")}
    assert {f"{n}.js" for n in bundle.in_order("app")} | {"math.js", "widget.js"} == listed
    defined = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", bundle.script(),
                         re.MULTILINE)
    assert len(defined) == len(set(defined)) and "import " not in bundle.script().split("//")[0]


def test_saving_adds_the_suffix_and_a_notebook_shows_a_sandboxed_frame(small, tmp_path):
    path = small.save(tmp_path / "graph")
    assert path.endswith("graph.html")
    with open(path, encoding="utf-8") as file:
        assert file.read() == small.html()
    frame = small._repr_html_()
    assert frame.startswith("<iframe") and 'sandbox="allow-scripts"' in frame
    assert repr(small) == "<Explorer of 16 nodes; .save('graph.html') writes it>"


# ---- refusals

@pytest.mark.parametrize("make_it, message", [
    (lambda: explore(3.0), r"not 3.0 of type float"),
    (lambda: explore(Value(3.0)), "nothing to explore"),
    (lambda: explore(Value(1.0) + 1, color="red"), r"color='red' is not known"),
    (lambda: explore(Value(1.0) + 1, direction="up"), r"direction='up' is not known"),
    (lambda: explore(Value(1.0) + 1, derivation=derive(*twice())), "is not in the graph"),
])
def test_what_cannot_be_explored_is_refused_with_the_reason(make_it, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make_it()


def twice():
    x = Value(2.0, label="x")
    return x * x, x


def test_a_node_with_a_function_of_its_own_is_refused_and_one_with_numbers_is_not():
    x = Value(2.0, label="x")
    mine = Value(8.0, (x,), "cube")
    mine._backward = lambda: None
    with pytest.raises(ValueError, match="made by hand"):
        explore(mine)
    assert explore(Value(8.0, (x,), [12.0]) * 1.0).data["nodes"][1]["given"] == [12.0]


# ---- beside the graph

def test_a_derivations_steps_know_their_nodes_and_arrows():
    net = networks.linear_1_1_1()
    loss = net.loss()
    d = derive(loss, net.W1, net)
    explorer = explore(d)
    names = [n["name"] for n in explore(loss, net).data["nodes"]]
    steps = explore(loss, net, derivation=d).data["derivation"]["steps"]
    assert len(steps) == len(d.steps) and explorer.y is loss
    assert [names[i] for i in steps[0]["nodes"]] == ["loss", "y_hat"]
    assert [names[int(e.split(".")[0])] for e in steps[0]["edges"]] == ["loss", "v1"]
    assert steps[-1]["lines"][-1]["text"].endswith("= -11.07")


def test_an_audits_statements_know_their_nodes():
    net = networks.linear_1_1_1()
    found = audit(["h1 = 0.5*2 + 0.1 = 1.2", "dL/dW1 = -11.078"], net, names={"L": "loss"})
    explorer = explore(found)
    wrong, = (r for r in explorer.data["audit"]["rows"] if r["class"] == "wrong" and
              r["text"] == "1.2")
    assert [explorer.nodes[i] for i in wrong["nodes"]] == [found.problem.find("h1")]
    assert explorer.data["audit"]["headline"] and wrong["remark"].startswith("should be 1.1")
    with pytest.raises(ValueError, match="another graph"):
        explore(networks.linear_1_1_1().loss(), audit=found)


# ---- the generated program

def test_pythons_truth_and_chains_are_kept():
    assert expression("x if c else y") == "((c !== 0) ? x : y)"
    assert expression("1 < t < 30") == "(1 < t && t < 30)"
    assert expression("x ** 2 / y") == "(power(x, 2) / y)"
    assert expression("[1] * len(xs)") == "Array(xs.length).fill(1)"
    with pytest.raises(ValueError, match="cannot be written in JavaScript"):
        expression("lambda: 1")


EDGES = [0.0, 1.0, -1.0, 0.5, 2.0, -3.0, -8.0, 1 / 3, 30.0, 1000.0, -1000.0, 1e-300, 1e300, -1e300,
         math.inf, -math.inf, math.nan]
RUN = """
const read = x => typeof x === 'number' ? x : {inf: Infinity, '-inf': -Infinity}[x] ?? NaN;
const written = x => Number.isFinite(x) ? x : String(x).replace('Infinity', 'inf').toLowerCase();
const cases = JSON.parse(require('fs').readFileSync(0));
console.log(JSON.stringify(cases.map(([name, given]) => {
    const xs = given.map(read), z = OPS[name].value(xs);
    return [written(z), OPS[name].slopes(xs, z).map(written)];
})));
"""


def points(row):
    """Inputs for a row: inside its domain, outside, and at the edges."""
    draw = random.Random(row.name)
    inputs = [None] * 4 if row.variadic else row.inputs.split()
    domains = row.domain * 4 if row.variadic else row.domain
    for _ in range(40):
        yield [draw.uniform(*d) for d in domains[:len(inputs)]]
        yield [draw.uniform(-9, 9) for _ in inputs]
        yield [draw.choice(EDGES) for _ in inputs]
    if len(inputs) == 1:
        yield from ([x] for x in EDGES)


def in_javascript(cases, text):
    known = [[name, [x if math.isfinite(x) else repr(x) for x in xs]] for name, xs in cases]
    done = subprocess.run([NODE, "-e", text + RUN], input=json.dumps(known), text=True,
                          capture_output=True, check=True)
    return [(float(z), [float(s) for s in slopes]) for z, slopes in json.loads(done.stdout)]


def close(a, b):
    return a == b or (a != a and b != b) or math.isclose(a, b, rel_tol=4e-15, abs_tol=1e-307)


def disagreements(text):
    cases = [(row.name, xs) for row in ROWS for xs in points(row)]
    for (name, xs), (z, slopes) in zip(cases, in_javascript(cases, text), strict=True):
        node = make(RULES[name], [Value(x) for x in xs])
        true = [float(node.data), *map(float, RULES[name].slopes(xs, node.data))]
        if not all(map(close, [z, *slopes], true)) or len(slopes) != len(true) - 1:
            yield name, xs, true, [z, *slopes]


@pytest.mark.skipif(NODE is None, reason="needs node, or the browser tests")
def test_every_row_computes_the_same_in_javascript():
    assert not list(disagreements(program(row.name for row in ROWS)))


@pytest.mark.skipif(NODE is None, reason="needs node")
@pytest.mark.parametrize("was, planted", [
    ("(z * sigmoid((-x)))", "(z * sigmoid(x))"),
    ("2 * x * x / (2 * n + 1)", "2 * x * x / (2 * n + 2)")])
def test_a_planted_slip_in_the_javascript_is_found(was, planted):
    text = program(row.name for row in ROWS)
    assert was in text and list(disagreements(text.replace(was, planted)))


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_numbers_are_written_as_viz_text_writes_them():
    draw = random.Random(5)
    xs = [0.0, -0.0, 1e5, 123456.0, 1234567.0, 99999.5, 0.40625, 0.40635, 2.5, 1e-5, 0.00012345,
          1e16, 9999.5, 12345.5, 12344.5, -0.5, math.inf, -math.inf, math.nan, 5e-324, 1.7e308]
    xs += [draw.uniform(-1, 1) * 10.0 ** draw.randint(-9, 9) for _ in range(300)]
    xs += [draw.randint(-9999, 9999) / 2 ** draw.randint(0, 12) for _ in range(300)]
    known = [x if math.isfinite(x) else repr(x) for x in xs]
    text = bundle.text("text.js").replace("export ", "") + (
        "const xs = JSON.parse(require('fs').readFileSync(0)).map(real);"
        "console.log(JSON.stringify([2, 4, 6].map(d => xs.map(x => number(x, d)))));")
    done = subprocess.run([NODE, "-e", text], input=json.dumps(known), text=True,
                          capture_output=True, check=True)
    assert json.loads(done.stdout) == [[number(x, d) for x in xs] for d in (2, 4, 6)]


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_an_operation_of_the_user_computes_in_javascript_too():
    row = Row("explored_cube", "cube", "x", "x * x * x", ("3 * square(x)",), "{x:4}^3",
              "{{{x:4}}}^3", engine.ops.POWER, (engine.ops.ANY,))
    add_operation(row)
    try:
        text = program(["explored_cube"])
        assert in_javascript([("explored_cube", [2.0])], text) == [(8.0, [12.0])]
        assert "sigmoid" not in text
    finally:
        del RULES["explored_cube"]


# ---- the notebook

def test_the_widget_and_the_values_follow_each_other():
    pytest.importorskip("anywidget")
    net = networks.linear_1_1_1()
    loss = computed(net)
    explorer = explore(loss, net)
    place = str(explorer.nodes.index(net.W1))
    explorer.widget.numbers = {**explorer.widget.numbers, place: -0.25}
    assert net.W1.data == -0.25 and loss.data == net.loss().data
    net.W1.data = 0.75
    explorer.refresh()
    assert explorer.widget.numbers[place] == 0.75 and loss.data == net.loss().data
    assert "text/plain" in explorer._repr_mimebundle_()[0]
    assert "export default" in explorer.widget._esm and "--paper" in explorer.widget._css


def test_without_anywidget_the_notebook_shows_the_page_and_the_widget_says_what_to_install(
        monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    x = Value(2.0, label="x")
    explorer = explore(x.exp())
    assert explorer._repr_mimebundle_()["text/html"].startswith("<iframe")
    with pytest.raises(ImportError, match=r"handgrad\[widget\]"):
        explorer.widget


def test_values_modules_and_histories_have_displays_and_short_reprs():
    net = networks.linear_1_1_1()
    loss = computed(net)
    assert displays.of_value(net.z1).startswith(r"$z_1 = W_1 \cdot x + b_1 = 1.1 \qquad")
    assert f"| `W1` | 0.5 | {net.W1.grad:.6g} |" in displays.of_module(net)
    history = fit(net, epochs=30, lr=0.01)
    shown = displays.of_history(history)
    assert shown.count("\n|") <= 15 and "(best)" in shown and f"{loss.data:.6g}" in shown
    assert "`Network`" in displays.of_module(net) and "`MLP of" in displays.of_module(MLP(1, [1]))
    assert "<" not in displays.of_value(Value(1.0, label="<script>"))
    assert max(map(len, map(repr, (loss, net, history)))) < 120
    assert displays.of_history(History()) == "no epochs yet"


def test_a_running_ipython_learns_the_displays():
    formatter = pytest.importorskip("IPython.core.formatters").DisplayFormatter()
    shell = types.SimpleNamespace(display_formatter=formatter)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
        displays.register()
    data, _ = formatter.format(Value(2.0, label="<b>"))
    assert data["text/markdown"].startswith("$") and data["text/plain"].startswith("Value(data=2.0")
    assert "text/markdown" in formatter.format(networks.linear_1_1_1())[0]


# ---- the gallery

def test_the_gallery_is_a_site_whose_links_stay_inside(tmp_path):
    pages = gallery(tmp_path / "site")
    assert {p.name for p in (tmp_path / "site").iterdir()} == {Path(p).name for p in pages}
    index = Path(pages[0]).read_text(encoding="utf-8")
    assert set(re.findall(r'href="(.*?)"', index)) == {Path(p).name for p in pages[1:]}
    assert all("index.html" in Path(p).read_text(encoding="utf-8") for p in pages[1:])
    assert all("https://" not in Path(p).read_text(encoding="utf-8") for p in pages)


def test_the_gallery_takes_sheets_and_the_command_says_where_it_begins(tmp_path, capsys):
    sheet = Path(__file__).parent.parent / "notebooks" / "sheets" / "000.toml"
    assert main(["gallery", "--out", str(tmp_path), str(sheet)]) == 0
    assert f"open {tmp_path / 'index.html'}" in capsys.readouterr().out
    assert "points, beside the graph" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert main(["gallery", "--out", str(tmp_path), "none.toml"]) == 1


def test_the_wheel_takes_every_file_of_the_page_along():
    root = Path(__file__).parent.parent
    said = (root / "pyproject.toml").read_text(encoding="utf-8")
    kept = re.findall(r'"\*(\.\w+)"', re.search(r'"viz.explorer" = \[(.*?)\]', said)[1])
    files = {p.suffix for p in (root / "viz" / "explorer").iterdir() if p.is_file()}
    assert files - {".py"} == set(kept) and '"viz.explorer"]' in said


def test_a_live_curve_grows_in_a_notebook_and_is_quiet_elsewhere(monkeypatch, capsys):
    monkeypatch.delenv("CI", raising=False)
    fit(networks.linear_1_1_1(), epochs=3, lr=0.01, on_epoch=live())
    assert capsys.readouterr().out == ""
    ipython = pytest.importorskip("IPython")
    shown = []
    handle = types.SimpleNamespace(update=lambda html: shown.append(html.data))
    monkeypatch.setattr(ipython, "get_ipython", lambda: types.SimpleNamespace(kernel=1))
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: handle)
    history = fit(networks.linear_1_1_1(), epochs=4, lr=0.01, on_epoch=live(seconds=0))
    assert len(shown) == 4 and f"loss {history.loss[-1]:.6g}" in shown[-1]
    assert [s.split('points="')[1].split('"')[0].count(",") for s in shown] == [1, 2, 3, 4]
    monkeypatch.setenv("CI", "true")
    fit(networks.linear_1_1_1(), epochs=2, lr=0.01, on_epoch=live(seconds=0))
    assert len(shown) == 4


def test_what_learns_are_the_parameters_of_the_network_or_of_the_audit(small):
    assert [small.nodes[i] for i in small.data["learn"]] == [
        n for n in small.nodes if n.label[:1] in ("W", "b")]
    net = networks.linear_1_1_1()
    explorer = explore(audit(["h1 = 1.1"], net))
    assert {explorer.nodes[i] for i in explorer.data["learn"]} == set(net.parameters())
    x = Value(2.0, label="x")
    assert explore(x * x + 1).data["learn"] == [0]


def test_parameters_of_several_layers_have_names_of_their_own():
    net = MLP(2, [2, 1])
    names = [n["name"] for n in explore(net([Value(1.0), Value(2.0)]), net).data["nodes"]]
    assert {"w1[0,0]", "w2[0,0]", "b1[0]"} <= set(names) and len(names) == len(set(names))
