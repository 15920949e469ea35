"""`python -m drills.api_fuzz`: thousands of generated requests at every route, signed as a desk signs them.

Schemathesis makes the requests from the served API document, good ones and bad ones. Each answer is held to it by its
checks and by ours: no 500, and nothing that is not described.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import httpx2
import requests
import requests.auth
import schemathesis
from rich.console import Console
from schemathesis.engine import events, from_schema

from drills.tables import Table
from tests.desktop import API, Desktop
from tests.musts.described import Described, NotDescribedError
from tests.worlds import World, start_world

__all__ = ["SETTINGS", "Fuzzed", "fuzz", "main"]

_FULL: Final = 10_000
_EVERY: Final = 8
"""One request in so many keeps whatever was generated for the parts that are otherwise made good."""
_EXAMPLES: Final = 3
_STATIC: Final = ("/openapi.json", "/openapi.yaml")
"""Takes nothing that could be generated, and is so long that reading it over and over would be most of the work."""
_IDLE: Final = re.compile(r"(?<=[?&]wait=)(?:[1-9]|1[0-9]|2[0-5])(?=&|\Z)")
"""How long a poll may wait for news: most of it would be most of the time, and says nothing of the answer."""
_LONGEST_BYTES: Final = 16 * 1024 * 1024

SETTINGS: Final = {"BFF_RATE_DEVICE_PER_SECOND": "100000", "BFF_RATE_DEVICE_BURST": "1000000"}
"""A world in which one desk may ask as often as it likes: limits have tests of their own."""

# Not whether bad data is refused: what a desk alone can know is made good after the data was made bad.
_CHECKS: Final = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "allow_header_conformance",
)  # fmt: skip


@dataclass
class Fuzzed:
    """What came of it: requests by operation and status, and defects by kind with the first few of each."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    defects: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    operations: int = 0
    seconds: float = 0.0

    @property
    def requests(self) -> int:
        """How many were sent."""
        return self.answers.total()

    def found(self, kind: str, what: str) -> None:
        """Count a defect."""
        self.defects[kind] += 1
        if self.defects[kind] <= _EXAMPLES:
            self.examples.append(f"{kind}: {what}")


def fuzz(world: World, document: Mapping[str, Any], *, at_least: int, seed: int, edges: bool = True) -> Fuzzed:
    """Send at least so many requests to every operation of the document together.

    `edges` adds what Schemathesis makes at every boundary of every schema, some hundred requests an operation.
    """
    fuzzed, started = Fuzzed(), time.monotonic()
    document = {**document, "paths": {path: each for path, each in document["paths"].items() if path not in _STATIC}}
    desktop = world.sign_in()
    signer = _Signer(world, _ids(world, desktop))
    signer.desks[False] = desktop, 0.0
    described = Described(document)
    for round_ in itertools.count():
        schema = schemathesis.openapi.from_dict(
            copy.deepcopy(document), config=_config(world, document, at_least, seed + round_, edges=edges)
        )
        schema.auth.set_from_requests(signer)
        fuzzed.operations = schema.statistic.operations.total
        for event in from_schema(schema).execute():
            _take(event, fuzzed, described)
        if fuzzed.requests >= at_least or fuzzed.defects:
            break
    fuzzed.seconds = time.monotonic() - started
    return fuzzed


def _config(world: World, document: Mapping[str, Any], at_least: int, seed: int, *, edges: bool) -> schemathesis.Config:
    operations = sum(len(path) for path in document["paths"].values())
    return schemathesis.Config.from_dict({
        "seed": seed,
        "base-url": world.bff + API,
        "continue-on-failure": True,
        # The largest board must come whole, or it can't be held to anything.
        "output": {"truncation": {"max-recorded-payload-size": _LONGEST_BYTES}},
        "generation": {
            "max-examples": max(1, -(-at_least // operations)),
            "no-shrink": True,
            "with-security-parameters": False,
            "database": "none",
        },
        "phases": {"examples": {"enabled": False}, "coverage": {"enabled": edges}, "stateful": {"enabled": False}},
        # The live stream ends with its token, and its first event comes at once.
        "operations": [{"include-path": "/sse/stream", "max-stream-events": 1}],
        "checks": {"enabled": False, **{name: {"enabled": True} for name in _CHECKS}},
    })  # fmt: skip


def _take(event: events.EngineEvent, fuzzed: Fuzzed, described: Described) -> None:
    match event:
        case events.ScenarioFinished(recorder=recorder):
            for identifier, interaction in recorder.interactions.items():
                response, request = interaction.response, interaction.request
                if response is None:
                    fuzzed.found("no answer", f"{request.method} {request.uri}")
                    continue
                fuzzed.answers[recorder.label, response.status_code] += 1
                told = f"{request.method} {request.uri} → {response.status_code}"
                try:
                    described.check(_as_answer(request.method, request.uri, response))
                except NotDescribedError as error:
                    fuzzed.found("not described", f"{told}: {error}")
                for check in recorder.checks.get(identifier, []):
                    if check.failure_info is not None:
                        fuzzed.found(check.name, f"{told}: {check.failure_info.failure.message[:400]}")
        case events.NonFatalError(value=value, label=label):
            fuzzed.found("not carried out", f"{label}: {value}"[:600])
        case events.FatalError(exception=exception):
            raise exception
        case _:
            pass


def _as_answer(method: str, address: str, response: schemathesis.Response) -> httpx2.Response:
    # The content comes decoded, whatever coding it had on the wire.
    coded = {"content-encoding", "content-length", "transfer-encoding"}
    headers = [
        (name, value) for name, values in response.headers.items() if name.lower() not in coded for value in values
    ]
    return httpx2.Response(
        response.status_code, headers=headers, content=response.content, request=httpx2.Request(method, address)
    )


@dataclass
class _Signer(requests.auth.AuthBase):
    """Signs each request as a desk does, and makes good what only a desk can know; at times it leaves that as it is."""

    world: World
    ids: Mapping[str, Sequence[str]]
    _count: Iterator[int] = field(default_factory=itertools.count)
    desks: dict[bool, tuple[Desktop, float]] = field(default_factory=dict)

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put credentials on a request that is otherwise ready to go."""
        left_alone = next(self._count) % _EVERY == 0
        r.url = _IDLE.sub("0", str(r.url))
        if not left_alone:
            r.url = self._improved(r.url)
        path = urlsplit(str(r.url)).path
        desktop = self._desk(leaving=path.endswith("/auth/sign-out"))
        own = desktop.headers(str(r.method), path)
        if left_alone:
            own = {name: value for name, value in own.items() if name not in r.headers}
        else:
            r.headers.pop("X-Property-Id", None)
            r.headers.pop("Accept", None)
        r.headers.update(own)
        return r

    def _improved(self, address: str) -> str:
        """The same address, naming something that exists and no property but the session's own."""
        parts = urlsplit(address)
        query = "&".join(each for each in parts.query.split("&") if not each.startswith("propertyId="))
        path = parts.path
        for prefix, known in self.ids.items():
            before, found, behind = path.partition(f"{API}{prefix}/")
            if found and known and not before:
                _, slash, rest = behind.partition("/")
                path = found + known[next(self._count) % len(known)] + slash + rest
        return urlunsplit(parts._replace(path=path, query=query))

    def _desk(self, *, leaving: bool) -> Desktop:
        """Somebody who may use every route; for the route that ends a session, somebody else with a new one."""
        desktop, until = self.desks.get(leaving, (None, 0.0))
        if desktop is None:
            desktop = self.world.sign_in()
        elif leaving or time.monotonic() > until:
            desktop = Desktop.sign_in(self.world, self.world.operator(), desktop.device_id, key=desktop.key)
        else:
            return desktop
        self.desks[leaving] = desktop, time.monotonic() + desktop.tokens["expiresIn"] / 2
        return desktop


def _ids(world: World, desktop: Desktop) -> dict[str, list[str]]:
    """What exists in the first property, by the path behind which it is named."""
    home = world.properties()[0]
    people = world.people
    mine = [each for each in people["reservations"] if each["propertyId"] == home]
    widgets = desktop.get("/dashboard", Accept="application/json").json()["widgets"]
    return {
        "/devices": [desktop.device_id],
        "/dashboard/widgets": [each["id"] for each in widgets],
        "/reservations": [each["id"] for each in mine],
        "/folios": [each["folioId"] for each in mine if each.get("folioId")],
        "/properties": world.properties(),
        "/locks": [each["id"] for each in people["locks"] if each["propertyId"] == home],
        "/housekeeping/rooms": [each["id"] for each in people["rooms"] if each["propertyId"] == home],
        **{
            path: [each["id"] for each in found.json().get("items", []) if "id" in each]
            for path in ("/housekeeping/tasks", "/maintenance/work-orders", "/ai/suggestions", "/alerts")
            if (found := desktop.get(path)).status_code == 200
        },
    }


def table_of(fuzzed: Fuzzed, *, wanted: int, seed: int) -> Table:
    """The run as a table of docs/reliability.md."""
    table = Table(
        "api-fuzz",
        "Generated requests at every route",
        f"Schemathesis makes requests from the served API document, good ones and bad ones (seed {seed}); a desk signs "
        "them. Each answer is held to the document.",
    )
    table.told("operations", str(fuzzed.operations))
    table.judged("requests", f"≥ {wanted:,}", f"{fuzzed.requests:,}", held=fuzzed.requests >= wanted)
    by_kind = Counter(f"{status // 100}xx" for _, status in fuzzed.answers.elements())
    table.told("answers", ", ".join(f"{count:,} of {kind}" for kind, count in sorted(by_kind.items())))
    unforeseen = sum(count for (_, status), count in fuzzed.answers.items() if status == 500)
    table.judged("500", "0", str(unforeseen), held=unforeseen == 0)
    told = ", ".join(f"{count} of {kind}" for kind, count in fuzzed.defects.items())
    table.judged("answers that are not described", "0", told or "0", held=not fuzzed.defects)
    table.told("requests a second, signing and generating included", f"{fuzzed.requests / fuzzed.seconds:.0f}")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; status 1 where an answer was a 500 or not described."""
    parser = argparse.ArgumentParser(prog="python -m drills.api_fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=_FULL, help="at least how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: %(default)s)")
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    with tempfile.TemporaryDirectory() as folder, start_world(Path(folder), environment=SETTINGS) as world:
        document = world.http.get(f"{world.bff}/openapi.json").json()
        fuzzed = fuzz(world, document, at_least=options.requests, seed=options.seed)
    table = table_of(fuzzed, wanted=options.requests, seed=options.seed)
    table.show(console)
    for label, status in sorted(fuzzed.answers):
        console.print(f"  {label} {status}: {fuzzed.answers[label, status]}", markup=False)
    for example in fuzzed.examples:
        console.print(json.dumps(example, ensure_ascii=False)[:1000], markup=False, soft_wrap=True)
    table.write(quick=options.requests < _FULL)
    return int(not table.held)


if __name__ == "__main__":
    sys.exit(main())
