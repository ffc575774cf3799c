"""The first screen: what was done in two sentences, one plot of who differs from whom, who can be told apart, and one exchange as an example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.figures.measures import BY_ID
from sim.analysis.verdicts.answer import tied_groups
from sim.core.codebook import ALWAYS, DIMENSIONS, LABELS
from sim.core.logged import SCENARIO as LOGGED
from sim.core.spec.fairness import base_of
from sim.present.report import charts
from sim.present.report.cells import talk_link, talks_link
from sim.present.report.document import ChartFigure, SampleExchange, TargetGroup
from sim.present.report.sections import claims
from sim.present.text.robustness import spoken_strength
from sim.present.words import many, number, safe, signed

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic import JsonValue

    from sim.analysis.figures.robustness import RobustnessCurve
    from sim.analysis.verdicts.compare import Comparison
    from sim.core.record import Exchange, Session, Trial
    from sim.present.report.material import Material

FEW_TITLES = 4
"""Scenarios that are named; of more, the number is told."""
FITTING = 420
"""Characters of a message or a reply that the first screen has room for; longer ones are not chosen as an example while there are shorter."""


def done_sentences(of: Material) -> tuple[str, ...]:
    """What was done: who talked with whom, how often, over how long, about what; then how it was judged."""
    cast = [t.cast for t in of.trials]
    scenarios = {c.scenario.id: c.scenario for c in cast}
    if not scenarios:
        return ()
    bots = {base_of(t) for t in of.study.targets if not t.stress}
    with_whom = many(len(bots), "chatbot")
    if list(scenarios) == [LOGGED]:
        first = f"{many(len(of.trials), 'logged conversation')} with {with_whom} {'was' if len(of.trials) == 1 else 'were'} read."
    else:
        people = many(len({c.persona.id for c in cast}), "simulated person", "simulated people")
        lengths = [len(s.sessions) for s in scenarios.values()]
        days = max(sum(session.gap for session in s.sessions) for s in scenarios.values())
        over = f" over {'up to ' if len(scenarios) > 1 else ''}{many(days, 'day')}" if days else ""
        first = f"{people} talked with {with_whom} in {_range(lengths, 'session')}{over}{_about(of)}"
    judged = f"{many(sum(t.exchanges for t in of.summary.targets), 'exchange')} in {many(of.summary.trials.planned, 'conversation')}"
    rater = "the simulated person" if of.rater == "self" else f"{of.rater}"
    judged += f"; after each, {rater} rated the reply on seven dimensions from 1 to 5." if any(t.likability.n for t in of.summary.targets) else "."
    disturbed, swapped = (sum(bool(getattr(t, kind)) for t in of.study.targets) for kind in ("stress", "swap"))
    extra = [f"{many(disturbed, 'more arm')} met the same people under stress."] if disturbed else []
    who = "Each was" if len(bots) > 1 else "It was"
    extra += [f"{who} met by the same people under {many(swapped // len(bots), 'identity', 'identities')}."] if swapped else []
    unfit = many(len(of.summary.left_out), "pair")
    extra += [f"{unfit} of persona and scenario that do not suit each other were left out."] if of.summary.left_out else []
    return (safe(first), " ".join((safe(judged), *extra)))


def _about(of: Material) -> str:
    scenarios = {t.cast.scenario.id: t.cast.scenario for t in of.trials}
    if len(scenarios) == 1:
        (only,) = scenarios.values()
        # What replays a talk is about another person for each.
        several = len({t.cast.scenario.about for t in of.trials}) > 1
        return "." if only.withheld or several else f": {only.about[0].lower()}{only.about[1:]}"
    titles = [s.title for s in scenarios.values() if not s.withheld]
    named = f": {claims.listed(titles)}" if len(titles) == len(scenarios) <= FEW_TITLES else ""
    return f", in {len(scenarios)} scenarios{named}."


def _range(counts: Collection[int], one: str) -> str:
    low, high = min(counts), max(counts)
    return many(high, one) if low == high else f"{low} to {many(high, one)}"


def groups_of(of: Material) -> tuple[TargetGroup, ...]:
    """Who can be told apart, most liked first; none where nobody can be."""
    compared = of.compared(of.study.primary)
    if compared is None or of.tier == "look" or of.summary.fairness:
        return ()
    return tuple(TargetGroup(targets=group) for group in tied_groups(compared))


def forest_of(of: Material, pairs: dict[str, Comparison], leader: str) -> ChartFigure | None:
    """Differences from the leader; of arms whose user was disturbed, from the undisturbed one; with nothing to compare, means by dimension."""
    if pairs:
        return _differences(of, pairs, leader)
    if of.summary.robustness:
        return _disturbed(of)
    return _means(of, leader)


def _differences(of: Material, pairs: dict[str, Comparison], leader: str) -> ChartFigure:
    label = BY_ID[of.study.primary].label
    ordered = sorted((c for c in pairs.values() if c.difference is not None), key=lambda c: -(c.difference or 0.0))
    rows = [_row(c.a, c.a, c.difference, c.interval, told=_verdict(c), n=c.personas) for c in ordered]
    return _figure(
        of,
        title=claims.liked(ordered, leader),
        shows=f"Difference in {label} from {leader}, paired by persona, with its 95 % interval",
        rows=[_row(leader, leader, 0.0, None, told="reference", n=None), *rows],
        notes=("An interval that leaves 0 out is not yet a verdict: with several pairs, p is adjusted by Holm.",) if len(ordered) > 1 else (),
        differs=True,
    )


def _verdict(pair: Comparison) -> str:
    if pair.verdict == "none":
        return "no verdict"
    return {"lower": "liked less", "higher": "liked more"}.get(pair.verdict, "tied")


def _disturbed(of: Material) -> ChartFigure | None:
    label = BY_ID[of.study.primary].label
    ends = [(curve, curve.points[-1], less) for curve in of.summary.robustness if (less := curve.points[-1].less) is not None]
    rows = [_row(_name(curve), last.target, less.difference, less.interval, told="", n=less.personas) for curve, last, less in ends]
    if not rows:
        return None
    return _figure(
        of,
        title=disturbed_claim(last_changes(of), label),
        shows=f"Change in {label} at full strength, from the same target undisturbed, with its 95 % interval",
        rows=rows,
        notes=(),
        differs=True,
    )


def _name(curve: RobustnessCurve) -> str:
    return f"{curve.target}, {curve.name} {spoken_strength(curve.points[-1])}"


def last_changes(of: Material) -> list[tuple[str, float | None, claims.Bounds | None]]:
    """What each target loses or gains at the greatest strength of each disturbance."""
    return [(_name(c), less.difference, less.interval) for c in of.summary.robustness if (less := c.points[-1].less) is not None]


def disturbed_claim(found: list[tuple[str, float | None, claims.Bounds | None]], label: str) -> str:
    """Who loses most where the user is disturbed."""
    lost = [c for c in claims.changes(found) if c[1] < 0]
    if not lost:
        return f"No disturbance lowers the {label} clearly"
    name, value, bounds = lost[0]
    return f"{name} loses most: {claims.by(value, claims.turned(bounds))}"


def _means(of: Material, target: str) -> ChartFigure | None:
    found = next((t for t in of.summary.targets if t.target == target), None)
    if found is None or not found.likability.n:
        return None
    known = {d: f for d in DIMENSIONS if (f := found.likability.dimensions[d]).mean is not None}
    rows = [_row(LABELS[d], target, f.mean, f.interval, told="always" if d in ALWAYS else "by occasion", n=f.n) for d, f in known.items()]
    best, worst = (choose(known, key=lambda d: known[d].mean or 0.0) for choose in (max, min))
    title = f"{target} is rated highest on {LABELS[best]} ({number(known[best].mean)}), lowest on {LABELS[worst]} ({number(known[worst].mean)})"
    return _figure(of, title=title, shows="Mean rating by dimension, 1 to 5, with its 95 % interval", rows=rows, notes=(), differs=False)


def _row(row: str, target: str, value: float | None, interval: claims.Bounds | None, *, told: str, n: int | None) -> dict[str, JsonValue]:
    low, high = interval or (None, None)
    place: dict[str, JsonValue] = {"row": row, "target": target, "value": value, "low": low, "high": high}
    return {**place, "told": told, "n": n, "link": talks_link(target=target)}


def _figure(of: Material, *, title: str, shows: str, rows: list[dict[str, JsonValue]], notes: tuple[str, ...], differs: bool) -> ChartFigure:
    spoken = [f"{r['row']} {signed(v) if differs else number(v)}" for r in rows if isinstance(v := r["value"], float)]
    return ChartFigure(
        id="forest",
        title=title,
        shows=shows,
        alt=f"{shows}: {'; '.join(spoken)}.".replace("-", "−"),
        notes=notes,
        spec=charts.forest(of.targets, order=[str(r["row"]) for r in rows], differs=differs),
        columns={
            "row": "what is in the row",
            "target": "target id",
            "value": "difference from the reference" if differs else "mean over personas",
            "low": "lower end of the 95 % interval",
            "high": "upper end",
            "told": "the verdict" if differs else "whether the dimension always applies",
            "n": "personas" if differs else "rated exchanges",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


def sample_exchange(of: Material, target: str) -> SampleExchange | None:
    """The exchange of `target` that was rated most like its mean, among those short enough to be read at a glance; None: none may be shown."""
    known = [
        (trial, session, exchange, value)
        for trial in of.trials
        if trial.target == (target or trial.target) and not trial.forgotten and not trial.cast.scenario.withheld
        for session in trial.sessions
        for exchange in session.exchanges
        if exchange.reply is not None and (value := exchange.mean(of.rater)) is not None
    ]
    if not known:
        return None
    mean = sum(value for *_, value in known) / len(known)
    trial, session, exchange, value = min(known, key=lambda k: (_long(k[2]), abs(k[3] - mean), k[0].id, k[1].index, k[2].index))
    return _sample(of, trial, session, exchange, value)


def _long(exchange: Exchange) -> bool:
    return max(len(exchange.user.message), len(exchange.reply.text) if exchange.reply else 0) > FITTING


def _sample(of: Material, trial: Trial, session: Session, exchange: Exchange, value: float) -> SampleExchange:
    assert exchange.reply is not None
    return SampleExchange(
        who=trial.cast.persona.name,
        target=trial.target,
        place=f"session {session.index} of {len(trial.cast.sessions)}, exchange {exchange.index}",
        rated=f"{value:.1f} of 5, mean of its ratings",
        message=safe(exchange.user.message),
        reply=safe(exchange.reply.text),
        link=talk_link(trial.id, session.index, exchange.index),
    )
