"""What `sim score LOG` tells: each reply's moves as JSON, and the log's repetition as JSON or as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.analysis.figures.repetition import RepetitionReport, report_repetition
from sim.analysis.figures.said_before import SaidBeforeFigures, said_figures
from sim.core.event import Tags, Unscored
from sim.core.frozen import Frozen
from sim.core.logged import Labels
from sim.engine.marking import NO_LABELS, Lost
from sim.present.references import reference_lines
from sim.present.text.plain_table import ruled
from sim.present.text.scorer_tables import between
from sim.present.words import NONE, OFFLINE_MARK, many, minus, money, number, percent, safe
from sim.score.moves.price import PerThousand
from sim.score.repetition.teacher_forced import ForcedFigures
from sim.score.text.sentences import split_sentences

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.logged import LoggedReply
    from sim.engine.marking import Mark, Marked, Tally

NAME = 24
"""Columns that the name of a group may take before it is folded."""
LONGEST_NAME = 72
"""Characters of it that are shown at all: a group may be a whole system prompt."""


class MoveCount(Frozen):
    """One move over the whole log."""

    move: str
    replies: int
    beside: bool


class LogFigures(Frozen):
    """A log in figures."""

    log: str
    tagger: str
    codebook: str
    conversations: int
    replies: int
    untagged: int
    why_untagged: str
    """The most frequent reason."""
    passed_over: int
    """Conversations and lines of which nothing is scored."""
    by: str | None
    moves: tuple[MoveCount, ...]
    groups: dict[str, RepetitionReport]
    """By value of `by`; under an empty name where there is none; empty where repetition is not asked for."""
    said_before: dict[str, SaidBeforeFigures]
    """By the same groups: how much of what is said was said before, word for word."""
    price: PerThousand | None
    """None: the tagger made no call."""
    teacher_forced: ForcedFigures | None
    """None: not asked for."""
    offline: bool
    """Whether offline models took part in what was said."""
    hint: str
    """What to do next; empty: nothing."""


def figures_of(
    tally: Tally,
    *,
    log: str,
    tagger: str,
    by: str | None,
    passed_over: int,
    repetition: bool,
    price: PerThousand | None = None,
    teacher_forced: ForcedFigures | None = None,
    offline: bool = False,
    hint: str = "",
) -> LogFigures:
    """`tally`, measured; for the rest see `LogFigures`."""
    codebook = tally.codebook
    groups = tally.groups if repetition else {}
    counted = [(m.id, False) for m in codebook.moves] + [(m.id, True) for m in codebook.beside]
    return LogFigures(
        log=log,
        tagger=tagger,
        codebook=codebook.id,
        conversations=tally.conversations,
        replies=tally.replies,
        untagged=tally.absent.total(),
        why_untagged=next((why for why, _ in tally.absent.most_common(1)), ""),
        passed_over=passed_over,
        by=by,
        moves=tuple(MoveCount(move=m, replies=tally.with_move[m], beside=beside) for m, beside in counted),
        said_before={name: said_figures(found, looked=looked) for name, (found, looked) in tally.said.items()} if repetition else {},
        groups={name: report_repetition(marks, tagger=tagger, codebook=codebook.id) for name, marks in groups.items()},
        price=price,
        teacher_forced=teacher_forced,
        offline=offline,
        hint=hint,
    )


# --- JSON ---------------------------------------------------------------------------------------------------------


def repetition_document(figures: LogFigures) -> dict[str, Any]:
    """`--only repetition --json`: the report, or `{"by": KEY, "groups": {value: report}}`; with what the tagger takes, and teacher-forced pairs where
    they were asked for."""
    documents = {
        name: report.model_dump(mode="json") | {"said_before": figures.said_before[name].model_dump(mode="json")}
        for name, report in figures.groups.items()
    }
    document = documents[""] if figures.by is None else {"by": figures.by, "groups": documents}
    forced = figures.teacher_forced
    apart = {"conversations": forced.conversations, "unmatched": forced.unmatched, **asdict(forced.of)} if forced else None
    return document | {"per_1000_replies": price_document(figures.price)} | ({"teacher_forced": apart} if apart else {})


def price_document(price: PerThousand | None) -> dict[str, float | None] | None:
    """What 1,000 replies take; null where no call was made, and for what is unknown."""
    return asdict(price) if price else None


def reply_rows(marked: Marked, codebook: Codebook) -> Iterator[dict[str, Any]]:
    """The rows of `--only moves --json`: `{"id", "index", "moves": […], "sentences": [{"text", "moves": {<move>: <confidence>}}]}`, a row a reply.

    `index` is that of the message in its conversation, from 0; moves stand in the order of the codebook. A reply without tags has null for `moves`,
    and `why`. Labels of the log have confidence 1; a tagger that gives none has null. The log labels sentences without their text: it is filled in
    where the reply has as many sentences as labels, and null elsewhere.
    """
    order = {m.id: i for i, m in enumerate((*codebook.moves, *codebook.beside))}
    for reply, mark in zip(marked.talk.replies, marked.marks, strict=True):
        row: dict[str, Any] = {"id": marked.talk.id, "index": reply.index}
        if isinstance(mark, Labels | Tags):
            yield row | {"moves": sorted(mark.moves, key=lambda m: order.get(m, len(order))), "sentences": _sentences(reply, mark)}
        else:
            yield row | {"moves": None, "sentences": [], "why": _why(mark)}


def _sentences(reply: LoggedReply, mark: Labels | Tags) -> list[dict[str, Any]]:
    if isinstance(mark, Tags):
        return [{"text": s.text, "moves": dict(zip(s.moves, s.confidences or [None] * len(s.moves), strict=True))} for s in mark.sentences]
    if mark.sentences is None:
        return []
    texts: Sequence[str | None] = split_sentences(reply.text)
    if len(texts) != len(mark.sentences):
        texts = [None] * len(mark.sentences)
    return [{"text": text, "moves": dict.fromkeys(moves, 1.0)} for text, moves in zip(texts, mark.sentences, strict=True)]


def _why(mark: Mark) -> str:
    match mark:
        case Lost(why) | Unscored(reason=why):
            return why
        case _:
            return NO_LABELS


# --- tables -------------------------------------------------------------------------------------------------------


def render_log(figures: LogFigures, *, width: int) -> RenderableType:
    """Everything `sim score LOG` prints, for a console of `width` columns."""
    parts: list[RenderableType] = [_heading(figures)]
    if not figures.groups:
        parts.append(_moves(figures))
    elif figures.by is None:
        report = figures.groups[""]
        parts += [_said_before(figures), _repetition(report), _per_move(report), *_across(report), *_templates(report)]
    else:
        parts += [_said_before(figures), _by_group(figures, figures.by)]
    if figures.teacher_forced:
        parts.append(_forced(figures.teacher_forced))
    if figures.groups:
        parts.append(_notes(list(figures.groups.values())))
    if figures.hint:
        parts.append(Text(figures.hint))
    return Group(*(p for part in parts for p in (part, Text())))


def _heading(figures: LogFigures) -> Text:
    facts = [many(figures.conversations, "conversation"), many(figures.replies, "reply", "replies")]
    if figures.groups:
        facts.append(many(sum(r.pairs for r in figures.groups.values()), "pair"))
    text = Text.assemble((safe(figures.log), "bold"), "  ", " · ".join([*facts, f"tagger {figures.tagger}", f"codebook {figures.codebook}"]))
    if figures.offline:
        text.append(f"\n{OFFLINE_MARK}", "yellow")
    if figures.price:
        text.append(f"\n{_price(figures.price)}")
    if figures.untagged:
        text.append(f"\n{many(figures.untagged, 'reply', 'replies')} without tags, which break the pairs they are in: {safe(figures.why_untagged)}")
    if figures.passed_over:
        text.append(f"\n{figures.passed_over:,} passed over, told on standard error")
    return text


def _price(price: PerThousand) -> str:
    """Unknown is unknown, and no price."""
    tokens = [f"{'unknown' if n is None else f'{n:,.0f}'} tokens {way}" for n, way in ((price.input_tokens, "in"), (price.output_tokens, "out"))]
    cost = "cost unknown" if price.dollars is None else money(price.dollars)
    return f"1,000 replies take {many(round(price.calls), 'call')}, {', '.join(tokens)}: {cost}"


def _forced(forced: ForcedFigures) -> RenderableType:
    """Apart from all else, and under its name."""
    of = forced.of
    table = _table("", ("pairs of",), _FORCED)
    shares = [_third(v) for v in (of.jaccard, of.stickiness, of.base_rate, of.excess, of.pooled, of.expected)]
    table.add_row(many(forced.conversations, "conversation"), f"{of.pairs:,}", *shares)
    if forced.unmatched:
        table.caption = f"{many(forced.unmatched, 'conversation')} of this log are in no conversation of the same id of the other"
    return _titled("Teacher-forced: from the other log's reply to own reply, which is not repetition of oneself", table)


_FORCED = ("pairs", "Jaccard", "stickiness", "base rate", "excess", "pooled", "expected")


def _repetition(report: RepetitionReport) -> Table:
    """What is to be gone by first; what random order says of fit and carry-over last (guide/methods.md#what-the-figures-say)."""
    order, conversation = report.null.order.p, report.null.conversation.p
    rows = (
        ("repertoire", "repertoire", None, "how alike its replies to different people are"),
        ("repertoire beyond size", "repertoire_beyond_size", None, "what of it is not how many moves a reply makes"),
        ("conversation fit, adjusted", "conversation_fit_adjusted", report.p["conversation_fit_adjusted"], "what person and topic explain"),
        ("carry-over, adjusted", "carry_over_adjusted", report.p["carry_over_adjusted"], "what only the reply just before explains"),
        ("Jaccard", "jaccard", None, "of a reply and the one before"),
        ("stickiness", "stickiness", None, "P(move again), mean over moves (MINT)"),
        ("base rate", "base_rate", None, "the same mean of P(move)"),
        ("excess", "excess", None, "stickiness − base rate"),
        ("pooled", "pooled", None, "share of moves made again"),
        ("expected", "expected", None, "its value were replies independent"),
        ("conversation fit", "conversation_fit", conversation, "against random order: the course of a talk lowers it"),
        ("carry-over", "carry_over", order, "against random order: the course of a talk raises it"),
        ("sequential excess", "sequential_excess", None, "excess − that in random order"),
    )
    title = f"Repetition from own reply to own reply (tagger {report.tagger}, codebook {report.codebook})"
    table = _table(title, ("measure",), ("", "95 % interval", "p"), ("what it says",))
    for label, key, p, meaning in rows:
        if key == "conversation_fit":
            table.add_section()
        table.add_row(label, _third(getattr(report, key)), _interval(report.interval.get(key)), _p(p), Text(meaning, "dim"))
    table.add_section()
    table.add_row("moves a reply", number(report.moves_per_reply), _interval(report.interval.get("moves_per_reply"), digits=2), "", "")
    table.add_row("words a reply", number(report.words_per_reply, 1), "", "", "")
    return table


def _said_before(figures: LogFigures) -> Table:
    """Words first: moves do not see a bot that says one sentence forever."""
    named = () if figures.by is None else (safe(figures.by),)
    table = _table("Said before, word for word", named, ("said before", "95 %", "to the same user", "nearly", "replies", "greetings"))
    for name, of in figures.said_before.items():
        shares = (percent(of.anybody), between(of.interval["anybody"], share=True), percent(of.same_user), percent(of.nearly))
        table.add_row(*((Text(safe(name[:LONGEST_NAME])),) if named else ()), *shares, f"{of.replies:,}", f"{of.short:,}")
    return table


def _per_move(report: RepetitionReport) -> Table:
    table = _table("Moves, in % of replies", ("move",), ("replies", "again", "base", "n", "opens", "closes"))
    for move, of in sorted(report.per_move.items(), key=lambda item: (item[1].beside, -(item[1].rate or 0.0), item[0])):
        shares = [_percentage(v) for v in (of.rate, of.again, of.base)]
        ends = [_percentage(v) for v in (of.opening, of.closing)]
        table.add_row(_named(move, of.beside), *shares, f"{of.n:,}", *ends)
    return table


def _moves(figures: LogFigures) -> RenderableType:
    table = _table("", ("move",), ("replies", "of tagged"))
    tagged = figures.replies - figures.untagged
    for of in sorted(figures.moves, key=lambda of: (of.beside, -of.replies, of.move)):
        table.add_row(_named(of.move, of.beside), f"{of.replies:,}", percent(of.replies / tagged if tagged else None))
    return _titled(f"Moves (tagger {figures.tagger}, codebook {figures.codebook})", table)


def _named(move: str, beside: bool) -> str:
    return move.replace("_", " ") + (" (beside)" if beside else "")


def _across(report: RepetitionReport) -> list[RenderableType]:
    rows = [(name, of) for name, of in report.across_sessions.items() if of.n]
    if not rows:
        return []
    table = _table("From a session to the same person's next", ("reply",), ("Jaccard", "pooled", "stickiness", "excess", "n"))
    for name, of in rows:
        table.add_row(f"{name} to {name}", _third(of.jaccard), _third(of.pooled), _third(of.stickiness), _third(of.excess), f"{of.n:,}")
    return [table]


def _templates(report: RepetitionReport) -> list[RenderableType]:
    found = report.templates
    if not found.top:
        return []
    title = f"Templates: sequences of sentences' moves, {found.distinct:,} in {many(found.replies, 'reply', 'replies')}"
    table = _table("", (), ("share", "replies"), ("sequence",))
    for template in found.top:
        table.add_row(percent(template.share), f"{template.replies:,}", " → ".join(template.sequence).replace("_", " "))
    return [_titled(title, table)]


def _by_group(figures: LogFigures, by: str) -> Table:
    title = f"Repetition by {safe(by)} (tagger {figures.tagger}, codebook {figures.codebook})"
    headings = ("repertoire", "beyond size", "fit, adj.", "carry-over, adj.", "p", "Jaccard", "sticky", "base", "moves", "words", "pairs")
    table = _table(title, (safe(by),), headings)
    for name, r in figures.groups.items():
        shown = safe(name) if len(name) <= LONGEST_NAME else f"{safe(name[:LONGEST_NAME])}…"
        shares = [_third(v) for v in (r.repertoire, r.repertoire_beyond_size, r.conversation_fit_adjusted, r.carry_over_adjusted)]
        shares += [_p(r.p["carry_over_adjusted"]), _third(r.jaccard)]
        rest = [_third(r.stickiness), _third(r.base_rate), number(r.moves_per_reply, 1), number(r.words_per_reply, 0), f"{r.pairs:,}"]
        table.add_row(Text(shown), *shares, *rest)
    table.caption = "adj.: adjusted for the place in a talk; intervals, both nulls, moves and templates of each: --json"
    return table


def _notes(reports: Sequence[RepetitionReport]) -> Text:
    lines = list(dict.fromkeys(note for report in reports for note in report.notes))
    drawn = max(report.null.order.permutations for report in reports)
    if drawn:
        lines.append("adjusted: replies of one talk against other people's at the same two places; p: two-sided, from the interval")
        lines.append(f"against random order: p one-sided, {drawn:,} permutations; of carry-over, replies in random order within conversations;")
        lines.append("   of conversation fit, replies dealt out over conversations at the same position")
    return Text("\n".join([*lines, *reference_lines()]), "dim")


def _third(value: float | None) -> str:
    """A share to the third decimal, without its leading zero: ".176"."""
    return NONE if value is None else minus(f"{value:z.3f}".replace("0.", ".", 1) if abs(value) < 0.9995 else f"{value:.3f}")


def _percentage(value: float | None) -> str:
    """With one decimal and no sign, for a column that says what it is."""
    return number(None if value is None else 100 * value, 1)


def _interval(bounds: tuple[float, float] | None, *, digits: int = 3) -> str:
    return NONE if bounds is None else " to ".join(_third(b) if digits == 3 else number(b, digits) for b in bounds)


def _p(p: float | None) -> str:
    return "" if p is None else f"{p:.3f}".removeprefix("0")


def _titled(title: str, table: Table) -> Group:
    """A table below a title that may be wider than itself."""
    return Group(Text(title, "bold"), table)


def _table(title: str, names: tuple[str, ...], figures: tuple[str, ...], texts: tuple[str, ...] = ()) -> Table:
    table = ruled(title)
    for heading in names:
        table.add_column(heading, overflow="fold", max_width=max(NAME, len(heading)))
    for heading in figures:
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in texts:
        table.add_column(heading, overflow="fold")
    return table
