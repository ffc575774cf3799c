"""Where texts go: for each part of a study the hosts it sends to, told from its spec and the environment alone; nothing is looked up or imported.

Loopback is 127.0.0.0/8, ::1 and the name `localhost`. No other name is resolved: what DNS says of a name today says nothing of the call tomorrow.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import urlsplit

from sim.core.errors import InputError
from sim.core.spec import ChatTargetSpec, HttpTargetSpec, ModelSpec, Study
from sim.core.spec.http import SLOT
from sim.llm.otel import ENDPOINT, TRACES_ENDPOINT, collector, takes_messages

TO_SIMULATOR = "texts of personas and scenarios and all messages"
"""What user, rater, tagger and judge are sent."""
TO_TARGET = "messages"
"""What a target is sent, beside its own system prompt."""
TO_COLLECTOR = "ids, counts, costs and times of all calls"
"""What the collector of spans is sent, unless it asks for messages."""
COLLECTOR = "the collector of traces"
"""How it is named among the parts of a study."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One host that one part of a study sends texts to."""

    part: str
    """`the user`, `the rater <id>`, `the tagger`, `the judge`, `the scorer <id>`, `the target <id>`,
    `the collector of traces`."""
    host: str
    """Host name or address; `the provider <name>` where only LiteLLM knows the host."""
    sends: str
    outside: bool
    """Whether it is another machine, as far as its name tells."""


@dataclass(frozen=True)
class LocalOnly:
    """The wish of whoever runs a study that nothing leaves this machine, save to hosts named by hand."""

    allowed: frozenset[str] = frozenset()
    """Host names and addresses, lower-case."""

    def permits(self, host: str) -> bool:
        """Whether `host` may be reached."""
        return is_loopback(host) or host.lower() in self.allowed

    def demand(self, destinations: Iterable[Destination]) -> None:
        """Refuse the first destination that may not be reached.

        Raises:
            InputError: names part and host.
        """
        for d in destinations:
            if not self.permits(d.host):
                known = not d.host.startswith(_UNKNOWN)
                allow = f", or say --allow-host {d.host}" if known else ""
                problem = f"{d.part} is at {d.host}, outside this machine"
                mend = f"unset {ENDPOINT} and {TRACES_ENDPOINT}" if d.part == COLLECTOR else "give it an api_base on this machine"
                raise InputError(problem, mend=f"{mend}{allow}", where="--local-only")


def destinations(
    study: Study, *, scorers: Mapping[str, ModelSpec] = MappingProxyType({}), environ: Mapping[str, str] = os.environ
) -> tuple[Destination, ...]:
    """Every host that `study` sends texts to, user first; offline models send none.

    Args:
        scorers: the models that judge by rubrics, by the rubric's id.
    """
    parts: list[tuple[str, object, str]] = [("the user", study.user, TO_SIMULATOR)]
    parts += [(f"the rater {rater}", spec, TO_SIMULATOR) for rater, spec in study.raters.items()]
    parts.append(("the tagger", study.tagger, TO_SIMULATOR))
    if study.judge:
        parts.append(("the judge", study.judge, TO_SIMULATOR))
    parts += [(f"the scorer {id}", spec, TO_SIMULATOR) for id, spec in scorers.items()]
    for target in study.targets:
        system = " and the target's own system prompt" if isinstance(target, ChatTargetSpec) and target.system else ""
        parts.append((target_part(target.id), target, TO_TARGET + system))
        if isinstance(target, ChatTargetSpec) and target.next:
            parts.append((target_part(target.id), target.next, TO_TARGET + (" and its own system prompt" if target.next.system else system)))
        if isinstance(target, ChatTargetSpec) and target.embedding:
            parts.append((target_part(target.id), target.embedding, TO_TARGET))
    found = (Destination(part, host, sends, not is_loopback(host)) for part, spec, sends in parts for host in hosts_of(spec, environ=environ))
    return (*dict.fromkeys(found), *collectors(environ))


def collectors(environ: Mapping[str, str] = os.environ) -> tuple[Destination, ...]:
    """Where traces of a run are sent: one destination, or none."""
    url = collector(environ)
    if url is None:
        return ()
    host = _host(url)
    sends = f"{TO_COLLECTOR}, and all messages" if takes_messages(environ) else TO_COLLECTOR
    return (Destination(COLLECTOR, host, sends, not is_loopback(host)),)


def target_part(target: str) -> str:
    """How the target of that id is named among the parts of a study."""
    return f"the target {target}"


def hosts_of(spec: object, *, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The hosts that `spec` sends to. Of a callable or graph nothing can be told: it is code, and sends where it likes."""
    if isinstance(spec, HttpTargetSpec):
        urls = (spec.http.url, *(call.url for call in spec.http.calls))
        return tuple(dict.fromkeys(_host(_filled(url, environ)) for url in urls))
    if not isinstance(spec, ModelSpec) or spec.offline:
        return ()
    if spec.api_base:
        return (_host(spec.api_base),)
    return _hosts_by_name(spec.model.split("/", 1)[0], environ)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its address or by the name `localhost`; never asks DNS."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


_NEAR = (".local", ".lan", ".internal", ".home.arpa")
"""Ends of names that only a private network knows."""


def is_near(host: str) -> bool:
    """Whether `host` is this machine or in a private network, by its address or by a name that means nothing elsewhere; never asks DNS."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return not host.startswith(_UNKNOWN) and ("." not in host or host.lower().endswith(_NEAR))
    return address.is_private or address.is_loopback or address.is_link_local


_UNKNOWN = "the provider "
_PROVIDERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "anthropic": ("api.anthropic.com", ("ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL")),
    "deepseek": ("api.deepseek.com", ("DEEPSEEK_API_BASE",)),
    "docker_model_runner": ("localhost", ("DOCKER_MODEL_RUNNER_API_BASE",)),
    "fireworks_ai": ("api.fireworks.ai", ("FIREWORKS_API_BASE",)),
    "gemini": ("generativelanguage.googleapis.com", ("GEMINI_API_BASE",)),
    "groq": ("api.groq.com", ("GROQ_API_BASE",)),
    "hosted_vllm": ("", ("HOSTED_VLLM_API_BASE",)),
    "lemonade": ("localhost", ("LEMONADE_API_BASE",)),
    "llamafile": ("127.0.0.1", ("LLAMAFILE_API_BASE",)),
    "lm_studio": ("", ("LM_STUDIO_API_BASE",)),
    "mistral": ("api.mistral.ai", ("MISTRAL_API_BASE",)),
    "ollama": ("localhost", ("OLLAMA_API_BASE",)),
    "ollama_chat": ("localhost", ("OLLAMA_API_BASE",)),
    "openai": ("api.openai.com", ("OPENAI_BASE_URL", "OPENAI_API_BASE")),
    "openrouter": ("openrouter.ai", ("OPENROUTER_API_BASE",)),
    "together_ai": ("api.together.ai", ("TOGETHER_AI_API_BASE",)),
    "xai": ("api.x.ai", ("XAI_API_BASE",)),
}
"""By LiteLLM's provider name: the host it goes to of itself (empty: none), and the variables that send it elsewhere. Of a provider that is not
here, LiteLLM alone knows; it counts as outside."""
_NOWHERE: tuple[str, tuple[str, ...]] = ("", ())
_PROXY_WISH = "USE_LITELLM_PROXY"
_PROXY: tuple[str, tuple[str, ...]] = ("", ("LITELLM_PROXY_API_BASE",))


def _hosts_by_name(provider: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Where LiteLLM sends what is asked of `provider`. Where several variables name a host, each counts: which one wins is LiteLLM's business."""
    if environ.get(_PROXY_WISH, "").strip().lower() == "true":
        provider, (known, variables) = "litellm_proxy", _PROXY
    else:
        known, variables = _PROVIDERS.get(provider, _NOWHERE)
    named = tuple(dict.fromkeys(_host(value) for name in variables if (value := environ.get(name))))
    return named or (known or f"{_UNKNOWN}{provider}",)


def _filled(url: str, environ: Mapping[str, str]) -> str:
    """`url` with its environment variables put in; one that is not set stays as it is, and is refused elsewhere."""
    return SLOT.sub(lambda slot: environ.get(slot["variable"] or "", slot[0]).strip(), url)


def _host(url: str) -> str:
    """The host in `url`, which may lack its scheme."""
    try:
        return urlsplit(url if "://" in url else f"//{url}").hostname or url
    except ValueError:
        return url
