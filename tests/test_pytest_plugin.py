"""The pytest plugin, used as somebody's test suite uses it, in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from tests.cli.command import environment
from tests.cli.small import SCENARIO

SUITE = """\
import pytest

SHORT = {"personas": ["davi", "zuza", "tore", "thuy", "ronja", "nadim"], "scenarios": ["short.yaml"]}
ONE = {**SHORT, "personas": ["davi"]}
WORST = r"worst: \\w+, session \\d, exchange \\d: said before.+\\n  user: .+\\n  bot: .+\\n  sim show \\S+ \\w+/short/target/1\\nthe run: "


def answer(message, user_id=None):
    return "That sounds hard. What do you make of it yourself?"


class Remembering:
    def reply(self, message):
        return "I see. Tell me more about it, will you?"

    def new_session(self):
        pass


def test_passes(rapport):
    run = rapport.run(answer, **SHORT)
    run.require("likability >= 1.5", "failed == 0", allow_offline=True)
    run.require("words <= 20", "failed == 0")
    assert run.run.study.targets[0].id == "target"


def test_fails(rapport):
    rapport.run(Remembering, **SHORT).require("likability >= 4.9", "failed == 0", allow_offline=True)


async def test_cannot_tell(rapport):
    rapport.run(answer, **ONE).require("likability >= 1.5", allow_offline=True)


def test_a_stub_is_no_evidence(rapport):
    rapport.run(answer, **SHORT).require("likability >= 1.6")


def fresh(message):
    return f"You said: {message}" if len(message) % 9 else "You said something."


def newer(message):
    return f"I heard: {message}" if len(message) % 4 else "I heard something."


def stale(message):
    return "I see. " + "Go on. " * (len(message) % 3)


def test_is_as_good_as_before(rapport, tmp_path):
    from sim.app import keep_run_baseline

    before = rapport.run(fresh, **SHORT)
    (tmp_path / "baseline.json").write_text(keep_run_baseline(before.run.folder.path).model_dump_json())
    rapport.run(newer, **SHORT).not_worse(tmp_path / "baseline.json", "said_before=0.9")
    after = rapport.run(stale, **SHORT)
    with pytest.raises(BaseException, match=WORST):
        after.require("said_before <= 0.01")
    after.not_worse(tmp_path / "baseline.json", "said_before=0.3")


def test_is_told_of_mistakes(rapport):
    with pytest.raises(Exception, match="did you mean 'likability'"):
        rapport.run(answer, **ONE).require("likeability >= 1.5")
"""


def test_requirements_are_asserted_and_said_in_one_line_each(tmp_path: Path) -> None:
    (tmp_path / "test_bot.py").write_text(SUITE, encoding="utf-8")
    (tmp_path / "short.yaml").write_text(SCENARIO.replace("[persona.pet]", "[]"), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n", encoding="utf-8")
    installed = any(e.value == "sim.pytest_plugin" for e in entry_points(group="pytest11"))
    named = () if installed else ("-p", "sim.pytest_plugin")
    command = [sys.executable, "-m", "pytest", *named, "-p", "no:cacheprovider", "-q", "test_bot.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300, encoding="utf-8")
    assert "4 failed, 2 passed" in done.stdout, done.stdout
    assert "failed: said_before not worse by 0.3 (observed" in done.stdout
    assert re.search(r"^the run: .+test-1$", done.stdout, re.MULTILINE)
    assert "failed: likability >= 4.9 (observed" in done.stdout
    assert "inconclusive: likability >= 1.5 (observed" in done.stdout
    assert "a mean is not judged below 5" in done.stdout
    assert "inconclusive: likability >= 1.6 (observed" in done.stdout
    assert "whose word on a real chatbot is not evidence" in done.stdout
    assert "failed == 0" not in done.stdout
