"""The pages for people who rate or chat: one page, its state, and what it sends."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sim.core.errors import InputError
from sim.present.viewer.answering import page, told

if TYPE_CHECKING:
    from starlette.requests import Request

    from sim.people.service import People, Person

COOKIE: Final = "rapport-person"
A_MONTH: Final = 30 * 24 * 3600


def guest_routes(people: People) -> list[Route]:
    """What guests may reach.

    Args:
        people: everybody who takes part.
    """

    async def state(request: Request) -> Response:
        return JSONResponse(await people.state(_person(request, people)))

    async def consent(request: Request) -> Response:
        person = _person(request, people) or await people.consent()
        return _known(JSONResponse(await people.state(person)), person)

    async def back(request: Request) -> Response:
        code = (await _sent(request)).get("code")
        person = people.find(code.strip().lower()) if isinstance(code, str) else None
        if person is None:
            raise InputError("nobody goes by that code")
        return _known(JSONResponse(await people.state(person)), person)

    async def form(request: Request) -> Response:
        sent, person = await _sent(request), _demand(request, people)
        await people.fill_in(person, sent.get("form"), sent.get("answers"))
        return JSONResponse(await people.state(person))

    async def work(request: Request) -> Response:
        sent, person = await _sent(request), _demand(request, people)
        await people.take(person, sent)
        return JSONResponse(await people.state(person))

    async def withdraw(request: Request) -> Response:
        deleted = await people.withdraw(_demand(request, people))
        response = JSONResponse({"step": "withdrawn", "deleted": deleted})
        response.delete_cookie(COOKIE, path="/rate")
        return response

    return [
        Route("/rate", page("rate.html")),
        Route("/rate/state", told(state)),
        Route("/rate/consent", told(consent), methods=["POST"]),
        Route("/rate/back", told(back), methods=["POST"]),
        Route("/rate/form", told(form), methods=["POST"]),
        Route("/rate/work", told(work), methods=["POST"]),
        Route("/rate/withdraw", told(withdraw), methods=["POST"]),
    ]


def _known(response: Response, person: Person) -> Response:
    response.set_cookie(COOKIE, person.code, max_age=A_MONTH, path="/rate", httponly=True, samesite="strict")
    return response


def _person(request: Request, people: People) -> Person | None:
    try:
        morsel = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return people.find(morsel.value) if morsel else None


def _demand(request: Request, people: People) -> Person:
    person = _person(request, people)
    if person is None:
        raise InputError("nobody has consented on this page", mend="load the page again")
    return person


async def _sent(request: Request) -> dict[str, Any]:
    sent = await request.json()
    if not isinstance(sent, dict):
        raise InputError("that is not what this page sends")
    return sent
