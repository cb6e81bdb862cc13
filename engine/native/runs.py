"""Long dots of leaves, such as a sum of squares of all parameters, as loops over their places."""

from typing import Any

from .graph import Graph
from .layout import Layout
from .llvm import Writer

LONG = 16


class Runs:
    """A dot as runs: so many products of numbers from place a and from place b on."""

    def __init__(self, runs: list[tuple[int, int, int]], nodes: set[int],
                 start: "int | None") -> None:
        self.runs, self.nodes, self.start = runs, nodes, start

    def value(self, w: Writer) -> Any:
        """The sum of the products."""
        s: Any = 0.0
        for a, b, n in self.runs:
            place = w.variable()
            with w.loop(n) as i:
                x, y = (w.load_again("%s", w.whole("add", i, start)) for start in (a, b))
                w.count += 1
                w.lines.append(f"  %m{w.count} = fmul contract double {x.name}, {y.name}")
                add(w, f"%m{w.count}", place)
            s = w.load_again(place, 0) + s
        return s

    def hand_on(self, w: Writer, g: Any, graph: Graph) -> None:
        """Adds g times the one factor to the gradient of the other."""
        for a, b, n in self.runs:
            for x, y in ((a, b), (b, a)):
                with w.loop(n) as i:
                    share = w.load_again("%s", w.whole("add", i, y)) * g
                    w.add_to(share.name, "%g", w.whole("add", i, x))


def add(w: Writer, x: str, place: str) -> None:
    """Adds to a sum whose order of additions is free."""
    old = w.load_again(place, 0)
    w.count += 1
    w.lines.append(f"  %s{w.count} = fadd reassoc contract double {old.name}, {x}")
    w.lines.append(f"  store double %s{w.count}, ptr {place}, align 8")


def runs_of(graph: Graph, layout: Layout, k: int) -> "Runs | None":
    """The runs of a node, if it is a long dot of parameters that stand in long runs."""
    inputs = graph.inputs[k]
    n = len(inputs) // 2
    leaves = inputs[:2 * n]
    if getattr(graph.rules[k], "name", "") != "dot" or n < LONG or len(inputs) % 2 or not all(
            x in layout.place and layout.place[x][0] == 0 for x in leaves):
        return None
    pairs = sorted((layout.slot(a), layout.slot(b)) for a, b in zip(inputs[:n], inputs[n:2 * n]))
    runs: list[tuple[int, int, int]] = []
    for a, b in pairs:
        if runs and runs[-1][0] + runs[-1][2] == a and runs[-1][1] + runs[-1][2] == b:
            runs[-1] = (runs[-1][0], runs[-1][1], runs[-1][2] + 1)
        else:
            runs.append((a, b, 1))
    return Runs(runs, set(leaves), None) if n >= 8 * len(runs) else None
