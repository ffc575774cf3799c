"""What memory buys in liking: the same model under several memory policies, paired within personas (METHODS §2).

Liking is taken without callback, which is memory by definition; callback stands beside it in its four cells, false memories apart. Across targets
that differ in more than memory only the order is looked at, and only from ten targets on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sim.analysis.memory import TELLS, MemoryFigures, list_probes
from sim.analysis.pairs import Paired, Place, pair_figures, pair_likability
from sim.core.event import Score
from sim.core.frozen import Frozen
from sim.core.spec import ChatTargetSpec

if TYPE_CHECKING:
    from sim.core.record import Trial
    from sim.core.spec import Study

FEWEST_FOR_RANKS: Final = 10
"""Targets below which no rank correlation is given."""
INTRUDES: Final = 2
"""Score up to which a callback without occasion is intrusive, and beyond which it is a surprise well placed."""


class Callbacks(Frozen):
    """Callback of one target in its four cells, over rated exchanges."""

    hit: int
    """With occasion, brought back."""
    missed: int
    """With occasion, not brought back."""
    surprise: int
    """Without occasion, and welcome."""
    intrusive: int
    """Without occasion, and not welcome."""
    false_memories: int
    """Something never said, in none of the four cells."""


class Arm(Frozen):
    """One policy of a model."""

    target: str
    memory: str
    accuracy: float | None
    """Memory accuracy."""
    liked: float | None
    """Simulated likability without callback, 1 to 5."""
    callbacks: Callbacks
    gains: Paired | None
    """Memory accuracy, minus that of the arm all others are held against; None for that arm."""
    likes: Paired | None
    """Likability without callback, minus that arm's."""


class Bought(Frozen):
    """One model under several policies."""

    model: str
    against: str
    """The target that the others are held against: the one with memory `none`, else the first."""
    arms: tuple[Arm, ...]


class Ranks(Frozen):
    """Whether targets that remember better are also liked better."""

    targets: int
    """With both figures."""
    spearman: float | None
    """Of memory accuracy and likability without callback, over targets; None below ten."""


def find_reference(study: Study, target: str) -> str | None:
    """The target that is the same model as `target` under memory `none`; None: there is none, or it is that one itself."""
    return next((t.id for t in _arms(study, target) if t.memory == "none" and t.id != target), None)


def summarise_bought(
    study: Study, mine: Mapping[str, Sequence[Trial]], figures: Mapping[str, MemoryFigures], liked: Mapping[str, float | None]
) -> tuple[Bought, ...]:
    """Every model of the study that has several policies.

    Args:
        mine: trials by target.
        figures: memory by target.
        liked: likability without callback by target.
    """
    found: list[Bought] = []
    seen: set[str] = set()
    for target in study.targets:
        arms = _arms(study, target.id)
        if target.id in seen or len(arms) < 2:
            continue
        seen |= {a.id for a in arms}
        base = next((a for a in arms if a.memory == "none"), arms[0])
        accuracy = {a.id: _accuracy(mine[a.id]) for a in arms}
        found.append(
            Bought(
                model=base.model,
                against=base.id,
                arms=tuple(
                    Arm(
                        target=a.id,
                        memory=a.memory,
                        accuracy=figures[a.id].accuracy.accuracy,
                        liked=liked[a.id],
                        callbacks=_callbacks(mine[a.id], study.primary_rater),
                        gains=None if a is base else pair_figures(accuracy[a.id], accuracy[base.id]),
                        likes=None if a is base else pair_likability(mine[a.id], mine[base.id], rater=study.primary_rater),
                    )
                    for a in arms
                ),
            )
        )
    return tuple(found)


def rank_targets(figures: Mapping[str, MemoryFigures], liked: Mapping[str, float | None]) -> Ranks:
    """The rank correlation of memory accuracy and likability without callback, over the targets that have both."""
    pairs = [(a, b) for t, of in figures.items() if (a := of.accuracy.accuracy) is not None and (b := liked[t]) is not None]
    if len(pairs) < FEWEST_FOR_RANKS:
        return Ranks(targets=len(pairs), spearman=None)
    from scipy.stats import spearmanr

    rho = float(spearmanr([a for a, _ in pairs], [b for _, b in pairs]).statistic) if min(len({p[i] for p in pairs}) for i in (0, 1)) > 1 else None
    return Ranks(targets=len(pairs), spearman=rho)


def _arms(study: Study, target: str) -> list[ChatTargetSpec]:
    """The chat models that differ from `target` in nothing but memory, itself included; empty for a chatbot with a memory of its own."""
    chats = [t for t in study.targets if isinstance(t, ChatTargetSpec)]
    own = next((t for t in chats if t.id == target), None)
    return [t for t in chats if own is not None and _apart(t) == _apart(own)]


def _apart(target: ChatTargetSpec) -> ChatTargetSpec:
    return target.model_copy(update={"id": "", "memory": ""})


def _accuracy(trials: Sequence[Trial]) -> dict[Place, float]:
    places: dict[Place, list[bool]] = {}
    for a in list_probes(trials):
        if a.kind in TELLS and a.outcome != "unscored":
            places.setdefault((a.persona, a.scenario), []).append(a.is_right)
    return {place: sum(of) / len(of) for place, of in places.items()}


def _callbacks(trials: Sequence[Trial], rater: str) -> Callbacks:
    ratings = [e.ratings.get(rater, {}).get("callback") for t in trials for e in t.exchanges]
    scores = [r for r in ratings if isinstance(r, Score)]
    true = [s for s in scores if not s.false_memory]
    unasked = [s for s in true if s.attempt and not s.occasion]
    return Callbacks(
        hit=sum(s.occasion and s.attempt for s in true),
        missed=sum(s.occasion and not s.attempt for s in true),
        surprise=sum(s.score > INTRUDES for s in unasked),
        intrusive=sum(s.score <= INTRUDES for s in unasked),
        false_memories=len(scores) - len(true),
    )
