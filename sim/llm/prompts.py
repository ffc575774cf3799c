"""Prompts are text files, rendered with values. A run keeps the texts it began with, so that it can be resumed after they changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sim.core.codebook import LABELS, QUESTIONS
from sim.core.dates import spoken
from sim.core.errors import InputError

if TYPE_CHECKING:
    from jinja2 import Template

    from sim.core.view import Turn

_FENCE = re.compile(r"<(?=/?reply\s*>)", re.IGNORECASE)


def fenced(text: str) -> str:
    """`text` with nothing in it that could pass for the end of the block it stands in."""
    return _FENCE.sub("‹", text) if "<" in text else text


class _Sandbox(ImmutableSandboxedEnvironment):
    """A run's prompts may come from somebody else's folder: they may read the fields of the values they are given, and call what is offered."""

    def getattr(self, obj: object, attribute: str) -> object:
        """A field of `obj`; none that begins with an underscore."""
        return (
            self.unsafe_undefined(obj, attribute) if attribute.startswith("_") else getattr(obj, attribute, self.undefined(obj=obj, name=attribute))
        )

    def is_safe_callable(self, obj: object) -> bool:
        """What is offered here, and two methods of plain values; not the likes of `str.format`, which reads fields by itself."""
        method = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        return obj is spoken or getattr(obj, "__func__", None) is Prompts._turns or (isinstance(method[0], dict | dt.date) and method[1] in _METHODS)


_METHODS = ("items", "isoformat")


class Prompts:
    """Prompt texts by name, and their rendering."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)
        environment = _Sandbox(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
        environment.filters["fenced"] = fenced
        self._turn = lru_cache(maxsize=16_384)(self._render_turn)
        environment.globals.update(spoken=spoken, turns=self._turns, labels=LABELS, questions=QUESTIONS)
        self._templates = {name: _compile(environment, name, text) for name, text in self.texts.items()}

    @cached_property
    def hashes(self) -> dict[str, str]:
        """16 hexadecimal digits for each text."""
        return {name: hashlib.blake2b(text.encode(), digest_size=8).hexdigest() for name, text in self.texts.items()}

    def render(self, name: str, **values: object) -> str:
        """The prompt `name` with `values` put in."""
        try:
            return self._templates[name].render(values)
        except TemplateError as e:
            raise InputError(f"cannot be rendered: {e}", where=f"prompt {name}.txt", mend="restore the names in double braces") from None

    def _turns(self, talk: Iterable[Turn]) -> str:
        """A talk, turn by turn. The same turns stand in prompt after prompt, so each is written once."""
        return "".join(self._turn(turn) for turn in talk)

    def _render_turn(self, turn: Turn) -> str:
        parts = {"{{ user }}": fenced(turn.user), "{{ reply }}": fenced(turn.reply)}
        return re.sub(r"\{\{ (?:user|reply) \}\}", lambda found: parts[found[0]], self.texts["turn"])


def load_texts() -> dict[str, str]:
    """The prompts' texts by name, as the package carries them."""
    folder = files("sim") / "prompts"
    return {f.name.removesuffix(".txt"): f.read_text(encoding="utf-8") for f in folder.iterdir() if f.name.endswith(".txt")}


def load_prompts() -> Prompts:
    """The prompts as the package carries them."""
    return Prompts(load_texts())


def _compile(environment: ImmutableSandboxedEnvironment, name: str, text: str) -> Template:
    try:
        return environment.from_string(text)
    except TemplateError as e:
        raise InputError(f"is not a template: {e}", where=f"prompt {name}.txt", mend="close every brace that is opened") from None
