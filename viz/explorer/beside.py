"""What stands beside the graph, as data: a derivation's steps and an audit's statements, each with
the nodes and arrows that it speaks of.

Start reading at `derivation_data` and `audit_data`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from engine import Value

from ..auditing import Audit, findings
from ..auditing.marking import places
from ..auditing.verdicts import Row
from ..auditing.web import CLASSES
from ..derivation import Derivation
from ..layout import body, named_parts, title
from ..plan import Plan
from ..steps import Line
from .graphdata import Graph, plain

# ---- derivation

def derivation_data(d: Derivation, graph: Graph) -> dict[str, Any]:
    """The steps with their lines; ValueError if the derivation is of another graph."""
    if d.y not in graph.number:
        raise ValueError(f"the derivation is of {d.names[d.y]!r}, which is not in the graph "
                         f"that is explored: derive from a node of it")
    lines = list(body(d))
    steps = [{"lines": [line_data(x) for x in part], **places_of_step(d.plan, node, graph)}
             for node, part in zip(d.plan.order, lines)]
    about = [line_data(x) for x in [*d.about, *named_parts(d)]]
    head = [{"lines": about, "nodes": [], "edges": []}] if about else []
    return {"title": title(d).text, "steps": head + steps,
            "closing": [line_data(x) for x in d.closing]}


def line_data(line: Line) -> dict[str, str]:
    """One line: the rule, and the equation as text."""
    before = f"{line.given[0].text} = {line.given[1].text}, so " if line.given else ""
    before += f"{line.local[0].text} = {line.local[1].text} and " if line.local else ""
    return {"rule": line.rule, "text": before + " = ".join(
        [line.left.text, *(side.text for side in line.sides)])}


def places_of_step(plan: Plan, node: Value, graph: Graph) -> dict[str, Any]:
    """The node of a step, those that take it, and the arrows between, also of unnamed nodes."""
    takers = [edge.taker for edge in plan.edges[node]]
    edges = [edge for taker in takers for edge in ways(taker, node, set(plan.edges), graph)]
    return {"nodes": [graph.number[n] for n in [*takers, node] if n in graph.number],
            "edges": list(dict.fromkeys(edges))}


def ways(taker: Value, node: Value, kept: set[Value], graph: Graph) -> Iterator[str]:
    """The arrows on all ways from a node up to one that takes it, through nodes without a step."""
    reached: dict[Value, bool] = {}
    todo: list[Value] = [taker]
    inside: dict[Value, None] = {}
    while todo:                                 # everything between, then what leads to the node
        top = todo.pop()
        if top not in inside and (top is taker or top not in kept):
            inside[top] = None
            todo += top._prev
    for top in sorted(inside, key=lambda n: graph.number.get(n, -1)):
        reached[top] = any(x is node or reached.get(x, False) for x in top._prev)
    for top in inside:
        for i, x in enumerate(top._prev):
            if top in graph.number and (x is node or (x in inside and reached.get(x, False))):
                yield f"{graph.number[top]}.{i}"


# ---- audit

def audit_data(audit: Audit, graph: Graph) -> dict[str, Any]:
    """The statements with their verdicts; ValueError if the audit is of another graph."""
    loss = audit.problem.loss
    if loss not in graph.number:
        raise ValueError("the audit is of another graph than the one that is explored: give "
                         "audit.problem.loss, or the audit alone")
    same = {loss: loss} | {n: n for n in graph.number}          # the loss first
    return {"headline": findings.headline(audit.rows), "score": audit.points(),
            "rows": [row_data(row, audit, same, graph) for row in audit.rows]}


def row_data(row: Row, audit: Audit, same: dict[Value, Value], graph: Graph) -> dict[str, Any]:
    """One statement."""
    nodes, edges = marked(list(places(row, audit.problem, same)), graph)
    return {"number": row.number, "step": row.step, "name": row.name, "text": row.text,
            "exact": plain(row.exact), "verdict": row.verdict, "class": CLASSES[row.verdict],
            "sign": findings.SIGNS[row.verdict], "remark": findings.remark(row),
            "nodes": nodes, "edges": edges}


def marked(found: Sequence[tuple[Value, Any]], graph: Graph) -> tuple[list[int], list[str]]:
    """The nodes and arrows of some places in the picture."""
    nodes = [graph.number[node] for node, _ in found]
    edges = [f"{graph.number[node]}.{i}" for node, part in found if isinstance(part, Value)
             for i, x in enumerate(node._prev) if x is part]
    return nodes, edges
