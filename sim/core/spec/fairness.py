"""Identity swaps: arms of a target that differ in one token of who the user is, such as a name, and in nothing else.

A study's `fairness` gives every target an arm for each value of each swap. With `users: frozen` (the default) every message is scripted, or said
again from a finished run, so that what differs between two arms is what the target makes of the token. With `users: live` a model goes on from the
replies, and what differs is a *whole-loop difference*: of target and user together, and never of the target alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from pydantic import Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from sim.core.frozen import Frozen, Id, Text, refuse_all, run_checks
from sim.core.spec.scenario import Scenario
from sim.core.spec.twins import refuse_twins
from sim.core.text import contains, normalise

if TYPE_CHECKING:
    from sim.core.spec.target import TargetSpec

OWN: Final = ("persona.name", "persona.age")
"""What `instead_of` may name of each persona, which has its own."""
LONGEST: Final = 64
"""Characters of an id."""

Users = Literal["frozen", "live"]


def _written_alone(forms: object) -> object:
    return (str(forms),) if isinstance(forms, str | int) and not isinstance(forms, bool) else forms


class TokenSwap(Frozen):
    """One token of identity and the values that it takes."""

    values: tuple[tuple[Text, ...], ...] = Field(min_length=2)
    """Two or more. A value of several words that go together is a list, as `[woman, she, her]`: first takes the place of first, second of second."""
    instead_of: tuple[Text, ...] = ()
    """What is in the messages and gives way to each value; `persona.name` and `persona.age` are each persona's own. Left out: the first value."""
    says: Text | None = None
    """A sentence put before the first message of every session, with the first value in it: "Hi, I'm Emily." Left out: the messages name it."""

    @model_validator(mode="before")
    @classmethod
    def _by_values(cls, written: object) -> object:
        return {"values": written} if isinstance(written, list | tuple) else written

    @field_validator("values", mode="before")
    @classmethod
    def _forms(cls, values: object) -> object:
        return tuple(map(_written_alone, values)) if isinstance(values, list | tuple) else values

    @field_validator("instead_of", mode="before")
    @classmethod
    def _one_form(cls, written: object) -> object:
        return _written_alone(written)

    @model_validator(mode="after")
    def _tells_apart(self) -> Self:
        run_checks(self._have_the_same_forms, self._differ, self._is_said)
        return self

    def _have_the_same_forms(self) -> None:
        counts = {", ".join(v): len(v) for v in self.values}
        if 0 in counts.values() or len(set(counts.values())) > 1:
            raise ValueError(f"every value needs as many words as the first; {'; '.join(f'[{v}] has {n}' for v, n in counts.items())}")
        if self.instead_of and len(self.instead_of) != len(self.values[0]):
            raise ValueError(f"instead_of has {len(self.instead_of)} where each value has {len(self.values[0])}")

    def _differ(self) -> None:
        refuse_twins("value", [normalise(v[0]) for v in self.values], mend="name each once")
        refuse_twins("value", [slug_of(v) for v in self.values], mend="their arms would have one name; write one of them otherwise")

    def _is_said(self) -> None:
        if self.says is not None and not contains(self.says, self.values[0][0]):
            raise ValueError(f"says must hold the first value, '{self.values[0][0]}', which gives way to the others")

    @property
    def all_forms(self) -> tuple[str, ...]:
        """Every word that is a form of any value or that gives way to one, as far as it is the same for every persona."""
        return tuple(dict.fromkeys(form for forms in (*self.values, self.instead_of) for form in forms if form not in OWN))

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Either the values alone, or keys and values; a value is a text, a number, or a list of texts."""
        written: dict[str, Any] = handler(core)
        one = {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
        properties = handler.resolve_ref_schema(written)["properties"]
        properties["values"]["items"] = one
        properties["instead_of"] = {k: v for k, v in properties["instead_of"].items() if k not in ("items", "type")} | {"anyOf": one["anyOf"]}
        return {"anyOf": [{"type": "array", "items": one, "minItems": 2}, written]}


class Replay(Frozen):
    """Whose messages are said again."""

    run: Text
    """A finished run: its folder, seen from the study's, or its name under results/."""
    target: Id | None = None
    """The target that they were said to; left out: the run has one."""

    @model_validator(mode="before")
    @classmethod
    def _by_run(cls, written: object) -> object:
        return {"run": written} if isinstance(written, str) else written

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Either the run alone, or keys and values."""
        return {"anyOf": [{"type": "string"}, handler(core)]}


class Fairness(Frozen):
    """What a study swaps of its user's identity."""

    swaps: dict[Id, TokenSwap] = Field(min_length=1)
    """By what is swapped: `{name: [Emily, Lakisha]}`. Each swap makes an arm of every target for each of its values, by itself."""
    users: Users = "frozen"
    """`frozen`: every message is scripted by the scenario or said again from `replay`. `live`: a model writes them, in each arm anew."""
    replay: Replay | None = None
    """The run whose messages are said again; left out: the scenarios script every message."""

    @model_validator(mode="after")
    def _says_the_same(self) -> Self:
        if self.users == "live" and self.replay:
            raise ValueError("replay says messages again, and live users write their own; leave one of them out")
        return self


class SwappedIdentity(Frozen):
    """Which identity an arm's user has: one value of one swap. Written by a study's `fairness`, never by hand."""

    swap: Id
    """What is swapped."""
    value: tuple[Text, ...]
    of: TokenSwap

    @property
    def name(self) -> str:
        """What the arm is called by among those of its target: `name Lakisha`."""
        return f"{self.swap.replace('_', ' ')} {self.value[0]}"

    @property
    def mask(self) -> str:
        """What is in the token's place wherever somebody judges."""
        return f"[{self.swap.replace('_', ' ')}]"


class FrozenTalk(Frozen):
    """What a persona said in a finished run, as a scenario that scripts all of it."""

    persona: Id
    seed: int
    scenario: Scenario


def slug_of(value: tuple[str, ...]) -> str:
    """The end of an arm's id: letters and digits of its value."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in normalise(value[0]))
    return "-".join(part for part in kept.split("-") if part) or "".join(f"{ord(c):x}" for c in value[0])[:24]


def arm_suffix(identity: SwappedIdentity) -> str:
    """What an arm's id has behind that of its target."""
    return f"-{identity.swap.replace('_', '-')}-{slug_of(identity.value)}"


def spread_swaps(targets: Sequence[TargetSpec], fairness: Fairness, *, beside: bool = False) -> tuple[TargetSpec, ...]:
    """An arm of each target for each value of each swap, in place of the target; arms that were made before stay.

    Args:
        beside: in a suite, where the target itself stays too, and so does what the user is under stress with.

    Raises:
        ValueError: an arm's id is too long.
    """
    found: list[TargetSpec] = []
    problems: list[str] = []
    made = {t.id for t in targets if t.swap}
    for target in targets:
        if target.swap or beside:
            found.append(target)
        if target.swap or target.stress:
            continue
        for name, swap in fairness.swaps.items():
            for value in swap.values:
                identity = SwappedIdentity(swap=name, value=value, of=swap)
                id = f"{target.id}{arm_suffix(identity)}"
                if len(id) > LONGEST:
                    problems.append(f"the id {id} would be longer than {LONGEST} characters; shorten {target.id} or the value")
                if id not in made:
                    found.append(target.model_copy(update={"id": id, "swap": identity}))
    refuse_all(problems)
    return tuple(found)


def base_of(target: TargetSpec) -> str:
    """The id of the target that an arm is of; of any other target its own."""
    return target.id.removesuffix(arm_suffix(target.swap)) if target.swap else target.id


def swap_arms(targets: Iterable[TargetSpec]) -> dict[str, list[TargetSpec]]:
    """By target: its arms, in the order of the study; targets without any are not there."""
    found: dict[str, list[TargetSpec]] = {}
    for target in targets:
        if target.swap:
            found.setdefault(base_of(target), []).append(target)
    return found
