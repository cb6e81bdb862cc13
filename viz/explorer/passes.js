// The two passes: values, slopes, gradients and their partial sums, all computed by the program OPS
// that was generated from the rows of the engine. The page shows what stands here, and no more.
//
//   model(data, OPS)        the numbers of a graph, which `set` changes
//   steps                   0: the leaves are known; then a node at a time is computed; then the
//                           seed; then a node at a time hands its gradient on
//   model.at(step)          what is known after so many steps: gradients so far, paths arrived
//   model.paths(node)       the ways from a node to the root, each with its factors and product

import {real} from "./text.js";

const ORDER = ["input", "variable", "parameter", "target"];     // of the leaves in a list

export function model(data, OPS) {
  const nodes = data.nodes.map((n, id) => ({...n, id, in: n.in ?? [], value: real(n.value),
    grad: n.grad == null ? null : real(n.grad), given: n.given?.map(real)}));
  const recorded = nodes.map((n) => n.value);
  const values = [...recorded];
  const inner = nodes.filter((n) => n.in.length).map((n) => n.id);
  const takers = nodes.map(() => []);
  for (const n of nodes) n.in.forEach((x, i) => takers[x].push({taker: n.id, input: i}));
  const order = new Map(inner.map((id, k) => [id, k + 1]));
  const seed = inner.length + 1, last = seed + data.back.length;

  const inputs = (n) => n.in.map((x) => values[x]);
  const slopes = (id) => nodes[id].given ?? OPS[nodes[id].by].slopes(inputs(nodes[id]), values[id]);
  const chain = (g, s) => (g !== 0 && s !== 0 ? g * s : 0);

  function recompute() {
    for (const id of inner) {
      if (!nodes[id].given) values[id] = OPS[nodes[id].by].value(inputs(nodes[id]));
    }
  }

  // Gradients after `step` steps. `arrived` counts the paths that have reached a node.
  function at(step) {
    const grads = nodes.map(() => 0), arrived = nodes.map(() => 0);
    if (step < seed) return {step, grads, arrived, parts: []};
    grads[data.root] = 1;
    arrived[data.root] = 1;
    let parts = [];
    for (const id of data.back.slice(0, step - seed)) {
      const local = slopes(id);
      parts = [];
      nodes[id].in.forEach((x, i) => {
        if (nodes[x].fixed) return;
        const product = chain(grads[id], local[i]), before = grads[x];
        grads[x] += product;
        arrived[x] += 1;
        parts.push({x, input: i, slope: local[i], product, before, after: grads[x],
          arrived: arrived[x]});
      });
    }
    return {step, grads, arrived, parts};
  }

  // Which node a step is about, and in which pass.
  function about(step) {
    if (step === 0) return {pass: "start", node: null};
    if (step < seed) return {pass: "forward", node: inner[step - 1]};
    return step === seed ? {pass: "seed", node: data.root}
      : {pass: "backward", node: data.back[step - seed - 1]};
  }

  function ways() {                                     // how many paths lead from each node up
    const count = nodes.map(() => 0);
    count[data.root] = 1;
    for (const id of data.back) for (const x of nodes[id].in) count[x] += count[id];
    return count;
  }

  function paths(from, most = 64) {
    const found = [], todo = [{id: from, factors: [], nodes: [from], edges: []}];
    while (todo.length && found.length < most) {
      const way = todo.pop();
      if (way.id === data.root) found.push(way);
      for (const {taker, input} of [...takers[way.id]].reverse()) {
        todo.push({id: taker, factors: [slopes(taker)[input], ...way.factors],
          nodes: [...way.nodes, taker], edges: [...way.edges, `${taker}.${input}`]});
      }
    }
    for (const way of found) way.product = way.factors.reduce(chain, 1);
    return found;
  }

  return {
    data, nodes, values, inner, takers, seed, last, slopes, at, about, paths, ways, chain,
    live: nodes.every((n) => !n.given),
    known: (id, step) => (order.get(id) ?? 0) <= step,
    complete: (id, state) => state.arrived[id] >= Math.max(1, takers[id].length),
    set(changes) {
      for (const [id, x] of Object.entries(changes)) values[id] = x;
      recompute();
    },
    reset() { recorded.forEach((x, id) => { values[id] = x; }); },
    changed: () => values.some((x, id) => x !== recorded[id] && x === x),
    leaves: nodes.filter((n) => !n.in.length && n.kind !== "constant").sort((a, b) =>
      ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (a.layer ?? 0) - (b.layer ?? 0)
        || a.id - b.id),
  };
}
