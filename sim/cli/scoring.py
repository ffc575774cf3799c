"""`sim score LOG`: the moves of conversations that already exist, and how they repeat; with judges, the run that the log becomes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, Literal

from sim.app import models
from sim.cli.exit import DONE, INCOMPLETE, INTERRUPTED
from sim.cli.flags import MODEL_FLAGS
from sim.cli.log_wish import AS_USUAL, LogWish
from sim.core.errors import InputError
from sim.core.spec import Limits, ModelSpec, name_tagger
from sim.store.logs import SUFFIXES

if TYPE_CHECKING:
    from sim.cli.tagging import TalkSource
    from sim.core.codebook import Codebook
    from sim.engine.marking import Marked, Tally
    from sim.llm.hosts import LocalOnly
    from sim.score.moves.price import CallTally
    from sim.score.repetition.teacher_forced import ForcedFigures

Part = Literal["moves", "repetition", "validity"]

AT_ONCE = 16
"""Replies that are judged at once,"""
IN_A_BATCH = 20_000
"""and that are waited for together where they are judged in batches."""
OFFLINE = "offline/tagger"
"""The offline tagger, which `--tagger offline` means too."""


@dataclass(frozen=True)
class ScoreOptions:
    """What the flags ask for."""

    only: Part | None = None
    tagger: str | None = None
    raters: tuple[str, ...] = ()
    ask: Path | None = None
    """What the raters are asked, instead of what they are asked by default."""
    ratings: Path | None = None
    """Where what they say is written as a table."""
    scorers: tuple[str, ...] = ()
    model: str | None = None
    """Who judges by the rubrics among `scorers`."""
    name: str | None = None
    """Of the run that a log becomes."""
    persona: str | None = None
    """Who talked in a log."""
    plants: str | None = None
    """What is planted in a log."""
    codebook: str | None = None
    by: str | None = None
    teacher_forced: Path | None = None
    api_base: str | None = None
    api_key_env: str | None = None
    concurrency: int = AT_ONCE
    limits: Callable[[Limits], Limits] = lambda limits: limits
    """The flags' budgets put into limits."""
    local_only: LocalOnly | None = None
    log: LogWish = AS_USUAL
    batch: bool = False
    """Whether models are asked in batches."""


def score(name: str, wish: ScoreOptions, *, results: Path, as_json: bool) -> int:
    """`sim score`: a file is a log, anything else a run."""
    path = Path(name)
    if wish.only == "validity":
        from sim.cli.user_check import check_users

        return check_users(name, wish, results=results, as_json=as_json)
    is_log = os.path.exists(path) and not path.is_dir()
    if wish.plants and not is_log:
        raise InputError("is for a log; a run's scenarios say themselves what they plant", mend="take it out", where="--plants")
    if is_log:
        return score_log(path, wish, results=results, as_json=as_json)
    if path.suffix.lower() in SUFFIXES:
        problem = "is a folder, not a file" if path.is_dir() else "is a link that leads nowhere" if path.is_symlink() else "there is no such file"
        raise InputError(problem, mend="name a log" if path.is_dir() else "", where=path)
    from sim.cli.rescoring import score_run

    return score_run(name, wish, results=results, as_json=as_json)


def score_log(path: Path, wish: ScoreOptions, *, results: Path, as_json: bool) -> int:
    """Tag a log, unless it has labels of its own, and measure it; with raters or scorers, make a run of it and have that judged."""
    from sim.app.logs import LABELS
    from sim.cli.keeping import Kept
    from sim.cli.logs import configure_logging
    from sim.cli.tagging import Tagging, TalkSource
    from sim.engine.marking import BY_LOG, Tally
    from sim.score.repetition.teacher_forced import TeacherForced
    from sim.store.library import load_codebook

    demand_sense(wish)
    becomes_run = bool(wish.scorers or wish.raters or wish.name)
    if wish.persona and not becomes_run:
        raise InputError("is who talked in a log that becomes a run", mend="add --rater, --scorer or --name", where="--persona")
    if wish.plants and not becomes_run:
        raise InputError("is what scorers look for in a log that becomes a run", mend="add --scorer or --name", where="--plants")
    if wish.batch:
        mend = "keep the log as a run with --name NAME, and then score that run"
        raise InputError("is for a run, and this is a log", mend=mend, where="--batch")
    configure_logging(wish.log)
    codebook = load_codebook(wish.codebook or "mint")
    spec = read_model(wish.tagger or "offline", "--tagger", wish)
    kept = Kept(path, wish, codebook, results=results) if becomes_run else None
    tally, forced = Tally(codebook, grouped=wish.by is not None), TeacherForced(codebook)
    replies = Replies(sys.stdout, codebook) if as_json and wish.only != "repetition" else None

    def take(marked: Marked) -> None:
        tally.add(marked)
        if wish.teacher_forced:
            forced.add_own(marked.measured())
        if replies:
            replies.write(marked)
        if kept:
            kept.take(marked)

    own = TalkSource(path, codebook, take, by=wish.by, as_json=wish.log.as_json)
    # The other speaker's replies must be known before one's own are paired with them.
    others = [TalkSource(wish.teacher_forced, codebook, lambda marked: forced.add_other(marked.measured()))] if wish.teacher_forced else []
    tagging = Tagging((*others, own), spec, codebook, wish)
    name = BY_LOG if tagging.labelled else name_tagger(spec)
    if replies:
        replies.tagger = name
    with kept or nullcontext():
        try:
            tagging.run()
        except asyncio.CancelledError:
            return INTERRUPTED
        if tagging.stopped:
            print(f"sim: stopped after {tally.conversations:,} conversations: {tagging.stopped}", file=sys.stderr)
        if tally.conversations or not tagging.stopped:
            _check(tally, own, wish.by)
        if kept and not tagging.stopped:
            kept.keep(LABELS if tagging.labelled else spec)
    status = kept.score() if kept and not tagging.stopped else DONE
    if tally.conversations or not tagging.stopped:
        print_scores(
            tally,
            name,
            wish,
            own.passed_over,
            log=path.name,
            taken=tagging.taken,
            replies=replies,
            as_json=as_json,
            teacher_forced=forced.figures() if wish.teacher_forced else None,
            more=kept.document() if kept and not tagging.stopped else {},
        )
    if kept and not tagging.stopped:
        if not as_json:
            kept.print()
        kept.write()
    if tagging.interrupted:
        return INTERRUPTED
    return INCOMPLETE if tally.lost or tagging.stopped else status


def demand_sense(wish: ScoreOptions) -> None:
    """Refuse flags that mean nothing beside the others.

    Raises:
        InputError: names the flag.
    """
    if wish.by is not None and not wish.by.strip():
        raise InputError("names no key", mend="write one such as system, or leave it out", where="--by")
    for flag, value in (("--by", wish.by), ("--teacher-forced", wish.teacher_forced)):
        # Of a log that becomes a run, the key says which system a talk is of, whatever is shown.
        if value and wish.only == "moves" and not (flag == "--by" and (wish.raters or wish.scorers)):
            raise InputError("asks for figures, and --only moves has none", mend="leave one out", where=flag)
    if wish.ask and not wish.raters:
        raise InputError("asks nobody", mend="name who is asked: --rater MODEL", where="--ask")
    if wish.ratings and not (wish.raters or wish.scorers):
        raise InputError("is where ratings are written, and nobody rates", mend="add --rater MODEL", where="--ratings")
    if wish.model and not wish.scorers:
        raise InputError("judges by a rubric, and none is named", mend="add --scorer answers, or --scorer FILE", where="--model")
    away = [name for name in (wish.tagger, wish.model, *wish.raters) if name and name.partition("/")[0] != "offline"]
    for flag, value in (("--api-base", wish.api_base), ("--api-key-env", wish.api_key_env)):
        if value and not away:
            raise InputError("means nothing to offline models, which run in this process", mend="name a model", where=flag)


def read_model(name: str, flag: str, wish: ScoreOptions) -> ModelSpec:
    """The model that `flag` names, at the place that the other flags give; `offline` is the offline tagger.

    Raises:
        InputError: a flag has a value that cannot be.
    """
    if flag == "--tagger" and name == "offline":
        name = OFFLINE
    such = {"--tagger": OFFLINE, "--rater": "offline/rater"}.get(flag, "offline/user")
    where = {**MODEL_FLAGS, "model": flag}
    if name.startswith("offline/"):
        return models.read_model(name, where=where, such=such)
    return models.read_model(name, api_base=wish.api_base, api_key_env=wish.api_key_env, where=where, such=such)


def _check(tally: Tally, source: TalkSource, by: str | None) -> None:
    """Refuse figures of nothing.

    Raises:
        InputError: there is no conversation to score, or none has the key that figures are wanted by.
    """
    first, path = source.first, source.log.path
    if not tally.conversations and first:
        raise InputError(f"nothing in it can be scored: {first.problem}", mend=first.mend, where=path, line=first.line)
    if not tally.conversations:
        raise InputError("holds no conversation", mend="see `sim score --help`", where=path)
    if by and tally.ungrouped == tally.conversations:
        raise InputError(f"no conversation has '{by}'", mend="name a key of the conversations; dots lead into objects", where="--by")


def print_scores(
    tally: Tally,
    tagger: str,
    wish: ScoreOptions,
    passed_over: int,
    *,
    log: str,
    taken: CallTally,
    replies: Replies | None,
    as_json: bool,
    teacher_forced: ForcedFigures | None = None,
    offline: bool = False,
    hint: str = "",
    more: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Print what is wanted of a log or a run: its replies' moves, its figures, or both.

    Args:
        log: names the log or the run.
        more: further keys of the JSON document.
        offline, hint: see `LogFigures`.
    """
    from sim.present.text.scoring import figures_of, price_document, render_log, repetition_document

    if replies and wish.only:
        counts = {"conversations": tally.conversations, "untagged": tally.absent.total(), "passed_over": passed_over}
        replies.end({**counts, "per_1000_replies": price_document(taken.per_thousand), **more})
        return
    figures = figures_of(
        tally,
        log=log,
        tagger=tagger,
        by=wish.by,
        passed_over=passed_over,
        repetition=wish.only != "moves",
        price=taken.per_thousand,
        teacher_forced=teacher_forced,
        offline=offline,
        hint=hint,
    )
    if replies:
        counts = {"conversations": figures.conversations, "untagged": figures.untagged, "passed_over": passed_over}
        replies.end({**counts, "repetition": repetition_document(figures), **more})
    elif as_json:
        print(json.dumps({**repetition_document(figures), **more}))
    else:
        from sim.cli.reading import print_rendered

        print_rendered(lambda width: render_log(figures, width=width))


class Replies:
    """`replies` as one JSON document, written as they come; nothing is written before the first."""

    def __init__(self, stream: IO[str], codebook: Codebook, tagger: str = "") -> None:
        self.tagger = tagger
        """Who tagged them; to be known before the first."""
        self._stream = stream
        self._codebook = codebook
        self._begun = False

    def write(self, marked: Marked) -> None:
        """The replies of one conversation."""
        from sim.present.text.scoring import reply_rows

        for row in reply_rows(marked, self._codebook):
            if not self._begun:
                head = json.dumps({"tagger": self.tagger, "codebook": self._codebook.id})
                self._stream.write(f'{head[:-1]}, "replies": [\n')
            self._stream.write((",\n" if self._begun else "") + json.dumps(row))
            self._begun = True

    def end(self, rest: dict[str, Any]) -> None:
        """Close the document with what stands behind the replies."""
        self._stream.write(f"\n], {json.dumps(rest)[1:]}\n")
