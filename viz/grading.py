"""The console commands `handgrad audit`, which grades a sheet, and `handgrad exercise`.

    handgrad exercise --out sheet.toml          blanks to fill in by hand
    handgrad audit sheet.toml                   the report; status 0 if all is right, 1 if not

A sheet that cannot be read, or a file that cannot be written, ends with status 2.
"""

import argparse
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any

from engine import Value
from engine.value import constant
from nn import MLP, mean_squared_error, networks
from nn.networks import READINGS, vector

from .auditing.audit import Audit, audit
from .auditing.exercise import exercise
from .auditing.sheets import AS_WRITTEN, EXAMPLE, read_sheet
from .render import FORMATS as PICTURES

FORMATS: dict[str, Callable[[Audit], str]] = {"text": str, "markdown": Audit.markdown,
                                              "html": Audit.html}
SUFFIXES = {"": "text", ".txt": "text", ".md": "markdown", ".markdown": "markdown",
            ".html": "html", ".htm": "html"}
FIXED = ("linear_1_1_1", "relu_sigmoid_softmax_3_3_3")


def add_audit(commands: Any) -> None:
    """Adds the command `audit` to the command line."""
    run = commands.add_parser("audit", help="check a derivation in a TOML sheet, step by step",
                              formatter_class=argparse.RawDescriptionHelpFormatter,
                              description="Checks every number and formula of a sheet, names the "
                                          "first wrong step and\nthe kind of slip, and gives "
                                          "points. Status 0: all right; 1: something is wrong or\n"
                                          "blank; 2: the sheet cannot be read, or the report "
                                          "cannot be written.",
                              epilog="a sheet:\n\n" + indent(EXAMPLE, "  "))
    run.add_argument("sheet", help="the TOML file")
    run.add_argument("--reading", help="one of the readings that the sheet offers of its loss")
    run.add_argument("--format", choices=FORMATS, help="default text, or what --out ends in")
    run.add_argument("--out", type=Path, help="a file for the report, instead of the terminal")
    run.add_argument("--picture", type=Path,
                     help="a file for the graph with the wrong steps marked: .svg, .png or .pdf")
    run.set_defaults(run=run_audit)


def run_audit(options: argparse.Namespace) -> int:
    """Grades a sheet; 0 if all is right, 1 if something is wrong, 2 if it cannot be read."""
    try:
        form = options.format or format_of(options.out)
        check_place(options.out)
        check_picture(options.picture)
        sheet = read_sheet(options.sheet, options.reading)
    except (OSError, ValueError) as error:
        print(f"handgrad: {in_words(error)}", file=sys.stderr)
        return 2
    title = sheet.title or Path(options.sheet).stem
    if sheet.reading != AS_WRITTEN:
        title += f" (read as {sheet.reading})"
    found = audit(sheet.steps, sheet.problem, title=title)
    deliver(FORMATS[form](found), options.out, f"{title}: {found.points()}")
    if options.picture:
        print(f"picture: {found.picture().save(options.picture)}",
              file=sys.stdout if options.out else sys.stderr)
    return 0 if found.ok else 1


def add_exercise(commands: Any) -> None:
    """Adds the command `exercise` to the command line."""
    run = commands.add_parser("exercise", help="make a sheet with blanks to fill in by hand",
                              description="Writes a sheet that asks for every number of a network: "
                                          "forward, backward, update, forward again. "
                                          "`handgrad audit` grades it.")
    run.add_argument("--network", type=network_name, default=FIXED[0],
                     help=f"{', '.join(FIXED)}, or mlp:2-3-1, any number of inputs and of units "
                          f"per layer (default {FIXED[0]})")
    run.add_argument("--reading", choices=READINGS, default="binary",
                     help="how to read the 3-3-3 network's cross-entropy (default binary)")
    run.add_argument("--activation", default="tanh",
                     help="of the hidden layers of an MLP (default tanh)")
    run.add_argument("--seed", type=int, help="draw other numbers, the same for the same seed")
    run.add_argument("--rate", type=float, default=0.01, help="learning rate (default 0.01)")
    run.add_argument("--digits", type=int, default=4, help="significant digits (default 4)")
    run.add_argument("--solved", action="store_true", help="write the right numbers in")
    run.add_argument("--out", type=Path, help="a file for the sheet, instead of the terminal")
    run.set_defaults(run=run_exercise)


def run_exercise(options: argparse.Namespace) -> int:
    """Writes a sheet; 0."""
    check_place(options.out)
    loss, module = posed(options)
    text = exercise(loss, module=module, rate=options.rate, digits=options.digits,
                    title=options.network, solved=options.solved)
    deliver(text, options.out, f"sheet: {options.out}")
    return 0


def network_name(text: str) -> str:
    """The name of a network from the command line."""
    if text in FIXED or re.fullmatch(r"mlp:0*[1-9]\d*(-0*[1-9]\d*)+", text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no network: write {', '.join(FIXED)}, or "
                                     f"mlp:2-3-1 with the number of inputs and of units per layer")


def posed(options: argparse.Namespace) -> tuple[Value, Any]:
    """The loss and the network that an exercise is about."""
    name, _, sizes = options.network.partition(":")
    if name == "mlp":
        return random_mlp([int(w) for w in sizes.split("-")], options.activation, options.seed or 0)
    reading = {"reading": options.reading} if name == FIXED[1] else {}
    net = getattr(networks, name)(**reading)
    if options.seed is not None:
        redraw(net.parameters(), options.seed)
    return net.loss(), net


def random_mlp(sizes: list[int], activation: str, seed: int) -> tuple[Value, MLP]:
    """A loss and its MLP, with numbers of two digits drawn for inputs, targets and parameters."""
    net = MLP(sizes[0], sizes[1:], activation)
    x, y = (vector(name, [0.0] * n, constant) for name, n in (("x", sizes[0]), ("y", sizes[-1])))
    redraw([*x, *y, *net.parameters()], seed)
    out = net(x)
    outputs = out if isinstance(out, list) else [out]
    for v, named in zip(outputs, vector("y_hat", [0.0] * len(outputs))):
        v.label = named.label
    loss = mean_squared_error(outputs, y)
    loss.label = "L"
    return loss, net


def redraw(values: list[Value], seed: int) -> None:
    """Gives Values new numbers between -1 and 1, of at most two digits and never 0."""
    draw = random.Random(seed)
    for v in values:
        v.data = draw.choice([-1, 1]) * draw.randint(1, 99) / 100


# ---- files

def format_of(path: Path | None) -> str:
    """The format that a report's file asks for by its ending; ValueError names the endings."""
    suffix = path.suffix.lower() if path else ""
    if suffix not in SUFFIXES:
        raise ValueError(f"--out {path}: a report cannot be written as {suffix}: let the file end "
                         f"in {', '.join(filter(None, SUFFIXES))}, or choose a --format "
                         f"({', '.join(FORMATS)})")
    return SUFFIXES[suffix]


def check_place(path: Path | None) -> None:
    """Refuses a file that is a folder, or whose folder is not there."""
    if path and path.is_dir():
        raise ValueError(f"{path} is a folder: give the path of a file in it")
    if path and not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent}: make it, or write {path.name} "
                         f"somewhere else")


def check_picture(path: Path | None) -> None:
    """Refuses a picture that cannot be written."""
    check_place(path)
    endings = [f".{name}" for name in (*PICTURES, "dot")]
    if path and path.suffix.lower() not in endings:
        raise ValueError(f"--picture {path}: let the file end in {', '.join(endings)}")


def in_words(error: Exception) -> str:
    """What an error says, that of the operating system without its number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def deliver(text: str, path: Path | None, told: str) -> None:
    """Prints a text, or writes it to a file and says so."""
    if path is None:
        print(text.rstrip("\n"))
        return
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    print(told)
