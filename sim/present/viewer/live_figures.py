"""What a row says beyond its own events, while a run goes on: whether its reply was said before, and what the study's own scorers found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sim.analysis.verdicts.triage import speaks_against, written
from sim.core.address import Address
from sim.score.repetition.said_before import fingerprint

if TYPE_CHECKING:
    from sim.core.spec.scorer import ScorerInfo

Key = tuple[str, int, int]
"""Trial, session, exchange."""
BAD = "bad"
"""Asks for results that speak against a reply, whatever they are."""


class Echoes:
    """Which replies repeat, word for word, an earlier one of their target: as `sim.score.repetition.said_before` finds them, reply by reply."""

    def __init__(self) -> None:
        self._alike: dict[tuple[str, bytes], set[Key]] = {}
        self._first: dict[tuple[str, bytes], Key] = {}
        self._own: dict[Key, tuple[str, bytes]] = {}

    def add(self, target: str, key: Key, reply: str) -> None:
        """A reply has come, in whatever order."""
        alike = fingerprint(reply, opening=key[2] == 1)
        if alike is None:
            return
        group = self._own[key] = (target, alike)
        self._alike.setdefault(group, set()).add(key)
        self._first[group] = min(self._first.get(group, key), key)

    def remove(self, key: Key) -> None:
        """A reply is no longer part of the run."""
        group = self._own.pop(key, None)
        if group is not None:
            alike = self._alike[group]
            alike.discard(key)
            if alike and self._first[group] == key:
                self._first[group] = min(alike)
            elif not alike:
                del self._alike[group], self._first[group]

    def said_before(self, key: Key) -> bool:
        """Whether the reply repeats what anybody was told."""
        group = self._own.get(key)
        return group is not None and self._first[group] != key

    def to_same_user(self, key: Key) -> bool:
        """Whether it repeats what the same person was told."""
        group = self._own.get(key)
        if group is None or self._first[group] == key:
            return False
        first = self._first[group]
        return first[0] == key[0] or any(other[0] == key[0] and other < key for other in self._alike[group])


class Findings:
    """Results of the study's own scorers, as they come.

    Args:
        scorers: those whose results are shown; of each, only the version that it has here.
    """

    def __init__(self, scorers: Sequence[ScorerInfo]) -> None:
        self.scorers = {info.id: info for info in scorers}
        self._found: dict[Key, dict[str, Any]] = {}

    def add(self, key: Key, part: str, result: dict[str, Any]) -> None:
        """One result: of an exchange, at exchange 0 of a session, at session 0 of a trial."""
        scorer = Address.parse("scored", part)
        info = self.scorers.get(scorer.who)
        if info is not None and scorer.edition in ("", info.version):
            self._found.setdefault(key, {})[info.id] = result

    def of(self, key: Key) -> dict[str, str]:
        """Everything that was found of an exchange, its session and its trial, in words, by scorer id."""
        return {scorer: self._written(scorer, result) for scorer, result in self._results(key).items()}

    def against(self, key: Key, *, last: bool) -> int:
        """How many results speak against a reply; what is about a session counts against its `last` one."""
        own = self._found.get(key, {})
        return sum(self._is_bad(s, r) for s, r in (self._results(key) if last else own).items())

    def critical(self, key: Key, *, last: bool) -> int:
        """How many verdicts on it a person has to read; what is about a session counts at its `last` reply."""
        return sum(self._is_critical(s, r) for s, r in (self._results(key) if last else self._found.get(key, {})).items())

    def has_critical(self, trial: str) -> bool:
        """Whether any verdict on `trial` is for a person to read."""
        return any(self._is_critical(s, r) for key, found in self._found.items() if key[0] == trial for s, r in found.items())

    def keeps(self, key: Key, wish: str) -> bool:
        """Whether an exchange has what is wished for: `scorer=value`, or `scorer=bad`."""
        scorer, _, value = wish.partition("=")
        result = self._results(key).get(scorer)
        if result is None:
            return False
        return self._is_bad(scorer, result) if value == BAD else self._written(scorer, result) == value

    def choices(self) -> list[str]:
        """What can be wished for."""
        found: list[str] = []
        for info in self.scorers.values():
            values = ("yes", "no") if info.result == "yes_no" else info.labels
            found += [f"{info.id}={value}" for value in (*values, *((BAD,) if info.result == "number" else ()))]
        return found

    def _results(self, key: Key) -> dict[str, Any]:
        trial, session, _ = key
        return {**self._found.get((trial, 0, 0), {}), **self._found.get((trial, session, 0), {}), **self._found.get(key, {})}

    def _is_bad(self, scorer: str, result: dict[str, Any]) -> bool:
        return result["kind"] == "assessment" and speaks_against(self.scorers[scorer], result["value"])

    def _is_critical(self, scorer: str, result: dict[str, Any]) -> bool:
        return result["kind"] == "assessment" and self.scorers[scorer].is_critical(result["value"])

    def _written(self, scorer: str, result: dict[str, Any]) -> str:
        if result["kind"] == "assessment":
            return written(self.scorers[scorer], result["value"])
        return "n.a." if result["kind"] == "not_applicable" else "unscored"
