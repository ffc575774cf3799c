"""A report over 5,000 exchanges of real-length text: time to build, size, and milliseconds until the page is usable and every chart drawn.

python -m tests.benchmarks.report [EXCHANGES]

Replies and messages are those of ../shared/data/moves_conversations, dealt out by seed and no message twice in a trial; reasons are put together from
their words, so that they are as hard to pack as what models write.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sim.core.codebook import ALWAYS, CRITERIA, DIMENSIONS, Dimension
from sim.core.event import (
    Call,
    CountedEvidence,
    Event,
    Judged,
    Meta,
    NotApplicable,
    Quote,
    Rating,
    Score,
    SessionClosed,
    SessionOpened,
    TaggedSentence,
    Tags,
    TargetReplied,
    Timing,
    TrialFinished,
    Usage,
    UserSpoke,
    Utterance,
)
from sim.core.spec import Study
from sim.engine.plan import TrialPlan, plan_trials
from sim.store.library import resolve_study
from sim.store.runs import RunFolder, create_run
from tests.cli.command import ROOT, launch
from tests.present.report.chromium import CHROMIUM, DRAWN, chromium, opened

CONVERSATIONS = ROOT.parent / "shared" / "data" / "moves_conversations"
EXCHANGES = 5_000
TARGETS = ("remembers", "forgets", "validates", "sticky", "varied")
MOVES = ("information", "advice", "validation", "emotional_expression", "paraphrasing", "questioning", "reappraisal", "empowerment")


def load_texts() -> list[tuple[str, str]]:
    """Every message with the reply to it."""
    found = []
    for file in sorted(CONVERSATIONS.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            said = json.loads(line)["messages"]
            found += [(a["content"], b["content"]) for a, b in zip(said[::2], said[1::2], strict=False)]
    return found


def build_run(results: Path, exchanges: int) -> RunFolder:
    """A finished run of about so many exchanges, with 24 personas and five targets."""
    targets = [{"id": t, "model": "openai/any", "api_base": "http://127.0.0.1:1/v1", "memory": "none" if t == "forgets" else "full"} for t in TARGETS]
    study = Study.model_validate(
        {
            "name": "long",
            "targets": targets,
            "user": {"model": "openai/user", "api_base": "http://127.0.0.1:1/v1"},
            "personas": ["*"],
            "scenarios": ["new-in-town"],
        }
    )
    loaded = resolve_study(study, ROOT)
    run = create_run(results, "long", loaded, prompts={"rate": "text"}, scorers={}, offline=())
    plans = plan_trials(loaded.study, loaded.personas, loaded.scenarios)
    texts = load_texts()

    async def write() -> None:
        with run.write_journal() as journal:
            for i, plan in enumerate(plans):
                share = exchanges * (i + 1) // len(plans) - exchanges * i // len(plans)
                for event in tell(plan, texts, share, random.Random(i)):
                    await journal.append(event)

    asyncio.run(write())
    return run


def tell(plan: TrialPlan, texts: list[tuple[str, str]], exchanges: int, rng: random.Random) -> Iterator[Event]:
    """The events of one trial."""
    blank = plan.blank()
    sessions = blank.cast.sessions
    dealt = iter(rng.sample(texts, exchanges))
    liking = {"remembers": 0.6, "forgets": 0.3, "validates": 0.4, "sticky": 0.1, "varied": 0.5}[blank.target]
    for s in sessions:
        place = {"trial": plan.id, "session": s.index, "take": 1}
        yield SessionOpened.model_validate({**place, "date": s.date})
        for n in range(1, exchanges // len(sessions) + (s.index <= exchanges % len(sessions)) + 1):
            said, reply = next(dealt)
            here = {**place, "exchange": n}
            meta = Meta(at=float(n), timings=(Timing(latency=rng.expovariate(1)),))
            yield UserSpoke.model_validate({**here, "said": Utterance(message=said, mood="low"), "calls": (_call("user"),), "meta": meta})
            yield TargetReplied.model_validate({**here, "reply": reply, "calls": (_call("target"),), "meta": meta})
            ratings = {d: _rating(d, said, reply, liking, rng) for d in DIMENSIONS}
            yield Judged.model_validate({"kind": "rated", **here, "part": "self", "ratings": ratings, "calls": (_call("rater"),), "meta": meta})
            sentences = [TaggedSentence(text=t, moves=(rng.choice(MOVES),)) for t in re.findall(r"[^.!?]+[.!?]*", reply)]
            yield Judged.model_validate({"kind": "tagged", **here, "part": "offline", "tagging": Tags(sentences=tuple(sentences))})
        answers = {c: Score(reason=_reason(said, reply, rng), score=rng.randint(2, 5)) for c in CRITERIA}
        yield Judged.model_validate({"kind": "rated", **place, "part": "self", "ratings": answers, "calls": (_call("rater"),)})
        yield SessionClosed.model_validate({**place, "ending": "maximum"})
    yield TrialFinished(trial=plan.id)


def _rating(dimension: Dimension, said: str, reply: str, liking: float, rng: random.Random) -> Rating:
    if dimension not in ALWAYS and rng.random() < 0.6:
        return NotApplicable(reason=_reason(said, reply, rng))
    score = 1 + sum(rng.random() < 0.35 + liking / 2 for _ in range(4))
    words = reply.split()
    at = rng.randrange(max(1, len(words) - 5))
    quote = Quote(text=" ".join(words[at : at + 5]), found=True)
    evidence = CountedEvidence(reply_words=len(words), user_words=len(said.split())) if dimension == "length_fit" else quote
    return Score(reason=_reason(said, reply, rng), evidence=evidence, score=score)


def _reason(said: str, reply: str, rng: random.Random) -> str:
    """Some fourteen words."""
    mine, its = said.split(), reply.split()
    return f"I spoke of {' '.join(rng.sample(mine, min(5, len(mine))))}, and it came with {' '.join(rng.sample(its, min(5, len(its))))}."


def _call(role: str) -> Call:
    return Call.model_validate({"role": role, "model": "openai/any", "prompt": "0" * 16, "usage": Usage(input=900, output=80), "cost": 0.001})


def main(exchanges: int) -> None:
    """Build, render, open, and print one line a figure."""
    with tempfile.TemporaryDirectory() as folder:
        build_run(Path(folder) / "results", exchanges)
        begun, before = time.perf_counter(), _processor_time()
        # An interpreter of its own: what forks a command has imported everything before, and is no child whose time is counted.
        process = launch("report", "long", cwd=Path(folder))
        out, errors = process.communicate()
        took, busy = time.perf_counter() - begun, _processor_time() - before
        assert process.returncode == 0, errors
        file = Path(folder) / out.strip()
        print(f"{exchanges:,} exchanges: built in {took:.1f} s ({busy:.1f} s of processor time), {file.stat().st_size / 1e6:.2f} MB")
        if CHROMIUM.exists():
            with chromium() as browser, opened(browser, file) as (page, watch):
                ready = page.evaluate("performance.getEntriesByName('usable')[0].startTime")
                page.wait_for_selector(DRAWN)
                drawn = page.evaluate("performance.getEntriesByName('drawn')[0].startTime")
                talk = page.evaluate(OPEN_ONE)
                assert watch.complaints == [], watch.complaints
            print(f"usable after {ready:.0f} ms, every chart drawn after {drawn:.0f} ms, a conversation opened in {talk:.0f} ms")


def _processor_time() -> float:
    """Seconds that finished children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


OPEN_ONE = """async () => {
  const begun = performance.now();
  location.hash = Rapport.link("talk", { trial: Rapport.trials()[7].trial }).slice(1);
  while (!document.querySelector("#talk .exchange")) await new Promise((f) => setTimeout(f, 1));
  return performance.now() - begun;
}"""

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else EXCHANGES)
