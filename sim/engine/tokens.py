"""How many tokens a study takes, before anything is spent: from the sizes of personas, prompts and growing transcripts, or from what a pilot took.

Without a pilot it is an estimate: prompts are rendered and measured at four characters a token, messages and replies are taken to be as long as
people's messages and companions' replies are. With one, each call is taken to be as large as that role's calls were there, target by target.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.core.codebook import DIMENSIONS
from sim.core.controls import CALLS
from sim.core.frozen import Frozen
from sim.core.panel import Panel
from sim.engine.plan import Range, forecast, memory_of

if TYPE_CHECKING:
    from sim.core.cast import Cast, CastSession
    from sim.core.event import Role
    from sim.core.record import RoleSpending, Trial
    from sim.core.spec import Study, TargetSpec
    from sim.engine.plan import TrialPlan
    from sim.llm.prompts import Prompts

CHARACTERS = 4
"""Of a token."""
MESSAGE, REPLY = 40, 120
"""Tokens of a user's message and of a companion's reply."""
USER_ANSWER, RATER_ANSWER, LOOK_BACK, TAGGER_ANSWER, RUBRIC_ANSWER = 110, 420, 60, 60, 80
"""Tokens of what each role answers with, its JSON included; the rater's for seven dimensions."""
TAIL = 100
"""Tokens behind the talk, which are new in every prompt."""
RUBRIC = 400
"""Tokens of what a study's own scorer tells a model beside the talk."""
TAGGER_EXAMPLES = 500
"""Tokens of a codebook's moves and examples."""


class RoleTokens(Frozen):
    """What one role takes, from the shortest to the longest that the talks can be."""

    input: Range
    output: Range
    again: Range = Range(min=0, max=0)
    """Of `input`, what the calls before have sent too, so that a provider's prompt cache can read it."""


@dataclass
class _Sum:
    input: float = 0.0
    output: float = 0.0
    again: float = 0.0

    def add(self, input: float, output: float, times: float = 1.0, *, again: float = 0.0) -> None:
        self.input += input * times
        self.output += output * times
        self.again += again * times


class MeanUsage(Frozen):
    """Mean tokens of one call."""

    input: float
    output: float
    cached: float | None = None
    """Of `input`, what was read from a prompt cache; None: nobody has measured it."""


ABOUT_MEMORY: dict[Role, MeanUsage] = {
    "memory": MeanUsage(input=1_500, output=200),
    "probe": MeanUsage(input=1_500, output=40),
    "judge": MeanUsage(input=500, output=60),
}
"""CallTally for granted of one call each."""


def pilot_usage(trials: Iterable[Trial]) -> dict[tuple[Role, str], MeanUsage]:
    """Mean tokens of a call by role and target, over calls of known usage; under target '' over all of them."""
    spent: dict[tuple[Role, str], list[RoleSpending]] = {}
    for trial in trials:
        for role, of in trial.spent.items():
            spent.setdefault((role, trial.target), []).append(of)
            spent.setdefault((role, ""), []).append(of)
    known = {key: sum(s.calls - s.unknown_usage for s in of) for key, of in spent.items()}
    return {
        key: MeanUsage(
            input=sum(s.input for s in of) / known[key],
            output=sum(s.output for s in of) / known[key],
            cached=sum(s.cached for s in of) / known[key] if any(s.cached or s.cache_write for s in of) else None,
        )
        for key, of in spent.items()
        if known[key]
    }


def forecast_tokens(
    study: Study, plans: Sequence[TrialPlan], prompts: Prompts, *, pilot: Mapping[tuple[Role, str], MeanUsage] | None = None
) -> dict[tuple[Role, str], RoleTokens]:
    """Tokens by role and target."""
    least: dict[tuple[Role, str], _Sum] = {}
    most: dict[tuple[Role, str], _Sum] = {}
    sizes = _Sizes(prompts)
    for plan in plans:
        for sums, shortest in ((least, True), (most, False)):
            _add_trial(sums, study, plan, sizes, pilot or {}, shortest=shortest)
    _add_memory(least, most, study, plans, pilot or {})
    return {
        key: RoleTokens(
            input=Range(min=round(least[key].input), max=round(most[key].input)),
            output=Range(min=round(least[key].output), max=round(most[key].output)),
            again=Range(min=round(least[key].again), max=round(most[key].again)),
        )
        for key in most
    }


def _add_trial(
    sums: dict[tuple[Role, str], _Sum], study: Study, plan: TrialPlan, sizes: _Sizes, pilot: Mapping[tuple[Role, str], MeanUsage], *, shortest: bool
) -> None:
    """One trial, exchange by exchange: what is said is read again by everybody at every turn."""
    target = plan.target.id

    def add(role: Role, input: float, output: float, times: float = 1, *, again: float = 0) -> None:
        known = pilot.get((role, target)) or pilot.get((role, ""))
        if known is None:
            sums.setdefault((role, target), _Sum()).add(input, output, times, again=again)
            return
        share = again / input if input else 0.0
        read = known.input * share if known.cached is None else known.cached
        sums.setdefault((role, target), _Sum()).add(known.input, known.output, times, again=read)

    panel, turn, before = Panel.of(study, plan.scorers), MESSAGE + REPLY, 0
    for session in plan.cast.sessions:
        length = session.spec.exchanges.min if shortest else session.spec.exchanges.max
        user, rater = sizes.user(plan.cast, session), sizes.rater(plan.cast, session)
        read = min(study.history_tokens, before)
        heard = _shown(plan.target, before)
        scripted = {s.exchange for s in session.spec.scripted}
        for exchange in range(1, length + 1):
            talk = (exchange - 1) * turn
            # What the exchange before has sent: all but its own last turn, and what stands behind the talk.
            grown, shown = (talk - turn, read) if exchange > 1 else (0, 0)
            opened = exchange > 1 or session.index > 1
            if exchange not in scripted:
                add("user", user + read + talk, USER_ANSWER, again=(user + grown + shown - TAIL) * opened)
            add("target", heard + talk + MESSAGE, REPLY, again=(heard + grown + MESSAGE) * (exchange > 1))
            whole = rater + read + talk + turn
            if panel.rates(exchange):
                add("rater", whole, RATER_ANSWER, len(panel.raters), again=(rater + grown + shown + MESSAGE - TAIL) * opened)
                for control in panel.controls.on(plan.cast, plan.seed, session.index, exchange):
                    add("rater", whole, RATER_ANSWER / CALLS[control], CALLS[control])
            if panel.tags_by_model:
                add("tagger", sizes.tagger + REPLY, TAGGER_ANSWER, again=sizes.tagger * opened)
            if asked := panel.scoring_calls("exchange"):
                add("judge", RUBRIC + read + talk + turn, RUBRIC_ANSWER, asked)
        if not panel.seated:
            add("rater", rater / 2 + read + length * turn, LOOK_BACK)
        if asked := panel.scoring_calls("session"):
            add("judge", RUBRIC + read + length * turn, RUBRIC_ANSWER, asked)
        before += length * turn
    if asked := panel.scoring_calls("trial"):
        add("judge", RUBRIC + min(study.history_tokens, before), RUBRIC_ANSWER, asked)


def _shown(target: TargetSpec, before: int) -> int:
    """Tokens of `before` that the target's memory shows with a message."""
    policy = memory_of(target)
    return 0 if policy is None else before if policy.shows is None else min(before, policy.shows)


def _add_memory(
    least: dict[tuple[Role, str], _Sum],
    most: dict[tuple[Role, str], _Sum],
    study: Study,
    plans: Sequence[TrialPlan],
    pilot: Mapping[tuple[Role, str], MeanUsage],
) -> None:
    """What memory takes, and asking it: so many calls, each taken to be of one size."""
    for target in study.targets:
        calls = forecast(study, [replace(p, scorers=()) for p in plans if p.target.id == target.id]).by_role
        for role, size in ABOUT_MEMORY.items():
            of = pilot.get((role, target.id)) or pilot.get((role, "")) or size
            if role in calls:
                least.setdefault((role, target.id), _Sum()).add(of.input, of.output, calls[role].min)
                most.setdefault((role, target.id), _Sum()).add(of.input, of.output, calls[role].max)


class _Sizes:
    """Tokens of what stands before any talk, each rendered once."""

    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts
        self.tagger = _tokens(prompts.texts["tag_system"]) + TAGGER_EXAMPLES
        self._systems: dict[tuple[str, str, str], float] = {}

    def user(self, cast: Cast, session: CastSession) -> float:
        return self._system("user_system", cast) + _said(
            self._prompts.texts["user_turn"], session.spec.situation, *(t.item.aim for t in session.agenda)
        )

    def rater(self, cast: Cast, session: CastSession) -> float:
        return self._system("rate_system", cast) + _said(self._prompts.texts["rate"], session.spec.situation)

    def _system(self, name: str, cast: Cast) -> float:
        key = name, cast.persona.id, cast.scenario.id
        if key not in self._systems:
            values = {"persona": cast.persona, "scenario": cast.scenario, "facts": cast.today(1), "dimensions": DIMENSIONS}
            self._systems[key] = _tokens(self._prompts.render(name, **values))
        return self._systems[key]


_MARKUP = re.compile(r"\{%.*?%\}|\{\{.*?\}\}")


def _said(template: str, *values: str) -> float:
    """Tokens of a prompt that is written anew for every call: its own words, without what tells where others go, and `values`."""
    return _tokens(_MARKUP.sub("", template), *values)


def _tokens(*texts: str) -> float:
    return sum(map(len, texts)) / CHARACTERS
