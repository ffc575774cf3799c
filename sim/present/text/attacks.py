"""How far our own judges let themselves be taken in, as `sim calibrate --attack` prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from sim.analysis.figures.estimates import proportion_interval
from sim.core.frozen import Frozen
from sim.core.shown import Shown
from sim.present.text.plain_table import plain_table, ruled
from sim.present.text.response import Took
from sim.present.words import NONE, OFFLINE_MARK, many, money, percent, safe

if TYPE_CHECKING:
    from rich.table import Table

    from sim.engine.attack import AttackVerdict, FacedAttacks

MOST_NAMED = 10
"""Attacks that were accepted, named one by one: those that most judges accepted."""
SHORTENED = 80
"""Characters of why a verdict is absent."""


class AcceptedShare(Frozen):
    """How many texts of one sort one judge accepted."""

    accepted: int
    n: int
    """Judged: what was not applicable, unscored or lost is not among them."""
    not_applicable: int
    unscored: int
    lost: int
    share: float | None
    """`accepted` of `n`; null: nothing was judged."""
    interval: tuple[float, float] | None
    """Of the share among texts like these, 95 %, by Clopper and Pearson."""


class AttackedJudge(Frozen):
    """What one judge made of the attacks, and of what it should accept."""

    attacks: AcceptedShare
    kinds: dict[str, AcceptedShare]
    """The attacks by kind."""
    good: AcceptedShare
    """Right answers, good replies, moves that are made."""


class AcceptedAttack(Frozen):
    """An attack that was taken for good."""

    judge: str
    kind: str
    about: str
    text: str
    said: str
    """The judge's verdict: a mean rating, the answer to a rubric, the moves tagged."""
    why: str


class AttackDocument(Shown):
    """`sim calibrate --attack --json`: `judges.<judge>.attacks` and `judges.<judge>.kinds.<kind>`."""

    judge: str
    """The model that played the judges."""
    offline: bool
    cases: int
    """Attacks that were constructed; replies are put before several judges."""
    judges: dict[str, AttackedJudge]
    accepted: tuple[AcceptedAttack, ...]
    lost: dict[str, int]
    """Why texts could not be judged for reasons outside the model, and how many."""
    took: Took

    @property
    def texts(self) -> int:
        """How many were put before the judges, each counted once for each of them."""
        shares = (share for judge in self.judges.values() for share in (judge.attacks, judge.good))
        return sum(s.n + s.not_applicable + s.unscored + s.lost for s in shares)


def attack_document(found: FacedAttacks, *, judge: str, offline: bool, cases: int) -> AttackDocument:
    """The document of what `judge` made of the attacks."""
    by_judge: dict[str, dict[str, list[AttackVerdict]]] = {}
    lost: dict[str, int] = {}
    for text, came in found.outcomes.items():
        by_judge.setdefault(text.judge, {}).setdefault(text.kind, []).append(came.verdict)
        if came.verdict == "lost":
            lost[came.why] = lost.get(came.why, 0) + 1
    spent = found.spent
    return AttackDocument(
        judge=judge,
        offline=offline,
        cases=cases,
        judges={name: _attacked(kinds) for name, kinds in by_judge.items()},
        accepted=tuple(
            AcceptedAttack(judge=text.judge, kind=text.kind, about=text.about, text=text.text, said=came.said, why=came.why)
            for text, came in found.outcomes.items()
            if came.verdict == "accepted" and text.kind != "good"
        ),
        lost=lost,
        took=Took(calls=spent.calls, tokens=spent.tokens, cost=spent.cost, unknown_costs=spent.unknown_costs),
    )


def _attacked(kinds: dict[str, list[AttackVerdict]]) -> AttackedJudge:
    attacks = {kind: of for kind, of in kinds.items() if kind != "good"}
    return AttackedJudge(
        attacks=_share([v for of in attacks.values() for v in of]),
        kinds={kind: _share(of) for kind, of in attacks.items()},
        good=_share(kinds.get("good", [])),
    )


def _share(verdicts: Sequence[AttackVerdict]) -> AcceptedShare:
    accepted, n = verdicts.count("accepted"), verdicts.count("accepted") + verdicts.count("refused")
    return AcceptedShare(
        accepted=accepted,
        n=n,
        not_applicable=verdicts.count("not_applicable"),
        unscored=verdicts.count("unscored"),
        lost=verdicts.count("lost"),
        share=accepted / n if n else None,
        interval=proportion_interval(accepted, n) if n else None,
    )


def render_attacks(document: AttackDocument) -> RenderableType:
    """Shares by judge, counts by kind, and attacks that were accepted."""
    head = Text.assemble(("Attacks on judges", "bold"), f"  {document.judge} · {many(document.cases, 'attack')}")
    if document.offline:
        head.append(f"\n{OFFLINE_MARK}", "yellow")
    lines = [f"Absent: {many(count, 'verdict')}, {_short(why)}" for why, count in document.lost.items()]
    took = document.took
    lines += [f"{many(took.calls, 'call')}, {took.tokens:,} tokens, {money(took.cost)}"]
    return Group(head, Text(), _shares(document), Text(), _kinds(document), Text(), *_accepted(document), Text(), Text("\n".join(lines)))


def _accepted(document: AttackDocument) -> Sequence[RenderableType]:
    """A line for each attack that any judge accepted, those first that most did."""
    by_attack: dict[tuple[str, str], list[AcceptedAttack]] = {}
    for one in document.accepted:
        by_attack.setdefault((one.kind, one.text), []).append(one)
    if not by_attack:
        return (Text("No attack was accepted."),)
    table = ruled()
    table.add_column("accepted", no_wrap=True)
    table.add_column("text", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("by", no_wrap=True)
    for (kind, text), of in sorted(by_attack.items(), key=lambda item: -len(item[1]))[:MOST_NAMED]:
        judges = ", ".join(f"{_column(a.judge)} {a.said}" for a in of)
        table.add_row(kind.replace("_", " "), " ".join(safe(text).split()) or NONE, safe(judges))
    table.expand = True
    more = len(by_attack) - MOST_NAMED
    return (table, Text(f"and {more} more; --json has all, with the reasons")) if more > 0 else (table,)


def _column(judge: str) -> str:
    return judge.replace("rubric ", "")


def _shares(document: AttackDocument) -> Table:
    table = plain_table(("judge",), "attacks", "accepted", "share", "95 %", "n.a.", "unscored", "good accepted")
    for judge, of in document.judges.items():
        a = of.attacks
        figures = (f"{a.n}", f"{a.accepted}", percent(a.share), _range(a.interval), f"{a.not_applicable}", f"{a.unscored}")
        table.add_row(judge, *figures, _counts(of.good))
    return table


def _kinds(document: AttackDocument) -> Table:
    """Counts by kind, a column for each judge."""
    table = plain_table(("accepted of",), *map(_column, document.judges))
    for kind in dict.fromkeys(kind for of in document.judges.values() for kind in of.kinds):
        table.add_row(kind.replace("_", " "), *(_counts(of.kinds[kind]) if kind in of.kinds else "" for of in document.judges.values()))
    return table


def _counts(share: AcceptedShare) -> str:
    return f"{share.accepted}/{share.n}" if share.n else NONE


def _range(interval: tuple[float, float] | None) -> str:
    return NONE if interval is None else f"{percent(interval[0])} to {percent(interval[1])}"


def _short(text: str) -> str:
    line = " ".join(safe(text).split())
    return line if len(line) <= SHORTENED else f"{line[:SHORTENED]}…"
