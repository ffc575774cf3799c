"""The user's side of whole talks: each message of a log, or of a trial, where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.score.validity.check import check_message
from sim.score.validity.excused import without_excused
from sim.score.validity.situation import Situation, Speaker, speaker_of

if TYPE_CHECKING:
    from sim.core.event import Flag
    from sim.core.logged import LoggedMessage
    from sim.core.record import Trial


@dataclass(frozen=True, slots=True)
class Checked:
    """One message of the user with its flags."""

    id: str
    """Of its conversation; of a run, the trial and session."""
    index: int
    """Among all messages of its conversation, from 0."""
    flags: tuple[Flag, ...]


def check_talk(id: str, messages: Iterable[LoggedMessage], speaker: Speaker | None = None) -> Iterator[Checked]:
    """The user's messages of one logged conversation."""
    said: list[str] = []
    heard = ""
    for message in messages:
        if not message.by_user:
            heard = message.text
            continue
        where = Situation(speaker=speaker, exchange=len(said) + 1, said=tuple(said), heard=heard)
        yield Checked(id, message.index, check_message(message.text, where))
        said.append(message.text)
        heard = ""


def check_trial(trial: Trial) -> Iterator[Checked]:
    """The messages of one trial that a model wrote, by the rules as they are now; those that were never sent are not among them."""
    before: list[str] = []
    told: set[str] = set()
    for session in trial.sessions:
        cast = trial.cast.sessions[session.index - 1]
        speaker = speaker_of(trial.cast.persona, trial.cast.scenario, trial.cast.today(session.index))
        said: list[str] = []
        heard = ""
        for exchange in session.exchanges:
            if not exchange.scripted:
                where = Situation(
                    speaker=speaker,
                    exchange=exchange.index,
                    said=tuple(said),
                    before=tuple(before),
                    heard=heard,
                    told=frozenset(told),
                    due=frozenset(d.fact for d in exchange.disclosed if d.core),
                    aims=tuple(topic.item.aim for topic in cast.agenda),
                    leaves=exchange.user.leave,
                    why=exchange.user.why or "",
                    last=exchange.index >= cast.spec.exchanges.max,
                )
                by = exchange.disturbance.by if exchange.disturbance else ()
                yield Checked(f"{trial.id}/{session.index}", 2 * exchange.index - 2, without_excused(check_message(exchange.written, where), by))
            said.append(exchange.written)
            told |= {d.fact for d in exchange.disclosed}
            heard = exchange.reply.text if exchange.reply else ""
        before += said
