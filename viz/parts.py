"""What each node of a graph is: its kind, its name, and the layer of a network it stands in.

    kind    parameter, input, target, variable, constant, operation, output or loss
    place   INPUTS, 0, 1, ... for the layers, or LOSS; None without layers
    name    its label, or its path in the module, or one made up: x1, y1, z2[3], h2[3], v7

A node stands in a layer if it combines the layer's parameters with something else, or applies the
layer's activation to what stands in that layer. Whatever no layer comes after is the loss.
Start reading at `survey`.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine import Value, is_constant

INPUTS, LOSS = -1, 10 ** 9
PATH = re.compile(r"(?:layers\[\d+\]\.)?(?:neurons\[(\d+)\]\.)?(\w+)(?:\[([\d, ]+)\])?")


class Survey(NamedTuple):
    """Everything that a picture needs to know about the nodes of a graph."""

    nodes: list[Value]                  # each after its inputs
    inner: list[Value]
    roots: set[Value]
    kinds: dict[Value, str]
    places: dict[Value, int]
    names: dict[Value, str]
    layers: list[str]                   # the titles of the layers
    before: set[Value]                  # the pre-activations


def survey(roots: Sequence[Value], module: Any = None) -> Survey:
    """The kinds, places and names of all nodes below `roots`."""
    nodes = in_reading_order(roots)
    leaves, inner = [n for n in nodes if not n._prev], [n for n in nodes if n._prev]
    paths = {p: path for path, p in module.named_parameters()} if module is not None else {}
    layers = list(getattr(module, "layers", ()))
    owner = {p: i for i, layer in reversed([*enumerate(layers)]) for p in layer.parameters()}
    before, places = placed(inner, owner, [layer.activation for layer in layers])
    settle_leaves(leaves, inner, owner, before, places)
    entering = before_inputs(before)
    kinds = {n: kind(n, paths, places, entering, set(roots), module) for n in nodes}
    titles = [title(layer, i) for i, layer in enumerate(layers)]
    found = Survey(nodes, inner, set(roots), kinds, places, {}, titles, before)
    found.names.update(named(found, paths))
    return found


def in_reading_order(roots: Sequence[Value]) -> list[Value]:
    """All nodes, each after its inputs, and those in the order in which they were written."""
    ordered: dict[Value, None] = {}
    todo: list[Value | None] = [*reversed(roots)]
    entered: set[Value] = set()
    while todo:
        node = todo.pop()
        if node is None:
            ordered[todo.pop()] = None          # type: ignore[index]
        elif node not in entered:
            entered.add(node)
            todo += node, None
            todo += reversed(node._prev)
    return list(ordered)


def title(layer: Any, i: int) -> str:
    """What a layer's frame says."""
    name = getattr(layer, "name", "") or f"layer {i + 1}"
    activation = getattr(layer, "activation", "") or "linear"
    return f"{name} · {activation}"


# ---- places

def placed(inner: list[Value], owner: dict[Value, int],
           activations: list[str]) -> tuple[set[Value], dict[Value, int]]:
    """The pre-activations, and the places of all operations."""
    before: set[Value] = set()
    places: dict[Value, int] = {}
    for node in inner:
        own = [owner[x] for x in node._prev if x in owner]
        others = [x for x in node._prev if x not in owner and not is_constant(x)]
        added = [places[x] for x in others if node._op == "+" and x in before and x._op == "*"]
        penalty = not others and node._rule.name != "dot"       # on weights: part of the loss
        if (own and not penalty) or added:
            places[node] = max(own + added)
            before.add(node)
        elif not own and others:
            where = {places.get(x, LOSS) for x in others}
            k = where.pop()
            if not where and k < LOSS and node._op == activations[k]:
                places[node] = k
    if activations:
        settle(inner, owner, places)
    return before, places


def settle(inner: list[Value], owner: dict[Value, int], places: dict[Value, int]) -> None:
    """Places the operations that no rule placed: in the layer they come from, or in the loss."""
    feeding = feeders(inner, places)
    for node in inner:
        if node not in places:
            come_from = [places.get(x, owner.get(x, INPUTS)) for x in node._prev]
            places[node] = max(come_from) if node in feeding else LOSS


def feeders(inner: list[Value], places: dict[Value, int]) -> set[Value]:
    """All nodes that something placed in a layer depends on."""
    found: set[Value] = set()
    for node in reversed(inner):
        if places.get(node, LOSS) < LOSS or node in found:
            found.update(node._prev)
    return found


def settle_leaves(leaves: list[Value], inner: list[Value], owner: dict[Value, int],
                  before: set[Value], places: dict[Value, int]) -> None:
    """Places parameters in their layers, inputs before them, and other leaves with their reader."""
    if not places:
        return
    feeding, entering = feeders(inner, dict(places)), before_inputs(before)
    reader = {x: places[node] for node in reversed(inner) for x in node._prev}
    for leaf in leaves:
        enters = leaf in entering if is_constant(leaf) else leaf in feeding
        places[leaf] = owner.get(leaf, INPUTS if enters else reader.get(leaf, LOSS))


def before_inputs(before: set[Value]) -> set[Value]:
    """Everything that a pre-activation reads."""
    return {x for node in before for x in node._prev}


# ---- kinds and names

def kind(node: Value, paths: dict[Value, str], places: dict[Value, int], entering: set[Value],
         roots: set[Value], module: Any) -> str:
    """The kind of one node."""
    if node in roots and node._prev:
        return "loss" if places.get(node) == LOSS else "output"
    if node._prev:
        return "operation"
    if node in paths:
        return "parameter"
    if is_constant(node) and node not in entering and not node.label:
        return "constant"
    if not places:
        return "input" if module is not None else "variable"
    return "input" if places[node] < LOSS else "target"


def named(found: Survey, paths: dict[Value, str]) -> dict[Value, str]:
    """A name for every node but the unnamed constants; made-up names avoid the given ones."""
    names: dict[Value, str] = {}
    taken = {str(n.label) for n in found.nodes if n.label}
    families = {n: family(n, found) for n in found.nodes if not n.label and n not in paths}
    sizes, used = Counter(families.values()), Counter[str]()
    for node in found.nodes:
        if node.label or node in paths:
            names[node] = str(node.label) or short(paths[node])
        elif found.kinds[node] != "constant":
            names[node] = made_up(families[node], sizes, used, taken)
    return names


def made_up(family: str, sizes: Counter[str], used: Counter[str], taken: set[str]) -> str:
    """The next free name of a family: z2, or z2[1], z2[2], ... where there are several."""
    while True:
        used[family] += 1
        i = used[family]
        alone = sizes[family] == 1 and i == 1 and family != "v"
        text = family if alone else f"{family}[{i}]" if family[-1].isdigit() else f"{family}{i}"
        if text not in taken:
            return text


def family(node: Value, found: Survey) -> str:
    """The letter for a node without a name."""
    place, kind = found.places.get(node), found.kinds[node]
    if kind in ("input", "target"):
        return {"input": "x", "target": "y"}[kind]
    if kind == "loss":
        return "loss"
    if place is None or not 0 <= place < LOSS:
        return "v"
    return f"z{place + 1}" if node in found.before else f"h{place + 1}"


def short(path: str) -> str:
    """A parameter's path without its layer, which the frame shows: neurons[1].w[2] as w[1,2]."""
    found = PATH.fullmatch(path)
    if not found:
        return path
    indices = ",".join(i for i in (found[1], found[3]) if i)
    return found[2] + (f"[{indices}]" if indices else "")
