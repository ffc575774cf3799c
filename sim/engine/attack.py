"""Attacks on our own judges: constructed texts are put before each judge in the way a run would, and what it makes of them is kept.

A reply is accepted by a rater where its mean over the four dimensions that always apply is at least 4, or no lower than that of the good reply to the
same message; by a rubric where the answer is the good one, on a scale 4 or more. An answer to a question of memory is accepted where it is graded
right, a claimed move where it is tagged. Each judge is also shown what it should accept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean
from typing import TYPE_CHECKING, Literal, TypeAlias

from sim.core.address import observer_id
from sim.core.codebook import ALWAYS
from sim.core.event import Assessment, Grade, NotApplicable, Score, Tags
from sim.core.probes import Answered, Probe
from sim.core.view import Turn
from sim.engine.one_model import OnDone, OnTraffic, one_model
from sim.engine.preflight import check_rater
from sim.score.likability.rater import LikabilityRater
from sim.score.likability.scenes import view_with
from sim.score.memory.probe_grade import ProbeGrader
from sim.score.memory.probe_judge import ProbeJudge
from sim.score.moves.model import ModelTagger
from sim.score.moves.offline import OfflineTagger
from sim.score.rubric import RubricJudge

if TYPE_CHECKING:
    from sim.core.codebook import Codebook
    from sim.core.record import Ratings
    from sim.core.spec import Limits, ModelSpec
    from sim.core.spec.attacks import AttackFile, AttackKind
    from sim.core.spec.rubric import Rubric
    from sim.llm.client import Client
    from sim.llm.prompts import Prompts
    from sim.llm.traffic.budget import Spent
    from sim.score.likability.scenes import Staged
    from sim.score.scorer import Tagger

PASSES = 4.0
"""Mean rating, and level of a rubric, from which on a reply passes for a good one."""

AttackVerdict = Literal["accepted", "refused", "not_applicable", "unscored", "lost"]
"""`not_applicable`: the judge saw nothing to judge; `unscored`: it gave no answer that fits; `lost`: it could not be had."""


Shown: TypeAlias = "AttackKind | Literal['good']"
"""`good`: no attack, but what a judge should accept."""


@dataclass(frozen=True, slots=True)
class Faced:
    """One text before one judge."""

    judge: str
    """`rater`, `rubric answers`, `memory`, `tagger` and the like."""
    kind: Shown
    about: str
    """The scene, the question, or the message and the move claimed."""
    text: str


@dataclass(frozen=True, slots=True)
class AttackOutcome:
    """What a judge made of a text."""

    verdict: AttackVerdict
    why: str = ""
    """Its reason, or why it said nothing."""
    said: str = ""
    """The verdict in its own terms, as "4.50", "yes", "right"."""


@dataclass(frozen=True)
class FacedAttacks:
    """What came of all texts, and what they took."""

    outcomes: dict[Faced, AttackOutcome]
    spent: Spent


Ask = Callable[[], Awaitable[AttackOutcome]]


@dataclass(frozen=True)
class _Judges:
    """The judges under attack, all played by one model."""

    rater: LikabilityRater
    rubrics: dict[str, RubricJudge]
    memory: ProbeGrader
    tagger: Tagger


async def face_attacks(
    attacks: AttackFile,
    scenes: Sequence[Staged],
    rubrics: Sequence[Rubric],
    codebook: Codebook,
    judge: ModelSpec,
    prompts: Prompts,
    *,
    limits: Limits,
    concurrency: int,
    on_faced: OnDone | None = None,
    on_start: OnTraffic | None = None,
) -> FacedAttacks:
    """Put every text before the judges that `judge` plays. An offline one tags by rules, and grades memory by the accepted answers alone.

    Args:
        concurrency: texts being judged at once.
        on_faced: called after each text.
        on_start: see `OnTraffic`.

    Raises:
        InputError: there is no such model, it cannot judge, its key is missing, or its price is unknown and `max_cost` is given.
    """
    check_rater(judge)
    found: dict[Faced, AttackOutcome] = {}
    async with one_model("rater", "the judge", judge, prompts, limits=limits, concurrency=concurrency, on_start=on_start) as model:
        due = dict(_all(attacks, {s.scene.id: s for s in scenes}, _judges(judge, model.client, rubrics, codebook, prompts)))

        async def face(text: Faced) -> None:
            found[text] = await due[text]()

        lost = await model.ask(due, face, on_done=on_faced)
    found |= {text: AttackOutcome("lost", why) for text, why in lost.items()}
    # Answers come in as they please; what is told of them goes by the file.
    return FacedAttacks({text: found[text] for text in due if text in found}, model.spent)


def _judges(judge: ModelSpec, client: Client, rubrics: Sequence[Rubric], codebook: Codebook, prompts: Prompts) -> _Judges:
    return _Judges(
        LikabilityRater(observer_id(judge.model), client, prompts),
        {r.id: RubricJudge([(r, r.info(group=r.id))], client, prompts) for r in rubrics},
        ProbeGrader(None if judge.offline else ProbeJudge(client, prompts)),
        OfflineTagger() if judge.offline else ModelTagger("attacked", client, prompts, codebook),
    )


def _all(attacks: AttackFile, scenes: dict[str, Staged], judges: _Judges) -> Iterator[tuple[Faced, Ask]]:
    """Every text before every judge that it is meant for, with how to ask."""
    for of in attacks.replies:
        staged = scenes[of.scene]
        mean_of = _Means(judges.rater, staged)
        for kind, text in _with_good(staged.scene.reply, of.attacks):
            yield Faced("rater", kind, of.scene, text), partial(_rate, mean_of, text, attack=kind != "good")
            for id, rubric in judges.rubrics.items():
                yield Faced(f"rubric {id}", kind, of.scene, text), partial(_judge, rubric, id, staged, text)
    for asked in attacks.answers:
        probe = Probe(asked.kind, "attack", 0, asked.question, asked.expected, asked.answers, stale=asked.stale, others=asked.others)
        for kind, text in _with_good(asked.good, asked.attacks):
            yield Faced("memory", kind, asked.question, text), partial(_grade, judges.memory, probe, text)
    for move in attacks.moves:
        for kind, text in _with_good(move.good, {move.kind: move.reply}):
            yield Faced("tagger", kind, f"{move.message} ({move.claims})", text), partial(_tag, judges.tagger, Turn(move.message, text), move.claims)


def _with_good(good: str, attacks: Mapping[AttackKind, str]) -> Iterator[tuple[Shown, str]]:
    yield "good", good
    yield from attacks.items()


class _Means:
    """What a rater makes of replies to one scene: the mean over the dimensions that always apply. The same reply is rated once."""

    def __init__(self, rater: LikabilityRater, staged: Staged) -> None:
        self._rater = rater
        self._staged = staged
        self._asked: dict[str, asyncio.Task[float | None]] = {}

    async def of(self, reply: str) -> float | None:
        """The mean; None: not all of them were scored."""
        if reply not in self._asked:
            self._asked[reply] = asyncio.create_task(self._rate(reply))
        return await self._asked[reply]

    async def good(self) -> float | None:
        """That of the scene's own reply."""
        return await self.of(self._staged.scene.reply)

    async def _rate(self, reply: str) -> float | None:
        ratings: Ratings = (await self._rater.score(view_with(self._staged, reply, name="attack"))).value
        scores = [r.score for d in ALWAYS if isinstance(r := ratings[d], Score)]
        return mean(scores) if len(scores) == len(ALWAYS) else None


async def _rate(means: _Means, reply: str, *, attack: bool) -> AttackOutcome:
    own = await means.of(reply)
    if own is None:
        return AttackOutcome("unscored", "not every dimension that always applies was scored")
    if not attack:
        return AttackOutcome("accepted" if own >= PASSES else "refused", said=f"{own:.2f}")
    good = await means.good()
    passes = own >= PASSES or (good is not None and own >= good)
    return AttackOutcome("accepted" if passes else "refused", f"the good reply {'unscored' if good is None else f'{good:.2f}'}", f"{own:.2f}")


async def _judge(rubric: RubricJudge, id: str, staged: Staged, reply: str) -> AttackOutcome:
    found = (await rubric.score(view_with(staged, reply, name="attack"))).value[id]
    if not isinstance(found, Assessment):
        return AttackOutcome("not_applicable" if isinstance(found, NotApplicable) else "unscored", found.reason)
    passes = found.value if isinstance(found.value, bool) else isinstance(found.value, int | float) and found.value >= PASSES
    value = found.value
    said = ("yes" if value else "no") if isinstance(value, bool) else f"{value:g}" if isinstance(value, int | float) else value
    return AttackOutcome("accepted" if passes else "refused", found.reason, said)


async def _grade(grader: ProbeGrader, probe: Probe, answer: str) -> AttackOutcome:
    found = (await grader.score(Answered(probe, answer))).value
    if not isinstance(found, Grade):
        return AttackOutcome("unscored", found.reason)
    return AttackOutcome("accepted" if found.outcome == "right" else "refused", f"by {found.by}", found.outcome)


async def _tag(tagger: Tagger, turn: Turn, claims: str) -> AttackOutcome:
    found = (await tagger.score(turn)).value
    if not isinstance(found, Tags):
        return AttackOutcome("unscored", found.reason)
    return AttackOutcome("accepted" if claims in found.moves else "refused", said=", ".join(sorted(found.moves)) or "no move")
