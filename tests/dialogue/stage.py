"""A trial on a bare stage: scripted models, a sink in memory, no disk and no network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sim.core.codebook import CRITERIA, DIMENSIONS
from sim.core.controls import Draw
from sim.core.event import TaggedSentence, Tags
from sim.core.panel import Panel
from sim.core.ports import MemorySink
from sim.core.record import Trial
from sim.core.spec import Controls, Persona, Scenario, read_memory
from sim.core.spec.scorer import ScorerInfo
from sim.core.view import CriterionView, RaterView, Turn
from sim.dialogue.judging import Judges
from sim.dialogue.nodes import Context
from sim.dialogue.users import ModelUser, ScriptedUser
from sim.engine.plan import TrialPlan, plan_trials
from sim.llm.client import Completion, Request, Scripted
from sim.llm.prompts import Prompts, load_prompts
from sim.score.checked import check_scorers
from sim.score.likability.controls import build_controls
from sim.score.likability.rater import LikabilityRater
from sim.score.scorer import Scored, StudyScorer
from sim.targets.chat import ChatTarget
from sim.targets.memory import build_memory
from sim.targets.memory.policy import Memory
from tests import examples
from tests.dialogue.scorers import infos_of

Answer = Callable[[Request], Completion | Exception]


def says(message: str, **more: object) -> Completion:
    """A user's structured answer."""
    value = {"mood": "fine", "facts_used": [], "signalled": [], "message": message, "allusion": None, "humour_bid": None, "leave": False, "why": None}
    return Completion(text=message, value={**value, **more})  # type: ignore[dict-item]


def talks(request: Request) -> Completion:
    """A user that says which message this is."""
    view = request.inputs
    return says(f"This is message {view.exchange} of session {view.card.session.index}.")  # type: ignore[attr-defined]


def replies(request: Request) -> Completion:
    return Completion(text=f"I have read {len(request.messages)} messages and I am listening.")


def rates(request: Request) -> Completion:
    view = request.inputs
    if isinstance(view, CriterionView):
        return Completion(text="{}", value={q: {"reason": "It was so.", "score": 4} for q in CRITERIA})
    assert isinstance(view, RaterView)
    ratings = {d: {"attempt": True, "evidence": {"kind": "quote", "text": view.reply}, "reason": "It was so.", "score": 3} for d in DIMENSIONS}
    ratings["callback"] |= {"attempt": False, "false_memory": False, "score": None}
    return Completion(text="{}", value=ratings)  # type: ignore[arg-type]


class WordTagger:
    """Tags every reply as a question."""

    id = "words@1"
    version = "1"

    async def score(self, context: Turn) -> Scored[Tags]:
        return Scored(Tags(sentences=(TaggedSentence(text=context.reply, moves=("questioning",)),)))


@dataclass
class Stage:
    """Everything a trial needs, in this process."""

    user: Answer = talks
    target: Answer = replies
    rater: Answer = rates
    memory: str = "full"
    one_by_one: float = 0
    repeat: float = 0
    scorers: Sequence[StudyScorer] = ()
    prompts: Prompts = field(default_factory=load_prompts)
    sink: MemorySink = field(default_factory=MemorySink)

    def __post_init__(self) -> None:
        self.user_client = Scripted(lambda r: self.user(r))
        self.target_client = Scripted(lambda r: self.target(r))
        self.rater_client = Scripted(lambda r: self.rater(r))

    def plan(self, *, personas: Sequence[Persona] = (), scenarios: Sequence[Scenario] = (), scorers: Sequence[ScorerInfo] = ()) -> TrialPlan:
        return plan_trials(examples.study(), personas or (examples.persona(),), scenarios or (examples.scenario(),), scorers=scorers)[0]

    def remembering(self) -> Memory:
        return build_memory(read_memory(self.memory), self.prompts, self.target_client)

    @property
    def panel(self) -> Panel:
        draw = Draw(0, Controls(one_by_one=self.one_by_one, repeat=self.repeat))
        return Panel(("self",), WordTagger.id, draw, scorers=infos_of(self.scorers))

    def context(self, trial: Trial) -> Context:
        unanswered = [(s.index, e.index) for s in trial.sessions[-1:] for e in s.exchanges[-1:] if e.reply is None]
        rater = LikabilityRater("self", self.rater_client, self.prompts)
        return Context(
            user=ScriptedUser(ModelUser(self.user_client, self.prompts)),
            target=ChatTarget(self.target_client, self.prompts, memory=self.remembering(), system=None, seed=lambda s, e: 1),
            panel=self.panel,
            judges=Judges(
                {
                    "rate_likability": {"self": rater, **build_controls(rater)},
                    "tag_moves": {WordTagger.id: WordTagger()},
                    "judge": check_scorers(self.scorers),
                },
                study_seed=0,
                history_tokens=8000,
            ),
            sink=self.sink,
            clock=lambda: 0.0,
            pending=unanswered[0] if unanswered else None,
        )
