"""What the viewer serves: pages from files, figures and texts as JSON, what is new as server-sent events.

Nothing here is computed that another module does not compute: a route reads its arguments, asks, and sends. Only labels, kept tests, ratings, forms
and chat messages are taken in.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import Field
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sim.analysis.verdicts.triage import grouped, queue
from sim.core.codebook import LABELS
from sim.core.errors import InputError
from sim.core.event import Label
from sim.core.frozen import Frozen, Id
from sim.core.standins import StandIns
from sim.present.colours import colours_of
from sim.present.guide import topic_html
from sim.present.report.page import theme
from sim.present.report.talks import talk_data
from sim.present.text.listing import runs_document
from sim.present.text.outages import outage_line
from sim.present.viewer.answering import Answer, page, static, told
from sim.present.viewer.guests import guest_routes
from sim.present.viewer.rows import Filter
from sim.present.viewer.runs import A_MOMENT
from sim.present.words import SHORT
from sim.store.runs import list_runs

if TYPE_CHECKING:
    from starlette.requests import Request

    from sim.core.ports import Clock
    from sim.engine.plan import TrialPlan
    from sim.people.service import People
    from sim.present.viewer.compared import ComparedDocument
    from sim.present.viewer.runs import OpenRun, OpenRuns
    from sim.present.viewer.sections import RunSections

MOST: Final = 500
"""Rows sent at once."""
WORST: Final = 100
"""Exchanges that are brought forward to be read; when these are labelled, the next come."""
HEARTBEAT: Final = 15.0
"""Seconds without news after which a comment is sent, so that a closed page is noticed."""
LABELLED: Final = get_args(Label)
OWNER: Final = "owner"
"""Who labels."""


class LabelWish(Frozen):
    """What a reader says of an exchange."""

    trial: str = Field(max_length=400)
    session: int
    exchange: int
    label: Label
    note: str = Field(default="", max_length=4_000)
    of: str = Field(default="", max_length=500)


class KeepWish(Frozen):
    """A conversation to be kept as a test, up to an exchange."""

    trial: str = Field(max_length=400)
    session: int
    exchange: int
    id: Id


def build_app(
    runs: OpenRuns,
    *,
    clock: Clock,
    keep: Callable[[OpenRun, KeepWish], str],
    report_of: Callable[[OpenRun], str],
    sections_of: Callable[[OpenRun], RunSections],
    compare: Callable[[Sequence[str]], ComparedDocument],
    people: People | None = None,
) -> Starlette:
    """The viewer of `runs`, to be put behind a `Guard`.

    Args:
        keep: writes a scenario and returns where.
        report_of: a run's report as one page.
        sections_of: a run's figures, section by section.
        compare: what can be concluded from the runs of these names.
        people: those of a study with people.
    """

    def first(handle: Answer) -> Answer:
        """`handle`, and reading ahead gives way to it."""

        async def handled(request: Request) -> Response:
            with runs.asked():
                return await handle(request)

        return handled

    async def all_runs(request: Request) -> Response:
        lines = await asyncio.to_thread(list_runs, runs.results)
        return JSONResponse(runs_document(lines).model_dump(mode="json"))

    async def one_run(request: Request) -> Response:
        run = await _opened(request)
        await asyncio.to_thread(run.catch_up, A_MOMENT)
        return JSONResponse(await asyncio.to_thread(_head, run))

    async def figures(request: Request) -> Response:
        run = await asyncio.to_thread(runs.get, request.path_params["run"], ahead=False)
        return JSONResponse((await asyncio.to_thread(run.figures)).model_dump(mode="json"))

    async def sections(request: Request) -> Response:
        run = await _opened(request)
        return JSONResponse((await asyncio.to_thread(run.sections, sections_of)).model_dump(mode="json"))

    async def comparison(request: Request) -> Response:
        names = request.query_params.getlist("run")
        return JSONResponse((await asyncio.to_thread(compare, names)).model_dump(mode="json"))

    async def exchanges(request: Request) -> Response:
        run = await _opened(request)
        asked = {k: v for k, v in request.query_params.items() if v != ""}
        words, offset, limit = asked.pop("q", ""), _number(asked.pop("offset", "0")), _number(asked.pop("limit", "50"))
        asked.pop("token", None)
        wish = Filter.model_validate(asked)
        page = await asyncio.to_thread(run.page, wish, words=words, offset=offset, limit=min(limit, MOST))
        return JSONResponse(page.model_dump(mode="json"))

    async def talk(request: Request) -> Response:
        run = await _opened(request)
        return JSONResponse(await asyncio.to_thread(_talk, run, request.path_params["trial"]))

    async def report(request: Request) -> Response:
        run = await _opened(request)
        # The page carries a policy of its own, stricter than the viewer's: it names its scripts by their hashes.
        return HTMLResponse(await asyncio.to_thread(run.report, report_of), headers={"content-security-policy": "frame-ancestors 'none'"})

    async def guide(request: Request) -> Response:
        return HTMLResponse(await asyncio.to_thread(topic_html, request.path_params.get("topic", "quickstart")))

    async def triage(request: Request) -> Response:
        run = await _opened(request)
        items = await asyncio.to_thread(lambda: queue(run.folder.study, run.suspects(WORST), run.scorers))
        first = [i.model_dump(mode="json") for i in items]
        return JSONResponse({"items": first, "total": len(items), "groups": grouped(items)})

    async def live(request: Request) -> Response:
        run = await _opened(request)
        return StreamingResponse(_news(run), media_type="text/event-stream")

    async def label(request: Request) -> Response:
        run, wish = await _opened(request), LabelWish.model_validate(await request.json())
        await run.label(OWNER, **dict(wish), clock=clock)
        return JSONResponse({"kept": True})

    async def kept(request: Request) -> Response:
        run, wish = await _opened(request), KeepWish.model_validate(await request.json())
        return JSONResponse({"path": await asyncio.to_thread(keep, run, wish)})

    async def _opened(request: Request) -> OpenRun:
        return await asyncio.to_thread(runs.get, request.path_params["run"])

    return Starlette(
        routes=[
            *(guest_routes(people) if people else ()),
            Route("/", page("runs.html")),
            Route("/compare", page("compare.html")),
            Route("/runs/{run}", page("run.html")),
            Route("/runs/{run}/report", told(report)),
            Route("/static/{file}", static),
            Route("/guide", told(guide)),
            Route("/guide/{topic}", told(guide)),
            Route("/api/runs", told(first(all_runs))),
            Route("/api/compare", told(comparison)),
            Route("/api/runs/{run}", told(first(one_run))),
            Route("/api/runs/{run}/figures", told(figures)),
            Route("/api/runs/{run}/sections", told(sections)),
            Route("/api/runs/{run}/exchanges", told(first(exchanges))),
            Route("/api/runs/{run}/triage", told(first(triage))),
            Route("/api/runs/{run}/live", told(live)),
            Route("/api/runs/{run}/labels", told(label), methods=["POST"]),
            Route("/api/runs/{run}/keep", told(kept), methods=["POST"]),
            Route("/api/runs/{run}/talks/{trial:path}", told(first(talk))),
        ],
    )


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise InputError(f"'{text[:20]}' is not a number of rows")
    return int(text)


def _head(run: OpenRun) -> dict[str, Any]:
    study, header = run.folder.study, run.folder.header
    return {
        "run": run.folder.name,
        "running": run.folder.is_being_written(),
        "offline_note": StandIns(header.offline, tuple(t.id for t in study.targets), study.primary_rater).note,
        "rater": study.primary_rater,
        "tagger": study.tagger_id,
        "progress": run.progress.model_dump(mode="json"),
        "outages": [outage_line(o) for o in run.outages()],
        "stops": run.stops(),
        "choices": run.choices(),
        "labels": LABELLED,
        "words": {"short": SHORT, "labels": LABELS, "moves": [m.id for m in run.folder.codebook.tagged]},
        "places": colours_of(study.targets),
        "colours": {look: of["range"]["ordinal"] for look, of in theme().items()},  # type: ignore[call-overload,index]
    }


def _talk(run: OpenRun, name: str) -> dict[str, Any]:
    """One trial, with those that it can be shown beside: the same person in the same scenario under the same seed."""
    trial = run.trial(name)
    own = _place(run.plans[name])
    near = [place for place in map(_place, run.plans.values()) if all(place[key] == own[key] for key in ("persona", "scenario", "seed"))]
    return {**talk_data(trial, run.folder.study), "beside": near}


def _place(plan: TrialPlan) -> dict[str, str | int]:
    cast = plan.cast
    return {"trial": plan.id, "target": plan.target.id, "persona": cast.persona.id, "scenario": cast.scenario.id, "seed": plan.seed}


async def _news(run: OpenRun) -> AsyncIterator[str]:
    """First how far the run has come, then every row that is new or changed, with how far it has come by then."""
    async with run.watched() as rows:
        yield _event("progress", run.progress.model_dump(mode="json"))
        while True:
            try:
                found = await asyncio.wait_for(rows.get(), HEARTBEAT)
            except TimeoutError:
                yield ": nothing new\n\n"
                continue
            running = await asyncio.to_thread(run.folder.is_being_written)
            if found:
                sent = await asyncio.to_thread(run.documents_of, found[-MOST:])
                yield _event("rows", [row.model_dump(mode="json") for row in sent])
            yield _event("progress", run.progress.model_dump(mode="json") | {"running": running})


def _event(name: str, value: object) -> str:
    return f"event: {name}\ndata: {json.dumps(value)}\n\n"
