"""What a run comes to, as values: the figures of each target, and what stands beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from sim.analysis.figures.adaptability import Adaptability, Recovery
from sim.analysis.figures.by_persona import SessionPoint
from sim.analysis.figures.fairness import IdentityFigures
from sim.analysis.figures.memory import MemoryFigures
from sim.analysis.figures.outages import Outage
from sim.analysis.figures.questionnaires import QuestionnaireFigures
from sim.analysis.figures.robustness import RobustnessCurve
from sim.analysis.figures.said_before import SaidBeforeFigures
from sim.analysis.figures.scorers import ScorerFigures
from sim.analysis.figures.trait_truth import TraitTruthFigures
from sim.analysis.trust.controls import ControlFigures
from sim.analysis.trust.scales import ScaleChecks
from sim.analysis.trust.validity import ModelCheck, ValidityFigures
from sim.analysis.verdicts.policies import Bought, Ranks
from sim.core.codebook import Criterion, Dimension
from sim.core.errors import Cause
from sim.core.event import Ending, FlagKind, Role
from sim.core.frozen import Frozen
from sim.core.record import RunStatus
from sim.core.shown import Shown
from sim.core.spec import Unsuited
from sim.core.spec.study import Primary


class TrialCounts(Frozen):
    """How far the trials have come."""

    planned: int
    finished: int
    failed: int
    """Cannot go on, now or ever."""
    stopped: int
    """Begun, and neither finished nor failed: `resume` goes on with them, or they are under way while the run is."""


class DimensionFigures(Frozen):
    """One likability dimension of one target, as the primary rater saw it."""

    mean: float | None
    """On the scale of 1 to 5. None: nothing was scored."""
    interval: tuple[float, float] | None
    """95 %, like that of likability."""
    n: int
    """Scored exchanges that had an occasion, which `mean` is taken over."""
    n_personas: int
    """Personas with one."""
    not_applicable: int
    unscored: int
    quotes_not_found: int
    """Scores whose quoted words stand in neither reply nor message."""
    hit: int
    """Scored with occasion and attempt."""
    missed: int
    """Scored with occasion, without attempt."""
    surprise: int
    """Scored with attempt, without occasion: the target's own choice, in no mean but the next."""
    surprise_mean: float | None
    """Of their scores, each counted alike."""


class ObserverFigures(Frozen):
    """What a rater other than the primary one says, aggregated alike."""

    mean: float | None
    fixed_set: float | None
    n: int
    """Exchanges with a score."""


class WorstExchange(Frozen):
    """The exchange with the lowest mean score over its dimensions; the earliest of equals."""

    trial: str
    session: int
    exchange: int
    score: float


class Likability(Frozen):
    """Simulated likability of one target."""

    mean: float | None
    """Unweighted mean over the dimensions that have a score."""
    interval: tuple[float, float] | None
    """95 %, clustered by persona, from four scenarios on by scenario too (`sim.analysis.figures.estimates`); None below 3 personas, or where all are
    equal."""
    fixed_set: float | None
    """The same over the four dimensions that always apply."""
    fixed_set_interval: tuple[float, float] | None
    without_callback: float | None
    """The same over all but callback."""
    without_callback_interval: tuple[float, float] | None
    scripted: float | None
    """Callback on facts that every target was told alike: the second endpoint."""
    scripted_interval: tuple[float, float] | None
    dimensions_scored: int
    """Dimensions that `mean` is taken over, of seven."""
    n: int
    """Exchanges with a score."""
    n_personas: int
    """Personas with a score."""
    false_memories: int
    """Callbacks to something never said."""
    worst: WorstExchange | None
    dimensions: dict[Dimension, DimensionFigures]
    observers: dict[str, ObserverFigures]
    """By rater id."""

    def primary(self, measure: Primary) -> tuple[float | None, tuple[float, float] | None]:
        """The primary outcome with its interval."""
        known = {"likability": (self.mean, self.interval), "fixed_set": (self.fixed_set, self.fixed_set_interval)}
        return known.get(measure, (self.without_callback, self.without_callback_interval))


class CriterionFigures(Frozen):
    """One criterion question, asked at the end of each session of the primary rater."""

    mean: float | None
    n: int
    """Sessions with a score."""
    n_personas: int
    unscored: int


class RepetitionFigures(Frozen):
    """Repetition of moves within sessions, as `sim.score.repetition.measures` defines it; comparable only for the same tagger and codebook."""

    tagger: str
    codebook: str
    pairs: int
    untagged: int
    """Answered exchanges without tags, which break the pairs they stand in."""
    repertoire: float | None
    repertoire_beyond_size: float | None
    conversation_fit: float | None
    conversation_fit_adjusted: float | None
    """At the same places of talks: what tables show."""
    carry_over: float | None
    carry_over_adjusted: float | None
    """At the same places of talks: what tables show."""
    stickiness: float | None
    base_rate: float | None
    excess: float | None
    sequential_excess: float | None
    """Excess − its mean over at most 200 random orders within conversations."""
    pooled: float | None
    expected: float | None
    jaccard: float | None
    moves_per_reply: float | None
    words_per_reply: float | None
    said_before: SaidBeforeFigures
    """Words, not moves, and so the same whoever tagged."""


class TokenTotals(Frozen):
    """Tokens as the providers counted them, over calls of known usage."""

    input: int
    output: int
    unknown_usage: int
    """Calls whose provider did not say."""
    reasoning: int = 0
    """Of `output`, what models thought with and did not say; priced as part of it."""
    cached: int = 0
    """Of `input`, what providers read from their prompt cache."""
    cache_write: int = 0
    """Of `input`, what they wrote to it."""

    @property
    def cached_share(self) -> float:
        """Of what was sent, the part that was read from a cache."""
        return self.cached / self.input if self.input else 0.0

    def plus(self, others: Iterable[TokenTotals]) -> TokenTotals:
        """These and `others` as one."""
        each = (self, *others)
        return TokenTotals(**{name: sum(getattr(t, name) for t in each) for name in TokenTotals.model_fields})


class AbsentVerdicts(Frozen):
    """Verdicts that `resume` would buy: due, and lost for reasons outside any model. Failed and finished trials have none."""

    ratings: int
    """Answered exchanges × raters without a rating."""
    criterion: int
    """Closed sessions whose criterion questions the primary rater has not answered."""
    tags: int
    """Answered exchanges without an outcome of the tagger."""
    controls: int
    """Second ratings by the primary rater, for noise and halo, that were drawn and not made."""
    probes: int
    """Questions of memory that were due and not answered."""
    memory_grades: int
    """Written memories that the judge has yet to grade."""
    scores: int
    """Results of the study's own scorers."""

    @property
    def any(self) -> bool:
        """Whether anything is absent."""
        return any(self.model_dump().values())


class Failure(Frozen):
    """A trial that cannot go on."""

    trial: str
    cause: Cause
    message: str


class TargetSummary(Frozen):
    """One target over all its trials, whatever their status."""

    target: str
    trials: int
    """Planned for this target."""
    finished: int
    personas: int
    """Distinct personas among the trials that have an answered exchange."""
    exchanges: int
    """Answered exchanges."""
    cut: int
    """Replies that were cut off for length."""
    resent: int
    """Replies to messages that may have reached a target with a memory of its own twice, each time under the same key."""
    started_over: int
    """Sessions, or whole trials, that began anew because the target had lost what was said in them."""
    rater: str
    """The primary rater."""
    occasions: dict[Dimension, float | None]
    """In one session: how many the users gave it, for the dimensions that go by occasion."""
    likability: Likability
    sessions: tuple[SessionPoint, ...]
    """The fixed set session by session."""
    criterion: dict[Criterion, CriterionFigures]
    repetition: RepetitionFigures
    """By the study's tagger."""
    other_taggers: dict[str, RepetitionFigures]
    """By those that tagged later (`sim score RUN --tagger`), the same ones for every target."""
    scorers: dict[str, ScorerFigures]
    """By id of the study's own scorers, and of those that were added later."""
    memory: MemoryFigures
    adaptability: Adaptability
    recovery: Recovery
    endings: dict[Ending, int]
    """How the closed sessions ended; `left` and `farewell` are the user's doing."""
    flags: dict[FlagKind, int]
    """What the simulated user should not have done, by kind."""
    validity: ValidityFigures
    """How sound it was, and the primary outcome without talks in which it was not."""
    absent: AbsentVerdicts
    lost: dict[Cause, int]
    """Calls that came to nothing for reasons outside any model, by cause."""
    calls: dict[Role, int]
    """Answered calls, superseded takes and lost attempts included, as in tokens and cost."""
    tokens: dict[Role, TokenTotals]
    cost: dict[Role, float | None]
    """US dollars over calls of known cost. None: there were calls, and none of known cost."""
    unknown_cost: dict[Role, int]
    """Calls of unknown cost, which `cost` leaves out."""


class RunSummary(Shown):
    """A run in figures."""

    run: str
    offline: bool
    """Whether any offline model took part."""
    offline_note: str
    """Who was played by an offline model and what that leaves; empty: nobody was."""
    stub_rated: tuple[str, ...]
    """Real targets that an offline model rates: their scores check the instrument and say nothing of them."""
    offline_parts: tuple[str, ...]
    """The parts they played: `user`, a rater, a target."""
    status: RunStatus
    played_by: Literal["model", "people", "log"]
    """Who spoke with the targets."""
    trials: TrialCounts
    primary: Primary
    """The study's primary outcome, the measure that comes first wherever targets are shown."""
    personas: int
    """Distinct personas planned."""
    scenarios: int
    targets: tuple[TargetSummary, ...]
    controls: ControlFigures
    """Noise and halo of the primary rater."""
    robustness: tuple[RobustnessCurve, ...]
    """Each target as its user is disturbed more and more; empty: nobody was disturbed."""
    fairness: tuple[IdentityFigures, ...]
    """Each target with its user's identity swapped; empty: nobody's was."""
    questionnaires: tuple[QuestionnaireFigures, ...]
    """Every target on every questionnaire that was put to it; empty: none was."""
    trait_truth: tuple[TraitTruthFigures, ...]
    """Every target that plays a character, against the same without it; empty: none plays one."""
    bought: tuple[Bought, ...]
    """What memory buys: every model that has several memory policies."""
    flags_differ: float | None
    """The p of: every target meets the same share of critical flags. None: there are not two targets with two personas in common."""
    model_check: ModelCheck | None
    """What a model thinks of the user's messages, beside the rules; None: none was asked."""
    ranks: Ranks
    scales: ScaleChecks
    """Whether its dimensions can be told apart, and from a word count."""
    failures: tuple[Failure, ...]
    outages: tuple[Outage, ...]
    """Targets that never answered, and a simulated user that never spoke, with the cause."""
    edited: tuple[str, ...] = ()
    """Files of the run that somebody edited after it was made."""
    unaccounted: int = 0
    """Calls, at most, that were cut off when the run was killed: no event has them, and no cost."""
    budget_stops: tuple[str, ...] = ()
    """The budgets that stopped it, each with the flag that raises it; empty: none did, or it has gone on since."""
    left_out: tuple[Unsuited, ...] = ()
    """Pairs of persona and scenario that were not run because they do not suit each other."""

    @property
    def silent(self) -> bool:
        """Whether nobody ever answered, so that there is nothing to show but why."""
        return bool(self.outages) and not any(t.exchanges for t in self.targets)
