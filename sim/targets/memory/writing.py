"""How a memory that is written comes about: after each session the target's own model is asked to write it anew.

What it writes is read strictly, asked for once more when it cannot be used, and then the old memory stands; every outcome is a step of the record.
"""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from sim.core.errors import LOST, CallFailed
from sim.core.view import CHARACTERS_PER_TOKEN
from sim.llm.client import CallLog, Completion, Message, Request
from sim.llm.reading import after_thought
from sim.targets.memory.policy import Heard, Policy, Recalled, told
from sim.targets.target import MemoryStep

if TYPE_CHECKING:
    from sim.core.event import Kept, MemoryWritten
    from sim.llm.prompts import Prompts
    from sim.targets.memory.tools import Tools

SLACK = 1.5
"""How far beyond a limit it was told a model may go: it cannot count."""
SHOWN_AGAIN = 4_000
"""Characters of an answer that cannot be used which are shown to the model that is to mend it."""

_BLOCK = re.compile(r"<memory>(.*?)</memory>", re.DOTALL | re.IGNORECASE)
_OPEN = re.compile(r"<memory>", re.IGNORECASE)
_FENCE = re.compile(r"\A```\w*\n(.*?)\n?```\Z", re.DOTALL)


class Written(Policy):
    """A memory that is written: it stands below the system prompt. Talks that it has not taken in yet, such as those before the study, are shown word
    for word. Where its prompt would be longer than the target's context, the oldest exchanges of a session are left out of it.
    """

    calls_per_session = 1
    graded = True
    name: ClassVar[str]
    """The step's name in the journal."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._client = tools.client
        self._prompts = tools.prompts
        self._tokens = tools.tokens
        self._text = ""
        self._taken = 0

    @abstractmethod
    def instructions(self, prompts: Prompts) -> str:
        """The system prompt of the one who writes."""

    @abstractmethod
    def read(self, text: str, held: str, *, marked: bool) -> str:
        """The memory that stands in `text`.

        Args:
            held: the memory before.
            marked: whether it stood between <memory> and </memory>; otherwise there may be talk around it.

        Raises:
            ValueError: it cannot be used; says what is wrong to the one who wrote it.
        """

    @abstractmethod
    def parts(self, memory: str) -> tuple[str, ...]:
        """The memory, one text for each thing it tells."""

    async def recall(self, earlier: Sequence[Heard], message: str) -> Recalled:
        """What was written, and what was not taken in yet."""
        shown = self._prompts.render("memory_written", text=self._text) if self._text else ""
        return Recalled(shown, self.parts(self._text), tuple(earlier[self._taken :]))

    async def consolidate(self, talks: Sequence[Heard], *, seed: int) -> tuple[MemoryStep, ...]:
        """Have it written anew."""
        fresh = talks[self._taken :]
        if not fresh:
            return ()
        step = await self._write(fresh, seed)
        self._text, self._taken = step.content, len(talks)
        return (step,)

    def restore(self, step: MemoryWritten, talks: int) -> None:
        """Hold what was written then."""
        self._text, self._taken = step.content, talks

    def holds(self, talks: Sequence[Heard]) -> tuple[str, ...]:
        """What was written."""
        return self.parts(self._text)

    async def _write(self, fresh: Sequence[Heard], seed: int) -> MemoryStep:
        asked, dropped = self._asked(fresh)
        tab = CallLog()

        def step(content: str, kept: Kept = "") -> MemoryStep:
            return MemoryStep(self.name, content, tab.calls, tab.timings, kept, dropped)

        if asked is None:
            return step(self._text, "too_long")
        try:
            for which in ("first", "repair"):
                answer = await tab.ask(self._client, Request("memory", asked, seed=seed, step="first" if which == "first" else "repair"))
                try:
                    return step(self._read(answer))
                except ValueError as problem:
                    asked = (*asked, *self._again(answer, str(problem)))
        except CallFailed as failed:
            if failed.cause in LOST:
                raise
            tab = CallLog(failed.calls, failed.timings)
            return step(self._text, "refused" if failed.cause == "refused" else "too_long")
        return step(self._text, "unusable")

    def _asked(self, fresh: Sequence[Heard]) -> tuple[tuple[Message, ...] | None, int]:
        """The prompt, and how many messages had to be left out of it; None: it does not fit without any."""
        system, kept, dropped = self.instructions(self._prompts), list(fresh), 0
        while True:
            talk = "\n".join(told(self._prompts, t, t.exchanges) for t in kept)
            asked = Message("system", system), Message("user", self._prompts.render("memory_update", held=self._text, talk=talk))
            if self._tokens is None or sum(len(m.content) for m in asked) <= self._tokens * CHARACTERS_PER_TOKEN:
                return asked, dropped
            kept[0] = replace(kept[0], said=kept[0].said[2:])
            dropped += 2
            if not kept[0].said:
                del kept[0]
            if not kept:
                return None, dropped

    def _read(self, answer: Completion) -> str:
        if answer.finish == "length":
            raise ValueError("it was cut off; write less")
        text, marked = _written(answer.text)
        if _is_json(text):
            raise ValueError("it is JSON; write plain text")
        return self.read(text, self._text, marked=marked)

    def _again(self, answer: Completion, problem: str) -> tuple[Message, Message]:
        written = answer.text[:SHOWN_AGAIN].strip() or "(nothing)"
        return Message("assistant", written), Message("user", self._prompts.render("memory_repair", problems=[problem]))


def _written(answer: str) -> tuple[str, bool]:
    """The memory in `answer`, and whether it stood between the marks.

    Raises:
        ValueError: there is no telling what of it is the memory: the talk may have had marks in it that are quoted.
    """
    said = answer[after_thought(answer) :].strip()
    blocks = {found[1].strip() for found in _BLOCK.finditer(said)}
    if len(blocks) > 1:
        raise ValueError("there are several texts between <memory> and </memory>, and they differ; write one, and quote none")
    if blocks:
        return blocks.pop(), True
    if _OPEN.search(said):
        raise ValueError("it does not end with </memory>")
    if "</think>" in said.lower():
        raise ValueError("it does not stand between <memory> and </memory>")
    return _FENCE.sub(r"\1", said).strip(), False


def _is_json(text: str) -> bool:
    if text.startswith("{"):
        return True
    try:
        return text.startswith("[") and isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False
