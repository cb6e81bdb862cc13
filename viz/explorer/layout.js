// The page around the graph: header, search, panels, legend, what a pointer shows.

import {COLOURS} from "./colour.js";
import {auditPanel, derivationPanel} from "./beside.js";
import {controls} from "./controls.js";
import {el, number} from "./text.js";
import {livePanel} from "./live.js";
import {names, partial, stepPanel} from "./steps.js";
import {nodePanel} from "./node.js";
import {stage} from "./stage.js";
import {tablePanel} from "./table.js";

const VIEWS = {none: "every node", neuron: "neurons", layer: "layers", level: "depth"};

export function layout(app, root, options) {
  app.stage = stage(app);
  app.said = el("p", {class: "unseen", "aria-live": "polite"});
  app.note = el("p", {class: "folded-note", role: "status"});
  app.legend = el("div", {class: "legend", "aria-label": "legend of the colours"});
  app.tooltip = el("div", {class: "tip", role: "tooltip", hidden: true});
  const control = controls(app);
  app.parts = [control];
  const zoom = el("div", {class: "zoom", role: "group", "aria-label": "zoom"},
    [["zoom in", "+", () => app.stage.zoom(1.3)],
      ["zoom out", "−", () => app.stage.zoom(1 / 1.3)],
      ["fit", "⤢", () => app.stage.fit()]].map(([label, sign, act]) => el("button",
      {type: "button", "aria-label": label, title: label, onclick: act}, sign)));
  app.root = el("div", {class: "handgrad", "data-theme": options.theme ?? "auto",
    "data-lm-suppress-shortcuts": true}, head(app, options),
    el("div", {class: "body"}, el("div", {class: "left"}, app.note,
      el("div", {class: "frame-of-stage"}, app.stage.element, zoom, app.legend, app.tooltip),
      control.element), side(app)), app.said);
  tips(app);
  root.replaceChildren(app.root);
}

function head(app, options) {
  const pick = (label, entries, value, act) => {
    const select = el("select", {"aria-label": label, onchange: () => act(select.value)},
      entries.map(([v, text]) => el("option", {value: v, selected: String(v) === String(value)},
        text)));
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
  const home = app.data.home && el("a", {href: app.data.home, class: "home"}, "all pages");
  return el("header", {}, home, el(options.global ? "h1" : "h2", {class: "name"}, app.data.title),
    search(app),
    el("label", {}, el("span", {}, "Fold"), fold),
    el("label", {}, el("span", {}, "Colour"), pick("colour by", Object.entries(COLOURS), app.colour,
      (by) => { app.colour = by; app.refresh(); })), theme);
}

function search(app) {
  const list = el("datalist", {id: `${app.id}-names`},
    app.model.nodes.filter((n) => n.kind !== "constant").slice(0, 2000).map((n) =>
      el("option", {value: n.name})));
  const find = () => {
    const text = box.value.trim().toLowerCase(), named = app.model.nodes;
    const found = named.find((n) => n.name.toLowerCase() === text)
      ?? (text && named.find((n) => n.name.toLowerCase().includes(text)));
    box.setAttribute("aria-invalid", String(Boolean(text && !found)));
    if (found) app.select(found.id);
  };
  const box = el("input", {type: "search", placeholder: "search  /",
    "aria-label": "search a node by name",
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
  const list = el("div", {role: "tablist", "aria-label": "panels", class: "tabs",
    onkeydown: (e) => {
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
      app.model.known(id, app.step) ? `value ${number(app.model.values[id], 6)}`
        : "not computed yet",
      state.arrived[id] ? `${partial(app, id)} = ${number(state.grads[id], 6)}` : null,
      n.in.length ? `operation ${n.op}` : n.kind];
    app.tooltip.replaceChildren(...lines.filter(Boolean).map((t) => el("div", {}, t)));
    const frame = app.stage.element.getBoundingClientRect();
    app.tooltip.style.left = `${Math.min(event.clientX - frame.left + 14, frame.width - 220)}px`;
    app.tooltip.style.top = `${event.clientY - frame.top + 16}px`;
  };
}
