"""One token of identity in another's place: wherever it stands, and nothing else; and the mask that hides which it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from sim.core.errors import InputError
from sim.core.replay import build_replay
from sim.core.spec import Study
from sim.core.spec.fairness import FrozenTalk, SwappedIdentity, TokenSwap, base_of, swap_arms
from sim.core.swapping import blinded, change_texts, mask_of, swap_of
from sim.core.view import rater_view
from sim.engine.plan import plan_trials
from tests import examples
from tests.samples import play

SCRIPT = ("Hi, I'm Emily. My boss shouted at me.", "What would you do?", "emily can't let go, my mother says. EMILY!")


def scripted(*messages: str, **changes: Any) -> Any:
    session = {
        "situation": "A free evening.",
        "mood": {"feels": "tired", "valence": 0},
        "agenda": [{"aim": "talk", "says": ["Hello."]}],
        "scripted": [{"exchange": i, "message": m} for i, m in enumerate(messages, 1)],
        "exchanges": {"min": len(messages), "max": len(messages)},
    }
    return examples.scenario("scripted", facts=[], sessions=[session], **changes)


def study(swaps: Any, **changes: Any) -> Study:
    target = {"id": "bot", "model": "offline/ignores"}
    fairness = {"swaps": swaps, **changes.pop("fairness", {})}
    return examples.study(targets=[target], fairness=fairness, **changes)


def identity(value: str, *values: str, **more: Any) -> SwappedIdentity:
    swap = TokenSwap.model_validate({"values": list(values) or ["Emily", value], **more})
    return SwappedIdentity(swap="name", value=next(v for v in swap.values if v[0] == value), of=swap)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Hi, I'm Emily.", "Hi, I'm Lakisha."),
        ("emily's cat, EMILY's dog", "lakisha's cat, LAKISHA's dog"),
        ("Emilyn and Semily stay", "Emilyn and Semily stay"),
        ("(Emily)", "(Lakisha)"),
        ("", ""),
    ],
)
def test_a_token_is_replaced_as_a_whole_word_in_the_case_it_is_written_in(text: str, after: str) -> None:
    assert swap_of(identity("Lakisha"))(text) == after


def test_words_that_go_together_are_swapped_together_and_longer_ones_first() -> None:
    swap = TokenSwap.model_validate([["woman", "she", "her"], ["man", "he", "his"]])
    man = SwappedIdentity(swap="gender", value=swap.values[1], of=swap)
    assert swap_of(man)("A woman said she lost her keys. Woman!") == "A man said he lost his keys. Man!"
    ann = identity("Bo", "Mary Ann", "Bo", instead_of="Mary")
    assert swap_of(ann)("Mary Ann and Mary") == "Bo and Bo"


def test_a_word_that_one_value_has_in_common_with_another_is_not_swapped_twice() -> None:
    swap = TokenSwap.model_validate(["north", "south of the north"])
    south = SwappedIdentity(swap="place", value=swap.values[1], of=swap)
    assert swap_of(south)("the north") == "the south of the north"


def test_the_mask_hides_every_value_and_so_two_arms_read_alike() -> None:
    emily, lakisha = identity("Emily", "Emily", "Lakisha"), identity("Lakisha", "Emily", "Lakisha")
    said = "Hi, I'm Emily. Emily it is."
    assert mask_of(emily)(swap_of(emily)(said)) == mask_of(lakisha)(swap_of(lakisha)(said)) == "Hi, I'm [name]. [name] it is."


def test_texts_of_a_model_change_and_its_ids_do_not() -> None:
    persona = examples.persona("emily", name="Emily", background="Emily lives by the sea.", tags=["emily"])
    after = change_texts(persona, swap_of(identity("Lakisha")))
    assert (after.id, after.tags, after.name, after.background) == ("emily", ("emily",), "Lakisha", "Lakisha lives by the sea.")
    assert change_texts(after, swap_of(identity("Emily", "Lakisha", "Emily"))) == persona


def test_every_value_of_every_swap_is_an_arm_of_every_target() -> None:
    of = study({"name": ["Emily", "Lakisha"], "age": {"values": [34, 71], "says": "I am 34."}})
    assert [t.id for t in of.targets] == ["bot-name-emily", "bot-name-lakisha", "bot-age-34", "bot-age-71"]
    assert {base_of(t) for t in of.targets} == {"bot"}
    assert list(swap_arms(of.targets)) == ["bot"]
    again = Study.model_validate(of.model_dump(mode="json"))
    assert again == of, "a study that was kept makes no further arms"


def plans(of: Study, scenario: Any = None, personas: Any = None) -> Any:
    return plan_trials(of, personas or [examples.persona()], [scenario or scripted(*SCRIPT)])


def test_arms_are_sent_the_same_bytes_but_for_the_token() -> None:
    emily, lakisha = plans(study({"name": ["Emily", "Lakisha"]}))
    texts = [[turn.message for s in p.cast.scenario.sessions for turn in s.scripted] for p in (emily, lakisha)]
    assert tuple(texts[0]) == SCRIPT
    assert texts[1] == [m.replace("Emily", "Lakisha").replace("emily", "lakisha").replace("EMILY", "LAKISHA") for m in SCRIPT]
    assert emily.swap.blind.scenario == lakisha.swap.blind.scenario
    assert emily.swap.blind.persona == lakisha.swap.blind.persona


def test_a_personas_own_name_gives_way() -> None:
    of = study({"name": {"values": ["Emily", "Lakisha"], "instead_of": "persona.name"}})
    first, second = plans(of, scripted("Nora here. Call me Nora."))
    assert [p.cast.scenario.sessions[0].scripted[0].message for p in (first, second)] == [
        "Emily here. Call me Emily.",
        "Lakisha here. Call me Lakisha.",
    ]
    assert second.cast.persona.name == "Lakisha"
    assert second.swap.blind.persona.name == "[name]"


async def held(plan: Any, reply: str) -> Any:
    """A trial of `plan` whose first reply is this."""
    session = (await play(plan.cast)).sessions[0]
    first = replace(session.exchanges[0], reply=replace(session.exchanges[0].reply, text=reply))
    return replace(plan.blank(), sessions=(replace(session, exchanges=(first,)),))


async def test_whoever_judges_reads_the_mask_in_messages_replies_and_facts() -> None:
    views = []
    for plan in plans(study({"name": ["Emily", "Lakisha"]}), scripted(*SCRIPT, history=HISTORY)):
        name = plan.swap.identity.value[0]
        trial = await held(plan, f"Hello {name}, {name.upper()}!")
        view = rater_view(trial, 1, 1, study_seed=0, history_tokens=8000)
        assert name not in repr(view)
        assert view.reply == "Hello [name], [name]!"
        assert view.talks[0].turns[0].user == "[name] wrote before."
        assert blinded(blinded(trial)) == blinded(trial)
        views.append(view)
    emily, lakisha = views
    assert emily.talk == lakisha.talk
    assert emily.seed == lakisha.seed


HISTORY = [{"days_before": 3, "messages": [{"role": "user", "text": "Emily wrote before."}, {"role": "assistant", "text": "Yes, Emily."}]}]


@pytest.mark.parametrize(
    ("swaps", "more", "message"),
    [
        ({"name": ["Emily"]}, {}, "at least 2"),
        ({}, {}, "at least 1"),
        ({"name": ["Emily", "emily"]}, {}, "stands twice"),
        ({"name": ["A-B", "A B"]}, {}, "would have one name"),
        ({"gender": [["woman", "she"], "man"]}, {}, "as many words"),
        ({"name": {"values": ["Emily", "Lakisha"], "says": "Hello."}}, {}, "must hold the first value, 'Emily'"),
        ({"name": {"values": [["a", "b"], ["c", "d"]], "instead_of": "e"}}, {}, "instead_of has 1"),
        ({"name": ["Emily", "Lakisha"]}, {"fairness": {"users": "live", "replay": "base"}}, "leave one of them out"),
        ({"name": ["Emily", "Lakisha"]}, {"stress": [{"typos": [0, 1]}]}, "two studies"),
        ({"name": ["Emily", "Lakisha"]}, {"played_by": "people"}, "people are who they are"),
        ({"name": ["Emily", "L" * 70]}, {}, "longer than 64"),
        ({"name": ["Emily", ""]}, {}, "at least 1 character"),
        ({"name": ["Emily", True]}, {}, "tuple"),
    ],
)
def test_what_makes_no_sense_is_refused(swaps: Any, more: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        study(swaps, **more)


def test_a_target_with_a_swap_of_its_own_is_refused() -> None:
    arm = study({"name": ["Emily", "Lakisha"]}).targets[0]
    with pytest.raises(ValidationError, match="name the swaps there"):
        examples.study(targets=[arm.model_dump(mode="json")])


@pytest.mark.parametrize(
    ("scenario", "swaps", "message"),
    [
        (examples.scenario(), {"name": ["Emily", "Lakisha"]}, "leaves messages to the user's model"),
        (scripted("Hello."), {"name": ["Emily", "Lakisha"]}, "changes nothing"),
        (scripted("I'm Emily, and Lakisha is my boss."), {"name": ["Emily", "Lakisha"]}, "is in a message of scenario"),
    ],
)
def test_frozen_messages_that_would_compare_something_else_are_refused(scenario: Any, swaps: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plans(study(swaps), scenario)


def test_live_users_need_no_script() -> None:
    of = study({"name": {"values": ["Emily", "Lakisha"], "says": "I'm Emily."}}, fairness={"users": "live"})
    assert len(plans(of, examples.scenario())) == 2


def test_what_was_said_in_a_run_is_said_again_under_its_own_scenario_by_each_persona_and_seed() -> None:
    talk = FrozenTalk(persona="nora", seed=1, scenario=scripted("Emily, once more."))
    of = study({"name": ["Emily", "Lakisha"]}, fairness={"replay": "base"}).model_copy(update={"frozen": (talk,)})
    _, second = plans(of, scripted("Other words."))
    assert second.cast.sessions[0].spec.scripted[0].message == "Lakisha, once more."
    with pytest.raises(InputError, match="no finished trial of 'omar'"):
        plans(of, scripted("Other words."), [examples.persona("omar")])


async def test_a_replay_of_a_trial_is_frozen() -> None:
    plan = plans(examples.study(targets=[{"id": "bot", "model": "offline/ignores"}]), examples.scenario())[0]
    played = await play(plan.cast)
    last = played.sessions[-1]
    again = build_replay(played, last.index, len(last.exchanges), id="moving-house")
    talk = FrozenTalk(persona="nora", seed=1, scenario=again)
    of = study({"name": {"values": ["Emily", "Lakisha"], "says": "I'm Emily."}}, fairness={"replay": "base"})
    assert len(plans(of.model_copy(update={"frozen": (talk,)}), examples.scenario())) == 2
