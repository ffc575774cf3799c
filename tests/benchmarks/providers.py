"""What providers do, and what becomes of the calls: every provider in its own wire format, against a server in this process.

    python -m tests.benchmarks.providers

Prints the two tables of `sim/guide/providers.md`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.llm.providers.behaviours import BEHAVIOURS, PROVIDERS, Behaviour
from tests.llm.providers.meeting import Bench
from tests.llm.providers.provider import Provider

NONE = "–"
HELD = "✓"


def ways() -> str:
    """How each provider is asked, as a table in Markdown."""
    lines = ["| | a study says | asked at | bound of an answer | JSON Schema | key |", "|---|---|---|---|---|---|"]
    for provider in PROVIDERS:
        told = (provider.model, provider.path, ".".join(provider.limit), ".".join(provider.schema), provider.keyed[0])
        lines.append(f"| {provider.name} | {' | '.join(f'`{t}`' for t in told)} |")
    return "\n".join(lines)


def table(cell: Callable[[Provider, Behaviour], str]) -> str:
    """What each provider does and what becomes of it, as a table in Markdown."""
    lines = [f"| it does | and the call | {' | '.join(p.name for p in PROVIDERS)} |", "|---|---|" + ":-:|" * len(PROVIDERS)]
    lines += [f"| {b.name} | {b.becomes} | {' | '.join(cell(p, b) for p in PROVIDERS)} |" for b in BEHAVIOURS]
    return "\n".join(lines)


def promised(provider: Provider, behaviour: Behaviour) -> str:
    """The cell where all is as it must be."""
    return NONE if behaviour.answers(provider) is None else HELD


async def measured() -> dict[tuple[str, str], str]:
    """Every cell as it turns out, by provider and behaviour."""
    bench, cells = Bench(), {}
    for provider in PROVIDERS:
        for behaviour in BEHAVIOURS:
            met = await behaviour.meet(provider, bench)
            faults = [] if met is None else list(behaviour.faults(provider, met))
            cells[provider.name, behaviour.name] = NONE if met is None else "; ".join(faults) or HELD
    return cells


def main() -> None:
    """Print both tables."""
    cells = asyncio.run(measured())
    print(ways())
    print()
    print(table(lambda provider, behaviour: cells[provider.name, behaviour.name]))


if __name__ == "__main__":
    main()
