"""The interleaving: desks of two tenants, each a thread, each request drawn at random, each answer looked through."""

from __future__ import annotations

import contextlib
import itertools
import math
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from bff_backoffice.presentation.route_table import Route
from drills.tenants.bodies import Writer
from drills.tenants.residues import Residue, residues
from drills.tenants.sides import Desk, Side
from tests.desktop import API
from tests.isolation.every_route import ENDS_THE_SESSION, KEYED, NOBODYS, OPERATOR_ROUTES, path_of, query_of
from tests.worlds import World

__all__ = ["ROLES", "Interleaved", "interleave"]

ROLES: Final = ("general_manager", "owner", "front_desk", "housekeeping_lead")
_ACCEPTED: Final = ("application/json", "application/x-ndjson", "text/event-stream", "text/html", "*/*")
_LANGUAGES: Final = ("en", "fr", "ar", "fa-AF", "ps-AF")
_BUSY: Final = frozenset({401, 429, 503, 504})
"""Answers of a moment, which say nothing of what was asked for."""
_SAID_ANEW: Final = ("requestId", "traceId", "instance")
_A_WHILE_SECONDS: Final = 0.3
_EXAMPLES: Final = 20
_FOREIGN, _CUT, _OTHER_HOTEL = 0.12, 0.08, 0.1
"""Shares of requests: about a thing of the other tenant, hung up on in the middle, at a hotel of the other tenant."""


@dataclass(slots=True)
class Interleaved:
    """What came of it. `amiss` are the first leaks and differences; `answers` counts routes by status."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    amiss: list[str] = field(default_factory=list)
    recognised: int = 0
    """Answers in which the tenant's own canaries were: what is looked for can be seen."""
    left: list[Residue] = field(default_factory=list)
    written: int = 0
    seconds: float = 0.0

    @property
    def reached(self) -> set[str]:
        """The routes that answered with success, a stream that was hung up on included."""
        return {name for name, status in self.answers if status < 300}

    def found(self, kind: str, what: str) -> None:
        """Note something that must not be: `leaked`, `shared`, or `told apart`."""
        self.kinds[kind] += 1
        if len(self.amiss) < _EXAMPLES:
            self.amiss.append(what)


def interleave(
    world: World, *, requests: int, seed: int, roles: Sequence[str] = ROLES,
    seconds: float = math.inf, progress: Callable[[int], None] = lambda _: None,
) -> Interleaved:  # fmt: skip
    """Send so many requests of two tenants, or what fits into the time, all desks at once; then look at the rest."""
    sides = (Side(world, 0), Side(world, 1))
    outcome, started = Interleaved(), time.monotonic()
    desks = [Desk.of(side, role) for role in roles for side in sides]
    world.fault("reservation-service", "latency", latencyMs=15, jitterMs=15)
    numbers = itertools.count(1)

    def works(place: int) -> None:
        visitor = _Visitor(desks[place], sides[1 - place % 2], random.Random(f"{seed}-{place}"), outcome)
        for number in numbers:
            if number > requests or time.monotonic() > started + seconds:
                return
            visitor.asks()
            progress(number)

    with ThreadPoolExecutor(len(desks)) as pool:
        for work in [pool.submit(works, place) for place in range(len(desks))]:
            work.result()
    world.heal()
    shared = sides[0].seen & sides[1].seen
    for each in sorted(shared)[:_EXAMPLES]:
        outcome.found("shared", f"both tenants were told of {each}")
    outcome.left = residues(world, sides)
    outcome.amiss += [each for *_, amiss in outcome.left for each in amiss[:_EXAMPLES]]
    outcome.written = sum(side.written for side in sides)
    outcome.seconds = time.monotonic() - started
    return outcome


@dataclass(slots=True)
class _Visitor:
    """One desk that asks whatever comes to its mind, and looks for the other tenant in every answer."""

    desk: Desk
    other: Side
    rng: random.Random
    outcome: Interleaved
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        side = self.desk.side
        self.writer = Writer(self.rng, side.text, lambda kind: side.an_id(self.rng, kind), side.currency)

    def asks(self) -> None:
        """One request, or two that must be answered alike."""
        route = self.rng.choice(OPERATOR_ROUTES)
        if route.operation_id in ENDS_THE_SESSION and self.rng.random() < 0.9:
            return self.asks()
        chance = self.rng.random()
        if self._kind(route) is not None and chance < _FOREIGN:
            self._tries_a_foreign_thing(route)
        elif _endless(route) or (chance < _FOREIGN + _CUT and route.method == "GET"):
            self._hangs_up(route)
        elif chance < _FOREIGN + _CUT + _OTHER_HOTEL:
            self._tries_a_foreign_hotel(route)
        else:
            self._works(route)
        return None

    def _works(self, route: Route) -> None:
        answer = self._sends(route, self._path(route), property_id=self._own_property())
        self.desk.side.learn(answer.text if answer.status_code < 300 else "", sent=str(answer.request.url))
        if answer.status_code == 401 or route.operation_id in ENDS_THE_SESSION:
            self.desk.signs_in_again()

    def _tries_a_foreign_thing(self, route: Route) -> None:
        """What belongs to the other tenant is answered as what does not exist."""
        kind = str(self._kind(route))
        foreign = self.other.decoy(kind)
        body, here = self.writer.body(route, self._own_property()), self._own_property()
        if foreign.endswith(NOBODYS):
            return
        said = self._says(route)
        answers = [
            self._sends(route, path_of(route, self.desk.desktop, {"id": each}), property_id=here, body=body, said=said)
            for each in (foreign, f"{kind}_{NOBODYS}")
        ]
        self._alike(route, foreign, answers)

    def _tries_a_foreign_hotel(self, route: Route) -> None:
        """A hotel of the other tenant is answered as one that does not exist."""
        hotels = (self.other.decoy("ppt"), f"ppt_{NOBODYS}")
        path, said = self._path(route), self._says(route)
        answers = [self._sends(route, path, property_id=each, said=said) for each in hotels]
        self._alike(route, hotels[0], answers)

    def _alike(self, route: Route, what: str, answers: list[httpx2.Response]) -> None:
        if any(each.status_code in _BUSY for each in answers):
            self.desk.signs_in_again()
            return
        self.outcome.kinds["asked for the other"] += 1
        told = [_without_own(each) for each in answers]
        if answers[0].status_code < 400 or told[0] != told[1]:
            self.outcome.found(
                "told apart", f"{route.operation_id}: {what} is told from what does not exist: {str(told)[:600]}"
            )

    def _hangs_up(self, route: Route) -> None:
        """The client goes away in the middle; whatever came until then is looked through too."""
        self.outcome.kinds["hung up"] += 1
        desktop, path = self.desk.desktop, API + self._path(route)
        headers = desktop.headers("GET", path, X_Property_Id=self._own_property(), Accept=self._accepted(route))
        came = b""
        with (
            contextlib.suppress(httpx2.HTTPError),
            desktop.http.stream("GET", desktop.base + path, headers=headers, timeout=_A_WHILE_SECONDS) as answer,
        ):
            self.outcome.answers[route.operation_id, answer.status_code] += 1
            for chunk in answer.iter_raw():
                came += chunk
                if self.rng.random() < 0.5:
                    break
        self._looks(route, came)

    def _sends(
        self,
        route: Route,
        path: str,
        *,
        property_id: str,
        body: Any = None,  # noqa: ANN401 - JSON
        said: tuple[str, str] | None = None,
    ) -> httpx2.Response:
        accepted, language = said or self._says(route)
        headers: dict[str, str | None] = {
            "X_Property_Id": property_id, "Accept": accepted, "Accept_Language": language,
        }  # fmt: skip
        if route.operation_id in KEYED:
            headers["X_Idempotency_Key"] = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        body = body if body is not None else self.writer.body(route, property_id)
        answer = self.desk.desktop.request(route.method, path, json_body=body, **headers)
        self.outcome.answers[route.operation_id, answer.status_code] += 1
        self._looks(route, answer.content, echo=answer.status_code >= 400)
        self.outcome.recognised += bool(self.desk.side.stem in answer.text)
        return answer

    def _looks(self, route: Route, content: bytes, *, echo: bool = False) -> None:
        # A refusal says the path that was asked for, with what the desk itself put there.
        leaked = self.other.leaked_into(content, brought=echo)
        if leaked:
            self.outcome.found("leaked", f"{route.operation_id} told {self.desk.role} of {sorted(leaked)[:3]}")

    def _path(self, route: Route) -> str:
        kind = self._kind(route)
        given = {} if kind is None else {"id": self.desk.side.an_id(self.rng, kind)}
        return path_of(route, self.desk.desktop, given) + query_of(route)

    def _kind(self, route: Route) -> str | None:
        """The prefix of what the path names; None where it is the desk's own device or nothing."""
        good = path_of(route, self.desk.desktop)
        found = next((part for part in good.split("/") if part[3:4] == "_"), None)
        return None if found is None or found == self.desk.desktop.device_id else found[:3]

    def _own_property(self) -> str:
        return self.rng.choice(self.desk.side.world.properties(self.desk.side.number))

    def _says(self, route: Route) -> tuple[str, str]:
        """What the desk accepts, and in which language: the same for two requests that must be answered alike."""
        return self._accepted(route), self.rng.choice(_LANGUAGES)

    def _accepted(self, route: Route) -> str:
        return self.rng.choice(_ACCEPTED if len(route.produces) > 1 else ("application/json", "*/*"))


def _endless(route: Route) -> bool:
    """Whether an answer goes on until somebody hangs up."""
    return route.produces == ("text/event-stream",)


def _without_own(answer: httpx2.Response) -> tuple[int, dict[str, Any] | str]:
    try:
        body = answer.json()
    except ValueError:
        return answer.status_code, answer.text
    return answer.status_code, {name: value for name, value in body.items() if name not in _SAID_ANEW}
