"""A run's trials without the words of raters and taggers: what figures are made of, in a tenth of the time and memory of the whole record.

It folds the lines that `sim.core.condense` makes of the journal's rows; ratings and tags that are alike share one value. Rows of rare kinds go the
way of `sim.core.fold`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sim.core.condense import CAME, Condensed, Row, Values
from sim.core.event import (
    Absence,
    Assessment,
    CountedEvidence,
    Departure,
    Flag,
    Key,
    NotApplicable,
    Pressure,
    Quote,
    Rejected,
    Score,
    Silence,
    TaggedSentence,
    Tags,
    Unscored,
    Utterance,
    load_event,
)
from sim.core.fold import damaged, fold, opened, with_ratings, with_score
from sim.core.ledger import Disclosure
from sim.core.record import Exchange, Reply, RoleSpending, Session, changed

if TYPE_CHECKING:
    from sim.core.condense import Line, Spending, ValueKind
    from sim.core.event import Assessed, Evidence, Rating, Role, Tagging
    from sim.core.record import Ratings, Trial

_SAID = set(Utterance.model_fields)
_EXCHANGE = Exchange(0, Utterance(message=""))
_KINDS = {"said": "user_spoke", "gone": "user_spoke", "replied": "target_replied", "closed": "session_closed"}
"""What the journal calls lines, where they have another name there."""


class Digest:
    """Reads trials; keeps each distinct rating and tagging once."""

    def __init__(self, values: Values | None = None) -> None:
        """Begin.

        Args:
            values: what lines that are to be folded speak of by number.
        """
        self.values = values or Values()
        self._made: dict[ValueKind, list[Any]] = {kind: [] for kind in self.values.plain}

    def trial(self, blank: Trial, rows: Iterable[Row]) -> Trial:
        """`blank` after the events in `rows`, given in the order in which they were appended.

        Raises:
            InputError: a row answers a message that is not there.
            ValidationError: a row of a rare kind cannot be read.
            ValueError, KeyError, TypeError: another one cannot be.
        """
        condensed = Condensed()
        condensed.read_on(blank, rows, self.values)
        return self.fold(blank, condensed)

    def fold(self, blank: Trial, condensed: Condensed) -> Trial:
        """`blank` after what `condensed` holds.

        Raises:
            InputError, ValidationError, ValueError, KeyError, TypeError: as `trial`.
        """
        self._make()
        draft = _Draft(blank)
        for line in condensed.lines:
            what, session, take, exchange = line[:4]
            if what == "row":
                kind, part, body, meta = line[4:]
                event = load_event(Key(blank.id, session, take, exchange, kind, part), body, meta)
                draft = _Draft(fold(draft.whole(), (event,)))
            elif what == "finished":
                draft.finished = True
            elif what == "opened":
                draft.open(Session(session, take, dt.date.fromisoformat(line[4]), conversation=line[5], person=line[6]))
            elif (sitting := draft.sitting(session)) is not None and sitting.take == take:
                if what not in ("said", "gone") and exchange > len(sitting.exchanges):
                    raise damaged(_KINDS.get(str(what), str(what)), blank.id, session, exchange)
                self._add(blank, sitting, line)
        return changed(draft.whole(), spent=_onto(draft.trial.spent, condensed.spent)) if condensed.spent else draft.whole()

    def _add(self, trial: Trial, session: _Sitting, line: Line) -> None:
        what, exchange = line[0], line[3]
        if what == "said":
            session.exchanges.append(self._exchange(trial, line))
            if exchange > len(session.exchanges) and any(line[CAME["replied"] :]):
                raise damaged("target_replied", trial.id, session.index, exchange)
        elif what == "closed":
            session.closed = line[4], line[5]
        elif what == "gone":
            gone = (Departure if line[4]["kind"] == "departure" else Silence).model_validate(line[4])
            session.gone = gone, _flags(line[5]), _rejected(line[6])
        elif exchange:
            session.exchanges[exchange - 1] = self._after(trial, session.exchanges[exchange - 1], line)
        elif what == "rated":
            session.criterion[line[4]] = self._ratings(line[5], line[6])
        else:
            session.scores = with_score(session.scores, trial, line[4], self._made["score"][line[5]])

    def _exchange(self, trial: Trial, line: Line) -> Exchange:
        """A message, with all that came of it as long as it was read with it."""
        _, _, _, exchange, said, scripted, flags, drafts, told, reply, rated, tagged, scored = line
        made, taggings = self._made, self._made["tagging"]
        said["facts_used"], said["signalled"] = tuple(said["facts_used"]), tuple(said["signalled"])
        ratings: dict[str, Ratings] = {}
        alone: Mapping[str, Ratings] = {}
        for part, order, given in rated:
            found = self._ratings(order, given)
            if "@" in part:
                after = with_ratings(ratings, alone, part, found)
                ratings, alone = dict(after["ratings"]), after["alone"]
            else:
                ratings[part] = found
        scores: Mapping[str, Assessed] = {}
        for part, number in scored:
            scores = with_score(scores, trial, part, made["score"][number])
        # Filled in and not made anew, which would set each of its fields by itself.
        return changed(
            _EXCHANGE,
            index=exchange,
            user=_utterance(said),
            scripted=scripted,
            reply=None if reply is None else Reply(*reply),
            ratings=ratings,
            tags={part: taggings[number] for part, number in tagged},
            disclosed=made["told"][told],
            flags=_flags(flags),
            rejected=_rejected(drafts),
            scores=scores,
            alone=alone,
        )

    def _after(self, trial: Trial, before: Exchange, line: Line) -> Exchange:
        """The exchange after something that was read later than its message."""
        what, part = line[0], line[4]
        if what == "replied":
            return changed(before, reply=Reply(*line[4:]))
        if what == "tagged":
            return changed(before, tags={**before.tags, part: self._made["tagging"][line[5]]})
        if what == "rated":
            return changed(before, **with_ratings(before.ratings, before.alone, part, self._ratings(line[5], line[6])))
        return changed(before, scores=with_score(before.scores, trial, part, self._made["score"][line[5]]))

    def _ratings(self, order: int, given: list[int]) -> Ratings:
        of = self._made["rating"]
        return dict(zip(self._made["order"][order], [of[i] for i in given], strict=True))

    def _make(self) -> None:
        """Make what has come to the values."""
        for kind, made in self._made.items():
            plain = self.values.plain[kind]
            if len(made) < len(plain):
                made += map(_MAKERS[kind], plain[len(made) :])


# --- values -------------------------------------------------------------------------------------------------------


def _utterance(said: dict[str, Any]) -> Utterance:
    """What `Utterance.model_construct` makes of all its fields, in a quarter of the time, for this is done for every exchange."""
    if said.keys() != _SAID:
        return Utterance.model_construct(_SAID, **said)
    made = Utterance.__new__(Utterance)
    for name, value in (("__dict__", said), ("__pydantic_fields_set__", _SAID), ("__pydantic_extra__", None), ("__pydantic_private__", None)):
        object.__setattr__(made, name, value)
    return made


def _flags(flags: list[Any]) -> tuple[Flag, ...]:
    return tuple([Flag.model_validate(f) for f in flags]) if flags else ()


def _rejected(drafts: list[Any]) -> tuple[Rejected, ...]:
    return tuple([Rejected.model_validate(d) for d in drafts]) if drafts else ()


def _neither(r: dict[str, Any]) -> NotApplicable | Unscored:
    return NotApplicable(reason="") if r["kind"] == "not_applicable" else Unscored(cause=r["cause"], reason="")


def _evidence(e: dict[str, Any]) -> Evidence:
    of: type[Evidence] = {"quote": Quote, "absence": Absence, "measure": CountedEvidence}[e["kind"]]
    return of(**e)


def _rating(r: dict[str, Any]) -> Rating:
    if r["kind"] != "score":
        return _neither(r)
    return Score(**{**r, "evidence": None if r["evidence"] is None else _evidence(r["evidence"])})


def _score(r: dict[str, Any]) -> Assessed:
    if r["kind"] != "assessment":
        return _neither(r)
    pressure = Pressure(**r["pressure"]) if r.get("pressure") else None
    return Assessment(value=r["value"], evidence=tuple([_evidence(e) for e in r["evidence"]]), pressure=pressure)


def _tagging(plain: Any) -> Tagging:
    if isinstance(plain, str):
        return Unscored(cause=plain, reason="")  # type: ignore[arg-type]
    return Tags(sentences=tuple([TaggedSentence(text="", moves=tuple(moves)) for moves in plain]))


def _told(plain: list[list[Any]]) -> tuple[Disclosure, ...]:
    return tuple([Disclosure(*one) for one in plain])


_MAKERS: dict[ValueKind, Any] = {"rating": _rating, "order": tuple, "tagging": _tagging, "score": _score, "told": _told}


# --- a trial that is being read -----------------------------------------------------------------------------------


class _Sitting:
    """A session that is still being read."""

    def __init__(self, before: Session) -> None:
        self._before = before
        self.take = before.take
        self.index = before.index
        self.exchanges = list(before.exchanges)
        self.criterion = dict(before.criterion)
        self.scores = before.scores
        self.closed = before.closed, before.forks
        self.gone = before.gone, before.flags, before.rejected

    def whole(self) -> Session:
        return changed(
            self._before,
            exchanges=tuple(self.exchanges),
            criterion=self.criterion,
            scores=self.scores,
            closed=self.closed[0],
            forks=self.closed[1],
            gone=self.gone[0],
            flags=self.gone[1],
            rejected=self.gone[2],
        )


class _Draft:
    """A trial that is still being read: as it was, and the sessions in which something has happened since."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.finished = trial.finished
        self._sittings: dict[int, _Sitting] = {}

    def open(self, begun: Session) -> None:
        """A session began."""
        sessions = opened(self.trial.sessions, begun)
        if sessions is not self.trial.sessions:
            self._sittings = {i: s for i, s in self._sittings.items() if i < begun.index}
            self.trial = changed(self.trial, sessions=sessions)

    def sitting(self, session: int) -> _Sitting | None:
        """The session of this number; None: there is none."""
        known = self._sittings.get(session)
        if known is None and 1 <= session <= len(self.trial.sessions):
            known = self._sittings[session] = _Sitting(self.trial.sessions[session - 1])
        return known

    def whole(self) -> Trial:
        """The trial as far as it was read."""
        sessions = list(self.trial.sessions)
        for i, sitting in self._sittings.items():
            sessions[i - 1] = sitting.whole()
        return changed(self.trial, sessions=tuple(sessions), finished=self.finished)


def _onto(before: Any, spent: Spending) -> dict[Role, RoleSpending]:
    """`before` and `spent`."""
    after: dict[Role, RoleSpending] = dict(before)
    for role, (calls, input, output, cost, unknown_cost, unknown_usage, reasoning, cached, cache_write) in spent.items():
        s = after.get(role, RoleSpending())
        after[role] = RoleSpending(
            calls=s.calls + calls,
            input=s.input + input,
            output=s.output + output,
            cost=s.cost + cost,
            unknown_cost=s.unknown_cost + unknown_cost,
            unknown_usage=s.unknown_usage + unknown_usage,
            reasoning=s.reasoning + reasoning,
            cached=s.cached + cached,
            cache_write=s.cache_write + cache_write,
        )
    return after
