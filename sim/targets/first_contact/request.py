"""From one request to the templates of all requests: where the message goes, where user and session are named, and what is secret.

Names of fields decide, then what stands in them. A secret never gets into the template: it becomes the name of an environment variable, and its value
is handed back apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from pydantic import JsonValue

from sim.core.errors import InputError
from sim.core.spec.http import SECRET, SLOT, UNREAD
from sim.core.spec.keylike import long_runs
from sim.targets.first_contact.curl import FLAG, Curl, names
from sim.targets.first_contact.finding import Finding

MESSAGE = ("message", "usermessage", "prompt", "input", "userinput", "text", "query", "question", "content", "msg", "utterance", "q", "ask")
"""Names of the field that the user's message stands in, the likeliest first."""
SESSION = names(
    "sessionid session sessionkey conversationid conversation convid threadid thread chatid dialogid dialogueid contextid roomid channelid"
)
USER = names("userid user uid username customerid clientid visitorid senderid sender from deviceid accountid personid memberid playerid")
_OF_A_KIND = {"sessions": "session_id", "conversations": "session_id", "threads": "session_id", "chats": "session_id", "users": "user_id"}
"""What the segment after such a segment of a path names."""
_NOISE = re.compile(
    r"^(:.*|sec-.*|accept-encoding|connection|content-length|host|priority|pragma|cache-control|te|dnt|upgrade-insecure-requests|if-.*)$", re.I
)
"""Headers that say something of one browser or connection, not of the message."""
_UUID = re.compile(r"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$|^[0-9a-f]{24,32}$", re.I)
_KEY_LIKE = re.compile(r"^(?:sk|pk|rk|gsk|xai|key|hf|ghp|glpat|xox[a-z])[-_][\w.\-]{6,}$|^AIza[\w\-]{20,}$|^eyJ[\w\-]+\.[\w\-]+\.[\w\-]*$")
_NAMES_ITSELF = re.compile(r"^(?:(?P<scheme>[A-Za-z]+) )?\$(?:\{(?P<braced>[A-Za-z_]\w*)\}|(?P<bare>[A-Za-z_]\w*))$")
_DENSE = re.compile(r"^(?=.*\d)(?=.*[A-Za-z])[\w\-+/=.]{20,}$")
"""A header that looks like this is a key, whatever it is called."""
_SECRET_NAMES = names("key auth pwd pass pin signature sig jwt bearer")
_HOLDS = frozenset({"value", "val", "id", "data", "secret", "key"})
"""Names of the field of a secret that holds the secret itself: `auth.value`."""
_NO_KEYS = frozenset({"model", "modelid", "version", "apiversion"})
_SCHEME = re.compile(r"^(Bearer|Basic|Token|ApiKey|Api-Key|Key)\s+(?=\S)", re.I)


@dataclass(frozen=True)
class Draft:
    """How messages are sent, as far as one request tells."""

    fields: dict[str, JsonValue]
    """Of an `HttpSpec`: url, method, headers, body."""
    secrets: dict[str, str]
    """Values by the name of the variable they are to stand in."""
    findings: tuple[Finding, ...]


Place = tuple[str | int, ...]


def draft_request(curl: Curl, environ: Mapping[str, str], *, prefix: str) -> Draft:
    """The templates that `curl` is one filling of.

    Args:
        environ: names in it are not given to other secrets; a secret that it already holds keeps its name.
        prefix: of the names of variables.

    Raises:
        InputError: nothing in it looks like a message.
    """
    vault = _Vault(environ, prefix)
    findings: list[Finding] = []
    # Ids and secrets first: what is left is looked through for the message.
    body, named = _fill_ids(curl.body, vault)
    url, in_url = _fill_url(curl.url, vault)
    headers, in_headers = _fill_headers(curl.headers, vault)
    message, body, url = _place_message(body, url)
    # Of what is left nobody says what it is: whatever is long and mixed may be a key, and the study must not hold one.
    body = _changed(body, vault.keep_what_is_long)
    url = _without_long_runs(url, vault)
    headers = {name: value if name.lower() in UNREAD else vault.cut(name, value) for name, value in headers.items()}
    findings += message
    found = {**in_headers, **in_url, **named}
    if not found and not _has(body, "{messages}"):
        headers |= {"X-User-Id": "{user_id}", "X-Session-Id": "{session_id}"}
        said = "nothing in the request names user or session, so X-User-Id and X-Session-Id are sent; put the fields it reads into the request"
        findings.append(Finding(about="user", said=said, mark="warning"))
    for about, slot in (("user", "{user_id}"), ("session", "{session_id}")):
        places = [place for place, name in found.items() if name == slot]
        if places:
            findings.append(Finding(about=about, said=f"is named in {', '.join(places)}"))
    findings += [Finding(about="secret", said=f"{place} is taken from ${name}") for place, name in vault.places.items()]
    if any(n.lower() == "cookie" for n in headers):
        said = "a cookie is sent; if it names a session, all users share that one"
        findings.append(Finding(about="cookie", said=said, mark="warning"))
    findings += [Finding(about="flag", said=f"{flag} is not honoured", mark="warning") for flag in curl.ignored]
    fields: dict[str, JsonValue] = {"url": url}
    if curl.method != "POST":
        fields["method"] = curl.method
    if headers:
        fields["headers"] = dict(headers)
    if body is not None:
        fields["body"] = body
    return Draft(fields, vault.values, tuple(findings))


def draft_url(url: str) -> Curl:
    """The request that is made of a chatbot of which only the URL is known: OpenAI's where the URL looks like it, else ours."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if path.endswith("/v1"):
        path += "/chat/completions"
    if path.endswith("/completions"):
        body: JsonValue = {"model": "default", "messages": [{"role": "user", "content": "Hi"}]}
        return Curl("POST", urlunsplit(parts._replace(path=path)), (), body)
    if SLOT.search(url) or parts.query:
        return Curl("GET", url)
    return Curl("POST", url, (), {"message": "Hi", "user_id": "someone", "session_id": "today"})


# --- ids and secrets ------------------------------------------------------------------------------------------------


class _Vault:
    """Secrets by the name of the variable they get."""

    def __init__(self, environ: Mapping[str, str], prefix: str) -> None:
        self._environ = environ
        self._prefix = prefix
        self.values: dict[str, str] = {}
        self.places: dict[str, str] = {}
        """The variable's name by where it stands in the request."""

    def keep(self, place: str, value: str) -> str:
        """What is written instead of `value`."""
        shell = _NAMES_ITSELF.match(value)
        if shell:
            name = shell["braced"] or shell["bare"]
            if not self._environ.get(name, "").strip():
                raise InputError(f"{place} is taken from ${name}, which is not set", mend=f"export {name}=…", where=FLAG)
            self.places[place] = name
            return f"{shell['scheme']} ${{{name}}}" if shell["scheme"] else f"${{{name}}}"
        scheme = _SCHEME.match(value)
        lead = scheme[0] if scheme else ""
        name = self._name(value[len(lead) :])
        self.places[place] = name
        return f"{lead}${{{name}}}"

    def keep_what_is_long(self, place: Place, value: JsonValue) -> JsonValue:
        """A value of the body with a variable for each stretch of it that might be a key; the name of a model or version is none."""
        names = [plain(step) for step in place if isinstance(step, str)]
        if not isinstance(value, str) or (names and names[-1] in _NO_KEYS):
            return value
        if len(names) > 1 and names[-1] in _HOLDS and (names[-2] in _SECRET_NAMES or SECRET.search(names[-2])) and not _slots(value):
            return self.keep(shown(place), value)
        return self.cut(shown(place), value)

    def cut(self, place: str, text: str) -> str:
        """`text` with a variable for each stretch of it that might be a key."""
        slots = [slot.span() for slot in SLOT.finditer(text)]
        parts: list[str] = []
        done = 0
        for run in long_runs(text):
            if any(begin <= run.start() < end for begin, end in slots):
                continue
            parts += [text[done : run.start()], self.keep(place, run[0])]
            done = run.end()
        return "".join(parts) + text[done:]

    def _name(self, value: str) -> str:
        known = {**{k: v for k, v in self._environ.items() if len(v) >= 6 and (SECRET.search(k) or k.startswith(f"{self._prefix}_"))}, **self.values}
        for name in sorted(known):
            if known[name].strip() == value:
                return name
        base, number = f"{self._prefix}_KEY", 1
        name = base
        while name in self._environ or name in self.values:
            number += 1
            name = f"{base}_{number}"
        self.values[name] = value
        return name


def _is_secret(name: str, value: str) -> bool:
    if not value.strip() or _slots(value):
        return False
    return bool(SECRET.search(name) or plain(name) in _SECRET_NAMES or _KEY_LIKE.match(value) or _NAMES_ITSELF.match(value))


def _slots(text: str) -> bool:
    return any(m["name"] for m in SLOT.finditer(text))


def plain(name: object) -> str:
    """The name of a field without case, `-`, `_` and `x-`."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower().removeprefix("x-"))


def _slot_for(name: str) -> str | None:
    return "{session_id}" if name in SESSION else "{user_id}" if name in USER else None


def shown(place: Place) -> str:
    """A place as the study file writes it: `messages[0].content`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".") if not text.startswith("[") else f"${text}"


def leaves(value: JsonValue, place: Place = ()) -> Iterator[tuple[Place, JsonValue]]:
    """Every single value in `value` with its place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*place, index))
    else:
        yield place, value


def _changed(value: JsonValue, change: Callable[[Place, JsonValue], JsonValue], place: Place = ()) -> JsonValue:
    """`value` with every single value replaced by what `change` makes of it."""
    if isinstance(value, dict):
        return {key: _changed(item, change, (*place, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_changed(item, change, (*place, index)) for index, item in enumerate(value)]
    return change(place, value)


def _fill_ids(body: JsonValue, vault: _Vault) -> tuple[JsonValue, dict[str, str]]:
    found: dict[str, str] = {}

    def change(place: Place, value: JsonValue) -> JsonValue:
        keys = [s for s in place if isinstance(s, str)]
        if not keys or isinstance(value, bool) or not isinstance(value, str | int):
            return value
        last = plain(keys[-1])
        slot = _slot_for("".join(map(plain, keys[-2:])) if last == "id" else last)
        if slot and not (isinstance(value, str) and (value.count(" ") > 1 or _slots(value))):
            found[shown(place)] = slot
            return slot
        if isinstance(value, str):
            if _is_secret(keys[-1], value):
                return vault.keep(shown(place), value)
            for own in ("{user_id}", "{session_id}"):
                if own in value:
                    found[shown(place)] = own
        return value

    return _changed(body, change), found


def _fill_headers(headers: tuple[tuple[str, str], ...], vault: _Vault) -> tuple[dict[str, str], dict[str, str]]:
    kept: dict[str, str] = {}
    found: dict[str, str] = {}
    for name, value in headers:
        if _NOISE.match(name):
            continue
        slot = _slot_for(plain(name))
        if slot and plain(name) != "from":
            found[f"header {name}"] = slot
        kept[name] = slot if slot and plain(name) != "from" else vault.keep(name, value) if _is_secret(name, value) or _DENSE.match(value) else value
    return kept, found


def _fill_url(url: str, vault: _Vault) -> tuple[str, dict[str, str]]:
    parts = urlsplit(url)
    found: dict[str, str] = {}
    segments = parts.path.split("/")
    for index, segment in enumerate(segments[1:], 1):
        kind = _OF_A_KIND.get(segments[index - 1].lower())
        if _slots(segment):
            found |= {f"segment {index} of the URL": s for s in ("{user_id}", "{session_id}") if s in segment}
        elif _KEY_LIKE.match(segment):
            segments[index] = vault.keep(f"segment {index} of the URL", segment)
        elif _UUID.match(segment) or (kind and re.search(r"\d", segment)):
            segments[index] = f"{{{kind or 'session_id'}}}"
            found[f"segment {index} of the URL"] = segments[index]
    query: list[str] = []
    for pair in parts.query.split("&") if parts.query else []:
        name, equals, value = pair.partition("=")
        slot = _slot_for(plain(name))
        if slot and equals:
            found[f"?{name}"] = slot
            value = slot
        elif equals and _is_secret(name, value):
            value = vault.keep(f"?{name}", value)
        query.append(f"{name}{equals}{value}")
    return urlunsplit(parts._replace(path="/".join(segments), query="&".join(query), fragment="")), found


def _without_long_runs(url: str, vault: _Vault) -> str:
    """`url` with a variable for each stretch of its path and query that might be a key; a host is none."""
    parts = urlsplit(url)
    path = "/".join(vault.cut(f"segment {index} of the URL", segment) for index, segment in enumerate(parts.path.split("/")))
    pairs = [pair.partition("=") for pair in parts.query.split("&")] if parts.query else []
    query = "&".join(f"{name}{equals}{vault.cut(f'?{name}', value)}" for name, equals, value in pairs)
    return urlunsplit(parts._replace(path=path, query=query))


# --- the message ----------------------------------------------------------------------------------------------------


def _has(body: JsonValue, slot: str) -> bool:
    return any(isinstance(v, str) and slot in v for _, v in leaves(body))


def _place_message(body: JsonValue, url: str) -> tuple[list[Finding], JsonValue, str]:
    """What was found, and body and URL with the message's place in them."""
    for slot in ("{message}", "{messages}"):
        if _has(body, slot) or slot in url:
            return [Finding(about="message", said=f"goes where {slot} stands")], body, url
    talk = _talk(body)
    if talk is not None:
        place, kept = talk
        said = f"goes into {shown(place)}, with the whole session before it"
        replaced = _with(body, place, [*kept, "{messages}"] if kept else "{messages}")
        return [Finding(about="message", said=said, evidence="a system message before it stays" if kept else "")], replaced, url
    if isinstance(body, str):
        return [Finding(about="message", said="is the whole body")], "{message}", url
    ranked = _candidates(body)
    if ranked:
        (_, place), *others = ranked
        others = [o for o in others if o[0][0] == ranked[0][0][0]]
        rival = f"; {shown(others[0][1])} could be it too: write {{message}} there to change that" if others else ""
        return [Finding(about="message", said=f"goes into {shown(place)}{rival}")], _with(body, place, "{message}"), url
    parts = urlsplit(url)
    pairs = [p.partition("=") for p in parts.query.split("&")] if parts.query else []
    named = sorted((MESSAGE.index(plain(n)), i) for i, (n, _, _v) in enumerate(pairs) if plain(n) in MESSAGE)
    if body is None and named:
        index = named[0][1]
        pairs[index] = (pairs[index][0], "=", "{message}")
        query = "&".join("".join(p) for p in pairs)
        return [Finding(about="message", said=f"goes into ?{pairs[index][0]}")], body, urlunsplit(parts._replace(query=query))
    what = "the request has no body, and nothing in its URL" if body is None else "nothing in the body"
    raise InputError(f"{what} looks like a message", mend="write {message} where the message goes", where=FLAG)


def _candidates(body: JsonValue) -> list[tuple[tuple[int, int, int], Place]]:
    """Places that a message may stand in, the likeliest first: (0 for a known name, its rank, depth)."""
    found: list[tuple[tuple[int, int, int], Place]] = []
    for place, value in leaves(body):
        name = next((plain(s) for s in reversed(place) if isinstance(s, str)), "")
        if not isinstance(value, str) or SLOT.search(value):
            continue
        if name in MESSAGE:
            found.append(((0, MESSAGE.index(name), len(place)), place))
        elif " " in value.strip():
            found.append(((1, -len(value), len(place)), place))
    return sorted(found, key=lambda f: f[0])


def _talk(body: JsonValue, place: Place = ()) -> tuple[Place, list[JsonValue]] | None:
    """The list of messages in `body`, if it has one that ends with the user's, and the system messages it begins with."""
    if isinstance(body, list):
        roles = [m.get("role") if isinstance(m, dict) and "content" in m else None for m in body]
        if roles and None not in roles and roles[-1] == "user":
            return place, [m for m, role in zip(body, roles, strict=True) if role in ("system", "developer")]
    items = body.items() if isinstance(body, dict) else ()
    for key, value in items:
        found = _talk(value, (*place, key))
        if found is not None:
            return found
    return None


def _with(value: JsonValue, place: Place, new: JsonValue) -> JsonValue:
    """`value` with `new` at `place`."""
    if not place:
        return new
    if isinstance(value, dict):
        return {k: _with(v, place[1:], new) if k == place[0] else v for k, v in value.items()}
    assert isinstance(value, list)
    return [_with(v, place[1:], new) if i == place[0] else v for i, v in enumerate(value)]
