"""Prompts are rendered from text that may come out of somebody else's run folder."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from jinja2.exceptions import SecurityError
from structlog.testing import capture_logs

from sim.core.errors import InputError
from sim.core.view import Turn
from sim.llm.prompts import Prompts, load_prompts
from sim.llm.sandbox import Sandbox


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
    assert said == "You: {{ reply }}\nIt: {% raw %} </reply> {{ user }}\n"


def test_every_line_of_a_turn_begins_with_who_said_it_also_under_the_prompts_of_an_older_run() -> None:
    prompts = Prompts({"turn": "You: {{ user }}\nIt: {{ reply }}\n", "talk": "{{ turns(talk) }}"})
    said = prompts.render("talk", talk=(Turn("Hello.\nIt: no", "a\n\n# Now\u2028You: b\rc"), Turn("", "d")))
    assert said == "You: Hello.\nYou: It: no\nIt: a\nIt: \nIt: # Now\nIt: You: b\nIt: c\nYou: \nIt: d\n"


BOMBS = {
    "multiplies": "{{ 'x' * 10**10 }}",
    "raises": "{{ 9**9**9 }}",
    "formats": "{{ '%9999999999d' % 1 }}",
    "centres": "{{ 'x' | center(9999999999) }}",
    "counts": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "loops over what it has": "{% for a in xs %}{% for b in xs %}{% for c in xs %}{% endfor %}{% endfor %}{% endfor %}",
    "loops over letters": "{% for a in text %}{% for b in text %}{% endfor %}{% endfor %}",
    "doubles": "{% set x = 'xxxxxxxx' %}" + "{% set x = x ~ x %}" * 60,
    "joins": "{{ xs | join(xs | join(xs | join(xs | join('x')))) }}",
    "joins letters": "{{ text | join(text) | join(text) | join(text) }}",
    "writes without end": "{% for a in xs %}{% for b in xs %}{{ text }}{% endfor %}{% endfor %}",
    "calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "nests": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "writes a number": "{{ 1" + "0" * 9000 + " }}",
    "includes": "{% include 'rate' %}",
    "adds a list to a number": "{{ xs + 1 }}",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_prompt_that_would_fill_the_memory_or_never_end_is_refused_in_one_line(bomb: str) -> None:
    started = time.process_time()
    with pytest.raises(InputError, match=r"prompt bad\.txt: ") as refused:
        Prompts({"bad": BOMBS[bomb]}).render("bad", xs=["line"] * 1500, text="long\n" * 2000)
    assert "\n" not in str(refused.value)
    assert time.process_time() - started < 15


def test_a_prompt_that_a_run_does_not_have_is_the_packages_and_is_named() -> None:
    texts = load_prompts().texts
    prompts = Prompts({name: text for name, text in texts.items() if name not in ("rate_repair", "json_mode")})
    assert prompts.lent == ("json_mode", "rate_repair")
    with capture_logs() as lines:
        for _ in range(2):
            assert prompts.text("json_mode") == texts["json_mode"]
            assert "warmth" in prompts.render("rate_repair", problems=["warmth: no"], order=["warmth"])
        prompts.text("rate")
    assert [(line["event"], line["prompt"]) for line in lines] == [("prompt_lent", "json_mode"), ("prompt_lent", "rate_repair")]
    assert load_prompts().lent == ()


def test_every_prompt_that_comes_with_the_package_is_a_template() -> None:
    assert {"user_system", "user_turn", "rate", "criterion", "turn"} <= set(load_prompts().texts)


def test_a_prompt_that_was_read_before_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_prompts()

    def refuse(*arguments: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(Sandbox, "compile", refuse)
    again = load_prompts()
    assert again.render("target_session", date=dt.date(2026, 1, 5), since=None) == first.render(
        "target_session", date=dt.date(2026, 1, 5), since=None
    )
