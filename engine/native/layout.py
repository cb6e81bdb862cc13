"""Where every number stands: one array of values, and one of gradients with the same places.

    [ parameters | parameters with one per lane ]  [ other shared numbers | data, one per lane ]
      moved by an optimizer                          read only, or computed on the way

A matrix of weights stands row after row, if its parameters are free to be placed; a leaf of a
template stands in as many neighbouring places as there are lanes. Blocks begin at multiples of 8.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

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


class Layout:
    """Gives places to leaves and to nodes that regions share."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.moved = set(graph.parameters)
        self.place: dict[int, Place] = {}
        self.sizes = [0, 0, 0, 0]
        self.starts = [0, 0, 0, 0]

    # ---- giving places

    def area(self, k: int) -> int:
        """Where a shared node belongs."""
        return 0 if k in self.moved else 2

    def put(self, k: int) -> None:
        """Gives a place to a shared node, unless it has one."""
        if k not in self.place and k not in self.graph.literal:
            area = self.area(k)
            self.place[k] = area, self.sizes[area]
            self.sizes[area] += 1

    def put_all(self, nodes: Iterable[int]) -> None:
        """Gives places to several nodes, one after the other."""
        for k in nodes:
            self.put(k)

    def matrix(self, rows: Sequence[Sequence[int]]) -> "Matrix | None":
        """The places of a matrix of nodes; None if they are of no regular order."""
        self.put_all(k for row in rows for k in row)
        areas = {self.place[k][0] for row in rows for k in row if k in self.place}
        if len(areas) != 1 or any(k not in self.place for row in rows for k in row):
            return None
        first = self.place[rows[0][0]][1]
        down = self.place[rows[1][0]][1] - first if len(rows) > 1 else len(rows[0])
        along = self.place[rows[0][1]][1] - first if len(rows[0]) > 1 else 1
        if all(self.place[k][1] == first + j * down + i * along
               for j, row in enumerate(rows) for i, k in enumerate(row)):
            return Matrix((areas.pop(), first), down, along)
        return None

    def block(self, leaves: Sequence[int], padded: int, *, copied: bool = False) -> Place:
        """A block for the leaves of all lanes at one position, or for copies of shared ones."""
        area = 1 if leaves[0] in self.moved and not copied else 3
        index = self.sizes[area]
        self.sizes[area] += rounded(padded)
        for lane, k in enumerate(() if copied else leaves):
            self.place[k] = area, index + lane
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

    def slots(self, nodes: Iterable[int]) -> list[int]:
        """Where several nodes stand."""
        starts, place = self.starts, self.place
        return [starts[area] + index for area, index in map(place.__getitem__, nodes)]

    @property
    def parameters(self) -> int:
        """How many places belong to parameters, from 0 on."""
        return self.starts[2] if self.sizes[1] else self.sizes[0]

    @property
    def size(self) -> int:
        """How many places there are."""
        return self.starts[4]
