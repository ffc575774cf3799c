"""Every edit of the response matrix changes its one property, by measures that owe nothing to the rater."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import chain

import pytest
from pydantic import ValidationError

from sim.core.codebook import DIMENSIONS
from sim.core.spec.edits import EDITED, Edit, Scene
from sim.core.text import contains, words
from sim.score.likability.scenes import Staged, view_of
from sim.store.scenes import load_scenes

SCENES = load_scenes()
REWORDED = [pytest.param(s, text, id=f"{s.scene.id}/{i}") for s in SCENES for i, text in enumerate(s.scene.paraphrases, 1)]

CONTRACTION = re.compile(r"\b\w+(?:n't|'m|'re|'ve|'ll|'d)\b|\b(?:it|that|there|what|who|nobody|he|she)'s\b", re.IGNORECASE)
LAUGH = re.compile(r"\b(?:haha|ha|jok\w+|laugh\w*|funny|pun|smil\w+)\b", re.IGNORECASE)


def ratio(text: str, to: str) -> float:
    return len(words(text)) / len(words(to))


def letters(text: str) -> float:
    """Mean length of a word."""
    return sum(map(len, words(text))) / len(words(text))


def relaxed(text: str) -> bool:
    return bool(CONTRACTION.search(text)) or text[0].islower()


def brings_back(staged: Staged, reply: str) -> bool:
    """Whether the reply names something that bears on the message and was not said in it."""
    answers = [a for f in staged.persona.facts if f.id in staged.scene.facts for a in f.answers]
    return any(contains(reply, a) and not contains(staged.scene.message, a) for a in answers)


def understood(staged: Staged, reply: str) -> bool:
    of = [a for a in staged.persona.voice.allusions if staged.scene.allusion and (contains(a.says, staged.scene.allusion.rstrip(".)")))]
    return any(contains(reply, m) for a in of for m in a.means)


# --- how many -----------------------------------------------------------------------------------------------------


def test_there_are_enough_of_each() -> None:
    edits = [e for s in SCENES for e in s.scene.edits]
    assert len(edits) >= 140
    assert min(Counter(e.dimension for e in edits).values()) >= 20
    assert set(EDITED) == {e.kind for e in edits}
    assert len(REWORDED) >= 25
    assert len({s.persona.id for s in SCENES}) >= 10


def test_about_a_third_is_held_out_of_every_dimension() -> None:
    for dimension in DIMENSIONS:
        held = [s.scene.held_out for s in SCENES for e in s.scene.edits if e.dimension == dimension]
        assert 0.25 <= sum(held) / len(held) <= 0.45, dimension


# --- one property each --------------------------------------------------------------------------------------------


def breaking(rule: Callable[[Staged, Edit], bool]) -> list[str]:
    """The edits that do not keep `rule`, by scene and kind."""
    return [f"{s.scene.id}/{e.kind}" for s in SCENES for e in s.scene.edits if not rule(s, e)]


def after(staged: Staged, edit: Edit) -> str:
    return edit.apply(staged.scene.reply)


def test_length_changes_where_it_is_the_property_and_nowhere_else() -> None:
    def rule(staged: Staged, edit: Edit) -> bool:
        low, high = {"shorter": (0.24, 0.36), "longer": (2.6, 3.4)}.get(edit.kind, (0.85, 1.15))
        return low <= ratio(after(staged, edit), staged.scene.reply) <= high

    assert breaking(rule) == []


def test_register_changes_where_it_is_the_property_and_nowhere_else() -> None:
    def rule(staged: Staged, edit: Edit) -> bool:
        return (relaxed(staged.scene.reply) != relaxed(after(staged, edit))) == (edit.kind == "register")

    assert breaking(rule) == []


def test_the_words_get_longer_or_plainer_where_depth_is_the_property_and_hardly_elsewhere() -> None:
    def rule(staged: Staged, edit: Edit) -> bool:
        change = abs(letters(after(staged, edit)) - letters(staged.scene.reply))
        return change >= 0.5 if edit.kind == "depth" else change <= 0.9

    assert breaking(rule) == []


def test_what_was_told_earlier_is_brought_back_unless_callback_is_the_property() -> None:
    def rule(staged: Staged, edit: Edit) -> bool:
        before = staged.scene.reply
        if edit.kind == "callback_intrusive":
            earlier = " ".join(m.text for t in staged.scene.earlier for m in t.messages if m.role == "user")
            private = [a for f in staged.persona.facts for a in f.answers if contains(earlier, a)]
            return any(contains(after(staged, edit), a) for a in private) and not any(contains(before, a) for a in private)
        changed = brings_back(staged, after(staged, edit)) != brings_back(staged, before)
        return changed == (edit.dimension == "callback")

    assert breaking(rule) == []


def test_the_allusion_is_understood_as_before_unless_it_is_the_property() -> None:
    def rule(staged: Staged, edit: Edit) -> bool:
        changed = understood(staged, after(staged, edit)) != understood(staged, staged.scene.reply)
        return changed == (edit.dimension == "reference_understanding")

    assert breaking(rule) == []


def test_there_is_as_much_laughing_as_before_unless_humour_is_the_property() -> None:
    def rule(staged: Staged, edit: Edit) -> bool:
        changed = bool(LAUGH.search(staged.scene.reply)) != bool(LAUGH.search(after(staged, edit)))
        return changed == (edit.dimension == "humor_fit")

    assert breaking(rule) == []
    assert breaking(lambda s, e: e.kind != "joke_added" or not s.scene.humour_bid) == []
    assert breaking(lambda s, e: e.kind != "joke_missed" or bool(s.scene.humour_bid)) == []


@pytest.mark.parametrize(("staged", "text"), REWORDED)
def test_a_paraphrase_changes_words_and_no_property(staged: Staged, text: str) -> None:
    before = staged.scene.reply
    assert text != before
    assert 0.85 <= ratio(text, before) <= 1.15
    assert abs(letters(text) - letters(before)) <= 0.4
    same = (relaxed, lambda t: bool(LAUGH.search(t)), lambda t: brings_back(staged, t), lambda t: understood(staged, t))
    assert [p(text) for p in same] == [p(before) for p in same]


# --- views --------------------------------------------------------------------------------------------------------


def test_a_view_shows_the_scene_and_nothing_of_the_edit() -> None:
    staged = next(s for s in SCENES if s.scene.id == "attracta-eyes")
    view = view_of(staged, "joke_missed")
    assert view.reply == next(e for e in staged.scene.edits if e.kind == "joke_missed").apply(staged.scene.reply)
    assert [e.fact for e in view.occasion.bearing] == ["eyes"]
    assert view.occasion.allusion == staged.scene.allusion
    assert view.occasion.humour_bid == staged.scene.humour_bid
    assert view.said.mood == staged.scene.mood.feels
    assert len(view.past.talks) == 1


def test_the_occasion_is_the_same_before_and_after_and_the_draw_is_not() -> None:
    for staged in SCENES:
        views = [view_of(staged, part) for part in staged.scene.replies()]
        assert len({v.occasion for v in views}) == 1
        assert len({v.seed for v in views}) == len(views)


def test_every_fact_that_bears_on_a_message_is_known_from_an_earlier_talk() -> None:
    for staged in SCENES:
        assert len(view_of(staged, "before").occasion.bearing) == len(staged.scene.facts)


# --- what is refused ----------------------------------------------------------------------------------------------


def scene(**changes: object) -> Scene:
    given = {
        "id": "one",
        "situation": "At home.",
        "mood": {"feels": "even", "valence": 0},
        "message": "It rains.",
        "reply": "So it does, and so it will.",
        "edits": [{"kind": "mood", "direction": "down", "replace": [{"old": "So it does", "new": "Hooray"}]}],
        "paraphrases": ["It does, and it will."],
    }
    return Scene.model_validate(given | changes)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"replace": [{"old": "snow", "new": "sun"}]}, "stands 0 times"),
        ({"replace": [{"old": "so it", "new": "it"}], "reply": "It does."}, "either a reply or a list"),
        ({}, "either a reply or a list"),
        ({"replace": [{"old": "it", "new": "that"}]}, "stands 2 times"),
    ],
)
def test_an_edit_that_cannot_be_made_is_refused(edit: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        scene(edits=[{"kind": "mood", "direction": "down", **edit}])


def test_the_parts_of_a_scene_are_named() -> None:
    assert list(chain(scene().replies())) == ["before", "repeat", "mood", "paraphrase-1"]
