"""Formulas written out: with names, with numbers put in, and as the product (or sum) left to do.

    writer = Writer(names, digits=4)
    writer.formula(node)                'W1 · x + b1', as Formula(text, latex)
    writer.sides(slope, value)          2 · (y_hat - y), 2 · (1.116 - 4), 2 · (-2.884), -5.768

The templates are the rows'. What is written here otherwise than in text.py is what people write
otherwise: `a + (-b)` as `a - b`, `square(x)` as x², `identity(z)` as z.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from engine import Row, Value
from engine.ops import ATOM, POWER, PRODUCT

from .reading import is_number, is_power, is_same, written_as
from .text import Operand, handmade, latex_name, number, over_list

MOST_TERMS = 8                              # of a longer sum the middle is left out
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
HIDDEN = 0xE000                             # private characters that stand for negative operands


class Formula(NamedTuple):
    """One formula, as plain text and as LaTeX."""

    text: str
    latex: str


def tex(label: str) -> str:
    """A name as LaTeX that compiles: what \\text has no sign for stands outside of it."""
    quotient = re.fullmatch("∂(.+)/∂(.+)", label)
    if quotient:
        return partial(*quotient.groups()).latex
    text = latex_name(label)
    if not text.startswith(r"\text{"):
        return text
    return re.sub(r"[<>|]", lambda c: "}{" + c[0].replace("|", r"\vert") + r"}\text{", text)


def partial(y: str, x: str) -> Formula:
    """The derivative of y with respect to x, by their names."""
    if x.startswith("∂"):
        return Formula(f"∂{y}/∂({x})", rf"\frac{{\partial {tex(y)}}}"
                                       rf"{{\partial \left({tex(x)}\right)}}")
    return Formula(f"∂{y}/∂{x}", rf"\frac{{\partial {tex(y)}}}{{\partial {tex(x)}}}")


def named(label: str) -> Formula:
    """A name as a formula."""
    return Formula(label, tex(label))


def distinct(sides: Iterable[Formula]) -> tuple[Formula, ...]:
    """The sides of an equation, none said twice."""
    return tuple({side.text: side for side in sides}.values())


class Writer:
    """Writes formulas over the named nodes of a graph."""

    def __init__(self, names: Mapping[Value, str], digits: int) -> None:
        self.names, self.digits = names, digits

    def value(self, x: float) -> Formula:
        """A number to the digits of this writer."""
        return Formula(number(x, self.digits), number(x, self.digits, latex=True))

    def formula(self, node: Value) -> Formula:
        """A node by name, or as a formula of the named ones."""
        return Formula(self.operand(node, False).text, self.operand(node, True).text)

    def body(self, node: Value) -> Formula:
        """The formula behind a name: what the operation does with its inputs."""
        return Formula(self.written(node, False).text, self.written(node, True).text)

    def numbers(self, node: Value) -> Formula:
        """A formula with the numbers put in for the names."""
        return Formula(self.operand(node, False, numbers=True).text,
                       self.operand(node, True, numbers=True).text)

    def sides(self, node: Value, value: float) -> tuple[Formula, ...]:
        """The formula, with numbers, with its factors or terms computed, and the result."""
        return distinct([self.formula(node), self.numbers(node), self.computed(node),
                         self.value(value)])

    def computed(self, node: Value) -> Formula:
        """A product, sum or quotient of numbers: each factor or term computed."""
        factors = self.factors(node)
        if factors:
            return product([self.value(x) for x in factors])
        infix = any(sign in written_as(node) for sign in (" + ", " - ", " / "))
        if node in self.names or not infix:
            return self.numbers(node)
        return Formula(*(self.combined(node, [self.number_of(x, latex) for x in node._prev],
                                       latex).text for latex in (False, True)))

    def factors(self, node: Value) -> list[float]:
        """The factors of a product; a number or sign before them is taken into the first."""
        if node in self.names or not node._prev:
            return []
        first = node._prev[0]
        if written_as(node) == "-{x:2}":
            inner = self.factors(first)
            return [-inner[0], *inner[1:]] if inner else []
        if written_as(node) != "{x:2} · {y:2}":
            return []
        if is_number(first):
            return [node.data]
        return [*(self.factors(first) or [first.data]), node._prev[1].data]

    # ---- one road for text, LaTeX, names and numbers

    def operand(self, node: Value, latex: bool, numbers: bool = False) -> Operand:
        """A node inside a formula: its name or number, or its formula if it has no name."""
        if not node._prev or node in self.names:
            return self.atom(node, latex, numbers)
        return self.written(node, latex, numbers)

    def atom(self, node: Value, latex: bool, numbers: bool) -> Operand:
        """A named node or a number."""
        if node in self.names and not numbers:
            return Operand(tex(self.names[node]) if latex else self.names[node], latex=latex)
        return self.number_of(node, latex)

    def number_of(self, node: Value, latex: bool) -> Operand:
        """The number of a node."""
        text = number(node.data, self.digits, latex=latex)
        return Operand(text, PRODUCT if text[0] == "-" or "cdot" in text else ATOM, latex)

    def written(self, node: Value, latex: bool, numbers: bool = False) -> Operand:
        """The formula of a node, whether or not it has a name."""
        done: dict[Value, Operand] = {}
        todo: list[Value | None] = [node]
        while todo:
            top = todo.pop()
            if top is None:
                last = todo.pop()
                assert last is not None
                done[last] = self.combined(last, [
                    done[i] if i in done else self.atom(i, latex, numbers) for i in last._prev],
                    latex)
            elif top is node or (top._prev and top not in self.names and top not in done):
                todo += top, None
                todo += [i for i in top._prev if i is not node]
        return done[node]

    def combined(self, node: Value, operands: Sequence[Operand], latex: bool) -> Operand:
        """What one operation makes of its operands."""
        row: Row | None = getattr(node._rule, "row", None)
        if row is None:
            return handmade(node._op, operands, latex)
        if is_same(node):
            return operands[0]
        template = row.latex if latex else row.text
        if template == "{x:0}":
            return operands[0]
        if " + " in template:
            return with_minus(row, operands, latex)
        if is_power(node) and not latex:
            return power(row, node, operands)
        return plain(row, template, operands, latex)


def plain(row: Row, template: str, operands: Sequence[Operand], latex: bool) -> Operand:
    """The template of a row with its operands put in."""
    if row.variadic:
        return Operand(over_list(row, operands, latex, MOST_TERMS), row.binds, latex)
    given = {i: o._replace(leading=template.startswith("{" + i))
             for i, o in zip(row.inputs.split(), operands)}
    raised = latex and "^" in template and r"\left" not in template
    return Operand(template.format(**given), min(row.binds, POWER) if raised else row.binds, latex)


def power(row: Row, node: Value, operands: Sequence[Operand]) -> Operand:
    """A power in plain text: x², or x^y."""
    exponent = row.latex.rpartition("^")[2] if len(operands) == 1 else operands[1].text
    if exponent.isdigit() and (len(operands) == 1 or is_number(node._prev[1])):
        base = operands[0]._replace(leading=False)
        return Operand(f"{base:4}" + exponent.translate(SUPERSCRIPT), POWER)
    return plain(row, row.text, operands, False)


def with_minus(row: Row, operands: Sequence[Operand], latex: bool) -> Operand:
    """A sum in which negative terms are subtracted: a - b in place of a + (-b)."""
    hidden = {chr(HIDDEN + k): o for k, o in enumerate(operands)
              if o.text.startswith("-") and subtractable(o)}
    stand_ins = {o.text: c for c, o in hidden.items()}
    found = plain(row, row.latex if latex else row.text, [
        Operand(stand_ins[o.text], latex=latex) if o.text in stand_ins else o for o in operands],
        latex)
    text = found.text
    for c, o in hidden.items():
        text = text.replace(f" + {c}", " - " + o.text[1:])
        for sign in ("· ", "- ", r"\cdot "):
            text = text.replace(sign + c, f"{sign}{o:4}")
        text = text.replace(c, o.text)
    return found._replace(text=text)


def subtractable(operand: Operand) -> bool:
    """Whether a text that starts with a minus is one negative term, not -a + b."""
    depth = 0
    for i, c in enumerate(operand.text):
        depth += (c in "([{") - (c in ")]}")
        if depth == 0 and i and operand.text[i:i + 3] in (" + ", " - "):
            return False
    return True


# ---- products and sums of formulas

def bracketed(side: Formula) -> Formula:
    """A formula in brackets, if it starts with a minus."""
    if not side.text.startswith("-"):
        return side
    return Formula(f"({side.text})", rf"\left({side.latex}\right)")


def product(factors: Sequence[Formula]) -> Formula:
    """Factors, written one after the other; only the first may start with a minus."""
    shown = [factors[0], *map(bracketed, factors[1:])]
    return Formula(" · ".join(f.text for f in shown), r" \cdot ".join(f.latex for f in shown))


def added(terms: Sequence[Formula]) -> Formula:
    """Terms added up, each negative one in brackets: what is added stays to be seen."""
    shown = [terms[0], *map(bracketed, terms[1:])]
    return Formula(" + ".join(t.text for t in shown), " + ".join(t.latex for t in shown))
