"""The commands that hold talks: run, try, resume and limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.flags import (
    AllowHost,
    AllowOffline,
    BackendFlag,
    Inconclusive,
    InconclusiveFlag,
    Json,
    Junit,
    LocalOnlyFlag,
    LogJson,
    LogLevelFlag,
    LogTo,
    Markdown,
    MaxCost,
    MaxMinutes,
    MaxTokens,
    Patience,
    RayAddress,
    Results,
    Retries,
    RunName,
    RuntimeEnv,
    Timeout,
    WorkersFlag,
)
from sim.cli.log_wish import LogWish
from sim.core.errors import InputError


def run_command(
    study: Annotated[
        str | None, typer.Argument(metavar="STUDY", help="A study file or a built-in study; default: the offline demonstration.")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="ID", help="Only this target; may be repeated. With --suite and no study, as `sim try` takes it."),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option("--suite", metavar="NAME|FILE", help="Put it through a suite: quick, predeployment, companion, or your own file."),
    ] = None,
    curl: Annotated[
        str | None, typer.Option("--curl", metavar="COMMAND", help="With --suite: the target as one request to it; - reads it from standard input.")
    ] = None,
    api_base: Annotated[
        str | None, typer.Option("--api-base", metavar="URL", help="With --suite: the OpenAI-compatible server that the target's model is at.")
    ] = None,
    api_key_env: Annotated[str | None, typer.Option("--api-key-env", metavar="NAME", help="With --suite: the variable that holds its key.")] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="MODEL", help="With --suite: the model that plays the user and rates; default: offline.")
    ] = None,
    junit: Junit = None,
    markdown: Markdown = None,
    allow_offline: AllowOffline = False,
    inconclusive: InconclusiveFlag = Inconclusive.fail,
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what `sim plan` does, with these flags; spend and write nothing.")] = False,
    log_level: LogLevelFlag = None,
    log_json: LogJson = False,
    log_to: LogTo = None,
    json: Json = False,
) -> int:
    """Run a study; with no argument, the built-in offline demonstration."""
    from sim.cli.cluster import read_cluster
    from sim.cli.hosts import read_local_only
    from sim.cli.running import Changes, run
    from sim.cli.suiting import TargetFlags, suite_wish
    from sim.cli.verdict_files import VerdictFiles

    asked = suite_wish(suite, study, target or [], TargetFlags(curl, api_base, api_key_env, timeout), user=user)
    files = VerdictFiles(junit, markdown, allow_offline, inconclusive)
    if files.any and asked is None:
        raise InputError("is for a suite's verdict", mend="add --suite, or use sim gate", where=files.flag)
    changes = Changes(
        targets=() if asked and study is None else tuple(target or ()),
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
    return run(
        study,
        changes,
        name=name,
        results=results,
        local_only=wish,
        cluster=cluster,
        dry_run=dry_run,
        log=log,
        as_json=json,
        suite=asked,
        files=files,
        log_to=log_to,
    )


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
    from sim.app.contacting import TargetWish
    from sim.cli.hosts import read_local_only
    from sim.cli.trying import TryOptions, try_target

    wish = TryOptions(
        named=TargetWish(target=target, curl=curl, model=model, api_base=api_base, api_key_env=api_key_env, timeout=timeout),
        persona=persona,
        scenario=scenario,
        user=user,
        out=out,
        log=LogWish(log_level, log_json),
    )
    return try_target(wish, results=results, local_only=read_local_only(local_only, allow_host or ()), as_json=json)


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
    junit: Junit = None,
    markdown: Markdown = None,
    allow_offline: AllowOffline = False,
    inconclusive: InconclusiveFlag = Inconclusive.fail,
    log_level: LogLevelFlag = None,
    log_json: LogJson = False,
    log_to: LogTo = None,
    json: Json = False,
) -> int:
    """Continue a run where it stopped: only what is missing is run and paid for."""
    from sim.cli.cluster import read_cluster
    from sim.cli.hosts import read_local_only
    from sim.cli.running import Changes, resume
    from sim.cli.verdict_files import VerdictFiles

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
    files = VerdictFiles(junit, markdown, allow_offline, inconclusive)
    return resume(run, changes, results=results, local_only=wish, cluster=cluster, log=log, as_json=json, files=files, log_to=log_to)


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
