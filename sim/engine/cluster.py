"""Where a run's trials are held, if not in this process: what `--backend ray` and its options say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster, or as many processes of this machine."""

    address: str | None = None
    """As Ray takes it: `auto`, `ray://host:10001`; None: this machine alone."""
    workers: int | None = None
    """Each on a processor of its own; None: one for each processor there is."""
    runtime_env: Mapping[str, object] = field(default_factory=dict)
    """What Ray sets up on each node before a worker starts there: working_dir, pip, env_vars."""
