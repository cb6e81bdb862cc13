// The explorer: one element that holds the graph, its controls and its panels.
//
//   start(root, data, OPS, options)      fills `root`; returns {receive(changes)} for the widget
//
// Everything that is shown follows from four things: the numbers in `model`, the step, the selected
// node and the view. Whatever changes one of them calls `refresh`. Start reading at `start`.

import {el, number, plural} from "./text.js";
import {highlight, signs} from "./highlight.js";
import {keys} from "./keys.js";
import {layout} from "./layout.js";
import {legend} from "./colour.js";
import {model} from "./passes.js";
import {picture} from "./draw.js";
import {sentence} from "./steps.js";

let count = 0;

export function start(root, data, OPS, options = {}) {
  const app = {data, model: model(data, OPS), digits: data.digits, id: `hg${++count}`,
    colour: data.colour, speed: 1100, selected: null, playing: null, view: data.start};
  app.step = app.model.last;
  app.fresh = true;                                     // nobody has stepped yet
  app.described = `A graph of ${plural(app.model.nodes.length, "node")} that computes ${
    app.model.nodes[data.root].name}. The Table tab lists all of them.`;
  app.link = (id) => el("button", {type: "button", class: "name-link",
    onclick: () => app.select(id)},
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
  const reached = final.grads.filter((_, i) => final.arrived[i]);
  const sizes = (app.colour === "value" ? model.values : reached).map(Math.abs)
    .filter(Number.isFinite);
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
    const value = number(app.model.values[id], app.digits);
    app.said.textContent = `${n.name}, ${n.kind}, value ${value}`;
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
    app.note.textContent = noted(app, app.data.views[index]);
    app.note.hidden = !app.note.textContent;
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

// What a view with folded boxes says about itself.
function noted(app, view) {
  const folded = view.boxes.filter((b) => b.title != null);
  if (!folded.length) return "";
  const hint = folded.some((b) => b.layer != null) ? " (+ opens a layer)" : "";
  return `${plural(app.model.nodes.length, "node")} are folded into `
    + `${plural(view.boxes.length, "box", "boxes")}, so that it can be read${hint}. `
    + "Steps, search and table have every node.";
}
