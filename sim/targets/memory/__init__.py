"""Memory policies: what a chat model is shown of earlier sessions, one file each, and the seam for policies of a study's own.

The package's own are listed in `sim.core.spec.memory.BUILT_IN`. To write another, derive a class from `Policy` (`sim/guide/memory.md` shows two).
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from sim.core.errors import InputError, nearest
from sim.core.spec.memory import installed
from sim.foreign.calls import described
from sim.foreign.code import load_object
from sim.llm.client import Message
from sim.llm.failures import scrub
from sim.targets.memory.custom import CustomMemory, check_policy
from sim.targets.memory.policy import Heard, Memory, Policy, Recalled
from sim.targets.memory.tools import Tools, Writer
from sim.targets.target import MemoryStep

if TYPE_CHECKING:
    from sim.core.spec import MemorySpec
    from sim.llm.client import Client
    from sim.llm.embedding import Embedder
    from sim.llm.prompts import Prompts

__all__ = ["Heard", "Memory", "MemoryStep", "Message", "Policy", "Recalled", "Tools", "Writer", "build_memory", "load_policy"]


def load_policy(spec: MemorySpec, *, embedding: bool = False, of: str = "memory") -> type[Policy]:
    """The class that `spec` names; code from outside the package is imported.

    Args:
        embedding: whether the target has a model that embeds.
        of: what errors are said of, such as `target 'my-bot'`.

    Raises:
        InputError: there is none, it cannot be imported, or it is not a memory policy.
    """
    about = spec.built_in
    if about:
        return _own(about.embedding if embedding and about.embedding else about.place)
    if ":" in spec.name:
        found = load_object(spec.name, owner=of)
    else:
        points = installed()
        if spec.name not in points:
            mend = nearest(spec.name, points) if points else "install the package that brings it"
            raise InputError(f"{of}: no installed package brings the memory policy '{spec.name}'", mend=mend)
        try:
            found = points[spec.name].load()
        except (Exception, SystemExit) as error:
            raise InputError(_clean(f"{of}: importing {points[spec.name].value} raised {described(error)}"), mend="mend the package") from None
    return check_policy(found, spec, of=of)


def build_memory(
    spec: MemorySpec,
    prompts: Prompts,
    client: Client,
    *,
    tokens: int | None = None,
    embedder: Embedder | None = None,
    seconds: float = 120.0,
    of: str = "memory",
) -> Memory:
    """A fresh memory.

    Args:
        client: the target's own model, which writes what is written.
        tokens: how many a prompt may have; None: any number.
        embedder: embeds what is retrieved; None: BM25 ranks it.
        seconds: how long a policy from outside may take for its own work.
        of: what errors are said of, such as `target 'my-bot'`.

    Raises:
        InputError: see `load_policy`.
    """
    kind = load_policy(spec, embedding=embedder is not None, of=of)
    tools = Tools(spec.size, tokens, Writer(client, tokens=tokens), embedder, client, prompts)
    return kind(tools) if spec.built_in else CustomMemory(kind, tools, f"memory {spec.name}", seconds)


@lru_cache
def _own(place: str) -> type[Policy]:
    module, _, name = place.partition(":")
    found: type[Policy] = getattr(import_module(f"sim.targets.memory.{module}"), name)
    return found


def _clean(text: str) -> str:
    return scrub(text, os.environ)
