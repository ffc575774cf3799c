"""Who reads what: conversations of a run given out to people, pure and known before anybody has come.

A conversation is one session of a trial. Each that is given out at all is given to as many people as the study asks for, so that every item tells how
far people agree. If there are more than people can read, what is left out is drawn by seed, whole persona × scenario × seed blocks at a time, so that
targets stay paired.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.core.errors import InputError
from sim.core.seeds import rng

if TYPE_CHECKING:
    from sim.core.record import Trial
    from sim.core.spec.people import PeopleStudy


@dataclass(frozen=True, slots=True)
class ReadingItem:
    """One conversation to read."""

    trial: str
    session: int
    exchanges: int
    check: int | None = None
    """The exchange whose ratings hold an attention check."""

    @property
    def id(self) -> str:
        """Names it in forms."""
        return f"{self.trial}:{self.session}"


def give_out(study: PeopleStudy, trials: Iterable[Trial]) -> tuple[tuple[ReadingItem, ...], ...]:
    """For each person in turn, the conversations to read, in order.

    Raises:
        InputError: the run holds nothing to read, or too little to give each person different conversations.
    """
    held = _held(trials)
    if not held:
        raise InputError(f"run '{study.read}' holds no conversation to read", mend="let it finish first")
    items = _items(study, held, study.people)
    if study.each > len(items):
        raise InputError(f"{study.each} conversations each cannot be had of {len(items)}", mend=f"write each: {len(items)}")
    piles = _piles(study, items, study.people)
    if not all(piles):
        few, nobody = len(items), piles.count([])
        read = f"{few} conversation{'s' * (few > 1)}, read by {study.raters} people each,"
        problem = f"{read} leave{'s' * (few == 1)} none for {nobody} of {study.people} people"
        raise InputError(problem, mend=f"write people: {_most_people(study, held)}, or a larger each")
    return tuple(_ordered(study, person, pile) for person, pile in enumerate(piles))


def _items(study: PeopleStudy, held: dict[str, list[ReadingItem]], people: int) -> list[ReadingItem]:
    """As many conversations as so many people can read, each of them by as many as the study asks for."""
    return _drawn(study, held, at_most=max(1, people * study.each // study.raters))


def _piles(study: PeopleStudy, items: Sequence[ReadingItem], people: int) -> list[list[ReadingItem]]:
    piles: list[list[ReadingItem]] = [[] for _ in range(people)]
    for item in items:
        # The shortest piles first, so that all stay within one of each other and there is room for everybody's last.
        for pile in sorted(piles, key=len)[: study.raters]:
            pile.append(item)
    return piles


def _most_people(study: PeopleStudy, held: dict[str, list[ReadingItem]]) -> int:
    """How many people, fewer than the study asks for, all have something to read."""
    for people in range(study.people - 1, study.raters, -1):
        items = _items(study, held, people)
        if study.each <= len(items) and all(_piles(study, items, people)):
            return people
    # As many as read the same conversation: each of them reads all of it.
    return study.raters


def _held(trials: Iterable[Trial]) -> dict[str, list[ReadingItem]]:
    """All conversations by block: what differs within one is the target, and the session."""
    blocks: dict[str, list[ReadingItem]] = {}
    for trial in trials:
        if trial.forgotten:
            continue
        block = f"{trial.cast.persona.id}/{trial.cast.scenario.id}/{trial.seed}"
        for session in trial.sessions:
            count = sum(e.reply is not None for e in session.exchanges)
            if count and session.closed:
                blocks.setdefault(f"{block}/{session.index}", []).append(ReadingItem(trial.id, session.index, count))
    return blocks


def _drawn(study: PeopleStudy, blocks: dict[str, list[ReadingItem]], *, at_most: int) -> list[ReadingItem]:
    names = sorted(blocks)
    rng(study.seed, "items").shuffle(names)
    items: list[ReadingItem] = []
    for name in names:
        if items and len(items) + len(blocks[name]) > at_most:
            continue
        items += blocks[name]
    return items[:at_most]


def _ordered(study: PeopleStudy, person: int, pile: Sequence[ReadingItem]) -> tuple[ReadingItem, ...]:
    """In an order of the person's own, with the attention checks drawn in."""
    chance = rng(study.seed, "person", person)
    items = list(pile)
    chance.shuffle(items)
    checked = set(chance.sample(range(len(items)), min(study.checks, len(items))))
    return tuple(
        ReadingItem(item.trial, item.session, item.exchanges, chance.randint(1, item.exchanges) if place in checked else None)
        for place, item in enumerate(items)
    )
