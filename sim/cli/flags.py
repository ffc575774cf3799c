"""Flags that several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from sim.cli.log_wish import LogLevel

Results = Annotated[Path, typer.Option("--results", metavar="DIR", help="Where runs are kept.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output, and nothing else there.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's name, or its folder.")]
MaxCost = Annotated[
    list[str] | None,
    typer.Option("--max-cost", metavar="DOLLARS", help="Stop cleanly before more is spent; rater=2 bounds one role; may be repeated."),
]
MaxTokens = Annotated[
    list[str] | None,
    typer.Option("--max-tokens", metavar="N", help="Stop cleanly before more tokens are used; rater=N bounds one role; may be repeated."),
]
MaxMinutes = Annotated[float | None, typer.Option("--max-minutes", metavar="N", help="Stop cleanly after this many minutes.")]
Patience = Annotated[float | None, typer.Option("--patience", metavar="MINUTES", help="How long to wait for a provider that goes down.")]
Timeout = Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="How long one attempt of a call may take.")]
Retries = Annotated[int | None, typer.Option("--retries", metavar="N", help="Attempts of a call after the first.")]
LogLevelFlag = Annotated[
    LogLevel | None, typer.Option("--log-level", help="Log this and worse on standard error; default: warning, or info with --log-json.")
]
LogTo = Annotated[
    str | None,
    typer.Option("--log-to", metavar="TRACKER", help="In the end, hand settings, figures and the report to mlflow or wandb."),
]
"""Where a run is handed to."""

LogJson = Annotated[bool, typer.Option("--log-json", help="Log as lines of JSON; progress and notices too.")]
LocalOnlyFlag = Annotated[bool, typer.Option("--local-only", help="Refuse every host that is not this machine, before any connection is opened.")]
BackendFlag = Annotated[str, typer.Option("--backend", metavar="local|ray", help="Hold trials in this process, or in workers of a Ray cluster.")]
RayAddress = Annotated[str | None, typer.Option("--ray-address", metavar="ADDRESS", help="The cluster; default: this machine alone.")]
WorkersFlag = Annotated[int | None, typer.Option("--workers", metavar="N", min=1, help="Ray workers; default: one a processor.")]
RuntimeEnv = Annotated[Path | None, typer.Option("--runtime-env", metavar="FILE", help="Ray's runtime environment: working_dir, pip, env_vars.")]
AllowHost = Annotated[list[str] | None, typer.Option("--allow-host", metavar="HOST", help="With --local-only: this host too; may be repeated.")]
ApiBase = Annotated[str | None, typer.Option("--api-base", metavar="URL", help="Root of the OpenAI-compatible server that serves it.")]
ApiKeyEnv = Annotated[str | None, typer.Option("--api-key-env", metavar="NAME", help="The environment variable that holds its key.")]
MODEL_FLAGS: Final[Mapping[str, str]] = {"model": "--model", "api_base": "--api-base", "api_key_env": "--api-key-env"}
"""What names a model and its server, by the key that it sets."""
Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML here.")]
Markdown = Annotated[
    str | None,
    typer.Option("--markdown", metavar="FILE", help="Write a job summary to this file, or add it to $GITHUB_STEP_SUMMARY; - prints it."),
]


class Inconclusive(StrEnum):
    """What a job makes of a verdict that cannot be told yet."""

    passes = "pass"
    warn = "warn"
    fail = "fail"


InconclusiveFlag = Annotated[Inconclusive, typer.Option("--inconclusive", help="What cannot be told yet: pass or warn end with 0, fail with 4.")]
AllowOffline = Annotated[
    bool, typer.Option("--allow-offline", help="Let an offline model's judgement of a real chatbot decide too, although it is not evidence.")
]
