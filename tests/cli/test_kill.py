"""A run killed again and again loses what was in flight, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.command import Running, first_look, forecast, sim, sim_json, start
from tests.cli.journals import Row, absent, calls, happened, lost, rows
from tests.cli.small import SCENARIO
from tests.server import Remote, serve
from tests.waiting import CEILING, until

NO_CONTROLS = "{one_by_one: 0, repeat: 0}"
"""Each exchange is rated once, so that which calls are under way can be told."""
LATENCY = 4.0
"""Milliseconds; a whole run takes about half a second of waiting, so that a random moment falls between any two nodes."""


@pytest.fixture(scope="module")
def server() -> Iterator[Remote]:
    with serve(latency=LATENCY) as running:
        yield running


@pytest.fixture(autouse=True)
def clean(server: Remote) -> Iterator[None]:
    yield
    server.clear()
    server.release()
    server.reset()


@dataclass
class Run:
    """One run on its way through many deaths, with the account of every call."""

    folder: Path
    study: Path
    server: Remote
    whole: list[Row] = field(default_factory=list)
    """The same run undisturbed."""
    dead: list[int] = field(default_factory=list)
    """Calls that died with each kill: made, and not in the journal."""

    @property
    def path(self) -> Path:
        return self.folder / "results" / "first-look"

    def go_on(self) -> Running:
        resumed = self.path.exists()
        return start("resume" if resumed else "run", "first-look" if resumed else self.study, cwd=self.folder)

    def kill(self, process: Running) -> int:
        process.kill()
        _, errors = process.communicate()
        assert process.returncode == -9, errors
        until(lambda: self.server.stats()["inflight"] == 0, "the server has noticed")
        self.server.clear()
        died = self.server.stats()["calls"] - calls(rows(self.path)) - sum(self.dead)
        self.dead.append(died)
        return died

    def hold(self, role: str, *, nth: int, count: int = 1) -> Running:
        """The run inside the `nth` call of `role` from now (and those that follow), everything beside them done and in the journal."""
        before = self.server.stats()["by_role"].get(role, 0)
        self.server.fault("hang", role=role, start=nth, count=count)
        process = self.go_on()

        def held() -> bool:
            assert process.poll() is None, process.communicate()
            stats = self.server.stats()
            there = stats["by_role"].get(role, 0) >= before + nth - 1 + count and stats["inflight"] == count
            return there and len(absent(self.whole, rows(self.path))) == count

        until(held, f"{role} {nth} hangs, and nothing beside it")
        return process

    def kill_inside(self, role: str, *, nth: int, count: int = 1) -> set[str]:
        """Kill the run inside the `nth` call of `role` from now (and those that follow); the names of what hung."""
        before = len(self.server.requests())
        process = self.hold(role, nth=nth, count=count)
        asked = [r for r in self.server.requests()[before:] if r["role"] == role][nth - 1 :]
        assert len(asked) == count
        died = self.kill(process)
        assert died == count, "what ran beside the hanging call is in the journal"
        return {r["body"].get("response_format", {}).get("json_schema", {}).get("name", "reply") for r in asked}

    def kill_after(self, more: int) -> int:
        """Kill at no particular moment, some time after `more` further calls."""
        before = self.server.stats()["calls"]
        process = self.go_on()
        until(lambda: self.server.stats()["calls"] >= before + more, f"{more} calls")
        return self.kill(process)

    def now(self) -> list[Row]:
        """The events of the session that is under way."""
        events = rows(self.path)
        last = events[-1].trial
        session = max(e.session for e in events if e.trial == last)
        return [e for e in events if (e.trial, e.session) == (last, session)]

    def to_criterion(self) -> int:
        """Which rater call from now is the first of the two that end the session: its last rating; the criterion question runs beside it."""
        return 6 - sum(e.kind == "rated" for e in self.now())


def test_ten_kills_leave_the_journal_of_an_undisturbed_run(server: Remote, tmp_path: Path) -> None:
    study = first_look(tmp_path, server.url, personas="[davi]", seeds="1", concurrency="1", controls=NO_CONTROLS)
    assert sim("run", study, "--name", "undisturbed", cwd=tmp_path).returncode == 0
    whole = happened(tmp_path / "results" / "undisturbed")
    needed = server.stats()["calls"]
    assert needed == calls(whole)
    server.reset()

    run = Run(tmp_path, study, server, whole)
    rng = random.Random(7)
    process = run.go_on()
    until(lambda: run.path.exists(), "the run's folder")
    run.kill(process)
    assert run.kill_inside("user", nth=1) == {"user_turn"}
    assert run.kill_inside("target", nth=1) == {"reply"}
    assert run.kill_inside("rater", nth=1) == {"ratings"}
    listed = {r["run"]: r["status"] for r in sim_json("list", cwd=tmp_path)["runs"]}
    assert listed == {"undisturbed": "finished", "first-look": "incomplete"}
    shown = sim_json("show", "first-look", cwd=tmp_path)
    assert (shown["status"], shown["trials"]["stopped"], shown["trials"]["finished"]) == ("incomplete", 1, 0)
    assert run.kill_inside("rater", nth=run.to_criterion(), count=2) == {"ratings", "criterion"}
    assert run.kill_after(rng.randint(5, 15)) <= 2, "at most the user's and the rater's call were under way"
    assert run.kill_inside("target", nth=rng.randint(2, 5)) == {"reply"}
    assert run.kill_after(rng.randint(5, 15)) <= 2
    assert run.kill_inside("user", nth=rng.randint(3, 8)) == {"user_turn"}
    assert run.kill_inside("rater", nth=run.to_criterion(), count=2) == {"ratings", "criterion"}
    assert len(run.dead) == 10

    done = sim("resume", "first-look", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert happened(run.path) == whole
    assert lost(run.path) == []
    events = rows(run.path)
    assert len({e[:6] for e in events}) == len(events)
    assert server.stats()["calls"] == needed + sum(run.dead), "every call beyond the dead ones was made once"
    shown = sim_json("show", "first-look", cwd=tmp_path)
    assert shown["status"] == "finished"
    assert shown["unaccounted"] >= sum(run.dead), "calls that died with a kill may have been paid for"
    assert {**shown, "run": "", "unaccounted": 0} == {**sim_json("show", "undisturbed", cwd=tmp_path), "run": ""}


def test_a_kill_with_two_trials_under_way_costs_each_no_more_than_its_calls_in_flight(server: Remote, tmp_path: Path) -> None:
    study = first_look(tmp_path, server.url, personas="[davi]", seeds="1", concurrency="2", controls=NO_CONTROLS)
    run = Run(tmp_path, study, server)
    for more in (1, 17, 30):
        assert run.kill_after(more) <= 4
    assert sim("resume", "first-look", cwd=tmp_path).returncode == 0
    assert server.stats()["calls"] == calls(rows(run.path)) + sum(run.dead)
    assert lost(run.path) == []


def test_kills_among_controls_lose_nothing_and_buy_none_of_them_twice(server: Remote, tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "short.yaml").write_text(SCENARIO)
    every = {"personas": "[davi]", "seeds": "1", "concurrency": "1", "scenarios": "[short]", "controls": "{one_by_one: 1, repeat: 1}"}
    study = first_look(tmp_path, server.url, **every)
    plan = forecast(study, tmp_path)
    assert sim("run", study, "--name", "undisturbed", cwd=tmp_path).returncode == 0
    whole = happened(tmp_path / "results" / "undisturbed")
    assert server.stats()["calls"] == plan["calls"]["max"] == calls(whole) == 2 * (4 + 4 + 4 * 9 + 2)
    server.reset()

    run = Run(tmp_path, study, server, whole)
    for nth in (3, 12):
        assert run.kill(run.hold("rater", nth=nth)) == 1, "of a control of seven calls, the one that hung"
    assert sim("resume", "first-look", cwd=tmp_path).returncode == 0
    assert happened(run.path) == whole
    assert server.stats()["calls"] == plan["calls"]["max"] + sum(run.dead)
    shown = sim_json("show", "first-look", cwd=tmp_path)
    assert (shown["controls"]["halo"]["exchanges"], shown["controls"]["noise"]["exchanges"]) == (8, 8)


TALK = "id: talk\nreads: session\nquestion: Did it stay with the person?\nyes: It did.\nno: It did not.\nevidence: none\n"
WHOLE = "id: whole\nreads: trial\nquestion: Did it keep to one tone?\nlabels: {steady: It did., not: It did not.}\ngood: [steady]\nevidence: none\n"


def test_kills_inside_scorers_of_every_grain_lose_nothing_and_ask_none_of_them_twice(server: Remote, tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "short.yaml").write_text(SCENARIO)
    (tmp_path / "talk.yaml").write_text(TALK)
    (tmp_path / "whole.yaml").write_text(WHOLE)
    more = {"scorers": "[answers, talk.yaml, whole.yaml]", "judge": f'{{model: openai/judge, api_base: "{server.url}"}}'}
    study = first_look(tmp_path, server.url, personas="[davi]", seeds="1", concurrency="1", scenarios="[short]", controls=NO_CONTROLS, **more)
    plan = forecast(study, tmp_path)
    assert sim("run", study, "--name", "undisturbed", cwd=tmp_path).returncode == 0
    whole = happened(tmp_path / "results" / "undisturbed")
    assert server.stats()["by_role"]["judge"] == plan["by_role"]["judge"]["max"] == 2 * (4 + 2 + 1)
    server.reset()

    run = Run(tmp_path, study, server, whole)
    for nth, grain in ((2, "an exchange"), (2, "the session that ends with it"), (4, "the next session"), (2, "the trial")):
        assert run.kill(run.hold("judge", nth=nth)) == 1, grain
    done = sim("resume", "first-look", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert happened(run.path) == whole
    assert lost(run.path) == []
    assert server.stats()["calls"] == plan["calls"]["max"] + sum(run.dead), "every call beyond the dead ones was made once"
    shown = sim_json("show", "first-look", cwd=tmp_path)
    assert {**shown, "run": "", "unaccounted": 0} == {**sim_json("show", "undisturbed", cwd=tmp_path), "run": ""}
    scored = [{i: s["n"] + s["not_applicable"] + s["unscored"] for i, s in t["scorers"].items()} for t in shown["targets"]]
    assert scored == [{"answers": 4, "talk": 2, "whole": 1}] * 2


def test_one_of_two_simultaneous_resumes_works_and_the_other_is_told_so_in_one_line(server: Remote, tmp_path: Path) -> None:
    study = first_look(tmp_path, server.url, personas="[davi]", seeds="1", concurrency="1", controls=NO_CONTROLS)
    run = Run(tmp_path, study, server)
    run.kill_after(5)
    server.fault("hang", role="target", count=1)
    both = [run.go_on(), run.go_on()]
    until(lambda: any(p.poll() is not None for p in both) and server.stats()["inflight"] == 1, "one has given up, the other hangs")
    refused, works = sorted(both, key=lambda p: p.poll() is None)
    assert works.poll() is None
    _, errors = refused.communicate()
    assert refused.returncode == 2
    assert len(errors.splitlines()) == 1
    assert f"process {works.pid}" in errors
    assert sim_json("show", "first-look", cwd=tmp_path)["status"] == "running"
    assert [r["status"] for r in sim_json("list", cwd=tmp_path)["runs"]] == ["running"]
    server.release()
    _, errors = works.communicate(timeout=CEILING)
    assert works.returncode == 0, errors
    assert sim_json("show", "first-look", cwd=tmp_path)["status"] == "finished"
    assert server.stats()["calls"] == calls(rows(run.path)) + sum(run.dead), "the refused one bought nothing"
