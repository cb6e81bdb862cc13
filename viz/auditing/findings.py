"""What a report says, before it has a form: the first wrong step, the roots, the table's lines.

    first(rows)             the first row that is wrong here
    should_be(row)          the right numbers, to the digits that were printed
    explained(row)          the slips that give the printed number, as sentences
    roots(rows)             where errors begin, and which later rows inherit from each
    table(rows, full=...)   the lines of every step; runs of right elements share one

`report` gives these their form as text, Markdown and HTML.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from .digits import Printed, printed, to_place
from .verdicts import (
    BLANK,
    CARRIED,
    DIGITS,
    FORMULA,
    INHERITED,
    RESULT,
    RIGHT,
    UNREAD,
    VERDICTS,
    WORKING,
    WRONG,
    Row,
)

SIGNS = {RIGHT: "✓", DIGITS: "≈", CARRIED: "~", INHERITED: "↳", WRONG: "✗", BLANK: "…", UNREAD: "?"}
MEANINGS = {
    RIGHT:     "exactly the true number",
    DIGITS:    "the true number, rounded to the digits that were printed",
    CARRIED:   "right from the numbers before it; only their rounding shows in its last digits",
    INHERITED: "the step is done right, with an earlier number that was wrong",
    WRONG:     "the step itself does not give this number: an error begins here",
    BLANK:     "not filled in yet",
    UNREAD:    "could not be read, or names nothing in the network",
}
INDEX = re.compile(r"\[([\d,]+)\]")


class Line(NamedTuple):
    """One line of the table: one row, or several right elements of one list or matrix."""

    numbers: str
    name: str
    printed: str
    exact: str
    own: str
    verdict: str
    remark: str
    rows: tuple[Row, ...]


class Root(NamedTuple):
    """A place where an error begins: one row, or elements of one list with the same slip."""

    rows: tuple[Row, ...]
    heirs: tuple[Row, ...]              # the later rows that inherit from it


# ---- numbers

def shown(text: str) -> Printed | None:
    """The number that a text prints; None for anything else."""
    try:
        return printed(text)
    except ValueError:
        return None


def like(x: float | None, text: str, more: int = 0) -> str:
    """x to the digits of a printed number, and `more` of them; to 6 digits beside other texts."""
    number = shown(text)
    if x is None:
        return ""
    if number is None or not math.isfinite(x):
        return f"{x:.6g}"
    exponent = int(number.decimal.as_tuple().exponent)
    if number.whole and x != round(x):
        return f"{x:.6g}"
    if abs(exponent) > 12:
        return f"{x:.{more + 3}g}"
    rounded = to_place(x, exponent)
    finer = f"{to_place(x, exponent - more):f}"
    return f"{rounded:f}" if finer == f"{rounded:f}{'.' * (not exponent)}{'0' * more}" else finer


def should_be(row: Row) -> list[tuple[str, str]]:
    """The right numbers of a row, and where each comes from."""
    exact, own = like(row.exact, row.text), like(row.own, row.text)
    close = shown(row.text) is None and f"{row.own or 0:.3g}" == f"{row.exact:.3g}"
    if own and own != exact and not close:
        return [(own, "from the numbers written before it"), (exact, "")]
    return [(exact, "")]


# ---- sentences

def first(rows: Iterable[Row]) -> Row | None:
    """The first row that is wrong here; None if there is none."""
    return next((row for row in rows if row.verdict == WRONG), None)


def correction(row: Row) -> str:
    """What a wrong row should be, or should give where it is a working or a formula."""
    (number, source), *exact = should_be(row)
    verb = "be" if row.kind == RESULT else "give"
    if row.kind == FORMULA and row.note:                # it agrees by chance: no other number
        return "is another formula"
    return f"should {verb} {number}" + (f" {source}, and {exact[0][0]} exactly" if exact else "")


def explained(row: Row) -> list[str]:
    """What explains a wrong number, the likeliest first; one sentence says if nothing does."""
    if not row.slips:
        return ["none of the slips that were tried explains it"]
    given = [(slip.text, like(slip.value, row.text)) for slip in row.slips]
    plain = bool(row.note)
    return [text if plain or number in text or "gives" in text else f"{text} (that gives {number})"
            for text, number in given]


def about(row: Row, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """All there is to say about a wrong step: a word, and what stands behind it."""
    said = [("where", f"#{row.number}" + (f", {row.step}" if row.step else "")),
            ("what", row.name), ("printed", row.text)]
    verb = "should be" if row.kind == RESULT else "should give"
    said += [(verb if not i else "exactly", " ".join(filter(None, (number, source))))
             for i, (number, source) in enumerate(should_be(row)) if not row.note]
    said += [(("perhaps" if len(row.slips) > 1 else "why") if not i else "or", sentence)
             for i, sentence in enumerate(explained(row))]
    said += [("note", row.note)] if row.note else []
    right = sum(r.fine for r in rows[:rows.index(row)])
    return said + ([("before it", f"{right} statements are right")] if right > 1 else [])


def headline(rows: Sequence[Row]) -> str:
    """The outcome in one sentence."""
    many, count = len(rows), Counter(row.verdict for row in rows)
    if not many:
        return "There is nothing to check: no statement was given."
    if count[WRONG]:
        begin = plural(count[WRONG], "error begins", "errors begin")
        heirs = plural(count[INHERITED], "later number inherits", "later numbers inherit")
        source = "it" if count[WRONG] == 1 else "them"
        tail = f", and {heirs} from {source}" if count[INHERITED] else ""
        return f"In {plural(many, 'statement', 'statements')}, {begin}{tail}{left_open(count)}."
    if count[INHERITED] or count[UNREAD] or count[BLANK]:
        return (f"Nothing wrong was found in {plural(many, 'statement', 'statements')}"
                f"{left_open(count)}.")
    whole = "The one statement is" if many == 1 else f"All {many} statements are"
    return f"{whole} right. Well done!"


def left_open(count: Mapping[str, int]) -> str:
    """What of the statements was not judged, behind a semicolon; '' if all were."""
    said = [f"{count[UNREAD]} could not be read"] * bool(count[UNREAD])
    said += [plural(count[BLANK], "is blank", "are blank")] * bool(count[BLANK])
    return f"; {', '.join(said)}" if said else ""


def plural(n: int, one: str, several: str) -> str:
    """A count with its noun."""
    return f"{n} {one if n == 1 else several}"


def counts(rows: Iterable[Row]) -> list[tuple[str, int]]:
    """How often each verdict was given, in the order from right to wrong."""
    count = Counter(row.verdict for row in rows)
    return [(verdict, count[verdict]) for verdict in VERDICTS if count[verdict]]


def remark(row: Row) -> str:
    """What the table says about a row beyond its verdict."""
    said = [row.note] if row.note else []
    if row.verdict == WRONG:
        said = [correction(row), *explained(row)[:1], *said]
    elif row.verdict == INHERITED and row.causes:
        said = [f"from {listed(row.causes)}", *said]
    return "; ".join(said)


def listed(numbers: Sequence[int], most: int = 6) -> str:
    """Statement numbers as words."""
    few = [f"#{n}" for n in numbers[:most]] + ["…"] * (len(numbers) > most)
    return ", ".join(few)


def unread(rows: Iterable[Row]) -> list[tuple[Row, str]]:
    """The rows that could not be read, and why."""
    return [(row, row.note or MEANINGS[UNREAD]) for row in rows if row.verdict == UNREAD]


# ---- where errors begin

def roots(rows: Sequence[Row]) -> list[Root]:
    """The places where errors begin, in order; elements of a list with the same slip are one."""
    together: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row.verdict == WRONG:
            slip = row.slips[0].kind if row.slips else ""
            together.setdefault((row.step, base(row.name), row.kind, slip), []).append(row)
    sources = inheriting(rows)
    return [Root(tuple(group), tuple(row for row in rows if row.verdict == INHERITED and
                                     any(r.number in sources[row.number] for r in group)))
            for group in together.values()]


def others(root: Root, few: int) -> str:
    """The elements of a root beyond the first few."""
    rest = [row.number for row in root.rows[few:]]
    alike = "with the same slip" if root.rows[0].slips else "like them"
    return f"and {len(rest)} more {alike}: {listed(rest)}"


def inheriting(rows: Iterable[Row]) -> dict[int, set[int]]:
    """For every row the numbers of all rows that it has an error from, at first or second hand."""
    found: dict[int, set[int]] = {}
    for row in rows:
        found[row.number] = set(row.causes).union(*(found.get(n, set()) for n in row.causes))
    return found


def inheritance(root: Root) -> str:
    """How many later numbers inherit from a root, and which."""
    many = plural(len(root.heirs), "later number inherits it", "later numbers inherit it")
    bases = list(dict.fromkeys(base(row.name) for row in root.heirs))
    return f"{many}: {', '.join(bases[:6])}{', …' * (len(bases) > 6)}"


# ---- the table

def chosen(rows: Sequence[Row], statements: str) -> list[Row]:
    """The rows that a table lists: "all", those that are not right ("wrong"), or "none"."""
    if statements not in ("all", "wrong", "none"):
        raise ValueError(f"statements={statements!r} is not known: choose 'all', 'wrong' or 'none'")
    return [row for row in rows if statements == "all" or (statements == "wrong" and not row.fine)]


def base(name: str) -> str:
    """The name of the list or matrix that an element belongs to."""
    return INDEX.sub("", name)


def table(rows: Sequence[Row], *, full: bool = False) -> list[tuple[str, list[Line]]]:
    """The steps with their lines. full: a line for every row."""
    return [(step, [line for run in runs([*group], full) for line in lines(run)])
            for step, group in groupby(rows, lambda row: row.step)]


def runs(rows: Sequence[Row], full: bool) -> list[list[Row]]:
    """The rows of a step, those of one list or matrix that follow each other together."""
    if full:
        return [[row] for row in rows]
    return [[*group] for _, group in groupby(rows, lambda row: (base(row.name), base(row.name) ==
                                                               row.name and row.number))]


def lines(run: Sequence[Row]) -> list[Line]:
    """A run of elements as lines: the right ones of each kind share one, the others stand alone."""
    right = {kind: [row for row in run if row.kind == kind and row.fine] for kind in
             dict.fromkeys(row.kind for row in run)}
    found = [line for kind in right.values()
             for line in ([together(kind)] if len(kind) > 2 else map(alone, kind))]
    found += [alone(row) for row in run if not row.fine]
    return sorted(found, key=lambda line: line.rows[0].number)


def alone(row: Row) -> Line:
    """One row as a line; what was not judged has no number that is none."""
    judged = row.verdict not in (BLANK, UNREAD)
    exact, own = (like(x, row.text, 2) if x is not None and (judged or math.isfinite(x)) else ""
                  for x in (row.exact, row.own))
    return Line(f"{row.number}", row.name, row.text, exact, own, row.verdict, remark(row), (row,))


def together(rows: Sequence[Row]) -> Line:
    """Right elements of one list or matrix as one line."""
    said = ", ".join(f"{n} {verdict}" for verdict, n in counts(rows))
    what = {WORKING: "written out: ", RESULT: ""}.get(rows[0].kind, f"{rows[0].kind}: ")
    verdict = max((row.verdict for row in rows), key=VERDICTS.index)
    return Line(f"{rows[0].number}–{rows[-1].number}", span([row.name for row in rows]),
                f"{what}{said}", "", "", verdict, "", tuple(rows))


def span(names: Sequence[str]) -> str:
    """The names of some elements as one: W[1..3,1..2], or W[1,1], W[2,3] with gaps."""
    different = list(dict.fromkeys(names))
    places = {tuple(map(int, re.findall(r"\d+", "".join(INDEX.findall(name)))))
              for name in (re.sub(r"\]", ",]", name) for name in names)}
    same_shape = len({base(name) for name in names}) == len({len(p) for p in places}) == 1
    sides = [(min(axis), max(axis)) for axis in zip(*places)]
    if not same_shape or len(places) < math.prod(high - low + 1 for low, high in sides):
        few = ", ".join(different[:3])
        return few + (f", … ({len(different)} elements)" if len(different) > 3 else "")
    ranges = iter(f"{low}" if low == high else f"{low}..{high}" for low, high in sides)
    return INDEX.sub(lambda f: "[" + re.sub(r"\d+", lambda _: next(ranges), f[1]) + "]", names[0])
