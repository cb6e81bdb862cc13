"""The console command `handgrad`. `handgrad demo` runs the two networks and draws them.

The commands `audit` and `exercise` are in grading.py; `gallery` writes what gallery.py makes.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from engine import check_gradients
from nn import networks
from nn.networks import READINGS, Network

from .grading import add_audit, add_exercise, in_words
from .graph import draw


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status: 0, or 1 when something went wrong.

    `audit` returns 1 for a derivation with something wrong, and 2 for a sheet it cannot read. When
    nobody reads on, as behind `| head`, all ends quietly with 141, as programs in a pipe do.
    """
    options = parser().parse_args(arguments)
    try:
        status = int(options.run(options))
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())   # for the flush at the end
        return 141
    except (OSError, ValueError) as error:
        print(f"handgrad: {in_words(error)}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """The arguments of the command line."""
    top = argparse.ArgumentParser(prog="handgrad",
                                  description="A scalar autograd engine that shows its working.")
    top.add_argument("--version", action="version", version=f"handgrad {installed()}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    run = commands.add_parser("demo", help="run both networks of the documents and draw them",
                              description="Runs the 1-1-1 and the 3-3-3 network for one step of "
                                          "gradient descent, prints every number and writes "
                                          "two pictures.")
    run.add_argument("--lr", type=positive, default=0.01, help="learning rate (default 0.01)")
    run.add_argument("--reading", choices=READINGS, default="binary",
                     help="how to read the 3-3-3 network's cross-entropy (default binary, n = 1)")
    run.add_argument("--out", default="pictures",
                     help="folder for the pictures (default ./pictures)")
    run.add_argument("--format", choices=("svg", "png", "pdf"), default="svg", help="default svg")
    run.set_defaults(run=lambda o: demo(o.lr, o.reading, Path(o.out), o.format))
    add_audit(commands)
    add_exercise(commands)
    add_gallery(commands)
    return top


def add_gallery(commands: Any) -> None:
    """Adds the command `gallery` to the command line."""
    run = commands.add_parser("gallery", help="write a site of explorers and audits",
                              description="Writes a folder of pages that work offline: the "
                                          "documents' networks to step through, derivations, "
                                          "audits and training runs.")
    run.add_argument("sheets", nargs="*", help="TOML sheets to audit; by default a sample")
    run.add_argument("--out", default="site", help="folder for the pages (default ./site)")
    run.set_defaults(run=lambda o: show_gallery(o.out, o.sheets))


def show_gallery(out: str, sheets: Sequence[str]) -> int:
    """Writes the gallery and says where it begins."""
    from .gallery import gallery
    pages = gallery(out, sheets)
    print(f"{len(pages)} pages; open {pages[0]}")
    return 0


def installed() -> str:
    """The version of the installed distribution."""
    try:
        return version("handgrad")
    except PackageNotFoundError:
        return "(not installed)"


def positive(text: str) -> float:
    """A positive number from the command line."""
    try:
        x = float(text)
    except ValueError:
        x = -1.0
    if not 0 < x < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number, such as 0.01")
    return x


def demo(lr: float, reading: str, out: Path, suffix: str) -> int:
    """Runs and draws both networks; 1 if a gradient disagrees with its finite difference."""
    out.mkdir(parents=True, exist_ok=True)
    runs = [("linear 1-1-1", "document 000", networks.linear_1_1_1(), "linear_1_1_1"),
            ("ReLU / sigmoid / softmax 3-3-3", f"document 001, cross-entropy read as {reading}",
             networks.relu_sigmoid_softmax_3_3_3(reading=reading), "relu_sigmoid_softmax_3_3_3")]
    agreed = [show(title, note, net, lr, out / f"{name}.{suffix}")
              for title, note, net, name in runs]
    return 0 if all(agreed) else 1


def show(title: str, note: str, net: Network, lr: float, path: Path) -> bool:
    """Draws a network's graph, prints one step of it, and says whether all gradients agree."""
    report = check_gradients(net.loss, net.named_parameters())
    loss = net.loss()
    loss.backward()
    picture = draw(loss, net).save(path)
    forward = [[name, number(v.data), number(v.grad)]
               for name, v in [*net.named_values(), ("loss", loss)]]
    old = [number(p.data) for p in net.parameters()]
    net.step(lr)
    step = [[row.name, before, number(row.analytic), number(row.numeric), f"{row.absolute:.1e}",
             number(p.data)] for row, before, p in zip(report.rows, old, net.parameters())]
    print(f"{title}   ({note})\n{'=' * (len(title) + len(note) + 5)}\n\nforward")
    print(*table(["quantity", "value", "gradient"], forward), sep="\n")
    print(f"\ngradients, and one step with learning rate {lr:g}")
    print(*table(["parameter", "value", "gradient", "differences", "apart by", "updated"], step),
          sep="\n")
    print("\nall gradients agree with their finite differences" if report else f"\n{report}")
    print(f"loss {loss.data:.6f} before the step, {net.loss().data:.6f} after it")
    print(f"picture: {picture}\n")
    return report.ok


def number(x: float) -> str:
    """Seven significant digits."""
    return f"{x:.7g}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table whose first column is flush left and whose numbers are flush right."""
    lines = [list(heads), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    return ["  " + "  ".join([line[0].ljust(widths[0]),
                              *(c.rjust(w) for c, w in zip(line[1:], widths[1:]))])
            for line in lines]
