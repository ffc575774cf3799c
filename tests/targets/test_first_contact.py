"""First contact without a network: what is read out of a curl command, a request and an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sim.core.errors import InputError
from sim.core.spec import HttpSpec
from sim.core.tools import read_tools
from sim.targets.first_contact.curl import parse_curl
from sim.targets.first_contact.exchange import GREETING as SAID
from sim.targets.first_contact.naming import read_name
from sim.targets.first_contact.request import Draft, draft_request, draft_url
from sim.targets.first_contact.response import read_response
from sim.targets.template import Filling, at, find_text

URL = "http://127.0.0.1:1/chat"


def draft(command: str, **environ: str) -> Draft:
    made = draft_request(parse_curl(command), environ, prefix="MYBOT")
    HttpSpec.model_validate({**made.fields, "reply": "$"})
    return made


def body(value: Any) -> Any:
    return draft(f"curl {URL} -d '{json.dumps(value)}'").fields.get("body")


# --- curl -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "method", "parsed"),
    [
        (f"curl {URL} -d '{{\"a\": 1}}'", "POST", {"a": 1}),
        (f"curl -XPUT {URL} -sSNd '{{\"a\": 1}}'", "PUT", {"a": 1}),
        (
            f"curl '{URL}' \\\n  -H 'content-type: application/json' \\\n  --data-raw $'{{\"a\":\"it\\'s \\u00e9\"}}' --compressed",
            "POST",
            {"a": "it's é"},
        ),
        (f"curl --json='{{\"a\": 1}}' --url {URL}", "POST", {"a": 1}),
        (f"$ curl --request POST {URL} --data-binary 'hello there'", "POST", "hello there"),
        (f"curl -G {URL} -d q=hi", "GET", None),
    ],
)
def test_a_curl_command_is_read_as_curl_would(command: str, method: str, parsed: object) -> None:
    read = parse_curl(command)
    assert (read.method, read.body) == (method, parsed)
    assert read.url.startswith(URL)


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (f"curl {URL} -u me:hush-hush", "-u is not understood here; send it as a header"),
        (f"curl {URL} -d @body.json", "is a file, which is not read; put the body itself there"),
        (f"curl {URL} -b jar.txt", "is a file, which is not read; write the cookie itself"),
        (f'curl ^"{URL}^" ^\n -H ^"a: b^"', "quoted for the Windows prompt"),
        (f'curl {URL} -d \'{{"a": ', "cut short"),
        (f"curl {URL} -d '{{a: b}}'", "the body is not JSON"),
        (f"curl {URL} -F message=hi", "-F is not understood"),
        (f"curl {URL} -d 'message=hi&user=me'", "the body is a form"),
        (f"curl {URL} -d '{{}}' | jq .reply", "more than one command"),
        ("wget http://127.0.0.1/", "does not begin with curl"),
        ("curl ftp://127.0.0.1/", "is not an http"),
        ("curl https://me:hush-hush@127.0.0.1/", "carries a user name or password"),
    ],
)
def test_what_cannot_be_repeated_is_refused_in_one_line(command: str, complaint: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_curl(command)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "hush-hush" not in str(refused.value)


# --- the request ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"message": "hi", "user_id": "u1"}, {"message": "{message}", "user_id": "{user_id}"}),
        (
            {"input": {"text": "hi there"}, "threadId": 7, "lang": "en"},
            {"input": {"text": "{message}"}, "threadId": "{session_id}", "lang": "en"},
        ),
        ({"user": {"id": "u1", "locale": "de"}, "query": "hi"}, {"user": {"id": "{user_id}", "locale": "de"}, "query": "{message}"}),
        ({"frage": "How are you?", "session": "s"}, {"frage": "{message}", "session": "{session_id}"}),
        ({"text": "{message} please", "uid": "{user_id}"}, {"text": "{message} please", "uid": "{user_id}"}),
        (
            {"model": "m", "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}], "max_tokens": 5},
            {"model": "m", "messages": [{"role": "system", "content": "Be kind."}, "{messages}"], "max_tokens": 5},
        ),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}, {"messages": "{messages}"}),
    ],
)
def test_message_user_and_session_are_found_by_name_and_shape(sent: object, expected: object) -> None:
    assert body(sent) == expected


def test_a_system_message_stays_in_front_of_the_session() -> None:
    template = body({"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}]})
    talk = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}, {"role": "user", "content": "three"}]
    assert Filling({}, talk, {}).body(template) == {"messages": [{"role": "system", "content": "Be kind."}, *talk]}


def test_ids_are_found_in_path_query_and_headers() -> None:
    there = "http://127.0.0.1:1/sessions/0b8f5c1e-3d0a-4c56-9b3e-0d9f1a2b3c4d/say?uid=u1&v=2"
    made = draft(f"curl '{there}' -H 'X-Conversation-Id: abc' -d '{{\"message\": \"hi\"}}'")
    assert made.fields["url"] == "http://127.0.0.1:1/sessions/{session_id}/say?uid={user_id}&v=2"
    assert made.fields["headers"] == {"X-Conversation-Id": "{session_id}"}


def test_where_nothing_names_the_user_headers_do_and_it_is_said() -> None:
    made = draft(f'curl {URL} -d \'{{"message": "hi"}}\'')
    assert made.fields["headers"] == {"X-User-Id": "{user_id}", "X-Session-Id": "{session_id}"}
    assert [f.about for f in made.findings if f.mark == "warning"] == ["user"]


def test_a_rival_for_the_message_is_named() -> None:
    (found,) = [f for f in draft(f'curl {URL} -d \'{{"prompt": "hi", "text": "ho", "user": "u"}}\'').findings if f.about == "message"]
    assert "goes into prompt; text could be it too" in found.said


def test_a_request_without_a_message_is_refused() -> None:
    with pytest.raises(InputError, match=r"write \{message\} where the message goes"):
        body({"n": 1, "user_id": "u"})


@pytest.mark.parametrize(
    "where",
    [
        "-H 'Authorization: Bearer SECRET'",
        "-H 'X-API-Key: SECRET'",
        "-b 'sid=SECRET'",
        "-H 'Cookie: sid=SECRET'",
        "-H 'X-Whatever: SECRET'",
        "-G -d key=SECRET -d q=hi",
        "-H 'Referer: https://shop.example/chat/SECRET?x=1'",
        "-H 'Referer: https://shop.example/chat?page=SECRET'",
        "-H 'X-Trace: a; b=SECRET; c'",
    ],
)
def test_a_secret_becomes_the_name_of_a_variable(where: str) -> None:
    secret = "a8Df3kPq0ZxW7vLm2Nc5"
    more = "" if "-G" in where else ' -d \'{"message": "hi", "user_id": "u"}\''
    made = draft(f"curl {URL} {where.replace('SECRET', secret)}{more}")
    assert secret not in json.dumps(made.fields) + repr(made.findings)
    assert "${MYBOT_KEY}" in json.dumps(made.fields)
    assert secret in made.secrets["MYBOT_KEY"]


LONG = "a8Df3kPq0ZxW7vLm2Nc5"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (f"https://api.telegram.org/bot123456789:AA{LONG}/sendMessage", "https://api.telegram.org/bot123456789:${MYBOT_KEY}/sendMessage"),
        (f"https://bots.example/{LONG}/chat", "https://bots.example/${MYBOT_KEY}/chat"),
        (f"https://bots.example/hook-{LONG}?v=2", "https://bots.example/${MYBOT_KEY}?v=2"),
        (f"https://bots.example/chat?where={LONG}", "https://bots.example/chat?where=${MYBOT_KEY}"),
        ("https://my-bot-2-in-production-eu.example/chat-completions-v2", "https://my-bot-2-in-production-eu.example/chat-completions-v2"),
    ],
)
def test_a_key_in_the_url_becomes_a_variable(url: str, kept: str) -> None:
    made = draft(f'curl {url} -d \'{{"message": "hi", "user_id": "u"}}\'')
    assert made.fields["url"] == kept
    assert LONG not in json.dumps(made.fields) + repr(made.findings)


def test_a_key_in_a_field_that_does_not_say_so_becomes_a_variable() -> None:
    made = body(
        {"message": "hi", "user": "u", "auth": {"type": "bearer", "value": "hush-hush"}, "model": "gpt-4o-mini-2024-07-18", "meta": [{"x": LONG}]}
    )
    assert made["auth"] == {"type": "bearer", "value": "${MYBOT_KEY}"}
    assert made["model"] == "gpt-4o-mini-2024-07-18"
    assert made["meta"] == [{"x": "${MYBOT_KEY_2}"}]
    talk = [{"role": "system", "content": f"Call the shop with {LONG} only."}, {"role": "user", "content": "hi"}]
    assert body({"messages": talk, "user": "u"})["messages"][0]["content"] == "Call the shop with ${MYBOT_KEY} only."


def test_a_secret_in_the_body_becomes_a_variable_too() -> None:
    assert body({"message": "hi", "user": "u", "api_key": "hush-hush"}) == {"message": "{message}", "user": "{user_id}", "api_key": "${MYBOT_KEY}"}


def test_a_variable_of_the_shell_keeps_its_name_and_must_be_set() -> None:
    command = f'curl {URL} -H \'Authorization: Bearer $OUR_KEY\' -d \'{{"message": "hi", "user": "u"}}\''
    made = draft(command, OUR_KEY="hush-hush")
    assert (made.fields["headers"], made.secrets) == ({"Authorization": "Bearer ${OUR_KEY}"}, {})
    with pytest.raises(InputError, match="OUR_KEY, which is not set"):
        draft(command)


def test_a_taken_name_is_not_taken_again_and_a_known_value_keeps_its_name() -> None:
    command = f'curl {URL} -H \'Authorization: Bearer hush-hush\' -d \'{{"message": "hi", "user": "u"}}\''
    assert draft(command, MYBOT_KEY="another").secrets == {"MYBOT_KEY_2": "hush-hush"}
    assert draft(command, MYBOT_KEY="hush-hush").secrets == {}


def test_a_url_alone_is_taken_for_what_it_looks_like() -> None:
    assert draft_url(URL).body == {"message": "Hi", "user_id": "someone", "session_id": "today"}
    asked = draft_url("http://127.0.0.1:1/v1")
    assert asked.url == "http://127.0.0.1:1/v1/chat/completions"
    assert isinstance(asked.body, dict)
    assert "messages" in asked.body


# --- the answer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({"reply": "Hello you.", "echo": {"message": SAID}}, "reply"),
        ({"id": "chatcmpl-1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}}]}, "choices[0].message.content"),
        ({"status": "ok", "data": {"answer": "Hello."}, "message": "success"}, "data.answer"),
        ({"output": [{"type": "message", "content": [{"type": "output_text", "text": "Hello."}]}]}, "output[0].content[0].text"),
        ([{"recipient_id": "u1", "text": "Hello."}], "$[0].text"),
        ({"antwort": "All well here.", "trace": "0f3a9c77aa01be5512"}, "antwort"),
    ],
)
def test_the_reply_is_found_in_json(answer: object, path: str) -> None:
    read = read_response(json.dumps(answer), "application/json", said=SAID)
    assert (read.path, read.stream) == (path, "none")
    HttpSpec(url=URL, reply=read.path)


def test_two_likely_replies_are_both_named() -> None:
    read = read_response(json.dumps({"answer": "Hello you there.", "text": "Another thing."}), "application/json", said=SAID)
    assert read.path == "answer"
    assert "text could be the reply too; to take that, change reply:" in read.findings[1].said


@pytest.mark.parametrize(
    ("answer", "path", "stream", "text"),
    [
        (
            'data: {"delta": {"text": "Hel"}}\n\ndata: {"delta": {"text": "lo."}}\n\ndata: {"done": true, "text": "Hello."}\n\n',
            "delta.text",
            "sse",
            "Hello.",
        ),
        ("data: Hel\n\ndata: lo.\n\ndata: [DONE]\n\n", "$", "sse", "Hello."),
        ('{"message": {"content": "Hel"}}\n{"message": {"content": "lo."}, "done": true}\n', "message.content", "lines", "Hello."),
        ("Hello.", "$", "none", "Hello."),
    ],
)
def test_the_reply_is_found_in_streams_and_plain_text(answer: str, path: str, stream: str, text: str) -> None:
    read = read_response(answer, "", said=SAID)
    assert (read.path, read.stream, read.text) == (path, stream, text)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("", "nothing at all"),
        ("<!DOCTYPE html><html><title>Sign in</title></html>", "a web page (“Sign in”), not with JSON"),
        ('{"ok": true, "id": "77"}', "nothing in what came looks like a reply"),
        ('{"reply": ""}', "nothing in what came looks like a reply"),
        ('{"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]}', "the whole talk comes back"),
        ('data: {"text": "Hel"}\n\ndata: {"text": "Hello"}\n\ndata: {"text": "Hello."}\n\n', "repeat the reply so far"),
    ],
)
def test_an_answer_without_a_reply_is_refused_in_one_line(answer: str, complaint: str) -> None:
    with pytest.raises(InputError) as refused:
        read_response(answer, "", said=SAID)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["nonsense", "bots.py", "127.0.0.1:80/x", "openai/", "curl http://h"])
def test_what_is_no_target_is_refused_with_the_mend(name: str) -> None:
    with pytest.raises(InputError, match="; "):
        read_name(name, id="bot")


# --- tools ----------------------------------------------------------------------------------------------------------

CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "a sunny town by the sea"}'}}
OF_OPENAI = {"choices": [{"message": {"content": "It is warm.", "tool_calls": [CALL]}}]}
USE = {"type": "tool_use", "id": "t", "name": "weather", "input": {"text": "a sunny town by the sea"}}


@pytest.mark.parametrize(
    ("answer", "reply", "tools"),
    [
        (OF_OPENAI, "choices[0].message.content", "choices[0].message.tool_calls"),
        ({"choices": [{"message": {"tool_calls": None, "content": "It is warm."}}]}, "choices[0].message.content", "choices[0].message.tool_calls"),
        ({"content": [USE, {"type": "text", "text": "It is warm."}]}, "content", "content"),
        (
            {"candidates": [{"content": {"parts": [{"text": "It is warm."}, {"functionCall": {"name": "weather", "args": {}}}]}}]},
            "candidates[0].content.parts",
            "candidates[0].content.parts",
        ),
        ({"reply": "It is warm.", "steps": [{"tool": "weather", "input": "a town", "output": "It is very warm there."}]}, "reply", "steps"),
        ({"reply": "It is warm.", "steps": ["think", "speak"]}, "reply", None),
        ({"reply": "It is warm.", "tools": {"count": 3}}, "reply", None),
        ({"reply": "It is warm.", "tools": [{"type": "function", "name": "weather", "parameters": {}}]}, "reply", None),
        ({"reply": "It is warm.", "tools": [{"type": "function", "function": {"name": "weather", "description": ""}}]}, "reply", None),
        ({"reply": "It is warm."}, "reply", None),
    ],
)
def test_where_tools_are_told_is_found_and_is_not_taken_for_the_reply(answer: Any, reply: str, tools: str | None) -> None:
    read = read_response(json.dumps(answer), "application/json", said=SAID)
    assert (read.path, read.text, read.tools) == (reply, "It is warm.", tools)
    assert [f.about for f in read.findings] == (["reply", "tools"] if tools else ["reply"])
    http = HttpSpec.model_validate({"url": URL, "body": {"m": "{message}", "user": "{user_id}"}, "reply": read.path, "tools": read.tools})
    assert find_text(answer, http.reply) == "It is warm."
    assert len(read_tools(at(answer, http.tools), clean=str)) == (1 if tools and "null" not in json.dumps(answer) else 0)


def test_where_a_stream_tells_of_tools_is_found_too() -> None:
    deltas = [{"tool_calls": [{"index": 0, **CALL}]}, {"content": "It is"}, {"content": " warm."}]
    text = "".join(f"data: {json.dumps({'choices': [{'delta': d}]})}\n\n" for d in deltas)
    read = read_response(text, "text/event-stream", said=SAID)
    assert (read.path, read.text, read.tools) == ("choices[0].delta.content", "It is warm.", "choices[0].delta.tool_calls")


def test_an_answer_of_tools_alone_has_nothing_like_a_reply() -> None:
    with pytest.raises(InputError, match="nothing in what came looks like a reply"):
        read_response(json.dumps({"choices": [{"message": {"content": None, "tool_calls": [CALL]}}]}), "application/json", said=SAID)
