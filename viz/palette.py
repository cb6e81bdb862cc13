"""Colours: what each kind of node looks like, and the ramps that turn a number into a fill.

All inks reach a contrast of 4.5 on their grounds (WCAG AA). The ramps are ColorBrewer's YlOrBr
(one direction) and RdBu (two), which stay apart for colour-blind readers; the kinds differ by
shape and border as well.
"""

import math
from typing import NamedTuple

FONT = "DejaVu Sans,Verdana,Geneva,sans-serif"      # all equally wide, so boxes fit
INK, GREY, LINE = "#1F2933", "#5F6B7A", "#8792A2"

SIZE = ("#FFFFE5", "#FFF7BC", "#FEE391", "#FEC44F", "#FE9929", "#EC7014", "#CC4C02", "#993404")
SIGN = ("#2166AC", "#4393C3", "#92C5DE", "#D1E5F0", "#F7F7F7", "#FDDBC7", "#F4A582", "#D6604D",
        "#B2182B")
NOT_FINITE = "#E8A6D0"


class Look(NamedTuple):
    """How one kind of node is drawn."""

    ink: str                    # of its name and border
    fill: str
    style: str
    width: str
    peripheries: str = "1"


LOOKS = {
    "parameter": Look("#0B5CAD", "#EAF2FB", "filled", "1.6"),
    "input":     Look("#0A6B4F", "#E6F5EF", "rounded,filled", "1.6"),
    "target":    Look("#0A6B4F", "#FFFFFF", "rounded,filled,dashed", "1.4"),
    "variable":  Look("#0B5CAD", "#EAF2FB", "rounded,filled", "1.6"),
    "constant":  Look(GREY, "#FFFFFF", "rounded,filled,dotted", "1.2"),
    "operation": Look(INK, "#FFFFFF", "rounded,filled", "1"),
    "folded":    Look(INK, "#F4F5F7", "filled", "1.4", "2"),
    "output":    Look("#7A2E8E", "#F7EDF9", "rounded,filled", "1.6", "2"),
    "loss":      Look("#7A2E8E", "#F7EDF9", "rounded,filled", "1.6", "2"),
}


class Mark(NamedTuple):
    """How a checked number is marked: a sign, its colour, its ground, a border's width, a word."""

    sign: str
    ink: str
    fill: str
    width: str                  # of the border; "" leaves the border of the kind
    meaning: str


MARKS = {                               # the worst first: a box takes its border from its worst
    "wrong":     Mark("✗", "#B3261E", "#FDECEA", "3", "wrong here"),
    "inherited": Mark("↳", "#8A5300", "#FFF4DF", "2.4", "inherited from an earlier error"),
    "right":     Mark("✓", "#1B6E3C", "#E9F5EC", "", "checked, right"),
}


def ramp(t: float, colours: tuple[str, ...]) -> str:
    """The colour at t in 0..1, mixed from its two neighbours among `colours`."""
    place = min(max(t, 0.0), 1.0) * (len(colours) - 1)
    i = min(int(place), len(colours) - 2)
    mixed = (a + (b - a) * (place - i) for a, b in zip(rgb(colours[i]), rgb(colours[i + 1])))
    return "#" + "".join(f"{round(c):02X}" for c in mixed)


def fill(x: float, largest: float, by: str) -> str:
    """The ground for a number x when `largest` is the largest size in the picture."""
    if not math.isfinite(x):
        return NOT_FINITE
    t = math.sqrt(abs(x) / largest) if largest else 0.0     # the root leaves small sizes visible
    return ramp(t, SIZE) if by == "gradient" else ramp((1 + math.copysign(t, x)) / 2, SIGN)


def ink_on(ground: str) -> str:
    """Black or white, whichever stands out more; the contrast is 4.5 or better on any ground."""
    return "#000000" if luminance(ground) > 0.179 else "#FFFFFF"


def contrast(a: str, b: str) -> float:
    """The contrast ratio of two colours, from 1 to 21, as WCAG 2 defines it."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of a colour, from 0 to 1, as WCAG 2 defines it."""
    parts = [v / 255 for v in rgb(colour)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def rgb(colour: str) -> tuple[int, int, int]:
    """'#RRGGBB' as three numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
