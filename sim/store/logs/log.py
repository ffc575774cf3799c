"""One log on disk, conversation by conversation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from sim.core.errors import InputError, nearest
from sim.core.logged import Labels, LoggedMessage, LoggedMessages, LoggedReply, LoggedTalk
from sim.core.tools import read_tools
from sim.store.files import open_regular
from sim.store.logs.formats import Format, tell_format
from sim.store.logs.json_pieces import CHUNK, read_lines, read_values
from sim.store.logs.messages import (
    OTHERS,
    PASSED_OVER,
    TOOLS,
    Sessions,
    calls_of,
    find_key,
    name_of,
    open_conversation,
    printable,
    put_evidence,
    role_of,
    session_of,
    text_of,
)
from sim.store.logs.pieces import Fault, Json, PassedOver, Piece, Source, kind
from sim.store.logs.tables import read_rows

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
                self.format: Format = tell_format(path, file)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=path) from None
        self._source: Source | None = None

    @property
    def at(self) -> int:
        """Bytes read so far of `size`, for whoever shows progress."""
        return self._source.at if self._source else 0

    def read(self) -> Iterator[Found]:
        """Every conversation in the order of the log, and what is passed over where it stands."""
        sessions = Sessions()
        for piece in self._pieces():
            yield piece if isinstance(piece, PassedOver) else self._talk(piece, sessions)

    def read_messages(self) -> Iterator[LoggedMessages | PassedOver]:
        """Every conversation message by message, answered or not. A text under `persona` is the name of who talks."""
        for piece in self._pieces():
            yield piece if isinstance(piece, PassedOver) else self._messages(piece)

    def _pieces(self) -> Iterator[Piece | PassedOver]:
        with open_regular(self.path) as file:
            self._source = source = Source(file)
            match self.format:
                case "jsonl":
                    yield from read_lines(source)
                case "json":
                    yield from read_values(source, self.size)
                case "csv":
                    yield from read_rows(source, self.path)

    def _messages(self, piece: Piece) -> LoggedMessages | PassedOver:
        try:
            keys, messages = open_conversation(piece.value)
            found = []
            for i, message in enumerate(messages):
                if not isinstance(message, dict):
                    raise Fault(f"messages[{i}] is {kind(message)}", 'write it as {"role": …, "content": …}', i)
                if (role := role_of(message, i)) not in PASSED_OVER:
                    found.append(LoggedMessage(i, role in OTHERS, text_of(message, i)))
            if not any(m.by_user for m in found):
                raise Fault("has no message of the user")
            name = keys.get("persona")
            return LoggedMessages(name_of(keys, "id") or str(piece.number), tuple(found), name if isinstance(name, str) else "")
        except Fault as fault:
            line = piece.lines[fault.message] if piece.lines and fault.message is not None else piece.line
            return PassedOver(line, fault.problem, fault.mend)

    def is_labelled(self) -> bool:
        """Whether any conversation carries labels of its own. Costs little where no such key, or one near the beginning, is to be found."""
        return self._mentions(b'moves"') and any(r.labels for found in self.read() if isinstance(found, LoggedTalk) for r in found.replies)

    def _mentions(self, key: bytes) -> bool:
        with open_regular(self.path) as file:
            tail = b""
            while chunk := file.read(CHUNK):
                if key in tail + chunk:
                    return True
                tail = chunk[-len(key) :]
        return False

    def _talk(self, piece: Piece, sessions: Sessions) -> Found:
        try:
            keys, messages = open_conversation(piece.value)
            replies = tuple(self._replies(messages))
            if not replies:
                raise Fault("has no message of the assistant" if messages else "has no messages")
            name = name_of(keys, "id")
            person, session = sessions.place(name, session_of(keys), self.format == "csv")
            group = None if self._by is None else find_key(keys, self._by.lower() if self.format == "csv" else self._by)
            return LoggedTalk(name or str(piece.number), replies, piece.line, person, session, group)
        except Fault as fault:
            line = piece.lines[fault.message] if piece.lines and fault.message is not None else piece.line
            return PassedOver(line, fault.problem, fault.mend)

    def _replies(self, messages: list[Json]) -> Iterator[LoggedReply]:
        """The assistant's messages, each with what was said to it.

        Raises:
            Fault: something is wrong with a message.
        """
        said: list[str] = []
        used: list[Json] = []
        made: list[tuple[LoggedReply, list[Json]]] = []
        for i, message in enumerate(messages):
            if not isinstance(message, dict):
                raise Fault(f"messages[{i}] is {kind(message)}", 'write it as {"role": …, "content": …}', i)
            role = role_of(message, i)
            if role in PASSED_OVER:
                if role in TOOLS:
                    put_evidence(message, role, used, made)
                continue
            text = text_of(message, i)
            if role in OTHERS:
                said.append(text)
                continue
            labels = self._labels(message, i) if self._reads_labels else None
            used += calls_of(message)
            if labels is not None or text.strip():
                made.append((LoggedReply(i, "\n".join(said), text, labels), used))
                said.clear()
                used = []
        for reply, of in made:
            yield replace(reply, tools=read_tools(of, clean=printable)) if of else reply

    def _labels(self, message: dict[str, Json], i: int) -> Labels | None:
        flat, parts = message.get("moves"), message.get("sentence_moves")
        moves = None if flat is None else self._moves_in(flat, f"messages[{i}].moves", i)
        if parts is None:
            return None if moves is None else Labels(frozenset(moves))
        if not isinstance(parts, list):
            raise Fault(f"messages[{i}].sentence_moves is {kind(parts)}", "write a list of moves for each sentence", i)
        sentences = tuple(self._moves_in(part, f"messages[{i}].sentence_moves[{j}]", i) for j, part in enumerate(parts))
        union = frozenset(chain.from_iterable(sentences))
        if moves is not None and union != frozenset(moves):
            odd = min(union ^ frozenset(moves))
            raise Fault(f"messages[{i}].moves is not the union of its sentence_moves: '{odd}' is in one of them alone", "leave one out", i)
        return Labels(union, sentences)

    def _moves_in(self, value: Json, at: str, i: int) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise Fault(f"{at} is {kind(value)}", "write a list of moves", i)
        for move in value:
            if not isinstance(move, str):
                raise Fault(f"{at} holds {kind(move)}", "write the ids of moves", i)
            if move not in self._known:
                raise Fault(f"{at} has the unknown move '{move[:80]}'", f"{nearest(move[:80], self._moves)} or name its codebook with --codebook", i)
        return tuple(dict.fromkeys(m for m in value if isinstance(m, str)))
