"""The graph read aloud: the derivation of a gradient, step by step, as a person would write it.

    d = derive(loss, W1)        the steps from the loss back to W1; print(d) shows them
    d.closed                    '2 · (y_hat - y) · W3 · W2 · x', where that is short
    d.paths                     every path from W1 to the loss, with its factors and their product
    d.update(lr=0.01)           'W1 ← 0.5 - 0.01 · (-11.07) = 0.6107 (grows)'
    d.markdown(), d.latex()     the same for documents; in a notebook it shows itself

A step belongs to one node n between x and y. For every operation c that takes n it multiplies the
gradient of c, found in an earlier step, by the local derivative of c in n, and adds the products:

    ∂y/∂n = ∂y/∂c1 · ∂c1/∂n + ∂y/∂c2 · ∂c2/∂n

The local derivatives are the rows' own slopes, run on the named nodes and printed.
Start reading at `derive`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from engine import Value, grad, ieee, local_gradients
from engine.calculus import slopes
from engine.graph import topological

from .parts import survey
from .text import expression, latex_name, number

MOST_PATHS = 64
LONGEST_CLOSED = 100                        # characters
DEPTH = 40                                  # operations written out in one formula


class Term(NamedTuple):
    """One product: the operation that takes the node, its gradient and its local derivative."""

    through: str                            # the name of the operation
    formula: str                            # what the operation is
    upstream: float
    slope: float
    slope_formula: str
    slope_numbers: str
    slope_latex: str
    product: float


class Step(NamedTuple):
    """The gradient of one node: its terms and their sum."""

    name: str
    terms: tuple[Term, ...]
    result: float


class Path(NamedTuple):
    """One way from x to y: the names along it, its local derivatives, and their product."""

    names: tuple[str, ...]
    factors: tuple[float, ...]
    product: float


class Derivation:
    """The steps of a gradient. `print` shows them as text, a notebook as Markdown."""

    def __init__(self, y: Value, x: Value, names: dict[Value, str], steps: list[Step],
                 digits: int) -> None:
        self.y, self.x, self.names, self.steps, self.digits = y, x, names, steps, digits

    @property
    def result(self) -> float:
        """The gradient itself."""
        return self.steps[-1].result if self.steps else float(self.y is self.x)

    @property
    def closed(self) -> str:
        """The gradient as one formula, if it has at most 100 characters; else an empty text."""
        labels = {n: name for n, name in self.names.items() if n.label or not n._prev}
        slope = grad(self.y, self.x)
        text = written(slope, labels | recognised(slope, labels), self.digits)
        return text if len(text) <= LONGEST_CLOSED else ""

    @property
    def paths(self) -> list[Path]:
        """Every path from x to y, at most 64, with the product of its local derivatives."""
        found = []
        for nodes, factors in _paths(self.y, self.x):
            product = 1.0
            for f in factors:
                product *= f
            found.append(Path(tuple(self.names.get(n, "") for n in nodes), factors, product))
        return found

    def update(self, lr: float = 0.01) -> str:
        """The step of gradient descent: old value, rate times gradient, new value, which way.

        The new value is shown to as many digits as tell it from the old one.
        """
        old, new = self.x.data, self.x.data - lr * self.result
        way = "grows" if new > old else "shrinks" if new < old else "stays"
        digits = next((d for d in range(self.digits, 17) if number(old, d) != number(new, d)), 17)
        return (f"{self.names[self.x]} ← {self.shown(old)} - {lr:g} · "
                f"{bracketed(self.shown(self.result))} = {number(new, digits)} ({way})")

    def shown(self, x: float) -> str:
        """A number to the digits of this derivation."""
        return number(x, self.digits)

    def __str__(self) -> str:
        y, lines = self.names[self.y], [f"∂{self.names[self.y]}/∂{self.names[self.x]}", ""]
        for i, step in enumerate(self.steps, 1):
            lines += [f"{i}. {line}" if k == 0 else f"   {line}"
                      for k, line in enumerate(_text(step, y, self.shown))]
        if self.closed:
            lines += ["", f"in one formula: {self.closed} = {self.shown(self.result)}"]
        return "\n".join(lines)

    def markdown(self) -> str:
        """The derivation as Markdown with formulas in dollars."""
        title = _partial(self.names[self.y], self.names[self.x])
        return "\n\n".join([f"**Derivation of** ${title}$", *(
            f"{i}. $\\displaystyle {line}$" for i, line in enumerate(self._latex_lines(), 1))])

    def latex(self) -> str:
        """The derivation as LaTeX, one aligned line per step (package amsmath)."""
        body = " \\\\\n".join(line.replace("=", "&=", 1) for line in self._latex_lines())
        return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"

    def _latex_lines(self) -> Iterator[str]:
        y = self.names[self.y]
        for step in self.steps:
            symbols = " + ".join(_product(y, t) for t in step.terms)
            numbers = " + ".join(
                ("" if t.through == y else rf"{bracketed(self.shown(t.upstream))} \cdot ")
                + bracketed(self.shown(t.slope)) for t in step.terms)
            sides = dict.fromkeys([symbols, bare(numbers), self.shown(step.result)])
            yield f"{_partial(y, step.name)} = {' = '.join(sides)}"

    _repr_markdown_ = markdown


def derive(y: Value, x: Value, module: Any = None, *, digits: int = 4) -> Derivation:
    """The derivation of dy/dx: one step for every node between, from the output back to x.

    module: gives names to its parameters. Nothing is changed on the graph; `backward()` need not
    have been called. ValueError if x is not in the graph of y.
    """
    found = survey([y], module)
    if x not in found.names:
        raise ValueError(f"{x!r} is not in the graph of {found.names[y]!r}, so there is nothing to "
                         f"derive: pass a Value that y was computed from")
    between = _between(found.nodes, x)
    edges = _edges(between)
    gradients: dict[Value, float] = {y: 1.0}
    steps = []
    for node in reversed(between):
        if node is not y:
            terms = tuple(_term(c, i, gradients[c], found.names, digits) for c, i in edges[node])
            gradients[node] = sum(t.product for t in terms)
            steps.append(Step(found.names[node], terms, gradients[node]))
    return Derivation(y, x, found.names, steps, digits)


def _between(nodes: Sequence[Value], x: Value) -> list[Value]:
    """x and the nodes that depend on it, each after its inputs."""
    reached = {x}
    for node in nodes:
        if any(i in reached for i in node._prev):
            reached.add(node)
    return [node for node in nodes if node in reached]


def _edges(between: list[Value]) -> dict[Value, list[tuple[Value, int]]]:
    """For every node the operations that take it, each with the position it has there."""
    edges: dict[Value, list[tuple[Value, int]]] = {node: [] for node in between}
    for c in between:
        for i, taken in enumerate(c._prev):
            if taken in edges:
                edges[taken].append((c, i))
    return edges


def _term(c: Value, i: int, upstream: float, names: dict[Value, str], digits: int) -> Term:
    """The product that the operation c, of the gradient `upstream`, adds through its input i."""
    slope = (local_gradients(c) or ())[i]
    return Term(names[c], expression(c, digits=digits, names=names), upstream, slope,
                *_slope_texts(c, i, names, digits), ieee.chain(upstream, slope))


def _slope_texts(c: Value, i: int, names: dict[Value, str], digits: int) -> tuple[str, str, str]:
    """The local derivative of c in its input i: with names, with numbers put in, and as LaTeX."""
    slope = slopes(c, [k == i for k in range(len(c._prev))])[i]
    if not isinstance(slope, Value):
        return (number(slope, digits),) * 3
    known = names | recognised(slope, names)
    values = {n: bracketed(number(n.data, digits)) for n in known}
    return (written(slope, known, digits), bare(written(slope, values, digits)),
            written(slope, known, digits, latex=True))


def written(node: Value, names: dict[Value, str], digits: int, latex: bool = False) -> str:
    """The name of a node, or its formula in terms of the named ones."""
    if node in names:
        return latex_name(names[node]) if latex else names[node]
    return expression(node, latex=latex, depth=DEPTH, digits=digits, names=names)


def recognised(slope: Value, names: dict[Value, str]) -> dict[Value, str]:
    """The nodes of a slope that compute what a named node computes, under its name."""
    known = {(n._rule, n._prev): name for n, name in names.items() if n._prev and n.label}
    return {n: known[n._rule, n._prev] for n in topological([slope])[1]
            if n not in names and (n._rule, n._prev) in known}


def bracketed(text: str) -> str:
    """A negative number in brackets."""
    return f"({text})" if text.startswith("-") else text


def _text(step: Step, y: str, shown: Callable[[float], str]) -> Iterator[str]:
    """The lines of one step: what each operation is, then the sum of products."""
    for t in step.terms:
        known = [t.slope_formula, t.slope_numbers, shown(t.slope)]
        distinct = [text for i, text in enumerate(known) if bare(text) not in map(bare, known[:i])]
        yield (f"{t.through} = {t.formula}, so "
               f"∂{t.through}/∂{step.name} = {' = '.join(distinct)}")
    if [t.through for t in step.terms] == [y]:
        return
    head = f"∂{y}/∂{step.name}"
    upstream = [("", "") if t.through == y else (f"∂{y}/∂{t.through} · ",
                                                 f"{bracketed(shown(t.upstream))} · ")
                for t in step.terms]
    yield f"{head} = " + " + ".join(f"{symbol}∂{t.through}/∂{step.name}"
                                    for (symbol, _), t in zip(upstream, step.terms))
    sums = [[f"{value}{bracketed(shown(t.slope))}" for (_, value), t in zip(upstream, step.terms)],
            [bracketed(shown(t.product)) for t in step.terms] if len(step.terms) > 1 else [],
            [shown(step.result)]]
    for line in filter(None, sums):
        yield f"{' ' * len(head)} = " + " + ".join(line)


def bare(text: str) -> str:
    """A number without the brackets around it."""
    return text[1:-1] if text.startswith("(-") and text.endswith(")") else text


def _partial(y: str, x: str) -> str:
    return rf"\frac{{\partial {latex_name(y)}}}{{\partial {latex_name(x)}}}"


def _product(y: str, t: Term) -> str:
    upstream = rf"{_partial(y, t.through)} \cdot " if t.through != y else ""
    return upstream + bracketed(t.slope_latex)


def _paths(y: Value, x: Value) -> Iterator[tuple[list[Value], tuple[float, ...]]]:
    """The paths from x up to y, at most MOST_PATHS, as nodes and local derivatives."""
    useful = set(_between(survey([y]).nodes, x))
    todo: list[tuple[list[Value], tuple[float, ...]]] = [([y], ())]
    count = 0
    while todo and count < MOST_PATHS:
        nodes, factors = todo.pop()
        if nodes[0] is x:
            count += 1
            yield nodes, factors
            continue
        edges = zip(nodes[0]._prev, local_gradients(nodes[0]) or ())
        todo += [([i, *nodes], (f, *factors)) for i, f in reversed([*edges]) if i in useful]
