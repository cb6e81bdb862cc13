"""History: what a training run did, epoch by epoch; saved as JSON or CSV, and continued from there.

    epochs[k]                the number of the epoch: how many went before it, also in earlier runs
    loss[k]                  the mean loss over its batches, each taken before its own update
    lr[k]                    the learning rate it used
    gradient_norms[layer][k] Euclidean norm of the gradient of the layer, mean over the batches
    parameters[name][k]      the parameters with which the epoch began

With one batch per epoch, all of row k belongs to one point: the loss there, its gradient, the rate
of the step that left it. `warnings` and `stopped` are sentences; `gear` is "eager" or "native".
"""

import csv
import json
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

PREFIXES = {"gradient_norms": "gradient norm: ", "parameters": "parameter: "}   # in CSV headers
COLUMNS_SHOWN = 6


class History:
    """The record of a training run; empty at first, filled by `append` or by `nn.fit`."""

    def __init__(self) -> None:
        self.epochs: list[int] = []
        self.loss: list[float] = []
        self.lr: list[float] = []
        self.gradient_norms: dict[str, list[float]] = {}
        self.parameters: dict[str, list[float]] = {}
        self.warnings: list[str] = []
        self.stopped = ""
        self.gear = "eager"

    def append(self, loss: float, lr: float, gradient_norms: Mapping[str, float],
               parameters: Mapping[str, float]) -> None:
        """Adds one epoch; ValueError if its layers or parameters are not those of the others."""
        self.check(list(gradient_norms), list(parameters))
        self.epochs.append(self.epochs[-1] + 1 if self.epochs else 0)
        self.loss.append(loss)
        self.lr.append(lr)
        for columns, numbers in ((self.gradient_norms, gradient_norms),
                                 (self.parameters, parameters)):
            for name, x in numbers.items():
                columns.setdefault(name, []).append(x)

    def check(self, layers: list[str], parameters: list[str]) -> None:
        """ValueError unless an epoch with these layers and parameters can follow."""
        for what, names in (("gradient_norms", layers), ("parameters", parameters)):
            own = list(getattr(self, what))
            if self.epochs and own != names:
                raise ValueError(f"the history's {what} are those of {brief(own)}, and the epochs "
                                 f"to come have {brief(names)}: continue with the same model, or "
                                 f"start a new History")

    def trim(self) -> None:
        """Takes back an epoch that was recorded only in part, when something interrupted it."""
        columns: list[list[Any]] = [self.epochs, self.loss, self.lr, *self.gradient_norms.values(),
                                    *self.parameters.values()]
        whole = min(map(len, columns))
        for column in columns:
            del column[whole:]

    @property
    def best(self) -> int:
        """The index of the smallest loss, the first of equals; -1 of an empty history."""
        finite = [k for k, x in enumerate(self.loss) if not math.isnan(x)]
        return min(finite, key=self.loss.__getitem__) if finite else len(self.loss) - 1

    def __len__(self) -> int:
        return len(self.epochs)

    def __repr__(self) -> str:
        run = f", loss {self.loss[0]:.4g} -> {self.loss[-1]:.4g}" if self.loss else ""
        warned = f", {len(self.warnings)} warning(s)" if self.warnings else ""
        return f"History({len(self)} epochs{run}{warned}{', ' * bool(self.stopped)}{self.stopped})"

    def __str__(self) -> str:
        if not self.epochs:
            return "no epochs yet"
        norms = list(self.gradient_norms)[:COLUMNS_SHOWN]
        cells = [["", "epoch", "loss", "lr", *(f"|grad {name}|" for name in norms)]]
        for word, k in (("first", 0), ("best", self.best), ("last", len(self) - 1)):
            numbers = [self.loss[k], self.lr[k], *(self.gradient_norms[name][k] for name in norms)]
            cells.append([word, str(self.epochs[k]), *(f"{x:.4g}" for x in numbers)])
        more = len(self.gradient_norms) - len(norms)
        said = [f"and {more} more layers"] if more else []
        said += [f"stopped: {self.stopped}"] if self.stopped else []
        return "\n".join([aligned(cells), *said, *(f"warning: {w}" for w in self.warnings)])

    # ---- files

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Writes everything to a .json or .csv file, so that `load` gives back the same numbers."""
        text = {".json": self._json, ".csv": self._csv}[suffix(path)]
        with open(path, "w", encoding="utf-8", newline="") as file:
            for part in text():
                file.write(part)

    @classmethod
    def load(cls, path: "str | os.PathLike[str]") -> "History":
        """The history in a file that `save` wrote."""
        read = {".json": read_json, ".csv": read_csv}[suffix(path)]
        history = cls()
        with open(path, encoding="utf-8", newline="") as file:
            try:
                vars(history).update(read(file.read()))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise ValueError(f"{os.fspath(path)!r} is no history that save() wrote "
                                 f"({type(error).__name__}: {error}): give such a file") from error
        return history

    def _json(self) -> Iterator[str]:
        yield json.dumps(plain(vars(self)), indent=1, allow_nan=False) + "\n"

    def _csv(self) -> Iterator[str]:
        """The sentences as lines that begin with #, a header, one line per epoch."""
        for word, sentences in (("stopped", [self.stopped]), ("warning", self.warnings)):
            yield from (f"# {word}: {s}\r\n" for s in sentences if s)
        groups = [(PREFIXES[g] + name, xs) for g in PREFIXES for name, xs in vars(self)[g].items()]
        names = ["epoch", "loss", "lr", *(name for name, _ in groups)]
        lines: list[str] = []
        writer = csv.writer(Lines(lines))
        writer.writerow(names)
        writer.writerows(zip(self.epochs, self.loss, self.lr, *(xs for _, xs in groups)))
        yield from lines


class Lines:
    """A file in the eyes of `csv.writer`: it collects lines in a list."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append


def suffix(path: "str | os.PathLike[str]") -> str:
    """".json" or ".csv", the end of a path; ValueError for any other."""
    end = os.path.splitext(os.fspath(path))[1].lower()
    if end not in (".json", ".csv"):
        raise ValueError(f"a history is kept as .json or .csv, and {os.fspath(path)!r} ends in "
                         f"{end!r}: choose one of the two")
    return end


def plain(x: Any) -> Any:
    """x with nan and inf as the strings that `float` reads, for JSON knows neither."""
    if isinstance(x, dict):
        return {name: plain(inside) for name, inside in x.items()}
    if isinstance(x, list):
        return [plain(inside) for inside in x]
    return repr(x) if isinstance(x, float) and not math.isfinite(x) else x


def read_json(text: str) -> dict[str, Any]:
    """The attributes of a History, from the text of its JSON file."""
    kept = json.loads(text)
    columns = {group: {name: floats(xs) for name, xs in kept[group].items()} for group in PREFIXES}
    return {"epochs": [int(k) for k in kept["epochs"]], "loss": floats(kept["loss"]),
            "lr": floats(kept["lr"]), "warnings": [str(w) for w in kept["warnings"]],
            "stopped": str(kept["stopped"]), **columns}


def read_csv(text: str) -> dict[str, Any]:
    """The attributes of a History, from the text of its CSV file."""
    lines = text.splitlines()
    said = [line[2:].split(": ", 1) for line in lines if line.startswith("# ")]
    header, *rows = csv.reader(line for line in lines if not line.startswith("# "))
    table = {name: [row[i] for row in rows] for i, name in enumerate(header)}
    columns = {group: {name[len(start):]: floats(xs) for name, xs in table.items()
                       if name.startswith(start)} for group, start in PREFIXES.items()}
    return {"epochs": [int(k) for k in table["epoch"]], "loss": floats(table["loss"]),
            "lr": floats(table["lr"]), "warnings": [s for word, s in said if word == "warning"],
            "stopped": "".join(s for word, s in said if word == "stopped"), **columns}


def brief(names: list[str]) -> str:
    """The first few of a list of names."""
    return f"{', '.join(names[:4])}{', ...' * (len(names) > 4)}" or "nothing"


def floats(xs: list[Any]) -> list[float]:
    """A list of numbers or their strings as floats."""
    return [float(x) for x in xs]


def aligned(cells: list[list[str]]) -> str:
    """Rows of strings as a text table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*cells)]
    return "\n".join("  ".join(c.rjust(w) if i else c.ljust(w)
                               for i, (c, w) in enumerate(zip(row, widths))).rstrip()
                     for row in cells)
