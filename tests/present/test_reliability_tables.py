"""Tables on raters, components, items and scales: within the width, named, and silent where there is nothing to say."""

from __future__ import annotations

import random

import numpy as np
import pytest
from rich.console import Group

from sim.analysis.figures.columns import extract_columns
from sim.analysis.trust.diagnosis import Diagnosis, diagnose
from sim.analysis.trust.items import items_of
from sim.analysis.trust.raters import compare_raters, compare_simulators
from sim.analysis.trust.scales import check_scales
from sim.core.record import Trial
from sim.present.diagnosis import render_diagnosis
from sim.present.text.items import render_items
from sim.present.text.raters import SwapDocument, UserSwap, render_raters, render_swaps
from sim.present.text.scales import render_scales
from tests import examples
from tests.analysis.trials import Diary, planned
from tests.present.test_tables import plain


def diagnosed(trials: list[Trial]) -> Diagnosis:
    study = examples.study()
    return diagnose(study, trials, extract_columns(trials, study.primary_rater))


def crossed(targets: int = 4, seeds: int = 2) -> list[Trial]:
    rng = random.Random(1)
    trials = []
    for t in range(targets):
        for persona in ("nora", "omar", "pia"):
            for seed in range(seeds):
                diary = Diary(planned(f"{persona}/moving-house/t{t}/{seed}", target=f"t{t}", persona=persona, seed=seed)).open()
                for _ in range(4):
                    diary.exchange(
                        min(5, 1 + t + rng.randint(0, 1)), others={"observer:second": rng.randint(1, 5)}, reply="well " * rng.randint(1, 30)
                    )
                trials.append(diary.close(min(5, 2 + t)).finish())
    return trials


@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_diagnosis_keeps_within_the_width_and_names_what_it_shows(width: int) -> None:
    text = plain(Group(*render_diagnosis(diagnosed(crossed()))), width)
    assert max(map(len, text.splitlines())) <= width
    for said in (
        "target × persona",
        "twice the personas",
        "Noise floor",
        "trials of one cell differ",
        "rater: not known",
        "Items:",
        "moving-house",
        "Rasch takes 15 targets or more, and there are 4",
    ):
        assert said in " ".join(text.split())


@pytest.mark.parametrize("width", [80, 100])
def test_raters_and_users_are_swapped_in_tables(width: int) -> None:
    trials = crossed()
    swap = compare_simulators(trials, trials, rater="self")
    users = UserSwap(one="a", other="b", user="x/one", other_user="x/two", rater="x/one", other_rater="x/two", swap=swap)
    document = SwapDocument(offline=True, raters={"a": compare_raters(examples.study(), trials)}, users=(users,))
    text = plain(render_swaps(document, width=width), width)
    assert max(map(len, text.splitlines())) <= width
    for said in (
        "offline models",
        "observer:second",
        "flip",
        "two points apart",
        "asked last",
        "fewer than 10 targets",
        "as that of a does?",
        "raters differ",
    ):
        assert said in " ".join(text.split())


def test_two_runs_with_one_user_are_told_apart_by_chance() -> None:
    swap = compare_simulators([], [], rater="self")
    users = UserSwap(one="a", other="b", user="x/one", other_user="x/one", rater="x/one", other_rater="x/one", swap=swap)
    assert "what differs is chance" in plain(render_swaps(SwapDocument(offline=False, raters={}, users=(users,))), 100)


def test_one_rater_is_told_how_to_get_another() -> None:
    told = Diary(planned()).open().exchange(3).close().finish()
    assert "sim score RUN --rater MODEL" in plain(Group(*render_raters(compare_raters(examples.study(), [told]))), 100)


def test_nothing_rated_shows_nothing() -> None:
    assert render_diagnosis(diagnosed([planned()])) == []
    assert render_scales(check_scales(examples.study(), [planned()])) == []


def test_fifteen_targets_show_a_rasch_model() -> None:
    rng = np.random.default_rng(5)
    table = 3.5 + rng.normal(0, 1, (15, 1)) + np.array([0.8, 0, -0.8]) + rng.normal(0, 0.4, (15, 3))
    text = plain(Group(*render_items(items_of(table, [("p", "s1"), ("p", "s2"), ("p", "s3")], noise=None))), 100)
    assert "Rasch: the hardest items for 15 targets" in text
    assert "p/s3" in text


def test_scales_warn_in_words_where_they_should_make_one_doubt() -> None:
    diary = Diary(planned()).open()
    rng = random.Random(2)
    for _ in range(40):
        n = rng.randint(1, 4)
        diary.exchange([n, n, 5, rng.randint(1, 5), "na", "na", "na"], reply="well " * 2**n)
    study = examples.study(targets=[{"id": "a", "model": "openai/gpt-4o"}], user={"model": "openai/gpt-5"})
    text = " ".join(plain(Group(*render_scales(check_scales(study, [diary.close().finish()]))), 100).split())
    for said in (
        "! emotional and formality cannot be told apart (r 1.00",
        "! knowledge: 100 % of 40 scores are 5",
        "! emotional: the word count alone explains",
        "! the user (openai/gpt-5) is of the family of a (openai/gpt-4o)",
    ):
        assert said in text
