"""Every command and its flags. What a command does stands in the modules beside this one and is imported only when it runs."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from sim.cli.exit import BAD_INPUT, DONE, INCOMPLETE, INTERRUPTED
from sim.cli.log_wish import LogLevel, LogWish
from sim.cli.population_app import add_commands
from sim.cli.streams import OutputLost, lost_output
from sim.core.errors import InputError, Notice, RunStuck

_MISUSED: Any = typer.BadParameter.__mro__[2]
"""The base of all complaints about flags; newer versions of typer carry their own copy of click and do not name it."""

app = typer.Typer(
    name="sim",
    help="Does a chatbot become someone its user likes talking to, when that user keeps coming back?",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


class ExportFormat(StrEnum):
    """What `sim export` can write."""

    jsonl = "jsonl"
    csv = "csv"
    parquet = "parquet"
    inspect = "inspect"
    markdown = "markdown"
    latex = "latex"
    ratings = "ratings"


class ScorePart(StrEnum):
    """What `sim score` can be kept to."""

    moves = "moves"
    repetition = "repetition"
    validity = "validity"


class CompareBy(StrEnum):
    """What `sim compare` can hold against each other."""

    target = "target"
    memory = "memory"
    persona_type = "persona-type"
    scenario = "scenario"
    stress = "stress"


class Unit(StrEnum):
    """What raters can agree on."""

    item = "item"
    talk = "talk"
    system = "system"


class Kind(StrEnum):
    """What has a schema."""

    study = "study"
    persona = "persona"
    scenario = "scenario"
    people = "people"
    codebook = "codebook"
    rubric = "rubric"
    edits = "edits"
    requirements = "requirements"


Results = Annotated[Path, typer.Option("--results", metavar="DIR", help="Where runs are kept.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output, and nothing else there.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's name, or its folder.")]
MaxCost = Annotated[
    list[str] | None,
    typer.Option("--max-cost", metavar="DOLLARS", help="Stop cleanly before more is spent; rater=2 bounds one role; may be repeated."),
]
MaxTokens = Annotated[
    list[str] | None,
    typer.Option("--max-tokens", metavar="N", help="Stop cleanly before more tokens are used; rater=N bounds one role; may be repeated."),
]
MaxMinutes = Annotated[float | None, typer.Option("--max-minutes", metavar="N", help="Stop cleanly after this many minutes.")]
Patience = Annotated[float | None, typer.Option("--patience", metavar="MINUTES", help="How long to wait for a provider that goes down.")]
Timeout = Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="How long one attempt of a call may take.")]
Retries = Annotated[int | None, typer.Option("--retries", metavar="N", help="Attempts of a call after the first.")]

LogLevelFlag = Annotated[
    LogLevel | None, typer.Option("--log-level", help="Log this and worse on standard error; default: warning, or info with --log-json.")
]
LogJson = Annotated[bool, typer.Option("--log-json", help="Log as lines of JSON; progress and notices too.")]
LocalOnlyFlag = Annotated[bool, typer.Option("--local-only", help="Refuse every host that is not this machine, before any connection is opened.")]
BackendFlag = Annotated[str, typer.Option("--backend", metavar="local|ray", help="Hold trials in this process, or in workers of a Ray cluster.")]
RayAddress = Annotated[str | None, typer.Option("--ray-address", metavar="ADDRESS", help="The cluster; default: this machine alone.")]
WorkersFlag = Annotated[int | None, typer.Option("--workers", metavar="N", min=1, help="Ray workers; default: one a processor.")]
RuntimeEnv = Annotated[Path | None, typer.Option("--runtime-env", metavar="FILE", help="Ray's runtime environment: working_dir, pip, env_vars.")]
AllowHost = Annotated[list[str] | None, typer.Option("--allow-host", metavar="HOST", help="With --local-only: this host too; may be repeated.")]


@app.command("run")
def run_command(
    study: Annotated[
        str | None, typer.Argument(metavar="STUDY", help="A study file or a built-in study; default: the offline demonstration.")
    ] = None,
    target: Annotated[list[str] | None, typer.Option("--target", metavar="ID", help="Only this target; may be repeated.")] = None,
    persona: Annotated[list[str] | None, typer.Option("--persona", metavar="ID", help="These personas instead: id, glob or path.")] = None,
    scenario: Annotated[list[str] | None, typer.Option("--scenario", metavar="ID", help="These scenarios instead: id, glob or path.")] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", metavar="N", help="Seeds 1 to N instead.")] = None,
    concurrency: Annotated[int | None, typer.Option("--concurrency", metavar="N", help="How many trials run at once.")] = None,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    patience: Patience = None,
    timeout: Timeout = None,
    retries: Retries = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="The run's name; default: the study's, numbered if it is taken.")] = None,
    results: Results = Path("results"),
    local_only: LocalOnlyFlag = False,
    allow_host: AllowHost = None,
    backend: BackendFlag = "local",
    ray_address: RayAddress = None,
    workers: WorkersFlag = None,
    runtime_env: RuntimeEnv = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and the number of calls; spend and write nothing.")] = False,
    log_level: LogLevelFlag = None,
    log_json: LogJson = False,
    json: Json = False,
) -> int:
    """Run a study; with no argument, the built-in offline demonstration."""
    from sim.cli.cluster import read_cluster
    from sim.cli.outgoing import read_local_only
    from sim.cli.running import Changes, run

    changes = Changes(
        targets=tuple(target or ()),
        personas=tuple(persona or ()),
        scenarios=tuple(scenario or ()),
        seeds=seeds,
        concurrency=concurrency,
        max_cost=tuple(max_cost or ()),
        max_tokens=tuple(max_tokens or ()),
        max_minutes=max_minutes,
        patience=patience,
        timeout=timeout,
        retries=retries,
    )
    wish = read_local_only(local_only, allow_host or ())
    cluster = read_cluster(backend, address=ray_address, workers=workers, runtime_env=runtime_env)
    log = LogWish(log_level, log_json)
    return run(study, changes, name=name, results=results, local_only=wish, cluster=cluster, dry_run=dry_run, log=log, as_json=json)


@app.command("try")
def try_command(
    target: Annotated[
        str | None, typer.Argument(metavar="TARGET", help="A URL, a model such as offline/uses, module:function or module:graph.")
    ] = None,
    curl: Annotated[
        str | None, typer.Option("--curl", metavar="COMMAND", help="One request to it as a curl command; - reads it from standard input.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="A model; with --api-base, as its server calls it.")] = None,
    api_base: Annotated[str | None, typer.Option("--api-base", metavar="URL", help="The OpenAI-compatible server that the model is at.")] = None,
    api_key_env: Annotated[str | None, typer.Option("--api-key-env", metavar="NAME", help="The variable that holds its key.")] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="How long one reply may take; default: 60.")] = None,
    persona: Annotated[str | None, typer.Option("--persona", metavar="ID", help="Who talks with it; default: the first persona found.")] = None,
    scenario: Annotated[str | None, typer.Option("--scenario", metavar="ID", help="The scenario whose first session is held.")] = None,
    user: Annotated[str, typer.Option("--user", metavar="MODEL", help="The model that plays the persona and rates.")] = "offline/user",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The study file to write; default: my-bot.yaml, numbered if it exists.")
    ] = None,
    log_level: LogLevelFlag = None,
    log_json: LogJson = False,
    results: Results = Path("results"),
    local_only: LocalOnlyFlag = False,
    allow_host: AllowHost = None,
    json: Json = False,
) -> int:
    """Try your own chatbot: one exchange shown raw, a few checks, one session on screen, and a study file to go on with."""
    from sim.cli.outgoing import read_local_only
    from sim.cli.trying import TryOptions, try_target

    wish = TryOptions(
        target=target,
        curl=curl,
        model=model,
        api_base=api_base,
        api_key_env=api_key_env,
        timeout=timeout,
        persona=persona,
        scenario=scenario,
        user=user,
        out=out,
        log=LogWish(log_level, log_json),
    )
    return try_target(wish, results=results, local_only=read_local_only(local_only, allow_host or ()), as_json=json)


@app.command("resume")
def resume_command(
    run: RunName,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    patience: Patience = None,
    timeout: Timeout = None,
    retries: Retries = None,
    results: Results = Path("results"),
    local_only: LocalOnlyFlag = False,
    allow_host: AllowHost = None,
    backend: BackendFlag = "local",
    ray_address: RayAddress = None,
    workers: WorkersFlag = None,
    runtime_env: RuntimeEnv = None,
    log_level: LogLevelFlag = None,
    log_json: LogJson = False,
    json: Json = False,
) -> int:
    """Continue a run where it stopped: only what is missing is run and paid for."""
    from sim.cli.cluster import read_cluster
    from sim.cli.outgoing import read_local_only
    from sim.cli.running import Changes, resume

    changes = Changes(
        max_cost=tuple(max_cost or ()),
        max_tokens=tuple(max_tokens or ()),
        max_minutes=max_minutes,
        patience=patience,
        timeout=timeout,
        retries=retries,
    )
    wish, log = read_local_only(local_only, allow_host or ()), LogWish(log_level, log_json)
    cluster = read_cluster(backend, address=ray_address, workers=workers, runtime_env=runtime_env)
    return resume(run, changes, results=results, local_only=wish, cluster=cluster, log=log, as_json=json)


@app.command("limits")
def limits_command(
    run: RunName,
    calls: Annotated[int | None, typer.Option("--calls", metavar="N", min=1, max=100_000, help="Let exactly N be in flight to each model.")] = None,
    adapt: Annotated[bool, typer.Option("--adapt", help="Find out again how many may be, as the study says.")] = False,
    model: Annotated[str | None, typer.Option("--model", metavar="MODEL", help="Of this model alone, as openai/gpt-5 or http/my-bot.")] = None,
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """How many calls a run has in flight to each model; changed while it goes on, from another terminal."""
    from sim.cli.limits import LimitsWish, limits

    return limits(run, LimitsWish(calls, model, adapt), results=results, as_json=json)


@app.command("list")
def list_command(results: Results = Path("results"), json: Json = False) -> int:
    """List the runs in the results folder."""
    from sim.cli.reading import list_all

    return list_all(results, as_json=json)


@app.command("show")
def show_command(
    run: RunName,
    trial: Annotated[str | None, typer.Argument(metavar="TRIAL", help="persona/scenario/target/seed, or enough of it.")] = None,
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """Show a run's table, or a trial's transcript."""
    from sim.cli.reading import show

    return show(run, trial, results=results, as_json=json)


@app.command("compare")
def compare_command(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="One run, whose targets are compared; or several, the oldest first.")],
    by: Annotated[CompareBy, typer.Option("--by", help="What is compared with what.")] = CompareBy.target,
    raters: Annotated[
        bool, typer.Option("--raters", help="Instead: would another rater, or another run's user, have come to the same conclusion?")
    ] = False,
    crossed: Annotated[
        bool,
        typer.Option("--crossed", help="Instead, of runs that differ in the user's model: what user, rater and both together do to each difference."),
    ] = False,
    pool_users: Annotated[
        bool,
        typer.Option("--pool-users", help="Instead, of runs that differ in the user's model: one difference over all users. Do they order alike?"),
    ] = False,
    against_itself: Annotated[
        bool,
        typer.Option("--against-itself", help="Instead: halves of a run's seeds as if they were two targets. How often is there a false verdict?"),
    ] = False,
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """Say what can be concluded: every measure paired by persona and scenario, with intervals, p, effects and a verdict.

    Runs that share targets are versions of them: each target is compared with itself, with the pairs that broke and those that were fixed.
    """
    from sim.cli.comparing import compare, compare_crossed_runs, compare_pooled_runs, compare_run_with_itself
    from sim.cli.rater_swap import compare_raters_of

    questions = {"--crossed": crossed, "--pool-users": pool_users, "--against-itself": against_itself, "--raters": raters}
    asked = [flag for flag, on in questions.items() if on]
    if len(asked) > 1 or (asked and by is not CompareBy.target):
        raise InputError(f"{asked[0]} compares targets in a way of its own", mend=f"leave out {' and '.join((*asked[1:], '--by'))}")
    if crossed:
        return compare_crossed_runs(runs, results=results, as_json=json)
    if pool_users:
        return compare_pooled_runs(runs, results=results, as_json=json)
    if against_itself:
        return compare_run_with_itself(runs, results=results, as_json=json)
    if raters:
        return compare_raters_of(runs, results=results, as_json=json)
    return compare(runs, by=by.value, results=results, as_json=json)


@app.command("realism")
def realism_command(
    source: Annotated[str, typer.Argument(metavar="RUN|LOG", help="Whose user's messages: of a run, or of a file of conversations.")],
    against: Annotated[
        str,
        typer.Option(
            "--against", metavar="RUN|LOG|NAME", help="Other talks, or published figures: chatbot-users, paid-chatters, uninstructed-models."
        ),
    ] = "chatbot-users",
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """Say how the user's messages differ from people's: length, greetings, thanks, typing, what is told, sentiment, vocabulary."""
    from sim.cli.realism import tell_realism

    return tell_realism(source, against, results=results, as_json=json)


@app.command("plan")
def plan_command(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study file or a built-in study.")],
    pilot: Annotated[str | None, typer.Option("--pilot", metavar="RUN", help="A smaller run whose tokens and spreads replace the guesses.")] = None,
    human: Annotated[bool, typer.Option("--human", help="Also what a calibration against people needs.")] = False,
    require: Annotated[
        list[str] | None,
        typer.Option(
            "--require", metavar="REQUIREMENT", help="A requirement as for gate: the chance that it passes, fails or stays open; may be repeated."
        ),
    ] = None,
    margin: Annotated[
        list[str] | None,
        typer.Option("--margin", metavar="MEASURE=N", help="A margin as for gate: the chance that an equally good version passes; may be repeated."),
    ] = None,
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """What a study needs (calls, tokens, cost) and the smallest difference it can detect, before anything is spent."""
    from sim.cli.planning import plan

    return plan(study, pilot=pilot, human=human, results=results, as_json=json, require=require or (), margins=margin or ())


@app.command("gate")
def gate_command(
    run: RunName,
    require: Annotated[
        list[str] | None, typer.Option("--require", metavar="REQUIREMENT", help="Such as 'likability >= 3.5'; may be repeated.")
    ] = None,
    requirements: Annotated[
        Path | None, typer.Option("--requirements", metavar="FILE", help="A YAML file that lists requirements under require:.")
    ] = None,
    target: Annotated[list[str] | None, typer.Option("--target", metavar="ID", help="Only this target; default: all must pass.")] = None,
    baseline: Annotated[str | None, typer.Option("--baseline", metavar="RUN", help="An older version, made under the same conditions.")] = None,
    margin: Annotated[
        list[str] | None, typer.Option("--margin", metavar="MEASURE=N", help="With --baseline: how much the new version may lose; may be repeated.")
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML here.")] = None,
    markdown: Annotated[
        str | None,
        typer.Option("--markdown", metavar="FILE", help="Write a job summary to this file, or add it to $GITHUB_STEP_SUMMARY; - prints it."),
    ] = None,
    allow_offline: Annotated[
        bool, typer.Option("--allow-offline", help="Let an offline model's judgement of a real chatbot decide too, although it is not evidence.")
    ] = False,
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """Decide on a release: exit status 0 it passes, 1 it fails, 4 that cannot be told yet.

    A requirement is a figure, an operator and a number. Figures: any measure of `sim compare --json` (likability, callback, jaccard, memory,
    abstention.balanced_accuracy); worst_persona, worst_persona(callback); p10(session); share(exchange<=2); count(false_memory), failed.
    With --baseline and --margin likability=0.2, the new version passes if the whole interval of its loss is below the margin.
    A requirement that rests on an offline model's judgement of a real chatbot cannot be told (4); counts, moves, words, memory and times are decided.
    """
    from sim.cli.gating import GateOptions, gate

    wish = GateOptions(
        require=tuple(require or ()),
        file=requirements,
        targets=tuple(target or ()),
        baseline=baseline,
        margins=tuple(margin or ()),
        junit=junit,
        markdown=markdown,
        allow_offline=allow_offline,
    )
    return gate(run, wish, results=results, as_json=json)


@app.command("report")
def report_command(
    run: RunName,
    brief: Annotated[bool, typer.Option("--brief", help="One page to print, without conversations or anything about the personas.")] = False,
    figures: Annotated[
        Path | None, typer.Option("--figures", metavar="DIR", help="Write each figure as SVG, PNG and CSV into this folder instead.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The file to write; default: report.html or brief.html in the run's folder.")
    ] = None,
    results: Results = Path("results"),
    json: Json = False,
) -> int:
    """Write a run as one HTML file that needs no network: which target is liked, why, whether that can be believed, and every conversation."""
    from sim.cli.reporting import report

    return report(run, brief=brief, figures=figures, out=out, results=results, as_json=json)


@app.command("export")
def export_command(
    run: RunName,
    format: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="jsonl: a line for each exchange and session; csv, parquet: a row for each exchange; inspect: a log that Inspect View opens; "
            "markdown, latex: the main table; ratings: CSV as `sim calibrate` reads it, a row for each score.",
        ),
    ] = ExportFormat.jsonl,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="The file to write; default: standard output.")] = None,
    results: Results = Path("results"),
) -> int:
    """Export a run's exchanges as data, or its main table as text."""
    from sim.cli.exporting import export

    return export(run, format=format.value, out=out, results=results)


@app.command("forget")
def forget_command(
    run: RunName,
    trial: Annotated[
        str | None, typer.Option("--trial", metavar="TRIAL", help="Only this one: persona/scenario/target/seed, or enough of it.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm that it is deleted for good.")] = False,
    results: Results = Path("results"),
) -> int:
    """Delete what was said in a run for good: messages, replies, reasons, quotes, memories, errors, and which facts were told.

    Counts, word counts, scores, moves, kinds of flags and costs stay, so most tables stay the same; what takes the words or the facts told (said
    before, facts disclosed, callback on scripted facts) cannot be told any more. The run's study.yaml, with the texts of its personas and scenarios,
    stays as it is. A forgotten trial cannot be resumed. Copies and exports are not touched.
    """
    from sim.cli.forgetting import forget

    return forget(run, trial, yes=yes, results=results)


@app.command("check")
def check_command(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="Files or folders; default: personas/, scenarios/ and codebooks/ in this folder.")
    ] = None,
    schema: Annotated[Kind | None, typer.Option("--schema", help="Print the JSON Schema of one kind of file.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="With --schema: write it into this folder, for an editor, as KIND.schema.json.")
    ] = None,
    reach: Annotated[
        bool, typer.Option("--reach", help="Also see whether each HTTP target and each model's api_base answers; no message is sent.")
    ] = False,
    json: Json = False,
) -> int:
    """Validate personas, scenarios, studies, codebooks, rubrics and studies with people: every mistake on its own line.

    With `# yaml-language-server: $schema=.rapport/study.schema.json` as its first line, VS Code (YAML extension) checks and completes a study without
    any network; `sim check --schema study --out .rapport` writes that schema. Files that Rapport writes begin with such a line and bring the schema.
    """
    from sim.cli.checking import check, put_schema

    if out is not None and schema is None:
        raise InputError("is for --schema", mend="add --schema study, or leave it out", where="--out")
    return put_schema(schema.value, out) if schema else check(paths or [], reach=reach, as_json=json)


@app.command("score")
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
    from sim.cli.outgoing import read_local_only
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


@app.command("calibrate")
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
            "--reference", metavar="RATER", help="The rater the others are held against, such as human; default: all are compared together."
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
    from sim.cli.calibrating import calibrate, calibrate_attack, calibrate_tagger, read_rater
    from sim.cli.outgoing import read_local_only
    from sim.cli.running import Changes
    from sim.core.spec import Limits

    if not sources and (reference is not None or exclude_self or scale):
        flags = "--scale is" if scale else "--reference and --exclude-self are"
        raise InputError(f"{flags} for ratings", mend="name a file of ratings, or a run")
    if edits + attack + (tagger is not None) + bool(sources) != 1:
        mend = "write RATINGS, RUN, `--edits --rater MODEL`, `--attack --rater MODEL` or `--tagger FILE`"
        raise InputError("calibrate measures one thing at a time", mend=mend)
    if sources:
        from sim.cli.rating_agreement import AgreementOptions, calibrate_by, read_scales

        options = AgreementOptions(reference, unit.value, exclude_self, read_scales(scale or ()))
        return calibrate_by(sources, options, results=results, as_json=json)
    if tagger is not None:
        return calibrate_tagger(tagger, as_json=json)
    limits = Changes(max_cost=tuple(max_cost or ()), max_tokens=tuple(max_tokens or ()), max_minutes=max_minutes).limits(Limits())
    spec = read_rater(rater, api_base=api_base, api_key_env=api_key_env)
    wish = read_local_only(local_only, allow_host or ())
    log = LogWish(log_level, log_json)
    measure = calibrate_attack if attack else calibrate
    return measure(spec, limits, local_only=wish, concurrency=concurrency, log=log, as_json=json)


@app.command("view")
def view_command(
    results: Annotated[Path, typer.Argument(metavar="DIR", help="Where runs are kept.")] = Path("results"),
    study: Annotated[Path | None, typer.Option("--study", metavar="FILE", help="A study with people, whose page is served too.")] = None,
    port: Annotated[int, typer.Option("--port", metavar="N", help="The port to listen on; 0: any that is free.", min=0, max=65535)] = 0,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The address of this machine to listen on.")] = "127.0.0.1",
    beyond_loopback: Annotated[bool, typer.Option("--beyond-loopback", help="Confirm that other machines may reach it, unencrypted.")] = False,
    local_only: LocalOnlyFlag = False,
    allow_host: AllowHost = None,
) -> int:
    """Look at runs in a browser, live while they are running: transcripts, what to read first, and people as raters and users."""
    from sim.cli.outgoing import read_local_only
    from sim.cli.viewing import ViewOptions, read_host, view

    wish = ViewOptions(study=study, host=read_host(host, beyond=beyond_loopback), port=port, local_only=read_local_only(local_only, allow_host or ()))
    return view(results, wish)


@app.command("graph")
def graph_command() -> int:
    """Print the state machine, as Mermaid."""
    from sim.cli.reading import graph

    return graph()


add_commands(app)


def run_app(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; bad input is one line on standard error."""
    with warnings.catch_warnings():
        warnings.simplefilter("default", Notice)
        warnings.showwarning = _show_warning
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    command: Any = typer.main.get_command(app)
    try:
        status = command.main(args=list(arguments) or ["--help"], prog_name="sim", standalone_mode=False)
        lost = lost_output()
        if lost and not lost.unread:
            _say(InputError(f"standard output cannot be written: {lost.why}"))
        return status if isinstance(status, int) else DONE
    except InputError as error:
        _say(error)
        return INCOMPLETE if isinstance(error, RunStuck) else BAD_INPUT
    except _MISUSED as error:
        asked = error.ctx.command_path if error.ctx else "sim"
        _say(InputError(error.format_message().rstrip("."), mend=f"see `{asked} --help`"))
        return BAD_INPUT
    except OutputLost as lost:
        if lost.unread:
            return DONE
        _say(InputError(f"standard output cannot be written: {lost.why}"))
        return BAD_INPUT
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            _say(InputError("is too long a name for a file", where=error.filename))
        elif not _is_somewhere():
            _say(InputError("the working folder does not exist any more", mend="go to another one"))
        else:
            raise
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None, line: str | None = None
) -> None:
    """What `warnings` calls: a notice of ours is one line for a person."""
    text = f"sim: {message}\n" if issubclass(category, Notice) else warnings.formatwarning(message, category, filename, lineno, line)
    (file or sys.stderr).write(text)


def _say(error: InputError) -> None:
    print(f"sim: {error}", file=sys.stderr)


def _is_somewhere() -> bool:
    """Whether the working folder exists."""
    try:
        os.getcwd()
    except OSError:
        return False
    return True
