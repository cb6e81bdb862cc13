"""Tables of one step: what will move and why, weights before and after, and gradients by size.

    update_table(optimizer)                 after backward(), before step(): old, rate * grad, new
    compare_states(before, after)           two `state_dict()`s side by side
    gradient_table(model)                   sizes of the gradients by layer, with nan, inf and zeros
    batch_gradients(model, data, loss)      a batch's gradients against those of its samples

Each returns a Table: `print` shows it, `rows` holds its numbers.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

from engine import Value, computed, grad

from .history import aligned
from .optim import SGD
from .structure import by_layer, named_parameters
from .task import Task, task_of


class Table:
    """Rows under named columns, with remarks below; as a condition it is true unless `ok` is not.

    rows: one dict per row, column name -> a number or a word.
    """

    def __init__(self, rows: Sequence[dict[str, Any]], remarks: Sequence[str] = (),
                 ok: bool = True) -> None:
        self.rows, self.remarks, self.ok = list(rows), [r for r in remarks if r], ok

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.rows[0]) if self.rows else []

    def column(self, name: str) -> list[Any]:
        """One column, from the first row to the last."""
        return [row[name] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        cells = [self.columns, *([cell(x) for x in row.values()] for row in self.rows)]
        return "\n".join([aligned(cells), *self.remarks])

    __repr__ = __str__


def cell(x: Any) -> str:
    """A number to six digits, and a word as it is."""
    return f"{x:.6g}" if isinstance(x, float) else str(x)


# ---- a step

def update_table(optimizer: Any, model: Any = None) -> Table:
    """What `optimizer.step()` would do now: each parameter's old value, change and new value.

    Nothing is changed. The names are the model's, or else the parameters' labels or numbers.
    """
    parameters = optimizer.parameters
    if not any(map(computed, parameters)):
        raise ValueError("no gradient was computed for any parameter: call loss.backward() before "
                         "update_table, and optimizer.step() after it")
    names = {id(p): name for name, p in named_parameters(model)} if model is not None else {}
    given = [names.get(id(p)) or p.label or f"p[{i}]" for i, p in enumerate(parameters)]
    plain = isinstance(optimizer, SGD) and not optimizer.momentum
    what = "lr * gradient" if plain else "step"
    rows = [{"parameter": name, "old": float(p.data), "gradient": float(p.grad), what: 0.0 - change,
             "new": p.data + change, "moves": direction(change)}
            for name, p, change in zip(given, parameters, changes(optimizer))]
    return Table(rows, [f"new = old - {what}, with lr = {optimizer.lr:g}", verdict(rows)])


def changes(optimizer: Any) -> list[float]:
    """What `optimizer.changes()` gives, asked of a copy, so that its running means stay."""
    twin = copy.copy(optimizer)
    vars(twin).update({name: list(x) for name, x in vars(optimizer).items() if type(x) is list})
    return [float(change) for change in twin.changes()]


def direction(change: float) -> str:
    """Which way a parameter goes."""
    return "up" if change > 0 else "down" if change < 0 else "stays" if change == 0 else "to nan"


def verdict(rows: Sequence[dict[str, Any]]) -> str:
    """How many parameters go which way, and why."""
    counts = {word: sum(row["moves"] == word for row in rows) for word in ("up", "down", "stays")}
    if len(rows) in counts.values():
        way = next(word for word, n in counts.items() if n == len(rows))
        why = {"up": "because every gradient is negative", "stays": "because every gradient is 0",
               "down": "because every gradient is positive"}[way]
        against = all((row["gradient"] < 0) == (row["moves"] == "up") for row in rows)
        return f"all {len(rows)} parameters {way_of(way)}{f', {why}' * against}"
    return ", ".join(f"{n} {way_of(word)}" for word, n in counts.items() if n)


def way_of(word: str) -> str:
    """A direction as a verb."""
    return {"up": "grow", "down": "shrink", "stays": "stay"}[word]


def compare_states(before: Mapping[str, float], after: Any) -> Table:
    """Every parameter before and after, and its change.

    before, after: `state_dict()`s; in place of `after`, the model as it stands now.
    """
    state = after if isinstance(after, Mapping) else {name: p.data for name, p
                                                      in named_parameters(after)}
    if before.keys() != state.keys():
        odd = sorted(before.keys() ^ state.keys())[:3]
        raise ValueError(f"{', '.join(odd)} is in one state only: compare two states of one model")
    rows = [{"parameter": name, "before": float(before[name]), "after": float(state[name]),
             "change": float(state[name] - before[name])} for name in before]
    moved = sum(row["change"] != 0 for row in rows)
    return Table(rows, [f"{moved} of {len(rows)} parameters moved"])


# ---- gradients

def gradient_table(model: Any) -> Table:
    """The gradients by layer, after backward(): norm, smallest and largest size, zeros, nan, inf.

    True if all were computed and are finite; the remarks name the parameters that are not.
    """
    rows = [layer_row(name, parameters) for name, parameters in by_layer(model).items()]
    bad = [f"{name}'s gradient is {p.grad}" for name, p in named_parameters(model)
           if not math.isfinite(p.grad)]
    unknown = [name for name, p in named_parameters(model) if not computed(p)]
    remarks = [*bad[:5], f"and {len(bad) - 5} more" if len(bad) > 5 else "",
               f"not computed: {', '.join(unknown[:5])}{', ...' * (len(unknown) > 5)}; call "
               f"loss.backward() first" if unknown else ""]
    return Table(rows, remarks, ok=not bad and not unknown)


def layer_row(name: str, parameters: Sequence[Value]) -> dict[str, Any]:
    """The sizes of the gradients of one layer."""
    sizes = [abs(p.grad) for p in parameters]
    finite = [g for g in sizes if math.isfinite(g)]
    return {"layer": name, "parameters": len(sizes), "norm": math.hypot(*sizes),
            "smallest": float(min(finite, default=math.nan)),
            "largest": float(max(finite, default=math.nan)),
            "zeros": sizes.count(0), "nan": sum(math.isnan(g) for g in sizes),
            "inf": sum(map(math.isinf, sizes))}


def batch_gradients(model: Any, data: Any, loss: Any, over: str = "mean") -> Table:
    """Each parameter's gradient over a batch, against the mean of the gradients of its samples.

    over: "mean", or "sum" for losses that add up the samples, such as half_sum_of_squares.
    True if they agree to 1e-12 of the sum of sizes. The model's own gradients are not touched.
    """
    if over not in ("mean", "sum"):
        raise ValueError(f"over={over!r} is neither 'mean' nor 'sum': choose what the loss takes "
                         f"over its samples")
    task, names = task_of(model, data, loss), named_parameters(model)
    count = len(task.xs)
    whole = gradients(task, list(range(count)))
    single = [gradients(task, [i]) for i in range(count)]
    share = count if over == "mean" else 1
    rows, ok = [], True
    for (name, _), g, parts in zip(names, whole, zip(*single)):
        combined = math.fsum(parts) / share
        ok = ok and abs(g - combined) <= 1e-12 * (math.fsum(map(abs, parts)) / share)
        rows.append({"parameter": name, "batch": g, f"{over} of samples": combined,
                     "difference": g - combined})
    return Table(rows, [f"a batch of {count}: the gradients {'agree' if ok else 'DIFFER'}"], ok)


def gradients(task: Task, indices: Sequence[int]) -> list[float]:
    """The gradients of all parameters over some samples; those on the parameters stay."""
    parameters = [p for _, p in named_parameters(task.model)]
    return [float(g.data) for g in grad(task.value(indices), parameters)]
