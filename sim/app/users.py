"""Whoever plays the user: how its messages differ from people's, whether personas are played as they are told, and what a set of personas covers."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sim.app.inquiry import Inquiry, ask_model
from sim.app.runs import RESULTS, Run, load_run
from sim.core.errors import InputError, Notice
from sim.store.library import load_personas
from sim.store.logs import SUFFIXES, Log, PassedOver

if TYPE_CHECKING:
    from sim.analysis.trust.coverage import CoverageDocument
    from sim.analysis.trust.expressed import ExpressionDocument
    from sim.analysis.trust.realism import RealismDocument, Talks
    from sim.core.spec import Limits, ModelSpec
    from sim.engine.one_model import OnDone, OnTraffic

PEOPLE = "chatbot-users"
"""Whom users are held against unless said otherwise."""
PASS_OVER = Callable[[Path, PassedOver], None]
"""Told of each conversation of a log that cannot be read."""
AT_ONCE = 16
"""Sheets that are filled in at once."""


# --- like people? -------------------------------------------------------------------------------------------------


def realism(source: str | Path | Run, against: str | Path | Run = PEOPLE, *, results: str | Path = RESULTS) -> RealismDocument:
    """How the user's messages differ from people's: length, greetings, thanks, typing, what is told, sentiment, vocabulary.

    Args:
        source: whose user's messages: of a run, by name, folder or as a `Run`, or of a file of conversations.
        against: other talks, named in the same way, or published figures: "chatbot-users", "paid-chatters", "uninstructed-models".

    Returns:
        Each figure with its 95 % interval over persons, what people have, and in two or three words what the user is where they differ.

    Raises:
        InputError: there is no such run or file, or nobody says anything in it.
    """
    passed: list[tuple[Path, PassedOver]] = []
    document = hold_against(source, against, results=results, pass_over=lambda path, one: passed.append((path, one)))
    if passed:
        path, first = passed[0]
        warnings.warn(f"{path}: {len(passed):,} passed over, such as line {first.line}: {first.problem}", Notice, stacklevel=2)
    return document


def hold_against(source: str | Path | Run, against: str | Path | Run, *, results: str | Path, pass_over: PASS_OVER) -> RealismDocument:
    """As `realism`, telling `pass_over` of what cannot be read.

    Raises:
        InputError: see `realism`.
    """
    from sim.analysis.trust.realism import hold_against_people, hold_against_talks, references
    from sim.engine.collector import rare_collection

    with rare_collection():
        talks = _gather(source, results, pass_over)
        if isinstance(against, str) and against in references():
            return hold_against_people(talks, against)
        return hold_against_talks(talks, _gather(against, results, pass_over))


def _gather(source: str | Path | Run, results: str | Path, pass_over: PASS_OVER) -> Talks:
    """The user's side of a log, where `source` is a file, or of a run."""
    if isinstance(source, Run):
        talks = _of_run(source)
    else:
        path = Path(source)
        is_log = not path.is_dir() and (os.path.exists(path) or path.suffix.lower() in SUFFIXES)
        talks = _of_log(path, pass_over) if is_log else _of_run(load_run(source, results=results))
    if not talks.messages:
        raise InputError("has no message of a user", mend="name talks in which the user says something", where=str(source))
    return talks


def _of_run(run: Run) -> Talks:
    from sim.analysis.trust.realism import Talks

    talks = Talks(f"run {run.name}")
    for trial in run.trials:
        for session in trial.sessions:
            talks.add(trial.cast.persona.id, [(e.user.message, e.reply.text if e.reply else "") for e in session.exchanges])
    return talks


def _of_log(path: Path, pass_over: PASS_OVER) -> Talks:
    from sim.analysis.trust.realism import Talks

    if not os.path.exists(path):
        raise InputError("there is no such file", where=path)
    talks = Talks(path.name)
    for found in Log(path, moves=None).read():
        if isinstance(found, PassedOver):
            pass_over(path, found)
        else:
            talks.add(found.person or f"#{found.line}", [(r.user, r.text) for r in found.replies])
    return talks


# --- personas -----------------------------------------------------------------------------------------------------


def describe_personas(*personas: str | Path) -> CoverageDocument:
    """What a set of personas covers (facets, types, ages, registers …), and what in it goes together, so that a study could not tell it apart.

    Args:
        personas: files, folders, ids or globs; left out: your own and those built in.

    Raises:
        InputError: they name nobody, or something in a file is wrong.
    """
    from sim.analysis.trust.coverage import describe_people

    patterns = [str(p) for p in personas] or ["*"]
    return describe_people(load_personas(patterns), of=_named(patterns))


def _named(patterns: Sequence[str]) -> str:
    """What to call them: what was written, or of many files the folder that they share; empty where they share none."""
    if len(patterns) <= 3:
        return ", ".join(patterns)
    folders = {str(Path(p).parent) for p in patterns}
    return folders.pop() if len(folders) == 1 and "." not in folders else ""


def check_personas(
    *personas: str | Path,
    model: str = "offline/user",
    api_base: str | None = None,
    api_key_env: str | None = None,
    items: int = 4,
    all_facets: bool = False,
    seed: int = 1,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_minutes: float | None = None,
    local_only: bool = False,
    allow_hosts: Sequence[str] = (),
    progress: bool = True,
) -> ExpressionDocument:
    """Ask whether personas are played as they are told: the user's model fills in the IPIP-NEO-120 in role, and that is compared with their files.

    Ctrl-C keeps the calls in flight and gives back what there is.

    Args:
        personas: files, folders, ids or globs; left out: your own and those built in.
        model: plays them.
        api_base, api_key_env: where it is, and the environment variable that holds its key.
        items: of each facet, from 1 to 4; fewer cost less and say less.
        all_facets: also liberalism, whose items ask how somebody votes.
        seed: draws the order of items and options.
        max_cost, max_tokens, max_minutes: US dollars, tokens and minutes after which nothing new is asked.

    Returns:
        Correlations of what is expressed with what is told, levels, refusals, retest and the effect of the order of options; `lost` is not asked.

    Raises:
        InputError: nobody is named, no file gives a facet a level, or the model cannot be asked.
        KeyboardInterrupt: Ctrl-C, a second time.
    """
    if items not in range(1, 5):
        raise InputError(f"{items} items of a facet cannot be asked", mend="write a number from 1 to 4", where="items")
    inquire = partial(inquire_traits, [str(p) for p in personas] or ["*"], per_facet=items, voting=all_facets, seed=seed)
    return ask_model(
        inquire,
        model,
        api_base=api_base,
        api_key_env=api_key_env,
        max_cost=max_cost,
        max_tokens=max_tokens,
        max_minutes=max_minutes,
        local_only=local_only,
        allow_hosts=allow_hosts,
        progress=progress,
    )


def inquire_traits(
    personas: Sequence[str], user: ModelSpec, limits: Limits, *, per_facet: int, voting: bool, seed: int, concurrency: int = AT_ONCE
) -> Inquiry[ExpressionDocument]:
    """A questionnaire put to whoever plays the personas, in role, and what it expresses held against what their files say.

    Args:
        per_facet: items of each facet, from 1 to 4.
        voting: whether the facet with items on how somebody votes is asked too.
        seed: draws the order of items and options.

    Raises:
        InputError: no persona is named, none has a facet of the questionnaire, or the model cannot be asked.
    """
    from sim.analysis.trust.expressed import judge_expression
    from sim.engine.inventory import fill_in_inventory, items_for
    from sim.engine.preflight import check_user
    from sim.llm.prompts import load_prompts

    check_user(user)
    people = load_personas(personas)
    if not any(items_for(p, per_facet=per_facet, voting=voting) for p in people):
        raise InputError(
            "no persona's file gives a facet of the questionnaire a level", mend="write traits: {anxiety: 4}, see `sim personas describe`"
        )

    async def ask(on_filled: OnDone, on_start: OnTraffic) -> ExpressionDocument:
        filled = await fill_in_inventory(
            people,
            user,
            load_prompts(),
            per_facet=per_facet,
            voting=voting,
            seed=seed,
            limits=limits,
            concurrency=concurrency,
            on_filled=on_filled,
            on_start=on_start,
        )
        spent = filled.spent.calls, filled.spent.cost, filled.spent.unknown_costs
        return judge_expression(people, filled.answers, model=user.model, offline=user.offline, lost=filled.lost, spent=spent)

    return Inquiry({"the user": user}, "texts of personas and items of a questionnaire", "filled in", "sheets", limits, ask)
