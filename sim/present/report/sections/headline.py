"""Which target is liked, why, and can it be believed? The sentence that the comparison says, what is beside it, and what cannot be concluded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.figures.estimates import DECIDE, DECIDE_SCENARIOS, FEWEST_SCENARIOS, SCREEN, Tier
from sim.analysis.figures.measures import LIKABILITY
from sim.analysis.verdicts.answer import foremost
from sim.analysis.verdicts.sentence import as_sentence, signed, split
from sim.core.codebook import DIMENSIONS, LABELS
from sim.present.report.cells import between
from sim.present.report.document import Headline
from sim.present.report.sections.claims import listed
from sim.present.report.sections.opening import done_sentences, forest_of, groups_of, sample_exchange
from sim.present.text.fairness import conclusions
from sim.present.text.outages import outage_line
from sim.present.words import DIAGNOSTIC, many, number, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.analysis.figures.run_summary import TargetSummary, TrialCounts
    from sim.analysis.verdicts.compare import Comparison
    from sim.present.report.document import ChartFigure, SampleExchange, TargetGroup
    from sim.present.report.material import Material

TIERS: dict[Tier, str] = {
    "look": f"A look: fewer than {SCREEN} personas, so no verdict on which target is liked more.",
    "screen": f"A screen: {SCREEN} personas or more show large differences; a decision takes {DECIDE} personas and {DECIDE_SCENARIOS} scenarios.",
    "decide": f"Enough to decide by: {DECIDE} personas or more and {DECIDE_SCENARIOS} scenarios or more.",
}
MOST_REASONS = 3


def build_headline(of: Material) -> Headline:
    """The top of the report."""
    if of.summary.silent:
        return _silence(of)
    ranked = sorted((t for t in of.summary.targets if _value(of, t) is not None), key=lambda t: -(_value(of, t) or 0))
    if not ranked:
        return _headline(of, "Nothing can be said yet: no reply has a rating.")
    if of.summary.stub_rated:
        return _headline(of, f"No verdict on {listed(of.summary.stub_rated)}: the rater is an offline model, which cannot judge a real chatbot.")
    if of.summary.fairness:
        # Arms of one target are no rivals, and have no places.
        return _headline(of, " ".join(conclusions(of.summary.fairness)), exchange=sample_exchange(of, ""))
    compared = of.compared(of.study.primary)
    plain = {t.id for t in of.study.targets if not t.stress}
    leader = next((t for t in ranked if t.target == of.reference or (not of.reference and t.target in plain)), ranked[0])
    others = [t for t in ranked if t.target in of.against(of.study.primary)]
    pair = foremost(compared.comparisons) if compared else None
    alone = f"{leader.target} scores {_level(of, leader)}, {_BY[of.study.primary]}. There is no other target to compare it with."
    hangs = left_out(of, leader.target, named=True)
    return _headline(
        of,
        as_sentence(pair) if pair else alone,
        forest=forest_of(of, of.against(of.study.primary), leader.target),
        groups=groups_of(of),
        exchange=sample_exchange(of, leader.target),
        memory=of.bought,
        reasons=tuple(_reasons(of, [leader, *others]))[:MOST_REASONS],
        beside=(*_beside(of, others), *((hangs,) if hangs else ())),
        leader=leader.target,
    )


def _silence(of: Material) -> Headline:
    """Nobody ever answered: there is nothing to say but why."""
    return Headline(
        tier=of.tier,
        tier_means="Nothing was measured: nobody ever answered.",
        done=done_sentences(of),
        verdict=". ".join(outage_line(o) for o in of.summary.outages) + ".",
        not_concluded=(f"Anything: `sim resume {of.summary.run}` goes on once it is mended.",),
    )


def _headline(
    of: Material,
    verdict: str,
    *,
    forest: ChartFigure | None = None,
    groups: tuple[TargetGroup, ...] = (),
    exchange: SampleExchange | None = None,
    memory: tuple[str, ...] = (),
    reasons: tuple[str, ...] = (),
    beside: tuple[str, ...] = (),
    leader: str = "",
) -> Headline:
    return Headline(
        done=done_sentences(of),
        tier=of.tier,
        tier_means=TIERS[of.tier],
        verdict=verdict,
        forest=forest,
        groups=groups,
        exchange=exchange,
        memory=memory,
        reasons=reasons,
        beside=beside,
        leader=leader,
        not_concluded=_not_concluded(of),
    )


def _value(of: Material, target: TargetSummary) -> float | None:
    return target.likability.primary(of.study.primary)[0]


_BY: dict[str, str] = {
    "fixed_set": "by the four dimensions that always apply",
    "likability": "by all seven dimensions",
    "without_callback": "by the dimensions other than callback",
}
"""What a verdict is about, by primary outcome."""


def _level(of: Material, target: TargetSummary) -> str:
    value, bounds = target.likability.primary(of.study.primary)
    spoken = f" (95 % interval {between(bounds)})" if bounds else ""
    return f"{number(value)} of 5{spoken}"


def _beside(of: Material, others: Sequence[TargetSummary]) -> tuple[str, ...]:
    """Likability over all seven dimensions, split by dimension, of each target against the leader."""
    against = of.against(LIKABILITY)
    return tuple(line for t in others if (line := _split(against.get(t.target))))


def left_out(of: Material, leader: str, *, named: bool) -> str:
    """How far the primary outcome of each target less the leader's hangs on one persona, who is named or not."""
    ranges = [
        f"{target} {signed(left.low)} to {signed(left.high)}" + (f" ({left.persona})" if named else "")
        for target, pair in of.against(of.study.primary).items()
        if (left := pair.left_out) is not None
    ]
    told = f"Compared with {leader}, without any one persona: {', '.join(ranges)}" if ranges else ""
    return told + (" (in brackets who moves it most)." if named else ".") if told else ""


def _split(liked: Comparison | None) -> str:
    if liked is None or liked.difference is None:
        return ""
    ahead = liked if liked.difference >= 0 else liked.turned
    made = split(ahead.split)
    return f"Over all seven dimensions {ahead.a} is {abs(liked.difference):.2f} ahead of {ahead.b}" + (f": {made}." if made else ".")


def _reasons(of: Material, ranked: list[TargetSummary]) -> list[str]:
    found = _criterion(of, ranked[0].target, ranked[-1].target) if len(ranked) > 1 else []
    found += dimensions_apart(of, ranked[0].target, ranked[-1].target) if len(ranked) > 1 else []
    found += [s for s in (_repeats(of),) if s]
    return found


def _criterion(of: Material, first: str, last: str) -> list[str]:
    """Whether enjoyment and the wish to return agree with what is said of the first and the last."""
    told = next((h.criterion for h in of.headlines if {h.a, h.b} == {first, last}), "")
    return [f"{first} and {last}: {told[0].lower()}{told[1:]}"] if told else []


def dimensions_apart(of: Material, first: str, last: str) -> list[str]:
    """Where the first and the last are furthest apart, whichever is ahead, by paired differences."""
    pairs = ((of.against(d).get(last), LABELS[d]) for d in DIMENSIONS)
    found = [(-c.difference, label) for c, label in pairs if c is not None and c.difference is not None]
    apart = sorted(found, key=lambda one: -abs(one[0]))
    if not apart:
        return []
    return [f"{first} and {last} are furthest apart in {', '.join(f'{label} ({signed(by)})' for by, label in apart[:MOST_REASONS])}."]


def _repeats(of: Material) -> str | None:
    known = {t: r.repertoire for t, r in of.repetition.items() if r.repertoire is not None}
    words = {t: r.words_per_reply for t, r in of.repetition.items() if r.words_per_reply is not None}
    if len(known) < 2 or not words:
        return None
    most, least = max(known, key=lambda t: known[t]), min(known, key=lambda t: known[t])
    long, short = max(words, key=lambda t: words[t]), min(words, key=lambda t: words[t])
    told = f"Replies are most alike with {most} (repertoire {share(known[most])}; least with {least}, {share(known[least])})"
    return f"{told}; words a reply go from {number(words[short], 0)} ({short}) to {number(words[long], 0)} ({long})."


def _not_concluded(of: Material) -> tuple[str, ...]:
    summary = of.summary
    lines = ["Anything about real models: offline models took part, and they only check the instrument."] if summary.offline else []
    if summary.stub_rated:
        lines = [f"How much anybody likes {listed(summary.stub_rated)}: {summary.offline_note}."]
    lines.append(DIAGNOSTIC)
    if of.tier != "decide":
        lines.append(TIERS[of.tier])
    if summary.scenarios < FEWEST_SCENARIOS:
        these = "the one scenario" if summary.scenarios == 1 else f"the {summary.scenarios} scenarios"
        lines.append(f"Anything beyond {these} in which the talks took place.")
    kin = sorted({f"{k.name} and {k.target} ({k.family})" for k in summary.scales.same_family})
    if kin:
        lines.append(f"Whether models prefer their own kind: of one family are {'; '.join(kin)}.")
    lines.append("Anything about people unlike these personas, who are a fixed set and not a sample.")
    return (*lines, *_unfinished(summary.trials))


def _unfinished(trials: TrialCounts) -> list[str]:
    """How many trials did not come to their end, and how far they came."""
    not_begun = trials.planned - trials.finished - trials.failed - trials.stopped
    counts = ((trials.failed, "failed"), (trials.stopped, "stopped before the end"), (not_begun, "not begun"))
    told = [f"{count:,} {how}" for count, how in counts if count]
    return [f"Of {many(trials.planned, 'trial')}, {trials.finished:,} finished; {', '.join(told)}."] if told else []
