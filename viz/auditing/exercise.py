"""exercise: a sheet with blanks to fill in by hand, made from any network or recorded Value.

    print(exercise(networks.linear_1_1_1()))            z1 = ?, ∂loss/∂W1 = ?, W1' = ?, ...
    exercise(loss, module=net, solved=True)             the same with every number written in

The sheet holds the numbers given, the parameters, and the formulas of the graph, so it needs
nothing but itself: `handgrad audit` grades it. Start reading at `exercise`.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from engine import Value

from ..parts import survey
from ..text import number
from .plan import Plan, planned, steps
from .problem import Problem, families, nested
from .sheets import Sheet, parse_sheet

MORE = 2                            # digits after an update, which moves the last ones only

BARE = re.compile(r"[A-Za-z0-9_-]+")


def exercise(graph: Any, *, module: Any = None, rate: float = 0.01, digits: int = 4,
             title: str = "", solved: bool = False) -> str:
    """A TOML sheet that asks for every number of a graph: forward, backward, update, forward again.

    graph: a network with a loss, or a recorded Value; module: whose parameters are updated, by
    default the network's, or all leaves of the Value that are no constants. digits: significant
    digits asked for, two more after the update. solved: right numbers in place of the blanks.
    """
    if not isinstance(digits, int) or digits < 1:
        raise ValueError(f"digits={digits!r} is not a number of digits: give a whole number from 1")
    loss, module = recorded(graph, module)
    title = title or (type(module).__name__ if module is not None else "Exercise")
    plan = planned(survey([loss], module), module)
    asked = steps(plan)
    sheet = read_back(written(plan, asked, {}, rate, digits, title), plan, loss)
    answers = right_numbers(plan, sheet, digits) if solved else {}
    return written(plan, asked, answers, rate, digits, title)


def recorded(graph: Any, module: Any) -> tuple[Value, Any]:
    """The loss as a Value, and the module; a TypeError for anything else."""
    if not isinstance(graph, Value) and callable(getattr(graph, "loss", None)):
        graph, module = graph.loss(), graph
    if not isinstance(graph, Value):
        raise TypeError(f"{graph!r} is not a graph: give a recorded Value, or a network with "
                        f"its loss")
    if not graph._prev:
        raise ValueError(f"{graph!r} was not computed from anything: give the loss")
    return graph, module


# ---- the numbers

def read_back(text: str, plan: Plan, loss: Value) -> Sheet:
    """The sheet as it reads; a ValueError if its formulas do not give the graph's numbers."""
    sheet = parse_sheet(text, where="the graph cannot be written as a sheet")
    if not math.isclose(sheet.problem.loss.data, loss.data, rel_tol=1e-6, abs_tol=1e-12):
        raise ValueError(f"the formulas of this graph give {plan.loss} = "
                         f"{sheet.problem.loss.data}, and it recorded {loss.data}: record it "
                         f"anew, for a number was changed, or an operation is made by hand")
    return sheet


def right_numbers(plan: Plan, sheet: Sheet, digits: int) -> dict[str, str]:
    """What belongs in every blank."""
    before = sheet.problem
    before.loss.backward()
    numbers = {name: node.data for name, node in before.names.items()}
    slopes = {name: node.grad for name, node in before.names.items()}
    moved = {p: numbers[p] - before.rate * slopes[p] for p in plan.parameters}
    given = {name: node.data for name, node in plan.given.items()}
    after = Problem.written(given, moved, plan.formulas, rate=before.rate)
    answers = numbers | {f"∂{plan.loss}/∂{name}": x for name, x in slopes.items()}
    new = {f"{name}'": number(node.data, digits + MORE) for name, node in after.names.items()}
    return {what: number(x, digits) for what, x in answers.items()} | new


# ---- as TOML

def written(plan: Plan, asked: Mapping[str, list[str]], answers: Mapping[str, str], rate: float,
            digits: int, title: str) -> str:
    """The sheet as TOML; a blank wherever there is no answer."""
    tables = [table("given", numbers_of(plan.given)),
              table("parameters", numbers_of(plan.parameters)),
              table("formulas", {name: quoted(f) for name, f in plan.formulas.items()})]
    claims = [step(name, [f"{what} = {answers.get(what, '?')}" for what in lines])
              for name, lines in asked.items()]
    head = [f"title = {quoted(title)}\nrate = {rate!r}"]
    if not answers:
        head.insert(0, instructions(next(iter(plan.formulas)), digits))
    return "\n\n".join([*head, *filter(None, tables), *claims]) + "\n"


def instructions(first: str, digits: int) -> str:
    """The comment that a sheet with blanks opens with."""
    return (f"# Put a number in place of every ?, with {digits} significant digits, and with "
            f"{digits + MORE} where a\n# prime (') marks what is new after the update. Your "
            f"working may stand before it: {first} = ... = ...\n"
            f"# Then `handgrad audit` grades this file.")


def step(title: str, lines: list[str]) -> str:
    """One step of a sheet."""
    return "\n".join(["[[step]]", f"title = {quoted(title)}", 'claims = """', *lines, '"""'])


def table(name: str, entries: Mapping[str, str]) -> str:
    """A table of TOML; nothing if it is empty."""
    lines = [f"{key if BARE.fullmatch(key) else quoted(key)} = {x}" for key, x in entries.items()]
    return "\n".join([f"[{name}]", *lines]) if lines else ""


def numbers_of(leaves: Mapping[str, Value]) -> dict[str, str]:
    """The numbers of leaves, complete lists and matrices of them as one entry."""
    lists = {base: t for base, t in families(leaves).items() if base not in leaves}
    base_of = {name: base for base, t in lists.items() for name in flat(t)}
    return {base: str(nested(lists[base], lambda n: leaves[n].data)) if base in lists
            else repr(leaves[base].data)
            for base in dict.fromkeys(base_of.get(name, name) for name in leaves)}


def flat(table: Any) -> list[str]:
    """The names in a nested list."""
    return [name for x in table for name in flat(x)] if isinstance(table, list) else [table]


def quoted(text: str) -> str:
    """A string as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
