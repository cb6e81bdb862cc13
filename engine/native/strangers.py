"""How much of a graph looks like nothing else in it; neither lanes nor loops can hold such nodes.

Nodes of equal lanes, and of the rounds of a chain, look alike: the same row, the same number of
readers, and inputs that look alike. Every node gets a number that says how it looks a few inputs
deep, so that a graph in which nothing repeats is known for one before anything is searched for.
"""

import numpy as np

from .choose import Array
from .kinds import Inner

DEPTH = 6               # inputs of inputs of ...
FEWEST = 4              # nodes; as many lanes as there must be


def strangers(inner: Inner) -> int:
    """How many inner nodes look like fewer than three others."""
    _, which, count = np.unique(looks(inner), return_inverse=True, return_counts=True)
    return int(np.sum(count[which] < FEWEST))


def looks(inner: Inner) -> Array:
    """A number for each inner node; nodes that look alike have the same."""
    readers = np.bincount(inner.inputs, minlength=len(inner.moving))[inner.leaves:]
    own = mixed(np.fromiter(map(id, inner.rules), np.uint64, len(inner.rules)) + mixed(readers))
    turn = np.arange(len(inner.inputs)) - np.repeat(inner.starts, inner.counts)
    place = mixed(turn) | np.uint64(1)
    look = np.ones(len(inner.moving), dtype=np.uint64)
    for _ in range(DEPTH):
        look[inner.leaves:] = mixed(own + np.add.reduceat(look[inner.inputs] * place, inner.starts))
    return look[inner.leaves:]


def mixed(x: Array) -> Array:
    """Whole numbers as others that differ in all bits (the last steps of splitmix64)."""
    z = x.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
