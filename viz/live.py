"""A loss curve that grows while a model trains, in a notebook; nowhere else, and not in CI.

    fit(model, data, on_epoch=live())

Start reading at `live`.
"""

import importlib
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from .palette import FONT, GREY, LINE

WIDTH, HEIGHT, LEFT, LOW = 520, 170, 72, 26        # pixels


def live(*, seconds: float = 0.25) -> Callable[[Any], None]:
    """What `fit` takes as `on_epoch`: it shows the losses so far, every so many seconds at most.

    Outside a notebook, and where the environment says CI, it does nothing. The last moments of a
    run may be missing; `plots.loss_curve(history)` has all.
    """
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module and hasattr(module, "get_ipython") else None
    if shell is None or os.environ.get("CI") or not hasattr(shell, "kernel"):
        return lambda history: None
    show: Any = importlib.import_module("IPython.display")
    handle = show.display(show.HTML(""), display_id=True)
    shown = [-math.inf]

    def grow(history: Any) -> None:
        if time.monotonic() - shown[0] >= seconds:
            shown[0] = time.monotonic()
            handle.update(show.HTML(curve(history.epochs, history.loss)))

    return grow


def curve(epochs: list[int], losses: list[float]) -> str:
    """The losses of some epochs as SVG; those that are not finite are left out."""
    finite = [(k, x) for k, x in zip(epochs, losses) if math.isfinite(x)]
    if not finite:
        return "no finite loss yet"
    low, high = min(x for _, x in finite), max(x for _, x in finite)
    first, last = epochs[0], max(epochs[-1], epochs[0] + 1)
    points = " ".join(f"{LEFT + (WIDTH - LEFT - 10) * (k - first) / (last - first):.1f},"
                      f"{10 + (HEIGHT - LOW - 10) * (high - x) / ((high - low) or 1):.1f}"
                      for k, x in finite)
    end = HEIGHT - LOW
    return (f'<svg width="{WIDTH}" height="{HEIGHT}" font-family="{FONT}" font-size="11" '
            f'role="img" aria-label="loss {losses[-1]:.4g} after epoch {epochs[-1]}">'
            f'<path d="M{LEFT},10V{end}H{WIDTH - 10}" fill="none" stroke="{LINE}"/>'
            f'<polyline points="{points}" fill="none" stroke="#2a78c2" stroke-width="2"/>'
            f'<g fill="{GREY}"><text x="{LEFT - 6}" y="16" text-anchor="end">{high:.3g}</text>'
            f'<text x="{LEFT - 6}" y="{end}" text-anchor="end">{low:.3g}</text>'
            f'<text x="{LEFT}" y="{HEIGHT - 8}">loss {losses[-1]:.6g}</text>'
            f'<text x="{WIDTH - 10}" y="{HEIGHT - 8}" text-anchor="end">epoch {epochs[-1]}</text>'
            f"</g></svg>")
