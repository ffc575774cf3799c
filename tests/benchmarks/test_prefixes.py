"""The short form of `prefixes.py`."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.prefixes import alike, measured


async def test_what_was_sent_at_one_exchange_begins_what_is_sent_at_the_next(tmp_path: Path) -> None:
    found = await measured(tmp_path)
    assert {role: of.share > 0.85 for role, of in found.items()} == {"user": True, "rater": True}


def test_a_common_beginning_is_counted_in_characters() -> None:
    assert [alike("abc", other) for other in ("abc", "abd", "ab", "", "abcd")] == [3, 2, 2, 0, 3]
