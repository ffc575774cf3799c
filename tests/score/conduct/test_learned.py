"""Models that tell a text by its words: what they see, how they weigh it, and that what ships is what the written examples make."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.score.conduct import learned
from sim.score.conduct.learned import BIAS, Model, features, load_model, most_telling
from tests.benchmarks.train_conduct import RECIPES, Example, fit, held_out, likeliest, load_examples, render

SHIPPED = sorted(f.stem for f in Path(learned.__file__).with_suffix("").glob("*.tsv"))


def test_a_model_sees_words_neighbours_beginnings_and_the_message() -> None:
    assert features("Stay longer! I’m 14.", "Bye") == {
        **dict.fromkeys(("stay", "longer", "!", "i'm", "14"), 1.0),
        **dict.fromkeys(("^ stay", "stay longer", "longer !", "! $", "^ i'm", "i'm 14", "14 $"), 1.0),
        "~longe": 0.7,
        "<bye": 0.5,
    }
    assert "0" in features("It cost 120.")
    assert "0" in features("9" * 5000)


def test_chances_make_one_and_the_first_label_is_what_the_others_are_held_against() -> None:
    model = Model(("calm", "cross", "glad"), {BIAS: (-100, -100), "grr": (400, 0), "yay": (0, 400)})
    none = model.chances("hello")
    assert sum(none.values()) == pytest.approx(1)
    assert none["calm"] > none["cross"] == none["glad"]
    assert max(model.chances("grr"), key=model.chances("grr").__getitem__) == "cross"
    assert model.chances("bias") == model.chances("^") == pytest.approx(none, abs=0.01)


def test_examples_that_differ_by_their_words_are_learned() -> None:
    said = [Example(label, f"{word} it is {i}") for i in range(8) for label, word in (("yes", "leaving"), ("no", "staying"))]
    model = fit(said, ("no", "yes"))
    assert [likeliest(model, Example("", text)) for text in ("leaving now", "staying now")] == ["yes", "no"]
    assert render(model).startswith("no\tyes\n")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_reads_the_examples_that_it_was_made_of(name: str) -> None:
    model, examples = load_model(name), load_examples(name)
    assert model.labels == RECIPES[name].labels
    by_sentence = RECIPES[name].by_sentence
    right = sum(likeliest(model, e, by_sentence=by_sentence) in e.label.split("|") for e in examples) / len(examples)
    assert right >= 0.9


def test_the_models_that_ship_are_those_that_recipes_make() -> None:
    assert set(SHIPPED) == set(RECIPES)


def test_a_model_that_is_made_anew_is_the_one_that_ships() -> None:
    examples = load_examples("goodbye")
    anew, shipped = fit(examples, RECIPES["goodbye"].labels), load_model("goodbye")
    assert max(abs(anew.chances(e.text)["yes"] - shipped.chances(e.text)["yes"]) for e in examples) <= 0.02


def test_the_sentence_is_named_that_speaks_most_for_a_label() -> None:
    assert most_telling("farewell", "coercive restraint", ["Good idea.", "I won't let you leave, sit down.", "It rained."]) == 1


def test_a_writer_is_read_by_a_model_made_without_them() -> None:
    tried = dict(held_out("farewell"))
    assert len(tried) >= 2
    right = [a == b for found in tried.values() for a, b in found]
    assert sum(right) / len(right) >= 0.7
