"""In which format a log is, by its ending and its first bytes."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import IO, Final, Literal

from sim.core.errors import InputError
from sim.store.logs.messages import is_message
from sim.store.logs.tables import columns_of

HEAD: Final = 1_000_000
"""Bytes at the beginning of a file by which its format is told."""
SUFFIXES: Final = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")

Format = Literal["jsonl", "json", "csv"]


def tell_format(path: Path, file: IO[bytes]) -> Format:
    """In which format `file` is.

    Raises:
        InputError: in none.
    """
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
        if columns_of(first.decode("utf-8", "replace")):
            return "csv"
        raise InputError("is not a log that can be told", mend=f"name it {', '.join(SUFFIXES)} for what it is; see `sim score --help`", where=path)
    if head.startswith(b"{") and len(first) == len(head) and path.stat().st_size > HEAD:
        return "jsonl"
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return "jsonl" if suffix != ".json" and _is_json(rest.partition(b"\n")[0]) else "json"
    several = bool(rest.strip())
    return "jsonl" if several and not (isinstance(value, list) and value and not is_message(value[0])) else "json"


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict | list)
    except (ValueError, RecursionError):
        return False
