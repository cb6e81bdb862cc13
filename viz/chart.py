"""Charts: what every plot shares: curves, the look of the axes, saving, showing in a notebook.

Figures are made without pyplot, so that nothing is kept open and no backend is chosen; a notebook
shows one because it can write itself as PNG. Colours are Okabe and Ito's, which stay apart for
colour-blind readers; lines differ by their dashes as well. Start reading at `chart`.
"""

import io
import math
import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from .palette import GREY, INK, LINE, ramp

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#1F2933")
DEPTH = ("#440154", "#3B528B", "#21918C", "#4DB04F", "#C9A400")     # viridis, darker at the end
DASHES = ("-", "--", "-.", (0, (1, 1.2)), (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
GRID = "#E6E9ED"
FEW = 25                            # up to so many epochs, each is marked by a dot

Path = str | os.PathLike[str]


class Curve:
    """One line of a plot: its name, its numbers, and what it looks like."""

    def __init__(self, name: str, xs: Sequence[float], ys: Sequence[float], i: int = 0,
                 width: float = 1.8) -> None:
        self.name, self.xs, self.ys, self.width = name, list(xs), list(ys), width
        self.colour, self.dash = COLOURS[i % len(COLOURS)], DASHES[i // 2 % len(DASHES)]

    def caption(self, log: bool) -> str:
        """The name, and what of the curve cannot be shown."""
        lost = [x for x, y in zip(self.xs, self.ys) if not math.isfinite(y)]
        zeros = sum(y == 0 for y in self.ys)
        note = (f"not finite from epoch {lost[0]}" if lost else
                f"0 in {zeros} of {len(self.ys)} epochs" if log and zeros else "")
        return "\n".join(filter(None, (self.name, note)))

    def end(self, log: bool) -> float:
        """The last number that can be shown; -inf if there is none."""
        return next((y for y in reversed(self.ys) if math.isfinite(y) and (y > 0 or not log)),
                    -math.inf)

    def draw(self, axes: "Axes", log: bool = False, top: float = math.inf) -> None:
        """Draws what can be shown of the curve, and no more than a little above `top`."""
        ys = [min(y, 10 * top) if math.isfinite(y) and (y > 0 or not log) else math.nan
              for y in self.ys]
        marker = "o" if len(ys) <= FEW else ""
        axes.plot(self.xs, ys, color=self.colour, linestyle=self.dash, linewidth=self.width,
                  marker=marker, markersize=3.5, label=self.caption(log) or "_")


def chart(curves: list[Curve], ylabel: str, title: str, path: Path | None, log: bool = False,
          top: float = math.inf, limits: tuple[float, float] | None = None) -> "Figure":
    """A figure of curves over the epochs; what is above `top`, or beyond `limits`, is cut off."""
    figure, axes = canvas(title, path)
    for curve in curves:
        curve.draw(axes, log, top)
    if log and any(y > 0 for curve in curves for y in curve.ys):
        axes.set_yscale("log")
    if limits or any(y > top for curve in curves for y in curve.ys):
        axes.set_ylim(*(limits or (None, top)))
    dress(axes, "epoch", ylabel)
    ticks(axes)
    if any(curve.caption(log) for curve in curves):
        key(axes, sorted(range(len(curves)), key=lambda i: -curves[i].end(log)))
    return finished(figure, path)


def ticks(axes: "Axes") -> None:
    """Whole epochs; and on a log scale of less than three decades plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10], integer=True))
    low, high = axes.get_ylim()
    if axes.get_yscale() == "log":
        axes.yaxis.set_minor_formatter(NullFormatter())
        if high < 1000 * low:
            axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))


def canvas(title: str, path: Path | None) -> "tuple[Figure, Axes]":
    """A new figure with one empty plot; ImportError or ValueError where it could not be saved."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plots are drawn by matplotlib, which is not installed: "
                          "run pip install matplotlib") from error
    figure = Figure(figsize=(6.8, 4.0), layout="constrained", facecolor="white")
    known, end = figure.canvas.get_supported_filetypes(), ending(path)
    if path is not None and end not in known:
        raise ValueError(f"{os.fspath(path)!r} does not end in a kind of picture: "
                         f"choose .png, .svg or .pdf")
    vars(figure)["_repr_png_"] = partial(png, figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK, pad=10)
    return figure, axes


def ending(path: Path | None) -> str:
    """The end of a path that tells its kind: "png", "svg", ..."""
    return os.path.splitext(os.fspath(path or ""))[1][1:].lower()


def dress(axes: "Axes", xlabel: str, ylabel: str, gridded: bool = True) -> None:
    """Names the axes and takes away what carries no information."""
    axes.set_xlabel(xlabel, color=INK)
    axes.set_ylabel(ylabel, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(LINE)
    axes.tick_params(which="both", color=LINE, labelcolor=GREY, labelsize=9)
    axes.set_axisbelow(True)
    if gridded:
        axes.grid(color=GRID, linewidth=0.8)


def key(axes: "Axes", order: Sequence[int] = ()) -> None:
    """Names the curves, to the right of the plot; in the order of their ends, if it is given."""
    handles = list(axes.get_lines())
    shown = [handles[i] for i in order or range(len(handles))]
    axes.legend(handles=[line for line in shown if not str(line.get_label()).startswith("_")],
                loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9,
                labelcolor=INK, labelspacing=0.8)


def finished(figure: "Figure", path: Path | None) -> "Figure":
    """The figure, saved if a path was given; the same figure is the same file every time."""
    if path is not None:
        import matplotlib
        dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(ending(path))
        with matplotlib.rc_context({"svg.hashsalt": "handgrad"}):
            figure.savefig(path, dpi=200, metadata=dated)
    return figure


def png(figure: "Figure") -> tuple[bytes, dict[str, int]]:
    """What a notebook shows: the picture at 1.8 times its resolution, and its size in pixels.

    128 colours are enough for a plot, and make the file a third as large.
    """
    from PIL import Image  # matplotlib brings it
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=144)
    picture = Image.open(drawn).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    picture.save(small, "PNG", optimize=True)
    return small.getvalue(), {"width": picture.width * 5 // 9, "height": picture.height * 5 // 9}


def by_depth(curves: list[Curve]) -> list[Curve]:
    """The same curves; where there are more than four, dark for the first to light for the last."""
    if len(curves) > 4:
        for i, curve in enumerate(curves):
            curve.colour, curve.dash = ramp(i / (len(curves) - 1), DEPTH), "-"
    return curves


def spans_much(curves: list[Curve]) -> bool:
    """Whether all numbers are positive, and the largest is over 100 times the smallest."""
    ys = [y for curve in curves for y in curve.ys if math.isfinite(y)]
    return bool(ys) and min(ys) > 0 and max(ys) > 100 * min(ys)
