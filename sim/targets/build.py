"""From the spec of a custom target to the talk of one trial with it. Somebody's code is imported here, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sim.core.spec import CallableTargetSpec, CustomTargetSpec, GraphTargetSpec, HttpTargetSpec, LoggedTargetSpec
from sim.llm.attempts import Patience
from sim.llm.hosts import is_near
from sim.llm.prices import Price, told_price
from sim.llm.traffic.lanes import CallDestination
from sim.targets.callable import build_callable, load_callable
from sim.targets.graph import GraphTarget, load_graph
from sim.targets.identity import Identity
from sim.targets.meter import Meter
from sim.targets.template import Filling, check_variables

if TYPE_CHECKING:
    from sim.core.spec import Limits
    from sim.llm.build import Shared
    from sim.llm.prompts import Prompts
    from sim.targets.http import HttpLine
    from sim.targets.target import Target


class OwnTarget:
    """One target of a study, shared by the run's trials."""

    def __init__(self, spec: CustomTargetSpec, *, limits: Limits, shared: Shared, environ: Mapping[str, str] = os.environ) -> None:
        """Args:
        limits: time-out and retries of a call.
        shared: what the run's clients share.
        environ: where `${NAME}` is looked up.

        Raises:
            InputError: a variable is not set, or code that is named is not there or cannot be talked to.
        """
        self._spec = spec
        self._limits = limits
        self._line: HttpLine | None = None
        self._code: object = None
        assert not isinstance(spec, LoggedTargetSpec), "nothing is said to a log"
        if isinstance(spec, HttpTargetSpec):
            self._line = _line(spec, limits=limits, shared=shared, environ=environ)
        else:
            self._code = load_callable(spec) if isinstance(spec, CallableTargetSpec) else load_graph(spec)
            kind = "callable" if isinstance(spec, CallableTargetSpec) else "graph"
            self._till = Meter(CallDestination(None, f"{kind}/{spec.id}"), shared.traffic, price_of(spec))

    def talk(self, identity: Identity, prompts: Prompts) -> Target:
        """A target for one trial; to be restored before it is used."""
        spec, timeout = self._spec, self._limits.seconds("target")
        if isinstance(spec, CallableTargetSpec):
            assert callable(self._code)
            return build_callable(spec, self._code, identity, till=self._till, timeout=timeout, prompts=prompts)
        if isinstance(spec, GraphTargetSpec):
            return GraphTarget(spec, self._code, identity, till=self._till, timeout=timeout, prompts=prompts)
        from sim.targets.http import HttpTarget

        assert self._line is not None
        assert isinstance(spec, HttpTargetSpec)
        return HttpTarget(self._line, identity, prompts=prompts, durable=spec.durable)

    async def check_health(self) -> str | None:
        """Make the health call, where the study has one: why it was not answered well, or None."""
        if self._line is None:
            return None
        from sim.targets.http import check_health

        return await check_health(self._line)

    async def close(self) -> None:
        """Give back connections."""
        if self._line is not None:
            await self._line.close()


def check_own(spec: CustomTargetSpec, *, environ: Mapping[str, str] = os.environ) -> None:
    """See that the variables a target needs are set; imports nothing of it.

    Raises:
        InputError: names those that are not.
    """
    if isinstance(spec, HttpTargetSpec):
        check_variables(spec.http.variables, environ, target=spec.id)


def _line(spec: HttpTargetSpec, *, limits: Limits, shared: Shared, environ: Mapping[str, str]) -> HttpLine:
    from sim.llm.direct import Pool
    from sim.targets.http import HttpLine

    check_own(spec, environ=environ)
    shared.pool = shared.pool or Pool()
    nothing = Filling({n: "" for n in ("message", "messages", "user_id", "session_id", "date", "key")}, [], environ)
    url = urlsplit(nothing.text(spec.http.url, quoted=True))
    return HttpLine(
        spec.http,
        till=Meter(CallDestination(url.netloc, f"http/{spec.id}", is_near(url.hostname or "")), shared.traffic, price_of(spec)),
        pool=shared.pool,
        patience=Patience(retries=limits.retries),
        timeout=limits.seconds("target"),
        environ=environ,
    )


def price_of(spec: CustomTargetSpec) -> Price | None:
    """What a message to `spec` costs, where its study says so."""
    return told_price(spec.price) if spec.price else None
