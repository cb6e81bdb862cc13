"""The graph read aloud: the derivation of a gradient, step by step, as a person would write it.

    d = derive(loss, W1)        the steps from the loss back to W1; print(d) shows them
    d = derive(loss, net)       the same for all parameters; shared steps are written once
    d.result, d.results         the gradient; all of them by name
    d.closed                    '2 · (y_hat - y) · W3 · W2 · x', where that is short
    d.paths                     every path from W1 to the loss, with its factors and their product
    d.update(lr=0.01)           'W1 ← 0.5 - 0.01 · (-11.07) = 0.6107 (grows)'
    d.markdown(), d.latex(), d.html(), d.save("d.html")     for documents; a notebook shows it

    plan.py         which nodes get a step, and how they depend on each other
    steps.py        what each step says
    reading.py      what a row says: names of rules, slopes as formulas
    algebra.py      formulas simplified
    formulas.py     formulas written out
    second.py       names for the graphs that `grad` makes
    layout.py       text; typeset.py Markdown and LaTeX; web.py HTML; page.py the page around it

Start reading at `derive`.
"""

import math
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path as File
from typing import Any, NamedTuple

from engine import Value, grad
from engine.calculus import times
from engine.modes import recording

from . import layout, typeset, web
from .formulas import Formula, bracketed, distinct, partial, product
from .page import page
from .parts import survey
from .plan import Plan, lay_out
from .second import Known, known, recognised
from .steps import Line, Step, Term, chained, steps
from .text import number

MOST_PATHS = 64
LONGEST_CLOSED = 100                        # characters
DETAILS = ("line", "steps", "nodes")

__all__ = ["Derivation", "Path", "Step", "Term", "derive"]


Trail = tuple[Value, float, Any]            # a node, the slope that led to it, the trail before


class Path(NamedTuple):
    """One way from x to y: the names along it, its local derivatives, and their product."""

    names: tuple[str, ...]
    factors: tuple[float, ...]
    product: float


class Derivation:
    """The steps of one gradient or several. `print` shows them as text, a notebook as Markdown.

    xs: the Values it is for; steps: the steps; results: the gradients by name.
    """

    def __init__(self, plan: Plan, about: Known, detail: str, digits: int) -> None:
        self.plan, self.known, self.detail, self.digits = plan, about, detail, digits
        self.y, self.xs, self.names = plan.y, plan.xs, plan.names
        self.steps = steps(plan)
        self.found = {node: step.result for node, step in zip(plan.order, self.steps)}
        self.found.setdefault(plan.y, 1.0)

    # ---- numbers

    @property
    def results(self) -> dict[str, float]:
        """The gradient of every target by name."""
        return {self.names[x]: self.found[x] for x in self.xs}

    @property
    def result(self) -> float:
        """The gradient itself, where there is one target."""
        return self.found[self._single("result", "results")]

    @property
    def x(self) -> Value:
        """What the derivation is for, where that is one Value."""
        return self._single("x", "xs")

    def _single(self, asked: str, instead: str) -> Value:
        if len(self.xs) > 1:
            raise ValueError(f"this derivation is for {len(self.xs)} Values and has no single "
                             f"{asked}: use {instead}")
        return self.xs[0]

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Name, value and gradient of every target, as texts."""
        return [(self.names[x], self.shown(x.data), self.shown(self.found[x])) for x in self.xs]

    def shown(self, x: float) -> str:
        """A number to the digits of this derivation."""
        return number(x, self.digits)

    # ---- one formula, all paths, one step of descent

    @property
    def closed(self) -> str:
        """The gradient as one formula, if it has at most 100 characters; else an empty text."""
        sides = self.closed_sides(self._single("closed form", "closing"))
        return sides[0].text if sides else ""

    @cached_property
    def _closed(self) -> dict[Value, Value]:
        """To every node the formula of its gradient, where that is short."""
        algebra, writer = self.plan.algebra, self.plan.writer
        known = {self.y: algebra.number(1.0)}
        for node in self.plan.order:
            edges = self.plan.edges[node]
            if len(edges) <= LONGEST_CLOSED and all(e.taker in known for e in edges):
                with recording():
                    terms = [algebra.simplified(times(known[e.taker], e.formula)) for e in edges]
                formula = terms[0]
                for t in terms[1:]:
                    formula = algebra.sum(formula, t)
                if len(writer.formula(formula).text) <= LONGEST_CLOSED:
                    known[node] = formula
        return known

    def closed_sides(self, x: Value) -> tuple[Formula, ...]:
        """The closed form of one gradient, with numbers, multiplied out; empty if it is long."""
        formula, writer = self._closed.get(x), self.plan.writer
        if formula is None:
            return ()
        products = self._one_way(x)
        return distinct([writer.formula(formula), writer.numbers(formula),
                         products or writer.computed(formula), writer.value(self.found[x])])

    def _one_way(self, x: Value) -> Formula | None:
        """The local derivatives along the only path to x, without those that are 1."""
        factors: list[float] = []
        while x is not self.y:
            if len(self.plan.edges[x]) > 1:
                return None
            edge, = self.plan.edges[x]
            if edge.slope != 1:
                factors.insert(0, edge.slope)
            x = edge.taker
        return product([self.plan.writer.value(f) for f in factors]) if factors[1:] else None

    @property
    def closing(self) -> list[Line]:
        """The last lines: each gradient in one formula, or by the last step that led to it."""
        return [line for x in self.xs if (line := self._closing(x))]

    def _closing(self, x: Value) -> Line | None:
        sides = self.closed_sides(x)
        if len(self.steps) == 1 and self.detail != "line" and not self.known.of:
            return None                                 # the one step has said it
        if not sides and (len(self.xs) > 1 or self.detail == "line" or self.known.of):
            if x is self.y:
                return Line("", None, self.whole(x), (self.plan.writer.value(1.0),))
            step = self.steps[self.plan.order.index(x)]
            sides = chained(step, self.names[self.y], self.plan.writer).sides
        return Line("", None, self.whole(x), sides) if sides else None

    def whole(self, x: Value) -> Formula:
        """The derivative of y with respect to x; of a gradient, the second derivative."""
        return self.known.second(self.names[x]) or partial(self.names[self.y], self.names[x])

    @property
    def about(self) -> list[Line]:
        """What the output is, where it is a gradient or has no name."""
        return [Line("", None, *said) for said in self.known.said(self.plan)]

    @property
    def paths(self) -> list[Path]:
        """Every path from each x to y, at most 64, with the product of its local derivatives."""
        return [path for x in self.xs for path in self._paths(x)]

    def _paths(self, x: Value) -> Iterator[Path]:
        start: Trail = (x, 1.0, None)
        todo, count = [start], 0
        while todo and count < MOST_PATHS:
            trail = todo.pop()
            if trail[0] is self.y:
                count += 1
                yield self._path(trail)
            else:
                todo += [(e.taker, e.slope, trail) for e in reversed(self.plan.edges[trail[0]])]

    def _path(self, trail: "Trail") -> Path:
        """A path from the trail that was left on it, whose end comes first."""
        nodes, factors = [], []
        at: Trail | None = trail
        while at:
            node, slope, at = at
            nodes.append(self.names[node])
            factors.append(slope)
        way = tuple(factors[-2::-1])
        return Path(tuple(nodes[::-1]), way, math.prod(way))

    def update(self, lr: float = 0.01) -> str:
        """The step of gradient descent, a line per target: old value, step, new, which way.

        The new value is shown to as many digits as tell it from the old one.
        """
        return "\n".join(self._update(x, lr) for x in self.xs)

    def _update(self, x: Value, lr: float) -> str:
        slope = self.found[x]
        old, new = x.data, x.data - lr * slope
        way = "grows" if new > old else "shrinks" if new < old else "stays"
        digits = next((d for d in range(self.digits, 17) if number(old, d) != number(new, d)), 17)
        step = bracketed(self.plan.writer.value(slope)).text
        return (f"{self.names[x]} ← {self.shown(old)} - {lr:g} · {step} = "
                f"{number(new, digits)} ({way})")

    # ---- shown and saved

    def __str__(self) -> str:
        return layout.text(self)

    def __repr__(self) -> str:
        return f"<Derivation of {layout.title(self).text}: {len(self.steps)} steps; print it>"

    def markdown(self) -> str:
        """The derivation as Markdown with formulas in dollars."""
        return typeset.markdown(self)

    def latex(self) -> str:
        """The derivation as LaTeX, aligned at the equal signs (package amsmath)."""
        return typeset.latex(self)

    def html(self) -> str:
        """The derivation as a page that works offline; needs latex2mathml."""
        return page(layout.title(self).text, web.html(self))

    def save(self, path: "str | os.PathLike[str]") -> str:
        """Writes the derivation as .html, .md, .tex or .txt, and returns the path."""
        file = File(path)
        made = {".html": self.html, ".md": self.markdown, ".tex": self.latex,
                ".txt": self.__str__}.get(file.suffix.lower())
        if made is None:
            raise ValueError(f"a derivation cannot be saved as {file.name!r}: "
                             f"end the name in .html, .md, .tex or .txt")
        file.write_text(made() + "\n", encoding="utf-8")
        return str(file)

    _repr_markdown_ = markdown


def derive(y: Value, x: Any, module: Any = None, *, detail: str = "steps", digits: int = 4,
           order: int = 1) -> Derivation:
    """The derivation of dy/dx, from the output back to x.

    x: a Value, a list or nested list of them, or a module, then all of its parameters in the graph.
    module: gives names to its parameters. detail: "line" for the result in one line, "steps", or
    "nodes" for a step at every operation. order: 2 derives d²y/dx², for one x. Nothing is changed
    on the graph; `backward()` need not have been called. ValueError if x is not in the graph of y.
    """
    if detail not in DETAILS:
        raise ValueError(f"the detail {detail!r} is not known: choose one of {', '.join(DETAILS)}")
    if not isinstance(y, Value):
        raise TypeError(f"{y!r} has no graph to derive from: give the Value that was computed")
    if not isinstance(digits, int) or digits < 1:
        raise ValueError(f"digits is {digits!r}: give a whole number of significant digits, as 4")
    if hasattr(x, "parameters") and not isinstance(x, Value):
        module = module if module is not None else x
    xs = targets(x)
    y, about = differentiated(y, xs, order)
    found = survey([y], module)
    xs = in_graph(xs, found.names, y, hasattr(x, "parameters") and not isinstance(x, Value))
    about = about or recognised(y, found)
    return Derivation(lay_out(y, xs, found, about, detail, digits), about, detail, digits)


def differentiated(y: Value, xs: list[Value], order: int) -> tuple[Value, Known | None]:
    """What is derived: y itself, or for the second order its gradient."""
    if order == 1:
        return y, None
    if order != 2 or len(xs) != 1:
        raise ValueError(f"order {order!r} for {len(xs)} Values is not derived: use order=2 and "
                         f"one Value, or derive(grad(y, x), x)")
    return (slope := grad(y, xs[0])), known(slope, y, xs[0])


def targets(x: Any) -> list[Value]:
    """The Values that are asked for, in order, each once."""
    found: dict[Value, None] = {}
    todo = [x.parameters() if hasattr(x, "parameters") and not isinstance(x, Value) else x]
    while todo:
        top = todo.pop()
        if isinstance(top, Value):
            found[top] = None
        elif hasattr(top, "__iter__") and not isinstance(top, (str, bytes)):
            todo += reversed(list(top))
        else:
            raise TypeError(f"a derivation is for Values of the graph, and {top!r} is not one: "
                            f"pass a Value, a list of them, or a module")
    if not found:
        raise ValueError("there is nothing to derive: pass a Value, a list of them, or a module")
    return list(found)


def in_graph(xs: list[Value], names: dict[Value, str], y: Value, some: bool) -> list[Value]:
    """The targets, checked; of a module, those that the output depends on."""
    missing = [x for x in xs if x not in names and x is not y]
    if missing and (not some or len(missing) == len(xs)):
        raise ValueError(f"{missing[0]!r} is not in the graph of {names.get(y, 'y')!r}, so there "
                         f"is nothing to derive: pass a Value that y was computed from")
    return [x for x in xs if x not in missing]

