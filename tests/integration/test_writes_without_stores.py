"""What ends in this service's own books while a store is away: nothing is done, and the same key does it afterwards.

Contract, sections 2.4 and 5. Forwarded mutations have the same way in; these have no owning service that remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.acting import act, effects, new_key
from tests.desktop import Desktop
from tests.integration.test_stores_away import ready, until
from tests.processes import stopped
from tests.worlds import World, start_world

STORE_UNAVAILABLE = "MELMASTOON.BFF.BACKOFFICE.STORE_UNAVAILABLE"
CLICK = {"kind": "board.opened", "occurredAt": "2026-11-22T10:00:00+04:30"}


@dataclass(frozen=True)
class Write:
    """One of them. `service` is who would hear of it."""

    method: str
    path: Callable[[Desktop], str]
    body: dict[str, Any]
    service: str | None
    done: int = 200


def first_of(inbox: str, status: str, ending: str) -> Callable[[Desktop], str]:
    """The path that is about the first thing of an inbox that nobody has dealt with."""

    def path(desk: Desktop) -> str:
        # An inbox whose service took longer than it may is empty.
        lines = until(lambda: desk.get(f"{inbox}?status={status}").json()["items"])
        return f"{inbox}/{lines[0]['id']}{ending}"

    return path


WRITES = {
    "preferences": Write("PUT", lambda _: "/preferences", {"density": "compact"}, "tenant-service"),
    "shortcuts": Write("PUT", lambda _: "/shortcuts", {"overrides": {"search.open": "Ctrl+J"}}, None),
    "decide": Write(
        "POST", first_of("/ai/suggestions", "open", "/decide"), {"decision": "accept"}, "ai-orchestrator-service"
    ),
    "acknowledge": Write(
        "POST", first_of("/alerts", "unread", "/acknowledge"), {"note": "Seen"}, "notification-service"
    ),
    "activity": Write("POST", lambda _: "/activity", {"events": [CLICK]}, None, 202),
}


@pytest.fixture(scope="module")
def shaken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose stores this module stops."""
    with start_world(tmp_path_factory.mktemp("writes")) as world:
        yield world


@pytest.mark.parametrize("store", ["postgres", "redis"])
@pytest.mark.parametrize("name", WRITES)
def test_a_write_without_its_store_is_not_done(shaken: World, store: str, name: str) -> None:
    """503 in time, nobody hears of it; well again, the same key does it once."""
    write, key, desk = WRITES[name], new_key(), shaken.sign_in()
    assert desk.get("/session").status_code == 200
    path = write.path(desk)
    before = 0 if write.service is None else len(effects(shaken, write.service))

    def send() -> httpx2.Response:
        return act(desk, path, write.body, key=key, method=write.method)

    with stopped(shaken, store):
        away = send()

    assert (away.status_code, away.json()["code"]) == (503, STORE_UNAVAILABLE), away.text
    assert away.headers["Retry-After"]
    assert store == "redis" or away.json()["retry"] == "same_key"
    assert write.service is None or len(effects(shaken, write.service)) == before
    assert until(lambda: ready(shaken) == 200)
    assert until(lambda: send().status_code == write.done)
    again = send()
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (write.done, "true")
