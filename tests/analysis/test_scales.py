from __future__ import annotations

import random

import pytest

from sim.analysis.trust.families import families, same_families
from sim.analysis.trust.scales import ScaleChecks, check_scales
from sim.core.codebook import DIMENSIONS
from sim.core.record import Trial
from tests import examples
from tests.analysis.trials import Diary, Given, planned


def told(persona: str, exchanges: list[list[Given]], *, replies: list[str] | None = None, criteria: list[int] | None = None) -> Trial:
    """A trial of sessions of one exchange each."""
    diary = Diary(planned(f"{persona}/moving-house/remembers/1", persona=persona))
    for i, given in enumerate(exchanges):
        if i < len(diary.trial.cast.sessions):
            diary.open()
        diary.exchange(given, reply=replies[i] if replies else "I see what you mean.")
    return diary.close(criteria[-1] if criteria else None).finish()


def checked(trials: list[Trial], **study: object) -> ScaleChecks:
    return check_scales(examples.study(**study), trials)  # type: ignore[arg-type]


def scores(rng: random.Random, n: int) -> list[int]:
    return [rng.randint(1, 5) for _ in range(n)]


def test_dimensions_that_say_the_same_are_named() -> None:
    rng = random.Random(1)
    rows: list[list[Given]] = [[a, a, b, rng.randint(1, 5), "na", "na", "na"] for a, b in zip(scores(rng, 30), scores(rng, 30), strict=True)]
    found = checked([told("nora", rows[:15]), told("omar", rows[15:])])
    assert [(t.dimensions, t.n) for t in found.twins] == [(("emotional_adaptation", "formality_matching"), 30)]
    assert found.dimensions["emotional_adaptation"].others["formality_matching"].r == pytest.approx(1)
    assert abs(found.dimensions["emotional_adaptation"].others["knowledge_adaptation"].r or 1) < 0.6


def test_a_generous_and_a_strict_persona_make_no_correlation() -> None:
    rng = random.Random(2)
    rows: dict[str, list[list[Given]]] = {
        who: [[level + rng.randint(0, 1), level + rng.randint(0, 1), 3, 3, "na", "na", "na"] for _ in range(30)]
        for who, level in (("nora", 1), ("omar", 4))
    }
    found = checked([told(who, of) for who, of in rows.items()])
    assert abs(found.dimensions["emotional_adaptation"].others["formality_matching"].r or 1) < 0.4


def test_a_score_that_length_foretells_is_found_out() -> None:
    lengths = [2, 4, 8, 16] * 6
    rows: list[list[Given]] = [[{2: 1, 4: 2, 8: 3, 16: 4}[n], 3, 3, 3, "na", "na", "na"] for n in lengths]
    found = checked([told("nora", rows, replies=["word " * (n - 1) + "end" for n in lengths])]).dimensions
    assert (found["emotional_adaptation"].length.r_squared or 0) > 0.98
    assert found["emotional_adaptation"].length.per_doubling == pytest.approx(1, abs=0.2)
    assert found["formality_matching"].length.r_squared is None


def test_ends_of_the_scale_occasions_and_lost_quotes_are_counted() -> None:
    rows: list[list[Given]] = [[5, 1, "unfounded", 3, "surprise", "na", "missed"], [5, 2, 3, 3, "na", "?", "na"]]
    found = checked([told("nora", rows)]).dimensions
    assert (found["emotional_adaptation"].ceiling, found["emotional_adaptation"].floor, found["formality_matching"].floor) == (1, 0, 0.5)
    assert (found["knowledge_adaptation"].quotes_not_found, found["reference_understanding"].occasions, found["callback"].occasions) == (1, 0, 1)
    assert (found["humor_fit"].n, found["humor_fit"].not_applicable, found["humor_fit"].ceiling) == (0, 2, None)


def test_the_criterion_is_held_against_session_means() -> None:
    trials = []
    for i, who in enumerate(("nora", "omar")):
        for seed in range(8):
            good = (seed + i) % 2
            diary = Diary(planned(f"{who}/moving-house/remembers/{seed}", persona=who, seed=seed)).open()
            trials.append(diary.exchange([4 if good else 2] * len(DIMENSIONS)).close(5 if good else 1).finish())
    assert checked(trials).dimensions["length_fit"].criterion["enjoyment"].r == pytest.approx(1)


@pytest.mark.parametrize("trials", [[], [planned()]])
def test_nothing_rated_gives_none_and_no_warning(trials: list[Trial]) -> None:
    found = checked(trials)
    assert (found.exchanges, found.twins, found.mean_correlation) == (0, (), None)
    assert {d.length.r_squared for d in found.dimensions.values()} == {None}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/gpt-4o", {"GPT"}),
        ("openai/o3-mini", {"GPT"}),
        ("openrouter/meta-llama/llama-3.1-8b", {"Llama"}),
        ("ollama/qwen2.5:7b", {"Qwen"}),
        ("x/deepseek-r1-distill-qwen-7b", {"DeepSeek", "Qwen"}),
        ("openai/any", set()),
        ("x/novacane", set()),
    ],
)
def test_families_are_read_from_names(model: str, expected: set[str]) -> None:
    assert families(model) == expected


def test_a_rater_or_user_of_a_targets_family_is_told() -> None:
    study = examples.study(
        targets=[{"id": "a", "model": "openai/gpt-4o"}, {"id": "b", "model": "anthropic/claude-haiku"}],
        user={"model": "openai/gpt-5"},
        observers=[{"id": "o", "model": "openrouter/anthropic/claude-opus"}, {"id": "p", "model": "ollama/qwen3"}],
    )
    assert [(f.role, f.name, f.target, f.family) for f in same_families(study)] == [
        ("user", "user", "a", "GPT"),
        ("rater", "observer:o", "b", "Claude"),
    ]
    assert [f.name for f in same_families(study, ["human:1", "observer:ollama/gpt-oss"])][-1] == "observer:ollama/gpt-oss"
    assert same_families(examples.study()) == ()
