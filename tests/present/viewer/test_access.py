"""Nobody gets anything from the viewer without its token, under another name, or from another page."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from sim.present.viewer.access import LONGEST, AccessTokens, Guard

HOST = "127.0.0.1:8123"
TOKENS = AccessTokens(owner="o" * 32, guest="g" * 32)


async def _who(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.scope["part"])


PATHS = ("/", "/rate", "/rate/next", "/api/runs", "/static/viewer.js", "/rates", "/static/../api/runs")


@pytest.fixture
def client() -> TestClient:
    app = Starlette(routes=[Route("/{path:path}", _who, methods=["GET", "POST"])])
    return TestClient(Guard(app, tokens=TOKENS, hosts=frozenset({HOST})), base_url=f"http://{HOST}")


def test_the_token_opens_once_and_lives_on_in_a_cookie(client: TestClient) -> None:
    first = client.get("/", params={"token": TOKENS.owner})
    assert (first.status_code, first.text) == (200, "owner")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/").text == "owner"


@pytest.mark.parametrize("token", ["", "x", "o" * 31, "O" * 32, "é" * 32])
def test_a_wrong_token_is_refused(client: TestClient, token: str) -> None:
    answer = client.get("/", params={"token": token} if token else {})
    assert answer.status_code == 403
    assert "sim view" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("cookie", ["rapport-8123=", "rapport-8123=wrong", "rapport-80=" + "o" * 32, "=;=;", "a" * 5000])
def test_a_wrong_cookie_is_refused(client: TestClient, cookie: str) -> None:
    assert client.get("/", headers={"cookie": cookie}).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:8124", "localhost:8123.evil.example", ""])
def test_another_name_for_this_machine_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", params={"token": TOKENS.owner}, headers={"host": host}).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8123", "http://127.0.0.1:8124"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_page_is_refused(client: TestClient, origin: str, method: str) -> None:
    answer = client.request(method, "/", params={"token": TOKENS.owner}, headers={"origin": origin}, json={} if method == "POST" else None)
    assert answer.status_code == 403


def test_what_changes_something_says_which_page_it_comes_from_and_is_short_json(client: TestClient) -> None:
    mine = {"origin": f"http://{HOST}"}
    assert client.post("/", params={"token": TOKENS.owner}, json={}, headers=mine).status_code == 200
    assert client.post("/", json={}).status_code == 403
    assert client.post("/", content="a=b", headers={**mine, "content-type": "application/x-www-form-urlencoded"}).status_code == 403
    assert client.post("/", content=b"x" * (LONGEST + 1), headers={**mine, "content-type": "application/json"}).status_code == 413
    assert client.post("/", content=iter([b"{}"]), headers={**mine, "content-type": "application/json"}).status_code == 413
    both = {"content-type": "application/json", "content-length": "2", "transfer-encoding": "chunked"}
    assert client.post("/", content=b"{}", headers={**mine, **both}).status_code == 413
    for length in ("²", "-1", "9" * 5000):
        assert (
            client.post("/", content=b"{}", headers={**mine, "content-type": "application/json", "content-length": length.encode()}).status_code
            == 413
        )


def test_a_long_address_and_a_web_socket_are_refused(client: TestClient) -> None:
    assert client.get("/" + "a" * 9000, params={"token": TOKENS.owner}).status_code == 413
    assert client.get("/", params={"token": TOKENS.owner, "q": "a" * 9000}).status_code == 413
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"/?token={TOKENS.owner}"):
        pass


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_no_other_method_is_served(client: TestClient, method: str) -> None:
    assert client.request(method, "/", params={"token": TOKENS.owner}).status_code == 405


@pytest.mark.parametrize("path", PATHS)
def test_guests_reach_their_own_pages_and_nothing_else(client: TestClient, path: str) -> None:
    allowed = path in ("/rate", "/rate/next", "/static/viewer.js")
    assert (client.get(path, params={"token": TOKENS.guest}).status_code == 200) == allowed


def test_every_answer_closes_what_a_page_could_be_made_to_do(client: TestClient) -> None:
    for answer in (client.get("/", params={"token": TOKENS.owner}), client.get("/", headers={"host": "evil.example"})):
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe-eval" not in policy
        assert "default-src 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_tokens_are_drawn_afresh() -> None:
    drawn = {t for _ in range(50) for t in (AccessTokens.draw().owner, AccessTokens.draw().guest)}
    assert len(drawn) == 100
    assert min(map(len, drawn)) >= 32
