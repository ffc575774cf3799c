"""`sim calibrate --edits`: the response matrix, offline and through a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.core.codebook import DIMENSIONS
from tests.cli.command import sim, sim_json
from tests.server import serve


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return sim_json("calibrate", "--edits", cwd=tmp_path_factory.mktemp("calibrate"))


def test_the_offline_rater_tells_the_dimensions_apart(offline: Any) -> None:
    for part in ("all", "held_out"):
        figures = offline["matrix"]["parts"][part]
        assert figures["matching"]["share"] >= 0.8
        assert figures["others"]["share"] <= 0.1
        assert figures["paraphrased"]["share"] <= 0.1
        assert figures["repeated"]["moved"] == 0
    rows = offline["matrix"]["parts"]["all"]["edited"]
    assert all(rows[d]["cells"][d]["share"] >= 0.8 for d in DIMENSIONS)


def test_the_document_is_whole(offline: Any) -> None:
    assert (offline["rater"], offline["offline"], offline["lost"]) == ("offline/rater", True, {})
    assert offline["took"]["calls"] == offline["replies"]
    rows = offline["matrix"]["parts"]["all"]["edited"]
    assert sum(r["pairs"] for r in rows.values()) >= 140
    assert all(r["pairs"] >= 20 and set(r["cells"]) == set(DIMENSIONS) for r in rows.values())


def test_the_table_says_what_it_is_and_progress_goes_elsewhere(tmp_path: Path) -> None:
    done = sim("calibrate", "--edits", cwd=tmp_path, COLUMNS="100")
    assert done.returncode == 0
    assert "offline models" in done.stdout
    for row in ("emotional", "formality", "knowledge", "length", "reference", "humor", "callback", "paraphrase", "repeat", "held out"):
        assert row in done.stdout
    assert "replies" in done.stderr
    assert "rated 1 of" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert not list(tmp_path.iterdir())


def test_a_model_behind_http_goes_the_same_way(tmp_path: Path, offline: Any) -> None:
    with serve(latency=5) as server:
        found = sim_json("calibrate", "--edits", "--rater", "openai/rater", "--api-base", server.url, cwd=tmp_path)
        stats = server.stats()
        seen = server.requests()
    assert found["offline"] is False
    assert found["replies"] == offline["replies"]
    assert stats["by_role"] == {"rater": found["took"]["calls"]}
    assert found["took"]["tokens"] > 0
    assert found["took"]["unknown_costs"] == found["took"]["calls"]
    assert 1 < stats["max_inflight"] <= 16
    texts = [str(r["body"]["messages"]) for r in seen]
    assert not any(word in text for text in texts for word in ("held_out", "joke_added", "callback_wrong", "paraphrase-1"))


def test_a_server_that_fails_leaves_ratings_absent_and_says_so(tmp_path: Path) -> None:
    with serve() as server:
        server.fault("unauthorized", role="rater", start=5, count=3)
        done = sim("calibrate", "--edits", "--rater", "openai/rater", "--api-base", server.url, "--concurrency", "1", cwd=tmp_path)
    assert done.returncode == 3
    assert "Absent: 3 ratings" in done.stdout


def test_a_server_that_is_not_there_is_given_up_soon(tmp_path: Path) -> None:
    with serve() as server:
        server.fault("unauthorized", role="rater")
        done = sim("calibrate", "--edits", "--rater", "openai/rater", "--api-base", server.url, "--concurrency", "2", cwd=tmp_path)
        assert server.stats()["calls"] <= 8
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_a_budget_holds(tmp_path: Path) -> None:
    found = sim_json("calibrate", "--edits", "--max-tokens", "20000", "--concurrency", "1", cwd=tmp_path, status=3)
    assert 0 < found["replies"] < 40
    assert all(why.startswith("budget") for why in found["lost"].values())


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "write RATINGS, RUN, `--edits --rater MODEL`, `--attack --rater MODEL` or `--tagger FILE`"),
        (("--edits", "--attack"), "calibrate measures one thing at a time"),
        (("--edits", "--rater", "nonsense"), "provider/name"),
        (("--edits", "--rater", "offline/cold"), "cannot play a rater"),
        (("--edits", "--rater", "openai/x", "--api-base", "ftp://x"), "--api-base: 'ftp://x' is not an http(s) URL"),
        (("--edits", "--rater", "openai/x", "--api-base", "http://127.0.0.1:9/v1", "--api-key-env", "NO_SUCH_KEY"), "NO_SUCH_KEY, which is not set"),
        (("--edits", "--max-cost", "-1"), "--max-cost"),
    ],
)
def test_what_is_wrong_with_the_flags_is_one_line(tmp_path: Path, flags: tuple[str, ...], said: str) -> None:
    done = sim("calibrate", *flags, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
