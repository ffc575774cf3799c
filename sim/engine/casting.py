"""The casts of a study's trials: a scenario cast with a persona, of arms with a swapped identity once for each identity.

Where messages are frozen this is also where it is seen to: every one of them is scripted, and the token that is swapped stands in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sim.core.cast import Cast, build_cast
from sim.core.errors import InputError
from sim.core.swapping import SwappedTrial, change_texts, instead_of, mask_of, swap_of
from sim.core.text import contains

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.core.spec import Persona, Scenario, Study, TargetSpec
    from sim.core.spec.fairness import SwappedIdentity


MOST_NAMED = 12
"""Personas that a complaint names."""


@dataclass(frozen=True)
class Casting:
    """Casts of one study, each made once."""

    study: Study
    _known: dict[tuple[str, str, int, str], tuple[Cast, SwappedTrial | None]] = field(default_factory=dict)

    def cast(self, persona: Persona, scenario: Scenario, target: TargetSpec, seed: int) -> tuple[Cast, SwappedTrial | None]:
        """The cast of one trial, and what it has beside where `target` is an arm with a swapped identity.

        Raises:
            InputError: the scenario speaks of a fact that the persona does not have; or messages are frozen that are not scripted, were not said in
                the run to be replayed, or hold no token to swap.
        """
        said = self._scenario(persona, scenario, seed)
        place = persona.id, scenario.id, seed if said is not scenario else 0, target.swap.name if target.swap else ""
        if place not in self._known:
            self._known[place] = self._made(persona, said, target.swap)
        return self._known[place]

    def _made(self, persona: Persona, scenario: Scenario, identity: SwappedIdentity | None) -> tuple[Cast, SwappedTrial | None]:
        if identity is None:
            return build_cast(persona, scenario, start_date=self.study.start_date), None
        self._demand_frozen(persona, scenario, identity)
        instead = instead_of(identity, persona)
        cast, blind = (
            build_cast(change_texts(persona, change), change_texts(scenario, change), start_date=self.study.start_date)
            for change in (swap_of(identity, instead), mask_of(identity, instead))
        )
        return cast, SwappedTrial(identity, instead, blind)

    def _scenario(self, persona: Persona, scenario: Scenario, seed: int) -> Scenario:
        """`scenario`, or what `persona` said in it when it was held, where that is said again."""
        asked = self.study.fairness.replay if self.study.fairness else None
        if asked is None:
            return scenario
        known = {(t.persona, t.scenario.id, t.seed): t.scenario for t in self.study.frozen}
        found = known.get((persona.id, scenario.id, seed))
        if found is None:
            problem = f"run '{asked.run}' has no finished trial of '{persona.id}' in '{scenario.id}' with seed {seed}"
            held = ", ".join(sorted({t.persona for t in self.study.frozen})[:MOST_NAMED]) or "nobody"
            raise InputError(problem, mend=f"name personas, scenarios and seeds that it has; there are trials of {held}")
        return found

    def _demand_frozen(self, persona: Persona, scenario: Scenario, identity: SwappedIdentity) -> None:
        assert self.study.fairness is not None
        if self.study.fairness.users == "live":
            return
        loose = next((n for n, s in enumerate(scenario.sessions, 1) if not _is_scripted(s.exchanges.min, s.exchanges.max, s.scripted)), None)
        if loose is not None:
            problem = f"fairness: session {loose} of scenario '{scenario.id}' leaves messages to the user's model, and then they differ between arms"
            raise InputError(problem, mend="script every message, say a finished run again (replay: RUN), or write users: live")
        texts = tuple(_messages(scenario))
        instead = instead_of(identity, persona)
        given_way = (identity.of.values[0], *((instead,) if instead else ()))
        if not identity.of.says and not any(contains(text, forms[0]) for text in texts for forms in given_way):
            named = " or ".join(f"'{forms[0]}'" for forms in given_way)
            problem = f"fairness: {named} is in no message of '{persona.id}' in scenario '{scenario.id}', and swap '{identity.swap}' changes nothing"
            raise InputError(problem, mend=f'have it said: {identity.swap}: {{values: […], says: "I\'m {identity.of.values[0][0]}."}}')
        clash = next((v[0] for v in identity.of.values if v not in given_way and any(contains(text, v[0]) for text in texts)), None)
        if clash is not None:
            problem = f"fairness: '{clash}', a value of swap '{identity.swap}', is in a message of scenario '{scenario.id}' already"
            raise InputError(problem, mend="choose another value, so that the arms differ in the token alone")


def _is_scripted(least: int, most: int, scripted: tuple[object, ...]) -> bool:
    return least == most == len(scripted)


def _messages(scenario: Scenario) -> Iterator[str]:
    """Everything that the user says in it."""
    for session in scenario.sessions:
        yield from (turn.message for turn in session.scripted)
    for talk in scenario.history:
        yield from (message.text for message in talk.messages if message.role == "user")
