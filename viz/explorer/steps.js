// The panel "Step": what happens at this step, in words and numbers.
//
// Backward, a card for every input: its local derivative, the product with the incoming gradient,
// and the sum so far, which fills up until all paths have arrived.

import {bracketed, el, filled, heads, number, plural} from "./text.js";

const SHOWN = 12;                                       // inputs with a card of their own

export function names(app, text) {
  return filled(text, (i) => app.model.nodes[i].name);
}

export function withNumbers(app, text) {
  return filled(text, (i) => bracketed(number(app.model.values[i], app.digits)));
}

export const partial = (app, id, of = app.data.root) =>
  `∂${app.model.nodes[of].name}/∂${app.model.nodes[id].name}`;

// One equation: sides joined by equal signs, none said twice.
export function equation(...sides) {
  const said = [...new Set(sides)];
  return el("p", {class: "equation"}, said.map((s, i) => [i ? " = " : "", el("span", {}, s)]));
}

export function stepPanel(app) {
  const element = el("div", {class: "panel step-panel"});
  return {element, update() { element.replaceChildren(...stepContent(app)); }};
}

function stepContent(app) {
  if (app.fresh) return atRest(app);
  const {pass, node} = app.model.about(app.step);
  return {start: atStart, forward: atForward, seed: atSeed, backward: atBackward}[pass](app, node);
}

// The same in one sentence, for those who listen.
export function sentence(app) {
  const {model} = app, {pass, node} = model.about(app.step), n = model.nodes[node];
  if (pass === "start") return "Start: the leaves are known.";
  if (pass === "forward") return `Forward: ${n.name} = ${number(model.values[node], app.digits)}.`;
  if (pass === "seed") return `Backward begins: the gradient of ${n.name} is 1.`;
  const said = app.state.parts.map((p) => `${model.nodes[p.x].name} receives ${
    number(p.product, app.digits)}, path ${p.arrived} of ${model.takers[p.x].length}`);
  return `Backward: ${n.name} hands its gradient on. ${said.slice(0, 4).join("; ")}.`;
}

function heading(app, pass, done, of, text) {
  return [el("p", {class: `pass ${pass}`}, `${pass} ${done} of ${of}`), el("h2", {}, text)];
}

const KEYS = "Keys: → and ← step, space plays, Home and End, B begins the backward pass, N and "
  + "P walk through the nodes, / searches, + − 0 zoom.";

function atRest(app) {
  const {model} = app, root = model.nodes[app.data.root];
  const leaves = model.leaves.filter((n) => !n.fixed);
  return [el("p", {class: "pass"}, "both passes are done"),
    el("h2", {}, `${root.name} = ${number(model.values[root.id], app.digits)}`),
    el("p", {}, `${plural(model.inner.length, "node")} were computed from `
      + `${plural(model.leaves.length, "given number")}, and `
      + `${plural(leaves.length, "gradient")} came back. Watch them one node at a time:`),
    el("p", {}, el("button", {type: "button", class: "primary", onclick: () => app.play()},
      "play both passes"), " ",
    el("button", {type: "button", onclick: () => app.goto(model.seed)}, "the backward pass")),
    el("table", {}, el("caption", {}, "gradients, the largest first"),
      heads("name", "value", "gradient"),
      el("tbody", {}, leaves.sort((a, b) => Math.abs(app.final.grads[b.id])
        - Math.abs(app.final.grads[a.id])).slice(0, SHOWN).map((n) => el("tr", {},
        el("th", {scope: "row"}, app.link(n.id)),
        el("td", {}, number(model.values[n.id], app.digits)),
        el("td", {}, number(app.final.grads[n.id], app.digits)))))),
    el("p", {class: "keys"}, KEYS)];
}

function atStart(app) {
  const {model} = app;
  return [el("p", {class: "pass"}, "before the first step"), el("h2", {}, "The leaves are known"),
    el("p", {},
      `${plural(model.leaves.length, "number")} were given. Each step forward computes one of `
      + `${plural(model.inner.length, "node")} from its inputs; then the gradient travels back.`),
    el("p", {class: "keys"}, KEYS)];
}

function atForward(app, id) {
  const {model} = app, n = model.nodes[id];
  return [...heading(app, "forward", app.step, model.inner.length, `${n.name} is computed`),
    equation(n.name, names(app, n.formula), withNumbers(app, n.formula),
      number(model.values[id], app.digits)), inputTable(app, n)];
}

function inputTable(app, n) {
  const {model} = app, ids = [...new Set(n.in)].slice(0, SHOWN);
  return el("table", {}, el("caption", {}, `inputs of ${n.symbol || n.op}`),
    heads("input", "value"),
    el("tbody", {}, ids.map((x) => el("tr", {}, el("th", {scope: "row"}, app.link(x)),
      el("td", {"data-value": model.values[x]}, number(model.values[x], app.digits)))),
    n.in.length > SHOWN && el("tr", {}, el("td", {colspan: 2},
      `and ${n.in.length - SHOWN} more`))));
}

function atSeed(app, id) {
  const n = app.model.nodes[id];
  return [el("p", {class: "pass backward"}, "backward begins"), el("h2", {}, `The seed: ${n.name}`),
    equation(`∂${n.name}/∂${n.name}`, "1"),
    el("p", {},
      "How much the result changes with itself. From here every node hands its gradient on "
      + "to its inputs, each times the local derivative.")];
}

function atBackward(app, id) {
  const {model, state} = app, n = model.nodes[id], g = state.grads[id];
  const incoming = model.takers[id].length;
  const parts = [...state.parts].sort((a, b) =>         // what goes on first, then the leaves
    Number(!model.nodes[a.x].in.length) - Number(!model.nodes[b.x].in.length));
  return [...heading(app, "backward", app.step - model.seed, model.last - model.seed,
    `${n.name} hands its gradient on`),
  el("p", {class: "incoming"}, "incoming gradient ",
    el("strong", {"data-value": g}, `${partial(app, id)} = ${number(g, app.digits)}`),
    incoming > 1 ? `, the sum of ${incoming} paths` : ""),
  g === 0 ? el("p", {class: "note"}, "It is exactly 0, so all that it hands on is 0.") : null,
  ...parts.slice(0, SHOWN).map((p) => card(app, n, p, g)),
  state.parts.length > SHOWN && el("p", {},
    `and ${plural(state.parts.length - SHOWN, "more input")}, `
    + "each in the same way; click one in the graph."),
  !state.parts.length && el("p", {}, "Its inputs are constants, which take no gradient.")]
    .filter(Boolean);
}

function card(app, n, p, g) {
  const {model} = app, show = (x) => number(x, app.digits), of = model.takers[p.x].length;
  const text = n.slopes?.[p.input], done = p.arrived >= of;
  const local = text ? [names(app, text), withNumbers(app, text)] : [];
  return el("section", {class: "card", "data-edge": `${n.id}.${p.input}`},
    el("h3", {}, "to ", app.link(p.x)),
    el("dl", {}, el("dt", {}, "local derivative"),
      el("dd", {"data-value": p.slope, class: "slope"}, equation(partial(app, p.x, n.id), ...local,
        show(p.slope))),
      el("dt", {}, "times incoming"),
      el("dd", {"data-value": p.product, class: "product"},
        equation(`${bracketed(show(g))} · ${bracketed(show(p.slope))}`, show(p.product))),
      el("dt", {}, of > 1 ? "sum so far" : "gradient"),
      el("dd", {"data-value": p.after, class: "sum"}, p.arrived > 1
        ? equation(`${show(p.before)} + ${bracketed(show(p.product))}`, show(p.after))
        : equation(partial(app, p.x), show(p.after)))),
    of > 1 && meter(p.arrived, of, done));
}

export function meter(arrived, of, done) {
  return el("p", {class: `meter ${done ? "full" : ""}`},
    el("span", {class: "gauge", "aria-hidden": "true"},
      el("span", {style: `width:${100 * arrived / of}%`})),
    el("span", {class: "count"}, `${arrived} of ${of} paths`), done ? "have arrived: complete"
      : "");
}
