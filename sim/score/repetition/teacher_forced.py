"""Teacher-forced pairs: what another speaker's reply *t−1* does, with what one's own reply *t* to the same conversation does.

This is not repetition of oneself, and never part of any figure that says so. MINT's trained rows pair so: people's replies with those that a model
would have given next. It is measured where it is asked for by name, and shown under its name.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.core.errors import InputError
from sim.score.repetition.measures import PairFigures, pair_figures

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.moves import MarkedTalk

UNTAGGED = -1


@dataclass(frozen=True, slots=True)
class ForcedFigures:
    """What such pairs come to."""

    conversations: int
    """Of one's own, of which the other speaker's are known."""
    unmatched: int
    """Of one's own, of which they are not."""
    of: PairFigures


class TeacherForced:
    """Takes the other speaker's talks first, then one's own; talks belong together by id and session."""

    def __init__(self, codebook: Codebook) -> None:
        self._bit = {m.id: 1 << i for i, m in enumerate(codebook.moves)}
        self._others: dict[tuple[str, int], tuple[int, ...]] = {}
        self._before, self._now = array("Q"), array("Q")
        self._matched = self._unmatched = 0

    def add_other(self, talk: MarkedTalk) -> None:
        """A talk of the other speaker.

        Raises:
            InputError: there are two of the same id.
        """
        key = talk.id, talk.session
        if key in self._others:
            raise InputError(f"has two conversations '{talk.id}'", mend="give each an id of its own", where="--teacher-forced")
        self._others[key] = tuple(self._mask(r.moves) for r in talk.replies)

    def add_own(self, talk: MarkedTalk) -> None:
        """One's own; each reply is paired with the other's reply before it."""
        others = self._others.get((talk.id, talk.session))
        if others is None:
            self._unmatched += 1
            return
        self._matched += 1
        for before, reply in zip(others, talk.replies[1:], strict=False):
            now = self._mask(reply.moves)
            if before != UNTAGGED and now != UNTAGGED:
                self._before.append(before)
                self._now.append(now)

    def figures(self) -> ForcedFigures:
        """Over everything added, on the codebook's counted moves."""
        before, now = (np.array(a, dtype=np.uint64) for a in (self._before, self._now))
        return ForcedFigures(self._matched, self._unmatched, pair_figures(before, now, len(self._bit)))

    def _mask(self, moves: frozenset[str] | None) -> int:
        return UNTAGGED if moves is None else sum(self._bit.get(m, 0) for m in moves)
