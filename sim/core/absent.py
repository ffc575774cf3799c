"""What a trial's journal does not hold yet: where to go on, and which verdicts are still to be had.

Ordinary flow and resume ask the same two questions, so a resumed trial enters the state machine where an undisturbed one would be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sim.core.controls import NOTHING, Draw, control_parts
from sim.core.written import GRADES, last_written

if TYPE_CHECKING:
    from sim.core.probes import Asking, Probe
    from sim.core.record import Exchange, Session, Trial

Step = Literal["open_session", "user_speaks", "target_replies", "close_session"]


@dataclass(frozen=True, slots=True)
class Panel:
    """Who judges: rater ids, the primary one first, the tagger's id, which exchanges are rated once more, what is asked of memory."""

    raters: tuple[str, ...]
    tagger: str
    controls: Draw = NOTHING
    asking: Asking | None = None
    grades_memory: bool = False
    """A judge's model grades what the target's memory has written in the end."""

    @property
    def primary(self) -> str:
        """The rater that also answers the criterion questions, and whose ratings the controls are of."""
        return self.raters[0]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verdict on one exchange, or on a whole session (exchange 0)."""

    node: Literal["rate_likability", "tag_moves", "probe_memory", "score_memory"]
    session: int
    exchange: int
    part: str
    """Rater, control of the primary rater, tagger, probe, or scorer of memory."""


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


def absent_verdicts(trial: Trial, panel: Panel) -> tuple[Verdict, ...]:
    """Every verdict that is due and absent, in order; none on a trial whose texts are gone."""
    if trial.forgotten:
        return ()
    found: list[Verdict] = []
    for session in trial.sessions:
        for exchange in session.exchanges:
            found += verdicts_on(trial, session, exchange, panel)
        if session.closed and answered(session) and panel.primary not in session.criterion:
            found.append(Verdict("rate_likability", session.index, 0, panel.primary))
        if session.closed:
            found += (Verdict("probe_memory", session.index, 0, p.part) for p in absent_probes(trial, session, panel.asking))
    return (*found, *absent_grades(trial, panel))


def verdicts_on(trial: Trial, session: Session, exchange: Exchange, panel: Panel) -> tuple[Verdict, ...]:
    """The absent verdicts on one exchange; none while it is unanswered."""
    if exchange.reply is None:
        return ()
    parts = control_parts(panel.primary)
    drawn = [parts[c] for c in panel.controls.on(trial.cast, trial.seed, session.index, exchange.index)]
    due = [r for r in (*panel.raters, *drawn) if r not in exchange.ratings]
    ratings = tuple(Verdict("rate_likability", session.index, exchange.index, r) for r in due)
    tags = () if panel.tagger in exchange.tags else (Verdict("tag_moves", session.index, exchange.index, panel.tagger),)
    return ratings + tags


def absent_probes(trial: Trial, session: Session, asking: Asking | None) -> tuple[Probe, ...]:
    """The probes that are due once `session` is over and absent; none of a target that cannot be copied, and none where nothing was said."""
    if asking is None or not session.forks or not answered(session):
        return ()
    return tuple(p for p in asking.due(trial, session.index) if p.part not in session.probes)


def absent_grades(trial: Trial, panel: Panel) -> tuple[Verdict, ...]:
    """The grading of the memory that was written last; due once the talks are over."""
    written = last_written(trial) if panel.grades_memory and next_step(trial) is None else None
    if written is None or GRADES in trial.sessions[written.session - 1].scored:
        return ()
    return (Verdict("score_memory", written.session, 0, GRADES),)


def answered(session: Session) -> bool:
    """Whether the session has anything to look back on."""
    return any(e.reply is not None for e in session.exchanges)


def is_whole(trial: Trial, panel: Panel) -> bool:
    """Whether nothing is absent any more."""
    return trial.failed is not None or (next_step(trial) is None and not absent_verdicts(trial, panel))
