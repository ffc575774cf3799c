"""One trial as a person reads it: what `sim show RUN TRIAL` prints, made from the trial's document alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.core.codebook import CRITERIA, DIMENSIONS, LABELS
from sim.present.words import NONE, SHORT, many, number, safe, share

if TYPE_CHECKING:
    from sim.core.event import Disturbance, Flag, Rejected
    from sim.core.tools import ToolUse
    from sim.present.data.trial_document import (
        AssessedDocument,
        ExchangeDocument,
        ProbeDocument,
        RatingDocument,
        SessionDocument,
        SheetDocument,
        ThoughtDocument,
        TrialDocument,
    )

READABLE = 100
"""Columns beyond which messages are not drawn out."""
TOOL_TEXT = 300
"""Characters of a tool's arguments or result that are drawn out."""
UNSCORED = "?"
LABEL = "ratings"
"""The longest label of any line."""


def render_trial(trial: TrialDocument, *, width: int) -> RenderableType:
    """`trial` as a transcript, for a console of `width` columns."""
    judges = {j for s in trial.sessions for e in s.exchanges for j in (*e.ratings, *e.other_moves, *e.scores)} - {trial.rater}
    judges |= {scorer for scores in (trial.scores, *(s.scores for s in trial.sessions)) for scorer in scores}
    page = TranscriptLayout(trial, min(width, READABLE), max(map(len, (*judges, LABEL))))
    parts: list[RenderableType] = [_heading(trial), Text()]
    for session in trial.sessions:
        parts += page.session(session)
    parts += page.assessed(trial.scores)
    if not trial.sessions:
        parts.append(Text("Not begun."))
    return Group(*parts)


def _heading(trial: TrialDocument) -> Text:
    about = f"{trial.target} with {trial.persona_name} ({trial.persona}) in “{trial.scenario_title}” ({trial.scenario}), seed {trial.seed}"
    text = Text.assemble((trial.trial, "bold"), f"  {trial.status}\n", about)
    for said in _tested(trial):
        text.append(f"\n{safe(said)}")
    if trial.offline_note:
        text.append(f"\n{trial.offline_note}", "yellow")
    if trial.forgotten:
        text.append("\nForgotten: the texts were deleted; each word of a message or reply is shown as ø", "yellow")
    if trial.failure:
        text.append(f"\nFailed, {trial.failure.cause.replace('_', ' ')}: {safe(trial.failure.message)}", "red")
    if trial.stopped_by:
        text.append(f"\nStopped, {trial.stopped_by.cause.replace('_', ' ')}: {safe(trial.stopped_by.message)}", "yellow")
    text.append(f"\nRatings by {trial.rater}: {NONE} not applicable, {UNSCORED} unscored", "dim")
    return text.append(f"\nMoves by tagger {trial.tagger}, codebook {trial.codebook}", "dim")


def _tested(trial: TrialDocument) -> list[str]:
    """What the scenario puts to the test, a line each."""
    if trial.tested is None:
        return []
    of = trial.tested
    return [f"Asks: {of.asks}", f"Fails: {of.fails}", f"Source: {of.source}", *(f"Duty: {duty}" for duty in of.duties)]


@dataclass(frozen=True)
class TranscriptLayout:
    """What every line of a transcript goes by."""

    trial: TrialDocument
    width: int
    label: int
    """Columns of the labels that stand before ratings, moves and the like."""
    scores: bool = True
    """Whether what raters and the study's own scorers said is shown."""

    def session(self, session: SessionDocument) -> list[RenderableType]:
        """A session whole."""
        parts: list[RenderableType] = [*self.opened(session)]
        for exchange in session.exchanges:
            parts += [*self.exchange(exchange, session.index), Text()]
        return [*parts, *self.closed(session)]

    def opened(self, session: SessionDocument) -> list[RenderableType]:
        """Its heading, and what the user wants otherwise than usual."""
        head = f"── Session {session.index} · {session.when} "
        today = [self.line("today", f"{SHORT[d]}: {safe(text)}", "dim") for d, text in session.wishes.items()]
        change = [self.line("change", f"from here on {safe(session.changed_to)} speaks for {self.trial.target}")] if session.changed_to else []
        return [Text(head + "─" * max(0, self.width - len(head)), "bold"), *change, *today, Text()]

    def closed(self, session: SessionDocument) -> list[RenderableType]:
        """How it ended."""
        parts: list[RenderableType] = []
        if session.gone:
            parts.append(self.line("silent" if session.ending == "simulator_failed" else "left", safe(session.gone)))
        parts += self.flags(session.flags, session.rejected)
        if session.ending:
            parts.append(self.line("ended", _ENDINGS[session.ending]))
        if self.scores:
            parts += [self.line(rater, _answers(answers)) for rater, answers in session.criterion.items()]
            parts += self.assessed(session.scores)
        parts += [part for probe in session.probes for part in self.probe(probe)]
        parts += [part for sheet in session.sheets for part in self.sheet(sheet)]
        return [*parts, Text()]

    def exchange(self, exchange: ExchangeDocument, session: int) -> list[RenderableType]:
        """An exchange whole."""
        parts = self.asked(exchange, session)
        if exchange.reply is None:
            return [*parts, self.line("reply", "not answered yet"), *self.flags(exchange.flags, exchange.rejected)]
        return [*parts, *self.answered(exchange), *self.judged(exchange)]

    def asked(self, exchange: ExchangeDocument, session: int) -> list[RenderableType]:
        """The user's message."""
        head = Text(f"{exchange.index}", "bold")
        if exchange.scripted:
            head.append("  scripted", "dim")
        worst = self.trial.worst
        if worst and (session, exchange.index) == (worst.session, worst.exchange):
            head.append(f"  ◀ worst exchange, {number(worst.score)}", "bold red")
        said = [head, *self.said(self.trial.persona_name, exchange.user, "cyan"), *self.thought(exchange.user_thought)]
        return [*said, *self.disturbed(exchange.disturbance)]

    def disturbed(self, disturbance: Disturbance | None) -> list[RenderableType]:
        """What disturbed the message, and what it was before."""
        if disturbance is None:
            return []
        before = "" if disturbance.original is None else f"; written: {safe(disturbance.original)}"
        return [self.line("stress", f"{', '.join(kind.replace('_', ' ') for kind in disturbance.by)}{before}", "dim")]

    def answered(self, exchange: ExchangeDocument) -> list[RenderableType]:
        """The reply."""
        parts = [self.line("tool", text, "dim") for text in map(_used, exchange.tools)]
        parts += [*self.said(self.trial.target, exchange.reply or "", "green"), *self.thought(exchange.thought)]
        return [*parts, self.line("cut off", "the reply reached its limit of length and stops there", "yellow")] if exchange.cut else parts

    def judged(self, exchange: ExchangeDocument) -> list[RenderableType]:
        """What was made of the reply."""
        parts: list[RenderableType] = []
        if self.scores and self.trial.rater not in exchange.ratings:
            parts.append(self.line("ratings", "absent"))
        if self.scores:
            parts += [self.line("ratings" if r == self.trial.rater else r, _scores(of)) for r, of in exchange.ratings.items()]
        parts.append(self.line("moves", _moves(exchange)))
        if self.scores:
            parts += self.assessed(exchange.scores)
        if exchange.said_before in _SAID_BEFORE:
            parts.append(self.line("said", _SAID_BEFORE[exchange.said_before], "yellow"))
        if live := _live(exchange):
            parts.append(self.line("repeats", live))
        parts += [self.line(t, UNSCORED if moves is None else _listed(moves)) for t, moves in exchange.other_moves.items()]
        if exchange.disclosed:
            parts.append(self.line("told", ", ".join(f"{d.fact}{' (changed)' if d.version else ''}" for d in exchange.disclosed)))
        if exchange.leave:
            parts.append(self.line("leaves", safe(exchange.why or "")))
        if exchange.resent:
            parts.append(self.line("resent", "the message may have reached the target twice"))
        return [*parts, *self.flags(exchange.flags, exchange.rejected)]

    def assessed(self, scores: Mapping[str, AssessedDocument]) -> list[RenderableType]:
        """What the study's own scorers found, a line each."""
        return [self.line(scorer, _assessed(found)) for scorer, found in scores.items()]

    def sheet(self, sheet: SheetDocument) -> list[RenderableType]:
        """A sheet of a questionnaire: what was read of it, and the reply where that is no answer."""
        answers = ", ".join(f"{safe(a.item)} {a.option if a.option is not None else a.cause}" for a in sheet.answers)
        unread = f"\n→ {safe(sheet.reply) or '(nothing)'}" if any(a.option is None for a in sheet.answers) else ""
        return [self.line("form", f"{safe(sheet.sheet)}: {answers}{unread}", "yellow" if unread else "")]

    def probe(self, probe: ProbeDocument) -> list[RenderableType]:
        """A question of memory, the answer, and what it comes to."""
        since = "never told" if probe.kind == "abstention" else "just told" if probe.kind == "control" else f"told {many(probe.delay, 'day')} before"
        head = f"{probe.kind} ({probe.fact}, {since}): {safe(probe.question)}"
        verdict = f"→ {safe(probe.answer) or '(nothing)'}\n{_verdict(probe)}"
        return [self.line("probe", f"{head}\n{verdict}", "" if probe.right else "yellow" if probe.right is None else "red")]

    def said(self, who: str, text: str, style: str) -> list[RenderableType]:
        """A message and who wrote it."""
        return [Text(f"  {who}", style), Constrain(Padding(Text(safe(text)), (0, 0, 0, 4), expand=False), self.width)]

    def thought(self, thought: ThoughtDocument | None) -> list[RenderableType]:
        """That a model thought before it spoke; what it thought is in the viewer and in --json."""
        return [] if thought is None else [self.line("thought", _tokens(thought), "dim")]

    def flags(self, flags: Sequence[Flag], rejected: Sequence[Rejected]) -> list[RenderableType]:
        """What the simulated user should not have done, and the drafts that were discarded for it."""
        found = [self.line("flag", f"{f.kind.replace('_', ' ')} ({f.severity}): {safe(f.evidence)}", "red") for f in flags]
        for draft in rejected:
            why = ", ".join(f.kind.replace("_", " ") for f in draft.flags if f.severity == "critical")
            told = f"{why}: {safe(draft.message) or '(nothing)'}" if why else "a draft that the version which made the run did not keep"
            found.append(self.line("discarded", told, "yellow"))
        return found

    def line(self, label: str, text: str, style: str = "") -> RenderableType:
        """A label and what belongs to it, wrapped under itself."""
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=4 + self.label, style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(Text(f"    {label}"), Text(text, style))
        return Constrain(grid, self.width)


_SAID_BEFORE: dict[str | None, str] = {
    "same_user": "before, word for word, to the same user",
    "anybody": "before, word for word, to somebody else",
    "nearly": "before, nearly in these words",
}


def _used(use: ToolUse) -> str:
    """A use of a tool, as far as a line goes; the whole of it stands in the report and in the exports."""
    called = f"{safe(use.name) or '(not named)'}({_short(use.arguments)})"
    return called if use.result is None else f"{called} → {_short(use.result)}"


def _short(text: str) -> str:
    line = " ".join(safe(text).split())
    return line if len(line) <= TOOL_TEXT else f"{line[:TOOL_TEXT]}…"


def _assessed(found: AssessedDocument) -> str:
    if found.kind != "assessment":
        return f"{NONE if found.kind == 'not_applicable' else UNSCORED} {safe(found.reason)}".strip()
    value = found.value
    written = ("yes" if value else "no") if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else safe(str(value))
    return f"{written}: {safe(found.reason)}" if found.reason else written


def _verdict(probe: ProbeDocument) -> str:
    if probe.right is None:
        return f"{UNSCORED} unscored: {safe(probe.quote)}"
    mark = f"{'✓' if probe.right else '✗'} {probe.grade}{'' if probe.by == 'answers' else ', by the judge'}"
    return mark if probe.right or not probe.expected else f"{mark}; expected: {safe(probe.expected)}"


_ENDINGS = {
    "logged": "where its log ends",
    "maximum": "at the most exchanges the scenario allows",
    "farewell": "the user said goodbye",
    "left": "the user left without a word",
    "simulator_failed": "the simulated user had nothing to send",
}


def _scores(ratings: Mapping[str, RatingDocument]) -> str:
    """All seven in one line, in one order, so that exchanges can be compared down the page."""
    return "  ".join(f"{SHORT[d]} {_mark(ratings.get(d))}" for d in DIMENSIONS)


def _mark(rating: RatingDocument | None) -> str:
    if rating is None:
        return " "
    if rating.score is not None:
        return str(rating.score)
    return NONE if rating.kind == "not_applicable" else UNSCORED


def _moves(exchange: ExchangeDocument) -> str:
    if exchange.tagging != "tags":
        return exchange.tagging
    again = exchange.repetition.repeated
    return ", ".join(f"{m.replace('_', ' ')}{' (again)' if m in again else ''}" for m in exchange.moves) or "none"


def _listed(moves: Sequence[str]) -> str:
    return ", ".join(m.replace("_", " ") for m in moves) or "none"


def _live(exchange: ExchangeDocument) -> str:
    """What is known of the reply's repetition as soon as it is tagged; nothing for the first of a trial."""
    of = exchange.repetition
    values = (("overlap", of.jaccard), ("novelty to the last", of.novelty_previous), ("to all", of.novelty), ("repertoire so far", of.repertoire))
    return "  ".join(f"{label} {share(value)}" for label, value in values if value is not None)


def _answers(answers: Mapping[str, RatingDocument]) -> str:
    return "\n".join(f"{LABELS[c]} {_mark(answers[c])}: {safe(answers[c].reason)}" for c in CRITERIA if c in answers)


def _tokens(thought: ThoughtDocument) -> str:
    return "nobody counted how many tokens" if thought.tokens is None else many(thought.tokens, "token")
