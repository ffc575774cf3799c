"""What does not fit a context is left out by one rule, and counted."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.errors import CallFailed
from sim.llm.client import Completion, Message
from sim.targets.context import fit
from sim.targets.memory.policy import Heard
from tests.effort import tries
from tests.targets.test_memory import TOLD, Life, scripted

DAY = dt.date(2026, 1, 5)


def talk(name: str, exchanges: int, *, present: bool = False) -> Heard:
    said = [m for i in range(exchanges) for m in (Message("user", f"{name}{i}u" * 5), Message("assistant", f"{name}{i}a" * 5))]
    return Heard(DAY, None, f"[{name}]\n\n", (*said, Message("user", "now")) if present else tuple(said))


def without(talks: tuple[Heard, ...], messages: int) -> tuple[Message, ...]:
    """`talks` as they are shown without the first messages."""
    shown: list[Message] = []
    for t in talks:
        gone = min(messages, len(t.said))
        messages -= gone
        shown += replace(t, said=t.said[gone:]).messages
    return tuple(shown)


def test_without_a_limit_everything_fits() -> None:
    talks = (talk("a", 2), talk("b", 1), talk("c", 1, present=True))
    fitted = fit("system", talks, tokens=None)
    assert fitted.dropped == 0
    assert fitted.messages == tuple(m for t in talks for m in t.messages)
    assert fitted.earlier == talks[:2]


@tries(150)
@given(st.lists(st.integers(1, 4), max_size=4), st.integers(0, 4), st.integers(0, 80), st.integers(1, 120))
def test_the_oldest_exchanges_go_first_and_no_more_than_must(earlier: list[int], today: int, system: int, tokens: int) -> None:
    talks = (*(talk(f"s{i}-", n) for i, n in enumerate(earlier)), talk("t", today, present=True))
    everything = [m.content for t in talks for m in t.said]

    def size(fitted: tuple[Message, ...]) -> int:
        return system + sum(len(m.content) for m in fitted)

    if system + len("[t]\n\nnow") > 4 * tokens:
        with pytest.raises(CallFailed, match="what must be sent has"):
            fit("x" * system, talks, tokens=tokens)
        return
    fitted = fit("x" * system, talks, tokens=tokens)
    assert size(fitted.messages) <= 4 * tokens
    shown = [m.content.rpartition("\n\n")[2] for m in fitted.messages]
    assert shown == everything[fitted.dropped :], "what is left is the end of it"
    assert fitted.dropped % 2 == 0
    assert fitted.messages[0].role == "user"
    if fitted.dropped:
        assert size(without(talks, fitted.dropped - 2)) > 4 * tokens, "one exchange more would not have fitted"
    assert sum(m.content.startswith("[t]") for m in fitted.messages) == 1, "today's date is always told"


async def test_what_was_left_out_is_counted_and_no_longer_counts_as_recalled() -> None:
    life = Life("full", client=scripted(lambda r: Completion("")), tokens=50, system="Be kind.")
    for told in TOLD:
        answers = await life.session(told)
    assert [a.dropped for a in answers] == [6, 8]
    assert answers[-1].recalled == ()
    messages = life.client.requests[-1].messages  # type: ignore[attr-defined]
    assert messages[0].content == "Be kind."
    assert "January 2026" in messages[1].content
    assert life.target.remembers() != ()


async def test_a_message_that_does_not_fit_by_itself_is_too_long() -> None:
    life = Life("full", client=scripted(lambda r: Completion("")), tokens=50)
    with pytest.raises(CallFailed) as failed:
        await life.session(["word " * 60])
    assert failed.value.cause == "too_long"
    assert "context_tokens is 50" in failed.value.message
