from __future__ import annotations

import json

import pytest

from sim.core.record import Trial
from sim.present.data.trial_document import TrialDocument
from sim.present.data.trial_json import trial_document
from tests import examples
from tests.analysis.stories import CODEBOOK, told_in_full
from tests.analysis.trials import TAGGER, Diary, planned


def document(trial: Trial, **study: object) -> TrialDocument:
    return trial_document(trial, study=examples.study(**study), codebook=CODEBOOK, offline=("user",))  # type: ignore[arg-type]


def test_it_has_the_promised_shape() -> None:
    found = json.loads(document(told_in_full().finish()).model_dump_json())
    assert {"trial", "target", "persona", "scenario", "seed", "status", "sessions"} <= set(found)
    assert {"index", "date", "criterion", "exchanges"} <= set(found["sessions"][0])
    exchange = found["sessions"][0]["exchanges"][1]
    assert {"index", "user", "reply", "ratings", "moves", "repetition", "disclosed", "flags"} <= set(exchange)
    assert {"kind", "score", "reason", "evidence"} <= set(exchange["ratings"]["self"]["humor_fit"])
    assert found["sessions"][1]["criterion"]["self"]["return"]["score"] == 5


def test_a_rating_without_a_number_has_null_and_says_which_kind() -> None:
    ratings = document(Diary(planned()).open().exchange([4, "?", 3, 2, "na", "na", "na"]).told()).sessions[0].exchanges[0].ratings["self"]
    assert [(r.kind, r.score) for r in list(ratings.values())[:2]] == [("score", 4), ("unscored", None)]
    assert ratings["formality_matching"].cause == "schema"
    assert (ratings["callback"].kind, ratings["callback"].score, ratings["callback"].occasion) == ("not_applicable", None, None)


def test_dates_and_gaps_are_in_words() -> None:
    first, second = document(told_in_full().finish()).sessions
    assert (first.gap, first.when) == (None, "Monday, 5 January 2026")
    assert (second.gap, second.when) == ("nine days later", "Wednesday, 14 January 2026, nine days later")


def test_moves_beside_the_codebook_are_shown_but_not_measured() -> None:
    session = Diary(planned()).open().exchange(3, ["advice", "closing_offer"]).exchange(3, ["closing_offer"]).exchange(3, None).told()
    first, second, third = document(session).sessions[0].exchanges
    assert (first.moves, second.repetition.repeated, second.repetition.jaccard) == (("advice", "closing_offer"), (), 0.0)
    assert (third.moves, third.tagging, third.repetition.jaccard) == ((), "absent", None)


def test_raters_stand_in_the_studys_order_whoever_answered_first() -> None:
    diary = Diary(planned()).open().exchange(5, others={"human:7": 1, "observer:strict": 2})
    events = diary.events
    shuffled = [e for e in events if e.part != "self"] + [e for e in events if e.part == "self"]
    one = document(diary.told(), observers=[{"id": "strict", "model": "openai/x"}])
    other_diary = Diary(planned())
    other_diary.events = shuffled
    other = document(other_diary.told(), observers=[{"id": "strict", "model": "openai/x"}])
    assert list(one.sessions[0].exchanges[0].ratings) == ["self", "observer:strict", "human:7"]
    assert one.model_dump_json() == other.model_dump_json()


def test_second_ratings_stand_apart_from_first_ones() -> None:
    told = Diary(planned()).open().exchange(4, others={"self:one_by_one": 1, "self:repeat": 2, "observer:late": 3}).exchange(4).told()
    first, second = document(told).sessions[0].exchanges
    assert list(first.ratings) == ["self", "observer:late"]
    assert {c: r["callback"].score for c, r in first.controls.items()} == {"one_by_one": 1, "repeat": 2}
    assert (first.likability, second.controls) == (4, {})


def test_the_worst_exchange_is_the_primary_raters() -> None:
    told = Diary(planned()).open().exchange(4, others={"observer:strict": 1}).exchange(3).exchange(3).told()
    worst = document(told).worst
    assert worst is not None
    assert (worst.session, worst.exchange, worst.score) == (1, 2, 3)


def test_disclosures_carry_what_was_told() -> None:
    told = document(told_in_full().finish()).sessions[1].exchanges[0].disclosed
    assert next((d.fact, d.version, d.text) for d in told) == ("flat", 1, "I have moved to Harbour Street, with a lift.")


@pytest.mark.parametrize("told", [planned(), Diary(planned()).open().told(), Diary(planned()).open().exchange(None, None, reply=None).told()])
def test_a_trial_is_a_document_at_every_stage(told: Trial) -> None:
    found = document(told)
    assert found.worst is None
    assert found.tagger == TAGGER
    assert TrialDocument.model_validate_json(found.model_dump_json()) == found
