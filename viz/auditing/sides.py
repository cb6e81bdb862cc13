"""The elements of an equation: `dE/dW = [[a, b], [c, d]]` is four claims, one per element.

    elements(problem, sides)    one Element per number claimed: what it is about, and its sides

What the first side names decides the shape; every other side must have it, as a list written out or
as an expression that gives one.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .digits import Printed
from .equations import BLANK, Side, Slope, evaluate
from .problem import Problem, nested
from .quantities import Gradient, Number, Quantity

LookUp = Callable[[Any], Any]


class Part(NamedTuple):
    """One element of one side: how to compute it, and its text."""

    side: Side
    place: tuple[int, ...] = ()         # in what its expression gives; () if it is the whole

    def value(self, look_up: LookUp) -> Any:
        """Its Value, where `look_up` says what numbers, names and derivatives are."""
        found = evaluate(self.side.tree, lambda key: look_up(self.side.meaning[key]))
        if getattr(found, "ndim", 0) != len(self.place):
            raise ValueError(f"{self.side.text!r} gives {shape_text(found)}, where "
                             f"{'a list' if self.place else 'a single number'} belongs")
        if any(i >= n for i, n in zip(self.place, getattr(found, "shape", ()))):
            raise ValueError(f"{self.side.text!r} gives {shape_text(found)}, which is smaller than "
                             f"the left side")
        return found[self.place] if self.place else found

    def number(self, key: str) -> float:
        """The number that a placeholder of it stands for; nan for a name."""
        found = self.side.meaning[key]
        return found.value if isinstance(found, Printed) else float("nan")


def shape_text(x: Any) -> str:
    """The shape of something computed, in words."""
    shape = getattr(x, "shape", ())
    return f"the shape {'×'.join(map(str, shape))}" if shape else "a single number"


class Element(NamedTuple):
    """One claim: its name, the quantity it is about if it is a single one, and its sides."""

    name: str
    quantity: Quantity | None
    first: Part
    rest: list[Part]


def quantities(problem: Problem, what: Slope | str) -> Any:
    """The quantity that a name or derivative means, or a nested list of them."""
    if isinstance(what, str):
        return nested(problem.find(what), lambda n: Number(n, primes(what)))
    after = max(primes(what.of), primes(what.by))
    by = problem.find(what.by)
    return nested(problem.find(what.of),
                  lambda of: nested(by, lambda x: Gradient(of, x, after)))


def primes(name: str) -> int:
    """After how many updates a name is meant."""
    return len(name) - len(name.rstrip("'"))


def elements(problem: Problem, sides: list[Side]) -> Iterator[Element]:
    """The claims of an equation, one per element of its first side."""
    first, *rest = [checked(problem, side) for side in sides]
    found = quantities(problem, first.alone) if first.alone else None
    shape = shape_of(found if first.alone else evaluate(
        first.tree, lambda key: standing_in(problem)(first.meaning[key])))
    for index in indices(shape):
        quantity = at(found, index) if first.alone else None
        yield Element(element_name(first, index), quantity,
                      Part(first, index), [part(side, index, shape) for side in rest])


def checked(problem: Problem, side: Side) -> Side:
    """A side whose names all mean something; ValueError names the one that does not."""
    for what in side.meaning.values():
        if isinstance(what, (str, Slope)) and what != BLANK:
            quantities(problem, what)
    return side


def standing_in(problem: Problem) -> LookUp:
    """Numbers for everything named, to find the shape of an expression."""
    def look_up(what: Any) -> Any:
        if isinstance(what, Printed):
            return what.value
        return nested(quantities(problem, what), lambda q: 1.0)
    return look_up


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a nested list or array; () for a single thing."""
    if hasattr(x, "shape"):
        return tuple(x.shape)
    return (len(x), *shape_of(x[0])) if isinstance(x, list) else ()


def indices(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """All indices of a shape, row by row."""
    import itertools
    return itertools.product(*map(range, shape))


def at(table: Any, index: tuple[int, ...]) -> Any:
    """The element of a nested list."""
    for i in index:
        table = table[i]
    return table


def part(side: Side, index: tuple[int, ...], shape: tuple[int, ...]) -> Part:
    """The element of a side: of a list written out, or of what an expression gives."""
    tree = side.tree
    for i, n in zip(index, shape):
        if not isinstance(tree, ast.List):
            return Part(side._replace(text=side.text), index)
        if len(tree.elts) != n:
            raise ValueError(f"{side.text!r} has {len(tree.elts)} elements where {n} belong: the "
                             f"left side has the shape {'×'.join(map(str, shape))}")
        tree = tree.elts[i]
    if isinstance(tree, ast.List):
        raise ValueError(f"{side.text!r} is a list where one number belongs: the left side has "
                         f"the shape {'×'.join(map(str, shape)) or 'of a single number'}")
    return Part(side if tree is side.tree else
                side._replace(tree=tree, text=spelled(tree, side.meaning)))


def element_name(side: Side, index: tuple[int, ...]) -> str:
    """What an element is called: ∂E/∂W_jk[1,2]."""
    tail = f"[{','.join(str(i + 1) for i in index)}]" if index else ""
    if isinstance(side.alone, Slope):
        return f"∂{side.alone.of}/∂{indexed(side.alone.by, tail)}"
    return indexed(side.alone, tail) if side.alone else side.text + tail


def indexed(name: str, tail: str) -> str:
    """A name with an index before its primes: W'[1,2] is the element of W, after the update."""
    base = name.rstrip("'")
    return base + tail + name[len(base):]


def spelled(tree: ast.expr, meaning: dict[str, Any]) -> str:
    """The text of a part of a side."""
    import re

    def written(found: re.Match[str]) -> str:
        what = meaning[found[0]]
        return (what.text if isinstance(what, Printed) else
                f"∂{what.of}/∂{what.by}" if isinstance(what, Slope) else what)
    return re.sub(r"\bq\d+_", written, ast.unparse(tree)).replace("**", "^")
