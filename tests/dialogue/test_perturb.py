"""A disturbed user: what is said is what was disturbed, what was meant is kept, and no fact is lost on the way."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from sim.core.cast import Cast, build_cast
from sim.core.event import SessionOpened, TargetReplied, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.forget import forget_text
from sim.core.perturbation import ON_BEHAVIOUR, ON_TEXT, BehaviourPerturbation, TextPerturbation
from sim.core.record import Trial
from sim.core.spec import Persona, Scenario
from sim.core.view import rater_view, user_view
from sim.dialogue.graph import run_graph
from sim.dialogue.perturb import PerturbedUser
from sim.dialogue.perturb_text import perturb_text
from sim.dialogue.users import ModelUser
from sim.llm.client import Completion, Request
from sim.llm.offline import build_offline
from sim.llm.prompts import load_prompts
from sim.score.validity.talks import check_trial
from tests.dialogue.stage import Stage, says
from tests.samples import load

MESSAGE = "Hello, it's me again. I have been to the Garden Centre with my sister, and we bought three tomato plants. What should I do with them?"
SEEDS = range(40)


@pytest.mark.parametrize("kind", ON_TEXT)
def test_text_is_a_pure_function_of_message_strength_and_seed(kind: TextPerturbation) -> None:
    assert [perturb_text(kind, MESSAGE, 0.5, s) for s in SEEDS] == [perturb_text(kind, MESSAGE, 0.5, s) for s in SEEDS]
    assert {perturb_text(kind, MESSAGE, 0, s) for s in SEEDS} == {MESSAGE}
    changed = [sum(perturb_text(kind, MESSAGE, strength, s) != MESSAGE for s in SEEDS) for strength in (0.1, 0.5, 1)]
    assert changed == sorted(changed)
    assert changed[-1] == len(SEEDS), "at full strength every message shows it"


def test_what_a_weak_strength_mistypes_a_strong_one_mistypes_alike() -> None:
    for seed in SEEDS:
        plain, weak, strong = (perturb_text("typos", MESSAGE, s, seed).split() for s in (0, 0.3, 1))
        assert all(b == c for a, b, c in zip(plain, weak, strong, strict=True) if a != b)


def test_each_text_perturbation_does_what_it_is_called() -> None:
    assert perturb_text("lower_case", MESSAGE, 1, 1) == MESSAGE.lower()
    assert (
        perturb_text("fragments", MESSAGE, 1, 1)
        == "hello, me again\ngarden Centre with my sister, we bought three tomato plants\nwhat should do with them?"
    )
    assert len(perturb_text("silence", MESSAGE, 1, 1).split()) <= 2
    longer = perturb_text("verbosity", MESSAGE, 1, 1)
    assert MESSAGE in longer
    assert len(longer.split()) > 100
    mistyped = sum(a != b for a, b in zip(MESSAGE.split(), perturb_text("typos", MESSAGE, 1, 1).split(), strict=True))
    assert 3 <= mistyped <= 12


def test_words_of_facts_are_never_mistyped() -> None:
    for seed in SEEDS:
        assert "Garden Centre" in perturb_text("typos", MESSAGE, 1, seed, keep=("Garden Centre",))


async def play(stage: Stage, **stress: float) -> Trial:
    plan = stage.plan()
    trial = fold(plan.blank(), stage.sink.events(plan.id))
    context = stage.context(trial)
    await context.target.restore(trial)
    return await run_graph(trial, replace(context, user=PerturbedUser(context.user, stress)))  # type: ignore[arg-type]


def told(trial: Trial) -> list[tuple[str, ...]]:
    return [tuple(d.fact for d in e.disclosed) for e in trial.exchanges]


def plain_user(stage: Stage) -> Stage:
    stage.user = lambda request: says(
        f"Well, Something New Happened Today, Number {request.inputs.exchange}: "  # type: ignore[attr-defined]
        + " ".join(t.value.text for t in request.inputs.due)  # type: ignore[attr-defined]
    )
    return stage


@pytest.mark.parametrize("kind", ON_TEXT)
async def test_what_is_said_is_disturbed_what_was_written_is_kept_and_no_fact_is_lost(kind: TextPerturbation) -> None:
    calm, disturbed = await play(plain_user(Stage())), await play(plain_user(Stage()), **{kind: 1.0})
    assert told(disturbed) == told(calm)
    pairs = list(zip(calm.exchanges, disturbed.exchanges, strict=True))
    changed = [d for c, d in pairs if d.user.message != c.user.message]
    assert changed
    for c, d in pairs:
        assert d.written == c.user.message
        assert (d.disturbance is not None) == (d.user.message != c.user.message)
        assert d.disturbance is None or d.disturbance.by == (kind,)


async def test_strength_zero_is_the_same_event_to_the_byte() -> None:
    calm, disturbed = plain_user(Stage()), plain_user(Stage())
    await play(calm)
    trial = await play(disturbed, typos=0.0, hostility=0.0)
    a, b = ([e.model_dump_json() for e in stage.sink.events(trial.id)] for stage in (calm, disturbed))
    assert a == b


async def test_the_user_has_in_mind_what_it_wrote_and_the_rater_sees_what_was_said() -> None:
    trial = await play(plain_user(Stage()), lower_case=1.0)
    last = trial.sessions[0]
    seen = user_view(fold_up_to(trial), study_seed=0, history_tokens=8000).talk[0].user
    rated = rater_view(trial, 1, 1, study_seed=0, history_tokens=8000).talk[0].user
    assert seen == last.exchanges[0].written
    assert rated == last.exchanges[0].user.message == seen.lower()


def fold_up_to(trial: Trial) -> Trial:
    """The first session with its last exchange not yet held."""
    first = trial.sessions[0]
    return replace(trial, sessions=(replace(first, exchanges=first.exchanges[:-1]),))


async def test_a_model_is_asked_for_behaviour_only_where_it_is_due() -> None:
    asked: list[str] = []
    stage = Stage()

    def user(request: Request) -> Completion:
        asked.append(request.messages[-1].content)
        return says(f"Something, {request.inputs.exchange}. " + " ".join(t.value.text for t in request.inputs.due))

    stage.user = user
    trial = await play(stage, hostility=1.0, insistence=1.0)
    assert all("You are angry with the chatbot" in prompt for prompt in asked)
    opened = [e for s in trial.sessions for e in s.exchanges if e.index == 1 and not e.scripted]
    assert all(e.disturbance is not None and e.disturbance.by == ("hostility",) for e in opened), "nobody insists in a first message"
    calm = Stage()
    plain: list[str] = []
    calm.user = lambda request: plain.append(request.messages[-1].content) or says(f"Something, {request.inputs.exchange}.")  # type: ignore[func-returns-value, attr-defined]
    await play(calm)
    assert all("How you write this message" not in prompt for prompt in plain)


@pytest.mark.parametrize("kind", ON_BEHAVIOUR)
async def test_the_offline_user_shows_what_it_is_asked_for_and_tells_the_same(kind: BehaviourPerturbation) -> None:
    cast = build_cast(load(Persona, "davi"), load(Scenario, "new-job"), start_date=dt.date(2026, 1, 5))  # type: ignore[arg-type]
    user = ModelUser(build_offline("offline/user"), load_prompts())
    trial = _opened(cast)
    for _ in range(3):
        view = user_view(trial, study_seed=0, history_tokens=8000)
        calm = await user.speak(view)
        shown = await PerturbedUser(user, {kind: 1.0}).speak(view)
        assert isinstance(calm.what, Utterance)
        assert isinstance(shown.what, Utterance)
        due = [t.value for t in view.due]
        assert all(any(a in shown.what.message for a in v.answers) for v in due)
        if shown.disturbance:
            assert shown.what.message != calm.what.message
            assert shown.disturbance.by == (kind,)
        else:
            assert not view.talk, "only the first message may go without"
            assert shown.what.message == calm.what.message
        trial = _answered(trial, calm.what)


def _opened(cast: Cast) -> Trial:
    return fold(Trial("t", "x", 1, cast), [SessionOpened(trial="t", session=1, take=1, date=cast.sessions[0].date)])


def _answered(trial: Trial, said: Utterance) -> Trial:
    place = {"trial": "t", "session": 1, "take": 1, "exchange": len(trial.sessions[0].exchanges) + 1}
    return fold(trial, [UserSpoke(**place, said=said), TargetReplied(**place, reply="I see. Tell me more about that.")])  # type: ignore[arg-type]


async def test_flags_do_not_count_what_a_perturbation_did() -> None:
    spanish = "La verdad es que no sé muy bien cómo decirlo, pero hoy ha sido un día muy largo y estoy cansada de todo esto."
    flags = {}
    for stress in ({}, {"other_language": 1.0}):
        stage = Stage()
        stage.user = lambda request: says(f"{spanish} {request.inputs.exchange}")  # type: ignore[attr-defined]
        trial = await play(stage, **stress)
        flags[bool(stress)] = {f.kind for e in trial.exchanges for f in e.flags}, {f.kind for c in check_trial(trial) for f in c.flags}
    assert all("wrong_language" in kinds for kinds in flags[False])
    assert not any("wrong_language" in kinds for kinds in flags[True])


async def test_what_was_written_is_forgotten_with_the_rest() -> None:
    stage = plain_user(Stage())
    trial = await play(stage, lower_case=1.0)
    texts = "".join(forget_text(e).model_dump_json() for e in stage.sink.events(trial.id))
    assert "Something" not in texts
    assert '"by":["lower_case"]' in texts
