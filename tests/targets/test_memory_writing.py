"""What a model writes as its memory is read strictly: asked for once more when it cannot be used, and then the old memory stands, on record."""

from __future__ import annotations

import pytest

from sim.core.errors import CallFailed
from sim.llm.client import Completion, Request
from sim.llm.fence import fence
from tests.targets.test_memory import PROMPTS, TOLD, Life, scripted

GOOD = {
    "summary": "They have a cat, Biscuit.",
    "profile": "2026-01-05: They have a cat, Biscuit.\n2026-01-05: They live in Mill Lane.",
}
FORMS = tuple(GOOD)


def block(text: str) -> str:
    return f"<memory>\n{text}\n</memory>"


async def written(policy: str, *answers: Completion | Exception, sessions: int = 1) -> Life:
    """A life in which the model answers so when asked for its memory."""
    given = iter(answers)
    life = Life(policy, client=scripted(lambda r: next(given)))
    for told in TOLD[:sessions]:
        await life.session(told)
    assert next(given, None) is None, "every answer was asked for"
    return life


def last(life: Life) -> tuple[str, str]:
    (step,) = life.trial.sessions[-1].memory
    return step.content, step.kept


UNUSABLE: dict[str, Completion] = {
    "empty": Completion(""),
    "blank": Completion("<memory> \n </memory>" + "\n"),
    "prose only": Completion("# ---"),
    "json": Completion('{"facts": ["a cat"]}'),
    "json in its place": Completion(block('["2026-01-05: a cat"]')),
    "broken json": Completion('{"facts": ["a cat"'),
    "cut off": Completion(block(GOOD["profile"])[:40], finish="length"),
    "cut off unsaid": Completion("<memory>\n2026-01-05: They have a c"),
    "too long": Completion(block("\n".join(f"2026-01-05: fact number {i} of a great many of them" for i in range(400)))),
    "one endless word": Completion(block("2026-01-05: " + "a" * 20_000)),
}


async def test_a_first_profile_may_say_that_there_is_nothing_to_keep() -> None:
    life = await written("profile", UNUSABLE["blank"])
    assert last(life) == ("", "")
    assert [r.step for r in life.client.requests if r.role == "memory"] == ["first"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("policy", "what"), [(p, w) for p in FORMS for w in UNUSABLE if (p, w) != ("profile", "blank")])
async def test_what_cannot_be_used_is_asked_for_again_and_the_mended_memory_is_kept(policy: str, what: str) -> None:
    life = await written(policy, UNUSABLE[what], Completion(block(GOOD[policy])))
    assert last(life) == (GOOD[policy], "")
    first, again = [r for r in life.client.requests if r.role == "memory"]  # type: ignore[attr-defined]
    assert (first.step, again.step) == ("first", "repair")
    assert again.messages[:2] == first.messages
    assert again.messages[2].role == "assistant"
    assert again.messages[2].content.strip()
    assert "cannot be kept" in again.messages[3].content


@pytest.mark.parametrize("what", UNUSABLE)
@pytest.mark.parametrize("policy", FORMS)
async def test_what_cannot_be_used_twice_leaves_the_old_memory_on_record(policy: str, what: str) -> None:
    life = await written(policy, Completion(block(GOOD[policy])), UNUSABLE[what], UNUSABLE[what], sessions=2)
    assert last(life) == (GOOD[policy], "unusable")
    assert [c.role for s in life.trial.sessions for m in s.memory for c in m.calls] == []
    assert (await life.restored()).remembers() == life.target.remembers() != ()


@pytest.mark.parametrize("policy", FORMS)
async def test_prose_fences_and_thoughts_around_the_memory_are_left_out(policy: str) -> None:
    for text in (
        f"Here is the new memory:\n{block(GOOD[policy])}\nLet me know!",
        f"<think>they said <memory> twice</think>{block(GOOD[policy])}",
        f"```\n{GOOD[policy]}\n```",
        GOOD[policy],
    ):
        assert last(await written(policy, Completion(text))) == (GOOD[policy], "")


async def test_a_profile_is_read_line_by_line() -> None:
    text = '- 2026-01-05: A cat.\n* **2026-01-06**: A dog.\n\n"2026-01-07": A 鳥 🐦.\n- 2026-01-05: A cat.'
    assert last(await written("profile", Completion(block(text)))) == ("2026-01-05: A cat.\n2026-01-06: A dog.\n2026-01-07: A 鳥 🐦.", "")
    around = Completion("Of course.\n2026-01-05: A cat.\nThat is all.")
    assert last(await written("profile", around)) == ("2026-01-05: A cat.", "")
    for bad in ("A cat without a date.", "2026-02-31: A day that never was."):
        assert last(await written("profile", Completion(block(bad)), Completion(block(bad)))) == ("", "unusable")
    assert last(await written("profile", Completion(block("")))) == ("", "")
    wiped = await written("profile", Completion(block("2026-01-05: A cat.")), *[Completion(block(""))] * 2, sessions=2)
    assert last(wiped) == ("2026-01-05: A cat.", "unusable"), "a profile is not forgotten as a whole"


@pytest.mark.parametrize("cause", ["refused", "too_long"])
@pytest.mark.parametrize("policy", FORMS)
async def test_a_model_that_refuses_or_cannot_hold_the_session_keeps_its_old_memory(policy: str, cause: str) -> None:
    life = await written(policy, Completion(block(GOOD[policy])), CallFailed(cause, "no"), sessions=2)  # type: ignore[arg-type]
    assert last(life) == (GOOD[policy], cause)
    mended = await written(policy, Completion(""), CallFailed(cause, "no"))  # type: ignore[arg-type]
    assert last(mended) == ("", cause)


@pytest.mark.parametrize("policy", FORMS)
async def test_a_call_that_failed_elsewhere_leaves_the_memory_untouched_and_the_step_absent(policy: str) -> None:
    answers: list[Completion | Exception] = [Completion(""), CallFailed("infrastructure", "down"), Completion(block(GOOD[policy]))]
    life = Life(policy, client=scripted(lambda r: answers.pop(0)))
    with pytest.raises(CallFailed) as failed:
        await life.session(TOLD[0])
    assert [(c.role, c.step) for c in failed.value.calls] == [("memory", "first")]
    assert life.target.remembers() == ()
    (step,) = await (await life.restored()).close_session()
    assert (step.content, step.kept) == (GOOD[policy], "")


@pytest.mark.parametrize("policy", FORMS)
async def test_what_is_sent_when_a_memory_is_written_and_when_it_is_shown(policy: str) -> None:
    life = await written(policy, *[Completion(block(GOOD[policy]))] * 2, sessions=2)
    life.system = "You are Ada."
    target = await life.restored()
    await life.ask(target)
    requests: list[Request] = life.client.requests  # type: ignore[attr-defined]
    memory, shown = [r for r in requests if r.role == "memory"], requests[-1]
    assert [r.seed for r in memory] == [100, 200]
    system, asked = (m.content for m in memory[1].messages)
    assert system == PROMPTS.render(f"memory_{policy}_system", **({"words": 300} if policy == "summary" else {"lines": 100, "characters": 200}))
    assert asked == (
        f"# What you remember so far\n{fence(GOOD[policy], 'notes')}\n\n# The talk that has just ended\n"
        "Talk of 2026-01-14 (Wednesday, 14 January 2026, nine days later)\n"
        f"They wrote: {TOLD[1][0]}\nYou wrote: I see.\nThey wrote: {TOLD[1][1]}\nYou wrote: I see.\n\n"
    )
    assert "Nothing yet." in memory[0].messages[1].content
    first, *rest = shown.messages
    assert first.role == "system"
    assert first.content == f"You are Ada.\n\n# What you remember of earlier talks with this person\n{GOOD[policy]}\n"
    assert [m.role for m in rest] == ["user"], "what was taken in is not shown word for word as well"


@pytest.mark.parametrize("policy", FORMS)
async def test_of_a_session_that_does_not_fit_the_oldest_messages_are_left_out_and_counted(policy: str) -> None:
    life = Life(policy, client=scripted(lambda r: Completion(block(GOOD[policy]))), tokens=1_000)
    await life.session([f"{i} {'word ' * 100}" for i in range(12)])
    (step,) = life.trial.sessions[0].memory
    asked = life.client.requests[-1].messages  # type: ignore[attr-defined]
    assert sum(len(m.content) for m in asked) <= 4_000
    assert 0 < step.dropped < 24
    assert step.dropped % 2 == 0
    assert f"They wrote: {step.dropped // 2} word" in asked[1].content
    assert f"They wrote: {step.dropped // 2 - 1} word" not in asked[1].content
    life = Life(policy, client=scripted(lambda r: Completion(block(GOOD[policy]))), tokens=300)
    await life.session(["word " * 200])
    assert life.trial.sessions[0].memory[0].kept == "too_long"
    assert life.trial.sessions[0].memory[0].dropped == 2
