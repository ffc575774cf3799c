"""Beside a large journal, what `sim.core.condense` made of it, so that the next reading need not go through it again.

It is never a second truth. It is used only where this code made it, of this study, and where the journal is as it was or has since been appended to;
then it is extended by what is new. Otherwise, and where anything is wrong with it, it is thrown away and made anew. Whoever may not write to the
folder does without. It is plain data, since a run's folder may come from a stranger.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import stat
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic_core import from_json, to_json

import sim.core
from sim.core.condense import UNREADABLE, Condensed, Values
from sim.core.errors import InputError
from sim.core.lean_fold import Digest

if TYPE_CHECKING:
    from sim.core.record import Trial
    from sim.store.journal import Journal

FILE = "condensed.db"
FEWEST = 20_000
"""Events below which reading the journal takes no time worth saving."""

_ASIDE = f".{FILE}."
"""How the names of files begin that are about to take its place."""
_SCHEMA = (
    "CREATE TABLE about (made_from TEXT NOT NULL, stand TEXT NOT NULL)",
    "CREATE TABLE part (id INTEGER PRIMARY KEY, trial TEXT NOT NULL, body BLOB NOT NULL)",
    "CREATE INDEX by_trial ON part (trial)",
    "CREATE TABLE value (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL)",
)
_DAMAGED = (InputError, ValueError, KeyError, IndexError, TypeError, AttributeError, sqlite3.Error)
"""What can come of a file that is damaged, or that a stranger wrote."""


@dataclass(frozen=True)
class Stand:
    """What a journal was like when it was read."""

    last: int
    """Its last event."""
    count: int
    """Events up to that one."""
    sample: str
    """Hash of the last event and of some that are spread over those before it."""
    files: list[list[int]]
    """Size and time of change of its file and of the log beside it."""


class _Kept(NamedTuple):
    """The file as it is: what it speaks of by number, and how far it goes."""

    values: Values
    stand: Stand


def read_trials(journal: Journal, blanks: Iterable[Trial], *, spec_hash: str) -> tuple[Trial, ...]:
    """Each of `blanks`, all of the run, as far as its journal tells, without the words of raters and taggers.

    Args:
        spec_hash: of the study as it stands in the run's folder.

    Raises:
        InputError: an event cannot be read, or answers a message that is not there.
    """
    blanks, stand = tuple(blanks), journal.stand()
    if stand.last < FEWEST:
        return journal.digest(blanks)
    path, made_from = journal.folder / FILE, f"{_code_hash()} {spec_hash}"
    # Where this fails, all is read anew: what is wrong with the journal itself is said then.
    with contextlib.suppress(*_DAMAGED), _opened(path) as db:
        kept = _look_at(db, made_from, journal, stand)
        if kept is not None:
            return _read_on(journal, blanks, stand, db, kept)
    # A folder that cannot be written, a full disk: the journal can be read all the same.
    with contextlib.suppress(OSError, sqlite3.Error), _fresh(path, made_from) as db:
        found = _read_on(journal, blanks, stand, db, _Kept(Values(), Stand(0, 0, "", [])))
        _settle(db, path)
        if _is_other(journal, stand):
            # What was deleted meanwhile was perhaps still read, and must not stay.
            forget_condensed(journal.folder)
        return found
    return journal.digest(blanks)


def forget_condensed(folder: Path) -> None:
    """Delete what was kept beside the journal in `folder`; to be called when something was deleted from that."""
    with contextlib.suppress(OSError):
        for file in (folder / FILE, *folder.glob(f"{FILE}-*"), *folder.glob(f"{_ASIDE}*")):
            file.unlink(missing_ok=True)


def _read_on(journal: Journal, blanks: tuple[Trial, ...], stand: Stand, db: sqlite3.Connection, kept: _Kept) -> tuple[Trial, ...]:
    """The trials by what is kept and what the journal holds beyond that, which is added to `db`."""
    after, digest = kept.stand.last, Digest(kept.values)
    new = frozenset(journal.trials_between(after, stand.last)) if after < stand.last else frozenset()
    going_on = {blank.id: (blank, _kept_of(db, blank.id) if after else Condensed()) for blank in blanks if blank.id in new}
    known = {trial: len(condensed.lines) for trial, (_, condensed) in going_on.items()}
    writer = _Writer(db, kept.values)
    if going_on:
        _take_in(journal, going_on, after, stand.last, kept.values)
    found: list[Trial] = []
    for blank in blanks:
        if blank.id not in going_on:
            found.append(digest.fold(blank, _kept_of(db, blank.id) if after else Condensed()))
            continue
        _, condensed = going_on.pop(blank.id)
        with journal.reading(blank.id):
            found.append(digest.fold(blank, condensed))
        writer.add(blank.id, condensed, known[blank.id])
    if new:
        writer.finish(stand)
    return tuple(found)


def _take_in(journal: Journal, going_on: dict[str, tuple[Trial, Condensed]], after: int, last: int, values: Values) -> None:
    """The events between `after` and `last` of the trials that are going on, by id, each put to what is known of its own.

    Raises:
        InputError: one of them cannot be read.
    """
    for trial, row in journal.rows_between(after, last):
        if trial in going_on:
            blank, condensed = going_on[trial]
            # Without a context manager, which would take as long as the reading of a short event.
            try:
                condensed.take_in(blank, row, values)
            except UNREADABLE as error:
                raise journal.unreadable(trial, error) from None


class _Writer:
    """Adds to the file in the transaction that reads it; where it cannot be written, nothing is added and the reading goes on."""

    def __init__(self, db: sqlite3.Connection, values: Values) -> None:
        self._values = values
        self._known = {kind: len(plain) for kind, plain in values.plain.items()}
        self._db: sqlite3.Connection | None = db

    def add(self, trial: str, condensed: Condensed, known: int) -> None:
        """The lines of `trial` from `known` on."""
        try:
            body = to_json([condensed.lines[known:], condensed.spent])
        except ValueError:
            # A text that UTF-8 cannot hold.
            self._db = None
        else:
            self._try("INSERT INTO part (trial, body) VALUES (?, ?)", trial, body)

    def finish(self, stand: Stand) -> None:
        """Make it last."""
        for kind, plain in self._values.plain.items():
            for value in plain[self._known[kind] :]:
                self._try("INSERT INTO value (kind, body) VALUES (?, ?)", kind, to_json(value))
        self._try("UPDATE about SET stand = ?", json.dumps(asdict(stand)))
        self._try("COMMIT")

    def _try(self, statement: str, *given: object) -> None:
        if self._db is not None:
            try:
                self._db.execute(statement, given)
            except sqlite3.Error:
                if not self._db.in_transaction:
                    # Without it somebody else may change what is being read.
                    raise
                self._db = None


def _look_at(db: sqlite3.Connection, made_from: str, journal: Journal, stand: Stand) -> _Kept | None:
    """What is kept in the file; None: it does not go with the journal."""
    if tuple(sql for (sql,) in db.execute("SELECT sql FROM sqlite_master ORDER BY rowid")) != _SCHEMA:
        return None
    ((made, told),) = db.execute("SELECT made_from, stand FROM about").fetchall()
    if made != made_from:
        return None
    before = Stand(**json.loads(told))
    if before != stand and (before.last == stand.last or _is_other(journal, before)):
        return None
    values = Values()
    for kind, body in db.execute("SELECT kind, body FROM value ORDER BY id"):
        values.take_in(kind, from_json(body))
    return _Kept(values, before)


def _kept_of(db: sqlite3.Connection, trial: str) -> Condensed:
    found = Condensed()
    for (body,) in db.execute("SELECT body FROM part WHERE trial = ? ORDER BY id", (trial,)):
        lines, found.spent = from_json(body)
        found.lines += lines
    return found


def _is_other(journal: Journal, before: Stand) -> bool:
    """Whether the journal is another one than it was `before`, or something was deleted from it; what was appended makes no other."""
    now = journal.stand(before.last)
    return (now.count, now.sample) != (before.count, before.sample) or journal.forgot_after(before.last)


@cache
def _code_hash() -> str:
    """Of all that has a say in what is kept: the code of `sim.core`, and what Python takes for the same letter."""
    hashed = hashlib.blake2b(unicodedata.unidata_version.encode(), digest_size=16)
    for root in sim.core.__path__:
        for file in sorted(Path(root).rglob("*.py")):
            hashed.update(file.read_bytes())
    return hashed.hexdigest()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The file at `path`.

    Raises:
        InputError: it is a link or no file.
        sqlite3.Error: it is not there, or cannot be opened.
    """
    with contextlib.suppress(FileNotFoundError):
        # A link would have us write to a file of somebody else's.
        if not stat.S_ISREG((known := os.lstat(path)).st_mode) or known.st_nlink > 1:
            raise InputError("is not a file of its own", where=path)
    mode = "rw" if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) else "ro"
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=0)) as db:
        db.execute("PRAGMA trusted_schema = OFF")
        # Whoever reads keeps others from changing the file meanwhile; they go without writing.
        db.execute("BEGIN")
        yield db


@contextlib.contextmanager
def _fresh(path: Path, made_from: str) -> Iterator[sqlite3.Connection]:
    """A new file beside the one at `path`, for its owner alone.

    Raises:
        OSError, sqlite3.Error: the folder cannot be written.
    """
    handle, name = tempfile.mkstemp(prefix=_ASIDE, dir=path.parent)
    os.close(handle)
    try:
        with contextlib.closing(sqlite3.connect(name, isolation_level=None)) as db:
            # It takes its place only when it is whole, and needs no way back.
            db.execute("PRAGMA journal_mode = MEMORY")
            db.execute("PRAGMA synchronous = OFF")
            db.execute("BEGIN")
            for statement in _SCHEMA:
                db.execute(statement)
            db.execute("INSERT INTO about VALUES (?, '')", (made_from,))
            yield db
    finally:
        Path(name).unlink(missing_ok=True)


def _settle(db: sqlite3.Connection, path: Path) -> None:
    """Put the new file `db` in its place, unless not all of it could be written."""
    if db.in_transaction:
        return
    ((_, _, name),) = db.execute("PRAGMA database_list")
    with open(name, "rb") as file:
        os.fsync(file.fileno())
    os.replace(name, path)
