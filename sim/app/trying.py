"""`sim.try_bot`, and what `sim try` does: first contact with somebody's own chatbot, from one request to a study to go on with."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.app.blocking import Interruption, finish
from sim.app.contacting import NAME, PATIENCE, Contact, TargetWish, Visit
from sim.app.models import read_model
from sim.app.outgoing import announcement
from sim.app.running import Prepared, run_study
from sim.app.runs import RESULTS, Run
from sim.app.schemas import FOLDER, modeline, write_schema
from sim.app.start import local_hosts
from sim.core.spec import ChatTargetSpec, HttpTargetSpec, Limits, LoggedTargetSpec, ModelSpec, Study, TargetSpec
from sim.engine.plan import plan_trials
from sim.engine.preflight import check_histories, check_hosts, check_keys, check_names
from sim.engine.reach import check_reach
from sim.llm.guard import guarded
from sim.store.library import LoadedStudy, from_here, resolve_study
from sim.store.study_file import choose_place, study_name, write_study

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.spec import Persona, Scenario
    from sim.engine.first_contact import Stranger
    from sim.llm.hosts import LocalOnly
    from sim.llm.traffic.passage import Traffic
    from sim.store.runs import RunFolder
    from sim.targets.first_contact.finding import Finding

RUN = "try"
FAVOURITE = "new-in-town"
"""The scenario that is taken when none is named and none is local."""
PERSONAS = 12
EXCHANGES = 6
CONVERSATIONS = 6
"""The greeting, two of the users that must be kept apart, two sessions of one that is to remember, and the talk that is kept as a run."""


@dataclass(frozen=True)
class FirstContact:
    """What came of a chatbot's first talk."""

    run: Run
    """One persona's first session with it."""
    findings: tuple[Finding, ...]
    """What it does: whether it keeps users apart, what it remembers, how long it takes."""
    study: Path
    """The study that was written to go on with."""
    exports: tuple[str, ...]
    """Environment variables that the study takes its secrets from."""

    def __repr__(self) -> str:
        told = "\n".join(f"  {f.about}: {f.said}" for f in self.findings)
        return f"<first contact, kept as {self.run!r}; sim.run({str(self.study)!r}) goes on>\n{told}"


def try_bot(
    target: str | None = None,
    *,
    curl: str | None = None,
    model: str | None = None,
    api_base: str | None = None,
    api_key_env: str | None = None,
    timeout: float | None = None,
    persona: str | None = None,
    scenario: str | None = None,
    user: str = "offline/user",
    out: str | Path | None = None,
    results: str | Path = RESULTS,
    local_only: bool = False,
    allow_hosts: Sequence[str] = (),
) -> FirstContact:
    """Talk with a chatbot for the first time: one exchange, a few checks, one persona's first session, and a study file to go on with.

    Args:
        target: a URL, a model such as "openai/gpt-5", or "module:function".
        curl: instead: one request to it as a curl command.
        model: instead: a model as the server at `api_base` calls it; `api_key_env` names the environment variable that holds its key.
        timeout: seconds that one reply may take; 60 unless said otherwise.
        persona, scenario: who talks about what; left out: the first ones found.
        user: the model that plays the persona and rates; an offline one shows that everything works and judges no real chatbot.
        out: the study file to write; left out: `my-bot.yaml`, numbered if it exists.

    Raises:
        InputError: the target cannot be reached, or something that is named is not there.
        KeyboardInterrupt: Ctrl-C before the session had begun, or a second time.
    """
    named = TargetWish(target=target, curl=curl, model=model, api_base=api_base, api_key_env=api_key_env, timeout=timeout)
    named.check(what="there is nothing to try", mend='name a URL, a model or "module:function", or give curl=…')
    place = choose_place(None if out is None else Path(out), name=NAME)
    casting = cast_first_talk(persona=persona, scenario=scenario, user=user)
    wish = local_hosts(local_only, allow_hosts)
    interruption = Interruption(_say)
    with guarded(wish):
        return finish(partial(_meet, named, casting, place, interruption, results=results, local_only=wish), interruption)


async def _meet(
    named: TargetWish, casting: FirstCast, place: Path, interruption: Interruption, *, results: str | Path, local_only: LocalOnly | None
) -> FirstContact:
    visit = Visit(named, admit=partial(admit_target, casting=casting, local_only=local_only, say=_say), show=lambda _: None, say=_say)
    contact = await visit.make()
    tried, study = build_studies(casting, contact.target, name=study_name(place, otherwise=NAME), timeout=named.timeout or PATIENCE)
    await check_reach(tried.loaded.study)
    stranger = build_stranger(tried)
    interruption.watch(stranger.traffic, grace=0.0, then="the same call begins anew")
    try:
        if contact.made is None:
            contact.made = await stranger.greet()
        keep_study(study, place, contact)
        await stranger.check(contact.findings.append)
    finally:
        await stranger.close()

    def on_start(traffic: Traffic, folder: RunFolder) -> None:
        interruption.watch(traffic, grace=tried.loaded.study.limits.grace, then=f"sim.resume({str(folder.path)!r}) goes on")

    run = await run_study(tried, results=results, local_only=local_only, on_start=on_start)
    return FirstContact(run, tuple(contact.findings), place, contact.exports)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


# --- the studies ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FirstCast:
    """Who talks about what: now the first persona and scenario, later all of them."""

    personas: tuple[Persona, ...]
    names: tuple[str, ...]
    """Of the personas as a study names them: ids, and the path of one that was named by it."""
    scenario: Scenario
    scenario_name: str
    codebook: Codebook
    user: ModelSpec


def cast_first_talk(*, persona: str | None, scenario: str | None, user: str) -> FirstCast:
    """Who and what is named, before anything is sent anywhere.

    Raises:
        InputError: it is not there.
    """
    model = read_model(user, where={"model": "--user"})
    nobody = ChatTargetSpec(id=NAME, model="offline/uses")
    personas = ("*",) if persona is None else (from_here(persona), "*")
    scenarios = ("*",) if scenario is None else (from_here(scenario),)
    study = Study(name=RUN, targets=(nobody,), user=model, personas=personas, scenarios=scenarios)
    check_names(study)
    check_keys(study)
    found = resolve_study(study, Path.cwd())
    some = found.personas[:PERSONAS]
    named = (persona and not set("*?[") & set(persona) and personas[0]) or some[0].id
    own = next((o.id for o in found.origins if o.kind == "scenario" and not o.built_in), FAVOURITE)
    told = next((s for s in found.scenarios if s.id == own), found.scenarios[0])
    name = scenarios[0] if scenario and len(found.scenarios) == 1 else told.id
    return FirstCast(some, (named, *(p.id for p in some[1:])), told, name, found.codebook, model)


def build_studies(casting: FirstCast, target: TargetSpec, *, name: str, timeout: float) -> tuple[Prepared, Study]:
    """The session to be run now, and the study to go on with.

    Raises:
        InputError: target, personas and scenario do not fit together.
    """
    from sim.engine.first_contact import first_session

    common: dict[str, Any] = {"targets": (target,), "user": casting.user, "limits": Limits(timeout=timeout)}
    study = Study(name=name, personas=casting.names, scenarios=(casting.scenario_name,), concurrency=4, **common)
    check_names(study)
    check_keys(study)
    check_histories(study, (casting.scenario,))
    plan_trials(study, casting.personas, (casting.scenario,))
    one, short = casting.personas[:1], (first_session(casting.scenario, exchanges=EXCHANGES),)
    now = Study(name=RUN, personas=casting.names[:1], scenarios=(casting.scenario_name,), concurrency=1, **common)
    return Prepared(LoadedStudy(now, one, short, casting.codebook), plan_trials(now, one, short)), study


def admit_target(target: TargetSpec, *, casting: FirstCast, local_only: LocalOnly | None, say: Callable[[str], None]) -> None:
    """Say what is about to leave this machine, before anything does.

    Raises:
        InputError: `local_only` refuses a host, or a key is missing from the environment.
    """
    study = Study(name=RUN, targets=(target,), user=casting.user, personas=casting.names[:1], scenarios=(casting.scenario_name,))
    check_hosts(study, local_only)
    check_keys(study)
    leaving = announcement(study, [target.id] * CONVERSATIONS)
    if leaving:
        say(leaving)


def build_stranger(tried: Prepared) -> Stranger:
    """Whoever speaks to the target for the first time, as the trial of `tried` would."""
    from sim.engine.first_contact import Stranger
    from sim.llm.prompts import load_prompts

    study = tried.loaded.study
    limits = study.limits.model_copy(update={"retries": 1})
    return Stranger(study, tried.plans[0], load_prompts(), limits=limits, nonce=secrets.token_hex(8))


def keep_study(study: Study, place: Path, contact: Contact) -> None:
    """Write the study to go on with, and the schema that its first line names.

    Raises:
        InputError: it cannot be written.
    """
    write_study(study, place, head=modeline("study"), exports=contact.exports, notes=_notes(contact.target))
    write_schema("study", place.parent / FOLDER)


def _notes(target: TargetSpec) -> list[str]:
    """Comments on the target in the study file."""
    if isinstance(target, ChatTargetSpec):
        return ["memory: full shows the model all earlier sessions; add a second target with memory: none to see what that is worth."]
    if isinstance(target, HttpTargetSpec) and not target.http.names_its_user:
        return [
            "It is sent one session at a time and keeps nothing. To give it a memory of Rapport's own, name it as a model instead:",
            "  - {id: my-bot, model: openai/NAME, api_base: URL up to /v1, api_key_env: NAME, memory: full}",
        ]
    notes = ["It keeps its own memory, and each trial speaks to it as a new user."]
    assert not isinstance(target, LoggedTargetSpec)
    clock = target.http.clock if isinstance(target, HttpTargetSpec) else target.clock
    if clock == "text":
        notes.append("It is told the date in front of each session's first message (clock: text); clock: none leaves that out.")
    return notes
