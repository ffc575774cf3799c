"""A study that has a key written out is refused before a run can copy it; a run that holds one already still opens."""

from __future__ import annotations

import pytest

from sim.core.errors import InputError
from sim.engine.preflight import check_names, study_faults
from tests import examples
from tests.targets.chatbots import spec

URL = "http://127.0.0.1:1/chat"
BODY = {"message": "{message}", "user": "{user_id}"}
KEYS = (
    "sk-proj-4711abcdefgh",
    "Bearer sk-ab12cd34ef56gh",
    "AIzaSyA1234567890abcdefg",
    "a8Df3kPq0ZxW7vLm2Nc5",
    "eyJhbGciOiJIUzI1NiJ9.e30.x",
    "xoxb-1234567890ab",
)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "where",
    [
        lambda key: {"url": URL, "headers": {"X-Bot": key}},
        lambda key: {"url": f"{URL}/{key.rpartition(' ')[2]}", "body": BODY},
        lambda key: {"url": URL, "body": {**BODY, "meta": {"x": key}}},
        lambda key: {"url": URL, "closing": {"url": URL, "headers": {"X-Bot": f"a; {key}"}}},
    ],
)
def test_a_key_that_is_written_out_is_refused_by_its_place_and_not_repeated(where: object, key: str) -> None:
    study = examples.study(targets=(spec(http=where(key)),))  # type: ignore[operator]
    with pytest.raises(InputError, match=r"target 'bot': .* looks like a key, .*; write \$\{NAME\} there and export NAME") as refused:
        check_names(study)
    assert key.rpartition(" ")[2] not in str(refused.value)
    assert [fault.at for fault in study_faults(study) if "looks like a key" in fault.problem] == [("targets", "bot", "http")]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Bot": "${BOT_KEY}", "Authorization": "Bearer ${BOT_KEY}"},
        {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0", "Accept": "application/vnd.api+json;version=2"},
        {"X-Request": "550e8400-e29b-41d4-a716-446655440000", "X-Client": "acme-website-widget-2024-stable", "X-Version": "2024-05-01-preview"},
        {"X-Tenant": "NorthernTradingCompany2", "X-User": "{user_id}"},
    ],
)
def test_what_is_merely_long_is_not_taken_for_a_key(headers: dict[str, str]) -> None:
    check_names(examples.study(targets=(spec(http={"url": URL, "headers": headers, "body": BODY}),)))
