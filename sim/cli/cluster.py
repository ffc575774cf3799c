"""What `--backend` and its options say of where a run's trials are held."""

from __future__ import annotations

from pathlib import Path

from pydantic import JsonValue, RootModel

from sim.core.errors import InputError, nearest
from sim.engine.cluster import Cluster
from sim.store.yaml_file import load_yaml

BACKENDS = ("local", "ray")


class RuntimeEnvironment(RootModel[dict[str, JsonValue]]):
    """What Ray sets up on each node; Ray knows what its keys mean."""


def read_cluster(backend: str, *, address: str | None, workers: int | None, runtime_env: Path | None) -> Cluster | None:
    """The cluster that is asked for; None: this process.

    Raises:
        InputError: there is no such backend, options of Ray are given without it, or the file of the runtime environment cannot be read.
    """
    if backend not in BACKENDS:
        raise InputError(f"there is no backend '{backend}'", mend=nearest(backend, BACKENDS), where="--backend")
    if backend == "local":
        for flag, given in (("--ray-address", address), ("--workers", workers), ("--runtime-env", runtime_env)):
            if given is not None:
                raise InputError("is for Ray", mend="add --backend ray", where=flag)
        return None
    return Cluster(address=address, workers=workers, runtime_env=load_yaml(runtime_env, RuntimeEnvironment).root if runtime_env else {})
