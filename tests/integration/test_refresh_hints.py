"""What platform events do to the caches of a running service: they drop what they make stale, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.desktop import Desktop
from tests.waiting import until
from tests.worlds import World

BOARDS = ("/arrivals", "/housekeeping/board", "/maintenance/board")
_TRIES = 3
_PATIENCE_S = 8.0
"""Less than the 15 s for which a board is fresh, after which it would be asked for anew by itself."""

FAMILIES = [
    ("melmastoon.reservation.modified.v1", "/arrivals", "arrivals"),
    ("melmastoon.housekeeping.room.status_changed.v1", "/housekeeping/board", "rooms"),
    ("melmastoon.maintenance.work_order.assigned.v1", "/maintenance/board", "work-orders"),
    ("melmastoon.billing.folio.closed.v1", "/arrivals", "balances"),
    ("melmastoon.inventory.allocation.released.v1", "/front-desk/grid", "outlook"),
    ("melmastoon.lock.credential.issued.v1", "/arrivals", None),
    ("melmastoon.pricing.rate_plan.created.v1", None, "rates"),
    ("melmastoon.analytics.metric.computed.v1", None, "revpar"),
    ("melmastoon.notification.alert.updated.v1", None, "alerts"),
    ("melmastoon.ai_orchestrator.suggestion.expired.v1", None, "suggestions"),
    ("melmastoon.property.published.v1", "/properties/{id}", "property"),
]


@pytest.fixture(scope="module")
def desk(shared_world: World) -> Desktop:
    """A general manager's desk, who has two hotels."""
    return shared_world.sign_in()


def status(desk: Desktop, path: str, place: str) -> str:
    """How a view comes from the cache."""
    answer = desk.get(path.format(id=place), X_Property_Id=place)
    assert answer.status_code == 200, answer.text
    return str(answer.headers["X-Cache"])


def warm(desk: Desktop, path: str, place: str) -> None:
    """Read the view until it comes from the cache."""
    until(lambda: status(desk, path, place) == "HIT")


def kept(desk: Desktop, path: str, place: str) -> bool:
    """Whether a view is in the cache still. A look that got no word of the cache in time says nothing against it."""
    return status(desk, path, place) in {"HIT", "BYPASS"}


def drops(tell: Callable[[], None], desk: Desktop, path: str, place: str) -> None:
    """Tell of it, and see that the next look finds nothing in the cache.

    Once is enough, but where the cache takes longer than 100 ms: whoever drops or looks up something does without then.
    """
    for _ in range(_TRIES):
        tell()
        patient_until = time.monotonic() + _PATIENCE_S
        while (seen := status(desk, path, place)) == "HIT" and time.monotonic() < patient_until:
            time.sleep(0.02)
        if seen == "MISS":
            return
        warm(desk, path, place)
    raise AssertionError("it was never dropped")


def paths_of(path: str | None, widget: str | None) -> list[str]:
    """The addresses of the views of a row."""
    return [each for each in (path, widget and f"/dashboard/widgets/{widget}") if each]


@pytest.mark.parametrize(("subject", "path", "widget"), FAMILIES)
def test_an_event_drops_what_it_makes_stale_at_its_hotel(
    world: World, desk: Desktop, subject: str, path: str | None, widget: str | None
) -> None:
    """The next look asks the services anew; the tenant's other hotel still has its own from the cache."""
    here, there = world.properties()[:2]
    for view in paths_of(path, widget):
        warm(desk, view, here)
        warm(desk, view, there)

        about = {"propertyId": f"prop_{here.partition('_')[2]}"}
        drops(lambda about=about: world.publish(subject, world.tenants[0], about), desk, view, here)
        assert kept(desk, view, there)


def test_an_event_that_names_no_hotel_is_about_each(world: World, desk: Desktop) -> None:
    """Housekeeping's assignments name the task and the person alone."""
    here, there = world.properties()[:2]
    warm(desk, "/housekeeping/board", here)
    warm(desk, "/housekeeping/board", there)

    def assigned() -> None:
        subject = "melmastoon.housekeeping.task.assigned.v1"
        world.publish(subject, world.tenants[0], {"taskId": "x", "staffId": "y"})

    drops(assigned, desk, "/housekeeping/board", here)
    warm(desk, "/housekeeping/board", there)
    drops(assigned, desk, "/housekeeping/board", there)


def test_another_tenants_event_drops_nothing_here(world: World, desk: Desktop) -> None:
    """Not even one that names this tenant's hotel: the tenant of the envelope counts."""
    here = world.properties()[0]
    warm(desk, "/arrivals", here)
    other = world.sign_in(tenant=1)
    warm(other, "/arrivals", world.properties(1)[0])

    def modified() -> None:
        # The second event is behind the first, so both were handled where the second one was.
        for payload in ({"propertyId": here}, {}):
            world.publish("melmastoon.reservation.modified.v1", world.tenants[1], payload)

    drops(modified, other, "/arrivals", world.properties(1)[0])
    assert kept(desk, "/arrivals", here)


@pytest.mark.parametrize("value", [7, "nothing", "ppt_short", "", {}])
def test_an_event_with_a_malformed_hotel_stops_nobody(world: World, desk: Desktop, value: object) -> None:
    """It is set aside, and the next one is handled."""
    here = world.properties()[0]
    warm(desk, "/arrivals", here)

    world.publish("melmastoon.reservation.modified.v1", world.tenants[0], {"propertyId": value})

    about = {"propertyId": here}
    drops(lambda: world.publish("melmastoon.reservation.modified.v1", world.tenants[0], about), desk, "/arrivals", here)
