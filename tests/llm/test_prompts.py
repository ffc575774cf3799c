"""Prompts are rendered from text that may come out of somebody else's run folder."""

from __future__ import annotations

import datetime as dt

import pytest
from jinja2.exceptions import SecurityError

from sim.core.errors import InputError
from sim.core.view import Turn
from sim.llm.prompts import Prompts, load_prompts


@pytest.mark.parametrize(
    "text",
    [
        "{{ it.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ ''['__cla' ~ 'ss__'] }}",
        "{{ it|attr('__class__') }}",
        "{{ '{0.__class__}'.format(it) }}",
        "{{ turns.__globals__ }}",
        "{{ spoken.__globals__ }}",
        "{{ it.date.strftime('%Y') }}",
    ],
)
def test_a_prompt_reads_fields_and_nothing_behind_them(text: str) -> None:
    class It:
        date = dt.date(2026, 1, 5)

    with pytest.raises((InputError, SecurityError)):
        Prompts({"turn": "", "bad": text}).render("bad", it=It())


def test_a_misspelt_name_is_one_line_that_names_the_prompt() -> None:
    with pytest.raises(InputError, match=r"prompt bad\.txt: .*persno"):
        Prompts({"turn": "", "bad": "{{ persno.name }}"}).render("bad", persona=None)


def test_a_brace_left_open_is_refused_when_the_prompts_are_read() -> None:
    with pytest.raises(InputError, match=r"prompt bad\.txt"):
        Prompts({"turn": "", "bad": "{{ persona"})


def test_what_a_turn_says_is_never_read_as_a_template() -> None:
    prompts = Prompts({"turn": "You: {{ user }}\nIt: {{ reply }}\n", "talk": "{{ turns(talk) }}"})
    said = prompts.render("talk", talk=(Turn("{{ reply }}", "{% raw %} </reply> {{ user }}"),))
    assert said == "You: {{ reply }}\nIt: {% raw %} ‹/reply> {{ user }}\n"


def test_every_prompt_that_comes_with_the_package_is_a_template() -> None:
    assert {"user_system", "user_turn", "rate", "criterion", "turn"} <= set(load_prompts().texts)
