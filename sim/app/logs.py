"""`sim.load_log`: conversations that exist, read into a run, so that whatever reads a run reads them too."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sim.app.blocking import Interruption, finish
from sim.app.runs import RESULTS, Run, load_run
from sim.core.errors import InputError, Notice
from sim.core.event import TaggedSentence, Tags, Unscored
from sim.core.logged import Labels
from sim.core.spec import ModelSpec
from sim.engine.marking import by_labels, mark_talks
from sim.engine.preflight import check_tagger
from sim.llm.prompts import load_texts
from sim.score.moves.offline import OfflineTagger
from sim.score.moves.price import CallTally
from sim.store.library import load_codebook, load_persona
from sim.store.log_run import LogIntake, find_log_run, known_person
from sim.store.logs import Log, PassedOver

if TYPE_CHECKING:
    from sim.core.event import Tagging
    from sim.core.logged import LoggedReply, LoggedTalk
    from sim.engine.marking import Mark, Marked

LABELS: Final = ModelSpec(model="log/labels")
"""The tagger of a run whose moves are the log's own labels."""
TAGGER: Final = ModelSpec(model="offline/tagger")
AT_ONCE = 16
"""Replies that are tagged at once."""


def load_log(
    path: str | Path,
    *,
    name: str | None = None,
    persona: str | Path | None = None,
    by: str | None = None,
    codebook: str = "mint",
    results: str | Path = RESULTS,
) -> Run:
    """Conversations in a file as a run, with the moves of their replies by the file's own labels or by the offline tagger; nothing is sent anywhere.

    A log that a run holds already is not read again. `sim.score_run(run, scorers=["answers"], model=…)` then has it judged.

    Args:
        path: JSONL, JSON or CSV of conversations (`sim score --help` says which forms are known).
        name: of the run's folder under `results`; left out: the file's, numbered if taken.
        persona: who talked, as a persona's id or file; left out: nobody knows, and raters cannot rate as them.
        by: the key of a conversation that says which system held it; left out: one system held all.
        codebook: the moves that are told apart.

    Raises:
        InputError: the file cannot be read, nothing in it is a conversation, or there is a run of that name already, of something else.
        KeyboardInterrupt: Ctrl-C; there is no run then.
    """
    place, folder = Path(path), Path(results)
    who = load_persona(persona) if persona is not None else None
    book = load_codebook(codebook)
    known = find_log_run(folder, name, place, by=by, fits=lambda run: known_person(run) == who)
    if known:
        return load_run(known.path)
    if name is not None and (folder / name).exists():
        raise InputError(f"there is a run '{name}' already, of something else", mend="choose another name", where=folder)
    log = Log(place, moves=tuple(m.id for m in book.tagged), by=by)
    labelled = log.is_labelled()
    if not labelled:
        check_tagger(TAGGER, book)
    passed: list[PassedOver] = []

    async def read() -> Path:
        read_talks = 0

        def take(marked: Marked) -> None:
            nonlocal read_talks
            intake.add(marked.talk, [tags_of(r, m) for r, m in zip(marked.talk.replies, marked.marks, strict=True)])
            read_talks += 1

        with LogIntake(folder, place, by=by) as intake:
            if labelled:
                for talk in _talks(log, passed):
                    take(by_labels(talk))
            else:
                await mark_talks(_talks(log, passed), OfflineTagger(), concurrency=AT_ONCE, take=take, taken=CallTally())
            if not read_talks:
                raise _nothing(place, passed)
            tagger = LABELS if labelled else TAGGER
            return intake.keep(name, tagger=tagger, codebook=book, persona=who, prompts=load_texts(), plants=None).path

    # Ctrl-C ends it at once: a log that was not read to its end leaves no run.
    kept = finish(read, Interruption(lambda _: None))
    if passed:
        warnings.warn(f"{place}: {len(passed):,} passed over, such as line {passed[0].line}: {passed[0].problem}", Notice, stacklevel=2)
    return load_run(kept)


def _talks(log: Log, passed: list[PassedOver]) -> Iterator[LoggedTalk]:
    """The conversations that can be read; what is passed over is added to `passed`."""
    for found in log.read():
        if isinstance(found, PassedOver):
            passed.append(found)
        else:
            yield found


def _nothing(place: Path, passed: list[PassedOver]) -> InputError:
    if not passed:
        return InputError("holds no conversation", mend="see `sim score --help`", where=place)
    return InputError(f"nothing in it can be scored: {passed[0].problem}", mend=passed[0].mend, where=place, line=passed[0].line)


def tags_of(reply: LoggedReply, mark: Mark) -> Tagging | None:
    """What a run keeps of a mark; None: the reply has none."""
    match mark:
        case Tags() | Unscored():
            return mark
        case Labels(moves, None):
            return Tags(sentences=(TaggedSentence(text=reply.text, moves=tuple(sorted(moves))),))
        case Labels(_, sentences) if sentences is not None:
            # The log does not say which words each sentence has.
            return Tags(sentences=tuple(TaggedSentence(text="", moves=moves) for moves in sentences))
    return None
