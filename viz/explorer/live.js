// The panel "Live": drag an input or a parameter and both passes are computed anew, in the page;
// take a step, and gradient descent moves the parameters, with the loss curve beside it.

import {el, number, plural, svg} from "./text.js";

const FEW = 16;

export function livePanel(app) {
  const {model} = app, element = el("div", {class: "panel live-panel"}), rows = new Map();
  if (!model.live) {
    element.append(el("p", {class: "note"},
      "A node of this graph was made by hand and has no formula, "
      + "so its numbers cannot be computed anew here."));
    return {element, update() {}};
  }
  const learns = new Set(app.data.learn);
  const curve = [model.values[app.data.root]];
  const rate = el("input", {type: "number", value: app.data.rate, step: "any", min: 0,
    "aria-label": "learning rate", class: "rate"});
  const list = el("div", {class: "sliders"}), more = el("button", {type: "button",
    class: "more", onclick: () => { all = true; fill(); }});
  const plot = el("div", {class: "curve"}), loss = el("p", {class: "fact loss"});
  let all = false;

  function step(times) {
    for (let i = 0; i < times; i++) {
      const {grads} = model.at(model.last), lr = Number(rate.value), changes = {};
      for (const id of learns) changes[id] = model.values[id] - lr * grads[id];
      model.set(changes);
      curve.push(model.values[app.data.root]);
    }
    app.changed();
  }

  function reset() {
    model.reset();
    curve.splice(0, curve.length, model.values[app.data.root]);
    app.changed();
  }

  function fill() {
    const here = model.leaves.filter((n) => all || rows.has(n.id) || rows.size < FEW);
    for (const n of here) if (!rows.has(n.id)) rows.set(n.id, slider(app, n, learns, curve));
    list.replaceChildren(...[...rows.values()].map((r) => r.element));
    const hidden = model.leaves.length - rows.size;
    more.textContent = `show ${plural(hidden, "more number")}`;
    more.hidden = hidden <= 0;
  }

  const root = model.nodes[app.data.root].name;
  element.append(el("h2", {}, "Live numbers"),
    el("p", {}, "Drag a number: everything is computed anew, in this page."), loss,
    el("div", {class: "descent"},
      el("button", {type: "button", class: "primary", onclick: () => step(1)}, "take a step"),
      el("button", {type: "button", onclick: () => step(10)}, "10 steps"),
      el("label", {}, "rate ", rate),
      el("button", {type: "button", class: "reset", onclick: reset}, "reset")),
    plot, list, more);
  fill();
  return {element, update() {
    if (app.selected != null && !rows.has(app.selected)) {
      const n = model.leaves.find((leaf) => leaf.id === app.selected);
      if (n) { rows.set(n.id, slider(app, n, learns, curve)); fill(); }
    }
    for (const row of rows.values()) row.update();
    const value = model.values[app.data.root];
    const before = number(model.nodes[app.data.root].value, app.digits);
    loss.replaceChildren(`${root} = `,
      el("strong", {"data-value": value}, number(value, app.digits)),
      model.changed() ? el("span", {class: "was"}, ` was ${before}`) : "");
    plot.replaceChildren(...(curve.length > 1 ? [drawn(curve, root, app.digits)] : []));
  }};
}

function slider(app, n, learns, curve) {
  const {model} = app, id = n.id, reach = Math.max(1, 2 * Math.abs(n.value) || 1);
  const set = (x) => {
    if (!Number.isFinite(x)) return;
    model.set({[id]: x});
    curve.splice(0, curve.length, model.values[app.data.root]);
    app.changed(id);
  };
  const range = el("input", {type: "range", min: n.value - reach, max: n.value + reach,
    step: "any", "aria-label": n.name, "data-leaf": id, oninput: () => set(Number(range.value)),
    onkeydown: (e) => {
      const way = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1}[e.key];
      if (way) { e.preventDefault(); set(model.values[id] + way * reach / 100); }
    }});
  const exact = el("input", {type: "number", step: "any", "aria-label": `${n.name}, exactly`,
    "data-leaf": id, onchange: () => set(Number(exact.value))});
  const moves = el("input", {type: "checkbox", "aria-label": `${n.name} learns`, title: "learns",
    checked: learns.has(id), disabled: Boolean(n.fixed),
    onchange: () => (moves.checked ? learns.add(id) : learns.delete(id))});
  const grad = el("span", {class: "grad"});
  return {element: el("div", {class: `slider k-${n.kind}`}, moves,
    el("span", {class: "name"}, app.link(id)),
    range, exact, grad),
  update() {
    const x = model.values[id];
    if (x < Number(range.min)) range.min = x - reach / 2;
    if (x > Number(range.max)) range.max = x + reach / 2;
    range.value = x;
    if (document.activeElement !== exact) exact.value = Number(x.toPrecision(12));
    grad.textContent = n.fixed ? "" : `∂ ${number(app.final.grads[id], app.digits)}`;
    if (!n.fixed) grad.setAttribute("data-value", app.final.grads[id]);
  }};
}

function drawn(curve, name, digits) {
  const w = 320, h = 110, left = 46, low = 18, finite = curve.filter(Number.isFinite);
  const [min, max] = [Math.min(...finite), Math.max(...finite)], span = max - min || 1;
  const at = (x, i) => `${(left + (w - left - 8) * i / (curve.length - 1)).toFixed(1)},${
    (8 + (h - low - 8) * (1 - (x - min) / span)).toFixed(1)}`;
  const points = curve.map((x, i) => (Number.isFinite(x) ? at(x, i) : null)).filter(Boolean);
  const end = points[points.length - 1].split(",");
  const label = (y, text) => svg("text", {x: left - 5, y, "text-anchor": "end"}, text);
  return svg("svg", {viewBox: `0 0 ${w} ${h}`, role: "img", "aria-label":
    `${name} over ${plural(curve.length - 1, "step")}: from ${number(curve[0], digits)} to ${
      number(curve[curve.length - 1], digits)}`},
  svg("path", {class: "axis", d: `M${left},8V${h - low}H${w - 8}`}),
  label(14, number(max, 3)), label(h - low, number(min, 3)),
  svg("text", {x: w - 8, y: h - 4, "text-anchor": "end"}, plural(curve.length - 1, "step")),
  svg("text", {x: left, y: h - 4}, name),
  svg("polyline", {points: points.join(" ")}), svg("circle", {cx: end[0], cy: end[1], r: 3}));
}
