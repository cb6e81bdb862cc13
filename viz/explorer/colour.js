// Colours of numbers: ramps of viz/palette.py, the same fills as in the pictures of `draw`.

import {el, number} from "./text.js";

export const COLOURS = {none: "kind", value: "value", gradient: "gradient", size: "gradient size"};

const rgb = (c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16));

function ramp(t, colours) {
  const place = Math.min(Math.max(t, 0), 1) * (colours.length - 1);
  const i = Math.min(Math.floor(place), colours.length - 2);
  const [a, b] = [rgb(colours[i]), rgb(colours[i + 1])];
  return `rgb(${a.map((x, k) => Math.round(x + (b[k] - x) * (place - i))).join(",")})`;
}

export function fill(x, largest, by, palette) {
  if (!Number.isFinite(x)) return palette.bad;
  const t = largest ? Math.sqrt(Math.abs(x) / largest) : 0;
  return by === "size" ? ramp(t, palette.size) : ramp((1 + Math.sign(x) * t) / 2, palette.sign);
}

export function inkOn(ground) {
  const parts = ground.startsWith("#") ? rgb(ground) : ground.match(/\d+/g).map(Number);
  const [r, g, b] = parts.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92
    : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

// The legend: what a colour stands for.
export function legend(by, largest, palette) {
  if (by === "none" || !largest) return [];
  const steps = by === "size" ? [0, 0.25, 0.5, 0.75, 1] : [-1, -0.5, 0, 0.5, 1];
  return [el("span", {class: "legend-title"}, COLOURS[by]), ...steps.map((t) => {
    const x = Math.sign(t) * t * t * largest, ground = fill(x, largest, by, palette);
    return el("span", {class: "legend-step", style: `background:${ground};color:${inkOn(ground)}`},
      number(x, 2));
  })];
}
