"""What a scorer is: what it reads, what its results look like, and how they are read as a measure.

A run keeps this of every scorer, so that showing a run imports no code of anybody's.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sim.core.address import Address
from sim.core.codebook import CRITERIA, DIMENSIONS
from sim.core.event import FLAG_KINDS
from sim.core.frozen import Frozen, Id, Text

Grain = Literal["exchange", "session", "trial"]
"""What one result is about."""
ResultKind = Literal["number", "label", "yes_no"]
Better = Literal["higher", "lower", "neither"]


TAKEN: Final = frozenset(
    (
        *DIMENSIONS,
        *CRITERIA,
        *("likability", "fixed_set", "without_callback", "criterion", "memory", "profile", "adaptability", "jaccard", "repertoire", "carry_over"),
        *("said_before", "words", "cost", "tokens", "latency", "failed", "finished", "exchange", "session", "trial", "persona", "worst_persona"),
        *("warm_replies", "repeated"),
        *("callback_scripted", "likability_common", "occasions", "elicited_facts", "critical_flags", "serious_flags", "rejected_drafts"),
        *("repertoire_beyond_size", "carry_over_adjusted", "conversation_fit_adjusted", "conversation_fit"),
        *("false_memory", "left", "simulator_failed", "unscored", "quote_not_found", *FLAG_KINDS),
    )
)
"""What a requirement or a comparison means something else by."""


def _free(id: str) -> str:
    if id in TAKEN:
        raise ValueError(f"'{id}' has a meaning of its own among the measures; give the scorer another id")
    return id


ScorerId = Annotated[Id, AfterValidator(_free)]


class ScorerInfo(Frozen):
    """A scorer as the run holds it: enough to make a measure of its results."""

    id: ScorerId
    version: Text = "1"
    """Travels with every result; rises when the same words could be scored differently."""
    grain: Grain = "exchange"
    result: ResultKind
    label: str = ""
    """The name in headings; empty: the id."""
    better: Better = "higher"
    low: float | None = None
    """The ends of a number's scale, where it has them: limits of intervals never go beyond."""
    high: float | None = None
    labels: tuple[Text, ...] = ()
    """Of a label, all there are, in order."""
    good: tuple[Text, ...] = ()
    """Of a label, those whose share is the measure of the scorer; empty: shares are shown side by side and nothing is compared."""

    levels: dict[Text, float] = Field(default_factory=dict, exclude_if=lambda levels: not levels)
    """Of labels that are steps of one scale, the number of each: their mean is a measure, `<id>.level`. A label without one is on no step."""
    critical: tuple[Text, ...] = ()
    """Labels, or `yes` or `no`, each of which is for a person to read: such a verdict is counted by itself, and a person alone closes it."""

    calls: int = Field(default=0, ge=0)
    """Calls to a model that asking it once takes, repairs apart, and for all of its `group` together; 0: it asks no model."""
    group: str = ""
    """Scorers of one grain and group are asked in one call; empty: it is asked alone."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.result == "label") != bool(self.labels):
            raise ValueError("labels: belong to result: label, which needs them")
        if unknown := [g for g in self.good if g not in self.labels]:
            raise ValueError(f"good: '{unknown[0]}' is none of the labels")
        if unknown := [name for name in self.levels if name not in self.labels]:
            raise ValueError(f"levels: '{unknown[0]}' is none of the labels")
        if self.levels and len(set(self.levels.values())) < 2:
            raise ValueError("levels: a scale needs two different numbers")
        answers = {"label": self.labels, "yes_no": ("yes", "no"), "number": ()}[self.result]
        if unknown := [c for c in self.critical if c not in answers]:
            raise ValueError(f"critical: '{unknown[0]}' is none of the answers{': ' + ', '.join(answers) if answers else ', which are numbers'}")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must be below high")
        return self

    @property
    def part(self) -> str:
        """Where the journal keeps its results: `answers@2`."""
        return str(Address(self.id, edition=self.version))

    def is_critical(self, value: bool | float | str) -> bool:
        """Whether a result is one that a person has to read."""
        return (("yes" if value else "no") if isinstance(value, bool) else value) in self.critical

    @property
    def name(self) -> str:
        """What headings say."""
        return self.label or self.id.replace("-", " ").replace("_", " ")
