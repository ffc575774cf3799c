"""Who is played by an offline model, and what of a run's figures rests on one.

Offline models follow rules and check the instrument. What an offline rater says of a real chatbot is no evidence about it; the chatbot's moves, words
and times are its own all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

OFFLINE_MARK: Final = "offline models: checks the instrument, says nothing of any real model"
"""Said where everything that is tested is an offline model too."""
USER: Final = "user"
RATER: Final = "rater"
"""Stands for the study's primary rater, whoever that is."""


@dataclass(frozen=True, slots=True)
class StandIns:
    """The parts of a run that offline models play."""

    parts: tuple[str, ...]
    """As a run's header names them: `user`, rater ids, `target <id>`, `embedding of target <id>`, `scorer <id>`."""
    targets: tuple[str, ...]
    """All targets of the study."""
    rater: str
    """The primary rater."""

    @property
    def real(self) -> tuple[str, ...]:
        """The targets that are not offline models."""
        return tuple(t for t in self.targets if f"target {t}" not in self.parts)

    def judged_by(self, judge: str, target: str) -> str | None:
        """In a few words, the offline model that a figure of the real `target` rests on; None: it rests on none, or the target is offline itself.

        Args:
            judge: `rater`, `user`, `scorer <id>`, or empty where a figure is counted.
        """
        part = self.rater if judge == RATER else judge
        if not judge or part not in self.parts or target not in self.real:
            return None
        return {RATER: "the rater", USER: "the user"}.get(judge, judge)

    @property
    def stub_rated(self) -> tuple[str, ...]:
        """The real targets that an offline model rates."""
        return self.real if self.rater in self.parts else ()

    @property
    def note(self) -> str:
        """What to say beside figures: who is played by an offline model and what that leaves; empty where nobody is."""
        if not self.parts:
            return ""
        real = self.real
        if not real:
            return OFFLINE_MARK
        some = _and(real) if len(real) <= _FEW else f"{len(real)} targets"
        who = f"offline models play {_and(self._played())}"
        if self.rater in self.parts:
            return f"{who}: scores of {some} check the instrument and say nothing of a real chatbot; moves, words and times are its own"
        if USER in self.parts:
            return f"{who}: messages to {some} follow rules and are not a model's"
        return f"{who}: what they take part in checks the instrument and says nothing of any real model"

    def _played(self) -> list[str]:
        """Who, in words; a rater that is the user's own model is named as the rater."""
        names = {USER: "the user", self.rater: "the rater"}
        return list(dict.fromkeys(names.get(p, p) for p in self.parts if not p.startswith("embedding of ")))


_FEW = 3
"""Targets that are named one by one."""


def _and(names: Sequence[str] | Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
