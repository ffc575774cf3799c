"""The page on personas does what it says: its offline commands run as they stand, its file is valid, its figures are what they print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from sim.analysis.trust.coverage import closest_pair
from sim.population.marginals import read_marginals
from sim.population.person import make_population
from tests.cli.command import ROOT, Here

PAGE = (ROOT / "sim" / "guide" / "personas.md").read_text(encoding="utf-8")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    monkeypatch.chdir(tmp_path)
    return Here(capsys)


def test_its_commands_run_as_they_stand(here: Here) -> None:
    for name, text in re.findall(r"^```yaml file=(\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        Path(name).write_text(text, encoding="utf-8")
    commands = [shlex.split(line, comments=True)[1:] for line in re.findall(r"^sim .+$", PAGE, re.MULTILINE)]
    offline = [c for c in commands if "--model" not in c]
    assert len(offline) >= 10
    made = 0
    for words in offline:
        if words[:2] == ["personas", "new"]:
            made += 1
            if made > 2:
                words = [*words, "--out", f"more-{made}"]
        if words[0] == "run":
            words = [*words, "--scenario", "only-bored"]
        if words == ["personas", "check", "people"]:
            for file in sorted(Path("people").iterdir())[6:]:
                file.unlink()
        done = here.sim(*words)
        assert done.returncode == 0, (words, done.stderr)


def test_its_figures_are_what_the_commands_print(here: Here) -> None:
    made = closest_pair(make_population(200, read_marginals({}), seed=1).people)
    assert made is not None
    assert f"differ in {made.different} of 30 facets, at a distance of {made.distance:.1f}" in PAGE
    shipped = here.json("personas", "describe", "builtin/*")
    strongest = max(c["v"] for c in shipped["confounds"] if c["v"] is not None)
    assert f"Of the {shipped['personas']} shipped personas" in PAGE
    assert not [c for c in shipped["confounds"] if c["says"]]
    assert f"the strongest is that of stability with register (V {strongest:.2f}" in PAGE
