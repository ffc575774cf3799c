"""`sim score LOG` as a user runs it: every format, every document, and every fault with its defined end."""

from __future__ import annotations

import codecs
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Here, sim, sim_json, start
from tests.server import Remote
from tests.waiting import CEILING, until

pytestmark = pytest.mark.usefixtures("clean")

U1, A1 = "My cat ran away.", "I'm so sorry to hear that. What does she look like?"
U2, A2 = "Not yet.", "You could put up a poster. I'm so sorry."
TALK = [{"role": "user", "content": U1}, {"role": "assistant", "content": A1}, {"role": "user", "content": U2}, {"role": "assistant", "content": A2}]
OPENAI = {"id": "a", "session": "nora", "system": "old", "messages": TALK}
SHAREGPT = {"id": "a", "conversations": [{"from": "human" if m["role"] == "user" else "gpt", "value": m["content"]} for m in TALK]}
CSV = "conversation,role,text\n" + "".join(f'a,{m["role"]},"{m["content"]}"\n' for m in TALK)
REPLIES = [(1, ["emotional_expression", "questioning"]), (3, ["advice", "emotional_expression"])]
MEASURES = {
    *("conversations", "pairs", "tagger", "codebook", "stickiness", "base_rate", "excess", "sequential_excess", "pooled", "expected", "jaccard"),
    *("repertoire", "conversation_fit", "carry_over", "moves_per_reply", "words_per_reply", "null", "interval", "per_move", "across_sessions"),
    "templates",
}
"""The keys that the repetition document has been promised to have."""


def write(folder: Path, text: str | bytes, name: str = "log.jsonl") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def lines(*values: Any) -> str:
    return "".join(json.dumps(v) + "\n" for v in values)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return Here(capsys)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("log.jsonl", lines(OPENAI)),
        ("log.json", json.dumps([OPENAI])),
        ("log.json", json.dumps(TALK)),
        ("log.jsonl", lines(SHAREGPT)),
        ("log.csv", codecs.BOM_UTF8 + CSV.replace("\n", "\r\n").encode()),
    ],
)
def test_every_format_gives_the_same_moves(here: Here, tmp_path: Path, name: str, text: str | bytes) -> None:
    found = here.json("score", write(tmp_path, text, name), "--only", "moves")
    assert (found["tagger"], found["codebook"], found["conversations"], found["passed_over"]) == ("offline", "mint", 1, 0)
    assert [(r["index"], sorted(r["moves"])) for r in found["replies"]] == REPLIES
    for row in found["replies"]:
        assert set(row) == {"id", "index", "moves", "sentences"}
        assert all(set(s) == {"text", "moves"} and all(0 <= c <= 1 for c in s["moves"].values()) for s in row["sentences"])
    assert found["replies"][0]["sentences"][1]["text"] == "What does she look like?"


def test_the_repetition_document_has_every_key_it_is_promised_to_have(tmp_path: Path) -> None:
    log = write(tmp_path, lines(*({**OPENAI, "id": str(i), "session": f"p{i % 6}"} for i in range(12))))
    found = sim_json("score", log, "--only", "repetition", cwd=tmp_path)
    assert set(found) >= MEASURES
    assert (found["conversations"], found["pairs"], found["tagger"], found["codebook"]) == (12, 12, "offline", "mint")
    assert (set(found["null"]), found["null"]["conversation"]["permutations"]) == ({"conversation", "order"}, 1000)
    assert set(found["interval"]) <= set(found)
    assert found["jaccard"] == pytest.approx(1 / 3)
    assert found["per_move"]["emotional_expression"]["again"] == 1.0
    assert {name: of["n"] for name, of in found["across_sessions"].items()} == {"opening": 6, "closing": 6}
    assert found["templates"]["share"] == 0.5
    assert "teacher_forced" not in found


def test_without_only_both_stand_in_one_document(here: Here, tmp_path: Path) -> None:
    found = here.json("score", write(tmp_path, lines(OPENAI)))
    assert len(found["replies"]) == 2
    assert set(found["repetition"]) >= MEASURES
    assert found["repetition"]["per_1000_replies"] is None


def test_figures_are_told_apart_by_a_key(here: Here, tmp_path: Path) -> None:
    log = write(tmp_path, lines(OPENAI, {**OPENAI, "system": "new"}, {"messages": TALK}))
    found = here.json("score", log, "--only", "repetition", "--by", "system")
    assert (found["by"], list(found["groups"])) == ("system", ["(none)", "new", "old"])
    assert all(set(group) >= MEASURES for group in found["groups"].values())
    refused = here.sim("score", log, "--by", "sytem")
    assert (refused.returncode, refused.stderr) == (
        2,
        "sim: --by: no conversation has 'sytem'; name a key of the conversations; dots lead into objects\n",
    )


FAULTY = [
    ('{"messages": [{"content": "Hello."}]}', "messages[0] has no role"),
    ("[]", "has no messages"),
    ('[{"role": "system", "content": "Be kind."}]', "has no message of the assistant"),
    ('{"messages": [{"role": "user"', "is not JSON"),
    ('[{"role": "assistant", "content": "Rest.", "moves": ["rest"]}]', "has the unknown move 'rest'"),
]


def test_what_is_wrong_in_the_middle_costs_its_line_alone_and_is_told(tmp_path: Path) -> None:
    text = "\r\n".join([json.dumps(OPENAI), *(line for line, _ in FAULTY), json.dumps({**OPENAI, "id": "b"})])
    log = write(tmp_path, codecs.BOM_UTF8 + text.encode())
    done = sim("score", log, "--only", "moves", "--json", "--tagger", "offline", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    found = json.loads(done.stdout)
    assert (found["conversations"], found["passed_over"], {r["id"] for r in found["replies"]}) == (2, len(FAULTY), {"a", "b"})
    told = done.stderr.splitlines()
    for number, (line, (_, problem)) in enumerate(zip(told, FAULTY, strict=False), 2):
        assert line.startswith(f"sim: {log}:{number}: ")
        assert problem in line
        assert line.endswith("(passed over)")
    assert told[-1] == f"sim: {log}: {len(FAULTY)} passed over"


def test_two_replies_in_a_row_are_a_pair_and_one_turn_has_none(here: Here, tmp_path: Path) -> None:
    twice = here.json("score", write(tmp_path, lines([TALK[0], TALK[1], TALK[3]])), "--only", "repetition")
    assert (twice["pairs"], twice["jaccard"]) == (1, pytest.approx(1 / 3))
    once = here.json("score", write(tmp_path, lines(TALK[:2])), "--only", "repetition")
    assert (once["conversations"], once["pairs"], once["jaccard"], once["stickiness"]) == (1, 0, None, None)
    assert once["notes"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "is empty"),
        (lines([{"role": "system", "content": "Be kind."}]), "nothing in it can be scored: has no message of the assistant"),
        ("{broken}\n", "nothing in it can be scored: is not JSON"),
        (b"\x00\x01\x02", "nothing in it can be scored: is not JSON"),
    ],
)
def test_a_log_of_which_nothing_can_be_scored_is_refused(here: Here, tmp_path: Path, text: str | bytes, problem: str) -> None:
    done = here.sim("score", write(tmp_path, text), "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_labels_of_the_log_are_kept_and_nothing_is_tagged(here: Here, tmp_path: Path) -> None:
    labelled = [TALK[0], {**TALK[1], "sentence_moves": [["advice"], ["advice", "empowerment"]]}]
    done = here.sim("score", write(tmp_path, lines(labelled)), "--only", "moves", "--json", "--tagger", "openai/tagger")
    assert (done.returncode, "has labels of its own" in done.stderr) == (0, True)
    found = json.loads(done.stdout)
    assert (found["tagger"], found["replies"][0]["moves"]) == ("log", ["advice", "empowerment"])
    assert found["replies"][0]["sentences"][0] == {"text": "I'm so sorry to hear that.", "moves": {"advice": 1.0}}


# --- a model as tagger --------------------------------------------------------------------------------------------


def model(server: Remote) -> tuple[str, ...]:
    return "--tagger", "openai/tagger", "--api-base", server.url


def test_a_model_tags_and_its_price_stands_beside(here: Here, server: Remote, tmp_path: Path) -> None:
    log = write(tmp_path, lines(OPENAI, {**OPENAI, "id": "b"}))
    found = here.json("score", log, *model(server))
    assert server.stats()["by_role"] == {"tagger": 4}
    assert (found["tagger"], found["repetition"]["tagger"], found["untagged"]) == ("openai/tagger", "openai/tagger", 0)
    assert [s["text"] for r in found["replies"][:1] for s in r["sentences"]] == ["I'm so sorry to hear that.", "What does she look like?"]
    price = found["repetition"]["per_1000_replies"]
    assert (price["calls"], price["dollars"], price["input_tokens"] > 100_000) == (1000, None, True)
    shown = here.sim("score", log, *model(server))
    assert "1,000 replies take 1,000 calls" in shown.stdout
    assert "tokens out: cost unknown" in shown.stdout


def test_a_codebook_of_ones_own_needs_a_model(here: Here, server: Remote, tmp_path: Path) -> None:
    log, book = write(tmp_path, lines(OPENAI)), tmp_path / "sailors.yaml"
    book.write_text("id: sailors\nsource: the harbour\nmoves:\n  - {id: shanty, definition: Breaks into a shanty.}\n")
    refused = here.sim("score", log, "--codebook", book)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "name a model as tagger" in refused.stderr
    found = here.json("score", log, "--codebook", book, *model(server))
    assert (found["codebook"], list(found["repetition"]["per_move"])) == ("sailors", ["shanty"])


def test_a_server_that_is_down_is_not_asked_for_every_reply(here: Here, server: Remote, tmp_path: Path) -> None:
    server.fault("unauthorized")
    log = write(tmp_path, lines(*({**OPENAI, "id": str(i)} for i in range(20))))
    done = here.sim("score", log, *model(server), "--concurrency", "2", "--only", "moves", "--json")
    assert done.returncode == 3
    assert server.stats()["calls"] <= 3, "the two that failed, and one that was under way"
    found = json.loads(done.stdout)
    assert found["untagged"] == 40
    assert "calls failed, infrastructure" in found["replies"][-1]["why"]


def test_a_budget_ends_the_reading_and_what_was_tagged_is_shown(here: Here, server: Remote, tmp_path: Path) -> None:
    log = write(tmp_path, lines(*({**OPENAI, "id": str(i)} for i in range(40))))
    done = here.sim("score", log, *model(server), "--max-tokens", "20000", "--concurrency", "2", "--only", "repetition", "--json")
    assert done.returncode == 3, done.stderr
    assert "stopped after" in done.stderr
    assert "--max-tokens" in done.stderr
    assert 0 < json.loads(done.stdout)["pairs"] < 40
    assert server.stats()["calls"] < 20


def test_a_limit_that_cannot_hold_is_refused(server: Remote, here: Here, tmp_path: Path) -> None:
    log = write(tmp_path, lines(*({**OPENAI, "id": str(i)} for i in range(20))))
    done = here.sim("score", log, *model(server), "--max-cost", "0.01", "--concurrency", "2", "--only", "moves")
    assert done.returncode == 2
    assert "--max-cost: nobody knows what the tagger (openai/tagger) costs" in done.stderr
    assert server.stats()["calls"] == 0


def test_interrupted_it_ends_in_order(server: Remote, tmp_path: Path) -> None:
    server.fault("hang", role="tagger", start=3, count=1)
    log = write(tmp_path, lines(*({**OPENAI, "id": str(i)} for i in range(40))))
    process = start("score", log, *model(server), "--concurrency", "1", "--only", "repetition", "--json", cwd=tmp_path)
    until(lambda: server.stats()["inflight"] == 1 and server.stats()["answered"] == 2, "the third call hangs")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert any("stopping" in line for line in process.stderr)
    server.release()
    out, errors = process.communicate(timeout=CEILING)
    assert (process.returncode, "Traceback" in errors) == (130, False), errors
    assert json.loads(out)["tagger"] == "openai/tagger"
    assert server.stats()["calls"] == 3


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--tagger", "gpt"], "sim: --tagger: 'gpt' is not a model's name; write it as provider/name, such as openai/gpt-5 or offline/tagger"),
        (["--tagger", "offline/uses"], "sim: unknown tagger 'offline/uses'; write offline/tagger, or name a model such as openai/gpt-5"),
        (["--api-base", "http://127.0.0.1:1/v1"], "sim: --api-base: means nothing to offline models, which run in this process; name a model"),
        (
            ["--tagger", "openai/x", "--api-key-env", "NO_SUCH_KEY"],
            "sim: openai/x takes its key from NO_SUCH_KEY, which is not set; export NO_SUCH_KEY=…",
        ),
        (["--rater", "openai/x"], "sim: openai/x needs OPENAI_API_KEY, which is not set"),
        (["--rater", "gpt"], "sim: --rater: 'gpt' is not a model's name; write it as provider/name, such as openai/gpt-5 or offline/rater"),
        (["--rater", "offline/uses", "--persona", "davi"], "sim: offline/uses cannot play a rater"),
        (
            ["--rater", "offline/rater", "--rater", "offline/friendly"],
            "sim: --rater offline/friendly: is asked a question that another rater is asked",
        ),
        (["--ask", "q.yaml"], "sim: --ask: asks nobody; name who is asked: --rater MODEL"),
        (["--ask", "q.yaml", "--rater", "offline/rater"], "sim: q.yaml: no such file"),
        (["--ratings", "out.csv"], "sim: --ratings: is where ratings are written, and nobody rates; add --rater MODEL"),
        (["--rater", "offline/rater", "--ratings", "no/out.csv"], "sim: no/out.csv: its folder does not exist"),
        (["--only", "moves", "--by", "system"], "sim: --by: asks for figures, and --only moves has none; leave one out"),
        (["--max-cost", "-1"], "sim: --max-cost: must be greater than 0, not -1"),
        (
            ["--tagger", "openai/x", "--api-base", "http://192.0.2.1/v1", "--local-only"],
            "sim: --local-only: the tagger is at 192.0.2.1, outside this machine",
        ),
        (["--codebook", "mimt"], "sim: no codebook"),
    ],
)
def test_flags_that_cannot_be_are_refused_in_one_line(tmp_path: Path, here: Here, flags: list[str], said: str) -> None:
    done = here.sim("score", write(tmp_path, lines(OPENAI)), *flags)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.startswith(said)


def test_what_leaves_the_machine_is_said_before(here: Here, tmp_path: Path) -> None:
    away = ("--tagger", "openai/x", "--api-base", "http://192.0.2.1:9/v1", "--max-minutes", "0.000001")
    done = here.sim("score", write(tmp_path, lines(OPENAI)), *away)
    assert done.stderr.splitlines()[0] == "Leaving this machine: messages of the log to 192.0.2.1 (tagger)."


# --- teacher-forced pairs -----------------------------------------------------------------------------------------


def test_teacher_forced_pairs_are_made_only_where_asked_for_and_stand_under_their_name(here: Here, tmp_path: Path) -> None:
    def talk(id: str, *moves: str) -> dict[str, Any]:
        return {"id": id, "messages": [m for move in moves for m in (TALK[0], {"role": "assistant", "content": "…", "moves": [move]})]}

    own = write(tmp_path, lines(talk("a", "advice", "questioning", "advice"), talk("b", "advice", "advice")))
    people = write(tmp_path, lines(talk("a", "questioning", "validation", "advice")), "people.jsonl")
    found = here.json("score", own, "--teacher-forced", people, "--only", "repetition")
    forced = found["teacher_forced"]
    assert (forced["conversations"], forced["unmatched"], forced["pairs"], forced["pooled"]) == (1, 1, 2, 0.5)
    assert (found["pairs"], found["pooled"]) == (3, pytest.approx(1 / 3))
    shown = " ".join(here.sim("score", own, "--teacher-forced", people).stdout.split())
    assert "Teacher-forced: from the other log's reply to own reply, which is not repetition of oneself" in shown
    unlike = here.sim("score", own, "--teacher-forced", write(tmp_path, lines(OPENAI), "plain.jsonl"))
    assert (unlike.returncode, "their taggers differ" in unlike.stderr) == (2, True)


def test_a_folder_and_a_link_to_nothing_are_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    assert sim("score", "folder.jsonl", cwd=tmp_path).stderr == "sim: folder.jsonl: is a folder, not a file; name a log\n"
    assert sim("score", "loop.jsonl", cwd=tmp_path).stderr == "sim: loop.jsonl: is a link that leads nowhere\n"
    assert sim("score", "none.jsonl", cwd=tmp_path).stderr == "sim: none.jsonl: there is no such file\n"
