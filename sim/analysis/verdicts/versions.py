"""Two runs of one target: were they made under the same conditions, and which persona × scenario pairs went bad or were mended?"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from sim.analysis.verdicts.pairs import align
from sim.core.frozen import Frozen

if TYPE_CHECKING:
    from sim.analysis.verdicts.arms import Arm, RunSource
    from sim.core.codebook import Codebook
    from sim.core.spec import Persona, Scenario, Study

BAD = 3.0
"""The primary outcome below which a pair is bad: less than adequate."""
NAMED = 4
"""Differences named one by one."""

MOVES = ("tagger", "codebook")
"""Conditions that only figures on moves depend on."""


class PairChange(Frozen):
    """A persona × scenario pair that went from fine to bad, or back. Bad: the primary outcome below 3, or every trial failed."""

    kind: Literal["newly_bad", "fixed"]
    target: str
    persona: str
    scenario: str
    old: float | None
    """The primary outcome; None: every trial of the pair failed."""
    new: float | None
    change: float | None


def pair_changes(old: Arm, new: Arm) -> list[PairChange]:
    """The pairs of one target that changed sides between two runs, on the occasions that both had."""
    parts = new.primary.parts
    found: list[PairChange] = []
    values: dict[tuple[str, str], tuple[float | None, float | None]] = {**align(old.slots(parts), new.slots(parts)).pairs}
    lost = _lost(old), _lost(new)
    means = [{place: value for place, value in align(a.slots(parts), a.slots(parts)).pairs.items()} for a in (old, new)]
    for place in lost[1] - lost[0]:
        if place in means[0]:
            values[place] = means[0][place][0], None
    for place in lost[0] - lost[1]:
        if place in means[1]:
            values[place] = None, means[1][place][0]
    for (persona, scenario), (was, now) in sorted(values.items()):
        kind: Literal["newly_bad", "fixed"] = "newly_bad" if _bad(now) else "fixed"
        if _bad(was) != _bad(now):
            change = None if was is None or now is None else now - was
            found.append(PairChange(kind=kind, target=new.target or new.label, persona=persona, scenario=scenario, old=was, new=now, change=change))
    return found


def _bad(value: float | None) -> bool:
    return value is None or value < BAD


def _lost(arm: Arm) -> set[tuple[str, str]]:
    """Places whose every trial failed."""
    statuses: dict[tuple[str, str], set[str]] = {}
    for trial in arm.trials:
        statuses.setdefault((trial.cast.persona.id, trial.cast.scenario.id), set()).add(trial.status)
    return {place for place, of in statuses.items() if of == {"failed"}}


# --- conditions ---------------------------------------------------------------------------------------------------


def conditions(
    study: Study, personas: Iterable[Persona], scenarios: Iterable[Scenario], codebook: Codebook, prompts: Mapping[str, str]
) -> dict[str, str]:
    """What scores depend on beside the target, as hashes by name: rater, user, tagger, codebook, each prompt, persona and scenario.

    Args:
        prompts: hashes by name.
    """
    rater = study.raters[study.primary_rater]
    # Runs of before, which rated every exchange, keep their hash.
    seldom = [study.rate_every] if study.rate_every > 1 else []
    found = {
        "rater": _hash(study.primary_rater, (rater.sampling or study.sampling).model_dump_json(), rater.model, *seldom),
        "user": _hash(study.user.model, (study.user.sampling or study.sampling).model_dump_json(), study.history_tokens),
        "tagger": _hash(study.tagger_id),
        "codebook": _hash(codebook.model_dump_json()),
    }
    found |= {f"prompt '{name}'": digest for name, digest in prompts.items()}
    found |= {f"persona '{p.id}'": _hash(p.model_dump_json()) for p in personas}
    found |= {f"scenario '{s.id}'": _hash(s.model_dump_json()) for s in scenarios}
    return found


def differing(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Conditions that are not the same; personas and scenarios that only one run has are no difference, for they leave every pair."""
    names = [n for n in dict.fromkeys((*old, *new)) if not n.startswith(("persona ", "scenario ")) or (n in old and n in new)]
    return [n for n in names if old.get(n) != new.get(n)]


def condition_notes(sources: Sequence[RunSource], of: Sequence[Mapping[str, str]]) -> list[str]:
    """A line for each run that was made under other conditions than the first."""
    lines = []
    for source, there in zip(sources[1:], of[1:], strict=False):
        other = differing(of[0], there)
        if other:
            named = ", ".join(other[:NAMED]) + (f" and {len(other) - NAMED} more" if len(other) > NAMED else "")
            lines.append(f"not the same conditions: '{source.run}' and '{sources[0].run}' differ in {named}; a difference may be theirs")
    return lines


def _hash(*parts: object) -> str:
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).hexdigest()
