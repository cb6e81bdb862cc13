"""Sums put together: `b + w1 x1 + w2 x2 + ...`, written with + and *, becomes one row `dot`.

A chain of additions whose partial sums nobody else reads is one sum of many terms; a term that is
a product with a leaf joins a `dot`, all others a `total`. No new mathematics: both are rows.

All sums of a graph are put together at once: `of[i]` is the number of the sum whose term `terms[i]`
is, in arrays over the terms of all sums.
"""

from collections.abc import Callable
from itertools import chain

import numpy as np

from ..rules import RULES
from .choose import Array
from .flat import Flat, starts_of, view
from .graph import Graph

ADD, MUL, DOT, TOTAL = (RULES[name] for name in ("add", "mul", "dot", "total"))
FEW = 3                                 # sums of fewer terms stay as they are


class Sums:
    """The additions of a graph: which are partial sums of others, and the terms of the rest."""

    def __init__(self, flat: Flat, uses: Array) -> None:
        n = len(flat.rules)
        sums = (flat.rules == id(ADD)) | (flat.rules == id(TOTAL))
        above = np.zeros(n, dtype=np.int64)
        above[flat.operands] = flat.readers()
        inside = sums & (uses == 1) & sums[above]
        adds = np.flatnonzero(flat.rules == id(ADD))
        left = flat.column(adds, 0)
        joined = np.zeros(n, dtype=bool)                # to its left input, the node before it
        joined[adds] = (left == adds - 1) & inside[left]
        head = np.maximum.accumulate(np.where(joined, 0, np.arange(n)))
        self.head, self.inside = view(head), inside.tobytes()
        self.starts, self.operands = view(flat.starts), view(flat.operands)
        sums[inside] = False
        long = flat.counts >= FEW
        long[above[inside]] = True
        self.outer = np.flatnonzero(sums & long)        # those that may have many terms

    def terms(self, k: int) -> tuple[list[int], list[tuple[int, int]]]:
        """The terms of a sum from left to right, and the runs of nodes that add them up."""
        starts, operands, terms, runs = self.starts, self.operands, [], []
        todo = [k]
        while todo:
            x = todo.pop()
            if x == k or self.inside[x]:
                h = self.head[x]
                runs.append((h, x + 1))
                todo += operands[starts[h]:starts[h + 1]].tolist()
                todo += operands[starts[h + 1] + 1:starts[x + 1]:2].tolist()
            else:
                terms.append(x)
        return terms[::-1], runs


def gather_sums(graph: Graph) -> None:
    """Rewrites the sums of a graph in place."""
    flat = graph.flat()
    uses = np.bincount(flat.operands, minlength=len(flat.rules))
    uses[graph.output] += 1
    sums = Sums(flat, uses)
    found = {k: parts for k in sums.outer.tolist() if len((parts := sums.terms(k))[0]) >= FEW}
    gone = np.zeros(len(flat.rules), dtype=bool)
    for start, stop in chain.from_iterable(runs for _, runs in found.values()):
        gone[start:stop] = True
    gone[[*found]] = False
    lengths = [len(terms) for terms, _ in found.values()]
    terms = np.fromiter(chain.from_iterable(terms for terms, _ in found.values()), np.int64)
    of, terms = without_zeros(graph, np.repeat(np.arange(len(found)), lengths), terms)
    products = is_product(flat, uses, terms)
    gone[terms[products]] = True
    rewrite(graph, [*found], of, terms, products)
    graph.reorder(np.flatnonzero(gone))


def without_zeros(graph: Graph, of: Array, terms: Array) -> tuple[Array, Array]:
    """The terms of sums that are not the constant 0; sums of nothing else keep theirs."""
    kept = ~graph.literal.among(terms)
    kept[~kept] = graph.literal.of(terms[~kept]) != 0
    kept |= (np.bincount(of, kept) == 0)[of]
    return of[kept], terms[kept]


def is_product(flat: Flat, uses: Array, terms: Array) -> Array:
    """Which terms are products with a leaf that nobody else reads."""
    found: Array = (flat.rules[terms] == id(MUL)) & (uses[terms] == 1)
    found[found] = inner_factors(flat, terms[found]) < 2
    return found


def inner_factors(flat: Flat, products: Array) -> Array:
    """How many factors of some products are no leaves."""
    a, b = (flat.counts[flat.column(products, q)] > 0 for q in (0, 1))
    return a + b.astype(int)        # type: ignore[no-any-return]


def rewrite(graph: Graph, nodes: list[int], of: Array, terms: Array, products: Array) -> None:
    """Makes a dot of the products of each sum and at most one other term, else a total of both."""
    flat, n = graph.flat(), len(nodes)
    ws, xs = (flat.column(terms[products], q).tolist() for q in (0, 1))
    others = terms[~products].tolist()
    deep = np.bincount(of[products], inner_factors(flat, terms[products]), n) >= FEW
    a, b, c = (starts_of(np.bincount(each, minlength=n)).tolist()
               for each in (of, of[products], of[~products]))
    for i, k in enumerate(nodes):
        if deep[i]:
            graph.written_out[k] = terms[a[i]:a[i + 1]]
        dot, rest = ws[b[i]:b[i + 1]] + xs[b[i]:b[i + 1]], others[c[i]:c[i + 1]]
        if dot and len(rest) > 1:
            dot, rest = [], [graph.new(DOT, dot, before=k), *rest]
        graph.replace(k, DOT if dot else TOTAL, dot + rest)
    graph.flat()


def write_out(graph: Graph, k: int) -> Callable[[], None]:
    """Turns a dot back into a sum of products; returns what undoes it."""
    rule, inputs, terms = graph.rules[k], graph.inputs[k], graph.written_out[k].tolist()
    own = [x for x in inputs if x > graph.output]       # the dot that was made for it
    place = graph.places()
    products = [t for t in terms if graph.rules[t] is MUL and place[t] < 0]

    def undo() -> None:
        graph.before[k] = own
        graph.reorder(products)
        graph.replace(k, rule, inputs)

    graph.before[k] = products
    graph.reorder(own)
    graph.replace(k, TOTAL, tuple(terms))
    return undo
