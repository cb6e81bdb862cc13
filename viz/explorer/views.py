"""Which nodes share a box, in every view that the page can switch to.

A view has every layer open or closed. Open, a layer shows its units, or where they are many its
neurons; closed, it is one box. Graphs without layers are drawn whole, or folded by depth. The
boxes are those of fold.py, as `draw` has them. Start reading at `views`.
"""

from collections.abc import Hashable, Iterator
from itertools import combinations
from typing import NamedTuple

from engine import Value

from ..fold import (
    Group,
    Key,
    Titles,
    by_layer,
    by_level,
    by_neuron,
    choose,
    common_place,
    one_by_one,
    with_parameters_inside,
)
from ..parts import LOSS, Survey

DRAWN = 400                             # so many nodes may be drawn one by one
BOXES = 150                             # so many boxes may stand in a view
ALL = 4                                 # of so many layers every combination is laid out


class View(NamedTuple):
    """One way of folding: its name, which layers are open, the boxes."""

    title: str
    open: tuple[int, ...]
    boxes: list[Group]


def views(found: Survey, fold: str | None) -> tuple[list[View], int]:
    """All views of a graph, and which of them is shown first: the one asked for, or the finest."""
    made = list(layered(found) if found.before else whole(found))
    titles = [view.title for view in made]
    if fold is not None and fold not in titles:
        raise ValueError(f"fold={fold!r} is not a view of this graph of {len(found.nodes):,} "
                         f"nodes: choose from {', '.join(map(repr, dict.fromkeys(titles)))}")
    if fold is None:
        wanted = choose(found)
        small = "none" in titles and len(made[titles.index("none")].boxes) <= BOXES
        fold = "none" if small else wanted if wanted in titles else titles[0]
    return made, titles.index(fold)


def whole(found: Survey) -> Iterator[View]:
    """Without layers: every node, and nodes of one operation and depth together."""
    if len(found.nodes) <= DRAWN:
        yield View("none", (), boxes(found, one_by_one(found)))
    if len(found.nodes) > 40:
        yield View("level", (), boxes(found, by_level(found)))


def layered(found: Survey) -> Iterator[View]:
    """With layers: the neurons of all, and the layers open and closed in combinations."""
    inside = len(found.before) > len(found.layers)
    fine = (with_parameters_inside if inside else one_by_one)(found)
    neuron, layer = by_neuron(found), by_layer(found)
    layers = sorted({k for k in found.places.values() if 0 <= k < LOSS})
    open_key = {k: smallest(found, k, fine, neuron) for k in layers}
    for chosen in combined(layers):
        made = boxes(found, mixed(found, chosen, open_key, layer, fine))
        if not chosen:
            yield View("layer", (), made)
        elif len(made) <= DRAWN:
            title = "none" if len(chosen) == len(layers) and neuron not in open_key.values() else (
                "open" if len(chosen) < len(layers) else "neuron")
            yield View(title, chosen, made)
    if neuron not in open_key.values() and inside:
        yield View("neuron", (), boxes(found, neuron))


def combined(layers: list[int]) -> Iterator[tuple[int, ...]]:
    """The sets of open layers: all of a few layers, else one, none or all."""
    sizes = range(len(layers) + 1) if len(layers) <= ALL else (0, 1, len(layers))
    for size in sizes:
        yield from combinations(layers, size)


def smallest(found: Survey, k: int, fine: Key, neuron: Key) -> Key:
    """What an open layer shows: its units, or if those have many parts, its neurons."""
    here = [n for n in found.nodes if found.places.get(n) == k]
    return fine if len(here) <= DRAWN else neuron


def mixed(found: Survey, chosen: tuple[int, ...], open_key: dict[int, Key], layer: Key,
          fine: Key) -> Key:
    """The key of a view with some layers open; a few inputs and steps of the loss stay apart."""
    def key(node: Value) -> Hashable:
        place = found.places.get(node, LOSS)
        own = layer(node)
        if not 0 <= place < LOSS:
            return own if own is not node else fine(node)
        if place in chosen:
            return open_key[place](node)
        return own if own is not node else ("layer", place)     # an output is kept apart by layer
    return key


def boxes(found: Survey, key: Key) -> list[Group]:
    """The boxes, in the order of their first nodes."""
    members: dict[Hashable, list[Value]] = {}
    for node in found.nodes:
        members.setdefault(key(node), []).append(node)
    titles = Titles(found)
    return [Group(nodes, titles.of(k, nodes), common_place(nodes, found),
                  detailed=not isinstance(k, tuple) or len(nodes) == 1)
            for k, nodes in members.items()]
