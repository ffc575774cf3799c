"""What a simulated user must not send: leaked reasoning, an assistant's voice, an echo, nothing at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz

from sim.core.event import Flag, FlagKind
from sim.core.text import normalise, words

MAX_CHARACTERS = 6_000
"""Longer than any person writes in a chat."""
ECHO_RATIO = 92.0
ECHO_WORDS = 6

# What models leave around a message, from the most certain to the least: closed blocks of reasoning, tokens of their templates, code fences.
_REASONING = re.compile(r"<(think|thinking|thought|reasoning|scratchpad|analysis)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TOKENS = re.compile(r"<\|[^|>]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?s>", re.IGNORECASE)
_FENCE = re.compile(r"^```\w*\s*|\s*```$")
_LABEL = re.compile(r"^\s*(?:\*\*|__)?(?:message|my message|reply|response|user|me|human)(?:\*\*|__)?\s*:\s*(?:\*\*|__)?\s*", re.IGNORECASE)
# A line that begins with the name of one of our own fields, or of a thought, was meant for us and not for the chatbot.
_INNER = re.compile(
    r"^\s*[(\[*_]*\s*(?:thoughts?|thinking|internal(?: monologue)?|reasoning|mood|note to self|analysis"
    r"|facts_used|signalled|allusion|humou?r_bid|leave|why)\s*[)\]*_]*\s*:.*$",
    re.IGNORECASE,
)
_UNCLOSED = re.compile(r"</?(?:think|thinking|thought|reasoning|scratchpad|analysis)\b", re.IGNORECASE)
# A model that goes on to write the other side's turn: what it wrote before that is kept, if it wrote anything.
_TURNS = re.compile(r"^\s*(?:assistant|chatbot|ai|bot|it|system)\s*:", re.IGNORECASE | re.MULTILINE)
# The structured answer sent as a message, whole or from its middle on.
_JSON = re.compile(r"""^\s*[{\[]\s*["{\[]|"(?:message|facts_used|signalled|humour_bid)"\s*:""")
_ASSISTANT = re.compile(
    r"\bas an? (?:ai|artificial intelligence|language model|virtual assistant|assistant)\b"
    r"|\bhow (?:can|may) i (?:help|assist)(?: you)?\b"
    r"|\bi(?:'m| am) (?:just )?an? (?:ai|language model|virtual assistant)\b"
    r"|\bi(?:'m| am) here to (?:help|assist|support)\b"
    r"|\bis there anything else i can\b"
    r"|\bi(?:'d| would) be (?:happy|glad) to (?:help|assist)\b"
    r"|\blet me know if you (?:need|have) (?:any|further|more)\b"
    r"|\bwhat can i do for you\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A message after cutting, and what is wrong with what is left."""

    message: str
    flags: tuple[Flag, ...]
    """What was cut."""
    fault: Flag | None
    """Critical: the message should be asked for again."""
    sendable: bool
    """Whether it may be sent, flagged, when asking again has not helped."""


def clean(raw: str, *, last_reply: str | None) -> Cleaned:
    """Cut what leaked, then say whether the rest can be sent.

    A voice like an assistant's and an echo can stand when asking again does not help. What still carries reasoning, JSON or other roles' turns, an
    empty message and one beyond `MAX_CHARACTERS` are never sent.
    """
    message = _cut(raw)
    flags = (Flag(kind="leak_cut", severity="note", evidence=_shown(raw)),) if message != raw.strip() else ()
    kind, sendable = _fault(message, last_reply)
    fault = Flag(kind=kind, severity="critical", evidence=_shown(message)) if kind else None
    return Cleaned(message, flags, fault, sendable)


def _cut(raw: str) -> str:
    text = _TOKENS.sub("", _REASONING.sub("", raw)).strip()
    text = _FENCE.sub("", text).strip()
    lines = [line for line in text.splitlines() if not _INNER.match(line)]
    text = _LABEL.sub("", "\n".join(lines).strip())
    turn = _TURNS.search(text)
    if turn and turn.start() > 0:
        text = text[: turn.start()]
    return text.strip()


def _fault(message: str, last_reply: str | None) -> tuple[FlagKind | None, bool]:
    if not words(message) and not any(c.isprintable() and not c.isspace() for c in message):
        return "empty_message", False
    if len(message) > MAX_CHARACTERS:
        return "message_too_long", False
    if _UNCLOSED.search(message) or _JSON.search(message) or _TURNS.search(message):
        return "unparsed_message", False
    if _ASSISTANT.search(message):
        return "role_flip", True
    if last_reply and _echoes(message, last_reply):
        return "echo", True
    return None, True


def _echoes(message: str, reply: str) -> bool:
    said, heard = normalise(message), normalise(reply)
    return len(words(message)) >= ECHO_WORDS and fuzz.ratio(said, heard) >= ECHO_RATIO


def _shown(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "…"
