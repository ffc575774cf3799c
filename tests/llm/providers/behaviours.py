"""What a provider may do, what must become of it, and what does: the rows of the table in the guide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.llm.providers.anthropic import Anthropic, AnthropicTool
from tests.llm.providers.azure import Azure
from tests.llm.providers.gemini import Gemini
from tests.llm.providers.meeting import ANSWER, LIMIT, Bench, Met
from tests.llm.providers.mistral import Mistral
from tests.llm.providers.ollama import Ollama
from tests.llm.providers.openai_chat import OpenAIChat
from tests.llm.providers.openai_responses import OpenAIResponses
from tests.llm.providers.provider import Provider
from tests.llm.providers.vllm import Direct, Vllm
from tests.llm.providers.wire import Said, say

PROVIDERS: tuple[Provider, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    Azure(),
    Anthropic(),
    AnthropicTool(),
    Gemini(),
    Mistral(),
    Ollama(),
    Vllm(),
    Direct(),
)
VALUE = {"mood": "calm", "leave": False}
HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}
STATUSES: tuple[tuple[int, str, str], ...] = (
    (401, "Incorrect API key provided.", "refused for good"),
    (402, "Payment required.", "refused for good"),
    (403, "Not allowed.", "refused for good"),
    (404, "The model does not exist.", "refused for good"),
    (408, "Request timed out.", "other"),
    (413, "Request exceeds the maximum size.", "too long"),
    (500, "Internal error.", "down"),
    (503, "Service unavailable.", "down"),
    (529, "Overloaded", "down"),
)
"""Status, what the provider says with it, and what becomes of the call."""


@dataclass(frozen=True)
class Behaviour:
    """One thing that a provider may do."""

    name: str
    becomes: str
    """The outcome (`Met.outcome`)."""
    answers: Callable[[Provider], tuple[Said, ...] | None]
    """What the provider says; None: it has no form for that."""
    structured: bool = False
    """Whether JSON is asked for."""
    says: str = ""
    """Words that the line must hold."""
    check: Callable[[Provider, Met], object] = lambda provider, met: True
    """What must hold beside the outcome."""

    async def meet(self, provider: Provider, bench: Bench) -> Met | None:
        """Have `provider` do it; None: it has no form for that."""
        answers = self.answers(provider)
        return None if answers is None else await bench.meet(provider, *answers, schema=ANSWER if self.structured else None)

    def faults(self, provider: Provider, met: Met) -> Iterator[str]:
        """What is not as it must be."""
        if met.outcome != self.becomes:
            yield f"{met.outcome} instead of {self.becomes}: {met.line}"
        line = met.line
        if self.says.lower() not in line.lower():
            yield f"the line does not say '{self.says}': {line}"
        if line and ("\n" in line or len(line) > 420 or "litellm" in line.lower() or "Traceback" in line):
            yield f"the line is not plain: {line}"
        if line and not line.startswith(provider.model):
            yield f"the line does not begin with the model: {line}"
        if len(met.asked) != len(self.answers(provider) or ()):
            yield f"{len(met.asked)} requests went out: somebody else tries again too"
        if not self.check(provider, met):
            yield f"it does not hold: {met.said} {met.asked}"


def at(body: Any, path: tuple[str, ...]) -> Any:
    """What stands in `body` at `path`."""
    for key in path:
        body = body[int(key)] if isinstance(body, list) else body.get(key) if isinstance(body, dict) else None
    return body


def _once(make: Callable[[Provider], Any]) -> Callable[[Provider], tuple[Said, ...] | None]:
    def answers(provider: Provider) -> tuple[Said, ...] | None:
        made = make(provider)
        return None if made is None else (made if isinstance(made, Said) else say(made),)

    return answers


def _asked_well(provider: Provider, met: Met) -> bool:
    (asked,) = met.asked
    header, key = provider.keyed
    return asked.path.partition("?")[0] == provider.path and at(asked.body, provider.limit) == LIMIT and asked.headers.get(header) == key


def _schema_in_place(provider: Provider, met: Met) -> bool:
    schema = at(met.asked[0].body, provider.schema)
    return met.said is not None and met.said.value == VALUE and set(at(schema, ("properties",)) or ()) == set(VALUE)


def _cost(provider: Provider, met: Met) -> bool:
    assert met.said is not None
    return met.said.cost is not None and provider.cost is not None and abs(met.said.cost - provider.cost) < 1e-9


def _with_header(name: str, value: str) -> Callable[[Provider], Any]:
    def answers(provider: Provider) -> Said:
        said = provider.limited()
        return replace(said, headers={**said.headers, name: value})

    return answers


def _odd(row: str) -> Callable[[Provider], Any]:
    return lambda provider: next((odd.said for odd in provider.odd() if odd.row == row), None)


def _filtered(provider: Provider) -> Any:
    return provider.answer("", ending="content_filter") if provider.endings.get("content_filter") else None


def _no_schema(provider: Provider) -> tuple[Said, ...]:
    return provider.no_schema(), say(provider.answer('{"mood": "calm", "leave": false}'))


def _cut(provider: Provider) -> Said:
    return replace(say(provider.answer("Add water.")), cut=True)


def _early(provider: Provider) -> Said | None:
    said = provider.streamed()
    return said and replace(said, body=b"\n\n".join(said.body.split(b"\n\n")[:2]) + b"\n\n")


def _broken_stream(provider: Provider) -> Said | None:
    said = provider.streamed()
    return said and replace(said, cut=True)


def _in_pieces(provider: Provider, met: Met) -> bool:
    return met.asked[0].body.get("stream") is True and met.said is not None and (met.said.text, met.said.usage) == ("Add water.", provider.usage)


def _text(text: str) -> Callable[[Provider, Met], bool]:
    return lambda provider, met: met.said is not None and met.said.text == text


BEHAVIOURS: tuple[Behaviour, ...] = (
    Behaviour("an answer", "answered", _once(lambda p: p.answer("Add water.")), check=lambda p, m: _text("Add water.")(p, m) and _asked_well(p, m)),
    Behaviour("JSON, asked for in its own form", "answered", _once(lambda p: p.structured(VALUE)), structured=True, check=_schema_in_place),
    Behaviour("JSON Schema refused", "answered", _no_schema, structured=True, check=lambda p, m: m.said is not None and m.said.value == VALUE),
    Behaviour("tokens: read, written, thought", "answered", _once(lambda p: p.answer("Hm.")), check=lambda p, m: m.said and m.said.usage == p.usage),
    Behaviour("cost, to the cent", "answered", _once(lambda p: p.answer("Hm.") if p.cost is not None else None), check=_cost),
    Behaviour("thought beside the answer", "answered", _once(_odd("thought beside the answer")), check=_text("Add water.")),
    Behaviour("answer cut off by the bound", "answered, cut off", _once(lambda p: p.answer("Add wa", ending="length")), check=_text("Add wa")),
    Behaviour("context filled while answering", "answered, cut off", _once(_odd("context filled while answering")), check=_text("Add wa")),
    Behaviour("answer filtered", "refused", _once(_filtered), says="content filter"),
    Behaviour("prompt filtered", "refused", _once(lambda p: p.filtered()), says="status 400"),
    Behaviour("refusal", "refused", _once(lambda p: p.refusal())),
    Behaviour("refusal instead of JSON", "refused", _once(lambda p: p.refusal()), structured=True),
    Behaviour("pause in the middle of a turn", "other", _once(_odd("pause in the middle of a turn")), says="pause_turn"),
    Behaviour(
        "unknown ending", "answered, ended by cosmic_ray, with a line", _once(_odd("unknown ending")), says="cosmic_ray", check=_text("Add water.")
    ),
    Behaviour("unknown ending that leaves no answer", "other", _once(_odd("unknown ending that leaves no answer")), says="cosmic_ray"),
    Behaviour("answer of an unknown kind", "other", _once(_odd("answer of an unknown kind")), says="'hologram'"),
    Behaviour("unknown kind beside the answer", "answered, with a line", _once(_odd("unknown kind beside the answer")), says="'hologram'"),
    Behaviour("answer given up by the provider", "other", _once(_odd("answer given up by the provider")), says="broke the answer off"),
    Behaviour("no answer in it", "other", _once(lambda p: p.nothing()), says="something other than a chat completion"),
    *(
        Behaviour(f"status {status}", becomes, _once(lambda p, status=status, said=said: say(p.error(status, said), status)), says=said)
        for status, said, becomes in STATUSES
    ),
    Behaviour("status 429, too many calls", "limited", _once(lambda p: p.limited()), says="status 429"),
    Behaviour("… with `retry-after`", "limited, waits 7 s", _once(_with_header("retry-after", "7"))),
    Behaviour("… with `retry-after-ms`", "limited, waits 2.5 s", _once(_with_header("retry-after-ms", "2500"))),
    Behaviour("… with the wait in the body", "limited, waits 34 s", _once(_odd("… with the wait in the body"))),
    Behaviour("key refused with status 400", "refused for good", _once(_odd("key refused with status 400")), says="API key not valid"),
    Behaviour("quota used up", "refused for good", _once(lambda p: p.used_up()), says="used up"),
    Behaviour("prompt too long", "too long", _once(lambda p: p.too_long()), says="status 400"),
    Behaviour("error with status 200", "down", _once(lambda p: p.failed_well()), says="The model had a problem."),
    Behaviour("HTML instead of JSON", "other", _once(lambda p: Said(b"<html>Hello</html>", 200, HTML)), says="something other"),
    Behaviour("broken JSON", "other", _once(lambda p: Said(b'{"a": [1, 2', 200, JSON)), says="something other than a chat completion"),
    Behaviour("JSON of another shape", "other", _once(lambda p: say([1, 2])), says="something other than a chat completion"),
    Behaviour("status 502 with HTML", "down", _once(lambda p: Said(b"<html>Bad gateway</html>", 502, HTML)), says="status 502"),
    Behaviour("cut in the middle", "down", _once(_cut)),
    Behaviour("more than 10 MB", "refused for good", _once(lambda p: Said(b" " * 11_000_000, 200, JSON)), says="more than 10 MB"),
    Behaviour("an answer in pieces", "answered", _once(lambda p: p.streamed()), check=_in_pieces),
    Behaviour("… cut in the middle", "down", _once(_broken_stream)),
    Behaviour("… that ends before the answer does", "down", _once(_early), says="broke off in the middle"),
)
