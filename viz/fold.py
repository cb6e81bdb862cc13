"""Large graphs folded: which nodes share a box.

    none     every node has a box of its own, except that the parameters of a neuron may be rows
             inside its pre-activation's box
    neuron   a pre-activation, for all samples, with its parameters and its activation
    layer    all of a layer
    level    without layers: the same operation at the same depth; or, if that is too much,
             bands of consecutive depths

Arrows between boxes never run backwards. A few inputs or steps of a loss stay boxes of their own,
and so does the output. Start reading at `groups`.
"""

from collections import Counter
from collections.abc import Callable, Hashable
from typing import NamedTuple

from engine import Value, is_constant

from .parts import INPUTS, LOSS, Survey
from .text import operation

DRAWN = 120                         # so many nodes are drawn one by one
FEW = 12                            # so many inputs or steps of a loss stay apart
BOXES, NEURONS, BANDS = 60, 24, 24  # the most boxes of a picture folded by level, neuron, band
FOLDS = ("none", "neuron", "layer", "level")
Key = Callable[[Value], Hashable]


class Group(NamedTuple):
    """The nodes of one box, each after its inputs."""

    nodes: list[Value]
    title: str
    place: int | None
    detailed: bool                      # whether every node in it is shown


def choose(found: Survey) -> str:
    """The finest way of folding that stays readable."""
    if len(found.nodes) <= DRAWN:
        return "none"
    if not found.before:
        return "level"
    return "neuron" if len(set(map(by_neuron(found), found.nodes))) <= NEURONS else "layer"


def groups(found: Survey, fold: str, inside: bool | None = None) -> list[Group]:
    """The boxes of a picture, in the order of their first nodes."""
    if inside is None:                  # as boxes, the parameters of a wide layer are too many
        inside = len(found.before) > len(found.layers)
    fine = with_parameters_inside if inside else one_by_one
    key = {"none": fine, "neuron": by_neuron, "layer": by_layer, "level": by_level}[fold](found)
    members: dict[Hashable, list[Value]] = {}
    for node in found.nodes:
        members.setdefault(key(node), []).append(node)
    titles = Titles(found)
    return [Group(nodes, titles.of(k, nodes), common_place(nodes, found),
                  detailed=fold == "none" or len(nodes) == 1) for k, nodes in members.items()]


def outputs(nodes: list[Value]) -> list[Value]:
    """The operations of a box that no other node of the box reads; its leaves if it has none."""
    inside = {x for n in nodes for x in n._prev}
    return [n for n in nodes if n._prev and n not in inside] or nodes


def common_place(nodes: list[Value], found: Survey) -> int | None:
    """Where a box stands: with its operations, or its leaves if it has none."""
    places = [found.places[n] for n in nodes if n in found.places]
    return max(places) if places else None


# ---- keys: nodes with equal keys share a box

def one_by_one(found: Survey) -> Key:
    """Every node by itself."""
    return lambda node: node


def with_parameters_inside(found: Survey) -> Key:
    """A parameter that only one pre-activation reads, and reads once, shares its key."""
    reads = Counter(x for node in found.inner for x in node._prev)
    home = {x: node for node in found.before for x in node._prev
            if found.kinds[x] == "parameter" and reads[x] == 1}
    return lambda node: home.get(node, node)


def by_neuron(found: Survey) -> Key:
    """One key per neuron, all samples together; what reads several neurons has a key of its own."""
    home: dict[Value, Hashable] = {n: ("neuron", first) for n, first in neurons(found).items()}
    for node in found.inner:
        if node not in home and 0 <= found.places[node] < LOSS:
            homes = {home[x] for x in node._prev if x in home}
            across = ("across", operation(node), found.places[node])
            home[node] = homes.pop() if len(homes) == 1 else across
    return with_the_rest(found, home)


def neurons(found: Survey) -> dict[Value, Value]:
    """For every pre-activation and its parameters, the parameter that stands for the neuron."""
    leader: dict[Value, Value] = {}

    def find(x: Value) -> Value:
        while x in leader:
            x = leader[x]
        return x

    for node in found.inner:
        if node in found.before:
            terms = [x for x in node._prev if node._op == "+" and x in found.before]
            own = [x for x in node._prev if found.kinds[x] == "parameter"]
            first, *others = dict.fromkeys(map(find, own + terms))
            leader[node] = first
            leader.update(dict.fromkeys(others, first))
    members = {x: None for node in found.before for x in (node, *node._prev)
               if x in found.before or found.kinds[x] == "parameter"}
    return {x: find(x) for x in members}


def by_layer(found: Survey) -> Key:
    """One key per layer."""
    home: dict[Value, Hashable] = {n: ("layer", k) for n, k in found.places.items()
                                   if 0 <= k < LOSS and n not in found.roots}
    return with_the_rest(found, home)


def with_the_rest(found: Survey, keys: dict[Value, Hashable]) -> Key:
    """The keys, with others added for the inputs and the loss where they are many."""
    kept = [n for n in found.nodes
            if n not in keys and n not in found.roots and found.kinds[n] != "constant"]
    for place, title in ((INPUTS, "inputs"), (LOSS, "loss")):
        here = [n for n in kept if found.places[n] == place]
        if len(here) > FEW:
            together(found, here, title, keys)
    return keep_constants_near(found, keys)


def together(found: Survey, here: list[Value], title: str, keys: dict[Value, Hashable]) -> None:
    """Folds a part by operation and depth; if that leaves many boxes, into one."""
    level = levels(found)
    keys.update({n: (title, what(n, found), level[n] if n._prev else 0) for n in here})
    if len({keys[n] for n in here}) > FEW:
        keys.update({n: (title, title, 0) for n in here})


def keep_constants_near(found: Survey, keys: dict[Value, Hashable]) -> Key:
    """Constants share the folded box of their first reader."""
    for node in reversed(found.inner):
        for x in node._prev:
            if found.kinds[x] == "constant" and keys.get(node, node) is not node:
                keys[x] = keys[node]
    return lambda node: keys.get(node, node)


def by_level(found: Survey) -> Key:
    """One key per operation and depth, or per band of depths."""
    level = levels(found)
    kinds: dict[Value, Hashable] = {n: ("level", what(n, found), level[n]) for n in found.nodes}
    if len(set(kinds.values())) <= BOXES:
        return lambda node: node if node in found.roots else kinds[node]
    width = -(-max(level.values()) // BANDS)
    return lambda node: node if node in found.roots else (
        "band", (level[node] - 1) // width * width + 1, width)


def what(node: Value, found: Survey) -> str:
    """The operation that made a node, or the kind of a leaf."""
    return operation(node) if node._prev else found.kinds[node]


def levels(found: Survey) -> dict[Value, int]:
    """The length of the longest way up to each node; a leaf stands with its first reader."""
    level: dict[Value, int] = {}
    for node in found.inner:
        level[node] = 1 + max((level.get(x, 0) for x in node._prev if x._prev), default=0)
    for node in found.inner:
        for x in node._prev:
            if not x._prev:
                level[x] = min(level.get(x, level[node]), level[node])
    return level


# ---- titles

class Titles:
    """The titles of boxes; neurons are counted within their layer."""

    def __init__(self, found: Survey) -> None:
        self.found = found
        self.count: Counter[int] = Counter()

    def of(self, key: Hashable, nodes: list[Value]) -> str:
        """The title of the box with this key."""
        if not isinstance(key, tuple):
            return self.found.names.get(nodes[0], "")
        if key[0] == "neuron":
            return self.neuron(nodes)
        if key[0] == "layer":
            return self.found.layers[key[1]]
        if key[0] == "across":
            return plural(nodes, key[1])
        if key[0] == "band":
            return f"depth {key[1]} to {key[1] + key[2] - 1}"
        return key[1] if key[0] == key[1] else f"{plural(nodes, key[1])}"

    def neuron(self, nodes: list[Value]) -> str:
        """z1[2] → h1[2] for one sample, otherwise the number of the neuron in its layer."""
        place = self.found.places[nodes[0]]
        self.count[place] += 1
        made = [n for n in nodes if n._prev]
        if sum(n in self.found.before for n in made) > 1:
            return f"neuron {self.count[place]}"
        return " → ".join(self.found.names[n] for n in dict.fromkeys([made[0], made[-1]]))


def plural(nodes: list[Value], what: str) -> str:
    """'100 × square', or '3 variables'."""
    nodes = [n for n in nodes if not is_constant(n)] or nodes
    s = "s" if len(nodes) > 1 else ""
    return f"{len(nodes):,} × {what}" if nodes[0]._prev else f"{len(nodes):,} {what}{s}"
