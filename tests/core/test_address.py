"""What the parts of events say, and that they say it back."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.address import CONTROLS, Address, code_of, control, is_control, observed_by, observer_id, person_id
from sim.core.codebook import DIMENSIONS
from sim.core.event import Kind

IDS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,12}", fullmatch=True)
MODELS = st.from_regex(r"(ollama|openai|vertex_ai)/[a-z0-9.-]{1,8}(:[0-9]{1,2}b)?(@[0-9]{4})?", fullmatch=True)
RATERS = st.one_of(st.just("self"), st.one_of(IDS, MODELS).map(observer_id), IDS.map(person_id))
CODEBOOKS = st.one_of(st.just(""), IDS)
COUNTS = st.integers(1, 10**6)
PARTS = st.one_of(
    RATERS,
    st.builds(control, RATERS, st.sampled_from(CONTROLS)),
    st.builds(lambda t, c: f"{t}@{c}" if c else t, st.one_of(st.just("offline"), MODELS), CODEBOOKS),
    st.builds("{}@{}".format, IDS, IDS),
    st.builds("{}#{}".format, st.one_of(IDS, RATERS), COUNTS),
    st.builds("{}:{}#{}".format, IDS, RATERS, COUNTS),
    st.text(max_size=20),
)
ADDRESSES: dict[Kind, st.SearchStrategy[Address]] = {
    "rated": st.one_of(
        st.builds(Address, RATERS, st.sampled_from(("", *CONTROLS))),
        st.builds(Address, RATERS, st.just("one_by_one"), edition=st.sampled_from(DIMENSIONS)),
    ),
    "tagged": st.builds(Address, st.one_of(st.just("offline"), MODELS), edition=IDS),
    "scored": st.builds(Address, IDS, edition=st.text(max_size=10)),
    "probed": st.builds(Address, IDS, IDS),
    "labelled": st.builds(Address, st.one_of(IDS, RATERS), count=COUNTS),
    "form_answered": st.builds(Address, IDS.map(person_id), IDS),
    "call_lost": st.builds(Address, IDS, st.one_of(st.just(""), RATERS, MODELS, st.builds("{}@{}".format, IDS, IDS)), count=COUNTS),
    "memory_written": st.builds(Address, IDS),
}


@given(st.sampled_from(get_args(Kind)), PARTS)
def test_whatever_a_part_says_it_is_written_as_it_was_read(kind: Kind, part: str) -> None:
    assert str(Address.parse(kind, part)) == part


@pytest.mark.parametrize("kind", ADDRESSES)
@given(data=st.data())
def test_an_address_comes_back_from_its_part(kind: Kind, data: st.DataObject) -> None:
    address = data.draw(ADDRESSES[kind])
    assert Address.parse(kind, str(address)) == address


@pytest.mark.parametrize(
    ("kind", "part", "address"),
    [
        ("rated", "self", Address("self")),
        ("rated", "self:one_by_one", Address("self", "one_by_one")),
        ("rated", "self:one_by_one@callback", Address("self", "one_by_one", "callback")),
        ("rated", "observer:x:one_by_one@y", Address("observer:x:one_by_one@y")),
        ("rated", "observer:ollama/llama3:8b:repeat", Address("observer:ollama/llama3:8b", "repeat")),
        ("rated", "observer:repeat", Address("observer:repeat")),
        ("tagged", "openai/gpt-5@trust", Address("openai/gpt-5", edition="trust")),
        ("scored", "profile@1", Address("profile", edition="1")),
        ("probed", "implicit:cat", Address("implicit", "cat")),
        ("labelled", "human:p3#2", Address("human:p3", count=2)),
        ("form_answered", "human:p3:after", Address("human:p3", "after")),
        ("call_lost", "rate_likability:self:one_by_one#1", Address("rate_likability", "self:one_by_one", count=1)),
        ("call_lost", "tag_moves:ollama/llama3:8b@trust#3", Address("tag_moves", "ollama/llama3:8b@trust", count=3)),
        ("call_lost", "close_session#12", Address("close_session", count=12)),
        ("memory_written", "profile", Address("profile")),
        ("user_spoke", "", Address("")),
    ],
)
def test_the_parts_of_journals_are_read_as_they_were_meant(kind: Kind, part: str, address: Address) -> None:
    assert (Address.parse(kind, part), str(address)) == (address, part)


@given(RATERS)
def test_a_rater_is_told_from_its_controls(rater: str) -> None:
    assert not is_control(rater)
    assert all(is_control(control(rater, c)) for c in CONTROLS)
    assert [observed_by(rater), code_of(rater)].count(None) == (2 if rater == "self" else 1)
