"""One formula of a document read: its names spelled as the problem spells them, side by side.

    Reader(problem).read(formula, after)    the equations that it claims, and what was not readable

A reader goes through a document in order: it remembers the last formula in names of every form, to
which numbers without a name belong, and whether the parameters were updated. Start at `read`.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from engine import is_constant

from .equations import FUNCTIONS, NAME, equation, plain, tidy
from .latex import closed
from .problem import Problem, nested
from .sides import elements

SUBSCRIPT = re.compile(r"(?:[A-Za-z]+\d+)+")


class Formula(NamedTuple):
    """A formula as it stands in the document, and its plain spelling."""

    text: str
    plain: str


class Reader:
    """Reads formulas about a problem in their order, and remembers those in names."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.forms: dict[str, str] = {}         # the form of an expression, and whose it is
        self.updated = False

    def read(self, formula: Formula, after: bool) -> tuple[list[str], list[str]]:
        """The equations that a formula claims, and what of it could not be read."""
        text = with_prime(formula.plain)
        sides = [self.side(part) for part in split(spelled(text), "=")]
        if after and self.updated:
            sides = [self.primed(side) for side in sides]
        sides = self.ordered([side for side in sides if side])
        kept = [self.line(part) for part in self.parts(sides)]
        lines = [line for line, _ in kept if line]
        self.updated |= any("'" in line.partition("=")[0] for line in lines)
        self.remember(sides)
        lost = [side for _, left in kept for side in left]
        whole = not lines or not lost
        return lines, ([formula.text] if lost and whole else lost)

    def side(self, text: str) -> str:
        """A side with the problem's names, its whole families by theirs, products between them."""
        text = re.sub(rf"(?<![\w∂])(∂?\s?)({NAME})", self.named, closed(text))
        return products(self.families(text.strip()), self.problem)

    def named(self, found: "re.Match[str]") -> str:
        """A name as the problem spells it; itself if it means nothing there."""
        space, name = found[1], tidy(found[2])
        sign = space.strip()
        base, primes = name.rstrip("'"), name[len(name.rstrip("'")):]
        if not sign and base in FUNCTIONS and not self.problem.known(base):
            return space + base
        for known in candidates(base):
            if self.has(known):
                return space + known + primes
        if base[:1] == "d" and not sign and any(map(self.has, candidates(base[1:]))):
            return space + "∂" + next(filter(self.has, candidates(base[1:]))) + primes
        return space + base.lower() if base.lower() in FUNCTIONS and not sign else found[0]

    def has(self, name: str) -> bool:
        """Whether the problem has this very name."""
        try:
            self.problem.find(name)
        except ValueError:
            return False
        return True

    def families(self, text: str) -> str:
        """A text where a list of all elements of a family, in order, is the family."""
        for base, table in self.problem.families.items():
            for name in (base, *(a for a, b in self.problem.aliases.items() if b == base)):
                text = text.replace(flat(renamed(table, name)), name)
        return self.slopes(text)

    def slopes(self, text: str) -> str:
        """A list of one thing's derivatives in all elements of a family, in order, as a whole."""
        found = re.match(rf"\[+∂({NAME})/∂({NAME})", text)
        base = found[2].partition("[")[0] if found else ""
        table = self.problem.families.get(self.problem.spelled(base))
        if not found or not table:
            return text
        whole = f"∂{found[1]}/∂{base}"
        return text.replace(flat(renamed(table, whole)), whole)

    def primed(self, text: str) -> str:
        """A side whose names are meant after the update: all that an update can change."""
        def add(found: "re.Match[str]") -> str:
            name = found[0]
            fixed = name.endswith("'") or name in FUNCTIONS or not self.has(name)
            return name if fixed or self.given(name) else name + "'"
        return re.sub(NAME, add, text)

    def given(self, name: str) -> bool:
        """Whether a name means numbers that no update changes."""
        found = self.problem.find(name)
        while isinstance(found, list):
            found = found[0]
        return not found._prev and is_constant(found)

    def ordered(self, sides: list[str]) -> list[str]:
        """The sides, one that is a name first; numbers alone get the name of their form."""
        if len(sides) < 2:
            return sides
        owner = self.forms.get(form(sides[0], self.problem))
        if owner and not any(map(self.words, sides)):
            return [owner, *sides]
        alone = [k for k, side in enumerate(sides) if self.alone(side)]
        if alone and not self.alone(sides[0]) and not sides[0].startswith("["):
            sides = [sides[alone[0]], *sides[:alone[0]], *sides[alone[0] + 1:]]
        own = sides[0] in self.problem.names and not self.problem.names[sides[0]]._prev
        if own and len(sides) > 1 and re.search(r"[\w)\]]\s*[-+*/×]", sides[1]):
            sides = [sides[0] + "'", *sides[1:]]            # a parameter has no other formula
        return sides[:1] + [side for side in sides[1:] if side != sides[0]]

    def alone(self, side: str) -> bool:
        """Whether a side is one name or one derivative of the problem."""
        return re.fullmatch(rf"{NAME}|∂{NAME}/∂{NAME}", side) is not None and self.words(side)

    def words(self, side: str) -> bool:
        """Whether a side names anything of the problem."""
        return any(self.has(name) for name in re.findall(NAME, side))

    def remember(self, sides: list[str]) -> None:
        """Notes the form of an expression in names, for the numbers that will be put in."""
        for side in sides[1:]:
            shape = form(side, self.problem)
            if shape and sides[0] in self.problem.families and self.words(side):
                self.forms[shape] = sides[0]

    def parts(self, sides: list[str]) -> list[list[str]]:
        """The equations of the elements where the first side is a list written out; or the one."""
        tables = [table(side) or self.members(side) for side in sides]
        shapes = {tuple(map(len, t)) for t in tables if t}
        if not sides or table(sides[0]) is None or len(shapes) > 1 or None in tables:
            return [sides]
        return [[t[i][j] for t in tables if t] for i, row in enumerate(tables[0] or [])
                for j in range(len(row))]

    def members(self, side: str) -> list[list[str]] | None:
        """The names of a whole family, row by row."""
        family = self.problem.families.get(self.problem.spelled(side))
        return family and [row if isinstance(row, list) else [row] for row in family]

    def line(self, sides: list[str]) -> tuple[str, list[str]]:
        """The sides that can be read as one equation, and those that cannot."""
        if len(sides) < 2 or not self.readable(sides[:1] * 2):
            return "", [" = ".join(sides)]
        kept = [sides[0], *(side for side in sides[1:] if self.readable([sides[0], side]))]
        lost = [f"{sides[0]} = {side}" for side in sides[1:] if side not in kept]
        return (" = ".join(kept) if len(kept) > 1 else ""), lost

    def readable(self, sides: list[str]) -> bool:
        """Whether sides make an equation about the problem."""
        try:
            read = equation(" = ".join(sides), self.problem.known)
            return read[0].named and bool([*elements(self.problem, read)])
        except (ValueError, TypeError, IndexError):
            return False


# ---- text

def with_prime(text: str) -> str:
    """A text whose W ← .. is W' = .."""
    left, arrow, right = text.partition("←")
    return f"{left.strip()}' = {right}" if arrow else text


def spelled(text: str) -> str:
    """The text with one spelling for signs and letters; a cross or dot stays what it is."""
    return "×".join(map(plain, re.split("[×·⋅]", text)))


def candidates(name: str) -> Iterator[str]:
    """What a name may be in a graph: W_i1j1 itself, or W_ij[1,1]; h1_in2 h1_in[2]; b_1 b1, b[1]."""
    yield name
    base, _, below = name.rpartition("_")
    if base and below.isdigit():
        yield from (base + below, f"{base}[{below}]", f"{base}[{','.join(below)}]")
    if base and SUBSCRIPT.fullmatch(below):
        letters, digits = re.sub(r"\d", "", below), re.findall(r"\d+", below)
        yield from (f"{head}[{','.join(digits)}]" for head in (f"{base}_{letters}", base))
    if found := re.fullmatch(r"(.*?[A-Za-z_])(\d+)", name):
        yield f"{found[1]}[{found[2]}]"


def split(text: str, mark: str) -> list[str]:
    """The parts of a text between marks that no bracket encloses."""
    parts, depth = [""], 0
    for c in text:
        depth += (c in "([{") - (c in ")]}")
        if c == mark and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return [part.strip() for part in parts]


def cells(text: str) -> list[str] | None:
    """The elements of a list that is written out; None for anything else."""
    if not text.startswith("[") or closing(text) < len(text):
        return None
    return split(text[1:-1], ",")


def table(text: str) -> list[list[str]] | None:
    """The elements of a list or matrix that is written out, row by row."""
    rows = cells(text)
    if rows is None:
        return None
    inner = [cells(row) for row in rows]
    return [[row] for row in rows] if None in inner else [row for row in inner if row is not None]


def renamed(table: Any, name: str) -> Any:
    """The names of a family with another name before their indices."""
    return nested(table, lambda member: name + member[member.index("["):])


def flat(names: object) -> str:
    """A nested list of names as it is written."""
    return f"[{', '.join(map(flat, names))}]" if isinstance(names, list) else str(names)


def products(text: str, problem: Problem) -> str:
    """A text whose crosses between lists or matrices are products of matrices."""
    def sign(found: "re.Match[str]") -> str:
        left, right = found[1], found[2]
        both = all(x in "[]" or problem.spelled(x) in problem.families for x in (left, right))
        return f"{left} {'@' if both else '*'} "
    text = re.sub(rf"(\]|{NAME}|[\w)'])\s*×\s*(?=(\[|{NAME}|.))", sign, text)
    return text.replace("×", "*")


def form(text: str, problem: Problem) -> str:
    """The form of an expression of lists and matrices: their shapes, and the signs between them."""
    shapes: list[str] = []

    def note(shape: tuple[int, ...]) -> str:
        shapes.append(str(shape))
        return f"<{shape}>"
    out, rest = "", text
    while rest:
        found = re.match(rf"{NAME}", rest)
        if rest[0] == "[":
            end = closing(rest)
            rows = table(rest[:end]) or []
            wide = len(rows[0]) if rows and "[[" in rest[:end].replace(" ", "") else 0
            out, rest = out + note((len(rows), wide)), rest[end:]
        elif found and problem.spelled(found[0]) in problem.families:
            shape = problem.families[problem.spelled(found[0])]
            wide = len(shape[0]) if isinstance(shape[0], list) else 0
            out, rest = out + note((len(shape), wide)), rest[found.end():]
        else:
            out, rest = out + rest[0].strip(), rest[1:]
    return out if len(shapes) > 1 else ""


def closing(text: str) -> int:
    """The place behind the bracket that closes the first one."""
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "([") - (c in ")]")
        if not depth:
            return i + 1
    return len(text)
