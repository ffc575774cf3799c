"""From a recipe to the clients, user, raters, tagger and targets that its study names, shared by all trials that one process holds."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from sim.core.controls import control_parts
from sim.core.errors import CallFailed
from sim.core.panel import Panel
from sim.core.seeds import derive
from sim.core.spec import ChatTargetSpec
from sim.core.swapping import shown_in_body
from sim.core.written import GRADES
from sim.dialogue.judging import Judges
from sim.dialogue.nodes import Context
from sim.dialogue.perturb import PerturbedUser
from sim.dialogue.probing import Probing
from sim.dialogue.users import IntroducedUser, ModelUser, ScriptedUser, TimedUser
from sim.engine.clients import Clients
from sim.engine.judges import build_tagger, tagger_version
from sim.engine.scorers import build_scorers, offline_scorers
from sim.llm.prompts import Prompts
from sim.score.checked import check_scorers
from sim.score.likability.controls import build_controls
from sim.score.likability.rater import LikabilityRater
from sim.score.memory.probe_grade import ProbeGrader
from sim.score.memory.probe_judge import ProbeJudge
from sim.score.memory.profile_judge import ProfileJudge
from sim.targets.build import OwnTarget
from sim.targets.chat import ChatTarget, Takeover
from sim.targets.identity import Identity
from sim.targets.memory import build_memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sim.core.panel import Node
    from sim.core.ports import Clock, Sink
    from sim.core.record import Trial
    from sim.core.spec import CustomTargetSpec, KeptScorer, ModelSpec, Study
    from sim.dialogue.users import User
    from sim.engine.plan import TrialPlan
    from sim.engine.recipe import Recipe
    from sim.llm.build import Shared
    from sim.score.scorer import Rater, Scorer, Tagger
    from sim.targets.memory.policy import Memory
    from sim.targets.target import Target


def scorer_versions(study: Study, own: Iterable[KeptScorer] = ()) -> dict[str, str]:
    """Version by id of every scorer that `study` uses, its `own` included."""
    raters = (*study.raters, *control_parts(study.primary_rater).values())
    probed = {"probes": ProbeGrader.version} if study.probes else {}
    judged = {"judge": ProbeJudge.version, "profile": ProfileJudge.version} if study.judge else {}
    return {**dict.fromkeys(raters, LikabilityRater.version), study.tagger_id: tagger_version(study.tagger), **probed, **judged} | {
        s.info.id: s.info.version for s in own
    }


def offline_parts(study: Study, own: Iterable[KeptScorer] = ()) -> tuple[str, ...]:
    """Who is played by offline models: `user`, rater ids, `target <id>`, and `scorer <id>` of the study's `own`. The offline tagger tags real replies
    and plays nobody."""
    played: list[tuple[str, ModelSpec | CustomTargetSpec]] = [("user", study.user), *study.raters.items()]
    for target in study.targets:
        speakers = target.speakers if isinstance(target, ChatTargetSpec) else (target,)
        played += [(f"target {target.id}", spec) for spec in speakers]
        if isinstance(target, ChatTargetSpec) and target.embedding:
            played.append((f"embedding of target {target.id}", target.embedding))
    return (*dict.fromkeys(name for name, spec in played if spec.offline), *offline_scorers(own))


def _shown(plan: TrialPlan, text: str) -> str:
    """`text` as the target of an arm with a swapped identity is shown it."""
    return plan.swap.change(text) if plan.swap else text


class Parts:
    """Everything that the trials of one run share in one process; to be made in the event loop that it is used in, and to be closed."""

    def __init__(self, recipe: Recipe, shared: Shared, *, sink: Sink, clock: Clock) -> None:
        """Args:
        shared: what the clients of this process share.
        """
        study, limits, prompts = recipe.study, recipe.limits, Prompts(recipe.prompts)
        self._study = study
        self._limits = limits
        self._nonce = recipe.nonce
        own = (t for t in study.targets if not isinstance(t, ChatTargetSpec))
        self._own = {t.id: OwnTarget(shown_in_body(t), limits=limits, shared=shared) for t in own}
        self._prompts = prompts
        self._shared = shared
        self._sink = sink
        self._clock = clock
        self._clients = Clients(prompts, sampling=study.sampling, limits=limits, shared=shared)
        self._user = ScriptedUser(ModelUser(self._clients.get(study.user), prompts))
        self._raters: dict[str, Rater] = {i: LikabilityRater(i, self._clients.get(spec), prompts) for i, spec in study.raters.items()}
        self._codebook = recipe.codebook
        self._scorers = check_scorers(build_scorers(recipe.scorers, self._clients, seconds=limits.seconds("judge")))
        self._panel = Panel.of(study, (s.info for s in recipe.scorers))

    def context(self, plan: TrialPlan, trial: Trial) -> Context:
        """What the nodes of one trial work with: a target of its own, all else shared."""
        unanswered = [(s.index, e.index) for s in trial.sessions[-1:] for e in s.exchanges[-1:] if e.reply is None]
        return Context(
            user=self._user_of(plan),
            target=self.target(plan),
            panel=self._panel,
            judges=self._judges,
            sink=self._sink,
            clock=self._clock,
            pending=unanswered[0] if unanswered else None,
            probing=Probing(self._grader, partial(self._recreate, plan), self._prompts) if self._asks_beside(plan) else None,
        )

    def _asks_beside(self, plan: TrialPlan) -> bool:
        """Whether copies of the target are asked what the talk never knows of."""
        return bool(self._panel.asking) or any(s.questionnaire for s in plan.cast.scenario.sessions)

    def _user_of(self, plan: TrialPlan) -> User:
        user = self._disturbed_or_introduced(plan)
        return TimedUser(user) if any(s.clock for s in plan.cast.scenario.sessions) else user

    def _disturbed_or_introduced(self, plan: TrialPlan) -> User:
        if plan.target.stress:
            return PerturbedUser(self._user, plan.target.stress)
        says = plan.swap.identity.of.says if plan.swap else None
        return IntroducedUser(self._user, _shown(plan, says)) if says else self._user

    def target(self, plan: TrialPlan) -> Target:
        """The target of one trial, to be restored before it is used."""
        if not isinstance(plan.target, ChatTargetSpec):
            return self._own[plan.target.id].talk(Identity(self._nonce, plan.id), self._prompts)
        return ChatTarget(
            self._clients.get(plan.target),
            self._prompts,
            memory=self._memory(plan.target),
            system=_shown(plan, plan.target.system or ""),
            seed=partial(derive, self._study.seed, plan.cast.persona.id, plan.cast.scenario.id, plan.seed, "target"),
            tokens=plan.target.context_tokens,
            takeover=self._takeover(plan, plan.target),
        )

    def _takeover(self, plan: TrialPlan, target: ChatTargetSpec) -> Takeover | None:
        """Who takes over from `target` in this trial, if anybody does."""
        since = (target.next.at or plan.cast.change) if target.next else None
        if target.next is None or since is None:
            return None
        return Takeover(self._clients.get(target.next), _shown(plan, target.next.system or target.system or ""), since)

    def _memory(self, target: ChatTargetSpec) -> Memory:
        """A fresh memory of `target`. What bounds the target's replies does not bound what it writes down."""
        sampling = (target.sampling or self._study.sampling).model_copy(update={"max_tokens": None})
        writer = self._clients.get(target.model_copy(update={"sampling": sampling}))
        embedder = self._clients.embedder(target.embedding) if target.embedding else None
        return build_memory(
            target.policy,
            self._prompts,
            writer,
            tokens=target.context_tokens,
            embedder=embedder,
            seconds=self._limits.seconds("memory"),
            of=f"target '{target.id}'",
        )

    @property
    def stopped(self) -> bool:
        """Whether the run is being stopped; no trial is begun then."""
        return self._shared.traffic.stopped

    async def close(self) -> None:
        """Give back every connection."""
        await self._clients.close()
        for own in self._own.values():
            await own.close()

    async def _recreate(self, plan: TrialPlan, trial: Trial) -> Target:
        target = self.target(plan)
        if await target.restore(trial) != "all":
            raise CallFailed("infrastructure", f"target '{plan.target.id}' can no longer be what it was then")
        return target

    @cached_property
    def _grader(self) -> ProbeGrader:
        judge = self._study.judge
        return ProbeGrader(ProbeJudge(self._clients.get(judge), self._prompts) if judge else None)

    @cached_property
    def _judges(self) -> Judges:
        """Made when a trial is begun: what only speaks to a target needs none."""
        study, judge = self._study, self._study.judge
        by_node: dict[Node, Mapping[str, Scorer[Any, Any]]] = {
            "rate_likability": {**self._raters, **build_controls(self._raters[study.primary_rater])},
            "tag_moves": {study.tagger_id: self._tagger},
            "score_memory": {GRADES: ProfileJudge(self._clients.get(judge), self._prompts)} if judge else {},
            "judge": self._scorers,
        }
        return Judges(by_node, study.seed, study.history_tokens)

    @cached_property
    def _tagger(self) -> Tagger:
        assert self._study.tagger.offline or self._codebook is not None
        return build_tagger(self._study.tagger_id, self._study.tagger, self._codebook, self._clients)
