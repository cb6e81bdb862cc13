"""The table of what the documents contain: every row has a test that names it, and a notebook.

`python tests/test_capabilities.py` prints the table: row, tests, notebook, what it is.
"""

import ast
import json
from collections import defaultdict
from pathlib import Path

import nn
import viz

HERE = Path(__file__).parent
NOTEBOOKS = sorted((HERE.parent / "notebooks").glob("*.ipynb"))
LINES = (HERE / "capabilities.txt").read_text(encoding="utf-8").splitlines()
ROWS = {line[:7]: line[7:].split(maxsplit=1) for line in LINES if line.startswith("C0")}


def marks(node):
    """The row ids in the decorators of a function or class."""
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.row":
            yield from (a.value for a in call.args)


def named_rows():
    """Which tests name which row, read from the test files."""
    found = defaultdict(list)
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                for row in marks(node):
                    found[row].append(f"{path.stem}.{node.name}")
    return found


def test_every_row_has_a_test():
    assert len(ROWS) == 102
    assert sorted(set(ROWS) - set(named_rows())) == []


def test_no_test_names_a_row_that_does_not_exist():
    assert sorted(set(named_rows()) - set(ROWS)) == []


def test_every_row_has_a_notebook():
    notebooks = {path.stem for path in NOTEBOOKS}
    assert {notebook for notebook, _ in ROWS.values()} <= notebooks


def test_every_public_name_of_nn_and_viz_is_shown_in_a_notebook():
    notebooks = [json.loads(path.read_text(encoding="utf-8")) for path in NOTEBOOKS]
    code = "".join("".join(c["source"]) for nb in notebooks for c in nb["cells"]
                   if c["cell_type"] == "code")
    met_through_others = {"Module", "Neuron", "Layer", "Picture", "Derivation", "JacobianTensor",
                          "TrainingWarning", "draw_dot"}
    public = {*nn.__all__, *viz.__all__} - met_through_others
    assert sorted(name for name in public if name not in code) == []


if __name__ == "__main__":
    for row, (notebook, what) in ROWS.items():
        print(f"{row}  {len(named_rows()[row]):>2} tests  {notebook:<31}  {what[:90]}")
