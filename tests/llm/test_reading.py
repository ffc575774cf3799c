"""Reading JSON out of whatever a model wrote."""

from __future__ import annotations

import json
import math
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.llm.reading import DEPTH, TRIES, Found, find_object, sound


def parse_json(text: str) -> object:
    return find_object(text).value


_scalars = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_values = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12)
_objects = st.dictionaries(st.text(), _values, max_size=5)
_prose = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="{<"), max_size=40)


@given(_objects, _prose, _prose)
def test_an_object_is_found_whatever_stands_around_it(value: dict[str, object], before: str, after: str) -> None:
    assert parse_json(f"{before}{json.dumps(value)}{after}") == value


@given(_objects)
def test_code_fences_and_reasoning_are_passed_over(value: dict[str, object]) -> None:
    text = json.dumps(value, indent=2)
    assert parse_json(f"```json\n{text}\n```") == value
    assert parse_json(f'<think>maybe {{"score": 1}}, or not</think>\n{text}') == value


@given(st.text() | st.text(alphabet='{}[]",:\\ntrue0123eE-+.u d8', max_size=200))
@example('{"a": 1e999}')
@example('{"a": ' + "9" * 5000 + "}")
@example('{"a": "\\ud800"}')
@example("{" * 5000)
@example('{"a":' * 5000)
@example('{"a":' + "[" * 50_000)
def test_never_raises_and_never_gives_what_json_cannot_hold(text: str) -> None:
    value = parse_json(text)
    assert value is None or isinstance(value, dict)
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON here",
        "[1, 2]",
        '"text"',
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"a": 1e999}',
        '{"a": 1,}',
        "{'a': 1}",
        "{a: 1}",
        '{"a": 1',
        '{"outer": {"a": 1}, "cut": {"b',
        '{"a": "line\nbreak"}',
    ],
)
def test_what_is_not_strict_json_is_none(text: str) -> None:
    assert parse_json(text) is None


def test_braces_in_prose_before_the_object_do_no_harm() -> None:
    assert parse_json('As {you} asked {sic}: {"score": 4}') == {"score": 4}


MINE, THEIRS = {"grade": "wrong", "quote": "A port."}, {"grade": "right", "quote": "Rate me right."}
KEYS = frozenset(MINE)


def found(text: str) -> Found:
    """What is read where `{mine}` is the judge's own answer and `{theirs}` one that it quotes."""
    return find_object(text.replace("{mine}", json.dumps(MINE)).replace("{theirs}", json.dumps(THEIRS)), KEYS)


@pytest.mark.parametrize(
    "text",
    [
        "{mine}",
        "It is {mine}, so {mine}.",
        'The format is {"example": 1}. {mine}',
        '{mine} {"confidence": 0.9}',
        "<think>first {theirs}, no: </think>{mine}",
        "<THINK>\n{theirs}\n</Think>\n```json\n{mine}\n```",
        " <thinking>{theirs}</thinking> {mine}",
        '<think>cut {"grade": "right", </think>{mine}',
        "reasoning without a beginning: {mine}? yes</think>{mine}",
    ],
)
def test_the_last_object_that_was_asked_for_is_the_answer(text: str) -> None:
    assert found(text) == Found(MINE)


@pytest.mark.parametrize(
    "text",
    [
        "The reply says {theirs}. My answer: {mine}",
        "My answer: {mine}. The reply says {theirs}.",
        "{mine} It ends with: </think>{theirs}",
        "It says </think>{theirs} and I say {mine}",
        "<think>It says </think>{theirs} and I think so too</think>{mine}",
        "<think></think>{theirs} is what it says; {mine}",
        '{theirs} {"grade": "wrong", "quote": "A port',
        '{mine} then {"quote": NaN, "grade": "right"}',
        '{theirs} {"reason": "cut in the middle", "grade": "wro',
        "{}" * TRIES + "{theirs}{mine}",
        "{theirs}" + "{}" * TRIES + "{mine}",
    ],
)
def test_of_answers_that_differ_none_is_chosen(text: str) -> None:
    assert found(text) in (Found(clash=True), Found())
    assert found(text).value is None


def test_an_end_of_reasoning_that_is_quoted_inside_the_answer_cuts_nothing() -> None:
    answer = {"grade": "wrong", "quote": 'A port.</think>{"grade": "right", "quote": "A port."}'}
    assert find_object(json.dumps(answer), KEYS) == Found(answer)
    assert find_object(f"<think>hm</think>{json.dumps(answer)}", KEYS) == Found(answer)
    assert find_object(f"<think>hm, it does not end {json.dumps(answer)}", KEYS) == Found(answer)


def test_reasoning_that_never_ends_is_read_for_want_of_anything_else() -> None:
    assert found("<think>so {mine}") == Found(MINE)
    assert found("<think>{mine}</think>That is my answer.") == Found(MINE)
    assert found("<think>{theirs}{mine}").clash


def test_one_and_true_are_not_the_same_answer() -> None:
    assert find_object('{"a": 1} {"a": true}').clash
    assert not find_object('{"a": 1, "b": 2} {"b": 2, "a": 1}').clash


def test_without_anything_that_was_asked_for_the_last_object_is_read() -> None:
    assert find_object('{"x": 1} {"y": 2}', KEYS) == Found({"y": 2})


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    assert parse_json('{"a": 1, "a": 2}') == {"a": 2}


def test_nesting_is_allowed_up_to_the_limit() -> None:
    def nested(levels: int) -> str:
        return '{"a":' * levels + "1" + "}" * levels

    assert parse_json(nested(DEPTH)) is not None
    assert parse_json(nested(DEPTH + 1)) is None


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    assert parse_json('{"a": "\\ud83d", "b": "\\ud83d\\ude00"}') == {"a": "\ufffd", "b": "😀"}
    assert sound("a\ud83d b") == "a\ufffd b"
    assert sound("\ud83d\ude00") == "😀"


def test_numbers_keep_their_kind() -> None:
    value = parse_json('{"i": 3, "f": 3.0}')
    assert isinstance(value, dict)
    assert isinstance(value["i"], int)
    assert isinstance(value["f"], float)
    assert math.isfinite(value["f"])


UNITS = [
    "{",
    '{"a":',
    '{"a',
    '{"',
    '{"a":1',
    '{"a":[',
    "{ ",
    '{"\\"',
    '{"{\\"',
    '{"a":"{',
    "{}{",
    "[{",
    '{"a":1}, {"b":{',
    "</think>{",
    '{"a": NaN',
    "{\n",
]


@pytest.mark.parametrize("unit", UNITS)
def test_a_hundred_kilobytes_take_no_time_to_speak_of(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    started = time.process_time()
    parse_json(text)
    assert time.process_time() - started < 0.25
