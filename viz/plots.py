"""plots: training as pictures, drawn by matplotlib, which is imported when one is first asked for.

    loss_curve(history)                   the loss of every epoch
    rate_curve(history)                   the learning rate of every epoch
    gradient_sizes(history)               the size of the gradient in each layer, on a log scale
    parameter_paths(history)              every parameter on its way
    decision_boundary(model, X, Y)        a model of two inputs: its score, its border, the points
    fitted_curves(X, Y, {name: model})    models of one input, drawn through the points

Where a history is taken, {name: history, ...} compares several. Each returns a matplotlib Figure
that a notebook shows by itself; `path=` also saves it, as .png, .svg or .pdf. A curve that leaves
the finite numbers, or that is zero where the scale is logarithmic, says so in the legend.
Start reading at `loss_curve`; what the plots share is in `chart`.
"""

import math
import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, Protocol

from engine import Value, no_grad

from .chart import (
    COLOURS,
    MARKERS,
    Curve,
    Path,
    by_depth,
    canvas,
    chart,
    dress,
    finished,
    key,
    spans_much,
)
from .palette import GREY, INK, SIGN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMED = 12                          # with more parameters, the legend names groups of them

Model = Callable[[Any], Any]


class Record(Protocol):
    """What is read of an `nn.history.History`."""

    epochs: list[int]
    loss: list[float]
    lr: list[float]
    gradient_norms: dict[str, list[float]]
    parameters: dict[str, list[float]]


Records = Record | Mapping[str, Record]


# ---- histories

def loss_curve(history: Records, *, log: bool | None = None,
               limits: tuple[float, float] | None = None, title: str = "Loss",
               path: Path | None = None) -> "Figure":
    """The loss of every epoch; log: whether its scale is logarithmic, by default if it spans much.

    limits: the lowest and the highest loss to show; by default a run that diverges leaves through
    the top at 1000 times the largest loss that one began with.
    """
    runs = named(history)
    curves = [Curve(name, run.epochs, run.loss, i) for i, (name, run) in enumerate(runs.items())]
    top = 1000 * max((c.ys[0] for c in curves if 0 < c.ys[0] < math.inf), default=math.inf)
    return chart(curves, "loss", title, path, spans_much(curves) if log is None else log, top,
                 limits)


def rate_curve(history: Records, *, log: bool | None = None, title: str = "Learning rate",
               path: Path | None = None) -> "Figure":
    """The learning rate of every epoch, as its schedule made it."""
    runs = named(history)
    curves = [Curve(name, run.epochs, run.lr, i) for i, (name, run) in enumerate(runs.items())]
    return chart(curves, "learning rate", title, path, spans_much(curves) if log is None else log)


def gradient_sizes(history: Record, *, log: bool = True, title: str = "Gradient per layer",
                   path: Path | None = None) -> "Figure":
    """The size (Euclidean norm) of the gradient in each layer, over the epochs."""
    run = single(history)
    kept = recorded(run.gradient_norms, "gradient", "train a model that has parameters")
    curves = [Curve(name, run.epochs, ys, i) for i, (name, ys) in enumerate(kept.items())]
    return chart(by_depth(curves), "size of the gradient", title, path, log)


def parameter_paths(history: Record, *, names: Iterable[str] | None = None,
                    title: str = "Parameters", path: Path | None = None) -> "Figure":
    """Every parameter, or those of the given `names`, over the epochs.

    Many parameters share a colour with the others of their layer or matrix.
    """
    run = single(history)
    fix = "of a large model, fit keeps them with a larger keep_parameters"
    kept = recorded(run.parameters, "parameter", fix, names)
    if len(kept) <= NAMED:
        curves = [Curve(name, run.epochs, ys, i) for i, (name, ys) in enumerate(kept.items())]
    else:
        curves = grouped(run.epochs, kept)
    return chart(curves, "value", title, path)


def grouped(epochs: Sequence[int], kept: Mapping[str, Sequence[float]]) -> list[Curve]:
    """Thin curves, one colour for each layer or matrix; the first of a group carries its name."""
    groups = list(dict.fromkeys(map(group, kept)))
    curves = [Curve(group(name), epochs, ys, groups.index(group(name)), 0.8)
              for name, ys in kept.items()]
    seen: set[str] = set()
    for curve in curves:
        curve.dash = "-"
        curve.name = "" if curve.name in seen else curve.name
        seen.add(curve.name)
    return curves


def group(name: str) -> str:
    """The layer or matrix of a parameter: layers[0] of layers[0].neurons[1].b, W of W[1,2]."""
    return name.split(".")[0] if "." in name else name.split("[")[0]


# ---- models

def decision_boundary(model: Model, X: Any, Y: Any, *, threshold: float = 0.0, steps: int = 60,
                      names: Sequence[str] | None = None, title: str = "Decision boundary",
                      path: Path | None = None) -> "Figure":
    """The plane as a model of two inputs sees it, its border, and the points X in their classes Y.

    A model of one output is drawn by its score, with the border at `threshold`; one of several
    outputs by the largest. steps: points of the grid along each side. names: of the classes.
    """
    figure, axes = canvas(title, path)
    classes, points = targets(X, Y), two_columns(X)
    if names is not None and len(names) != len(set(classes)):
        raise ValueError(f"{len(names)} names {list(names)} were given for {len(set(classes))} "
                         f"classes {sorted(set(classes))}: give one per class, in this order")
    across, up = (grid([p[i] for p in points], steps) for i in (0, 1))
    scores = evaluated(model, [[x, y] for y in up for x in across])
    if len(scores[0]) == 1:
        by_score(axes, across, up, [s[0] - threshold for s in scores], threshold)
    else:
        by_winner(axes, across, up, scores)
    scatter(axes, points, classes, len(scores[0]), names)
    dress(axes, "$x_1$", "$x_2$", gridded=False)
    return finished(figure, path)


def fitted_curves(X: Any, Y: Any, models: Mapping[str, Model], *, steps: int = 200,
                  title: str = "", path: Path | None = None) -> "Figure":
    """The points (X, Y), one number each, and every model's curve, with its mean squared error."""
    figure, axes = canvas(title, path)
    ys, xs = targets(X, Y), [plain(x, f"point {i}") for i, x in enumerate(X)]
    across = grid(xs, steps)
    axes.plot(xs, ys, "o", color=GREY, markersize=5.5, markeredgecolor="white",
              markeredgewidth=0.8, zorder=3, label="data")
    for i, (name, model) in enumerate(models.items()):
        error = sum((o[0] - y) ** 2 for o, y in zip(evaluated(model, xs), ys)) / len(xs)
        curve = [o[0] for o in evaluated(model, across)]
        Curve(f"{name}\nmean squared error {error:.3g}", across, curve, i, 2.2).draw(axes)
    dress(axes, "x", "y")
    key(axes)
    return finished(figure, path)


def evaluated(model: Model, inputs: Iterable[Any]) -> list[list[float]]:
    """The outputs of a model for each input, as plain numbers; no graph is recorded."""
    with no_grad():
        return [[o.data if isinstance(o, Value) else float(o) for o in many(model(x))]
                for x in inputs]


def many(output: Any) -> list[Any]:
    """The outputs as a list, also where there is one."""
    return list(output) if hasattr(output, "__len__") else [output]


def by_score(axes: "Axes", across: list[float], up: list[float], scores: list[float],
             threshold: float) -> None:
    """Fills the plane by the score, blue below the threshold and red above, with the border."""
    from matplotlib.colors import LinearSegmentedColormap
    largest = max((abs(s) for s in scores if math.isfinite(s)), default=0.0) or 1.0
    levels = [largest * (k / 10 - 1) for k in range(21)]
    table = in_rows(scores, len(across))
    filled = axes.contourf(across, up, table, levels=levels, alpha=0.75,
                           cmap=LinearSegmentedColormap.from_list("sign", SIGN))
    if min(scores) < 0 < max(scores):
        axes.contour(across, up, table, levels=[0.0], colors=[INK], linewidths=1.6)
    bar = axes.figure.colorbar(filled, ax=axes, shrink=0.8, aspect=28, pad=0.02,
                               ticks=[-largest, 0, largest])
    bar.set_ticklabels([f"{threshold + s:.3g}".replace("-", "−") for s in (-largest, 0, largest)])
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=9, labelcolor=GREY)
    bar.set_label("score", color=INK)


def by_winner(axes: "Axes", across: list[float], up: list[float],
              scores: list[list[float]]) -> None:
    """Fills the plane by the output that is largest: each where it leads the others."""
    for k in range(len(scores[0])):
        lead = [s[k] - max(s[:k] + s[k + 1:]) for s in scores]
        if max(lead) > 0:
            axes.contourf(across, up, in_rows(lead, len(across)), levels=[0.0, max(lead) + 1],
                          colors=[COLOURS[k % len(COLOURS)]], alpha=0.22)


def scatter(axes: "Axes", points: list[list[float]], classes: list[float], outputs: int,
            names: Sequence[str] | None) -> None:
    """Draws the points, a marker and a colour for each class."""
    kinds = sorted(set(classes))
    two = outputs == 1 and len(kinds) == 2
    for i, (kind, marker) in enumerate(zip(kinds, cycle(MARKERS))):
        xs, ys = zip(*(p for p, c in zip(points, classes) if c == kind))
        colour = (SIGN[0], SIGN[-1])[i] if two else COLOURS[int(kind) % len(COLOURS)]
        axes.scatter(xs, ys, s=34, marker=marker, color=colour, edgecolors="white", linewidths=0.8,
                     zorder=3, label=names[i] if names else f"class {kind:g}".replace("-", "−"))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, -0.26), ncols=min(len(kinds), 6),
                frameon=False, fontsize=9)


# ---- what comes in

def named(history: Records) -> Mapping[str, Record]:
    """The histories by name; a single one has none. ValueError where there is nothing to draw."""
    runs = history if isinstance(history, Mapping) else {"": history}
    if not runs:
        raise ValueError("there is no history to compare in an empty dict: give at least one")
    for name, run in runs.items():
        if not hasattr(run, "epochs") or not hasattr(run, "loss"):
            raise TypeError(f"{run!r:.60} is of type {type(run).__name__} and no history: "
                            f"give what nn.fit returned")
        if not len(run.epochs):
            raise ValueError(f"the history {name!r} holds no epoch: train with nn.fit first")
    return runs


def single(history: Record) -> Record:
    """The one history; TypeError for several."""
    if isinstance(history, Mapping):
        raise TypeError("this plot shows one history and was given a dict: call it once for each")
    return named(history)[""]


def recorded(kept: Mapping[str, list[float]], what: str, fix: str,
             names: Iterable[str] | None = None) -> Mapping[str, list[float]]:
    """What a history kept, or those of the given names; ValueError where there is none."""
    if not kept:
        raise ValueError(f"the history kept no {what}s: {fix}")
    chosen = list(kept if names is None else names)
    for name in chosen or [""]:
        if name not in kept:
            raise ValueError(f"the history kept no {what} {name!r}: "
                             f"choose from {', '.join(list(kept)[:8])}")
    return {name: kept[name] for name in chosen}


def two_columns(X: Any) -> list[list[float]]:
    """Points as pairs of numbers; ValueError for any other width."""
    for i, x in enumerate(X):
        if not hasattr(x, "__len__") or len(x) != 2:
            raise ValueError(f"point {i} is {x!r:.40}, and a plane needs two numbers: "
                             f"give points [x1, x2], and a model of two inputs")
    return [[plain(v, f"point {i}") for v in x] for i, x in enumerate(X)]


def targets(X: Any, Y: Any) -> list[float]:
    """One number per point; ValueError where their counts differ or there is none."""
    if len(X) != len(Y) or not len(X):
        raise ValueError(f"{len(X)} points and {len(Y)} targets were given: "
                         f"give one target per point, and at least one point")
    return [plain(y, f"target {i}") for i, y in enumerate(Y)]


def plain(x: Any, what: str) -> float:
    """x, a number, a Value or a list of one of these, as a finite number."""
    inside = x[0] if hasattr(x, "__len__") and len(x) == 1 else x
    number = inside.data if isinstance(inside, Value) else inside
    if not isinstance(number, numbers.Real) or not math.isfinite(number):
        raise ValueError(f"{what} is {x!r:.40}: give one finite number")
    return float(number)


def grid(xs: Sequence[float], steps: int) -> list[float]:
    """`steps` numbers, evenly spaced, a little beyond the smallest and the largest of xs."""
    if steps < 2:
        raise ValueError(f"steps={steps!r} points make no grid: give at least 2")
    low, high = min(xs), max(xs)
    room = 0.12 * (high - low) or 1.0
    return [low - room + (high - low + 2 * room) * k / (steps - 1) for k in range(steps)]


def in_rows(numbers: Sequence[float], width: int) -> list[Sequence[float]]:
    """A flat list cut into rows."""
    return [numbers[i:i + width] for i in range(0, len(numbers), width)]
