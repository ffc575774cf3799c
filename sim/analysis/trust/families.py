"""Is a rater or a user of the same model family as a target? Models rate their own kind higher, so that is told wherever ratings stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from sim.core.address import observed_by
from sim.core.frozen import Frozen
from sim.core.spec import ChatTargetSpec, ModelSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.core.spec import Study

_FAMILIES: dict[str, tuple[str, ...]] = {
    "GPT": ("gpt", "chatgpt", "o1", "o3", "o4", "davinci"),
    "Claude": ("claude",),
    "Gemini": ("gemini", "gemma", "palm"),
    "Llama": ("llama", "codellama"),
    "Qwen": ("qwen", "qwq"),
    "Mistral": ("mistral", "mixtral", "ministral", "magistral", "codestral", "pixtral"),
    "DeepSeek": ("deepseek",),
    "Grok": ("grok",),
    "Command": ("command", "aya"),
    "Phi": ("phi",),
    "GLM": ("glm", "chatglm"),
    "Kimi": ("kimi", "moonshot"),
    "Nova": ("nova",),
    "Nemotron": ("nemotron",),
    "Granite": ("granite",),
    "Yi": ("yi",),
    "OLMo": ("olmo",),
}
"""By what the words of a model's name begin with. A model distilled from another belongs to both."""
_WORD = re.compile(r"[a-z]+\d*")


class SameFamily(Frozen):
    """A rater or user that is of a target's family."""

    role: Literal["user", "rater"]
    name: str
    """The rater's id, or `user`."""
    model: str
    target: str
    target_model: str
    family: str
    """The family, or the model itself where both are the same."""


def same_families(study: Study, raters: Iterable[str] = ()) -> tuple[SameFamily, ...]:
    """Every pair of a user or rater and a target of one family. Offline models have none, and of a chatbot behind HTTP nobody knows.

    Args:
        raters: ids of raters that came later than the study.
    """
    asking: list[tuple[Literal["user", "rater"], str, ModelSpec]] = [("user", "user", study.user)]
    asking += [("rater", rater, model) for rater, model in rater_models(study, raters).items() if rater != "self"]
    targets = [t for t in study.targets if isinstance(t, ChatTargetSpec)]
    return tuple(
        SameFamily(role=role, name=name, model=model.model, target=t.id, target_model=t.model, family=family)
        for role, name, model in asking
        for t in targets
        if (family := _shared(model, t))
    )


def rater_models(study: Study, raters: Iterable[str]) -> dict[str, ModelSpec]:
    """The models of the study's raters, and of those of `raters` that rated the run again and bear their model's name; people have none."""
    later = {r: model for r in raters if r not in study.raters and (model := observed_by(r)) and "/" in model}
    return {**study.raters, **{r: ModelSpec(model=model) for r, model in later.items()}}


def _shared(one: ModelSpec, other: ModelSpec) -> str:
    """What two models have in common: their name, on one server, or a family; empty where they have nothing."""
    if one.offline or other.offline:
        return ""
    if (one.model, one.api_base) == (other.model, other.api_base):
        return one.model
    return min(families(one.model) & families(other.model), default="")


def families(model: str) -> frozenset[str]:
    """The families that a model's name speaks of, its provider left out: `openai/` is also a protocol."""
    words = _WORD.findall(model.partition("/")[2].lower())
    return frozenset(f for f, beginnings in _FAMILIES.items() if any(_begins(word, b) for word in words for b in beginnings))


def _begins(word: str, beginning: str) -> bool:
    """Whether `word` is `beginning`, with or without a number behind it: `qwen3`, `gpt4o`, and not `novacane`."""
    return word.startswith(beginning) and (len(word) == len(beginning) or not word[len(beginning)].isalpha())
