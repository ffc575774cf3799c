"""Logs of conversations that already exist, read piece by piece in constant memory; what is wrong with one conversation costs that one alone.

**Formats**, told apart by ending and content:

* JSONL (`.jsonl`, `.ndjson`, or one JSON value a line): one conversation a line, `{"id": …, "session": …, "messages": [{"role": …, "content": …}]}`
  as OpenAI's API has messages, or the bare list of them. `id`, `session` and any other key may be left out.
* JSON: an array of such conversations, one single conversation, or one bare list of messages.
* ShareGPT, in either: `{"conversations": [{"from": "human", "value": …}, {"from": "gpt", "value": …}]}`.
* CSV (`.csv`, `.tsv`, or a first line that names the columns): `conversation`, `role`, `text`, and `session` where there are any; a row a message,
  the rows of one conversation together and in order. Commas, semicolons and tabs are told apart by the first line; capitals in it do not matter.

Text is UTF-8, with or without a byte order mark; lines end with or without a carriage return. `content` is a text, or OpenAI's list of parts, of
which those with a `text` count. Own replies are the messages of `assistant`, `gpt`, `chatgpt`, `model`, `bot`, `chatbot` and `ai`. `user`, `human`
and `prompter` speak to it. `system`, `developer` and their like are not heard. Capitals do not matter.

**Tools.** `tool_calls` of the assistant's messages, and the messages of `tool`, `function` and their like, are evidence of what was done for the
reply that follows; calls of a message with a text are that reply's own, as are their results. After the last reply they are evidence of nothing.

**Labels.** A message of the assistant may carry `moves`, a list of ids from the codebook, and `sentence_moves`, a list of such lists, one a sentence;
`moves` is then their union. A log of which any conversation has labels is labelled: nothing in it is tagged, and a reply without labels is a reply
without tags, which breaks the pairs it stands in. So the figures of a log have one tagger, whatever the order of its lines.

**Sessions of one person.** A text in `session` names a person: the conversations with the same text are that person's sessions 1, 2, … in the order
of the log. A number in `session`, beside an `id`, is the place of this session among those of the person whom `id` names.

**Passed over**, told with its line, and counted, is a conversation

* that is no JSON, no UTF-8, longer than 16 MB, neither object nor list, or an object without a list of messages (NaN is a number, not a text);
* that has no message at all, or none of the assistant, as one that has only a system prompt;
* of which a message is no object, has no role or an unknown one, has a `content` that is neither text nor parts nor null, or holds a NUL or half a
  surrogate;
* of which a label is unknown to the codebook or no list of texts, or `moves` is not the union of `sentence_moves`;
* whose `id` or `session` is neither text nor whole number, or that is a second one with the same `id` and number of session;
* in CSV, of which a row has too few or too many cells or no conversation, or whose rows stand in two places.

A JSON array is read up to the first value that is no JSON.

**No faults.** Two messages of the assistant in a row are two replies, and a pair. A message without text (blank, missing, or null as beside a tool
call) is no reply unless it has labels. A conversation of one turn has a reply and no pair. The same `id` twice is two conversations. Blank lines are
nothing.
"""

from __future__ import annotations

import codecs
import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import IO, Final, Literal

from sim.core.errors import InputError, nearest
from sim.core.logged import Labels, LoggedMessage, LoggedMessages, LoggedReply, LoggedTalk
from sim.core.tools import read_tools
from sim.store.files import open_regular

MAX_CONVERSATION = 16_000_000
"""Bytes of one conversation beyond which it is passed over: a log is read in constant memory, whatever stands in it."""
HEAD = 1_000_000
"""Bytes at the beginning of a file by which its format is told."""
SUFFIXES: Final = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")

OWN: Final = frozenset(("assistant", "gpt", "model", "bot", "chatbot", "ai", "chatgpt"))
OTHERS: Final = frozenset(("user", "human", "prompter"))
CALLS: Final = frozenset(("function_call", "tool_call"))
"""Roles of what a tool is called with, in a message of its own."""
TOOLS: Final = frozenset(("tool", "tools", "function", "observation")) | CALLS
PASSED_OVER: Final = frozenset(("system", "developer")) | TOOLS

Format = Literal["jsonl", "json", "csv"]
Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

_CHUNK = 1 << 20
_MESSAGES: Final = ("messages", "conversations", "conversation")
_COLUMNS: Final = {
    "conversation": ("conversation", "conversation_id", "id"),
    "role": ("role", "from", "speaker"),
    "text": ("text", "content", "message", "value"),
}
"""Names that each column may have, the best first."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A conversation, or a line, of which nothing is scored."""

    line: int
    problem: str
    mend: str = ""


Found = LoggedTalk | PassedOver


class Log:
    """One log on disk; it can be read any number of times.

    Args:
        path: a regular file.
        moves: ids of the codebook's moves, counted and beside; None: labels are not looked at.
        by: the key of a conversation that its `group` is taken from; dots lead into objects. In CSV, a column, of which the first row counts.

    Raises:
        InputError: the file cannot be read, is empty, or is in none of the formats.
    """

    def __init__(self, path: Path, *, moves: tuple[str, ...] | None, by: str | None = None) -> None:
        self.path = path
        self._reads_labels = moves is not None
        self._moves = moves or ()
        self._known = frozenset(self._moves)
        self._by = by
        try:
            with open_regular(path) as file:
                self.size = os.fstat(file.fileno()).st_size
                self.format: Format = _tell_format(path, file)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=path) from None
        self.at = 0
        """Bytes read so far of `size`, for whoever shows progress."""

    def read(self) -> Iterator[Found]:
        """Every conversation in the order of the log, and what is passed over where it stands."""
        self.at = 0
        sessions = _Sessions()
        raw = {"jsonl": self._lines, "json": self._values, "csv": self._rows}[self.format]
        with open_regular(self.path) as file:
            for piece in raw(file):
                yield piece if isinstance(piece, PassedOver) else self._talk(piece, sessions)

    def read_messages(self) -> Iterator[LoggedMessages | PassedOver]:
        """Every conversation message by message, answered or not. A text under `persona` is the name of who talks."""
        self.at = 0
        raw = {"jsonl": self._lines, "json": self._values, "csv": self._rows}[self.format]
        with open_regular(self.path) as file:
            for piece in raw(file):
                yield piece if isinstance(piece, PassedOver) else self._messages(piece)

    def _messages(self, piece: _Piece) -> LoggedMessages | PassedOver:
        try:
            keys, messages = _open(piece.value)
            found = []
            for i, message in enumerate(messages):
                if not isinstance(message, dict):
                    raise _Fault(f"messages[{i}] is {_kind(message)}", 'write it as {"role": …, "content": …}', i)
                if (role := _role(message, i)) not in PASSED_OVER:
                    found.append(LoggedMessage(i, role in OTHERS, _text(message, i)))
            if not any(m.by_user for m in found):
                raise _Fault("has no message of the user")
            name = keys.get("persona")
            return LoggedMessages(_name(keys, "id") or str(piece.number), tuple(found), name if isinstance(name, str) else "")
        except _Fault as fault:
            line = piece.lines[fault.message] if piece.lines and fault.message is not None else piece.line
            return PassedOver(line, fault.problem, fault.mend)

    def is_labelled(self) -> bool:
        """Whether any conversation carries labels of its own. Costs little where no such key, or one near the beginning, is to be found."""
        return self._mentions(b'moves"') and any(r.labels for found in self.read() if isinstance(found, LoggedTalk) for r in found.replies)

    def _mentions(self, key: bytes) -> bool:
        with open_regular(self.path) as file:
            tail = b""
            while chunk := file.read(_CHUNK):
                if key in tail + chunk:
                    return True
                tail = chunk[-len(key) :]
        return False

    # --- a conversation -------------------------------------------------------------------------------------------

    def _talk(self, piece: _Piece, sessions: _Sessions) -> Found:
        try:
            keys, messages = _open(piece.value)
            replies = tuple(self._replies(messages))
            if not replies:
                raise _Fault("has no message of the assistant" if messages else "has no messages")
            name = _name(keys, "id")
            person, session = sessions.place(name, _session(keys), self.format == "csv")
            group = None if self._by is None else _find(keys, self._by.lower() if self.format == "csv" else self._by)
            return LoggedTalk(name or str(piece.number), replies, piece.line, person, session, group)
        except _Fault as fault:
            line = piece.lines[fault.message] if piece.lines and fault.message is not None else piece.line
            return PassedOver(line, fault.problem, fault.mend)

    def _replies(self, messages: list[Json]) -> Iterator[LoggedReply]:
        """The assistant's messages, each with what was said to it.

        Raises:
            _Fault: something is wrong with a message.
        """
        said: list[str] = []
        used: list[Json] = []
        made: list[tuple[LoggedReply, list[Json]]] = []
        for i, message in enumerate(messages):
            if not isinstance(message, dict):
                raise _Fault(f"messages[{i}] is {_kind(message)}", 'write it as {"role": …, "content": …}', i)
            role = _role(message, i)
            if role in PASSED_OVER:
                if role in TOOLS:
                    _evidence_for(message, role, used, made)
                continue
            text = _text(message, i)
            if role in OTHERS:
                said.append(text)
                continue
            labels = self._labels(message, i) if self._reads_labels else None
            used += _calls(message)
            if labels is not None or text.strip():
                made.append((LoggedReply(i, "\n".join(said), text, labels), used))
                said.clear()
                used = []
        for reply, of in made:
            yield replace(reply, tools=read_tools(of, clean=_printable)) if of else reply

    def _labels(self, message: dict[str, Json], i: int) -> Labels | None:
        flat, parts = message.get("moves"), message.get("sentence_moves")
        moves = None if flat is None else self._moves_in(flat, f"messages[{i}].moves", i)
        if parts is None:
            return None if moves is None else Labels(frozenset(moves))
        if not isinstance(parts, list):
            raise _Fault(f"messages[{i}].sentence_moves is {_kind(parts)}", "write a list of moves for each sentence", i)
        sentences = tuple(self._moves_in(part, f"messages[{i}].sentence_moves[{j}]", i) for j, part in enumerate(parts))
        union = frozenset(chain.from_iterable(sentences))
        if moves is not None and union != frozenset(moves):
            odd = min(union ^ frozenset(moves))
            raise _Fault(f"messages[{i}].moves is not the union of its sentence_moves: '{odd}' is in one of them alone", "leave one out", i)
        return Labels(union, sentences)

    def _moves_in(self, value: Json, at: str, i: int) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise _Fault(f"{at} is {_kind(value)}", "write a list of moves", i)
        for move in value:
            if not isinstance(move, str):
                raise _Fault(f"{at} holds {_kind(move)}", "write the ids of moves", i)
            if move not in self._known:
                raise _Fault(f"{at} has the unknown move '{move[:80]}'", f"{nearest(move[:80], self._moves)} or name its codebook with --codebook", i)
        return tuple(dict.fromkeys(m for m in value if isinstance(m, str)))

    # --- pieces of a file -----------------------------------------------------------------------------------------

    def _lines(self, file: IO[bytes]) -> Iterator[_Piece | PassedOver]:
        line = 0
        while raw := file.readline(MAX_CONVERSATION + 1):
            line += 1
            self.at += len(raw)
            if len(raw) > MAX_CONVERSATION:
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(_CHUNK)
                    self.at += len(raw)
                yield PassedOver(line, _TOO_LONG)
                continue
            if line == 1:
                raw = raw.removeprefix(codecs.BOM_UTF8)
            if raw.strip():
                try:
                    yield _Piece(json.loads(raw.decode()), line, line)
                except (ValueError, RecursionError) as error:
                    yield PassedOver(line, *_no_json(error, "write one conversation a line"))

    def _values(self, file: IO[bytes]) -> Iterator[_Piece | PassedOver]:
        values = _values(self._text(file))
        first = next(values, None)
        if first is None:
            return
        if isinstance(first, PassedOver) or not _is_message(first.value):
            yield first
            yield from values
            return
        # The array itself is one conversation, its values are the messages.
        if self.size > MAX_CONVERSATION:
            yield PassedOver(1, _TOO_LONG)
            return
        messages = [first.value]
        for value in values:
            if isinstance(value, PassedOver):
                yield value
                return
            messages.append(value.value)
        yield _Piece(messages, first.line, 1)

    def _text(self, file: IO[bytes]) -> Iterator[str]:
        """The file as text, in growing pieces; what is no UTF-8 comes as half surrogates, which no text may hold."""
        decode = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        while raw := file.read(_CHUNK):
            self.at += len(raw)
            yield decode.decode(raw)
        yield decode.decode(b"", final=True)

    def _rows(self, file: IO[bytes]) -> Iterator[_Piece | PassedOver]:
        """The conversations of a table. A row that cannot be told to belong to any costs both between which it stands."""
        csv.field_size_limit(MAX_CONVERSATION)
        lines = _Lines(self._csv_lines(file))
        delimiter, columns, names = _columns(next(lines)) or _refuse_header(self.path)
        seen: set[int] = set()
        open_key: tuple[str, str] | None = None
        piece, number, torn = _Rows(), 0, False
        for row, line in _numbered(csv.reader(lines, delimiter=delimiter), lines):
            if isinstance(row, list) and not any(cell.strip() for cell in row):
                continue
            keys = dict(zip(names, row, strict=False)) if isinstance(row, list) else {}
            key = keys.get(names[columns["conversation"]], "").strip(), keys.get("session", "").strip()
            if not key[0]:
                piece.fault(row if isinstance(row, str) else "has no conversation", line)
                torn = True
                continue
            if key != open_key:
                if piece:
                    yield piece.close(number)
                number += 1
                open_key, piece = key, _Rows(keys | {"id": key[0]}, line)
                if hash(key) in seen:
                    piece.fault(f"the rows of conversation '{key[0][:80]}' are in two places", line, "sort the rows by conversation")
                if torn:
                    piece.fault(f"the first rows of conversation '{key[0][:80]}' may be lost", line, "mend the row before it")
                seen.add(hash(key))
            torn = False
            if len(row) != len(names):
                piece.fault(f"has {len(row)} cells where the first line has {len(names)}", line, "put texts with separators in quotes")
            else:
                piece.add({"role": row[columns["role"]], "content": row[columns["text"]]}, line)
        if piece:
            yield piece.close(number)

    def _csv_lines(self, file: IO[bytes]) -> Iterator[str]:
        first = True
        while raw := file.readline(MAX_CONVERSATION):
            self.at += len(raw)
            yield (raw.removeprefix(codecs.BOM_UTF8) if first else raw).decode("utf-8", "surrogateescape")
            first = False


# --- what a piece is made of ----------------------------------------------------------------------------------------


class _Fault(Exception):
    """Why a conversation is passed over."""

    def __init__(self, problem: str, mend: str = "", message: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.mend = mend
        self.message = message


@dataclass(frozen=True, slots=True)
class _Piece:
    """A JSON value that ought to be a conversation, and where it stands."""

    value: Json
    line: int
    number: int
    """What it is called if it has no id."""
    lines: tuple[int, ...] = ()
    """Of each message, where messages have lines of their own."""


class _Rows:
    """The rows of one conversation so far."""

    def __init__(self, keys: Mapping[str, str] | None = None, line: int = 0) -> None:
        self._keys = keys or {}
        self._line = line
        self._messages: list[Json] = []
        self._lines: list[int] = []
        self._size = 0
        self._wrong: PassedOver | None = None

    def __bool__(self) -> bool:
        return bool(self._keys) or self._wrong is not None

    def add(self, message: dict[str, Json], line: int) -> None:
        self._size += sum(len(v) for v in message.values() if isinstance(v, str))
        if self._size > MAX_CONVERSATION:
            self.fault(_TOO_LONG, line)
        if not self._wrong:
            self._messages.append(message)
            self._lines.append(line)

    def fault(self, problem: str, line: int, mend: str = "") -> None:
        """The first one is told; what follows may be its consequence."""
        self._wrong = self._wrong or PassedOver(line, problem, mend)
        self._messages.clear()

    def close(self, number: int) -> _Piece | PassedOver:
        return self._wrong or _Piece({**self._keys, "messages": self._messages}, self._line, number, tuple(self._lines))


class _Sessions:
    """Which session of which person a conversation is."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._taken: set[int] = set()

    def place(self, name: str, session: str | int | None, from_csv: bool) -> tuple[str, int]:
        """Person and place; the person is empty where there is no `session`.

        Raises:
            _Fault: the place is taken.
        """
        if session is None:
            return "", 1
        if from_csv and isinstance(session, str) and session.isdecimal():
            session = int(session)
        if isinstance(session, int) and name:
            if hash((name, session)) in self._taken:
                raise _Fault(f"is a second session {session} of '{name[:80]}'", "number the sessions of one person, or give each person an id")
            self._taken.add(hash((name, session)))
            return name, session
        person = str(session)
        self._counts[person] = self._counts.get(person, 0) + 1
        return person, self._counts[person]


_TOO_LONG = f"is longer than {MAX_CONVERSATION // 1_000_000} MB"


def _open(value: Json) -> tuple[Mapping[str, Json], list[Json]]:
    """A conversation's own keys, and its messages."""
    if isinstance(value, list):
        return {}, value
    if not isinstance(value, dict):
        raise _Fault(f"is {_kind(value)}, not a conversation", 'write {"messages": [{"role": …, "content": …}, …]}')
    for key in _MESSAGES:
        if key in value:
            messages = value[key]
            if not isinstance(messages, list):
                raise _Fault(f"'{key}' is {_kind(messages)}", "write a list of messages")
            return value, messages
    raise _Fault("has no 'messages'", 'write {"messages": [{"role": …, "content": …}, …]}')


def _role(message: Mapping[str, Json], i: int) -> str:
    role = message.get("role", message.get("from"))
    if role is None or role == "":
        raise _Fault(f"messages[{i}] has no role", "say who speaks: user or assistant", i)
    if not isinstance(role, str):
        raise _Fault(f"messages[{i}] has {_kind(role)} for a role", "say who speaks: user or assistant", i)
    known = role.strip().lower()
    if known not in OWN and known not in OTHERS and known not in PASSED_OVER:
        raise _Fault(f"messages[{i}] has the unknown role '{role[:80]}'", nearest(known[:80], ("assistant", "user", "system", "tool")), i)
    return known


def _text(message: Mapping[str, Json], i: int) -> str:
    content = message.get("content", message.get("value"))
    if isinstance(content, list):
        content = "\n".join(filter(None, map(_part, content)))
    if content is None:
        return ""
    if not isinstance(content, str):
        raise _Fault(f"messages[{i}] has {_kind(content)} for content", "write a text", i)
    if "\0" in content:
        raise _Fault(f"messages[{i}] holds a NUL character", "a NUL is not text; take it out", i)
    if not content.isascii():
        try:
            content.encode()
        except UnicodeEncodeError:
            raise _Fault(f"messages[{i}] holds bytes that are not UTF-8, or half a surrogate", "save the file as UTF-8", i) from None
    return content


def _calls(message: Mapping[str, Json]) -> list[Json]:
    """The tools that a message of the assistant calls."""
    content = message.get("content")
    parts = [p for p in content if isinstance(p, dict) and p.get("type") in ("tool_use", "tool_result")] if isinstance(content, list) else []
    called = message.get("tool_calls") or message.get("function_call") or []
    return [*(called if isinstance(called, list) else [called]), *parts]


def _evidence_for(message: dict[str, Json], role: str, used: list[Json], made: list[tuple[LoggedReply, list[Json]]]) -> None:
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


def _printable(text: str) -> str:
    """`text` as it can be kept."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _part(part: Json) -> str:
    """What one of OpenAI's content parts says; images and the like say nothing."""
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else ""


def _is_message(value: Json) -> bool:
    return isinstance(value, dict) and ("role" in value or "from" in value) and not any(key in value for key in _MESSAGES)


def _name(keys: Mapping[str, Json], key: str) -> str:
    value = keys.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _Fault(f"its {key} is {_kind(value)}", "write a text or a whole number")
    return _encodable(str(value), key)


def _session(keys: Mapping[str, Json]) -> str | int | None:
    value = keys.get("session")
    text = _name(keys, "session").strip()
    if not text:
        return None
    return value if isinstance(value, int) else text


def _find(keys: Mapping[str, Json], key: str) -> str | None:
    """What stands at `key`, which may lead into objects by dots; None where nothing does.

    Raises:
        _Fault: there stands an object or a list.
    """
    value: Json | Mapping[str, Json] = keys
    for step in (key,) if key in keys else key.split("."):
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    if isinstance(value, dict | list):
        raise _Fault(f"its {key} is {_kind(value)}", "name a key with a single value in --by")
    return _encodable(value, key) if isinstance(value, str) else json.dumps(value)


def _encodable(text: str, key: str) -> str:
    if "\0" in text or any(0xD800 <= ord(c) < 0xE000 for c in text):
        raise _Fault(f"its {key} holds a NUL, half a surrogate or bytes that are not UTF-8", "save the file as UTF-8")
    return text


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    return {str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}[type(value)]


# --- JSON ---------------------------------------------------------------------------------------------------------


def _no_json(error: Exception, mend: str) -> tuple[str, str]:
    """Problem and mend."""
    if isinstance(error, UnicodeDecodeError):
        return f"is not UTF-8 at byte {error.start + 1}", "save the file as UTF-8"
    if isinstance(error, RecursionError):
        return "is nested too deeply", mend
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON at character {error.pos + 1}: {error.msg}", mend
    return "is not JSON: a number in it is too long", mend


def _values(chunks: Iterator[str]) -> Iterator[_Piece | PassedOver]:
    """The values of one JSON array, or the one value there is, with little more text in memory than the longest of them.

    A value that is no JSON ends the reading: nothing tells where the next begins.
    """
    window = _Window(chunks)
    inside = window.peek() == "["
    if inside:
        window.skip(1)
    number = 0
    while (next_one := window.peek(", " if inside else "")) and next_one != "]":
        number += 1
        try:
            yield _Piece(window.value(), window.line, number)
        except _Fault as fault:
            yield PassedOver(window.line, f"conversation {number} {fault.problem}; nothing behind it is read", fault.mend)
            return
        window.pass_value()
        if not inside:
            break
    if inside and not next_one:
        yield PassedOver(window.line, "the array has no end", "was the file cut off?")
        return
    window.skip(1 if inside else 0)
    if window.peek():
        yield PassedOver(window.line, "is more than one JSON value", "write one array, or a JSONL file with one conversation a line")


class _Window:
    """The part of a long JSON text that is being read."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0
        self._end = 0
        self.line = 1

    def peek(self, also: str = "") -> str:
        """The next character that is neither white space nor in `also`; empty at the end."""
        while True:
            while self._at < len(self._text) and (c := self._text[self._at]) in " \t\r\n" + also:
                self.line += c == "\n"
                self._at += 1
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def skip(self, count: int) -> None:
        """Go on by `count` characters."""
        self._at += count

    def value(self) -> Json:
        """The value that begins here.

        Raises:
            _Fault: it is no JSON, or too long.
        """
        while True:
            try:
                value, self._end = self._decoder.raw_decode(self._text, self._at)
                return value  # type: ignore[no-any-return]
            except RecursionError as error:
                raise _Fault(*_no_json(error, "mend it")) from None
            except ValueError as error:
                if len(self._text) - self._at > MAX_CONVERSATION:
                    raise _Fault(_TOO_LONG) from None
                if not self._more():
                    raise _Fault(*_no_json(error, "mend it")) from None

    def pass_value(self) -> None:
        """Go on behind the value that was read."""
        self.line += self._text.count("\n", self._at, self._end)
        self._at = self._end

    def _more(self) -> bool:
        """As much text again as there is, so that a long value is not tried once for each piece of it."""
        rest = self._text[self._at :]
        added = "".join(islice(self._chunks, 1 + len(rest) // _CHUNK))
        self._text, self._at = rest + added, 0
        return bool(added)


# --- CSV ----------------------------------------------------------------------------------------------------------


class _Lines(Iterator[str]):
    """The lines of a table; tells when there are no more."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.ended = False

    def __next__(self) -> str:
        try:
            return next(self._lines)
        except StopIteration:
            self.ended = True
            raise


def _columns(header: str) -> tuple[str, dict[str, int], list[str]] | None:
    """Delimiter, the place of each column, and all names; None where the line names no columns."""
    for delimiter in (",", ";", "\t"):
        try:
            names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
        except csv.Error:
            return None
        places = {column: next((names.index(a) for a in also if a in names), None) for column, also in _COLUMNS.items()}
        found = {column: place for column, place in places.items() if place is not None}
        if len(found) == len(_COLUMNS):
            return delimiter, found, names
    return None


def _refuse_header(path: Path) -> tuple[str, dict[str, int], list[str]]:
    raise InputError("the first line does not name the columns", mend="begin with conversation,role,text", where=path, line=1)


def _numbered(rows: Iterator[list[str]], lines: _Lines) -> Iterator[tuple[list[str] | str, int]]:
    """Each row of `lines`, or what is wrong with it, and the line it begins at; the header is line 1."""
    line_num: Callable[[], int] = lambda: rows.line_num  # type: ignore[attr-defined]  # noqa: E731
    while True:
        line = line_num() + 2
        try:
            row = next(rows)
            # A row is whole at the end of its line; one for which more lines were wanted than there are has a quote that stays open.
            yield "has a quote that is never closed" if lines.ended else row, line
        except StopIteration:
            return
        except csv.Error as error:
            yield f"is not CSV: {error}", line


# --- format -------------------------------------------------------------------------------------------------------


def _tell_format(path: Path, file: IO[bytes]) -> Format:
    head = file.read(HEAD)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError("is UTF-16", mend="save it as UTF-8", where=path)
    head = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not head:
        raise InputError("is empty", mend="a log holds conversations; see `sim score --help`", where=path)
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        if b"\r" in head and b"\n" not in head:
            raise InputError("its lines end with a carriage return alone", mend="save it with the line ends of Windows or Unix", where=path)
        return "csv"
    first, _, rest = head.partition(b"\n")
    if suffix in (".jsonl", ".ndjson"):
        # An array over many lines under a name for lines is common enough.
        return "json" if first.strip() == b"[" else "jsonl"
    if suffix != ".json" and not head.startswith((b"{", b"[")):
        if _columns(first.decode("utf-8", "replace")):
            return "csv"
        raise InputError("is not a log that can be told", mend=f"name it {', '.join(SUFFIXES)} for what it is; see `sim score --help`", where=path)
    if head.startswith(b"{") and len(first) == len(head) and path.stat().st_size > HEAD:
        return "jsonl"
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return "jsonl" if suffix != ".json" and _is_json(rest.partition(b"\n")[0]) else "json"
    several = bool(rest.strip())
    return "jsonl" if several and not (isinstance(value, list) and value and not _is_message(value[0])) else "json"


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict | list)
    except (ValueError, RecursionError):
        return False
