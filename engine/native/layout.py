"""Where every number stands: one array of values, and one of gradients with the same places.

    [ parameters | parameters with one per lane ]  [ other shared numbers | data, one per lane ]
      moved by an optimizer                          read only, or computed on the way

A matrix of weights stands row after row, if its parameters are free to be placed; a leaf of a
template stands in as many neighbouring places as there are lanes. Blocks begin at multiples of 8.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .choose import Array
from .graph import Graph
from .llvm import LANES

Place = tuple[int, int]                 # an area of the picture above, from 0 to 3; an index in it


class Matrix(NamedTuple):
    """Weights as they stand: that of output j and input i at base + j * row + i * column."""

    base: Place
    row: int
    column: int


def rounded(n: int) -> int:
    """n, up to the next multiple of the vector width."""
    return -(-n // LANES) * LANES


class Places:
    """The place of each node, with `k in places` and `places[k]`; k may be an array of nodes."""

    def __init__(self, nodes: int) -> None:
        self.areas, self.indices = np.full(nodes, -1, np.int8), np.zeros(nodes, np.int64)

    def __contains__(self, k: int) -> bool:
        return bool(self.areas[k] >= 0)

    def __getitem__(self, k: int) -> Place:
        if k not in self:
            raise KeyError(k)
        return int(self.areas[k]), int(self.indices[k])

    def __setitem__(self, k: Any, place: Any) -> None:
        self.areas[k], self.indices[k] = place


class Layout:
    """Gives places to leaves and to nodes that regions share."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.place = Places(len(graph.rules))
        self.moved = np.zeros(len(graph.rules), dtype=bool)
        self.moved[graph.parameters] = True
        self.sizes = [0, 0, 0, 0]
        self.starts = [0, 0, 0, 0]

    # ---- giving places

    def put_all(self, nodes: Iterable[int]) -> None:
        """Gives places to several nodes, one after the other, unless they have one."""
        every = np.fromiter(nodes, np.int64)
        new = every[(self.place.areas[every] < 0) & ~self.graph.literal.among(every)]
        new = new[np.sort(np.unique(new, return_index=True)[1])]
        for area, of in (0, new[self.moved[new]]), (2, new[~self.moved[new]]):
            self.place[of] = area, self.sizes[area] + np.arange(len(of))
            self.sizes[area] += len(of)

    def matrix(self, rows: Sequence[Sequence[int]]) -> "Matrix | None":
        """The places of a matrix of nodes; None if they are of no regular order."""
        nodes = np.array(rows)
        self.put_all(nodes.ravel())
        areas, places = self.place.areas[nodes], self.place.indices[nodes]
        if areas[0, 0] < 0 or (areas != areas[0, 0]).any():
            return None
        height, width = nodes.shape
        first = int(places[0, 0])
        down = int(places[1, 0]) - first if height > 1 else width
        along = int(places[0, 1]) - first if width > 1 else 1
        if (places == first + down * np.arange(height)[:, None] + along * np.arange(width)).all():
            return Matrix((int(areas[0, 0]), first), down, along)
        return None

    def block(self, leaves: Array, padded: int, *, copied: bool = False) -> Place:
        """A block for the leaves of all lanes at one position, or for copies of shared ones."""
        area = 1 if self.moved[leaves[0]] and not copied else 3
        index = self.sizes[area]
        self.sizes[area] += rounded(padded)
        if not copied:
            self.place[leaves] = area, index + np.arange(len(leaves))
        return area, index

    # ---- reading places, once all are given

    def freeze(self) -> None:
        """Fixes where the areas begin."""
        self.starts = [0]
        for size in self.sizes:
            self.starts.append(self.starts[-1] + rounded(size))

    def start(self, place: Place) -> int:
        """The number of a place."""
        return self.starts[place[0]] + place[1]

    def slot(self, k: int) -> int:
        """Where a node stands."""
        return self.start(self.place[k])

    def slots(self, nodes: "Array | list[int]") -> Array:
        """Where several nodes stand."""
        starts = np.array(self.starts)
        return starts[self.place.areas[nodes]] + self.place.indices[nodes]

    @property
    def parameters(self) -> int:
        """How many places belong to parameters, from 0 on."""
        return self.starts[2] if self.sizes[1] else self.sizes[0]

    @property
    def size(self) -> int:
        """How many places there are."""
        return self.starts[4]
