"""The perturbations of a simulated user by name: what may be done to its messages, and what it may be asked to do."""

from __future__ import annotations

from typing import Final, Literal, get_args

TextPerturbation = Literal["verbosity", "fragments", "typos", "lower_case", "silence"]
"""What is done to a message once it is written, in this order: a function of its text, the strength and a seed."""
BehaviourPerturbation = Literal["code_switching", "other_language", "contradiction", "topic_jumps", "hostility", "insistence"]
"""What the user is asked to do while it writes."""
PerturbationKind = Literal[TextPerturbation, BehaviourPerturbation]
ON_TEXT: Final[tuple[TextPerturbation, ...]] = get_args(TextPerturbation)
ON_BEHAVIOUR: Final[tuple[BehaviourPerturbation, ...]] = get_args(BehaviourPerturbation)
PERTURBATIONS: Final[tuple[PerturbationKind, ...]] = (*ON_TEXT, *ON_BEHAVIOUR)


def other_language(language: str) -> str:
    """The language that somebody writes in who leaves the one with this tag."""
    return "English" if language.startswith("es") else "Spanish"
