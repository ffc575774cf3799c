"""What every memory policy does: it is restored as it was, forks without a trace, recalls the same twice, and shows what it says it shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest

from sim.core.event import MemoryWritten, SessionClosed, SessionOpened, TargetReplied, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.spec import read_memory
from sim.engine.plan import plan_trials
from sim.llm.client import Client, Completion, Request, Scripted
from sim.llm.embedding import OfflineEmbedder
from sim.llm.offline import build_offline
from sim.llm.prompts import load_prompts
from sim.targets.chat import ChatTarget
from sim.targets.memory import build_memory
from sim.targets.target import TargetAnswer
from tests import examples

START = dt.date(2026, 1, 5)
PROMPTS = load_prompts()
POLICIES = ("none", "full", "window:1", "window:2", "summary", "profile", "retrieval:2", "embedded:2")
TOLD = (
    ("My cat is called Biscuit and sleeps on the radio.", "It is raining here in Mill Lane."),
    ("The van for the move comes on Thursday at seven.", "Nothing is packed yet."),
    ("My sister Leila has opened a bakery in Rotterdam.", "I burnt the rice again."),
)
"""Three sessions."""


@dataclass
class Life:
    """A chat target that is talked to, with the record of it."""

    policy: str
    client: Client = field(default_factory=lambda: build_offline("offline/uses"))
    tokens: int | None = None
    system: str | None = None

    def __post_init__(self) -> None:
        scenario = examples.scenario(sessions=[examples.scenario().sessions[0].model_dump(exclude_unset=True)] * 60)
        self.plan = plan_trials(examples.study(), (examples.persona(),), (scenario,))[0]
        self.trial = self.plan.blank()
        self.target = self.build()
        self.dates = [START + dt.timedelta(days=9 * i) for i in range(60)]

    def build(self) -> ChatTarget:
        embedded = self.policy.startswith("embedded")
        policy = read_memory(self.policy.replace("embedded", "retrieval"))
        memory = build_memory(policy, PROMPTS, self.client, tokens=self.tokens, embedder=OfflineEmbedder() if embedded else None)
        return ChatTarget(self.client, PROMPTS, memory=memory, system=self.system, seed=lambda s, e: 100 * s + e, tokens=self.tokens)

    async def session(self, messages: Iterable[str], *, close: bool = True) -> list[TargetAnswer]:
        index = len(self.trial.sessions) + 1
        where = {"trial": self.trial.id, "session": index, "take": 1}
        await self.target.open(self.dates[index - 1])
        self._keep(SessionOpened(**where, date=self.dates[index - 1]))  # type: ignore[arg-type]
        answers = []
        for e, message in enumerate(messages, 1):
            answers.append(await self.target.reply(message, f"{index}.{e}"))
            self._keep(UserSpoke(**where, exchange=e, said=Utterance(message=message)))  # type: ignore[arg-type]
            self._keep(TargetReplied(**where, exchange=e, reply=answers[-1].text))  # type: ignore[arg-type]
        if close:
            for step in await self.target.close_session():
                self._keep(MemoryWritten(**where, part=step.name, content=step.content, kept=step.kept, dropped=step.dropped))  # type: ignore[arg-type]
            self._keep(SessionClosed(**where, ending="maximum"))  # type: ignore[arg-type]
        return answers

    async def restored(self) -> ChatTarget:
        target = self.build()
        assert await target.restore(self.trial) == "all"
        return target

    async def ask(self, target: ChatTarget, message: str = "What do you know of my cat Biscuit, the van and Leila?") -> TargetAnswer:
        """In a new session, on a fork."""
        fork = await target.fork()
        await fork.open(self.dates[len(self.trial.sessions)])
        return await fork.reply(message, "probe")

    def _keep(self, event: object) -> None:
        self.trial = fold(self.trial, (event,))  # type: ignore[arg-type]


async def lived(policy: str, *, sessions: int = 3, model: str = "offline/uses") -> Life:
    life = Life(policy, client=build_offline(model))
    for told in TOLD[:sessions]:
        await life.session(told)
    return life


@pytest.mark.parametrize("policy", POLICIES)
async def test_restored_from_the_record_it_is_what_it_was_undisturbed(policy: str) -> None:
    for sessions in (1, 2, 3):
        life = await lived(policy, sessions=sessions)
        again = await life.restored()
        assert again.remembers() == life.target.remembers()
        assert await life.ask(again) == await life.ask(life.target)
    before, after = await life.target.close_session(), await again.close_session()
    assert before == after == (), "the session has been taken in"


@pytest.mark.parametrize("policy", POLICIES)
async def test_restored_in_the_middle_of_a_session_it_goes_on_the_same_and_writes_the_same(policy: str) -> None:
    life = await lived(policy, sessions=2)
    await life.session(TOLD[2][:1], close=False)
    again = await life.restored()
    for target in (again, life.target):
        await target.reply(TOLD[2][1], "3.2")
    assert await again.close_session() == await life.target.close_session()
    assert again.remembers() == life.target.remembers()


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_fork_that_talks_and_remembers_leaves_no_trace(policy: str) -> None:
    life = await lived(policy)
    known, said = life.target.remembers(), await life.ask(life.target)
    fork = await life.target.fork()
    await fork.open(life.dates[5])
    await fork.reply("My parrot Waffle has learnt to swear, and the van is off.", "f1")
    await fork.close_session()
    assert life.target.remembers() == known
    assert await life.ask(life.target) == said
    undisturbed = await lived(policy)
    assert [a.text for a in await life.session(TOLD[0])] == [a.text for a in await undisturbed.session(TOLD[0])]
    assert life.trial == undisturbed.trial


@pytest.mark.parametrize("policy", POLICIES)
async def test_the_same_is_recalled_for_the_same_message(policy: str) -> None:
    life = await lived(policy)
    assert await life.ask(life.target) == await life.ask(life.target) == await (await lived(policy)).ask(life.target)


@pytest.mark.parametrize(
    ("policy", "held", "recalled"),
    [
        ("none", (False, False, False), (False, False, False)),
        ("full", (True, True, True), (True, True, True)),
        ("window:1", (False, False, True), (False, False, True)),
        ("window:2", (False, True, True), (False, True, True)),
        ("summary", (True, True, True), (True, True, True)),
        ("profile", (True, True, True), (True, True, True)),
        ("retrieval:2", (True, True, True), (True, True, False)),
        ("embedded:2", (True, True, True), (True, True, False)),
    ],
)
async def test_what_it_holds_and_what_it_recalled_are_told_exactly(policy: str, held: tuple[bool, ...], recalled: tuple[bool, ...]) -> None:
    life = await lived(policy, model="offline/ignores")
    requests: list[Request] = []
    inner = life.client

    async def complete(request: Request) -> Completion:
        requests.append(request)
        return await inner.complete(request)

    asked = Scripted(lambda r: Completion(""))
    asked.complete = complete  # type: ignore[method-assign]
    life.client = asked
    answer = await life.ask(await life.restored(), "How is Biscuit, my cat, and when does the van come on Thursday?")
    answers = ("Biscuit", "Thursday at seven", "Leila")
    assert tuple(any(a in text for text in life.target.remembers()) for a in answers) == held
    assert answer.recalled is not None
    assert tuple(any(a in text for text in answer.recalled) for a in answers) == recalled
    *context, _ = requests[-1].messages
    sent = "\n".join(m.content for m in context)
    assert tuple(a in sent for a in answers) == recalled
    assert [m.role for m in context].count("system") <= 1


async def test_nothing_is_recalled_before_there_is_anything() -> None:
    for policy in POLICIES:
        life = Life(policy)
        (answer,) = await life.session(["Hello."], close=False)
        assert answer.recalled == ()
        assert [c.role for c in answer.calls] == ["target"]


async def test_a_session_without_a_word_writes_nothing_and_counts_for_no_window() -> None:
    for policy in POLICIES:
        life = await lived(policy, sessions=1)
        known = life.target.remembers()
        await life.session([])
        assert life.trial.sessions[-1].memory == ()
        assert life.target.remembers() == known
        assert (await life.restored()).remembers() == known


@pytest.mark.parametrize("policy", POLICIES)
async def test_talks_before_the_study_are_known_in_the_first_session_and_taken_in_after_it(policy: str) -> None:
    life = Life(policy)
    past = [{"role": "user", "text": "My uncle Bruno keeps bees near Graz."}, {"role": "assistant", "text": "Bees!"}]
    cast = plan_trials(examples.study(), (examples.persona(),), (examples.scenario(history=[{"days_before": 20, "messages": past}]),))[0].cast
    life.trial = Trial(id=life.trial.id, target="t", seed=1, cast=cast)
    assert await life.target.restore(life.trial) == "all"
    (answer,) = await life.session(["Do you remember Bruno, my uncle near Graz?"])
    assert any("Bruno keeps bees" in text for text in answer.recalled or ()) == (policy != "none")
    assert any("My uncle Bruno keeps bees" in text for text in life.target.remembers()) == (policy not in ("none", "window:1"))
    again = await life.restored()
    assert again.remembers() == life.target.remembers()


@pytest.mark.parametrize("gap", [0, 3 * 365])
@pytest.mark.parametrize("policy", POLICIES)
async def test_a_gap_of_nothing_and_of_three_years_are_nothing_special(policy: str, gap: int) -> None:
    life = Life(policy)
    life.dates = [START + dt.timedelta(days=gap * i) for i in range(6)]
    for told in TOLD:
        await life.session(told)
    assert (await life.restored()).remembers() == life.target.remembers()
    assert await life.ask(life.target) == await life.ask(await life.restored())


@pytest.mark.parametrize("policy", POLICIES)
async def test_fifty_sessions_stay_within_bounds_where_they_should(policy: str) -> None:
    life, sizes = Life(policy), []
    for i in range(50):
        answers = await life.session([f"The {i}th house on Harbour Street has {i + 3} windows.", f"My cousin number {i} is called Bruno{i}."])
        sizes.append(answers[-1].calls[-1].usage.input)  # type: ignore[union-attr]
    assert sizes[-1] > 0
    if policy == "full":
        assert sizes[-1] > 20 * sizes[0]
    elif policy not in ("summary", "profile"):
        assert max(sizes[3:]) < 8 * sizes[0]
    assert max(sizes) < (30_000 if policy == "full" else 2_500)
    assert (await life.restored()).remembers() == life.target.remembers()


async def test_two_hundred_facts_are_held_up_to_what_a_memory_may_hold() -> None:
    told = [f"My cousin number {i} lives in house {i} on Harbour Street." for i in range(200)]
    for policy in ("full", "profile", "retrieval:2"):
        life = Life(policy, client=build_offline("offline/ignores"))
        for start in range(0, 200, 20):
            await life.session(told[start : start + 20])
        held = "\n".join(life.target.remembers())
        known = sum(text in held for text in told)
        assert known == (100 if policy == "profile" else 200)
        assert told[-1] in held, "what is newest stays"


def scripted(answer: Callable[[Request], Completion | Exception]) -> Scripted:
    return Scripted(lambda r: answer(r) if r.role == "memory" else Completion("I see."))
