"""A service process that stops at a labelled step of its first mutation: `python -m drills.failing_service STEP`.

The service itself has no such switch: no setting, header or signal opens a failpoint. This program, which is not part
of its package, opens the service and puts the step in, and it refuses to work with anything but this machine. Arrived
at the step, it writes the step's name to standard output and goes on when it can read a line: in between somebody
outside kills it, or makes it stand still. `nowhere` is no step, and `sent` is in the middle of the upstream call.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

import uvloop

from bff_backoffice.application.mutations_dispatch import Step
from bff_backoffice.application.mutations_ports import Forwarded, Forwarder, ForwardOrder
from bff_backoffice.application.ports import CallContext
from bff_backoffice.bootstrap import Service, open_service
from bff_backoffice.infrastructure.observability import Metrics, configure_logs
from bff_backoffice.server import serve
from bff_backoffice.settings import UPSTREAMS, Settings, load_settings

__all__ = ["NOWHERE", "SENT", "STEPS", "main", "refuse_what_is_real"]

NOWHERE: Final = "nowhere"
SENT: Final = "sent"
STEPS: Final = (Step.CHECKED.value, Step.CLAIMED.value, SENT, Step.ANSWERED.value, Step.FORGOTTEN.value,
                Step.SETTLED.value)  # fmt: skip
"""Every step, in the order in which a mutation comes by."""

_ON_ITS_WAY_SECONDS: Final = 0.03
"""When a call counts as sent: a healthy simulator has done the work by then, and a slow one has not."""
_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass
class _Failpoint:
    """Where the process stops, once."""

    at: str
    passed: bool = field(default=False)

    async def reached(self, step: str) -> None:
        """Stop here, if this is the step and the first time."""
        if step != self.at or self.passed:
            return
        self.passed = True
        print(step, flush=True)  # noqa: T201 - what the drill waits for
        await asyncio.to_thread(sys.stdin.readline)


@dataclass(frozen=True, slots=True)
class _SentForwarder:
    """A gateway whose call goes on while the process is stopped."""

    inner: Forwarder
    failpoint: _Failpoint

    async def forward(self, call: CallContext, order: ForwardOrder) -> Forwarded:
        """Carry it out, and stop in the middle."""
        result: Forwarded | Exception
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._sent(call, order))
            await asyncio.wait({sending}, timeout=_ON_ITS_WAY_SECONDS)
            await self.failpoint.reached(SENT)
            result = await sending
        if isinstance(result, Exception):
            raise result
        return result

    async def _sent(self, call: CallContext, order: ForwardOrder) -> Forwarded | Exception:
        try:
            return await self.inner.forward(call, order)
        except Exception as failure:
            return failure


def refuse_what_is_real(settings: Settings) -> None:
    """Let nobody stop a service that works with more than this machine. Raises `SystemExit`."""
    addresses = [settings.upstream_url(name) for name in UPSTREAMS]
    addresses += [settings.redis_sessions_url.get_secret_value(), *settings.public_origins]
    addresses.append(settings.postgres_app_dsn.get_secret_value())
    far = [name for each in addresses if (name := urlsplit(each).hostname) and name not in _HERE]
    if far:
        raise SystemExit(f"'{far[0]}' is not this machine; a service with a failpoint works with nothing else")


@asynccontextmanager
async def _opened(settings: Settings, metrics: Metrics, failpoint: _Failpoint) -> AsyncIterator[Service]:
    async with open_service(settings, metrics) as service:
        acting = service.use.acting
        tools = acting.forward_mutation.tools
        upstreams = {name: _SentForwarder(each, failpoint) for name, each in tools.upstreams.items()}
        failing = replace(acting.forward_mutation, tools=replace(tools, reached=failpoint.reached, upstreams=upstreams))
        yield replace(service, use=replace(service.use, acting=replace(acting, forward_mutation=failing)))


def main() -> None:
    """Run it, with the service's own settings."""
    parser = argparse.ArgumentParser(prog="python -m drills.failing_service", description=__doc__)
    parser.add_argument("step", choices=[*STEPS, NOWHERE])
    failpoint = _Failpoint(parser.parse_args().step)
    settings = load_settings()
    refuse_what_is_real(settings)
    configure_logs(level=settings.log_level, text=True)
    uvloop.run(serve(settings, lambda given, metrics: _opened(given, metrics, failpoint)))


if __name__ == "__main__":
    main()
