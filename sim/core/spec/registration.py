"""A registration says, before a study is run, what it is to show: hypotheses, the primary measure, how many trials, and hashes of all it is made of.

Nothing here knows what came of it (`sim.analysis.verdicts.registered` does).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Literal, Self

from pydantic import Field, model_validator

from sim.core.errors import InputError
from sim.core.frozen import Frozen, Id, Text
from sim.core.spec.scorers import RubricScorer
from sim.core.spec.study import Primary, Study
from sim.core.spec.twins import refuse_twins

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.spec.persona import Persona
    from sim.core.spec.scenario import Scenario
    from sim.core.spec.scorers import KeptScorer

Expected = Literal["higher", "lower", "different"]
"""What is expected of the first target against the second."""

_SIGNS: Final[dict[str, Expected]] = {">": "higher", "<": "lower", "!=": "different"}
_HYPOTHESIS = re.compile(r"(?:(?P<measure>[\w.]+)\s*:\s*)?(?P<first>[^\s<>!=:]+)\s*(?P<sign>>|<|!=)\s*(?P<second>[^\s<>!=:]+)")
_NOT_THE_DESIGN: Final = frozenset({"name", "targets", "personas", "scenarios", "codebook", "scorers", "concurrency", "limits", "suite", "frozen"})
"""Fields of a study that say how it is executed, or whose contents are hashed one by one."""


class Hypothesis(Frozen):
    """One planned comparison of two targets, and what is expected of it."""

    id: Text
    measure: Text
    """Of `sim compare`."""
    first: Text
    expected: Expected
    """Of the first target against the second."""
    second: Text

    @property
    def sides(self) -> frozenset[str]:
        """Both targets."""
        return frozenset((self.first, self.second))

    @property
    def claim(self) -> str:
        """In words, without the measure: "a higher than b"."""
        return f"{self.first} {self.expected} {'from' if self.expected == 'different' else 'than'} {self.second}"


class RegisteredSize(Frozen):
    """How many of each a run has when its data collection ends."""

    targets: int
    personas: int
    scenarios: int
    seeds: int
    trials: int


class Registration(Frozen):
    """What was planned before the run: the content of a registration's file."""

    study: Id
    registered: dt.date
    primary: Primary
    hypotheses: tuple[Hypothesis, ...] = Field(min_length=1)
    correction: Literal["holm"]
    """Over all hypotheses together, two-sided, at .05."""
    n: RegisteredSize
    stopping: Text
    """When data collection ends, in words."""
    versions: dict[str, str]
    """Of the program and Python, when it was registered."""
    hashes: dict[str, str]
    """Of everything that the run is to be made of, by name (`fingerprints`)."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        refuse_twins("hypothesis", [h.id for h in self.hypotheses])
        planned: set[tuple[str, frozenset[str]]] = set()
        for h in self.hypotheses:
            missing = next((t for t in (h.first, h.second) if f"target '{t}'" not in self.hashes), None)
            if missing is not None:
                raise ValueError(f"hypothesis {h.id} is about target '{missing}', which is not registered")
            if h.first == h.second:
                raise ValueError(f"hypothesis {h.id} compares '{h.first}' with itself")
            if (h.measure, h.sides) in planned:
                raise ValueError(f"hypothesis {h.id} compares what another one compares already: {h.first} and {h.second} by {h.measure}")
            planned.add((h.measure, h.sides))
        return self

    def differs(self, made_of: Mapping[str, str]) -> tuple[str, ...]:
        """In what a study that is made of `made_of` is not the registered one, by name; prompts and rubrics that it does not know are no difference:
        a study names its scorers, and that is hashed.
        """
        found = []
        for name in dict.fromkeys((*self.hashes, *made_of)):
            before, now = self.hashes.get(name), made_of.get(name)
            if before == now or (before is None and name.startswith(("prompt ", "rubric "))):
                continue
            found.append(f"{name} (not registered)" if before is None else f"{name} (left out)" if now is None else name)
        return tuple(found)


class Registered(Frozen):
    """A registration as a run keeps it."""

    file: str
    """The name of its file."""
    sha256: str
    """Of that file, byte for byte, so that anybody who has the file can see that it is the one."""
    plan: Registration


def parse_hypothesis(text: str, *, id: str, primary: str) -> Hypothesis:
    """The hypothesis that `text` writes, as "a > b", "callback_scripted: a < b" or "a != b".

    Args:
        primary: the measure where none is named.

    Raises:
        InputError: it is not written so.
    """
    found = _HYPOTHESIS.fullmatch(text.strip())
    if found is None:
        raise InputError(f"'{text}' is not a hypothesis", mend="write it as 'a > b', 'a != b' or 'callback_scripted: a > b'", where="--hypothesis")
    measure, first, sign, second = (found[part] for part in ("measure", "first", "sign", "second"))
    return Hypothesis(id=id, measure=measure or primary, first=first, expected=_SIGNS[sign], second=second)


def planned_targets(study: Study) -> tuple[str, ...]:
    """The targets that are rivals: those under stress or with a swapped identity are held against themselves."""
    return tuple(t.id for t in study.targets if not t.stress and not t.swap)


def all_pairs(study: Study) -> tuple[Hypothesis, ...]:
    """Every pair of targets by the primary outcome, without a direction: what is planned where nobody says more."""
    ids = planned_targets(study)
    pairs = [(a, b) for i, a in enumerate(ids) for b in ids[i + 1 :]]
    return tuple(Hypothesis(id=f"H{n}", measure=study.primary, first=a, expected="different", second=b) for n, (a, b) in enumerate(pairs, 1))


def fingerprints(
    study: Study,
    personas: Iterable[Persona],
    scenarios: Iterable[Scenario],
    codebook: Codebook,
    prompts: Mapping[str, str],
    scorers: Iterable[KeptScorer] = (),
) -> dict[str, str]:
    """Everything that a run's figures depend on, as hashes by name.

    Args:
        prompts: hashes by name.
        scorers: the study's own; of code only its name is in a study, of a rubric all its text.
    """
    values = study.model_dump(mode="json")
    found = {f"target '{t.id}'": _hash(t.model_dump_json()) for t in study.targets}
    found |= {name: _hash(repr(value)) for name, value in values.items() if name not in _NOT_THE_DESIGN}
    found["scorers"] = _hash(repr(values["scorers"]))
    found["codebook"] = _hash(codebook.model_dump_json())
    found |= {f"rubric '{s.rubric.id}'": _hash(s.rubric.model_dump_json()) for s in scorers if isinstance(s, RubricScorer)}
    found |= {f"persona '{p.id}'": _hash(p.model_dump_json()) for p in personas}
    found |= {f"scenario '{s.id}'": _hash(s.withheld.sha256 if s.withheld else s.model_dump_json()) for s in scenarios}
    return found | {f"prompt '{name}'": digest for name, digest in sorted(prompts.items())}


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
