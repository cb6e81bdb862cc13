"""The explorer in Chromium: what is shown, stepped, dragged and folded, against the engine."""

import json
import math
import shutil

import pytest

from engine import ROWS, Value
from engine.rules import RULES
from nn import MLP, networks
from viz import audit, derive, explore
from viz.text import number

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
                None)
pytestmark = [pytest.mark.browser,
              pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")]


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens an explorer's saved page; fails on a console error, and on any request that leaves."""
    contexts, said, asked = [], [], []

    def open_page(explorer, width=1300, height=850, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True,
                                      **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else 0)
        page.on("pageerror", lambda e: said.append(str(e)))
        page.on("request", lambda r: asked.append(r.url))
        page.goto(f"file://{explorer.save(tmp_path / f'{len(contexts)}.html')}")
        page.wait_for_selector(".handgrad .box")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not said
    assert len(asked) == len(contexts) and all(url.startswith("file://") for url in asked)


def computed(net):
    loss = net.loss()
    loss.backward()
    return loss


NETWORKS = [networks.linear_1_1_1, networks.relu_sigmoid_softmax_3_3_3]

TABLE = """() => [...document.querySelectorAll('.table-panel tbody tr')].map(row => ({
    name: row.children[0].textContent,
    cells: [2, 3].map(i => [row.children[i].textContent, row.children[i].dataset.value])}))"""

CARDS = """() => [...document.querySelectorAll('.step-panel .card')].map(c => ({
    edge: c.dataset.edge, slope: c.querySelector('.slope').dataset.value,
    product: c.querySelector('.product').dataset.value, sum: c.querySelector('.sum').dataset.value,
    text: [...c.querySelectorAll('dd')].map(d => d.querySelector('span:last-child').textContent),
    count: c.querySelector('.count')?.textContent ?? ''}))"""


def tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def shown(text):
    return text.split(" (")[0]


@pytest.mark.parametrize("make", NETWORKS)
def test_both_passes_show_the_engines_numbers_at_every_step(make, opened):
    net = make()
    loss = computed(net)
    explorer = explore(loss, net)
    page, nodes = opened(explorer), explorer.nodes
    inner = [n for n in nodes if n._prev]
    tab(page, "Table")
    page.keyboard.press("Home")
    for step in range(len(inner) + 1):
        rows = page.evaluate(TABLE)
        known = {n for n in nodes if not n._prev} | set(inner[:step])
        for node, row in zip(nodes, rows, strict=True):
            assert row["cells"][0][0] == (number(node.data) if node in known else "")
            assert row["cells"][1][0] == ""
        page.locator(".stage").press("ArrowRight")
    sums = {loss: [1.0]}
    for id in explorer.data["back"]:
        node = nodes[id]
        page.locator(".stage").press("ArrowRight")
        slopes = node._rule.slopes([x.data for x in node._prev], node.data)
        for x, slope in zip(node._prev, slopes):
            sums.setdefault(x, []).append(node.grad * slope)
        for x, row in zip(nodes, page.evaluate(TABLE), strict=True):
            text, exact = row["cells"][1]
            fixed = explorer.data["nodes"][nodes.index(x)].get("fixed")
            assert (text == "") == (x not in sums or bool(fixed))
            if text:
                assert math.isclose(float(exact), sum(sums[x]), rel_tol=1e-9, abs_tol=1e-15)
                assert shown(text) == number(float(exact))
    for x, row in zip(nodes, page.evaluate(TABLE), strict=True):
        if row["cells"][1][0]:
            assert shown(row["cells"][1][0]) == row["cells"][1][0] == number(x.grad)


def test_a_backward_step_shows_slopes_products_and_the_sum_filling_up(opened):
    net = networks.relu_sigmoid_softmax_3_3_3()
    explorer = explore(computed(net), net)
    page, nodes = opened(explorer), explorer.nodes
    tab(page, "Step")
    page.keyboard.press("b")
    sums, counts = {}, {}
    for id in explorer.data["back"]:
        page.keyboard.press("ArrowRight")
        node = nodes[id]
        slopes = node._rule.slopes([x.data for x in node._prev], node.data)
        cards = {card["edge"]: card for card in page.evaluate(CARDS)}
        for i, (x, slope) in enumerate(zip(node._prev, slopes)):
            if explorer.data["nodes"][nodes.index(x)].get("fixed"):
                assert f"{id}.{i}" not in cards
                continue
            card, product = cards[f"{id}.{i}"], node.grad * slope
            sums[x], counts[x] = sums.get(x, 0.0) + product, counts.get(x, 0) + 1
            assert math.isclose(float(card["slope"]), slope, rel_tol=1e-12)
            assert math.isclose(float(card["product"]), product, rel_tol=1e-9, abs_tol=1e-15)
            assert math.isclose(float(card["sum"]), sums[x], rel_tol=1e-9, abs_tol=1e-15)
            assert card["text"] == [number(float(card[k])) for k in ("slope", "product", "sum")]
            several = sum(n._prev.count(x) for n in nodes)
            assert card["count"] == (f"{counts[x]} of {several} paths" if several > 1 else "")
    assert max(counts.values()) == 3
