"""Whatever is wrong with a file is said in one line that names file, line, place and the mend."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from pydantic import Field

from sim.core.errors import InputError
from sim.core.frozen import Frozen
from sim.core.spec import Limits, Persona, Study
from sim.store import yaml_file
from sim.store.yaml_file import load_yaml, read_yaml
from tests.examples import persona

STUDY = """\
name: s
targets:
  - id: a
    model: offline/uses
user: {model: offline/friendly}
personas: [nora]
scenarios: [moving-house]
"""
"""Seven good lines; what is added stands on line 8."""


def refusal(path: Path, model: Any = Study) -> str:
    """The line that loading `path` ends with, without the folder."""
    with pytest.raises(InputError) as refused:
        load_yaml(path, model)
    line = str(refused.value)
    assert "\n" not in line
    return line.replace(f"{path.parent}/", "")


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def any_scanner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML's two scanners; the C one is not there on every platform."""
    monkeypatch.setattr(yaml_file, "_LOADER", getattr(yaml, request.param))


# --- the file itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "s.yaml: the file is empty"),
        (b"# nothing yet\n", "s.yaml: the file is empty"),
        (b"~\n", "s.yaml: the file is empty"),
        (b"\xef\xbb\xbf", "s.yaml: the file is empty"),
        (b"- a\n", "s.yaml:1: the file holds a list, not keys and values; begin with name:, targets:, user:, personas:, scenarios:"),
        (b"\nfoo\n", "s.yaml:2: the file holds a single value, not keys and values; begin with name:, targets:, user:, personas:, scenarios:"),
        (b"name: caf\xe9\n", "s.yaml:1: byte 9 (0xe9) is not UTF-8; save the file as UTF-8"),
        (b"\xef\xbb\xbfname: a\nb: \xff", "s.yaml:2: byte 14 (0xff) is not UTF-8; save the file as UTF-8"),
        ("name: a".encode("utf-16"), "s.yaml: is UTF-16, not UTF-8; save it as UTF-8"),
        (b"name: a\nb: a\0b\n", "s.yaml:2: a NUL character is in the text; take it out"),
        (b"name: a\n\nb: a\x07b\n", "s.yaml:3: a control character (U+0007) is in the text; take it out"),
        (b"#" * 5_000_001, "s.yaml: is larger than 5 MB; split it"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_file_that_cannot_be_read_as_text(tmp_path: Path, data: bytes, complaint: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(data)
    assert refusal(path) == complaint


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("nope.yaml", "nope.yaml: no such file"),
        ("folder", "folder: is a folder, not a file"),
        ("file/x.yaml", "file/x.yaml: cannot be read: Not a directory"),
        ("a\0b", "a\\x00b: cannot be read: embedded null byte"),
        ("n" * 300, "n" * 300 + ": cannot be read: File name too long"),
    ],
)
def test_a_path_that_leads_to_no_file(tmp_path: Path, name: str, complaint: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as refused:
        load_yaml(tmp_path / name, Study)
    assert str(refused.value).replace(f"{tmp_path}/", "") == complaint


@pytest.mark.parametrize(
    "data",
    [STUDY.encode(), b"\xef\xbb\xbf" + STUDY.encode(), STUDY.replace("\n", "\r\n").encode(), b"---\n" + STUDY.encode() + b"...\n"],
    ids=["plain", "byte-order mark", "CRLF", "document marks"],
)
def test_a_good_file_is_good_however_it_was_saved(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(data)
    assert load_yaml(path, Study).personas == ("nora",)


# --- YAML ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("any_scanner")
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (STUDY + "x: a: b\n", """8: a ': ' where none can be; put text that holds a colon in "quotes", or mend the indentation"""),
        (STUDY + "limits:\n\tretries: 3\n", "9: a tab where YAML wants spaces; indent with spaces"),
        (STUDY + 'x: "abc\ny: 2\n', "8: the quote that opens here is never closed; close it"),
        (STUDY + 'x: "\\d"\n', "8: \\d means nothing between double quotes; use single quotes, or double the backslash"),
        ("%YAML 9.9\n---\n" + STUDY, "1: the line %YAML asks for a YAML that nobody here reads; take it out"),
        (STUDY + "x: 'it's'\n", "8: text goes on behind a closing quote; put the whole text in one pair of quotes"),
        (STUDY + "x: @me\n", """8: text must not start with @; put it in "quotes\""""),
        (STUDY + "x: [1, 2\ny: 3\n", "9: a list in [ ] is not closed, or lacks a comma; close it with ]"),
        (STUDY + "x: {a: 1\n", "9: a mapping in { } is not closed, or lacks a comma; close it with }"),
        (STUDY + "x:\n   a: 1\n  b: 2\n", "10: the indentation does not fit the lines above; line the keys up"),
        (STUDY.replace("[nora]", "[*]"), '6: a bare * has a meaning of its own in YAML; quote it: "*"'),
        (STUDY.replace("[nora]", "*"), '6: a bare * has a meaning of its own in YAML; quote it: "*"'),
        (STUDY.replace("[nora]", "[*nora]"), '6: *nora refers to nothing; quote text that starts with *: "*nora"'),
        (STUDY + "---\na: 1\n", "8: a second document begins; keep one document to a file: take out the line '---'"),
        (STUDY + "name: t\n", "8: key 'name' stands twice, first on line 1; keep one of them"),
        (STUDY + "limits: {retries: 1, retries: 1}\n", "8: key 'retries' stands twice, first on line 8; keep one of them"),
        (STUDY + "1.5: x\n", "8: key '1.5' must be text; quote it: \"1.5\""),
        (STUDY + "~: x\n", "8: key '~' must be text; quote it: \"~\""),
        (STUDY + 'limits: {1: x, "1": y}\n', "8: key '1' stands twice, first on line 8; keep one of them (and 1 more)"),
        (
            STUDY + "limits: {1: x}\n",
            "8: limits: unknown key '1'; choose from: timeout, idle, retries, calls_at_once, fixed_calls, requests_per_minute, tokens_per_minute, "
            "patience, grace, max_cost, max_tokens, max_minutes, …",
        ),
        (STUDY + "[a]: x\n", """8: a key must be text, not a list or mapping; put text that begins with [ or { in "quotes\""""),
        (
            STUDY + "x: !!python/object/apply:os.system ['touch pwned']\n",
            "8: the tag !!python/object/apply:os.system is not allowed; write the plain value; quote text that starts with '!'",
        ),
        (STUDY + "x: !foo bar\n", "8: the tag !foo is not allowed; write the plain value; quote text that starts with '!'"),
        (STUDY + "x: !!binary aGk=\n", "8: the tag !!binary is not allowed; write the plain value; quote text that starts with '!'"),
        (STUDY + "x: &a [*a]\n", "8: *a stands inside itself; write it out (and 1 more)"),
        (STUDY + "x: &a {y: {z: *a}}\n", "8: *a stands inside itself; write it out (and 1 more)"),
        (STUDY + "x: " + "[" * 300 + "]" * 300, "8: is nested more than 100 deep"),
        (STUDY + "x:" + "".join("\n" + " " * i + "- " for i in range(1, 300)), "109: is nested more than 100 deep"),
        (STUDY + "x: 2026-02-30\n", "8: '2026-02-30' is not a date that exists; quote it if it is text"),
        (STUDY + f"x: {'9' * 5000}\n", f"8: '{'9' * 40}' is not a number that exists; quote it if it is text"),
        (STUDY + "x: =\n", "8: '=' has a meaning of its own in YAML; quote it: \"=\""),
        (STUDY + "limits: {<<: 3}\n", "8: << takes a mapping, or a list of mappings"),
    ],
    ids=lambda v: v[-40:],
)
def test_yaml_that_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    assert refusal(path) == f"s.yaml:{complaint}"
    assert not Path("pwned").exists()


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="PyYAML is installed here without its C scanner, and the other takes seconds for this")
@pytest.mark.parametrize("text", ["[" * 5000 + "]" * 5000, "{a: " * 3000 + "1" + "}" * 3000], ids=["lists", "mappings"])
def test_what_is_nested_thousands_deep_is_refused_whoever_sees_it_first(tmp_path: Path, text: str) -> None:
    """PyYAML refuses it itself from 6.0.4 on."""
    path = tmp_path / "s.yaml"
    path.write_text(f"{STUDY}x: {text}", encoding="utf-8")
    assert refusal(path) == "s.yaml:8: is nested more than 100 deep"


@pytest.mark.usefixtures("any_scanner")
def test_aliases_that_stand_for_billions_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    rows = ["a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]"]
    rows += [f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    path.write_text("\n".join(rows))
    assert refusal(path) == "s.yaml:5: its aliases expand to more than 100000 values; write them out, or take them out"


@pytest.mark.usefixtures("any_scanner")
def test_anchors_and_merge_keys_may_be_used(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(STUDY.replace("user: {", "user: &one {") + "rater: *one\nobservers:\n  - {<<: *one, id: second, client: null}\n")
    study = load_yaml(path, Study)
    assert study.rater == study.user
    assert study.observers[0].model == study.user.model


def test_the_files_own_key_wins_over_a_merged_one_and_the_first_of_several_merged(tmp_path: Path) -> None:
    path = tmp_path / "l.yaml"
    path.write_text("<<: [{retries: 1, timeout: 1}, {timeout: 2, calls_at_once: 2}]\nretries: 3\n")
    assert load_yaml(path, Limits) == Limits(retries=3, timeout=1, calls_at_once=2)


def test_a_fault_in_merged_keys_is_found_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(STUDY.replace("user: {model:", "user: &one {modle:") + "rater: {<<: *one}\n")
    assert refusal(path) == "s.yaml:5: user: unknown key 'modle'; did you mean 'model'? (and 1 more)"


def test_lines_of_every_value_are_known(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(STUDY)
    document = read_yaml(path)
    places = [("name",), ("targets", 0), ("targets", 0, "model"), ("user", "model"), ("scenarios", 0), ("nowhere",)]
    assert [document.find(*steps).line for steps in places] == [1, 3, 4, 5, 7, 1]


# --- what a study must be -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (STUDY + "concurency: 3\n", "8: unknown key 'concurency'; did you mean 'concurrency'?"),
        (STUDY.replace("personas", "persona"), "6: unknown key 'persona'; did you mean 'personas'?"),
        (STUDY.replace("name: s\n", ""), "1: 'name' is missing; add it"),
        (STUDY.replace("    model: off", "    modle: off"), "4: targets 1: unknown key 'modle'; did you mean 'model'?"),
        (STUDY.replace("id: a", "id: Mia B"), "3: targets 1, id: must be lower-case letters, digits, - and _, such as mia-2, not 'Mia B'"),
        (STUDY.replace("offline/uses", "gpt-5"), "4: targets 1, model: must be provider/name, such as openai/gpt-5 or offline/friendly, not 'gpt-5'"),
        (STUDY + "concurrency: many\n", "8: concurrency: must be a whole number from 1 to 10000, not 'many'"),
        (STUDY + "concurrency: 0\n", "8: concurrency: must be a whole number from 1 to 10000, not '0'"),
        (STUDY + "concurrency: 1.5\n", "8: concurrency: must be a whole number from 1 to 10000, not '1.5'"),
        (STUDY + "concurrency: '5'\n", "8: concurrency: must be a whole number from 1 to 10000, not '5'; take the quotes away"),
        (STUDY + "concurrency: true\n", "8: concurrency: must be a whole number from 1 to 10000, not 'true'"),
        (STUDY + "concurrency: [1]\n", "8: concurrency: must be a whole number from 1 to 10000, not a list"),
        (STUDY + "history_tokens: 3\n", "8: history_tokens: must be a whole number of at least 200, not '3'"),
        (STUDY + "sampling: {temperature: 9}\n", "8: sampling, temperature: must be a number from 0 to 2, not '9'"),
        (STUDY + "sampling: {temperature: hot}\n", "8: sampling, temperature: must be a number from 0 to 2, not 'hot'"),
        (
            STUDY + "sampling: hot\n",
            "8: sampling: must hold keys and values, not 'hot'; write it as `key: value` lines (temperature, top_p, max_tokens)",
        ),
        (
            STUDY + "limits:\n  timeout: -1\n  retries: 99\n",
            "9: limits, timeout: must be a number of seconds above 0, or one for each role, as {user: 60, target: 120}, not '-1' (and 1 more)",
        ),
        (STUDY.replace("[nora]", "nora"), "6: personas: must be a list, not 'nora'; write it as one: [nora]"),
        (STUDY.replace("[nora]", '"*"'), "6: personas: must be a list, not '*'; write it as one: [\"*\"]"),
        (STUDY.replace("[nora]", "[]"), "6: personas: must have at least 1 entry, and has 0; add to it"),
        (STUDY.replace("[nora]", ""), "6: personas: has no value; write one behind the colon, or take the line out"),
        (STUDY.replace("[nora]", "['']"), "6: personas 1: must not be empty"),
        (STUDY.replace("nora", "12"), '6: personas 1: must be text, but to YAML 12 is a number; quote it: "12"'),
        (STUDY.replace("nora", "12:30"), '6: to YAML 12:30 is a number in base 60; write it in base 10, or quote it: "12:30"'),
        (STUDY.replace("nora", "2026-01-05"), '6: personas 1: must be text, but to YAML 2026-01-05 is a date; quote it: "2026-01-05"'),
        (STUDY.replace("nora", "no"), '6: personas 1: must be text, but to YAML no is true or false; quote it: "no"'),
        (
            STUDY.replace("[nora]", "\n  - I said: no"),
            """7: personas 1: must be text, and a ': ' in it makes it keys and values; put the whole text in "quotes\"""",
        ),
        (STUDY + "rater: sel\n", "8: rater: must be 'self', or keys and values (model: …), not 'sel'"),
        (STUDY + "rater: {modl: a/b}\n", "8: rater: unknown key 'modl'; did you mean 'model'?"),
        (STUDY + "rater: {}\n", "8: rater: 'model' is missing; add it"),
        (STUDY + "tagger: {model: a/b, client: direkt}\n", "8: tagger, client: 'direkt' is not a choice here; did you mean 'direct'?"),
        (STUDY + "start_date: soon\n", "8: start_date: must be a date, such as 2026-01-05, not 'soon'"),
        (STUDY + "seeds: 0\n", "8: seeds: 0 leaves nothing to run; write a number from 1 or a list"),
        (STUDY + "seeds: [1, x]\n", "8: seeds 2: must be a whole number of at least 0 and below 9223372036854775808, not 'x'"),
        (STUDY + "seeds: [1, 1]\n", "8: seeds: seed '1' stands twice; give each its own id"),
        (
            STUDY.replace("user: {", "user: {api_base: 'localhost:80', "),
            "5: user, api_base: 'localhost:80' is not an http(s) URL, such as http://127.0.0.1:8000/v1",
        ),
        (
            STUDY.replace("user:", "  - {id: a, model: offline/x}\nuser:"),
            "1: target 'a' stands twice; give each its own id",
        ),
    ],
    ids=lambda v: v[-40:],
)
def test_a_study_with_a_fault(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text)
    assert refusal(path) == f"s.yaml:{complaint}"


@pytest.mark.parametrize("line", ["api_key_env: sk-live-0123456789", "api_key: sk-live-0123456789"])
def test_a_key_written_into_a_study_is_not_repeated(tmp_path: Path, line: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(STUDY.replace("user: {", f"user: {{{line}, "))
    assert "sk-live" not in refusal(path)


def test_the_first_fault_by_line_is_named_and_the_others_counted(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("seeds: x\n" + STUDY.replace("offline/uses", "uses") + "concurrency: x\n")
    assert refusal(path) == "s.yaml:1: seeds: must be a list, not 'x'; write it as one: [x] (and 2 more)"


# --- what a persona must be ---------------------------------------------------------------------------------------


def _rename(at: Callable[[dict[str, Any]], dict[str, Any]], old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def change(fields: dict[str, Any]) -> None:
        inner = at(fields)
        inner[new] = inner.pop(old)

    return change


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (_rename(lambda p: p, "facts", "facs"), "unknown key 'facs'; did you mean 'facts'?"),
        (_rename(lambda p: p["style"], "humour", "humor"), "style: unknown key 'humor'; did you mean 'humour'?"),
        (_rename(lambda p: p["preferences"], "humor_fit", "humour_fit"), "preferences: unknown key 'humour_fit'; did you mean 'humor_fit'?"),
        (lambda p: (p.update(language="fr"), p["preferences"].pop("humor_fit")), "preferences lack humor_fit; every dimension needs one"),
        (lambda p: (p.update(language="fr"), p.pop("voice")), "'voice' is missing; add it"),
        (lambda p: p["style"].update(humour=9), "style, humour: must be a whole number from 1 to 5, not '9'"),
        (lambda p: p["facts"][1].pop("text"), "facts 2: 'text' is missing; add it"),
        (lambda p: p["facts"][1].update(topic="famly"), "facts 2, topic: 'famly' is not a choice here; did you mean 'family'?"),
        (lambda p: p["facts"][1].update(answers=["nowhere"]), "facts 2: none of its answers is in its text (nowhere)"),
        (lambda p: p["facts"][0].update(answers="Biscuit"), "facts 1, answers: must be a list, not 'Biscuit'; write it as one: [Biscuit]"),
        (lambda p: p["facts"][0].update(answers=[1994]), 'facts 1, answers 1: must be text, but to YAML 1994 is a number; quote it: "1994"'),
        (lambda p: p["traits"][0].update(level=7), "traits 1, level: must be a whole number from 1 to 5, not '7'"),
        (lambda p: p["voice"].update(hello=["Hi."]), "voice, hello: must have at least 2 entries, and has 1; add to it"),
        (lambda p: p.update(age=12), "age: must be a whole number from 16 to 110, not '12'"),
        (lambda p: p.update(language="English"), "language: must be a language tag, such as en or pt-BR, not 'English'"),
        (lambda p: p.update(type="social"), "type: must hold keys and values, not 'social'; write it as `key: value` lines (sociability, stability)"),
        (lambda p: p.update(facts=[p["facts"][0]] * 2), "fact 'cat' stands twice; give each its own id"),
    ],
)
def test_a_persona_with_a_fault(tmp_path: Path, change: Callable[[dict[str, Any]], None], complaint: str) -> None:
    fields = copy.deepcopy(persona().model_dump(mode="json"))
    change(fields)
    path = tmp_path / "nora.yaml"
    path.write_text(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True), encoding="utf-8")
    _, line, said = refusal(path, Persona).split(":", 2)
    assert said.strip() == complaint
    wrong = complaint.split("'")[1] if complaint.startswith("unknown") else ""
    assert wrong in path.read_text().splitlines()[int(line) - 1]


# --- discriminators -----------------------------------------------------------------------------------------------


class _Chat(Frozen):
    kind: Literal["chat"] = "chat"
    id: str


class _Http(Frozen):
    kind: Literal["http"] = "http"
    url: str


class _Either(Frozen):
    bot: str | _Chat


class _Tagged(Frozen):
    bot: _Chat | _Http = Field(discriminator="kind")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("bot: {kind: htpp, url: x}", "b.yaml:1: bot: 'htpp' is not a kind known here; did you mean 'http'?"),
        ("bot:\n  url: x", "b.yaml:1: bot: 'kind' is missing; add it"),
        ("bot:\n  kind: http\n  ulr: x", "b.yaml:3: bot: unknown key 'ulr'; did you mean 'url'?"),
        ("bot: {kind: http, url: 3}", 'b.yaml:1: bot, url: must be text, but to YAML 3 is a number; quote it: "3"'),
    ],
)
def test_a_union_told_apart_by_a_key(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "b.yaml"
    path.write_text(text)
    assert refusal(path, _Tagged) == complaint


def test_a_union_of_which_no_branch_fits(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_text("bot: [1]")
    assert refusal(path, _Either) == "b.yaml:1: bot: must be one text, not a list (and 1 more)"
