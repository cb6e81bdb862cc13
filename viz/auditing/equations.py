"""What a person writes down, read: `∂L/∂W2 = 2(ŷ - y) · W3 · h1 = -5.768 × 1.2 × 1.1 = -7.614`.

An equation is a chain of sides. A side is an expression over

    numbers        -5.768, with the digits as printed
    names          W2, ŷ (the same as y_hat), h1_in[3], a whole vector or matrix W_jk
    derivatives    ∂L/∂W2 or dL/dW2, of anything in anything, ∂L/∂W_jk of a whole matrix
    primes         W2', after the first update; W2'' after the second
    matrices       [[1, 2], [3, 4]], with @ for their product and .T

and + - * / ^, brackets, `2(a + b)` for a product, and the functions of the engine. It is put into
Python's own syntax with a placeholder for every number and name, and parsed by `ast`.
Start reading at `equation`.
"""

import ast
import re
import unicodedata
from collections.abc import Callable
from typing import Any, NamedTuple

import engine
from engine.functions import NAMES

from .digits import NUMBER, Printed, printed

NAME = r"[^\W\d]\w*(?:\[\s*\d+(?:\s*,\s*\d+)*\s*\])?'*"
TOKEN = re.compile(rf"""\s*(?:
    (?P<slope>[d∂]\s?(?P<of>{NAME})\s*/\s*[d∂]\s?(?P<by>{NAME})) |
    (?P<number>{NUMBER.pattern}) |
    (?P<transposed>\.T\b) | (?P<blank>\?+|_{2,}) |
    (?P<name>{NAME}) |
    (?P<mark>\*\*|[-+*/@^()\[\],])
    )""", re.VERBOSE)
BLANK = "?"
LONGEST = 1000                      # characters of a side
MARKS = str.maketrans({"×": "*", "·": "*", "⋅": "*", "∗": "*", "−": "-", "–": "-", "÷": "/",
                       "’": "'", "′": "'", "≈": "=", "←": "=", "{": "(",
                       "}": ")", "½": "(1/2)", "σ": "sigmoid"})
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "total": engine.total, "dot": engine.dot, "softmax": engine.softmax,
    "log_softmax": engine.log_softmax, "logsumexp": engine.logsumexp, "sum": engine.total,
    "outer": lambda x, y: [[a * b for b in y] for a in x]}
ELEMENTWISE: dict[str, Callable[..., Any]] = {
    **NAMES, "ln": engine.log, "max": engine.maximum, "min": engine.minimum}
FUNCTIONS |= ELEMENTWISE


class Slope(NamedTuple):
    """The derivative of one name in another, as written."""

    of: str
    by: str


class Side(NamedTuple):
    """One side of an equation: its text, its syntax, and what its placeholders stand for."""

    text: str
    tree: ast.expr
    meaning: dict[str, "Printed | Slope | str"]

    @property
    def blank(self) -> bool:
        """Whether it is a place to be filled in."""
        return isinstance(self.tree, ast.Name) and self.meaning.get(self.tree.id) == BLANK

    @property
    def alone(self) -> "Slope | str | None":
        """The name or derivative that this side is, if it is nothing else."""
        found = self.meaning.get(self.tree.id) if isinstance(self.tree, ast.Name) else None
        return None if isinstance(found, Printed) else found

    @property
    def named(self) -> bool:
        """Whether it mentions a name, and not numbers only."""
        used = (self.meaning.get(n.id) for n in ast.walk(self.tree) if isinstance(n, ast.Name))
        return any(isinstance(m, (Slope, str)) for m in used)

    @property
    def number(self) -> Printed | None:
        """The number that this side is, if it is nothing but one number."""
        tree, sign = self.tree, ""
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.UAdd)):
            sign, tree = "-" * isinstance(tree.op, ast.USub), tree.operand
        found = self.meaning.get(tree.id) if isinstance(tree, ast.Name) else None
        return Printed(sign + found.text) if isinstance(found, Printed) else None


def split(text: str) -> list[str]:
    """The texts of an equation's sides, what it is about first; ValueError if there is no =."""
    sides = [part.strip() for part in plain(text).split("=")]
    if len(sides) < 2:
        raise ValueError(f"{text!r} has no = in it: write what it is and its number, h1 = 1.1")
    for part in sides[1:-1]:
        if re.fullmatch(rf"[+-]?\d*\.\d+\s+{NAME}", part):
            raise ValueError(f"{part!r} looks like the end of one equation and the beginning of "
                             f"another: write them on two lines, or * for a product")
    return sides[::-1] if re.fullmatch(rf"[+-]?{NUMBER.pattern}", sides[0]) else sides


def equation(text: str, known: Callable[[str], bool]) -> list[Side]:
    """The sides of an equation, parsed; ValueError shows the one that cannot be read."""
    return [side(part, known) for part in split(text)]


def plain(text: str) -> str:
    """The text with one spelling for every sign and letter: ŷ₁ becomes y_hat1, × becomes *."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f"^{m[0].translate(RAISED)}", text.partition("#")[0])
    text = re.sub(r"⁻\^(\d+)", r"^(-\1)", text)
    text = unicodedata.normalize("NFD", text.translate(MARKS))
    text = re.sub("([A-Za-z])\u0302", r"\1_hat", text.replace(":=", "="))
    return unicodedata.normalize("NFKC", text)


def side(text: str, known: Callable[[str], bool]) -> Side:
    """One side, parsed. known: whether a name means something, so that df/dx is a slope."""
    if not known("e"):                              # Euler's number
        text = re.sub(r"(?<![\w'.])e\s*(?:\^|\*\*)\s*(?=\()", "exp", text)
    refuse(text)
    meaning: dict[str, Printed | Slope | str] = {}
    source, position, before = "", 0, ""
    while position < len(text.rstrip()):
        found = TOKEN.match(text, position)
        if not found:
            raise ValueError(f"{text.strip()!r} cannot be read at {text[position:].strip()!r}: "
                             f"write an expression such as 2*(y_hat - y)*W3, or a number")
        if found["slope"] and not (known(tidy(found["of"])) and known(tidy(found["by"]))):
            found = re.compile(rf"\s*(?P<name>{NAME})").match(text, position) or found
        position = found.end()
        piece, kind = _piece(found.groupdict(), meaning)
        if before == "function" and piece != "(":
            raise ValueError(f"{text.strip()!r} uses a function without brackets: write "
                             f"{re.split('[^a-z0-9_]', source)[-1]}(...)")
        source += ("*" if joined(before, kind, piece) else "") + piece
        before = kind if kind != "mark" else piece
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError:
        raise ValueError(f"{text.strip()!r} cannot be read as an expression: are its brackets "
                         f"closed and its signs in place?") from None
    named = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call)
              and isinstance(n.func, ast.Name)}
    for n in ast.walk(tree):
        if isinstance(n, ast.Name) and n.id not in meaning and n.id not in named:
            raise ValueError(f"{text.strip()!r} uses the function {n.id} without brackets: write "
                             f"{n.id}(...)")
    return Side(text.strip(), tree, meaning)


def refuse(text: str) -> None:
    """ValueError for what would be read as something else than is meant."""
    if re.search(r"(?<![\d\[(,.])\d+,\d+(?!.*[\])])", text):
        raise ValueError(f"{text.strip()!r} has a comma in a number: write a point, 0.755")
    if re.search(rf"\d\s+{NUMBER.pattern}", text):
        raise ValueError(f"{text.strip()!r} has two numbers side by side: write * between them, or "
                         f"two equations on two lines")
    if re.search(r"'\s*\(", text):
        raise ValueError(f"{text.strip()!r} is no derivative here, for a prime says after the "
                         f"update: write dE/dy, or * for a product")
    if len(text) > LONGEST:
        raise ValueError(f"{text[:40]!r}... has {len(text)} characters, and at most {LONGEST} can "
                         f"be read: write it in parts")


def _piece(found: dict[str, str | None], meaning: dict[str, "Printed | Slope | str"]
           ) -> tuple[str, str]:
    """A token as Python source, its meaning noted, and its kind."""
    if found.get("mark"):
        return {"^": "**"}.get(str(found["mark"]), str(found["mark"])), "mark"
    if found.get("transposed"):
        return ".T", "thing"
    if found.get("name") in FUNCTIONS:
        return str(found["name"]), "function"
    key = f"q{len(meaning)}_"
    if found.get("blank"):
        meaning[key] = BLANK
        return key, "thing"
    if found.get("number"):
        meaning[key] = printed(str(found["number"]))
    elif found.get("slope"):
        meaning[key] = Slope(tidy(str(found["of"])), tidy(str(found["by"])))
    else:
        meaning[key] = tidy(str(found["name"]))
    return key, "thing"


def joined(before: str, kind: str, piece: str) -> bool:
    """Whether a product is meant between two tokens that stand side by side."""
    return before in ("thing", ")") and ((kind in ("thing", "function") and piece != ".T")
                                         or piece == "(")


def tidy(name: str) -> str:
    """A name without the spaces in its indices."""
    return re.sub(r"\s", "", name)


# ---- evaluating

def evaluate(tree: ast.expr, look_up: Callable[[str], Any]) -> Any:
    """The value of an expression; `look_up` says what a placeholder is: a Value or a list of them.

    Vectors and matrices are numpy arrays of Values.
    """
    if isinstance(tree, ast.Name):
        return array(look_up(tree.id))
    if isinstance(tree, ast.UnaryOp):
        x = evaluate(tree.operand, look_up)
        return -x if isinstance(tree.op, ast.USub) else x
    if isinstance(tree, ast.BinOp):
        x, y = evaluate(tree.left, look_up), evaluate(tree.right, look_up)
        if type(tree.op) not in OPERATORS:
            raise ValueError(f"{ast.unparse(tree)!r} has a sign that means nothing here: there are "
                             f"+ - * / ^ and @")
        return OPERATORS[type(tree.op)](x, y)
    if isinstance(tree, ast.Attribute):
        found = evaluate(tree.value, look_up)
        if not getattr(found, "ndim", 0):
            raise ValueError("only a matrix has a transpose, .T, and this is a single number")
        return found.T
    if isinstance(tree, ast.List):
        return array([evaluate(x, look_up) for x in tree.elts])
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        return applied(tree.func.id, [evaluate(x, look_up) for x in tree.args])
    raise ValueError(f"{ast.unparse(tree)!r} is not something that can be computed here")


OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda x, y: x + y,     ast.Sub: lambda x, y: x - y,
    ast.Mult: lambda x, y: x * y,    ast.Div: lambda x, y: x / y,
    ast.Pow: lambda x, y: x ** y,    ast.MatMult: lambda x, y: matmul(x, y)}


def array(x: Any) -> Any:
    """Lists as an array of objects, one number as it is."""
    import numpy as np
    return np.array(x, dtype=object) if isinstance(x, (list, np.ndarray)) else x


def matmul(x: Any, y: Any) -> Any:
    """The product of two arrays of Values, every element one dot product."""
    import numpy as np
    if not all(getattr(a, "ndim", 0) for a in (x, y)):
        raise ValueError("@ stands between vectors or matrices: for single numbers write *")
    rows, columns = np.atleast_2d(x), y.T if y.ndim > 1 else np.atleast_2d(y)
    if rows.shape[1] != columns.shape[1]:
        raise ValueError(f"@ cannot multiply the shapes {x.shape} and {y.shape}: "
                         f"the inner lengths differ")
    found = array([[engine.dot(list(r), list(c)) for c in columns] for r in rows])
    return found.reshape(x.shape[:-1] + (y.shape[1:] if y.ndim > 1 else ()))[()]


def applied(name: str, arguments: list[Any]) -> Any:
    """A function of numbers, element by element, or of a list.

    softmax(x1, x2, x3) of single numbers is the share of the first, as formulas of it are written.
    """
    import numpy as np
    if name not in FUNCTIONS:
        raise ValueError(f"{name!r} is not a function known here; there are "
                         f"{', '.join(sorted(FUNCTIONS))}")
    function = FUNCTIONS[name]
    if name in ELEMENTWISE:
        arrays = any(isinstance(a, np.ndarray) for a in arguments)
        return np.frompyfunc(function, len(arguments), 1)(*arguments) if arrays else function(
            *arguments)
    if name not in ("dot", "outer") and not any(isinstance(a, np.ndarray) for a in arguments):
        found = function(arguments)
        return found[0] if name in ("softmax", "log_softmax") else found
    if name in ("softmax", "log_softmax") and getattr(arguments[0], "ndim", 1) > 1:
        return array([function(list(row)) for row in arguments[0]])
    flat = name not in ("dot", "outer")
    return array(function(*[list(a.ravel()) if flat and isinstance(a, np.ndarray) else a
                            for a in arguments]))
