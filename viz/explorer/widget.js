// The explorer in a notebook: what is dragged here goes to Python, what is set there comes here.

// What the notebook around it says about dark and light: JupyterLab, VS Code, or else nothing.
const theme = () => {
  const {dataset, classList} = document.body;
  const dark = dataset.jpThemeLight === "false" || classList.contains("vscode-dark");
  const light = dataset.jpThemeLight === "true" || classList.contains("vscode-light");
  return dark ? "dark" : light ? "light" : "auto";
};

const render = ({model: link, el: root}) => {
  let mine = null;                                      // what was sent and will come back
  const shown = start(root, link.get("data"), OPS, {theme: theme(), changed() {
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
