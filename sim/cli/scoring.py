"""`sim score LOG`: the moves of conversations that already exist, and how they repeat."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from sim.cli.app import DONE, INCOMPLETE
from sim.core.errors import InputError
from sim.store.logs import SUFFIXES, Log, PassedOver

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.logged import LoggedTalk
    from sim.core.spec import ModelSpec
    from sim.llm.hosts import LocalOnly
    from sim.run.marking import Marked, Tally
    from sim.score.scorer import Tagger

Part = Literal["moves", "repetition"]

EVERY = 10.0
"""Seconds between two lines of progress where there is no terminal."""
MOST_COMPLAINTS = 1_000
"""Lines passed over that are told one by one; all are counted."""
OFFLINE = ("offline", "offline/tagger")
"""Names of the offline tagger."""


@dataclass(frozen=True)
class Wish:
    """What the flags ask for."""

    only: Part | None = None
    tagger: str | None = None
    codebook: str | None = None
    by: str | None = None
    api_base: str | None = None
    api_key_env: str | None = None
    concurrency: int = 16
    local_only: LocalOnly | None = None


def score(name: str, wish: Wish, *, results: Path, as_json: bool) -> int:
    """`sim score`: a file is a log, anything else a run."""
    path = Path(name)
    if path.is_file():
        return score_log(path, wish, as_json=as_json)
    if path.suffix.lower() in SUFFIXES and not path.exists():
        raise InputError("there is no such file", where=path)
    return score_run(name, wish, results=results, as_json=as_json)


def score_run(name: str, wish: Wish, *, results: Path, as_json: bool) -> int:
    """Score a run again."""
    from sim.store.runs import open_run

    open_run(name, results)
    raise InputError(f"'{name}' is a run, and only logs are scored", mend="name a file of conversations; see `sim score --help`")


def score_log(path: Path, wish: Wish, *, as_json: bool) -> int:
    """Tag a log, unless it has labels of its own, and measure it."""
    from sim.llm.guard import guarded
    from sim.run.marking import BY_LOG, Tally, build_tagger, by_labels, mark_talks
    from sim.store.library import load_codebook

    if wish.by and wish.only == "moves":
        raise InputError("groups figures, and --only moves has none", mend="leave one out", where="--by")
    codebook = load_codebook(wish.codebook or "mint")
    log = Log(path, moves=tuple(m.id for m in (*codebook.moves, *codebook.beside)), by=wish.by)
    spec = read_tagger(wish)
    tagger = None if log.is_labelled() else build_tagger(spec, codebook)
    _say_source(log, wish, spec, tagger)
    name = tagger.id if tagger else BY_LOG
    tally = Tally(codebook, grouped=wish.by is not None)
    replies = _Replies(sys.stdout, codebook, name) if as_json and wish.only != "repetition" else None
    progress, complaints = _Progress(sys.stderr, log), _Complaints(path)

    def take(marked: Marked) -> None:
        tally.add(marked)
        if replies:
            replies.write(marked)
        progress.show(tally.replies)

    if tagger is None:
        for talk in complaints.sift(log):
            take(by_labels(talk))
    else:
        with guarded(wish.local_only):
            asyncio.run(mark_talks(complaints.sift(log), tagger, concurrency=wish.concurrency, take=take))
    progress.end()
    complaints.end()
    _check(tally, path, wish.by, complaints)
    _print(tally, name, wish, complaints.count, log=path.name, replies=replies, as_json=as_json)
    return INCOMPLETE if tally.lost else DONE


def read_tagger(wish: Wish) -> ModelSpec | None:
    """The model that is to tag; None: the offline tagger.

    Raises:
        InputError: a flag has a value that cannot be.
    """
    from pydantic import ValidationError

    from sim.core.spec import ModelSpec

    offline = wish.tagger is None or wish.tagger in OFFLINE
    flags = {"api_base": "--api-base", "api_key_env": "--api-key-env"}
    for field, flag in flags.items():
        if offline and getattr(wish, field):
            raise InputError("means nothing to the offline tagger, which runs in this process", mend="name a model with --tagger", where=flag)
    if offline:
        return None
    try:
        return ModelSpec.model_validate({"model": wish.tagger, "api_base": wish.api_base, "api_key_env": wish.api_key_env})
    except ValidationError as error:
        first = error.errors()[0]
        if "pattern" in first["type"] and first["loc"] == ("model",):
            raise InputError(f"'{wish.tagger}' is no tagger", mend="write offline, or provider/name as in openai/gpt-5", where="--tagger") from None
        where = flags.get(str(first["loc"][0]) if first["loc"] else "", "--tagger")
        raise InputError(str(first["msg"]).removeprefix("Value error, "), where=where) from None


def _say_source(log: Log, wish: Wish, spec: ModelSpec | None, tagger: Tagger | None) -> None:
    """Say what is not obvious: a flag without use, and what leaves this machine."""
    if tagger is None:
        if wish.tagger is not None:
            print(
                f"sim: {log.path}: has labels of its own, so nothing is tagged and --tagger is not used; take `moves` out to tag it", file=sys.stderr
            )
        return
    if spec is None:
        return
    from sim.llm.hosts import Destination, hosts_of, is_loopback

    sends = "messages of the log"
    found = [Destination("the tagger", host, sends, not is_loopback(host)) for host in hosts_of(spec)]
    if wish.local_only:
        wish.local_only.demand(found)
    outside = [d.host for d in found if d.outside]
    if outside:
        print(f"Leaving this machine: {sends} to {', '.join(outside)} (tagger).", file=sys.stderr)


def _check(tally: Tally, path: Path, by: str | None, complaints: _Complaints) -> None:
    """Refuse figures of nothing.

    Raises:
        InputError: there is no conversation to score, or none has the key that figures are wanted by.
    """
    first = complaints.first
    if not tally.conversations and first:
        raise InputError(f"nothing in it can be scored: {first.problem}", mend=first.mend, where=path, line=first.line)
    if not tally.conversations:
        raise InputError("holds no conversation", mend="see `sim score --help`", where=path)
    if by and tally.ungrouped == tally.conversations:
        raise InputError(f"no conversation has '{by}'", mend="name a key of the conversations; dots lead into objects", where="--by")


def _print(tally: Tally, tagger: str, wish: Wish, passed_over: int, *, log: str, replies: _Replies | None, as_json: bool) -> None:
    from sim.present.scoring import figures_of, render_log, repetition_document

    if replies and wish.only:
        replies.end({"conversations": tally.conversations, "untagged": tally.absent.total(), "passed_over": passed_over})
        return
    figures = figures_of(tally, log=log, tagger=tagger, by=wish.by, passed_over=passed_over, repetition=wish.only != "moves")
    if replies:
        counts = {"conversations": figures.conversations, "untagged": figures.untagged, "passed_over": passed_over}
        replies.end({**counts, "repetition": repetition_document(figures)})
    elif as_json:
        print(json.dumps(repetition_document(figures)))
    else:
        from sim.cli.reading import print_rendered

        print_rendered(lambda width: render_log(figures, width=width))


class _Replies:
    """`replies` as one JSON document, written as they come; nothing is written before the first."""

    def __init__(self, stream: IO[str], codebook: Codebook, tagger: str) -> None:
        self._stream = stream
        self._codebook = codebook
        self._tagger = tagger
        self._begun = False

    def write(self, marked: Marked) -> None:
        """The replies of one conversation."""
        from sim.present.scoring import reply_rows

        for row in reply_rows(marked, self._codebook):
            if not self._begun:
                head = json.dumps({"tagger": self._tagger, "codebook": self._codebook.id})
                self._stream.write(f'{head[:-1]}, "replies": [\n')
            self._stream.write((",\n" if self._begun else "") + json.dumps(row))
            self._begun = True

    def end(self, rest: dict[str, Any]) -> None:
        """Close the document with what stands behind the replies."""
        self._stream.write(f"\n], {json.dumps(rest)[1:]}\n")


class _Complaints:
    """Tells and counts what is passed over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.count = 0
        self.first: PassedOver | None = None

    def sift(self, log: Log) -> Iterator[LoggedTalk]:
        """The conversations of `log` that can be scored."""
        for found in log.read():
            if not isinstance(found, PassedOver):
                yield found
                continue
            self.first = self.first or found
            self.count += 1
            if self.count <= MOST_COMPLAINTS:
                told = InputError(found.problem, mend=found.mend, where=self._path, line=found.line)
                print(f"sim: {told} (passed over)", file=sys.stderr)

    def end(self) -> None:
        """Say how many there were in all."""
        if self.count:
            print(f"sim: {self._path}: {self.count:,} passed over", file=sys.stderr, flush=True)


class _Progress:
    """How far a log is read: one line that changes on a terminal, a line now and then elsewhere."""

    def __init__(self, stream: IO[str], log: Log) -> None:
        self._stream = stream
        self._log = log
        self._changing = stream.isatty()
        self._said = time.monotonic()
        self._shown = False

    def show(self, replies: int) -> None:
        """Say it, if it is time."""
        now = time.monotonic()
        if now - self._said < (1.0 if self._changing else EVERY):
            return
        self._said, self._shown = now, True
        line = f"{replies:,} replies, {100 * self._log.at / max(1, self._log.size):.0f} % of {self._log.path.name}"
        print(f"\r{line}" if self._changing else line, end="" if self._changing else "\n", file=self._stream, flush=True)

    def end(self) -> None:
        """Leave the line behind."""
        if self._changing and self._shown:
            print(file=self._stream)
