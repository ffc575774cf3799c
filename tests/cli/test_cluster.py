"""The options of a cluster: what is refused in one line, and a run on Ray whose driver and workers are killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.cli.cluster import read_cluster
from sim.core.errors import InputError
from sim.engine.cluster import Cluster


def read(backend: str = "ray", address: str | None = None, workers: int | None = None, runtime_env: Path | None = None) -> Cluster | None:
    return read_cluster(backend, address=address, workers=workers, runtime_env=runtime_env)


def test_without_a_word_trials_are_held_in_this_process() -> None:
    assert read("local") is None


def test_what_is_said_of_a_cluster_is_kept(tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("working_dir: .\nenv_vars: {BOT_KEY: abc}\npip: [aiohttp]\n")
    cluster = read(address="auto", workers=3, runtime_env=tmp_path / "env.yaml")
    assert cluster == Cluster("auto", 3, {"working_dir": ".", "env_vars": {"BOT_KEY": "abc"}, "pip": ["aiohttp"]})


def test_what_cannot_be_meant_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no backend 'rya'.*'ray'"):
        read("rya")
    with pytest.raises(InputError, match=r"--workers: is for Ray.*--backend ray"):
        read("local", workers=2)
    (tmp_path / "list.yaml").write_text("- working_dir\n")
    with pytest.raises(InputError, match=r"list\.yaml"):
        read(runtime_env=tmp_path / "list.yaml")
    with pytest.raises(InputError, match=r"nowhere\.yaml"):
        read(runtime_env=tmp_path / "nowhere.yaml")
