"""`sim calibrate RUN` after people have read in it, and after people were its users."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli.command import sim, sim_json
from tests.people.test_service import begun, chatting, make, read_all, readers, reading, talk, talkers


def calibrated(results: Path) -> Any:
    return sim_json("calibrate", "told", "--results", results, cwd=results)


async def test_who_talked_calibrates_the_self_rater_and_who_reads_later_is_not_pooled_with_them(tmp_path: Path) -> None:
    make(tmp_path, seeds=2, observers=[{"id": "second", "model": "offline/rater"}])
    async with talkers(tmp_path, chatting()) as people:
        talked = [await begun(people), await begun(people)]
        for person in talked:
            await talk(people, person)
    found = calibrated(tmp_path)
    assert list(found["tables"]) == ["talked"]
    assert set(found["tables"]["talked"]["people"]) == {p.rater for p in talked}
    assert list(found["dimensions"]["length_fit"]) == ["self"]
    assert found["dimensions"]["length_fit"]["self"]["n"] > 0
    async with readers(tmp_path, reading(people=4)) as people:
        reader = await begun(people)
        await read_all(people, reader)
    found = calibrated(tmp_path)
    assert set(found["dimensions"]["length_fit"]) == {"self", "observer:second"}
    assert (found["tables"]["read"]["people"], found["tables"]["read"]["raters"]) == ([reader.rater], ["observer:second", reader.rater])
    shown = sim("calibrate", "told", "--results", tmp_path, cwd=tmp_path).stdout
    for said in ("Calibrated by people who talked", "Calibrated by people who read", "one person (read)"):
        assert said in shown
