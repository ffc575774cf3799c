"""What the offline user makes of a message when it is asked to be difficult: the lines it would have said anyway, and something that shows.

What it has to tell stays in it word for word, so that a disturbed user tells the same facts as an undisturbed one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sim.core.seeds import rng
from sim.core.text import contains
from sim.llm.offline.lines import load_bank, load_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from sim.core.perturbation import BehaviourPerturbation
    from sim.core.view import UserView

_ASKED: Final = 25
"""Words of the own last message that are said again."""
_WORD: Final = re.compile(r"[^\W\d_]+")


def show_urged(message: str, view: UserView) -> str:
    """`message` with each thing that `view` asks for."""
    for kind in view.urged:
        message = _show(kind, message, view, rng(view.seed, "urged", kind))
    return message


def _show(kind: BehaviourPerturbation, message: str, view: UserView, chance: Random) -> str:
    if kind == "code_switching":
        return _switched(message, view)
    line = chance.choice(load_bank("urged")[kind])
    if kind == "other_language":
        return " ".join((line, *_facts_in(message, view)))
    if kind == "insistence":
        return f"{line} {_last_asked(view)} {message}"
    return f"{line} {message}" if kind == "hostility" else f"{message} {line}"


def _last_asked(view: UserView) -> str:
    """The own message before, without the insistence that led it, and not all of a long one."""
    before = view.talk[-1].user
    for line in load_bank("urged")["insistence"]:
        before = before.removeprefix(line).strip()
    said = before.split()
    return before if len(said) <= _ASKED else " ".join(said[:_ASKED]) + " …"


def _switched(message: str, view: UserView) -> str:
    """The message with the words that have a Spanish one beside them replaced; those of the facts it tells stay."""
    kept = " ".join(_facts_in(message, view)).casefold()

    def switch(found: re.Match[str]) -> str:
        other = _spanish().get(found[0].casefold())
        return found[0] if other is None or found[0].casefold() in kept else other

    return _WORD.sub(switch, message)


def _spanish() -> Mapping[str, str]:
    pairs = (line.split(" = ") for line in load_words("switched"))
    return {english: spanish for english, spanish in pairs}


def _facts_in(message: str, view: UserView) -> list[str]:
    """The sentences of the facts that the message tells."""
    return [v.text for values in view.values.values() for v in values if any(contains(message, a) for a in v.answers)]
