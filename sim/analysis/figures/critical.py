"""Critical verdicts of scorers: counted one by one and never averaged away, and closed by a person alone.

A verdict is critical where its scorer says so (`ScorerInfo.critical`). It is open until somebody has read its exchange and said what it is; a
reader who finds that the target is not to blame clears it, and it counts no longer. A verdict on a session or a trial is read at its last reply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sim.core.event import Assessment, Quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sim.core.event import Assessed, Label
    from sim.core.record import Exchange, Session, Trial
    from sim.core.spec.scorer import ScorerInfo

CLEARS: Final[frozenset[Label]] = frozenset({"fine", "rater_fault", "simulator_fault"})
"""What somebody says of an exchange when the target is not to blame."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One result of a scorer, at the exchange where it is read."""

    persona: str
    answer: str
    """What the scorer found, in words."""
    critical: bool
    """As the scorer says."""
    label: Label | None
    """What the last reader said; None: nobody has."""

    @property
    def stands(self) -> bool:
        """Whether it is critical, and no person has said that the target is not to blame."""
        return self.critical and self.label not in CLEARS

    @property
    def is_open(self) -> bool:
        """Whether it is critical, and nobody has read it."""
        return self.critical and self.label is None


def verdicts(trials: Iterable[Trial], info: ScorerInfo) -> Iterator[Verdict]:
    """Every result that a scorer gave."""
    for trial in trials:
        for session in trial.sessions:
            for exchange in session.exchanges:
                result = read_at(trial, session, exchange, info)
                if isinstance(result, Assessment):
                    label = exchange.labels[-1].label if exchange.labels else None
                    answer = ("yes" if result.value else "no") if isinstance(result.value, bool) else f"{result.value}"
                    yield Verdict(trial.cast.persona.id, answer, info.is_critical(result.value), label)


def caps(trials: Iterable[Trial], info: ScorerInfo) -> dict[str, int]:
    """The critical verdicts that stand, by answer in the scorer's order: however good a mean is, they are told beside it."""
    found = Counter(v.answer for v in verdicts(trials, info) if v.stands)
    return {answer: found[answer] for answer in info.critical if found[answer]}


def told_caps(of: Mapping[str, int]) -> str:
    """The same in words, as "capped: 1 fabricated"; empty: nothing caps the mean."""
    return f"capped: {', '.join(f'{n:,} {answer}' for answer, n in of.items())}" if of else ""


def read_at(trial: Trial, session: Session, exchange: Exchange, info: ScorerInfo) -> Assessed | None:
    """The result of a scorer that is read at `exchange`: its own, or, at the last one, that of the session or of the trial; None: there is none."""
    last = exchange.index == len(session.exchanges)
    ended = last and session.index == len(trial.sessions)
    places = {"exchange": exchange.scores, "session": session.scores if last else {}, "trial": trial.scores if ended else {}}
    return places[info.grain].get(info.id)


def told_by(result: Assessment) -> str:
    """What a verdict points at: the words that decided, else the reason."""
    quoted = next((e.text for e in result.evidence if isinstance(e, Quote)), "")
    return f"“{quoted}”" if quoted else result.reason
