// Text and elements. Every text from outside becomes a text node: nothing is ever read as HTML.
//
//   number(x, digits)       as viz/text.py's `number` writes it, to the digit
//   filled(template, show)  a formula with every marked node replaced by show(node)
//   el("p", {class: "x"}, child, ...)    an element of the page; svg(...) of a picture

const OPEN = "\uE000", CLOSE = "\uE001";            // around a node's number in a formula

export function real(x) {
  return typeof x === "number" ? x : {inf: Infinity, "-inf": -Infinity}[x] ?? NaN;
}

export function number(x, digits) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const whole = x === Math.trunc(x) && Math.abs(x) < 10 ** Math.max(digits, 6);
  return whole ? String(Math.trunc(x) + 0) : general(x, digits);
}

// C's %.4g: ties go to the even digit, exponents have two digits, zeros at the end are dropped
function general(x, digits) {
  const [mantissa, power] = half(x, digits).split("e");
  const e = Number(power), bare = mantissa.replace(/[-.]/g, ""), sign = x < 0 ? "-" : "";
  if (Math.abs(x) >= 1 && Math.abs(x) < 1e6 && e >= digits) return String(even(x));
  if (e < -4 || e >= digits) {
    const tail = String(Math.abs(e)).padStart(2, "0");
    return `${trimmed(mantissa)}e${e < 0 ? "-" : "+"}${tail}`;
  }
  const text = e < 0 ? `0.${"0".repeat(-e - 1)}${bare}`
    : bare.slice(0, e + 1) + (bare.length > e + 1 ? `.${bare.slice(e + 1)}` : "");
  return sign + trimmed(text);
}

function half(x, digits) {
  const exact = x.toExponential(100).replace(/e.*/, "").replace(/[-.]/g, "");
  const tie = exact[digits] === "5" && !/[1-9]/.test(exact.slice(digits + 1));
  if (!tie || Number(exact[digits - 1]) % 2) return x.toExponential(digits - 1);
  const power = x.toExponential().split("e")[1], kept = exact.slice(0, digits);
  return `${x < 0 ? "-" : ""}${kept[0]}${digits > 1 ? `.${kept.slice(1)}` : ""}e${power}`;
}

function even(x) {
  const low = Math.floor(x), rest = x - low;
  return rest === 0.5 ? low + Math.abs(low % 2) : Math.round(x);
}

const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

export function filled(template, show) {
  return template.replace(new RegExp(`${OPEN}(\\d+)${CLOSE}`, "g"), (_, i) => show(Number(i)));
}

export const bracketed = (text) => (text.startsWith("-") ? `(${text})` : text);

export const plural = (n, one, many = `${one}s`) =>
  `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

export const clipped = (text, most) =>
  (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function made(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((c) => c != null && c !== false));
  return element;
}

export const el = (tag, attributes = {}, ...children) =>
  made(document.createElement(tag), attributes, children);

// The head of a table.
export const heads = (...names) => el("thead", {}, el("tr", {}, names.map((name) =>
  el("th", {scope: "col"}, name))));

export const svg = (tag, attributes = {}, ...children) =>
  made(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
