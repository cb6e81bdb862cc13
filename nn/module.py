"""Module: what has parameters. Their names are their Python paths: `layers[0].neurons[1].w[2]`."""

import json
import os
from collections.abc import Iterator
from typing import Any

from engine import Value, is_constant
from engine.scalars import UNSET


class Module:
    """The base of all networks. A subclass stores Values, lists of them, or other Modules."""

    def named_parameters(self) -> list[tuple[str, Value]]:
        """The parameters with their names, in the order in which the attributes were set."""
        return list(_walk(self, ""))

    def parameters(self) -> list[Value]:
        """The parameters: all Values stored in this module that no operation made."""
        return [p for _, p in self.named_parameters()]

    def zero_grad(self) -> None:
        """Forgets the gradients of all parameters; they read 0 and draw as "not computed"."""
        for p in self.parameters():
            p.grad = UNSET

    def state_dict(self) -> dict[str, float]:
        """The numbers of all parameters by name; `json.dumps` takes it as it is."""
        return {name: p.data for name, p in self.named_parameters()}

    def load_state_dict(self, state: "dict[str, float] | str | os.PathLike[str]") -> None:
        """Sets all parameters from a `state_dict`, or from the path of a JSON file that holds one.

        Nothing is changed unless all names fit and all values are numbers.
        """
        if not isinstance(state, dict):
            with open(state, encoding="utf-8") as file:
                state = json.load(file)
        own = dict(self.named_parameters())
        missing, unknown = own.keys() - state.keys(), state.keys() - own.keys()     # type: ignore[union-attr]
        if missing or unknown:
            raise ValueError(f"the state does not fit this {type(self).__name__}: "
                             f"missing {sorted(missing)[:3]}, unknown {sorted(unknown)[:3]}; "
                             f"load it into a network built the same way")
        for name, new in {name: Value(x).data for name, x in state.items()}.items():    # type: ignore[union-attr]
            own[name].data = new

    def save(self, path: "str | os.PathLike[str]") -> None:
        """Writes `state_dict` to a JSON file."""
        text = json.dumps(self.state_dict(), indent=1)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")


def _walk(thing: Any, path: str) -> Iterator[tuple[str, Value]]:
    if isinstance(thing, Value):
        if not thing._prev and not is_constant(thing):
            yield path, thing
    elif isinstance(thing, Module) and path:
        for name, p in thing.named_parameters():
            yield f"{path}.{name}", p
    elif isinstance(thing, Module):
        for name, inside in vars(thing).items():
            yield from _walk(inside, name)
    elif isinstance(thing, (list, tuple)):
        for i, inside in enumerate(thing):
            yield from _walk(inside, f"{path}[{i}]")
    elif isinstance(thing, dict):
        for key, inside in thing.items():
            yield from _walk(inside, f"{path}[{key!r}]")
