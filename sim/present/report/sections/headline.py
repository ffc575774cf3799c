"""Which target is liked, why, and can it be believed? In plain sentences with intervals, and with what cannot be concluded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.estimates import DECIDE, DECIDE_SCENARIOS, FEWEST_SCENARIOS, SCREEN, Tier
from sim.analysis.measures import LIKABILITY
from sim.analysis.sentence import signed, split
from sim.core.codebook import DIMENSIONS, LABELS
from sim.present.fairness import conclusion
from sim.present.outages import outage_line
from sim.present.report.cells import between, spoken_p
from sim.present.report.document import Headline
from sim.present.words import DIAGNOSTIC, many, number, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.analysis.compare import Comparison
    from sim.analysis.run_summary import TargetSummary, TrialCounts
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
        return _headline(of, f"No verdict on {_names(of.summary.stub_rated)}: the rater is an offline model, which cannot judge a real chatbot.")
    if of.summary.fairness:
        # Arms of one target are no rivals, and have no places.
        return _headline(of, " ".join(map(conclusion, of.summary.fairness)))
    leader, others = ranked[0], ranked[1:]
    against = _against(of, leader.target)
    clear = [t for t in others if t.target in against and against[t.target].verdict == "lower"]
    unclear = [t for t in others if t not in clear]
    return _headline(
        of,
        _verdict(of, leader, others, clear),
        memory=of.bought,
        better=(f"{leader.target}: {_level(of, leader)}",) if clear else (),
        worse=tuple(_told(of, t, against.get(t.target), leader.target) for t in clear),
        cannot_tell=tuple(_told(of, t, against.get(t.target), leader.target) for t in unclear),
        reasons=tuple(_reasons(of, ranked))[:MOST_REASONS],
        beside=(*_beside(of, leader.target, others), *((hangs,) if (hangs := left_out(of, leader.target, named=True)) else ())),
        leader=leader.target,
    )


def _silence(of: Material) -> Headline:
    """Nobody ever answered: there is nothing to say but why."""
    return Headline(
        tier=of.tier,
        tier_means="Nothing was measured: nobody ever answered.",
        verdict=". ".join(outage_line(o) for o in of.summary.outages) + ".",
        better=(),
        worse=(),
        cannot_tell=(),
        reasons=(),
        not_concluded=(f"Anything: `sim resume {of.summary.run}` goes on once it is mended.",),
    )


def _headline(
    of: Material,
    verdict: str,
    *,
    memory: tuple[str, ...] = (),
    better: tuple[str, ...] = (),
    worse: tuple[str, ...] = (),
    cannot_tell: tuple[str, ...] = (),
    reasons: tuple[str, ...] = (),
    beside: tuple[str, ...] = (),
    leader: str = "",
) -> Headline:
    return Headline(
        tier=of.tier,
        tier_means=TIERS[of.tier],
        verdict=verdict,
        memory=memory,
        better=better,
        worse=worse,
        cannot_tell=cannot_tell,
        reasons=reasons,
        beside=beside,
        leader=leader,
        not_concluded=_not_concluded(of),
    )


def _value(of: Material, target: TargetSummary) -> float | None:
    return target.likability.primary(of.study.primary)[0]


def _against(of: Material, leader: str, measure: str = "") -> dict[str, Comparison]:
    """Every other target against the leader: `lower` where the leader is liked more.

    Args:
        measure: left out: the primary outcome.
    """
    found: dict[str, Comparison] = {}
    compared = of.compared(measure or of.study.primary)
    for c in compared.comparisons if compared else ():
        if c.b == leader:
            found[c.a] = c
        elif c.a == leader:
            found[c.b] = c.turned
    return found


def _verdict(of: Material, leader: TargetSummary, others: list[TargetSummary], clear: list[TargetSummary]) -> str:
    by, place = _BY[of.study.primary], _place(of.summary.scenarios)
    if not others:
        return f"{leader.target} scores {_level(of, leader)}, {by}. There is no other target to hold it against."
    if of.tier == "look":
        return f"No verdict. In this look {leader.target} scores highest, {by}: {_level(of, leader)}."
    if len(clear) == len(others):
        than = f"all {len(others)} others" if len(others) > 1 else others[0].target
        return f"{leader.target} is liked more than {than}{place}, {by}: {_level(of, leader)}."
    level = [leader.target, *(t.target for t in others if t not in clear)]
    told = f"{', '.join(level[:-1])} and {level[-1]} cannot be told apart{place}, {by}"
    return f"{told}; they are liked more than {_and(clear)}." if clear else f"{told}."


_BY: dict[str, str] = {
    "fixed_set": "by the four dimensions that always apply",
    "likability": "by all seven dimensions",
    "without_callback": "by the dimensions other than callback",
}
"""What a verdict is about, by primary outcome."""


def _place(scenarios: int) -> str:
    return "" if scenarios >= FEWEST_SCENARIOS else " in this scenario" if scenarios == 1 else " in these scenarios"


def _and(targets: list[TargetSummary]) -> str:
    return _names([t.target for t in targets])


def _names(ids: Sequence[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{', '.join(ids[:-1])} and {ids[-1]}"


def _level(of: Material, target: TargetSummary) -> str:
    value, bounds = target.likability.primary(of.study.primary)
    spoken = f" (95 % interval {between(bounds)})" if bounds else ""
    return f"{number(value)} of 5{spoken}"


def _told(of: Material, target: TargetSummary, pair: Comparison | None, leader: str) -> str:
    """One target against the leader by the primary outcome, and by likability split by dimension."""
    if pair is None or pair.difference is None:
        return f"{target.target}: {_level(of, target)}, never in the same place as {leader}"
    spoken = f"95 % interval {between(pair.interval)}, ".replace("-", "−") if pair.interval else ""
    p = f", p {spoken_p(pair.p_holm)} after Holm" if pair.p_holm is not None else ""
    held = f"{number(pair.mean_a)} against {number(pair.mean_b)} with {leader} over what both had in common"
    told = f"{target.target}: {held}, {signed(pair.difference)} ({spoken}paired over {many(pair.personas, 'persona')}{p})"
    return told


def _beside(of: Material, leader: str, others: Sequence[TargetSummary]) -> tuple[str, ...]:
    """Likability over all seven dimensions, split by dimension, of each target against the leader."""
    against = _against(of, leader, LIKABILITY)
    return tuple(line for t in others if (line := _split(against.get(t.target))))


def left_out(of: Material, leader: str, *, named: bool) -> str:
    """How far the primary outcome of each target less the leader's hangs on one persona, who is named or not."""
    ranges = [
        f"{target} {signed(left.low)} to {signed(left.high)}" + (f" ({left.persona})" if named else "")
        for target, pair in _against(of, leader).items()
        if (left := pair.left_out) is not None
    ]
    told = f"Less {leader}, without any one persona: {', '.join(ranges)}" if ranges else ""
    return told + (" (in brackets who moves it most)." if named else ".") if told else ""


def _split(liked: Comparison | None) -> str:
    if liked is None or liked.difference is None:
        return ""
    ahead = liked if liked.difference >= 0 else liked.turned
    made = split(ahead.split)
    return f"Over all seven dimensions {ahead.a} is {abs(liked.difference):.2f} ahead of {ahead.b}" + (f": {made}." if made else ".")


def _reasons(of: Material, ranked: list[TargetSummary]) -> list[str]:
    found = _criterion(of, ranked[0].target, ranked[-1].target) if len(ranked) > 1 else []
    found += _dimensions(of, ranked[0].target, ranked[-1].target) if len(ranked) > 1 else []
    found += [s for s in (_repeats(of),) if s]
    return found


def _criterion(of: Material, first: str, last: str) -> list[str]:
    """Whether enjoyment and the wish to return agree with what is said of the first and the last."""
    told = next((h.criterion for h in of.headlines if {h.a, h.b} == {first, last}), "")
    return [f"{first} and {last}: {told[0].lower()}{told[1:]}"] if told else []


def _dimensions(of: Material, first: str, last: str) -> list[str]:
    """Where the first and the last are furthest apart, by paired differences."""
    pairs = ((_against(of, first, d).get(last), LABELS[d]) for d in DIMENSIONS)
    apart = sorted(((-c.difference, label) for c, label in pairs if c is not None and c.difference is not None), reverse=True)
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
        lines = [f"How much anybody likes {_names(summary.stub_rated)}: {summary.offline_note}."]
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
