"""Where boxes and arrows stand: Graphviz's layout of the boxes, without their pictures.

Graphviz gets boxes of the sizes that the page will draw, and tells places in points, which are the
page's pixels. Frames, columns and order are those of `draw`. Start reading at `placed`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..fold import Group
from ..labels import frame_title
from ..parts import LOSS, Survey
from ..render import layouts
from .graphdata import Graph
from .source import Arrow, size, written
from .views import View

WIDE, HIGH = 900, 700                   # pixels that a picture has on a screen
TINY = 0.3


def placed(views: Sequence[View], start: int, graph: Graph, direction: str | None
           ) -> list[dict[str, Any]]:
    """Every view as data for the page.

    direction: by default the one in which the view at `start` fits a screen better; a view that
    would be tiny so is turned.
    """
    ways = [direction] if direction else ["TB", "LR"]
    drafts = [Draft.of(view, graph) for view in views]
    answers = iter(layouts([draft.source(way) for way in ways for draft in drafts]))
    tried = [[draft.data(json.loads(next(answers))) for draft in drafts] for _ in ways]
    tried.sort(key=lambda made: -scale(made[start]))
    return [max(same, key=scale) if scale(same[0]) < TINY else same[0] for same in zip(*tried)]


def scale(view: dict[str, Any]) -> float:
    """How much a view must shrink to fit a screen."""
    width, height = view["size"]
    return float(min(WIDE / width, HIGH / height, 1.0))


class Draft(NamedTuple):
    """A view before it has places."""

    view: View
    graph: Graph
    ids: list[str]
    sizes: list[tuple[int, int]]
    arrows: list[Arrow]

    @classmethod
    def of(cls, view: View, graph: Graph) -> "Draft":
        """The draft of a view: what its boxes are called, how large they are, what joins them."""
        ids = [f"n{graph.number[box.nodes[-1]]}" for box in view.boxes]
        sizes = [size(box, graph) for box in view.boxes]
        return cls(view, graph, ids, sizes, list(between(view.boxes, ids)))

    def source(self, direction: str) -> str:
        """The Graphviz text."""
        return written(self.view, self.ids, self.sizes, self.arrows, self.graph.found, direction)

    def data(self, found: dict[str, Any]) -> dict[str, Any]:
        """The view as data, from Graphviz's answer: its size, boxes, arrows and frames."""
        height = float(found["bb"].split(",")[3])
        objects = {o["name"]: o for o in found.get("objects", ())}
        drawn = {int(e["id"]): e for e in found.get("edges", ()) if "id" in e}
        order = {i: k for k, i in enumerate(self.ids)}
        boxes = [box_data(box, objects[i], wh, height, self.graph)
                 for box, i, wh in zip(self.view.boxes, self.ids, self.sizes)]
        arrows = [arrow_data(arrow, drawn[k], order, height, self.graph)
                  for k, arrow in enumerate(self.arrows)]
        return {"title": self.view.title, "open": list(self.view.open), "boxes": boxes,
                "size": [round(float(x)) for x in found["bb"].split(",")[2:]], "arrows": arrows,
                "frames": list(frames(objects, height, self.graph.found))}


# ---- the boxes

def box_data(box: Group, placed: dict[str, Any], wh: tuple[int, int], height: float,
             graph: Graph) -> dict[str, Any]:
    """A box: its nodes by number, its place and size; folded boxes have a title."""
    x, y = map(float, placed["pos"].split(","))
    w, h = wh
    data: dict[str, Any] = {"nodes": [graph.number[n] for n in box.nodes],
                            "at": [round(x - w / 2), round(height - y - h / 2), w, h]}
    if not box.detailed:
        data["title"] = box.title
    if box.place is not None and 0 <= box.place < LOSS:
        data["layer"] = box.place
    return data


# ---- the arrows

def between(boxes: Sequence[Group], ids: Sequence[str]) -> Iterator[Arrow]:
    """The arrows: one per input between single nodes, one with a count between folded boxes."""
    home = {n: (i, box.detailed) for i, box in zip(ids, boxes) for n in box.nodes}
    many: Counter[tuple[str, str]] = Counter()
    for node in (n for box in boxes for n in box.nodes):
        head, shown = home[node]
        for k, x in enumerate(node._prev):
            tail, seen = home[x]
            if tail != head and shown and seen:
                yield Arrow(tail, head, 1, x, node, k)
            elif tail != head:
                many[tail, head] += 1
    for (tail, head), count in many.items():
        yield Arrow(tail, head, count)


def arrow_data(arrow: Arrow, placed: dict[str, Any], order: dict[str, int], height: float,
               graph: Graph) -> dict[str, Any]:
    """An arrow: the boxes it joins, its curve, and the node and input it is for, or its count."""
    tip, *points = placed["pos"].removeprefix("e,").split()
    start, *rest = (point(p, height) for p in points)
    data: dict[str, Any] = {"from": order[arrow.tail], "to": order[arrow.head],
                            "path": f"M{start}C{' '.join(rest)}L{point(tip, height)}"}
    if "lp" in placed:
        data["label"] = [int(x) for x in point(placed["lp"], height).split(",")]
    if arrow.taker is None or arrow.taken is None:
        return data | {"count": arrow.many}
    return data | {"taken": graph.number[arrow.taken], "taker": graph.number[arrow.taker],
                   "input": arrow.place}


def point(text: str, height: float) -> str:
    """Graphviz's point, whose y grows upwards, as the page's."""
    x, y = map(float, text.split(","))
    return f"{x:.0f},{height - y:.0f}"


def frames(objects: dict[str, Any], height: float, found: Survey) -> Iterator[dict[str, Any]]:
    """The frames around layers, inputs and loss."""
    for name, o in objects.items():
        if name.startswith("cluster_") and "bb" in o:
            left, low, right, high = map(float, o["bb"].split(","))
            place = LOSS if name == "cluster_loss" else int(name[8:]) - 1
            yield {"title": frame_title(found, place), "layer": place if 0 <= place < LOSS else -1,
                   "at": [round(left), round(height - high), round(right - left),
                          round(high - low)]}
