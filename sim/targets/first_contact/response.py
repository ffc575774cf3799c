"""Where in what a chatbot sends back its reply stands: in JSON, in a stream of events, or all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pydantic import JsonValue

from sim.core.errors import InputError
from sim.core.text import normalise
from sim.targets.first_contact.curl import names
from sim.targets.first_contact.finding import Finding
from sim.targets.first_contact.request import Place, leaves, plain, shown
from sim.targets.first_contact.tools import find_tools, is_part
from sim.targets.template import find

REPLY = (
    *("reply", "answer", "response", "output", "completion", "generatedtext", "outputtext", "content", "text", "message", "delta", "result"),
    *("bot", "assistant", "token", "chunk"),
)
"""Names of the field that a reply stands in, the likeliest first."""
_NEVER = names("id object model role type status created timestamp time date finishreason stopreason name url error detail index event usage")
"""Names of fields that hold no reply, whatever stands in them."""
# A long run without a space, or a figure or time: an id or a stamp, and no sentence of a reply.
_ID_LIKE = re.compile(r"^[\w\-:.+/=]{16,}$|^\d[\d\-T:.Z+]*$")
_STEP = re.compile(r"^[^\s.\[\]]+$")
MEND = "write reply: with the place of the reply in the study file, or name a Python function instead"

Stream = Literal["none", "sse", "lines"]


@dataclass(frozen=True)
class ReplyReading:
    """How replies are read from what comes back."""

    path: str
    stream: Stream
    text: str
    """The reply that was read so."""
    findings: tuple[Finding, ...]
    tools: str | None = None
    """Where it says which tools it used; None: nowhere."""


@dataclass(frozen=True)
class _Found:
    place: Place
    text: str
    rank: tuple[int, int, int]
    """Of its field's name; how deep it lies; how short it is."""


def read_response(body: str, content_type: str, *, said: str) -> ReplyReading:
    """Where the reply stands in `body`, the answer to `said`.

    Raises:
        InputError: it is empty, a page of HTML, or holds nothing like a reply.
    """
    text = body.strip()
    if not text:
        raise InputError("the chatbot answered with nothing at all", mend="see that the request is whole")
    if text[:1] == "<" and re.match(r"<(!doctype|html|head|body|\?xml)", text, re.I):
        title = re.search(r"<title>(.*?)</title>", text, re.I | re.S)
        about = f" (“{title[1].strip()[:80]}”)" if title and title[1].strip() else ""
        raise InputError(f"the chatbot answered with a web page{about}, not with JSON", mend="give the URL of its API, not that of its page")
    events = _events(text)
    if events is not None or "event-stream" in content_type:
        return _read_stream(events or [], "sse", said)
    lines = _lines(text)
    if lines is not None and (len(lines) > 1 or re.search(r"ndjson|jsonl|json-lines", content_type)):
        return _read_stream(lines, "lines", said)
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        if "json" in content_type:
            raise InputError(f"what came calls itself JSON and is not: {text[:120]}", mend="mend the chatbot") from None
        return ReplyReading("$", "none", text, (Finding(about="reply", said="is all that comes back, as plain text", evidence=text),))
    if isinstance(value, str):
        said_of = "is a bare JSON string; it is read with its quotation marks: let it answer with an object to be rid of them"
        return ReplyReading("$", "none", value, (Finding(about="reply", said=said_of, evidence=value, mark="warning"),))
    return _read_json(value, said)


def _read_json(value: JsonValue, said: str) -> ReplyReading:
    used = find_tools([value])
    found = _ranked([(p, v) for p, v in leaves(value) if isinstance(v, str) and not _of_tools(value, p, used)], said)
    if not found:
        raise InputError(f"nothing in what came looks like a reply: {json.dumps(value)[:160]}", mend=MEND)
    best, *others = found
    _refuse_talk(value, best)
    # Among parts that are uses of tools, the text is now at one place and now at another.
    parted = used is not None and best.place[: len(used)] == used
    path = shown(used if parted and used else best.place)
    findings = (Finding(about="reply", said=f"stands at {path}", evidence=best.text), *_also(others, best), *_tools(used))
    return ReplyReading(path, "none", best.text, findings, shown(used) if used else None)


def _of_tools(value: JsonValue, place: Place, used: Place | None) -> bool:
    """Whether what stands at `place` belongs to a use of a tool."""
    if used is None or place[: len(used)] != used:
        return False
    within = find(value, shown(used))
    step = place[len(used)] if len(place) > len(used) else None
    parts = isinstance(within, list) and any(is_part(item) for item in within)
    return not parts or (isinstance(within, list) and isinstance(step, int) and is_part(within[step]))


def _tools(used: Place | None) -> tuple[Finding, ...]:
    return (Finding(about="tools", said=f"that it uses are told at {shown(used)}; judges see them, and nobody runs them"),) if used else ()


def _ranked(texts: Sequence[tuple[Place, str]], said: str) -> list[_Found]:
    found: list[_Found] = []
    for place, text in texts:
        keys = [plain(s) for s in place if isinstance(s, str)]
        if not text.strip() or normalise(said) in normalise(text) or (keys and keys[-1] in _NEVER):
            continue
        if not all(isinstance(s, int) or _STEP.match(s) for s in place):
            continue
        known = [REPLY.index(n) for n in keys if n in REPLY]
        # An unknown name is believed only if what stands there reads like words.
        if not known and (" " not in text.strip() or _ID_LIKE.match(text)):
            continue
        # In choices[0].message.content every step is a likely one; which name leads matters less than that there is one.
        found.append(_Found(place, text, (min(known) if known else len(REPLY), len(place), -len(text))))
    return sorted(found, key=lambda f: f.rank)


def _also(others: Sequence[_Found], best: _Found) -> tuple[Finding, ...]:
    """What could be the reply as well."""
    rivals = [o for o in others if o.rank[0] < len(REPLY) and o.text != best.text and len(o.text) * 2 >= len(best.text)]
    if not rivals:
        return ()
    said = f"{shown(rivals[0].place)} could be the reply too; to take that, change reply: in the study file"
    return (Finding(about="", said=said, evidence=rivals[0].text, mark="warning"),)


def _refuse_talk(value: JsonValue, best: _Found) -> None:
    """Whoever sends the whole talk back has the reply at another place every time."""
    for depth, step in enumerate(best.place):
        if isinstance(step, int) and isinstance(value, list):
            roles = [m.get("role") or m.get("type") for m in value if isinstance(m, dict)]
            if any(r in ("user", "human") for r in roles):
                where = shown(best.place[:depth])
                problem = f"the whole talk comes back ({where}), and the reply stands at another place every time"
                raise InputError(problem, mend="let it send the reply alone, or name a Python function that takes it out")
        value = value[step]  # type: ignore[index]


# --- streams --------------------------------------------------------------------------------------------------------


def _events(text: str) -> list[str] | None:
    """The data of each event, if `text` is a stream of them."""
    # A line of a stream begins with one of four field names, or with a colon alone, which is a comment.
    if not re.match(r"(?:data|event|id|retry)?:", text):
        return None
    blocks = re.split(r"\r?\n\r?\n", text)
    data = ["\n".join(re.findall(r"^data: ?(.*?)\r?$", block, re.M)) for block in blocks]
    return [d for d in data if d.strip()] or None


def _lines(text: str) -> list[str] | None:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines if all(_object(line) is not None or line.strip() == "[DONE]" for line in lines) else None


def _object(text: str) -> JsonValue:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _read_stream(events: Sequence[str], stream: Literal["sse", "lines"], said: str) -> ReplyReading:
    data = [e for e in events if e.strip() != "[DONE]"]
    if not data:
        raise InputError("a stream came with nothing in it", mend="see that the request is whole")
    kind = "server-sent events" if stream == "sse" else "a JSON object on each line"
    values = [_object(d) for d in data]
    if not any(v is not None for v in values):
        text = "".join(data)
        return ReplyReading("$", stream, text, (Finding(about="reply", said=f"comes in pieces ({kind}), each the data of an event", evidence=text),))
    pieces: dict[Place, list[str]] = {}
    used = find_tools(values)
    for value in values:
        for place, piece in leaves(value):
            if isinstance(piece, str) and not (used and place[: len(used)] == used):
                pieces.setdefault(place, []).append(piece)
    found = _ranked([(p, "".join(t)) for p, t in pieces.items()], said)
    if not found:
        raise InputError(f"nothing in the stream looks like a reply: {data[0][:160]}", mend=MEND)
    # What comes in most pieces is the text itself; a last event often holds it once more, at another place.
    best = min(found, key=lambda f: (-len(pieces[f.place]), f.rank))
    came = pieces[best.place]
    if len(came) > 1 and (came[-1] == "".join(came[:-1]) or (len(came) > 2 and all(b.startswith(a) for a, b in pairwise(came)))):
        problem = f"the events at {shown(best.place)} repeat the reply so far instead of going on with it"
        raise InputError(problem, mend="ask it not to stream, or name a Python function that puts it together")
    path = shown(best.place)
    about = Finding(about="reply", said=f"stands at {path}, in {len(came)} pieces ({kind})", evidence=best.text)
    return ReplyReading(path, stream, best.text, (about, *_tools(used)), shown(used) if used else None)
