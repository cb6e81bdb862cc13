// What stands out: the boxes and arrows of the step, or of what was clicked; the audit's signs.

// Which boxes and arrows stand out: those of the step, or of what was clicked.
export function highlight(app) {
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
export function signs(app) {
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
