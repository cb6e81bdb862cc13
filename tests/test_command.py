"""The console command: what it prints, writes and refuses."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from viz.auditing.sheets import EXAMPLE, read_sheet
from viz.command import main

ROOT = Path(__file__).parent.parent


def test_demo_prints_both_networks_and_writes_both_pictures(tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path / "new" / "folder")]) == 0
    out = capsys.readouterr().out
    assert "loss 8.317456 before the step, 5.333739 after it" in out
    assert "loss 2.679283 before the step, 2.606803 after it" in out
    assert out.count("all gradients agree with their finite differences") == 2
    for path in re.findall(r"picture: (.*)", out):
        assert Path(path).read_text(encoding="utf-8").startswith("<?xml")
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == [
        "linear_1_1_1.svg", "relu_sigmoid_softmax_3_3_3.svg"]


def test_demo_takes_a_reading_a_rate_and_a_format(tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path), "--lr", "0.02", "--reading", "categorical",
                 "--format", "png"]) == 0
    out = capsys.readouterr().out
    assert "learning rate 0.02" in out and "read as categorical" in out and "1.617234" in out
    assert (tmp_path / "linear_1_1_1.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("arguments, message", [
    ([], "COMMAND"), (["dmeo"], "dmeo"),
    (["demo", "--lr", "fast"], "'fast' is not a positive number"),
    (["demo", "--lr", "-1"], "'-1' is not"), (["demo", "--reading", "x"], "binary")])
def test_wrong_arguments_end_with_2_and_a_message(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2 and message in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_ends_with_1(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--out", str(tmp_path / "file")]) == 1
    assert "handgrad:" in capsys.readouterr().err


# ---- audit and exercise

RIGHT = '''
title = "One neuron"
[given]
x = 2.0
[parameters]
w = 0.5
[formulas]
L = "(w*x - 4)^2"
[readings.absolute]
L = "abs(w*x - 4)"
[[step]]
title = "Forward"
claims = """
L = (1.0 - 4)^2 = 9.0
"""
'''


def sheet(tmp_path, text):
    path = tmp_path / "sheet.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_right_sheet_ends_with_0_and_its_points(tmp_path, capsys):
    assert main(["audit", sheet(tmp_path, RIGHT)]) == 0
    out = capsys.readouterr().out
    assert "One neuron\n" in out and "1 of 1 points" in out


def test_a_wrong_sheet_ends_with_1_and_names_the_step(tmp_path, capsys):
    assert main(["audit", sheet(tmp_path, RIGHT.replace("9.0", "-9.0"))]) == 1
    out = capsys.readouterr().out
    assert "The first wrong step" in out and "Forward" in out and "-9.0" in out


def test_a_reading_can_be_chosen(tmp_path, capsys):
    path = sheet(tmp_path, RIGHT.replace("(1.0 - 4)^2 = 9.0", "3.0"))
    assert main(["audit", path]) == 1
    assert main(["audit", path, "--reading", "absolute"]) == 0
    assert "read as absolute" in capsys.readouterr().out


@pytest.mark.parametrize("text, options, message", [
    ("title = ", [], "is not TOML"), ("title = 'x'", [], "there are no formulas"),
    (RIGHT, ["--reading", "x"], "no reading 'x'"), (None, [], "there is no sheet")])
def test_a_sheet_that_cannot_be_read_ends_with_2(tmp_path, text, options, message, capsys):
    path = str(tmp_path / "none.toml") if text is None else sheet(tmp_path, text)
    assert main(["audit", path, *options]) == 2
    assert message in capsys.readouterr().err


def test_the_report_goes_to_a_file_in_the_format_of_its_ending(tmp_path, capsys):
    path = sheet(tmp_path, RIGHT.replace("9.0", "-9.0"))
    page, note, picture = (tmp_path / f"report.{s}" for s in ("html", "md", "svg"))
    assert main(["audit", path, "--out", str(page), "--picture", str(picture)]) == 1
    out = capsys.readouterr().out
    assert "1 points" in out and f"picture: {picture}" in out
    assert "<html" in page.read_text(encoding="utf-8")
    assert "<svg" in picture.read_text(encoding="utf-8")
    assert main(["audit", path, "--out", str(note)]) == 1
    assert "One neuron" in note.read_text(encoding="utf-8")
    assert main(["audit", path, "--format", "html"]) == 1
    assert "<html" in capsys.readouterr().out


@pytest.mark.parametrize("options, message", [
    (["--out", "r.pdf"], r"r\.pdf: a report cannot be written as \.pdf: .*\.txt, \.md, .*\.html"),
    (["--out", "."], r"\. is a folder: give the path of a file in it"),
    (["--out", "none/r.md"], r"there is no folder none: make it"),
    (["--picture", "none/g.svg"], r"there is no folder none: make it"),
    (["--picture", "g.jpg"], r"g\.jpg: let the file end in \.svg, \.png, \.pdf, \.dot")])
def test_a_report_that_cannot_be_written_is_refused_before_any_work(
        tmp_path, options, message, capsys, monkeypatch):
    path = sheet(tmp_path, RIGHT)
    monkeypatch.chdir(tmp_path)
    assert main(["audit", path, *options]) == 2
    out, err = capsys.readouterr()
    assert re.search(f"^handgrad: .*{message}.*\n$", err) and not out and "Errno" not in err
    assert [p.name for p in tmp_path.iterdir()] == ["sheet.toml"]


def test_a_format_that_is_chosen_goes_with_any_ending(tmp_path):
    note = tmp_path / "report.log"
    assert main(["audit", sheet(tmp_path, RIGHT), "--out", str(note), "--format", "markdown"]) == 0
    assert note.read_text(encoding="utf-8").startswith("# Audit")


def test_a_folder_is_neither_a_sheet_nor_an_exercise(tmp_path, capsys):
    assert main(["audit", str(tmp_path)]) == 2
    assert "is a folder: give the path of a TOML file" in capsys.readouterr().err
    assert main(["exercise", "--out", str(tmp_path)]) == 1
    assert main(["exercise", "--out", str(tmp_path / "none" / "x.toml")]) == 1
    err = capsys.readouterr().err
    assert "is a folder" in err and "there is no folder" in err and "Errno" not in err


def test_a_closed_pipe_ends_quietly(tmp_path):
    path = sheet(tmp_path, RIGHT)
    run = subprocess.Popen([sys.executable, "-c", "import sys; from viz.command import main; "
                            f"sys.exit(main(['audit', {path!r}]))"], cwd=ROOT,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    run.stdout.close()                      # nobody reads what it prints
    assert run.stderr.read() == b"" and run.wait() == 141
    run.stderr.close()


def test_help_docstring_and_readme_show_the_same_sheet_and_it_can_be_graded(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["audit", "--help"])
    shown = capsys.readouterr().out
    for text in (shown, read_sheet.__doc__, (ROOT / "README.md").read_text(encoding="utf-8")):
        assert " ".join(EXAMPLE.split()) in " ".join(text.split())
    found = main(["audit", sheet(tmp_path, EXAMPLE)])
    out = capsys.readouterr().out
    assert found == 1 and "Nothing wrong was found in 8 statements; 1 is blank." in out


def test_an_exercise_is_graded_blank_by_blank(tmp_path, capsys):
    blank, solved = str(tmp_path / "blank.toml"), str(tmp_path / "solved.toml")
    assert main(["exercise", "--out", blank]) == 0
    assert main(["exercise", "--out", solved, "--solved"]) == 0
    assert main(["audit", solved]) == 0
    assert main(["audit", blank]) == 1
    assert "0 of 32 points" in capsys.readouterr().out
    Path(solved).write_text(Path(solved).read_text(encoding="utf-8").replace(
        "z2 = 0.68\n", "z2 = ?\n"), encoding="utf-8")
    assert main(["audit", solved]) == 1
    assert "31 of 32 points" in capsys.readouterr().out


@pytest.mark.parametrize("network", ["linear_1_1_1", "relu_sigmoid_softmax_3_3_3", "mlp:2-3-2"])
@pytest.mark.parametrize("seed", [[], ["--seed", "5"]])
def test_the_solution_of_every_exercise_is_right(tmp_path, network, seed, capsys):
    path = str(tmp_path / "sheet.toml")
    assert main(["exercise", "--network", network, *seed, "--solved", "--out", path]) == 0
    assert main(["audit", path]) == 0, capsys.readouterr().out


def test_a_seed_draws_the_same_numbers_again(capsys):
    texts = []
    for seed in ("1", "1", "2"):
        assert main(["exercise", "--network", "mlp:1-2-1", "--seed", seed, "--rate", "0.1"]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != texts[2] and "rate = 0.1" in texts[0]


@pytest.mark.parametrize("network", ["lin", "mlp:3", "mlp:2-x", "mlp:2-0-1", "mlp:"])
def test_an_unknown_network_is_refused_with_the_known_ones(network, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["exercise", "--network", network])
    assert stop.value.code == 2 and "mlp:2-3-1" in capsys.readouterr().err


def test_an_exercise_that_is_too_large_ends_with_1(capsys):
    assert main(["exercise", "--network", "mlp:40-40-40"]) == 1
    assert "no exercise" in capsys.readouterr().err
