"""Conversations as JSON: one a line, or an array of any length."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from itertools import islice
from typing import Final

from sim.store.logs.messages import is_message
from sim.store.logs.pieces import MAX_CONVERSATION, TOO_LONG, Fault, Json, PassedOver, Piece, Source

CHUNK: Final = 1 << 20
"""Bytes read at a time."""


def read_lines(source: Source) -> Iterator[Piece | PassedOver]:
    """The conversations of JSONL."""
    line = 0
    while raw := source.line(MAX_CONVERSATION + 1):
        line += 1
        if len(raw) > MAX_CONVERSATION:
            while raw and not raw.endswith(b"\n"):
                raw = source.line(CHUNK)
            yield PassedOver(line, TOO_LONG)
            continue
        if line == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if raw.strip():
            try:
                yield Piece(json.loads(raw.decode()), line, line)
            except (ValueError, RecursionError) as error:
                yield PassedOver(line, *_no_json(error, "write one conversation a line"))


def read_values(source: Source, size: int) -> Iterator[Piece | PassedOver]:
    """The conversations of one JSON value, which may be a conversation itself.

    Args:
        size: of the whole log in bytes.
    """
    values = _values(_text(source))
    first = next(values, None)
    if first is None:
        return
    if isinstance(first, PassedOver) or not is_message(first.value):
        yield first
        yield from values
        return
    # The array itself is one conversation, its values are the messages.
    if size > MAX_CONVERSATION:
        yield PassedOver(1, TOO_LONG)
        return
    messages = [first.value]
    for value in values:
        if isinstance(value, PassedOver):
            yield value
            return
        messages.append(value.value)
    yield Piece(messages, first.line, 1)


def _text(source: Source) -> Iterator[str]:
    """The file as text, in growing pieces; what is no UTF-8 comes as half surrogates, which no text may hold."""
    decode = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
    while raw := source.read(CHUNK):
        yield decode.decode(raw)
    yield decode.decode(b"", final=True)


def _no_json(error: Exception, mend: str) -> tuple[str, str]:
    """Problem and mend."""
    if isinstance(error, UnicodeDecodeError):
        return f"is not UTF-8 at byte {error.start + 1}", "save the file as UTF-8"
    if isinstance(error, RecursionError):
        return "is nested too deeply", mend
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON at character {error.pos + 1}: {error.msg}", mend
    return "is not JSON: a number in it is too long", mend


def _values(chunks: Iterator[str]) -> Iterator[Piece | PassedOver]:
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
            yield Piece(window.value(), window.line, number)
        except Fault as fault:
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
            Fault: it is no JSON, or too long.
        """
        while True:
            try:
                value, self._end = self._decoder.raw_decode(self._text, self._at)
                return value  # type: ignore[no-any-return]
            except RecursionError as error:
                raise Fault(*_no_json(error, "mend it")) from None
            except ValueError as error:
                if len(self._text) - self._at > MAX_CONVERSATION:
                    raise Fault(TOO_LONG) from None
                if not self._more():
                    raise Fault(*_no_json(error, "mend it")) from None

    def pass_value(self) -> None:
        """Go on behind the value that was read."""
        self.line += self._text.count("\n", self._at, self._end)
        self._at = self._end

    def _more(self) -> bool:
        """As much text again as there is, so that a long value is not tried once for each piece of it."""
        rest = self._text[self._at :]
        added = "".join(islice(self._chunks, 1 + len(rest) // CHUNK))
        self._text, self._at = rest + added, 0
        return bool(added)
