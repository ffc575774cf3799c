"""The header says what a run was made with: enough to rebuild it after prompts, personas or packages have changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from pydantic import Field

from sim.core.codebook import Codebook
from sim.core.event import SCHEMA_VERSION
from sim.core.frozen import Frozen
from sim.core.spec import KeptScorer, Persona, Scenario, Study
from sim.core.spec.held import held
from sim.core.spec.registration import Registered

_PACKAGES = ("rapport-sim", "langgraph", "litellm", "pydantic", "numpy", "scipy")


class LogSource(Frozen):
    """The log that a run was read from."""

    file: str
    """Its name."""
    hash: str
    """Changes with any byte of it."""
    by: str | None = None
    """The key of its conversations that says which system held them; None: one did."""


class RunSpec(Frozen):
    """What a run was asked to do, with nothing left to look up: the content of its `study.yaml`."""

    study: Study
    personas: tuple[Persona, ...]
    scenarios: tuple[Scenario, ...]
    codebook: Codebook
    scorers: tuple[KeptScorer, ...] = ()
    """The study's own, rubrics in full."""
    log: LogSource | None = None
    """What its talks were read from; None: they were held."""


class Header(Frozen):
    """The content of a run's `header.json`."""

    schema_version: int = SCHEMA_VERSION
    created: dt.datetime
    nonce: str = ""
    """Drawn when the run was made. Users that custom targets are told of are named after it, so that no two runs meet in one memory."""
    prompts: dict[str, str]
    """Texts by name."""
    prompt_hashes: dict[str, str]
    spec_hash: str
    """Changes with anything in the run's `study.yaml`."""
    versions: dict[str, str]
    """Of Python and the packages that matter, as far as they are installed."""
    git_revision: str | None = None
    """Of the working folder when the run was made; None outside a repository."""
    seeds: tuple[int, ...]
    trials: int
    """Planned."""
    scorers: dict[str, str]
    """Versions by scorer."""
    offline: tuple[str, ...] = ()
    """Parts played by offline models: such a run checks the instrument and says nothing of any real model."""
    spec_text_hash: str = ""
    """Of the run's `study.yaml` as it was written, byte for byte; empty in runs that were made before it was kept."""
    registered: Registered | None = Field(default=None, exclude_if=lambda registered: registered is None)
    """What was planned before the run; None: nothing was registered."""
    edited: tuple[str, ...] = ()
    """Files of the run that had been edited when it was gone on with or judged again: what is in it then comes of more than one wording."""
    seal: str = ""
    """Of everything else in this file; tells whether somebody has edited it. Empty in runs that were made before it was kept."""

    def with_scoring(self, *, prompts: Mapping[str, str], scorers: Mapping[str, str], offline: Iterable[str]) -> Header:
        """The header with what it does not name yet of a later scoring; what it names stays as it is."""
        texts = {**prompts, **self.prompts}
        return self.model_copy(
            update={
                "prompts": texts,
                "prompt_hashes": {name: text_hash(text) for name, text in texts.items()},
                "scorers": {**scorers, **self.scorers},
                "offline": tuple(dict.fromkeys((*self.offline, *offline))),
            }
        )


def build_header(
    spec: RunSpec,
    *,
    created: dt.datetime,
    nonce: str,
    prompts: Mapping[str, str],
    scorers: Mapping[str, str],
    offline: Iterable[str],
    spec_text: str,
    working_folder: Path,
    registered: Registered | None = None,
) -> Header:
    """The header of a run that is about to begin, with `spec_text` as its `study.yaml`; git is asked about `working_folder`."""
    return Header(
        created=created,
        nonce=nonce,
        prompts=dict(prompts),
        prompt_hashes={name: text_hash(text) for name, text in prompts.items()},
        spec_hash=text_hash(spec.model_dump_json()),
        spec_text_hash=text_hash(spec_text),
        versions=dict(package_versions()),
        git_revision=git_revision(working_folder),
        seeds=spec.study.seeds,
        trials=sum(1 for _ in held(spec.study, spec.personas, spec.scenarios)),
        scorers=dict(scorers),
        offline=tuple(offline),
        registered=registered,
    )


@cache
def package_versions() -> Mapping[str, str]:
    """Versions of Python and of the installed packages that a run depends on; imports none of them. Read once: what is loaded does not change."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_revision(folder: Path) -> str | None:
    """The commit checked out in `folder`, with `-dirty` behind it when files differ; None outside a repository or without git."""
    command = ["git", "--no-optional-locks", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def write_header(header: Header) -> str:
    """The text of a header's file, sealed."""
    values = json.loads(header.model_dump_json(exclude={"seal"}))
    return json.dumps({**values, "seal": _seal(values)}, indent=2, ensure_ascii=False) + "\n"


def is_as_written(text: str) -> bool:
    """Whether a header's file says what this program wrote there, as far as it can be told: a run of before has hashes of its prompts and no seal."""
    values = json.loads(text)
    hashes = {name: text_hash(prompt) for name, prompt in values["prompts"].items()}
    sealed = values.pop("seal", "")
    return hashes == values["prompt_hashes"] and (sealed == _seal(values) if sealed else "spec_text_hash" not in values)


def _seal(values: Mapping[str, object]) -> str:
    # Of the values as they stand in the file, not of the model: a later version may know of more.
    return text_hash(json.dumps(values, sort_keys=True))


def text_hash(text: str | bytes) -> str:
    """16 hexadecimal digits that change with anything in `text`."""
    return hashlib.blake2b(text.encode() if isinstance(text, str) else text, digest_size=8).hexdigest()
