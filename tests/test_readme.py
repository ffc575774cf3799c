"""What the README and the first pages of the guide show is what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli.app import app
from tests.cli.command import environment, first_look, sim
from tests.server import serve

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = ROOT / "sim" / "guide"


def block(text: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found, f"there is no {language} block"
    return found[1]


def test_it_is_short_and_its_links_lead_somewhere() -> None:
    assert len(README.splitlines()) <= 150
    for place in re.findall(r"\]\(([^)\s]+)\)", README):
        assert "://" in place or (ROOT / place).is_file(), place


def test_the_picture_of_the_state_machine_is_the_compiled_graph(tmp_path: Path) -> None:
    assert sim("graph", cwd=tmp_path).stdout.strip() == block((GUIDE / "design.md").read_text(encoding="utf-8"), "mermaid").strip()


def test_the_first_study_is_valid_and_the_python_runs_twice_in_one_process(tmp_path: Path) -> None:
    page = (GUIDE / "quickstart.md").read_text(encoding="utf-8")
    with serve(record=False) as server:
        study = re.sub(r"^   ", "", block(page, "yaml"), flags=re.MULTILINE)
        first_look(tmp_path, server.url)
        (tmp_path / "first-look.yaml").write_text(study.replace("http://127.0.0.1:9152/v1", server.url).replace('["*"]', "[davi]"), encoding="utf-8")
        snippet = block(page, "python")
        program = tmp_path / "program.py"
        program.write_text(snippet + snippet, encoding="utf-8")
        done = subprocess.run([sys.executable, program], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2 * (2 * 2 * 18 + 1), "four trials of eighteen exchanges, and one mean, twice"
    assert sorted(p.name for p in (tmp_path / "results").iterdir()) == ["first-look", "first-look-2"]


@pytest.mark.whole
def test_the_result_that_it_reads_is_that_of_the_demonstration(tmp_path: Path) -> None:
    printed = sim("run", cwd=tmp_path).stdout
    shown = block(README[README.index("<!-- shown -->") :], "text")
    assert len(shown.splitlines()) > 10
    there = {p.strip() for p in printed.splitlines()} | {"…"}
    assert [line for line in shown.splitlines() if line.strip() not in there] == []


def test_every_command_it_names_exists(tmp_path: Path) -> None:
    commands = set(re.findall(r"`sim ([a-z]+)", README))
    assert len(commands) > 8
    assert commands <= {c.name or "" for c in app.registered_commands} | {"personas"}
