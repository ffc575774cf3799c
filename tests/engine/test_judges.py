"""Who judges a run again, and under what name the verdicts are kept."""

from __future__ import annotations

import pytest

from sim.core.spec import ModelSpec
from sim.engine.judges import Judging, build_judging
from sim.store.library import load_codebook
from tests import examples

HERE = "http://127.0.0.1:1/v1"
THERE = "http://127.0.0.1:2/v1"
MINT = load_codebook("mint")
STUDY = examples.study(
    user={"model": "openai/user", "api_base": HERE},
    observers=[{"id": "strict", "model": "openai/strict", "api_base": HERE}],
    tagger={"model": "openai/tagger", "api_base": HERE},
)


def judging(*raters: ModelSpec, tagger: ModelSpec | None = None, codebook: str = "mint") -> Judging:
    return build_judging(STUDY, raters, tagger, load_codebook(codebook), MINT, concurrency=1)


@pytest.mark.parametrize(
    ("spec", "part", "reached"),
    [
        (ModelSpec(model="openai/other"), "observer:openai/other", None),
        (ModelSpec(model="openai/user"), "self", HERE),
        (ModelSpec(model="openai/strict"), "observer:strict", HERE),
        (ModelSpec(model="openai/strict", api_base=HERE), "observer:strict", HERE),
        (ModelSpec(model="openai/strict", api_base=THERE), "observer:openai/strict", THERE),
        (ModelSpec(model="offline/rater"), "observer:offline/rater", None),
    ],
)
def test_a_rater_that_the_study_knows_is_the_same_rater_and_any_other_an_observer(spec: ModelSpec, part: str, reached: str | None) -> None:
    assert {p: s.api_base for p, s in judging(spec).raters.items()} == {part: reached}


def test_a_model_named_twice_judges_once() -> None:
    assert list(judging(ModelSpec(model="openai/a"), ModelSpec(model="openai/a")).raters) == ["observer:openai/a"]


def test_tags_of_another_codebook_have_a_part_of_their_own() -> None:
    known = judging(tagger=ModelSpec(model="openai/tagger"))
    assert (known.tagger_part, known.tagger and known.tagger.api_base) == ("openai/tagger", HERE)
    assert judging(tagger=ModelSpec(model="openai/tagger"), codebook="trust").tagger_part == "openai/tagger@trust"
    assert judging(tagger=ModelSpec(model="offline/tagger")).tagger_part == "offline"


def test_where_nobody_tags_the_studys_own_tags_are_looked_at_and_none_are_bought() -> None:
    looking = judging(ModelSpec(model="openai/other"))
    assert (looking.tagger_part, looking.parts) == ("openai/tagger", {"observer:openai/other"})


def test_offline_raters_are_named_and_the_offline_tagger_plays_nobody() -> None:
    assert judging(ModelSpec(model="offline/rater"), tagger=ModelSpec(model="offline/tagger")).offline == ("observer:offline/rater",)
