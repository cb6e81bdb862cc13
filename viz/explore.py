"""The explorer: a graph to step through, forward and backward, in a notebook or as one HTML file.

    explore(loss)                       the last line of a notebook cell shows it
    explore(loss, net).save("net.html") one file that opens offline
    explore(loss, derivation=derive(loss, W1))      the steps beside the graph
    explore(audit(claims, loss))        a hand derivation's statements beside the graph

The page holds the numbers and the program that makes them, generated from the rows of the engine,
so that a number can be dragged there and everything follows. Start reading at `explore`; the parts
are listed in explorer/__init__.py.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

from engine import Value, is_constant

from .auditing import Audit
from .derivation import Derivation
from .explorer import bundle
from .explorer.beside import audit_data, derivation_data
from .explorer.graphdata import Graph, read
from .explorer.places import placed
from .explorer.views import views
from .palette import NOT_FINITE, SIGN, SIZE
from .plan import check_rule

COLOURS = {None: "none", "value": "value", "gradient": "gradient", "size": "size"}
DIRECTIONS = (None, "LR", "TB", "RL", "BT")


class Explorer:
    """A page on a graph. A notebook shows it; `save` writes it as a file that opens offline.

    y: the explored Value; data: all that the page knows, as JSON has it; nodes: the Values in the
    order of data["nodes"].
    """

    def __init__(self, y: Value, nodes: list[Value], data: dict[str, Any]) -> None:
        self.y, self.nodes, self.data = y, nodes, data

    def __repr__(self) -> str:
        return f"<Explorer of {len(self.nodes):,} nodes; .save('graph.html') writes it>"

    def html(self) -> str:
        """The whole page; no request leaves it."""
        return bundle.page(self.data)

    def save(self, path: "str | os.PathLike[str]") -> str:
        """Writes the page and returns the path; the suffix .html is added where it is missing."""
        file = Path(path)
        if file.suffix.lower() not in (".html", ".htm"):
            file = file.with_name(f"{file.name}.html")
        file.write_text(self.html(), encoding="utf-8")
        return str(file)

    @cached_property
    def widget(self) -> Any:
        """The notebook widget, two-way with the Values; needs the package anywidget."""
        from .explorer.widget import made
        return made(self)

    def refresh(self) -> None:
        """Computes the graph anew from the numbers of its leaves, and shows that in the widget."""
        from .explorer.widget import numbers_of, recompute
        recompute(self.y)
        self.widget.numbers = numbers_of(self)

    def _repr_html_(self) -> str:
        from html import escape
        return (f'<iframe srcdoc="{escape(self.html())}" sandbox="allow-scripts" title="'
                f'{escape(self.data["title"])}" style="width:100%;height:660px;border:1px solid '
                f'#8792a2;border-radius:6px"></iframe>')

    def _repr_mimebundle_(self, **options: Any) -> Any:
        try:
            return self.widget._repr_mimebundle_(**options)
        except ImportError:
            return {"text/html": self._repr_html_(), "text/plain": repr(self)}


def explore(y: "Value | Audit | Derivation", module: Any = None, *,
            derivation: Derivation | None = None, audit: Audit | None = None, title: str = "",
            fold: str | None = None, color: str | None = None, digits: int = 4,
            direction: str | None = None, rate: float = 0.01) -> Explorer:
    """A page that steps through everything that y was computed from, forward and backward.

    y: a Value; or an Audit or a Derivation, then the graph is theirs. module: a network; its layers
    fold, its parameters get their names. fold: the view to begin with, "none", "neuron", "layer" or
    "level"; by default large graphs are folded. color: "value", "gradient" or "size" of it.
    direction: "LR", from left to right, or "TB", from top to bottom; by default what fits better.
    rate: the learning rate that the page begins with. The graph is not changed.
    """
    derivation = y if isinstance(y, Derivation) else derivation
    audit = y if isinstance(y, Audit) else audit
    root = y.y if isinstance(y, Derivation) else y.problem.loss if isinstance(y, Audit) else y
    check(root, color, direction)
    graph = read(root, module, digits)
    for node in graph.found.inner:
        check_rule(node)
    made, start = views(graph.found, fold)
    data = {"title": title or told(graph.found.names.get(root, "y"), audit), **graph.data,
            "learn": learners(graph, module, audit),
            "rate": audit.problem.rate if audit else rate,
            "views": placed(made, start, graph, direction), "start": start,
            "colour": COLOURS[color], "palette": {"size": SIZE, "sign": SIGN, "bad": NOT_FINITE}}
    if derivation is not None:
        data["derivation"] = derivation_data(derivation, graph)
    if audit is not None:
        data["audit"] = audit_data(audit, graph)
    return Explorer(root, graph.found.nodes, data)


def learners(graph: Graph, module: Any, audit: Audit | None) -> list[int]:
    """What gradient descent moves: a module's or an audit's parameters, else every variable."""
    found = (module.parameters() if module is not None else audit.problem.parameters if audit else
             [n for n in graph.number if not n._prev and not is_constant(n)])
    return sorted(graph.number[p] for p in found if p in graph.number)


def check(y: Any, color: str | None, direction: str | None) -> None:
    """Raises an error that names the first argument which is not what it can be."""
    if not isinstance(y, Value):
        raise TypeError(f"explore takes a Value, an Audit or a Derivation, not {y!r} of type "
                        f"{type(y).__name__}: give the result of a computation")
    for name, given, known in (("color", color, [*COLOURS]), ("direction", direction, DIRECTIONS)):
        if given not in known:
            raise ValueError(f"{name}={given!r} is not known: choose from "
                             f"{', '.join(map(repr, known))}")


def told(name: str, audit: Audit | None) -> str:
    """The title of a page."""
    return f"Audit: {audit.title}" if audit and audit.title else f"How {name} is computed"
