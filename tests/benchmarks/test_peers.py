"""The table of peers counts what was asked, and says which peer is not there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks import peers
from tests.benchmarks.peer_talks import PEERS


@pytest.mark.parametrize("peer", ["asyncio", "langgraph"])
def test_a_peer_asks_user_and_target_at_every_exchange(peer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "TALKS", 2)
    monkeypatch.setattr(peers, "EXCHANGES", 3)
    found = peers.measure_peer(Path(sys.executable), peer)
    assert found["calls"] == 2 * 3 * 2
    assert found["cpu_ms"] > 0


def test_a_peer_without_an_environment_is_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peers, "OURS", ())
    peers.main(tmp_path)
    assert capsys.readouterr().out.count("missing") == len(PEERS)
