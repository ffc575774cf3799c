"""A server that stands in for models, for the commands that need one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server import Remote, serve


@pytest.fixture(scope="module")
def server() -> Iterator[Remote]:
    """One for all tests of a file."""
    with serve() as running:
        yield running


@pytest.fixture
def clean(server: Remote) -> Iterator[None]:
    """What a test asks of the server, counts there and has go wrong is its own; for a whole file: `pytest.mark.usefixtures("clean")`."""
    server.reset()
    yield
    server.clear()
    server.release()
    server.reset()
