"""What a log is cut into, whatever its format: values that ought to be conversations, and what is passed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Final

MAX_CONVERSATION: Final = 16_000_000
"""Bytes of one conversation beyond which it is passed over: a log is read in constant memory, whatever stands in it."""
TOO_LONG: Final = f"is longer than {MAX_CONVERSATION // 1_000_000} MB"

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A conversation, or a line, of which nothing is scored."""

    line: int
    problem: str
    mend: str = ""


class Fault(Exception):
    """Why a conversation is passed over."""

    def __init__(self, problem: str, mend: str = "", message: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.mend = mend
        self.message = message


@dataclass(frozen=True, slots=True)
class Piece:
    """A JSON value that ought to be a conversation, and where it stands."""

    value: Json
    line: int
    number: int
    """What it is called if it has no id."""
    lines: tuple[int, ...] = ()
    """Of each message, where messages have lines of their own."""


class Source:
    """An open log that counts the bytes read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.at = 0

    def line(self, most: int) -> bytes:
        """The next line, or the next `most` bytes of it; empty at the end."""
        return self._counted(self._file.readline(most))

    def read(self, most: int) -> bytes:
        """The next bytes, `most` at most; empty at the end."""
        return self._counted(self._file.read(most))

    def _counted(self, raw: bytes) -> bytes:
        self.at += len(raw)
        return raw


def kind(value: object) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    return {str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}[type(value)]
