"""Prompts are text files, rendered with values. A run keeps the texts it began with, so that it can be resumed after they changed.

What somebody else wrote is never put into a prompt bare: the filters `fence` and `quoted` and the function `turns` set it apart (`sim.llm.fence`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import structlog
from jinja2 import TemplateError

from sim.core.codebook import LABELS, QUESTIONS
from sim.core.dates import spoken
from sim.core.errors import InputError
from sim.core.tools import tell_tools
from sim.llm.fence import fence, fenced, in_line, led, numbered, quoted
from sim.llm.sandbox import Sandbox

if TYPE_CHECKING:
    from sim.core.view import Turn

_FILTERS: dict[str, Callable[..., object]] = {
    "fence": fence,
    "quoted": quoted,
    "numbered": numbered,
    "in_line": in_line,
    "fenced": fenced,
    "uses": tell_tools,
}
_SAID = re.compile(r"^(?P<lead>[^\n]*?)\{\{ (?P<who>user|reply) \}\}", re.MULTILINE)


class Prompts:
    """Prompt texts by name, and their rendering.

    Every prompt can use
        `turns(talk)`: a talk, every line of it after `You:` or `It:`, as the prompt `turn` has it;
        `text | quoted("The person")`: every line of a text after a name;
        `text | fence` or `text | fence("notes")`: one text in a block whose ends it cannot forge;
        `texts | numbered`: a list, a line each; `text | in_line`: a text on one line;
        `turn.tools | uses`: the tools that a reply says it used, in lines that still have to be set apart;
        `spoken(date, since)`, `labels` and `questions`: dates in words, and the names and questions of the dimensions.

    Args:
        texts: by name. What the package has beside them is taken from the package.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        packaged = load_texts()
        self.lent = tuple(sorted(packaged.keys() - texts.keys()))
        """Names of the prompts that are the package's because `texts` does not have them."""
        self.texts = {**{name: packaged[name] for name in self.lent}, **texts}
        self._unsaid = set(self.lent)
        self._turn = lru_cache(maxsize=16_384)(self._render_turn)
        self._sandbox = Sandbox(offered={"spoken": spoken, "turns": self._turns}, filters=_FILTERS, values={"labels": LABELS, "questions": QUESTIONS})
        self._templates = {name: self._sandbox.read(name, text) for name, text in self.texts.items()}

    @cached_property
    def hashes(self) -> dict[str, str]:
        """16 hexadecimal digits for each text."""
        return {name: hashlib.blake2b(text.encode(), digest_size=8).hexdigest() for name, text in self.texts.items()}

    def text(self, name: str) -> str:
        """The prompt `name` as it is written. That it had to be lent is said once."""
        if name in self._unsaid:
            self._unsaid.discard(name)
            means = "the run was made without it, so this version's own is used"
            structlog.get_logger().warning("prompt_lent", prompt=name, means=means)
        return self.texts[name]

    def render(self, name: str, **values: object) -> str:
        """The prompt `name` with `values` put in."""
        if name in self._unsaid:
            self.text(name)
        try:
            return self._sandbox.fill(self._templates[name], values)
        except (TemplateError, TypeError, ValueError, LookupError, RecursionError) as e:
            raise InputError(f"cannot be rendered: {e}", where=f"prompt {name}.txt", mend="restore the names in double braces") from None

    def _turns(self, talk: Iterable[Turn]) -> str:
        """A talk, turn by turn. The same turns stand in prompt after prompt, so each is written once."""
        return "".join(self._turn(turn) for turn in talk)

    def _render_turn(self, turn: Turn) -> str:
        """The prompt `turn`, with what stands before a text's place before each of its lines."""
        return _SAID.sub(lambda place: led(getattr(turn, place["who"]), place["lead"]), self.texts["turn"])


@cache
def _packaged() -> dict[str, str]:
    folder = files("sim") / "prompts"
    return {f.name.removesuffix(".txt"): f.read_text(encoding="utf-8") for f in folder.iterdir() if f.name.endswith(".txt")}


def load_texts() -> dict[str, str]:
    """The prompts' texts by name, as the package carries them."""
    return dict(_packaged())


def load_prompts() -> Prompts:
    """The prompts as the package carries them."""
    return Prompts(load_texts())
