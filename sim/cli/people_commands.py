"""`sim personas`: the commands about populations of personas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.flags import (
    MODEL_FLAGS,
    AllowHost,
    ApiBase,
    ApiKeyEnv,
    Json,
    LocalOnlyFlag,
    LogJson,
    LogLevelFlag,
    MaxCost,
    MaxMinutes,
    MaxTokens,
    Timeout,
)
from sim.cli.log_wish import LogWish
from sim.core.errors import InputError

if TYPE_CHECKING:
    from sim.core.spec import Limits


Shares = Annotated[list[str] | None, typer.Option(metavar="VALUE=SHARE", help="Shares of its values; may be repeated.")]


def people_app() -> typer.Typer:
    """The group `sim personas`."""
    personas = typer.Typer(
        rich_markup_mode=None, help="Populations of personas: make one, say what it covers, ask whether it is played as it is told."
    )
    personas.command("new")(new_personas_command)
    personas.command("describe")(describe_command)
    personas.command("check")(check_personas_command)
    return personas


def new_personas_command(
    n: Annotated[int, typer.Option("--n", metavar="N", help="How many, up to 1,000.")] = 24,
    spread: Annotated[
        bool, typer.Option("--spread", help="As many at each level of every facet, and the most alike moved apart: the default.")
    ] = False,
    bell: Annotated[bool, typer.Option("--bell", help="Instead: most of them near the middle of every facet, as people are.")] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, help="The same seed makes the same people.")] = 1,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder they are written to.")] = Path("personas"),
    marginals: Annotated[
        Path | None, typer.Option("--marginals", metavar="FILE", help="YAML with shares, such as age: {18-30: 0.3, 31-60: 0.7}.")
    ] = None,
    age: Shares = None,
    gender: Shares = None,
    type: Shares = None,
    stability: Shares = None,
    register: Shares = None,
    expertise: Shares = None,
    language_level: Shares = None,
    model: Annotated[str | None, typer.Option("--model", metavar="MODEL", help="Let this model write background, facts and lines.")] = None,
    api_base: ApiBase = None,
    api_key_env: ApiKeyEnv = None,
    concurrency: Annotated[int, typer.Option("--concurrency", metavar="N", min=1, help="With --model: how many are written at once.")] = 8,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    timeout: Timeout = None,
    log_level: LogLevelFlag = None,
    log_json: LogJson = False,
    local_only: LocalOnlyFlag = False,
    allow_host: AllowHost = None,
    json: Json = False,
) -> int:
    """Make a population offline from parts: thirty facets, style, wishes and facts that agree; types independent of gender and age.

    Each of --age, --gender, --type, --stability, --register, --expertise and --language-level takes shares, as in --age 18-30=.4,31-60=.6; what is
    left of 1 is divided among the other values. Types: social, reserved, hostile. Registers: casual, neutral, formal. Expertise: beginner, middle,
    expert. Language levels: first, second, learner.
    """
    from sim.app.populating import PopulationWish
    from sim.cli.populating import populate, read_given

    if spread and bell:
        raise InputError("--spread and --bell cannot both be", mend="leave one of them out")
    shares = {
        "age": age,
        "gender": gender,
        "type": type,
        "stability": stability,
        "register": register,
        "expertise": expertise,
        "language_level": language_level,
    }
    given, where = read_given(marginals, {name: tuple(texts or ()) for name, texts in shares.items()})
    wish = PopulationWish(n=n, seed=seed, out=out, bell=bell, given=given, where={"n": "--n", **where})
    if model is None:
        return populate(wish, as_json=json)
    from sim.app.drafting import inquire_drafts
    from sim.app.models import read_model
    from sim.cli.drafting import populate_by_model
    from sim.cli.hosts import read_local_only

    spec = read_model(model, api_base=api_base, api_key_env=api_key_env, where=MODEL_FLAGS)
    limits = _limits(max_cost, max_tokens, max_minutes, timeout)
    inquiry = inquire_drafts(wish, spec, limits, concurrency=concurrency)
    hosts = read_local_only(local_only, allow_host or ())
    return populate_by_model(inquiry, wish, local_only=hosts, log=LogWish(log_level, log_json), as_json=json)


def describe_command(
    personas: Annotated[
        list[str] | None, typer.Argument(metavar="FILES", help="Files, folders, ids or globs; default: '*', your own and those built in.")
    ] = None,
    json: Json = False,
) -> int:
    """Say what personas cover (facets, types, ages, registers …) and what in them goes together, so that a study could not tell it apart."""
    from sim.cli.trait_check import describe

    return describe(personas or ["*"], as_json=json)


def check_personas_command(
    personas: Annotated[list[str] | None, typer.Argument(metavar="FILES", help="Files, folders, ids or globs; default: '*'.")] = None,
    model: Annotated[str, typer.Option("--model", metavar="MODEL", help="The model that plays the personas.")] = "offline/user",
    api_base: ApiBase = None,
    api_key_env: ApiKeyEnv = None,
    items: Annotated[int, typer.Option("--items", metavar="N", min=1, max=4, help="Items of each facet; fewer cost less and say less.")] = 4,
    all_facets: Annotated[bool, typer.Option("--all-facets", help="Also liberalism, whose items ask how somebody votes.")] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Draws the order of items and options.")] = 1,
    concurrency: Annotated[int, typer.Option("--concurrency", metavar="N", min=1, help="How many sheets are filled in at once.")] = 16,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    timeout: Timeout = None,
    log_level: LogLevelFlag = None,
    log_json: LogJson = False,
    local_only: LocalOnlyFlag = False,
    allow_host: AllowHost = None,
    json: Json = False,
) -> int:
    """Ask whether personas are played as they are told: the user's model fills in the IPIP-NEO-120 in role.

    Of each facet that a persona's file gives a level, items are asked one by one, once more with half of the options turned round, and as a
    form. What is expressed is compared with what is told: correlation, whether it rises from level to level, refusals, retest, order of
    options.
    """
    from sim.app.models import read_model
    from sim.app.users import inquire_traits
    from sim.cli.hosts import read_local_only
    from sim.cli.trait_check import check_traits

    inquiry = inquire_traits(
        personas or ["*"],
        read_model(model, api_base=api_base, api_key_env=api_key_env, where=MODEL_FLAGS),
        _limits(max_cost, max_tokens, max_minutes, timeout),
        per_facet=items,
        voting=all_facets,
        seed=seed,
        concurrency=concurrency,
    )
    return check_traits(inquiry, local_only=read_local_only(local_only, allow_host or ()), log=LogWish(log_level, log_json), as_json=json)


def _limits(max_cost: list[str] | None, max_tokens: list[str] | None, max_minutes: float | None, timeout: float | None) -> Limits:
    from sim.cli.running import Changes
    from sim.core.spec import Limits

    bounds = Changes(max_cost=tuple(max_cost or ()), max_tokens=tuple(max_tokens or ()), max_minutes=max_minutes, timeout=timeout)
    return bounds.limits(Limits())
