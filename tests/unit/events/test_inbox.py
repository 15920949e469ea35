"""What becomes of a message: handled once, put off, or parked; and nobody is stopped by another's."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bff_backoffice.application.event_bus import BusMessage
from bff_backoffice.application.event_inbox import (
    MOST_ATTEMPTS,
    NOBODYS,
    HandleOnce,
    ReceiveEvent,
    ReplayEvent,
    parked_id,
)
from bff_backoffice.application.platform_events import OtherVersionError, PlatformEvent, UnusableEventError
from bff_backoffice.application.ports import StoreUnavailableError
from bff_backoffice.domain.operator import TenantId
from tests.fakes.memory_event_bus import MemoryEventInbox, MemoryParkedEvents, RecordingEvents

TENANT = TenantId("tnt_01JD0000000000000000000001")
SUBJECT = "melmastoon.iam.user.locked.v1"


def message(envelope: Any = None, **more: Any) -> BusMessage:
    """A message that can be understood, but for what is given."""
    body = {"eventId": "evt_1", "payload": {"userId": "usr_1"}} if envelope is None else envelope
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"subject": SUBJECT, "tenant_id": TENANT, "ordering_key": "usr_1", "event_id": "", "attempt": 1, **more}
    return BusMessage(envelope=raw, **given)


class Handler:
    """Fails as it is told, and remembers what it handled."""

    def __init__(self, failure: Exception | None = None, *, interesting: bool = True) -> None:
        self.failure, self.interesting = failure, interesting
        self.handled: list[PlatformEvent] = []

    async def __call__(self, event: PlatformEvent) -> bool:
        if self.failure is not None:
            raise self.failure
        self.handled.append(event)
        return self.interesting


class Receiving:
    """The use case with its fakes."""

    def __init__(self, handler: Handler) -> None:
        self.parked, self.observer = MemoryParkedEvents(), RecordingEvents()
        self.use = ReceiveEvent(handle=handler, parked=self.parked, observer=self.observer)

    def __call__(self, received: BusMessage) -> bool:
        return asyncio.run(self.use(received))  # type: ignore[arg-type] # the use case is a coroutine function


def test_a_message_that_was_handled_is_dealt_with() -> None:
    """The bus may forget it, and it is counted under its subject."""
    receiving = Receiving(handler := Handler())

    assert receiving(message()) is True
    assert [event.subject for event in handler.handled] == [SUBJECT]
    assert receiving.observer.outcomes == {(SUBJECT, "done"): 1}


def test_a_message_that_nobody_wants_is_dealt_with_and_has_no_label_of_its_own() -> None:
    """Other services' subjects are without number, and metrics are not."""
    receiving = Receiving(Handler(interesting=False))

    assert receiving(message(subject="melmastoon.other.thing.happened.v3")) is True
    assert receiving.observer.outcomes == {("other", "ignored"): 1}


def test_another_version_of_what_is_read_is_passed_over_and_counted_apart() -> None:
    """It is not parked, since its own version comes beside it, and told apart from what nobody ever read."""
    later = SUBJECT.replace(".v1", ".v2")
    receiving = Receiving(Handler(OtherVersionError(later, SUBJECT)))

    assert receiving(message(subject=later)) is True
    assert not receiving.parked.kept
    assert receiving.observer.outcomes == {(SUBJECT, "other_version"): 1}


@pytest.mark.parametrize("poison", [b"{", {"payload": 7}], ids=["no JSON", "no payload"])
def test_poison_is_parked_and_dealt_with(poison: Any) -> None:
    """It is kept as it came, with the reason, for its tenant."""
    receiving = Receiving(Handler())

    assert receiving(message(poison)) is True
    (kept,) = receiving.parked.kept.values()
    assert (kept.tenant_id, kept.message) == (TENANT, message(poison))
    assert kept.why
    assert receiving.observer.outcomes == {(SUBJECT, "parked"): 1}


def test_poison_that_names_no_tenant_is_nobodys() -> None:
    """It is parked all the same, where no tenant sees it."""
    receiving = Receiving(Handler())

    assert receiving(message(tenant_id="acme")) is True
    assert [each.tenant_id for each in receiving.parked.kept.values()] == [NOBODYS]


def test_what_a_handler_calls_unusable_is_parked_with_its_reason() -> None:
    """A payload can be poison inside a good envelope."""
    receiving = Receiving(Handler(UnusableEventError("names no user")))

    assert receiving(message()) is True
    assert [each.why for each in receiving.parked.kept.values()] == ["names no user"]


def test_a_failure_that_nobody_foresaw_comes_again_and_is_parked_in_the_end() -> None:
    """Time enough for a deployment to be rolled back, and then it stops nobody."""
    receiving = Receiving(Handler(RuntimeError("a defect")))

    assert receiving(message(attempt=MOST_ATTEMPTS)) is False
    assert not receiving.parked.kept
    assert receiving(message(attempt=MOST_ATTEMPTS + 1)) is True
    (kept,) = receiving.parked.kept.values()
    assert kept.why == "delivered too often: RuntimeError"


def test_a_store_that_is_away_parks_nothing_however_often_the_message_came() -> None:
    """It says nothing about the message."""
    receiving = Receiving(Handler(StoreUnavailableError("postgres")))

    with pytest.raises(StoreUnavailableError):
        receiving(message(attempt=10_000))
    assert not receiving.parked.kept
    assert receiving.observer.outcomes == {(SUBJECT, "again"): 1}


def test_poison_is_not_forgotten_while_the_park_is_away() -> None:
    """A message that can't be set aside has to come again."""
    receiving = Receiving(Handler())
    receiving.parked.away = True

    with pytest.raises(StoreUnavailableError):
        receiving(message(b"{"))


def test_a_message_that_is_parked_twice_is_parked_once() -> None:
    """Whoever died between parking and answering is no second message; another content is."""
    receiving = Receiving(Handler())
    for attempt in (1, 2, 3):
        receiving(message(b"{", attempt=attempt))
    receiving(message(b"{ "))

    assert len(receiving.parked.kept) == 2
    assert parked_id(message(subject="a", ordering_key="b")) != parked_id(message(subject="ab", ordering_key=""))


def test_an_event_is_handled_once_for_its_identifier() -> None:
    """A repetition hours later changes nothing; the same identifier of another service is another event."""

    async def scenario() -> list[str]:
        done: list[str] = []

        async def handle(event: PlatformEvent) -> None:
            done.append(event.subject)

        once = HandleOnce(inbox=MemoryEventInbox(), handle=handle)
        for subject, identifier in (("iam", "evt_1"), ("iam", "evt_1"), ("iam", "evt_2"), ("lock", "evt_1")):
            event = PlatformEvent(subject=f"melmastoon.{subject}.x.v1", tenant_id=TENANT, payload={}, id=identifier)
            assert await once(event)
        return done

    assert asyncio.run(scenario()) == ["melmastoon.iam.x.v1", "melmastoon.iam.x.v1", "melmastoon.lock.x.v1"]


def test_an_event_whose_handling_failed_is_not_noted() -> None:
    """It is done when it comes again."""

    async def scenario() -> int:
        done = 0

        async def handle(_: PlatformEvent) -> None:
            nonlocal done
            done += 1
            if done == 1:
                raise StoreUnavailableError("sessions")

        once = HandleOnce(inbox=MemoryEventInbox(), handle=handle)
        event = PlatformEvent(subject=SUBJECT, tenant_id=TENANT, payload={}, id="evt_1")
        with pytest.raises(StoreUnavailableError):
            await once(event)
        await once(event)
        await once(event)
        return done

    assert asyncio.run(scenario()) == 2


def test_an_event_without_an_identifier_is_handled_each_time() -> None:
    """Nobody can tell it from another one; every handler stands that."""

    async def scenario() -> int:
        done = 0

        async def handle(_: PlatformEvent) -> None:
            nonlocal done
            done += 1

        once = HandleOnce(inbox=MemoryEventInbox(), handle=handle)
        for _ in range(2):
            await once(PlatformEvent(subject=SUBJECT, tenant_id=TENANT, payload={}))
        return done

    assert asyncio.run(scenario()) == 2


def test_a_replayed_event_that_succeeds_is_parked_no_more() -> None:
    """And one that fails again stays where it is."""
    handler = Handler(UnusableEventError("names no user"))
    receiving = Receiving(handler)
    receiving(message())
    (kept,) = receiving.parked.kept.values()
    replay = ReplayEvent(handle=handler, parked=receiving.parked)

    with pytest.raises(UnusableEventError):
        asyncio.run(replay(kept))
    assert list(receiving.parked.kept.values()) == [kept]

    handler.failure = None
    assert asyncio.run(replay(kept)) is True
    assert not receiving.parked.kept
