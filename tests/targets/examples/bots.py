"""Chatbots that are Python code: a function without a memory, one that keeps it by user, a class, and some that misbehave."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar


def listener(messages: list[dict[str, str]]) -> str:
    """Sees the present session and remembers nothing else."""
    told = [m["content"] for m in messages if m["role"] == "user"][:-1]
    return "You told me: " + " / ".join(told) if told else "That is new to me."


async def friend(message: str, *, user_id: str, date: str) -> str:
    """Keeps what it was told by user."""
    await asyncio.sleep(0)
    known = _memory.setdefault(user_id, [])
    known.append(f"{date}: {message}")
    print("noise on standard output")
    return "You told me: " + " / ".join(known[:-1]) if known[1:] else "That is new to me."


_memory: dict[str, list[str]] = {}


class Companion:
    """Keeps what it was told in the instance."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.sessions = 0

    def new_session(self) -> None:
        self.sessions += 1

    def reply(self, message: str) -> str:
        before, self.told = self.told, [*self.told, message]
        return f"Session {self.sessions}. You told me: " + " / ".join(before) if before else "That is new to me."


class Gossip(Companion):
    """Keeps what it was told where everybody sees it."""

    heard: ClassVar[list[str]] = []

    def __init__(self) -> None:
        super().__init__()
        self.told = self.heard

    def reply(self, message: str) -> str:
        text = "You told me: " + " / ".join(self.heard)
        self.heard.append(message)
        return text


def broken(message: str) -> str:
    raise KeyError(f"what is {message!r}?")


def quits(message: str) -> str:
    raise SystemExit(3)


async def aquits(message: str) -> str:
    raise SystemExit(3)


def hangs(message: str) -> str:
    time.sleep(3600)
    return ""


async def ahangs(message: str) -> str:
    await asyncio.sleep(3600)
    return ""


def silent(message: str) -> str:
    return ""


def forgets_to_return(message: str) -> None:
    return None


def stops(message: str) -> str:
    raise StopIteration


async def cancels(message: str) -> str:
    raise asyncio.CancelledError
