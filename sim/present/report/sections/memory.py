"""What memory buys in liking: the same model under several memories, paired by persona, with callback left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.analysis.figures.table import population
from sim.analysis.verdicts.policies import steady_arms
from sim.present.report import charts
from sim.present.report.cells import change, columns, count, named, score, talks_link
from sim.present.report.document import Block, Cell, ChartFigure, Prose, Section, Table
from sim.present.report.sections import claims
from sim.present.words import NONE, number, share, signed

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.analysis.verdicts.policies import Bought, InCommon, MemoryArm
    from sim.present.report.material import Material

TITLE = "What memory buys"
ORDER = ("none", "window", "summary", "profile", "retrieval", "full")
"""From the memory that keeps least to the one that keeps all."""


def memory_section(of: Material) -> Section:
    """The signature picture: memory × liking, paired by persona."""
    rated = {p.target for p in of.points}
    models = [b for b in of.summary.bought if sum(a.target in rated for a in b.arms) > 1]
    if not models:
        why = "Not measured in this run: no two of its targets are the same model with different memories. Add the same model with `memory: none`."
        return Section(id="memory", title=TITLE, absent=why)
    explained = Prose(
        lines=(
            "The same model with different memories talks with the same personas. Callback is left out, because it is memory by definition: "
            "what is left is whether remembering makes the talk itself more liked. The picture is of the fixed set, which every persona has whole, "
            "so that a mean is the mean of its lines; likability without callback is in the table.",
        )
    )
    blocks: list[Block] = [b for i, model in enumerate(models) for b in (_figure(of, model, i), _table(of, model, i))]
    return Section(id="memory", title=TITLE, blocks=(explained, *blocks, *_accuracy(of), *_ranks(of)))


def _ordered(model: Bought) -> list[MemoryArm]:
    """Those that keep least first."""
    return sorted(model.arms, key=lambda a: _rank(a.memory))


def _rank(memory: str) -> tuple[int, int]:
    kind, _, size = memory.partition(":")
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), int(size) if size.isdecimal() else 0)


def _figure(of: Material, model: Bought, index: int) -> ChartFigure:
    """A line a persona, and their mean: of the fixed set, which every persona has whole, so that the means are means of these lines."""
    arms = [a.target for a in _ordered(model)]
    held = steady_arms(of.source.table, arms)
    rows: list[dict[str, JsonValue]] = [
        {"arm": arm, "target": arm, "persona": persona, "fixed_set": value, "link": talks_link(target=arm, persona=persona)}
        for arm, found in held.items()
        for persona, value in found.personas.items()
    ]
    for arm, found in held.items():
        low, high = found.interval or (None, None)
        rows.append({"arm": arm, "target": arm, "persona": None, "mean": found.mean, "low": low, "high": high, "n": len(found.personas)})
    steady = [(a.target, a.steady.difference) for a in _ordered(model) if a.steady is not None]
    axis = charts.rating("fixed_set", "fixed set", values=[v for found in held.values() for v in found.personas.values()])
    return ChartFigure(
        id="memory" if index == 0 else f"memory-{index + 1}",
        title=_claim(of, model),
        shows="The fixed set under each memory, a line for each persona",
        alt=f"One line a persona from {' to '.join(arms)}. Less {model.against}: {'; '.join(f'{arm} {signed(by)} points' for arm, by in steady)}.",
        notes=(
            "Thin lines are personas, the thick line their mean, over what all have in common.",
            f"Vertical lines are 95 % intervals over {population(of.summary.scenarios)}. "
            "The interval of a paired difference, which is the one to judge by, is in the table below.",
        ),
        spec=charts.paired(arms, y=axis),
        columns={
            "arm": "target id, from the memory that keeps least",
            "persona": "persona id; empty: the mean over personas",
            "fixed_set": "the persona's mean over the four dimensions that always apply, in the sessions that all arms have in common",
            "mean": "mean of the personas",
            "low": "lower end of its 95 % interval",
            "high": "upper end",
            "n": "personas in a mean",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


def _claim(of: Material, model: Bought) -> str:
    """Whether any memory of `model` is liked more or less than the one it is held against."""
    compared = of.compared("fixed_set")
    arms = {a.target for a in model.arms}
    pairs = [c for c in compared.comparisons if {c.a, c.b} <= arms and model.against in (c.a, c.b)] if compared else []
    if found := claims.clearest(pairs):
        pair, alone = found
        return f"{pair.a} is liked more than {pair.b}, by {claims.by(pair.difference or 0.0, pair.interval)}{alone}"
    if of.tier == "look":
        return "Too few personas for a verdict on whether memory changes how much the talk is liked"
    return "Memory changes nothing clear in how much the talk itself is liked"


def _accuracy(of: Material) -> list[ChartFigure]:
    """Liking on the axis of what is remembered; needs probes."""
    found = [(b, a, a.accuracy, a.liked) for b in of.summary.bought for a in b.arms if a.accuracy is not None and a.liked is not None]
    if not found:
        return []
    intervals = {t.target: t.likability.primary("without_callback")[1] for t in of.summary.targets}
    spans = [bound for _, a, _, _ in found for bound in intervals[a.target] or ()]
    y = charts.rating("liked", "likability without callback", values=[*(liked for *_, liked in found), *spans])
    labels = charts.labels_apart([liked for *_, liked in found], y)
    rows: list[dict[str, JsonValue]] = []
    for (b, a, accuracy, liked), label in zip(found, labels, strict=True):
        low, high = intervals[a.target] or (None, None)
        place: dict[str, JsonValue] = {"model": b.model, "target": a.target, "memory": a.memory, "accuracy": accuracy, "liked": liked}
        rows.append({**place, "low": low, "high": high, "label": label, "link": talks_link(target=a.target)})
    return [
        ChartFigure(
            id="accuracy",
            title=_accuracy_claim(of, {a.target: accuracy for _, a, accuracy, _ in found}),
            shows="Likability without callback, with its 95 % interval, by memory accuracy",
            alt="; ".join(f"{a.target}: memory accuracy {share(accuracy)}, liked {number(liked)}" for _, a, accuracy, liked in found),
            spec=charts.arms(of.targets, [a.target for _, a, *_ in found], x="accuracy", x_title="memory accuracy", y=y),
            columns={
                "model": "model",
                "target": "target id",
                "memory": "memory policy",
                "accuracy": "share of questions about told facts answered correctly",
                "liked": "likability without callback, 1 to 5",
                "low": "lower end of its 95 % interval",
                "high": "upper end",
                "label": "where its name stands",
                "link": "place of the page",
            },
            rows=tuple(rows),
        )
    ]


def _accuracy_claim(of: Material, known: dict[str, float]) -> str:
    """Whether the arm that remembers most is liked more than the one that remembers least."""
    most, least = max(known, key=lambda t: known[t]), min(known, key=lambda t: known[t])
    compared = of.compared("without_callback")
    pair = next((c if c.a == most else c.turned for c in compared.comparisons if {c.a, c.b} == {most, least}), None) if compared else None
    if most == least or pair is None or pair.difference is None:
        return f"Memory accuracy goes from {share(known[least])} to {share(known[most])}"
    told = {"higher": "and is liked more", "lower": "and is liked less"}.get(pair.verdict, "and is not clearly liked more or less")
    size = f", by {claims.by(pair.difference, claims.turned(pair.interval) if pair.verdict == 'lower' else pair.interval)}"
    by = size if pair.verdict in ("higher", "lower") else ""
    return f"{most} remembers more than {least} ({share(known[most])} against {share(known[least])}) {told}{by}"


def _ranks(of: Material) -> list[Prose]:
    ranks = of.summary.ranks
    if ranks.spearman is not None:
        told = (
            f"Over {ranks.targets} targets, memory accuracy and likability without callback go together with Spearman's ρ {signed(ranks.spearman)}."
        )
        return [Prose(lines=(told,))]
    return [Prose(lines=(f"No rank correlation over targets: it takes ten with probes, and there are {ranks.targets}.",))]


def _table(of: Material, model: Bought, index: int) -> Table:
    rows = []
    for arm in _ordered(model):
        callback = next(t for t in of.summary.targets if t.target == arm.target).likability.dimensions["callback"]
        rows.append(
            (
                named(arm.target, link=talks_link(target=arm.target)),
                named(arm.memory),
                *_held(arm.steady),
                _less(arm.brings),
                _less(arm.enjoys),
                *_held(arm.likes),
                count(arm.steady.personas) if arm.steady else Cell(text=NONE),
                score(callback.mean, beside=f"n {callback.n:,}"),
            )
        )
    paired = f"paired by persona and scenario, with its 95 % interval over {population(of.summary.scenarios)}"
    common = f"the target's mean, and below it that of {model.against}, over what both have in common: the difference is that of these two"
    return Table(
        id="memory" if index == 0 else f"memory-{index + 1}",
        title=f"Paired with {model.against}",
        columns=columns(
            "target",
            "memory",
            figures=[
                ("fixed set, in common", common),
                ("difference in fixed set", paired),
                ("in scripted callback", f"difference in callback on facts that every target was told alike, {paired}"),
                ("in the criterion", f"difference in enjoyment and the wish to return, {paired}"),
                ("without callback, in common", common),
                ("difference", f"in likability without callback, {paired}"),
                "personas",
                ("callback", "apart: memory by definition"),
            ],
        ),
        rows=tuple(rows),
    )


def _held(found: InCommon | None) -> tuple[Cell, Cell]:
    """Both means and their difference; of the reference there is none."""
    if found is None:
        return Cell(text=NONE), named("reference")
    return score(found.mean, beside=f"against {number(found.other)}"), change(found.difference, found.interval)


def _less(found: InCommon | None) -> Cell:
    return change(found.difference, found.interval) if found else Cell(text=NONE)
