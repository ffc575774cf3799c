"""A study's own scorers: what a run keeps of each, whether their code is still what it was, and the scorers themselves, ready to be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sim.core.errors import InputError, gather, nearest
from sim.core.spec import CodeScorer, RubricScorer
from sim.engine.preflight import RATERS
from sim.foreign.code import load_object
from sim.llm.keys import check_credentials
from sim.llm.offline import build_offline
from sim.score.custom import CustomScorer
from sim.score.registry import IN_PYTHON
from sim.score.rubric import RubricJudge

if TYPE_CHECKING:
    from sim.core.spec import KeptScorer, ModelSpec, Rubric, ScorerUse, Study
    from sim.engine.clients import Clients
    from sim.score.registry import FoundScorer
    from sim.score.scorer import StudyScorer


def keep_scorers(
    found: Iterable[FoundScorer],
    judge_by: Callable[[ScorerUse, Rubric], ModelSpec],
    *,
    seconds: float,
    load_rubrics: Callable[[Path], tuple[Rubric, ...]],
) -> tuple[KeptScorer, ...]:
    """What a run keeps of the scorers that were found; imports their code.

    Args:
        judge_by: the model that judges by a rubric (`Study.judge_by`).
        seconds: how long one result of somebody's code may take.
        load_rubrics: reads the rubrics that an installed package gives the path of.

    Raises:
        InputError: code cannot be imported or is not a scorer, or two scorers have one id.
    """
    kept: list[KeptScorer] = []
    for one in found:
        for scorer in _kept(one, judge_by, seconds, load_rubrics):
            twin = next((k.use for k in kept if k.info.id == scorer.info.id), None)
            if twin:
                raise InputError(f"'{twin}' and '{scorer.use}' are two scorers with the id '{scorer.info.id}'", mend="give one another id")
            kept.append(scorer)
    return tuple(kept)


def _kept(
    one: FoundScorer, judge_by: Callable[[ScorerUse, Rubric], ModelSpec], seconds: float, load_rubrics: Callable[[Path], tuple[Rubric, ...]]
) -> tuple[KeptScorer, ...]:
    rubrics = (one.rubric,) if one.rubric else _rubrics_at(one.place, load_rubrics)
    if rubrics:
        return tuple(RubricScorer(use=one.use.use, rubric=r, model=judge_by(one.use, r)) for r in rubrics)
    custom = CustomScorer(one.place, seconds=seconds)
    return (CodeScorer(use=one.use.use, place=one.place, info=custom.info, source=custom.source),)


def rubrics_of(found: Iterable[FoundScorer], study: Study) -> tuple[RubricScorer, ...]:
    """The rubrics among what was found, as a run keeps them; no code is looked at."""
    return tuple(RubricScorer(use=f.use.use, rubric=f.rubric, model=study.judge_by(f.use, f.rubric)) for f in found if f.rubric)


def renew_scorers(kept: Iterable[KeptScorer], *, seconds: float) -> tuple[tuple[KeptScorer, ...], tuple[str, ...]]:
    """The scorers of a run as their code is today, and a line for each whose code has changed since it was last used.

    A built-in scorer in a newer version takes the place of the one that the run was begun with: nobody can put that back.

    Raises:
        InputError: code of somebody's own is gone or cannot be imported, or it says something else of itself than it did, as another version.
    """
    renewed: list[KeptScorer] = []
    changed: list[str] = []
    newer: list[str] = []
    for scorer in kept:
        if isinstance(scorer, CodeScorer):
            now = CustomScorer(scorer.place, seconds=seconds)
            if now.info != scorer.info and scorer.place in IN_PYTHON.values():
                newer.append(scorer.info.id)
                scorer = scorer.model_copy(update={"info": now.info, "source": now.source})
            if now.info != scorer.info:
                differs = next(n for n in type(now.info).model_fields if getattr(now.info, n) != getattr(scorer.info, n))
                problem = (
                    f"scorer '{scorer.info.id}' at {scorer.place} has {differs}: {getattr(now.info, differs)} now, and the run was begun with "
                    f"{getattr(scorer.info, differs)}"
                )
                raise InputError(problem, mend="put it back; a new version is added to a run with `sim score RUN --scorer`")
            if now.source != scorer.source:
                changed.append(f"the code of scorer '{scorer.info.id}' ({scorer.place}) has changed since it was last used, and its version has not")
                scorer = scorer.model_copy(update={"source": now.source})
        renewed.append(scorer)
    if newer:
        named = " ".join(f"--scorer {id}" for id in newer)
        changed.append(
            f"newer than the run: {', '.join(newer)}; what the earlier versions found stays in the journal and is no longer shown, and "
            f"`sim score RUN {named}` reads those talks anew at no cost"
        )
    return tuple(renewed), tuple(changed)


def check_judges(scorers: Iterable[KeptScorer], *, keys: bool = True) -> None:
    """Refuse models that cannot judge by a rubric, or whose key the environment does not hold.

    Args:
        keys: False leaves the keys unlooked at.

    Raises:
        InputError: every unknown offline model, every one that plays another part, and the variables that are missing.
    """
    wrong = gather(judge_faults(scorers, keys=keys))
    if wrong:
        raise wrong


def judge_faults(scorers: Iterable[KeptScorer], *, keys: bool = True) -> list[InputError]:
    """What `check_judges` complains of, with its place in a study's file."""
    faults: list[InputError] = []
    for scorer in scorers:
        if isinstance(scorer, RubricScorer):
            try:
                _check_judge(scorer, keys=keys)
            except InputError as error:
                faults.append(InputError(error.problem, mend=error.mend, at=("scorers",)))
    return faults


def _check_judge(scorer: RubricScorer, *, keys: bool) -> None:
    model = scorer.model
    if model.offline:
        build_offline(model.model)
        known = [f"offline/{name}" for name in RATERS]
        if model.model not in known:
            raise InputError(f"{model.model} cannot judge by the rubric '{scorer.rubric.id}'", mend=nearest("", known))
    if keys:
        check_credentials(model)


def judges_of(scorers: Iterable[KeptScorer]) -> dict[str, ModelSpec]:
    """The models that judge by rubrics, by the rubric's id."""
    return {s.rubric.id: s.model for s in scorers if isinstance(s, RubricScorer)}


def offline_scorers(kept: Iterable[KeptScorer]) -> tuple[str, ...]:
    """The scorers that an offline model plays, as a run's header names them."""
    return tuple(f"scorer {s.info.id}" for s in kept if isinstance(s, RubricScorer) and s.model.offline)


def build_scorers(kept: Iterable[KeptScorer], clients: Clients, *, seconds: float) -> tuple[StudyScorer, ...]:
    """The scorers, ready to be asked; rubrics of one group are one judge.

    Args:
        clients: of the models that judge.
        seconds: how long one result of somebody's code may take.
    """
    groups: dict[tuple[str, str], list[RubricScorer]] = {}
    made: list[StudyScorer] = []
    for scorer in kept:
        if isinstance(scorer, CodeScorer):
            made.append(CustomScorer(scorer.place, seconds=seconds))
        else:
            groups.setdefault((scorer.info.grain, scorer.info.group or f"{scorer.info.id}@"), []).append(scorer)
    for group in groups.values():
        made.append(RubricJudge([(s.rubric, s.info) for s in group], clients.get(group[0].model), clients.prompts))
    return tuple(made)


def _rubrics_at(place: str, load_rubrics: Callable[[Path], tuple[Rubric, ...]]) -> tuple[Rubric, ...]:
    """The rubrics whose path is at `place`; none: a class is."""
    found = load_object(place, owner=f"scorer '{place}'")
    return load_rubrics(Path(found)) if isinstance(found, str | Path) else ()
