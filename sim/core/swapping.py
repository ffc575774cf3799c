"""Putting one token of identity in another's place, and the mask behind which nobody who judges can tell one from the other.

A token is replaced as whole words, in any case, wherever it stands: in messages and talks before the study, in facts and their answers, in what the
target is shown. Ids and what is chosen from a list (topics, languages) stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from sim.core.frozen import Frozen
from sim.core.spec.fairness import OWN
from sim.core.spec.target import HttpTargetSpec
from sim.core.text import whole_words

if TYPE_CHECKING:
    from sim.core.cast import Cast
    from sim.core.record import Exchange, Session, Trial, Turn
    from sim.core.spec import CustomTargetSpec, Persona
    from sim.core.spec.fairness import SwappedIdentity
    from sim.core.tools import ToolUse

Change = Callable[[str], str]
T = TypeVar("T")
C = TypeVar("C", bound="CustomTargetSpec")

_NAMES: Final = frozenset({"id", "about", "disclose", "fact", "facet", "gender", "given", "hemisphere", "language", "tags", "topic", "unfit", "kind"})
"""Text fields that name things of the study, or of a list, and are said to nobody."""


@dataclass(frozen=True)
class SwappedTrial:
    """What a trial of an arm has beside its record: the identity of its user, and the cast behind the mask."""

    identity: SwappedIdentity
    instead: tuple[str, ...]
    """What gives way to the value beside the first value of the swap, in the words of the persona; empty: nothing."""
    blind: Cast

    @cached_property
    def change(self) -> Change:
        """Puts the value in the place of what gives way to it."""
        return swap_of(self.identity, self.instead)

    @cached_property
    def masking(self) -> Change:
        """Puts the mask in the place of every value of the swap."""
        return mask_of(self.identity, self.instead)


def instead_of(identity: SwappedIdentity, persona: Persona) -> tuple[str, ...]:
    """What gives way to the value of `identity` beside the first value of its swap, in the words of `persona`."""
    known = dict(zip(OWN, (persona.name, str(persona.age)), strict=True))
    return tuple(known.get(form, form) for form in identity.of.instead_of)


def swap_of(identity: SwappedIdentity, instead: tuple[str, ...] = ()) -> Change:
    """Puts the value of `identity` in the place of the first value of its swap, and of `instead`; left out, of what gives way for everybody."""
    instead = instead or (() if set(OWN) & set(identity.of.instead_of) else identity.of.instead_of)
    given_way = (identity.of.values[0], *((instead,) if instead else ()))
    return _changing({old: new for forms in given_way for old, new in zip(forms, identity.value, strict=True)})


def mask_of(identity: SwappedIdentity, instead: tuple[str, ...] = ()) -> Change:
    """Puts the mask in the place of every word that is a form of any value, and of `instead`."""
    return _changing(dict.fromkeys((*identity.of.all_forms, *instead), identity.mask))


def _changing(words: Mapping[str, str]) -> Change:
    return _change_of(tuple(words.items()))


@lru_cache(maxsize=512)
def _change_of(words: tuple[tuple[str, str], ...]) -> Change:
    # The longest first, so that `Mary Ann` is found before `Mary`.
    ordered = sorted(words, key=lambda pair: -len(pair[0]))
    found = {old.casefold(): (old, new) for old, new in reversed(ordered)}
    pattern = re.compile("|".join(_whole(old) for old, _ in ordered), re.IGNORECASE)

    def put(match: re.Match[str]) -> str:
        old, new = found.get(match[0].casefold(), ("", match[0]))
        return _in_case(match[0], old, new)

    return lambda text: pattern.sub(put, text)


def _whole(word: str) -> str:
    edge = whole_words(word)[1].pattern
    return re.escape(word) if not edge.startswith("(?<!") else rf"(?<!\w){re.escape(word)}(?!\w)"


def _in_case(said: str, old: str, new: str) -> str:
    """`new` written as `said` is, where that is not how `old` is usually written: in capitals, small, or at the head of a sentence."""
    if said == old or not new[:1].isalpha():
        return new
    if said.isupper() and len(said) > 1:
        return new.upper()
    if said.islower():
        return new.lower()
    return new[0].upper() + new[1:] if said[0].isupper() else new


# --- models, casts and trials -------------------------------------------------------------------------------------


def change_texts(value: T, change: Change) -> T:
    """`value`, a model or what models are made of, with every text in it changed but for names."""
    if isinstance(value, str):
        return change(value)  # type: ignore[return-value]
    if isinstance(value, Frozen):
        after = {name: change_texts(of, change) for name, of in dict(value).items() if name not in _NAMES}
        return value.model_copy(update={name: of for name, of in after.items() if of != getattr(value, name)})
    if isinstance(value, tuple | list):
        return type(value)([change_texts(of, change) for of in value])
    if isinstance(value, dict):
        return {key: change_texts(of, change) for key, of in value.items()}  # type: ignore[return-value]
    return value


def shown_in_body(target: C) -> C:
    """A chatbot of one's own as the arm of a swap reaches it: with the value in the bodies of its requests, wherever the first value stands there."""
    if target.swap is None or not isinstance(target, HttpTargetSpec):
        return target
    change, http = swap_of(target.swap), target.http
    opening = http.opening and http.opening.model_copy(update={"body": change_texts(http.opening.body, change)})
    return target.model_copy(update={"http": http.model_copy(update={"body": change_texts(http.body, change), "opening": opening})})


def blinded(trial: Trial) -> Trial:
    """`trial` as whoever judges may see it: with the mask in place of the token, in the cast and in all that was said."""
    swapped = trial.swap
    if swapped is None:
        return trial
    sessions = tuple(_masked(s, swapped.masking) for s in trial.sessions)
    return replace(trial, cast=swapped.blind, sessions=sessions, swap=None)


def blinded_turn(trial: Trial, turn: Turn) -> Turn:
    """One exchange of `trial` as whoever judges may see it."""
    change = trial.swap.masking if trial.swap else None
    return turn if change is None else replace(turn, user=change(turn.user), reply=change(turn.reply), tools=_masked_tools(turn.tools, change))


def _masked(session: Session, change: Change) -> Session:
    gone = change_texts(session.gone, change) if session.gone else None
    memory = tuple(m.model_copy(update={"content": change(m.content)}) for m in session.memory)
    return replace(session, exchanges=tuple(_masked_exchange(e, change) for e in session.exchanges), gone=gone, memory=memory)


def _masked_exchange(exchange: Exchange, change: Change) -> Exchange:
    reply = exchange.reply
    if reply is not None:
        reply = replace(reply, text=change(reply.text), tools=_masked_tools(reply.tools, change), counted=None)
    said = exchange.user
    user = said.model_copy(
        update={
            "message": change(said.message),
            "allusion": said.allusion and change(said.allusion),
            "humour_bid": said.humour_bid and change(said.humour_bid),
            "why": said.why and change(said.why),
        }
    )
    return replace(exchange, user=user, reply=reply)


def _masked_tools(tools: tuple[ToolUse, ...], change: Change) -> tuple[ToolUse, ...]:
    return tuple(replace(t, arguments=change(t.arguments), result=None if t.result is None else change(t.result)) for t in tools)
