// The keyboard: arrows step, space plays, Home and End, B; + - 0 zoom; / searches; N and P walk
// from node to node. What is typed into a field stays in the field.

export function keys(app, target) {
  const next = (way) => {
    const many = app.model.nodes.length;
    app.select(((app.selected ?? (way > 0 ? -1 : many)) + way + many) % many);
  };
  const acts = {
    ArrowRight: () => app.goto(app.step + 1), ArrowLeft: () => app.goto(app.step - 1),
    Home: () => app.goto(0), End: () => app.goto(app.model.last), " ": () => app.play(),
    b: () => app.goto(app.model.seed), "+": () => app.stage.zoom(1.3),
      "=": () => app.stage.zoom(1.3),
    "-": () => app.stage.zoom(1 / 1.3), 0: () => app.stage.fit(), "/": () => app.search.focus(),
    n: () => next(1), p: () => next(-1),
    Escape: () => { app.marked = null; app.selected = null; app.pause(); app.refresh(); },
  };
  target.addEventListener("keydown", (e) => {
    const at = e.target, field = at.matches?.("input, select, textarea");
    const pressed = e.key === " " && at.matches?.("button, summary, [role=button]");
    if (field || pressed || e.ctrlKey || e.metaKey || e.altKey || !acts[e.key]) return;
    e.preventDefault();
    e.stopPropagation();                                // a notebook has keys of its own
    if (e.key !== " " && app.playing) app.pause();
    acts[e.key]();
  });
}
