"""Memory in figures, on trials whose probes a test writes itself."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.figures.memory import MemoryFigures, summarise_memory
from sim.analysis.figures.summary import summarise
from sim.analysis.stats.proportions import effective_n, measure_proportion
from sim.core.event import Outcome, ProbeKind, TrialForgotten
from sim.core.fold import fold
from sim.core.forget import forget_text
from sim.core.record import Trial
from tests import examples
from tests.analysis.stories import CODEBOOK
from tests.analysis.trials import Diary, planned

Answer = tuple[ProbeKind, Outcome | None]
PERSONAS = ("nora", "omar", "pia", "quentin")


def probed(*answers: Answer, persona: str = "nora", seed: int = 1, target: str = "remembers") -> Trial:
    diary = Diary(planned(f"{persona}/moving-house/{target}/{seed}", persona=persona, seed=seed, target=target)).open().exchange(3)
    for i, (kind, outcome) in enumerate(answers):
        diary.probe(kind, outcome, fact=f"fact-{i}")
    return diary.close().finish()


def figures(*trials: Trial, probes: bool = True) -> MemoryFigures:
    return summarise_memory(examples.study(probes={} if probes else None), trials)


def test_accuracy_is_over_what_was_told_and_i_do_not_know_is_wrong_there() -> None:
    told: list[Answer] = [("explicit", "right"), ("implicit", "right"), ("update", "stale"), ("temporal", "unknown")]
    found = figures(probed(*told, ("abstention", "unknown"), ("control", "wrong")))
    assert (found.accuracy.accuracy, found.accuracy.n) == (0.5, 4)
    assert {kind: f.accuracy for kind, f in found.probes.items()} == {
        "explicit": 1,
        "implicit": 1,
        "update": 0,
        "temporal": 0,
        "abstention": 1,
        "control": 0,
    }
    assert found.probes["update"].stale == 1


def test_whoever_remembers_nothing_but_says_so_is_at_a_coins_toss() -> None:
    denies: list[Answer] = [("explicit", "unknown"), ("explicit", "unknown"), ("abstention", "unknown")]
    found = figures(probed(*denies)).abstention
    assert (found.balanced_accuracy, found.false_abstention) == (0.5, 1)


def test_whoever_makes_everything_up_is_at_a_coins_toss_too() -> None:
    invents: list[Answer] = [("explicit", "right"), ("explicit", "wrong"), ("abstention", "wrong")]
    found = figures(probed(*invents)).abstention
    assert (found.balanced_accuracy, found.false_abstention) == (0.5, 0)


def test_personas_weigh_alike_however_much_they_were_asked() -> None:
    much: list[Answer] = [("explicit", "right")] * 9
    found = figures(probed(*much), probed(("explicit", "wrong"), persona="omar"))
    assert (found.accuracy.accuracy, found.accuracy.n, found.accuracy.personas) == (0.5, 10, 2)


def test_an_answer_without_a_grade_is_counted_and_enters_nothing() -> None:
    found = figures(probed(("explicit", "right"), ("explicit", None)))
    assert (found.accuracy.accuracy, found.accuracy.n, found.probes["explicit"].unscored) == (1, 1, 1)


def test_memory_fails_at_one_step_and_the_steps_add_up() -> None:
    diary = Diary(planned()).open().exchange(3)
    steps: list[tuple[bool | None, bool | None, Outcome]] = [
        (False, None, "unknown"),
        (True, False, "unknown"),
        (True, True, "wrong"),
        (True, True, "right"),
        (None, None, "right"),
    ]
    for i, (written, retrieved, outcome) in enumerate(steps):
        diary.probe("explicit", outcome, fact=f"fact-{i}", written=written, retrieved=retrieved)
    found = figures(diary.close().finish())
    assert (found.written, found.retrieved, found.used) == (0.75, pytest.approx(2 / 3), 0.5)
    assert tuple(found.split.model_dump().values()) == (1, 1, 1, 1)


def test_where_memory_is_the_targets_own_affair_the_steps_are_not_known() -> None:
    found = figures(probed(("explicit", "right")))
    assert (found.written, found.retrieved, found.used) == (None, None, None)


def test_forgetting_is_shown_over_sessions_and_days() -> None:
    diary = Diary(planned()).open().exchange(3).probe("explicit", "right", fact="a", told=1, delay=9).close()
    diary.open().exchange(3).probe("explicit", "wrong", fact="a", told=1, delay=10).probe("explicit", "right", fact="b", told=2, delay=1)
    found = figures(diary.probe("explicit", "wrong", fact="c", told=0, delay=400).close().finish()).forgetting
    assert [(p.delay, p.accuracy, p.n) for p in found.sessions] == [(1, 1, 2), (2, 0, 1), (3, 0, 1)]
    assert [(p.delay, p.accuracy, p.n) for p in found.days] == [(1, 1, 1), (30, 0.5, 2), (-1, 0, 1)]


def test_a_target_that_cannot_fork_is_told_from_a_study_that_does_not_ask() -> None:
    closed = Diary(planned()).open().exchange(3).close(forks=False).finish()
    assert figures(closed).unprobed == "cannot_fork"
    assert figures(closed, probes=False).unprobed == "not_asked"
    assert figures(planned()).unprobed == "not_yet"
    assert figures(probed(("explicit", "right"))).unprobed is None


def test_not_measured_is_not_zero() -> None:
    found = figures(planned())
    assert (found.core_facts_disclosed, found.elicited_facts, found.profile, found.written, found.accuracy.accuracy) == (None,) * 5
    assert found.probes == {}
    assert found.abstention.balanced_accuracy is None


def test_core_facts_are_the_scenarios_and_elicited_ones_the_targets_doing() -> None:
    diary = Diary(planned()).open()
    diary.exchange(3, user="I live in Mill Lane, and the van comes on Thursday.").exchange(3, user="Biscuit hates boxes.").close()
    found = figures(diary.finish())
    assert (found.core_facts_disclosed, found.elicited_facts) == (2, 1)


def test_a_written_memory_is_graded_as_it_stands_in_the_end() -> None:
    diary = Diary(planned()).open().exchange(3, user="My cat Biscuit sleeps on the radio. I live in Mill Lane.").remember("2026-01-05: Nothing.")
    diary.close().open().exchange(3, user="I have moved to Harbour Street, with a lift.")
    memory = "2026-01-05: Their cat Biscuit sleeps on the radio.\n2026-01-05: They live in Mill Lane.\n2026-01-14: They keep bees in a garden."
    found = figures(diary.remember(memory).close().finish()).profile
    assert found is not None
    assert (found.facts, found.recall, found.stale, found.by) == (3, 0.5, 1, "words")
    assert found.precision == {"supported": pytest.approx(2 / 3), "plausible": 0, "unsupported": pytest.approx(1 / 3), "contradicted": 0}


def test_a_judge_grades_instead_of_words_and_what_it_did_not_grade_is_in_no_share() -> None:
    judged = Diary(planned()).open().exchange(3, user="My cat Biscuit sleeps.").remember("2026-01-05: A cat.\n2026-01-05: A dog.")
    unfit = Diary(planned("omar/moving-house/remembers/1", persona="omar")).open().exchange(3).remember("2026-01-05: A cat.")
    trials = [judged.judge_memory("plausible", "contradicted").close().finish(), unfit.judge_memory().close().finish()]
    found = summarise_memory(examples.study(judge={"model": "openai/any"}), trials).profile
    assert found is not None
    assert found.precision == {"supported": 0, "plausible": 0.5, "unsupported": 0, "contradicted": 0.5}
    assert (found.by, found.memories, found.ungraded) == ("openai/any", 2, 1)


def test_of_a_forgotten_trial_nothing_is_read_that_its_texts_told() -> None:
    diary = Diary(planned()).open().exchange(3, user="I live in Mill Lane.").remember("2026-01-05: Mill Lane.").probe("explicit", "right").close()
    left = fold(diary.trial, [*map(forget_text, diary.events), TrialForgotten(trial=diary.trial.id)])
    found = figures(left)
    assert (found.profile, found.core_facts_disclosed, found.accuracy.accuracy) == (None, None, 1)


def test_other_steps_of_memory_are_no_memory_in_words() -> None:
    diary = Diary(planned()).open().exchange(3).remember("[0.1, 0.2]", part="embedding").close()
    assert figures(diary.finish()).profile is None


def test_json_has_the_names_that_others_read() -> None:
    trials = [probed(("explicit", "right"), ("abstention", "unknown"), persona=p) for p in PERSONAS]
    made = summarise(examples.study(probes={}), trials, run="r", status="finished", offline=(), codebook=CODEBOOK)
    target = json.loads(made.model_dump_json())["targets"][0]
    names = {"core_facts_disclosed", "elicited_facts", "profile", "probes", "abstention", "written", "retrieved", "used", "false_memories"}
    assert names <= set(target["memory"])
    assert {"accuracy", "n", "interval"} <= set(target["memory"]["probes"]["explicit"])
    assert {"balanced_accuracy", "false_abstention"} <= set(target["memory"]["abstention"])
    assert {"value", "reference", "interval", "gain", "placebo", "trends"} <= set(target["adaptability"])


def test_the_interval_counts_personas_where_their_answers_go_together() -> None:
    together = [(p, "t", p in PERSONAS[:2]) for p in PERSONAS for _ in range(20)]
    apart = [(p, "t", i % 2 == 0) for p in PERSONAS for i in range(20)]
    a, b = measure_proportion(together), measure_proportion(apart)
    assert (a.accuracy, b.accuracy, a.n, b.n) == (0.5, 0.5, 80, 80)
    assert a.interval == pytest.approx((0.0676, 0.9324), abs=1e-3)  # Clopper–Pearson of 2 in 4
    assert a.interval is not None
    assert b.interval is not None
    assert a.interval[1] - a.interval[0] >= b.interval[1] - b.interval[0]


def test_two_personas_give_no_interval_and_all_alike_no_false_certainty() -> None:
    assert measure_proportion([("a", "t", True), ("b", "t", False)]).interval is None
    full = measure_proportion([(p, "t", True) for p in PERSONAS for _ in range(50)])
    assert full.accuracy == 1
    assert full.interval == (pytest.approx(0.025 ** (1 / 4)), 1)


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=12), min_size=3, max_size=12))
def test_an_interval_holds_its_share_and_stays_within_nothing_and_all(answers: Sequence[Sequence[bool]]) -> None:
    found = measure_proportion((str(i), "t", a) for i, of in enumerate(answers) for a in of)
    assert found.interval is not None
    assert found.accuracy is not None
    assert 0 <= found.interval[0] <= found.accuracy + 1e-9
    assert found.accuracy - 1e-9 <= found.interval[1] <= 1
    shares = [sum(of) / len(of) for of in answers]
    assert len(answers) <= effective_n(shares, found.n) <= max(found.n, len(answers))
