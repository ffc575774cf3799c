"""The offline user: everything it says stands in its persona or its scenario; when it says what follows from the view and its seed.

It reacts to the last reply only through the persona's own signal lines, by the same measures that the offline rater uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sim.core.codebook import ALWAYS, DIMENSIONS
from sim.core.seeds import rng
from sim.core.text import contains, count_words, normalise
from sim.llm.offline.brevity import BRIEF, LENGTHY, in_brief, may_wait, without_thanks, words_of
from sim.llm.offline.measures import DimensionFinding, ObservedExchange, impression, measure
from sim.llm.offline.urged import show_urged
from sim.llm.offline.voice import as_told, as_written, joined, spelling_of, split_question, stands_in
from sim.llm.offline.wording import brushes_off, stems, valence

if TYPE_CHECKING:
    from random import Random

    from pydantic import JsonValue

    from sim.core.cast import Telling, Topicality
    from sim.core.codebook import Dimension
    from sim.core.spec import Allusion, Fact, Value
    from sim.core.view import UserView

BAD = 2.75
"""An impression of this or less tries a hostile persona's patience."""


@dataclass(frozen=True)
class Temper:
    """How often a kind of persona does what it need not do, as probabilities."""

    shows_missed: float
    shows_met: float
    carries_on: float
    plays: float
    """Factor on jokes and allusions."""
    volunteers: float
    parts: int
    """Parts of a message beyond which nothing is added that could be left out."""


TEMPERS: Final = {
    "social": Temper(shows_missed=0.8, shows_met=0.4, carries_on=0.55, plays=1.0, volunteers=0.6, parts=3),
    "reserved": Temper(shows_missed=0.6, shows_met=0.15, carries_on=0.35, plays=0.5, volunteers=0.1, parts=2),
    "hostile": Temper(shows_missed=1.0, shows_met=0.1, carries_on=0.4, plays=0.8, volunteers=0.15, parts=2),
}
_PLAY_BY_LEVEL: Final = (0.0, 0.05, 0.12, 0.22, 0.32, 0.42)


def speak(view: UserView, *, brief: bool = False) -> dict[str, JsonValue]:
    """The next message, or the departure, as the user's prompt asks for it; `brief`: as near to the length that was drawn for it as what it says."""
    chance = rng(view.seed, "offline user")
    mood = _mood(view)
    if _has_had_enough(view):
        silent = view.may_go_silently and chance.random() < 0.3
        message = "" if silent else view.persona.voice.storms_off
        return _value(message, "fed up", leave=True, why="two replies in a row that were not worth my time")
    return _Message(view, mood, chance, brief=brief).compose()


class _Message:
    """One message in the making."""

    def __init__(self, view: UserView, mood: str, chance: Random, *, brief: bool) -> None:
        self._view = view
        self._mood = mood
        self._chance = chance
        self._temper = TEMPERS[view.persona.type.sociability]
        self._spelling = spelling_of(view.persona)
        self._complains = False
        self._matter = False
        self._seams = 0
        self._brief = brief
        self._waits = brief and may_wait(view, items=len({i for i, _ in _lines_ahead(view)}))
        self._parts: list[str] = []
        self._facts: list[str] = []
        self._signalled: list[JsonValue] = []
        self._joke: str | None = None
        self._allusion: str | None = None

    def compose(self) -> dict[str, JsonValue]:
        """The parts in the order in which people say them: greeting or reaction, what is set right, the matter, an aside, goodbye."""
        view = self._view
        if view.exchange == 1:
            room = self._room - words_of(view.due)
            self._say(self._fresh([line for line in view.persona.voice.hello if not self._brief or count_words(line) <= room]))
        else:
            self._react()
        if view.noise:
            self._say(as_written(view.noise.says, self._spelling))
        for telling in view.news:
            if _is_out_of_date(telling, view):
                self._tell((telling.fact, telling.value))
        finished = self._go_on()
        self._play()
        if view.last or finished:
            self._say(self._fresh(view.persona.voice.bye))
        message = joined(self._parts)
        return _value(
            show_urged(message, view) if view.urged else message,
            _agreeing(self._mood, message, view, complains=self._complains),
            allusion=self._allusion,
            humour_bid=self._joke,
            facts=list(dict.fromkeys(self._facts)),
            signalled=self._signalled,
            leave=finished and not view.last,
            why="I had said what I came to say" if finished and not view.last else None,
        )

    @property
    def _size(self) -> int:
        """How many things are said; a line of the agenda is one, and a turn to it none."""
        return len(self._parts) - self._seams

    @property
    def _room(self) -> int:
        """Words that may still be written."""
        return self._view.length - sum(map(count_words, self._parts))

    def _fresh(self, lines: Sequence[str]) -> str | None:
        return _fresh(without_thanks(lines, self._chance) if self._brief else lines, self._view, self._chance)

    def _say(self, line: str | None) -> None:
        if line:
            self._parts.append(line)

    def _react(self) -> None:
        """Show one preference as missed or met, or just go on."""
        view, missed, met = self._view, *_noticed(self._view)
        if _valence(self._mood, view) < 0:
            met = [d for d in met if d != "humor_fit"]
        if missed and self._chance.random() < self._temper.shows_missed:
            self._complains = True
            self._signal(missed[0], view.persona.preferences[missed[0]].signals.missed.says)
        elif met and self._chance.random() < self._temper.shows_met:
            shown = self._chance.choice(met)
            self._signal(shown, view.persona.preferences[shown].signals.met.says)
        elif self._chance.random() < self._temper.carries_on or (self._waits and self._room <= BRIEF):
            self._say(self._fresh(view.persona.voice.carries_on))

    def _signal(self, dimension: Dimension, line: str) -> None:
        self._signalled.append(dimension)
        self._parts.append(line)

    def _go_on(self) -> bool:
        """Say the next line of the agenda with what is told beside it, or something of one's own; True when one has finished and may leave."""
        view = self._view
        due = [(t.fact, t.value) for t in view.due]
        topic, line = _next_line(view)
        if topic and line:
            if not (self._waits and self._parts and self._room < BRIEF):
                self._say_matter(topic, line, due)
            return False
        for fact in due:
            self._tell(fact)
        if view.may_leave:
            return True
        own = self._volunteered(None)
        if own:
            self._tell(own)
        elif not self._parts:
            self._say(_fresh(view.persona.voice.carries_on, view, self._chance) or self._chance.choice(view.persona.voice.carries_on))
        return False

    def _say_matter(self, topic: Topicality, line: str, due: Sequence[tuple[Fact, Value]]) -> None:
        """A line of the agenda: its statements, the facts that belong to them, its questions. What else is due goes before it, then a turn to it."""
        view = self._view
        beside = [f for f in due if not _belongs(f[0], topic, line, view)]
        if beside:
            turns = view.persona.voice.carries_on
            turn = self._parts.pop() if self._parts and self._parts[-1] in turns else _fresh(turns, view, self._chance)
            for fact in beside:
                self._tell(fact)
            self._say(turn)
            self._seams += turn is not None
        stated, asked = (
            in_brief(line, self._room - words_of(t for t in view.due if (t.fact, t.value) not in beside)) if self._brief else split_question(line)
        )
        self._say(as_written(stated, self._spelling))
        for fact in due:
            if fact not in beside:
                self._tell(fact)
        self._facts += [f for f in topic.about if f in view.told]
        own = self._volunteered(line)
        if own and self._size + (not stated) < self._temper.parts:
            self._tell(own)
        self._pour_out()
        self._say(as_written(asked, self._spelling))
        self._seams += bool(stated and asked)
        self._matter = True

    def _pour_out(self) -> None:
        """Go on to other things where a long message was drawn."""
        while self._brief and self._view.exchange > 2 and self._view.length >= LENGTHY and self._room > LENGTHY // 3:
            own = self._volunteered(None)
            if own is None:
                return
            self._tell(own)

    def _tell(self, fact: tuple[Fact, Value]) -> None:
        self._parts.append(as_told(fact[1], self._spelling))
        self._facts.append(fact[0].id)

    def _volunteered(self, line: str | None) -> tuple[Fact, Value] | None:
        """A fact of one's own that what was just said calls up; without `line`, any.

        Never one that the scenario has scripted: those are told to every target alike.
        """
        view = self._view
        asked = bool(view.talk) and "?" in view.talk[-1].reply
        if line is not None and self._chance.random() >= self._temper.volunteers * (1.0 if asked else 0.5):
            return None
        free = [(f, v) for f, v in view.facts if f in view.persona.facts and f.id not in (*view.told, *self._facts, *_scripted(view))]
        if line is not None:
            called = stems(" ".join((line, view.talk[-1].reply if view.talk else "")))
            free = [(f, v) for f, v in free if called & (stems(f.when) - _WHEN)]
        return self._chance.choice(free) if free else None

    def _play(self) -> None:
        """Now and then a joke or an allusion, with the matter or alone, none when much was told; in a low mood fewer allusions and no jokes."""
        view, style = self._view, self._view.persona.style
        low = _valence(self._mood, view) < 0
        damped = self._temper.plays * (0.6 if low else 1.0)
        jokes, allusions = self._chance.random(), self._chance.random()
        if view.due or (self._parts and not self._matter) or self._size > self._temper.parts:
            return
        if allusions < _PLAY_BY_LEVEL[style.references.level] * damped:
            hint = self._fresh_allusion()
            if hint:
                self._allusion = hint.says
                self._parts.append(hint.says)
        elif not low and view.exchange > 1 and jokes < _PLAY_BY_LEVEL[style.humour.level] * damped:
            self._joke = _fresh(view.persona.voice.jokes, view, self._chance)
            self._say(self._joke)

    def _fresh_allusion(self) -> Allusion | None:
        hints = {a.says: a for a in self._view.persona.voice.allusions}
        says = _fresh(tuple(hints), self._view, self._chance)
        return hints[says] if says else None


_WHEN: Final = stems("when comes asked ask talk talked talking mentioned turns speak spoken question questions matter day days")
"""Words of a fact's `when` that call up nothing by themselves."""


def _mood(view: UserView) -> str:
    """The session's mood, or what it turns to."""
    return (view.swing or view.card.session.spec.mood.feels)[:80]


def _valence(mood: str, view: UserView) -> int:
    """-1, 0 or 1, by the words of a mood, else by the session's."""
    return valence(mood, view.card.session.spec.mood.valence)


def _agreeing(mood: str, message: str, view: UserView, *, complains: bool) -> str:
    """`mood`, unless it has turned to what the message denies: a swing that the words belie has passed, and nobody complains in sudden gladness."""
    usual, turned = view.card.session.spec.mood.feels[:80], _valence(mood, view)
    belied = turned * valence(message) < 0 or (complains and turned > 0)
    return usual if view.swing and belied else mood


def _belongs(fact: Fact, topic: Topicality, line: str, view: UserView) -> bool:
    """Whether a fact goes with a line of the agenda: it comes with the situation, the item is about it, or both speak of one thing."""
    if fact not in view.persona.facts or fact.id in topic.about:
        return True
    return bool(stems(line) & (stems(f"{fact.text} {fact.when}") - _WHEN))


def _heard(view: UserView, index: int) -> ObservedExchange:
    """Exchange `index` of the talk as the user itself lived it."""
    turn = view.talk[index]
    earlier = tuple(e for e in view.past.ledger if e.fact in _bearing(view, turn.user))
    voice = view.persona.voice
    return ObservedExchange(
        view.persona,
        view.card,
        message=turn.user,
        reply=turn.reply,
        mood=view.card.session.spec.mood.feels,
        allusion=next((a.says for a in voice.allusions if contains(turn.user, a.says)), None),
        humour_bid=next((j for j in voice.jokes if contains(turn.user, j)), None),
        bearing=earlier,
        told_earlier=view.past.ledger,
        said_earlier=tuple(t.user for talk in view.past.talks for t in talk.turns),
        said_today=tuple(t.user for t in view.talk[: index + 1]),
        all_known=not view.past.cut,
    )


def _bearing(view: UserView, message: str) -> frozenset[str]:
    """Facts that bear on a message of this session: those its agenda line is about."""
    return frozenset(f for topic in view.card.session.agenda for line in topic.item.says if stands_in(line, (message,)) for f in topic.about)


def _noticed(view: UserView) -> tuple[list[Dimension], list[Dimension]]:
    """Preferences clearly missed by the last reply, unless the message before complained, and those clearly met and not yet praised.

    The last reply alone is read, so that a message takes as long to write late in a talk as early in it.
    """
    heard, preferences = _heard(view, len(view.talk) - 1), view.persona.preferences
    complained = any(_stands_in(p.signals.missed.says, (view.talk[-1].user,)) for p in preferences.values())
    missed: list[tuple[int, Dimension]] = []
    met: list[Dimension] = []
    for dimension in DIMENSIONS:
        found, signals = measure(dimension, heard), preferences[dimension].signals
        if found.score is None:
            continue
        if not complained and _to_complain_of(dimension, found, view) and signals.missed.says not in view.shown:
            missed.append((found.score, dimension))
        wanted = dimension not in ALWAYS or view.card.want(dimension) >= 3
        if found.score == 5 and wanted and not brushes_off(heard.reply, heard.message) and signals.met.says not in view.shown:
            met.append(dimension)
    return [d for _, d in sorted(missed, key=lambda m: m[0])], met


def _to_complain_of(dimension: Dimension, found: DimensionFinding, view: UserView) -> bool:
    """Whether the persona's signal fits: someone who wants little complains of too much, someone who wants much of too little."""
    want = view.card.want(dimension)
    side = (want < 3) - (want > 3)
    return found.score is not None and found.score <= 2 and (side == 0 or found.excess == side)


def _has_had_enough(view: UserView) -> bool:
    """Whether a hostile persona leaves: two bad replies in a row, leaving allowed, and nothing that has to be told."""
    if view.persona.type.sociability != "hostile" or not view.may_leave or len(view.talk) < 2 or view.due:
        return False
    lately = (_heard(view, len(view.talk) - 2), _heard(view, len(view.talk) - 1))
    return all(brushes_off(h.reply, h.message) or impression(h) <= BAD for h in lately)


def _next_line(view: UserView) -> tuple[Topicality | None, str | None]:
    """The next line of the agenda; where the session is too short for all lines, later lines of an item give way to the next item."""
    agenda, ahead = view.card.session.agenda, _lines_ahead(view)
    if not ahead:
        return None, None
    left = view.card.session.spec.exchanges.max - view.exchange + 1
    chosen = ahead[0]
    if len(ahead) > left:
        chosen = next(((i, j) for i, j in ahead if j == 0), chosen)
    topic = agenda[chosen[0]]
    return topic, topic.item.says[chosen[1]]


def _lines_ahead(view: UserView) -> list[tuple[int, int]]:
    """The lines of the agenda after the last one that was said, each by its item and its place in that."""
    agenda = view.card.session.agenda
    lines = [(i, j) for i, topic in enumerate(agenda) for j in range(len(topic.item.says))]
    today = tuple(t.user for t in view.talk)
    said = [p for p, (i, j) in enumerate(lines) if stands_in(agenda[i].item.says[j], today)]
    return lines[said[-1] + 1 :] if said else lines


def _is_out_of_date(news: Telling, view: UserView) -> bool:
    """Whether the last reply speaks of what `news` has changed: then it has come up."""
    old = [v for v in view.values[news.fact.id] if v != news.value]
    return bool(view.talk) and any(contains(view.talk[-1].reply, a) for v in old for a in v.answers)


def _scripted(view: UserView) -> frozenset[str]:
    """Ids of the persona's facts that the scenario tells or updates in any of its sessions."""
    facts = view.persona.facts
    told = [r for s in view.scenario.sessions for r in (*s.disclose, *(u.fact for u in s.updates))]
    named = {r.removeprefix("persona.") for r in told if r.startswith("persona.")}
    ids = {f.id for f in facts}
    return frozenset(n if n in ids else next((f.id for f in facts if f.topic == n), n) for n in named)


def _fresh(lines: Sequence[str], view: UserView, chance: Random) -> str | None:
    """One of `lines` that was not said in this session, rather one never said before; None when all were."""
    today = [line for line in lines if not _said(line, view)]
    before = normalise("\n".join(t.user for talk in view.past.talks for t in talk.turns))
    new = [line for line in today if normalise(line) not in before]
    return chance.choice(new or today) if today else None


def _said(line: str, view: UserView) -> bool:
    return _stands_in(line, (t.user for t in view.talk))


def _stands_in(line: str, messages: Iterable[str]) -> bool:
    wanted = normalise(line)
    return any(wanted in normalise(m) for m in messages)


def _value(
    message: str,
    mood: str,
    *,
    allusion: str | None = None,
    humour_bid: str | None = None,
    facts: Sequence[JsonValue] = (),
    signalled: Sequence[JsonValue] = (),
    leave: bool = False,
    why: str | None = None,
) -> dict[str, JsonValue]:
    return {
        "mood": mood,
        "facts_used": list(facts),
        "signalled": list(signalled),
        "message": message,
        "allusion": allusion,
        "humour_bid": humour_bid,
        "leave": leave,
        "why": why,
    }
