"""A run in figures: what `sim show` prints and `--json` hands on, computed from the trials and from nothing else.

Every mean is the one of `sim.analysis.figures.table`, every target's figure that of `sim.analysis.figures.figure` (guide/methods.md#aggregation).
Only the study's primary rater feeds it, by its first ratings; the other raters stand beside as observers, its second ratings under `controls`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sim.analysis.figures.adaptability import summarise_recovery
from sim.analysis.figures.by_persona import summarise_sessions
from sim.analysis.figures.columns import mean_over
from sim.analysis.figures.fairness import summarise_fairness
from sim.analysis.figures.figure import Figure, figure
from sim.analysis.figures.measures import BY_ID, SECOND
from sim.analysis.figures.memory import summarise_memory
from sim.analysis.figures.outages import find_budget_stops, find_outages
from sim.analysis.figures.pooled import adaptability, said_before
from sim.analysis.figures.pooled import repetition as repetition_of
from sim.analysis.figures.questionnaires import summarise_questionnaires
from sim.analysis.figures.robustness import summarise_robustness
from sim.analysis.figures.run_summary import (
    AbsentVerdicts,
    CriterionFigures,
    DimensionFigures,
    Failure,
    Likability,
    ObserverFigures,
    RepetitionFigures,
    RunSummary,
    TargetSummary,
    TokenTotals,
    TrialCounts,
    WorstExchange,
)
from sim.analysis.figures.said_before import SaidBeforeFigures
from sim.analysis.figures.scorers import summarise_scorers
from sim.analysis.figures.table import MeasureTable
from sim.analysis.figures.trait_truth import summarise_trait_truth
from sim.analysis.trust.controls import summarise_controls
from sim.analysis.trust.scales import check_scales
from sim.analysis.trust.validity import check_agreement, flagged_places, rates_differ, summarise_validity
from sim.analysis.verdicts.arms import viewpoint
from sim.analysis.verdicts.policies import rank_targets, summarise_bought
from sim.core.address import is_control
from sim.core.codebook import BY_OCCASION, CRITERIA, DIMENSIONS, Criterion
from sim.core.controls import control_parts
from sim.core.event import ROLES, Absence, Quote, Rating, Role, Score, Unscored
from sim.core.panel import Panel
from sim.core.record import RoleSpending, RunStatus, was_cut
from sim.core.spec import Unsuited, codebook_of
from sim.core.standins import StandIns
from sim.score.repetition.measures import less
from sim.score.repetition.shuffles import order_null

if TYPE_CHECKING:
    from sim.analysis.verdicts.pairs import Place
    from sim.analysis.verdicts.registered import RunRegistration
    from sim.core.codebook import Codebook
    from sim.core.record import Trial
    from sim.core.spec import Study
    from sim.core.spec.scorer import ScorerInfo

ORDERS, FEWEST_ORDERS, REPLIES_MOVED = 200, 20, 500_000
"""Random orders for sequential excess: the most, the fewest, and the replies moved over all of them, which decides in between."""


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
    registration: RunRegistration | None = None,
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
    questionnaires = summarise_questionnaires(study, trials)
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
        fairness=summarise_fairness(study, table, scorers, registration),
        questionnaires=questionnaires,
        trait_truth=summarise_trait_truth(study, table, scorers, questionnaires),
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
    few = max(FEWEST_ORDERS, min(ORDERS, REPLIES_MOVED // max(1, repeated.marks.replies)))
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
