"""A run in figures: what `sim show` prints and `--json` hands on, computed from the trials and from nothing else.

Every mean is the one of `sim.analysis.table`, every target's figure that of `sim.analysis.figures` (guide/methods.md#aggregation).
Only the study's primary rater feeds it, by its first ratings; the other raters stand beside as observers, its second ratings under `controls`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from sim.analysis.adaptability import Adaptability, Recovery, summarise_recovery
from sim.analysis.arms import viewpoint
from sim.analysis.by_persona import SessionPoint, summarise_sessions
from sim.analysis.columns import mean_over
from sim.analysis.controls import ControlFigures, summarise_controls
from sim.analysis.figures import Figure, figure
from sim.analysis.measures import BY_ID, SECOND
from sim.analysis.memory import MemoryFigures, summarise_memory
from sim.analysis.outages import Outage, find_budget_stops, find_outages
from sim.analysis.policies import Bought, Ranks, rank_targets, summarise_bought
from sim.analysis.pooled import adaptability, said_before
from sim.analysis.pooled import repetition as repetition_of
from sim.analysis.robustness import RobustnessCurve, summarise_robustness
from sim.analysis.said_before import SaidBeforeFigures
from sim.analysis.scales import ScaleChecks, check_scales
from sim.analysis.scorers import ScorerFigures, summarise_scorers
from sim.analysis.table import MeasureTable
from sim.analysis.validity import ModelCheck, ValidityFigures, check_agreement, flagged_places, rates_differ, summarise_validity
from sim.core.address import is_control
from sim.core.codebook import BY_OCCASION, CRITERIA, DIMENSIONS, Criterion, Dimension
from sim.core.controls import control_parts
from sim.core.errors import Cause
from sim.core.event import ROLES, Absence, Ending, FlagKind, Quote, Rating, Role, Score, Unscored
from sim.core.frozen import Frozen
from sim.core.panel import Panel
from sim.core.record import RoleSpending, RunStatus, was_cut
from sim.core.spec import Unsuited, codebook_of
from sim.core.spec.study import Primary
from sim.core.standins import StandIns
from sim.score.repetition import less
from sim.score.shuffles import order_null

if TYPE_CHECKING:
    from sim.analysis.pairs import Place
    from sim.core.codebook import Codebook
    from sim.core.record import Trial
    from sim.core.spec import Study
    from sim.core.spec.scorer import ScorerInfo

ORDERS, FEWEST_ORDERS, REPLIES_MOVED = 200, 20, 500_000
"""Random orders for sequential excess: the most, the fewest, and the replies moved over all of them, which decides in between."""


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
    """95 %, clustered by persona, from four scenarios on by scenario too (`sim.analysis.estimates`); None below 3 personas, or where all are
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
    """Repetition of moves within sessions, as `sim.score.repetition` defines it; comparable only for the same tagger and codebook."""

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


class RunSummary(Frozen):
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


def summarise(
    study: Study,
    trials: Sequence[Trial],
    *,
    run: str,
    status: RunStatus,
    offline: tuple[str, ...],
    codebook: Codebook,
    later: Iterable[Codebook] = (),
    scorers: Sequence[ScorerInfo] = (),
    edited: tuple[str, ...] = (),
    unaccounted: int = 0,
    table: MeasureTable | None = None,
    skipped: tuple[Unsuited, ...] = (),
) -> RunSummary:
    """The figures of a run.

    Args:
        study: names the targets, in the order shown, the raters and the tagger.
        trials: all planned trials; those not begun have no sessions.
        run: the run's name.
        status: the run's status.
        offline: the parts that offline models played.
        codebook: what the moves were tagged with; figures are on its counted moves.
        later: what else they were tagged with.
        scorers: the study's own, and those whose results were added later.
        edited: files of the run that somebody edited after it was made.
        unaccounted: calls that no event accounts for.
        table: the values of these trials, where they are known already.
        skipped: pairs that were not run because they do not suit each other.
    """
    standins = StandIns(offline, tuple(t.id for t in study.targets), study.primary_rater)
    panel = Panel.of(study, scorers)
    spoilt = flagged_places(trials)
    table = table or MeasureTable(trials, viewpoint(study, codebook))
    books = {book.id: book for book in later} | {"": codebook}
    taggers = sorted({t for trial in trials for e in trial.exchanges for t in e.tags} - {study.tagger_id})
    tagged = {t: books.get(codebook_of(t, books), codebook) for t in taggers}
    return RunSummary(
        run=run,
        offline=bool(offline),
        offline_note=standins.note,
        stub_rated=standins.stub_rated,
        offline_parts=offline,
        status=status,
        played_by=study.played_by,
        primary=study.primary,
        trials=TrialCounts(planned=len(trials), **{s: sum(t.status == s for t in trials) for s in ("finished", "failed", "stopped")}),
        personas=len({t.cast.persona.id for t in trials}),
        scenarios=len({t.cast.scenario.id for t in trials}),
        targets=tuple(_target(study, target.id, table, later=tagged, panel=panel, scorers=scorers, spoilt=spoilt) for target in study.targets),
        controls=summarise_controls(study, trials),
        bought=summarise_bought(study, table),
        robustness=summarise_robustness(study, table),
        flags_differ=rates_differ(table, [t.id for t in study.targets], seed=study.seed),
        model_check=check_agreement(trials),
        ranks=rank_targets(study, table),
        scales=check_scales(study, trials, table.columns),
        failures=tuple(Failure(trial=t.id, cause=t.failed.cause, message=t.failed.message) for t in trials if t.failed),
        outages=find_outages(trials),
        edited=edited,
        unaccounted=unaccounted,
        budget_stops=() if status == "running" else _budget_stops(trials),
        left_out=skipped,
    )


# --- one target ---------------------------------------------------------------------------------------------------


_Word = TypeVar("_Word", bound=str)


def _target(
    study: Study,
    target: str,
    table: MeasureTable,
    *,
    later: Mapping[str, Codebook],
    panel: Panel,
    scorers: Sequence[ScorerInfo],
    spoilt: frozenset[Place],
) -> TargetSummary:
    ids = table.by_target.get(target, ())
    trials = table.of(ids)
    spent = _spent(trials)
    sessions, answered = [s for t in trials for s in t.sessions], [t.exchanges for t in trials]
    said = said_before(table, ids)
    return TargetSummary(
        target=target,
        trials=len(trials),
        finished=sum(t.status == "finished" for t in trials),
        personas=len({t.cast.persona.id for t, exchanges in zip(trials, answered, strict=True) if exchanges}),
        exchanges=sum(map(len, answered)),
        cut=sum(n for finish, n in Counter(e.reply.finish for exchanges in answered for e in exchanges if e.reply).items() if was_cut(finish)),
        resent=sum(e.reply is not None and e.reply.resent for exchanges in answered for e in exchanges),
        started_over=sum(t.started_over for t in trials),
        rater=study.primary_rater,
        occasions={d: table.mean(BY_ID[f"occasions.{d}"].parts, ids) for d in BY_OCCASION},
        likability=_likability(study, target, table),
        sessions=summarise_sessions(table, target),
        criterion={c: _criterion(c, table, trials) for c in CRITERIA},
        repetition=_repetition(table, ids, said, seed=study.seed),
        other_taggers={t: _repetition(table.tagged_by(t, book), ids, said, seed=study.seed) for t, book in later.items()},
        scorers=summarise_scorers(scorers, table, target),
        memory=summarise_memory(study, trials),
        adaptability=adaptability(table, ids),
        recovery=summarise_recovery(trials, rater=study.primary_rater, study_seed=study.seed),
        endings=_counted(s.closed for s in sessions),
        flags=_counted(f.kind for s in sessions for f in (*(f for e in s.exchanges for f in e.flags), *s.flags)),
        validity=summarise_validity(table, target, spoilt),
        absent=_absent(trials, panel),
        lost=_counted(lost.cause for t in trials for lost in t.lost),
        calls={r: s.calls for r, s in spent.items()},
        tokens={r: _tokens(s) for r, s in spent.items()},
        cost={r: None if s.unknown_cost == s.calls else s.cost for r, s in spent.items()},
        unknown_cost={r: s.unknown_cost for r, s in spent.items()},
    )


def _likability(study: Study, target: str, table: MeasureTable) -> Likability:
    ids = table.by_target.get(target, ())
    mean, fixed_set, without, scripted = (figure(BY_ID[m], table, ids) for m in ("likability", "fixed_set", "without_callback", SECOND))
    tallies = dict(zip(DIMENSIONS, table.columns.tallies(target), strict=True))
    each = {d: figure(BY_ID[d], table, ids) for d in DIMENSIONS}
    n, worst = _scored(table, target)
    apart = {table.view.rater, *control_parts(table.view.rater).values()}
    others = dict.fromkeys((*study.raters, *sorted({r for t in table.of(ids) for e in t.exchanges for r in e.ratings})))
    return Likability(
        mean=mean.value if mean else None,
        interval=mean.interval if mean else None,
        fixed_set=fixed_set.value if fixed_set else None,
        fixed_set_interval=fixed_set.interval if fixed_set else None,
        without_callback=without.value if without else None,
        without_callback_interval=without.interval if without else None,
        scripted=scripted.value if scripted else None,
        scripted_interval=scripted.interval if scripted else None,
        dimensions_scored=sum(f is not None for f in each.values()),
        n=n,
        n_personas=mean.personas if mean else 0,
        false_memories=sum(times for r, times in tallies["callback"] if isinstance(r, Score) and r.false_memory),
        worst=worst,
        dimensions={d: _dimension(tallies[d], each[d]) for d in DIMENSIONS},
        observers={r: _observer(table.seen_by(r), target) for r in others if r not in apart},
    )


def _observer(table: MeasureTable, target: str) -> ObserverFigures:
    ids = table.by_target.get(target, ())
    return ObserverFigures(
        mean=table.mean(BY_ID["likability"].parts, ids),
        fixed_set=table.mean(BY_ID["fixed_set"].parts, ids),
        n=_scored(table, target)[0],
    )


def _scored(table: MeasureTable, target: str) -> tuple[int, WorstExchange | None]:
    """How many exchanges of `target` have a score, and the one with the lowest mean."""
    columns = table.columns
    own = np.array([t == target for t in columns.targets], dtype=bool)[columns.target[columns.trial]]
    means = mean_over(columns.answered)
    rows = np.flatnonzero(own & ~np.isnan(means))
    if not len(rows):
        return 0, None
    lowest = rows[means[rows] == means[rows].min()]
    places = ((columns.trials[columns.trial[i]], int(columns.session_index[columns.session[i]]), int(columns.exchange[i])) for i in lowest)
    trial, session, exchange = min(places)
    return len(rows), WorstExchange(trial=trial, session=session, exchange=exchange, score=float(means[lowest[0]]))


def _dimension(tally: Sequence[tuple[Rating, int]], mean: Figure | None) -> DimensionFigures:
    scores = [(r, n) for r, n in tally if isinstance(r, Score)]
    surprises = [(s.score, n) for s, n in scores if s.attempt and not s.occasion]
    unasked = sum(n for _, n in surprises)
    return DimensionFigures(
        mean=mean.value if mean else None,
        interval=mean.interval if mean else None,
        n=sum(n for s, n in scores if s.occasion),
        n_personas=mean.personas if mean else 0,
        not_applicable=sum(n for r, n in tally if r.kind == "not_applicable"),
        unscored=sum(n for r, n in tally if isinstance(r, Unscored)),
        quotes_not_found=sum(n for s, n in scores if isinstance(s.evidence, Quote | Absence) and not s.evidence.found),
        hit=sum(n for s, n in scores if s.occasion and s.attempt),
        missed=sum(n for s, n in scores if s.occasion and not s.attempt),
        surprise=unasked,
        surprise_mean=sum(score * n for score, n in surprises) / unasked if unasked else None,
    )


def _criterion(question: Criterion, table: MeasureTable, trials: Sequence[Trial]) -> CriterionFigures:
    found = figure(BY_ID[question], table, [t.id for t in trials])
    answers = [s.criterion.get(table.view.rater, {}).get(question) for t in trials for s in t.sessions]
    return CriterionFigures(
        mean=found.value if found else None,
        n=sum(isinstance(a, Score) for a in answers),
        n_personas=found.personas if found else 0,
        unscored=sum(isinstance(a, Unscored) for a in answers),
    )


def _repetition(table: MeasureTable, trials: Sequence[str], said: SaidBeforeFigures, *, seed: int) -> RepetitionFigures:
    repeated, codebook = repetition_of(table, trials), table.view.codebook
    assert codebook is not None
    found, columns = repeated.found, repeated.columns
    few = max(FEWEST_ORDERS, min(ORDERS, REPLIES_MOVED // max(1, repeated.replies)))
    order = order_null(columns, permutations=few, seed=seed)
    return RepetitionFigures(
        tagger=table.view.tagger,
        codebook=codebook.id,
        pairs=found.pairs,
        untagged=found.broken,
        repertoire=found.repertoire,
        repertoire_beyond_size=found.repertoire_beyond_size,
        conversation_fit=found.conversation_fit,
        conversation_fit_adjusted=found.conversation_fit_adjusted,
        carry_over=found.carry_over,
        carry_over_adjusted=found.carry_over_adjusted,
        stickiness=found.stickiness,
        base_rate=found.base_rate,
        excess=found.excess,
        sequential_excess=less(found.excess, order.mean_excess if order else None),
        pooled=found.pooled,
        expected=found.expected,
        jaccard=found.jaccard,
        moves_per_reply=found.moves_per_reply,
        words_per_reply=found.words_per_reply,
        said_before=said,
    )


def _budget_stops(trials: Sequence[Trial]) -> tuple[str, ...]:
    going_on = [t for t in trials if t.lost and t.status not in ("finished", "failed")]
    return find_budget_stops((t.lost[-1].cause, t.lost[-1].message) for t in going_on)


def _absent(trials: Sequence[Trial], panel: Panel) -> AbsentVerdicts:
    absent = [one for t in trials if not (t.failed or t.finished) for one in panel.due(t)]
    return AbsentVerdicts(
        ratings=sum(v.node == "rate_likability" and v.exchange > 0 and not is_control(v.parts[0]) for v in absent),
        controls=sum(v.node == "rate_likability" and v.exchange > 0 and is_control(v.parts[0]) for v in absent),
        criterion=sum(v.node == "rate_likability" and v.exchange == 0 for v in absent),
        tags=sum(v.node == "tag_moves" for v in absent),
        probes=sum(v.node == "probe_memory" for v in absent),
        memory_grades=sum(v.node == "score_memory" for v in absent),
        scores=sum(len(v.parts) for v in absent if v.node == "judge"),
    )


def _spent(trials: Sequence[Trial]) -> dict[Role, RoleSpending]:
    total: dict[Role, RoleSpending] = {}
    for role in ROLES:
        parts = [t.spent[role] for t in trials if role in t.spent]
        if parts:
            total[role] = RoleSpending(
                calls=sum(p.calls for p in parts),
                input=sum(p.input for p in parts),
                output=sum(p.output for p in parts),
                cost=fsum(p.cost for p in parts),
                unknown_cost=sum(p.unknown_cost for p in parts),
                unknown_usage=sum(p.unknown_usage for p in parts),
                reasoning=sum(p.reasoning for p in parts),
                cached=sum(p.cached for p in parts),
                cache_write=sum(p.cache_write for p in parts),
            )
    return total


def _tokens(of: RoleSpending) -> TokenTotals:
    return TokenTotals(
        input=of.input, output=of.output, unknown_usage=of.unknown_usage, reasoning=of.reasoning, cached=of.cached, cache_write=of.cache_write
    )


def _counted(what: Iterable[_Word | None]) -> dict[_Word, int]:
    """How often each word occurs, in alphabetical order."""
    return dict(sorted(Counter(w for w in what if w is not None).items()))
