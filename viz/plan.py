"""What a derivation is made of: which nodes get a step, under which names, and what links them.

    lay_out(y, xs, survey, known, detail, digits)       the Plan

An operation without a name that only one other takes is written out inside that other, so that
loss = (y_hat - y)² is one step; where that gets longer than a line, its parts get names, v1, v2.
Between the nodes that are left run the edges: how one takes another, as number and as formula.
Start reading at `lay_out`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from engine import Value, ieee, local_gradients
from engine.calculus import times
from engine.modes import recording
from engine.rules import Handmade

from .algebra import Algebra
from .formulas import Formula, Writer
from .parts import LOSS, Survey, family
from .reading import is_same, rule_name, slope
from .second import Known

LONGEST = 80                            # characters of a formula whose parts need no names


class Edge(NamedTuple):
    """How one node of a derivation depends on an earlier one: numbers, formula, rules."""

    taker: Value
    slope: float
    formula: Value
    rules: tuple[str, ...]
    same: bool


class Plan(NamedTuple):
    """What a derivation is made of, before any gradient is computed."""

    y: Value
    xs: list[Value]
    names: dict[Value, str]
    order: list[Value]                  # the nodes that get a step, from y back
    edges: dict[Value, list[Edge]]      # to every node, the ways in which others take it
    algebra: Algebra
    writer: Writer
    made_up: list[Value]                # the operations whose names stand in no label
    tidy: bool                          # whether definitions are simplified: grad's are long
    said: dict[Value, Formula]          # the definitions that were written already

    def says(self, node: Value) -> Formula:
        """What a node is: the formula behind its name."""
        if node not in self.said:
            self.said[node] = self.said_anew(node)
        return self.said[node]

    def said_anew(self, node: Value) -> Formula:
        """What `says` keeps."""
        if self.tidy and node._prev and hasattr(node._rule, "row"):
            shorter = self.algebra.definition(node)
            if shorter is not node:
                return self.writer.formula(shorter)
        return self.writer.body(node)


# ---- which nodes

def lay_out(y: Value, xs: list[Value], found: Survey, about: Known, detail: str,
            digits: int) -> Plan:
    """The plan of the derivation of y in all of the xs."""
    between = dependants(found.nodes, xs)
    for node in between:
        check_rule(node)
    takers = consumers(between)
    names, made_up = with_names(y, xs, found, about, takers, detail)
    algebra, kept = Algebra(found.nodes, names), set(between) & names.keys()
    edges: dict[Value, list[Edge]] = {node: [] for node in kept}
    moving = set(between)
    for node in between:
        if node in kept:
            for taken, edge in into(node, kept, moving, algebra):
                edges[taken].append(edge)
    order = backwards([n for n in between if n in kept], edges, y)
    return Plan(y, xs, names, order, edges, algebra, Writer(names, digits), made_up,
                y in about.names, {})


def dependants(nodes: Sequence[Value], xs: Iterable[Value]) -> list[Value]:
    """The xs and the nodes that depend on them, each after its inputs."""
    reached = set(xs)
    for node in nodes:
        if any(i in reached for i in node._prev):
            reached.add(node)
    return [node for node in nodes if node in reached]


def consumers(between: Sequence[Value]) -> dict[Value, int]:
    """For every node, how often the others take it."""
    count = dict.fromkeys(between, 0)
    for node in between:
        for i in node._prev:
            if i in count:
                count[i] += 1
    return count


def check_rule(node: Value) -> None:
    """Raises ValueError for a node whose local derivatives nobody gave as numbers."""
    if isinstance(node._rule, Handmade) and node._rule.numbers is None:
        raise ValueError(f"the node {node.label or node._op!r} was made by hand with a _backward "
                         f"function, which says no local derivative: give its local gradients as "
                         f"numbers, Value(data, children, [..])")


def backwards(kept: list[Value], edges: dict[Value, list[Edge]], y: Value) -> list[Value]:
    """The nodes in the order of their steps: a leaf comes as soon as all that take it are done."""
    at = {node: float(i) for i, node in enumerate(kept)}
    for node in kept:
        if not node._prev and edges[node]:
            at[node] = min(at[e.taker] for e in edges[node]) - 0.5
    return sorted((n for n in kept if n is not y), key=lambda n: -at[n])


# ---- names

def with_names(y: Value, xs: list[Value], found: Survey, about: Known,
               takers: dict[Value, int], detail: str) -> tuple[dict[Value, str], list[Value]]:
    """The names of a derivation, each used once, and the operations whose names were made up."""
    gradient = y in about.names                 # its nodes stand in no layer
    names = {n: name for n, name in found.names.items() if n.label or not n._prev or (
        not gradient and (detail == "nodes" or family(n, found) != "v"))}
    names = with_layers(names, found) | about.names
    taken = set(names.values())
    if y not in names:
        names[y] = next(name for name in (*"yfgL", "output") if name not in taken)
    made_up = [n for n in (found.inner if detail == "nodes" else
                           needing_names(found.nodes, names, xs, takers)) if n not in names]
    names.update((node, about.parts[node]) for node in made_up if node in about.parts)
    number = 0
    for node in made_up:
        if node in names:
            continue
        number = next(i for i in range(number + 1, len(taken) + number + 2)
                      if f"v{i}" not in taken)
        names[node] = f"v{number}"
    return unique(names), made_up


def with_layers(names: dict[Value, str], found: Survey) -> dict[Value, str]:
    """The same names, where parameters of several layers share one with the layer: w1[2,1]."""
    count = Counter(names.values())
    shared = [n for n, name in names.items() if count[name] > 1
              and found.kinds[n] == "parameter" and 0 <= found.places.get(n, LOSS) < LOSS]
    return names | {n: re.sub(r"^([^\W\d]+)", rf"\g<1>{found.places[n] + 1}", names[n])
                    for n in shared}


def needing_names(nodes: Sequence[Value], names: dict[Value, str], xs: list[Value],
                  takers: dict[Value, int]) -> list[Value]:
    """The operations without a name that need one: taken twice, asked for, or too long."""
    width: dict[Value, int] = {}
    needed = set()
    for node in nodes:
        inner = [i for i in node._prev if i not in names and i._prev]
        if sum(width[i] for i in node._prev) > LONGEST:
            needed.update(inner)
        width[node] = 4 + sum(3 if i in needed else width[i] for i in node._prev)
        if node in names or not node._prev:
            width[node] = len(names.get(node, "1.000"))
        elif takers.get(node, 0) > 1 or node in xs:
            needed.add(node)
            width[node] = 3
    return [node for node in nodes if node in needed]


def unique(names: dict[Value, str]) -> dict[Value, str]:
    """The same names on one line each, with a number behind those that several nodes have."""
    seen: dict[str, int] = {}
    result = {}
    for node, name in names.items():
        name = " ".join(name.split()) or "?"
        seen[name] = seen.get(name, 0) + 1
        result[node] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return result


# ---- how a node takes another

def into(node: Value, kept: set[Value], between: set[Value],
         algebra: Algebra) -> Iterator[tuple[Value, Edge]]:
    """The nodes with a step that `node` is computed from, each with its one edge."""
    ways: dict[Value, list[Way]] = {}
    todo: list[tuple[Value, Way]] = [(node, Way(1.0, None, ()))]
    while todo:
        top, way = todo.pop()
        numbers = local_gradients(top) or ()
        for i, taken in enumerate(top._prev):
            if taken in between:
                further = onwards(top, i, numbers[i], way)
                if taken in kept:
                    ways.setdefault(taken, []).append(further)
                else:
                    todo.append((taken, further))
    for taken, found in ways.items():
        yield taken, together(node, found, algebra)


class Way(NamedTuple):
    """One way from a node down to another: the slope so far, and the operations on the way."""

    slope: float
    formula: Value | None
    hops: tuple[tuple[Value, int, Value], ...]      # operation, input, its local derivative


def onwards(top: Value, i: int, number: float, way: Way) -> Way:
    """A way, gone on from `top` to its input i."""
    own = slope(top, i)
    with recording():
        formula = own if way.formula is None else times(way.formula, own)
    return Way(ieee.chain(way.slope, number), formula, (*way.hops, (top, i, own)))


def together(node: Value, ways: Sequence[Way], algebra: Algebra) -> Edge:
    """One edge of all the ways from a node to another: their slopes added."""
    formula = algebra.number(0.0)
    for way in ways:
        assert way.formula is not None
        formula = algebra.sum(formula, algebra.simplified(way.formula))
    hops = dict.fromkeys((top, i) for way in ways for top, i, _ in way.hops)
    rules = dict.fromkeys(rule_name(top, i, sum(other is top for other, _ in hops), own)
                          for way in ways for top, i, own in way.hops)
    same = len(ways) == 1 and all(is_same(top) for top, _, _ in ways[0].hops)
    return Edge(node, sum(way.slope for way in ways), formula, tuple(rules), same)
