"""What each party is sent, read from the requests that a server recorded: nobody sees what it must not."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sim.core.codebook import DIMENSIONS
from sim.store.library import load_persona
from tests.cli.command import ROOT, first_look, sim, sim_json
from tests.cli.small import SCENARIO
from tests.server import _REASONS, serve

Request = dict[str, Any]
Place = tuple[str, int, int]
SYSTEM = "You are Quagga, a companion."
TARGETS = """\
targets:
  - {{id: zebra-one, model: openai/any, api_base: "{url}", memory: full, system: "{system}"}}
  - {{id: zebra-two, model: openai/any, api_base: "{url}", memory: none}}
"""


@dataclass(frozen=True)
class Recorded:
    """One run, and every request it made."""

    requests: list[Request]
    trials: dict[str, Any]
    """Transcripts by target."""

    def of(self, role: str) -> list[list[dict[str, str]]]:
        """The messages of every request for `role`."""
        return [r["body"]["messages"] for r in self.requests if r["role"] == role]

    def said(self, target: str) -> list[tuple[int, int, str, str]]:
        """Session, exchange, message and reply, in order."""
        return [(s["index"], e["index"], e["user"], e["reply"]) for s in self.trials[target]["sessions"] for e in s["exchanges"]]


def text(messages: list[dict[str, str]]) -> str:
    return "\n".join(m["content"] for m in messages)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    folder = tmp_path_factory.mktemp("wire")
    with serve() as server:
        study = first_look(folder, server.url, personas="[davi]", seeds="1", concurrency="2")
        whole = study.read_text()
        start, end = whole.index("targets:"), whole.index("user:")
        study.write_text(whole[:start] + TARGETS.format(url=server.url, system=SYSTEM) + whole[end:])
        done = sim("run", study, cwd=folder)
        assert done.returncode == 0, done.stderr
        trials = {t: sim_json("show", "first-look", t, cwd=folder) for t in ("zebra-one", "zebra-two")}
        yield Recorded(server.requests(), trials)


# --- the rater ------------------------------------------------------------------------------------------------------


def test_a_rater_sees_nothing_after_the_exchange_it_rates(recorded: Recorded) -> None:
    ratings = [text(m[:2]) for m in recorded.of("rater") if "\n<reply " in text(m[:2])]
    assert len(ratings) >= 36
    places: set[Place] = set()
    for prompt in ratings:
        reply = re.split(r"\n</?reply [0-9a-f]{8}>\n", prompt)[-2]
        rated = [
            (target, i)
            for target in recorded.trials
            for i, (_, _, user, answer) in enumerate(recorded.said(target))
            if answer == reply and f"You: {user}\n\nThe reply to rate" in prompt
        ]
        assert rated, prompt
        shown = {line.removeprefix("You: ").removeprefix("It: ") for line in prompt.splitlines()}
        clean = []
        for target, i in rated:
            said = recorded.said(target)
            earlier = {t for *_, user, answer in said[: i + 1] for t in (user, answer)}
            later = {t for *_, user, answer in said[i + 1 :] for t in (user, answer)} - earlier
            if not later & shown:
                clean.append((target, *said[i][:2]))
        assert clean, prompt
        places.update(clean)
    assert len(places) == 36


def test_a_rater_sees_the_earlier_sessions(recorded: Recorded) -> None:
    first = recorded.said("zebra-one")[0][2]
    assert sum(first in text(m) for m in recorded.of("rater")) > 10


@pytest.mark.parametrize("role", ["rater", "user"])
def test_no_earlier_rating_and_no_target_is_named_to_rater_or_user(role: str, recorded: Recorded) -> None:
    assert len(recorded.of(role)) > 30
    for messages in recorded.of(role):
        # What follows the first two is the model's own answer, when it is asked to mend it.
        asked = text(messages[:2])
        assert not any(reason in asked for reason in _REASONS)
        assert "zebra" not in asked.lower()
        assert "Quagga" not in asked
        assert "memory: " not in asked


def test_a_rater_sees_the_rubric_and_not_the_signals(recorded: Recorded) -> None:
    persona = load_persona(ROOT / "personas" / "davi.yaml")
    rating = 0
    for messages in recorded.of("rater"):
        asked = text(messages[:2])
        rates = "\n<reply " in asked
        rating += rates
        for d in DIMENSIONS:
            wanted = persona.preferences[d]
            assert wanted.signals.missed.shows not in asked
            assert not rates or wanted.rubric.five in asked
    assert rating > 30


# --- the user -------------------------------------------------------------------------------------------------------


def test_the_user_sees_signals_and_never_a_rubric(recorded: Recorded) -> None:
    persona = load_persona(ROOT / "personas" / "davi.yaml")
    assert recorded.of("user")
    for messages in recorded.of("user"):
        asked = text(messages)
        for d in DIMENSIONS:
            wanted = persona.preferences[d]
            assert wanted.signals.met.shows in asked
            assert wanted.signals.missed.shows in asked
            assert wanted.rubric.five not in asked
            assert wanted.rubric.one not in asked


def test_core_facts_are_told_alike_to_every_target(recorded: Recorded) -> None:
    def told(target: str) -> list[tuple[int, int, str, int]]:
        return [
            (s["index"], e["index"], d["fact"], d["version"])
            for s in recorded.trials[target]["sessions"]
            for e in s["exchanges"]
            for d in e["disclosed"]
            if d["core"]
        ]

    assert told("zebra-one") == told("zebra-two")
    assert {fact for _, _, fact, _ in told("zebra-one")} >= {"sc-street", "sc-boxes", "sc-neighbour", "sc-walk", "sc-cafe"}
    assert ("sc-boxes", 1) in {(fact, version) for _, _, fact, version in told("zebra-one")}


# --- the target -----------------------------------------------------------------------------------------------------


def test_a_target_is_sent_the_messages_and_nothing_else(recorded: Recorded) -> None:
    expected: list[list[tuple[str, str]]] = []
    for target in recorded.trials:
        said = recorded.said(target)
        for i, (session, _, user, _) in enumerate(said):
            known = [x for x in said[:i] if target == "zebra-one" or x[0] == session]
            heard = [(role, words) for _, _, message, reply in known for role, words in (("user", message), ("assistant", reply))]
            expected.append([*([("system", SYSTEM)] if target == "zebra-one" else []), *heard, ("user", user)])
    undated = re.compile(r"\A\[[^\]\n]*\d{4}[^\]\n]*\]\n\n")
    sent = [[(m["role"], undated.sub("", m["content"])) for m in messages] for messages in recorded.of("target")]
    assert Counter(map(str, sent)) == Counter(map(str, expected))


def test_a_target_is_told_the_date_once_a_session_and_how_long_it_has_been(recorded: Recorded) -> None:
    longest = max((m for m in recorded.of("target") if m[0]["role"] == "system"), key=len)
    dated = [m["content"].split("]")[0] for m in longest if m["content"].startswith("[")]
    assert [d.split(" 2026")[0] for d in dated] == ["[Monday, 5 January", "[Wednesday, 14 January", "[Friday, 30 January"]
    assert [d.endswith(gap) for d, gap in zip(dated, ("", "nine days later", "16 days later"), strict=True)] == [True] * 3, dated


def test_a_target_hears_no_declared_field(recorded: Recorded) -> None:
    assert len(recorded.of("target")) > 30
    for messages in recorded.of("target"):
        for m in messages:
            assert not any(f'"{field}"' in m["content"] for field in ("mood", "facts_used", "signalled", "leave", "why"))
            assert "{" not in m["content"]


def test_a_target_is_asked_for_plain_text_and_the_others_for_json(recorded: Recorded) -> None:
    asked = {
        role: {json.dumps((r["body"].get("response_format") or {}).get("type")) for r in recorded.requests if r["role"] == role}
        for role in ("target", "user", "rater")
    }
    assert asked == {"target": {"null"}, "user": {'"json_schema"'}, "rater": {'"json_schema"'}}


# --- keys -----------------------------------------------------------------------------------------------------------

CANARY = "sk-canary-4f1d8e7b62a90c35"
ELSEWHERE = {name: f"sk-elsewhere-{name.lower()}-77aa" for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HOSTED_VLLM_API_KEY", "AZURE_API_KEY")}


def leaked(folder: Path, *outputs: str) -> list[str]:
    """Where any key stands that should stand nowhere."""
    keys = [CANARY, *ELSEWHERE.values()]
    found = [f"{p}: {k}" for p in folder.rglob("*") if p.is_file() for k in keys if k.encode() in p.read_bytes()]
    return found + [f"output: {k}" for o in outputs for k in keys if k in o]


@pytest.mark.parametrize("client", ["direct", "litellm"])
def test_a_key_goes_where_it_belongs_and_is_kept_nowhere(client: str, tmp_path: Path) -> None:
    with serve() as server:
        study = first_look(tmp_path, server.url, personas="[davi]", seeds="1", limits="{retries: 0}", scenarios="[short]")
        (tmp_path / "scenarios").mkdir()
        (tmp_path / "scenarios" / "short.yaml").write_text(SCENARIO)
        lines = study.read_text().replace('/v1"}', f'/v1", client: {client}}}').replace(", memory:", f", client: {client}, memory:").splitlines()
        study.write_text(
            "\n".join(line.replace('/v1",', '/v1", api_key_env: CANARY_KEY,') if line.startswith("user:") else line for line in lines) + "\n"
        )
        assert study.read_text().count("api_key_env") == 1
        good = sim("run", study, "--name", "good", cwd=tmp_path, CANARY_KEY=CANARY, SIM_LOG="debug", **ELSEWHERE)
        assert good.returncode == 0, good.stderr
        keys = {role: {r["key"] for r in server.requests() if r["role"] == role} for role in ("user", "rater", "target")}
        assert keys["user"] == {f"Bearer {CANARY}"}
        for role in ("rater", "target"):
            assert not any(k in str(keys[role]) for k in (CANARY, *ELSEWHERE.values())), keys
        server.fault("unauthorized", role="user", start=3)
        bad = sim("run", study, "--name", "bad", cwd=tmp_path, CANARY_KEY=CANARY, SIM_LOG="debug", **ELSEWHERE)
        shown = [sim(*c, cwd=tmp_path).stdout for c in (["show", "bad"], ["show", "bad", "--json"], ["export", "bad"], ["list", "--json"])]
        assert "Traceback" not in bad.stderr
        assert "401" in bad.stderr + "".join(shown) or "API key" in bad.stderr + "".join(shown)
        assert leaked(tmp_path, good.stdout, good.stderr, bad.stdout, bad.stderr, *shown) == []
