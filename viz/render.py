"""Graphviz source made into svg, png or pdf, also on a machine without the `dot` program.

Two renderers are tried in turn, each a command that reads source and writes a picture:

    the system's `dot`, where there is one
    this file, run as a program: it calls the Graphviz library inside the package `pygraphviz`

A program of its own keeps what Graphviz and its font library print away from the user, and a crash
or an endless layout away from the session.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

HERE = os.path.abspath(__file__)
FORMATS = ("svg", "png", "pdf")
LAYOUT = "json0"                        # where boxes and arrows stand, for the explorer
BETWEEN = "\0"                          # several sources, and their layouts
SECONDS = 300.0                         # a layout that takes longer is given up
MISSING = ("the Python package pygraphviz is missing; run `pip install pygraphviz`, or save the "
           "picture as .dot and draw it elsewhere")


def render(source: str, format: str = "svg", *, timeout: float = SECONDS) -> bytes:
    """The picture of a Graphviz source; RuntimeError with the fix where nothing can draw it."""
    if format not in (*FORMATS, LAYOUT):
        raise ValueError(f"the format {format!r} is not known: choose svg, png, pdf or dot")
    complaints = []
    for command in commands(format):
        try:
            done = subprocess.run(command, input=source.encode(), capture_output=True,
                                  timeout=timeout, env=surroundings())
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"Graphviz did not finish this picture within {timeout:g} seconds: "
                               f"fold it, as in draw(..., fold='layer')") from None
        except OSError as error:
            complaints.append(str(error))
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        complaints.append(last_line(done.stderr))
    why = "; ".join(complaints) or MISSING
    raise RuntimeError(f"this picture could not be rendered as {format}: {why}")


def layouts(sources: Sequence[str]) -> list[bytes]:
    """Where boxes and arrows stand in each of some sources, as JSON; in one run where it can be."""
    if shutil.which("dot") or len(sources) == 1:
        return [render(source, LAYOUT) for source in sources]
    return render(BETWEEN.join(sources), LAYOUT).split(BETWEEN.encode())


def commands(format: str) -> list[list[str]]:
    """The commands that render, in the order in which to try them."""
    dot = shutil.which("dot")
    system = [[dot, f"-T{format}"]] if dot else []
    return system + ([[sys.executable, HERE, format]] if sys.executable else [])


def surroundings() -> dict[str, str]:
    """The environment for a renderer: ours, with the places where this process finds modules."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


def last_line(noise: bytes) -> str:
    """The last line that is not about fonts, of what a renderer printed."""
    lines = [line.strip() for line in noise.decode(errors="replace").splitlines()]
    said = [line for line in lines if line and "ontconfig" not in line]
    return said[-1] if said else "the renderer printed nothing"


def main(format: str) -> None:
    """Reads sources from the standard input and writes their pictures to the standard output."""
    sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(HERE)]
    try:
        from pygraphviz import AGraph
    except ImportError:
        sys.exit(MISSING)
    sources = sys.stdin.buffer.read().decode().split(BETWEEN)
    made = [AGraph(string=source).draw(format=format, prog="dot") for source in sources]
    sys.stdout.buffer.write(BETWEEN.encode().join(made))


if __name__ == "__main__":
    main(sys.argv[1])
