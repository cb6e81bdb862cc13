"""The steps of a derivation: which nodes get one, under which names, and what each step says.

    lay_out(y, xs, module, detail, digits)      the Plan: names, and the edges between the steps
    steps(plan)                                 the Steps, from y back to the xs

A step belongs to one node n between x and y. For every operation c that takes n it multiplies the
gradient of c, found in an earlier step, by the local derivative of c in n, and adds the products:

    ∂y/∂n = ∂y/∂c1 · ∂c1/∂n + ∂y/∂c2 · ∂c2/∂n

An operation without a name that only one other takes is written out inside that other, so that
loss = (y_hat - y)² is one step; where that gets longer than a line, its parts get names, v1, v2.
Start reading at `lay_out`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from engine import Value, ieee, local_gradients
from engine.calculus import times
from engine.modes import recording
from engine.rules import Handmade

from .algebra import Algebra, is_same, rule_name, slope
from .formulas import Formula, Writer, added, distinct, named, partial, product
from .parts import Survey, family
from .second import Known

LONGEST = 80                            # characters of a formula whose parts need no names


class Term(NamedTuple):
    """One product: the operation that takes the node, its gradient and its local derivative."""

    through: str                        # the name of the operation
    definition: Formula                 # what the operation is
    rule: str                           # what differentiates it
    upstream: float
    slope: float
    sides: tuple[Formula, ...]          # the slope with names, with numbers, computed, the result
    product: float

    @property
    def formula(self) -> str:
        """What the operation is, as text."""
        return self.definition.text

    @property
    def slope_formula(self) -> str:
        """The local derivative with names, as text."""
        return self.sides[0].text


class Step(NamedTuple):
    """The gradient of one node: its terms and their sum."""

    name: str
    terms: tuple[Term, ...]
    result: float
    same: bool                          # whether the node is only passed on: h = z
    target: bool

    @property
    def rule(self) -> str:
        """The rule that puts the terms together."""
        return f"sum over {len(self.terms)} paths" if len(self.terms) > 1 else "chain rule"


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

    def says(self, node: Value) -> Formula:
        """What a node is: the formula behind its name."""
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
    for node in between:
        if node in kept:
            for taken, edge in into(node, kept, set(between), algebra):
                edges[taken].append(edge)
    order = backwards([n for n in between if n in kept], edges, y)
    return Plan(y, xs, names, order, edges, algebra, Writer(names, digits), made_up,
                y in about.names)


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
        not gradient and (detail == "nodes" or family(n, found) != "v"))} | about.names
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


# ---- the steps

def steps(plan: Plan) -> list[Step]:
    """The steps from y back to the xs."""
    gradients: dict[Value, float] = {plan.y: 1.0}
    found = []
    for node in plan.order:
        terms = tuple(term(edge, gradients[edge.taker], plan) for edge in plan.edges[node])
        gradients[node] = sum(t.product for t in terms)
        same = len(terms) == 1 and plan.edges[node][0].same
        found.append(Step(plan.names[node], terms, gradients[node], same, node in plan.xs))
    return found


def term(edge: Edge, upstream: float, plan: Plan) -> Term:
    """The product that one operation, whose gradient is `upstream`, adds."""
    return Term(plan.names[edge.taker], plan.says(edge.taker), ", ".join(edge.rules),
                upstream, edge.slope, plan.writer.sides(edge.formula, edge.slope),
                ieee.chain(upstream, edge.slope))


class Line(NamedTuple):
    """What a step says in one line: `given`, so left = sides. `given` may be missing."""

    rule: str
    given: tuple[Formula, Formula] | None
    left: Formula
    sides: tuple[Formula, ...]
    local: tuple[Formula, Formula] | None = None        # a local derivative said on the way


def lines(step: Step, y: str, writer: Writer, said: set[str]) -> Iterator[Line]:
    """The lines of one step: each local derivative, then the chain rule or the sum over paths.

    said: the names whose definitions were said before; this step's are added.
    """
    whole = partial(y, step.name)
    for t in step.terms:
        given = None if t.through in said else (named(t.through), t.definition)
        said.add(t.through)
        local = local_of(t, step, y)
        upstream = partial(y, t.through)
        if len(step.terms) > 1 or t.through == y:
            yield Line(t.rule, given, local, t.sides)
        elif t.slope == 1 and len(t.sides) == 1:        # nothing to multiply
            yield Line(t.rule, given, whole, distinct([upstream, writer.value(step.result)]),
                       (local, t.sides[0]))
        else:
            yield Line(t.rule, given, local, t.sides)
            yield chained(step, y, writer)
    if len(step.terms) > 1:
        yield chained(step, y, writer)


def local_of(t: Term, step: Step, y: str) -> Formula:
    """The symbol of a local derivative; beside other paths, that of y itself is only a part."""
    local = partial(t.through, step.name)
    if t.through != y or len(step.terms) == 1:
        return local
    return Formula(f"{local.text} (direct)",
                   rf"\left.{local.latex}\right|_{{\text{{direct}}}}")


def chained(step: Step, y: str, writer: Writer) -> Line:
    """The chain rule of a step: with names, with numbers, term by term, and the result."""
    symbols, numbers = [], []
    for t in step.terms:
        outer = [] if t.through == y else [partial(y, t.through)]
        symbols.append(product([*outer, local_of(t, step, y)]))
        numbers.append(product([writer.value(x) for x in [t.upstream] * len(outer) + [t.slope]
                                if x != 1] or [writer.value(1)]))
    products = [writer.value(t.product) for t in step.terms]
    return Line(step.rule, None, partial(y, step.name), distinct([
        added(symbols), added(numbers), added(products), writer.value(step.result)]))

