"""The explorer in Chromium: what is shown, stepped, dragged and folded, against the engine."""

import math
import shutil
from collections import Counter

import pytest

from engine import Value, dot, is_constant, local_gradients, total
from nn import networks
from viz import Problem, audit, derive, explore
from viz.explorer import bundle
from viz.palette import fill, rgb
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
    net.zero_grad()
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
        text: [...c.querySelectorAll('dd span:last-child')].map(s => s.textContent)}));
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
    for x, (_, (text, _exact)) in zip(nodes, rows, strict=True):
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
        node, cards = nodes[id], {card["edge"]: card for card in cards}
        for i, (x, slope) in enumerate(zip(node._prev, local_gradients(node))):
            if not is_constant(x):
                card = cards.pop(f"{id}.{i}")
                sums[x] += node.grad * slope
                counts[x] += 1
                exact = [float(n) for n in card["exact"]]
                assert exact == pytest.approx([slope, node.grad * slope, sums[x]], rel=1e-12)
                assert card["text"] == [number(n) for n in exact]
                several = readers[x] > 1
                assert card["count"] == f"{counts[x]} of {readers[x]} paths" * several
        assert not cards
    assert max(counts.values()) == 3


# ---- live numbers

def leaf(page, explorer, value):
    return page.locator(f".slider input[type=range][data-leaf='{explorer.nodes.index(value)}']")


def gradients(page):
    """The gradients that the table shows, in full."""
    tab(page, "Table")
    return page.evaluate("""() => [...document.querySelectorAll('.table-panel tbody tr')].map(
        row => [Number(row.children[2].dataset.value), Number(row.children[3].dataset.value)])""")


def agree(found, explorer):
    for node, (value, grad) in zip(explorer.nodes, found, strict=True):
        assert value == pytest.approx(node.data, rel=1e-12)
        assert is_constant(node) or grad == pytest.approx(node.grad, rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("make, name", [(networks.linear_1_1_1, "W2"),
                                        (networks.relu_sigmoid_softmax_3_3_3, "x[3]")])
def test_a_dragged_number_recomputes_what_the_engine_computes(make, name, opened):
    net = make()
    explorer = explore(computed(net), net)
    page = opened(explorer)
    node = next(n for n in explorer.nodes if n.label == name)
    tab(page, "Live")
    slider = leaf(page, explorer, node)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    dragged = float(slider.input_value())
    assert abs(dragged - node.data) > 0.1
    node.data = dragged
    agree(gradients(page), explore(computed(net), net))


def test_steps_of_descent_are_those_of_the_engine_and_reset_goes_back(opened):
    net = networks.relu_sigmoid_softmax_3_3_3()
    explorer = explore(computed(net), net)
    page = opened(explorer)
    tab(page, "Live")
    page.get_by_role("button", name="take a step").click()
    page.get_by_role("button", name="10 steps").click()
    for _ in range(11):
        net.step(lr=0.01)
    agree(gradients(page), explore(computed(net), net))
    tab(page, "Live")
    curve = page.locator(".curve svg")
    said = f"loss over 11 steps: from 2.679 to {number(net.loss().data)}"
    assert curve.get_attribute("aria-label") == said
    page.get_by_role("button", name="reset").click()
    assert curve.count() == 0
    begin = networks.relu_sigmoid_softmax_3_3_3()
    agree(gradients(page), explore(computed(begin), begin))


def test_a_number_can_be_typed_and_what_does_not_learn_stays(opened):
    net = networks.linear_1_1_1()
    explorer = explore(computed(net), net, rate=0.02)
    page = opened(explorer)
    tab(page, "Live")
    page.get_by_label("W1, exactly").fill("-0.75")
    page.get_by_label("W1, exactly").press("Enter")
    page.get_by_label("W3 learns").uncheck()
    page.get_by_role("button", name="take a step").click()
    net.W1.data = -0.75
    kept = net.W3.data
    net.step(lr=0.02)
    net.W3.data = kept
    agree(gradients(page), explore(computed(net), net))


# ---- looking around

def test_a_leafs_paths_have_products_that_add_up_to_its_gradient(opened):
    net = networks.relu_sigmoid_softmax_3_3_3()
    explorer = explore(computed(net), net)
    page = opened(explorer)
    page.locator(f".row[data-node='{explorer.nodes.index(net.W_ij[0][0])}']").click()
    paths = page.locator(".path")
    assert paths.count() == 27
    products = paths.evaluate_all("all => all.map(p => Number(p.dataset.product))")
    assert math.fsum(products) == pytest.approx(net.W_ij[0][0].grad, rel=1e-12)
    paths.first.click()
    assert page.locator(".arrow.on").count() > 5


def test_layers_fold_and_unfold_and_say_so(opened):
    net = networks.relu_sigmoid_softmax_3_3_3()
    page = opened(explore(computed(net), net))
    note, boxes = page.locator(".folded-note"), page.locator(".box")
    whole = boxes.count()
    assert not note.is_visible()
    page.get_by_role("button", name="fold layer 2 · sigmoid").click()
    assert boxes.count() == whole - 5
    assert f"64 nodes are folded into {whole - 5} boxes" in note.inner_text()
    page.get_by_role("button", name="fold layer 1 · relu").click()
    page.get_by_role("button", name="open layer 2 · sigmoid").click()
    assert boxes.count() == whole - 5
    page.get_by_role("button", name="open layer 1 · relu").click()
    assert boxes.count() == whole and not note.is_visible()
    page.get_by_label("fold", exact=True).select_option(label="neurons")
    assert "3 × share" in page.locator(".graph").text_content()


def test_a_folded_box_shows_the_length_of_its_gradient(opened):
    net = networks.relu_sigmoid_softmax_3_3_3()
    page = opened(explore(computed(net), net, fold="layer", color="size"))
    shown = page.locator(".k-folded .grad").first.text_content()
    norm = math.hypot(*(p.grad for p in net.layers[0].parameters()))
    assert f"‖∂‖ {number(norm)}" in page.locator(".k-folded .grad").all_text_contents(), shown


def test_everything_can_be_done_by_keyboard(opened):
    net = networks.linear_1_1_1()
    page = opened(explore(computed(net), net))
    place = page.locator(".place")
    for key, shown in (("Home", "forward 0/8"), ("ArrowRight", "forward 1/8"),
                       ("b", "backward 0/8"), ("ArrowRight", "backward 1/8"),
                       ("ArrowLeft", "backward 0/8"), ("End", "backward 8/8")):
        page.keyboard.press(key)
        assert place.inner_text() == shown
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    playwright.expect(place).not_to_have_text("forward 0/8")
    page.keyboard.press(" ")
    assert page.get_by_role("button", name="play", exact=True).is_visible()
    page.keyboard.press("/")
    page.keyboard.type("h2")
    page.keyboard.press("Enter")
    assert page.locator(".node-panel h2").inner_text() == "h2"
    page.keyboard.press("Escape")
    for _ in range(30):                                 # on to the tabs, and along them
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.role") == "tab":
            break
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="Live").get_attribute("aria-selected") == "true"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator(".loss .was").count() == 1


def test_hostile_names_are_shown_and_never_run(opened):
    names = ["</script><script>window.ran = 1</script>", "<img src=x onerror='window.ran = 1'>",
             '"><svg onload=window.ran=1>', r"\frac{a}{b}$x$", "a & b < c",
             "javascript:window.ran=1", "${window.ran = 1}", "'); window.ran = 1; ('"]
    xs = [Value(float(i), label=name) for i, name in enumerate(names)]
    y = dot(xs[:4], xs[4:])
    y.label = "<b>y</b>"
    y.backward()
    explorer = explore(y, derivation=derive(y, xs[0]), title="<i>title</i>",
                       audit=audit([f"y = {y.data}"], Problem(y, {"y": y, "<u>": xs[0]})))
    page = opened(explorer)
    assert page.locator("header .name").inner_text() == "<i>title</i>"
    for name in ("Audit", "Derivation", "Node", "Live", "Table", "Step"):
        tab(page, name)
    for x in xs:
        page.locator(f".box[data-node='{explorer.nodes.index(x)}']").dispatch_event("click")
        assert page.locator(".node-panel h2").text_content() == x.label
    page.keyboard.press("b")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.ran") is None
    assert page.locator("img, b, i, u, body script:not([type])").count() == 0


# ---- beside the graph

def test_a_derivations_step_lights_up_its_nodes_and_arrows(opened):
    net = networks.linear_1_1_1()
    loss = computed(net)
    page = opened(explore(loss, net, derivation=derive(loss, net.W1, net)))
    entries = page.locator(".derivation-panel .entry")
    assert entries.count() == 7
    entries.nth(2).click()
    assert page.locator(".box.marked .title").all_text_contents() == ["h2 = identity(z2)",
                                                                     "z3 = W3 · h2 + b3"]
    assert page.locator(".arrow.on").count() == 1


def test_an_audit_marks_what_is_wrong_and_explains_it(opened):
    net = networks.linear_1_1_1()
    found = audit(["h1 = 0.5*2 + 0.1 = 1.1", "h2 = 0.8*1.1 - 0.2 = 0.86"], net)
    page = opened(explore(found))
    assert page.locator(".audit-wrong .title").all_text_contents() == ["h2 = identity(z2)"]
    page.get_by_role("button", name="first wrong step").click()
    assert "should be 0.68" in page.locator(".entry[aria-current]").inner_text()
    page.get_by_label("only what is not right").uncheck()
    assert page.locator(".audit-panel .entry.right").count() == sum(r.fine for r in found.rows)


# ---- the widget

WIDGET = """<!DOCTYPE html><style>%s</style><div id="cell"></div><script type="module">%s
const state = {data: %s, numbers: {}}, heard = {};
window.link = {get: k => state[k], set: (k, x) => { state[k] = x; }, saved: 0,
    save_changes() { this.saved++; }, on: (e, f) => { heard[e] = f; }, off: e => delete heard[e],
    arrive(numbers) { state.numbers = numbers; heard['change:numbers'](); }};
window.stop = render({model: link, el: document.getElementById('cell')});
</script>"""


def test_the_notebooks_widget_sends_what_is_dragged_and_shows_what_arrives(browser, tmp_path):
    net = networks.linear_1_1_1()
    explorer = explore(computed(net), net)
    code = bundle.module(explorer.data).replace("export default {render};", "")
    (tmp_path / "cell.html").write_text(WIDGET % (
        bundle.text("style.css"), code, bundle.in_script(explorer.data)), encoding="utf-8")
    page = browser.new_page()
    page.goto(f"file://{tmp_path / 'cell.html'}")
    w1 = str(explorer.nodes.index(net.W1))
    tab(page, "Live")
    page.get_by_label("W1, exactly").fill("2")
    page.get_by_label("W1, exactly").press("Enter")
    assert page.evaluate("[link.saved, link.get('numbers')]")[0] == 1
    assert page.evaluate("link.get('numbers')")[w1] == 2
    net.W1.data = -1.0
    page.evaluate("numbers => link.arrive(numbers)", {w1: -1.0})
    agree(gradients(page), explore(computed(net), net))
    assert page.evaluate("link.saved") == 1
    page.close()


# ---- screens

@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_its_ground(scheme, opened):
    net = networks.relu_sigmoid_softmax_3_3_3()
    page = opened(explore(computed(net), net), color_scheme=scheme)
    page.keyboard.press("b")
    page.keyboard.press("ArrowRight")
    for name in ("Step", "Node", "Live", "Table"):
        tab(page, name)
        weak = page.evaluate(CONTRAST)
        assert not weak, (name, weak)


CONTRAST = """() => {
    const rgb = c => c.match(/[\\d.]+/g).map(Number);
    const lum = c => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92
        : ((v + 0.055) / 1.055) ** 2.4).reduce((a, v, i) => a + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = e => { for (; e; e = e.parentElement) {
        const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3]) return c; }
        return [255, 255, 255]; };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const weak = [];
    for (let t = walker.nextNode(); t; t = walker.nextNode()) {
        const e = t.parentElement;
        if (!t.textContent.trim() || e.namespaceURI.includes('svg')) continue;
        if (!e.checkVisibility()) continue;
        const [a, b] = [lum(rgb(getComputedStyle(e).color)), lum(ground(e))].sort((x, y) => x - y);
        if ((b + 0.05) / (a + 0.05) < 4.5) weak.push(t.textContent.slice(0, 30));
    }
    return weak;
}"""


def test_a_phone_shows_everything_without_scrolling_sideways(opened):
    net = networks.relu_sigmoid_softmax_3_3_3()
    page = opened(explore(computed(net), net), width=390, height=844, has_touch=True)
    for name in ("Step", "Node", "Live", "Table"):
        tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("play", "step forward", "fit"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] >= 30


def test_the_switch_turns_light_to_dark(opened):
    page = opened(explore(Value(2.0, label="x").exp()))
    ground = "getComputedStyle(document.querySelector('.handgrad')).backgroundColor"
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.get_by_role("button", name="dark or light").click()
    assert page.evaluate(ground) == "rgb(20, 23, 28)"
    page.get_by_role("button", name="dark or light").click()
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_thousands_of_nodes_step_quickly(opened):
    row = [Value(0.1 * i, label=f"x{i}") for i in range(50)]
    for _ in range(40):
        row = [(a * 0.5 + b).tanh() for a, b in zip(row, row[1:] + row[:1])]
    y = total(row)
    y.backward()
    explorer = explore(y)
    page = opened(explorer)
    assert f"{len(explorer.nodes):,} nodes are folded" in page.locator(".folded-note").inner_text()
    took = page.evaluate("""() => { const start = performance.now();
        for (const key of ['Home', 'b', 'ArrowRight', 'ArrowRight', 'End']) {
            document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
            document.body.offsetHeight;
        }
        return (performance.now() - start) / 5; }""")
    assert took < 500


def test_the_graph_zooms_pans_and_fits(opened):
    net = networks.relu_sigmoid_softmax_3_3_3()
    page = opened(explore(computed(net), net))
    width = "document.querySelector('.box').getBoundingClientRect().width"
    left = "document.querySelector('.box').getBoundingClientRect().left"

    def settled(measure):
        before = None
        while (now := page.evaluate(measure)) != before:
            before = now
            page.wait_for_timeout(60)
        return now

    fitted = settled(width)
    page.get_by_role("button", name="zoom in").click()
    assert settled(width) == pytest.approx(1.3 * fitted, rel=1e-3)
    page.mouse.move(400, 400)
    page.mouse.wheel(0, -300)
    assert settled(width) > 1.5 * fitted
    at = settled(left)
    page.mouse.move(20, 700)
    page.mouse.down()
    page.mouse.move(120, 700, steps=4)
    page.mouse.up()
    assert settled(left) == pytest.approx(at + 100, abs=2)
    page.get_by_role("button", name="fit", exact=True).click()
    assert settled(width) == pytest.approx(fitted, rel=1e-3)


@pytest.mark.parametrize("by", ["value", "gradient"])
def test_colours_are_those_of_the_pictures(by, opened):
    net = networks.linear_1_1_1()
    explorer = explore(computed(net), net, color=by)
    page = opened(explorer)
    sizes = {n: n.data if by == "value" else n.grad for n in explorer.nodes}
    largest = max(abs(x) for n, x in sizes.items() if by == "value" or not is_constant(n))
    place = explorer.nodes.index(net.W1)
    drawn = page.locator(f".box[data-node='{place}'] .tint").evaluate("e => e.style.fill")
    told = fill(sizes[net.W1], largest, "value")
    assert [int(x) for x in drawn[4:-1].split(",")] == pytest.approx(rgb(told), abs=1)
    assert page.locator(".legend-step").count() == 5
