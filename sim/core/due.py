"""Where a trial goes on, read from what its journal holds.

Ordinary flow and resume ask the same question, so a resumed trial enters the state machine where an undisturbed one would be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sim.core.record import Session, Trial

Step = Literal["open_session", "user_speaks", "target_replies", "close_session"]


def next_step(trial: Trial) -> Step | None:
    """Where the talk goes on; None when it is over, has failed for good or was forgotten."""
    if trial.failed or trial.forgotten:
        return None
    if not trial.sessions:
        return "open_session"
    session = trial.sessions[-1]
    if session.closed:
        return "open_session" if session.index < len(trial.cast.sessions) else None
    if session.gone:
        return "close_session"
    if not session.exchanges:
        return "user_speaks"
    last = session.exchanges[-1]
    if last.reply is None:
        return "target_replies"
    if last.user.leave or last.index >= trial.cast.sessions[session.index - 1].spec.exchanges.max:
        return "close_session"
    return "user_speaks"


def talks_on(trial: Trial) -> bool:
    """Whether the target is still to say something: a last session that only has to be closed needs nothing of what it remembers."""
    step = next_step(trial)
    return step is not None and not (step == "close_session" and len(trial.sessions) == len(trial.cast.sessions))


def talks_over(trial: Trial) -> bool:
    """Whether every session was held and closed."""
    return trial.failed is None and not trial.forgotten and next_step(trial) is None


def answered(session: Session) -> bool:
    """Whether the session has anything to look back on."""
    return any(e.reply is not None for e in session.exchanges)
