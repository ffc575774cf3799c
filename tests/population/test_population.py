"""A population: spread over every facet, types independent of gender and age, nobody twice, and what is said of one person agrees."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pytest

from sim.analysis.trust.coverage import VALUES, closest_pair, cramers_v, describe_people
from sim.core.errors import InputError
from sim.core.spec.usual import usual_preference
from sim.core.text import contains
from sim.population.design import BELL, draw_design, rank_levels
from sim.population.facets import facet_sentence
from sim.population.marginals import USUAL, read_marginals, read_shares
from sim.population.parts import facets, lives, world
from sim.population.person import Population, make_population

USUALLY = read_marginals({})


@pytest.fixture(scope="module")
def two_hundred() -> Population:
    return make_population(200, USUALLY, seed=1)


def test_every_level_of_every_facet_is_there_and_no_two_are_alike(two_hundred: Population) -> None:
    document = describe_people(two_hundred.people, of="made")
    assert (document.missing, document.gaps) == ((), ())
    assert [f.levels for f in document.facets] == [(40,) * 5] * 30
    assert document.closest is not None
    assert document.closest.different >= 15
    assert document.closest.distance == pytest.approx(two_hundred.design.closest()[2])
    assert len({p.id for p in two_hundred.people}) == len({p.name for p in two_hundred.people}) == 200


def test_the_two_most_alike_are_the_same_in_whatever_order_people_are_given(two_hundred: Population) -> None:
    assert closest_pair(two_hundred.people) == closest_pair(two_hundred.people[::-1])


def test_types_are_independent_of_gender_and_age(two_hundred: Population) -> None:
    document = describe_people(two_hundred.people, of="made")
    by_pair = {(c.first, c.second): c for c in document.confounds}
    for first, second in combinations(VALUES, 2):
        assert (by_pair[first, second].v or 0) < 0.1
        assert by_pair[first, second].says == ""
    cells = Counter((p.type.sociability, p.gender) for p in two_hundred.people if p.gender != "nonbinary")
    assert max(cells.values()) - min(cells.values()) <= 2


def test_the_same_seed_makes_the_same_people_and_another_seed_others() -> None:
    first, again, other = (make_population(12, USUALLY, seed=seed).people for seed in (3, 3, 4))
    assert first == again
    assert {p.id for p in first} != {p.id for p in other}


def test_what_is_said_of_one_person_agrees(two_hundred: Population) -> None:
    for person in two_hundred.people:
        levels = {t.facet: t.level for t in person.traits}
        assert [t.text for t in person.traits] == [facet_sentence(f, levels[f]) for f in facets()]
        assert str(person.age) in person.background
        assert person.preferences["formality_matching"].want == person.style.formality.level
        assert person.preferences["knowledge_adaptation"].want == person.style.expertise.level
        for dimension, preference in person.preferences.items():
            assert preference.rubric.five == usual_preference(dimension, preference.want).five
        if person.type.sociability == "hostile":
            assert person.style.patience.level <= 2
            assert person.preferences["length_fit"].want <= 2
        assert len(person.voice.jokes) == max(0, person.style.humour.level - 1)
        named = [f.answers[0] for f in person.facts if f.id in ("family", "friend")]
        assert person.name.split()[0] not in named
        assert len(set(named)) == 2
        assert ("second-language" in person.tags) == (not world()[person.language.removeprefix("en-")].first)
        assert "retired" not in person.tags or person.age > 60


def test_types_show_in_character(two_hundred: Population) -> None:
    def mean(kind: str, facet: str) -> float:
        return float(np.mean([t.level for p in two_hundred.people if p.type.sociability == kind for t in p.traits if t.facet == facet]))

    assert mean("hostile", "anger") > mean("reserved", "anger") + 1 > mean("social", "anger") + 1
    assert mean("social", "friendliness") > mean("reserved", "friendliness") > mean("hostile", "friendliness")
    assert abs(mean("hostile", "imagination") - mean("social", "imagination")) < 0.5


def test_no_two_facts_of_a_person_are_told_by_the_same_words(two_hundred: Population) -> None:
    for person in two_hundred.people:
        answers = [a.casefold() for f in person.facts for a in (*f.answers, *(f.changes_to.answers if f.changes_to else ()))]
        assert len(answers) == len(set(answers)), person.id
        for fact, other in permutations(person.facts, 2):
            texts = [other.text, *([other.changes_to.text] if other.changes_to else [])]
            assert [a for a in fact.answers for text in texts if contains(text, a)] == [], (person.id, fact.id, other.id)


def test_marginals_are_met_to_the_person() -> None:
    shares = {"age": {"20-25": 0.25, "70-80": 0.75}, "type": {"hostile": 0.5}, "language_level": {"learner": 1.0}}
    people = make_population(40, read_marginals(shares), seed=2).people
    assert Counter("young" if p.age <= 25 else "old" for p in people) == {"young": 10, "old": 30}
    assert all(20 <= p.age <= 25 or 70 <= p.age <= 80 for p in people)
    assert Counter(p.type.sociability for p in people) == {"hostile": 20, "social": 10, "reserved": 10}
    assert all("learner" in p.tags and p.style.verbosity.level <= 3 for p in people)


def test_a_bell_has_most_people_in_the_middle() -> None:
    levels = draw_design(100, USUALLY, seed=5, shares=BELL).levels
    assert [int((levels[:, 0] == k).sum()) for k in range(1, 6)] == [7, 24, 38, 24, 7]
    assert list(rank_levels(np.array([3.0, 1.0, 2.0, 5.0, 4.0]))) == [3, 1, 2, 5, 4]


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_few_people_are_people_too(n: int) -> None:
    assert len(make_population(n, USUALLY, seed=1).people) == n


def test_a_facet_is_told_differently_at_every_level() -> None:
    for facet in facets():
        sentences = [facet_sentence(facet, level) for level in range(1, 6)]
        assert len(set(sentences)) == 5
        assert not any(c.isdigit() for c in "".join(sentences))
    assert facet_sentence("anxiety", 5).startswith("Worries about what could go wrong: ")


def test_there_is_work_and_family_at_every_age() -> None:
    for topic in ("work", "family"):
        assert all(any(p["from"] <= age <= p["to"] for p in lives()[topic]) for age in range(16, 101))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"height": {"tall": 1.0}}, "is not a characteristic"),
        ({"type": {"friendly": 1.0}}, "not one of social, reserved, hostile"),
        ({"type": {"social": 1.5}}, "not a share"),
        ({"type": {"social": 0.9, "hostile": 0.9}}, "sum to 1.8"),
        ({"age": {"18 to 30": 1.0}}, "not a span of ages"),
        ({"age": {"30-18": 1.0}}, "not a span of ages"),
        ({"age": {"16-100": 0.5}}, "nothing else is left"),
        ({"stability": {"steady": 0.2, "volatile": 0.2}}, "nothing else is left"),
        ({"type": {"social": float("nan")}}, "not a share"),
    ],
)
def test_shares_that_cannot_be_are_refused(given: dict[str, dict[str, float]], says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_marginals(given)


def test_shares_are_read_as_a_command_line_has_them() -> None:
    assert read_shares(["18-30=.3, 31-60=.4", "61-80=.3"], where="--age") == {"18-30": 0.3, "31-60": 0.4, "61-80": 0.3}
    for text in ("18-30", "18-30=", "18-30=x", ""):
        with pytest.raises(InputError, match="is not a share"):
            read_shares([text], where="--age")
    assert all(abs(sum(shares.values()) - 1) < 1e-9 for shares in USUAL.values())


def test_v_is_one_for_the_same_and_near_nought_for_the_independent() -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(3, size=300)
    assert cramers_v(codes, codes) == pytest.approx(1, abs=0.01)
    assert (cramers_v(codes, rng.integers(3, size=300)) or 0) < 0.12
    assert cramers_v(codes, np.zeros(300, dtype=np.int64)) is None


def test_what_goes_together_is_found_and_said(two_hundred: Population) -> None:
    some = [p for p in two_hundred.people if (p.type.sociability == "hostile") == (p.gender == "man")]
    document = describe_people(some, of="chosen")
    found = {(c.first, c.second): c for c in document.confounds if c.says}
    assert ("type", "gender") in found
    assert "hostile" in found["type", "gender"].says
    assert found["type", "gender"].p is not None
    assert found["type", "gender"].p < 0.05


def test_twins_are_found(two_hundred: Population) -> None:
    people = two_hundred.people
    twin = people[7].model_copy(update={"id": "twin"})
    closest = closest_pair([*people[:20], twin])
    assert closest is not None
    assert (closest.first, closest.second, closest.distance) == (people[7].id, "twin", 0)
    assert closest_pair(people[:1]) is None
