"""The viewer serves what the journal holds, what is new within a second, and takes in labels under the run's lock."""

from __future__ import annotations

import asyncio
import io
import json
import re
import shutil
import struct
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from sim.app import compare_runs, load_run
from sim.cli.viewing import _compare, _sections
from sim.core.event import CallLost, Event, TrialFinished
from sim.present.guide import topics
from sim.present.text.comparison import render_comparison
from sim.present.text.showing import render_run, sections_of
from sim.present.viewer import answering
from sim.present.viewer.app import KeepWish, build_app
from sim.present.viewer.rows import Filter, first_line
from sim.present.viewer.runs import EVERY, OpenRun, OpenRuns
from sim.store.journal import open_journal
from sim.store.library import LoadedStudy, load_codebook
from sim.store.runs import create_run
from tests import examples
from tests.analysis.stories import told_in_full
from tests.analysis.trials import Diary, planned
from tests.waiting import CEILING

TRIAL = "nora/moving-house/remembers/1"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run of two trials: one told in full, one just begun."""
    loaded = LoadedStudy(examples.study(), (examples.persona(),), (examples.scenario(),), load_codebook())
    folder = create_run(tmp_path_factory.mktemp("told"), "told", loaded, prompts={}, scorers={}, offline=("user",))
    began = Diary(planned("nora/moving-house/forgets/1", target="forgets")).open().exchange(1, ["advice"], reply="Rent a van, then.")
    _append(folder.path, [*told_in_full().events, *began.events])
    return folder.path


@pytest.fixture
def results(told: Path, tmp_path: Path) -> Path:
    """A folder with a copy of that run, of which a test may do anything."""
    shutil.copytree(told, tmp_path / "told")
    return tmp_path


def _append(folder: Path, events: list[Event]) -> None:
    async def write() -> None:
        with open_journal(folder) as journal:
            for event in events:
                await journal.append(event)

    asyncio.run(write())


def _kept(run: OpenRun, wish: KeepWish) -> str:
    return f"scenarios/{wish.id}.yaml"


@pytest.fixture
def runs(results: Path) -> OpenRuns:
    return OpenRuns(results)


@pytest.fixture
def client(runs: OpenRuns) -> Iterator[TestClient]:
    compare = partial(_compare, runs.results)
    with TestClient(
        build_app(
            runs,
            clock=lambda: 7.0,
            keep=_kept,
            report_of=lambda run: f"<title>{run.folder.name}</title>",
            sections_of=_sections,
            compare=compare,
        )
    ) as client:
        yield client


def rows(client: TestClient, **wish: str | float) -> list[tuple[str, int, int]]:
    answer = client.get("/api/runs/told/exchanges", params=wish)
    assert answer.status_code == 200, answer.text
    return [(r["target"], r["session"], r["exchange"]) for r in answer.json()["rows"]]


def test_what_stopped_a_run_is_said_in_the_words_of_show(results: Path, client: TestClient) -> None:
    folder = results / "told"
    assert client.get("/api/runs/told").json()["stops"] == []
    used_up = "the budget of 20,000 tokens is used up (19,870 spent, and the next call may take 3,201); raise --max-tokens … to go on"
    lost = CallLost(trial="nora/moving-house/forgets/1", part="user_speaks#1", cause="budget", message=used_up)
    # A trial that went on to its end is not stopped by what it lacked before.
    over = CallLost(trial=TRIAL, part="user_speaks#1", cause="budget", message="the budget of 5 tokens is used up (5 spent); raise it")
    _append(folder, [over, TrialFinished(trial=TRIAL), lost])
    (folder / "calls.count").write_bytes(struct.pack("<qq", 3, 4))
    said = client.get("/api/runs/told").json()["stops"]
    assert said == [f"Stopped: {used_up}", "Unaccounted: up to 7 calls, cut off when the run was killed; what they cost is in no figure"]
    shown = Console(width=400, file=io.StringIO())
    shown.print(render_run(load_run(folder).summary, width=400))
    assert isinstance(shown.file, io.StringIO)
    assert "\n".join(said) in "\n".join(line.rstrip() for line in shown.file.getvalue().splitlines())
    with open_journal(folder):
        assert client.get("/api/runs/told").json()["stops"] == [said[1].replace("7", "3")], "while it goes on, what is open is no loss"


def test_runs_and_a_run(client: TestClient) -> None:
    assert [r["run"] for r in client.get("/api/runs").json()["runs"]] == ["told"]
    head = client.get("/api/runs/told").json()
    assert head["progress"]["exchanges"] == 5
    assert head["running"] is False
    assert head["choices"]["target"] == ["remembers", "forgets"]
    assert "advice" in head["choices"]["move"]


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ({}, 5),
        ({"target": "forgets"}, 1),
        ({"most": 2}, 2),
        ({"dimension": "callback", "least": 5}, 1),
        ({"move": "advice"}, 3),
        ({"flag": "role_flip"}, 1),
        ({"label": "none"}, 5),
        ({"label": "fine"}, 0),
        ({"worst": "true"}, 2),
        ({"flagged": "true"}, 1),
        ({"cut": "true"}, 0),
        ({"critical_verdict": "true"}, 0),
        ({"q": "biscuit"}, 1),
        ({"q": "rent a VAN"}, 1),
        ({"q": "100%_!"}, 0),
        ({"q": '"reply"'}, 0),
        ({"trial": TRIAL}, 4),
    ],
)
def test_exchanges_are_filtered_and_searched(client: TestClient, wish: dict[str, str | float], found: int) -> None:
    assert len(rows(client, **wish)) == found


def test_rows_have_the_first_line_of_message_and_reply_and_the_worst_of_show(results: Path, client: TestClient) -> None:
    sent = client.get("/api/runs/told/exchanges").json()["rows"]
    trials = {t.id: t for t in load_run(results / "told").trials}
    for row in sent:
        exchange = trials[row["trial"]].sessions[row["session"] - 1].exchanges[row["exchange"] - 1]
        assert exchange.reply is not None
        assert (row["message"], row["reply"]) == (exchange.user.message.splitlines()[0], exchange.reply.text.splitlines()[0])
    worst = [(r["trial"], r["session"], r["exchange"], r["score"]) for r in sent if r["worst"]]
    named = [t.likability.worst for t in load_run(results / "told").summary.targets]
    assert sorted(worst) == sorted((w.trial, w.session, w.exchange, w.score) for w in named if w is not None)


def test_a_conversation_names_those_beside_it_so_that_a_run_need_not_name_all(client: TestClient) -> None:
    near = client.get(f"/api/runs/told/talks/{TRIAL}").json()["beside"]
    assert [(t["target"], t["trial"]) for t in near] == [("remembers", TRIAL), ("forgets", "nora/moving-house/forgets/1")]
    assert not any("nora/moving-house" in json.dumps(value) for value in client.get("/api/runs/told").json().values())


def test_an_answer_that_is_still_being_worked_out_when_the_viewer_ends_leaves_no_traceback() -> None:
    async def never(request: Request) -> Response:
        await asyncio.Event().wait()
        raise AssertionError("it was awaited for ever")

    async def end() -> Response:
        task = asyncio.ensure_future(answering.told(never)(Request({"type": "http", "method": "GET"})))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert asyncio.run(end()).status_code == 503


@pytest.mark.parametrize(("text", "line"), [("", ""), ("\n  \n One.\nTwo.", "One."), ("x" * 400, "x" * 300)])
def test_a_first_line_says_something_and_is_bounded(text: str, line: str) -> None:
    assert first_line(text) == line


def test_the_list_of_runs_says_of_a_run_what_show_says(results: Path, client: TestClient) -> None:
    found = client.get("/api/runs/told/figures").json()
    summary = load_run(results / "told").summary
    assert [t["target"] for t in found["targets"]] == ["remembers", "forgets"]
    for line, target in zip(found["targets"], summary.targets, strict=True):
        assert (line["value"], line["interval"]) == target.likability.primary(summary.primary)
        assert line["sessions"] == [s.fixed_set for s in target.sessions]
    assert found["lost"] == f"{summary.trials.planned - summary.trials.finished} trials lost"
    used_up = "the budget of 5 tokens is used up (5 spent); raise it"
    _append(results / "told", [CallLost(trial="nora/moving-house/forgets/1", part="user_speaks#1", cause="budget", message=used_up)])
    assert client.get("/api/runs/told/figures").json()["why"] == [f"Stopped: {used_up}"], "what is new since the last look is read"
    with open_journal(results / "told"):
        going = client.get("/api/runs/told/figures").json()
        assert (going["lost"], going["why"]) == ("", []), "while it goes on, nothing is lost"


def test_the_comparison_is_what_compare_prints(results: Path, client: TestClient) -> None:
    found = client.get("/api/compare", params={"run": "told"}).json()
    out = Console(width=400, file=io.StringIO())
    out.print(render_comparison(compare_runs(["told"], results=results)))
    assert isinstance(out.file, io.StringIO)
    printed = " ".join(out.file.getvalue().split())
    for block in found["blocks"]:
        for text in (*block["lines"], block["title"], block["caption"], *(" ".join(row[1:]) for row in block["rows"])):
            assert " ".join(text.split()) in printed
    assert any("a − b" in block["headings"] for block in found["blocks"])


def test_the_picture_of_a_comparison_has_the_figures_of_its_table(client: TestClient) -> None:
    found = client.get("/api/compare", params={"run": "told"}).json()
    (strip,) = found["picture"]["strips"]
    table = next(b for b in found["blocks"] if "a − b" in b["headings"])
    printed = dict(zip(table["headings"], table["rows"][0], strict=True))
    assert strip["figure"].lstrip("+−") == printed["a − b"].lstrip("+−")
    assert not strip["figure"].startswith("−"), "the larger side is first"
    assert found["picture"]["zero"] <= strip["at"] <= 100
    assert set(found["colours"]) == {"remembers", "forgets"} == {strip["a"], strip["b"]}
    roles = [b["role"] for b in found["blocks"]]
    assert roles.index("answer") < roles.index("table") < roles.index("notes")


def test_the_figures_are_the_sections_of_show(results: Path, client: TestClient) -> None:
    found = client.get("/api/runs/told/sections").json()["sections"]
    summary = load_run(results / "told").summary
    assert [s["name"] for s in found] == list(sections_of(summary, 400))
    out = Console(width=400, file=io.StringIO())
    out.print(render_run(summary, width=400))
    assert isinstance(out.file, io.StringIO)
    printed = " ".join(out.file.getvalue().split())
    rows = [row for s in found for b in s["blocks"] for row in b["rows"]]
    assert len(rows) > 20
    assert [row for row in rows if " ".join(" ".join(row).split()) not in printed] == []
    assert client.get("/api/runs/nobody/sections").status_code == 404


@pytest.mark.parametrize(
    ("names", "problem"), [([], "name a run"), (["../x"], "not a valid name"), (["nobody"], "there is no run"), (["told"] * 2, "told")]
)
def test_what_cannot_be_compared_is_said_in_one_line(client: TestClient, names: list[str], problem: str) -> None:
    answer = client.get("/api/compare", params={"run": names})
    assert answer.status_code == 404
    assert problem in answer.json()["problem"]


def test_exchanges_are_sorted_and_paged(client: TestClient) -> None:
    assert rows(client, sort="lowest")[0] == ("forgets", 1, 1)
    assert rows(client, sort="newest")[0] == ("forgets", 1, 1)
    assert rows(client, sort="told", offset=1, limit=2) == rows(client, sort="told")[1:3]


@pytest.mark.parametrize(
    "path",
    [
        "/api/runs/other",
        "/api/runs/..",
        "/api/runs/%2e%2e%2fetc",
        "/api/runs/.hidden",
        "/api/runs/" + "a" * 300,
        "/api/runs/a%00b",
        "/api/runs/told/talks/x/y/z/1",
        "/static/../app.py",
        "/static/%2e%2e%2fapp.py",
        "/static/app.py",
    ],
)
def test_what_is_not_there_is_said_in_one_line(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "\n" not in answer.text.strip()


@pytest.mark.parametrize(
    "wish", [{"sort": "oddly"}, {"most": "x"}, {"limit": "-1"}, {"limit": "²"}, {"offset": "9" * 5000}, {"colour": "red"}, {"dimension": "charm"}]
)
def test_a_wish_that_makes_no_sense_is_said_in_one_line(client: TestClient, wish: dict[str, str]) -> None:
    answer = client.get("/api/runs/told/exchanges", params=wish)
    assert answer.status_code in (400, 404)
    assert "problem" in answer.json()


def test_a_transcript_is_the_trial_document(client: TestClient) -> None:
    document = client.get(f"/api/runs/told/talks/{TRIAL}").json()
    assert [len(s["exchanges"]) for s in document["sessions"]] == [3, 1]
    assert document["sessions"][0]["exchanges"][0]["user"] == "I am moving, above the bakery in Mill Lane."


def test_the_queue_begins_with_the_worst(client: TestClient) -> None:
    items = client.get("/api/runs/told/triage").json()["items"]
    assert [(i["target"], i["exchange"]) for i in items][:2] == [("remembers", 3), ("forgets", 1)]


def test_a_label_is_an_event_and_a_second_one_stands_instead(client: TestClient) -> None:
    wish = {"trial": TRIAL, "session": 1, "exchange": 3, "label": "simulator_fault", "note": "flips"}
    assert client.post("/api/runs/told/labels", json=wish).status_code == 200
    assert client.post("/api/runs/told/labels", json={**wish, "label": "fine"}).status_code == 200
    assert rows(client, label="fine") == [("remembers", 1, 3)]
    last = client.get("/api/runs/told/triage").json()["items"][-1]
    assert (last["exchange"], last["label"], last["note"]) == (3, "fine", "flips")


@pytest.mark.parametrize("change", [{"exchange": 9}, {"session": 0}, {"label": "odd"}, {"trial": "x"}, {"note": 3}, {"extra": 1}])
def test_a_label_on_nothing_is_refused(client: TestClient, change: dict[str, object]) -> None:
    wish = {"trial": TRIAL, "session": 1, "exchange": 1, "label": "fine"}
    answer = client.post("/api/runs/told/labels", json={**wish, **change})
    assert answer.status_code == 400
    assert answer.json()["problem"]


def test_a_run_that_is_written_takes_no_label(client: TestClient, results: Path) -> None:
    with open_journal(results / "told"):
        answer = client.post("/api/runs/told/labels", json={"trial": TRIAL, "session": 1, "exchange": 1, "label": "fine"})
    assert answer.status_code == 409
    assert "is being written" in answer.json()["problem"]


@pytest.mark.parametrize("sent", [b"{", b"", b"\xff\xfe{}", b"[" * 60_000])
def test_json_that_is_none_is_refused(client: TestClient, sent: bytes) -> None:
    answer = client.post("/api/runs/told/labels", content=sent)
    assert (answer.status_code, answer.json()) == (400, {"problem": "that is not JSON"})


def test_a_conversation_is_kept_under_a_name_that_is_one(client: TestClient) -> None:
    wish = {"trial": TRIAL, "session": 1, "exchange": 2, "id": "kept-1"}
    assert client.post("/api/runs/told/keep", json=wish).json() == {"path": "scenarios/kept-1.yaml"}
    assert client.post("/api/runs/told/keep", json={**wish, "id": "../kept"}).status_code == 400


async def test_what_is_new_is_looked_for_more_than_once_a_second_and_told(runs: OpenRuns, results: Path) -> None:
    assert EVERY < 0.5
    run = runs.get("told")
    run.catch_up()
    async with run.watched() as news:
        more = Diary(planned("nora/moving-house/forgets/1", target="forgets")).open().exchange(1, ["advice"], reply="Rent a van, then.").exchange(2)
        with open_journal(results / "told") as journal:
            for event in more.events:
                await journal.append(event)
            rows = await asyncio.wait_for(news.get(), CEILING)
    assert [(r.session, r.exchange) for r in rows] == [(1, 2)]


def test_a_session_started_over_puts_its_rows_away(runs: OpenRuns, results: Path) -> None:
    again = [e.model_copy(update={"take": 2}) for e in told_in_full().events[:5]]
    _append(results / "told", again)
    page = runs.get("told").page(Filter(trial=TRIAL), words="", offset=0, limit=50)
    assert [(r.session, r.exchange) for r in page.rows] == [(1, 1)]


def test_what_comes_after_a_withdrawal_is_not_missed(runs: OpenRuns, results: Path) -> None:
    run = runs.get("told")
    run.catch_up()
    trial = "nora/moving-house/forgets/1"
    with open_journal(results / "told") as journal:
        assert journal.withdraw("human:p1", (trial,))
    anew = Diary(planned(trial, target="forgets")).open().exchange(1, ["advice"], reply="Rent a van, then.")
    _append(results / "told", anew.events)
    assert [(r.trial, r.words) for r in run.page(Filter(sort="newest"), words="", offset=0, limit=1).rows] == [(trial, 4)]
    with open_journal(results / "told") as journal:
        assert journal.withdraw("human:p1", (TRIAL,))
    run.reread()
    assert [r.trial for r in run.page(Filter(), words="", offset=0, limit=9).rows] == [trial]


def test_a_report_is_built_again_only_when_something_was_written(runs: OpenRuns, results: Path) -> None:
    built: list[str] = []

    def build(run: OpenRun) -> str:
        built.append(run.folder.name)
        return f"report {len(built)}"

    run = runs.get("told")
    assert [run.report(build), run.report(build)] == ["report 1"] * 2
    more = Diary(planned("nora/moving-house/forgets/1", target="forgets")).open().exchange(1, ["advice"], reply="Rent a van, then.").exchange(2)
    _append(results / "told", more.events)
    assert run.report(build) == "report 2"


async def _first(stream: AsyncIterator[str], count: int) -> list[str]:
    return [await anext(stream) for _ in range(count)]


async def test_news_begin_with_how_far_the_run_has_come(runs: OpenRuns) -> None:
    from sim.present.viewer.app import _news

    run = runs.get("told")
    stream = _news(run)
    (progress,) = await _first(stream, 1)
    await stream.aclose()  # type: ignore[attr-defined]
    assert progress.startswith("event: progress\ndata: ")
    assert json.loads(progress.partition("data: ")[2])["trials"] == len(run.plans)


def test_the_guide_is_served_with_links_that_lead_to_its_pages(client: TestClient) -> None:
    listed = client.get("/guide").text
    names = set(re.findall(r'href="/guide/([\w-]+)', listed))
    assert names == set(topics())
    for name in topics():
        page = client.get(f"/guide/{name}")
        assert page.status_code == 200
        assert f'<a href="/guide/{name}" aria-current=page>' in page.text
        for topic, anchor in re.findall(r'href="/guide/([\w-]+)#([\w-]+)"', page.text):
            assert f'id="{anchor}"' in client.get(f"/guide/{topic}").text, (name, topic, anchor)
    assert "no page 'nothing'" in client.get("/guide/nothing").json()["problem"]
    assert client.get("/guide/..%2F..%2Fpyproject").status_code == 404
