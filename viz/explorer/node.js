// The panel "Node": everything about the node that was clicked: its formula and numbers, where its
// gradient comes from, and every path from it to the result with the product of its slopes.

import {bracketed, el, heads, number, plural} from "./text.js";
import {chosen} from "./beside.js";
import {equation, meter, names, partial, withNumbers} from "./steps.js";

const PATHS = 64, TAKERS = 40;

export function nodePanel(app) {
  const element = el("div", {class: "panel node-panel"});
  return {element, update() { element.replaceChildren(...nodeContent(app)); }};
}

function nodeContent(app) {
  const id = app.selected;
  if (id == null) return [el("p", {class: "note"},
    "Click a node, or search for one: its formula, numbers and paths appear here.")];
  const {model} = app, n = model.nodes[id];
  const box = app.boxOf(id);
  return [el("p", {class: "pass"}, n.kind === "operation" ? `operation ${n.op}` : n.kind),
    el("h2", {}, n.name), ...facts(app, n), ...gradient(app, n),
    ...(n.fixed || id === app.data.root ? [] : ways(app, id)),
    ...(box?.title != null || box?.nodes.length > 1 ? [inTheBox(app, box)] : [])].filter(Boolean);
}

function facts(app, n) {
  const {model} = app, value = number(model.values[n.id], app.digits);
  if (!n.in.length) {
    return [el("p", {"data-value": model.values[n.id], class: "fact"}, `value ${value}`)];
  }
  return [equation(n.name, names(app, n.formula), withNumbers(app, n.formula), value),
    el("p", {class: "from"}, "computed from ", [...new Set(n.in)].slice(0, TAKERS).map((x, i) =>
      [i ? ", " : "", app.link(x)]), n.in.length > TAKERS ? ", …" : "",
    el("span", {class: "source"}, ` by ${n.by ? `the row “${n.by}”` : "hand"}`))];
}

function gradient(app, n) {
  const {model} = app, id = n.id;
  if (n.fixed) return [el("p", {class: "note"}, "A constant takes no gradient.")];
  const state = app.state, all = app.final, of = model.takers[id].length;
  const shown = state.arrived[id] ? state.grads[id] : null;
  const rows = model.takers[id].slice(0, TAKERS).map(({taker, input}) => {
    const slope = model.slopes(taker)[input], g = all.grads[taker];
    return el("tr", {}, el("th", {scope: "row"}, app.link(taker)),
      [g, slope, model.chain(g, slope)].map((x) =>
        el("td", {"data-value": x}, number(x, app.digits))));
  });
  const own = n.grad != null && !model.changed() && Math.abs(n.grad - all.grads[id])
    > 1e-9 * Math.max(Math.abs(n.grad), 1e-300);
  return [el("h3", {}, "Gradient"),
    el("p", {class: "fact"}, shown == null ? `${partial(app, id)}: no path has arrived yet`
      : `${partial(app, id)} = ${number(shown, app.digits)}`),
    of > 1 && shown != null && meter(state.arrived[id], of, state.arrived[id] >= of),
    own && el("p", {class: "note"},
      `Its .grad in Python is ${number(n.grad, app.digits)}: gradients `
      + "of leaves add up until they are set to zero."),
    of > 0 && el("table", {}, el("caption", {}, "who hands it what"),
      heads("from", "its gradient", "local derivative", "product"),
      el("tbody", {}, rows, of > 1 && el("tr", {class: "total"},
        el("th", {scope: "row", colspan: 3}, of > TAKERS ? `sum of all ${of}` : "sum"),
        el("td", {"data-value": all.grads[id]}, number(all.grads[id], app.digits)))))];
}

function ways(app, id) {
  const {model} = app, count = model.ways()[id], found = model.paths(id, PATHS);
  found.sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
  const show = (x) => bracketed(number(x, app.digits));
  const items = found.map((way) => {
    const button = el("button", {type: "button", class: "path", "data-product": way.product,
      onclick: (e) => chosen(app, e.currentTarget, way.nodes, way.edges, false)},
    el("span", {}, way.nodes.map((x) => model.nodes[x].name).join(" → ")),
    el("span", {class: "factors"}, `${way.factors.map(show).join(" · ")} = `,
      el("strong", {}, number(way.product, app.digits))));
    return el("li", {}, button);
  });
  const all = count <= found.length, together = count > 1
    ? "Their products add up to the gradient; the largest comes first."
    : "Its product is the gradient.";
  return [el("h3", {}, `${plural(count, "path")} to ${model.nodes[app.data.root].name}`),
    el("p", {class: "note"}, all ? together : `${found.length} of them are listed. ${together}`),
    el("ol", {class: "paths"}, items)];
}

function inTheBox(app, box) {
  const shown = box.nodes.slice(0, 200);
  return el("details", {open: box.title == null && box.nodes.length <= 10},
    el("summary", {}, `In the same box: ${plural(box.nodes.length, "node")}`),
    el("ul", {class: "names"}, shown.map((x) => el("li", {}, app.link(x)))),
    box.nodes.length > shown.length && el("p", {}, "and more; search by name"));
}
