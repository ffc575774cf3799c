"""Who judges what: one answer for the nodes, resume, re-scoring, the forecast and the summary.

A `Panel` is made from the study once. It says which verdicts are due on a trial and absent, whether the trial is whole, and how many calls its judges
take. A verdict that is due is had by an `Assignment`: one judge asked once, about an exchange, a session or a trial.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, Self

from sim.core.address import code_of, control, person_id
from sim.core.codebook import DIMENSIONS
from sim.core.controls import CALLS, NOTHING, Draw
from sim.core.due import answered, next_step, talks_over
from sim.core.errors import InputError
from sim.core.probes import Asking
from sim.core.questionnaire import draw_sheets, sheets_after
from sim.core.written import GRADES, last_written

if TYPE_CHECKING:
    from sim.core.address import Control
    from sim.core.cast import Cast
    from sim.core.event import Role
    from sim.core.probes import Probe
    from sim.core.questionnaire import QuestionnaireSheet
    from sim.core.record import Exchange, Session, Trial
    from sim.core.spec import Study
    from sim.core.spec.scorer import Grain, ScorerInfo

Node = Literal["rate_likability", "tag_moves", "probe_memory", "put_questionnaire", "score_memory", "judge"]
"""The node of the state machine that has the verdict."""

SOMEBODY: Final = person_id("")
"""Whoever holds a trial in which nobody has rated yet."""
_TAKEN: Final = GRADES.partition("@")[0]
"""The id under which the journal keeps a judge's grades of memory."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One judge, to be asked once."""

    trial: Trial = field(compare=False, repr=False)
    node: Node
    session: int
    """0: the whole trial."""
    exchange: int
    """0: the whole session."""
    parts: tuple[str, ...]
    """What the verdicts are kept under: one; all that are absent of a group of scorers that are asked together; all that are absent of a control that
    rates one by one, each of which is asked by itself; or all sheets that are absent of a questionnaire, which are put one after the other."""

    @property
    def part(self) -> str:
        """The judge, as lost calls name it."""
        return "+".join(self.parts)


@dataclass(frozen=True, slots=True)
class Panel:
    """Who judges. Use `Panel.of`."""

    raters: tuple[str, ...]
    """Rater ids, the primary one first; a person who holds the trial comes before them."""
    tagger: str
    """Empty: nobody tags."""
    controls: Draw = NOTHING
    """Which exchanges the primary rater rates once more."""
    asking: Asking | None = None
    """What is asked of memory."""
    grades_memory: bool = False
    """A judge's model grades what the target's memory has written in the end."""
    scorers: tuple[ScorerInfo, ...] = ()
    """The study's own."""
    seated: str = ""
    """The person who plays the user and rates: a rater id, or `SOMEBODY` where the trial tells who it is; empty: a model does."""
    tags_by_model: bool = False
    looks_back: bool = True
    """The primary rater answers the criterion questions."""
    seed: int = 0
    """The study's, by which sheets of questionnaires are drawn."""
    rate_every: int = 1
    """Models rate the first exchange of a session and each that many after it; people rate all they hold."""

    @classmethod
    def of(cls, study: Study, scorers: Iterable[ScorerInfo] = ()) -> Self:
        """Who judges the trials of `study`.

        Args:
            scorers: the study's own, and those that were added later.

        Raises:
            InputError: two scorers have one id, or one has an id that is taken.
        """
        if study.played_by == "log":
            return cls.again((), tagger="", scorers=scorers)
        panel = cls(
            raters=tuple(study.raters),
            tagger=study.tagger_id,
            controls=Draw(study.seed, study.controls),
            asking=Asking(study.seed, study.probes) if study.probes else None,
            grades_memory=study.judge is not None,
            scorers=_distinct(scorers),
            tags_by_model=not study.tagger.offline,
            seed=study.seed,
            rate_every=study.rate_every,
        )
        return panel.held_by(SOMEBODY) if study.played_by == "people" else panel

    @classmethod
    def again(cls, raters: Iterable[str], *, tagger: str, scorers: Iterable[ScorerInfo], rate_every: int = 1) -> Self:
        """Who judges once more what was said: exchanges are rated as in the run, and no session is looked back on.

        Raises:
            InputError: see `of`.
        """
        return cls(tuple(raters), tagger, scorers=_distinct(scorers), looks_back=False, rate_every=rate_every)

    def held_by(self, rater: str) -> Self:
        """The same of trials that a person holds, who rates as `rater`: nobody is asked the same twice, so that there are no controls."""
        return replace(self, seated=rater, controls=NOTHING)

    def raters_of(self, trial: Trial) -> tuple[str, ...]:
        """Who rates each exchange of `trial`, the primary rater first."""
        return (_sitting(self.seated, trial), *self.raters) if self.seated else self.raters

    def rates(self, exchange: int) -> bool:
        """Whether models rate the exchange of that number in its session."""
        return (exchange - 1) % self.rate_every == 0

    # --- what is due ----------------------------------------------------------------------------------------------

    def due(self, trial: Trial) -> tuple[Assignment, ...]:
        """Everything that is due on `trial` and absent, in order; nothing on a trial whose texts are gone."""
        if trial.forgotten:
            return ()
        found: list[Assignment] = []
        for session in trial.sessions:
            for exchange in session.exchanges:
                found += self.due_on(trial, session, exchange)
            if session.closed:
                found += self.due_after(trial, session)
                found += (Assignment(trial, "probe_memory", session.index, 0, (p.part,)) for p in self.probes_after(trial, session))
                sheets = tuple(s.part for s in self.sheets_after(trial, session))
                found += (Assignment(trial, "put_questionnaire", session.index, 0, sheets),) if sheets else ()
        return (*found, *self.due_in_the_end(trial))

    def due_on(self, trial: Trial, session: Session, exchange: Exchange) -> tuple[Assignment, ...]:
        """What is absent on one exchange; nothing while it is unanswered."""
        if exchange.reply is None:
            return ()
        place = session.index, exchange.index
        rated = self.rates(exchange.index)
        drawn = self.controls.on(trial.cast, trial.seed, *place) if self.raters and rated else ()
        asked = self.raters_of(trial) if rated else self.raters_of(trial)[: int(bool(self.seated))]
        raters = ((r,) for r in asked if r not in exchange.ratings)
        return (
            *(Assignment(trial, "rate_likability", *place, parts) for parts in (*raters, *self._controls(exchange, drawn))),
            *((Assignment(trial, "tag_moves", *place, (self.tagger,)),) if self.tagger and self.tagger not in exchange.tags else ()),
            *self._scorings(trial, "exchange", *place, exchange.scores),
        )

    def _controls(self, exchange: Exchange, drawn: Iterable[Control]) -> Iterator[tuple[str, ...]]:
        """The parts of each drawn control that is absent; of one by one, those of the dimensions that are."""
        for one in drawn:
            # Where nobody rates, nothing is drawn.
            rater = self.raters[0]
            part = control(rater, one)
            if part in exchange.ratings:
                continue
            had = exchange.alone.get(part, {})
            yield tuple(control(rater, one, d) for d in DIMENSIONS if d not in had) if one == "one_by_one" else (part,)

    def due_after(self, trial: Trial, session: Session) -> tuple[Assignment, ...]:
        """What is absent on a session that is over, or is about to close, as a whole; nothing where nothing was said."""
        if not answered(session):
            return ()
        primaries = self.raters_of(trial)[:1] if self.looks_back else ()
        return (
            *(Assignment(trial, "rate_likability", session.index, 0, (r,)) for r in primaries if r not in session.criterion),
            *self._scorings(trial, "session", session.index, 0, session.scores),
        )

    def probes_after(self, trial: Trial, session: Session) -> tuple[Probe, ...]:
        """The probes that are due once `session` is over and absent; none of a target that cannot be copied, and none where nothing was said."""
        if self.asking is None or not session.forks or not answered(session):
            return ()
        return tuple(p for p in self.asking.due(trial, session.index) if p.part not in session.probes)

    def sheets_after(self, trial: Trial, session: Session) -> tuple[QuestionnaireSheet, ...]:
        """The sheets of a questionnaire that are due once `session` is over and absent; none of a target that cannot be copied."""
        if not session.forks or not answered(session):
            return ()
        return tuple(s for s in sheets_after(trial, session, study_seed=self.seed) if s.part not in session.sheets)

    def due_in_the_end(self, trial: Trial) -> tuple[Assignment, ...]:
        """What is absent on the trial as a whole, and on the memory that was written last; due once the talks are over."""
        if not talks_over(trial):
            return ()
        written = last_written(trial) if self.grades_memory else None
        graded = written is None or GRADES in trial.sessions[written.session - 1].scored
        grading = () if graded or written is None else (Assignment(trial, "score_memory", written.session, 0, (GRADES,)),)
        return (*grading, *(self._scorings(trial, "trial", 0, 0, trial.scores) if trial.exchanges else ()))

    def is_whole(self, trial: Trial) -> bool:
        """Whether nothing is absent any more."""
        return trial.failed is not None or (next_step(trial) is None and not self.due(trial))

    def _scorings(self, trial: Trial, grain: Grain, session: int, exchange: int, known: Iterable[str]) -> Iterator[Assignment]:
        """The scorers of `grain` that are not among `known`, those of one group together."""
        for together in grouped(i for i in self.scorers if i.grain == grain and i.id not in known):
            yield Assignment(trial, "judge", session, exchange, tuple(i.part for i in together))

    # --- what it costs --------------------------------------------------------------------------------------------

    def calls(self, cast: Cast, seed: int, *, writes: bool) -> dict[Role, tuple[int, int]]:
        """How many calls the judges of one trial make by role, at least and at most, repairs apart. Of probes the most is counted.

        Args:
            writes: the target's memory is written in words.
        """
        least: Counter[Role] = Counter()
        most: Counter[Role] = Counter()
        most["judge"] += int(self.grades_memory and writes)
        for session in cast.sessions:
            length = session.spec.exchanges
            places = range(1, length.max + 1)
            controls = [sum(CALLS[c] for c in self.controls.on(cast, seed, session.index, e)) if self.rates(e) else 0 for e in places]
            for counted, exchanges in ((least, length.min), (most, length.max)):
                rated = -(-exchanges // self.rate_every)
                counted["rater"] += rated * len(self.raters) + int(self.looks_back and not self.seated) + sum(controls[:exchanges])
                counted["tagger"] += exchanges * int(self.tags_by_model)
                counted["judge"] += exchanges * self.scoring_calls("exchange") + self.scoring_calls("session")
            asked = self.asking.most(cast, session.index, seed) if self.asking else 0
            use = session.spec.questionnaire
            sheets = draw_sheets(use, (self.seed, cast.persona.id, cast.scenario.id, seed)) if use and use.form else ()
            most["probe"] += asked + len(sheets)
            most["judge"] += asked * int(self.grades_memory)
        for counted in (least, most):
            counted["judge"] += self.scoring_calls("trial")
        return {role: (least[role], most[role]) for role in most if most[role]}

    def scoring_calls(self, grain: Grain) -> int:
        """Calls of the study's own scorers to judge one exchange, session or trial."""
        return sum(together[0].calls for together in grouped(i for i in self.scorers if i.grain == grain))


def grouped(scorers: Iterable[ScorerInfo]) -> list[Sequence[ScorerInfo]]:
    """`scorers`, those of one group together, in order of the first of each."""
    found: dict[str, list[ScorerInfo]] = {}
    for info in scorers:
        found.setdefault(f"{info.grain} {info.group}" if info.group else f"{info.id}@", []).append(info)
    return list(found.values())


def _distinct(scorers: Iterable[ScorerInfo]) -> tuple[ScorerInfo, ...]:
    found: dict[str, ScorerInfo] = {}
    for info in scorers:
        if info.id == _TAKEN:
            raise InputError(f"a scorer cannot be called '{_TAKEN}', which the judge of memory is", mend="give it another id")
        if found.setdefault(info.id, info) != info:
            raise InputError(f"two scorers are called '{info.id}'", mend="give one another id")
    return tuple(found.values())


def _sitting(seated: str, trial: Trial) -> str:
    """The person who holds `trial`, where `seated` does not say: whoever has rated in it."""
    if code_of(seated):
        return seated
    rated = (rater for s in trial.sessions for rater in (*s.criterion, *(r for e in s.exchanges for r in e.ratings)) if code_of(rater) is not None)
    return next(rated, SOMEBODY)
