"""The page on Python: its examples run one after the other, in a folder of their own."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path

import pytest

import sim

PAGE = Path(__file__).parents[2] / "sim" / "guide" / "python.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


(STUDY,) = blocks("yaml file=first-look.yaml")


def test_the_examples_run_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("first-look.yaml").write_text(STUDY, encoding="utf-8")
    examples = [block for block in blocks("python") if not block.startswith("# my_bot.py")]
    assert len(examples) == 5
    printed, names = io.StringIO(), {"__name__": "page"}
    with contextlib.redirect_stdout(printed):
        for example in examples:
            exec(compile(example, str(PAGE), "exec"), names)
    text = printed.getvalue()
    assert "<run first-look: remembers, cold · 6 of 6 trials finished · finished>" in PAGE.read_text(encoding="utf-8")
    assert "<run first-look: remembers, cold · 6 of 6 trials finished · finished>" in text
    assert "report.html" in text
    assert len(list(Path("people").glob("*.yaml"))) == 3


def test_the_class_of_the_page_is_a_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (bot,) = (block for block in blocks("python") if block.startswith("# my_bot.py"))
    (targets,) = blocks("yaml")
    Path("my_bot.py").write_text(bot, encoding="utf-8")
    Path("study.yaml").write_text("probes: {}\n" + STUDY[: STUDY.index("targets:")] + targets + STUDY[STUDY.index("user:") :], encoding="utf-8")
    try:
        run = sim.run("study.yaml", progress=False)
    finally:
        sys.modules.pop("my_bot", None)
    assert run.status == "finished"
    assert all(step.part == "state" for t in run.trials for s in t.sessions for step in s.memory)
    assert any(s.memory for t in run.trials for s in t.sessions)
    replies = [e.reply.text for t in run.trials for s in t.sessions[1:] for e in s.exchanges if e.reply]
    assert all("Last time you told me" in reply for reply in replies)
    assert run.frame("trials")["probes"].sum() > 0
