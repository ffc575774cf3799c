"""The study of the README against a server, through both clients."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.cli.command import first_look, forecast, sim, sim_json
from tests.cli.small import SCENARIO
from tests.server import Remote

pytestmark = pytest.mark.usefixtures("clean")


def short_look(folder: Path, url: str, **changes: str) -> Path:
    """The study with talks of two messages: what a client sends, and what a plan counts, does not hang on their length."""
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "short.yaml").write_text(SCENARIO.replace("[persona.pet]", "[]"), encoding="utf-8")
    return first_look(folder, url, seeds="1", scenarios="[short]", **changes)


def test_every_trial_finishes_and_the_calls_equal_the_plan(server: Remote, tmp_path: Path) -> None:
    study = short_look(tmp_path, server.url)
    plan = forecast(study, tmp_path)
    assert plan["calls"]["min"] == plan["calls"]["max"]
    assert not (tmp_path / "results").exists()
    summary = sim_json("run", study, cwd=tmp_path)
    assert summary["trials"] == {"planned": plan["trials"], "finished": plan["trials"], "failed": 0, "stopped": 0}
    stats = server.stats()
    assert stats["calls"] == plan["calls"]["max"]
    assert stats["by_role"] == {role: calls["max"] for role, calls in plan["by_role"].items()}
    assert summary["offline"] is False
    assert summary["targets"][0]["exchanges"] * 2 == plan["exchanges"]["max"]


def test_the_same_through_litellm(server: Remote, tmp_path: Path) -> None:
    study = short_look(tmp_path, server.url, personas="[davi, nasreen]")
    text = study.read_text().replace(", memory:", ", client: litellm, memory:").replace('/v1"}', '/v1", client: litellm}')
    assert text.count("client: litellm") == 4
    study.write_text(text)
    plan = forecast(study, tmp_path)
    summary = sim_json("run", study, cwd=tmp_path)
    assert summary["trials"]["finished"] == plan["trials"]
    assert server.stats()["by_role"] == {role: calls["max"] for role, calls in plan["by_role"].items()}


def test_both_clients_send_the_same_prompts(server: Remote, tmp_path: Path) -> None:
    study = short_look(tmp_path, server.url, personas="[davi]", concurrency="1")
    sim("run", study, "--name", "direct", cwd=tmp_path)
    direct = Counter(str(r["body"]["messages"]) for r in server.requests())
    server.reset()
    study.write_text(study.read_text().replace(", memory:", ", client: litellm, memory:").replace('/v1"}', '/v1", client: litellm}'))
    sim("run", study, "--name", "litellm", cwd=tmp_path)
    assert Counter(str(r["body"]["messages"]) for r in server.requests()) == direct


def test_the_table_and_a_transcript_can_be_read_afterwards(server: Remote, tmp_path: Path) -> None:
    study = first_look(tmp_path, server.url, personas="[davi]", seeds="1")
    sim("run", study, cwd=tmp_path)
    table = sim("show", "first-look", cwd=tmp_path)
    assert table.returncode == 0
    assert "offline models" not in table.stdout
    assert "Simulated likability" in table.stdout
    transcript = sim_json("show", "first-look", "davi/new-in-town/remembers/1", cwd=tmp_path)
    assert [len(s["exchanges"]) for s in transcript["sessions"]] == [6, 6, 6]
    assert all(set(e["ratings"]["observer:openai/rater"]) for s in transcript["sessions"] for e in s["exchanges"])
    assert sim("show", "first-look", "davi/forgets", cwd=tmp_path).stdout.count("told") >= 1
