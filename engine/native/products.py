"""Matrix products over lanes, as loops: forward, and the two products of the backward pass.

    multiply    out[j] = bias[j] + sum over i of W[j, i] in[i]      from rows of lanes to such rows
    outer       gradient of W[j, i] += sum over lanes of d[j] x[i]

The same `multiply` with W's rows and columns exchanged brings gradients from the outputs to the
inputs. Loops are blocked so that about sixteen sums stay in registers.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from .choose import Symbol
from .llvm import LANES, Writer


class Rows(NamedTuple):
    """Rows of lanes: row r begins at base + r * step behind a pointer."""

    pointer: str
    base: int
    step: int

    def place(self, w: Writer, r: Any, v: Any) -> Any:
        """The place of lane v of row r."""
        return plus(w, plus(w, times(w, r, self.step), self.base), v)


class Weights(NamedTuple):
    """A matrix: the number of row j and column i stands at base + j * row + i * column."""

    pointer: str
    base: int
    row: int
    column: int

    def place(self, w: Writer, j: Any, i: Any) -> Any:
        """The place of a weight."""
        return plus(w, plus(w, times(w, j, self.row), times(w, i, self.column)), self.base)

    def turned(self) -> "Weights":
        """The same matrix with rows and columns exchanged."""
        return Weights(self.pointer, self.base, self.column, self.row)


def plus(w: Writer, a: Any, b: Any) -> Any:
    """a + b, for whole numbers or the names of some."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    return a if b == 0 and isinstance(b, int) else b if a == 0 and isinstance(a, int) else (
        w.whole("add", a, b))


def times(w: Writer, a: Any, b: int) -> Any:
    """a * b, for whole numbers."""
    return a * b if isinstance(a, int) else a if b == 1 else w.whole("mul", a, b)


def each_block(w: Writer, n: int, size: int) -> Iterator[tuple[Any, int]]:
    """Writes what follows for every `size` of n things, in a loop, and for the rest once more."""
    full = n - n % size
    if full == size:
        yield 0, size
    elif full:
        with w.loop(full, size) as index:
            yield index, size
    if n % size:
        yield full, n % size


def multiply(w: Writer, out: Rows, outs: int, into: Rows, ins: int, weights: Weights, lanes: int, *,
             bias: "tuple[int, int] | None" = None, add: bool = False) -> None:
    """out[j] = bias[j] + sum over i of W[j, i] in[i], or that added to out[j]."""
    for j, rows in each_block(w, outs, 8):
        wide = max(1, min(8 // rows, lanes // LANES))
        for v, lane_block in each_block(w, lanes // LANES, wide):
            lane = times(w, v, LANES)
            places = [[out.place(w, plus(w, j, a), plus(w, lane, b * LANES))
                       for b in range(lane_block)] for a in range(rows)]
            sums = [[w.variable(first(w, bias, plus(w, j, a), out.pointer, place, add))
                     for place in row] for a, row in enumerate(places)]
            with w.loop(ins) as i:
                xs = [w.load_again(into.pointer, into.place(w, i, plus(w, lane, b * LANES)))
                      for b in range(lane_block)]
                for a, row in enumerate(sums):
                    weight = w.spread(weights.pointer, weights.place(w, plus(w, j, a), i))
                    for x, s in zip(xs, row):
                        w.store(w.fused(weight, x, w.load_again(s, 0)), s, 0)
            for row, where in zip(sums, places):
                for s, place in zip(row, where):
                    w.store(w.load_again(s, 0), out.pointer, place)


def first(w: Writer, bias: "tuple[int, int] | None", j: Any, pointer: str, place: Any,
          add: bool) -> Any:
    """What a sum begins with."""
    if bias:
        return w.spread("%s", plus(w, times(w, j, bias[1]), bias[0]))
    return w.load_again(pointer, place) if add else 0.0


def outer(w: Writer, down: Rows, downs: int, along: Rows, alongs: int, weights: Weights,
          lanes: int) -> None:
    """Adds sum over lanes of d[j] x[i] to the gradient of W[j, i]."""
    if alongs < LANES <= downs:
        down, downs, along, alongs, weights = along, alongs, down, downs, weights.turned()
    for i, columns in each_block(w, alongs, LANES):
        for j, rows in each_block(w, downs, 2):
            sums = [[w.variable() for _ in range(columns)] for _ in range(rows)]
            with w.loop(lanes, LANES) as v:
                xs = [w.load_again(along.pointer, along.place(w, plus(w, i, b), v))
                      for b in range(columns)]
                for a, row in enumerate(sums):
                    d = w.load_again(down.pointer, down.place(w, plus(w, j, a), v))
                    for x, s in zip(xs, row):
                        w.store(w.fused(d, x, w.load_again(s, 0)), s, 0)
            for a, row in enumerate(sums):
                add_sums(w, [w.load_again(s, 0) for s in row], weights.pointer,
                         weights.place(w, plus(w, j, a), i), weights.column)


def sums_of_rows(w: Writer, rows: Rows, n: int, pointer: str, base: int, step: int,
                 lanes: int) -> None:
    """Adds the sum over lanes of each row to the number at base + row * step."""
    for j, count in each_block(w, n, LANES):
        sums = [w.variable() for _ in range(count)]
        with w.loop(lanes, LANES) as v:
            for a, s in enumerate(sums):
                x = w.load_again(rows.pointer, rows.place(w, plus(w, j, a), v))
                w.store(w.load_again(s, 0) + x, s, 0)
        add_sums(w, [w.load_again(s, 0) for s in sums], pointer,
                 plus(w, times(w, j, step), base), step)


def add_sums(w: Writer, sums: list[Symbol], pointer: str, start: Any, step: int) -> None:
    """Adds the sum over the lanes of each vector to the numbers at start, start + step, ..."""
    if len(sums) == LANES and step == 1:
        w.store(w.load_again(pointer, start) + folded(w, sums), pointer, start)
        return
    for k, s in enumerate(sums):
        w.add_to(w.across(s).name, pointer, plus(w, start, k * step))


def folded(w: Writer, sums: list[Symbol]) -> Symbol:
    """A vector of the sums over the lanes of eight vectors."""
    for low, high in MIXES:
        sums = [shuffled(w, a, b, low) + shuffled(w, a, b, high)
                for a, b in zip(sums[::2], sums[1::2])]
    return sums[0]


MIXES = [([0, 8, 2, 10, 4, 12, 6, 14], [1, 9, 3, 11, 5, 13, 7, 15]),
         ([0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]),
         ([0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15])]


def shuffled(w: Writer, a: Symbol, b: Symbol, order: list[int]) -> Symbol:
    """The elements of two vectors, numbered through, in some order."""
    mask = ", ".join(f"i32 {k}" for k in order)
    return w.fresh(f"shufflevector {w.kind} {a.name}, {w.kind} {b.name}, <{LANES} x i32> <{mask}>")
