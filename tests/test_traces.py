"""Spans of a run, as a collector receives them: a tree of run, trials, exchanges and calls, with counts and ids and without a word that was said."""

from __future__ import annotations

import asyncio
import json
import warnings
from contextvars import Context
from dataclasses import replace
from pathlib import Path

import pytest

import sim
from sim.core.errors import InputError, Notice
from sim.engine.recipe import Recipe
from sim.engine.worker import DriverOrder, Report
from sim.engine.workers import Workers
from sim.llm.hosts import LocalOnly, collectors
from sim.llm.otel import collector, why_unsent
from tests.cli.small import project
from tests.collector import Collected, collecting
from tests.engine.backends import plans_of, recipe_of, study
from tests.engine.test_backends import InProcess
from tests.engine.test_backends import run as run_on
from tests.server import Server

HEADER = "Bearer glsa-51e0c7d29b8f46aa"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


async def traced(folder: Path, monkeypatch: pytest.MonkeyPatch, *, faults: tuple[str, ...] = (), **env: str) -> tuple[Collected, str]:
    """Run a study of one trial against a server; what the collector got, and everything that was said."""
    with collecting() as collected:
        for name, value in {"OTEL_EXPORTER_OTLP_ENDPOINT": collected.url, **env}.items():
            monkeypatch.setenv(name, value)
        async with Server() as server:
            for fault in faults:
                server.fault(fault, role="user", count=1)
            models = (
                f'targets: [{{id: one, model: openai/bot, api_base: "{server.url}"}}]',
                f'user: {{model: openai/user, api_base: "{server.url}"}}',
            )
            text = "\n".join(["name: small", *models, "personas: [davi]", "scenarios: [short]", "limits: {retries: 0}"])
            run = await sim.run_study(project(folder, study=text))
        said = " ".join(f"{e.user.message} {e.reply.text if e.reply else ''}" for t in run.trials for s in t.sessions for e in s.exchanges)
    return collected, said


async def test_spans_are_a_tree_of_run_trials_exchanges_and_calls(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected, _ = await traced(here, monkeypatch)
    by_id = {span["id"]: span for span in collected.spans}
    (run,), (trial,) = collected.named("run "), collected.named("trial ")
    exchanges = collected.named("exchange ")
    assert (run["name"], run["parent"], run["service"]) == ("run small", None, "rapport")
    assert (trial["name"], trial["parent"]) == ("trial davi/short/one/1", run["id"])
    assert sorted(e["name"] for e in exchanges) == ["exchange 1.1", "exchange 1.2", "exchange 2.1", "exchange 2.2"]
    assert {e["parent"] for e in exchanges} == {trial["id"]}
    of_first = [span for span in collected.named("chat ") if by_id[span["parent"]]["name"] == "exchange 1.1"]
    assert sorted(span["rapport.role"] for span in of_first) == ["rater", "target", "user"]
    inside = sum(span["seconds"] for span in of_first)
    assert 0 < max(s["seconds"] for s in of_first) <= next(e["seconds"] for e in exchanges if e["name"] == "exchange 1.1") + 0.001 < inside + 60


async def test_a_call_is_told_by_the_conventions_names(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected, _ = await traced(here, monkeypatch)
    call = next(span for span in collected.named("chat bot") if span["rapport.session"] == 1 and span["rapport.exchange"] == 1)
    assert call["gen_ai.operation.name"] == "chat"
    assert (call["gen_ai.provider.name"], call["gen_ai.request.model"], call["gen_ai.conversation.id"]) == ("openai", "bot", "davi/short/one/1/1")
    assert call["gen_ai.response.finish_reasons"] == ["stop"]
    assert call["gen_ai.usage.input_tokens"] > 0
    assert call["gen_ai.usage.output_tokens"] > 0
    assert (call["rapport.run"], call["rapport.trial"], call["failed"]) == ("small", "davi/short/one/1", None)


async def test_no_word_that_was_said_is_in_a_span(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected, said = await traced(here, monkeypatch, faults=("content_filter",))
    sent = b"".join(collected.bodies).decode("utf-8", "replace")
    phrases = {" ".join(words) for message in said.split("\n") for words in zip(*(message.split()[i:] for i in range(4)), strict=False)}
    assert len(phrases) > 20
    assert [p for p in phrases if p in sent] == []
    assert "gen_ai.input.messages" not in sent
    assert all(span["events"] == 0 for span in collected.spans)


async def test_messages_are_in_spans_where_the_environment_asks_for_them(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected, said = await traced(here, monkeypatch, OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="true")
    call = next(span for span in collected.named("chat bot") if span["rapport.session"] == 1 and span["rapport.exchange"] == 1)
    asked, answered = json.loads(call["gen_ai.input.messages"]), json.loads(call["gen_ai.output.messages"])
    assert asked[-1]["role"] == "user"
    assert "The front door is painted teal." in asked[-1]["parts"][0]["content"]
    assert answered[0]["parts"][0]["content"] in said


async def test_a_call_that_failed_says_why(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected, _ = await traced(here, monkeypatch, faults=("error500",))
    failed = [span for span in collected.named("chat user") if span["failed"]]
    assert failed
    assert {span["error.type"] for span in failed} == {"infrastructure"}


async def test_the_key_of_the_collector_is_struck_from_what_is_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected, _ = await traced(here, monkeypatch, OTEL_EXPORTER_OTLP_HEADERS=f"authorization={HEADER}")
    assert {headers["authorization"] for headers in collected.headers} == {HEADER}
    assert str(InputError(f"the key {HEADER.split()[1]} is wrong")) == "the key [key] is wrong"


async def test_a_collector_that_is_away_costs_nothing_but_spans_and_is_named_once(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with collecting(status=400) as collected:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collected.url)
        run = await sim.run_study(project(here))
    assert run.status == "finished"
    said = capsys.readouterr()
    assert (said.out + said.err).count("spans_lost") == 1


def test_where_spans_go_and_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otel.example.org:4318"}
    assert collector({}) is None
    assert collector(named) == "https://otel.example.org:4318"
    assert collector({**named, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1/v1/traces"}) == "http://127.0.0.1/v1/traces"
    for off in ({"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}):
        assert (collector({**named, **off}), why_unsent({**named, **off})) == (None, "")
    grpc = {**named, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert collector(grpc) is None
    assert why_unsent(grpc).endswith("OTLP is spoken over http/protobuf only, not over grpc")
    assert "is not a URL with a host" in why_unsent({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector"})
    monkeypatch.setattr("sim.llm.otel._is_installed", lambda: False)
    assert collector(named) is None
    assert "pip install 'rapport-sim[otel]'" in why_unsent(named)


async def test_what_cannot_be_sent_is_said_and_stops_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example.org")
    monkeypatch.setattr("sim.llm.otel._is_installed", lambda: False)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", Notice)
        run = await sim.run_study(project(here))
    assert run.status == "finished"
    assert [str(w.message) for w in told if issubclass(w.category, Notice)] == [
        "OTEL_EXPORTER_OTLP_ENDPOINT is set, but no traces are sent: OpenTelemetry is not installed (pip install 'rapport-sim[otel]')"
    ]


async def test_a_collector_elsewhere_is_refused_where_nothing_may_leave(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example.org:4318")
    with pytest.raises(
        InputError, match=r"the collector of traces is at otel\.example\.org, outside this machine; unset OTEL_EXPORTER_OTLP_ENDPOINT"
    ):
        await sim.run_study(project(here), local_only=LocalOnly())
    assert not (here / "results").exists()


def test_what_a_collector_is_sent_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.app.outgoing import announcement
    from tests import examples

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example.org:4318")
    study = examples.study()
    assert not any(d.outside for d in collectors({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}))
    told = announcement(study, [t.id for t in study.targets])
    assert "ids, counts, costs and times of all calls to otel.example.org (collector of traces)" in told
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY")
    assert "ids, counts, costs and times of all calls, and all messages to otel.example.org" in announcement(study, [study.targets[0].id])


@pytest.mark.parametrize("announced", [True, False])
async def test_workers_of_a_cluster_send_where_it_was_announced_and_nowhere_else(
    announced: bool, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = study()
    plans = plans_of(of)
    with collecting() as collected:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collected.url)
        recipe = replace(recipe_of(of), run="far", collector=collected.url if announced else None)
        await run_on("workers", recipe, plans)
    trials = collected.named("trial ")
    assert sorted(span["rapport.trial"] for span in trials) == (sorted(plan.id for plan in plans) if announced else [])
    assert {span["rapport.run"] for span in collected.spans} == ({"far"} if announced else set())


async def test_trials_that_workers_hold_are_in_the_tree_of_their_run(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Apart(InProcess):
        """A worker that inherits nothing of where its driver is."""

        async def exchange(self, order: DriverOrder) -> Report:
            return await asyncio.create_task(super().exchange(order), context=Context())

    async def hire(recipe: Recipe) -> Apart:
        return Apart(recipe)

    monkeypatch.setattr("sim.app.running.Execution._backend", lambda _, shared: Workers(hire, count=2, traffic=shared.traffic))
    collected, _ = await traced(here, monkeypatch)
    (run,), (trial,) = collected.named("run "), collected.named("trial ")
    assert (run["parent"], trial["parent"]) == (None, run["id"])
