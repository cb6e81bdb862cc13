"""What may be wrong with numbers written out: an operand that is another, a lost sign of operation.

    unmultiplied(part, root, reached)           a multiplication sign left out
    misplaced(root, reached, own)               a number that stands where another one belongs
    unequal(before, after, root)                the terms that are not those of the side before
"""

import ast
from collections.abc import Callable, Iterator

from engine import Value
from engine.graph import topological

from .edits import Edit, title
from .equations import evaluate
from .intervals import Replay
from .own import Reckoning
from .sides import Part, spelled


def misplaced(root: Value, reached: Callable[[float], bool], own: Reckoning) -> Iterator[Edit]:
    """A number that stands where another one belongs."""
    names = {title(own, q): v.data for q, v in own.made.items()}
    replay = Replay(root)
    for leaf in topological([root])[0]:
        tried = {leaf.data}
        for name, x in names.items():
            for wanted in {x, abs(x)} - tried:
                tried.add(wanted)
                if reached(replay({leaf: wanted})):
                    yield Edit("wrong operand", f"{leaf.data:g} stands where {name} = {x:.6g} "
                                                f"belongs", root.data)


def unequal(before: Part, after: Part, root: Value) -> Iterator[Edit]:
    """The terms of a working that are not what the side before makes them."""
    old, new = terms(before.side.tree), terms(after.side.tree)
    for a, b in zip(old, new) if len(old) == len(new) > 1 else ():
        texts = [spelled(tree, part.side.meaning) for tree, part in ((a, before), (b, after))]
        x, y = (evaluate(tree, part.number) for tree, part in ((a, before), (b, after)))
        if texts[0] != texts[1] and abs(x - y) > 0.01 * abs(x):
            yield Edit("arithmetic", f"{texts[0]} is {x:.5g}, not {texts[1]}", root.data)


def terms(tree: ast.expr) -> list[ast.expr]:
    """The terms of a sum, each with its sign."""
    found: list[ast.expr] = []
    while isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Add, ast.Sub)):
        right = tree.right
        found.append(ast.UnaryOp(ast.USub(), right) if isinstance(tree.op, ast.Sub) else right)
        tree = tree.left
    return [tree, *reversed(found)]


def unmultiplied(part: Part, root: Value, reached: Callable[[float], bool]) -> Iterator[Edit]:
    """A plus or minus that should be a times: a multiplication sign that was left out."""
    for node in ast.walk(part.side.tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            repaired = Product(node).visit(ast.parse(ast.unparse(part.side.tree), mode="eval").body)
            x = evaluate(repaired, part.number)
            if isinstance(x, float) and reached(x):
                yield Edit("multiplication lost", f"a multiplication sign is missing: it should "
                                                  f"be {x:.6g}", root.data)


class Product(ast.NodeTransformer):
    """Makes the one sum that looks like the given one into a product."""

    def __init__(self, wanted: ast.BinOp) -> None:
        self.wanted = ast.dump(wanted)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """The product of the operands, the sign kept."""
        same = ast.dump(node) == self.wanted
        self.generic_visit(node)
        if not same:
            return node
        right = ast.UnaryOp(ast.USub(), node.right) if isinstance(node.op, ast.Sub) else node.right
        return ast.BinOp(node.left, ast.Mult(), right)
