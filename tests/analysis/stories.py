"""A small run told in full, with something of everything that a table has to show."""

from __future__ import annotations

from collections.abc import Sequence

from sim.core.codebook import Codebook, MoveDefinition
from sim.core.errors import Cause
from sim.core.event import CallLost, Flag, ProbeKind, TrialFailed, Utterance
from sim.core.fold import fold
from sim.core.record import Trial
from tests.analysis.trials import MOVES, Diary, Given, planned

CODEBOOK = Codebook(
    id="mint",
    source="A test.",
    moves=tuple(MoveDefinition(id=m, definition="As its name says.") for m in sorted(MOVES)),
    beside=(MoveDefinition(id="closing_offer", definition="Hands the turn back."),),
)


def told_in_full(target: str = "remembers", persona: str = "nora", *, at: float = 0.0) -> Diary:
    """Two sessions with occasions, a flag, a joke, leave taken, criteria answered."""
    diary = Diary(planned(f"{persona}/moving-house/{target}/1", target=target, persona=persona), at=at)
    diary.open()
    diary.exchange([4, 4, 3, 2, "na", "na", "na"], ["validation", "questioning"], user="I am moving, above the bakery in Mill Lane.")
    joke = Utterance(message="A tram never asks where you want to go either.", humour_bid="trams", mood="restless")
    diary.exchange([4, "?", 3, 3, "na", "missed", "surprise"], ["validation", "advice", "closing_offer"], user=joke)
    role_flip = Flag(kind="role_flip", severity="critical", evidence="How can I help you today?")
    diary.exchange([2, 1, 1, "unfounded", "na", "na", "na"], ["validation", "advice"], flags=(role_flip,), costs=None)
    diary.close(4)
    diary.open()
    bye = Utterance(message="The van came on Thursday, and we live in Harbour Street now. Good night then.", leave=True, why="it is late")
    diary.exchange([5, 4, 4, 5, "na", "na", 5], None, user=bye, reply="Then Biscuit has a new radio to sleep on, I hope. Good night, Nora!")
    diary.close(5, ending="farewell")
    return diary


def whole_run() -> list[Trial]:
    """Two targets, three personas: finished, stopped, failed and planned trials."""
    remembers = [told_in_full("remembers", p).finish() for p in ("nora", "omar")]
    third = Diary(planned("pia/moving-house/remembers/1", persona="pia")).open()
    again: dict[str, Sequence[Given]] = {"self:repeat": [5, 4, 5, 2, 5, 5, "na"], "self:one_by_one": [4, 5, 5, 5, 5, "na", "na"]}
    third.exchange([5, 5, 5, 4, 5, 5, "na"], ["questioning"], others=again).exchange(None, ["questioning"])
    forgets = told_in_full("forgets", "nora").finish()
    lost = CallLost(
        trial="omar/moving-house/forgets/1", session=1, take=1, part="user_speaks#1", cause="infrastructure", message="connection refused"
    )
    stopped = fold(Diary(planned("omar/moving-house/forgets/1", target="forgets", persona="omar")).open().told(), [lost])
    cause: Cause = "too_long"
    failure = TrialFailed(trial="pia/moving-house/forgets/1", cause=cause, message="the prompt has 9000 tokens, the model takes 8192")
    failed = fold(planned("pia/moving-house/forgets/1", target="forgets", persona="pia"), [failure])
    return [*remembers, third.told(), forgets, stopped, failed]


def remembering_run() -> list[Trial]:
    """One model under three memories and a chatbot that cannot be copied, three personas each, probed."""
    trials: list[Trial] = []
    for target, knows in (("remembers", True), ("notes", True), ("forgets", False), ("own-bot", True)):
        for persona in ("nora", "omar", "pia"):
            trials.append(_probed(target, persona, knows=knows, forks=target != "own-bot"))
    return trials


def _probed(target: str, persona: str, *, knows: bool, forks: bool) -> Trial:
    diary = Diary(planned(f"{persona}/moving-house/{target}/1", target=target, persona=persona)).open()
    diary.exchange([3, 3, 4, 3, "na", 3, 4 if knows else "missed"], user="I live in Mill Lane, and the van comes on Thursday.")
    diary.exchange([3, 3, 4, 4, "na", "na", "na"], user="Biscuit does not like boxes.")
    kinds: tuple[ProbeKind, ...] = ("explicit", "implicit", "update", "temporal", "abstention", "control")
    if target == "notes":
        diary.remember("2026-01-05: They live in Mill Lane.\n2026-01-05: The van comes on Thursday.\n2026-01-05: The cat does not like dogs.")
    for kind in kinds if forks else ():
        right = knows and kind not in ("abstention", "implicit" if persona == "pia" else "temporal")
        diary.probe(kind, "right" if right else "unknown", written=knows, retrieved=knows or None)
    diary.close(forks=forks).open().exchange([3, 3, 4, 4, "na", "na", "surprise"], user="It is Harbour Street now.")
    if forks:
        diary.probe("explicit", "right" if knows else "stale", told=1, delay=12, written=knows, retrieved=knows or None)
    return diary.close(forks=forks).finish()
