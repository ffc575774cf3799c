"""A journal's rows without what no figure needs, as lines: plain lists, which are quick to fold and, being plain, can be kept in a file.

Left out are reasons, the texts of quotes, and tagged sentences. What is alike is kept once, as a value with a number: ratings, taggings, results of
scorers, and what messages tell. Bodies were written by this program and are not validated again; rows of rare kinds are kept as they are.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from math import fsum
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic_core import from_json

from sim.core.event import MOST_TOKENS, Ending, lost_drafts
from sim.core.ledger import scan
from sim.core.text import count_words
from sim.core.written import GRADES

if TYPE_CHECKING:
    from sim.core.event import Role
    from sim.core.record import Trial

Row = tuple[int, int, int, int, str, str, str, str]
"""Number in the journal, session, take, exchange, kind, part, body, meta."""
Line = list[Any]
"""What it is, session, take, exchange, and what belongs to it:

`said` utterance, scripted, flags, discarded drafts, what it tells, and what came of it: the reply, ratings, taggings and results, each as it would
stand behind its own place · `gone` why, flags, discarded drafts · `replied` text, finish, resent, dropped, seconds, words · `rated` part, dimensions,
ratings · `tagged` part, tagging · `scored` part, result · `opened` date, conversation, person · `closed` ending, forks · `finished` · `row` kind,
part, body, meta.
"""
CAME = {"replied": 9, "rated": 10, "tagged": 11, "scored": 12}
"""Where in the line of a message stands what came of it: five events are read again and again in one step."""
Spending = dict["Role", list[Any]]
"""By role: calls, tokens in and out, cost, calls of unknown cost, calls of unknown usage, tokens thought with, read from a cache, written to one."""
ValueKind = Literal["rating", "order", "tagging", "score", "told"]

UNREADABLE = (ValueError, KeyError, TypeError)
"""What comes of a row that is not as it was written."""
_ENDINGS = frozenset(get_args(Ending))
_DATE = 10
"""Characters of a date."""


class Values:
    """What is alike, once each: by kind, plain data in the order of their numbers."""

    def __init__(self) -> None:
        self.plain: dict[ValueKind, list[Any]] = {kind: [] for kind in get_args(ValueKind)}
        self._numbers: dict[ValueKind, dict[Hashable, int]] = {kind: {} for kind in get_args(ValueKind)}

    def take_in(self, kind: ValueKind, plain: Any) -> None:
        """Give `plain`, which was kept, the next number.

        Raises:
            ValueError: there is one like it.
        """
        known = self._numbers[kind]
        if known.setdefault(_KEYS[kind](plain), len(known)) != len(self.plain[kind]):
            raise ValueError(f"{kind} {plain} stands twice")
        self.plain[kind].append(plain)

    def rating(self, r: dict[str, Any]) -> int:
        """The number of a rating."""
        key = _rating_key(r)
        number = self._numbers["rating"].get(key)
        return self._new("rating", key, _bare_rating(r)) if number is None else number

    def order(self, dimensions: Iterable[str]) -> int:
        """The number of what was rated, in the order in which it was asked."""
        key = tuple(dimensions)
        number = self._numbers["order"].get(key)
        return self._new("order", key, list(key)) if number is None else number

    def tagging(self, t: dict[str, Any]) -> int:
        """The number of a tagging."""
        plain = [s["moves"] for s in t["sentences"]] if t["kind"] == "tags" else t["cause"]
        key = _tagging_key(plain)
        number = self._numbers["tagging"].get(key)
        return self._new("tagging", key, plain) if number is None else number

    def score(self, r: dict[str, Any]) -> int:
        """The number of a scorer's result."""
        key = _score_key(r)
        number = self._numbers["score"].get(key)
        return self._new("score", key, _bare_score(r)) if number is None else number

    def told(self, told: list[list[Any]]) -> int:
        """The number of what a message tells: fact, version, and whether it was due, of each."""
        key = _told_key(told)
        number = self._numbers["told"].get(key)
        return self._new("told", key, told) if number is None else number

    def _new(self, kind: ValueKind, key: Hashable, plain: Any) -> int:
        self.plain[kind].append(plain)
        number = self._numbers[kind][key] = len(self._numbers[kind])
        return number


@dataclass
class Condensed:
    """One trial as far as it was read."""

    lines: list[Line] = field(default_factory=list)
    spent: Spending = field(default_factory=dict)
    """By the calls of all rows but those of rare kinds, which tell of their own."""
    _said: dict[tuple[int, int, int], Line] = field(default_factory=dict)
    """The messages that were taken in, by place; those that were kept before are closed, and what comes of them later has lines of its own."""

    def read_on(self, blank: Trial, rows: Iterable[Row], values: Values) -> None:
        """Take in `rows`, given in the order in which they were appended.

        Raises:
            ValueError, KeyError, TypeError: one of them cannot be read.
        """
        for row in rows:
            self.take_in(blank, row, values)

    def take_in(self, blank: Trial, row: Row, values: Values) -> None:
        """Take in the row that was appended next; otherwise as `read_on`."""
        line = self._line(blank, row, values)
        what, place = line[0], (line[1], line[2], line[3])
        if what == "said":
            self._said[place] = line
        elif what in CAME and (said := self._said.get(place)) is not None:
            if what == "replied":
                said[CAME[what]] = line[4:]
            else:
                said[CAME[what]].append(line[4:])
            return
        self.lines.append(line)

    def _line(self, blank: Trial, row: Row, values: Values) -> Line:
        _, session, take, exchange, kind, part, body, meta = row
        place = [session, take, exchange]
        if kind in _PLAIN:
            read = from_json(body)
            bare = _bare_row(kind, read, from_json(meta))
            return [*bare[:1], *place, *bare[1:]] if bare else ["row", *place, kind, part, body, meta]
        if kind not in _FREQUENT or (kind == "scored" and (session == 0 or part == GRADES)):
            return ["row", *place, kind, part, body, meta]
        read = from_json(body)
        if read["calls"]:
            spend(self.spent, read["calls"])
        if kind == "rated":
            found = result_of(read)
            return ["rated", *place, part, values.order(found), [values.rating(r) for r in found.values()]]
        if kind == "tagged":
            return ["tagged", *place, part, values.tagging(result_of(read))]
        if kind == "scored":
            return ["scored", *place, part, values.score(result_of(read))]
        if kind == "target_replied":
            about = from_json(meta)
            seconds = fsum(t["latency"] for t in about["timings"]) if about["timings"] else None
            text = read["reply"]
            return ["replied", *place, text, read["finish"], about["resent"], read.get("dropped", 0), seconds, count_words(text)]
        said = read["said"]
        again = [call["step"] for call in read["calls"] if call.get("step") == "regeneration"]
        drafts = read.get("rejected") or (lost_drafts(again) if again else [])
        if said["kind"] != "utterance":
            return ["gone", *place, said, read["flags"], drafts]
        told = scan(said["message"], blank.cast, session=session) if 1 <= session <= len(blank.cast.sessions) else ()
        tells = values.told([[d.fact, d.version, d.core] for d in told])
        return ["said", *place, said, read["scripted"], read["flags"], drafts, tells, None, [], [], []]


_FREQUENT = frozenset({"user_spoke", "target_replied", "rated", "tagged", "scored"})
_PLAIN = frozenset({"session_opened", "session_closed", "trial_finished"})
_ALWAYS, _ABOUT = frozenset({"date", "conversation", "person", "ending", "forks"}), frozenset({"at", "timings", "resent"})
"""What rows of the plain kinds hold, in their body and in their meta."""


def _bare_row(kind: str, read: dict[str, Any], about: dict[str, Any]) -> Line | None:
    """What a row of these kinds says; None: more than it always says, so that it has to be looked at closely."""
    if any(read[name] for name in read.keys() - _ALWAYS) or any(about[name] for name in about.keys() - _ABOUT):
        return None
    if kind == "trial_finished":
        return ["finished"]
    if kind == "session_opened":
        said = [read["date"], read.get("conversation", ""), read.get("person", "")]
        return ["opened", *said] if all(isinstance(s, str) for s in said) and len(said[0]) == _DATE else None
    ending, forks = read["ending"], read.get("forks", True)
    return ["closed", ending, forks] if ending in _ENDINGS and isinstance(forks, bool) else None


def result_of(read: dict[str, Any]) -> Any:
    """What the body of a verdict holds, by whichever name it was written (`sim.core.event.Judged`)."""
    return read["result"] if "result" in read else read["ratings"] if "ratings" in read else read["tagging"]


def spend(spent: Spending, calls: list[dict[str, Any]]) -> None:
    """Add what `calls` took."""
    for call in calls:
        of = spent.get(call["role"])
        if of is None:
            of = spent[call["role"]] = [0, 0, 0, 0.0, 0, 0, 0, 0, 0]
        of[0] += 1
        usage, cost = call["usage"], call["cost"]
        # What `Usage` does not take for counts is unknown here as well.
        if usage is None or not (0 <= usage["input"] <= MOST_TOKENS and 0 <= usage["output"] <= MOST_TOKENS and usage["cached"] >= 0):
            of[5] += 1
        else:
            of[1] += usage["input"]
            of[2] += usage["output"]
            of[6] += usage.get("reasoning", 0)
            of[7] += usage["cached"]
            of[8] += usage.get("cache_write", 0)
        if cost is None:
            of[4] += 1
        else:
            of[3] += cost


# --- what is alike ------------------------------------------------------------------------------------------------


def _rating_key(r: dict[str, Any]) -> tuple[Any, ...]:
    if r["kind"] != "score":
        return r["kind"], r.get("cause")
    e = r["evidence"]
    # Written out, for this is done seven times a reply: what of evidence is counted, as `_shown` has it.
    shown = None if e is None else (e["kind"], e["found"]) if "found" in e else (e["reply_words"], e["user_words"])
    return r["score"], r["occasion"], r["attempt"], r["false_memory"], shown


def _score_key(r: dict[str, Any]) -> tuple[Any, ...]:
    value = r.get("value")
    pressure = r.get("pressure")
    course = None if pressure is None else tuple(sorted(pressure.items()))
    return r["kind"], r.get("cause"), type(value), value, tuple([_shown(e) for e in r.get("evidence", ())]), course


def _tagging_key(plain: Any) -> Hashable:
    return plain if isinstance(plain, str) else tuple([tuple(moves) for moves in plain])


def _told_key(told: list[list[Any]]) -> Hashable:
    return tuple([tuple(one) for one in told])


_KEYS: dict[ValueKind, Any] = {"rating": _rating_key, "order": tuple, "tagging": _tagging_key, "score": _score_key, "told": _told_key}


def _bare_rating(r: dict[str, Any]) -> dict[str, Any]:
    if r["kind"] != "score":
        return _neither(r)
    return {**r, "reason": "", "evidence": None if r["evidence"] is None else _bare_evidence(r["evidence"])}


def _bare_score(r: dict[str, Any]) -> dict[str, Any]:
    if r["kind"] != "assessment":
        return _neither(r)
    bare = {"kind": r["kind"], "value": r["value"], "evidence": [_bare_evidence(e) for e in r.get("evidence", ())]}
    return {**bare, "pressure": r["pressure"]} if r.get("pressure") else bare


def _neither(r: dict[str, Any]) -> dict[str, Any]:
    return {"kind": r["kind"], "reason": "", **({} if r["kind"] == "not_applicable" else {"cause": r["cause"]})}


def _shown(e: dict[str, Any]) -> tuple[Any, ...]:
    """What of evidence is counted."""
    return (e["kind"], e["found"]) if "found" in e else (e["reply_words"], e["user_words"])


def _bare_evidence(e: dict[str, Any]) -> dict[str, Any]:
    return {**e, **({"text": ""} if "text" in e else {})}
