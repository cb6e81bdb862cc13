// The picture: boxes and arrows where Graphviz put them, as SVG that is updated in place.
//
//   picture(app, view)      {element, update(state), box(node)}
//
// A box shows one node, and perhaps the parameters that only it reads, a row each; a folded box
// shows how many nodes it stands for and the length of their gradient.

import {clipped, filled, number, plural, svg} from "./text.js";
import {fill, inkOn} from "./colour.js";

const PAD = 8, HEAD = 17, LINE = 15, ROWS = 9;

export function picture(app, view) {
  const {model} = app, home = new Map(), updates = [];
  const frames = svg("g"), arrows = svg("g", {class: "arrows"}), boxes = svg("g");
  for (const frame of view.frames) frames.append(framed(app, frame));
  const drawn = view.arrows.map((a) => arrow(app, a, updates));
  arrows.append(...drawn.map((a) => a.element));
  view.boxes.forEach((box, i) => {
    for (const id of box.nodes) home.set(id, i);
    boxes.append(box.title == null ? detailed(app, box, updates) : folded(app, box, updates));
  });
  const element = svg("g", {}, frames, arrows, boxes);
  return {element, size: view.size, view,
    place: (id) => view.boxes[home.get(id)]?.at,
    box: (id) => boxes.children[home.get(id)],
    home: (id) => home.get(id),
    update: (state) => updates.forEach((u) => u(state))};
}

// ---- frames

function framed(app, {title, layer, at: [x, y, w, h]}) {
  const group = svg("g", {class: "frame"}, svg("rect", {x, y, width: w, height: h, rx: 8}),
    svg("text", {x: x + 12, y: y + 19}, title));
  if (layer >= 0) {
    group.append(handle(app, layer, x + w - 24, y + 7, "−", `fold ${title}`, false));
  }
  return group;
}

function handle(app, layer, x, y, sign, label, opening) {
  const turn = (event) => { event.stopPropagation(); app.fold(layer, opening); };
  return svg("g", {class: "handle", role: "button", tabindex: 0, "aria-label": label,
    "data-layer": layer, onclick: turn,
    onkeydown: (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); turn(e); } }},
  svg("rect", {x: x - 2, y: y - 2, width: 19, height: 19, rx: 4}),
  svg("text", {x: x + 7.5, y: y + 12, "text-anchor": "middle"}, sign));
}

// ---- boxes

function shell(app, box, kind, id) {
  const [x, y, w, h] = box.at;
  return svg("g", {class: `box k-${kind}`, transform: `translate(${x},${y})`, "data-node": id},
    svg("rect", {class: "ground", width: w, height: h, rx: kind === "parameter" ? 1 : 6}));
}

function detailed(app, box, updates) {
  const {model} = app, id = box.nodes[box.nodes.length - 1], node = model.nodes[id];
  const [,, w, h] = box.at, inside = box.nodes.slice(0, -1);
  const group = shell(app, box, node.kind, id);
  if (node.kind === "constant") {
    group.append(svg("text", {x: w / 2, y: h / 2 + 4, "text-anchor": "middle"}, node.name));
    return hooked(app, group, id);
  }
  const head = node.in.length ? HEAD + LINE + PAD - 1 : h;
  const tint = svg("rect", {class: "tint", width: w, height: inside.length ? head : h, rx: 5});
  const title = svg("text", {x: PAD, y: HEAD - 2, class: "title"}, node.name);
  if (node.formula) {
    const made = filled(node.formula, (i) => model.nodes[i].name);
    title.append(svg("tspan", {class: "made"}, ` = ${clipped(made, 34)}`));
  }
  group.append(tint, title);
  const two = node.in.length > 0;
  group.append(...numbers(app, id, two ? [PAD, 33] : [PAD, 31], two ? [PAD + 75, 33] : [PAD, 45],
    updates, tint));
  hooked(app, group, id);
  if (inside.length) group.append(svg("path", {class: "rule", d: `M0,${head}H${w}`}));
  if (inside.length > ROWS) {
    group.append(svg("text", {x: PAD, y: head + 12, class: "more"},
      plural(inside.length, "parameter")));
  } else {
    inside.forEach((p, k) => group.append(row(app, p, w, head + 3 + k * (LINE - 1), updates)));
  }
  group.append(svg("text", {class: "sign", x: w - 5, y: 13, "text-anchor": "end"}));
  return group;
}

// A parameter inside the box of the node that reads it.
function row(app, id, w, y, updates) {
  const group = svg("g", {class: "row k-parameter", transform: `translate(0,${y})`,
    "data-node": id});
  const tint = svg("rect", {class: "tint", x: 3, width: w - 6, height: LINE - 2, rx: 2});
  group.append(tint, svg("text", {x: PAD + 2, y: 10, class: "title small"},
    app.model.nodes[id].name),
  ...numbers(app, id, [w - 150, 10], [w - 75, 10], updates, tint));
  return hooked(app, group, id);
}

function hooked(app, group, id) {
  group.addEventListener("click", (e) => { e.stopPropagation(); app.select(id); });
  group.addEventListener("pointerenter", (e) => app.tip(id, e));
  group.addEventListener("pointerleave", () => app.tip(null));
  return group;
}

// The value and the gradient of a node; a partial sum says how many paths have arrived.
function numbers(app, id, at, under, updates, tint) {
  const {model} = app, node = model.nodes[id];
  const value = svg("text", {x: at[0], y: at[1], class: "value"});
  const grad = svg("text", {x: under[0], y: under[1], class: "grad"});
  const bar = svg("rect", {class: "bar", x: under[0], y: under[1] + 2, height: 2.5, width: 0});
  const track = svg("rect", {class: "track", x: under[0], y: under[1] + 2, height: 2.5, width: 60});
  const count = Math.max(1, model.takers[id].length);
  updates.push((state) => {
    const known = model.known(id, state.step), arrived = state.arrived[id];
    const part = arrived > 0 && arrived < count;
    value.textContent = known ? `= ${number(model.values[id], app.digits)}` : "";
    grad.textContent = arrived ? `∂ ${number(state.grads[id], app.digits)}` : "";
    grad.classList.toggle("partial", part);
    if (part) grad.append(svg("tspan", {class: "of"}, ` ${arrived}/${count}`));
    bar.setAttribute("width", part ? 60 * arrived / count : 0);
    track.style.display = part ? "" : "none";
    tinted(app, tint, known, arrived, model.values[id], state.grads[id], node);
  });
  return [value, grad, track, bar];
}

function tinted(app, tint, known, arrived, value, grad, node) {
  const by = app.colour, x = by === "value" ? value : by === "size" ? Math.abs(grad) : grad;
  const shown = by !== "none" && (by === "value" ? known : arrived > 0 && !node.fixed);
  const ground = shown ? fill(x, app.largest, by, app.data.palette) : "";
  tint.style.fill = ground || "transparent";
  tint.parentNode?.style.setProperty("--on", ground ? inkOn(ground) : "");
  tint.parentNode?.classList.toggle("tinted", Boolean(ground));
}

function folded(app, box, updates) {
  const {model} = app, [,, w, h] = box.at, id = box.nodes[box.nodes.length - 1];
  const group = shell(app, box, "folded", id);
  const tint = svg("rect", {class: "tint", width: w, height: h, rx: 5});
  const size = svg("text", {x: PAD, y: HEAD + 2 * LINE - 3, class: "grad"});
  const leaves = box.nodes.filter((n) => !model.nodes[n].in.length && !model.nodes[n].fixed);
  const counted = leaves.length ? leaves : box.nodes.filter((n) => !model.nodes[n].fixed);
  group.append(tint, svg("text", {x: PAD, y: HEAD - 2, class: "title"}, box.title),
    svg("text", {x: PAD, y: HEAD + LINE - 3, class: "more"}, plural(box.nodes.length, "node")),
    size);
  if (box.layer != null && !app.data.views[app.view].open.includes(box.layer)) {
    group.append(handle(app, box.layer, w - 22, 6, "+", `open ${box.title}`, true));
  }
  updates.push((state) => {
    const reached = counted.some((n) => state.arrived[n]);
    const norm = Math.hypot(...counted.map((n) => state.grads[n]));
    size.textContent = reached ? `‖∂‖ ${number(norm, app.digits)}` : "";
    tinted(app, tint, false, reached && app.colour === "size", 0, norm, {});
  });
  group.append(svg("text", {class: "sign", x: w - 28, y: 17, "text-anchor": "end"}));
  return hooked(app, group, id);
}

// ---- arrows

function arrow(app, a, updates) {
  const {model} = app, many = a.taker == null;
  const line = svg("path", {d: a.path, "marker-end": `url(#${app.id}-tip)`,
    "stroke-width": many ? 1 + Math.log10(a.count) / 2 : 1});
  const group = svg("g", {class: "arrow", "data-edge": many ? "" : `${a.taker}.${a.input}`,
    "data-from": a.from, "data-to": a.to}, line);
  if (many && a.count > 1 && a.label == null) group.append(svg("title", {}, `${a.count} arrows`));
  if (many || model.nodes[a.taken].fixed || !a.label) return {element: group};
  const label = svg("text", {x: a.label[0], y: a.label[1] + 3, "text-anchor": "middle"});
  group.append(label);
  const place = model.data.back.indexOf(a.taker) + 1 + model.seed;
  updates.push((state) => {
    label.textContent = state.step >= place
      ? number(model.slopes(a.taker)[a.input], app.digits) : "";
  });
  return {element: group};
}
