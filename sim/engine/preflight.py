"""What a study demands of this machine and this version, checked before anything is spent: names that exist, keys that are set."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from sim.core.errors import InputError, gather, nearest, split
from sim.core.spec import ChatTargetSpec, HttpTargetSpec, LoggedTargetSpec, ModelSpec
from sim.engine.plan import plan_trials
from sim.foreign.code import find_source, read_class
from sim.llm.embedding import build_offline_embedder
from sim.llm.hosts import destinations, target_part
from sim.llm.keys import check_credentials
from sim.llm.offline import BEHAVIOURS, USERS, build_offline
from sim.llm.prices import model_price
from sim.targets.build import check_own, price_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sim.core.codebook import Codebook
    from sim.core.event import Role
    from sim.core.spec import CustomTargetSpec, Limits, Persona, Scenario, Study
    from sim.llm.hosts import LocalOnly

TAGGER = "offline/tagger"
"""The one tagger that runs in this process."""
TAGGED_OFFLINE = "mint"
"""The one codebook it knows."""
RATERS = (*USERS, "rater")
"""Offline models that can rate, by name."""


def study_faults(study: Study, *, resolved: bool = True) -> list[InputError]:
    """What a study demands and this machine or version does not have, each with its place in the study's file.

    Args:
        resolved: whether what it names was found, so that the files of its memory policies are named as seen from the working folder.
    """
    return [*_name_faults(study, policies=resolved), *_key_faults(study), *_price_faults(priced_parts(study), study.limits)]


def file_faults(study: Study, codebook: Codebook, scenarios: Iterable[Scenario]) -> list[InputError]:
    """What in a study does not fit the codebook and the scenarios that it names."""
    return [*_faults_of(("tagger", "model"), check_tagger, study.tagger, codebook), *_faults_of((), check_histories, study, scenarios)]


def swap_faults(study: Study, personas: Sequence[Persona], scenarios: Sequence[Scenario]) -> list[InputError]:
    """What in the swaps of a study cannot be held with its personas and scenarios; nothing of one that says a finished run again."""
    if study.fairness is None or study.fairness.replay:
        return []
    return _faults_of(("fairness",), plan_trials, study, personas, scenarios)


def _faults_of(at: tuple[str, ...], check: Callable[..., object], *arguments: object) -> list[InputError]:
    """What `check` complains of, at the keys `at` of the study's file; of a list's entries, the one with that id."""
    try:
        check(*arguments)
    except InputError as error:
        return [InputError(one.problem, mend=one.mend, where=one.where, line=one.line, at=at) for one in split(error)]
    return []


def _refuse(faults: Iterable[InputError]) -> None:
    wrong = gather(faults)
    if wrong:
        raise wrong


def check_names(study: Study) -> None:
    """Refuse what names something that does not exist.

    Raises:
        InputError: every unknown offline model, and every one that cannot play the part it is given.
    """
    _refuse(_name_faults(study, policies=True))


def _name_faults(study: Study, *, policies: bool) -> list[InputError]:
    faults: list[InputError] = []
    for target in study.targets:
        for place in target.http.literal_keys() if isinstance(target, HttpTargetSpec) else ():
            problem = f"target '{target.id}': {place} looks like a key, and a run keeps a copy of its study"
            faults.append(InputError(problem, mend="write ${NAME} there and export NAME", at=("targets", target.id, "http")))
        if isinstance(target, ChatTargetSpec):
            faults += _faults_of(("targets", target.id, "model"), _check_offline, target, f"target '{target.id}'", BEHAVIOURS)
            faults += _faults_of(("targets", target.id, "memory"), _check_policy, target) if policies else []
            if target.next:
                faults += _faults_of(("targets", target.id, "next", "model"), _check_offline, target.next, f"target '{target.id}'", BEHAVIOURS)
            if target.embedding and target.embedding.offline:
                faults += _faults_of(("targets", target.id, "embedding"), build_offline_embedder, target.embedding.model)
    faults += _faults_of(("user", "model"), _check_offline, study.user, "the user", USERS)
    if study.rater != "self":
        faults += _faults_of(("rater", "model"), _check_offline, study.rater, "a rater", RATERS)
    for observer in study.observers:
        faults += _faults_of(("observers", observer.id, "model"), _check_offline, observer, "a rater", RATERS)
    if study.judge and study.judge.offline:
        problem = f"{study.judge.model} cannot play the judge"
        faults.append(InputError(problem, mend="name a model such as openai/gpt-5, or leave judge out", at=("judge", "model")))
    return faults


def _check_policy(target: ChatTargetSpec) -> None:
    """Refuse a memory policy of the study's own whose class is not where it is said to be; imports nothing."""
    place, owner = target.policy.name, f"target '{target.id}'"
    if ":" in place:
        source = find_source(place, owner=owner)
        if source:
            read_class(source, place.rpartition(":")[2].partition(".")[0], owner=owner)


def check_tagger(spec: ModelSpec, codebook: Codebook) -> None:
    """Refuse a tagger that does not exist, or that does not know the codebook.

    Raises:
        InputError: the offline tagger is to use a codebook other than the one it was made for, or there is no such tagger.
    """
    if not spec.offline:
        return
    if spec.model != TAGGER:
        raise InputError(f"unknown tagger '{spec.model}'", mend=f"write {TAGGER}, or name a model such as openai/gpt-5")
    if codebook.id != TAGGED_OFFLINE:
        problem = f"{TAGGER} knows the moves of codebook '{TAGGED_OFFLINE}' and no others, not those of '{codebook.id}'"
        raise InputError(problem, mend="name a model as tagger, such as openai/gpt-5")


def check_rater(spec: ModelSpec) -> None:
    """Refuse a model that cannot rate, or whose key the environment does not hold.

    Raises:
        InputError: an unknown offline model, one that plays another part, or the variable that is missing.
    """
    _check_offline(spec, "a rater", RATERS)
    check_credentials(spec)


def check_user(spec: ModelSpec) -> None:
    """Refuse a model that cannot play a persona, or whose key the environment does not hold.

    Raises:
        InputError: an unknown offline model, one that plays another part, or the variable that is missing.
    """
    _check_offline(spec, "the user", USERS)
    check_credentials(spec)


def _check_offline(spec: ModelSpec, part: str, able: Iterable[str]) -> None:
    if not spec.offline:
        return
    build_offline(spec.model)
    known = [f"offline/{name}" for name in able]
    if spec.model not in known:
        raise InputError(f"{spec.model} cannot play {part}", mend=nearest("", known))


def check_histories(study: Study, scenarios: Iterable[Scenario]) -> None:
    """Refuse talks before the study where a target keeps its own memory: nothing can put them into it.

    Raises:
        InputError: names target and scenario.
    """
    own = [t for t in study.targets if not isinstance(t, ChatTargetSpec)]
    _refuse(
        InputError(
            f"scenario '{scenario.id}' has talks before the study, which target '{own[0].id}' keeps no memory of",
            mend="take out its history, or make them sessions",
        )
        for scenario in scenarios
        if own and scenario.history
    )


def check_keys(study: Study) -> None:
    """Refuse models whose key, and targets whose variables, the environment does not hold; imports no code of the study.

    Raises:
        InputError: names every variable that is missing.
    """
    _refuse(_key_faults(study))


def _key_faults(study: Study) -> list[InputError]:
    chats = [t for t in study.targets if isinstance(t, ChatTargetSpec)]
    models: list[tuple[ModelSpec, tuple[str, ...]]] = [(study.user, ("user",))]
    models += [] if study.rater == "self" else [(study.rater, ("rater",))]
    models += [(o, ("observers", o.id)) for o in study.observers]
    models += [(study.tagger, ("tagger",)), *([(study.judge, ("judge",))] if study.judge else [])]
    models += [(t.next, ("targets", t.id, "next")) for t in chats if t.next]
    models += [(t, ("targets", t.id)) for t in chats] + [(t.embedding, ("targets", t.id, "embedding")) for t in chats if t.embedding]
    faults: list[InputError] = []
    for spec, at in models:
        faults += _faults_of((*at, "api_key_env" if spec.api_key_env else "model"), check_credentials, spec)
    for target in study.targets:
        if not isinstance(target, ChatTargetSpec):
            faults += _faults_of(("targets", target.id), check_own, target)
    return faults


def check_hosts(study: Study, local_only: LocalOnly | None, *, scorers: Mapping[str, ModelSpec] = MappingProxyType({})) -> None:
    """Refuse models and targets on hosts that may not be reached; without a wish for `local_only`, none.

    Args:
        scorers: the models that judge by rubrics, by the rubric's id.

    Raises:
        InputError: names the part and its host.
    """
    if local_only:
        local_only.demand(destinations(study, scorers=scorers))


def check_prices(priced: Iterable[tuple[Role, str, ModelSpec | CustomTargetSpec]], limits: Limits) -> None:
    """Refuse a budget of dollars for calls whose price nobody knows: it could not hold.

    Args:
        priced: whoever is asked, with the role of the calls and what it is called among the parts of a study.

    Raises:
        InputError: names the first of unknown price.
    """
    for fault in _price_faults(priced, limits):
        raise InputError(fault.problem, mend=f"{fault.mend}, or use --max-tokens", where="--max-cost")


def _price_faults(priced: Iterable[tuple[Role, str, ModelSpec | CustomTargetSpec]], limits: Limits) -> Iterator[InputError]:
    """Whoever is of unknown price under a bound in dollars, each at the key of that bound."""
    for role, part, spec in priced:
        own = role in limits.roles and limits.roles[role].max_cost is not None
        if not own and limits.max_cost is None:
            continue
        if (model_price(spec) if isinstance(spec, ModelSpec) else price_of(spec)) is None:
            name = f" ({spec.model})" if isinstance(spec, ModelSpec) else ""
            example = "{input: 0.5, output: 1.5} in US dollars for a million tokens" if name else "{call: 0.002} in US dollars"
            at = ("limits", "roles", role, "max_cost") if own else ("limits", "max_cost")
            yield InputError(f"nobody knows what {part}{name} costs", mend=f"give it price: {example}", at=at)


def priced_parts(study: Study, scorers: Mapping[str, ModelSpec] = MappingProxyType({})) -> Iterator[tuple[Role, str, ModelSpec | CustomTargetSpec]]:
    """Whoever `study` asks, with role and name.

    Args:
        scorers: the models that judge by rubrics, by the rubric's id.
    """
    yield "user", "the user", study.user
    for rater, spec in study.raters.items():
        yield "rater", f"the rater {rater}", spec
    yield "tagger", "the tagger", study.tagger
    if study.judge:
        yield "judge", "the judge", study.judge
    for id, spec in scorers.items():
        yield "judge", f"the scorer {id}", spec
    for target in study.targets:
        if isinstance(target, LoggedTargetSpec):
            continue
        yield "target", target_part(target.id), target
        if isinstance(target, ChatTargetSpec):
            if target.next:
                yield "target", target_part(target.id), target.next
            yield "memory", target_part(target.id), target
            yield "probe", target_part(target.id), target
            if target.embedding:
                yield "memory", f"the embedding of {target_part(target.id)}", target.embedding
