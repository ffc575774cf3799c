"""What the README shows is what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.cli.command import environment, first_look, sim
from tests.server import serve

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str, after: str = "") -> str:
    found = re.search(rf"```{language}\n(.*?)```", README[README.index(after) :], re.DOTALL)
    assert found, f"the README has no {language} block after {after!r}"
    return found[1]


def test_the_picture_is_the_compiled_graph(tmp_path: Path) -> None:
    assert sim("graph", cwd=tmp_path).stdout.strip() == block("mermaid").strip()


def test_the_study_is_valid_and_the_python_runs_twice_in_one_process(tmp_path: Path) -> None:
    with serve(record=False) as server:
        study = re.sub(r"^   ", "", block("yaml"), flags=re.MULTILINE)
        first_look(tmp_path, server.url)
        (tmp_path / "first-look.yaml").write_text(study.replace("http://127.0.0.1:9152/v1", server.url).replace('["*"]', "[davi]"), encoding="utf-8")
        snippet = block("python")
        program = tmp_path / "program.py"
        program.write_text(snippet + snippet, encoding="utf-8")
        done = subprocess.run([sys.executable, program], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2 * (2 * 2 * 18 + 1), "four trials of eighteen exchanges, and one mean, twice"
    assert sorted(p.name for p in (tmp_path / "results").iterdir()) == ["first-look", "first-look-2"]


def test_every_command_it_names_exists(tmp_path: Path) -> None:
    commands = set(re.findall(r"`sim ([a-z]+)", README))
    help_text = sim("--help", cwd=tmp_path).stdout
    assert len(commands) > 8
    assert commands <= set(re.findall(r"^  ([a-z]+) ", help_text, re.MULTILINE))
