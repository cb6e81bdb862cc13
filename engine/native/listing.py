"""A program as lines that a person can read."""

from typing import Any

from .lanes import LaneSum
from .module import Module
from .rolls import Roll


def listing(module: Module) -> str:
    """One line per row; a lane sum shows its template, indented."""
    return "\n".join(line for k in module.graph.order for line in node_lines(module, k))


def node_lines(module: Module, k: int) -> list[str]:
    """The lines of one node."""
    rule = module.graph.rules[k]
    if isinstance(rule, LaneSum):
        return region_lines(module, k)
    if isinstance(rule, Roll):
        return roll_lines(module, rule)
    return [f"v{k} = {rule.name}({arguments([named(module, x) for x in module.graph.inputs[k]])})"]


def roll_lines(module: Module, roll: Roll) -> list[str]:
    """A loop: the instructions of its body; `r'` is a register of the round before."""
    kinds = {"r": "r{}", "c": "r'{}", "l": "x{}"}
    lines = [f"{roll.rounds} rounds:"]
    for j, (rule, refs) in enumerate(roll.code):
        names = [named(module, x) if kind == "s" else kinds[kind].format(x) for kind, x in refs]
        lines.append(f"    r{j} = {rule.name}({arguments(names)})")
    return lines


def named(module: Module, k: int) -> str:
    """A node by its label, its number if it is a constant, or its place."""
    graph = module.graph
    if k in graph.literal:
        return repr(graph.literal[k])
    if k < len(graph.leaves):
        return graph.values[k].label or (f"s{module.layout.slot(k)}" if k in module.layout.place
                                         else f"leaf{k}")
    return f"v{k}"


def arguments(names: list[str]) -> str:
    """Some arguments; of many, the first and the last."""
    return ", ".join(names if len(names) <= 8 else [*names[:4], f"... {len(names)} ...", names[-1]])


def region_lines(module: Module, k: int) -> list[str]:
    """A lane sum: its products and elementwise stages in order."""
    region = module.regions[k]
    lines = [f"v{k} = sum over {region.template.lanes} lanes:"]
    for stage, products in zip(region.stages.stages, region.stages.products):
        for r in stage:
            step = region.stages.code[r]
            names = [ref_named(region, module, ref) for ref in step.inputs]
            lines.append(f"    r{r} = {step.rule.name}({arguments(names)})")
        lines += [f"    {product_line(region, module, p)}" for p in products]
    return lines


def product_line(region: Any, module: Module, p: Any) -> str:
    """A matrix product, with its shape."""
    outs = ", ".join(f"r{out}" for out in p.outs)
    into = ", ".join(ref_named(region, module, ref) for ref in p.into)
    start = module.layout.start(p.weights.base)
    shown = f"W[{len(p.outs)} x {len(p.into)} at s{start}] · ({into})"
    return f"{outs} = {shown}{' + b' if p.bias else ''}"


def ref_named(region: Any, module: Module, ref: tuple[str, int]) -> str:
    """A register, a leaf of the lane or a shared node."""
    kind, x = ref
    if ref in region.constants:
        return repr(region.constants[ref])
    return named(module, x) if kind == "s" else f"{'r' if kind == 'r' else 'x'}{x}"
