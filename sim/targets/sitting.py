"""The session under way as a target is told of it: its date, and what has been said in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sim.llm.client import Message

if TYPE_CHECKING:
    import datetime as dt

    from sim.core.record import Trial
    from sim.llm.prompts import Prompts


class Sitting:
    """What a custom target has to be told again with every message, or once a session.

    Args:
        prompts: hold the words for the date; None: the date is not put into words.
    """

    def __init__(self, prompts: Prompts | None) -> None:
        self._prompts = prompts
        self._since: dt.date | None = None
        self.index = 0
        self.date: dt.date | None = None
        self.said: tuple[Message, ...] = ()

    @property
    def today(self) -> str:
        """The session's date, as 2026-01-05."""
        return self.date.isoformat() if self.date else ""

    def open(self, date: dt.date) -> None:
        """Begin a session with nothing said in it."""
        self._since, self.date, self.said = self.date, date, ()
        self.index += 1

    def heard(self, message: str) -> str:
        """`message` as the target gets it: with `prompts`, the first of a session carries the date."""
        if self.said or self._prompts is None or self.date is None:
            return message
        return self._prompts.render("target_session", date=self.date, since=self._since) + message

    def keep(self, heard: str, reply: str) -> None:
        """Note an exchange."""
        self.said = (*self.said, Message("user", heard), Message("assistant", reply))

    def messages(self, heard: str) -> list[dict[str, str]]:
        """The session's messages in the usual form, ending with the one to answer."""
        return [{"role": m.role, "content": m.content} for m in (*self.said, Message("user", heard))]

    def restore(self, trial: Trial) -> None:
        """Be where `trial` left off."""
        for session in trial.sessions:
            self.open(session.date)
            for e in session.exchanges:
                if e.reply is not None:
                    self.keep(self.heard(e.user.message), e.reply.text)


def words_for(clock: Literal["header", "field", "text", "argument", "none"], prompts: Prompts) -> Prompts | None:
    """`prompts` where the date is told in words."""
    return prompts if clock == "text" else None
