"""Sheets: a derivation as a TOML file, which a teacher can write and a student can fill in.

    title = "One neuron"                     [formulas]                    # in order, the loss last
    rate = 0.1                               y_hat = "w*x + b"
                                             L = "(y_hat - y)^2"
    [given]
    x = 2.0                                  [[step]]
    y = 4.0                                  title = "Forward"
                                             claims = '''
    [parameters]                             y_hat = 0.5*2.0 + 0.1 = 1.1
    w = 0.5                                  L = ?                         # a blank to fill in
    b = 0.1                                  '''

Numbers may be lists or matrices: W = [[1, 2], [3, 4]]. `[names]` holds other spellings of names,
E_total = "E". A `[readings.NAME]` holds formulas that replace those of the same name, for a loss
that can be read in several ways; `reading = "NAME"` at the top says which reading the sheet takes
by itself, and is the name of the formulas as they stand if no such table is there.

Claims stand one to a line. A line goes on where the next one begins with =, or where a bracket is
open and the next one is no equation of its own. Start reading at `read_sheet`.
"""

import difflib
import math
import os
import re
import sys
from collections.abc import Iterable, Mapping
from textwrap import indent
from typing import Any, NamedTuple

from .equations import FUNCTIONS, NAME, plain, tidy
from .problem import Problem

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Step = tuple[str, list[str]]

TABLES = ("given", "parameters", "formulas", "readings", "names")
KEYS = ("title", "rate", "reading", "step", *TABLES)
EQUALS = "=≈←"
AS_WRITTEN = "as written"           # the reading that the plain formulas are, if none is named

EXAMPLE = """\
rate = 0.1                          # of the update; 0.01 if it is left out

[given]
x = 2.0
y = 4.0

[parameters]                        # what the update moves
w = 0.5
b = 0.1

[formulas]                          # in order, the loss last
y_hat = "w*x + b"
L = "(y_hat - y)^2"

[[step]]
title = "Forward"
claims = '''
y_hat = 0.5*2.0 + 0.1 = 1.1
L = (1.1 - 4.0)^2 = 8.41
'''

[[step]]
title = "Backward and update"
claims = '''
dL/dw = 2*(1.1 - 4.0)*2.0 = -11.6
w' = 0.5 - 0.1*(-11.6) = ?
'''
"""


class Sheet(NamedTuple):
    """A derivation to be checked: what it is about, and its steps as titles with their lines."""

    title: str
    problem: Problem
    steps: list[Step]
    reading: str                    # the one it was read with
    readings: tuple[str, ...]       # all that it offers


def read_sheet(path: "str | os.PathLike[str]", reading: str | None = None) -> Sheet:
    """The sheet in a TOML file, with the formulas of one of its readings, by default its own.

    A ? is a blank to fill in. OSError and ValueError say what is missing or cannot be read.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:      # some editors begin it with a mark
            text = file.read()
    except IsADirectoryError:
        raise IsADirectoryError(f"{os.fspath(path)} is a folder: give the path of a TOML file "
                                f"in it") from None
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no sheet {os.fspath(path)}: give the path of a TOML "
                                f"file with given, parameters, formulas and steps") from None
    except UnicodeDecodeError:
        raise ValueError(f"{os.fspath(path)} is not text: save the sheet as UTF-8") from None
    return parse_sheet(text, reading, where=os.fspath(path))


read_sheet.__doc__ = f"{read_sheet.__doc__}\n{indent(EXAMPLE, ' ' * 8)}"


def parse_sheet(text: str, reading: str | None = None, *, where: str = "the sheet") -> Sheet:
    """The sheet in a text; `where` names it in errors."""
    try:
        return assembled(tomllib.loads(text.removeprefix("\ufeff")), reading)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{where} is not TOML: {error}") from None
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def assembled(found: Mapping[str, Any], reading: str | None) -> Sheet:
    """The sheet that TOML's tables describe; ValueError says what is missing or misplaced."""
    check_keys(found, KEYS, "a key of a sheet")
    tables = {name: table(found, name) for name in TABLES}
    readings, chosen = choose(found, tables, reading)
    for name in ("given", "parameters"):
        check_numbers(tables[name], name)
    check_texts(tables["names"], "names")
    check_functions(tables, chosen)
    title = text_of(found, "title", "")
    problem = Problem.written(
        tables["given"], tables["parameters"], read_as(tables, chosen), rate=rate_of(found),
        aliases=tables["names"], title=title)
    check_aliases(tables["names"], problem)
    return Sheet(title, problem, steps_of(found), chosen, readings)


# ---- the tables

def table(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A table of the sheet, empty if it is not there."""
    value = found.get(name, {})
    if not isinstance(value, dict):
        raise ValueError(f"{name} = {value!r} is not a table: write [{name}] on a line of its own, "
                         f"and its entries below")
    return value


def choose(found: Mapping[str, Any], tables: Mapping[str, dict[str, Any]],
           reading: str | None) -> tuple[tuple[str, ...], str]:
    """The names of all readings, and the chosen one."""
    own = text_of(found, "reading", AS_WRITTEN)
    check_names(tables)
    readings = tuple(dict.fromkeys([own, *tables["readings"]]))
    chosen = own if reading is None else reading
    if chosen not in readings:
        raise ValueError(f"there is no reading {chosen!r}: choose one of {', '.join(readings)}")
    return readings, chosen


def check_names(tables: Mapping[str, dict[str, Any]]) -> None:
    """Refuses a name defined twice, and a reading of what is no formula."""
    seen: dict[str, str] = {}
    for kind in ("given", "parameters", "formulas"):
        for name in tables[kind]:
            before = seen.setdefault(tidy(plain(name)), kind)
            if before != kind:
                raise ValueError(f"{name!r} stands under {before} and under {kind}: "
                                 f"define it once")
    check_texts(tables["formulas"], "formulas")
    for reading, formulas in tables["readings"].items():
        if not isinstance(formulas, dict):
            raise ValueError(f"the reading {reading!r} is not a table: write [readings.{reading}] "
                             f"and below it the formulas that it replaces")
        check_texts(formulas, f"readings.{reading}")
        check_keys(formulas, tables["formulas"], f"a formula that the reading {reading!r} replaces")


def read_as(tables: Mapping[str, dict[str, Any]], reading: str) -> dict[str, str]:
    """The formulas in their order, those of the reading in place of the plain ones."""
    return {**tables["formulas"], **tables["readings"].get(reading, {})}


def check_keys(found: Iterable[str], known: Iterable[str], what: str) -> None:
    """Refuses unknown keys, and names the nearest known one."""
    for key in found:
        if key not in known:
            near = difflib.get_close_matches(key, [*known], 1)
            meant = f"is {near[0]!r} meant?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"{key!r} is not {what}: {meant}")


def check_numbers(entries: Mapping[str, Any], kind: str) -> None:
    """Refuses what is not a number, a list of numbers or a matrix with rows of one length."""
    for name, x in entries.items():
        rows = x if isinstance(x, list) else [x]
        nested = [row if isinstance(row, list) else [row] for row in rows]
        lengths = {len(row) if isinstance(row, list) else None for row in rows}
        wrong = [y for row in nested for y in row if type(y) not in (int, float)]
        if wrong:
            raise ValueError(f"{name} under {kind} holds {wrong[0]!r}, which is not a number: "
                             f"write a number, a list of numbers or a list of rows")
        endless = [y for row in nested for y in row if not math.isfinite(y)]
        if endless:
            raise ValueError(f"{name} under {kind} holds {endless[0]!r}, with which nothing can be "
                             f"computed: write a finite number")
        if len(lengths) != 1 or lengths == {0}:
            raise ValueError(f"{name} under {kind} is empty or has rows of different lengths: "
                             f"give every row the same number of numbers")


def check_texts(entries: Mapping[str, Any], kind: str) -> None:
    """Refuses an entry that is not text."""
    for name, text in entries.items():
        if not isinstance(text, str):
            raise ValueError(f"{name} = {text!r} under {kind} is not text: put it in quotes")


def check_functions(tables: Mapping[str, dict[str, Any]], reading: str) -> None:
    """Refuses a formula with a function that is not there; a name before a bracket is a factor."""
    names = {tidy(plain(name)) for kind in ("given", "parameters", "formulas")
             for name in tables[kind]}
    for name, text in read_as(tables, reading).items():
        for called in re.findall(rf"({NAME})\s*\(", plain(text)):
            if called.partition("[")[0] not in names and called not in FUNCTIONS:
                raise ValueError(f"the formula {name} = {text!r} uses {called}(..), and there is "
                                 f"no such function: there are {', '.join(sorted(FUNCTIONS))}")


def check_aliases(names: Mapping[str, str], problem: Problem) -> None:
    """Refuses a spelling of something that is not there."""
    for spelling, name in names.items():
        try:
            problem.find(name)
        except ValueError as error:
            raise ValueError(f"the other spelling {spelling!r} under names: {error}") from None


def text_of(found: Mapping[str, Any], key: str, default: str) -> str:
    """An entry that must be text."""
    value = found.get(key, default)
    if not isinstance(value, str):
        raise ValueError(f"{key} = {value!r} is not text: put it in quotes")
    return value


def rate_of(found: Mapping[str, Any]) -> float:
    """The learning rate, 0.01 by default."""
    rate = found.get("rate", 0.01)
    if type(rate) not in (int, float) or not 0 < rate < float("inf"):
        raise ValueError(f"the rate {rate!r} is not a positive number, such as 0.01")
    return float(rate)


# ---- the steps

def steps_of(found: Mapping[str, Any]) -> list[Step]:
    """The steps with their lines; a step without a title is called by its number."""
    entries = found.get("step", [])
    if not isinstance(entries, list) or not entries:
        raise ValueError("there are no steps: write [[step]], and below it a title and claims, "
                         "the lines of the derivation")
    return [step(entry, i) for i, entry in enumerate(entries, 1)]


def step(entry: Any, i: int) -> Step:
    """One step of the sheet."""
    if not isinstance(entry, dict):
        raise ValueError(f"step {i} is {entry!r}: write [[step]], and below it title and claims")
    check_keys(entry, ("title", "claims"), f"a key of step {i}")
    claims = entry.get("claims", "")
    if isinstance(claims, list) and all(isinstance(line, str) for line in claims):
        claims = "\n".join(claims)
    if not isinstance(claims, str):
        raise ValueError(f"the claims of step {i} are {claims!r}: write them as text, "
                         f"one equation to a line")
    return text_of(entry, "title", "") or f"step {i}", lines(claims)


def lines(text: str) -> list[str]:
    """The equations in a text: without comments, each on one line."""
    found: list[str] = []
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        goes_on = found and (line.startswith(tuple(EQUALS)) or
                             (is_open(found[-1]) and not begins(line)))
        if line and goes_on:
            found[-1] += " " + line
        elif line:
            found.append(line)
    return found


def begins(line: str) -> bool:
    """Whether a line is an equation of its own: its = does not stand behind a closing bracket."""
    first, *rest = re.split(f"[{EQUALS}]", line, maxsplit=1)
    return bool(rest) and opened(first) >= 0


def is_open(text: str) -> bool:
    """Whether a bracket has not been closed yet."""
    return opened(text) > 0


def opened(text: str) -> int:
    """How many more brackets a text opens than it closes."""
    return sum(map(text.count, "([{")) - sum(map(text.count, ")]}"))
