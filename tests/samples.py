"""`python -m tests.samples [PERSONA [SCENARIO]]` writes one transcript for each offline target to standard output, to be read aloud."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from sim.core.cast import Cast, build_cast
from sim.core.dates import spoken
from sim.core.event import SessionClosed, SessionOpened, TargetReplied, UserSpoke, Utterance
from sim.core.fold import fold
from sim.core.record import Trial
from sim.core.spec import Persona, Scenario
from sim.core.view import criterion_view, rater_view, user_view
from sim.llm.client import Client, Message, Request
from sim.llm.offline import build_offline
from sim.llm.offline.behaviours import BEHAVIOURS
from sim.store.yaml_file import load_yaml

START = dt.date(2026, 1, 5)
FIXED = {"study_seed": 0, "history_tokens": 8000}


async def play(cast: Cast, *, target: str = "offline/uses", user: str = "offline/user", seed: int = 1, memory: str = "full") -> Trial:
    """A whole trial, neither rated nor tagged: the graph's loop without its graph."""
    speaker, bot = build_offline(user), build_offline(target)
    trial = Trial("sample", target, seed, cast)
    earlier: list[Message] = []
    for session in cast.sessions:
        trial = fold(trial, [SessionOpened(trial="sample", session=session.index, take=1, date=session.date)])
        now: list[Message] = []
        while True:
            place = {"trial": "sample", "session": session.index, "take": 1, "exchange": len(trial.sessions[-1].exchanges) + 1}
            view = user_view(trial, **FIXED)
            value = (await speaker.complete(Request("user", (), inputs=view))).value
            if value["leave"] and not value["message"]:
                break
            said = Utterance.model_validate(value)
            header = f"[{spoken(session.date)}]\n\n" if not now else ""
            now.append(Message("user", header + said.message))
            answer = await bot.complete(Request("target", (*(earlier if memory == "full" else ()), *now)))
            now.append(Message("assistant", answer.text))
            trial = fold(trial, [UserSpoke(**place, said=said), TargetReplied(**place, reply=answer.text)])
            if said.leave or view.last:
                break
        earlier += now
        trial = fold(trial, [SessionClosed(trial="sample", session=session.index, take=1, ending="maximum")])
    return replace(trial, finished=True)


async def rated(trial: Trial, *, rater: str = "offline/rater") -> list[dict]:
    """The ratings of every exchange, in order, as the rater's model answers them."""
    client = build_offline(rater)
    views = [rater_view(trial, s.index, e.index, **FIXED) for s in trial.sessions for e in s.exchanges]
    return [(await client.complete(Request("rater", (), inputs=view))).value for view in views]


async def looked_back(trial: Trial, *, rater: str = "offline/rater") -> list[dict]:
    """The criterion answers of every session."""
    client: Client = build_offline(rater)
    return [(await client.complete(Request("rater", (), inputs=criterion_view(trial, s.index, **FIXED)))).value for s in trial.sessions]


@cache
def load(kind: type[Persona] | type[Scenario], name: str) -> Persona | Scenario:
    """A shipped persona or scenario, read once."""
    folder = Path(__file__).parent.parent / ("personas" if kind is Persona else "scenarios")
    return load_yaml(folder / f"{name}.yaml", kind)


def told(trial: Trial, ratings: list[dict] | None = None) -> Iterator[str]:
    """The trial as lines to read."""
    scores = iter(ratings or ())
    for session in trial.sessions:
        yield f"\n  {spoken(session.date)}"
        for e in session.exchanges:
            yield f"\n  {trial.cast.persona.name}: {e.user.message}"
            yield f"  bot: {e.reply.text}"
            if ratings:
                yield "      " + " ".join(f"{d[:4]}={r['score']}" for d, r in sorted(next(scores).items()))


async def main(persona: str = "maryse", scenario: str = "long-quarrel", *names: str) -> None:
    """Print the transcripts."""
    cast = build_cast(load(Persona, persona), load(Scenario, scenario), start_date=START)
    for name in names or BEHAVIOURS:
        trial = await play(cast, target=f"offline/{name}")
        print(f"\n=== {name} ===")
        print("\n".join(told(trial, await rated(trial))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
