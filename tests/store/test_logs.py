"""What becomes of every kind of log, and of everything that can be wrong with one."""

from __future__ import annotations

import codecs
import csv
import json
from pathlib import Path
from typing import Any

import pytest

from sim.core.errors import InputError
from sim.core.logged import Labels, LoggedTalk
from sim.store.logs import Log, PassedOver, json_pieces, tables

MOVES = ("advice", "validation", "questioning")
USER, REPLY = {"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Good day. How are you?"}
TALK = [USER, REPLY]


def log(folder: Path, text: str | bytes, name: str = "log.jsonl", *, by: str | None = None) -> Log:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Log(path, moves=MOVES, by=by)


def talks(found: Log) -> list[LoggedTalk]:
    read = list(found.read())
    assert all(isinstance(f, LoggedTalk) for f in read), read
    return [f for f in read if isinstance(f, LoggedTalk)]


def said(talk: LoggedTalk) -> list[tuple[int, str, str]]:
    return [(r.index, r.user, r.text) for r in talk.replies]


def lines(*values: Any) -> str:
    return "".join(json.dumps(v) + "\n" for v in values)


SHAREGPT = {"id": "a", "conversations": [{"from": "human", "value": "Hello."}, {"from": "gpt", "value": "Good day. How are you?"}]}
CSV = "Conversation,ROLE,Text\na,user,Hello.\na,assistant,Good day. How are you?\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("log.jsonl", lines({"id": "a", "messages": TALK})),
        ("log.ndjson", lines({"id": "a", "messages": TALK})),
        ("log.jsonl", lines({"id": "a", "messages": TALK}).replace("\n", "\r\n\r\n")),
        ("log.jsonl", codecs.BOM_UTF8 + lines({"id": "a", "messages": TALK}).encode()),
        ("log.jsonl", json.dumps([{"id": "a", "messages": TALK}], indent=1)),
        ("log.json", lines({"id": "a", "messages": TALK})),
        ("log.json", json.dumps({"id": "a", "messages": TALK}, indent=2)),
        ("log.json", json.dumps([{"id": "a", "messages": TALK}])),
        ("log.json", codecs.BOM_UTF8 + json.dumps([{"id": "a", "messages": TALK}], indent=2).encode()),
        ("log.json", json.dumps([SHAREGPT])),
        ("log.jsonl", lines(SHAREGPT)),
        ("log", json.dumps([SHAREGPT], indent=2)),
        ("log.csv", CSV),
        ("log.csv", codecs.BOM_UTF8 + CSV.replace("\n", "\r\n").encode()),
        ("log.csv", CSV.replace(",", ";")),
        ("log.tsv", CSV.replace(",", "\t")),
        ("log.txt", CSV),
        ("log.csv", "id,model,from,value\na,m,human,Hello.\na,m,gpt,Good day. How are you?\n"),
        ("log.jsonl", lines({"id": "a", "messages": [USER, {"role": "Assistant", "content": [{"type": "text", "text": "Good day. How are you?"}]}]})),
    ],
)
def test_every_format_tells_the_same(tmp_path: Path, name: str, text: str | bytes) -> None:
    (talk,) = talks(log(tmp_path, text, name))
    assert (talk.id, said(talk)) == ("a", [(1, "Hello.", "Good day. How are you?")])


@pytest.mark.parametrize(
    ("name", "text"),
    [("log.jsonl", lines(TALK, TALK)), ("log.json", lines(TALK, TALK)), ("log.json", json.dumps([TALK, TALK], indent=2)), ("log", lines(TALK, TALK))],
)
def test_bare_lists_are_conversations_called_by_their_number(tmp_path: Path, name: str, text: str) -> None:
    assert [t.id for t in talks(log(tmp_path, text, name))] == ["1", "2"]


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_of_messages_is_one_conversation(tmp_path: Path, indent: int | None) -> None:
    (talk,) = talks(log(tmp_path, json.dumps(TALK * 2, indent=indent), "log.json"))
    assert [r.index for r in talk.replies] == [1, 3]


def test_an_array_longer_than_what_is_read_at_a_time_comes_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_pieces, "CHUNK", 50)
    text = json.dumps(
        [{"id": str(i), "messages": [USER, {"role": "assistant", "content": "né" * i}]} for i in range(1, 60)], indent=1, ensure_ascii=False
    )
    found = talks(log(tmp_path, text, "log.json"))
    assert [(t.id, t.replies[0].text) for t in found] == [(str(i), "né" * i) for i in range(1, 60)]
    assert [text.split("\n")[t.line - 1].strip() for t in found] == ["{"] * 59


def test_what_was_said_to_a_reply_is_everything_since_the_last(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": "Be kind."},
        REPLY,
        USER,
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "42"},
        {"role": "user", "content": "There?"},
        {"role": "assistant", "content": "  "},
        REPLY,
        REPLY,
    ]
    (talk,) = talks(log(tmp_path, lines(messages)))
    assert [(index, user) for index, user, _ in said(talk)] == [(1, ""), (7, "Hello.\nThere?"), (8, "")]


def test_tools_are_evidence_for_the_reply_that_they_were_used_for(tmp_path: Path) -> None:
    def call(name: str) -> dict[str, Any]:
        return {"id": name, "type": "function", "function": {"name": name, "arguments": "{}"}}

    messages: list[dict[str, Any]] = [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call("one"), call("two")]},
        {"role": "tool", "tool_call_id": "two", "content": "2"},
        {"role": "tool", "tool_call_id": "one", "content": "1 \ud800"},
        {**REPLY, "tool_calls": [call("three")]},
        {"role": "tool", "tool_call_id": "three", "content": [{"type": "text", "text": "3"}]},
        REPLY,
        USER,
        {"from": "function_call", "value": '{"name": "four", "arguments": {"a": 1}}'},
        {"from": "observation", "value": "4"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "five", "input": {}}, {"type": "text", "text": "Done, I think."}]},
        {"role": "tool", "content": "too late"},
    ]
    (talk,) = talks(log(tmp_path, lines(messages)))
    assert [[(u.name, u.arguments, u.result) for u in r.tools] for r in talk.replies] == [
        [("one", "{}", "1 \ufffd"), ("two", "{}", "2"), ("three", "{}", "3")],
        [],
        [("four", '{"a": 1}', "4"), ("five", "{}", None)],
    ]


def bad(message: Any) -> str:
    return json.dumps([USER, message])


LABELLED = {"role": "assistant", "content": "Rest."}
FAULTS = {
    "no JSON": ('{"messages": [', "is not JSON at character"),
    "NaN": ("NaN", "is a number, not a conversation"),
    "a number": ("7", "is a number, not a conversation"),
    "a text": ('"hello"', "is a text, not a conversation"),
    "no messages": ('{"id": "a"}', "has no 'messages'"),
    "messages is not a list": ('{"messages": "hello"}', "'messages' is a text"),
    "empty conversation": ("[]", "has no messages"),
    "only system": ('[{"role": "system", "content": "Be kind."}]', "has no message of the assistant"),
    "only the user": ('[{"role": "user", "content": "Hello?"}]', "has no message of the assistant"),
    "only tool calls": ('[{"role": "assistant", "content": null, "tool_calls": []}]', "has no message of the assistant"),
    "missing role": (bad({"content": "Rest."}), "messages[1] has no role"),
    "null role": (bad({"role": None, "content": "Rest."}), "messages[1] has no role"),
    "number for a role": (bad({"role": 1, "content": "Rest."}), "messages[1] has a number for a role"),
    "unknown role": (bad({"role": "assistent", "content": "Rest."}), "messages[1] has the unknown role 'assistent'; did you mean 'assistant'?"),
    "message is a text": (bad("Rest."), "messages[1] is a text"),
    "NaN for content": (bad({"role": "assistant", "content": float("nan")}), "messages[1] has a number for content"),
    "object for content": (bad({"role": "assistant", "content": {"text": "Rest."}}), "messages[1] has an object for content"),
    "NUL": (bad({"role": "assistant", "content": "Re\0st."}), "messages[1] holds a NUL"),
    "half a surrogate": (bad({"role": "assistant", "content": "\ud83d"}), "messages[1] holds bytes that are not UTF-8, or half a surrogate"),
    "unknown label": (bad(LABELLED | {"moves": ["advise"]}), "messages[1].moves has the unknown move 'advise'; did you mean 'advice'?"),
    "unknown sentence label": (bad(LABELLED | {"sentence_moves": [[], ["x"]]}), "messages[1].sentence_moves[1] has the unknown move 'x'"),
    "moves is a text": (bad(LABELLED | {"moves": "advice"}), "messages[1].moves is a text"),
    "moves holds null": (bad(LABELLED | {"moves": [None]}), "messages[1].moves holds null"),
    "sentence_moves is flat": (bad(LABELLED | {"sentence_moves": ["advice"]}), "messages[1].sentence_moves[0] is a text"),
    "labels disagree": (bad(LABELLED | {"moves": ["advice"], "sentence_moves": [["validation"]]}), "is not the union of its sentence_moves"),
    "id is a list": (json.dumps({"id": [1], "messages": TALK}), "its id is a list"),
    "session is a fraction": (json.dumps({"session": 1.5, "messages": TALK}), "its session is a number"),
    "nested too deeply": ("[" * 200_000, "is nested too deeply"),
    "a number too long": ("[" + "9" * 10_000 + "]", "a number in it is too long"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_its_line_alone(tmp_path: Path, fault: str) -> None:
    text, problem = FAULTS[fault]
    before, found, after = log(tmp_path, f"{json.dumps(TALK)}\n{text}\n{json.dumps(TALK)}\n").read()
    assert isinstance(before, LoggedTalk)
    assert isinstance(after, LoggedTalk)
    assert isinstance(found, PassedOver)
    assert found.line == 2
    assert problem in f"{found.problem}; {found.mend}"


def test_bytes_that_are_no_text_cost_their_line_alone(tmp_path: Path) -> None:
    good = json.dumps(TALK).encode()
    found = list(log(tmp_path, b"\n".join([good, good.replace(b"Good", b"\xff"), b"\0" * 100, good])).read())
    assert [f.problem if isinstance(f, PassedOver) else f.id for f in found] == [
        "1",
        f"is not UTF-8 at byte {good.index(b'Good') + 1}",
        "is not JSON at character 1: Expecting value",
        "4",
    ]


def test_a_line_too_long_for_the_memory_is_not_held_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_pieces, "MAX_CONVERSATION", 500)
    monkeypatch.setattr(json_pieces, "CHUNK", 100)
    found = list(log(tmp_path, lines(TALK, [USER, {"role": "assistant", "content": "la " * 500}], TALK)).read())
    assert [(f.line, isinstance(f, PassedOver)) for f in found] == [(1, False), (2, True), (3, False)]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (f"[{json.dumps(TALK)},\n{{broken}},\n{json.dumps(TALK)}]", 2, "conversation 2 is not JSON at character"),
        (f"[{json.dumps(TALK)},\n", 2, "the array has no end"),
        (f"[{json.dumps(TALK)}]\n[]", 2, "is more than one JSON value"),
        (f"[{json.dumps(TALK)},\n 7]", 2, "is a number, not a conversation"),
    ],
)
def test_an_array_is_read_up_to_its_first_fault(tmp_path: Path, text: str, line: int, problem: str) -> None:
    good, found = log(tmp_path, text, "log.json").read()
    assert isinstance(good, LoggedTalk)
    assert isinstance(found, PassedOver)
    assert (found.line, problem in found.problem) == (line, True), found


@pytest.mark.parametrize(
    ("rows", "line", "problem"),
    [
        ("b,user\n", 4, "has 2 cells where the first line has 3"),
        ("b,assistant,So, so\n", 4, "has 4 cells where the first line has 3"),
        ("b,,Hello.\n", 4, "messages[0] has no role"),
        ("b,user,Hello.\nb,narrator,Night.\n", 5, "messages[1] has the unknown role 'narrator'"),
        ("b,user,Hello.\n", 4, "has no message of the assistant"),
        ('b,user,"Two\nlines"\nb,assistant,a\0b\n', 6, "messages[1] holds a NUL"),
        ("b,assistant,\udcff\n", 4, "messages[0] holds bytes that are not UTF-8"),
        ("b,assistant,Yes.\na,assistant,Again.\n", 5, "the rows of conversation 'a' are in two places"),
    ],
)
def test_a_bad_row_costs_its_conversation(tmp_path: Path, rows: str, line: int, problem: str) -> None:
    text = (CSV + rows + "c,assistant,Yes.\n").encode("utf-8", "surrogateescape")
    found = list(log(tmp_path, text, "log.csv").read())
    faults = [f for f in found if isinstance(f, PassedOver)]
    assert [f.id for f in found if isinstance(f, LoggedTalk) and f.id != "b"] == ["a", "c"]
    assert [(f.line, problem in f.problem) for f in faults] == [(line, True)], faults


def test_a_quote_without_an_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_CONVERSATION", 1_000)
    text = CSV + 'b,assistant,"Yes\n' + "b,assistant,No.\n" * 100 + "c,assistant,Yes.\n"
    old = csv.field_size_limit()
    try:
        found = list(log(tmp_path, text, "log.csv").read())
    finally:
        csv.field_size_limit(old)
    assert [f.problem.split(":")[0] if isinstance(f, PassedOver) else f.id for f in found] == [
        "is not CSV",
        "the first rows of conversation 'b' may be lost",
        "c",
    ]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("log.jsonl", b"", "is empty"),
        ("log.json", b" \n ", "is empty"),
        ("log.csv", codecs.BOM_UTF8, "is empty"),
        ("log.csv", b"who,what\n", "the first line does not name the columns"),
        ("log.txt", b"Dear diary\n", "is not a log that can be told"),
        ("log.jsonl", lines(TALK).encode("utf-16"), "is UTF-16"),
    ],
)
def test_a_file_that_is_no_log_is_refused(tmp_path: Path, name: str, text: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        list(log(tmp_path, text, name).read())


def test_labels_are_read_by_sentence_or_as_a_set(tmp_path: Path) -> None:
    marked = {"moves": ["advice", "questioning"], "sentence_moves": [["questioning"], [], ["advice"]]}
    bare = {"role": "assistant", "moves": []}
    found = log(tmp_path, lines([USER, REPLY | marked, USER, REPLY | {"moves": ["advice"]}, USER, bare, USER, REPLY]))
    (talk,) = talks(found)
    assert [r.labels for r in talk.replies] == [
        Labels(frozenset({"advice", "questioning"}), (("questioning",), (), ("advice",))),
        Labels(frozenset({"advice"})),
        Labels(frozenset()),
        None,
    ]
    assert found.is_labelled()


def test_one_labelled_conversation_labels_the_log_wherever_it_stands(tmp_path: Path) -> None:
    some, none = [USER, REPLY | {"moves": ["advice"]}], [USER, REPLY]
    wrong, quoted = [USER, REPLY | {"moves": ["x"]}], [USER, {"role": "assistant", "content": 'He said "moves".'}]
    assert log(tmp_path, lines(none, none, some)).is_labelled()
    assert not log(tmp_path, lines(none, wrong, quoted)).is_labelled()


def placed(found: Log) -> list[tuple[str, int] | str]:
    return [f.problem if isinstance(f, PassedOver) else (f.person, f.session) for f in found.read()]


def test_a_text_in_session_names_a_person_and_a_number_a_place(tmp_path: Path) -> None:
    keys: list[dict[str, Any]] = [{"session": "ann"}, {"session": "ben"}, {"id": "x", "session": "ann"}, {"id": "x"}, {"session": None}]
    assert placed(log(tmp_path, lines(*(k | {"messages": TALK} for k in keys)))) == [("ann", 1), ("ben", 1), ("ann", 2), ("", 1), ("", 1)]
    keys = [{"id": "ann", "session": 2}, {"id": "ann", "session": 1}, {"id": "ben", "session": 1}, {"id": "ann", "session": 2}, {"session": 7}]
    assert placed(log(tmp_path, lines(*(k | {"messages": TALK} for k in keys)))) == [
        ("ann", 2),
        ("ann", 1),
        ("ben", 1),
        "is a second session 2 of 'ann'",
        ("7", 1),
    ]


def test_a_table_has_sessions_too(tmp_path: Path) -> None:
    rows = "".join(f"{c},{s},assistant,Yes.\n" for c, s in (("ann", "1"), ("ann", "2"), ("b", "ben"), ("c", "ben"), ("d", "")))
    assert placed(log(tmp_path, "conversation,session,role,text\n" + rows, "log.csv")) == [("ann", 1), ("ann", 2), ("ben", 1), ("ben", 2), ("", 1)]


def test_a_group_is_found_by_key_by_path_and_by_column(tmp_path: Path) -> None:
    metas: list[dict[str, Any]] = [{"meta": {"model": "m"}}, {"meta.model": "flat"}, {"meta": {"model": 3}}, {"meta": {"model": {}}}, {}]
    found = log(tmp_path, lines(*(m | {"messages": TALK} for m in metas)), by="meta.model").read()
    assert [f.group if isinstance(f, LoggedTalk) else f.problem for f in found] == ["m", "flat", "3", "its meta.model is an object", None]
    (talk,) = talks(log(tmp_path, "Model,conversation,role,text\ngpt,a,assistant,Yes.\n", "log.csv", by="Model"))
    assert talk.group == "gpt"
