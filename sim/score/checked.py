"""The study's own scorers, held to what they say of themselves: whatever their code gives back or raises becomes a result of its kind."""

from __future__ import annotations

import inspect
import os
import traceback
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.core.address import Address
from sim.core.errors import LOST, CallFailed, one_line, strike_keys
from sim.core.event import Assessed, Assessment, NotApplicable, Unscored
from sim.foreign.calls import described
from sim.llm.failures import scrub
from sim.score.scorer import Scored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.core.spec.scorer import ScorerInfo
    from sim.core.view import ScoringContext
    from sim.score.scorer import StudyScorer

_LONGEST = 500
"""Characters of a reason."""


class CheckedScorer:
    """A scorer, or a group of them, that always gives a result for each that is asked for, and raises nothing but `CallFailed`."""

    def __init__(self, scorer: StudyScorer) -> None:
        self._scorer: Any = scorer
        infos = (scorer.info,) if hasattr(scorer, "info") else scorer.infos
        self.infos: dict[str, ScorerInfo] = {i.id: i for i in infos}
        self._alone = hasattr(scorer, "info")

    @property
    def id(self) -> str:
        """The parts of all of them."""
        return "+".join(i.part for i in self.infos.values())

    @property
    def version(self) -> str:
        """Of a group, all versions in its order."""
        return "+".join(i.version for i in self.infos.values())

    async def score(self, context: ScoringContext) -> Scored[Mapping[str, Assessed]]:
        """The results by scorer id.

        Raises:
            CallFailed: for reasons outside any model, with the calls that were paid for.
        """
        wanted = context.wanted or tuple(self.infos)
        try:
            given = self._scorer.score(replace(context, wanted=wanted))
            if inspect.isawaitable(given):
                given = await given
        except CallFailed as failed:
            if failed.cause in LOST:
                raise
            unscored = Unscored(cause="too_long" if failed.cause == "too_long" else "refused", reason=failed.told)
            return Scored(dict.fromkeys(wanted, unscored), failed.calls, failed.timings)
        except Exception as error:  # Whatever a study's own code raises is a value, and the run goes on.
            return Scored({i: raised(i, error) for i in wanted})
        value, calls, timings = (given.value, given.calls, given.timings) if isinstance(given, Scored) else (given, (), ())
        found = {wanted[0]: value} if self._alone else value
        if not isinstance(found, Mapping):
            return Scored({i: _failed(i, f"gave back what is not results by scorer id: {_named(found)}") for i in wanted}, calls, timings)
        return Scored({i: self._read(i, found) for i in wanted}, calls, timings)

    def _read(self, id: str, found: Mapping[str, object]) -> Assessed:
        if id not in found:
            return _failed(id, "gave back no result")
        try:
            return read_result(self.infos[id], found[id])
        except ValueError as error:
            return _failed(id, f"gave back {error}")


def check_scorers(scorers: Iterable[StudyScorer]) -> dict[str, CheckedScorer]:
    """By the part that each result is kept under; a group under each of its own."""
    checked = [CheckedScorer(s) for s in {id(s): s for s in scorers}.values()]
    return {info.part: c for c in checked for info in c.infos.values()}


def wanted_ids(parts: Iterable[str]) -> tuple[str, ...]:
    """The ids of scorers that results kept under `parts` are of."""
    return tuple(Address.parse("scored", p).who for p in parts)


def read_result(info: ScorerInfo, given: object) -> Assessed:
    """What a scorer gave back as a result of its kind.

    Raises:
        ValueError: it is not one; the message says what it is.
    """
    if isinstance(given, NotApplicable | Unscored):
        return given
    value = given.value if isinstance(given, Assessment) else given
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"what is not a result: {_named(value)}")
    match info.result:
        case "yes_no":
            if not isinstance(value, bool):
                raise ValueError(f"what is not yes or no (a bool): {_named(value)}")
        case "number":
            if isinstance(value, bool | str) or not isfinite(value):
                raise ValueError(f"what is not a number: {_named(value)}")
            if (info.low is not None and value < info.low) or (info.high is not None and value > info.high):
                raise ValueError(f"what is outside its scale: {value:g}")
            value = float(value)
        case "label":
            if value not in info.labels:
                raise ValueError(f"what is not one of its labels: {_named(value)}")
    return replace(given, value=value) if isinstance(given, Assessment) else Assessment(value=value)


def raised(id: str, error: BaseException) -> Unscored:
    """The result where the code of scorer `id` raised `error`, with where it did."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if len(frames) > 1 else ""
    name, _, said = described(error).partition(": ")
    return _failed(id, f"raised {name}{where}" + (f": {scrub(said, os.environ)}" if said else ""))


def _failed(id: str, how: str) -> Unscored:
    return Unscored(cause="scorer", reason=strike_keys(one_line(f"scorer '{id}' {how}"))[:_LONGEST])


def _named(given: object) -> str:
    text = repr(given)
    return text if len(text) <= 60 else f"{text[:60]}…"
