"""A methods paragraph says what the run's record says, and leaves out what it does not."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import Any

from sim.analysis.figures.summary import summarise
from sim.analysis.verdicts.registered import RunRegistration
from sim.core.record import Trial
from sim.core.spec import Study
from sim.present.paper.methods import cited, render_methods, write_methods
from sim.present.paper.references import ENTRIES, render_bibtex
from sim.store.header import Header
from tests import examples
from tests.analysis.stories import CODEBOOK, whole_run
from tests.analysis.test_registered import registered
from tests.analysis.trials import Diary, planned

REAL = {"id": "bot", "model": "openai/gpt-5", "memory": "none", "sampling": {"temperature": 0.7}}


def header(study: Study, **changes: Any) -> Header:
    made: dict[str, Any] = {
        "created": dt.datetime(2026, 11, 29, tzinfo=dt.UTC),
        "prompts": {},
        "prompt_hashes": {},
        "spec_hash": "00ff",
        "versions": {"rapport-sim": "0.1.0", "python": "3.12.1"},
        "seeds": study.seeds,
        "trials": 1,
        "scorers": {},
    }
    return Header(**{**made, **changes})


@cache
def trials() -> tuple[Trial, ...]:
    return tuple(whole_run())


def written(study: Study, of: tuple[Trial, ...] | None = None, *, offline: tuple[str, ...] = (), registration: RunRegistration | None = None) -> str:
    known = trials() if of is None else of
    found = summarise(study, known, run="r", status="finished", offline=offline, codebook=CODEBOOK)
    return " ".join(write_methods(study, header(study), found, known, codebook="mint", registration=registration))


def test_counts_models_and_hashes_are_those_of_the_run() -> None:
    text = written(examples.study(), offline=("user",))
    ends = {t.id: t.finished for t in trials()}
    assert f"{len(ends)} trials. {sum(ends.values())} trials finished" in text
    assert "version 0.1.0" in text
    assert "on 29 November 2026" in text
    assert "specification hash 00ff" in text
    assert "remembers: offline/uses, memory full; forgets: offline/uses, memory none" in text
    assert "Offline models play the user" in text
    assert "was not registered" in text
    assert "No person rated" in text


def test_memory_is_told_of_where_it_was_probed() -> None:
    told = "Memory was probed after each session"
    assert told not in written(examples.study())
    probed = Diary(planned("nora/moving-house/bot/1", target="bot", persona="nora"))
    study = examples.study(targets=[REAL], probes={"facts": 3, "kinds": ["explicit"]}, judge={"model": "openai/judge"})
    assert told not in written(study, (probed.open().exchange(4).close(4).finish(),))
    many = written(examples.study(probes={"facts": 3}))
    assert (told in many) == any(s.probes for t in trials() for s in t.sessions)


def test_real_models_have_a_temperature_and_no_offline_note() -> None:
    study = examples.study(targets=[REAL], user={"model": "openai/user"}, rater={"model": "anthropic/rater", "sampling": {"temperature": 0}})
    diary = Diary(planned("nora/moving-house/bot/1", target="bot", persona="nora"))
    text = written(study, (diary.open().exchange(4).close(4).finish(),))
    assert "Temperature was 0.7 for bot; the provider's default for the user; 0 for the rater." in text
    assert "played by openai/user" in text
    assert "ffline" not in text.replace("offline/tagger", "")
    assert "Targets were compared" not in text
    assert "95 % intervals" not in text


def test_a_registration_is_told_with_its_hash_and_what_spoils_it() -> None:
    text = written(examples.study(), registration=RunRegistration(registered("a > b")))
    assert "registered on 2026-11-29, before it was run" in text
    second = RunRegistration(registered("callback_scripted: a > b"))
    assert "H1, a higher than b (callback on scripted facts)" in written(examples.study(), registration=second)
    assert "H1, a higher than b (fixed set)" in text
    spoilt = written(examples.study(), registration=RunRegistration(registered("a > b"), differs=("user",)))
    assert "all comparisons are exploratory" in spoilt
    assert "H1" not in spoilt


def test_what_is_cited_is_in_the_references_and_nothing_else() -> None:
    study = examples.study()
    found = summarise(study, trials(), run="r", status="finished", offline=(), codebook=CODEBOOK)
    sentences = write_methods(study, header(study), found, trials(), codebook="mint", registration=None)
    text = render_methods(study, header(study), found, trials(), codebook="mint", registration=None)
    keys = set(re.findall(r"\\cite\{(\w+)\}", text))
    assert {"rapport", "likebench"} <= keys == set(cited(sentences)) <= ENTRIES.keys()
    bibtex = render_bibtex(keys, version="0.1.0")
    assert set(re.findall(r"^@\w+\{(\w+),", bibtex, re.MULTILINE)) == keys
    assert "version = {0.1.0}" in bibtex
    assert bibtex.count("{") == bibtex.count("}")
    assert "%" not in re.sub(r"\\%", "", text.split("\n", 1)[1])
