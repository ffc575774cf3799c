"""The commands that score what exists, and that measure whoever scores: score and calibrate."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sim.cli.flags import (
    AllowHost,
    Json,
    LocalOnlyFlag,
    LogJson,
    LogLevelFlag,
    MaxCost,
    MaxMinutes,
    MaxTokens,
    Results,
)
from sim.cli.log_wish import LogWish
from sim.core.errors import InputError


class ScorePart(StrEnum):
    """What `sim score` can be kept to."""

    moves = "moves"
    repetition = "repetition"
    validity = "validity"


class Unit(StrEnum):
    """What raters can agree on."""

    item = "item"
    talk = "talk"
    system = "system"


def score_command(
    log: Annotated[str, typer.Argument(metavar="LOG|RUN", help="A file of conversations, or a run's name or folder.")],
    only: Annotated[
        ScorePart | None,
        typer.Option("--only", help="Only each reply's moves, only how they repeat, or whether the user's side is sound; default: the first two."),
    ] = None,
    tagger: Annotated[
        str | None,
        typer.Option("--tagger", metavar="NAME", help="offline (the default for a log) or a model; not asked where the log has labels."),
    ] = None,
    rater: Annotated[
        list[str] | None,
        typer.Option(
            "--rater",
            metavar="MODEL",
            help="Let this model rate: by --ask, else on the seven dimensions of likability where who talked is known, else how well it is liked; "
            "may be repeated.",
        ),
    ] = None,
    ask: Annotated[
        Path | None, typer.Option("--ask", metavar="FILE", help="What --rater is asked instead: a rubric's file, with one question or several.")
    ] = None,
    ratings: Annotated[
        Path | None,
        typer.Option("--ratings", metavar="OUT.csv", help="Write what raters and scorers said here: item, system, rater, dimension, score, group."),
    ] = None,
    scorer: Annotated[
        list[str] | None,
        typer.Option(
            "--scorer",
            metavar="ID|FILE",
            help="answers, natural, liked, a rubric's file, or code as checks.py:Short or module:Class; may be repeated.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="MODEL", help="The model that judges by the rubrics; default: the one that they or the run name, else offline."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Keep a log as a run of this name; with --scorer or --rater it is always kept.")
    ] = None,
    persona: Annotated[
        str | None, typer.Option("--persona", metavar="ID|FILE", help="The persona who talked in the log, where that is known.")
    ] = None,
    plants: Annotated[
        str | None,
        typer.Option(
            "--plants",
            metavar="SCENARIO|FILE",
            help="Secrets, injected instructions and false claims that are in the log: a scenario's, or a file of them alone.",
        ),
    ] = None,
    codebook: Annotated[
        str | None, typer.Option("--codebook", metavar="FILE", help="The moves to look for: an id or a file; default: mint, or the run's own.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="KEY", help="Give figures for each value of this key of a conversation, such as system or meta.model; for a run: target."
        ),
    ] = None,
    teacher_forced: Annotated[
        Path | None,
        typer.Option("--teacher-forced", metavar="LOG", help="Also pair each reply with the one before it in this other speaker's log, by id."),
    ] = None,
    api_base: Annotated[
        str | None, typer.Option("--api-base", metavar="URL", help="Root of the OpenAI-compatible server that serves the models named here.")
    ] = None,
    api_key_env: Annotated[str | None, typer.Option("--api-key-env", metavar="NAME", help="The environment variable that holds their key.")] = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", metavar="N", min=1, help="How many replies are judged at once; default: 16, with --batch 20,000.")
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="For a run: ask in OpenAI's or Anthropic's batches, for half the price, within 24 hours.")
    ] = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    results: Results = Path("results"),
    local_only: LocalOnlyFlag = False,
    allow_host: AllowHost = None,
    log_level: LogLevelFlag = None,
    log_json: LogJson = False,
    json: Json = False,
) -> int:
    """Score conversations that already exist: the discourse moves of their replies, and how they repeat.

    A run's replies are judged again by --tagger and --rater, without a single call to its user or target: verdicts are kept in the run, and only
    what is missing is asked for. Without either, the tags it has are shown. With --scorer, --rater or --name, a log becomes a run, and the same
    command continues where it was stopped.

    JSONL or JSON: {"id", "session", "messages": [{"role", "content"}]} per conversation, or the bare list of messages; ShareGPT's {"conversations":
    [{"from", "value"}]}; CSV with the columns conversation, role, text and, if there are any, session. A message of the assistant may carry "moves"
    and "sentence_moves": then nothing is tagged. A text in "session" names a person, whose conversations follow each other; a number is the place of
    the session among those of the person named by "id". What cannot be read is reported with its line, skipped and counted.
    """
    from sim.cli.hosts import read_local_only
    from sim.cli.running import Changes
    from sim.cli.scoring import AT_ONCE, IN_A_BATCH, ScoreOptions, score

    wish = ScoreOptions(
        only=only.value if only else None,
        tagger=tagger,
        raters=tuple(rater or ()),
        ask=ask,
        ratings=ratings,
        scorers=tuple(scorer or ()),
        model=model,
        name=name,
        persona=persona,
        plants=plants,
        codebook=codebook,
        by=by,
        teacher_forced=teacher_forced,
        api_base=api_base,
        api_key_env=api_key_env,
        concurrency=concurrency or (IN_A_BATCH if batch else AT_ONCE),
        limits=Changes(max_cost=tuple(max_cost or ()), max_tokens=tuple(max_tokens or ()), max_minutes=max_minutes).limits,
        local_only=read_local_only(local_only, allow_host or ()),
        log=LogWish(log_level, log_json),
        batch=batch,
    )
    return score(log, wish, results=results, as_json=json)


def calibrate_command(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RATINGS|RUN", help="Agreement of raters: files of ratings (CSV or JSONL), runs by name or folder; several are joined."
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            "--reference", metavar="RATER", help="The rater the others are compared with, such as human; default: all are compared together."
        ),
    ] = None,
    unit: Annotated[
        Unit,
        typer.Option(
            "--unit", help="What --json's `dimensions` is on, and what is printed first. talk: ratings of replies meet those of whole talks."
        ),
    ] = Unit.item,
    scale: Annotated[
        list[str] | None,
        typer.Option(
            "--scale", metavar="SCALE", help="What files score on: 0-6, or 'poor|fair|good'; of one dimension, empathy=0-6; may be repeated."
        ),
    ] = None,
    exclude_self: Annotated[bool, typer.Option("--exclude-self", help="Leave out each judge's ratings of its own system.")] = False,
    edits: Annotated[
        bool, typer.Option("--edits", help="Print the response matrix: replies with one property changed, rated before and after.")
    ] = False,
    attack: Annotated[
        bool,
        typer.Option(
            "--attack", help="Put vague, empty, off-topic, flattering, order-giving and wrong texts before our judges, and count what they accept."
        ),
    ] = False,
    tagger: Annotated[
        Path | None, typer.Option("--tagger", metavar="FILE", help="Measure the tagger's agreement with people: JSONL of sentences with their moves.")
    ] = None,
    rater: Annotated[
        str, typer.Option("--rater", metavar="MODEL", help="The model that rates; with --attack, that plays every judge.")
    ] = "offline/rater",
    api_base: Annotated[
        str | None, typer.Option("--api-base", metavar="URL", help="Root of the OpenAI-compatible server that serves the rater.")
    ] = None,
    api_key_env: Annotated[
        str | None, typer.Option("--api-key-env", metavar="NAME", help="The environment variable that holds the rater's key.")
    ] = None,
    concurrency: Annotated[int, typer.Option("--concurrency", metavar="N", min=1, help="How many texts are judged at once.")] = 16,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    log_level: LogLevelFlag = None,
    log_json: LogJson = False,
    results: Results = Path("results"),
    local_only: LocalOnlyFlag = False,
    allow_host: AllowHost = None,
    json: Json = False,
) -> int:
    """Measure how far a rater or a tagger can be trusted: whether it agrees with people, and which dimensions or moves it tells apart.

    A file of ratings has the columns or keys item, rater, dimension, score and, if there are any, system, scale, and group: the conversation that an
    item is a part of. A score is a number or n/a; an empty one is left out and counted. People are the raters human and human:NAME; several are
    averaged. A run is calibrated by the people who rated it. Of several files and runs, items of one name and system meet, as in
    `sim score LOG --rater MODEL --ratings model.csv`, then `sim calibrate model.csv people.csv --reference human`.
    """
    from sim.app.models import read_model
    from sim.cli.calibrating import calibrate_attack, calibrate_edits, calibrate_tagger
    from sim.cli.flags import MODEL_FLAGS
    from sim.cli.hosts import read_local_only
    from sim.cli.running import Changes
    from sim.core.spec import Limits

    if not sources and (reference is not None or exclude_self or scale):
        flags = "--scale is" if scale else "--reference and --exclude-self are"
        raise InputError(f"{flags} for ratings", mend="name a file of ratings, or a run")
    if edits + attack + (tagger is not None) + bool(sources) != 1:
        mend = "write RATINGS, RUN, `--edits --rater MODEL`, `--attack --rater MODEL` or `--tagger FILE`"
        raise InputError("calibrate measures one thing at a time", mend=mend)
    if sources:
        from sim.app.calibrating import read_scales
        from sim.cli.calibrating import calibrate_by

        return calibrate_by(
            sources, reference=reference, unit=unit.value, exclude_self=exclude_self, scales=read_scales(scale or ()), results=results, as_json=json
        )
    if tagger is not None:
        return calibrate_tagger(tagger, as_json=json)
    limits = Changes(max_cost=tuple(max_cost or ()), max_tokens=tuple(max_tokens or ()), max_minutes=max_minutes).limits(Limits())
    spec = read_model(rater, api_base=api_base, api_key_env=api_key_env, where={**MODEL_FLAGS, "model": "--rater"}, such="offline/rater")
    wish = read_local_only(local_only, allow_host or ())
    log = LogWish(log_level, log_json)
    measure = calibrate_attack if attack else calibrate_edits
    return measure(spec, limits, local_only=wish, concurrency=concurrency, log=log, as_json=json)
