"""Why is it zero, why is it huge: the gradients of a graph, and the factors that made them so.

    loss.backward()
    print(diagnose(loss, model))        what is wrong, where, which factors did it, what helps
    assert diagnose(loss, model)        true if nothing is

A site is one place in a network: the nodes that only differ in the sample they belong to. Paths and
factors are those of paths.py. Everything is read from the nodes and from their operations' own
slopes, so operations added at run time are diagnosed as well. Call it after `backward()` and before
the optimizer moves the parameters; nothing is written. Start reading at `diagnose`.
"""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from engine import Value, is_constant
from engine.ieee import chain

from .module import Module
from .paths import Graph, Path

FEW = 4                             # findings of one kind that a report shows

HELP = {
    "nan or inf": "keep the input inside the domain, or scale it; engine.anomaly() names the line",
    "dead":       "other biases, smaller steps, or an activation with a slope on both sides",
    "saturated":  "smaller weights, inputs scaled to about 1, or an activation that does not level",
    "zero":       "change the factor that is 0",
    "vanishing":  "larger initial weights, fewer levelling activations, or fewer layers",
    "exploding":  "smaller initial weights, scaled inputs, or a smaller learning rate",
    "unused":     "leave it out, or make the loss depend on it",
}


class Finding(NamedTuple):
    """One thing that is wrong: its kind (a key of HELP), where it is, and a sentence about it."""

    kind: str
    where: str
    text: str
    parameters: tuple[str, ...] = ()
    path: Path = Path()

    def __str__(self) -> str:
        indented = str(self.path).replace("\n", "\n    ")
        return f"{self.kind}: {self.text}" + (f"\n    {indented}" if self.path else "")


class Group(NamedTuple):
    """The gradients of one layer or matrix: how many, their norm, the smallest and largest size."""

    name: str
    parameters: int
    norm: float
    smallest: float
    largest: float


class Block(NamedTuple):
    """The findings of one kind in a report: some texts, how many more, the path of the first."""

    kind: str
    texts: list[str]
    more: int
    path: Path

    def _texts(self) -> list[str]:
        more = f"… and {self.more} more, see .of({self.kind!r})"
        return [*self.texts, more] if self.more > 0 else self.texts

    def __str__(self) -> str:
        indented = [f"    {line}" for line in str(self.path).splitlines()]
        return "\n".join([*(f"{self.kind}: {text}" for text in self._texts()), *indented,
                          f"what helps: {HELP[self.kind]}"])

    def markdown(self) -> str:
        """The same as Markdown."""
        lines = [f"- {text}" for text in self._texts()]
        steps = [f"\n```text\n{self.path}\n```"] if self.path else []
        return "\n".join([f"**{self.kind}** (what helps: {HELP[self.kind]})\n", *lines, *steps])


class Diagnosis:
    """What `diagnose` found: true if that is nothing; `print` shows it, notebooks as a table.

    findings: a list of Finding, causes first. groups: a list of Group, from the first layer on.
    """

    def __init__(self, findings: list[Finding], groups: list[Group], nodes: int) -> None:
        self.findings, self.groups, self.nodes = findings, groups, nodes

    def __bool__(self) -> bool:
        return not self.findings

    def of(self, kind: str) -> list[Finding]:
        """The findings of one kind, such as "dead"."""
        if kind not in HELP:
            raise ValueError(f"there is no kind {kind!r}: choose one of {', '.join(HELP)}")
        return [f for f in self.findings if f.kind == kind]

    def __str__(self) -> str:
        width = max([10, *(len(g.name) for g in self.groups)])
        lines = [f"{'gradients':<{width}} {'count':>7} {'norm':>11} {'smallest':>11} "
                 f"{'largest':>11}"]
        lines += [f"{g.name:<{width}} {g.parameters:>7} {g.norm:>11.4g} {g.smallest:>11.4g} "
                  f"{g.largest:>11.4g}" for g in self.groups]
        return "\n".join([*lines, "", *(map(str, self.blocks()) if self.findings
                                        else [self._nothing()])])

    def _nothing(self) -> str:
        return f"nothing conspicuous in {self.nodes} nodes"

    def blocks(self) -> list["Block"]:
        """The findings by kind, those that concern most parameters first, in a few lines each."""
        kinds = dict.fromkeys(f.kind for f in self.findings)
        ordered = {k: sorted(self.of(k), key=lambda f: -len(f.parameters)) for k in kinds}
        return [Block(k, [f.text for f in found[:FEW]], len(found) - FEW, found[0].path)
                for k, found in ordered.items()]

    def markdown(self) -> str:
        """The same as Markdown."""
        rows = [f"| {g.name} | {g.parameters} | {g.norm:.4g} | {g.smallest:.4g} | {g.largest:.4g} |"
                for g in self.groups]
        parts = [block.markdown() for block in self.blocks()] or [self._nothing()]
        head = ["| gradients | count | norm | smallest | largest |", "|---|--:|--:|--:|--:|"]
        return "\n".join([*head, *rows, "", "\n\n".join(parts)])

    def _repr_markdown_(self) -> str:
        return self.markdown()


def diagnose(loss: Value, module: Module | None = None, *, tiny: float = 1e-6, huge: float = 1e3,
             flat: float = 0.01, often: float = 0.5) -> Diagnosis:
    """What is wrong with the gradients of `loss`, with the factors that did it.

    module: gives parameters their names and tells them from the samples; without it every leaf
    that is not a constant is a parameter.
    tiny, huge: a gradient below or above in size is vanishing or exploding.
    flat: a slope below it in size is saturated, where the operation is flat all around.
    often: the part of the samples on which a site must be saturated to be reported. A site is dead
    if its slope is exactly zero on all samples.
    """
    graph = Graph(loss, module)
    for name, x in (("tiny", tiny), ("huge", huge), ("flat", flat), ("often", often)):
        if not x >= 0:
            raise ValueError(f"{name}={x!r} must be 0 or more")
    found = [*not_finite(graph), *flat_sites(graph, flat, often), *sizes(graph, tiny, huge)]
    order = list(HELP)
    found.sort(key=lambda f: (order.index(f.kind), natural(f.where)))
    return Diagnosis(found, groups(graph), len(graph.inner) + len(graph.leaves))


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts z2 before z10."""
    return [(int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", name)]


# ---- nan and inf

def not_finite(graph: Graph) -> Iterator[Finding]:
    """The nodes where a number stopped being finite, and those where a gradient did."""
    origins = [n for n in graph.leaves + graph.inner if not math.isfinite(n.data)
               and all(math.isfinite(x.data) for x in n._prev)]
    for node in origins:
        made = f" = {call(node)}" if node._prev else ", a leaf,"
        yield Finding("nan or inf", graph.name(node),
                      f"{graph.name(node)}{made} is {node.data!r}, and all that follows from it")
    for node in reversed(graph.inner):
        if math.isfinite(node.data) and math.isfinite(node.grad):
            yield from gradient_origins(graph, node)


def gradient_origins(graph: Graph, node: Value) -> Iterator[Finding]:
    """The inputs to which a node of finite number and gradient hands one that is not finite."""
    for i, (x, slope) in enumerate(zip(node._prev, graph.slopes(node) or ())):
        if not (is_constant(x) or math.isfinite(x.grad) or math.isfinite(chain(node.grad, slope))):
            yield Finding("nan or inf", graph.name(x),
                          f"the gradient of {graph.name(x)} is {chain(node.grad, slope)!r}: "
                          f"input {i + 1} of {graph.name(node)} = {call(node)} has the slope "
                          f"{slope!r}")


def call(node: Value) -> str:
    """A node as a call with numbers: log(0.0)."""
    more = ", …" if len(node._prev) > 4 else ""
    return f"{node._rule.name}({', '.join(repr(x.data) for x in node._prev[:4])}{more})"


# ---- dead and saturated sites

def flat_sites(graph: Graph, flat: float, often: float) -> Iterator[Finding]:
    """The sites whose operation, of one variable, is level at its input, sample after sample."""
    for nodes in sites(graph):
        found = [levelled(graph, node, flat) for node in nodes]
        node, n = nodes[0], len(nodes)
        level = sum(kind != "" for kind in found)
        kind = "dead" if found.count("dead") == n else "saturated"
        if kind == "dead" or (level and level >= often * n and set(found) != {"dead", ""}):
            i = varying(node)
            local = [(graph.slopes(v) or ())[i] for v, k in zip(nodes, found) if k]
            inputs = [v._prev[i].data for v, k in zip(nodes, found) if k]
            yield Finding(kind, graph.name(node),
                          f"{graph.name(node)} has the slope {span(local)} "
                          f"{on_samples(level, n)}, where its input is {span(inputs)}")


def on_samples(level: int, n: int) -> str:
    """'on all 20 samples', 'on 18 of 20 samples'; 'here' for a single one."""
    if n == 1:
        return "here"
    return f"on all {n} samples" if level == n else f"on {level} of {n} samples"


def span(xs: Sequence[float]) -> str:
    """'-3.1' or '-3.1 to -0.2'."""
    low, high = f"{min(xs):.4g}", f"{max(xs):.4g}"
    return low if low == high else f"{low} to {high}"


def sites(graph: Graph) -> Iterator[list[Value]]:
    """The nodes with one varying input, those together that have the same structure.

    Two nodes have the same structure if they apply the same operation to inputs of the same
    structure; parameters are the same only as themselves, all other leaves (the samples) always.
    """
    names: dict[Any, int] = {}
    kinds: dict[Value, int] = {leaf: names.setdefault(leaf if leaf in graph.paths else "sample",
                                                      len(names)) for leaf in graph.leaves}
    together: dict[int, list[Value]] = {}
    for node in graph.inner:
        key = (node._rule, *(kinds[x] for x in node._prev))
        kinds[node] = names.setdefault(key, len(names))
        if varying(node) >= 0 and hasattr(node._rule, "row"):
            together.setdefault(kinds[node], []).append(node)
    yield from together.values()


def varying(node: Value) -> int:
    """The place of the only input that is not a constant; -1 if there are none or several."""
    places = [i for i, x in enumerate(node._prev) if not is_constant(x)]
    return places[0] if len(places) == 1 else -1


def levelled(graph: Graph, node: Value, flat: float) -> str:
    """"dead", "saturated" or "": whether the operation is level at its input and beside it.

    A slope that is small at a single point, as that of a square at 0, is neither; nor is the slope
    of an operation that is as small everywhere, as that of x / 1000.
    """
    i = varying(node)
    slope = abs((graph.slopes(node) or [math.nan] * (i + 1))[i])
    if slope == 0:
        h = 1e-3 * max(1.0, abs(node._prev[i].data))
        return "dead" if 0.0 in (slope_at(node, i, -h), slope_at(node, i, h)) else ""
    if not slope < flat:
        return ""
    beside = [abs(slope_at(node, i, h)) for h in (-1.0, 1.0)]
    return "saturated" if max(beside) < 10 * flat and set(beside) != {slope} else ""


def slope_at(node: Value, i: int, h: float) -> float:
    """The slope of a node's operation for input i, with this input moved by h."""
    rule: Any = node._rule
    xs = [x.data + h * (j == i) for j, x in enumerate(node._prev)]
    z = rule.function(xs) if rule.row.variadic else rule.function(*xs)
    return rule.slopes(xs, z)[i]                # type: ignore[no-any-return]


# ---- zero, vanishing and exploding gradients

def sizes(graph: Graph, tiny: float, huge: float) -> Iterator[Finding]:
    """The parameters with gradients that are zero, tiny or huge; those of one cause together."""
    together: dict[tuple[str, str], list[tuple[float, str, Value]]] = {}
    for p, name in graph.paths.items():
        g = abs(graph.gradient(p)) if p in graph.readers else math.nan
        kind = ("unused" if p not in graph.readers and p is not graph.loss
                else "zero" if g == 0 else "vanishing" if g < tiny
                else "exploding" if huge < g < math.inf else "")
        if kind:
            cause = stopped_by(graph, p) if kind == "zero" else ""
            together.setdefault((kind, cause), []).append((g, name, p))
    for (kind, cause), members in together.items():
        yield sized(graph, kind, cause, members)


def sized(graph: Graph, kind: str, cause: str,
          members: list[tuple[float, str, Value]]) -> Finding:
    """The finding about the parameters of one cause, with the path to the worst of them."""
    names = tuple(name for _, name, _ in members)
    layers = list(dict.fromkeys(map(layer, names)))
    where = ", ".join(layers if len(layers) < 4 else [layers[0], "…", layers[-1]])
    g, name, p = (max if kind == "exploding" else min)(members, key=lambda m: m[0])
    more = f" (and of {len(names) - 1} more in {where})" if len(names) > 1 else ""
    if kind == "unused":
        return Finding(kind, where, f"the loss does not depend on {name}"
                                    f"{more.replace('and of', 'nor on')}", names)
    steps = graph.strongest(p)
    size, why = (("exactly 0", cause) if kind == "zero"
                 else (f"{g:.3g} in size", culprits(steps, kind)))
    return Finding(kind, where, f"the gradient of {name}{more} is {size}: {why}", names, steps)


def stopped_by(graph: Graph, p: Value) -> str:
    """The factor of zero that stops every path to a parameter of zero gradient, in words."""
    handed = graph.contributions(p)
    if any(c[3] for c in handed):
        return "its contributions cancel each other"
    causes = {graph.zero(reader, i, slope) for reader, i, slope, _ in handed}
    if len(causes) == 1:
        return causes.pop()
    return f"each of its {len(handed)} paths has a factor of 0, not always the same"


def culprits(steps: Path, kind: str) -> str:
    """The operations whose factors on a path make its product small or large, in words."""
    rows = steps.by_operation()
    rows = rows[::-1] if kind == "exploding" else rows
    most = [f"{n} factor{'s' * (n > 1)} of {o} make{'s' * (n == 1)} {x:.3g}" for o, n, x in rows[:2]
            if (abs(x) > 1 if kind == "exploding" else abs(x) < 1)]
    return ", ".join(most) or "it is the sum of many paths"


def layer(name: str) -> str:
    """The layer of a parameter: layers[0] of layers[0].neurons[1].w[2], W_ij of W_ij[1,2]."""
    return name.partition(".")[0] if "." in name else name.partition("[")[0]


def groups(graph: Graph) -> list[Group]:
    """The sizes of the gradients, layer by layer."""
    together: dict[str, list[float]] = {}
    for p, name in graph.paths.items():
        if p in graph.readers:
            together.setdefault(layer(name), []).append(abs(graph.gradient(p)))
    return [Group(name, len(g), math.hypot(*g), min(g), max(g)) for name, g in together.items()]
