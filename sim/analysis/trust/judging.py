"""The ratings of a run as judgements, split by who gave them: people who talked calibrate the self-rater, people who read calibrate observers.

The two are never pooled: who talks rates what was meant for them, who reads rates what was meant for somebody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from sim.analysis.trust.families import rater_models
from sim.core.address import observer_id
from sim.core.codebook import CRITERIA, DIMENSIONS
from sim.core.controls import control_parts
from sim.core.event import Assessment, NotApplicable, Score, Unscored
from sim.core.judgement import NOT_APPLICABLE, Judgement, is_person
from sim.core.scale import Scale
from sim.core.spec import ChatTargetSpec, LoggedTargetSpec, RubricScorer

if TYPE_CHECKING:
    from sim.core.event import Assessed
    from sim.core.judgement import NotApplicableMark
    from sim.core.record import Ratings, Session, Trial
    from sim.core.spec import KeptScorer, Study
    from sim.core.spec.scorer import Grain


@dataclass(frozen=True, slots=True)
class RunJudgements:
    """What a run's raters said of its exchanges; an item is an exchange, a system a target."""

    talked: tuple[Judgement, ...]
    """Of exchanges in which the person was the user: that person's and the self-rater's."""
    read: tuple[Judgement, ...]
    """All other: of observers and of people who read, and of the self-rater where no person talked."""
    unscored: int
    """Ratings that a model could not give; they are no judgement."""

    @property
    def raters(self) -> tuple[str, ...]:
        """Everybody who judged anything."""
        return tuple(dict.fromkeys(j.rater for j in (*self.talked, *self.read)))


def judge_run(study: Study, trials: Iterable[Trial]) -> RunJudgements:
    """Every rating of every answered exchange, the primary rater's second ones left out."""
    left_out = frozenset(control_parts(study.primary_rater).values())
    talked: list[Judgement] = []
    read: list[Judgement] = []
    unscored = 0
    systems = systems_of(study)
    for trial in trials:
        talker, system = _talker(trial), systems[trial.target]
        for session in trial.sessions:
            talk = name_talk(trial, session)
            for exchange in session.exchanges:
                item = f"{talk}/{exchange.index}"
                for rater, ratings in exchange.ratings.items():
                    if rater in left_out:
                        continue
                    into = talked if talker and rater in (talker, "self") else read
                    given, lost = _read(ratings, DIMENSIONS)
                    into += (Judgement(item, system, rater, dimension, score, talk) for dimension, score in given)
                    unscored += lost
    return RunJudgements(tuple(talked), tuple(read), unscored)


def rate_run(study: Study, trials: Iterable[Trial], scorers: Iterable[KeptScorer]) -> tuple[Judgement, ...]:
    """Everything that anybody said of a run, as a table: ratings of exchanges, criterion questions, and what its scorers found.

    An item is a reply, a talk, or of a scorer of trials a person; of a run that was read from a log, by the names that the log has for them. What a
    rubric's model said is that model's rating; labels are numbers from 0 in their order, yes is 1 and no is 0.
    """
    left_out, systems, own = frozenset(control_parts(study.primary_rater).values()), systems_of(study), tuple(scorers)
    found: list[Judgement] = []
    for trial in trials:
        system = systems[trial.target]
        for session in trial.sessions:
            talk = name_talk(trial, session)
            for exchange in session.exchanges:
                item = f"{talk}/{exchange.index}"
                for rater, ratings in exchange.ratings.items():
                    if rater not in left_out:
                        found += (Judgement(item, system, rater, d, score, talk) for d, score in _read(ratings, DIMENSIONS)[0])
                found += _scored(own, "exchange", exchange.scores, item, system, talk)
            for rater, ratings in session.criterion.items():
                found += (Judgement(talk, system, rater, q, score, talk) for q, score in _read(ratings, CRITERIA)[0])
            found += _scored(own, "session", session.scores, talk, system, talk)
        person = name_person(trial)
        found += _scored(own, "trial", trial.scores, person, system, person)
    return tuple(found)


def scales_of(scorers: Iterable[KeptScorer]) -> dict[str, Scale]:
    """The scale of each dimension that a run's raters and scorers score on, where it has one."""
    found: dict[str, Scale] = {d: Scale(low=1, high=5) for d in (*DIMENSIONS, *CRITERIA)}
    for info in (s.info for s in scorers):
        if info.labels:
            found[info.id] = Scale.of_names(info.labels)
        elif info.result == "yes_no":
            found[info.id] = Scale.of_names(("no", "yes"))
        elif info.low is not None and info.high is not None:
            found[info.id] = Scale(low=info.low, high=info.high)
    return found


def systems_of(study: Study) -> dict[str, str]:
    """What each target is called where it is rated: as its log calls it, else by its id."""
    return {t.id: (t.group if isinstance(t, LoggedTargetSpec) and t.group else t.id) for t in study.targets}


def name_talk(trial: Trial, session: Session) -> str:
    """What a session is called where it is rated: as its log calls it, else by its place in the run."""
    return session.conversation if session.conversation and not trial.forgotten else f"{trial.id}/{session.index}"


def name_person(trial: Trial) -> str:
    """What all of a trial's sessions together are called where they are rated."""
    person = next((s.person for s in trial.sessions if s.person), "")
    return person if person and not trial.forgotten else trial.id


def _read(ratings: Ratings, asked: Iterable[str]) -> tuple[list[tuple[str, float | NotApplicableMark]], int]:
    """The ratings of those asked that are judgements, and how many could not be given."""
    found: list[tuple[str, float | NotApplicableMark]] = []
    lost = 0
    for dimension in asked:
        match ratings.get(dimension):
            case Score(score=score):
                found.append((dimension, score))
            case NotApplicable():
                found.append((dimension, NOT_APPLICABLE))
            case Unscored():
                lost += 1
    return found, lost


def _scored(scorers: Iterable[KeptScorer], grain: Grain, scores: Mapping[str, Assessed], item: str, system: str, talk: str) -> Iterator[Judgement]:
    for scorer in scorers:
        info, result = scorer.info, scores.get(scorer.info.id)
        if info.grain != grain:
            continue
        rater = rater_of(scorer)
        if isinstance(result, Assessment):
            value = result.value
            score = float(info.labels.index(value) if isinstance(value, str) else value)
            yield Judgement(item, system, rater, info.id, score, talk)
        elif isinstance(result, NotApplicable):
            yield Judgement(item, system, rater, info.id, NOT_APPLICABLE, talk)


def rater_of(scorer: KeptScorer) -> str:
    """Whose rating a scorer's result is: its model's, or of code the scorer's own."""
    return observer_id(scorer.model.model) if isinstance(scorer, RubricScorer) else scorer.info.part


def _talker(trial: Trial) -> str | None:
    """The person who was the user: who looked back on a session, as readers never do.

    Before the first session is closed, whoever rated first in a trial whose user took no call of a model. None: the user is simulated.
    """
    looked_back = (rater for s in trial.sessions for rater in s.criterion if is_person(rater))
    rated = (rater for e in trial.exchanges for rater in e.ratings if is_person(rater)) if "user" not in trial.spent else ()
    return next(chain(looked_back, rated), None)


def own_targets(study: Study, raters: Iterable[str]) -> dict[str, frozenset[str]]:
    """The targets that are the own model of each of `raters`."""
    targets = [t for t in study.targets if isinstance(t, ChatTargetSpec)]
    found = {r: frozenset(t.id for t in targets if t.model == m.model) for r, m in rater_models(study, raters).items()}
    return {r: mine for r, mine in found.items() if mine}
