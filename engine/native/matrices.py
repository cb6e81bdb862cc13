"""The products of a region, tile by tile: which rows they read and write, forward and backward."""

from typing import TYPE_CHECKING

from .lane import Ref
from .llvm import LANES, Writer
from .products import Weights, multiply, outer, sums_of_rows
from .stages import Product

if TYPE_CHECKING:
    from .region import Region


def forward(w: Writer, region: "Region", p: Product) -> None:
    """The rows that a product computes."""
    bias = (region.layout.start(p.bias[0]), p.bias[1]) if p.bias else None
    multiply(w, region.row(("r", p.outs[0])), len(p.outs), region.row(p.into[0]), len(p.into),
             weights(region, p), region.tile, bias=bias)


def backward(w: Writer, region: "Region", p: Product) -> None:
    """The gradients of the inputs, weights and biases of a product."""
    outs: list[Ref] = [("r", out) for out in p.outs]
    if not claim(w, region, outs):
        return
    down, tile, moving = region.gradient_row(outs[0]), region.tile, region.graph.moving
    if any(region.moving(ref) for ref in p.into):
        multiply(w, region.gradient_row(p.into[0]), len(p.into), down, len(outs),
                 weights(region, p).turned(), tile, add=claim(w, region, p.into))
        region.written.update(p.into)
    if moving[p.nodes[0][0]]:
        outer(w, down, len(outs), region.row(p.into[0]), len(p.into), weights(region, p, "%g"),
              tile)
    if p.bias and moving[p.biases[0]]:
        sums_of_rows(w, down, len(outs), "%g", region.layout.start(p.bias[0]), p.bias[1], tile)


def weights(region: "Region", p: Product, pointer: str = "%s") -> Weights:
    """Where the weights of a product stand, or their gradients."""
    return Weights(pointer, region.layout.start(p.weights.base), p.weights.row, p.weights.column)


def claim(w: Writer, region: "Region", refs: list[Ref]) -> bool:
    """Whether gradient rows have something in them; if some have, the others are cleared."""
    had = not region.written.isdisjoint(refs)
    for ref in refs if had else ():
        if ref not in region.written:
            clear(w, region, ref)
    return had


def clear(w: Writer, region: "Region", ref: Ref) -> None:
    """Fills a gradient row with zeros."""
    rows = region.gradient_row(ref)
    with w.loop(region.tile, LANES) as v:
        w.store(0.0, rows.pointer, rows.place(w, 0, v))
    region.written.add(ref)
