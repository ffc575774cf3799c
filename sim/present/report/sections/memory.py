"""What memory buys in liking: the same model under several memories, paired by persona, with callback left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from sim.analysis.by_persona import PersonaPoint, mean_of, on_scale
from sim.analysis.estimates import t_interval
from sim.analysis.pairs import WITHOUT_CALLBACK, Paired, pair_likability
from sim.core.spec.target import ChatTargetSpec
from sim.present.report import charts
from sim.present.report.cells import between, change, columns, count, named, score, talks_link
from sim.present.report.document import Block, Figure, Prose, Section, Table
from sim.present.words import share, signed

if TYPE_CHECKING:
    from pydantic import JsonValue

    from sim.core.spec import Study
    from sim.present.report.material import Material

TITLE = "What memory buys"
ORDER = ("none", "window", "summary", "profile", "retrieval", "full")
"""From the memory that keeps least to the one that keeps all."""


def memory_section(of: Material) -> Section:
    """The signature picture: memory × likability without callback."""
    groups = memory_groups(of.study)
    groups = [g for g in groups if sum(any(p.target == t for p in of.points) for t in g) > 1]
    if not groups:
        why = "Not measured in this run: no two of its targets are the same model with different memories. Add the same model with `memory: none`."
        return Section(id="memory", title=TITLE, absent=why)
    explained = Prose(
        lines=(
            "The same model with different memories talks with the same personas. Callback is left out, because it is memory by definition: "
            "what is left is whether remembering makes the talk itself more liked.",
        )
    )
    blocks: list[Block] = [b for i, g in enumerate(groups) for b in (_figure(of, g, i), _table(of, g, i))]
    return Section(id="memory", title=TITLE, blocks=(explained, *blocks, *_accuracy(of), *_ranks(of)))


def memory_groups(study: Study) -> list[tuple[str, ...]]:
    """Targets that differ in nothing but their memory, those that keep least first; only groups of two and more."""
    alike: defaultdict[str, list[ChatTargetSpec]] = defaultdict(list)
    for target in study.targets:
        if isinstance(target, ChatTargetSpec):
            alike[target.model_dump_json(exclude={"id", "memory"})].append(target)
    ranked = [sorted(g, key=lambda t: _rank(t.memory)) for g in alike.values() if len({t.memory for t in g}) > 1]
    return [tuple(t.id for t in g) for g in ranked]


def bought(of: Material, more: str, less: str) -> Paired:
    """How much more `more` is liked than `less`, callback left out."""
    return pair_likability(of.of(more), of.of(less), rater=of.rater)


def _rank(memory: str) -> tuple[int, int]:
    kind, _, size = memory.partition(":")
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), int(size) if size.isdecimal() else 0)


def _figure(of: Material, group: tuple[str, ...], index: int) -> Figure:
    points = _in_common(of, group)
    rows: list[dict[str, JsonValue]] = [
        {
            "arm": p.target,
            "target": p.target,
            "persona": p.persona,
            "likability": value,
            "n": p.n,
            "link": talks_link(target=p.target, persona=p.persona),
        }
        for p, value in points
    ]
    for target in group:
        values = [value for p, value in points if p.target == target]
        low, high = on_scale(t_interval(values)) or (None, None)
        rows.append({"arm": target, "target": target, "persona": None, "mean": mean_of(values), "low": low, "high": high, "n": len(values)})
    axis = charts.rating("likability", "likability without callback", values=[value for _, value in points])
    last = bought(of, group[-1], group[0])
    return Figure(
        id="memory" if index == 0 else f"memory-{index + 1}",
        title="Memory and likability without callback, paired by persona",
        alt=f"One line a persona from {' to '.join(group)}. {group[-1]} less {group[0]}: {signed(last.difference)} points.",
        notes=("Thin lines are personas, the thick line their mean with its 95 % interval. The interval of the paired difference stands below.",),
        spec=charts.paired(group, y=axis),
        columns={
            "arm": "target id, from the memory that keeps least",
            "persona": "persona id; empty: the mean over personas",
            "likability": "mean over the dimensions without callback that the persona scored in every arm",
            "mean": "mean over personas",
            "low": "lower end of the 95 % t interval over personas",
            "high": "upper end",
            "n": "rated exchanges of the persona; personas in a mean",
            "link": "place of the page",
        },
        rows=tuple(rows),
    )


def _accuracy(of: Material) -> list[Figure]:
    """Liking on the axis of what is remembered; needs probes."""
    rows: list[dict[str, JsonValue]] = [
        {"model": b.model, "arm": a.target, "memory": a.memory, "accuracy": a.accuracy, "liked": a.liked, "link": talks_link(target=a.target)}
        for b in of.summary.bought
        for a in b.arms
        if a.accuracy is not None and a.liked is not None
    ]
    if not rows:
        return []
    y = charts.rating("liked", "likability without callback", values=[a.liked for b in of.summary.bought for a in b.arms if a.liked is not None])
    return [
        Figure(
            id="accuracy",
            title="Remembering and being liked",
            alt="; ".join(f"{r['arm']}: memory accuracy {share(a)}" for r in rows if isinstance(a := r["accuracy"], float)),
            spec=charts.arms(list(dict.fromkeys(b.model for b in of.summary.bought)), x="accuracy", x_title="memory accuracy", y=y),
            columns={
                "model": "model",
                "arm": "target id",
                "memory": "memory policy",
                "accuracy": "share of questions about told facts answered rightly",
                "liked": "likability without callback, 1 to 5",
                "link": "place of the page",
            },
            rows=tuple(rows),
        )
    ]


def _ranks(of: Material) -> list[Prose]:
    ranks = of.summary.ranks
    if ranks.spearman is not None:
        told = (
            f"Over {ranks.targets} targets, memory accuracy and likability without callback go together with Spearman's ρ {signed(ranks.spearman)}."
        )
        return [Prose(lines=(told,))]
    return [Prose(lines=(f"No rank correlation over targets: it takes ten with probes, and there are {ranks.targets}.",))]


def _in_common(of: Material, group: Sequence[str]) -> list[tuple[PersonaPoint, float]]:
    """Each persona's mean in each arm, over the dimensions that it scored in all of them: otherwise lines would rise and fall with occasions."""
    arms: defaultdict[str, list[PersonaPoint]] = defaultdict(list)
    for p in of.points:
        if p.target in group:
            arms[p.persona].append(p)
    found = []
    for points in arms.values():
        shared = [d for d in WITHOUT_CALLBACK if all(d in p.dimensions for p in points)]
        if len(points) == len(group) and shared:
            found += [(p, fmean(p.dimensions[d] for d in shared)) for p in points]
    return found


def _table(of: Material, group: tuple[str, ...], index: int) -> Table:
    memory = {t.id: t.memory for t in of.study.targets}
    rows = []
    for target in group:
        found = bought(of, target, group[0]) if target != group[0] else None
        callback = next(t for t in of.summary.targets if t.target == target).likability.dimensions["callback"]
        mean = mean_of(value for p, value in _in_common(of, group) if p.target == target)
        difference = change(found.difference, found.interval) if found else named("reference")
        rows.append(
            (
                named(target, link=talks_link(target=target)),
                named(memory[target]),
                score(mean),
                difference,
                count(found.personas if found else callback.n_personas),
                score(callback.mean, beside=f"n {callback.n:,}"),
            )
        )
    return Table(
        id="memory" if index == 0 else f"memory-{index + 1}",
        title=f"Paired with {group[0]}",
        columns=columns(
            "target",
            "memory",
            figures=[
                ("without callback", "mean over the dimensions scored in every arm"),
                ("difference", "paired by persona and scenario, with its 95 % interval over personas"),
                "personas",
                ("callback", "apart: memory by definition"),
            ],
        ),
        rows=tuple(rows),
    )


def memory_sentence(of: Material) -> str | None:
    """What memory bought, in a sentence; None without two memories of one model."""
    for group in memory_groups(of.study):
        found = bought(of, group[-1], group[0])
        if found.difference is not None:
            spoken = f" (95 % {between(found.interval)})" if found.interval else ""
            told = f"With memory ({group[-1]} against {group[0]}) likability without callback differs by {signed(found.difference)} points{spoken}"
            return f"{told}, over {found.personas} personas."
    return None
