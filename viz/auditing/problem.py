"""What a derivation is about: a recorded graph, the names of its numbers, and the learning rate.

    Problem.of(loss)                    from any recorded Value; its labels are the names
    Problem.of(network)                 from a Network of nn, or any module with a loss
    Problem.of(loss, module)            a module's parameters by layer: W1[input,unit], b1[unit]
    Problem.written(given, parameters, formulas)     from numbers and formulas in text

A name is that of one Value (`W1`, `h1_in[2]`) or of a whole list or matrix of them (`W_jk`).
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine import Value, is_constant
from engine.value import constant

from ..parts import survey
from ..text import expression, number
from .equations import Slope, evaluate, plain, side, tidy
from .naming import readable_names

RATE = ("rate", "lr", "alpha", "α", "eta", "η")        # unless the graph has such a name
LONGEST = 48                        # characters of a formula that stands for a name
INDEXED = re.compile(r"(.+)\[(\d+)(?:,(\d+))?\]")


class Problem:
    """A graph with names. `loss` is the node whose gradient updates the parameters."""

    def __init__(self, loss: Value, names: Mapping[str, Value], parameters: Iterable[Value] = (),
                 *, rate: float = 0.01, aliases: Mapping[str, str] | None = None,
                 title: str = "") -> None:
        self.loss, self.names, self.rate, self.title = loss, dict(names), rate, title
        self.parameters = set(parameters)
        self.families = families(self.names)
        self.aliases = {tidy(plain(k)): tidy(plain(v)) for k, v in (aliases or {}).items()}
        self.written_as = {node: name for name, node in reversed(self.names.items())}
        self.rate_node = constant(rate)

    @classmethod
    def of(cls, graph: Any, module: Any = None, *, rate: float | None = None,
           parameters: Iterable[Value] | None = None,
           names: Mapping[str, str] | None = None) -> "Problem":
        """The problem that a recorded Value, a network or another Problem poses.

        parameters: what an update moves; by default the module's, or else every labelled leaf
        that is no constant. rate: 0.01 if not given. names: other spellings used in claims,
        {"E": "loss"}. TypeError if a Problem, which has all that, is given some of it again.
        """
        if isinstance(graph, Problem):
            if any(x is not None for x in (module, rate, parameters, names)):
                raise TypeError(f"{graph!r} has its own parameters, rate and names: give them "
                                f"where the Problem is made, not again")
            return graph
        if not isinstance(graph, Value) and callable(getattr(graph, "loss", None)):
            graph, module = graph.loss(), module or graph
        if not isinstance(graph, Value):
            raise TypeError(f"{graph!r} is not a graph: give the recorded Value whose derivation "
                            f"is to be checked, or a network with its loss")
        found = survey([graph], module)
        moved = (list(parameters) if parameters is not None else module.parameters() if module else
                 [n for n in found.nodes if not n._prev and not is_constant(n)])
        by_name = {name: node for node, name in readable_names(found, module).items()}
        return cls(graph, by_name, moved, rate=0.01 if rate is None else rate, aliases=names)

    @classmethod
    def written(cls, given: Mapping[str, Any], parameters: Mapping[str, Any],
                formulas: Mapping[str, str], *, rate: float = 0.01,
                aliases: Mapping[str, str] | None = None, title: str = "") -> "Problem":
        """The problem of numbers and formulas, each in terms of the names before it.

        given, parameters: numbers, lists or lists of lists; the last formula is the loss.
        """
        if not formulas:
            raise ValueError("there are no formulas: write how the numbers are computed, such as "
                             "y_hat = \"W1*x + b1\", the loss last")
        names: dict[str, Value] = {}
        for made, group in ((constant, given), (Value, parameters)):
            for name, numbers in group.items():
                names |= named(tidy(plain(name)), numbers, made)
        moved = [v for v in names.values() if not is_constant(v)]
        for name, text in formulas.items():
            names |= named(tidy(plain(name)), computed_by(name, text, names), labelled)
        last = names.get(tidy(plain([*formulas][-1])))
        if last is None:
            raise ValueError(f"the last formula, {[*formulas][-1]!r}, is a list, and the loss is "
                             f"one number: put the loss last")
        return cls(last, names, moved, rate=rate, aliases=aliases, title=title)

    def known(self, name: str) -> bool:
        """Whether a name, or a spelling of one, means a Value or a list of them here."""
        base = self.spelled(name.rstrip("'"))
        return base in self.names or base in self.families or base in RATE

    def spelled(self, name: str) -> str:
        """The name that another spelling stands for; an index behind it is kept."""
        if name in self.aliases:
            return self.aliases[name]
        base, bracket, rest = name.partition("[")
        return self.aliases.get(base, base) + bracket + rest

    def find(self, name: str) -> Any:
        """The Value of a name, or the nested list of a whole family; ValueError names the near."""
        base = self.spelled(name.rstrip("'"))
        if base in self.names:
            return self.names[base]
        if base in self.families:
            return nested(self.families[base], self.names.__getitem__)
        if base in RATE:
            return self.rate_node
        import difflib
        near = difflib.get_close_matches(base, [*self.names, *self.families], 3, 0.5)
        listed = ", ".join(near or [*dict.fromkeys([*self.families, *self.names])][:12])
        raise ValueError(f"{name!r} is not a name in this graph: write one of its names, such as "
                         f"{listed}")

    def name(self, node: Value) -> str:
        """The name of a node; '' without one."""
        return self.written_as.get(node, "")

    def called(self, node: Value) -> str:
        """The name of a node, or its number, or its formula in brackets, a long one cut short."""
        if self.name(node) or not node._prev:
            return self.name(node) or number(node.data)
        text = expression(node, depth=40, terms=3, names=self.written_as)
        return f"({text})" if len(text) <= LONGEST else f"({text[:LONGEST]}…)"


def families(names: Iterable[str]) -> dict[str, Any]:
    """The complete lists and matrices among names: {"b": ["b[1]", "b[2]"], ...}."""
    members: dict[str, dict[tuple[int, ...], str]] = {}
    for name in names:
        found = INDEXED.fullmatch(name)
        if found:
            index = tuple(int(i) for i in found.groups()[1:] if i)
            members.setdefault(found[1], {})[index] = name
    return {base: table for base, found in members.items() if (table := complete(found))}


def complete(members: dict[tuple[int, ...], str]) -> Any:
    """The names in the shape of their indices; None if one is missing."""
    depths = {len(i) for i in members}
    if len(depths) > 1:
        return None
    shape = [max(i[k] for i in members) for k in range(depths.pop())]
    if len(members) != math.prod(shape):
        return None
    try:
        if len(shape) == 1:
            return [members[i + 1,] for i in range(shape[0])]
        return [[members[i + 1, j + 1] for j in range(shape[1])] for i in range(shape[0])]
    except KeyError:
        return None


def nested(table: Any, function: Callable[[Any], Any]) -> Any:
    """The function of every element of a nested list."""
    return [nested(x, function) for x in table] if isinstance(table, list) else function(table)


def named(name: str, numbers: Any, make: Callable[[Any], Value]) -> dict[str, Value]:
    """The Values of a number, list or matrix under name, name[1] or name[1,2]."""
    if not isinstance(numbers, Sequence) and not hasattr(numbers, "shape"):
        made = make(numbers)
        made.label = name
        return {name: made}
    found: dict[str, Value] = {}
    for i, row in enumerate(numbers, 1):
        if isinstance(row, Sequence) or hasattr(row, "shape"):
            for j, x in enumerate(row, 1):
                found |= named(f"{name}[{i},{j}]", x, make)
        else:
            found |= named(f"{name}[{i}]", row, make)
    return found


def labelled(x: Any) -> Value:
    """A computed Value that may take a label of its own: the identity of a number or named Value.

    So no formula is a leaf: the 1 of `n = "1"` is no number given, which could be another.
    """
    node = x if isinstance(x, Value) else constant(x)
    return node.identity() if node.label or not node._prev else node


def computed_by(name: str, text: str, names: Mapping[str, Value]) -> Any:
    """What a formula makes of the names before it."""
    tables = families(names)

    def look_up(what: Any) -> Any:
        if isinstance(what, str) and what in names:
            return names[what]
        if isinstance(what, str) and what in tables:
            return nested(tables[what], names.__getitem__)
        if isinstance(what, (str, Slope)):
            raise ValueError(f"it uses {what!r}, which is not defined before it: define it above, "
                             f"under given, parameters or formulas")
        return int(what.value) if what.whole else what.value

    try:
        read = side(plain(text), lambda _: False)
        return evaluate(read.tree, lambda key: look_up(read.meaning[key]))
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"the formula {name} = {text!r} cannot be computed: {error}") from None
