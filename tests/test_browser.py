"""The explorer in Chromium: what is shown, stepped, dragged and folded, against the engine."""

import math
import shutil
from collections import Counter

import pytest

from engine import Value, is_constant, local_gradients
from nn import networks
from viz import explore
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

# presses a key, many times, and reads the panel after each
WALK = """([key, times, read]) => {
    const table = () => [...document.querySelectorAll('.table-panel tbody tr')].map(row =>
        [2, 3].map(i => [row.children[i].textContent, row.children[i].dataset.value]));
    const cards = () => [...document.querySelectorAll('.step-panel .card')].map(c => ({
        edge: c.dataset.edge, count: c.querySelector('.count')?.textContent ?? '',
        exact: ['.slope', '.product', '.sum'].map(k => c.querySelector(k).dataset.value),
        text: [...c.querySelectorAll('dd')].map(d => d.querySelector('span:last-child').textContent)}));
    const found = [];
    for (let i = 0; i < times; i++) {
        document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
        found.push({table, cards}[read]());
    }
    return found;
}"""


def walk(page, key, times, read):
    return page.evaluate(WALK, [key, times, read])


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
    inner, fixed = [n for n in nodes if n._prev], {n for n in nodes if is_constant(n)}
    tab(page, "Table")
    begin, = walk(page, "Home", 1, "table")
    for step, rows in enumerate([begin, *walk(page, "ArrowRight", len(inner), "table")]):
        known = {n for n in nodes if not n._prev} | set(inner[:step])
        for node, (value, grad) in zip(nodes, rows, strict=True):
            assert value[0] == (number(node.data) if node in known else "") and grad[0] == ""
    sums = {loss: 1.0}
    walk(page, "ArrowRight", 1, "table")
    for id, rows in zip(explorer.data["back"],
                        walk(page, "ArrowRight", len(inner), "table"), strict=True):
        node = nodes[id]
        for x, slope in zip(node._prev, local_gradients(node)):
            sums[x] = sums.get(x, 0.0) + node.grad * slope
        for x, (_, (text, exact)) in zip(nodes, rows, strict=True):
            assert (text != "") == (x in sums and x not in fixed)
            if text:
                assert math.isclose(float(exact), sums[x], rel_tol=1e-12, abs_tol=1e-16)
                assert text.split(" (")[0] == number(float(exact))
    for x, (_, (text, exact)) in zip(nodes, rows, strict=True):
        assert x in fixed or text == number(x.grad)


def test_a_backward_step_shows_slopes_products_and_the_sum_filling_up(opened):
    net = networks.relu_sigmoid_softmax_3_3_3()
    explorer = explore(computed(net), net)
    page, nodes, back = opened(explorer), explorer.nodes, explorer.data["back"]
    tab(page, "Step")
    page.keyboard.press("b")
    readers = Counter(x for n in nodes for x in n._prev)
    sums, counts = Counter(), Counter()
    for id, cards in zip(back, walk(page, "ArrowRight", len(back), "cards")):
        node, cards = nodes[id], iter(cards)
        for i, (x, slope) in enumerate(zip(node._prev, local_gradients(node))):
            if not is_constant(x):
                card = next(cards)
                sums[x] += node.grad * slope
                counts[x] += 1
                assert card["edge"] == f"{id}.{i}"
                exact = [float(n) for n in card["exact"]]
                assert exact == pytest.approx([slope, node.grad * slope, sums[x]], rel=1e-12)
                assert card["text"] == [number(n) for n in exact]
                several = readers[x] > 1
                assert card["count"] == f"{counts[x]} of {readers[x]} paths" * several
        assert next(cards, None) is None
    assert max(counts.values()) == 3
