"""Formulas as a person leaves them: no `1 ·`, no `+ 0`, signs in front, x · x as x².

    algebra = Algebra(nodes, names)
    algebra.simplified(node)        the same formula, shorter, as a graph
    algebra.sum(x, y), ...          of formulas that are simplified already

What an operation is to algebra (a sum, a product, a sign) is read from how its row is written, so
no operation is named here. A node that computes what a named node computes becomes that node, and
equal formulas become one node. Start reading at `Algebra.simplified`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine import Value
from engine.modes import recording
from engine.value import constant, make

from .reading import is_number, is_same, written_as
from .text import number

SHAPES = {"-": "-{x:2}", "+": "{x:1} + {y:1}", "−": "{x:1} - {y:2}", "·": "{x:2} · {y:2}",
          "/": "{x:2} / {y:3}", "^": "{x:4}^{y:4}"}
SHORT = 6                                               # digits of a number worth computing


class Algebra:
    """Simplifies formulas over the named nodes of one graph; equal formulas become one node."""

    def __init__(self, nodes: Sequence[Value], names: Mapping[Value, str]) -> None:
        self.names = names
        self.made: dict[Any, Value] = {}
        self.done: dict[Value, Value] = {}
        for node in nodes:                              # each after its inputs
            if node in names and node._prev:
                self.made.setdefault((node._rule, tuple(map(self.of, node._prev))), node)
            elif node._prev:
                self.done[node] = self.rebuilt(node)

    def simplified(self, node: Value) -> Value:
        """The formula of a node in terms of the named ones, as a person leaves it."""
        todo: list[Value | None] = [node]
        while todo:
            top = todo.pop()
            if top is None:
                last = todo.pop()
                self.done[last] = self.rebuilt(last)    # type: ignore[index, arg-type]
            elif top._prev and top not in self.names and top not in self.done:
                todo += top, None
                todo += top._prev
        return self.of(node)

    def of(self, node: Value) -> Value:
        """What stands for a node: itself, its simplified form, or the one node of its number."""
        if is_number(node) and node not in self.names:
            return self.made.setdefault(node.data, node)
        return self.done.get(node, node)

    def number(self, x: float) -> Value:
        """The node of a number."""
        return self.of(constant(x))

    def rebuilt(self, node: Value) -> Value:
        """A node over the simplified forms of its inputs, simplified itself."""
        inputs = tuple(map(self.of, node._prev))
        row = getattr(node._rule, "row", None)
        if row is None:
            return node
        if (node._rule, inputs) in self.made:
            return self.made[node._rule, inputs]
        if is_same(node) or row.text == "{x:0}":
            return inputs[0]
        if row.forward == "x if c else y":              # the branch that holds here
            return inputs[1 if inputs[0].data else 2]
        if all(map(is_number, inputs)) and short(node.data):
            return self.number(node.data)
        with recording():
            return self.infix(row.text, inputs) or self.kept(make(node._rule, inputs))  # type: ignore[arg-type]

    def definition(self, node: Value) -> Value:
        """What a named node is, simplified."""
        inputs = tuple(map(self.of, node._prev))
        with recording():
            return self.infix(written_as(node), inputs) or make(node._rule, inputs)  # type: ignore[arg-type]

    def kept(self, node: Value) -> Value:
        """The node, or the one made before for the same operation on the same inputs."""
        return self.made.setdefault((node._rule, node._prev), node)

    def infix(self, template: str, inputs: Sequence[Value]) -> Value | None:
        """The sum, product, ... of simplified inputs; None for what is not written so."""
        shape = next((symbol for symbol, text in SHAPES.items() if text == template), "")
        if shape in ("", "-"):
            return self.negative(inputs[0]) if shape else None
        x, y = inputs
        if shape == "−":
            return self.sum(x, self.negative(y))
        return {"+": self.sum, "·": self.product, "/": self.quotient, "^": self.power}[shape](x, y)

    def counted(self, x: Value) -> tuple[float, list[Value]]:
        """The number before a product, and its other factors: 3 and [h, y] for 3 · h · y."""
        sign, size = self.signed(x)
        factors = self.factors(size)
        number = factors.pop(0).data if is_number(factors[0]) else 1
        return sign * number, factors

    def factors(self, x: Value) -> list[Value]:
        """The factors of a product; of anything else, itself."""
        return [*self.factors(x._prev[0]), x._prev[1]] if self.is_a(x, "·") else [x]

    def negative(self, x: Value) -> Value:
        """-x."""
        if is_number(x):
            return self.number(-x.data)
        return x._prev[0] if self.is_a(x, "-") else self.kept(-x)

    def sum(self, x: Value, y: Value) -> Value:
        """x + y."""
        if is_number(x) and is_number(y):
            return self.number(x.data + y.data)
        if self.is_(x, 0):
            return y
        if self.is_(y, 0):
            return x
        sign, size = self.signed(y)
        return self.collected(x, y) or self.kept(x + size if sign > 0 else x - size)

    def collected(self, x: Value, y: Value) -> Value | None:
        """x + y where a term of x is y up to a number, as in 3 · h + h; None where none is."""
        if self.is_a(x, "+") or self.is_a(x, "−"):
            first, last = x._prev
            last = last if self.is_a(x, "+") else self.negative(last)
            tail, head = self.collected(last, y), self.collected(first, y)
            return self.sum(first, tail) if tail else self.sum(head, last) if head else None
        (a, these), (b, those) = self.counted(x), self.counted(y)
        if not these or sorted(map(id, these)) != sorted(map(id, those)):
            return None
        found = self.number(a + b)
        for factor in these:
            found = self.product(found, factor)
        return found

    def product(self, x: Value, y: Value) -> Value:
        """x · y, with the sign and the number in front."""
        (sign, x), (other, y) = self.signed(x), self.signed(y)
        if is_number(y) and not is_number(x):
            x, y = y, x
        found = self.unsigned_product(x, y)
        return found if sign == other else self.negative(found)

    def unsigned_product(self, x: Value, y: Value) -> Value:
        """x · y, where neither has a sign and a number comes first; x · x is a square."""
        if self.is_(x, 0) or self.is_(y, 1):
            return x
        if self.is_(x, 1):
            return y
        if is_number(x) and is_number(y):
            return self.number(x.data * y.data)
        for a, b in ((x, y), (y, x)):
            if self.is_a(b, "/") and self.is_(b._prev[0], 1):
                return self.quotient(a, b._prev[1])
        if self.is_a(y, "·"):                           # a · (b · c) = a · b · c
            return self.product(self.product(x, y._prev[0]), y._prev[1])
        return self.squared(x, y) or self.kept(x * y)

    def squared(self, x: Value, y: Value) -> Value | None:
        """x · y where y is among the factors of x; None where it is not, or is a number."""
        if x is y and not is_number(x):
            return self.kept(x ** self.number(2))
        if self.is_a(x, "·"):
            a, b = x._prev
            if b is y:
                return self.product(a, self.kept(y ** self.number(2)))
            inner = self.squared(a, y)
            return inner and self.product(inner, b)
        return None

    def quotient(self, x: Value, y: Value) -> Value:
        """x / y, with the sign in front."""
        (sign, x), (other, y) = self.signed(x), self.signed(y)
        found = x if self.is_(y, 1) or self.is_(x, 0) else self.kept(x / y)
        return found if sign == other else self.negative(found)

    def power(self, x: Value, y: Value) -> Value:
        """x to the y."""
        return x if self.is_(y, 1) else self.kept(x ** y)

    def signed(self, x: Value) -> tuple[int, Value]:
        """The sign that stands before a formula, and the rest."""
        if is_number(x):
            return (-1, self.number(-x.data)) if x.data < 0 else (1, x)
        return (-1, x._prev[0]) if self.is_a(x, "-") else (1, x)

    def is_(self, x: Value, value: float) -> bool:
        """Whether a formula is this number."""
        return is_number(x) and x.data == value

    def is_a(self, x: Value, symbol: str) -> bool:
        """Whether a formula, not a named node, is written as -x, x · y, ..., see SHAPES."""
        return written_as(x) == SHAPES[symbol] and x not in self.names


def short(x: float) -> bool:
    """Whether a number has few digits, so that a person would compute it at once."""
    return x == x and float(number(x, SHORT)) == x
