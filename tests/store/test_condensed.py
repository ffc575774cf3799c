"""What is kept beside a journal is never a second truth: with it, without it and whatever becomes of it, the trials are the same."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.core.errors import InputError
from sim.core.event import Event, Judged
from sim.core.record import Trial
from sim.store import condensed
from sim.store.condensed import FILE, read_trials
from sim.store.journal import FILE as JOURNAL
from sim.store.journal import Journal, create_journal, open_journal, read_journal
from tests.analysis.trials import Diary, planned

TARGETS = ("remembers", "forgets")


@pytest.fixture(autouse=True)
def _every_journal_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condensed, "FEWEST", 1)


@pytest.fixture
def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows of the journal were read at each look."""
    found: list[int] = []

    def counted(name: str) -> None:
        rows = getattr(Journal, name)

        def read(journal: Journal, *args: Any) -> list[Any]:
            read = list(rows(journal, *args))
            found.append(len(read))
            return read

        monkeypatch.setattr(Journal, name, read)

    counted("rows")
    counted("rows_between")
    return found


def blanks() -> list[Trial]:
    return [planned(f"nora/moving-house/{t}/1", target=t) for t in TARGETS]


def told(blank: Trial, words: str = "é “so”") -> list[Event]:
    diary = Diary(blank).open()
    for n in (1, 2, 3):
        diary.exchange((n, "na", 5, "?", "missed", 4, "surprise"), ("advice",), reply=f"{words} {n}", user="My cat is called Biscuit.")
    diary.open().exchange(3, None, reply=None).exchange(None)
    return diary.events


def everything() -> int:
    """Events of the run."""
    return sum(len(told(blank)) for blank in blanks())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    create_journal(tmp_path)
    append(tmp_path, [e for blank in blanks() for e in told(blank)])
    return tmp_path


def append(run: Path, events: list[Event]) -> None:
    with open_journal(run) as journal:
        journal.append_all(events)


def read(run: Path, *, study: str = "1") -> tuple[Trial, ...]:
    with read_journal(run) as journal:
        return read_trials(journal, blanks(), spec_hash=study)


def without(run: Path) -> tuple[Trial, ...]:
    with read_journal(run) as journal:
        return journal.digest(blanks())


def test_it_is_kept_for_its_owner_alone_and_spares_the_journal(run: Path, rows_read: list[int]) -> None:
    kept = read(run)
    assert rows_read == [everything()], "in one go, and not trial by trial"
    assert kept == without(run)
    assert stat.S_IMODE((run / FILE).stat().st_mode) == 0o600
    assert {f.name for f in run.iterdir()} == {JOURNAL, "lock", FILE}
    rows_read.clear()
    kept = read(run)
    assert rows_read == []
    assert kept == without(run)
    assert repr(kept) == repr(without(run))
    (run / FILE).unlink()
    assert read(run) == kept


def test_it_is_extended_by_what_is_new(run: Path, rows_read: list[int]) -> None:
    read(run)
    known = len(told(blanks()[0]))
    diary = Diary(blanks()[0])
    diary.events = told(blanks()[0])
    diary._session, diary._exchange = 2, 2
    diary.exchange((5,) * 7, ("questioning",), reply="One thing more.")
    append(run, diary.events[known:])
    rows_read.clear()
    assert read(run)[0].sessions[1].exchanges[2].reply
    assert rows_read == [len(diary.events) - known], "of one trial alone, and of it only what is new"
    rows_read.clear()
    assert read(run) == without(run)
    assert rows_read[: -len(TARGETS)] == []


def test_a_reader_beside_one_that_extends_it_reads_the_same(run: Path) -> None:
    read(run)
    with open_journal(run) as journal:
        journal.append_all([Judged.model_validate({**rated(), "part": "observer:x"})])
        before = read(run)
        with condensed._opened(run / FILE) as db:
            db.execute("SELECT * FROM about").fetchall()
            journal.append_all([Judged.model_validate({**rated(), "part": "observer:y"})])
            after = read(run)
        assert after == read(run) == without(run) != before


def rated() -> dict[str, Any]:
    place = {"trial": blanks()[0].id, "session": 1, "take": 1, "exchange": 1}
    return {**place, "kind": "rated", "result": {"callback": {"kind": "not_applicable", "reason": "No."}}}


def changed(run: Path) -> None:
    """As somebody with another program might."""
    with sqlite3.connect(run / JOURNAL) as db:
        db.execute("UPDATE event SET body = replace(body, 'so', 'no') WHERE kind = 'target_replied'")
    db.close()


def withdrawn(run: Path) -> None:
    """By a program that knows of no file beside the journal."""
    with sqlite3.connect(run / JOURNAL) as db:
        db.execute("DELETE FROM event WHERE kind = 'tagged' AND exchange = 2")
    db.close()
    append(run, [Judged.model_validate({**rated(), "part": "observer:x"})])


def replaced(run: Path) -> None:
    (run / JOURNAL).unlink()
    create_journal(run)
    append(run, [e for blank in blanks() for e in told(blank, "Another")] + [Judged.model_validate({**rated(), "part": "observer:x"})])


def garbled(run: Path) -> None:
    (run / FILE).write_bytes(b"SQLite format 3\0" + os.urandom(5000))


def cut(run: Path) -> None:
    os.truncate(run / FILE, 4096)


def said_otherwise(run: Path) -> None:
    with sqlite3.connect(run / FILE) as db:
        db.execute("UPDATE value SET body = '{}' WHERE id = 1")
        db.execute("UPDATE part SET body = '[[[\"said\"]], {}]'")
    db.close()


def of_a_stranger(run: Path) -> None:
    with sqlite3.connect(run / FILE) as db:
        db.execute("CREATE TRIGGER t AFTER INSERT ON part BEGIN DELETE FROM value; END")
    db.close()


@pytest.mark.parametrize("happens", [changed, withdrawn, replaced, garbled, cut, said_otherwise, of_a_stranger])
def test_it_is_made_anew_where_it_does_not_go_with_the_journal(run: Path, rows_read: list[int], happens: Callable[[Path], None]) -> None:
    read(run)
    happens(run)
    assert read(run) == without(run)
    rows_read.clear()
    assert read(run) == without(run)
    assert len(rows_read) == len(TARGETS), "it was made anew, and the journal is read without it alone"


def test_another_study_or_other_code_makes_it_anew(run: Path, rows_read: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    read(run)
    rows_read.clear()
    read(run, study="2")
    assert rows_read == [everything()]
    monkeypatch.setattr(condensed, "_code_hash", lambda: "of tomorrow")
    rows_read.clear()
    read(run, study="2")
    assert rows_read == [everything()]


def test_forgotten_and_withdrawn_words_leave_it_too(run: Path) -> None:
    read(run)
    assert b"Biscuit" in (run / FILE).read_bytes()
    (run / f".{FILE}.killed").write_bytes(b"Biscuit")
    with open_journal(run) as journal:
        journal.forget([blanks()[0].id])
        assert {f.name for f in run.iterdir() if FILE in f.name} == set()
    assert read(run)[0].forgotten
    with open_journal(run) as journal:
        journal.withdraw("human:p1")
    assert not (run / FILE).exists()


def test_what_is_deleted_while_it_is_made_does_not_stay(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle = condensed._settle

    def forget_first(db: sqlite3.Connection, path: Path) -> None:
        with open_journal(run) as journal:
            journal.forget([b.id for b in blanks()])
        settle(db, path)

    monkeypatch.setattr(condensed, "_settle", forget_first)
    read(run)
    assert not (run / FILE).exists()


def test_a_folder_that_cannot_be_written_is_read_without_it(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(condensed.tempfile, "mkstemp", refused)
    assert read(run) == without(run)
    assert not (run / FILE).exists()


def test_a_link_in_its_place_is_never_written_through(run: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    read(run)
    elsewhere = tmp_path_factory.mktemp("mine") / "mine.db"
    elsewhere.write_bytes((run / FILE).read_bytes())
    before = elsewhere.read_bytes()
    for link in (Path.symlink_to, Path.hardlink_to):
        (run / FILE).unlink()
        link(run / FILE, elsewhere)
        append(run, [Judged.model_validate({**rated(), "part": f"observer:{link.__name__[0]}"})])
        assert read(run) == without(run)
        assert elsewhere.read_bytes() == before
        assert not (run / FILE).is_symlink()
        assert (run / FILE).stat().st_nlink == 1


def test_an_event_that_cannot_be_read_is_named_all_the_same(run: Path) -> None:
    read(run)
    with sqlite3.connect(run / JOURNAL) as db:
        db.execute("UPDATE event SET body = '{}' WHERE kind = 'rated' AND exchange = 2")
    db.close()
    with pytest.raises(InputError, match="an event of trial nora/moving-house/remembers/1 cannot be read"):
        read(run)
    assert {f.name for f in run.iterdir()} >= {JOURNAL}
