"""What targets answered on questionnaires: scale scores, refusals, what answers hang on (the order of options, wording), and change over weeks.

A scale's score is the mean of its items in its direction, over everything that was answered, first within an item, then within a trial, a persona,
and over personas with the one interval of all tables. Sensitivity is how far an item's answer moves, in options, when only the order of the options
or only the words differ; where items were also put just so again, what that moves by itself stands beside. An answer that cannot be read enters
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean, pvariance
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.analysis.figures.estimates import estimate, interval
from sim.core.event import Choice, Unscored
from sim.core.frozen import Frozen
from sim.core.questionnaire import sheets_after

if TYPE_CHECKING:
    from sim.core.questionnaire import QuestionnaireSheet
    from sim.core.record import Session, Trial
    from sim.core.spec import Study
    from sim.core.spec.questionnaire import Questionnaire

Interval = tuple[float, float]


class ScaleScore(Frozen):
    """One scale after one session, or over all."""

    scale: str
    session: int
    """After which session; 0: over all."""
    mean: float | None
    """From 1 to the number of options. None: nothing was answered."""
    interval: Interval | None
    n: int
    """Answers."""
    personas: int


class Sensitivity(Frozen):
    """How far answers move when one thing about an item's presentation changes."""

    change: float | None
    """Mean absolute change, in options. None: nothing was put both ways and answered."""
    changed: float | None
    """Share of pairs of answers that are not the same."""
    n: int
    """Pairs of answers."""


class QuestionnaireFigures(Frozen):
    """One target on one questionnaire."""

    target: str
    questionnaire: str
    title: str
    options: int
    asked: int
    """Answers asked for."""
    answered: int
    refused: int
    unscored: int
    """Replies that are no one answer, or were too long."""
    cannot_fork: bool
    """The target cannot be copied, and so was never asked."""
    scales: tuple[ScaleScore, ...]
    """Over all sessions, in the order of the questionnaire."""
    course: tuple[ScaleScore, ...]
    """After each session that it was put after; empty: after one alone."""
    change: dict[str, float | None]
    """By scale: the last session's mean minus the first's, over personas with both; empty: after one alone."""
    order: Sensitivity
    wording: Sensitivity
    again: Sensitivity
    """What differs where nothing does: noise."""
    wording_variance: float | None
    """The variance of an item's answers over its wordings, averaged over items, in squared options; None: there are not two wordings."""
    first_shown: float | None
    """Share of answers that are the option shown first; without a habit it is one in as many as there are options. None: nothing was answered."""


def summarise_questionnaires(study: Study, trials: Sequence[Trial]) -> tuple[QuestionnaireFigures, ...]:
    """Every target on every questionnaire that its sessions have."""
    forms: dict[str, Questionnaire] = {}
    for trial in trials:
        for spec in trial.cast.scenario.sessions:
            if spec.questionnaire and spec.questionnaire.form:
                forms.setdefault(spec.questionnaire.form.id, spec.questionnaire.form)
    return tuple(
        _figures(study, target.id, form, [t for t in trials if t.target == target.id]) for form in forms.values() for target in study.targets
    )


class _Given(Frozen):
    """One answer asked for."""

    persona: str
    scenario: str
    trial: str
    session: int
    item: str
    scale: str
    varied: str
    wording: int
    score: int | None
    cause: str
    first: bool
    """Whether what was chosen was shown first."""


def _figures(study: Study, target: str, form: Questionnaire, trials: Sequence[Trial]) -> QuestionnaireFigures:
    given = [g for t in trials for s in t.sessions for g in _given(study, form, t, s)]
    held = [s for t in trials for s in t.sessions if s.closed and _has(form, t, s)]
    answers = [g for g in given if g.score is not None]
    sessions = sorted({g.session for g in given})
    several = len(sessions) > 1
    asked = {g.scale for g in given}
    scales = [s for s in form.scales if s in asked]
    return QuestionnaireFigures(
        target=target,
        questionnaire=form.id,
        title=form.title,
        options=len(form.options),
        asked=len(given),
        answered=len(answers),
        refused=sum(g.cause == "refused" for g in given),
        unscored=sum(g.cause not in ("", "refused") for g in given),
        cannot_fork=bool(held) and not any(s.forks for s in held),
        scales=tuple(_score(scale, 0, answers) for scale in scales),
        course=tuple(_score(scale, n, [g for g in answers if g.session == n]) for scale in scales for n in sessions) if several else (),
        change={scale: _change(scale, sessions, answers) for scale in scales} if several else {},
        order=_sensitivity("order", answers),
        wording=_sensitivity("wording", answers),
        again=_sensitivity("again", answers),
        wording_variance=_wording_variance(answers),
        first_shown=fmean(g.first for g in answers) if answers else None,
    )


def _has(form: Questionnaire, trial: Trial, session: Session) -> bool:
    use = trial.cast.scenario.sessions[session.index - 1].questionnaire
    return use is not None and use.form is not None and use.form.id == form.id


def _given(study: Study, form: Questionnaire, trial: Trial, session: Session) -> Iterable[_Given]:
    for sheet in sheets_after(trial, session, study_seed=study.seed) if _has(form, trial, session) else ():
        filled = session.sheets.get(sheet.part)
        if filled is not None:
            for item in sheet.items:
                yield _one(trial, session, sheet, item.id, filled.answers.get(item.id))


def _one(trial: Trial, session: Session, sheet: QuestionnaireSheet, item: str, answer: Choice | Unscored | None) -> _Given:
    known = next(i for i in sheet.items if i.id == item)
    option = answer.option if isinstance(answer, Choice) and answer.option <= len(sheet.options) else None
    cause = "" if option is not None else answer.cause if isinstance(answer, Unscored) else "schema"
    fields: dict[str, Any] = {
        "persona": trial.cast.persona.id,
        "scenario": trial.cast.scenario.id,
        "trial": trial.id,
        "session": session.index,
        "item": item,
        "scale": known.scale,
        "varied": sheet.varied or "",
        "wording": sheet.wording,
        "score": None if option is None else sheet.questionnaire.score(known, option),
        "cause": cause,
        "first": option is not None and option == sheet.option_of(0),
    }
    return _Given(**fields)


def _score(scale: str, session: int, answers: Sequence[_Given]) -> ScaleScore:
    mine = [g for g in answers if g.scale == scale]
    found = _estimate(mine)
    mean = None if found is None else float(found.value)
    bounds = None if found is None else interval(found)
    return ScaleScore(scale=scale, session=session, mean=mean, interval=bounds, n=len(mine), personas=len({g.persona for g in mine}))


def _estimate(answers: Sequence[_Given]) -> Any:
    """Items, then trials, then personas, each alike."""
    items: dict[tuple[str, str, str, int, str], list[float]] = {}
    for g in answers:
        assert g.score is not None
        items.setdefault((g.persona, g.scenario, g.trial, g.session, g.item), []).append(float(g.score))
    trials: dict[tuple[str, str, str], list[float]] = {}
    for (persona, scenario, trial, _, _), scores in items.items():
        trials.setdefault((persona, scenario, trial), []).append(fmean(scores))
    cells: dict[tuple[str, str], list[float]] = {}
    for (persona, scenario, _), means in trials.items():
        cells.setdefault((persona, scenario), []).append(fmean(means))
    people, places = sorted({p for p, _ in cells}), sorted({s for _, s in cells})
    values = np.full((1, len(people), len(places)), np.nan)
    for (persona, scenario), found in cells.items():
        values[0, people.index(persona), places.index(scenario)] = fmean(found)
    return estimate(values) if cells else None


def _change(scale: str, sessions: Sequence[int], answers: Sequence[_Given]) -> float | None:
    ends = [{g.persona: 0.0 for g in answers if g.scale == scale and g.session == s} for s in (sessions[0], sessions[-1])]
    for end, session in zip(ends, (sessions[0], sessions[-1]), strict=True):
        for persona in end:
            end[persona] = fmean(g.score or 0 for g in answers if (g.scale, g.session, g.persona) == (scale, session, persona))
    both = [ends[1][p] - ends[0][p] for p in ends[0] if p in ends[1]]
    return fmean(both) if both else None


def _sensitivity(kind: str, answers: Sequence[_Given]) -> Sensitivity:
    first = {(g.trial, g.session, g.item): g.score for g in answers if not g.varied}
    pairs = [(first[place], g.score) for g in answers if g.varied == kind and (place := (g.trial, g.session, g.item)) in first]
    moves = [abs((a or 0) - (b or 0)) for a, b in pairs]
    return Sensitivity(change=fmean(moves) if moves else None, changed=fmean(bool(m) for m in moves) if moves else None, n=len(moves))


def _wording_variance(answers: Sequence[_Given]) -> float | None:
    wordings: dict[tuple[str, int, str], dict[int, list[int]]] = {}
    for g in answers:
        if g.varied in ("", "wording") and g.score is not None:
            wordings.setdefault((g.trial, g.session, g.item), {}).setdefault(g.wording, []).append(g.score)
    spreads = [pvariance([fmean(scores) for scores in of.values()]) for of in wordings.values() if len(of) > 1]
    return fmean(spreads) if spreads else None
