"""A value as what its operations make of it, and the slips one makes in them.

    in_operations(reckoning, q)     edits at every operation between the numbers in the book and q
    in_operands(reckoning, q)       numbers rounded too early, miscopied, or from a wrong formula
"""

from collections.abc import Iterator
from itertools import pairwise
from math import isfinite
from typing import Any

from engine import Value, is_constant
from engine.ops import POWER, PRODUCT
from engine.rules import RULES

from .digits import to_digits
from .edits import (
    BINARY,
    LOGARITHMS,
    TURNED,
    UNARY,
    Edit,
    called,
    exchanged_inside,
    renamings,
    scaled,
    title,
)
from .intervals import Replay
from .own import Reckoning
from .problem import INDEXED
from .quantities import Local, Number, Quantity

MOST_OPERATIONS = 200
MOST_STEPS = 20_000                 # operations searched, times those computed again for each
SIGNS = frozenset("+-")


def in_operations(reckoning: Reckoning, q: Number) -> Iterator[Edit]:
    """Every single slip on the way to a value."""
    root = reckoning.of(q, afresh=True)
    replay = Replay(root)
    for m in searched(replay):
        for kind, text, x in wrong_values(m, reckoning, q):
            yield Edit(kind, text, replay({m: x}))
    yield from scaled(root.data, reckoning)
    yield from everywhere(replay)
    yield from one_term(replay, reckoning)
    yield from exchanged_inside(root, reckoning)
    yield from other_families(replay, reckoning)


def searched(replay: Replay) -> list[Value]:
    """The operations that are searched for slips: of a long step only those nearest to its end."""
    return replay.inner[-max(20, min(MOST_OPERATIONS, MOST_STEPS // (len(replay.inner) + 1))):]


def everywhere(replay: Replay) -> Iterator[Edit]:
    """A function, or a power, that is left out or taken for another everywhere at once."""
    alike: dict[str, list[Value]] = {}
    for m in searched(replay):
        if not is_constant(m._prev[0]) and all(map(is_constant, m._prev[1:])):
            alike.setdefault(m._rule.name, []).append(m)
    for name, nodes in alike.items():
        if len(nodes) > 1:
            xs = {m: m._prev[0].data for m in nodes}
            yield Edit("function missing", f"{name} is left out in every term", replay(xs))
            for other in UNARY if len(nodes[0]._prev) == 1 else ():
                yield Edit(mistaken(name, other.name), f"{other.name} instead of {name} everywhere",
                           replay({m: other.value([x]) for m, x in xs.items()}))


def one_term(replay: Replay, reckoning: Reckoning) -> Iterator[Edit]:
    """Of a sum written with several + only one term."""
    added = [m for m in searched(replay) if m._rule.symbol in SIGNS]
    within = {x for m in added for x in m._prev}
    for top in (m for m in added if m not in within):
        terms, todo = [], [top]
        while todo:
            m = todo.pop()
            todo += m._prev if m in added else ()
            terms += [m] if m not in added else []
        for kept in terms if len(terms) > 2 else ():
            yield Edit("overwritten", f"only the term {called(kept, reckoning)} is left of the sum",
                       replay({m: 0.0 for m in terms if m is not kept}))


def mistaken(name: str, other: str) -> str:
    """The kind of slip when a function is taken for another."""
    return "logarithm" if {name, other} <= LOGARITHMS else "other function"


def wrong_values(m: Value, reckoning: Reckoning, q: Number) -> Iterator[Edit]:
    """Other numbers that an operation is mistaken for."""
    rule: Any = m._rule
    xs = [x.data for x in m._prev]
    yield Edit("sign", f"the sign of {title(reckoning, reckoning.meaning.get(m, q))} is wrong",
               -m.data)
    if not hasattr(rule, "row"):
        return
    if rule.row.variadic:
        yield from wrong_lists(m, reckoning)
    elif len(xs) == 1:
        yield Edit("function missing", f"{rule.name} is left out", xs[0])
        yield Edit("sign", f"{called(m._prev[0], reckoning)} has the wrong sign",
                   rule.value([-xs[0]]))
        for other in UNARY:
            if other is not rule:
                yield Edit(mistaken(rule.name, other.name), f"{other.name} instead of {rule.name}",
                           other.value(xs))
    elif len(xs) == 2:
        yield from wrong_pairs(m, reckoning)


def wrong_pairs(m: Value, reckoning: Reckoning) -> Iterator[Edit]:
    """Slips in an operation on two numbers."""
    rule: Any = m._rule
    x, y = (n.data for n in m._prev)
    part = "factor" if rule.row.binds >= PRODUCT else "term"
    lost = "function missing" if rule.row.binds == POWER else f"{part} lost"
    for kept, other, signed, node in ((x, y, (x, -y), m._prev[1]), (y, x, (-x, y), m._prev[0])):
        name = called(node, reckoning)
        yield Edit(lost, f"the {part} {name} is missing", kept)
        yield Edit(f"{part} doubled", f"the {part} {name} is taken twice",
                   rule.value([m.data, other]))
        yield Edit("sign", f"{name} has the wrong sign", rule.value(signed))
    yield Edit("operands exchanged", f"the operands of {rule.symbol} are exchanged",
               rule.value([y, x]))
    yield from (Edit("other operation", f"{other.symbol} instead of {rule.symbol}",
                     other.value([x, y])) for other in BINARY if other is not rule)


def wrong_lists(m: Value, reckoning: Reckoning) -> Iterator[Edit]:
    """Slips in a sum, a sum of products, or a softmax."""
    rule: Any = m._rule
    xs = [x.data for x in m._prev]
    if rule.name in TURNED:
        yield Edit("other function", "the share without the exponential", xs[0] / (sum(xs) or 1))
        for name, words in (("exp", "the exponential, not divided by the sum"),
                            ("sigmoid", "the sigmoid instead of the softmax")):
            yield Edit("other function", words, RULES[name].value(xs[:1]))
        return
    paired = len(xs) // 2 if "{y" in rule.row.text else 0
    rows = [[m._prev[i], m._prev[paired + i]] for i in range(paired)]
    rows += [[x] for x in m._prev[2 * paired:]]
    for row in rows:
        yield from wrong_terms(m, row, len(rows), reckoning)
    yield from wrong_partners(xs[:paired], xs[paired:2 * paired], sum(xs[2 * paired:]))


def wrong_terms(m: Value, row: list[Value], rows: int, reckoning: Reckoning) -> Iterator[Edit]:
    """Slips in one term of a sum: a number, or a product of two."""
    term = row[0].data * (row[1].data if len(row) == 2 else 1.0)
    name = " · ".join(called(x, reckoning) for x in row)
    yield Edit("term lost", f"the term {name} is missing", m.data - term)
    yield Edit("sign", f"the term {name} has the wrong sign", m.data - 2 * term)
    yield Edit("term doubled", f"the term {name} is counted twice", m.data + term)
    for x, other in (row, row[::-1]) if len(row) == 2 else ():
        yield Edit("factor lost", f"the factor {called(x, reckoning)} is missing",
                   m.data - term + other.data)
        yield Edit("factor doubled", f"the factor {called(x, reckoning)} is taken twice",
                   m.data - term + term * x.data)
    if rows > 2:
        yield Edit("overwritten", f"only the term {name} is left of the sum", term)


def wrong_partners(ws: list[float], xs: list[float], rest: float) -> Iterator[Edit]:
    """A sum of products whose second factors are taken in another order."""
    turned = [("with the wrong partners", xs[k:] + xs[:k]) for k in range(1, len(xs))]
    for words, order in [*turned, ("in reverse order", xs[::-1])]:
        yield Edit("shifted index", f"the factors are paired {words}",
                   sum(w * x for w, x in zip(ws, order)) + rest)


def other_families(replay: Replay, reckoning: Reckoning) -> Iterator[Edit]:
    """A whole matrix or vector in the place of another, W_jk for W_kl, or with other indices."""
    problem, meaning = reckoning.problem, reckoning.meaning
    used: dict[str, dict[str, Value]] = {}
    for leaf in replay.data:
        means = meaning.get(leaf)
        found = INDEXED.fullmatch(problem.name(means.node)) if isinstance(means, Number) else None
        if found:
            used.setdefault(found[1], {})[found[0]] = leaf
    for leaves in used.values():
        for kind, text, names in renamings(problem, list(leaves)):
            wrong = {name: Number(problem.names[names[name]]) for name in leaves}
            yield Edit(kind, text, replay({leaf: reckoning.of(wrong[name]).data
                                           for name, leaf in leaves.items()}))


# ---- operands

def in_operands(reckoning: Reckoning, q: Quantity) -> Iterator[Edit]:
    """Operands rounded before they were used, miscopied, or computed by a wrong formula."""
    if isinstance(q, Local):
        return
    replay = Replay(reckoning.of(q, afresh=True))
    seen: set[float] = set()
    near = {*searched(replay), *(n for m in searched(replay) for n in m._prev)}
    for node, x in replay.data.items():
        if node not in near:
            continue
        means = reckoning.meaning.get(node)
        if means is None or is_constant(node) or node is replay.root or not isfinite(x):
            continue
        name = title(reckoning, means)
        if abs(x) not in seen:                  # of equal numbers the one nearest to the output
            yield from (Edit(kind, text, replay({node: wrong}))
                        for kind, text, wrong in miscopied(name, x))
        seen.add(abs(x))
        if isinstance(means, Number) and means.node._prev and means in reckoning.book:
            step = reckoning.of(means, afresh=True)
            yield from (Edit(kind, f"the {name} that was used is wrong: {text}", replay({node: y}))
                        for kind, text, y in wrong_values(step, reckoning, means))


def miscopied(name: str, x: float) -> Iterator[Edit]:
    """What becomes of a number that is rounded early, or copied wrongly."""
    for short in dict.fromkeys(to_digits(x, digits) for digits in (4, 3, 2)):
        if short != x:
            yield Edit("rounded early", f"{name} was rounded to {short:g} before it was used",
                       short)
    for wrong in swapped(x):
        yield Edit("digits swapped", f"{name} was copied as {wrong:g}", wrong)
    for k in (10.0, 0.1):
        yield Edit("zero lost", f"{name} was taken as {x * k:g}", x * k)
    yield Edit("sign", f"the sign of {name} was lost", -x)


def swapped(x: float) -> Iterator[float]:
    """A short number with two neighbouring digits exchanged."""
    text = f"{x:.10g}"
    places = [i for i, c in enumerate(text) if c.isdigit()] if len(text) < 9 else []
    for a, b in pairwise(places):
        if text[a] != text[b]:
            letters = [*text]
            letters[a], letters[b] = letters[b], letters[a]
            yield float("".join(letters))
