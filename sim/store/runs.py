"""A run is a folder: what was asked (`study.yaml`), with what (`header.json`), and what happened (`run.db`)."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
import os
import re
import secrets
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml
from pydantic import ValidationError

from sim.core.codebook import Codebook
from sim.core.errors import InputError, Notice, nearest
from sim.core.event import Event
from sim.core.frozen import Frozen
from sim.core.ports import Clock
from sim.core.record import Trial
from sim.core.spec import KeptScorer, Persona, RubricScorer, Scenario, ScorerFile, Study, Unsuited, left_out
from sim.core.spec.held_out import without_text
from sim.core.spec.memory import RECORDED
from sim.store.condensed import FILE as CONDENSED
from sim.store.condensed import read_trials
from sim.store.files import PRIVATE, open_regular, write_whole
from sim.store.header import Header, LogSource, RunSpec, build_header, is_as_written, text_hash, write_header
from sim.store.held_out import found_again, lacks_text
from sim.store.journal import FILE, Counts, Journal, create_journal, demand_short, demand_version, open_journal, read_journal
from sim.store.library import LoadedStudy
from sim.store.lock import LOCK, is_locked
from sim.store.yaml_file import load_yaml

SPEC = "study.yaml"
HEADER = "header.json"
CODEBOOKS = "codebooks"
"""The folder within a run's that holds the codebooks it was tagged with later, a file each."""
BATCHES = "batches.jsonl"
"""Which batch at which provider holds which requests (`sim.store.batches`)."""

SCORERS = "scorers"
"""The folder within a run's that holds the scorers that were added to it later, a file each."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_MAX_SPEC_BYTES = 1_000_000_000
"""A run holds its personas in full, and may have thousands."""


@dataclass(frozen=True)
class RunFolder:
    """One run on disk. What it was asked and with what is read when first looked at."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.absolute().name

    @cached_property
    def spec(self) -> RunSpec:
        """Everything the run was asked to do."""
        kept = load_yaml(self.path / SPEC, RunSpec, max_bytes=_MAX_SPEC_BYTES, context=RECORDED)
        if not any(scenario.held_out for scenario in kept.scenarios):
            return kept
        return kept.model_copy(update={"scenarios": found_again(kept.scenarios, run=self.name)})

    @property
    def study(self) -> Study:
        """The study as it stood when the run was made."""
        return self.spec.study

    @cached_property
    def left_out(self) -> tuple[Unsuited, ...]:
        """Pairs of persona and scenario that were not run because they do not suit each other."""
        return left_out(self.study, self.personas, self.scenarios) if self.study.played_by != "log" else ()

    @property
    def personas(self) -> tuple[Persona, ...]:
        """The personas as they stood when the run was made."""
        return self.spec.personas

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios as they stood when the run was made."""
        return self.spec.scenarios

    @property
    def codebook(self) -> Codebook:
        """The codebook its moves were tagged with."""
        return self.spec.codebook

    @cached_property
    def codebooks(self) -> dict[str, Codebook]:
        """All codebooks its moves were ever tagged with, by id, its own first."""
        folder = self.path / CODEBOOKS
        kept = [load_yaml(f, Codebook) for f in sorted(folder.glob("*.yaml"))] if folder.is_dir() else []
        return {book.id: book for book in (self.codebook, *kept)}

    def accept_codebook(self, codebook: Codebook) -> None:
        """See that `codebook` is what the run knows by its id, or that the run knows none by it.

        Raises:
            InputError: the run was tagged with another text under that id.
        """
        if self.codebooks.get(codebook.id, codebook) != codebook:
            problem = f"run '{self.name}' was tagged with another text of codebook '{codebook.id}'"
            raise InputError(problem, mend="give the new one another id, or leave --codebook out to use the run's own")

    def add_scoring(self, codebook: Codebook, *, prompts: Mapping[str, str], scorers: Mapping[str, str], offline: Iterable[str]) -> RunFolder:
        """Keep what a later scoring works with, so that the folder alone still tells how every figure came about; to be called under the run's lock.

        Prompts, versions and offline parts that the header has stay as they are.

        Returns:
            The folder as it is now.

        Raises:
            InputError: see `accept_codebook`; or the folder cannot be written.
        """
        self.accept_codebook(codebook)
        known = self.header
        header = known.with_scoring(prompts=prompts, scorers=scorers, offline=offline).model_copy(update={"edited": self.edited})
        try:
            if codebook.id not in self.codebooks:
                (self.path / CODEBOOKS).mkdir(mode=0o700, exist_ok=True)
                _write(self.path / CODEBOOKS / f"{codebook.id}.yaml", dump_yaml(codebook))
            if header != known:
                _write(self.path / HEADER, write_header(header))
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", where=self.path) from None
        return RunFolder(self.path)

    @cached_property
    def scorers(self) -> dict[str, KeptScorer]:
        """All scorers whose results it shows, by id: the study's own first, in place of each the one that was kept under its id last."""
        folder = self.path / SCORERS
        later = [load_yaml(f, ScorerFile).scorer for f in sorted(folder.glob("*.yaml"))] if folder.is_dir() else []
        return {scorer.info.id: scorer for scorer in (*self.spec.scorers, *later)}

    def accept_scorer(self, scorer: KeptScorer) -> None:
        """See that the run knows no other scorer by the id and version of `scorer`, whose results would be taken for its own.

        Raises:
            InputError: it does; the complaint says in what they differ.
        """
        known = self.scorers.get(scorer.info.id)
        if known is None or known.info.version != scorer.info.version:
            return
        id, version = scorer.info.id, scorer.info.version
        if isinstance(known, RubricScorer) and isinstance(scorer, RubricScorer):
            if known.rubric != scorer.rubric:
                problem = f"run '{self.name}' holds results of another text of rubric '{id}', version {version}"
                raise InputError(problem, mend="raise the rubric's version, or give it another id")
            if (known.model.model, known.model.api_base) != (scorer.model.model, scorer.model.api_base):
                problem = f"run '{self.name}' was judged by {known.model.model} on '{id}'"
                raise InputError(problem, mend=f"let it judge on, or copy the rubric under another id for {scorer.model.model}")
        elif type(known) is not type(scorer) or known.info != scorer.info:
            problem = f"run '{self.name}' holds results of another scorer called '{id}', version {version}"
            raise InputError(problem, mend="raise the version of the new one, or give it another id")

    def add_scorers(self, scorers: Iterable[KeptScorer], *, prompts: Mapping[str, str], offline: Iterable[str]) -> RunFolder:
        """Keep scorers that are added to the run, or whose code has changed; to be called under the run's lock.

        Returns:
            The folder as it is now.

        Raises:
            InputError: see `accept_scorer`; or the folder cannot be written.
        """
        new = [s for s in scorers if self.scorers.get(s.info.id) != s]
        for scorer in new:
            self.accept_scorer(scorer)
        header = self.header.with_scoring(prompts=prompts, scorers={s.info.id: s.info.version for s in new}, offline=offline)
        header = header.model_copy(update={"edited": self.edited})
        if not new and header == self.header:
            return self
        try:
            for scorer in new:
                (self.path / SCORERS).mkdir(exist_ok=True)
                _write(self.path / SCORERS / f"{scorer.info.id}.yaml", dump_yaml(ScorerFile(scorer=scorer)))
            if header != self.header:
                _write(self.path / HEADER, write_header(header))
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", where=self.path) from None
        return RunFolder(self.path)

    @cached_property
    def header(self) -> Header:
        """What the run was made with."""
        return self._header[0]

    @cached_property
    def _header(self) -> tuple[Header, bool]:
        """The header, and whether it is as it was written."""
        return _load_header(self.path / HEADER)

    @cached_property
    def edited(self) -> tuple[str, ...]:
        """Its files that somebody edited after the run was made, now or before it was gone on with."""
        header, as_written = self._header
        found = [] if as_written else [HEADER]
        if header.spec_text_hash and header.spec_text_hash != text_hash((self.path / SPEC).read_bytes()):
            found.append(SPEC)
        return tuple(dict.fromkeys((*header.edited, *found)))

    def keep_edited(self) -> RunFolder:
        """Note for good which files were edited, before the run is gone on with; to be called under the run's lock.

        Raises:
            InputError: the folder cannot be written.
        """
        if self.edited == self.header.edited:
            return self
        try:
            _write(self.path / HEADER, write_header(self.header.model_copy(update={"edited": self.edited})))
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", where=self.path) from None
        return RunFolder(self.path)

    def look_through(self) -> None:
        """Warn of files that were edited, and see that the journal tells of nothing that was not asked for.

        Raises:
            InputError: the journal has a trial or a session that `study.yaml` does not have.
        """
        spec = self.spec  # Read first: what cannot be read at all need not be called edited.
        if self.edited:
            warnings.warn(f"run '{self.name}': {edited_mark(self.edited)}", Notice, stacklevel=2)
        if (self.header.spec_text_hash and SPEC not in self.edited) or self.study.played_by == "log":
            return
        sessions = {s.id: len(s.sessions) for s in spec.scenarios}
        known = {
            f"{persona.id}/{scenario}/{target.id}/{seed}": longest
            for persona in spec.personas
            for scenario, longest in sessions.items()
            for target in spec.study.targets
            for seed in spec.study.seeds
        }
        with self.read_journal() as journal:
            for trial, last in journal.last_sessions():
                if last > known.get(trial, -1):
                    what = f"session {last} of trial {trial}" if trial in known else f"trial {trial}"
                    problem = f"the run's journal tells of {what}, which its {SPEC} does not have"
                    raise InputError(problem, mend="restore the file from a copy", where=self.path / SPEC)

    def is_being_written(self) -> bool:
        """Whether some process is writing to the run right now."""
        return is_locked(self.path)

    def read_journal(self) -> Journal:
        """The run's events, for reading only.

        Raises:
            InputError: the journal is missing, damaged or of another version.
        """
        return read_journal(self.path)

    def write_journal(self) -> Journal:
        """The run's events, for appending; holds the run's lock until the journal is closed.

        Raises:
            RunLocked: another process is writing to this run.
            InputError: the journal is missing, damaged or of another version, or the folder cannot be written.
        """
        return open_journal(self.path)

    def read_lean(self, blanks: Iterable[Trial]) -> tuple[Trial, ...]:
        """Each of `blanks`, all trials of the run, as far as the journal tells, without the words of raters and taggers.

        Raises:
            InputError: the journal is missing, damaged or of another version.
        """
        with self.read_journal() as journal:
            # What was made without the text of a held-out scenario is not what is made with it.
            lacking = "".join(scenario.id for scenario in self.scenarios if lacks_text(scenario))
            return read_trials(journal, blanks, spec_hash=text_hash((self.path / SPEC).read_bytes() + lacking.encode()))

    def sessions_held(self) -> dict[str, int]:
        """The number of sessions of each trial that has begun, in the order in which they began."""
        with self.read_journal() as journal:
            return journal.sessions()

    def load_events(self) -> dict[str, list[Event]]:
        """All events by trial, in the order in which they were appended."""
        found: dict[str, list[Event]] = {}
        with self.read_journal() as journal:
            for event in journal.all_events():
                found.setdefault(event.trial, []).append(event)
        return found


@dataclass(frozen=True)
class RunLine:
    """One line of `sim list`, read without the run's study."""

    name: str
    path: Path
    created: dt.datetime | None = None
    offline: bool = False
    """Whether offline models took part."""
    trials: int = 0
    """Planned."""
    being_written: bool = False
    """Whether some process is writing to it right now."""
    counts: Counts | None = None
    problem: InputError | None = None
    """Why it could not be read; what stands before it is then unknown."""


def create_run(
    results: Path,
    name: str | None,
    loaded: LoadedStudy,
    *,
    prompts: Mapping[str, str],
    scorers: Mapping[str, str],
    offline: Iterable[str],
    own: Iterable[KeptScorer] = (),
    log: LogSource | None = None,
    trials: int | None = None,
    fill: Callable[[Path], None] = lambda folder: None,
    clock: Clock = time.time,
    draw: Callable[[int], str] = secrets.token_hex,
) -> RunFolder:
    """Make the folder of a new run under `results`, with an empty journal. It appears complete or not at all.

    Args:
        name: left out, it is the study's, with `-2`, `-3` … behind it when that is taken.
        prompts: texts by name, kept in the header.
        scorers: versions by scorer, kept in the header.
        offline: the parts played by offline models, kept in the header.
        own: the study's own scorers, kept in full.
        log: what the run is read from.
        trials: how many are planned; None: as many as the study makes.
        fill: puts what has taken place already into the new folder, before anybody sees it.
        draw: the run's nonce, of so many bytes.

    Raises:
        InputError: the name is taken or unfit, or `results` cannot be written.
    """
    _demand_name(name)
    scenarios = tuple(map(without_text, loaded.scenarios))
    spec = RunSpec(study=loaded.study, personas=loaded.personas, scenarios=scenarios, codebook=loaded.codebook, scorers=tuple(own), log=log)
    created = dt.datetime.fromtimestamp(clock(), dt.UTC).replace(microsecond=0)
    with _fresh_folder(results) as fresh:
        text = dump_yaml(spec)
        header = build_header(
            spec,
            created=created,
            nonce=draw(8),
            prompts=prompts,
            scorers=scorers,
            offline=offline,
            spec_text=text,
            working_folder=Path(),
            registered=loaded.registered,
        )
        if trials is not None:
            header = header.model_copy(update={"trials": trials})
        _write(fresh / SPEC, text)
        _write(fresh / HEADER, write_header(header))
        create_journal(fresh)
        fill(fresh)
        return RunFolder(_settle(fresh, results, name, loaded.study.name))


def demand_place(results: Path, name: str | None) -> None:
    """See that a run of this name could be made under `results` now, and leave nothing there.

    Raises:
        InputError: see `create_run`.
    """
    _demand_name(name)
    if name is not None and os.path.lexists(results / name):
        raise _taken(results, name)
    missing = [f for f in (results, *results.parents) if not os.path.lexists(f)]
    try:
        with _fresh_folder(results) as fresh:
            demand_short(fresh / FILE)
    finally:
        for made in missing:
            with contextlib.suppress(OSError):
                made.rmdir()


def _demand_name(name: str | None) -> None:
    if name is not None and not _NAME.fullmatch(name):
        raise InputError(f"'{name}' is not a valid name for a run", mend="use lower-case letters, digits, - and _, 80 at most")


@contextlib.contextmanager
def _fresh_folder(results: Path) -> Iterator[Path]:
    """A new folder under `results`, closed to other users of the machine; it is gone in the end unless it was moved.

    Raises:
        InputError: `results` cannot be written.
    """
    try:
        results.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=results))
        try:
            yield fresh
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError("is a file, not a folder", mend="name another folder for results", where=results) from None
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", mend="name another folder for results", where=results) from None


def open_run(run: str | Path, results: Path = Path("results")) -> RunFolder:
    """The run in the folder `run`, or the one of that name under `results`.

    Raises:
        InputError: there is no such run, or it cannot be read.
    """
    path = Path(run) if _is_run(Path(run)) else results / run
    if _is_run(path):
        if not os.access(path / HEADER, os.R_OK):
            raise InputError("cannot be read: Permission denied", mend="it may be another user's, and runs are closed to others", where=path)
        return RunFolder(path)
    if path.is_dir() and str(run) not in ("", "."):
        raise InputError("is not a run's folder", mend=f"a run holds {HEADER} and {SPEC}", where=path)
    known = [f.name for f in _run_folders(results)]
    raise InputError(f"there is no run '{run}' in {results}", mend=nearest(Path(run).name, known) if known else "make one with `sim run`")


def belongs_to_run(place: Path) -> bool:
    """Whether `place` is one of the files of which a run consists; what is made from them, as a report, is none."""
    place = Path(os.path.realpath(place))
    folder, name = (place.parent.parent, CODEBOOKS) if place.parent.name == CODEBOOKS else (place.parent, place.name)
    return _is_run(folder) and (name in (SPEC, HEADER, LOCK, CODEBOOKS, CONDENSED, BATCHES) or name.startswith(FILE))


def list_runs(results: Path = Path("results")) -> tuple[RunLine, ...]:
    """All runs under `results`, oldest first, those that cannot be read last; reads headers and counts events, no more."""
    summaries = [_line(RunFolder(folder)) for folder in _run_folders(results)]
    return tuple(sorted(summaries, key=lambda s: (s.created is None, s.created.timestamp() if s.created else 0.0, s.name)))


def _line(run: RunFolder) -> RunLine:
    try:
        with run.read_journal() as journal:
            counts = journal.counts()
        return RunLine(run.name, run.path, run.header.created, bool(run.header.offline), run.header.trials, run.is_being_written(), counts)
    except InputError as error:
        return RunLine(run.name, run.path, problem=error)


def _is_run(folder: Path) -> bool:
    try:
        return (folder / HEADER).is_file()
    except PermissionError:
        # Another user's, most likely, as runs are closed to others: reading it says so.
        return folder.is_dir()


def _run_folders(results: Path) -> list[Path]:
    try:
        return sorted(f for f in results.iterdir() if not f.name.startswith(".") and _is_run(f))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=results) from None


def _settle(fresh: Path, results: Path, name: str | None, default: str) -> Path:
    """Move the finished folder to its name. Renaming is what decides between two processes that want the same one."""
    for candidate in [name] if name is not None else _names(default):
        place = results / candidate
        if os.path.lexists(place):
            continue
        try:
            return fresh.rename(place)
        except OSError:
            if not os.path.lexists(place):
                raise
    raise _taken(results, name)


def _taken(results: Path, name: str | None) -> InputError:
    return InputError(f"there is a run '{name}' already", mend="choose another --name, or `sim resume` it", where=results)


def _names(default: str) -> Iterator[str]:
    yield default
    yield from (f"{default}-{n}" for n in itertools.count(2))


def _write(path: Path, text: str) -> None:
    """`text` at `path`, wholly or not at all, whoever reads meanwhile."""
    write_whole(path, [text.encode()], mode=PRIVATE)


def edited_mark(files: Sequence[str]) -> str:
    """What is said of a run whose files were edited."""
    return f"{' and '.join(files)} {'were' if len(files) > 1 else 'was'} edited after the run was made: its figures may not be of what it says"


def _load_header(path: Path) -> tuple[Header, bool]:
    try:
        with open_regular(path) as file:
            text = file.read().decode()
        version = json.loads(text)["schema_version"]
        if isinstance(version, int):
            demand_version(version, path)
        return Header.model_validate_json(text), is_as_written(text)
    except FileNotFoundError:
        raise InputError("no such file", mend="name a folder that `sim run` has made", where=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        problem = error.errors(include_url=False)[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise InputError(f"is damaged ({problem})", mend="restore it from a copy", where=path) from None


# --- study.yaml ---------------------------------------------------------------------------------------------------


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes what a person would: no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def dump_yaml(spec: Frozen) -> str:
    """`spec` as YAML. Defaults are written out, so that the run means the same when a later version has others."""
    return str(yaml.dump(spec.model_dump(exclude_none=True), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=140))
