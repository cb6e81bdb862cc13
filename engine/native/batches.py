"""Batches for training: which samples each step takes, and where they stand in memory.

If every input stands in a row with one lane per sample, the native loop fills the rows itself;
else Python puts the numbers of each batch in their places.
"""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .choose import Array
from .optimizers import Batches


def flat(inputs: Sequence[Any]) -> Array:
    """The numbers of all inputs, one after the other."""
    return np.concatenate([np.zeros(0), *(np.ravel(np.asarray(x, dtype=float)) for x in inputs)])


def batch_rows(data: Sequence[Array], batch_size: int) -> int:
    """How many samples there are; ValueError if the inputs do not agree on it."""
    rows = {x.shape[0] if x.ndim else 0 for x in data}
    if len(rows) != 1 or 0 in rows:
        raise ValueError(f"inputs of shapes {', '.join(str(x.shape) for x in data)} have no common "
                         f"number of samples: give arrays with one row per sample")
    n = rows.pop()
    if not isinstance(batch_size, int) or not 1 <= batch_size <= n:
        raise ValueError(f"batch_size={batch_size!r} must be a whole number from 1 to {n}, "
                         f"the number of samples")
    return n


def batch_order(rows: int, size: int, steps: int, shuffle: bool, seed: "int | None") -> Array:
    """For every step the samples of its batch."""
    draw = np.random.default_rng(random.getrandbits(64) if seed is None else seed)
    per_round = rows // size
    rounds = [draw.permutation(rows) if shuffle else np.arange(rows)
              for _ in range(-(-steps // per_round))]
    return np.concatenate([r[:per_round * size].reshape(per_round, size) for r in rounds])[:steps]


class Gathered:
    """The numbers of each step's batch, flat."""

    def __init__(self, data: Sequence[Array], order: Array) -> None:
        self.data, self.order = data, order

    def __getitem__(self, k: int) -> Array:
        return flat([x[self.order[k]] for x in self.data])


def batches_of(made: Any, data: Sequence[Array],
               order: Array) -> "Batches | None":
    """The rows of memory that a batch fills, and the columns of data that fill them.

    None where the inputs do not stand in rows of one lane per sample.
    """
    size = order.shape[1]
    origin = [(sample, column) for column, sample in sample_places(data, size)]
    place = {int(slot): origin[i] for slot, i in zip(made.inputs.slots, made.inputs.which)}
    regions = made.program.module.regions.values()
    starts = [(region, region.layout.start(block)) for region in regions
              for block in region.blocks.values() if region.layout.start(block) in place]
    sources = [place[start][1] for _, start in starts]
    wanted = {start + sample: (sample, column) for (_, start), column in zip(starts, sources)
              for sample in range(size)}
    widths = {region.padded for region, _ in starts}
    if wanted != place or len(widths) != 1:
        return None
    filled = np.concatenate([order, np.repeat(order[:, :1], widths.pop() - size, axis=1)], axis=1)
    columns = [np.ascontiguousarray(x.reshape(x.shape[0], -1)[:, j])
               for x in data for j in range(x[0].size)]
    kept = [columns[c] for c in sources]
    return Batches(np.array([start for _, start in starts], dtype=np.int64),
                              np.array([c.ctypes.data for c in kept], dtype=np.uint64),
                              np.ascontiguousarray(filled, dtype=np.int64), kept)


def sample_places(data: Sequence[Array], size: int) -> Iterable[tuple[int, int]]:
    """For every number of a batch, flat, its column over all inputs and its sample."""
    before = 0
    for x in data:
        width = int(x[0].size)
        yield from ((before + j, i) for i in range(size) for j in range(width))
        before += width
