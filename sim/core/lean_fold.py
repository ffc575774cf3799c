"""A run's trials without the words of raters and taggers: what figures are made of, in a tenth of the time and memory of the whole record.

It reads the journal's rows itself. What is dropped: reasons, the texts of quotes, and tagged sentences; ratings and tags that are alike then share
one value. Bodies were written by this program and are not validated again, but for kinds that are rare, which go the way of `sim.core.fold`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import fsum
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from sim.core.event import (
    MOST_TOKENS,
    Absence,
    Assessed,
    Assessment,
    Departure,
    Evidence,
    Flag,
    Key,
    Measure,
    NotApplicable,
    Quote,
    Rating,
    Score,
    Silence,
    TaggedSentence,
    Tagging,
    Tags,
    Unscored,
    Utterance,
    load_event,
)
from sim.core.fold import damaged, fold, with_ratings, with_score
from sim.core.ledger import scan
from sim.core.record import Exchange, Reply, Session, Spent
from sim.core.written import GRADES

if TYPE_CHECKING:
    from sim.core.event import Role
    from sim.core.record import Ratings, Trial

Row = tuple[int, int, int, int, str, str, str, str]
"""Number in the journal, session, take, exchange, kind, part, body, meta."""

_SAID = set(Utterance.model_fields)
_FREQUENT = frozenset({"user_spoke", "target_replied", "rated", "tagged", "scored"})


class Digest:
    """Reads trials; keeps each distinct rating and tagging once."""

    def __init__(self) -> None:
        self._ratings: dict[tuple[Any, ...], Rating] = {}
        self._tags: dict[Any, Tagging] = {}
        self._scores: dict[Any, Assessed] = {}

    def trial(self, blank: Trial, rows: Iterable[Row]) -> Trial:
        """`blank` after the events in `rows`, given in the order in which they were appended.

        Raises:
            InputError: a row answers a message that is not there.
            ValidationError: a row of a rare kind cannot be read.
            ValueError, KeyError, TypeError: another one cannot be.
        """
        trial, spent = blank, _Purse()
        open_session: _Sitting | None = None
        for row in rows:
            _, session, take, exchange, kind, part, body, meta = row
            if kind not in _FREQUENT or (kind == "scored" and (session == 0 or part == GRADES)):
                if open_session:
                    trial = open_session.into(trial)
                trial = fold(trial, (load_event(Key(blank.id, session, take, exchange, kind, part), body, meta),))  # type: ignore[arg-type]
                open_session = None
                continue
            read = from_json(body)
            spent.add(read["calls"])
            if open_session is None or open_session.index != session:
                if open_session:
                    trial = open_session.into(trial)
                open_session = _Sitting(trial, session) if 1 <= session <= len(trial.sessions) else None
            if open_session is None or open_session.take != take:
                continue
            if kind != "user_spoke" and exchange > len(open_session.exchanges):
                raise damaged(kind, blank.id, session, exchange)
            self._add(open_session, kind, exchange, part, read, meta)
        if open_session:
            trial = open_session.into(trial)
        return replace(trial, spent=spent.onto(trial.spent)) if spent.roles else trial

    def _add(self, session: _Sitting, kind: str, exchange: int, part: str, read: dict[str, Any], meta: str) -> None:
        if kind == "rated":
            ratings = {d: self._rating(r) for d, r in result_of(read).items()}
            if exchange:
                session.exchanges[exchange - 1].rate(part, ratings)
            else:
                session.criterion[part] = ratings
        elif kind == "tagged":
            session.exchanges[exchange - 1].tags[part] = self._tagging(result_of(read))
        elif kind == "scored":
            at: _Talk | _Sitting = session.exchanges[exchange - 1] if exchange else session
            at.scores = with_score(at.scores, session.trial, part, self._score(result_of(read)))
        elif kind == "target_replied":
            about = from_json(meta)
            seconds = fsum(t["latency"] for t in about["timings"]) if about["timings"] else None
            session.exchanges[exchange - 1].reply = Reply(read["reply"], read["finish"], about["resent"], read.get("dropped", 0), seconds)
        else:
            session.say(exchange, read)

    def _rating(self, r: dict[str, Any]) -> Rating:
        kind = r["kind"]
        if kind != "score":
            key: tuple[Any, ...] = (kind, r.get("cause"))
            if key not in self._ratings:
                self._ratings[key] = NotApplicable(reason="") if kind == "not_applicable" else Unscored(cause=r["cause"], reason="")
            return self._ratings[key]
        e = r["evidence"]
        # Written out, for this is done seven times a reply: what of evidence is counted, as `_shown` has it.
        shown = None if e is None else (e["kind"], e["found"]) if "found" in e else (e["reply_words"], e["user_words"])
        key = (r["score"], r["occasion"], r["attempt"], r["false_memory"], shown)
        known = self._ratings.get(key)
        if known is None:
            known = self._ratings[key] = Score(**{**r, "reason": "", "evidence": None if e is None else _bare(e)})
        return known

    def _score(self, r: dict[str, Any]) -> Assessed:
        kind, value, evidence = r["kind"], r.get("value"), r.get("evidence", ())
        key = (kind, r.get("cause"), type(value), value, tuple([_shown(e) for e in evidence]))
        known = self._scores.get(key)
        if known is None:
            if kind == "assessment":
                known = Assessment(value=r["value"], evidence=tuple([_bare(e) for e in evidence]))
            else:
                known = NotApplicable(reason="") if kind == "not_applicable" else Unscored(cause=r["cause"], reason="")
            self._scores[key] = known
        return known

    def _tagging(self, t: dict[str, Any]) -> Tagging:
        key: Any = tuple([tuple(s["moves"]) for s in t["sentences"]]) if t["kind"] == "tags" else t["cause"]
        known = self._tags.get(key)
        if known is None:
            if t["kind"] == "tags":
                known = Tags(sentences=tuple(TaggedSentence(text="", moves=moves) for moves in key))
            else:
                known = Unscored(cause=key, reason="")
            self._tags[key] = known
        return known


def result_of(read: dict[str, Any]) -> Any:
    """What the body of a verdict holds, by whichever name it was written (`sim.core.event.Judged`)."""
    return read["result"] if "result" in read else read["ratings"] if "ratings" in read else read["tagging"]


def _shown(e: dict[str, Any]) -> tuple[Any, ...]:
    """What of evidence is counted."""
    return (e["kind"], e["found"]) if "found" in e else (e["reply_words"], e["user_words"])


def _bare(e: dict[str, Any]) -> Evidence:
    """Evidence without its text."""
    of: type[Evidence] = {"quote": Quote, "absence": Absence, "measure": Measure}[e["kind"]]
    return of(**{**e, **({"text": ""} if "text" in e else {})})


class _Talk:
    """An exchange that is still being read."""

    __slots__ = ("alone", "disclosed", "flags", "index", "labels", "ratings", "reply", "scores", "scripted", "tags", "user")

    def __init__(self, of: Exchange) -> None:
        self.index, self.user, self.scripted, self.disclosed, self.flags, self.labels = (
            of.index,
            of.user,
            of.scripted,
            of.disclosed,
            of.flags,
            of.labels,
        )
        self.reply = of.reply
        self.ratings = dict(of.ratings)
        self.tags = dict(of.tags)
        self.scores = of.scores
        self.alone = of.alone

    def rate(self, part: str, found: Ratings) -> None:
        """Somebody rated it."""
        if "@" not in part:
            self.ratings[part] = found
            return
        after = with_ratings(self.ratings, self.alone, part, found)
        self.ratings, self.alone = dict(after["ratings"]), after["alone"]

    def whole(self) -> Exchange:
        said = (self.index, self.user, self.scripted, self.reply, self.ratings, self.tags, self.disclosed, self.flags, self.labels)
        return Exchange(*said, scores=self.scores, alone=self.alone)


class _Sitting:
    """A session that is still being read."""

    def __init__(self, trial: Trial, index: int) -> None:
        self.index = index
        self.trial = trial
        self._before = trial.sessions[index - 1]
        self.take = self._before.take
        self.exchanges = [_Talk(e) for e in self._before.exchanges]
        self.criterion = dict(self._before.criterion)
        self.scores = self._before.scores

    def say(self, exchange: int, read: dict[str, Any]) -> None:
        """The user spoke, or did not."""
        said = read["said"]
        flags = tuple([Flag.model_validate(f) for f in read["flags"]]) if read["flags"] else ()
        if said["kind"] == "utterance":
            said["facts_used"], said["signalled"] = tuple(said["facts_used"]), tuple(said["signalled"])
            user = Utterance.model_construct(_SAID, **said)
            told = scan(user.message, self.trial.cast, session=self.index)
            self.exchanges.append(_Talk(Exchange(exchange, user, scripted=read["scripted"], disclosed=told, flags=flags)))
        else:
            gone = (Departure if said["kind"] == "departure" else Silence).model_validate(said)
            self._before = replace(self._before, gone=gone, flags=flags)

    def into(self, trial: Trial) -> Trial:
        """`trial` with the session as far as it was read."""
        exchanges = tuple([e.whole() for e in self.exchanges])
        session: Session = replace(self._before, exchanges=exchanges, criterion=self.criterion, scores=self.scores)
        return replace(trial, sessions=(*trial.sessions[: self.index - 1], session, *trial.sessions[self.index :]))


class _Purse:
    """What calls took, added up."""

    def __init__(self) -> None:
        self.roles: dict[Role, list[Any]] = {}

    def add(self, calls: list[dict[str, Any]]) -> None:
        for call in calls:
            of = self.roles.get(call["role"])
            if of is None:
                of = self.roles[call["role"]] = [0, 0, 0, 0.0, 0, 0]
            of[0] += 1
            usage, cost = call["usage"], call["cost"]
            # What `Usage` does not take for counts is unknown here as well.
            if usage is None or not (0 <= usage["input"] <= MOST_TOKENS and 0 <= usage["output"] <= MOST_TOKENS and usage["cached"] >= 0):
                of[5] += 1
            else:
                of[1] += usage["input"]
                of[2] += usage["output"]
            if cost is None:
                of[4] += 1
            else:
                of[3] += cost

    def onto(self, spent: Any) -> dict[Role, Spent]:
        """`spent` and these."""
        after: dict[Role, Spent] = dict(spent)
        for role, (calls, input, output, cost, unknown_cost, unknown_usage) in self.roles.items():
            s = after.get(role, Spent())
            after[role] = Spent(
                calls=s.calls + calls,
                input=s.input + input,
                output=s.output + output,
                cost=s.cost + cost,
                unknown_cost=s.unknown_cost + unknown_cost,
                unknown_usage=s.unknown_usage + unknown_usage,
            )
        return after
