"""The journal keeps a run's events in one SQLite file: one writer under a lock, any number of readers without one.

While a run is written the file is in WAL mode, so that readers never wait. When the writer closes, it becomes a single file again, without helpers
beside it: a run at rest can be read from a read-only folder, copied and archived as it stands. With `synchronous=NORMAL` a commit survives the death
of the process; a power cut may lose the last ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, NoReturn, Self

from pydantic import ValidationError

from sim.core.batch import EncodedEvent, EventBatch, encode
from sim.core.condense import UNREADABLE, Row
from sim.core.errors import InputError, JournalConflict, RunStuck, tell
from sim.core.event import SCHEMA_VERSION, Event, FormAnswered, Key, Kind, TrialForgotten, body, key, load_event
from sim.core.forget import forget_text
from sim.core.lean_fold import Digest
from sim.core.record import Trial
from sim.store.condensed import Stand, forget_condensed
from sim.store.files import PRIVATE
from sim.store.lock import RunLock

FILE = "run.db"

# Both numbers are in the first hundred bytes of the file, so that a foreign or a newer one is told before any table of it is read.
_APPLICATION_ID = 0x52415050
"""Stands in the file's header and tells a journal from any other SQLite file ("RAPP")."""

# Rows go only when a person withdraws, so that ids rise in the order of appending without AUTOINCREMENT, which would write a third page each time.
_SCHEMA = f"""
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE event (
    id       INTEGER PRIMARY KEY,
    trial    TEXT    NOT NULL,
    session  INTEGER NOT NULL,
    take     INTEGER NOT NULL,
    exchange INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    part     TEXT    NOT NULL,
    body     TEXT    NOT NULL,
    meta     TEXT    NOT NULL,
    UNIQUE (trial, session, take, exchange, kind, part)
);
"""
_COLUMNS = "id, trial, session, take, exchange, kind, part, body, meta"
_SAID = """
SELECT kind, json_extract(body, CASE kind WHEN 'user_spoke' THEN '$.said.message' ELSE '$.reply' END) FROM event
WHERE trial = ? AND session = ? AND take = ? AND exchange = ? AND kind IN ('user_spoke', 'target_replied')
"""
_INSERT = """
INSERT INTO event (trial, session, take, exchange, kind, part, body, meta) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (trial, session, take, exchange, kind, part) DO NOTHING
"""
_STORED_BODY = "SELECT body FROM event WHERE (trial, session, take, exchange, kind, part) = (?, ?, ?, ?, ?, ?)"
# Goes from trial to trial by the index, which is quick however long the journal is; events of a whole trial stand at its session 0.
_LAST_FAILURE = "SELECT body FROM event WHERE kind IN ('call_lost', 'trial_failed') ORDER BY id DESC LIMIT 1"
_TRIALS = """
WITH RECURSIVE begun (trial) AS (
    SELECT min(trial) FROM event
    UNION ALL SELECT (SELECT min(trial) FROM event WHERE trial > begun.trial) FROM begun WHERE begun.trial IS NOT NULL
)
SELECT count(*), coalesce(sum(finished), 0), coalesce(sum(ended AND NOT finished), 0) FROM (
    SELECT
        EXISTS (SELECT 1 FROM event e WHERE e.trial = begun.trial AND session = 0 AND kind = 'trial_finished') AS finished,
        EXISTS (SELECT 1 FROM event e WHERE e.trial = begun.trial AND session = 0 AND kind IN ('trial_failed', 'trial_forgotten')) AS ended
    FROM begun WHERE trial IS NOT NULL
)
"""
# The first LIKE, on the body as it is written, spares taking most bodies apart.
_FIND = """
SELECT DISTINCT trial, session, exchange FROM event WHERE kind IN ('user_spoke', 'target_replied') AND body LIKE ? ESCAPE '!'
AND json_extract(body, CASE kind WHEN 'user_spoke' THEN '$.said.message' ELSE '$.reply' END) LIKE ? ESCAPE '!'
"""
_MANY = 500
"""Unread events fetched at a time."""
# Of what is said and judged most often nobody reads the circumstances here, and copying them takes as long as the rest of the row.
_LEAN = "id, session, take, exchange, kind, part, body, CASE WHEN kind IN ('user_spoke', 'rated', 'tagged') THEN '' ELSE meta END"
_TRIAL_ROWS = f"SELECT {_LEAN} FROM event WHERE trial = ?"
_ALL_ROWS = f"SELECT {_LEAN}, trial FROM event WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
_SAMPLE = 64
"""Events by which a journal is told from another."""
_PAGE = 500
"""Events fetched at a time: a reader holds no transaction while its caller works, so that it never keeps the writer from tidying up."""
_PATIENCE = 10.0
"""Seconds to wait for another process that is just opening or closing the file."""

_LONGEST_PATH = 480
"""Bytes of a file's path that SQLite opens for certain, as it is usually built."""

_Row = tuple[int, str, int, int, int, str, str, str, str]


class Stored(NamedTuple):
    """An event as it stands in the file, for readers that look at many and need little of each."""

    id: int
    """Rises in the order of appending."""
    trial: str
    session: int
    take: int
    exchange: int
    kind: Kind
    part: str
    body: str
    """JSON."""


@dataclass(frozen=True)
class Counts:
    """How far a run has come, as its journal tells."""

    started: int
    """Trials with at least one event."""
    finished: int
    failed: int
    exchanges: int
    """Replies that came, over all takes."""
    silence: str = ""
    """Why no reply came at all, in the words of the last failure; empty where one came, or nothing has failed."""


class Journal:
    """The events of one run; a `sim.core.ports.Sink`.

    Every error of SQLite is somebody's disk or somebody's file, and becomes an `InputError` that names the file.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, resources: contextlib.ExitStack, *, writes: bool) -> None:
        """Use `create_journal`, `open_journal` or `read_journal`."""
        self.path = path
        self._db = connection
        self._resources = resources
        self._writes = writes

    async def append(self, event: Event) -> None:
        """Keep `event`; returns after commit. An event already there is left as it is, with its first meta.

        Raises:
            JournalConflict: another body stands under its key.
            RunStuck: the disk is full, or the file cannot be written any more.
        """
        place, text = key(event), body(event)
        try:
            # Without `_blame`, for this is done for every event, and entering it would take as long as making the key.
            if self._db.execute(_INSERT, (*place, text, event.meta.model_dump_json())).rowcount:
                return
            (stored,) = self._db.execute(_STORED_BODY, place).fetchone()
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as error:
            raise _stuck(error, self.path) from error
        if stored != text:
            raise JournalConflict(f"two different events under {place}")

    async def append_batch(self, batch: EventBatch) -> None:
        """Keep all of `batch` in one transaction; returns after commit. Otherwise as `append`.

        Raises:
            JournalConflict: another body stands under the key of one of them; nothing is kept.
            RunStuck: the disk is full, or the file cannot be written any more.
        """
        try:
            with self._blame(), self._transaction():
                if self._db.executemany(_INSERT, batch.rows).rowcount < len(batch.rows):
                    self._demand_same(batch.rows)
        except InputError as error:
            raise RunStuck(str(error)) from error

    def _demand_same(self, rows: Iterable[EncodedEvent]) -> None:
        for row in rows:
            (stored,) = self._db.execute(_STORED_BODY, row.key).fetchone()
            if stored != row.body:
                raise JournalConflict(f"two different events under {row.key}")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def demand_room(self) -> None:
        """See that anything can be written at all, before something is bought.

        Raises:
            RunStuck: the disk is full.
        """
        try:
            with self._blame():
                # The least that is written for certain: the page that holds this number, which stays as it is.
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except InputError as error:
            raise RunStuck(str(error)) from error

    def append_all(self, events: Iterable[Event]) -> None:
        """Keep `events` in one transaction, of which none is there yet.

        Raises:
            InputError: the disk is full, or the file cannot be written.
        """
        with self._blame(), self._transaction():
            self._db.executemany(_INSERT, map(encode, events))

    def sessions(self) -> dict[str, int]:
        """The number of sessions of each trial that has begun, in the order in which they began."""
        with self._blame():
            return dict(self._db.execute("SELECT trial, max(session) FROM event GROUP BY trial ORDER BY min(id)"))

    def events(self, trial: str) -> tuple[Event, ...]:
        """The events of `trial`, in the order in which they were appended."""
        with self._blame():
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM event WHERE trial = ? ORDER BY id", (trial,)).fetchall()
        return tuple(self._load(row) for row in rows)

    def encoded(self, trial: str) -> tuple[EncodedEvent, ...]:
        """The events of `trial` as they are stored, in the order in which they were appended."""
        with self._blame():
            return tuple(EncodedEvent(*row[1:]) for row in self._db.execute(f"SELECT {_COLUMNS} FROM event WHERE trial = ? ORDER BY id", (trial,)))

    def all_events(self) -> Iterator[Event]:
        """All events in the order in which they were appended; those appended meanwhile come too."""
        last = 0
        while True:
            with self._blame():
                rows = self._db.execute(f"SELECT {_COLUMNS} FROM event WHERE id > ? ORDER BY id LIMIT {_PAGE}", (last,)).fetchall()
            if not rows:
                return
            yield from map(self._load, rows)
            last = rows[-1][0]

    def stored_after(self, last: int, kinds: Sequence[Kind]) -> list[Stored]:
        """The next events of `kinds` after event number `last`, some thousands at most; none: that is all there are yet."""
        marks = ",".join("?" * len(kinds))
        query = f"SELECT id, trial, session, take, exchange, kind, part, body FROM event WHERE id > ? AND kind IN ({marks}) ORDER BY id LIMIT {_MANY}"
        with self._blame():
            return [Stored(*row) for row in self._db.execute(query, (last, *kinds)).fetchall()]

    def said_at(self, places: Iterable[tuple[str, int, int, int]]) -> list[tuple[str, str]]:
        """Message and reply at each of `places`, given as trial, session, take and exchange; empty where there is none."""
        found = []
        with self._blame():
            for place in places:
                texts = dict(self._db.execute(_SAID, place).fetchall())
                found.append((texts.get("user_spoke") or "", texts.get("target_replied") or ""))
        return found

    def find_texts(self, words: str) -> list[tuple[str, int, int]]:
        """Trial, session and exchange of every message and reply that holds `words`; the case of ASCII letters does not matter."""
        within = [f"%{_literal(text)}%" for text in (json.dumps(words, ensure_ascii=False)[1:-1], words)]
        with self._blame():
            return self._db.execute(_FIND, within).fetchall()

    def forms(self) -> tuple[FormAnswered, ...]:
        """Every form that people filled in, in the order of filling in."""
        with self._blame():
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM event WHERE kind = 'form_answered' ORDER BY id").fetchall()
        return tuple(e for e in map(self._load, rows) if isinstance(e, FormAnswered))

    def digest(self, blanks: Iterable[Trial]) -> tuple[Trial, ...]:
        """Each of `blanks` as far as the journal tells, without the words of raters and taggers.

        Raises:
            InputError: an event cannot be read, or answers a message that is not there.
        """
        digest, found = Digest(), []
        for blank in blanks:
            rows = self.rows(blank.id)
            with self.reading(blank.id):
                found.append(digest.trial(blank, rows))
        return tuple(found)

    @contextlib.contextmanager
    def reading(self, trial: str) -> Iterator[None]:
        """Make a complaint of what is wrong with the events of `trial`.

        Raises:
            InputError: one of them cannot be read.
        """
        try:
            yield
        except UNREADABLE as error:
            raise self.unreadable(trial, error) from None

    def unreadable(self, trial: str, error: Exception) -> InputError:
        """The complaint that an event of `trial` cannot be read, by the error that told so."""
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else f"{type(error).__name__}: {error}"
        return InputError(f"an event of trial {trial} cannot be read ({said})", mend="restore the file from a copy", where=self.path)

    def rows(self, trial: str) -> list[Row]:
        """The events of `trial`, as they are stored."""
        with self._blame():
            # Sorted here: SQLite would copy every body to do it.
            return sorted(self._db.execute(_TRIAL_ROWS, (trial,)))

    def rows_between(self, after: int, last: int) -> Iterator[tuple[str, Row]]:
        """The events after the one numbered `after` up to `last`, each with its trial, in the order in which they were appended.

        All of them in this way take half the time that they take trial by trial, for each page of the file is read once.
        """
        while True:
            with self._blame():
                rows = self._db.execute(_ALL_ROWS, (after, last, _PAGE)).fetchall()
            if not rows:
                return
            for row in rows:
                yield row[-1], row[:-1]
            after = rows[-1][0]

    def stand(self, last: int | None = None) -> Stand:
        """What it is like now, up to the event `last`; left out: up to the newest."""
        files = [[s.st_size, s.st_mtime_ns] for f in (self.path, self.path.with_name(f"{FILE}-wal")) if f.exists() and (s := f.stat())]
        with self._blame():
            if last is None:
                (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()
            # By two counts, each by an index: one with a condition would go through every page.
            (all_of_them,) = self._db.execute("SELECT count(*) FROM event").fetchone()
            (later,) = self._db.execute("SELECT count(*) FROM event WHERE id > ?", (last,)).fetchone()
            some = sorted({last - last * i // _SAMPLE for i in range(_SAMPLE)})
            rows = [self._db.execute(f"SELECT {_COLUMNS} FROM event WHERE id = ?", (id,)).fetchone() for id in some]
        return Stand(last, all_of_them - later, hashlib.blake2b(repr(rows).encode(), digest_size=16).hexdigest(), files)

    def trials_between(self, after: int, last: int) -> list[str]:
        """The trials that have events after the one numbered `after` up to `last`."""
        with self._blame():
            # Of all there are, the index tells; else those pages are gone through that are new.
            where, given = ("WHERE id > ? AND id <= ?", (after, last)) if after else ("", ())
            return [t for (t,) in self._db.execute(f"SELECT DISTINCT trial FROM event {where}", given)]

    def forgot_after(self, last: int) -> bool:
        """Whether texts were deleted since the event numbered `last`."""
        with self._blame():
            return self._db.execute("SELECT 1 FROM event WHERE id > ? AND kind = 'trial_forgotten' LIMIT 1", (last,)).fetchone() is not None

    @property
    def folder(self) -> Path:
        """The run's."""
        return self.path.parent

    def trials(self) -> tuple[str, ...]:
        """The trials that have events, in the order in which they began."""
        with self._blame():
            return tuple(trial for (trial,) in self._db.execute("SELECT trial FROM event GROUP BY trial ORDER BY min(id)"))

    def last_sessions(self) -> list[tuple[str, int]]:
        """Each trial that has events, with the number of its last session; 0: none."""
        with self._blame():
            return self._db.execute("SELECT trial, max(session) FROM event GROUP BY trial ORDER BY trial").fetchall()

    def counts(self) -> Counts:
        """How far the run has come, counted without reading the bodies of a run in which anything was said."""
        with self._blame():
            (started, finished, failed) = self._db.execute(_TRIALS).fetchone()
            (replies,) = self._db.execute("SELECT count(*) FROM event WHERE kind = 'target_replied'").fetchone()
            last = None if replies else self._db.execute(_LAST_FAILURE).fetchone()
        failure = json.loads(last[0]) if last else {"message": ""}
        return Counts(started, finished, failed, replies, tell(failure["message"], failure.get("quote", "")))

    def has_answered(self, target: str) -> bool:
        """Whether a reply of `target` has ever come; quick where one has."""
        with self._blame():
            found = self._db.execute("SELECT 1 FROM event WHERE kind = 'target_replied' AND trial GLOB ? LIMIT 1", (f"*/*/{target}/*",)).fetchone()
        return found is not None

    def forget(self, trials: Sequence[str]) -> None:
        """Delete the texts of `trials` from the file, from its helpers and from its unused pages, and mark each trial as forgotten.

        Copies, snapshots and backups of the file are not reached.

        Raises:
            InputError: the disk is full, or another program has the file open, so that old pages cannot be removed; the same again, later, removes
                them.
        """
        with self._blame(full="make room and forget again: until then old pages of the file may hold texts"):
            # Deleted and overwritten content is filled with zeros; otherwise it stays legible in the pages it stood in.
            self._db.execute("PRAGMA secure_delete = ON")
            # For writing from the start: a transaction that begins by reading may find, when it wants to write, that it has to start over.
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for trial in trials:
                    for row in self._db.execute(f"SELECT {_COLUMNS} FROM event WHERE trial = ?", (trial,)).fetchall():
                        self._db.execute("UPDATE event SET body = ? WHERE id = ?", (body(forget_text(self._load(row))), row[0]))
                    mark = TrialForgotten(trial=trial)
                    self._db.execute(_INSERT, (*key(mark), body(mark), mark.meta.model_dump_json()))
                self._db.execute("COMMIT")
            except BaseException:
                # On a full disk SQLite has rolled back by itself, and a second time would hide why.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            forget_condensed(self.folder)
            # What an UPDATE made shorter may still stand in the unused part of a page. Only writing the whole file anew is sure to leave it out.
            self._db.execute("VACUUM")
            # The write-ahead log holds the old pages as well. TRUNCATE cuts it to nothing, unless somebody is still reading from it.
            (busy, *_) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise InputError("another program has the file open, so that old pages stay", mend="close it and forget again", where=self.path)

    def withdraw(self, person: str, trials: Sequence[str] = ()) -> int:
        """Delete what `person`, as `human:p3`, rated, labelled and filled in; what others said of the same exchanges stays.

        Args:
            trials: those that the person held as their user, which are deleted whole.

        Returns:
            The number of events deleted.
        """
        name = _literal(person)
        held = ",".join("?" * len(trials))
        mine = f"part = ? OR part LIKE ? ESCAPE '!' OR part LIKE ? ESCAPE '!' OR trial IN ({held})"
        with self._blame():
            self._db.execute("PRAGMA secure_delete = ON")
            deleted = self._db.execute(f"DELETE FROM event WHERE {mine}", (person, f"{name}:%", f"{name}#%", *trials)).rowcount
            forget_condensed(self.folder)
            # Old pages leave the write-ahead log now, or when the writer closes if somebody is reading.
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return deleted

    def close(self) -> None:
        """Give back file and lock."""
        with contextlib.suppress(sqlite3.Error):
            if self._writes:
                # Fails while a reader has the file open; it then stays in WAL mode, and its helpers stay beside it until the next writer closes.
                self._db.execute("PRAGMA journal_mode = DELETE")
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _load(self, row: _Row) -> Event:
        number, *place, text, meta = row
        try:
            return load_event(Key(*place), text, meta)  # type: ignore[arg-type]
        except ValidationError as error:
            problem = f"event {number} cannot be read ({error.errors()[0]['msg']})"
            raise InputError(problem, mend="restore the file from a copy", where=self.path) from None

    @contextlib.contextmanager
    def _blame(self, **mends: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as error:
            _blame(error, self.path, **mends)


def _literal(text: str) -> str:
    """`text` for LIKE with `!` as the escape character."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def create_journal(folder: Path) -> None:
    """Put an empty journal into `folder`.

    Raises:
        InputError: the folder cannot be written.
        OSError: there is one already, or it cannot be made.
    """
    path = folder / FILE
    # SQLite gives its helpers the mode of the file itself.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
    with _connection(path, "rw") as db:
        try:
            db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            _blame(error, path)


def open_journal(folder: Path) -> Journal:
    """The journal of the run in `folder`, for writing; holds the run's lock until it is closed.

    Raises:
        RunLocked: another process is writing to this run.
        InputError: the file is missing, damaged, foreign or of another version, or cannot be written.
    """
    path = folder / FILE
    with contextlib.ExitStack() as resources:
        _demand(path)
        if path.is_symlink():
            raise InputError("is a symbolic link, and whatever it leads to is not this run's to write", mend="put the file itself there", where=path)
        resources.callback(RunLock(folder).release)
        db = resources.enter_context(_connection(path, "rw"))
        try:
            _check(db, path)
            # WAL: readers see the last commit and never wait for the writer, and it never waits for them.
            # NORMAL: a commit goes to the system at once and to the disk at checkpoints. A kill loses nothing; FULL would fsync every event.
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.DatabaseError as error:
            _blame(error, path)
        kept = resources.pop_all()
    return Journal(db, path, kept, writes=True)


def read_journal(folder: Path) -> Journal:
    """The journal of the run in `folder`, for reading only; needs no lock, also while another process writes.

    Raises:
        InputError: the file is missing, damaged, foreign or of another version.
    """
    path = folder / FILE
    with contextlib.ExitStack() as resources:
        _demand(path)
        try:
            db = resources.enter_context(_connection(path, "ro"))
            try:
                _check(db, path)
            except sqlite3.OperationalError as error:
                if _code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                    raise
                # A writer was killed and the helpers that reading needs cannot be made in this folder: read a copy. Nobody is writing to it,
                # for a live writer's helpers would be there.
                aside = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="rapport-")))
                for file in folder.glob(f"{FILE}*"):
                    shutil.copyfile(file, aside / file.name)
                db = resources.enter_context(_connection(aside / FILE, "rw"))
                _check(db, path)
        except sqlite3.DatabaseError as error:
            _blame(error, path)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", where=path) from None
        kept = resources.pop_all()
    return Journal(db, path, kept, writes=False)


@contextlib.contextmanager
def _connection(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """`path` opened as `ro`, `rw` or `rwc`, each statement its own transaction."""
    try:
        # isolation_level=None: otherwise Python opens a transaction before the first INSERT and holds it until somebody commits.
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=_PATIENCE)
    except sqlite3.DatabaseError as error:
        _blame(error, path)
    try:
        yield db
    finally:
        db.close()


def demand_short(path: Path) -> None:
    """Refuse the path of a journal that SQLite cannot open.

    Raises:
        InputError: it is too long.
    """
    if len(os.fsencode(path.absolute())) > _LONGEST_PATH:
        raise InputError("has a path that is too long for SQLite", mend="keep results in a folder nearer to the root", where=path)


def demand_version(version: int, path: Path) -> None:
    """Refuse a file of another schema version.

    Raises:
        InputError: `version` is not the one this program writes.
    """
    if version != SCHEMA_VERSION:
        age, mend = ("a newer", "upgrade rapport-sim") if version > SCHEMA_VERSION else ("an older", "read it with that one")
        raise InputError(f"was written by {age} version (schema {version}, known here: {SCHEMA_VERSION})", mend=mend, where=path)


def _demand(path: Path) -> None:
    try:
        there = path.is_file()
    except PermissionError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from None
    if not there:
        raise InputError("there is no journal here", mend="name a folder that `sim run` has made", where=path)


def _check(db: sqlite3.Connection, path: Path) -> None:
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION_ID:
        raise InputError("is not a journal of this program", mend="name a folder that `sim run` has made", where=path)
    demand_version(version, path)
    # Reads a page of the table, so that a file cut off behind its header fails here, and not in the middle of a run.
    db.execute("SELECT max(id) FROM event").fetchone()


def _stuck(error: sqlite3.DatabaseError, path: Path) -> RunStuck:
    """What `_blame` says of `error`, where a run cannot go on for it."""
    try:
        _blame(error, path)
    except InputError as said:
        return RunStuck(str(said))


def may_pass(stuck: BaseException) -> bool:
    """Whether what a journal complains of may pass by itself or by somebody's doing while a run waits: a disk that is full or does not answer."""
    cause = stuck.__cause__
    while cause is not None and not isinstance(cause, sqlite3.DatabaseError):
        cause = cause.__cause__
    return cause is not None and _code(cause) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _blame(error: sqlite3.DatabaseError, path: Path, *, full: str = "make room; `sim resume`, or the same `sim score`, goes on") -> NoReturn:
    """Raise what a person can make of `error`.

    Args:
        full: what to do about a full disk.
    """
    code = _code(error)
    if code == sqlite3.SQLITE_CANTOPEN:
        demand_short(path)
    if code == sqlite3.SQLITE_NOTADB:
        problem, mend = "is not a journal of this program", "name a folder that `sim run` has made"
    elif code == sqlite3.SQLITE_FULL:
        problem, mend = "the disk is full", full
    elif code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        problem, mend = f"cannot be written or read ({error})", "look at the folder's permissions and disk"
    elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        problem, mend = "another program keeps the file locked", "close it and try again"
    else:
        problem, mend = f"is damaged ({error})", "restore the file from a copy"
    raise InputError(problem, mend=mend, where=path) from error


def _code(error: sqlite3.DatabaseError) -> int:
    """SQLite's primary result code; 0 for errors of the Python module itself."""
    # The higher bytes say more precisely what happened, and differ between versions of SQLite.
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
