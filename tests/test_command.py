"""The console command: what it prints, writes and refuses."""

import re
from pathlib import Path

import pytest

from viz.command import main


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
