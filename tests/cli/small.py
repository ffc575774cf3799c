"""A project of one's own: a short scenario and an offline study, for tests that run many commands."""

from __future__ import annotations

from pathlib import Path

SCENARIO = """\
id: short
title: A short talk
about: Two talks of two messages each.
facts:
  - id: sc-door
    topic: home
    when: when the flat comes up
    text: "The front door is painted teal."
    answers: ["teal"]
sessions:
  - situation: You have just come home.
    mood: {feels: tired, valence: 0}
    disclose: [sc-door]
    agenda:
      - aim: say that you are home
        says: ["I am home at last.", "How was your day, if you have days?"]
    exchanges: {min: 2, max: 2}
  - gap: 3
    situation: It is raining.
    mood: {feels: calm, valence: 0}
    disclose: [persona.pet]
    agenda:
      - aim: talk about the rain
        about: [sc-door]
        says: ["It rains on the door.", "I like the sound of it."]
    exchanges: {min: 2, max: 2}
"""
STUDY = """\
name: small
targets:
  - {id: keeps, model: offline/uses, memory: full}
  - {id: drops, model: offline/uses, memory: none}
user: {model: offline/user}
personas: [davi]
scenarios: [short]
seeds: 1
concurrency: 2
"""


def project(folder: Path, *, scenario: str = SCENARIO, study: str = STUDY) -> Path:
    """A folder with the short scenario and the study; returns the study's path."""
    (folder / "scenarios").mkdir(parents=True, exist_ok=True)
    (folder / "scenarios" / "short.yaml").write_text(scenario, encoding="utf-8")
    path = folder / "small.yaml"
    path.write_text(study, encoding="utf-8")
    return path


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file under `folder` with its bytes, and every folder with None."""
    return {str(p.relative_to(folder)): None if p.is_dir() else p.read_bytes() for p in sorted(folder.rglob("*"))}
