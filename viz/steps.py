"""The steps of a derivation, and what each says.

    steps(plan)                         the Steps, from y back to the xs
    lines(step, y, writer, said)        the Lines of a step: rules and equations

A step belongs to one node n between x and y. For every operation c that takes n it multiplies the
gradient of c, found in an earlier step, by the local derivative of c in n, and adds the products:

    ∂y/∂n = ∂y/∂c1 · ∂c1/∂n + ∂y/∂c2 · ∂c2/∂n

Start reading at `steps`.
"""

from collections.abc import Iterator
from typing import NamedTuple

from engine import Value, ieee

from .formulas import Formula, Writer, added, distinct, named, partial, product
from .plan import Edge, Plan


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

