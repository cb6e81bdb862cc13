"""A gallery: a folder of pages that work offline, which a course can host as it is.

    gallery("site")                             networks, derivations, an audit, training runs
    gallery("site", ["001.toml", ...])          the audits of these sheets instead of the sample

index.html leads to explorer pages of both documents' networks, to their derivations, to the audits
with their reports, and to training runs (these need matplotlib). Start reading at `gallery`.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from nn import History, fit, networks
from nn.networks import Network

from . import plots
from .auditing import Audit, audit, read_sheet
from .auditing.sheets import AS_WRITTEN
from .derivation import derive
from .explore import Explorer, explore
from .explorer import bundle
from .page import page

SAMPLE = """h1 = 0.5*2 + 0.1 = 1.1
h2 = 0.8*1.1 - 0.2 = 0.86
y_hat = 1.2*0.86 + 0.3 = 1.332
loss = (1.332 - 4)^2 = 7.118
dloss/dy_hat = 2*(4 - 1.332) = 5.336
dloss/dW3 = 5.336 * 0.86 = 4.589
W3' = 1.2 - 0.01 * 4.589 = 1.154"""
BACK = '<p><a href="index.html">all pages</a></p>'
LOOK = """<style>
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem;
  padding: 0; list-style: none; }
.cards > li { border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem; }
.cards h3 { margin: .4rem 0 .2rem; font-size: 1.05rem; }
.cards .thumb { height: 9rem; background: var(--shade); border-radius: .4rem; overflow: hidden;
  padding: .4rem; text-align: center; }
.cards h3 { text-wrap: balance; } .cards p { color: var(--faint); }
.thumb svg { height: 100%; max-width: 100%; } .thumb path { fill: none; stroke: var(--faint);
  stroke-width: 3; } .thumb rect { fill: var(--paper); stroke: var(--faint); stroke-width: 6; }
.thumb .parameter, .thumb .variable { stroke: var(--accent); } .thumb .input, .thumb .target {
  stroke: var(--good); } .thumb .loss, .thumb .output { fill: var(--bad); stroke: var(--bad); }
.figure { background: #fff; padding: .5rem; border-radius: .4rem; margin: 1rem 0; }
</style>"""


class Entry(NamedTuple):
    """A page of the gallery: its part, title, file, a sentence, a small picture, its report."""

    part: str
    title: str
    file: str
    about: str
    thumb: str = ""
    report: str = ""


def gallery(folder: "str | os.PathLike[str]", sheets: Iterable["str | os.PathLike[str]"] = ()
            ) -> list[str]:
    """Writes the gallery into a folder, which is made, and returns the paths of its pages."""
    out = Path(folder)
    judged = [*map(graded, sheets)] or [audit(SAMPLE, networks.linear_1_1_1(),
                                              title="A sample with three slips")]
    out.mkdir(parents=True, exist_ok=True)
    entries = [*of_networks(out), *of_audits(out, judged), *of_training(out)]
    write(out, "index", index(entries))
    files = [file for entry in entries for file in (entry.file, entry.report) if file]
    return [str(out / file) for file in ("index.html", *files)]


def write(out: Path, name: str, text: str) -> str:
    """Writes one page, a report with the way back below it, and returns its file's name."""
    if name != "index":
        text = text.replace("</main>", f"{BACK}</main>")
    (out / f"{name}.html").write_text(text + "\n", encoding="utf-8")
    return f"{name}.html"


# ---- networks and derivations

def of_networks(out: Path) -> Iterator[Entry]:
    """The networks of the documents, to explore, and the derivations of all their gradients."""
    for name, title, about, net in (
            ("linear", "Linear 1-1-1", "Three linear layers and a squared error.",
             networks.linear_1_1_1()),
            ("relu-sigmoid-softmax", "ReLU / sigmoid / softmax 3-3-3",
             "Three layers of three units and a cross-entropy.",
             networks.relu_sigmoid_softmax_3_3_3())):
        loss = net.loss()
        loss.backward()
        first = derive(loss, net.parameters()[0], net)
        shown = explore(loss, net, derivation=first, title=title)
        yield Entry("Networks to step through", title, write(out, name, page_of(shown)), about,
                    thumbnail(shown))
        whole = derive(loss, net, net)
        yield Entry("Derivations", f"All gradients of {title}",
                    write(out, f"{name}-derivation", whole.html()),
                    f"{len(whole.steps)} steps, from the loss back to every parameter.")


def thumbnail(explorer: Explorer) -> str:
    """The graph as a small picture without words."""
    view = explorer.data["views"][explorer.data["start"]]
    width, height = view["size"]
    kinds = [explorer.data["nodes"][box["nodes"][-1]]["kind"] for box in view["boxes"]]
    boxes = "".join('<rect x="{}" y="{}" width="{}" height="{}" rx="8" class="{}"/>'.format(
        *box["at"], kind) for box, kind in zip(view["boxes"], kinds))
    arrows = "".join(f'<path d="{arrow["path"]}"/>' for arrow in view["arrows"])
    return (f'<svg viewBox="-6 -6 {width + 12} {height + 12}" aria-hidden="true">'
            f"{arrows}{boxes}</svg>")


# ---- audits

def graded(path: "str | os.PathLike[str]") -> Audit:
    """The audit of a sheet."""
    sheet = read_sheet(path)
    title = sheet.title or Path(path).stem
    return audit(sheet.steps, sheet.problem, title=title if sheet.reading == AS_WRITTEN
                 else f"{title} (read as {sheet.reading})")


def of_audits(out: Path, audits: Sequence[Audit]) -> Iterator[Entry]:
    """Every audit beside its graph, and its report."""
    for i, found in enumerate(audits, 1):
        shown = explore(found)
        yield Entry("Audits of hand derivations", found.title,
                    write(out, f"audit-{i}", page_of(shown)),
                    f"{len(found.rows)} statements, {found.points()}, beside the graph.",
                    thumbnail(shown), write(out, f"audit-{i}-report", found.html()))


# ---- training

def of_training(out: Path) -> Iterator[Entry]:
    """Training runs of both networks, if there is something to draw them with."""
    if find_spec("matplotlib") is None:
        return
    for name, title, net, rate in (
            ("linear", "Linear 1-1-1", networks.linear_1_1_1(), 0.01),
            ("relu-sigmoid-softmax", "ReLU / sigmoid / softmax 3-3-3",
             networks.relu_sigmoid_softmax_3_3_3(), 0.1)):
        history = fit(net, epochs=60, lr=rate)
        yield Entry("Training runs", f"{title}, trained",
                    write(out, f"{name}-training", run(title, history, net, rate)),
                    f"Loss {history.loss[0]:.4g} to {history.loss[-1]:.4g} in 60 steps.")


def run(title: str, history: History, net: Network, rate: float) -> str:
    """The page of a training run: its curves and where the parameters went."""
    figures = "".join(f'<div class="figure">{drawn(figure)}</div>' for figure in (
        plots.loss_curve(history), plots.gradient_sizes(history), plots.parameter_paths(history)))
    rows = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{first[0]:.5g}</td>'
                   f"<td>{p.data:.5g}</td></tr>" for (name, p), first in
                   zip(net.named_parameters(), history.parameters.values()))
    heads = "".join(f'<th scope="col">{h}</th>' for h in ("parameter", "before", "after"))
    return page(f"{title}, trained", f"{LOOK}<h1>{escape(title)}, trained</h1>"
                f"<p>60 steps of gradient descent with rate {rate:g}.</p>{figures}"
                f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>'
                f"</table></div>")


def drawn(figure: Any) -> str:
    """A matplotlib figure as SVG inside a page."""
    from io import StringIO
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg"):], flags=re.DOTALL)


def page_of(explorer: Explorer) -> str:
    """The page of an explorer, with the way back in its header."""
    return bundle.page({**explorer.data, "home": "index.html"})


# ---- the index

def index(entries: Sequence[Entry]) -> str:
    """The page that leads to all others, part by part."""
    parts = dict.fromkeys(entry.part for entry in entries)
    body = "".join(f'<h2>{part}</h2><ul class="cards">'
                   f"{''.join(card(e) for e in entries if e.part == part)}</ul>" for part in parts)
    return page("handgrad: a gallery", f"{LOOK}<h1>Gradients by hand, to look at</h1>"
                "<p>Every page works offline and by itself: step through both passes, drag a "
                f"number, follow a derivation, see where an error began.</p>{body}")


def card(entry: Entry) -> str:
    """One page in the index."""
    thumb = f'<div class="thumb">{entry.thumb}</div>' if entry.thumb else ""
    report = f'<p><a href="{entry.report}">the whole report</a></p>' if entry.report else ""
    return (f'<li>{thumb}<h3><a href="{entry.file}">{escape(entry.title)}</a></h3>'
            f"<p>{escape(entry.about)}</p>{report}</li>")
