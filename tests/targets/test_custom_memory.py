"""A memory policy of a study's own is found, held to the rules, paid for under its own role, and can stop nothing but its trial."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sim.core.errors import CallFailed, InputError
from sim.core.spec import MemorySpec, read_memory
from sim.llm.client import Completion, Scripted
from sim.llm.embedding import OfflineEmbedder
from sim.llm.prompts import load_prompts
from sim.targets.memory import MemoryStep, Message, Policy, Recalled, build_memory, load_policy
from sim.targets.memory.conformance import PolicyConformance, heard
from sim.targets.memory.custom import CustomMemory
from tests.targets.chatbots import EXAMPLES

GUIDE = Path(__file__).parents[2] / "sim" / "guide" / "memory.md"
NAMES, STORE = f"{EXAMPLES}/names.py:Names:20", f"{EXAMPLES}/store.py:StoreMemory:3"


class TestNames(PolicyConformance):
    policy, size = load_policy(read_memory(NAMES)), 20


class TestStoreMemory(PolicyConformance):
    policy, size = load_policy(read_memory(STORE)), 3


@pytest.mark.parametrize("name", ["names.py", "store.py"])
def test_the_guide_shows_the_examples_that_are_tested_here(name: str) -> None:
    assert f"```python\n{(EXAMPLES / name).read_text()}```" in GUIDE.read_text()


# --- what it does that no policy may do ---------------------------------------------------------------------------


class Plain(Policy):
    async def recall(self, earlier: Any, message: str) -> Any:
        return Recalled("nothing in particular" if earlier else "")


class Raises(Plain):
    async def recall(self, earlier: Any, message: str) -> Any:
        raise KeyError("sk-verysecret1234")


class Quits(Plain):
    def recall(self, earlier: Any, message: str) -> Any:  # type: ignore[override]
        raise SystemExit(3)


class Unmade(Plain):
    def __init__(self, tools: Any) -> None:
        raise RuntimeError("no database")


class Hangs(Plain):
    async def recall(self, earlier: Any, message: str) -> Any:
        await asyncio.sleep(3600)


class SaysText(Plain):
    async def recall(self, earlier: Any, message: str) -> Any:
        return "I remember you"


class SaysNumbers(Plain):
    async def recall(self, earlier: Any, message: str) -> Any:
        return Recalled("They are 3.", (3,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Raises, "memory x.recall raised KeyError: '[key]'"),
        (Quits, "memory x.recall raised SystemExit: 3"),
        (Unmade, "memory x: __init__ raised RuntimeError: no database"),
        (Hangs, "memory x.recall did not answer within 0.2 s"),
        (SaysText, "memory x: recall returned str, not Recalled with a text in shown"),
        (SaysNumbers, "memory x: recall must return texts in Recalled.texts"),
    ],
)
async def test_what_recall_does_wrong_is_a_lost_call(kind: type[Policy], said: str) -> None:
    with pytest.raises(CallFailed) as failed:
        await memory(kind, seconds=0.2).recall((heard(0),), "Hello.")
    assert failed.value.cause == "infrastructure"
    assert failed.value.told.startswith(said)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("text", "consolidate returned str, not a tuple of MemoryStep"),
        (None, "consolidate returned NoneType, not a tuple of MemoryStep"),
        ((MemoryStep("", "a"),), "consolidate must give each step a name of its own"),
        ((MemoryStep("a", "1"), MemoryStep("a", "2")), "consolidate must give each step a name of its own"),
        ((MemoryStep("unchanged", "1"),), "other than unchanged"),
        ((MemoryStep("a", {"b": 1}),), "a step's content is text"),  # type: ignore[arg-type]
        ((MemoryStep("a", "1", kept="nonsense"),), "kept is one of the words"),  # type: ignore[arg-type]
    ],
)
async def test_steps_that_the_journal_could_not_hold_are_a_lost_call(steps: Any, said: str) -> None:
    class Writes(Plain):
        async def consolidate(self, talks: Any, *, seed: int) -> Any:
            return steps

    with pytest.raises(CallFailed, match=r"^memory x: ") as failed:
        await memory(Writes).consolidate((heard(0),), seed=1)
    assert said in failed.value.told


async def test_what_holds_and_restore_do_wrong_is_a_lost_call() -> None:
    class Holds(Plain):
        def holds(self, talks: Any) -> Any:
            return "one text"

    class Steps(Plain):
        async def consolidate(self, talks: Any, *, seed: int) -> Any:
            return (MemoryStep("a", "1"),)

    with pytest.raises(CallFailed, match="holds must return texts, or None"):
        memory(Holds).holds(())
    written = memory(Steps)
    await written.consolidate((heard(0),), seed=1)
    with pytest.raises(CallFailed, match="returned the step 'a' and has no restore of its own"):
        await _copied(written).recall((heard(0),), "Hello.")


# --- what its calls cost ------------------------------------------------------------------------------------------


class Asks(Plain):
    """Asks when a session ends, and for each message."""

    calls_per_session = calls_per_message = 1
    diary = ""

    async def consolidate(self, talks: Any, *, seed: int) -> Any:
        answer = await self.tools.writer.ask(Message("system", "You keep a diary."), Message("user", "What was said?"), seed=seed)
        self.diary += answer.text
        return (MemoryStep("diary", self.diary),)

    async def recall(self, earlier: Any, message: str) -> Any:
        answer = await self.tools.writer.ask(Message("user", f"What of the diary bears on this? {message}"), seed=1)
        return Recalled(answer.text)

    def restore(self, step: Any, talks: int) -> None:
        self.diary = step.content


async def test_its_calls_are_those_of_the_role_memory_and_go_with_what_they_were_made_for() -> None:
    model = Scripted(lambda request: Completion("They have a cat.", latency=0.5))
    asks = memory(Asks, model=model)
    (step,) = await asks.consolidate((heard(0),), seed=7)
    copied = _copied(asks)
    one, other = await asyncio.gather(asks.recall((heard(0),), "And now?"), copied.recall((heard(0),), "And then?"))
    assert [c.role for c in (*step.calls, *one.calls, *other.calls)] == ["memory"] * 3
    assert [t.latency for t in (*step.timings, *one.timings, *other.timings)] == [0.5] * 3
    assert [len(found.calls) for found in (step, one, other)] == [1, 1, 1], "a copy's calls are told apart from those of the original"
    assert (model.requests[0].seed, model.requests[0].messages[0]) == (7, Message("system", "You keep a diary."))


async def test_calls_before_a_failure_are_not_lost() -> None:
    class Breaks(Asks):
        async def recall(self, earlier: Any, message: str) -> Any:
            await super().recall(earlier, message)
            raise ValueError("not today")

    with pytest.raises(CallFailed, match="raised ValueError") as failed:
        await memory(Breaks).recall((heard(0),), "Hello.")
    assert failed.value.quote == "not today"
    assert len(failed.value.calls) == 1


@pytest.mark.parametrize("cause", ["budget", "interrupted", "infrastructure"])
async def test_a_call_that_was_not_answered_stops_the_trial_with_its_own_cause(cause: Any) -> None:
    asks = memory(Asks, model=Scripted(lambda request: CallFailed(cause, "no more")))
    with pytest.raises(CallFailed) as failed:
        await asks.consolidate((heard(0),), seed=1)
    assert (failed.value.cause, failed.value.message) == (cause, "no more")


@pytest.mark.parametrize("cause", ["refused", "too_long"])
async def test_a_model_that_refuses_to_write_leaves_the_memory_as_it_was_on_record(cause: Any) -> None:
    answers = iter([Completion("Day one."), CallFailed(cause, "I will not"), Completion(" Day three.")])
    asks = memory(Asks, model=Scripted(lambda request: next(answers)))
    written = [await asks.consolidate(tuple(map(heard, range(n))), seed=1) for n in (1, 2, 3)]
    assert [(s.name, s.content, s.kept) for (s,) in written] == [
        ("diary", "Day one.", ""),
        ("unchanged", "", cause),
        ("diary", "Day one. Day three.", ""),
    ]


async def test_a_prompt_beyond_the_context_is_refused_before_it_is_sent() -> None:
    model = Scripted(lambda request: Completion("fine"))
    asks = memory(Asks, model=model, tokens=10)
    (step,) = await asks.consolidate((heard(0),), seed=1)
    assert (step.name, step.kept, step.calls) == ("diary", "", step.calls)
    with pytest.raises(CallFailed, match=r"memory asked with \d+ tokens; context_tokens is 10") as failed:
        await asks.recall((heard(0),), "Hello." * 20)
    assert failed.value.cause == "too_long"
    assert len(model.requests) == 1


async def test_waiting_for_a_model_does_not_count_as_its_own_time() -> None:
    class Slow(Scripted):
        async def complete(self, request: Any) -> Completion:
            await asyncio.sleep(0.6)
            return Completion("They have a cat.")

    found = await memory(Asks, model=Slow(lambda r: Completion("")), seconds=0.5).recall((heard(0),), "Hello.")
    assert found.shown == "They have a cat."


async def test_its_embedder_is_counted_once() -> None:
    class Embeds(Plain):
        async def recall(self, earlier: Any, message: str) -> Any:
            made = await self.tools.embedder.embed([message])  # type: ignore[union-attr]
            return Recalled("", calls=(made.call,), timings=(made.timing,)) if message == "by hand" else Recalled("")

    for message in ("by hand", "by the account"):
        assert len((await memory(Embeds).recall((heard(0),), message)).calls) == 1


# --- finding it ---------------------------------------------------------------------------------------------------

OWN = """\
from sim.targets.memory import Policy, Recalled

class Plain(Policy):
    async def recall(self, earlier, message):
        return Recalled()

class Sized(Plain):
    counts = "things"

class Silent(Policy):
    pass

class Duck:
    def __init__(self, tools): ...
    def recall(self, earlier, message): return Recalled("quack" if earlier else "")
    def consolidate(self, talks, *, seed): return ()
    def restore(self, step, talks): ...
    def holds(self, talks): return None

class Wrong(Plain):
    shows = "many"

class Forgets(Plain):
    async def consolidate(self, talks, *, seed): return ()

def function(): ...
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("own.py:function", "is not a class; name a class derived from sim.targets.memory.Policy"),
        ("own.py:Silent", "has no method recall; say in it what is shown"),
        ("own.py:Sized", "must say how many things; write for example own.py:Sized:5"),
        ("own.py:Plain:3", "takes no number; write memory: own.py:Plain"),
        ("own.py:Wrong", "has shows = 'many'; see shows in sim.targets.memory.Policy"),
        (
            "own.py:Forgets",
            "writes in consolidate, and has no method restore, so that what it wrote would be lost at an interruption; say in restore",
        ),
        ("own.py:Nobody", "there is no 'Nobody'"),
        ("absent:Nobody", "there is no module 'absent'"),
        ("asyncio:Lock", "asyncio:Lock has no method recall; derive the class from sim.targets.memory.Policy"),
    ],
)
def test_what_is_no_policy_is_refused_in_one_line(name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as refused:
        load_policy(read_memory(name), of="target 'bot'")
    assert str(refused.value).startswith("target 'bot': ")
    assert said in str(refused.value)


async def test_a_class_that_only_has_the_methods_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    found = build_memory(read_memory("own.py:Duck"), load_prompts(), Scripted(lambda r: Completion("")))
    assert (await found.recall((heard(0),), "Hello.")).shown == "quack"


def test_an_installed_package_may_bring_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    from sim.core.spec import memory as names

    point = EntryPoint("names", "tests.targets.test_custom_memory:Plain", names.GROUP)
    broken = EntryPoint("broken", "tests.targets.absent:Plain", names.GROUP)
    for module in ("sim.core.spec.memory", "sim.targets.memory"):
        monkeypatch.setattr(f"{module}.installed", lambda: {"names": point, "broken": broken})
    assert load_policy(read_memory("names")) is Plain
    with pytest.raises(InputError, match=r"importing tests\.targets\.absent:Plain raised ModuleNotFoundError"):
        load_policy(read_memory("broken"))
    with pytest.raises(InputError, match=r"no installed package brings the memory policy 'nams'; did you mean 'names'\?"):
        load_policy(MemorySpec("nams"))


def memory(kind: type[Policy], *, model: Scripted | None = None, seconds: float = 30, tokens: int | None = None) -> CustomMemory:
    """A custom memory, as a study's target has it."""
    client = model or Scripted(lambda request: Completion("They have a cat."))
    held = build_memory(MemorySpec("none"), load_prompts(), client, tokens=tokens)
    assert isinstance(held, Policy)
    from dataclasses import replace

    return CustomMemory(kind, replace(held.tools, tokens=tokens, embedder=OfflineEmbedder()), "memory x", seconds)


def _copied(held: CustomMemory) -> CustomMemory:
    from copy import copy

    return copy(held)
