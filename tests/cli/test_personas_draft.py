"""`sim personas new --model`: drafts are written as they come, checked, and gone on with; what does not fit is made from parts and said."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import sim
from sim.core.errors import Notice
from tests.cli.command import Done, Here
from tests.llm.scripted_server import Answering, completion, in_thread, refusal
from tests.population.drafts import drafted


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


def drafting(*, wrong: frozenset[int] = frozenset(), down: frozenset[int] = frozenset()) -> Answering:
    """A model that writes good drafts, but for those persons (by order of their names' coming) who are always 19, or at whom the server fails."""
    seen: dict[str, int] = {}

    async def answer(body: dict[str, Any], request: web.Request) -> web.StreamResponse:
        text = "\n".join(m["content"] for m in body["messages"])
        given = re.search(r"^Name: (.+?)\. Age: .*? Lives in or near: (.+)\.$", text, re.MULTILINE)
        assert given
        number = seen.setdefault(given[1], len(seen))
        if number in down:
            return refusal("bad gateway", 401)
        if '"contradictions"' in text:
            return completion(json.dumps({"contradictions": []}))
        first = given[1].split()[0]
        changes = {"background": f"{first} is 19 years old and lies about it."} if number in wrong else {}
        return completion(json.dumps(drafted(first, given[2], **changes)))

    return answer


def new(here: Here, url: str, *more: str) -> Done:
    shares = ("--age", "30-60=1")
    return here.sim("personas", "new", "--n", "4", *shares, "--model", "openai/any", "--api-base", url, "--concurrency", "1", *more)


def test_drafts_are_written_and_pass_check(here: Here) -> None:
    with in_thread(drafting()) as server:
        done = new(here, server.url)
    assert done.returncode == 0, done.stderr
    assert "4 personas written to personas/ (seed 1); 8 calls" in done.stdout
    assert here.sim("check", "personas").stdout == "4 personas good\n"
    for file in Path("personas").iterdir():
        text = file.read_text(encoding="utf-8")
        assert "# Drafted for `sim personas new --n 4 --seed 1 --model openai/any`" in text
        assert "Ferdinand" in text
    assert len(here.json("personas", "describe", "personas")["facets"]) == 30


def test_people_are_drafted_from_python_and_the_same_call_goes_on(here: Here) -> None:
    shares = {"age": {"30-60": 1.0}}
    with (
        in_thread(drafting(down=frozenset({1}))) as server,
        pytest.warns(Notice, match=r"^1 of 4 people were not written .*; the same call goes on$"),
    ):
        some = sim.new_personas(4, shares=shares, model="openai/any", api_base=server.url, progress=False)
    assert len(some) == 3
    with in_thread(drafting()) as server:
        whole = sim.new_personas(4, shares=shares, model="openai/any", api_base=server.url, progress=False)
        assert new(here, server.url).stdout.startswith("4 personas written to personas/ (seed 1, 4 of them before); 0 calls")
    assert set(some) < set(whole) == set(Path("personas").iterdir())


def test_what_does_not_fit_is_made_from_parts_and_said(here: Here) -> None:
    with in_thread(drafting(wrong=frozenset({1}))) as server:
        done = new(here, server.url)
    assert done.returncode == 0
    assert re.search(r"^\S+ is made from parts, as nothing that fits was drafted: the age is \d+, not 19$", done.stdout, re.MULTILINE)
    texts = [f.read_text(encoding="utf-8") for f in Path("personas").iterdir()]
    assert sorted("Ferdinand" in t for t in texts) == [False, True, True, True]
    assert here.sim("check", "personas").returncode == 0


def test_what_an_outage_left_out_is_drafted_by_the_same_command(here: Here) -> None:
    with in_thread(drafting(down=frozenset({1, 2, 3}))) as server:
        done = new(here, server.url)
    assert done.returncode == 3
    assert "3 people not drafted for reasons outside the model" in done.stdout
    first = {f: f.read_bytes() for f in Path("personas").iterdir()}
    assert len(first) == 1
    with in_thread(drafting()) as server:
        again = new(here, server.url)
        assert len(server.bodies) == 6, "who was drafted before is not paid for again"
    assert again.returncode == 0
    assert "4 personas written to personas/ (seed 1, 1 of them before)" in again.stdout
    assert {f: f.read_bytes() for f in first} == first


def test_a_file_of_somebody_else_is_in_the_way(here: Here) -> None:
    assert here.sim("personas", "new", "--n", "4", "--age", "30-60=1").returncode == 0
    with in_thread(drafting()) as server:
        done = new(here, server.url)
        assert server.bodies == []
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "is there already (and 3 more)" in done.stderr


@pytest.mark.parametrize(("model", "says"), [("offline/user", "offline/user cannot draft people"), ("openai/gpt-5", "OPENAI_API_KEY")])
def test_who_cannot_draft_is_told_in_a_line(here: Here, model: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    done = here.sim("personas", "new", "--n", "2", "--model", model)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert says in done.stderr
    assert not Path("personas").exists()
