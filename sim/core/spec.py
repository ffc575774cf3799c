"""What a person asks for: personas, scenarios and studies. Nothing here knows what came of it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from sim.core.codebook import DIMENSIONS, Dimension
from sim.core.frozen import Frozen, Id, Level, Text

# --- personas -----------------------------------------------------------------------------------------------------


class Value(Frozen):
    """One value of a fact, as the persona would say it."""

    text: Text
    """A sentence in the persona's own words, first person: "My sister Leila moved to Rotterdam in May."."""
    answers: tuple[Text, ...] = Field(min_length=1)
    """What a message must contain, any one of them as whole words, for the value to count as told."""

    @model_validator(mode="after")
    def _text_tells_it(self) -> Self:
        from sim.core.text import contains

        if not any(contains(self.text, answer) for answer in self.answers):
            raise ValueError(f"none of its answers stands in its text ({', '.join(self.answers)})")
        return self


Topic = Literal["home", "work", "family", "friend", "pet", "health", "food", "pastime", "plan", "past", "worry", "other"]


class Fact(Value):
    """Something true of the persona or of the scenario, that can be told and remembered."""

    id: Id
    topic: Topic = "other"
    """Lets a scenario speak of `persona.work` without knowing the persona."""
    when: Text
    """When it would come up of itself."""
    changes_to: Value | None = None
    """Its later value, if it may change while the talks go on."""


class Trait(Frozen):
    """One facet of character, told in a sentence that says how often, how deep, at what threshold."""

    facet: Text
    level: Level
    text: Text


class Manner(Frozen):
    """How much of one style dimension, and what that looks like in this persona."""

    level: Level
    text: Text


class Style(Frozen):
    """Nine dimensions of how the persona writes."""

    formality: Manner
    verbosity: Manner
    directness: Manner
    emotional_expressiveness: Manner
    humour: Manner
    expertise: Manner
    """Vocabulary and expertise: 1 beginner, 5 expert in what they talk about."""
    references: Manner
    """References and culture: how often they allude to names, places, shows, sayings."""
    patience: Manner
    initiative: Manner


class Rubric(Frozen):
    """For the rater, never for the user."""

    five: Text
    """What a 5 looks like to this persona."""
    one: Text
    """What a 1 looks like."""


class Signal(Frozen):
    """How liking or disliking shows, for the user, never for the rater."""

    shows: Text
    """What the persona does: "answers 'ok'; the second time says it is a lot of text"."""
    says: Text
    """A line they might say."""


class Signals(Frozen):
    """Both sides of one preference as others would notice them."""

    met: Signal
    missed: Signal


class Preference(Frozen):
    """What one likability dimension means to this persona."""

    want: Level
    """How much of it: warmth (1 dry, 5 very warm), formality (1 slang, 5 ceremonious), depth (1 for beginners, 5 for experts),
    length (1 a line, 5 several paragraphs), references taken up (1 unimportant, 5 crucial), humour (1 none, 5 all the time), callback (1 finds it
    intrusive, 5 loves it)."""
    rubric: Rubric
    signals: Signals


class Allusion(Frozen):
    """Something half said that a good listener gets."""

    says: Text
    means: tuple[Text, ...] = Field(min_length=1)
    """Words that show it was understood, any one of them."""


class Voice(Frozen):
    """Lines in the persona's own voice: samples of style for a model, and what offline users are made of."""

    hello: tuple[Text, ...] = Field(min_length=2)
    bye: tuple[Text, ...] = Field(min_length=2)
    carries_on: tuple[Text, ...] = Field(min_length=3)
    """Said before going on, whatever the reply was."""
    jokes: tuple[Text, ...] = ()
    """Bids for humour."""
    allusions: tuple[Allusion, ...] = ()
    storms_off: Text
    """What they say when they have had enough and leave."""


class ProfileType(Frozen):
    """LikeBench's social or anti-social × predictable or unpredictable, in three and two grades."""

    sociability: Literal["social", "reserved", "hostile"]
    stability: Literal["steady", "volatile"]
    """`volatile`: wishes move with mood and day."""

    def __str__(self) -> str:
        return f"{self.sociability}, {self.stability}"


class Persona(Frozen):
    """Who the simulated user is."""

    id: Id
    name: Text
    age: int = Field(strict=True, ge=16, le=110)
    type: ProfileType
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")] = "en"
    """BCP 47 tag of the language they write."""
    background: Text
    facts: tuple[Fact, ...] = Field(min_length=1)
    traits: tuple[Trait, ...] = Field(min_length=1)
    style: Style
    preferences: dict[Dimension, Preference]
    voice: Voice

    @model_validator(mode="after")
    def _whole(self) -> Self:
        missing = [d for d in DIMENSIONS if d not in self.preferences]
        if missing:
            raise ValueError(f"preferences lack {', '.join(missing)}; every dimension needs one")
        _refuse_twins("fact", [f.id for f in self.facts])
        return self


# --- scenarios ----------------------------------------------------------------------------------------------------

FactRef = Annotated[str, StringConstraints(pattern=r"^(persona\.)?[a-z0-9][a-z0-9_-]*$", max_length=80)]
"""`biscuit`: a fact of the scenario. `persona.work`: the persona's fact of that id, else its first fact on that topic."""


class AgendaItem(Frozen):
    """Something the user means to bring up in a session."""

    aim: Text
    """For the user's model: "ask what to bring to the neighbours' dinner"."""
    says: tuple[Text, ...] = Field(min_length=1)
    """How it may sound, one message each, in order; offline users say these as they stand."""
    about: tuple[FactRef, ...] = ()
    """Facts that bear on it: an occasion for callback once they were told in an earlier session."""


class Mood(Frozen):
    """How the user feels when a session opens."""

    feels: Text
    valence: Literal[-1, 0, 1]
    """-1 low, 0 even, 1 high."""


class Wish(Frozen):
    """A preference that is different today."""

    want: Level
    text: Text


class Noise(Frozen):
    """A disturbance of ordinary life, placed by seed somewhere in the session."""

    text: Text
    """What happens, for the user's model: "the tram is loud, words get lost"."""
    says: Text
    """How it shows in a message."""


class FactUpdate(Frozen):
    """A fact that has a new value from this session on."""

    fact: FactRef
    to: Value | None = None
    """Left out: the fact's own `changes_to`."""


class ScriptedTurn(Frozen):
    """A user message sent word for word, whatever the reply before it was."""

    exchange: int = Field(strict=True, ge=1)
    message: Text


class Length(Frozen):
    """How many exchanges a session has: at least `min`, at most `max`."""

    min: int = Field(strict=True, ge=1, le=10_000)
    max: int = Field(strict=True, ge=1, le=10_000)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min ({self.min}) is above max ({self.max})")
        return self


class SessionSpec(Frozen):
    """One sitting: when, in what state, to talk about what."""

    gap: int = Field(default=1, strict=True, ge=0, le=36_525)
    """Days since the session before it (since the start date for the first)."""
    situation: Text
    agenda: tuple[AgendaItem, ...] = Field(min_length=1)
    mood: Mood
    life_event: Text | None = None
    disclose: tuple[FactRef, ...] = ()
    """Core facts told in this session to every target alike."""
    updates: tuple[FactUpdate, ...] = ()
    noise: tuple[Noise, ...] = ()
    wishes: dict[Dimension, Wish] = Field(default_factory=dict)
    """Preferences that are different today."""
    scripted: tuple[ScriptedTurn, ...] = ()
    exchanges: Length

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _refuse_twins("scripted exchange", [str(s.exchange) for s in self.scripted])
        late = [s.exchange for s in self.scripted if s.exchange > self.exchanges.max]
        if late:
            raise ValueError(f"scripted exchange {late[0]} lies beyond the session's maximum of {self.exchanges.max}")
        return self


class PastMessage(Frozen):
    """One message of a talk that took place before the study."""

    role: Literal["user", "assistant"]
    text: Text


class PastTalk(Frozen):
    """A talk that took place before the study; neither rated nor tagged."""

    days_before: int = Field(strict=True, ge=1, le=36_525)
    """Days before the start date."""
    messages: tuple[PastMessage, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _alternates(self) -> Self:
        roles = [m.role for m in self.messages]
        if roles != ["user", "assistant"] * (len(roles) // 2):
            raise ValueError("messages must go user, assistant, user, assistant …")
        return self


class Scenario(Frozen):
    """What happens, session by session."""

    id: Id
    title: Text
    about: Text
    facts: tuple[Fact, ...] = ()
    """Facts that come with the situation, whoever is in it."""
    history: tuple[PastTalk, ...] = ()
    """Earlier talks, oldest first."""
    sessions: tuple[SessionSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        _refuse_twins("fact", [f.id for f in self.facts])
        days = [t.days_before for t in self.history]
        if days != sorted(days, reverse=True):
            raise ValueError("history must be oldest first: days_before has to fall")
        return self


# --- studies ------------------------------------------------------------------------------------------------------


class Sampling(Frozen):
    """How a model draws its words; what is left out is the provider's default."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, strict=True, ge=1)


class ModelSpec(Frozen):
    """A model by name, and how to reach it."""

    model: Annotated[str, StringConstraints(pattern=r"^[^\s/]+(/[^\s]+)+$")]
    """`offline/<name>`, or any LiteLLM name: `openai/gpt-5`, `anthropic/…`, `ollama/…`."""
    api_base: str | None = None
    """Root of an OpenAI-compatible server, as `http://127.0.0.1:8000/v1`."""
    client: Literal["direct", "litellm"] | None = None
    """Left out: `direct` where there is an `api_base` and the name starts with `openai/` or `hosted_vllm/`, `litellm` elsewhere."""
    api_key_env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    """Name of the environment variable that holds the key; the key itself is never written anywhere."""
    sampling: Sampling | None = None
    """Instead of the study's."""

    @field_validator("api_base")
    @classmethod
    def _is_a_url(cls, url: str | None) -> str | None:
        from urllib.parse import urlsplit

        if url is None:
            return None
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
            bare = not (parts.query or parts.fragment)
        except ValueError:
            good = False
        if not good or any(c.isspace() for c in url):
            raise ValueError(f"'{url}' is not an http(s) URL, such as http://127.0.0.1:8000/v1")
        if not bare:
            raise ValueError("an api_base ends with its path; a key belongs into the environment, and its name into api_key_env")
        if parts.username or parts.password:
            raise ValueError("a URL must not carry a user name or password; name an environment variable in api_key_env")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _offline_is_offline(self) -> Self:
        if self.offline and (self.api_base or self.client or self.api_key_env):
            raise ValueError(f"{self.model} runs in this process: it takes no api_base, client or api_key_env")
        if self.client == "direct" and not self.api_base:
            raise ValueError("client: direct needs an api_base")
        return self

    @property
    def offline(self) -> bool:
        """Whether it runs in this process and needs no network."""
        return self.model.startswith("offline/")

    @property
    def via(self) -> Literal["offline", "direct", "litellm"]:
        """The client that reaches it."""
        if self.offline:
            return "offline"
        if self.client:
            return self.client
        return "direct" if self.api_base and self.model.startswith(("openai/", "hosted_vllm/")) else "litellm"


class TargetSpec(ModelSpec):
    """A chat model under test, with what it remembers between sessions."""

    id: Id
    memory: str = "full"
    """Memory policy: `none` or `full`."""
    system: Text | None = None
    """The target's own system prompt."""


class ObserverSpec(ModelSpec):
    """A second rater that watches and has no part in the talk."""

    id: Id


class Limits(Frozen):
    """What a run may use."""

    timeout: float = Field(default=120, gt=0, allow_inf_nan=False)
    """Seconds for one attempt of one call."""
    retries: int = Field(default=5, strict=True, ge=0, le=50)
    """Attempts after the first, on 408, 409, 425, 429, 5xx and broken connections."""
    calls_at_once: int = Field(default=256, strict=True, ge=1)
    """Calls in flight to one host or provider."""
    max_cost: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """US dollars over the whole run."""
    max_tokens: int | None = Field(default=None, strict=True, ge=1)
    """Tokens in and out over the whole run."""
    max_minutes: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Minutes of one `run` or `resume`."""


class Study(Frozen):
    """targets × personas × scenarios × seeds, with the models that play user, rater and tagger."""

    name: Id
    targets: tuple[TargetSpec, ...] = Field(min_length=1)
    user: ModelSpec
    rater: Literal["self"] | ModelSpec = "self"
    """`self`: the user's own model. Any other model is an observer and is named so."""
    observers: tuple[ObserverSpec, ...] = ()
    tagger: ModelSpec = ModelSpec(model="offline/tagger")
    personas: tuple[Text, ...] = Field(min_length=1)
    """Ids, globs over ids, or paths of files."""
    scenarios: tuple[Text, ...] = Field(min_length=1)
    """Ids, globs over ids, or paths of files."""
    seeds: tuple[Annotated[int, Field(strict=True, ge=0)], ...] = (1,)
    """A number n (seeds 1 … n) or a list."""
    seed: int = Field(default=0, strict=True, ge=0)
    """The study's own seed, from which all randomness is derived."""
    concurrency: int = Field(default=50, strict=True, ge=1, le=10_000)
    """Trials under way at once."""
    history_tokens: int = Field(default=8_000, strict=True, ge=200)
    """Earlier sessions are shown to user and rater in full up to this many tokens (4 characters each)."""
    start_date: dt.date = dt.date(2026, 1, 5)
    sampling: Sampling = Sampling()
    limits: Limits = Limits()

    @field_validator("seeds", mode="before")
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
        _refuse_twins("seed", [str(s) for s in seeds])
        return seeds

    @model_validator(mode="after")
    def _whole(self) -> Self:
        _refuse_twins("target", [t.id for t in self.targets])
        _refuse_twins("observer", [o.id for o in self.observers])
        return self

    @property
    def primary_rater(self) -> str:
        """Id of the rater that tables speak of: `self` only where the user's own model rates."""
        if self.rater == "self" or (self.rater.model, self.rater.api_base) == (self.user.model, self.user.api_base):
            return "self"
        return f"observer:{self.rater.model}"

    @property
    def raters(self) -> dict[str, ModelSpec]:
        """Every rater's model by rater id, the primary one first."""
        primary = self.user if self.rater == "self" else self.rater
        return {self.primary_rater: primary, **{f"observer:{o.id}": o for o in self.observers}}


def _refuse_twins(what: str, ids: list[str]) -> None:
    seen: set[str] = set()
    for i in ids:
        if i in seen:
            raise ValueError(f"{what} '{i}' stands twice; give each its own id")
        seen.add(i)
