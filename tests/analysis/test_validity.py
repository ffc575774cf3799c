"""Flags of the simulated user as figures: rates, whether they differ between targets, and outcomes without what is flagged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from sim.analysis.figures.run_summary import RunSummary
from sim.analysis.figures.summary import summarise
from sim.analysis.figures.table import MeasureTable
from sim.analysis.trust.validity import check_agreement, rates_differ
from sim.analysis.verdicts.arms import RunSource, viewpoint
from sim.analysis.verdicts.compare import compare
from sim.core.event import Assessment, FlagKind, Unscored
from sim.core.fold import fold
from sim.core.record import Trial
from sim.present.text.comparison import render_comparison
from sim.present.text.showing import render_run
from sim.score.validity.check import flag_of
from tests import examples
from tests.analysis.cells import people
from tests.analysis.stories import CODEBOOK
from tests.analysis.test_compare import primary
from tests.analysis.trials import Diary, Given, planned
from tests.present.test_tables import plain

TARGETS = ("remembers", "forgets")


def talk(target: str, persona: str, *kinds: FlagKind | None, given: Given = 4, seed: int = 1) -> Trial:
    """A trial of one session in which each message has the flag named, or none."""
    diary = Diary(planned(f"{persona}/moving-house/{target}/{seed}", target=target, persona=persona, seed=seed)).open()
    for kind in kinds:
        diary.exchange(given, flags=(flag_of(kind, "words"),) if kind else ())
    return diary.close(4).finish()


def failed(target: str, persona: str, *, given: Given = 4) -> Trial:
    """A trial whose last message could not be sent."""
    diary = Diary(planned(f"{persona}/moving-house/{target}/1", target=target, persona=persona)).open().exchange(given)
    return diary.silence(flag_of("leak", "Mood: cross"), drafts=3).close(ending="simulator_failed").finish()


def study(**changes: object):  # type: ignore[no-untyped-def]
    memory = {"remembers": "full", "forgets": "none"}
    return examples.study(targets=[{"id": t, "model": "offline/uses", "memory": memory[t]} for t in TARGETS], **changes)


def summary(trials: list[Trial], **changes: object) -> RunSummary:
    return summarise(study(**changes), trials, run="r", status="finished", offline=(), codebook=CODEBOOK)


def source(trials: list[Trial]) -> RunSource:
    return RunSource("r", study(), CODEBOOK, trials, status="finished", offline=())


def test_a_rate_is_the_mean_over_personas_of_shares_of_messages() -> None:
    trials = [
        talk("remembers", "nora", "role_flip", None, None, None),
        talk("remembers", "omar", None, "greets_again"),
        talk("forgets", "nora", None),
    ]
    found, other = (t.validity for t in summary(trials).targets)
    assert (found.critical, found.serious, found.rejected) == (pytest.approx((1 / 4 + 0) / 2), pytest.approx((0 + 1 / 2) / 2), 0)
    assert (found.messages, found.flagged_trials) == (6, 1)
    assert (other.critical, other.serious, other.messages) == (0, 0, 1)


def test_a_message_that_could_not_be_sent_counts_with_its_drafts() -> None:
    (found, _) = (t.validity for t in summary([failed("remembers", "nora"), talk("forgets", "nora", None)]).targets)
    assert (found.messages, found.critical, found.rejected) == (2, 0.5, 0.5)
    assert found.rejected_kinds == {"leak": 3}


@pytest.mark.parametrize("played_by", ["people", "log"])
def test_what_no_model_wrote_has_no_rates(played_by: str) -> None:
    for t in summary([talk("remembers", "nora", "role_flip"), talk("forgets", "nora", None)], played_by=played_by).targets:
        assert (t.validity.messages, t.validity.critical, t.validity.serious, t.validity.rejected) == (0, None, None, None)


# --- exclusion ------------------------------------------------------------------------------------------------------


def test_a_persona_that_is_flagged_with_one_target_leaves_all() -> None:
    trials = [
        talk("remembers", "nora", "role_flip", given=1),
        talk("remembers", "omar", None, given=4),
        talk("remembers", "pia", None, given=2),
        talk("forgets", "nora", None, given=5),
        talk("forgets", "omar", None, given=3),
        failed("forgets", "pia", given=1),
    ]
    found = summary(trials)
    assert [t.likability.fixed_set for t in found.targets] == [pytest.approx(7 / 3), pytest.approx(3)]
    assert [(t.validity.clean, t.validity.kept_trials) for t in found.targets] == [(4, 1), (3, 1)]
    shown = plain(render_run(found, width=200), 200)
    heading = next(line for line in shown.splitlines() if "without flagged" in line and "trials left" in line)
    row = next(line for line in shown.splitlines()[shown.splitlines().index(heading) :] if line.startswith("remembers"))
    assert row.split()[-3:] == ["2.33", "4.00", "1"]


def test_a_serious_flag_leaves_nobody_out() -> None:
    found = summary([talk(t, p, "greets_again") for t in TARGETS for p in ("nora", "omar")])
    assert [t.validity.kept_trials for t in found.targets] == [2, 2]


def test_compare_gives_the_difference_with_and_without_flagged_talks() -> None:
    trials = []
    for i, p in enumerate(people(14)):
        spoilt: FlagKind | None = "role_flip" if i < 2 else None
        trials += [talk("remembers", p, spoilt, None, given=1 if spoilt else 4 - i % 2), talk("forgets", p, None, None, given=3 - i % 2)]
    document = compare([source(trials)])
    (without,) = document.without_flagged.comparisons if document.without_flagged else ()
    kept = compare([source([t for t in trials if t.cast.persona.id not in ("p00", "p01")])])
    assert without.difference == pytest.approx(primary(kept).difference)
    assert (without.difference, without.personas) != (primary(document).difference, primary(document).personas)
    (told,) = document.left_out
    assert (told.left_out, told.kept) == (2, 12)
    (rate,) = document.soundness["critical_flags"].comparisons
    shares = {rate.a: rate.mean_a, rate.b: rate.mean_b}
    assert shares == {"remembers": pytest.approx(2 * 0.5 / 14), "forgets": 0}
    shown = plain(render_comparison(document), 160)
    assert "2 persona × scenario pairs left both sides, 12 stay" in " ".join(shown.split())
    assert "without flagged" in shown


def test_where_nothing_is_flagged_compare_says_that_nothing_is_left_out() -> None:
    document = compare([source([talk(t, p, None, given=3 + i % 2) for t in TARGETS for i, p in enumerate(people(12))])])
    assert (document.without_flagged, document.left_out) == (None, ())
    assert "nothing was flagged critically" in plain(render_comparison(document), 160)


# --- whether targets differ -------------------------------------------------------------------------------------------


def table(rates: Mapping[str, list[int]], *, n: int = 10) -> MeasureTable:
    """By target, of each persona, how many of `n` messages are flagged."""
    trials = [
        talk(target, f"p{i:02}", *(["role_flip"] * k + [None] * (n - k)))  # type: ignore[list-item]
        for target, counts in rates.items()
        for i, k in enumerate(counts)
    ]
    return MeasureTable(trials, viewpoint(study(), CODEBOOK))


def test_targets_that_differ_are_told_apart_and_equal_ones_are_not() -> None:
    apart = table({"remembers": [4, 5, 3, 6, 4, 5, 4, 3], "forgets": [0, 1, 0, 0, 1, 0, 0, 1]})
    found = rates_differ(apart, TARGETS)
    assert found is not None
    assert found < 0.02
    assert rates_differ(table({"remembers": [1, 2, 0], "forgets": [1, 2, 0]}), TARGETS) == 1
    assert rates_differ(table({"remembers": [0, 0], "forgets": [0, 0]}), TARGETS) == 1


def test_fewer_than_two_common_personas_or_targets_are_no_test() -> None:
    assert rates_differ(table({"remembers": [1], "forgets": [0]}), TARGETS) is None
    assert rates_differ(table({"remembers": [1, 1, 1]}), ("remembers",)) is None


def test_the_test_keeps_its_level_where_targets_are_equal() -> None:
    rng = np.random.default_rng(7)
    low = 0
    for study_ in range(60):
        each = rng.beta(1, 3, 8)
        counts = {t: [int(rng.binomial(10, p)) for p in each] for t in TARGETS}
        found = rates_differ(table(counts), TARGETS, seed=study_)
        low += found is not None and found <= 0.05
    assert low <= 8, "of 60 at 5 %, more than 8 has p .003"


# --- a model beside the rules -----------------------------------------------------------------------------------------


def test_agreement_of_the_model_check_is_counted_on_what_is_critical() -> None:
    trial = talk("remembers", "nora", "role_flip", "role_flip", None, None, None, "greets_again")
    answers = ["role_flip", "sound", "leak", "sound", "out_of_character", "sound"]
    session = trial.sessions[0]
    scored = [replace(e, scores={"user_check": Assessment(value=a, reason="So.")}) for e, a in zip(session.exchanges, answers, strict=True)]
    scored[4] = replace(scored[4], scores={"user_check": Unscored(cause="schema", reason="Twice no JSON.")})
    found = check_agreement([replace(trial, sessions=(replace(session, exchanges=tuple(scored)),))])
    assert found is not None
    assert (found.messages, found.unanswered) == (5, 1)
    assert (found.both, found.check_only, found.rules_only, found.neither) == (1, 1, 1, 2)
    # Observed 3 of 5; by chance 2/5 · 2/5 + 3/5 · 3/5.
    assert found.kappa == pytest.approx((3 / 5 - 13 / 25) / (1 - 13 / 25))
    assert found.kinds == {"leak": 1, "role_flip": 1, "sound": 3}
    assert check_agreement([trial]) is None


def test_a_trial_without_a_message_is_no_fault() -> None:
    blank = fold(planned(), [])
    assert [t.validity.messages for t in summary([blank, talk("forgets", "nora", None)]).targets] == [0, 1]
