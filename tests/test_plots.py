"""Plots: what is drawn is what the history and the model hold, and it can be saved and shown."""

import math
import pickle
import random
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from engine import Value, relu
from nn import MLP, mean_squared_error, networks
from nn.history import History
from nn.init import initialise
from nn.train import fit
from viz import plots
from viz.chart import COLOURS, DEPTH
from viz.palette import contrast, luminance

LINEAR = networks.linear_1_1_1()


def history(epochs=30, factor=0.9, layers=("layer 1", "layer 2"), names=("W1", "b1", "W2")):
    """A made-up run: the loss falls by a factor, every layer's gradient is a tenth of the next."""
    made = History()
    for k in range(epochs):
        made.append(8 * factor ** k, 0.1 / (1 + k),
                    {name: factor ** k * 10.0 ** i for i, name in enumerate(layers)},
                    {name: i + 0.5 ** k for i, name in enumerate(names)})
    return made


def drawn(figure):
    """The curves of a figure: {label: (xs, ys)}."""
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
            for line in figure.axes[0].get_lines()}


def legend(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


# ---- histories

@pytest.mark.row("C000-25")
def test_the_loss_curve_is_the_history():
    run = history()
    figure = plots.loss_curve(run)
    assert isinstance(figure, Figure)
    (xs, ys), = drawn(figure).values()
    assert (xs, ys) == (run.epochs, run.loss)
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")
    assert axes.get_legend() is None


def test_several_runs_are_compared_by_name():
    runs = {"a": history(10), "b": history(20, 0.5)}
    figure = plots.loss_curve(runs, title="Two rates")
    assert legend(figure) == ["a", "b"]
    assert drawn(figure)["b"] == (runs["b"].epochs, runs["b"].loss)
    assert figure.axes[0].get_title(loc="left") == "Two rates"


@pytest.mark.parametrize("factor, scale", [(0.99, "linear"), (0.5, "log")])
def test_the_scale_of_the_loss_is_logarithmic_where_it_spans_much(factor, scale):
    assert plots.loss_curve(history(30, factor)).axes[0].get_yscale() == scale
    assert plots.loss_curve(history(30, factor), log=True).axes[0].get_yscale() == "log"
    assert plots.loss_curve(history(30, factor), log=False).axes[0].get_yscale() == "linear"


@pytest.mark.row("C000-24")
def test_a_run_that_diverges_leaves_the_plot_and_says_when():
    wild = history(20, 100.0)
    wild.loss[15:] = [math.inf, math.nan, math.nan, math.nan, math.nan]
    figure = plots.loss_curve({"calm": history(20), "wild": wild})
    assert legend(figure) == ["wild\nnot finite from epoch 15", "calm"]
    assert figure.axes[0].get_ylim()[1] == 8000
    assert drawn(figure)["calm"] == (list(range(20)), history(20).loss)


def test_the_rate_is_drawn():
    run = history()
    (_, ys), = drawn(plots.rate_curve(run)).values()
    assert ys == run.lr


@pytest.mark.row("C000-21", "C001-28")
def test_the_gradient_of_each_layer_is_drawn_on_a_log_scale():
    run = history()
    figure = plots.gradient_sizes(run)
    assert figure.axes[0].get_yscale() == "log"
    assert {name: ys for name, (_, ys) in drawn(figure).items()} == run.gradient_norms
    assert legend(figure) == ["layer 2", "layer 1"], "in the order in which the curves end"


def test_many_layers_go_from_dark_to_light():
    figure = plots.gradient_sizes(history(layers=[f"layer {k}" for k in range(1, 8)]))
    colours = [line.get_color() for line in figure.axes[0].get_lines()]
    light = [luminance(colour) for colour in colours]
    assert len(set(colours)) == 7 and light == sorted(light)
    assert legend(figure)[0] == "layer 7"


def test_a_loss_that_begins_at_zero_or_below_is_shown_whole():
    for start in (0.0, -1.0, math.nan):
        run = history(5)
        run.loss[:] = [start, 1.0, 2.0, 3.0, 4.0]
        low, high = plots.loss_curve(run).axes[0].get_ylim()
        assert low < 1 and 4 < high < 5


def test_limits_of_the_loss_can_be_given():
    figure = plots.loss_curve(history(), limits=(0.5, 20))
    assert figure.axes[0].get_ylim() == (0.5, 20)


def test_a_gradient_of_zero_cannot_stand_on_a_log_scale_and_is_said():
    run = history(10)
    run.gradient_norms["layer 1"][4:] = [0.0] * 6
    figure = plots.gradient_sizes(run)
    assert legend(figure)[1] == "layer 1\n0 in 6 of 10 epochs"
    ys = drawn(figure)["layer 1\n0 in 6 of 10 epochs"][1]
    assert ys[:4] == run.gradient_norms["layer 1"][:4] and all(map(math.isnan, ys[4:]))


def test_gradients_that_are_all_zero_make_a_plot_too():
    run = history(5)
    run.gradient_norms = {"layer 1": [0.0] * 5}
    assert legend(plots.gradient_sizes(run)) == ["layer 1\n0 in 5 of 5 epochs"]


def test_parameters_are_drawn_all_or_some():
    run = history()
    assert {n: ys for n, (_, ys) in drawn(plots.parameter_paths(run)).items()} == run.parameters
    assert list(drawn(plots.parameter_paths(run, names=["W2"]))) == ["W2"]


def test_many_parameters_share_the_colours_of_their_groups():
    names = [name for name, _ in MLP(2, [4, 1]).named_parameters()]
    figure = plots.parameter_paths(history(names=names))
    lines = figure.axes[0].get_lines()
    assert sorted(legend(figure)) == ["layers[0]", "layers[1]"]
    assert len(lines) == 17 and len({line.get_color() for line in lines}) == 2
    assert [plots.group(n) for n in ("W_ij[1,2]", "layers[3].neurons[0].b", "b1")] == [
        "W_ij", "layers[3]", "b1"]


# ---- runs of fit

@pytest.mark.row("C000-24", "C000-25", "C000-28")
def test_rates_of_document_000_too_low_right_and_too_high_are_told_apart():
    runs = {lr: fit(networks.linear_1_1_1(), lr=lr, epochs=20, warn=False)
            for lr in (0.0005, 0.01, 0.08)}
    figure = plots.loss_curve({str(lr): run for lr, run in runs.items()})
    slow, right = (drawn(figure)[name][1] for name in ("0.0005", "0.01"))
    assert right[0] == pytest.approx(8.317456) and right == sorted(right, reverse=True)
    assert slow[-1] > 5 and right[-1] < 1e-10
    assert legend(figure)[0].startswith("0.08\nnot finite from epoch ")


@pytest.mark.row("C000-21")
def test_the_signal_vanishes_or_explodes_by_one_weight_per_layer():
    for w in (0.5, 1.0, 1.5):
        net = networks.linear_1_1_1(x=1.0, y=w ** 6 + 1, W=(w,) * 6, b=(0.0,) * 6)
        run = fit(net, lr=1e-6, epochs=2, warn=False)
        first, *_, last = (ys[0] for _, ys in drawn(plots.gradient_sizes(run)).values())
        weights, signal = 2 * w ** 5, 2 * w ** 5        # of layer 1: x = 1, five weights above it
        assert first == pytest.approx(math.hypot(weights, signal))
        assert last == pytest.approx(math.hypot(weights, 2))


@pytest.mark.row("C001-28")
def test_the_sigmoids_of_document_001_make_the_gradient_small():
    net = networks.relu_sigmoid_softmax_3_3_3()
    slopes = [h.data * (1 - h.data) for h in net.h2_out]
    assert max(slopes) < 0.06
    run = fit(net, lr=0.1, epochs=30, warn=False)
    behind, before = (drawn(plots.gradient_sizes(run))[f"layer {k}"][1] for k in (3, 2))
    assert behind[0] > 20 * before[0] and all(b > a for a, b in zip(before, behind))


@pytest.mark.row("C000-20", "C000-27")
def test_linear_layers_find_the_best_line_and_one_activation_bends_it():
    x = np.linspace(-2, 2, 15)
    y = abs(x) + 0.3 * x
    models = {}
    for name in ("linear", "relu"):
        model = MLP(1, [4, 4, 1], activations=["linear", name, "linear"])
        models[name] = initialise(model, "xavier", seed=1)
        fit(model, (x, y), mean_squared_error, lr=0.05, epochs=150, warn=False)
    curves = drawn(plots.fitted_curves(x, y, models))
    straight, bent = (np.array(curve) for name, curve in curves.items() if name != "data")
    slope, height = np.polyfit(x, y, 1)
    assert straight[1] == pytest.approx(slope * straight[0] + height, abs=1e-4)
    inside = abs(bent[0]) <= 2
    assert np.mean((bent[1] - abs(bent[0]) - 0.3 * bent[0])[inside] ** 2) < 1e-2


# ---- models

@pytest.mark.row("C000-20")
def test_a_linear_network_is_drawn_as_a_straight_line_and_a_bent_one_is_not():
    xs = [-1.0, -0.5, 0.0, 0.5, 1.0]
    figure = plots.fitted_curves(xs, [abs(x) for x in xs],
                                 {"linear": LINEAR, "bent": lambda x: relu(x) + relu(-x)})
    data, linear, bent = (np.array(curve) for curve in drawn(figure).values())
    assert data.tolist() == [xs, [1.0, 0.5, 0.0, 0.5, 1.0]]
    slopes = np.diff(linear[1]) / np.diff(linear[0])
    assert slopes == pytest.approx(np.full(199, 0.5 * 0.8 * 1.2), rel=1e-9)
    assert bent[1] == pytest.approx(np.abs(bent[0]))
    assert legend(figure)[2] == "bent\nmean squared error 0"


def test_the_error_in_the_legend_is_the_mean_of_the_squares():
    figure = plots.fitted_curves([0.0, 1.0], [[1.0], [3.0]], {"zero": lambda x: [Value(0.0)]})
    assert legend(figure)[1] == "zero\nmean squared error 5"


def score(p):
    return Value(p[0]) - 0.5 * p[1]


def test_the_border_is_where_the_score_is_the_threshold():
    X, Y = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([-1, 1, 1])
    for threshold in (0.0, 0.25):
        figure = plots.decision_boundary(score, X, Y, threshold=threshold, steps=21)
        border, = [c for c in figure.axes[0].collections if len(getattr(c, "levels", ())) == 1]
        path = border.get_paths()[0].vertices
        assert len(path) > 10
        assert path[:, 0] - 0.5 * path[:, 1] == pytest.approx(np.full(len(path), threshold))
    assert figure.axes[1].get_ylabel() == "score"


def test_every_point_is_drawn_in_its_class():
    X, Y = [[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [-1, 1, 1]
    figure = plots.decision_boundary(score, X, Y, steps=5)
    assert legend(figure) == ["class −1", "class 1"]
    points = {c.get_label(): c.get_offsets().tolist() for c in figure.axes[0].collections}
    assert points["class −1"] == X[:1] and points["class 1"] == X[1:]
    named = plots.decision_boundary(score, X, Y, steps=5, names=["no", "yes"])
    assert legend(named) == ["no", "yes"]


def test_with_several_outputs_the_largest_has_the_ground():
    X, Y = [[-1.0, 0.0], [1.0, 0.0], [0.0, 2.0]], [0, 1, 2]
    figure = plots.decision_boundary(lambda p: [-p[0], p[0], p[1]], X, Y, steps=11)
    grounds = [c for c in figure.axes[0].collections if hasattr(c, "levels")]
    assert len(grounds) == 3
    for k, ground in enumerate(grounds):
        corners = np.concatenate([path.vertices for path in ground.get_paths()])
        leads = np.stack([-corners[:, 0], corners[:, 0], corners[:, 1]])
        assert (leads[k] >= leads.max(axis=0) - 1e-9).all()


def test_drawing_a_model_records_nothing_and_changes_nothing():
    random.seed(0)
    model = MLP(2, [3, 1])
    for p in model.parameters():
        p.grad = 7.0
    before = model.state_dict()
    seen = []

    def watched(x):
        seen.append(model(x))
        return seen[-1]

    plots.decision_boundary(watched, [[0.0, 0.0], [1.0, 1.0]], [-1, 1], steps=4)
    assert len(seen) == 16 and not any(out._prev for out in seen)
    assert model.state_dict() == before and all(p.grad == 7.0 for p in model.parameters())


def test_a_score_of_one_sign_or_not_finite_is_drawn_without_a_border():
    for model in (lambda p: 1.0, lambda p: math.nan, lambda p: math.inf if p[0] > 0 else -1.0):
        figure = plots.decision_boundary(model, [[0.0, 0.0], [1.0, 1.0]], [0, 1], steps=4)
        assert plots_png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("colour", [*COLOURS, *DEPTH])
def test_every_colour_of_a_curve_stands_out_from_white(colour):
    assert contrast(colour, "#FFFFFF") > 2


# ---- saving, showing, refusing

def plots_png(figure):
    return figure._repr_png_()[0]


def test_a_figure_shows_itself_without_pyplot():
    figure = plots.loss_curve(history())
    data, size = figure._repr_png_()
    assert data.startswith(b"\x89PNG") and size == {"width": 543, "height": 320}
    assert len(data) < 25_000
    again = pickle.loads(pickle.dumps(figure))
    assert drawn(again) == drawn(figure)


@pytest.mark.parametrize("end, start", [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_the_same_plot_is_the_same_file(tmp_path, end, start):
    files = [tmp_path / f"{i}.{end}" for i in (1, 2)]
    for file in files:
        plots.gradient_sizes(history(), path=file)
    one, two = (file.read_bytes() for file in files)
    assert one == two and one.startswith(start)
    if end == "svg":
        ElementTree.fromstring(one)


@pytest.mark.parametrize("draw, error, message", [
    (lambda: plots.loss_curve(History()), ValueError, "holds no epoch: train"),
    (lambda: plots.loss_curve([1.0, 2.0]), TypeError, "of type list and no history"),
    (lambda: plots.loss_curve({}), ValueError, "empty dict"),
    (lambda: plots.gradient_sizes({"a": history()}), TypeError, "shows one history"),
    (lambda: plots.gradient_sizes(history(layers=())), ValueError, "kept no gradients"),
    (lambda: plots.parameter_paths(history(), names=["W9"]), ValueError, "choose from W1, b1, W2"),
    (lambda: plots.loss_curve(history(), path="loss.txt"), ValueError, "'loss.txt' does not end"),
    (lambda: plots.decision_boundary(score, [[1.0, 2.0, 3.0]], [1]), ValueError, "two numbers"),
    (lambda: plots.decision_boundary(score, [[1.0, 2.0]], [1, 1]), ValueError, "1 points and 2"),
    (lambda: plots.decision_boundary(score, [[1.0, math.nan]], [1]), ValueError, "point 0 is nan"),
    (lambda: plots.decision_boundary(score, [[1.0, 2.0]], ["a"]), ValueError, "target 0 is 'a'"),
    (lambda: plots.decision_boundary(score, [[1.0, 2.0]], [1], names=["a", "b"]), ValueError,
     r"2 names .* for 1 classes \[1.0\]"),
    (lambda: plots.decision_boundary(score, [[1.0, 2.0]], [1], steps=1), ValueError, "steps=1"),
    (lambda: plots.fitted_curves([[1.0, 2.0]], [1.0], {}), ValueError, "point 0 is"),
    (lambda: plots.fitted_curves([], [], {}), ValueError, "at least one point")])
def test_what_cannot_be_drawn_is_said_in_one_sentence(draw, error, message):
    with pytest.raises(error, match=message):
        draw()


def test_without_matplotlib_the_library_is_named(monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"not installed: run pip install matplotlib"):
        plots.loss_curve(history())


def test_matplotlib_is_imported_only_when_something_is_drawn():
    code = "import sys, viz.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
