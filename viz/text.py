r"""Expressions as plain text or LaTeX. This file owns every parenthesis.

    expression(z1)                  'W1 · x + b1'
    expression(z1, latex=True)      'W_1 \cdot x + b_1'
    name(z1), number(0.1 + 0.2)     'z1', '0.3'

The rows of engine/ops.py hold the templates. In a template `{x:2}` is the operand x, in brackets if
it binds looser than 2: the operand itself decides that, in `Operand.__format__`. `...` repeats the
group before it, for every further input. Nothing recurses: `depth` may be a million.
Start reading at `expression`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from engine import Row, Value
from engine.ops import ATOM, POWER, PRODUCT, SUM

LONGEST = 4000                      # characters; a longer operand appears by name
GREEK = re.compile("alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|mu|nu|xi|pi|rho|"
                   "sigma|tau|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Sigma|Phi|Psi|Omega")
LABEL = re.compile(r"([A-Za-z]+?)(\d*)(_hat)?(?:_([A-Za-z0-9]+))?(?:\[([\w, ]+)\])?", re.ASCII)
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
           "\n": " ", "\r": " ", **{c: f"\\{c}" for c in "#$%&_{}"}}


class Operand(NamedTuple):
    """A piece of text that knows how tightly it binds, and whether it opens its expression."""

    text: str
    binds: int = ATOM
    latex: bool = False
    leading: bool = False

    def __format__(self, spec: str) -> str:
        signed = self.text[:1] == "-" and self.binds < POWER and not self.leading and spec != "0"
        return bracketed(self.text, self.latex) if self.binds < int(spec) or signed else self.text


def bracketed(text: str, latex: bool = False) -> str:
    """The text in round brackets."""
    return rf"\left({text}\right)" if latex else f"({text})"


# ---- numbers and names

def number(x: float, digits: int = 4, *, latex: bool = False) -> str:
    """x to `digits` significant digits; whole numbers are written out where that is not longer."""
    whole = abs(x) < 10 ** max(digits, 6) and x == int(x)
    text = str(int(x)) if whole else f"{x:.{digits}g}"
    if "e" in text and 1 <= abs(x) < 10 ** 6:
        text = str(round(x))
    if not latex:
        return text
    mantissa, _, power = text.partition("e")
    if power:
        return rf"{mantissa} \cdot 10^{{{int(power)}}}"
    return {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\text{nan}"}.get(text, text)


def name(node: Value, *, latex: bool = False, digits: int = 4) -> str:
    """The label of a node; without one, a leaf's number or the name of the operation."""
    if node.label:
        return latex_name(str(node.label)) if latex else str(node.label)
    if not node._prev:
        return number(node.data, digits, latex=latex)
    return latex_name(operation(node)) if latex else operation(node)


def operation(node: Value) -> str:
    """The name of the operation that made a node, such as 'mul'."""
    return node._rule.name if hasattr(node._rule, "row") else node._op or "f"


@cache
def latex_name(label: str) -> str:
    r"""A label as LaTeX: W1 is W_1, y_hat \hat{y}, W_ij[1,2] W_{i1j2}, h1_in[3] h1_{in,3}."""
    found = LABEL.fullmatch(label)
    if not found:
        return rf"\text{{{''.join(SPECIAL.get(c, c) for c in label)}}}"
    base, digits, hat, sub, listed = found.groups()
    indices = re.split(r"\s*,\s*", listed.strip()) if listed else []
    word = f"\\{base}" if GREEK.fullmatch(base) else rf"\mathrm{{{base}}}"
    symbol = base if len(base) == 1 else word
    symbol = rf"\hat{{{symbol}}}" if hat else symbol
    if not sub:
        below = ",".join(filter(None, [digits, *indices]))
        return symbol + subscript(below)
    if len(sub) == len(indices) > 1 and sub != "in" and sub.isalpha():      # W_ij[1,2]
        return symbol + digits + subscript("".join(map("".join, zip(sub, indices))))
    return symbol + digits + subscript(",".join([sub, *indices]))


def subscript(text: str) -> str:
    """The text as a LaTeX subscript; '' for ''."""
    return text and (f"_{text}" if len(text) == 1 else f"_{{{text}}}")


# ---- formulas

def expression(node: Value, *, latex: bool = False, depth: int = 1, digits: int = 4,
               terms: int | None = None, names: Mapping[Value, str] | None = None) -> str:
    """The formula of a node in terms of its inputs: 'W1 · x + b1'. A leaf's formula is its name.

    An input appears by its name in `names` or its label; a leaf without either as its number; an
    unnamed operation spelled out, `depth` operations deep, and below that as the operation's name.
    terms: of longer lists only so many terms are written, then an ellipsis and the last.
    """
    known = names or {}
    open_nodes = spelled_out(node, depth, known)
    done: dict[Value, Operand] = {}

    def operand(x: Value) -> Operand:
        if x in done and len(done[x].text) <= LONGEST:
            return done[x]
        return named(known[x], latex) if x in known else by_name(x, latex, digits)

    for x in open_nodes:
        done[x] = formula(x, [operand(i) for i in x._prev], latex, terms)
    return done[node].text if node in done else operand(node).text


def spelled_out(node: Value, depth: int, names: Mapping[Value, str]) -> list[Value]:
    """The operations down to `depth` that are written as formulas, each after its inputs."""
    wanted = {node} if node._prev and depth > 0 else set()
    level = list(wanted)
    while level and depth > 1:
        level = [x for n in level for x in dict.fromkeys(n._prev)
                 if x._prev and not x.label and x not in names and x not in wanted]
        wanted.update(level)
        depth -= 1
    ordered: dict[Value, None] = {}
    todo: list[Value | None] = [node] if wanted else []
    while todo:
        top = todo.pop()
        if top is None:
            ordered[todo.pop()] = None          # type: ignore[index]
        elif top in wanted:
            wanted.discard(top)
            todo += top, None
            todo += [x for x in top._prev if x in wanted]
    return list(ordered)


def by_name(node: Value, latex: bool, digits: int) -> Operand:
    """A node as an operand that is not spelled out."""
    text = name(node, latex=latex, digits=digits)
    if node.label or node._prev:
        return Operand(text, latex=latex)
    return Operand(text, SUM if text[0] == "-" else PRODUCT if "cdot" in text else ATOM, latex)


def named(label: str, latex: bool) -> Operand:
    """A given name as an operand."""
    return Operand(latex_name(label) if latex else label, latex=latex)


def formula(node: Value, operands: Sequence[Operand], latex: bool, terms: int | None) -> Operand:
    """What one operation makes of its operands."""
    row: Row | None = getattr(node._rule, "row", None)
    if row is None:
        return handmade(node._op, operands, latex)
    if row.variadic:
        return Operand(over_list(row, operands, latex, terms), row.binds, latex)
    template = row.latex if latex else row.text
    if template == "{x:0}":
        return operands[0]
    inputs = row.inputs.split()
    given = {i: o._replace(leading=template.startswith("{" + i)) for i, o in zip(inputs, operands)}
    raised = latex and "^" in template and r"\left" not in template     # under a power no atom
    return Operand(template.format(**given), min(row.binds, POWER) if raised else row.binds, latex)


def over_list(row: Row, operands: Sequence[Operand], latex: bool, terms: int | None) -> str:
    """The formula of a row over a list: the group before `...`, once for every input."""
    opening, group, joiner, closing = parts(row.latex if latex else row.text)
    width = 2 if "{y" in group else 1
    n = len(operands) // width
    shown = [*range(max(terms - 1, 1)), n - 1] if terms and n > terms else range(n)
    pairs = [dict(zip("xy", operands[i:n * width:n])) for i in shown]
    pairs[0]["x"] = pairs[0]["x"]._replace(leading=not opening)
    texts = [group.format(**pair) for pair in pairs]
    if len(shown) < n:
        texts.insert(-1, r"\dots" if latex else "…")
    texts += [f"{last:1}" for last in operands[n * width:]]
    return opening.format() + joiner.join(texts) + closing.format()


@cache
def parts(template: str) -> tuple[str, str, str, str]:
    """A template over a list, taken apart: opening, repeated group, joiner, closing."""
    found = re.fullmatch(r"(.*\()?(.*?)(, | \+ )\.\.\.(.*)", template)
    assert found, f"the template {template!r} has no group before its `...`"
    return found[1] or "", found[2], found[3], found[4]


def handmade(symbol: str, operands: Sequence[Operand], latex: bool) -> Operand:
    """The formula of a node made by hand: its symbol between two operands, or as a function."""
    if len(operands) == 2 and symbol and not re.search(r"[\w(]", symbol):
        shown = {"*": r"\cdot" if latex else "·"}.get(symbol, symbol)
        x, y = operands
        return Operand(f"{x._replace(leading=True):3} {shown} {y:3}", SUM, latex)
    title = latex_name(symbol or "f") if latex else symbol or "f"
    return Operand(title + bracketed(", ".join(o.text for o in operands), latex), ATOM, latex)
