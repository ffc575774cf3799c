"""How sound the simulated user was with each target, whether that differs between targets, and what is left where it was not.

A talk is *flagged* where a message with a critical flag was sent, or none that could be sent was found. Echo, hostility and leaving can be the
target's doing, so flags are a finding about both. The primary estimate is over all trials; beside it stands the one over what is left when every
persona × scenario that is flagged on any side leaves all of them, seeds included: leaving out one side alone would compare other people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, Final

import numpy as np

from sim.analysis.figures.figure import figure
from sim.analysis.figures.measures import BY_ID, Measure
from sim.analysis.stats.reliability import kappa
from sim.core.event import CRITICAL, SERIOUS, Assessment, FlagKind, Severity
from sim.core.frozen import Frozen
from sim.core.spec.study import USER_CHECK

if TYPE_CHECKING:
    from sim.analysis.figures.table import MeasureTable
    from sim.analysis.verdicts.arms import Arm, Family
    from sim.analysis.verdicts.pairs import Place
    from sim.core.event import Flag, Rejected
    from sim.core.record import Session, Trial

RATES: Final = ("critical_flags", "serious_flags", "rejected_drafts")
"""Measures of the simulated user, by id."""
ORDERS: Final = 10_000
"""Random orders of targets within personas, for the test,"""
AT_ONCE: Final = 100
"""and how many of them are drawn at once."""


class ValidityFigures(Frozen):
    """The simulated user with one target."""

    messages: int
    """Those that a model wrote: sent, or left unsent because none could be. 0: people talked, or a log was read, and nothing was checked."""
    critical: float | None
    """Share of them with a critical flag; persona by persona, as every mean."""
    critical_interval: tuple[float, float] | None
    serious: float | None
    serious_interval: tuple[float, float] | None
    rejected: float | None
    """Share of them before which a draft was discarded."""
    rejected_interval: tuple[float, float] | None
    flagged_trials: int
    """With a critical flag on a message, discarded drafts included."""
    rejected_kinds: dict[FlagKind, int]
    """Of discarded drafts, why."""
    kept_trials: int
    """Those left when every persona × scenario that is flagged with any target leaves all targets."""
    clean: float | None
    """The primary outcome over what is left."""
    clean_interval: tuple[float, float] | None


class ModelCheck(Frozen):
    """What a model thinks of the user's messages (the rubric `user_check`), and whether it agrees with the rules on what is critical."""

    messages: int
    """Those that a model wrote, that were sent, and that the check has answered for."""
    unanswered: int
    """Those for which it gave nothing that could be read."""
    both: int
    """Critical by the check and by the rules."""
    check_only: int
    rules_only: int
    neither: int
    kappa: float | None
    """Agreement beyond chance; None: one side never varies."""
    kinds: dict[str, int]
    """How often it gave each answer."""


class PairWithout(Frozen):
    """A pair of sides without what is flagged on either."""

    a: str
    b: str
    within: str | None
    left_out: int
    """Persona × scenario pairs that left both sides."""
    kept: int


def drafts_of(trial: Trial) -> Iterator[tuple[Session, int, tuple[Flag, ...], tuple[Rejected, ...]]]:
    """Every message that a model wrote for the user, with its session and exchange, its flags, and the drafts before it."""
    for session in trial.sessions:
        for exchange in session.exchanges:
            if not exchange.scripted:
                yield session, exchange.index, exchange.flags, exchange.rejected
        if session.closed == "simulator_failed" or (session.gone is not None and session.gone.kind == "silence"):
            yield session, len(session.exchanges) + 1, session.flags, session.rejected


def is_flagged(trial: Trial) -> bool:
    """Whether the talk is spoilt: something critical was sent, or nothing fit to send was found."""
    return any(_has(flags, "critical") for _, _, flags, _ in drafts_of(trial)) or any(s.closed == "simulator_failed" for s in trial.sessions)


def flagged_places(trials: Iterable[Trial]) -> frozenset[Place]:
    """Persona × scenario of spoilt talks."""
    return frozenset((t.cast.persona.id, t.cast.scenario.id) for t in trials if is_flagged(t))


def _has(flags: Iterable[Flag], severity: Severity) -> bool:
    return any(f.severity == severity for f in flags)


def check_agreement(trials: Iterable[Trial]) -> ModelCheck | None:
    """The model check beside the rules, over all messages that were sent; None: no model was asked.

    Discarded drafts are not among them: the check sees a message as part of the talk.
    """
    asked = [(e.scores[USER_CHECK], e.flags) for t in trials for s in t.sessions for e in s.exchanges if USER_CHECK in e.scores and not e.scripted]
    if not asked:
        return None
    read = [(str(found.value), _has(flags, "critical")) for found, flags in asked if isinstance(found, Assessment)]
    pairs = Counter((answer in CRITICAL, by_rules) for answer, by_rules in read)
    kinds = Counter(answer for answer, _ in read)
    return ModelCheck(
        messages=len(read),
        unanswered=len(asked) - len(read),
        both=pairs[True, True],
        check_only=pairs[True, False],
        rules_only=pairs[False, True],
        neither=pairs[False, False],
        kappa=kappa(np.array([answer in CRITICAL for answer, _ in read], bool), np.array([by_rules for _, by_rules in read], bool)),
        kinds=dict(sorted(kinds.items())),
    )


# --- one run ------------------------------------------------------------------------------------------------------


def summarise_validity(table: MeasureTable, target: str, spoilt: frozenset[Place]) -> ValidityFigures:
    """The simulated user with `target`.

    Args:
        spoilt: persona × scenario flagged with any target of the run.
    """
    ids = table.by_target.get(target, ())
    trials = table.of(ids)
    written = [w for t in trials for w in drafts_of(t)] if table.view.checked else []
    rates = {m: figure(BY_ID[m], table, ids) for m in RATES}
    kept = tuple(t for t in ids if table.places[t] not in spoilt)
    clean = figure(BY_ID[table.view.primary], table, kept) if kept else None
    why: Counter[FlagKind] = Counter(f.kind for *_, drafts in written for d in drafts for f in d.flags if f.severity == "critical")
    kinds: tuple[FlagKind, ...] = (*CRITICAL, *SERIOUS)
    return ValidityFigures(
        messages=len(written),
        **{name: f.value if (f := rates[m]) else None for name, m in zip(("critical", "serious", "rejected"), RATES, strict=True)},
        **{f"{name}_interval": f.interval if (f := rates[m]) else None for name, m in zip(("critical", "serious", "rejected"), RATES, strict=True)},
        flagged_trials=sum(is_flagged(t) or any(drafts for *_, drafts in drafts_of(t)) for t in trials),
        rejected_kinds={k: why[k] for k in kinds if why[k]},
        kept_trials=len(kept),
        clean=clean.value if clean else None,
        clean_interval=clean.interval if clean else None,
    )


def rates_differ(table: MeasureTable, targets: Sequence[str], measure: Measure | None = None, *, seed: int = 0) -> float | None:
    """The p of: every target meets the same share of flagged messages. Targets change places within personas.

    Args:
        measure: the share; left out: of critical flags.

    None: fewer than two targets, or fewer than two personas that all of them have.
    """
    (part,) = (measure or BY_ID["critical_flags"]).parts
    values = table.values(part)
    target_of = {trial: target for target, ids in table.by_target.items() for trial in ids}
    cells: dict[str, dict[str, list[float]]] = {}
    for trial, moments in values.items():
        cells.setdefault(table.places[trial][0], {}).setdefault(target_of[trial], []).append(fmean(moments.values()))
    rows = [[fmean(of[t]) for t in targets] for of in cells.values() if all(t in of for t in targets)]
    if len(targets) < 2 or len(rows) < 2:
        return None
    rates = np.array(rows)
    observed = rates.mean(axis=0).var()
    if observed == 0:
        return 1.0
    rng = np.random.default_rng(seed)
    drawn = np.concatenate([rng.permuted(np.tile(rates, (AT_ONCE, 1, 1)), axis=2).mean(axis=1).var(axis=1) for _ in range(ORDERS // AT_ONCE)])
    return float((1 + (drawn >= observed - 1e-12).sum()) / (1 + len(drawn)))


# --- matched exclusion --------------------------------------------------------------------------------------------


def without_flagged(family: Family) -> tuple[Family, tuple[PairWithout, ...]]:
    """The same pairs, each without the persona × scenario pairs that are flagged on either side; and what that left out."""
    pairs, told = [], []
    for a, b in family.pairs:
        spoilt = flagged_places(a.trials) | flagged_places(b.trials)
        both = {p for g in a.groups for p in g.places.values()} & {p for g in b.groups for p in g.places.values()}
        pairs.append((_without(a, spoilt), _without(b, spoilt)))
        told.append(PairWithout(a=a.label, b=b.label, within=family.within, left_out=len(both & spoilt), kept=len(both - spoilt)))
    return replace(family, pairs=tuple(pairs)), tuple(told)


def _without(arm: Arm, spoilt: frozenset[Place]) -> Arm:
    groups = tuple(replace(g, places={t: p for t, p in g.places.items() if p not in spoilt}) for g in arm.groups)
    return replace(arm, groups=groups)
