"""Where a message stands: who speaks, what was said and heard before. Of a log most of it is unknown, and then no rule that needs it applies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sim.core.text import normalised

if TYPE_CHECKING:
    from sim.core.spec import Fact, Persona, Scenario, Value
    from sim.core.view import UserView


@dataclass(frozen=True)
class SpeakerFact:
    """One fact of the person, with the value that it has by now."""

    id: str
    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Speaker:
    """Who the simulated user is, as far as rules ask."""

    name: str
    language: str
    """A language tag; empty: not known."""
    age: int | None = None
    hostile: bool = False
    facts: tuple[SpeakerFact, ...] = ()
    lore: str = ""
    """Everything that is written of the person and of what happens to it: what stands there is not invented."""
    signals: tuple[str, ...] = ()
    """Lines by which the person shows likes and dislikes."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The full name and the first one, normalised."""
        full = normalised(self.name)
        return tuple(dict.fromkeys((full, *full.split()[:1]))) if full else ()

    @cached_property
    def signal_lines(self) -> tuple[tuple[str, str], ...]:
        """Each of those lines, and it normalised."""
        return tuple((s, normalised(s)) for s in self.signals)

    @cached_property
    def known(self) -> str:
        """The lore, normalised."""
        return normalised(self.lore)


@dataclass(frozen=True)
class Situation:
    """What came before one message."""

    speaker: Speaker | None = None
    """None: nobody knows."""
    exchange: int = 1
    """Which message of the talk it is."""
    said: tuple[str, ...] = ()
    """The user's earlier messages of this talk."""
    before: tuple[str, ...] = ()
    """Those of earlier talks."""
    heard: str = ""
    """The reply that it answers."""
    told: frozenset[str] = frozenset()
    """Ids of facts that were told before."""
    due: frozenset[str] = frozenset()
    """Ids of facts that the scenario wants told in this very message."""
    aims: tuple[str, ...] = ()
    """What the user wants of the talk."""
    leaves: bool = False
    why: str = ""
    """Why it leaves."""
    last: bool = False
    """The talk ends with this message in any case."""


NOWHERE = Situation()


def speaker_alone(persona: Persona) -> Speaker:
    """The persona outside of any scenario, as in a log."""
    return _speaker(persona, (), [(f, f) for f in persona.facts])


def speaker_of(persona: Persona, scenario: Scenario, facts: Iterable[tuple[Fact, Value]]) -> Speaker:
    """The persona as the rules know it.

    Args:
        facts: what is true of it on the day.
    """
    happens: list[str] = [scenario.title, scenario.about]
    for session in scenario.sessions:
        happens += [session.situation, session.life_event or "", *(n.text for n in session.noise), *(n.says for n in session.noise)]
        happens += [line for item in session.agenda for line in (item.aim, *item.says)] + [s.message for s in session.scripted]
    return _speaker(persona, happens, tuple(facts))


def _speaker(persona: Persona, happens: Iterable[str], known: Sequence[tuple[Fact, Value]]) -> Speaker:
    voice, style = persona.voice, persona.style
    lore: list[str] = [persona.name, persona.background, *happens]
    lore += [t for f, _ in known for v in (f, f.changes_to) if v for t in (v.text, *v.answers)]
    lore += [f.question or "" for f, _ in known] + [t.text for t in persona.traits]
    lore += [a for f, _ in known for v in (f, f.changes_to) if v for i in v.implies for a in (i.question, *i.answers)]
    lore += [s for p in persona.preferences.values() for side in (p.signals.met, p.signals.missed) for s in (side.says, side.shows)]
    lore += [getattr(style, name).text for name in type(style).model_fields]
    lore += [*voice.hello, *voice.bye, *voice.carries_on, *voice.jokes, *(a.says for a in voice.allusions), voice.storms_off]
    return Speaker(
        name=persona.name,
        language=persona.language,
        age=persona.age,
        hostile=persona.type.sociability == "hostile",
        facts=tuple(SpeakerFact(f.id, v.text, v.answers) for f, v in known),
        lore="\n".join(line for line in lore if line),
        signals=tuple(s.says for p in persona.preferences.values() for s in (p.signals.met, p.signals.missed)),
    )


def situation_of(view: UserView, speaker: Speaker, *, leaves: bool, why: str) -> Situation:
    """Where the next message of `view` stands."""
    return Situation(
        speaker=speaker,
        exchange=view.exchange,
        said=tuple(t.user for t in view.talk),
        before=tuple(t.user for talk in view.past.talks for t in talk.turns),
        heard=view.talk[-1].reply if view.talk else "",
        told=view.told,
        due=frozenset(t.fact.id for t in view.due),
        aims=tuple(topic.item.aim for topic in view.card.session.agenda),
        leaves=leaves,
        why=why,
        last=view.last,
    )
