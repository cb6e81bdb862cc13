// The panels beside the graph: the derivation, step by step, and the audit, statement by statement.
// Each entry highlights the nodes and arrows that it speaks of.

import {el, plural} from "./text.js";

export function derivationPanel(app) {
  const {steps, closing, title} = app.data.derivation;
  const items = steps.map((step) => el("li", {}, el("button", {type: "button", class: "entry",
    onclick: (e) => chosen(app, e.currentTarget, step.nodes, step.edges)},
  step.lines.map(said))));
  const element = el("div", {class: "panel derivation-panel"}, el("h2", {}, title),
    el("p", {class: "note"}, "Click a step: its nodes and arrows light up in the graph. These are "
      + "the numbers that were recorded."),
    el("ol", {class: "entries"}, items),
    closing.map((line) => el("div", {class: "result"}, said(line))));
  return {element, update() {}};
}

function said({rule, text}) {
  return el("span", {class: "line"}, rule && el("span", {class: "rule"}, rule),
    el("span", {}, text));
}

// Marks an entry of a list as the chosen one, and what it speaks of in the graph.
export function chosen(app, button, nodes, edges, move = true) {
  const list = button.closest(".panel");
  list.querySelector("[aria-current]")?.removeAttribute("aria-current");
  button.setAttribute("aria-current", "true");
  app.mark(nodes, edges, move);
}

export function auditPanel(app) {
  const {rows, headline, score} = app.data.audit;
  const wrong = rows.filter((r) => r.class !== "right").length;
  const list = el("div", {class: "statements"});
  const only = el("input", {type: "checkbox", checked: wrong > 0, onchange: fill});
  const first = rows.find((r) => r.class === "wrong");

  function fill() {
    const shown = rows.filter((r) => !only.checked || r.class !== "right");
    let step = null;
    list.replaceChildren(...shown.flatMap((r) => {
      const head = r.step !== step && r.step ? [el("h3", {}, r.step)] : [];
      step = r.step;
      return [...head, entry(app, r)];
    }));
  }

  fill();
  return {element: el("div", {class: "panel audit-panel"}, el("h2", {}, "Audit"),
    el("p", {}, headline),
    el("p", {class: "fact"}, score),
    first && el("button", {type: "button", class: "primary", onclick: () => {
      const found = list.querySelector(`[data-row="${first.number}"]`);
      found?.scrollIntoView({block: "nearest"});
      found?.click();
    }}, `first wrong step: #${first.number} ${first.name}`),
    el("label", {class: "only"}, only,
      ` only what is not right (${wrong} of ${plural(rows.length, "statement")})`),
    list), update() {}};
}

function entry(app, r) {
  return el("button", {type: "button", class: `entry ${r.class}`, "data-row": r.number,
    onclick: (e) => chosen(app, e.currentTarget, r.nodes, r.edges)},
  el("span", {class: "line"}, el("span", {class: "verdict"},
    el("span", {"aria-hidden": "true"}, r.sign),
    ` #${r.number} ${r.verdict}`)),
  el("span", {class: "line printed"}, `${r.name} = ${r.text}`),
  r.remark && el("span", {class: "line remark"}, r.remark));
}
