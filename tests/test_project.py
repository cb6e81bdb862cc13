"""The house rules: import directions, what a wheel holds, an import's cost, the README's claims."""

import ast
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

ENGINE = {                                  # which file of the engine may import which
    "ieee": set(),
    "lists": {"ieee"},
    "ops": set(),
    "graph": set(),
    "floats": {"ieee", "lists", "ops"},
    "rules": {"ieee", "ops", "floats"},
    "modes": {"rules"},
    "persist": {"rules", "graph"},
    "scalars": {"ieee"},
    "backward": {"ieee", "rules", "modes"},
    "value": {"floats", "rules", "modes", "persist", "scalars", "backward"},
    "functions": {"rules", "scalars", "value"},
    "calculus": {"lists", "floats", "rules", "graph", "modes", "value", "functions"},
    "check": {"ieee", "rules", "graph", "modes", "backward", "value", "functions", "calculus"},
    "native": set(),
    "extend": {"ops", "floats", "rules", "value", "functions", "calculus", "check"},
}
ABOVE_NATIVE = {"backward", "calculus", "check", "extend", "persist"}
ROOMS = {"engine": {"engine"}, "nn": {"engine", "nn"}, "viz": {"engine", "nn", "viz"}}


def imports(path):
    """The absolute names of the modules that a file imports."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, [package if node.level else "", node.module]))
            yield from ([base] if node.module else (f"{base}.{name.name}" for name in node.names))


@pytest.mark.parametrize("path", [*ROOT.glob("engine/*.py"), *ROOT.glob("nn/*.py"),
                                  *ROOT.glob("viz/*.py")],
                         ids=lambda p: f"{p.parent.name}/{p.name}")
def test_imports_point_one_way(path):
    used = set(imports(path))
    rooms = {name.split(".")[0] for name in used} & set(ROOMS)
    assert rooms <= ROOMS[path.parent.name]
    if path.parent.name == "engine" and path.stem != "__init__":
        files = {name.split(".")[1] for name in used if name.startswith("engine.")}
        assert files <= ENGINE[path.stem]


@pytest.mark.parametrize("path", [*ROOT.glob("engine/native/*.py")], ids=lambda p: p.name)
def test_native_imports_what_is_below_it(path):
    used = set(imports(path))
    assert not {name.split(".")[0] for name in used} & {"nn", "viz"}
    assert not {name.split(".")[1] for name in used if name.startswith("engine.")} & ABOVE_NATIVE
    assert "llvmlite" not in " ".join(used) or path.stem == "jit"


def python(*arguments, cwd=None, **environment):
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=cwd,
                          check=False, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


HEAVY = {"matplotlib", "IPython", "numba", "llvmlite", "graphviz", "pygraphviz", "numpy",
         "anywidget"}


@pytest.mark.parametrize("room", ["engine", "nn", "viz"])
def test_an_import_pulls_in_nothing_heavy(room):
    loaded = python("-c", f"import sys, {room}; print(*sys.modules)", PYTHONPATH=str(ROOT)).split()
    assert not HEAVY & set(loaded)


def test_the_wheel_holds_exactly_the_three_packages_and_works_from_an_empty_folder(tmp_path):
    python("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
           "--wheel-dir", str(tmp_path), str(ROOT))
    wheel, = tmp_path.glob("handgrad-*.whl")
    files = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in files if ".dist-info" not in name}
    assert tops == {"engine", "nn", "viz"}
    assert {f"{top}/py.typed" for top in tops} <= set(files)
    target, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    python("-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(wheel))
    where = python("-c", "import engine, nn, viz; print(engine.__file__, "
                         "viz.draw(engine.exp(engine.Value(1.0))).source[:7])",
                   cwd=empty, PYTHONPATH=str(target))
    assert str(target) in where and "digraph" in where


def test_the_first_example_of_the_readme_tells_the_truth():
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    printed = re.findall(r"print\(.*?\)\s+# (.*)", example)
    assert printed and python("-c", example, PYTHONPATH=str(ROOT)).splitlines() == printed


def test_the_derivation_in_the_readme_is_the_real_one():
    from nn import networks
    from viz import derive
    net = networks.linear_1_1_1()
    assert str(derive(net.loss(), net.W3, net)) in README


def test_the_audit_in_the_readme_is_the_real_one():
    from nn import networks
    from viz import audit
    call = re.search(r">>> print\(audit\(\[(.*?)\], networks", README, re.DOTALL)
    claims = re.findall(r'"(.*?)"', call[1])
    report = str(audit(claims, networks.linear_1_1_1()))
    assert len(claims) == 4 and report.split("\n\nWhere errors begin")[0] in README


def test_the_readme_names_files_that_exist():
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_every_public_name_has_a_docstring_and_no_file_a_path_of_a_machine():
    import engine
    import nn
    import viz
    for room in (engine, nn, viz):
        assert all(getattr(room, name).__doc__ for name in room.__all__)
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True,
                            check=False)
    for path in listed.stdout.split():
        if path.endswith((".py", ".md", ".toml", ".ipynb")) and path != "tests/test_project.py":
            text = (ROOT / path).read_text(encoding="utf-8")
            assert not re.search(r"/(home|root|work|Users)/", text), path
