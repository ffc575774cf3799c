"""What is sent to other machines: said before the first call, or refused."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sim.core.spec import ModelSpec, Study
    from sim.llm.hosts import Destination, LocalOnly


def announcement(study: Study, targets: Sequence[str], *, scorers: Mapping[str, ModelSpec] = MappingProxyType({})) -> str:
    """What leaves this machine, in how many conversations, to which hosts; empty where nothing does.

    Args:
        study: names the models and targets.
        targets: for each conversation that is to be held, its target's id.
        scorers: the models that judge by rubrics, by the rubric's id.
    """
    from sim.llm.hosts import COLLECTOR, TO_SIMULATOR, destinations, target_part
    from sim.present.words import many

    outside = [d for d in destinations(study, scorers=scorers) if d.outside]
    parts = {d.part for d in outside}
    everywhere = any(d.sends == TO_SIMULATOR or d.part == COLLECTOR for d in outside)
    conversations = sum(everywhere or target_part(target) in parts for target in targets)
    if not conversations:
        return ""
    return f"Leaving this machine, in {many(conversations, 'conversation')}: {_sent(outside)}."


def admit(parts: Mapping[str, ModelSpec], local_only: LocalOnly | None, *, sends: str, conversations: int | None = None, traced: bool = False) -> str:
    """What judges of conversations that exist are sent, as `announcement` says it; empty where nothing leaves this machine.

    Args:
        parts: the judges by name, such as `the rater`.
        conversations: how many; None where nobody has counted them.
        traced: whether traces of the calls are sent to a collector, where the environment names one.

    Raises:
        InputError: `local_only` refuses a host.
    """
    from sim.llm.hosts import Destination, collectors, hosts_of, is_loopback
    from sim.present.words import many

    found = [Destination(part, host, sends, not is_loopback(host)) for part, spec in parts.items() for host in hosts_of(spec)]
    found += collectors() if traced else ()
    if local_only:
        local_only.demand(found)
    outside = [d for d in found if d.outside]
    number = "" if conversations is None else f", in {many(conversations, 'conversation')}"
    return f"Leaving this machine{number}: {_sent(outside)}." if outside else ""


def _sent(outside: Iterable[Destination]) -> str:
    """What is sent, each with the hosts that it goes to."""
    by_text: dict[str, dict[str, list[str]]] = {}
    for d in outside:
        by_text.setdefault(d.sends, {}).setdefault(d.host, []).append(d.part.removeprefix("the "))
    return "; ".join(f"{text} to {_named(hosts)}" for text, hosts in by_text.items())


def _named(hosts: dict[str, list[str]]) -> str:
    return ", ".join(f"{host} ({', '.join(parts)})" for host, parts in hosts.items())
