"""What the user and the judges may see. A view is cut: nothing after its exchange, no rating, no target's name is in it.

These are also the typed inputs that prompts are rendered from, and all that offline users and raters read. `ScoringContext` is the whole input of
every judge of a talk, those of the study's own included.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, ClassVar, NoReturn

from sim.core.codebook import ALWAYS, CRITERIA, DIMENSIONS
from sim.core.dates import season
from sim.core.drift import swing, wishes_on
from sim.core.ledger import Entry, build_ledger, ledger_before
from sim.core.length import length_of
from sim.core.record import Turn as Turn
from sim.core.seeds import derive, rng
from sim.core.swapping import blinded
from sim.core.text import count_words, normalise
from sim.core.written import last_written

if TYPE_CHECKING:
    from sim.core.cast import CastSession, Telling
    from sim.core.codebook import Dimension
    from sim.core.event import Utterance
    from sim.core.perturbation import BehaviourPerturbation
    from sim.core.record import Trial
    from sim.core.spec import Fact, Noise, Persona, Preference, Scenario, Value, Wish
    from sim.core.spec.scorer import Grain
    from sim.core.tools import ToolUse

CHARACTERS_PER_TOKEN = 4
MOST_CARDS = 2_048
"""Cards of one persona in one scenario that are remembered: more than its trials under way, so that a run of any length takes no more memory."""
"""Rule of thumb for limits; spending is counted by the provider's own figures."""


@dataclass(frozen=True, slots=True)
class Talk:
    """One session as it could be overheard."""

    date: dt.date
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Past:
    """The earlier sessions, in full or, where that is too long, as ledger and the last two."""

    talks: tuple[Talk, ...]
    ledger: tuple[Entry, ...]
    """What had been told before this session began."""
    cut: bool
    """Whether earlier talks were left out for length."""
    dated: bool = True
    """Whether the target knows when talks took place; if not, nobody may speak of the time between them."""

    @property
    def since(self) -> dt.date | None:
        """When the last talk was; None also where no gap may be claimed."""
        return self.talks[-1].date if self.talks and self.dated else None


@dataclass(frozen=True)
class Card:
    """The session as the user lives it."""

    session: CastSession
    of: int
    """Number of sessions in the scenario."""
    preferences: dict[Dimension, Preference]
    wishes: dict[Dimension, Wish]
    """What is different today, by scenario or, for a volatile persona, by the day."""
    season: str = ""
    """Where the persona lives; empty where that has no four of them, or is not known."""

    def want(self, dimension: Dimension) -> int:
        """How much of `dimension` the persona wants today, 1 to 5."""
        wish = self.wishes.get(dimension)
        return wish.want if wish else self.preferences[dimension].want


@dataclass(frozen=True)
class Occasion:
    """What the user's message gave occasion for, declared before the reply was seen."""

    allusion: str | None
    humour_bid: str | None
    bearing: tuple[Entry, ...]
    """Facts told in an earlier session that bear on the message."""

    def of(self, dimension: Dimension) -> bool:
        """Whether `dimension` has its occasion."""
        if dimension in ALWAYS:
            return True
        return bool({"reference_understanding": self.allusion, "humor_fit": self.humour_bid, "callback": self.bearing}[dimension])


@dataclass(frozen=True)
class View:
    """What every party but the target sees."""

    persona: Persona
    card: Card
    past: Past
    talk: tuple[Turn, ...]
    """This session up to the cut."""
    exchange: int
    seed: int
    """For whatever is drawn at this point; the same for every target."""


@dataclass(frozen=True)
class UserView(View):
    """What the user knows when it speaks: signals, never rubrics; no ratings. `exchange` is the one it is about to open."""

    told: frozenset[str]
    """Ids of facts told so far, in this session or before."""
    due: tuple[Telling, ...]
    """Core facts that belong in this message and were not told earlier in this session."""
    news: tuple[Telling, ...]
    """What has changed by today and was not told yet: said when it comes up, and what is scripted at the latest when it is due."""
    swing: str
    """What the mood turns to just now; empty: it stays."""
    noise: Noise | None
    may_leave: bool
    last: bool
    """The session ends with this exchange."""
    scenario: Scenario
    values: dict[str, tuple[Value, ...]]
    """Every value of every fact of the cast, by fact id."""

    facts: tuple[tuple[Fact, Value], ...]
    """All facts with the value each has today."""
    shown: frozenset[str] = frozenset()
    """Signals that were shown so far, in this session or before, in the persona's words."""
    urged: tuple[BehaviourPerturbation, ...] = ()
    """What a perturbation asks of this message."""

    @cached_property
    def length(self) -> int:
        """Words of the message to write: as drawn, with room for what has to be told in it."""
        told = sum(count_words(telling.value.text) for telling in self.due)
        return max(length_of(self.persona, self.seed), told)

    @property
    def may_go_silently(self) -> bool:
        """Whether leaving without a word would still leave the session its minimum of exchanges."""
        return self.exchange > self.card.session.spec.exchanges.min


class WrongGrain(AttributeError):
    """A judge asked its context for something that is not there where it judges."""


@dataclass(frozen=True, kw_only=True)
class ScoringContext(View):
    """All that a judge is given. What it judges is one of three grains: an exchange, a session, or a trial.

    `persona`, `scenario`, `card`, `past`, `talk`, `talks`, `told` and `date` are there for every judge, `message` and `reply` for one of exchanges.
    """

    grain: ClassVar[Grain]
    scenario: Scenario
    talks: tuple[Talk, ...]
    """Every talk so far in full, this session's last and cut where the judge's view is; `past` is what of the earlier ones fits a prompt."""
    told: tuple[Entry, ...]
    """Everything that the user had told by then."""
    wanted: tuple[str, ...] = ()
    """Ids of the results that are asked for, where one call gives several; empty: all it has."""
    session_seed: int | None = None
    """Draws the order of the questions, which stays the same all through a session so that prompt caches hit; None: `seed` does."""

    @property
    def order_seed(self) -> int:
        """What the order of the questions is drawn by."""
        return self.seed if self.session_seed is None else self.session_seed

    @property
    def date(self) -> dt.date:
        """The day of the session, or of the last one."""
        return self.card.session.date

    @property
    def session(self) -> int:
        """The number of the session, or of the last one, from 1."""
        return self.card.session.index

    @property
    def messages(self) -> tuple[str, ...]:
        """Everything that the user has said, the talks before the study included, oldest first."""
        return tuple(turn.user for talk in self.talks for turn in talk.turns)

    @property
    def message(self) -> str:
        """The user's message. For a judge of exchanges only."""
        self._refuse("message")

    @property
    def reply(self) -> str:
        """The reply to judge. For a judge of exchanges only."""
        self._refuse("reply")

    @property
    def tools(self) -> tuple[ToolUse, ...]:
        """What the chatbot says it did for that reply. For a judge of exchanges only."""
        self._refuse("tools")

    def _refuse(self, name: str) -> NoReturn:
        offer = "`talk` has the turns of the session" if self.grain == "session" else "`talks` has every session with its turns"
        raise WrongGrain(f"the context of a {self.grain} has no one {name}: {offer}")


@dataclass(frozen=True, kw_only=True)
class RaterView(ScoringContext):
    """What a judge of `exchange` sees: the declared occasion, the talk up to and including the exchange."""

    grain = "exchange"
    said: Utterance
    occasion: Occasion
    only: Dimension | None = None
    """The one dimension that is asked; None: all seven."""
    purpose: str = ""
    """Names the draw of the answer: views that differ in nothing else are asked in the same words under other sampling seeds."""

    @property
    def sampling_seed(self) -> int:
        """For the model's sampling; `seed` itself unless the view has a purpose."""
        return derive(self.seed, self.purpose) if self.purpose else self.seed

    @property
    def message(self) -> str:
        """What the reply answers."""
        return self.talk[-1].user

    @property
    def reply(self) -> str:
        """The reply to judge."""
        return self.talk[-1].reply

    @property
    def tools(self) -> tuple[ToolUse, ...]:
        """What the chatbot says it did for it."""
        return self.talk[-1].tools

    @cached_property
    def order(self) -> tuple[Dimension, ...]:
        """The dimensions asked, in an order that is drawn for the session."""
        if self.only:
            return (self.only,)
        return _drawn_order(self.order_seed)


@lru_cache(maxsize=4_096)
def _drawn_order(seed: int) -> tuple[Dimension, ...]:
    """The seven dimensions in an order of their own for each seed, which all exchanges of a session share."""
    shuffled = list(DIMENSIONS)
    rng(seed, "order").shuffle(shuffled)
    return tuple(shuffled)


@dataclass(frozen=True, kw_only=True)
class CriterionView(ScoringContext):
    """What is looked back on at the end of a session. `exchange` is the last one."""

    grain = "session"
    said: tuple[Utterance, ...]
    left: str | None
    """Why the user left before the end, if it did."""

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The order in which the questions are asked: fixed."""
        return CRITERIA


@dataclass(frozen=True, kw_only=True)
class TrialView(ScoringContext):
    """What a whole trial is judged by, once its talks are over: they are all `past`, and no talk is under way."""

    grain = "trial"
    memory: str | None
    """What the target had written down in the end, in words; None: it writes nothing down."""


def user_view(trial: Trial, *, study_seed: int, history_tokens: int) -> UserView:
    """The user's view before the next message of the last session."""
    session = trial.sessions[-1]
    exchange = len(session.exchanges) + 1
    cast = trial.cast.sessions[session.index - 1]
    length = cast.spec.exchanges
    seed = seed_of(trial, study_seed, session.index, exchange)
    untold = tuple(t for t in (*cast.core, *cast.free) if not _told_today(trial, t))
    return UserView(
        persona=trial.cast.persona,
        card=_card(trial, cast, study_seed),
        past=_past(trial, _earlier(trial, session.index, own=True), session.index, history_tokens),
        talk=_turns(trial, session.index, len(session.exchanges), own=True),
        exchange=exchange,
        seed=seed,
        told=frozenset(build_ledger(trial)),
        due=tuple(t for t in untold if t.exchange == exchange),
        news=tuple(t for t in untold if t.news and t.exchange != exchange),
        swing=swing(trial.cast.persona, seed=seed, exchange=exchange),
        noise=_noise(trial, cast, study_seed, exchange) if cast.spec.noise else None,
        may_leave=exchange >= length.min,
        last=exchange >= length.max,
        scenario=trial.cast.scenario,
        values=trial.cast.values_by_fact,
        facts=trial.cast.today(session.index),
        shown=_shown(trial),
    )


def _shown(trial: Trial) -> frozenset[str]:
    """The persona's signals that messages so far have said."""
    said = [e for s in trial.sessions for e in s.exchanges if e.user.signalled]
    preferences = trial.cast.persona.preferences
    lines = ((e.normal, line.says) for e in said for d in e.user.signalled for line in (preferences[d].signals.met, preferences[d].signals.missed))
    return frozenset([line for message, line in lines if normalise(line) in message])


def _noise(trial: Trial, session: CastSession, study_seed: int, exchange: int) -> Noise | None:
    """What disturbs the user while it writes its message of `exchange`."""
    drawn = rng(study_seed, trial.cast.persona.id, trial.cast.scenario.id, trial.seed, session.index, "noise")
    return {drawn.randint(2, max(2, session.spec.exchanges.min)): n for n in session.spec.noise}.get(exchange)


def rater_view(trial: Trial, session: int, exchange: int, *, study_seed: int, history_tokens: int) -> RaterView:
    """The view of a judge of `exchange` in `session`: the same whether it is judged at once or after a resume."""
    trial = blinded(trial)
    cut = _cut(trial, session, exchange)
    cast = trial.cast.sessions[session - 1]
    said = cut.sessions[-1].exchanges[-1].user
    ledger = build_ledger(cut)
    earlier, talk = _earlier(cut, session), _turns(cut, session, exchange)
    return RaterView(
        persona=trial.cast.persona,
        scenario=trial.cast.scenario,
        card=_card(trial, cast, study_seed),
        past=_past(cut, earlier, session, history_tokens),
        talk=talk,
        talks=(*earlier, Talk(cast.date, talk)),
        exchange=exchange,
        seed=seed_of(trial, study_seed, session, exchange),
        session_seed=seed_of(trial, study_seed, session, 0),
        said=said,
        occasion=Occasion(said.allusion, said.humour_bid, tuple(ledger[f] for f in said.facts_used if f in ledger and ledger[f].session < session)),
        told=tuple(ledger.values()),
    )


def criterion_view(trial: Trial, session: int, *, study_seed: int, history_tokens: int) -> CriterionView:
    """The view of a session as a whole, once it is over."""
    trial = blinded(trial)
    ended = trial.sessions[session - 1]
    answered = [e for e in ended.exchanges if e.reply is not None]
    left = ended.gone.why if ended.gone else next((e.user.why or "" for e in answered[-1:] if e.user.leave), None)
    earlier, talk = _earlier(trial, session), _turns(trial, session, len(answered))
    cast = trial.cast.sessions[session - 1]
    return CriterionView(
        persona=trial.cast.persona,
        scenario=trial.cast.scenario,
        card=_card(trial, cast, study_seed),
        past=_past(trial, earlier, session, history_tokens),
        talk=talk,
        talks=(*earlier, Talk(cast.date, talk)),
        exchange=len(answered),
        seed=seed_of(trial, study_seed, session, 0),
        said=tuple(e.user for e in answered),
        left=left,
        told=tuple(ledger_before(trial, session + 1).values()),
    )


def trial_view(trial: Trial, *, study_seed: int, history_tokens: int) -> TrialView:
    """The view of a trial as a whole, once its talks are over."""
    trial = blinded(trial)
    last = len(trial.sessions)
    talks, written = _earlier(trial, last + 1), last_written(trial)
    return TrialView(
        persona=trial.cast.persona,
        scenario=trial.cast.scenario,
        card=_card(trial, trial.cast.sessions[last - 1], study_seed),
        past=_past(trial, talks, last + 1, history_tokens),
        talk=(),
        talks=talks,
        exchange=0,
        seed=seed_of(trial, study_seed, 0, 0),
        told=tuple(build_ledger(trial).values()),
        memory=written.content if written else None,
    )


def seed_of(trial: Trial, study_seed: int, session: int, exchange: int) -> int:
    """The seed of one point of a trial, shared by all targets."""
    return derive(study_seed, trial.cast.persona.id, trial.cast.scenario.id, trial.seed, session, exchange)


def _cut(trial: Trial, session: int, exchange: int) -> Trial:
    last = trial.sessions[session - 1]
    if session == len(trial.sessions) and exchange == len(last.exchanges):
        return trial
    return replace(trial, sessions=(*trial.sessions[: session - 1], replace(last, exchanges=last.exchanges[:exchange])))


def _card(trial: Trial, session: CastSession, study_seed: int) -> Card:
    """The card of `session`, which stays the same from its first message to its last rating."""
    cards, place = trial.cast.cards, (session.index, trial.seed, study_seed)
    card = cards.get(place)
    if card is None:
        if len(cards) >= MOST_CARDS:
            # The oldest is as a rule of a trial that is over.
            del cards[next(iter(cards))]
        card = cards[place] = _made_card(trial, session, study_seed)
    return card


def _made_card(trial: Trial, session: CastSession, study_seed: int) -> Card:
    persona = trial.cast.persona
    return Card(
        session,
        len(trial.cast.sessions),
        persona.preferences,
        wishes_on(trial.cast, session, seed=trial.seed, study_seed=study_seed),
        season(session.date, persona.hemisphere) if persona.hemisphere else "",
    )


def _told_today(trial: Trial, telling: Telling) -> bool:
    """Whether a message of the last session has told this value already."""
    version = trial.cast.values_by_fact[telling.fact.id].index(telling.value)
    return any((d.fact, d.version) == (telling.fact.id, version) for e in trial.sessions[-1].exchanges for d in e.disclosed)


def _turns(trial: Trial, session: int, upto: int, *, own: bool = False) -> tuple[Turn, ...]:
    """What was said; `own`: as the user has it in mind."""
    return tuple([e.own_turn if own else e.turn for e in trial.sessions[session - 1].exchanges[:upto] if e.reply is not None])


def _earlier(trial: Trial, session: int, *, own: bool = False) -> tuple[Talk, ...]:
    """Every talk before `session`, those before the study included."""
    before = (
        Talk(
            trial.cast.start_date - dt.timedelta(days=t.days_before),
            tuple(Turn(u.text, a.text) for u, a in zip(t.messages[::2], t.messages[1::2], strict=True)),
        )
        for t in trial.cast.scenario.history
    )
    return (*before, *(Talk(s.date, _turns(trial, s.index, len(s.exchanges), own=own)) for s in trial.sessions[: session - 1]))


def _past(trial: Trial, talks: tuple[Talk, ...], session: int, history_tokens: int) -> Past:
    """`talks`, which took place before `session`, as far as they fit a prompt."""
    size = sum(len(t.user) + len(t.reply) for talk in talks for t in talk.turns)
    cut = size > history_tokens * CHARACTERS_PER_TOKEN and len(talks) > 2
    return Past(talks[-2:] if cut else talks, tuple(ledger_before(trial, session).values()), cut, trial.dated)
