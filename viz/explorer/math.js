// What Python's math has and JavaScript's Math has not, and three loops that Python writes its own
// way. Everything else that the operations call is translated from engine/ieee.py and lists.py.
//
//   exp2 erf erfc           not in Math
//   power                   C's pow: 1 ** nan = 1, (-1) ** inf = 1
//   total                   a sum rounded once, as math.fsum: Shewchuk's partial sums (1997)
//   dot                     engine/lists.py's, its loops written with indices
//   largest, _tail          the largest of a list; the sum of exp(x - largest) over the others
//
// calls: product_error gaussian _exp_below TWO_OVER_SQRT_PI

const {exp, expm1, log, log2, log10, log1p, sqrt, cbrt, sin, cos, tan, asin, acos, atan, atan2,
  sinh, cosh, tanh, asinh, acosh, atanh, hypot} = Math;

function exp2(x) { return 2 ** x; }

function power(x, y) { return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y; }

// erf(x) = 2/sqrt(pi) exp(-x^2) (x + 2 x^3/3 + 4 x^5/15 + ...), all terms of one sign
function erf(x) {
  if (Math.abs(x) >= 1.5) return x < 0 ? erfc(-x) - 1 : 1 - erfc(x);
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= 2 * x * x / (2 * n + 1);
    sum += term;
  }
  return x !== x ? NaN : TWO_OVER_SQRT_PI * gaussian(x) * sum;
}

// Laplace's continued fraction for the tail, from its far end; it needs more terms near 0
function erfc(x) {
  if (!(x > 0.75)) return x < -0.75 ? 2 - erfc(-x) : 1 - erf(x);
  let fraction = 0;
  for (let n = Math.ceil(40 + 250 / (x * x)); n > 0; n--) fraction = n / 2 / (x + fraction);
  return gaussian(x) * TWO_OVER_SQRT_PI / 2 / (x + fraction);
}

function largest(xs) { return xs.reduce((a, b) => (b > a ? b : a)); }

// The partial sums do not overlap, so the largest is the sum but for one rounding, which goes the
// other way where the two below it stand on the same side of a tie.
function rounded(parts) {
  let high = parts.length ? parts.pop() : 0, low = 0;
  while (parts.length && low === 0) {
    const before = high, next = parts.pop();
    high = before + next;
    low = next - (high - before);
  }
  if (parts.length && low !== 0 && Math.sign(parts[parts.length - 1]) === Math.sign(low)) {
    const further = high + 2 * low;
    if (2 * low === further - high) return further;
  }
  return high;
}

function total(xs) {
  const plain = xs.reduce((a, b) => a + b, 0);
  if (!xs.every(Number.isFinite)) return plain;
  const parts = [];
  for (let x of xs) {
    let kept = 0;
    for (let y of parts) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y, low = y - (high - x);
      if (low !== 0) parts[kept++] = low;
      x = high;
    }
    parts.length = kept;
    parts.push(x);
  }
  const sum = rounded(parts);
  return Number.isFinite(sum) ? sum : total(xs.map((x) => x * 2 ** -64)) * 2 ** 64;
}

function dot(terms) {
  const n = Math.floor(terms.length / 2), products = [], lost = [];
  for (let i = 0; i < n; i++) products.push(terms[i] * terms[n + i]);
  products.push(...terms.slice(2 * n));
  const sum = total(products), size = products.reduce((a, b) => a + Math.abs(b), 0);
  if (16 * Math.abs(sum) >= size || !(size < Infinity)) return sum;
  for (let i = 0; i < n; i++) lost.push(product_error(terms[i], terms[n + i], products[i]));
  const better = total([...products, ...lost]);
  if (better === better) return better;                 // else too large to halve: scale down
  return dot(terms.map((x, i) => x * 2 ** (i < 2 * n ? -64 : -128))) * 2 ** 128;
}

function _tail(xs) {
  const top = largest(xs), i = xs.indexOf(top);
  return [top, total(xs.filter((x, k) => k !== i).map((x) => _exp_below(x, top)))];
}
