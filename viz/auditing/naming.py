"""Names that equations can be written in: one for every node of a graph, unlike all others.

    a label           as it is, if an equation can hold it: W1, y_hat, W_ij[1,2]; else made readable
    a parameter       W2[3,1] and b2[1] for the weights of a network's second layer, from input 3 to
                      unit 1; elsewhere its path, with all its indices behind it and counted from 1
    anything else     the name that a picture gives it, such as z2[1] or v7
"""

import re
from typing import Any

from engine import Value

from ..parts import Survey
from .equations import FUNCTIONS, plain, tidy

READABLE = re.compile(r"[^\W\d_]\w*(?:\[\d+(?:,\d+)*\])?")
LAYERED = re.compile(r"layers\[(\d+)\]\.neurons\[(\d+)\]\.(w|b)(?:\[(\d+)\])?")


def readable_names(found: Survey, module: Any = None) -> dict[Value, str]:
    """A readable name for every named node of a survey."""
    paths = {p: path for path, p in module.named_parameters()} if module is not None else {}
    wanted = {n: wish(n, name, paths) for n, name in found.names.items()}
    first = sorted(wanted, key=lambda n: (not n.label, n not in paths))     # who keeps its name
    taken: dict[str, Value] = {}
    for node in first:
        taken[free(wanted[node], taken)] = node
    names = {node: name for name, node in taken.items()}
    return {node: names[node] for node in wanted}


def wish(node: Value, shown: str, paths: dict[Value, str]) -> str:
    """The name that a node should have if no other has it; `shown` is what a picture calls it."""
    if not node.label and node in paths:
        return from_path(paths[node])
    return readable(str(shown))


def from_path(path: str) -> str:
    """A parameter's path as a name: layers[0].neurons[1].w[2] is W1[3,2]."""
    layered = LAYERED.fullmatch(path)
    if layered:
        layer, unit, kind, i = (p if p in ("w", "b") else int(p or 0) + 1
                                for p in layered.groups())
        return f"W{layer}[{i},{unit}]" if kind == "w" else f"b{layer}[{unit}]"
    indices = ",".join(str(int(i) + 1) for i in re.findall(r"\[(\d+)\]", path))
    base = readable(re.sub(r"\[\d+\]", "", path))
    return f"{base}[{indices}]" if indices else base


def readable(label: str) -> str:
    """A label as a name that equations can hold: 'my weight!' is my_weight."""
    name = tidy(plain(label))
    if READABLE.fullmatch(name) and name not in FUNCTIONS:
        return name
    name = re.sub(r"\W+", "_", plain(label)).strip("_")
    return name if READABLE.fullmatch(name) and name not in FUNCTIONS else f"v_{name}".rstrip("_")


def free(name: str, taken: dict[str, Value]) -> str:
    """The name, or with a number behind it the first that is not taken: w_2, w_2[1,1]."""
    base, bracket, index = name.partition("[")
    i, found = 1, name
    while found in taken:
        i += 1
        found = f"{base}_{i}{bracket}{index}"
    return found
