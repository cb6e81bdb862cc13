"""How Values, modules and histories show themselves in a notebook; their `repr` stays short.

    register()      tells a running IPython, if there is one; `import viz` does it

Nothing is put onto the classes, and neither engine nor nn knows of this file: IPython keeps a table
of displays by type, and asks for a type by name where it is not imported. What the displays say is
Markdown. Start reading at `register`.
"""

import math
import sys
from collections.abc import Callable
from typing import Any

from engine import Value, computed

from .text import expression, latex_name, number

ROWS = 12                           # parameters, or epochs, that a table shows


def register() -> None:
    """Adds the displays to the IPython that runs, if one does."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module and hasattr(module, "get_ipython") else None
    if shell is None:
        return
    formatter = shell.display_formatter.formatters["text/markdown"]
    for (room, name), shown in DISPLAYS.items():
        formatter.for_type_by_name(room, name, shown)


def of_value(value: Value) -> str:
    """A Value: its formula, number and gradient. A `<` can only stand in a name, inside \\text."""
    name = latex_name(str(value.label)) if value.label else ""
    made = expression(value, latex=True, depth=2, terms=6) if value._prev else ""
    sides = " = ".join(filter(None, [name, made, number(value.data, 6, latex=True)]))
    about = latex_name(str(value.label)) if value.label else r"\cdot"
    slope = (rf" \qquad \partial / \partial {about} = {number(value.grad, 6, latex=True)}"
             if computed(value) else "")
    return f"${sides}{slope}$".replace("<", r"}\lt\text{").replace(">", r"}\gt\text{")


def of_module(module: Any) -> str:
    """A module: its name, and its parameters with their gradients."""
    named = module.named_parameters()
    kind: Any = type(module)
    said = kind.__name__ if kind.__repr__ is object.__repr__ else repr(module)
    heads = f"**{code(said, 60)}**, {len(named):,} parameters\n\n"
    rows = [f"| {code(name)} | {p.data:.6g} | {f'{p.grad:.6g}' if computed(p) else ''} |"
            for name, p in named[:ROWS]]
    more = f"\n\nand {len(named) - ROWS:,} more" if len(named) > ROWS else ""
    return f"{heads}{table(['parameter', 'value', 'gradient'], rows)}{more}"


def of_history(history: Any) -> str:
    """A training run: some of its epochs, why it ended, what was warned of."""
    n = len(history)
    if not n:
        return "no epochs yet"
    picked = sorted({*(round(k * (n - 1) / (ROWS - 1)) for k in range(ROWS)), history.best})
    norms = [math.hypot(*(run[k] for run in history.gradient_norms.values())) for k in picked]
    rows = [f"| {history.epochs[k]}{' (best)' * (k == history.best)} | {history.loss[k]:.6g} | "
            f"{history.lr[k]:.4g} | {norm:.4g} |" for k, norm in zip(picked, norms)]
    said = [f"stopped: {history.stopped}"] * bool(history.stopped) + [
        f"warning: {w}" for w in history.warnings]
    notes = "".join(f"\n\n{plain(s)}" for s in said)
    return f"{table(['epoch', 'loss', 'rate', 'size of gradient'], rows)}{notes}"


def table(heads: list[str], rows: list[str]) -> str:
    """A table in Markdown: the first column to the left, numbers to the right."""
    return "\n".join([f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}", *rows])


def code(text: str, most: int = 40) -> str:
    """A name as code, on one line, in which nothing is interpreted."""
    short = text if len(text) <= most else text[:most - 1] + "…"
    shown = " ".join(short.split()).replace("|", "¦").replace("`", "'")
    return f"`{shown or ' '}`"


def plain(text: str) -> str:
    """A sentence in which Markdown and HTML see nothing of theirs."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>|$#" else c for c in text)


DISPLAYS: dict[tuple[str, str], Callable[[Any], str]] = {
    ("engine.value", "Value"): of_value,
    ("nn.module", "Module"): of_module,
    ("nn.history", "History"): of_history,
}
