"""viz: a graph of Values, read: as a picture and as formulas. It writes nothing onto a node.

    text.py      an expression as plain text or LaTeX
    graph.py     draw: the picture                <- start here
    parts.py       what each node is: kind, name, layer
    fold.py        which nodes of a large graph share a box
    labels.py      what stands in a box
    palette.py     what it looks like
    picture.py   Picture: shows and saves itself
    render.py    Graphviz without the `dot` program
"""

from .graph import draw, draw_dot
from .picture import Picture
from .text import expression, name

__all__ = ["Picture", "draw", "draw_dot", "expression", "name"]
