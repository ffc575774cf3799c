"""A curl command line as browsers copy it and documentation prints it, read into the request it would make.

What curl would take from a file, a prompt or a form is refused in one line: the study that follows could not repeat it.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from pydantic import JsonValue

from sim.core.errors import InputError
from sim.core.spec.host import can_be_host

FLAG = "--curl"
LONGEST = 100_000
"""Characters of a command; taking a much longer one apart would take seconds."""
MOST_DEPTH = 50
"""Objects and lists within each other in a body."""

Value = Callable[[], str]
"""Takes a flag's value from the command line."""


@dataclass(frozen=True)
class Curl:
    """A request."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: JsonValue = None
    """Parsed where it is JSON, else its text; None: no body."""
    ignored: tuple[str, ...] = ()
    """Flags that change what is sent or accepted and are not honoured."""


def names(listed: str) -> frozenset[str]:
    """The words of `listed`."""
    return frozenset(listed.split())


_ALONE = names(
    "s silent S show-error i include v verbose N no-buffer f fail fail-with-body g globoff compressed http1.0 http1.1 http2 http2-prior-knowledge 0 "
    "progress-bar # path-as-is tcp-nodelay keepalive styled-output tlsv1.2 tlsv1.3 1 4 6 ipv4 ipv6"
)
"""Flags that have no say in the request."""
_NOT_HONOURED = names("k insecure L location location-trusted")
_WITH_VALUE = names("m max-time connect-timeout o output w write-out retry retry-delay retry-max-time stderr trace trace-ascii D dump-header")
"""Flags whose value has no say in the request."""
_DATA = names("d data data-ascii data-raw data-binary json")
_READ = _DATA | names("X request H header url A user-agent e referer b cookie data-urlencode oauth2-bearer")
_REFUSED = {
    **dict.fromkeys(("u", "user"), "send it as a header instead: -H 'Authorization: Basic …'"),
    **dict.fromkeys(("F", "form", "form-string", "T", "upload-file"), "only bodies of text or JSON can be sent; name a Python function instead"),
    **dict.fromkeys(("x", "proxy", "unix-socket", "resolve", "connect-to"), "take it out; the chatbot must be reached as it is"),
    **dict.fromkeys(("E", "cert", "key", "cacert", "netrc", "n", "K", "config"), "take it out; files of secrets are not read"),
    **dict.fromkeys(("I", "head"), "take it out; a HEAD request brings no reply"),
}
# Browsers on Windows copy commands for cmd.exe, where ^ quotes and ' means nothing; taken for bash they would come out wrong and not fail.
_UNIX_ONLY = re.compile(r"""\^(?:["&\r\n%^{}\[\]]|$)""")
# Firefox and Chrome write $'…' where a body holds an apostrophe or a line break; shlex does not know it.
_ANSI = re.compile(r"(?<=\s)\$'((?:[^'\\]|\\.)*)'", re.DOTALL)


def parse_curl(command: str) -> Curl:
    """The request that `command` would make.

    Raises:
        InputError: it is no curl command, or does what cannot be repeated.
    """
    words = _words(command)
    found = _Found()
    while words:
        word = words.pop(0)
        if word in ("-", "--"):
            continue
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            found.take(name, partial(str, value) if equals else partial(_next, words, f"--{name}"))
        elif word.startswith("-"):
            _take_short(word[1:], words, found)
        else:
            found.urls.append(word)
    return found.request()


def _words(command: str) -> list[str]:
    if len(command) > LONGEST:
        raise InputError(f"is longer than {LONGEST // 1000} kB", mend="take out of its body what is not needed", where=FLAG)
    if _UNIX_ONLY.search(command) and "'" not in command:
        raise InputError("the command is quoted for the Windows prompt (^)", mend="copy it as cURL (bash)", where=FLAG)
    # A backslash at the end of a line joins it to the next, also inside double quotes and with Windows' line ends.
    joined = re.sub(r"\\\r?\n", " ", command.strip())
    try:
        words = shlex.split(_ANSI.sub(lambda m: shlex.quote(_plain(m[1])), joined))
    except ValueError as error:
        raise InputError(f"the command is cut short ({str(error).lower()})", mend="copy it whole, in quotes of its own", where=FLAG) from None
    words = words[1:] if words[:1] == ["$"] else words
    if not words or words[0] not in ("curl", "curl.exe"):
        raise InputError("does not begin with curl", mend="write it as --curl 'curl http://127.0.0.1:8000/chat -d {…}'", where=FLAG)
    for word in words:
        if word in ("|", ">", ">>", "&&", ";", "&") or word.startswith(("$(", "<(")):
            raise InputError(f"there is more than one command ({word})", mend="leave only the curl command itself", where=FLAG)
    return words[1:]


def _plain(quoted: str) -> str:
    """What stands in bash's $'…'."""
    signs = {"n": "\n", "t": "\t", "r": "\r", "'": "'", '"': '"', "\\": "\\", "b": "\b", "a": "\a", "f": "\f"}

    def one(m: re.Match[str]) -> str:
        if m["hex"]:
            number = int(m["hex"], 16)
            return chr(number) if number <= sys.maxunicode else m[0]
        return signs.get(m["sign"], m[0])

    text = re.sub(r"\\(?:[xuU](?P<hex>[0-9A-Fa-f]{2,8})|(?P<sign>.))", one, quoted, flags=re.DOTALL)
    # Characters beyond the basic plane are written as two halves.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _next(words: list[str], flag: str) -> str:
    if not words:
        raise InputError(f"{flag} lacks its value", mend="copy the command whole, in quotes of its own", where=FLAG)
    return words.pop(0)


def _take_short(letters: str, words: list[str], found: _Found) -> None:
    """Short flags may be run together, and the last may have its value attached."""
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in _WITH_VALUE | _READ:
            found.take(letter, partial(str, letters) if letters else partial(_next, words, f"-{letter}"))
            return
        found.take(letter, str)


class _Found:
    """What the flags so far have said."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.method = ""
        self.headers: list[tuple[str, str]] = []
        self.data: list[str] = []
        self.ignored: list[str] = []
        self.as_json = self.as_query = self.as_form = False

    def take(self, name: str, value: Value) -> None:
        shown = f"-{name}" if len(name) == 1 else f"--{name}"
        if name in _REFUSED:
            raise InputError(f"{shown} is not understood here", mend=_REFUSED[name], where=FLAG)
        if name in _DATA:
            self.data.append(_inline(value(), shown, raw=name == "data-raw"))
            self.as_json = self.as_json or name == "json"
        elif name == "data-urlencode":
            self.data.append(_inline(value(), shown))
            self.as_form = True
        elif name in ("G", "get"):
            self.as_query = True
        elif name in ("X", "request"):
            self.method = value().upper()
        elif name in ("H", "header"):
            self._header(value())
        elif name == "url":
            self.urls.append(value())
        elif name in ("A", "user-agent"):
            self.headers.append(("User-Agent", value()))
        elif name in ("e", "referer"):
            self.headers.append(("Referer", value()))
        elif name == "oauth2-bearer":
            self.headers.append(("Authorization", f"Bearer {value()}"))
        elif name in ("b", "cookie"):
            self._cookie(value(), shown)
        elif name in _NOT_HONOURED:
            self.ignored.append(shown)
        elif name in _WITH_VALUE:
            value()
        elif name not in _ALONE:
            raise InputError(f"{shown} is not understood here", mend="take it out, or name a Python function instead", where=FLAG)

    def request(self) -> Curl:
        if len(self.urls) != 1:
            problem = "has no URL" if not self.urls else f"has {len(self.urls)} URLs ({self.urls[1]} is the second)"
            raise InputError(problem, mend="put quotes around each of its parts", where=FLAG)
        url = check_url(self.urls[0], where=FLAG)
        text = "&".join(self.data) if self.data else None
        if self.as_query and text is not None:
            url, text = f"{url}{'&' if urlsplit(url).query else '?'}{text}", None
        if self.as_json:
            self._default("Content-Type", "application/json")
            self._default("Accept", "application/json")
        body = None if text is None else self._body(text)
        method = self.method or ("POST" if body is not None else "GET")
        if method not in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            raise InputError(f"the method {method} is not understood here", mend="use one of GET, POST, PUT, PATCH, DELETE", where=FLAG)
        return Curl(method, url, tuple(self.headers), body, tuple(self.ignored))

    def _body(self, text: str) -> JsonValue:
        try:
            value: JsonValue = json.loads(text)
        except RecursionError:
            raise _too_deep() from None
        except ValueError as error:
            kind = next((v for n, v in self.headers if n.lower() == "content-type"), "")
            if "json" in kind or text.lstrip()[:1] in ("{", "["):
                raise InputError(f"the body is not JSON ({error})", mend="put the whole body in single quotes", where=FLAG) from None
            # name=value without a space is what -d sends as a form; a plain text seldom looks like that.
            if self.as_form or "form" in kind or re.fullmatch(r"[\w.\[\]-]+=[^\s]*", text):
                mend = "send JSON if it takes that, else name a Python function that calls it"
                raise InputError("the body is a form, in which not every message can stand", mend=mend, where=FLAG) from None
            return text
        if _is_deeper(value, MOST_DEPTH):
            raise _too_deep()
        if not isinstance(value, dict | list):
            raise InputError("the body is a single value, with no place for a message", mend="send an object", where=FLAG)
        # curl calls every -d a form; a body that is JSON was meant as such.
        self.headers = [(n, v) for n, v in self.headers if n.lower() != "content-type" or "form" not in v]
        return value

    def _header(self, text: str) -> None:
        name, colon, value = text.partition(":")
        if text.startswith("@"):
            raise InputError("-H @file is not read", mend="write the header itself", where=FLAG)
        if colon and value.strip():
            self.headers.append((name.strip(), value.strip()))

    def _cookie(self, text: str, flag: str) -> None:
        if "=" not in text:
            raise InputError(f"{flag} {text} is a file, which is not read", mend="write the cookie itself: -b 'name=value'", where=FLAG)
        self.headers.append(("Cookie", text))

    def _default(self, name: str, value: str) -> None:
        if name.lower() not in {n.lower() for n, _ in self.headers}:
            self.headers.append((name, value))


def _is_deeper(value: JsonValue, most: int) -> bool:
    level: list[JsonValue] = [value]
    for _ in range(most + 1):
        level = [inner for v in level if isinstance(v, dict | list) for inner in (v.values() if isinstance(v, dict) else v)]
    return bool(level)


def _too_deep() -> InputError:
    return InputError(f"the body is nested more than {MOST_DEPTH} deep", mend="take out what it does not need", where=FLAG)


def _inline(text: str, flag: str, *, raw: bool = False) -> str:
    if text.startswith("@") and not raw:
        raise InputError(f"{flag} {text} is a file, which is not read", mend="put the body itself there, in single quotes", where=FLAG)
    return text


def check_url(url: str, *, where: object = None) -> str:
    """`url` with a scheme, as curl would complete it.

    Raises:
        InputError: it is no http(s) URL, or carries a name and password.
    """
    whole = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(whole)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme not in ("http", "https") or not can_be_host(host) or any(c.isspace() for c in whole):
        raise InputError(f"'{url}' is not an http(s) URL", mend="write it as http://127.0.0.1:8000/chat", where=where)
    if "@" in parts.netloc:
        raise InputError("the URL carries a user name or password", mend="send it as a header: -H 'Authorization: Basic …'", where=where)
    return whole
