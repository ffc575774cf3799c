"""What a conversation says of itself, and each of its messages of who speaks, what is said and which tools were used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from sim.core.errors import nearest
from sim.core.logged import LoggedReply
from sim.store.logs.pieces import Fault, Json, kind

OWN: Final = frozenset(("assistant", "gpt", "model", "bot", "chatbot", "ai", "chatgpt"))
OTHERS: Final = frozenset(("user", "human", "prompter"))
CALLS: Final = frozenset(("function_call", "tool_call"))
"""Roles of what a tool is called with, in a message of its own."""
TOOLS: Final = frozenset(("tool", "tools", "function", "observation")) | CALLS
PASSED_OVER: Final = frozenset(("system", "developer")) | TOOLS

_MESSAGES: Final = ("messages", "conversations", "conversation")


class Sessions:
    """Which session of which person a conversation is."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._taken: set[int] = set()

    def place(self, name: str, session: str | int | None, from_csv: bool) -> tuple[str, int]:
        """Person and place; the person is empty where there is no `session`.

        Raises:
            Fault: the place is taken.
        """
        if session is None:
            return "", 1
        if from_csv and isinstance(session, str) and session.isdecimal():
            session = int(session)
        if isinstance(session, int) and name:
            if hash((name, session)) in self._taken:
                raise Fault(f"is a second session {session} of '{name[:80]}'", "number the sessions of one person, or give each person an id")
            self._taken.add(hash((name, session)))
            return name, session
        person = str(session)
        self._counts[person] = self._counts.get(person, 0) + 1
        return person, self._counts[person]


def open_conversation(value: Json) -> tuple[Mapping[str, Json], list[Json]]:
    """A conversation's own keys, and its messages."""
    if isinstance(value, list):
        return {}, value
    if not isinstance(value, dict):
        raise Fault(f"is {kind(value)}, not a conversation", 'write {"messages": [{"role": …, "content": …}, …]}')
    for key in _MESSAGES:
        if key in value:
            messages = value[key]
            if not isinstance(messages, list):
                raise Fault(f"'{key}' is {kind(messages)}", "write a list of messages")
            return value, messages
    raise Fault("has no 'messages'", 'write {"messages": [{"role": …, "content": …}, …]}')


def role_of(message: Mapping[str, Json], i: int) -> str:
    """Who speaks in message `i`, in small letters."""
    role = message.get("role", message.get("from"))
    if role is None or role == "":
        raise Fault(f"messages[{i}] has no role", "say who speaks: user or assistant", i)
    if not isinstance(role, str):
        raise Fault(f"messages[{i}] has {kind(role)} for a role", "say who speaks: user or assistant", i)
    known = role.strip().lower()
    if known not in OWN and known not in OTHERS and known not in PASSED_OVER:
        raise Fault(f"messages[{i}] has the unknown role '{role[:80]}'", nearest(known[:80], ("assistant", "user", "system", "tool")), i)
    return known


def text_of(message: Mapping[str, Json], i: int) -> str:
    """What message `i` says; empty where it says nothing."""
    content = message.get("content", message.get("value"))
    if isinstance(content, list):
        content = "\n".join(filter(None, map(_part, content)))
    if content is None:
        return ""
    if not isinstance(content, str):
        raise Fault(f"messages[{i}] has {kind(content)} for content", "write a text", i)
    if "\0" in content:
        raise Fault(f"messages[{i}] holds a NUL character", "a NUL is not text; take it out", i)
    if not content.isascii():
        try:
            content.encode()
        except UnicodeEncodeError:
            raise Fault(f"messages[{i}] holds bytes that are not UTF-8, or half a surrogate", "save the file as UTF-8", i) from None
    return content


def calls_of(message: Mapping[str, Json]) -> list[Json]:
    """The tools that a message of the assistant calls."""
    content = message.get("content")
    parts = [p for p in content if isinstance(p, dict) and p.get("type") in ("tool_use", "tool_result")] if isinstance(content, list) else []
    called = message.get("tool_calls") or message.get("function_call") or []
    return [*(called if isinstance(called, list) else [called]), *parts]


def put_evidence(message: dict[str, Json], role: str, used: list[Json], made: list[tuple[LoggedReply, list[Json]]]) -> None:
    """Put a tool's message with what the reply to come will have used, or with the reply that called it by its id."""
    told = message.get("content", message.get("value"))
    if role in CALLS:
        try:
            called = json.loads(told) if isinstance(told, str) else told
        except (ValueError, RecursionError):
            called = told
        used.append(called)
        return
    result: dict[str, Json] = {**message, "role": "tool", "content": told}
    id = message.get("tool_call_id")
    own = id is not None and made and any(isinstance(call, dict) and call.get("id") == id for call in made[-1][1])
    (made[-1][1] if own else used).append(result)


def printable(text: str) -> str:
    """`text` as it can be kept."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _part(part: Json) -> str:
    """What one of OpenAI's content parts says; images and the like say nothing."""
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else ""


def is_message(value: Json) -> bool:
    """Whether it is one message, not a conversation."""
    return isinstance(value, dict) and ("role" in value or "from" in value) and not any(key in value for key in _MESSAGES)


def name_of(keys: Mapping[str, Json], key: str) -> str:
    """The text or whole number at `key`; empty where there is none."""
    value = keys.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Fault(f"its {key} is {kind(value)}", "write a text or a whole number")
    return _encodable(str(value), key)


def session_of(keys: Mapping[str, Json]) -> str | int | None:
    """What is said of the session; None: nothing."""
    value = keys.get("session")
    text = name_of(keys, "session").strip()
    if not text:
        return None
    return value if isinstance(value, int) else text


def find_key(keys: Mapping[str, Json], key: str) -> str | None:
    """What stands at `key`, which may lead into objects by dots; None where nothing does.

    Raises:
        Fault: there stands an object or a list.
    """
    value: Json | Mapping[str, Json] = keys
    for step in (key,) if key in keys else key.split("."):
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    if isinstance(value, dict | list):
        raise Fault(f"its {key} is {kind(value)}", "name a key with a single value in --by")
    return _encodable(value, key) if isinstance(value, str) else json.dumps(value)


def _encodable(text: str, key: str) -> str:
    if "\0" in text or any(0xD800 <= ord(c) < 0xE000 for c in text):
        raise Fault(f"its {key} holds a NUL, half a surrogate or bytes that are not UTF-8", "save the file as UTF-8")
    return text
