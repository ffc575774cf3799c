"""A user that is disturbed: a wrapper round any other, which sees to it that what is told and when a talk ends stays the same.

Behaviour is asked for before the message is written, its text is disturbed afterwards. How often and how much follows from the strength and from the
seed of the place in the talk, which is the same for every target and every strength: a message that is disturbed at .25 is disturbed at .5 too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sim.core.event import Disturbance, Utterance
from sim.core.ledger import hears
from sim.core.perturbation import ON_BEHAVIOUR, ON_TEXT
from sim.core.seeds import derive, rng
from sim.dialogue.perturb_text import perturb_text
from sim.score.validity.excused import without_excused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.core.perturbation import BehaviourPerturbation, PerturbationKind
    from sim.core.view import UserView
    from sim.dialogue.users import User, UserOutcome

_NEED_A_TALK: Final = frozenset({"contradiction", "topic_jumps", "insistence"})
"""What nobody can do in the first message of a talk."""


@dataclass(frozen=True)
class PerturbedUser:
    """Lets `inner` speak, disturbed as `stress` says."""

    inner: User
    stress: Mapping[PerturbationKind, float]

    async def speak(self, view: UserView) -> UserOutcome:
        """What the inner user says, with what was made of it. A departure and a silence stay as they are."""
        urged = tuple(kind for kind in ON_BEHAVIOUR if self._urges(kind, view))
        outcome = await self.inner.speak(replace(view, urged=urged))
        if not isinstance(outcome.what, Utterance):
            return outcome
        shown: tuple[PerturbationKind, ...] = () if outcome.scripted else urged
        said, by = self._disturb(outcome.what, view, scripted=outcome.scripted)
        if not (*shown, *by):
            return outcome
        original = outcome.what.message if by else None
        return replace(outcome, what=said, flags=without_excused(outcome.flags, shown), disturbance=Disturbance(by=(*shown, *by), original=original))

    def _urges(self, kind: BehaviourPerturbation, view: UserView) -> bool:
        drawn = rng(view.seed, "stress", kind).random() < self.stress.get(kind, 0.0)
        return drawn and not (kind in _NEED_A_TALK and not view.talk)

    def _disturb(self, said: Utterance, view: UserView, *, scripted: bool) -> tuple[Utterance, tuple[PerturbationKind, ...]]:
        """The message with its text disturbed, and by what; nothing is done that would change which facts it tells."""
        told = _told(said.message, view)
        keep = [a for fact, version in told for a in view.values[fact][version].answers]
        text = said.message
        by: list[PerturbationKind] = []
        for kind in ON_TEXT:
            if kind == "silence" and (scripted or view.due or said.leave):
                continue
            changed = perturb_text(kind, text, self.stress.get(kind, 0.0), derive(view.seed, "stress"), keep=keep)
            if kind == "silence" and changed != text:
                said = said.model_copy(update={"allusion": None, "humour_bid": None, "facts_used": (), "signalled": ()})
                return said.model_copy(update={"message": changed}), ("silence",)
            if changed != text and _told(changed, view) == told:
                text = changed
                by.append(kind)
        return said.model_copy(update={"message": text}), tuple(by)


def _told(message: str, view: UserView) -> frozenset[tuple[str, int]]:
    """The values that `message` tells, by fact and version."""
    return frozenset((f, i) for f, values in view.values.items() for i, value in enumerate(values) if hears(message, value, view.persona.language))
