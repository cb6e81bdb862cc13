// The panel "Table": every node as a row, for screen readers, for searching by eye, for printing.

import {el, heads, number, plural} from "./text.js";
import {names} from "./steps.js";

const FIRST = 300;

export function tablePanel(app) {
  const {model} = app, body = el("tbody");
  const more = el("button", {type: "button", class: "more",
    onclick: () => { shown = Infinity; fill(); }});
  const element = el("div", {class: "panel table-panel"},
    el("table", {}, el("caption", {},
      `All ${plural(model.nodes.length, "node")}, each after its inputs, `
      + "at the present step"),
    heads("name", "formula", "value", "gradient"), body), more);
  const rows = [];
  let shown = FIRST;

  function fill() {
    for (const n of model.nodes.slice(rows.length, shown)) {
      const value = el("td"), grad = el("td");
      body.append(el("tr", {"data-node": n.id}, el("th", {scope: "row"}, app.link(n.id)),
        el("td", {class: "formula"}, n.formula ? names(app, n.formula) : n.kind), value, grad));
      rows.push({id: n.id, value, grad});
    }
    more.hidden = rows.length >= model.nodes.length;
    more.textContent = `show all ${model.nodes.length.toLocaleString("en")} rows`;
    update();
  }

  function update() {
    for (const {id, value, grad} of rows) {
      const known = model.known(id, app.step), {arrived, grads} = app.state;
      value.textContent = known ? number(model.values[id], app.digits) : "";
      value.setAttribute("data-value", known ? model.values[id] : "");
      const part = arrived[id] && !model.complete(id, app.state);
      grad.textContent = arrived[id] ? number(grads[id], app.digits)
        + (part ? ` (${arrived[id]} of ${model.takers[id].length} paths)` : "") : "";
      grad.setAttribute("data-value", arrived[id] ? grads[id] : "");
    }
  }

  return {element, update() { if (rows.length) update(); else fill(); }};
}
