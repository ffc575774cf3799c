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
from sim.core.text import whole_words

if TYPE_CHECKING:
    from sim.core.cast import Cast
    from sim.core.record import Exchange, Session, Trial
    from sim.core.spec import Persona
    from sim.core.spec.fairness import SwappedIdentity

Change = Callable[[str], str]
T = TypeVar("T")

_NAMES: Final = frozenset({"id", "about", "disclose", "fact", "facet", "gender", "given", "hemisphere", "language", "tags", "topic", "unfit", "kind"})
"""Text fields that name things of the study, or of a list, and are said to nobody."""


@dataclass(frozen=True)
class SwappedTrial:
    """What a trial of an arm has beside its record: the identity of its user, and the cast behind the mask."""

    identity: SwappedIdentity
    own: tuple[str, ...]
    """The persona's own words that give way to the value, where `instead_of` names them."""
    blind: Cast

    @cached_property
    def masking(self) -> Change:
        """Puts the mask in the place of every value of the swap."""
        return mask_of(self.identity, self.own)


def words_given_way(identity: SwappedIdentity, persona: Persona) -> tuple[tuple[str, ...], ...]:
    """Everything that gives way to the value of `identity` in what `persona` says, each form by form."""
    known = {"persona.name": persona.name, "persona.age": str(persona.age)}
    instead = tuple(known.get(form, form) for form in identity.of.instead_of)
    return tuple(dict.fromkeys((identity.of.values[0], *((instead,) if instead else ()))))


def own_words(identity: SwappedIdentity, persona: Persona) -> tuple[str, ...]:
    """The words of `persona`'s own that a swap names, such as its name."""
    known = dict(zip(OWN, (persona.name, str(persona.age)), strict=True))
    return tuple(known[form] for form in identity.of.instead_of if form in known)


def swap_of(identity: SwappedIdentity, persona: Persona) -> Change:
    """Puts the value of `identity` in the place of what gives way to it."""
    return _changing({old: new for forms in words_given_way(identity, persona) for old, new in zip(forms, identity.value, strict=True)})


def mask_of(identity: SwappedIdentity, own: tuple[str, ...] = ()) -> Change:
    """Puts the mask in the place of every word that is a form of any value."""
    return _changing(dict.fromkeys((*identity.of.all_forms, *own), identity.mask))


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
        return type(value)([change_texts(of, change) for of in value])  # type: ignore[return-value]
    if isinstance(value, dict):
        return {key: change_texts(of, change) for key, of in value.items()}  # type: ignore[return-value]
    return value


def blinded(trial: Trial) -> Trial:
    """`trial` as whoever judges may see it: with the mask in place of the token, in the cast and in all that was said."""
    swapped = trial.swap
    if swapped is None:
        return trial
    sessions = tuple(_masked(s, swapped.masking) for s in trial.sessions)
    return replace(trial, cast=swapped.blind, sessions=sessions, swap=None)


def _masked(session: Session, change: Change) -> Session:
    gone = change_texts(session.gone, change) if session.gone else None
    memory = tuple(m.model_copy(update={"content": change(m.content)}) for m in session.memory)
    return replace(session, exchanges=tuple(_masked_exchange(e, change) for e in session.exchanges), gone=gone, memory=memory)


def _masked_exchange(exchange: Exchange, change: Change) -> Exchange:
    reply = exchange.reply
    if reply is not None:
        tools = tuple(
            replace(t, arguments=change(t.arguments), result=None if t.result is None else change(t.result)) for t in reply.tools
        )
        reply = replace(reply, text=change(reply.text), tools=tools, counted=None)
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
