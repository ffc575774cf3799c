"""A log becomes a run: what was said in it is kept as the events of trials, so that whatever reads a run reads the log too.

A trial is one person with one system: their sessions in order, or a conversation that follows no other. The person is the trial's persona, which is
what figures are resampled over; who they are nobody knows, so each is the same stand-in under an id of their own. What is said waits in a file beside
the run until the log is at its end, because a person's sessions may stand anywhere in it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import re
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from sim.core.event import Judged, Meta, SessionClosed, SessionOpened, Tagging, TargetReplied, TrialFinished, UserSpoke, Utterance
from sim.core.logged import SCENARIO
from sim.core.spec import LoggedTargetSpec, ModelSpec, Study
from sim.core.tools import ToolUse
from sim.store.header import LogSource
from sim.store.journal import open_journal
from sim.store.library import LoadedStudy, load_persona, load_scenario
from sim.store.runs import HEADER, create_run, open_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.core.codebook import Codebook
    from sim.core.event import Event
    from sim.core.logged import LoggedTalk
    from sim.core.spec import Persona
    from sim.core.spec.plants import Plants
    from sim.store.runs import RunFolder

PEOPLE: Final = ModelSpec(model="log/people")
"""Who plays the user."""
JUDGE: Final = ModelSpec(model="offline/rater")
"""Who judges by rubrics where nobody is named."""
SOMEBODY: Final = "somebody"
"""The persona that stands in for each of them."""
UNGROUPED: Final = "none"
"""The target of conversations without the key by which systems are told apart."""

_TALKS = (
    "CREATE TABLE talk (number INTEGER PRIMARY KEY, trial INTEGER NOT NULL, session INTEGER NOT NULL, conversation TEXT NOT NULL, "
    "person TEXT NOT NULL, said TEXT NOT NULL)"
)
# Without the index, SQLite would copy every text to sort by numbers.
_INDEX = "CREATE INDEX in_order ON talk (trial, session, number)"
_IN_ORDER = "SELECT trial, conversation, person, said FROM talk INDEXED BY in_order ORDER BY trial, session, number"
_LONGEST_ID = 64
_TAGGING: TypeAdapter[Tagging] = TypeAdapter(Tagging)
_TOOLS: TypeAdapter[tuple[ToolUse, ...]] = TypeAdapter(tuple[ToolUse, ...])


class LogIntake:
    """Takes in a log, conversation by conversation, and makes a run of it in the end. A context manager: what is not kept by then leaves no trace.

    Args:
        results: where runs are kept.
        log: the log's file.
        by: the key of the conversations, of which their `group` is the value, that says which system held them; None: one system held all.
    """

    def __init__(self, results: Path, log: Path, *, by: str | None) -> None:
        self._results = results
        self._log = log
        self._by = by
        self._people, self._systems = _Names(), _Names()
        self._trials: dict[tuple[str, str], int] = {}
        """Places of the trials, by person and target, in the order in which they begin in the log."""
        self._told: Counter[tuple[str, str]] = Counter()
        """How often a system has a conversation of this name."""
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> LogIntake:
        self._results.mkdir(parents=True, exist_ok=True)
        aside = self._resources.enter_context(tempfile.TemporaryDirectory(prefix=".new-", dir=self._results))
        self._db = self._resources.enter_context(contextlib.closing(sqlite3.connect(Path(aside) / "talks.db")))
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(_TALKS)
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def add(self, talk: LoggedTalk, tags: Sequence[Tagging | None]) -> None:
        """Take in one conversation, with what each of its replies was tagged with."""
        person = self._people.name(talk.person or talk.id, known=bool(talk.person))
        system = talk.group if talk.group is not None else UNGROUPED
        target = self._systems.name(self._log.stem if self._by is None else system, known=True)
        said = [
            (r.user, r.text, _TAGGING.dump_python(t, mode="json") if t else None, _TOOLS.dump_python(r.tools, mode="json"))
            for r, t in zip(talk.replies, tags, strict=True)
        ]
        trial = self._trials.setdefault((person, target), len(self._trials))
        conversation = self._conversation(talk, target)
        row = (trial, talk.session, conversation, talk.person or conversation, json.dumps(said, ensure_ascii=False))
        self._db.execute("INSERT INTO talk (trial, session, conversation, person, said) VALUES (?, ?, ?, ?, ?)", row)

    def _conversation(self, talk: LoggedTalk, target: str) -> str:
        """The conversation's name among those of its system: its id, with the number of the session where `id` names the person."""
        name = f"{talk.id}/{talk.session}" if talk.person == talk.id else talk.id
        self._told[target, name] += 1
        return name if self._told[target, name] == 1 else f"{name}#{self._told[target, name]}"

    def keep(
        self,
        name: str | None,
        *,
        tagger: ModelSpec,
        codebook: Codebook,
        persona: Persona | None,
        prompts: Mapping[str, str],
        plants: Plants | None = None,
    ) -> RunFolder:
        """The run that the log has become.

        Args:
            name: left out, it is the log's.
            persona: stands in for every person; None: one of whom nothing is known.
            plants: what is known to be planted in the talks.

        Raises:
            InputError: the name is taken or unfit, or the folder cannot be written.
        """
        self._db.execute(_INDEX)
        self._db.commit()
        study = Study(
            name=_slug(self._log.stem) or "log",
            targets=tuple(LoggedTargetSpec(id=id, log=self._log.name, group=group) for group, id in self._systems.names.items()),
            user=PEOPLE,
            played_by="log",
            tagger=tagger,
            codebook=codebook.id,
            personas=((persona.id if persona else SOMEBODY),),
            scenarios=(SCENARIO,),
        )
        scenario = load_scenario(SCENARIO).model_copy(update={"plants": plants})
        loaded = LoadedStudy(study, (persona or load_persona(SOMEBODY),), (scenario,), codebook)
        return create_run(
            self._results,
            name,
            loaded,
            prompts=prompts,
            scorers={},
            offline=(),
            log=source_of(self._log, by=self._by),
            trials=len(self._trials),
            fill=lambda folder: self._fill(folder, study),
        )

    def _fill(self, folder: Path, study: Study) -> None:
        by_trial = groupby(self._db.execute(_IN_ORDER), key=itemgetter(0))
        with open_journal(folder) as journal:
            for (person, target), (_, talks) in zip(self._trials, by_trial, strict=True):
                trial = f"{person}/{SCENARIO}/{target}/{study.seeds[0]}"
                journal.append_all(_events(trial, [(conversation, who, json.loads(said)) for _, conversation, who, said in talks], study))


def _events(trial: str, talks: Sequence[tuple[str, str, Sequence[tuple[str, str, object, object]]]], study: Study) -> Iterator[Event]:
    """What took place in a trial: its sessions, each with its name, its person's, and a list of message, reply, tags and tools."""
    meta = Meta(at=time.time())
    for session, (conversation, person, talk) in enumerate(talks, 1):
        place = {"trial": trial, "session": session, "take": 1}
        date = study.start_date + dt.timedelta(days=session - 1)
        yield SessionOpened(**place, date=date, conversation=conversation, person=person, meta=meta)
        for exchange, (message, reply, tags, tools) in enumerate(talk, 1):
            yield UserSpoke(**place, exchange=exchange, said=Utterance(message=message), meta=meta)
            yield TargetReplied(**place, exchange=exchange, reply=reply, tools=_TOOLS.validate_python(tools), meta=meta)
            if tags is not None:
                yield Judged(**place, exchange=exchange, kind="tagged", part=study.tagger_id, result=_TAGGING.validate_python(tags), meta=meta)
        yield SessionClosed(**place, ending="logged", forks=False, meta=meta)
    yield TrialFinished(trial=trial, meta=meta)


def source_of(log: Path, *, by: str | None) -> LogSource:
    """What a run that is read from `log` keeps of it."""
    with log.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8))
    return LogSource(file=log.name, hash=digest.hexdigest(), by=by)


def find_log_run(
    results: Path, name: str | None, log: Path, *, by: str | None, fits: Callable[[RunFolder], bool] = lambda _: True
) -> RunFolder | None:
    """The run under `results` that was read from this very log.

    Args:
        name: of the run; left out: any that has the log's name, numbered or not.
        fits: whether it is a run that is looked for.
    """
    own = _slug(log.stem) or "log"
    folders = (
        [results / name] if name is not None else sorted(f for f in results.glob(f"{own}*") if re.fullmatch(rf"{re.escape(own)}(-\d+)?", f.name))
    )
    wanted = source_of(log, by=by)
    runs = (open_run(f, results) for f in folders if (f / HEADER).is_file())
    return next((run for run in runs if run.spec.log == wanted and fits(run)), None)


def known_person(run: RunFolder) -> Persona | None:
    """Who talked in a run that was read from a log; None: nobody knows."""
    return None if run.study.personas == (SOMEBODY,) else run.personas[0]


class _Names:
    """Ids for names that may be any text, each its own."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        """Ids by name, of those that come again."""
        self._taken: set[str] = set()

    def name(self, text: str, *, known: bool) -> str:
        """The id of `text`.

        Args:
            known: the same text is the same thing; otherwise it is a new one each time.
        """
        if known and text in self.names:
            return self.names[text]
        plain = _slug(text) or "x"
        id, number = plain, 1
        while id in self._taken:
            number += 1
            id = f"{plain[: _LONGEST_ID - 8]}-{number}"
        self._taken.add(id)
        if known:
            self.names[text] = id
        return id


def _slug(text: str) -> str:
    """`text` as an id, as far as its letters allow."""
    return re.sub(r"[^a-z0-9_-]+", "-", text[:1_000].lower()).strip("-_")[:_LONGEST_ID].rstrip("-_")
