"""Somebody's Python as a scorer: what it may be, and what is said of what it may not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sim.core.errors import CallFailed, InputError
from sim.core.event import Unscored
from sim.score.custom import CustomScorer
from sim.score.registry import check_code

GOOD = """\
class Short:
    id = "short"
    result = "yes_no"

    def score(self, context):
        return len(context.reply.split()) <= 3
"""


def write(folder: Path, text: str, name: str = "checks.py") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return f"{name}:Short"


def score(scorer: CustomScorer, reply: str) -> Any:
    return asyncio.run(scorer.score(SimpleNamespace(reply=reply)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("def score", "async def score"),
        GOOD.replace("class Short:", "class Base:") + "\n\nShort = Base()\n",
        "from sim.core.spec.scorer import ScorerInfo\n"
        + GOOD.replace('    id = "short"\n    result = "yes_no"\n', '    info = ScorerInfo(id="short", result="yes_no")\n'),
        GOOD.replace("class Short:", "import dataclasses\n\n@dataclasses.dataclass\nclass Short:\n    words: int = 3"),
    ],
    ids=["sync", "async", "instance", "info", "dataclass"],
)
def test_a_class_an_instance_sync_or_async(tmp_path: Path, text: str) -> None:
    place = write(tmp_path, text)
    check_code(place, owner="scorer", base=tmp_path)
    scorer = CustomScorer(place, seconds=10, base=tmp_path)
    assert (scorer.info.id, scorer.info.version, scorer.info.grain) == ("short", "1", "exchange")
    assert len(scorer.source) == 16
    assert score(scorer, "one two three") is True
    assert score(scorer, "one two three four") is False


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise KeyError('no')", "scorer 'short' raised KeyError at checks.py:6: 'no'"),
        ("raise SystemExit(3)", "scorer 'short' raised SystemExit at checks.py:6: 3"),
        ("raise TypeError", "scorer 'short' raised TypeError at checks.py:6"),
    ],
)
@pytest.mark.parametrize("sync", [True, False])
def test_what_it_raises_is_an_unscored_result_that_says_where(tmp_path: Path, body: str, reason: str, sync: bool) -> None:
    text = GOOD.replace("return len(context.reply.split()) <= 3", body)
    place = write(tmp_path, text if sync else text.replace("def score", "async def score"))
    assert score(CustomScorer(place, seconds=10, base=tmp_path), "one") == Unscored(cause="scorer", reason=reason)


@pytest.mark.parametrize(
    ("body", "cause", "message"),
    [
        ("raise ConnectionRefusedError('no server')", "infrastructure", "scorer 'short' raised ConnectionRefusedError: no server"),
        ("open('nowhere')", "infrastructure", "scorer 'short' raised FileNotFoundError: [Errno 2] No such file or directory: 'nowhere'"),
        ("import time; time.sleep(60)", "infrastructure", "scorer 'short' did not answer within 0.2 s"),
        ("from sim.core.errors import CallFailed; raise CallFailed('budget', 'used up')", "budget", "used up"),
    ],
)
def test_what_may_pass_is_a_call_that_came_to_nothing(tmp_path: Path, body: str, cause: str, message: str) -> None:
    place = write(tmp_path, GOOD.replace("return len(context.reply.split()) <= 3", body))
    scorer = CustomScorer(place, seconds=0.2 if "sleep" in body else 10, base=tmp_path)
    with pytest.raises(CallFailed) as failed:
        score(scorer, "one")
    assert (failed.value.cause, failed.value.told) == (cause, message)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('    id = "short"\n', "", 'it has no id; write id = "short" in the class'),
        ('    result = "yes_no"\n', "", 'it has no result; write result = "yes_no", "number" or "label" in the class'),
        ('"yes_no"', '"yesno"', "result = 'yesno' is not a choice; did you mean 'yes_no'?"),
        ('"yes_no"', '"label"', "labels: belong to result: label, which needs them; mend the class"),
        ('"short"', '"Too Short"', "id: string should match pattern '^[a-z0-9][a-z0-9_-]*$'; mend the class"),
        ("def score", "def scores", "Short has no method score; write a class with def score(self, context)"),
        ("(self, context)", "(self, message, reply)", "score does not take the context alone; write def score(self, context)"),
        ("    def score", "    def __init__(self, n): ...\n\n    def score", "making a Short raised TypeError: "),
        ("class Short", "raise ValueError('broken')\nclass Short", "raised ValueError: broken; mend the module"),
    ],
)
def test_what_is_not_a_scorer_is_refused_in_one_line(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    place = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(InputError) as refused:
        CustomScorer(place, seconds=10, base=tmp_path)
    assert str(refused.value).startswith("scorer 'checks.py:Short': ")
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('    id = "short"\n', "", 'checks.py:1: scorer: class Short has no id; write id = "short"'),
        ('    result = "yes_no"\n', "", 'checks.py:1: scorer: class Short has no result; write result = "yes_no", "number" or "label"'),
        ("def score", "def scores", "checks.py:1: scorer: class Short has no method score; write def score(self, context)"),
        ("Short", "Shorter", "checks.py: scorer: there is no 'Short'; did you mean 'Shorter'?"),
        ("return", "retrun", "checks.py:6: scorer: is not Python: invalid syntax; mend the file"),
    ],
)
def test_much_of_it_is_found_without_running_the_code(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    place = write(tmp_path, "" + GOOD.replace(old, new) + "\nopen('ran', 'w').close()\n")
    with pytest.raises(InputError) as refused:
        check_code(place, owner="scorer", base=tmp_path)
    assert str(refused.value) == f"{tmp_path}/{complaint}"
    assert not Path("ran").exists()
