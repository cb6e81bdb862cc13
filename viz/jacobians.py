"""Jacobians of vectors: printed as tables, and drawn slice by slice (document 002).

    J = jacobian_tensor(Z, b, names=("Z", "b"))     z losses, z biases: a z x z matrix
    T = jacobian_tensor(Z, W, names=("Z", "W"))     z losses, n x z weights: n x z x z numbers
    print(T)                one aligned table per output, and the sum over the outputs
    T.draw()                the same as a picture, slice + slice + ... = sum
    W - T.sum()             the document's update, if W is an array of Values

`T.outputs_first[k]` is the slice of output k, with the shape of W; `T.outputs_last` has the
document's shape n x z x z. The derivatives are those of `engine.jacobian`. Start reading at
`jacobian_tensor`.
"""

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

from engine import Value, jacobian

from .labels import shown
from .palette import FONT, GREY, INK, LINE, fill, ink_on
from .picture import Picture
from .text import number

Grid = list[list[float]]


class JacobianTensor:
    """The derivatives of several outputs with respect to a number, vector or matrix of Values.

    outputs_first: an array of numbers, outputs x shape of xs. outputs_last: shape of xs x outputs.
    values: like outputs_first, but Values, which can be differentiated again.
    """

    def __init__(self, values: Any, nested: bool, names: tuple[str, str], digits: int) -> None:
        import numpy as np
        self.values, self.nested, self.names, self.digits = values, nested, names, digits
        flat = [v.data for v in values.ravel()]
        self.outputs_first = np.array(flat, dtype=float).reshape(values.shape)

    @property
    def outputs_last(self) -> Any:
        """The numbers with the outputs as the last axis: n x z x z for an n x z matrix."""
        import numpy as np
        return np.moveaxis(self.outputs_first, 0, -1)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the xs, and the number of outputs: (n, z, z)."""
        return tuple(self.outputs_last.shape)

    def sum(self) -> Any:
        """The gradient of the sum of all outputs, in the shape of the xs, a list for a list."""
        total = self.outputs_first.sum(axis=0)
        return total.tolist() if self.nested else total

    def tables(self) -> list[tuple[str, list[str], Grid]]:
        """What is printed and drawn: (title, names of the rows, numbers) for each slice and sum."""
        z, x = self.names
        slices, total = self.outputs_first, self.outputs_first.sum(axis=0)
        if slices.ndim > 3:
            raise ValueError(f"tables have rows and columns, and {x} has {slices.ndim - 1} axes: "
                             f"read outputs_first instead")
        if slices.ndim < 3:
            matrix = slices.reshape(len(slices), -1)
            return [(f"∂{z}/∂{x}", [f"{z}{k}" for k in range(1, len(matrix) + 1)], matrix.tolist()),
                    ("sum over the outputs", ["Σ"], [matrix.sum(axis=0).tolist()])]
        rows = [f"{i}" for i in range(1, slices.shape[1] + 1)]
        return [*((f"∂{z}{k}/∂{x}", rows, part.tolist()) for k, part in enumerate(slices, 1)),
                ("sum over the outputs", rows, total.tolist())]

    def columns(self) -> list[str]:
        """The names of the columns: b1, b2, ... for a vector, 1, 2, ... for a matrix."""
        last = self.outputs_first.shape[-1] if self.outputs_first.ndim > 1 else 1
        name = self.names[1] if self.outputs_first.ndim < 3 else ""
        return [f"{name}{j}" for j in range(1, last + 1)] if last > 1 or not name else [name]

    def __str__(self) -> str:
        tables = [(title, [[row, *(number(x, self.digits) for x in xs)]
                           for row, xs in zip(rows, grid)]) for title, rows, grid in self.tables()]
        width = max(len(c) for _, lines in tables for line in lines for c in line)
        width = max(width, *(len(c) for c in self.columns()))
        left = max(len(line[0]) for _, lines in tables for line in lines)
        head = "  ".join([" " * left, *(c.rjust(width) for c in self.columns())])
        return "\n\n".join("\n".join([title, head, *(
            "  ".join([line[0].rjust(left), *(c.rjust(width) for c in line[1:])])
            for line in lines)]) for title, lines in tables)

    def __repr__(self) -> str:
        z, x = self.names
        return f"<JacobianTensor ∂{z}/∂{x} of shape {' x '.join(map(str, self.shape))}>"

    def draw(self, *, per_row: int = 4, format: str = "svg") -> Picture:
        """A heat map with numbers: red is positive, blue negative, the slices side by side.

        per_row: how many slices stand side by side before a new row is begun.
        """
        if per_row < 1:
            raise ValueError(f"per_row={per_row!r} must be at least 1")
        import graphviz
        dot = graphviz.Digraph(graph_attr={"pad": "0.2", "bgcolor": "white"},
                               node_attr={"shape": "plain", "fontname": FONT, "fontsize": "10",
                                          "fontcolor": INK})
        dot.node("n0", f"<{self._table(per_row)}>", tooltip=" ")
        return Picture(dot, format)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {**self.draw()._repr_mimebundle_(), "text/plain": str(self)}

    def _table(self, per_row: int) -> str:
        tables = self.tables()
        sizes = [abs(x) for _, _, grid in tables for row in grid for x in row]
        largest = max(filter(math.isfinite, sizes), default=0.0)
        drawn = [heat(title, self.columns(), rows, grid, largest, self.digits)
                 for title, rows, grid in tables]
        if self.outputs_first.ndim < 3:
            return outer([[part] for part in drawn])
        signs = [sign("+")] * (len(drawn) - 2) + [sign("="), ""]
        pieces = list(zip(drawn, signs))
        return outer([[*chain.from_iterable(pieces[i:i + per_row])]
                      for i in range(0, len(pieces), per_row)])


def jacobian_tensor(outputs: Any, xs: Any, *, names: tuple[str, str] = ("Z", "X"),
                    digits: int = 4) -> JacobianTensor:
    """The derivative of every output with respect to every x, element by element.

    outputs: a Value, or a list or array of them, taken in reading order.
    xs: a Value, or a list, nested list or array of Values; its shape is kept.
    names: how outputs and xs are called in tables and pictures.
    """
    import numpy as np
    zs, points = array(outputs, names[0]), array(xs, names[1])
    rows = jacobian(list(zs.ravel()), list(points.ravel()))
    values = np.empty((zs.size, points.size), dtype=object)
    for k, row in enumerate(rows):
        values[k, :] = row
    nested = isinstance(xs, (list, tuple))
    return JacobianTensor(values.reshape(zs.size, *points.shape), nested, names, digits)


def array(values: Any, name: str) -> Any:
    """The Values as an object array of their shape; an error that names what does not fit."""
    import numpy as np
    try:
        made = np.array(values, dtype=object)
    except ValueError:
        raise ValueError(f"the rows of {name} are not equally long: give a list of equally long "
                         f"lists") from None
    if made.size == 0:
        raise ValueError(f"{name} is empty: give at least one Value")
    for x in made.ravel():
        if not isinstance(x, Value):
            raise TypeError(f"{name} must hold Values, equally many in every row, and it holds "
                            f"{x!r} of type {type(x).__name__}")
    return made


# ---- drawing

def heat(title: str, columns: Sequence[str], rows: Sequence[str], grid: Grid, largest: float,
         digits: int) -> str:
    """One matrix as a Graphviz table: a title, then numbers on grounds that show sign and size."""
    head = "".join(f'<TD WIDTH="58">{grey(shown(c))}</TD>' for c in columns)
    lines = ["".join(cell(x, largest, digits) for x in xs) for xs in grid]
    body = "".join(f'<TR><TD ALIGN="RIGHT" WIDTH="30">{grey(shown(name))}</TD>{line}</TR>'
                   for name, line in zip(rows, lines))
    return (f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="4"><TR><TD></TD>'
            f'<TD COLSPAN="{len(columns)}"><B>{shown(title)}</B></TD></TR><TR><TD></TD>{head}</TR>'
            f'{body}</TABLE>')


def cell(x: float, largest: float, digits: int) -> str:
    """A number on its ground; an exact zero stays pale."""
    ground = fill(x, largest, "value")
    ink = LINE if x == 0 else ink_on(ground)
    return f'<TD BGCOLOR="{ground}"><FONT COLOR="{ink}">{number(x, digits)}</FONT></TD>'


def grey(text: str) -> str:
    """The text in grey."""
    return f'<FONT COLOR="{GREY}">{text}</FONT>' if text else ""


def sign(text: str) -> str:
    """A large sign between two slices."""
    return f'<FONT POINT-SIZE="18" COLOR="{GREY}">{text}</FONT>'


def outer(rows: list[list[str]]) -> str:
    """Tables and signs in rows."""
    lines = ["".join(f"<TD>{part}</TD>" for part in row if part) for row in rows]
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4">'
    return table + "".join(f"<TR>{line}</TR>" for line in lines) + "</TABLE>"
