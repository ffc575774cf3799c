"""A version to compare later ones with: a whole run, or what a small file keeps of one.

The file holds no words, no names of models and no keys: for each target and measure the values that pairs are made of, by persona, scenario and
session, and hashes of what the values depend on beside the target. A later run is comparable where these hashes are the same.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, Protocol

from sim.core.frozen import Frozen
from sim.core.record import RunStatus
from sim.core.standins import StandIns

if TYPE_CHECKING:
    from sim.analysis.figures.measures import Measure
    from sim.analysis.verdicts.arms import RunSource
    from sim.analysis.verdicts.pairs import Slots

VERSION: Final = 1

Value = tuple[str, str, str, float]
"""Persona, scenario, what else must be the same on both sides (such as the session), and the value, averaged over seeds."""


class Earlier(Protocol):
    """What a version is held against."""

    @property
    def run(self) -> str:
        """The run's name."""

    @property
    def status(self) -> RunStatus:
        """How far the run came."""

    @property
    def target_ids(self) -> tuple[str, ...]:
        """Its targets."""

    @property
    def standins(self) -> StandIns:
        """What offline models played in it."""

    def values(self, target: str, measure: Measure) -> list[Slots] | None:
        """Of one target, the values that pairs are made of, for each part of a measure; None: it does not know the measure."""


class KeptMeasure(Frozen):
    """The values of one measure."""

    measure: str
    target: str
    parts: tuple[tuple[Value, ...], ...]


class Baseline(Frozen):
    """What `sim baseline RUN --out FILE` writes."""

    kind: Literal["rapport-baseline"] = "rapport-baseline"
    version: Literal[1] = VERSION
    run: str
    status: RunStatus
    targets: tuple[str, ...]
    rater: str
    offline: tuple[str, ...]
    """The parts that offline models played, as a run's header names them."""
    conditions: dict[str, str]
    """Hashes of what scores depend on beside the target: rater, user, tagger, codebook, prompts, personas and scenarios."""
    values_of: tuple[KeptMeasure, ...]

    @property
    def target_ids(self) -> tuple[str, ...]:
        """Its targets."""
        return self.targets

    @property
    def standins(self) -> StandIns:
        """What offline models played in it."""
        return StandIns(self.offline, self.targets, self.rater)

    @cached_property
    def _known(self) -> dict[tuple[str, str], KeptMeasure]:
        return {(kept.target, kept.measure): kept for kept in self.values_of}

    def values(self, target: str, measure: Measure) -> list[Slots] | None:
        """Of one target, the values that pairs are made of, for each part of a measure; None: the file does not hold the measure in that form."""
        kept = self._known.get((target, measure.id))
        if kept is None or len(kept.parts) != len(measure.parts):
            return None
        return [{(persona, scenario, also): value for persona, scenario, also, value in part} for part in kept.parts]


def keep_baseline(source: RunSource, conditions: dict[str, str]) -> Baseline:
    """What is kept of a run: every measure that two versions can be held against each other by."""
    kept = [
        KeptMeasure(measure=m.id, target=t.id, parts=tuple(_rows(part) for part in source.arm(t.id).slots(m.parts)))
        for t in source.study.targets
        for m in source.measures
    ]
    return Baseline(
        run=source.run,
        status=source.status,
        targets=tuple(t.id for t in source.study.targets),
        rater=source.study.primary_rater,
        offline=source.offline,
        conditions=conditions,
        values_of=tuple(k for k in kept if any(k.parts)),
    )


def _rows(slots: Slots) -> tuple[Value, ...]:
    return tuple(sorted((persona, scenario, str(also), value) for (persona, scenario, also), value in slots.items()))


def plain(slots: Slots) -> Slots:
    """`slots` by keys that a file can hold: pairs need to know only whether two are the same."""
    return {(persona, scenario, str(also)): value for (persona, scenario, also), value in slots.items()}
