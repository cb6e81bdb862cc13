"""The explorer as a notebook widget: a slider moved there changes the Value, and the other way.

This is the one place of viz that changes a graph, and only when somebody drags a number or calls
`refresh`: the leaves get the numbers of the sliders, and the nodes above are computed anew by their
own rules, so that the recorded graph stays one graph. Start reading at `made`.
"""

import math
from typing import TYPE_CHECKING, Any

from engine import Value
from engine.graph import topological
from engine.scalars import result

from . import bundle

if TYPE_CHECKING:
    from ..explore import Explorer


def made(explorer: "Explorer") -> Any:
    """The widget of an explorer; ImportError, with what to install, without anywidget."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise ImportError("the notebook widget needs the package anywidget: install "
                          "handgrad[widget], or use .save('graph.html')") from None

    parts = {"_esm": bundle.module(explorer.data), "_css": bundle.text("style.css"),
             "data": traitlets.Dict(explorer.data).tag(sync=True),
             "numbers": traitlets.Dict().tag(sync=True)}
    widget: Any = type("ExplorerWidget", (anywidget.AnyWidget,), parts)(
        numbers=numbers_of(explorer))
    widget.observe(lambda change: receive(explorer, change["new"]), "numbers")
    return widget


def numbers_of(explorer: "Explorer") -> dict[str, float]:
    """The numbers of the leaves, those that JSON knows."""
    return {str(i): n.data for i, n in enumerate(explorer.nodes)
            if not n._prev and math.isfinite(n.data)}


def receive(explorer: "Explorer", numbers: dict[str, float]) -> None:
    """Sets the leaves to the numbers that the page sent, and computes the graph anew."""
    for i, x in numbers.items():
        node = explorer.nodes[int(i)]
        if not node._prev and x is not None:
            node.data = float(x) if x != node.data else node.data
    recompute(explorer.y)


def recompute(y: Value) -> None:
    """Computes every node below y anew, by the rule that made it; those made by hand stay."""
    for node in topological([y])[1]:
        if hasattr(node._rule, "row"):
            node.data = result(node._rule.value([x.data for x in node._prev]))
