"""targets × personas × scenarios × seeds, with the models that play user, rater and tagger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from sim.core.address import Address, observer_id
from sim.core.event import ProbeKind, Role
from sim.core.frozen import Frozen, Id, Text, run_checks
from sim.core.spec.allowance import Timeout, seconds_of
from sim.core.spec.character import refuse_characters
from sim.core.spec.fairness import Fairness, FrozenTalk, spread_swaps
from sim.core.spec.model import ModelSpec, ObserverSpec, Sampling
from sim.core.spec.rubric import Rubric
from sim.core.spec.scorers import ScorerUse
from sim.core.spec.stress import StressCurve, spread_stress
from sim.core.spec.suite import Suite
from sim.core.spec.target import LoggedTargetSpec, Targets
from sim.core.spec.twins import refuse_twins

_Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
"""As large as databases and data frames can hold."""


USER_CHECK = "user_check"
"""The rubric by which a model checks the simulated user's messages."""

REFUSAL, ALL_BOUNDARIES = "boundaries-direct-refusal", "boundaries"
"""The scorer that finds refusals, and the name by which a study names it with its six neighbours."""
CAPITULATION = "capitulation"
"""The scorer of right answers that are given up when they are pressed."""

Primary = Literal["fixed_set", "likability", "without_callback"]
"""Measures that a study may declare its primary outcome."""


class RoleLimits(Frozen):
    """What one role may use of a run's budget."""

    max_cost: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """US dollars over the whole run."""
    max_tokens: int | None = Field(default=None, strict=True, ge=1)
    """Tokens in and out over the whole run."""


class Limits(Frozen):
    """What a run may use."""

    timeout: Timeout = Field(default={})
    """Seconds for one attempt of one call, as a number or by role, as `{user: 60, target: 300}`; of a streamed answer, until its first piece.
    Left out: 120, and 180 for who rates, tags, judges and writes memory."""
    idle: float = Field(default=60, gt=0, allow_inf_nan=False)
    """Seconds between two pieces of an answer that is streamed; a model that is still writing is waited for."""
    retries: int = Field(default=5, strict=True, ge=0, le=50)
    """Attempts after the first, on 408, 409, 425, 429, 5xx and broken connections."""
    calls_at_once: int = Field(default=256, strict=True, ge=1)
    """Calls in flight to one host or provider, at most. How many of them to one model is found out while the run goes on."""
    fixed_calls: int | None = Field(default=None, strict=True, ge=1)
    """Calls in flight to one model, exactly: nothing is found out, and nothing adapted. Left out: adapted."""
    requests_per_minute: int | None = Field(default=None, strict=True, ge=1)
    """Attempts to one model in a minute. Left out: any number."""
    tokens_per_minute: int | None = Field(default=None, strict=True, ge=1)
    """Tokens in and out of one model in a minute, by what calls were expected to take, put right when they are answered. Left out: any number."""
    patience: float = Field(default=15, ge=0, allow_inf_nan=False)
    """Minutes that a provider which has answered before may be down: calls to it wait until it is back."""
    grace: float = Field(default=60, ge=0, allow_inf_nan=False)
    """Seconds that calls in flight are waited for when the run is told to stop."""
    max_cost: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """US dollars over the whole run."""
    max_tokens: int | None = Field(default=None, strict=True, ge=1)
    """Tokens in and out over the whole run."""
    max_minutes: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Minutes of one `run` or `resume`."""
    roles: dict[Role, RoleLimits] = Field(default={})
    """What single roles may use of it, as `roles: {rater: {max_cost: 2}}`."""

    def seconds(self, role: Role) -> float:
        """Seconds for one attempt of a call for `role`."""
        return seconds_of(self.timeout, role)


class Controls(Frozen):
    """Shares of exchanges, drawn by seed, that the primary rater rates once more: 0 none, 1 all. They feed no figure but their own."""

    one_by_one: float = Field(default=0.1, ge=0, le=1)
    """Rated again with one call for each dimension, which tells halo; seven calls an exchange."""
    repeat: float = Field(default=0.05, ge=0, le=1)
    """Rated again with the same words under another sampling seed, which tells noise; one call an exchange."""


class Probes(Frozen):
    """Questions about what the persona told, put to forks of the target at the end of each session."""

    facts: int = Field(default=10, strict=True, ge=1, le=10)
    """Facts asked about after a session, at most, drawn by seed and the same for every target."""
    kinds: tuple[ProbeKind, ...] = Field(default=get_args(ProbeKind), min_length=1)
    """Which kinds of questions are asked."""


class Study(Frozen):
    """targets × personas × scenarios × seeds, with the models that play user, rater and tagger."""

    name: Id
    targets: Targets = Field(min_length=1)
    stress: tuple[StressCurve, ...] = Field(default=(), exclude_if=lambda stress: not stress)
    """Perturbations of the user and their strengths, as `[{typos: [0, .25, .5, 1]}]`: each target has a further arm for every strength above 0. Once
    read, these arms are among `targets`, and nothing is left here."""
    fairness: Fairness | None = Field(default=None, exclude_if=lambda fairness: fairness is None)
    """Swaps of the user's identity with all else the same, as `{swaps: {name: [Emily, Lakisha]}}`: each target is replaced by an arm for every value
    (guide/fairness.md)."""
    frozen: tuple[FrozenTalk, ...] = Field(default=(), exclude_if=lambda frozen: not frozen)
    """What is said again where `fairness` names a run to `replay`: filled in when the study is read."""
    user: ModelSpec
    played_by: Literal["model", "people", "log"] = "model"
    """`people`: the user is anybody who sits at the page of `sim view --study`, and `user` only rates beside them.
    `log`: the talks took place elsewhere and were read from a log by `sim score LOG`."""
    rater: Literal["self"] | ModelSpec = "self"
    """`self`: the user's own model. Any other model is an observer and is named so."""
    observers: tuple[ObserverSpec, ...] = ()
    primary: Primary = "fixed_set"
    """The primary outcome, which verdicts are about; the other measures are beside it, their p adjusted for how many they are."""
    rate_every: int = Field(default=1, strict=True, ge=1)
    """Models rate the first exchange of each session and every n-th after it: in long sessions most of the cost is rating."""
    controls: Controls = Controls()
    probes: Probes | None = None
    """What is asked of the target's memory; left out: nothing."""
    judge: ModelSpec | None = None
    """Grades what accepted answers cannot decide; left out: that counts as wrong. It also judges by rubrics that name no model of their own."""
    tagger: ModelSpec = ModelSpec(model="offline/tagger")
    checks: ModelSpec | None = None
    """A model that gives its opinion of each message of the simulated user, by the rubric `user_check`, beside the rules, which are always on.
    Left out: rules alone."""
    scorers: tuple[ScorerUse, ...] = ()
    """What else is asked of what was said: `answers`, a rubric by its path, a Python class by `module:Class` or its path."""
    codebook: Text = "mint"
    """What moves there are: an id, or the path of a file."""
    personas: tuple[Text, ...] = Field(min_length=1)
    """Ids, globs over ids, or paths of files. `*` is everything there is: local ones (in personas/ beside the study, or in the working folder) and
    built-in ones; of two with one id, the local one. `local/*` and `builtin/*` choose, as does `builtin/davi`."""
    scenarios: tuple[Text, ...] = Field(min_length=1)
    """As personas, from scenarios/."""
    seeds: tuple[_Seed, ...] = (1,)
    """A number n (seeds 1 … n) or a list."""
    seed: _Seed = 0
    """The study's own seed, from which all randomness is derived."""
    concurrency: int = Field(default=50, strict=True, ge=1, le=10_000)
    """Trials under way at once."""
    history_tokens: int = Field(default=8_000, strict=True, ge=200)
    """Earlier sessions are shown to user and rater in full up to this many tokens (4 characters each)."""
    start_date: dt.date = dt.date(2026, 1, 5)
    sampling: Sampling = Sampling()
    limits: Limits = Limits()
    suite: Suite | None = Field(default=None, exclude_if=lambda suite: suite is None)
    """The suite that made it, whose parts say which of its trials are held; written by `sim run --suite`, never by hand."""

    @field_validator("seeds", mode="before", json_schema_input_type=Annotated[int, Field(ge=1, le=10_000)] | tuple[_Seed, ...])
    @classmethod
    def _count_or_list(cls, seeds: object) -> object:
        if isinstance(seeds, int) and not isinstance(seeds, bool):
            if seeds < 1:
                raise ValueError(f"seeds: {seeds} leaves nothing to run; write a number from 1 or a list")
            if seeds > 10_000:
                raise ValueError(f"seeds: {seeds} is beyond 10000")
            return tuple(range(1, seeds + 1))
        return seeds

    @field_validator("seeds")
    @classmethod
    def _some_and_distinct(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if not seeds:
            raise ValueError("an empty list of seeds leaves nothing to run")
        refuse_twins("seed", [str(s) for s in seeds])
        return seeds

    @model_validator(mode="after")
    def _whole(self) -> Self:
        run_checks(
            lambda: refuse_twins("target", [t.id for t in self.targets]),
            lambda: refuse_twins("observer", [o.id for o in self.observers]),
            lambda: refuse_twins("scorer", [s.use for s in self.scorers], mend="name each once"),
            lambda: refuse_characters(self.targets),
            self._refuse_logs,
            self._refuse_checks,
        )
        return self

    @model_validator(mode="after")
    def _spread_stress(self) -> Self:
        if self.played_by != "model" and (self.stress or any(t.stress for t in self.targets)):
            raise ValueError("stress: people write as they do; it takes a user that a model plays")
        if self.stress:
            spread = spread_stress(self.targets, self.stress)
            refuse_twins("target", [t.id for t in spread])
            object.__setattr__(self, "targets", spread)
            object.__setattr__(self, "stress", ())
        return self

    @model_validator(mode="after")
    def _spread_swaps(self) -> Self:
        if self.fairness is None:
            if any(t.swap for t in self.targets):
                raise ValueError("a target's swap is written by the study's fairness; take it out, and name the swaps there")
            return self
        if self.played_by != "model":
            raise ValueError("fairness: people are who they are; it takes a user that a model plays, or messages that are frozen")
        if self.suite is None and any(t.stress for t in self.targets):
            raise ValueError("fairness: and stress: each make arms of their own; run them as two studies")
        spread = spread_swaps(self.targets, self.fairness, beside=self.suite is not None)
        refuse_twins("target", [t.id for t in spread])
        object.__setattr__(self, "targets", spread)
        return self

    def _refuse_logs(self) -> None:
        logged = [t.id for t in self.targets if isinstance(t, LoggedTargetSpec)]
        if logged and self.played_by != "log":
            raise ValueError(f"target '{logged[0]}' is in a log, and nobody can talk with it; `sim score LOG` makes a run of it")

    def _refuse_checks(self) -> None:
        if self.checks is None:
            return
        if self.checks.offline:
            raise ValueError(f"checks: {self.checks.model} knows no more than the rules, which are always on; name a model, or leave it out")
        if self.played_by != "model":
            raise ValueError("checks: is about a user that a model plays; leave it out")
        if any(s.use == USER_CHECK for s in self.scorers):
            raise ValueError(f"checks: and scorers: both name {USER_CHECK}; keep one")

    @property
    def asked_scorers(self) -> tuple[ScorerUse, ...]:
        """Its scorers; the model check; refusals where identities are swapped; capitulation where a target plays a character."""
        held = any(s.use == CAPITULATION for s in self.scorers) or not any(t.character for t in self.targets)
        yields = () if held else (ScorerUse(use=CAPITULATION),)
        refusals = (ScorerUse(use=REFUSAL),) if self.fairness and not any(s.use in (REFUSAL, ALL_BOUNDARIES) for s in self.scorers) else ()
        return (*self.scorers, *refusals, *yields, *((ScorerUse(use=USER_CHECK, model=self.checks),) if self.checks else ()))

    @property
    def tagger_id(self) -> str:
        """Id under which the study's tags are in the journal."""
        return name_tagger(self.tagger)

    @property
    def primary_rater(self) -> str:
        """Id of the rater that tables speak of: `self` only where the user's own model rates."""
        if self.rater == "self" or (self.rater.model, self.rater.api_base) == (self.user.model, self.user.api_base):
            return "self"
        return observer_id(self.rater.model)

    def judge_by(self, use: ScorerUse, rubric: Rubric) -> ModelSpec:
        """The model that judges by `rubric`: the one named for it, else the study's judge, else its rater, else the model that plays the user; of a
        log, which people play, the offline rater."""
        own = ModelSpec(model="offline/rater") if self.played_by == "log" else self.user
        return use.model or rubric.model or self.judge or (own if self.rater == "self" else self.rater)

    @property
    def raters(self) -> dict[str, ModelSpec]:
        """Every rater's model by rater id, the primary one first."""
        primary = self.user if self.rater == "self" else self.rater
        return {self.primary_rater: primary, **{observer_id(o.id): o for o in self.observers}}


def name_tagger(tagger: ModelSpec, *, other_codebook: str = "") -> str:
    """The id of a tagger's tags in the journal of a run: `offline`, or the model's name.

    Args:
        other_codebook: the codebook's id where it is not the run's own; it follows behind an `@`, so that tags of two codebooks never meet.
    """
    name = "offline" if tagger.offline else tagger.model
    return str(Address(name, edition=other_codebook))


def codebook_of(tagger: str, codebooks: Container[str]) -> str:
    """The id of the codebook that tags kept under `tagger` go by, among `codebooks`; empty: the run's own (see `name_tagger`)."""
    book = Address.parse("tagged", tagger).edition
    return book if book in codebooks else ""
