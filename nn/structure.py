"""What a model is made of, as training sees it: its layers in order, and whose each parameter is.

A layer's name is its own `name`, or its number: "layer 1", "layer 2", ... Parameters outside any
layer belong to the module, or at the top to the attribute, that holds them.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

from engine import Value

from .layers import MLP, Layer, Neuron
from .module import Module
from .networks import Network


def named_parameters(model: Any) -> list[tuple[str, Value]]:
    """The parameters with names; of a model with `parameters()` alone, their labels or numbers."""
    if hasattr(model, "named_parameters"):
        return list(model.named_parameters())
    if hasattr(model, "parameters"):
        return [(p.label or f"p[{i}]", p) for i, p in enumerate(model.parameters())]
    raise TypeError(f"a model is a Module, or has parameters(), and {model!r} of type "
                    f"{type(model).__name__} has none: make a subclass of nn.Module")


def inside(thing: Any) -> Iterator[Module]:
    """Every module in a module, a list or a dict, itself first."""
    if isinstance(thing, Module):
        yield thing
        thing = vars(thing)
    if isinstance(thing, dict):
        thing = list(thing.values())
    if isinstance(thing, (list, tuple)):
        for part in thing:
            yield from inside(part)


def layers(model: Any) -> dict[str, Layer]:
    """The layers of a model by name, in order."""
    found = [m for m in inside(model) if isinstance(m, Layer)]
    own = [layer.name for layer in found]
    fits = all(own) and len(set(own)) == len(own)
    return {name if fits else f"layer {i}": layer
            for i, (name, layer) in enumerate(zip(own, found), 1)}


def by_layer(model: Any) -> dict[str, list[Value]]:
    """The parameters of a model, grouped by layer."""
    home = {id(p): name for name, layer in layers(model).items() for p in layer.parameters()}
    groups: dict[str, list[Value]] = {}
    for name, p in named_parameters(model):
        holder = name.rpartition(".")[0] or re.sub(r"\[.*", "", name)
        groups.setdefault(home.get(id(p), holder), []).append(p)
    return groups


def in_a_row(model: Any) -> dict[str, Layer]:
    """The layers of a model that runs them one after the other; none if that is not known."""
    if type(model).__call__ in (MLP.__call__, Network.__call__):
        return layers(model)
    return {"layer 1": model} if isinstance(model, Layer) else {}


def width(model: Any) -> int:
    """How many numbers the model takes in; 0 where that cannot be told."""
    if isinstance(model, Neuron):
        return len(model.w)
    first = next(iter(in_a_row(model).values()), None)
    return len(first.neurons[0].w) if first and first.neurons else 0


def is_linear(model: Any) -> bool:
    """Whether all layers are known, and none has an activation that bends."""
    known = in_a_row(model).values()
    return bool(known) and all(layer.activation in ("linear", "identity") for layer in known)


def twins(model: Any) -> dict[str, list[tuple[int, ...]]]:
    """For each layer, the groups of two or more units with the same weights and bias, from 1.

    Same means to within 1e-12 of the largest; such units compute the same and learn the same.
    """
    return {name: same(layer) for name, layer in layers(model).items()}


def same(layer: Layer) -> list[tuple[int, ...]]:
    """The groups of equal units of one layer."""
    groups: list[tuple[list[float], list[int]]] = []
    for number, neuron in enumerate(layer.neurons, 1):
        own = [p.data for p in (*neuron.w, neuron.b)]
        for other, members in groups:
            if math.dist(own, other) <= 1e-12 * max(map(abs, own)):
                members.append(number)
                break
        else:
            groups.append((own, [number]))
    return [tuple(members) for _, members in groups if len(members) > 1]
