// The controls: first, back, play, on, last; the scrubber; the speed.

import {el, svg} from "./text.js";
import {sentence} from "./steps.js";

const ICONS = {first: "M3 3v10M13 3L6 8l7 5z", back: "M11 3L4 8l7 5z", play: "M4 2.5L13 8l-9 5.5z",
  pause: "M4.5 3v10M11.5 3v10", on: "M5 3l7 5-7 5z", last: "M13 3v10M3 3l7 5-7 5z"};

const icon = (name) => svg("svg", {viewBox: "0 0 16 16", class: `icon ${name}`,
  "aria-hidden": "true"},
  svg("path", {d: ICONS[name]}));

export function controls(app) {
  const button = (label, name, act) => el("button", {type: "button", "aria-label": label,
    title: label, class: "control", onclick: act}, icon(name));
  const play = button("play", "play", () => app.play());
  play.classList.add("play");
  const slide = el("input", {type: "range", min: 0, max: app.model.last, value: app.step,
    "aria-label": "step", class: "scrubber", oninput: () => app.goto(Number(slide.value))});
  const place = el("span", {class: "place"});
  const speed = el("select", {"aria-label": "speed",
    onchange: () => { app.speed = Number(speed.value); }},
  [["slow", 2400], ["normal", 1100], ["fast", 400], ["very fast", 90]].map(([name, ms]) =>
    el("option", {value: ms, selected: ms === 1100}, name)));
  const element = el("div", {class: "controls", role: "group", "aria-label": "stepping"},
    button("first step", "first", () => app.goto(0)),
    button("step back", "back", () => app.goto(app.step - 1)), play,
    button("step forward", "on", () => app.goto(app.step + 1)),
    button("last step", "last", () => app.goto(app.model.last)), slide, place, speed);
  return {element, update() {
    slide.value = app.step;
    slide.setAttribute("aria-valuetext", sentence(app));
    const {seed, last} = app.model, pass = app.step < seed ? "forward" : "backward";
    const [at, of] = app.step < seed ? [app.step, seed - 1] : [app.step - seed, last - seed];
    place.replaceChildren(el("span", {class: `dot ${pass}`}), `${pass} ${at}/${of}`);
    play.replaceChildren(icon(app.playing ? "pause" : "play"));
    play.setAttribute("aria-label", app.playing ? "pause" : "play");
    play.title = app.playing ? "pause (space)" : "play (space)";
  }};
}
