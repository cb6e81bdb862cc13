'''The forward and the backward pass as Python source that runs on its own.

    print(to_source(loss, [W, b]))                  def loss_and_gradients(W=0.5, b=0.1, x=2): ...
    to_source(loss, [W, b], arrays=True)            the same for numpy arrays, sample by sample
    to_source(loss, [W, b], exact=True)             sums to the last bit, in place of w * x + b

A line per node, first the values, then the gradients from the output back, in the engine's order,
so that the numbers are the engine's. The lines are the rows' own text with the names put in. Of
engine/ieee.py and engine/lists.py, what those lines call is copied above them, and nothing else.

    d_z1 = d_h1 * (1 + h1)          the gradient of z1; a product with a slope
    chain(d_v1, v1)                 the same where the slope may be inf or nan: an exact zero wins

Start reading at `to_source`.
'''

import ast
import builtins
import itertools
import keyword
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from engine import Value, is_constant
from engine.floats import safe
from engine.graph import topological
from engine.lists import partners
from engine.rules import Handmade

from .derivation import in_graph, targets
from .helpers import definitions, helpers
from .parts import survey
from .plan import dependants

TRIED = (-1e100, -1.0, 0.0, 1.0, 1e100)         # a row that is finite here makes no inf by itself


def to_source(y: Value, xs: Any, *, module: Any = None, arrays: bool = False,
              exact: bool = False, name: str = "") -> str:
    """A Python module as text: a function of the leaves that returns y and dy/dx for each x.

    xs: a Value, then so is the gradient; or a list, nested list or module, then they are a list.
    The leaves are arguments, by name, with their present numbers as defaults; unlabelled constants
    stay numbers. arrays: the arguments may be numpy arrays of one shape, one element per sample,
    and gradients come per sample. exact: sums and dot products are the engine's own, to the last
    bit; otherwise they are written out, and may differ in the last digits where they cancel.
    name: of the function. ValueError if an x is not in the graph, or a node was made by hand.
    """
    wanted = targets(xs)
    is_module = hasattr(xs, "parameters") and not isinstance(xs, Value)
    found = survey([y], module if module is not None else xs if is_module else None)
    wanted = in_graph(wanted, found.names, y, is_module)
    return Program(y, wanted, found.names, arrays, exact).text(name, isinstance(xs, Value))


class Program:
    """The two passes, as lines of Python."""

    def __init__(self, y: Value, xs: list[Value], names: dict[Value, str], arrays: bool,
                 exact: bool) -> None:
        self.y, self.xs, self.arrays, self.exact = y, xs, arrays, exact
        leaves, self.inner = topological([y])
        self.leaves = [n for n in names if n in set(leaves)]
        self.written = [n for n in names if n in set(self.inner)]       # as a person would
        check(self.inner)
        self.between = set(dependants([*leaves, *self.inner], xs))
        self.names = identifiers([*self.leaves, *self.inner], names)
        self.read = {n: self.names.get(n) or literal(n.data) for n in [*leaves, *self.inner]}
        self.wild = wild(self.inner)
        self.started: set[Value] = set()

    def text(self, name: str, single: bool) -> str:
        """The whole module."""
        forward = [f"{self.read[n]} = {self.value(n)}" for n in self.written]
        backward = list(self.backward())
        slopes = [f"d_{self.read[x]}" if x in self.started else "0.0" for x in self.xs]
        result = slopes[0] if single else f"[{', '.join(slopes)}]"
        body = ["# forward", *forward, "", "# backward", *backward, "",
                *folded(f"return {self.read[self.y]}, {result}", 96)]
        title = free_name(name or f"{self.read[self.y]}_and_gradients",
                          reserved() | set(self.names.values()))
        head = folded(f"def {title}({self.arguments()}):", 100)
        defined = "\n".join(["@np.errstate(all='ignore')"] * self.arrays + head + [
            f"    {line}" if line else "" for line in body]) + "\n"
        said = f'"""{self.read[self.y]} and its gradients: a forward and a backward pass."""'
        above = "\n\n".join(filter(None, [said, helpers(defined, self.arrays)]))
        return f"{above}\n\n\n{defined}"

    def arguments(self) -> str:
        """The leaves as parameters with their numbers as defaults: the xs first."""
        first = [n for n in self.xs if not n._prev]
        return ", ".join(f"{self.names[n]}={literal(n.data)}" for n in dict.fromkeys(
            [*first, *(n for n in self.leaves if n in self.names)]))

    # ---- forward

    def value(self, node: Value) -> str:
        """The right-hand side that computes a node."""
        row = node._rule.row                                # type: ignore[union-attr]
        inputs = [self.read[x] for x in node._prev]
        if not row.variadic:
            return self.plain(row.forward, dict(zip(row.inputs.split(), inputs)))
        terms = [] if self.exact else summed(row.text, inputs)
        if terms and (self.arrays or len(terms) < 3):
            return " + ".join(terms)
        return self.plain(f"total([{', '.join(terms)}])" if terms else row.forward,
                          {"xs": f"[{', '.join(inputs)}]"})

    def plain(self, expression: str, read: dict[str, str]) -> str:
        """A row's text with its names read, as Python that never raises."""
        tree = Plainer(self.arrays).visit(ast.parse(safe(expression, read), mode="eval"))
        return ast.unparse(tree.body)

    # ---- backward

    def backward(self) -> Iterator[str]:
        """The lines by which every node hands its gradient on, outputs first."""
        self.started.add(self.y)
        yield f"d_{self.read[self.y]} = 1.0"
        for node in reversed(self.inner):
            if node in self.started and any(x in self.between for x in node._prev):
                yield from self.handed_on(node)

    def handed_on(self, node: Value) -> Iterator[str]:
        """The lines by which one node hands its gradient on."""
        slopes, before = self.slopes(node)
        yield from before
        for i, (x, slope) in enumerate(zip(node._prev, slopes)):
            if x in self.between and slope != "0":
                yield self.added(x, self.share(node, i, slope))

    def added(self, x: Value, share: str) -> str:
        """The assignment by which x receives a share."""
        d = f"d_{self.read[x]}"
        if x not in self.started:
            self.started.add(x)
            return f"{d} = {share}"
        return f"{d} = {d} + {share}" if self.arrays else f"{d} += {share}"

    def share(self, node: Value, i: int, slope: str) -> str:
        """The gradient of a node times one of its slopes."""
        d = f"d_{self.read[node]}"
        if slope in ("1", "-1"):
            return d if slope == "1" else f"-{d}"
        if not self.settled(node, i):
            return f"chain({d}, {slope})"
        return f"{d} * {slope}" if one_call(slope) else f"{d} * ({slope})"

    def slopes(self, node: Value) -> tuple[list[str], list[str]]:
        """The slopes of a node as expressions, and the lines that must come before them."""
        row = node._rule.row                                # type: ignore[union-attr]
        inputs, z = [self.read[x] for x in node._prev], {"z": self.read[node]}
        if not row.variadic:
            read = dict(zip(row.inputs.split(), inputs)) | z
            return [self.plain(slope, read) for slope in row.slopes], []
        try:                                                # partners(xs), [1] * len(xs)
            found = eval(row.slopes[0], {"partners": partners, "len": len}, {"xs": inputs})
            return [str(slope) for slope in found], []
        except NameError:
            listed = self.plain(row.slopes[0], {"xs": f"[{', '.join(inputs)}]"} | z)
            return ([f"slopes[{i}]" for i in range(len(inputs))], [f"slopes = {listed}"])

    def settled(self, node: Value, i: int) -> bool:
        """Whether a slope is finite whatever the finite inputs are, so that 0 times it is 0."""
        reached = [x in self.wild for x in node._prev]
        return all(abs(node._rule.slopes(list(xs), z)[i]) < math.inf        # type: ignore[index]
                   for xs, z in tried(node, reached, node in self.wild))


# ---- what rows do at the edges, found by trying

def tried(node: Value, reached: Sequence[bool], wild_z: bool) -> Iterator[
        tuple[Sequence[float], float]]:
    """Inputs to try a row on, each with its value; inputs that may be inf are tried at inf."""
    rule: Any = node._rule
    n = len(reached)
    spread = itertools.product(TRIED, repeat=n) if n < 4 else ([t] * n for t in TRIED)
    for xs in spread:
        for edge in ((math.inf, -math.inf, math.nan) if any(reached) else (0.0,)):
            point = [edge if r else x for x, r in zip(xs, reached)]
            yield point, rule.value(point)


def wild(inner: Sequence[Value]) -> set[Value]:
    """The nodes that may be inf or nan though the leaves are finite."""
    found: set[Value] = set()
    for node in inner:
        reached = [x in found for x in node._prev]
        if not all(abs(z) < math.inf for _, z in tried(node, reached, False)):
            found.add(node)
    return found


# ---- names

def check(inner: Sequence[Value]) -> None:
    """Raises ValueError for a node that no row made."""
    for node in inner:
        if isinstance(node._rule, Handmade):
            raise ValueError(f"the node {node.label or node._op!r} was made by hand and has no "
                             f"formula to write: define it as a row with engine.add_operation")


def identifiers(nodes: Sequence[Value], names: dict[Value, str]) -> dict[Value, str]:
    """A Python name for every node that has a name, each used once."""
    taken, found = reserved(), {}
    for node in nodes:
        if node in names and not (is_constant(node) and not node.label):
            found[node] = free_name(names[node], taken)
            taken.update((found[node], f"d_{found[node]}"))
    return found


def free_name(label: str, taken: set[str]) -> str:
    """A label as an identifier: W_ij[2,1] is W_ij_2_1; none that is taken or means something."""
    text = re.sub(r"\W+", "_", label, flags=re.ASCII).strip("_") or "v"
    text = f"v{text}" if text[0].isdigit() else text
    choices = itertools.chain([text], (f"{text}_{i}" for i in itertools.count(2)))
    return next(c for c in choices if c not in taken and f"d_{c}" not in taken)


def reserved() -> set[str]:
    """The names that mean something in generated source."""
    return {"math", "np", "slopes", "each", "each_list", *keyword.kwlist, *keyword.softkwlist,
            *vars(builtins), *definitions()}


def literal(x: float) -> str:
    """A number as Python writes it."""
    return repr(x) if math.isfinite(x) else f"math.{x}" if x > 0 or x != x else "-math.inf"


# ---- expressions

class Plainer(ast.NodeTransformer):
    """Writes `div(x, 3)` as `x / 3`; for arrays, choices as numpy's and every division plain."""

    def __init__(self, arrays: bool) -> None:
        self.arrays = arrays

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "div":
            bottom = node.args[1]
            if self.arrays or (isinstance(bottom, ast.Constant) and bottom.value):
                return ast.BinOp(node.args[0], ast.Div(), bottom)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        if not self.arrays:
            return node
        condition = node.test
        if isinstance(condition, ast.BoolOp):
            condition = ast.Call(ast.Name("np.logical_or"), condition.values, [])
        return ast.Call(ast.Name("np.where"), [condition, node.body, node.orelse], [])


def summed(template: str, inputs: Sequence[str]) -> list[str]:
    """The terms of a row over a list that is written as a sum; none for another."""
    if not template.endswith(" + ..."):
        return []
    width = 2 if "{y" in template else 1
    n = len(inputs) // width
    return [*(" * ".join(inputs[i:n * width:n]) for i in range(n)), *inputs[n * width:]]


def one_call(text: str) -> bool:
    """Whether a text is a name, a number or one call, which needs no brackets in a product."""
    return isinstance(ast.parse(text, mode="eval").body,
                      (ast.Name, ast.Call, ast.Constant, ast.Subscript))


def folded(text: str, width: int) -> list[str]:
    """A list or a call that is too long for a line, broken after commas below its bracket."""
    out = [text]
    column = re.search(r"[(\[]", text).end() if len(text) > width else 0      # type: ignore[union-attr]
    while len(out[-1]) > width and ", " in out[-1][column:width]:
        cut = out[-1].rindex(", ", column, width) + 1
        out[-1:] = [out[-1][:cut], " " * column + out[-1][cut + 1:]]
    return out
