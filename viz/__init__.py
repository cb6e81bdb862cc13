"""viz: a graph of Values, read: as a picture, as formulas, as a derivation. It changes no node.

    text.py        an expression as plain text or LaTeX
    graph.py       draw: the picture                <- start here
    parts.py         what each node is: kind, name, layer
    fold.py          which nodes of a large graph share a box
    labels.py        what stands in a box
    palette.py       what it looks like
    picture.py     Picture: shows and saves itself
    render.py      Graphviz without the `dot` program
    derivation.py  derive: a gradient, step by step
    plan.py          which nodes get a step, under which names
    steps.py         what each step says
    reading.py       the names of rules, slopes as formulas
    algebra.py       formulas simplified
    formulas.py      formulas written out
    second.py        names for gradients of gradients
    layout.py        plain text; typeset.py: Markdown and LaTeX; web.py: HTML
    page.py        an HTML page that stands alone
    source.py      to_source: both passes as Python that runs on its own
    helpers.py       the functions that such a program calls
    explore.py     explore: a page to step through, live    explorer/ its parts
    auditing/      audit: a hand derivation, checked step by step
    jacobians.py   Jacobians of vectors and matrices, as tables and heat maps
    plots.py       training curves, gradient flow, decision boundary
    chart.py         what the plots share
    live.py        a loss curve that grows during `fit`
    gallery.py     a site of such pages
    displays.py    Values, modules and histories in a notebook
    command.py     the console command `handgrad`
"""

from . import plots
from .auditing import Audit, Problem, audit, exercise, read_sheet
from .derivation import Derivation, derive
from .displays import register
from .explore import Explorer, explore
from .graph import draw, draw_dot
from .jacobians import JacobianTensor, jacobian_tensor
from .live import live
from .picture import Picture
from .source import to_source
from .text import expression, name

__all__ = [
    "Audit", "Derivation", "Explorer", "JacobianTensor", "Picture", "Problem", "audit", "derive",
    "draw", "draw_dot", "exercise", "explore", "expression", "jacobian_tensor", "live", "name",
    "plots", "read_sheet", "to_source",
]

register()                          # rich displays, where a notebook runs
