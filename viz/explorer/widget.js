// The explorer in a notebook: what is dragged here goes to Python, what is set there comes here.

const render = ({model: link, el: root}) => {
  let mine = null;                                      // what was sent and will come back
  const shown = start(root, link.get("data"), OPS, {changed() {
    const {model} = shown.app;
    mine = Object.fromEntries(model.leaves.map((n) => [n.id, model.values[n.id]]));
    link.set("numbers", mine);
    link.save_changes();
  }});
  const receive = () => {
    const numbers = link.get("numbers");
    if (numbers !== mine) shown.receive(numbers);
  };
  link.on("change:numbers", receive);
  return () => link.off("change:numbers", receive);
};
export default {render};
