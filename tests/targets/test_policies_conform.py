"""The package's own memory policies pass the suite that it gives to everybody, and the suite catches what breaks a run."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sim.core.spec import read_memory
from sim.core.spec.memory import BUILT_IN
from sim.targets.memory import Heard, MemoryStep, Message, Policy, Recalled, load_policy
from sim.targets.memory.conformance import PolicyConformance

NAMES = [f"{name}:2" if about.counts else name for name, about in BUILT_IN.items()]


def _suite(policy: type[Policy], size: int = 0) -> type[PolicyConformance]:
    return type(f"Test{policy.__name__}", (PolicyConformance,), {"policy": policy, "size": size})


for _name in NAMES:
    _spec = read_memory(_name)
    for _embedding in (False, True):
        _policy = load_policy(_spec, embedding=_embedding)
        globals()[f"Test{_policy.__name__}"] = _suite(_policy, _spec.size)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_list_says_of_a_policy_is_what_its_class_says(name: str) -> None:
    spec = read_memory(name)
    assert spec.built_in is not None
    for embedding in (False, True):
        assert load_policy(spec, embedding=embedding).counts == spec.built_in.counts


# --- what the suite catches ---------------------------------------------------------------------------------------


class Sound(Policy):
    """Keeps what the user said as it was said, and passes."""

    def __init__(self, tools: Any) -> None:
        super().__init__(tools)
        self.lines: list[str] = []
        self.taken = 0

    def recall(self, earlier: Any, message: str) -> Recalled:  # type: ignore[override]
        texts = tuple(self.lines[-3:])
        return Recalled("\n".join(texts), texts)

    def consolidate(self, talks: Any, *, seed: int) -> tuple[MemoryStep, ...]:  # type: ignore[override]
        fresh = [user.content for talk in talks[self.taken :] for user, _ in talk.exchanges]
        self.lines, self.taken = [*self.lines, *fresh], len(talks)
        return (MemoryStep("lines", "\n".join(fresh)),) if fresh else ()

    def restore(self, step: Any, talks: int) -> None:
        self.lines, self.taken = [*self.lines, *step.content.split("\n")], talks

    def holds(self, talks: Any) -> tuple[str, ...]:
        return tuple(self.lines)


TestSound = _suite(Sound)


class Invents(Sound):
    def recall(self, earlier: Any, message: str) -> Recalled:  # type: ignore[override]
        return Recalled("They have a cat.")


class Boasts(Sound):
    def recall(self, earlier: Any, message: str) -> Recalled:  # type: ignore[override]
        return Recalled("I know much." if earlier else "", tuple(self.lines[:1]))


class Counts(Sound):
    asked = 0

    def recall(self, earlier: Any, message: str) -> Recalled:  # type: ignore[override]
        self.asked += 1
        return Recalled(f"Asked {self.asked} times." if earlier else "")


class Forgets(Sound):
    def restore(self, step: Any, talks: int) -> None:
        self.taken = talks


class Unrestored(Sound):
    restore = Policy.restore


class Shares(Sound):
    everything: list[str] = []  # noqa: RUF012

    def recall(self, earlier: Any, message: str) -> Recalled:  # type: ignore[override]
        self.everything.extend(self.lines)
        known = tuple(dict.fromkeys(self.everything)) if earlier else ()
        return Recalled("\n".join(known), known)


class Repeats(Sound):
    def consolidate(self, talks: Any, *, seed: int) -> tuple[MemoryStep, ...]:  # type: ignore[override]
        self.taken = 0
        return super().consolidate(talks, seed=seed)


class ShowsAll(Sound):
    def recall(self, earlier: Any, message: str) -> Recalled:  # type: ignore[override]
        return Recalled("\n".join(self.lines), tuple(self.lines))


class Asks(Sound):
    """Asks its model for what it does not announce, and with all it has heard."""

    async def consolidate(self, talks: Any, *, seed: int) -> tuple[MemoryStep, ...]:
        if len(talks) == self.taken:
            return ()
        said = "\n".join(m.content for talk in talks for m in talk.said)
        answer = await self.tools.writer.ask(Message("user", said), seed=seed)
        self.lines, self.taken = [answer.text], len(talks)
        return (MemoryStep("lines", answer.text),)


@pytest.mark.parametrize(
    ("policy", "test", "said"),
    [
        (Invents, "before_the_first_session_nothing_is_shown", "before anything was said, it shows"),
        (Boasts, "what_it_shows_is_what_it_says_it_shows", "is not in Recalled.shown"),
        (Counts, "recalling_changes_nothing", "asked twice, it shows two different things"),
        (Forgets, "a_memory_made_anew_from_the_journal_is_the_same", "made anew after session 1, it shows something else"),
        (Unrestored, "a_memory_made_anew_from_the_journal_is_the_same", "writes in consolidate, and has no method restore"),
        (Shares, "each_trial_has_a_memory_of_its_own", "what another trial said has reached this one"),
        (Repeats, "a_session_in_which_nothing_was_said_changes_nothing", "asked to take in the same talks again, it has changed"),
        (ShowsAll, "what_it_shows_and_asks_finds_room_in_the_context", "the memory alone shows"),
        (Asks, "what_it_shows_and_asks_finds_room_in_the_context", "did not fit the prompt of the writer"),
        (Asks, "its_forecast_holds", "it made 1 calls when a session ended; calls_per_session is 0"),
    ],
)
def test_the_suite_catches_what_breaks_a_run(policy: type[Policy], test: str, said: str) -> None:
    with pytest.raises(Exception, match=re.escape(said)):
        getattr(_suite(policy)(), f"test_{test}")()


def test_a_session_is_heard_with_its_date() -> None:
    from sim.targets.memory.conformance import heard

    first, second = heard(0), heard(1)
    assert isinstance(first, Heard)
    assert (first.since, second.since) == (None, first.date)
    assert first.messages[0].content.startswith("[05 January 2026]\n\nMy cat")
