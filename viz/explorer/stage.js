// The stage: zoom with the wheel, two fingers or buttons; pan by dragging; fit.

import {el, svg} from "./text.js";

export function stage(app) {
  const marker = svg("marker", {id: `${app.id}-tip`, viewBox: "0 0 8 8", refX: 7, refY: 4,
    markerWidth: 7, markerHeight: 7, orient: "auto", markerUnits: "userSpaceOnUse"},
  svg("path", {d: "M0,0.8L8,4L0,7.2Z", class: "tip"}));
  const world = svg("g", {class: "moving"});
  const picture = svg("svg", {class: "graph", role: "group", "aria-label": app.described},
    svg("defs", {}, marker), world);
  const element = el("div", {class: "stage", tabindex: 0, "aria-label":
    "The graph. Arrow keys step, plus and minus zoom, 0 fits. The Table tab has it in words.",
  role: "group"}, picture);
  let k = 1, x = 0, y = 0, size = [100, 100];
  let moved = false, own = false;                       // not as `fit` left it; zoomed by hand
  const place = () => { world.style.transform = `translate(${x}px,${y}px) scale(${k})`; };

  function zoom(factor, cx = element.clientWidth / 2, cy = element.clientHeight / 2) {
    const to = Math.min(Math.max(k * factor, 0.05), 8);
    [x, y, k] = [cx - (cx - x) * to / k, cy - (cy - y) * to / k, to];
    moved = own = true;
    place();
  }

  function fit() {
    const [w, h] = [element.clientWidth, element.clientHeight];
    k = Math.min(w / (size[0] + 16), h / (size[1] + 16), 1.6);
    [x, y, moved] = [(w - size[0] * k) / 2, (h - size[1] * k) / 2, false];
    place();
  }

  // Brings boxes into view: by moving no more than that takes if they can be read where they are,
  // or if the reader chose the zoom; else as large as fits, at most in its true size.
  function show(places) {
    const found = places.filter(Boolean);
    if (!found.length) return;
    const [left, top] = [0, 1].map((i) => Math.min(...found.map((p) => p[i])) - 16);
    const [right, low] = [0, 1].map((i) => Math.max(...found.map((p) => p[i] + p[i + 2])) + 16);
    const [w, h] = [element.clientWidth, element.clientHeight];
    const fits = (right - left) * k <= w && (low - top) * k <= h;
    if (!own && (k < 0.72 || !fits)) {
      k = Math.min(w / (right - left), h / (low - top), 1);
      [x, y] = [(w - (left + right) * k) / 2, (h - (top + low) * k) / 2];
    }
    const shift = (from, to, room) => (to - from > room ? room / 2 - (from + to) / 2
      : from < 0 ? -from : to > room ? room - to : 0);
    x += shift(x + left * k, x + right * k, w);
    y += shift(y + top * k, y + low * k, h);
    moved = true;
    place();
  }

  const fingers = new Map();
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return {d: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2};
  };
  const inside = (e) => {
    const box = element.getBoundingClientRect();
    return {x: e.clientX - box.left, y: e.clientY - box.top};
  };
  element.addEventListener("pointerdown", (e) => { fingers.set(e.pointerId, inside(e)); });
  element.addEventListener("pointermove", (e) => {
    if (!fingers.has(e.pointerId)) return;
    const before = fingers.size === 2 ? spread() : null, from = fingers.get(e.pointerId);
    const to = inside(e);
    fingers.set(e.pointerId, to);
    if (before) {
      const after = spread();
      zoom(after.d / Math.max(before.d, 1), after.x, after.y);
    } else if (Math.hypot(to.x - from.x, to.y - from.y)) {
      [x, y, moved, own] = [x + to.x - from.x, y + to.y - from.y, true, true];
      place();
    }
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
    element.addEventListener(end, (e) => fingers.delete(e.pointerId));
  }
  element.addEventListener("wheel", (e) => {
    e.preventDefault();
    const at = inside(e);
    zoom(Math.exp(-e.deltaY * (e.ctrlKey ? 0.01 : 0.0015)), at.x, at.y);
  }, {passive: false});
  new ResizeObserver(() => { if (!moved) fit(); }).observe(element);

  addEventListener("beforeprint", () => {                // paper has a size of its own
    picture.setAttribute("viewBox", `-8 -8 ${size[0] + 16} ${size[1] + 16}`);
  });
  addEventListener("afterprint", () => picture.removeAttribute("viewBox"));

  return {element, zoom, show, fit() { own = true; fit(); },
    put(drawn) { world.replaceChildren(drawn.element); size = drawn.size; own = false; fit(); }};
}
