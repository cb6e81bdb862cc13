// The explorer: one element that holds the graph, its controls and its panels.
//
//   start(root, data, OPS, options)      fills `root`; returns {receive(changes)} for the widget
//
// Everything that is shown follows from four things: the numbers in `model`, the step, the selected
// node and the view. Whatever changes one of them calls `refresh`. Start reading at `start`.

import {COLOURS, legend} from "./colour.js";
import {auditPanel, derivationPanel} from "./beside.js";
import {controls, names, partial, sentence, stepPanel} from "./steps.js";
import {el, number, plural} from "./text.js";
import {keys} from "./keys.js";
import {livePanel} from "./live.js";
import {model} from "./passes.js";
import {nodePanel} from "./node.js";
import {picture} from "./draw.js";
import {stage} from "./stage.js";
import {tablePanel} from "./table.js";

const VIEWS = {none: "every node", neuron: "neurons", layer: "layers", level: "depth"};
let count = 0;

export function start(root, data, OPS, options = {}) {
  const app = {data, model: model(data, OPS), digits: data.digits, id: `hg${++count}`,
    colour: data.colour, speed: 1100, selected: null, playing: null, view: data.start};
  app.step = app.model.last;
  app.fresh = true;                                     // nobody has stepped yet
  app.described = `A graph of ${plural(app.model.nodes.length, "node")} that computes ${
    app.model.nodes[data.root].name}. The Table tab lists all of them.`;
  app.link = (id) => el("button", {type: "button", class: "name-link", onclick: () => app.select(id)},
    app.model.nodes[id].name);
  stepping(app);
  choosing(app);
  layout(app, root, options);
  app.changed = (id) => {
    app.refresh();
    options.changed?.(id);
  };
  keys(app, options.global ? document : app.root);
  app.show(app.view);
  return {app, receive(changes) { app.model.set(changes); app.refresh(); }};
}

// ---- what is shown

function stepping(app) {
  app.refresh = () => {
    app.state = app.model.at(app.step);
    app.final = app.step === app.model.last ? app.state : app.model.at(app.model.last);
    app.largest = scale(app);
    app.drawn.update(app.state);
    highlight(app);
    for (const part of app.parts) part.update();
    app.panels[app.tab].update();
    app.legend.replaceChildren(...legend(app.colour, app.largest, app.data.palette));
  };
  app.goto = (step, quiet = false) => {
    app.step = Math.min(Math.max(step, 0), app.model.last);
    app.fresh = false;
    app.marked = null;
    if (app.tab !== "step" && app.tab !== "table" && !quiet) app.open("step");
    app.refresh();
    app.said.textContent = sentence(app);
    const {node} = app.model.about(app.step);
    if (node != null && !(app.step === app.model.last && quiet)) {
      app.stage.show([node, ...app.model.nodes[node].in.slice(0, 12)].map(app.drawn.place));
    }
  };
  app.play = () => {
    if (app.playing) return app.pause();
    if (app.step === app.model.last) app.goto(0);
    const tick = () => {
      if (app.step === app.model.last) return app.pause();
      app.goto(app.step + 1);
      app.playing = setTimeout(tick, app.speed);
    };
    app.playing = setTimeout(tick, app.speed / 2);
    for (const part of app.parts) part.update();
  };
  app.pause = () => {
    clearTimeout(app.playing);
    app.playing = null;
    for (const part of app.parts) part.update();
  };
}

function scale(app) {
  const {model, final} = app;
  const sizes = (app.colour === "value" ? model.values : final.grads.filter((_, i) => final.arrived[i]))
    .map(Math.abs).filter(Number.isFinite);
  return sizes.reduce((a, b) => Math.max(a, b), 0);
}

// ---- what is chosen

function choosing(app) {
  app.select = (id) => {
    app.selected = id;
    app.marked = null;
    if (app.tab !== "live") app.open("node");
    app.refresh();
    app.stage.show([app.drawn.place(id)]);
    const n = app.model.nodes[id];
    app.said.textContent = `${n.name}, ${n.kind}, value ${number(app.model.values[id], app.digits)}`;
  };
  app.mark = (nodes, edges, move = false) => {
    app.marked = {nodes: new Set(nodes), edges: new Set(edges)};
    highlight(app);
    if (move) app.stage.show(nodes.slice(0, 12).map(app.drawn.place));
  };
  app.show = (index) => {
    app.view = index;
    app.drawn = picture(app, app.data.views[index]);
    app.stage.put(app.drawn);
    signs(app);
    app.refresh();
    const view = app.data.views[index], folds = view.boxes.filter((b) => b.title != null).length;
    const opens = view.boxes.some((b) => b.title != null && b.layer != null);
    app.note.textContent = folds ? `${plural(app.model.nodes.length, "node")} are folded into ${
      plural(view.boxes.length, "box", "boxes")}, so that the graph can be read${
      opens ? ": + opens a layer, − folds it" : ""}. Every node is in the steps, the search and the table.` : "";
    app.note.hidden = !folds;
    app.tip(null);
  };
  app.fold = (layer, opening) => {
    const open = new Set(app.data.views[app.view].open);
    open[opening ? "add" : "delete"](layer);
    const fits = (wanted) => app.data.views.findIndex((v) => v.title !== "level"
      && (v.title !== "neuron" || v.open.length) && v.open.length === wanted.length
      && wanted.every((k) => v.open.includes(k)));
    const found = [fits([...open]), fits(opening ? [layer] : []), fits([])].find((i) => i >= 0);
    app.choose.view(found);
    app.show(found);
  };
  app.boxOf = (id) => app.drawn.view.boxes[app.drawn.home(id)];
}

// Which boxes and arrows stand out: those of the step, or of what was clicked.
function highlight(app) {
  const {pass, node} = app.model.about(app.step), nodes = new Map(), edges = new Set();
  const resting = app.fresh || app.step === 0 || app.step === app.model.last && app.tab !== "step";
  if (app.marked) {
    for (const id of app.marked.nodes) nodes.set(id, "marked");
    for (const e of app.marked.edges) edges.add(e);
  } else if (node != null && !resting) {
    nodes.set(node, "current");
    app.model.nodes[node].in.forEach((x, i) => {
      if (pass === "backward" && app.model.nodes[x].fixed) return;
      if (pass !== "seed") { nodes.set(x, "near"); edges.add(`${node}.${i}`); }
    });
    nodes.set(node, "current");
  }
  paint(app, nodes, edges, app.marked ? "marked" : pass);
}

function paint(app, nodes, edges, pass) {
  const boxes = new Map();
  for (const [id, how] of nodes) {
    const home = app.drawn.home(id);
    if (boxes.get(home) !== "current") boxes.set(home, how);
  }
  const root = app.drawn.element;
  root.setAttribute("class", `world ${pass}`);
  for (const g of root.querySelectorAll(".box, .row")) {
    const id = Number(g.dataset.node), row = g.classList.contains("row");
    const how = row ? nodes.get(id) : boxes.get(app.drawn.home(id));
    for (const c of ["current", "near", "marked"]) g.classList.toggle(c, how === c);
    g.classList.toggle("selected", app.selected === id || !row && app.selected != null
      && g.querySelector(`.row[data-node="${app.selected}"]`) == null
      && app.drawn.home(app.selected) === app.drawn.home(id));
  }
  for (const g of root.querySelectorAll(".arrow")) {
    const {edge, from, to} = g.dataset;
    const on = edge ? edges.has(edge) : [...edges].some((e) => between(app, e, from, to));
    g.classList.toggle("on", on);
  }
}

function between(app, edge, from, to) {
  const [taker, input] = edge.split(".").map(Number);
  return app.drawn.home(taker) === Number(to)
    && app.drawn.home(app.model.nodes[taker].in[input]) === Number(from);
}

// The audit's signs on the boxes.
function signs(app) {
  const worst = new Map(), rank = {right: 1, inherited: 2, wrong: 3};
  for (const r of app.data.audit?.rows ?? []) {
    for (const id of rank[r.class] ? r.nodes.slice(-1) : []) {
      const home = app.drawn.home(id);
      if (rank[r.class] > (rank[worst.get(home)?.class] ?? 0)) worst.set(home, r);
    }
  }
  for (const [home, r] of worst) {
    const box = app.drawn.element.lastChild.children[home], sign = box.querySelector(".sign");
    box.classList.add(`audit-${r.class}`);
    if (sign) sign.textContent = r.sign;
  }
}

// ---- the page

function layout(app, root, options) {
  app.stage = stage(app);
  app.said = el("p", {class: "unseen", "aria-live": "polite"});
  app.note = el("p", {class: "folded-note", role: "status"});
  app.legend = el("div", {class: "legend", "aria-label": "legend of the colours"});
  app.tooltip = el("div", {class: "tip", role: "tooltip", hidden: true});
  const control = controls(app);
  app.parts = [control];
  const zoom = el("div", {class: "zoom", role: "group", "aria-label": "zoom"},
    [["zoom in", "+", () => app.stage.zoom(1.3)], ["zoom out", "−", () => app.stage.zoom(1 / 1.3)],
      ["fit", "⤢", () => app.stage.fit()]].map(([label, sign, act]) => el("button",
      {type: "button", "aria-label": label, title: label, onclick: act}, sign)));
  app.root = el("div", {class: "handgrad", "data-theme": "auto"}, head(app, options),
    el("div", {class: "body"}, el("div", {class: "left"}, app.note,
      el("div", {class: "frame-of-stage"}, app.stage.element, zoom, app.legend, app.tooltip),
      control.element), side(app)), app.said);
  tips(app);
  root.replaceChildren(app.root);
}

function head(app, options) {
  const pick = (label, entries, value, act) => {
    const select = el("select", {"aria-label": label, onchange: () => act(select.value)},
      entries.map(([v, text]) => el("option", {value: v, selected: String(v) === String(value)}, text)));
    return select;
  };
  const views = app.data.views.map((v, i) => [i, VIEWS[v.title]
    ?? `open: ${v.open.map((k) => k + 1).join(", ")}`]);
  const fold = pick("fold", views, app.view, (i) => app.show(Number(i)));
  app.choose = {view: (i) => { fold.value = i; }};
  const theme = el("button", {type: "button", class: "theme", "aria-label": "dark or light",
    title: "dark or light", onclick: () => {
      const dark = getComputedStyle(app.root).colorScheme.includes("dark");
      app.root.dataset.theme = dark ? "light" : "dark";
      if (options.global) document.documentElement.dataset.theme = app.root.dataset.theme;
    }}, "◐");
  return el("header", {}, el(options.global ? "h1" : "h2", {class: "name"}, app.data.title), search(app),
    el("label", {}, el("span", {}, "Fold"), fold),
    el("label", {}, el("span", {}, "Colour"), pick("colour by", Object.entries(COLOURS), app.colour,
      (by) => { app.colour = by; app.refresh(); })), theme);
}

function search(app) {
  const list = el("datalist", {id: `${app.id}-names`},
    app.model.nodes.slice(0, 2000).filter((n) => n.kind !== "constant").map((n) => el("option", {value: n.name})));
  const find = () => {
    const text = box.value.trim().toLowerCase(), named = app.model.nodes;
    const found = named.find((n) => n.name.toLowerCase() === text)
      ?? (text && named.find((n) => n.name.toLowerCase().includes(text)));
    box.setAttribute("aria-invalid", String(Boolean(text && !found)));
    if (found) app.select(found.id);
  };
  const box = el("input", {type: "search", placeholder: "search  /", "aria-label": "search a node by name",
    list: `${app.id}-names`, autocomplete: "off", onchange: find,
    onkeydown: (e) => { if (e.key === "Enter") find(); }});
  app.search = box;
  return el("span", {class: "search", role: "search"}, box, list);
}

function side(app) {
  app.panels = {step: stepPanel(app), node: nodePanel(app), live: livePanel(app),
    ...(app.data.derivation ? {derivation: derivationPanel(app)} : {}),
    ...(app.data.audit ? {audit: auditPanel(app)} : {}), table: tablePanel(app)};
  app.tab = app.data.audit ? "audit" : app.data.derivation ? "derivation" : "step";
  const tabs = {}, panes = {};
  for (const [name, panel] of Object.entries(app.panels)) {
    tabs[name] = el("button", {type: "button", role: "tab", id: `${app.id}-${name}`,
      "aria-controls": `${app.id}-${name}-panel`, onclick: (e) => {
        app.open(name);
        app.refresh();
        if (e.detail) app.stage.element.focus({preventScroll: true});   // by mouse: arrows step
      }},
    name[0].toUpperCase() + name.slice(1));
    panes[name] = el("div", {role: "tabpanel", id: `${app.id}-${name}-panel`, tabindex: 0,
      "aria-labelledby": `${app.id}-${name}`}, panel.element);
  }
  app.open = (name) => {
    app.tab = name;
    for (const [key, tab] of Object.entries(tabs)) {
      tab.setAttribute("aria-selected", String(key === name));
      tab.tabIndex = key === name ? 0 : -1;
      panes[key].hidden = key !== name;
    }
  };
  app.open(app.tab);
  const order = Object.keys(tabs);
  const list = el("div", {role: "tablist", "aria-label": "panels", class: "tabs", onkeydown: (e) => {
    const way = {ArrowRight: 1, ArrowLeft: -1}[e.key];
    if (!way) return;
    e.preventDefault();
    e.stopPropagation();
    app.open(order[(order.indexOf(app.tab) + way + order.length) % order.length]);
    app.refresh();
    tabs[app.tab].focus();
  }}, Object.values(tabs));
  return el("aside", {class: "side", "aria-label": "details"}, list, Object.values(panes));
}

// What a pointer over a node shows.
function tips(app) {
  app.tip = (id, event) => {
    app.tooltip.hidden = id == null;
    if (id == null) return;
    const n = app.model.nodes[id], state = app.state;
    const lines = [n.formula ? `${n.name} = ${names(app, n.formula)}` : n.name,
      app.model.known(id, app.step) ? `value ${number(app.model.values[id], 6)}` : "not computed yet",
      state.arrived[id] ? `${partial(app, id)} = ${number(state.grads[id], 6)}` : null,
      n.in.length ? `operation ${n.op}` : n.kind];
    app.tooltip.replaceChildren(...lines.filter(Boolean).map((t) => el("div", {}, t)));
    const frame = app.stage.element.getBoundingClientRect();
    app.tooltip.style.left = `${Math.min(event.clientX - frame.left + 14, frame.width - 220)}px`;
    app.tooltip.style.top = `${event.clientY - frame.top + 16}px`;
  };
}
