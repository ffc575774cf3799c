"""One question about what was said, that a model answers by the given answers: a scorer in a file of a few lines."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from sim.core.errors import nearest
from sim.core.frozen import Frozen, Text
from sim.core.spec.model import ModelSpec
from sim.core.spec.scorer import Better, Grain, ResultKind, ScorerId, ScorerInfo
from sim.core.spec.twins import refuse_twins

Sight = Literal["reply", "message", "talk", "past", "persona", "scenario", "told"]
"""What a judge can be shown: the reply, the message it answers, the turns of the session (of a trial, all its sessions), the sessions before it, who
the user is, what is going on in their life, and which facts they had told."""
SIGHTS: tuple[Sight, ...] = get_args(Sight)
Side = Literal["reply", "message"]
"""Whose words are judged: the chatbot's reply, or the user's message before it is answered."""
EvidenceKind = Literal["quote", "absence"]
"""`quote`: words of what is judged. `absence`: words of the user that should have been taken up."""

_SHOWN: dict[Grain, tuple[Sight, ...]] = {"exchange": ("talk", "message", "reply"), "session": ("talk",), "trial": ("talk",)}
"""What is shown where a rubric does not say."""
_JUDGED: dict[Grain, Sight] = {"exchange": "reply", "session": "talk", "trial": "talk"}
"""What is judged, and so always shown."""
_SHOWABLE: dict[Grain, tuple[Sight, ...]] = {
    "exchange": SIGHTS,
    "session": ("talk", "past", "persona", "scenario", "told"),
    "trial": ("talk", "persona", "scenario", "told"),
}
MOST_LEVELS = 11


def _as_text(version: object) -> object:
    return str(version) if isinstance(version, int) and not isinstance(version, bool) else version


def _as_list(kinds: object) -> object:
    return () if kinds == "none" else (kinds,) if isinstance(kinds, str) else kinds


Version = Annotated[Text, BeforeValidator(_as_text, json_schema_input_type=str | int)]


class Rubric(Frozen):
    """One question about what was said, with the answers there are: anchored levels, labels, or yes and no."""

    id: ScorerId
    version: Version = "1"
    """Rises when the same words could be judged differently; results of two versions never meet."""
    label: str = ""
    """The name in headings; left out: the id."""
    reads: Grain = "exchange"
    """What one result is about: an exchange, a session, or a trial with all its sessions."""
    sees: tuple[Sight, ...] = ()
    """What the judge is shown. Left out: `talk, message, reply` of an exchange, else `talk`."""
    judges: Side = "reply"
    """Whose words of an exchange are judged: the chatbot's `reply`, or the user's `message`, whose judge does not see the reply to it."""
    question: Text
    """What the judge is asked."""
    levels: dict[Annotated[int, Field(ge=-100, le=100)], Text] = Field(default_factory=dict)
    """What a level means, by its number; a level between two others may be left without a meaning of its own."""
    labels: dict[Text, Text] = Field(default_factory=dict)
    """What each label means."""
    good: tuple[Text, ...] = ()
    """Labels whose share is the measure; left out: shares are shown side by side and nothing is compared."""
    critical: tuple[Text, ...] = ()
    """Labels, or `yes` or `no`, that a person has to read: each is counted by itself, goes to the head of the queue, and no model closes it."""
    yes: Text | None = None
    """When the answer is yes."""
    no: Text | None = None
    """When the answer is no."""
    evidence: Annotated[
        tuple[EvidenceKind, ...], BeforeValidator(_as_list, json_schema_input_type=EvidenceKind | Literal["none"] | tuple[EvidenceKind, ...])
    ] = ("quote",)
    """What the judge must point at: `quote`, `absence`, either of `[quote, absence]`, or `none`."""
    applies: Text | None = None
    """Where the question has a meaning, in words; elsewhere it is not applicable. Left out: everywhere."""
    model: ModelSpec | None = None
    """Who judges. Left out: the study's judge, else its rater, else the model that plays the user."""
    apart: bool = False
    """Judged in a call of its own; otherwise rubrics that read and see the same share one."""
    better: Better = "higher"
    """Which end is better: of levels, the higher or the lower; of yes and no, `higher` is yes. `neither`: nothing is compared."""

    @field_validator("sees")
    @classmethod
    def _are_there(cls, sees: tuple[Sight, ...], info: ValidationInfo) -> tuple[Sight, ...]:
        grain: Grain = info.data.get("reads", "exchange")
        odd = [s for s in sees if s not in _SHOWABLE[grain]]
        if odd:
            raise ValueError(f"'{odd[0]}' is not there for a judge that reads a {grain}; there are {', '.join(_SHOWABLE[grain])}")
        return sees

    @field_validator("levels", mode="before")
    @classmethod
    def _by_number(cls, levels: object) -> object:
        named = [k for k in levels if not re.fullmatch(r"-?\d+", str(k))] if isinstance(levels, dict) else []
        if named:
            raise ValueError(f"'{named[0]}' is not a whole number; write labels: for answers with names")
        return levels

    @field_validator("levels")
    @classmethod
    def _few_levels(cls, levels: dict[int, str]) -> dict[int, str]:
        if levels and len(levels) < 2:
            raise ValueError("one level leaves nothing to choose; say what the lowest and the highest mean")
        if levels and max(levels) - min(levels) >= MOST_LEVELS:
            raise ValueError(f"from {min(levels)} to {max(levels)} are more than {MOST_LEVELS} levels, which nobody tells apart")
        return dict(sorted(levels.items()))

    @field_validator("labels")
    @classmethod
    def _some_labels(cls, labels: dict[str, str]) -> dict[str, str]:
        if labels and len(labels) < 2:
            raise ValueError("one label leaves nothing to choose")
        return labels

    @field_validator("good")
    @classmethod
    def _among_labels(cls, good: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        labels = info.data.get("labels")
        if labels is None or not good:
            return good
        if not labels:
            raise ValueError("chooses among labels:, and there are none")
        unknown = [g for g in good if g not in labels]
        if unknown:
            raise ValueError(f"'{unknown[0]}' is not one of the labels; {nearest(unknown[0], labels)}")
        return good

    @field_validator("evidence")
    @classmethod
    def _each_once(cls, evidence: tuple[EvidenceKind, ...]) -> tuple[EvidenceKind, ...]:
        refuse_twins("kind of evidence", list(evidence), mend="name each once")
        return evidence

    @model_validator(mode="after")
    def _message_alone(self) -> Self:
        """What judges a message reads an exchange, and nothing that came after the message."""
        if self.judges == "message" and self.reads != "exchange":
            raise ValueError(f"judges: message goes with reads: exchange, and this reads a {self.reads}")
        if self.judges == "message" and "reply" in self.sees:
            raise ValueError("a judge of the message does not see the reply, which came after it; take reply out of sees:")
        if self.judges == "message" and "absence" in self.evidence:
            raise ValueError("absence is of a reply; a judge of the message quotes it, or evidence: none")
        return self

    @model_validator(mode="after")
    def _one_kind_of_answer(self) -> Self:
        if (self.yes is None) != (self.no is None):
            raise ValueError(f"yes: and no: go together; say when the answer is {'no' if self.no is None else 'yes'}")
        kinds = [name for name, given in (("levels", self.levels), ("labels", self.labels), ("yes and no", self.yes)) if given]
        if len(kinds) != 1:
            found = " and ".join(kinds) if kinds else "none"
            raise ValueError(f"a rubric has levels:, labels:, or yes: and no:, and exactly one of them; found: {found}")
        odd = [c for c in self.critical if self.levels or c not in self.answers]
        if odd:
            mend = "a level is never critical; write labels:, or yes: and no:" if self.levels else nearest(odd[0], [str(a) for a in self.answers])
            raise ValueError(f"critical: '{odd[0]}' is none of the answers; {mend}")
        return self

    @property
    def shown(self) -> tuple[Sight, ...]:
        """What the judge is shown, in the order of `SIGHTS`."""
        usual: tuple[Sight, ...] = ("talk",) if self.judges == "message" else _SHOWN[self.reads]
        seen = {*(self.sees or usual), "message" if self.judges == "message" else _JUDGED[self.reads]}
        return tuple(s for s in SIGHTS if s in seen)

    @property
    def result(self) -> ResultKind:
        """What its results look like."""
        return "number" if self.levels else "label" if self.labels else "yes_no"

    @property
    def answers(self) -> tuple[int | str, ...]:
        """Every answer that can be given, in order."""
        if self.levels:
            return tuple(range(min(self.levels), max(self.levels) + 1))
        return tuple(self.labels) if self.labels else ("yes", "no")

    @property
    def meanings(self) -> dict[int | str, str]:
        """What the answers mean, in order; a level may have no meaning of its own."""
        if self.levels:
            return dict(self.levels.items())
        return dict(self.labels.items()) if self.labels else {"yes": str(self.yes), "no": str(self.no)}

    def info(self, *, group: str = "") -> ScorerInfo:
        """What a run keeps of it beside its text.

        Args:
            group: scorers of one grain and group are asked in one call.
        """
        return ScorerInfo(
            id=self.id,
            version=self.version,
            grain=self.reads,
            result=self.result,
            label=self.label,
            better=self.better,
            low=min(self.levels) if self.levels else None,
            high=max(self.levels) if self.levels else None,
            labels=tuple(self.labels),
            good=self.good,
            critical=self.critical,
            calls=1,
            group=group,
        )
