"""Whose a node is: the lane of a sum that it is computed for, or all of them.

    owners(graph, k)        of each node the first term of its lane, or SHARED

A node belongs to a lane if it is used for one term of the sum only, or for the few terms that make
one lane together. Start reading at `owners`.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .choose import Array
from .flat import Flat, view
from .graph import Graph
from .lane import FEWEST, SHARED

MOST_TERMS = 64         # that make one lane together


def owners(graph: Graph, k: int) -> tuple[Array, Array, Array]:
    """Whose nodes are, the terms of sum k (without leaves, each once), and whose terms are.

    The lane of a node is found by going up along any of its readers; where two readers do not
    agree, several lanes read the node, and it is shared with all that is below it.
    """
    flat = graph.flat()
    row = flat.operands[flat.starts[k]:flat.starts[k + 1]]
    inner = row[flat.counts[row] > 0]
    nodes, inputs = graph.reads()
    nodes, inputs = nodes[nodes != k], inputs[nodes != k]
    top = tops(len(flat.counts), nodes, inputs, inner)
    mixed = below(flat, top, inputs[top[nodes] != top[inputs]])
    first = first_terms(graph, inner, top, nodes, inputs, mixed & (flat.counts > 0), len(row))
    owner = np.append(first, SHARED)[top]               # the last place is that of SHARED
    terms, places, times = np.unique(inner, return_index=True, return_counts=True)
    owner[below(flat, owner, np.concatenate([inputs[owner[nodes] != owner[inputs]],
                                             terms[times > 1]]))] = SHARED
    return owner, inner[np.sort(places)], first


def tops(n: int, nodes: Array, inputs: Array, terms: Array) -> Array:
    """The term that is found above each node, by going up along its last readers; or SHARED."""
    up = np.arange(n)
    up[inputs] = nodes
    up[terms] = terms
    while ((higher := up[up]) != up).any():
        up = higher
    is_term = np.zeros(n, dtype=bool)
    is_term[terms] = True
    return np.where(is_term[up], up, SHARED)


def below(flat: Flat, owner: Array, start: Array) -> Array:
    """Whether a node is one of some, or below them; nodes without owners are left out."""
    known = owner == SHARED
    found = np.zeros(len(owner), dtype=bool)
    found[start] = True
    todo = np.flatnonzero(found & ~known & (flat.counts > 0)).tolist()
    found |= known
    mark, starts, operands = view(found), view(flat.starts), view(flat.operands)
    while todo:
        x = todo.pop()
        for y in operands[starts[x]:starts[x + 1]]:
            if not mark[y]:
                mark[y] = True
                todo.append(y)
    return found & ~known       # type: ignore[no-any-return]


def first_terms(graph: Graph, terms: Array, top: Array, nodes: Array, inputs: Array,
                mixed: Array, count: int) -> Array:
    """Of each term the first one of its lane; mixed: nodes that may serve several terms.

    Terms that share what was computed for a few of them are one lane: several outputs of one sample
    are such terms. What more than a quarter of all terms share counts as shared by the lanes, as
    parameters do.
    """
    first, joined = np.arange(len(top)), dict[int, int]()
    chosen = np.flatnonzero(mixed[inputs])
    later = np.argsort(-graph.places()[nodes[chosen]], kind="stable")
    nodes, inputs = nodes[chosen[later]], inputs[chosen[later]]
    most = min(count // FEWEST, MOST_TERMS)
    readers: dict[int, Any] = {t: t for t in terms[mixed[terms]].tolist()}
    for node, x in zip(nodes.tolist(), inputs.tolist()):
        mine = readers.get(node, SHARED) if mixed[node] else int(top[node])
        if mine != SHARED:
            now = readers.get(x, mine)
            readers[x] = mine if now == mine else union(now, mine, most)
    for mine in readers.values():
        if isinstance(mine, frozenset):
            join(joined, mine)
    for t in joined:
        first[t] = root(joined, t)
    return first


def union(a: Any, b: Any, most: int) -> Any:
    """The terms in a or b, each one term, a set or SHARED; too many are SHARED."""
    if a == SHARED or b == SHARED:
        return SHARED
    both = (a if isinstance(a, frozenset) else {a}) | (b if isinstance(b, frozenset) else {b})
    return frozenset(both) if len(both) <= most else SHARED


def join(first: dict[int, int], terms: Iterable[int]) -> None:
    """Notes that some terms are one lane."""
    roots = {root(first, t) for t in terms}
    least = min(roots)
    for r in roots:
        first[r] = least


def root(first: dict[int, int], t: int) -> int:
    """The first term of the lane of term t."""
    while first.get(t, t) != t:
        first[t] = first.get(first[t], first[t])
        t = first[t]
    return t
