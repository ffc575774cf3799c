"""CI runs the tests a second time only where the newest versions allowed are not the pins."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

CI = Path(__file__).parent.parent / ".ci"


def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, found: dict[str, str]) -> list[str]:
    """What is said of a dry run of pip that found these versions, beside pins of two packages."""
    pins, report = tmp_path / "constraints.txt", tmp_path / "report.json"
    pins.write_text("# as tested\nJinja2==3.1.6\ntyping_extensions==4.16.0\n", encoding="utf-8")
    install = [{"metadata": {"name": name, "version": version}} for name, version in found.items()]
    report.write_text(json.dumps({"version": "1", "install": install}), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["differences.py", str(pins), str(report)])
    runpy.run_path(str(CI / "differences.py"), run_name="__main__")
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"jinja2": "3.1.6", "typing-extensions": "4.16.0", "rapport_sim": "0.1.0"}, []),
        ({"jinja2": "3.2.0", "novel": "1.0"}, ["jinja2 3.1.6 → 3.2.0", "novel none → 1.0"]),
    ],
)
def test_what_differs_is_named_under_whatever_spelling(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, found: dict[str, str], said: list[str]
) -> None:
    assert told(tmp_path, capsys, monkeypatch, found) == said


def test_every_pin_is_read() -> None:
    of = runpy.run_path(str(CI / "differences.py"))
    text = (CI / "constraints.txt").read_text(encoding="utf-8")
    assert len(of["pins"](text)) == len([line for line in text.splitlines() if line.strip()])
