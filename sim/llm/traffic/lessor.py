"""Limits and budget of a run whose calls are made by workers: each leases a block, gives back what it does not need, and asks for more.

What a provider bears is found out here, from what all workers' calls met; what may be in flight, go in a minute and be spent is counted here. So
nothing is ever over a limit in all workers together, and yet no call has to ask: only one that finds its worker's block used up waits for the next
exchange. While nobody waits, what is over is lent out evenly; as soon as somebody does, it is recalled, and nobody has more than an even part as
long as another wants it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from sim.llm.traffic.budget import NOTHING, Sum
from sim.llm.traffic.leasing import LeaseStatement, LeaseTerms, Purse

if TYPE_CHECKING:
    from sim.llm.traffic.lanes import CallDestination, Host
    from sim.llm.traffic.passage import Traffic

_BLOCKS = 8
"""Into so many blocks a worker's even part of what is left is split."""

K = TypeVar("K", bound=Hashable)


@dataclass
class _Place:
    """What one worker has at one model."""

    given: int = 0
    in_flight: int = 0
    queued: int = 0
    peak: int = 0

    @property
    def held(self) -> int:
        """Places that nobody else can have now."""
        return max(self.given, self.in_flight)

    @property
    def wanted(self) -> int:
        """Places that it has a use for."""
        return self.in_flight + self.queued


@dataclass
class _Lessee:
    """One worker."""

    places: dict[CallDestination, _Place] = field(default_factory=dict)
    held: dict[Purse, Sum] = field(default_factory=dict)
    unmet: bool = False
    """Whether one of its calls waits for a part of the budget that is not to be had now."""


class Lessor:
    """Leases the limits and the budget of `traffic`, of which nothing is used here."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._lessees: dict[int, _Lessee] = {}

    def lease(self, worker: int, statement: LeaseStatement, *, idle: bool = False) -> LeaseTerms:
        """Note what a worker says, and what it may do from now on.

        Args:
            idle: it holds no trial, and is lent nothing of the budget.
        """
        lessee = self._lessees.setdefault(worker, _Lessee())
        self._traffic.count(statement.begun)
        self._traffic.look()
        turns = self._note(lessee, statement)
        budget = self._lend(lessee, statement, idle=idle)
        places = {destination: self._place(lessee, destination) for destination in lessee.places}
        recall = self._somebody_waits and any(ready != NOTHING for ready in statement.ready.values())
        return LeaseTerms(places, turns, budget, self._traffic.budget.refusals, recall=recall)

    def holds(self, worker: int) -> bool:
        """Whether a worker holds anything of the budget."""
        return any(held != NOTHING for held in self._lessees[worker].held.values()) if worker in self._lessees else False

    def leave(self, worker: int) -> None:
        """A worker makes no calls any more, and gives everything back."""
        for name, held in self._forget(worker).items():
            self._traffic.budget.purse(name).promise(held, -1)
        self._traffic.budget.wake()

    def lose(self, worker: int) -> None:
        """A worker is dead: what it held of the budget may have been spent, for all that is known, and is not given to others."""
        for name, held in self._forget(worker).items():
            purse = self._traffic.budget.purse(name)
            purse.promise(held, -1)
            purse.lose(held)

    @property
    def in_flight(self) -> int:
        """Calls, by the last word of each worker."""
        return sum(place.in_flight for lessee in self._lessees.values() for place in lessee.places.values())

    @property
    def _somebody_waits(self) -> bool:
        return any(lessee.unmet for lessee in self._lessees.values())

    def _forget(self, worker: int) -> Mapping[Purse, Sum]:
        lessee = self._lessees.pop(worker, None)
        return lessee.held if lessee else {}

    # --- places and turns ---------------------------------------------------------------------------------------------

    def _note(self, lessee: _Lessee, statement: LeaseStatement) -> dict[CallDestination, tuple[float, ...]]:
        """What calls met, which moves the limits; the turns of those that wait for theirs."""
        turns: dict[CallDestination, tuple[float, ...]] = {}
        for destination, said in statement.lanes.items():
            lane = self._traffic.lane(destination)
            assert lane is not None, "what runs in process has no lane"
            place = lessee.places.setdefault(destination, _Place())
            place.in_flight, place.queued, place.peak = said.in_flight, said.queued, said.peak
            lane.limit.entered(sum(p.peak for p in self._at(destination)))
            if said.broke:
                lane.limit.broke()
            for wait in said.limited:
                lane.limit.limited(wait)
            in_flight = sum(p.in_flight for p in self._at(destination))
            for _ in range(said.answers):
                lane.limit.answered(in_flight)
            lane.tokens.give_back(said.tokens_back)
            turns[destination] = tuple(max(lane.requests.wait(), lane.tokens.wait(tokens)) for tokens in said.turns)
        return turns

    def _place(self, lessee: _Lessee, destination: CallDestination) -> int:
        """How many places a worker has at one model from now on: its fair part, of what others have given back by now."""
        lane = self._traffic.lane(destination)
        assert lane is not None
        limit, host, mine = lane.limit.value, lane.host, lessee.places[destination]
        here = {id(place): place for place in self._at(destination)}
        on_host = {id(place): place for other in self._on(host) for place in self._at(other)}
        fair = min(_fair(limit, here)[id(mine)], _fair(host.cap, on_host)[id(mine)])
        room = min(limit - _held_by_others(here, mine), host.cap - _held_by_others(on_host, mine))
        mine.given = max(0, min(fair, room))
        return mine.given

    def _at(self, destination: CallDestination) -> list[_Place]:
        return [lessee.places[destination] for lessee in self._lessees.values() if destination in lessee.places]

    def _on(self, host: Host) -> set[CallDestination]:
        known = {destination for lessee in self._lessees.values() for destination in lessee.places}
        return {destination for destination in known if (lane := self._traffic.lane(destination)) and lane.host is host}

    # --- the budget ---------------------------------------------------------------------------------------------------

    def _lend(self, lessee: _Lessee, statement: LeaseStatement, *, idle: bool) -> dict[Purse, Sum]:
        """Count what was taken, and lend for calls that wait and for some of the next."""
        budget = self._traffic.budget
        for role, spent in statement.taken.items():
            budget.add(role, spent)
        for name, held in statement.held.items():
            budget.purse(name).promise(_minus(held, lessee.held.get(name, NOTHING)))
            lessee.held[name] = held
        lent: dict[Purse, Sum] = {}
        ready = dict(statement.ready)
        lessee.unmet = False
        for role, wish in statement.wishes:
            names = [name for name in (None, role) if name in ready]
            if not all([budget.purse(name).fits(wish, own=ready[name]) for name in names]):
                lessee.unmet = True
                continue
            for name in names:
                self._give(lessee, lent, name, _above(wish, ready[name]))
                ready[name] = _above(ready[name], wish)
        if not idle and not self._somebody_waits:
            for name in ready:
                self._give(lessee, lent, name, _above(budget.purse(name).part(_BLOCKS * len(self._lessees)), ready[name]))
        return lent

    def _give(self, lessee: _Lessee, lent: dict[Purse, Sum], name: Purse, more: Sum) -> None:
        self._traffic.budget.purse(name).promise(more)
        lessee.held[name] = _plus(lessee.held[name], more)
        lent[name] = _plus(lent.get(name, NOTHING), more)


def _fair(limit: int, places: Mapping[int, _Place]) -> dict[int, int]:
    """Max-min fair parts of `limit`: nobody has more than an even part as long as another wants more; what nobody wants is split evenly."""
    # Of those who want alike, the one that has least comes last and gets what is left of the division.
    order = sorted(places, key=lambda name: (places[name].wanted, -places[name].held))
    parts: dict[int, int] = {}
    left = limit
    for number, name in enumerate(order):
        parts[name] = min(places[name].wanted, left // (len(order) - number))
        left -= parts[name]
    each, odd = divmod(left, len(order))
    return {name: part + each + (number < odd) for number, (name, part) in enumerate(parts.items())}


def _held_by_others(places: Mapping[int, _Place], mine: _Place) -> int:
    return sum(place.held for place in places.values() if place is not mine)


def _plus(one: Sum, other: Sum) -> Sum:
    return Sum(one.cost + other.cost, one.tokens + other.tokens)


def _minus(one: Sum, other: Sum) -> Sum:
    return Sum(one.cost - other.cost, one.tokens - other.tokens)


def _above(one: Sum, other: Sum) -> Sum:
    """What `one` has more than `other`."""
    return Sum(max(one.cost - other.cost, 0.0), max(one.tokens - other.tokens, 0))
