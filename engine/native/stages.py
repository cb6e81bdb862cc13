"""The order of work inside a template: elementwise stages with matrix products between them.

    stage 0   each lane by itself: everything that no product stands below
    product   dots over the same inputs with shared weights, all of them at once
    stage 1   what needs the first products, ...

`Stages(graph, template)` finds the products; weights get their places from the layout.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..rules import RULES
from .graph import Graph
from .lane import Instruction, Ref
from .lanes import Template
from .layout import Layout, Matrix, Place

WORTHWHILE = 8          # multiplications; smaller products are written out


class Product(NamedTuple):
    """Several dots over the same inputs: registers out, lane numbers in, weights and biases."""

    outs: list[int]
    into: list[Ref]
    nodes: list[list[int]]
    weights: Matrix
    biases: list[int]
    bias: "tuple[Place, int] | None"


class Dot(NamedTuple):
    """One dot that can be a row of a product."""

    out: int
    weights: list[int]
    start: "Ref | None"


class Stages:
    """A template in order: `stages[s]`, registers computed each by itself, then `products[s]`."""

    def __init__(self, graph: Graph, template: Template, layout: Layout) -> None:
        self.graph, self.template, self.layout = graph, template, layout
        self.code: list[Instruction] = list(template.code)
        self.result = len(self.code) - 1
        self.made: dict[int, Product] = {}
        self.rows: dict[Ref, int] = {}          # of registers and of leaves, each counted from 0
        self.counts = {"r": 0, "l": 0}
        products = [p for into, dots in self.candidates().items()
                    if (p := self.product(into, dots)) is not None]
        for p in products:
            self.in_a_row([("r", out) for out in p.outs])
        self.products: list[list[Product]]
        self.stages, self.products = self.ordered(
            [p._replace(into=self.side_by_side(p.into)) for p in products])

    # ---- rows

    def row(self, ref: Ref) -> int:
        """The row of a register or of a leaf."""
        if ref not in self.rows:
            self.in_a_row([ref])
        return self.rows[ref]

    def in_a_row(self, refs: Sequence[Ref]) -> bool:
        """Gives neighbouring rows to refs of one kind, if they have none; whether they are so."""
        kind = refs[0][0]
        if not any(ref in self.rows for ref in refs):
            for ref in refs:
                self.rows[ref] = self.counts[kind]
                self.counts[kind] += 1
        start = self.rows.get(refs[0], 0)
        return all(self.rows.get(ref) == start + i for i, ref in enumerate(refs))

    def side_by_side(self, into: list[Ref]) -> list[Ref]:
        """The inputs of a product in neighbouring rows, copied there if they cannot be."""
        kinds = {(kind, kind == "l" and self.template.moving(self.graph, x)) for kind, x in into}
        if len(kinds) == 1 and self.in_a_row(into):
            return into
        copies = []
        for ref in into:
            self.code.append(Instruction(RULES["identity"], (ref,)))
            copies.append(("r", len(self.code) - 1))
        self.in_a_row(copies)
        return copies

    # ---- finding products

    def candidates(self) -> dict[tuple[Ref, ...], list[Dot]]:
        """The dots with shared weights, by their inputs."""
        found: dict[tuple[Ref, ...], list[Dot]] = {}
        for k, step in enumerate(self.code):
            if step.rule.name == "dot":
                read = self.oriented(step.inputs)
                if read:
                    weights, into, start = read
                    found.setdefault(into, []).append(Dot(k, weights, start))
        return found

    def oriented(self, inputs: Sequence[Ref],
                 ) -> "tuple[list[int], tuple[Ref, ...], Ref | None] | None":
        """The weights, inputs and start of a dot; None if a product of it is not shared x lane."""
        n = len(inputs) // 2
        weights, into = [], []
        for a, b in zip(inputs[:n], inputs[n:2 * n]):
            if self.is_shared(a) == self.is_shared(b) or self.is_literal(a) or self.is_literal(b):
                return None
            weights.append((a if self.is_shared(a) else b)[1])
            into.append(b if self.is_shared(a) else a)
        return weights, tuple(into), inputs[-1] if len(inputs) % 2 else None

    def is_shared(self, ref: Ref) -> bool:
        """Whether all lanes read the same number."""
        return ref[0] == "s"

    def is_literal(self, ref: Ref) -> bool:
        """Whether it is a constant."""
        return self.is_shared(ref) and ref[1] in self.graph.literal

    def product(self, into: tuple[Ref, ...], dots: list[Dot]) -> "Product | None":
        """The product that dots make, if it is worthwhile and its weights can be placed."""
        if len(into) * len(dots) < WORTHWHILE or len(set(into)) < len(into):
            return None
        nodes = [dot.weights for dot in dots]
        matrix = self.layout.matrix(nodes)
        if matrix is None:
            return None
        biases = [dot.start[1] for dot in dots
                  if dot.start and self.is_shared(dot.start) and not self.is_literal(dot.start)]
        placed = self.layout.matrix([biases]) if len(biases) == len(dots) else None
        if not placed:
            outs = [self.with_start(dot) for dot in dots]
            return Product(outs, list(into), nodes, matrix, [], None)
        return Product([dot.out for dot in dots], list(into), nodes, matrix, biases,
                       (placed.base, placed.column))

    def with_start(self, dot: Dot) -> int:
        """The register of the dot alone, to which its start is then added."""
        if dot.start is None:
            return dot.out
        self.code.append(self.code[dot.out])
        self.code[dot.out] = Instruction(RULES["add"], (("r", len(self.code) - 1), dot.start))
        return len(self.code) - 1

    # ---- the order

    def ordered(self, products: list[Product]) -> tuple[list[list[int]], list[list[Product]]]:
        """Stages and products, each after what it needs."""
        product_of = {out: p for p in products for out in p.outs}
        depth: dict[int, int] = {}
        stages: list[list[int]] = [[]]
        after: list[list[Product]] = [[]]
        done: set[int] = set()
        for k in self.sorted(product_of):
            below = [depth[x] for kind, x in self.needs(k, product_of) if kind == "r"]
            at = max(below, default=0)
            if k not in product_of:
                depth[k] = at
                stages[at].append(k)
                continue
            p = product_of[k]
            for out in p.outs:
                depth[out] = at + 1
            if p.outs[0] not in done:
                done.add(p.outs[0])
                if len(stages) == at + 1:
                    stages.append([])
                    after.append([])
                after[at].append(p)
        return stages, after

    def needs(self, k: int, product_of: dict[int, Product]) -> Sequence[Ref]:
        """What a register is computed from."""
        return product_of[k].into if k in product_of else self.code[k].inputs

    def sorted(self, product_of: dict[int, Product]) -> list[int]:
        """All registers, each after what it needs."""
        order: list[int] = []
        seen: set[int] = set()
        todo: list[Any] = [*range(len(self.code))][::-1]
        while todo:
            k = todo.pop()
            if k is None:
                order.append(todo.pop())
            elif k not in seen:
                seen.add(k)
                todo += k, None
                todo += [x for kind, x in self.needs(k, product_of)
                         if kind == "r" and x not in seen]
        return order
