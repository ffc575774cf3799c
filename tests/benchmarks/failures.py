"""What a run shows of failure, by role: whether answers were the JSON that was asked for, what stayed unscored, and how long calls took.

    python -m tests.benchmarks.failures RUN [RESULTS]      # of a run with real models; prints the table of `sim/guide/real-models.md`

An answer is *valid at first* where nothing had to be asked for again, and *in the end* where nothing in it is unscored for its form or because it did
not stop. A message that was read and could not be sent for what it says is valid. Cached tokens are as the provider counts them, from the third
exchange of a session on.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sim.app import load_run_and_events
from sim.core.event import CallLost, Event, Judged, Role, Tags, Unscored, UserSpoke, Utterance
from sim.core.spec.allowance import Seconds, seconds_of

FROM = 3
"""The first exchange whose prompts a cache can have seen most of."""


@dataclass
class Shown:
    """What one role's calls show."""

    calls: int = 0
    asked: int = 0
    """Answers that were to be JSON."""
    at_first: int = 0
    in_the_end: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    later: int = 0
    """Tokens in from the third exchange on."""
    cached: int = 0
    """Of these, read from the cache."""
    longest: float = 0.0


@dataclass
class Failures:
    """What a run shows."""

    roles: dict[Role, Shown] = field(default_factory=dict)
    unscored: Counter[str] = field(default_factory=Counter)
    """By cause."""
    flags: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    """Calls that came to nothing, by cause."""


def failures(events: Sequence[Event]) -> Failures:
    """What `events` of a run show."""
    found = Failures()
    for event in events:
        if isinstance(event, CallLost):
            found.lost[event.cause] += 1
        if isinstance(event, UserSpoke):
            found.flags.update(flag.kind for flag in event.flags)
        bad = [verdict.cause for verdict in _verdicts(event) if isinstance(verdict, Unscored)]
        found.unscored.update(bad)
        for call, timing in zip(event.calls, event.meta.timings, strict=False):
            role = found.roles.setdefault(call.role, Shown())
            role.calls += 1
            role.longest = max(role.longest, timing.latency)
            if call.usage:
                role.tokens_in += call.usage.input
                role.tokens_out += call.usage.output
                if event.exchange >= FROM:
                    role.later += call.usage.input
                    role.cached += call.usage.cached
        if event.calls and _is_json(event):
            role = found.roles[event.calls[0].role]
            role.asked += 1
            role.at_first += len(event.calls) == 1 and not bad and not _came_to_nothing(event)
            role.in_the_end += not {"schema", "too_long"} & set(bad) and not _has_no_form(event)
    return found


def _is_json(event: Event) -> bool:
    return isinstance(event, UserSpoke | Judged)


def _came_to_nothing(event: Event) -> bool:
    return isinstance(event, UserSpoke) and not isinstance(event.said, Utterance)


def _has_no_form(event: Event) -> bool:
    """Whether a turn has no message, and none that could be read."""
    if not isinstance(event, UserSpoke) or not _came_to_nothing(event):
        return False
    return not event.rejected or any(flag.kind == "unparsed_message" for flag in event.rejected[-1].flags)


def _verdicts(event: Event) -> Iterator[object]:
    if isinstance(event, Judged):
        yield from event.result.values() if isinstance(event.result, dict) and not isinstance(event.result, Tags) else [event.result]


def table(found: Failures, limits: Seconds) -> str:
    """In Markdown."""
    lines = ["| role | calls | JSON | valid at first | in the end | tokens in | out | cached | longest call | its limit |", "|---|" + "--:|" * 9]
    for role, of in found.roles.items():
        json = (f"{of.asked or '–'}", _share(of.at_first, of.asked), _share(of.in_the_end, of.asked))
        tokens = (f"{of.tokens_in:,}", f"{of.tokens_out:,}", _share(of.cached, of.later))
        cells = (role, f"{of.calls}", *json, *tokens, f"{of.longest:.0f} s", f"{seconds_of(limits, role):g} s")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(part: int, of: int) -> str:
    return f"{100 * part / of:.0f} %" if of else "–"


def main() -> None:
    """Print it."""
    run, events = load_run_and_events(sys.argv[1], results=Path(sys.argv[2] if len(sys.argv) > 2 else "results"))
    found = failures([event for of in events.values() for event in of])
    print(table(found, run.study.limits.timeout))
    for name, counted in (("unscored", found.unscored), ("flags of the user", found.flags), ("calls lost", found.lost)):
        print(f"{name}: {', '.join(f'{what} {n}' for what, n in counted.most_common()) or 'none'}")


if __name__ == "__main__":
    main()
