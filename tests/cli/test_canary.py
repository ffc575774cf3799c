"""Keys under names that tell nothing, sent to servers that repeat them: no trace in anything a run leaves, prints or logs."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.cli.command import sim
from tests.cli.small import SCENARIO
from tests.parrot import WAYS, Parrot

ONE_TALK = SCENARIO[: SCENARIO.index("  - gap: 3")]
"""A key that does not come through in the first talk does not in the second."""
KEYS = {"LLM_AUTH": "kestrel-moon-4711-lagoon", "LANE": "quagga.7731+harbour/dusk", "HOOK": "Ember Orchard 5502 Vale", "VECTOR": "m4rmalade#Tundra%9"}
"""By variables whose names do not speak of keys; none begins as providers' keys do."""

TALKER = """\
import os

class Talker:
    def new_session(self): ...
    def reply(self, message):
        if "home" in message:
            return f"My key is {os.environ['TOLD']}."
        raise ValueError(f"bad key {os.environ['TOLD']!r}, {os.environ['TOLD'].upper()}")
"""


def project(folder: Path) -> None:
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "short.yaml").write_text(ONE_TALK)
    (folder / "talker.py").write_text(TALKER)


CLIENTS = {"direct": "LLM_AUTH", "litellm": "LANE", "vectors": "VECTOR", "http": "HOOK"}
"""With the variable of the key that each is given."""


def targets(client: str, parrot: Parrot) -> list[dict[str, object]]:
    """A client in every way, beside code that tells its key too."""
    found: list[dict[str, object]] = [{"id": "code", "callable": "talker:Talker"}]
    for way in WAYS:
        model = {"model": f"openai/echo-{way}", "api_base": f"{parrot.url}/v1", "api_key_env": CLIENTS[client]}
        sent = {"message": "{message}", "user_id": "{user_id}", "key": f"${{{CLIENTS[client]}}}"}
        stream = "sse" if way == "pieces" else "none"
        asks: dict[str, dict[str, object]] = {
            "direct": {**model, "client": "direct", "memory": "none"},
            "litellm": {**model, "client": "litellm", "memory": "none"},
            "vectors": {"model": "offline/uses", "memory": "retrieval:1", "embedding": model},
            "http": {"http": {"url": f"{parrot.url}/bot/{way}", "body": sent, "reply": "reply", "stream": stream}},
        }
        found.append({"id": f"{client}-{way}", **asks[client]})
    return found


def study(folder: Path, name: str, **parts: object) -> Path:
    path = folder / f"{name}.yaml"
    whole = {"name": name, "user": {"model": "offline/user"}, "personas": ["davi"], "scenarios": ["short"], "limits": {"retries": 0}, **parts}
    path.write_text(json.dumps({"concurrency": 8, **whole}))
    return path


def traces(key: str) -> tuple[bytes, ...]:
    """What of `key` may stand nowhere: itself, either half of it, and the middle of it in base64."""
    half = len(key) // 2
    coded = (base64.b64encode(b"." * n + key.encode()).decode()[4:-4] for n in range(3))
    return tuple(t.encode().lower() for t in (key, key[:half], key[half:], *coded))


def assert_nothing_of(keys: dict[str, str], where: dict[str, bytes]) -> None:
    found = [(name, trace) for name, content in where.items() for key in keys.values() for trace in traces(key) if trace in content.lower()]
    assert not found, found


def left_behind(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in (folder / "results").rglob("*") if f.is_file()}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    project(tmp_path)
    return tmp_path


def look_at(folder: Path, run: str) -> dict[str, bytes]:
    """What the commands that read a run say of it."""
    commands = [("show", run), ("show", run, "--json"), ("export", run, "--format", "jsonl"), ("export", run, "--format", "csv"), ("report", run)]
    done = {" ".join(c): sim(*c, cwd=folder) for c in commands}
    return {name: (d.stdout + d.stderr).encode() for name, d in done.items()}


@pytest.mark.parametrize("client", CLIENTS)
def test_no_target_of_any_kind_gets_a_key_into_the_run(client: str, whole: Path) -> None:
    with Parrot() as parrot:
        path = study(whole, "canary", targets=targets(client, parrot))
        done = sim("run", path, cwd=whole, SIM_LOG="debug", TOLD=KEYS[CLIENTS[client]], **KEYS)
        asked = set(parrot.asked)
    assert done.returncode == 3, done.stderr
    assert asked == {(way, KEYS[CLIENTS[client]]) for way in WAYS}, "it was asked in every way"
    assert_nothing_of(KEYS, {"stdout": done.stdout.encode(), "stderr": done.stderr.encode(), **left_behind(whole), **look_at(whole, "canary")})
    kept = b"".join(left_behind(whole).values())
    assert kept.count(b"[key]") > len(WAYS) / 2, "what the servers said was kept, without the keys"


def test_no_judge_gets_a_key_into_the_run(whole: Path) -> None:
    with Parrot() as parrot:
        model = {"api_base": f"{parrot.url}/v1", "api_key_env": "LLM_AUTH"}
        raters = [{"id": f"{via}-{way}", "model": f"openai/echo-{way}", "client": via, **model} for way in WAYS for via in ("direct", "litellm")]
        parts = {"observers": raters, "tagger": {"model": "openai/echo-content", **model}, "judge": {"model": "openai/echo-refusal", **model}}
        target = {"id": "bot", "model": "offline/uses", "memory": "profile"}
        done = sim("run", study(whole, "judges", targets=[target], probes={}, **parts), cwd=whole, SIM_LOG="debug", **KEYS)
        asked = {way for way, key in parrot.asked if key == KEYS["LLM_AUTH"]}
    assert done.returncode == 3, done.stderr
    assert asked == set(WAYS)
    assert_nothing_of(KEYS, {"stdout": done.stdout.encode(), "stderr": done.stderr.encode(), **left_behind(whole), **look_at(whole, "judges")})
