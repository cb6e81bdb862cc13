"""Pictures: exact, reproducible, honest about what they leave out, and they paint on nothing.

`HANDGRAD_GOLDEN=write pytest tests/test_draw.py` writes the golden files anew.
"""

import html
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.dom import minidom

import pytest

import engine
import viz.render
from engine import Value, dot, identity, log, softmax, total
from viz import draw, draw_dot
from viz.palette import LOOKS, SIGN, SIZE, contrast, ink_on, ramp
from viz.render import render

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = ["<b>&\"'", "\\N \\G \\L \\l", "a\nb", "{x|y}", "<<TABLE>>", "$\\frac{1}{2}$", "ŷ ∂ 你好",
           "&amp;", "\x00\ud800", "-->", "n0", "%s{}", "</TD>", "\\"]


class Layer:
    def __init__(self, activation, parameters, name=""):
        self.activation, self.given, self.name = activation, parameters, name

    def parameters(self):
        return self.given


class Network:
    def __init__(self, layers):
        self.layers = layers

    def named_parameters(self):
        return [(f"layers[{i}].w[{j}]", p) for i, layer in enumerate(self.layers)
                for j, p in enumerate(layer.given)]


def linear():
    """A network 1-1-1 without activations, and its loss."""
    x, y, layers = Value(2.0, label="x"), Value(1.5, label="y"), []
    h = x
    for i, (w, b) in enumerate([(0.5, 0.1), (-0.8, 0.3), (1.2, -0.2)], 1):
        W, b = Value(w, label=f"W{i}"), Value(b, label=f"b{i}")
        z = dot((W,), (h,), b)
        h = identity(z)
        z.label, h.label = f"z{i}", f"h{i}" if i < 3 else "y_hat"
        layers.append(Layer("identity", [W, b]))
    return (h - y) ** 2, Network(layers)


def dense(samples=1, widths=(3, 3, 3), activations=("relu", "sigmoid", "softmax")):
    """A network with a cross-entropy, nothing labelled, on several samples."""
    layers, weights, wide = [], [], 3
    for width, act in zip(widths, activations):
        W = [[Value(0.1 * (i + j + 1)) for i in range(wide)] for j in range(width)]
        B = [Value(0.5) for _ in range(width)]
        weights.append((W, B, act))
        layers.append(Layer(act, [p for row in W for p in row] + B))
        wide = width
    terms = []
    for k in range(samples):
        h = [Value(0.1 * i + k) for i in range(3)]
        for W, B, act in weights:
            z = [dot(row, h, b) for row, b in zip(W, B)]
            h = softmax(z) if act == "softmax" else [getattr(engine, act)(v) for v in z]
        terms.append(Value(1.0) * log(h[0]))
    return -total(terms), Network(layers)


def after(loss):
    loss.backward()
    return loss


def boxes(source):
    """The texts of each box, by its id."""
    found = re.findall(r"^\t*(n\d+) \[label=<(<TABLE.*</TABLE>)> ", source, re.M)
    return {i: html.unescape(re.sub("<[^>]*>", " ", label)) for i, label in found}


def arrows(source):
    """The visible arrows with their labels."""
    return [(a, b, label.strip('"')) for a, b, label in
            re.findall(r"^\t(n\d+) -> (n\d+)(?: \[label=(\S+)\])?$", source, re.M)]


def texts(svg):
    found = re.findall(r"<text[^>]*>(.*?)</text>", svg)
    return [html.unescape(text).replace("\xa0", " ") for text in found]


# ---- what it shows

def test_a_small_graph_has_exactly_this_source():
    loss, net = linear()
    pictures = {"linear": draw(after(loss), net), "linear_plain": draw(loss, show=("data",)),
                "dense": draw(*dense())}
    for name, picture in pictures.items():
        file = GOLDEN / f"{name}.dot"
        if os.environ.get("HANDGRAD_GOLDEN") == "write":
            file.parent.mkdir(exist_ok=True)
            file.write_text(picture.source, encoding="utf-8")
        assert picture.source == file.read_text(encoding="utf-8")


def test_a_box_shows_name_formula_data_and_gradient():
    x = Value(3.0, label="x")
    z = x * 2
    z.label = "z"
    z.backward()
    shown = [text.split() for text in boxes(draw(z).source).values()]
    assert shown == [["x", "data", "3", "grad", "2"], ["2"],
                     ["z", "=", "x", "·", "2", "data", "6", "grad", "1"]]


def test_before_backward_the_gradient_is_not_computed():
    x = Value(3.0, label="x")
    z = x * 2
    assert draw(z).source.count("grad not computed") == 2
    z.backward()
    assert "not computed" not in draw(z).source


def test_a_constant_shows_no_gradient():
    assert boxes(draw(Value(3.0, label="x") * 2).source)["n1"].split() == ["2"]


def test_every_arrow_carries_its_local_derivative():
    x, y = Value(3.0, label="x"), Value(-2.0, label="y")
    assert arrows(draw(x * y).source) == [("n0", "n2", "-2"), ("n1", "n2", "3")]
    assert arrows(draw(x * y, show=()).source) == [("n0", "n2", ""), ("n1", "n2", "")]


def test_a_repeated_input_has_two_arrows():
    x = Value(3.0, label="x")
    assert arrows(draw(x * x).source) == [("n0", "n1", "3"), ("n0", "n1", "3")]


def test_a_derivative_that_nobody_knows_is_not_drawn():
    x = Value(3.0, label="x")
    z = Value(9.0, (x,), "cube")
    z._backward = lambda: None
    source = draw(z).source
    assert arrows(source) == [("n0", "n1", "")]
    assert "cube(x)" in boxes(source)["n1"]
    assert arrows(draw(Value(9.0, (x,), (27.0,))).source) == [("n0", "n1", "27")]


def test_layers_inputs_targets_and_loss_stand_in_frames():
    loss, net = linear()
    source = draw(loss, net).source
    frames = re.findall(r"subgraph (\w+) \{\n.*?label=(\"[^\"]*\"|\w+)", source)
    layers = [(f"cluster_{i}", f'"layer {i} · identity"') for i in (1, 2, 3)]
    assert frames == [("cluster_0", "inputs"), *layers, ("cluster_loss", "loss")]
    inside = dict(zip(frames, re.split("subgraph cluster", source)[1:]))
    assert "<B><FONT COLOR=\"#0A6B4F\">x<" in inside[frames[0]]
    assert all(f">{name}<" in inside[frames[2]] for name in ("W2", "b2", "z2", "h2"))
    assert all(f">{name}<" in inside[frames[4]] for name in ("y", "loss"))


def test_a_penalty_on_the_weights_belongs_to_the_loss():
    loss, net = linear()
    loss = loss + 0.1 * total([p * p for layer in net.layers for p in layer.given])
    frames = re.split("subgraph cluster", draw(loss, net).source)
    assert "W1 · W1" in frames[-1]


def test_parameters_without_labels_take_their_names_from_the_module():
    loss, net = dense()
    source = draw(loss, net).source
    assert ">w[0]<" in source and ">z1[1]<" in source and ">h1[1]<" in source and ">x1<" in source


def test_the_parameters_of_a_wide_layer_stand_inside_its_neurons():
    loss, net = dense()
    inside, outside = draw(after(loss), net), draw(loss, net, parameters="outside")
    one = next(text for text in boxes(inside.source).values() if text.split()[0] == "z1[1]")
    assert "w[0]" in one and one.count("slope") == 1
    count = len(engine.graph.nodes([loss]))
    assert len(boxes(outside.source)) == count
    assert len(boxes(inside.source)) == count - 36


def test_kinds_differ_by_border_and_not_by_colour_alone():
    looks = [(look.style, look.width, look.peripheries) for kind, look in LOOKS.items()
             if kind not in ("loss", "variable")]
    assert len(set(looks)) >= len(looks) - 1


def test_text_is_readable_on_every_ground():
    for ground in [ramp(i / 200, ramps) for ramps in (SIZE, SIGN) for i in range(201)]:
        assert contrast(ground, ink_on(ground)) >= 4.5
    for look in LOOKS.values():
        assert contrast(look.ink, look.fill) >= 4.5


@pytest.mark.parametrize("options, message", [
    ({"direction": "up"}, "direction='up'"), ({"fold": "all"}, "fold='all'"),
    ({"show": ["date"]}, "show='date'"), ({"color": "red"}, "color='red'"),
    ({"format": "gif"}, "'gif'"), ({"fold": "layer"}, "give the network")])
def test_a_wrong_option_is_named(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        draw(Value(1.0), **options)


def test_only_values_are_drawn():
    with pytest.raises(TypeError, match="not 3 of type int"):
        draw([3])
    with pytest.raises(ValueError, match="nothing to draw"):
        draw([])


def test_several_outputs_and_single_leaves_can_be_drawn():
    x = Value(1.0, label="x")
    assert draw([x + 1, x * 2]).source.count("peripheries=2") == 2
    assert list(boxes(draw(x).source)) == ["n0"]
    assert list(boxes(draw(Value(2.0) + float("nan")).source)) == ["n0", "n1", "n2"]


def test_numbers_that_are_not_finite_are_drawn():
    x = Value(0.0, label="x")
    z = x.log() * x
    z.backward()
    assert "nan" in draw(z).source and "-inf" in draw(z, color="value").source


# ---- large graphs

@pytest.mark.parametrize("fold", ["neuron", "layer", "level"])
def test_a_folded_picture_says_so(fold):
    loss, net = dense(samples=10)
    count = len(engine.graph.nodes([loss]))
    source = draw(after(loss), net, fold=fold).source
    shown = len(boxes(source))
    caption = f"{count:,} nodes folded by {fold} into {shown} boxes; fold='none' draws all"
    assert caption in html.unescape(source)
    assert shown < 40


def test_every_node_of_a_folded_picture_is_counted_once():
    loss, net = dense(samples=10)
    for fold in ("neuron", "layer", "level"):
        found = boxes(draw(loss, net, fold=fold).source).values()
        folded = [int(m[1].replace(",", "")) for t in found
                  if (m := re.search(r"([\d,]+) (?:nodes:|× |\w+s )", t))]
        alone = sum(not re.search(r"([\d,]+) (?:nodes:|× |\w+s )", t) for t in found)
        assert sum(folded) + alone == len(engine.graph.nodes([loss])), fold


def test_arrows_between_folded_boxes_never_run_in_circles():
    loss, net = dense(samples=10)
    for fold in ("neuron", "layer", "level"):
        source = draw(loss, net, fold=fold).source
        edges = re.findall(r"^\t(n\d+) -> (n\d+)\b(?! \[style=invis)", source, re.M)
        reached = {b: {a for a, c in edges if c == b} for _, b in edges}
        while leafless := [b for b in reached if not reached[b] & reached.keys()]:
            for b in leafless:
                del reached[b]
        assert not reached, fold


def test_large_graphs_fold_by_themselves_and_small_ones_do_not():
    assert "folded" not in draw(*dense()).source
    loss, net = dense(samples=10)
    assert "folded by neuron" in draw(loss, net).source
    assert "folded by level" in draw(loss).source
    wide, net = dense(samples=3, widths=(20, 20, 3))
    assert "folded by layer" in draw(wide, net).source


def test_a_deep_chain_is_folded_into_few_boxes():
    x = Value(1.0, label="x")
    for i in range(20_000):
        x = x * 0.999 + 0.1 if i % 2 else x.tanh()
    assert len(boxes(draw(x).source)) < 30


# ---- exactness

def test_the_source_is_the_same_in_every_process():
    program = ("import sys; sys.path[:0] = ['tests', '.']; from test_draw import *; "
               "loss, net = dense(10); "
               "print(draw(after(loss), net).source, draw(loss).source, draw(*dense()).source)")

    def run(seed):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        return subprocess.run([sys.executable, "-c", program], env=env, cwd=GOLDEN.parent.parent,
                              capture_output=True, check=True).stdout

    assert len(run("1")) > 10_000
    assert run("1") == run("2")


def test_nothing_is_painted_onto_a_node():
    loss, net = dense()
    nodes = engine.graph.nodes([after(loss)])

    def state():
        return [(n.data, n.grad, n._prev, n._rule, dict(vars(n))) for n in nodes]

    before = state()
    for fold in ("none", "neuron", "layer", "level"):
        draw(loss, net, fold=fold)
    assert state() == before


def test_hostile_labels_are_shown_as_text():
    leaves = [Value(1.0, label=label) for label in HOSTILE]
    svg = draw(total(leaves), Network([Layer("re<\\N&", leaves[:2], '"\\G')])).svg()
    minidom.parseString(svg)
    shown = texts(svg)
    for label in HOSTILE:
        seen = label.replace("\n", "\\n").replace("\x00", "\\x00").replace("\ud800", "\\ud800")
        assert seen in shown, label


def test_a_hostile_layer_is_a_title_as_text():
    x, w = Value(1.0, label="x"), Value(1.0, label="w")
    svg = draw(w * x, Network([Layer("\\N<&", [w], '"\\G')])).svg()
    assert '"\\G · \\N<&' in texts(svg)


# ---- files

@pytest.mark.parametrize("suffix, start", [
    ("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("dot", b"digraph")])
def test_it_saves_itself(tmp_path, suffix, start):
    picture = draw(Value(1.0, label="x") * 2)
    path = picture.save(tmp_path / f"picture.{suffix}")
    assert Path(path).read_bytes().startswith(start)


def test_it_renders_without_a_path(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("HOME", raising=False)
    for format in ("svg", "png", "pdf"):
        assert draw(Value(1.0, label="x") * 2).pipe(format)
    assert capfd.readouterr() == ("", "")


def test_without_any_renderer_the_fix_is_one_sentence(monkeypatch):
    bare = [sys.executable, "-I", "-S", viz.render.__file__, "svg"]
    monkeypatch.setattr("viz.render.commands", lambda format: [bare])
    with pytest.raises(RuntimeError, match="pip install pygraphviz") as error:
        render("digraph {}")
    assert "\n" not in str(error.value)


def test_it_shows_itself_in_a_notebook():
    picture = draw(Value(1.0, label="x") * 2)
    assert "<svg" in picture._repr_svg_()
    assert set(picture._repr_mimebundle_()) == {"image/svg+xml", "text/plain"}
    assert set(draw(Value(1.0), format="png")._repr_mimebundle_()) == {"image/png", "text/plain"}


def test_a_micrograd_notebook_draws_as_before(tmp_path):
    a, b = Value(2.0), Value(-3.0)
    dot = draw_dot(a * b, format="png", rankdir="TB")
    assert "rankdir=TB" in dot.source
    assert dot.render(str(tmp_path / "gout")) == str(tmp_path / "gout.png")
