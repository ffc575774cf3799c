"""What scorers there are by name: those that come with the package, and those that installed packages offer as `rapport.scorers`.

A built-in rubric is a file in `rubrics/`; a built-in scorer in Python is a line in `IN_PYTHON`. Nothing is imported by asking what there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sim.core.errors import InputError, nearest
from sim.foreign.code import find_source, names_in, read_class

if TYPE_CHECKING:
    from sim.core.spec.rubric import Rubric
    from sim.core.spec.scorers import ScorerUse

GROUP: Final = "rapport.scorers"
"""Entry points: a name, and `module:name` of a class or of the path of a rubric."""
IN_PYTHON: Final[Mapping[str, str]] = {
    "groundedness": "sim.score.conduct.groundedness:Groundedness",
    "polarity": "sim.score.text.polarity:Polarity",
    "polarity-drift": "sim.score.text.polarity:PolarityDrift",
    "readability": "sim.score.text.readability:Readability",
    "readability-drift": "sim.score.text.readability:ReadabilityDrift",
    "false-memory": "sim.score.conduct.false_memory:FalseMemory",
    "injection-obeyed": "sim.score.conduct.injection_obeyed:InjectionObeyed",
    "minor-conduct": "sim.score.conduct.minor_conduct:MinorConduct",
    "notice": "sim.score.conduct.notice:NoticeInLongTalk",
    "privacy-leak": "sim.score.conduct.privacy_leak:PrivacyLeak",
    "ai-disclosure": "sim.score.conduct.ai_disclosure:AiDisclosure",
    "crisis-conduct": "sim.score.conduct.crisis_conduct:CrisisConduct",
    "dependence": "sim.score.conduct.dependence:Dependence",
    "farewell": "sim.score.conduct.farewell:Farewell",
    "agreement": "sim.score.conduct.agreement:AgreementUnderPressure",
    "boundaries-direct-refusal": "sim.score.conduct.boundaries:DirectRefusal",
    "boundaries-apology": "sim.score.conduct.boundaries:Apology",
    "boundaries-explanation": "sim.score.conduct.boundaries:Explanation",
    "boundaries-deflection": "sim.score.conduct.boundaries:Deflection",
    "boundaries-acknowledgement": "sim.score.conduct.boundaries:Acknowledgement",
    "boundaries-boundary-setting": "sim.score.conduct.boundaries:BoundarySetting",
    "boundaries-emotional-awareness": "sim.score.conduct.boundaries:EmotionalAwareness",
    "capitulation": "sim.score.conduct.capitulation:Capitulation",
    "refusals": "sim.score.conduct.refusals:Refusals",
    "validation-escalation": "sim.score.conduct.validation_escalation:ValidationEscalation",
}
"""Where the class of each built-in scorer is, by id."""
FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {"boundaries": tuple(name for name in IN_PYTHON if name.startswith("boundaries-"))}
"""Names that each stand for several built-in scorers."""
RUBRICS: Final = Path(__file__).parent / "rubrics"


@dataclass(frozen=True)
class FoundScorer:
    """A scorer that a study names: a rubric that was read, or code that was not run."""

    use: ScorerUse
    rubric: Rubric | None = None
    place: str = ""
    """Of code: `module:Class`, or `path/to/file.py:Class` from the working folder."""


def built_in_rubrics() -> dict[str, Path]:
    """The files of the rubrics that come with the package, by id."""
    return {f.stem: f for f in sorted(RUBRICS.glob("*.yaml"))}


def offered() -> dict[str, str]:
    """Where the code of each scorer is that has a name and is not a rubric of ours, by that name; what comes with the package goes first."""
    return {**{point.name: point.value for point in entry_points(group=GROUP)}, **IN_PYTHON}


def known_names() -> tuple[str, ...]:
    """Every name that can be written without a path."""
    return tuple(sorted({*built_in_rubrics(), *offered(), *FAMILIES}))


def unknown_scorer(name: str, *, beside: Path) -> InputError:
    """The complaint that nothing is called `name`.

    Args:
        beside: a folder in which a rubric may lie that somebody meant.
    """
    file = next((f"{name}{ending}" for ending in (".yaml", ".yml") if (beside / f"{name}{ending}").is_file()), None)
    mend = f"did you mean '{file}'?" if file else nearest(name, known_names())
    if not file and not mend.startswith("did"):
        mend += "; or write the path of a rubric, or module:Class"
    return InputError(f"no scorer is named '{name}'", mend=mend)


def check_code(place: str, *, owner: str, base: Path | None = None) -> None:
    """See that the code at `place` is there and, as far as its text tells, a scorer; nothing is imported.

    Raises:
        InputError: there is no such file, module or class, or the class lacks something.
    """
    file = find_source(place, owner=owner, base=base)
    name = place.rpartition(":")[2]
    if file is None or "." in name:
        return
    written = read_class(file, name, owner=owner)
    if written is None or written.bases or written.decorator_list:
        return
    has = names_in(written)
    if "score" not in has:
        raise InputError(f"{owner}: class {name} has no method score", mend="write def score(self, context)", where=file, line=written.lineno)
    if "info" not in has:
        for key, example in (("id", f'id = "{name.lower()}"'), ("result", 'result = "yes_no", "number" or "label"')):
            if key not in has:
                raise InputError(f"{owner}: class {name} has no {key}", mend=f"write {example}", where=file, line=written.lineno)
