"""A study registered before it is run, and a run held to its registration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sim.core.errors import InputError
from sim.core.spec.registration import (
    Hypothesis,
    RegisteredSize,
    Registration,
    all_pairs,
    fingerprints,
    parse_hypothesis,
    planned_targets,
)
from sim.store.header import package_versions, text_hash

if TYPE_CHECKING:
    from sim.analysis.verdicts.registered import RunRegistration
    from sim.app.running import Prepared
    from sim.core.spec import KeptScorer
    from sim.core.spec.registration import Registered
    from sim.store.library import LoadedStudy
    from sim.store.runs import RunFolder

PROGRAM = "rapport-sim"


def register_study(prepared: Prepared, *, hypotheses: Sequence[str] = (), today: dt.date | None = None) -> Registered:
    """Write a study's registration beside its file.

    Args:
        hypotheses: planned comparisons, as "a > b", "a != b" or "callback_scripted: a > b"; left out: every pair of targets by the primary outcome,
            without a direction.
        today: left out: the date of today.

    Raises:
        InputError: it is registered already, it has no two targets to compare, or a hypothesis is about something that it does not have.
    """
    from sim.analysis.figures.measures import measures_of
    from sim.app.schemas import FOLDER, modeline, write_schema
    from sim.engine.scorers import rubrics_of
    from sim.store.registration import write_registration

    loaded = prepared.loaded
    study, rivals = loaded.study, planned_targets(loaded.study)
    if len(rivals) < 2:
        raise InputError("there are no two targets to compare, and a registration plans comparisons", mend="name a second target in the study")
    known = {m.id: m for m in measures_of([r.info for r in rubrics_of(loaded.scorers, study)]) if m.listed}
    planned = tuple(_hypothesis(text, f"H{n}", study.primary, rivals, known) for n, text in enumerate(hypotheses, 1)) or all_pairs(study)
    trials = len(prepared.plans)
    try:
        registration = Registration(
            study=study.name,
            registered=today or dt.datetime.now(dt.UTC).date(),
            primary=study.primary,
            hypotheses=planned,
            correction="holm",
            n=RegisteredSize(
                targets=len(study.targets),
                personas=len(loaded.personas),
                scenarios=len(loaded.scenarios),
                seeds=len(study.seeds),
                trials=trials,
            ),
            stopping=f"All {trials:,} trials are held, and nothing is looked at before; a trial that fails is counted and not replaced.",
            versions=_versions(),
            hashes=made_of(loaded),
        )
    except ValueError as error:
        raise InputError(_first(error), mend="write each comparison once", where="--hypothesis") from None
    written = write_registration(registration, loaded.registration_place, head=modeline("registration"))
    write_schema("registration", loaded.registration_place.parent / FOLDER)
    return written


def made_of(loaded: LoadedStudy) -> dict[str, str]:
    """Everything that a run of this study would be made of, as hashes by name."""
    from sim.engine.scorers import rubrics_of
    from sim.llm.prompts import load_texts

    prompts = {name: text_hash(text) for name, text in load_texts().items()}
    rubrics = rubrics_of(loaded.scorers, loaded.study)
    return fingerprints(loaded.study, loaded.personas, loaded.scenarios, loaded.codebook, prompts, rubrics)


def registration_lines(loaded: LoadedStudy) -> tuple[str, ...]:
    """What is said as a run of a registered study begins; nothing of another study."""
    if loaded.registered is None:
        return ()
    from sim.analysis.verdicts.registered import RunRegistration

    known = RunRegistration(loaded.registered, differs=loaded.registered.plan.differs(made_of(loaded)))
    begun = f"registered in {loaded.registered.file} on {loaded.registered.plan.registered.isoformat()}"
    return (f"{begun}; all comparisons will be exploratory: {known.why_exploratory}" if known.why_exploratory else begun,)


def registration_of(folder: RunFolder, *, finished: bool) -> RunRegistration | None:
    """What was registered before the run in `folder`, held against what the run was made of; None: nothing was registered."""
    header = folder.header
    if header.registered is None:
        return None
    from sim.analysis.verdicts.registered import RunRegistration

    made = fingerprints(folder.study, folder.personas, folder.scenarios, folder.codebook, header.prompt_hashes, folder.spec.scorers)
    version = header.versions.get(PROGRAM, "")
    return RunRegistration(
        header.registered,
        differs=header.registered.plan.differs(made),
        edited=folder.edited,
        other_version=version if version != header.registered.plan.versions.get(PROGRAM, "") else "",
        finished=finished,
    )


def check_registration(loaded: LoadedStudy, rubrics: Iterable[KeptScorer]) -> None:
    """See that the registration beside a study, where there is one, is about measures that there are.

    Raises:
        InputError: it is not.
    """
    if loaded.registered is None:
        return
    from sim.analysis.figures.measures import measures_of
    from sim.analysis.verdicts.registered import demand_measures

    demand_measures(loaded.registered, {m.id: m for m in measures_of([r.info for r in rubrics]) if m.listed})


def _hypothesis(text: str, id: str, primary: str, rivals: Sequence[str], measures: Iterable[str]) -> Hypothesis:
    from sim.core.errors import nearest

    found = parse_hypothesis(text, id=id, primary=primary)
    for target in (found.first, found.second):
        if target not in rivals:
            raise InputError(f"'{text}': the study has no target '{target}' to compare", mend=nearest(target, rivals), where="--hypothesis")
    if found.measure not in measures:
        raise InputError(f"'{text}': there is no measure '{found.measure}'", mend=nearest(found.measure, measures), where="--hypothesis")
    return found


def _versions() -> dict[str, str]:
    return {name: version for name, version in package_versions().items() if name in (PROGRAM, "python")}


def _first(error: ValueError) -> str:
    from pydantic import ValidationError

    return str(error.errors()[0]["msg"]).removeprefix("Value error, ") if isinstance(error, ValidationError) else str(error)
