"""Breakers, limits, hedges and shed calls: in `/metrics` and in what the widgets say."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.waiting import until
from tests.worlds import World, start_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world of its own, whose metrics nobody else moves."""
    with start_world(tmp_path_factory.mktemp("limits")) as world:
        yield world


def metric(world: World, name: str, **labels: str) -> float:
    """The value of one series, or of all that have these labels together."""
    exposition = world.http.get(f"{world.admin}/metrics").text
    found = [
        float(value)
        for series, value in re.findall(rf"^{name}(\{{.*\}})? (\S+)$", exposition, re.MULTILINE)
        if all(f'{label}="{wanted}"' in series for label, wanted in labels.items())
    ]
    assert found, f"no {name} with {labels}"
    return sum(found)


def test_every_upstream_shows_its_breaker_and_its_limit_before_anything_happens(world: World) -> None:
    """A closed breaker is a zero and not an absence; so are hedges and shed calls."""
    for upstream in ("iam-service", "reservation-service", "pricing-service"):
        assert metric(world, "bff_backoffice_circuit_breaker_state", upstream=upstream) == 0
        assert metric(world, "bff_backoffice_upstream_limit", upstream=upstream) >= 16
        assert metric(world, "bff_backoffice_upstream_inflight", upstream=upstream) == 0
        assert metric(world, "bff_backoffice_upstream_waiting", upstream=upstream) == 0
        assert metric(world, "bff_backoffice_upstream_shed_total", upstream=upstream) == 0
        assert metric(world, "bff_backoffice_upstream_hedge_total", upstream=upstream, outcome="won") == 0


def test_no_label_holds_a_tenant_or_a_property(world: World) -> None:
    """Metrics are for everybody who runs the service, so they name nobody whom it serves."""
    world.sign_in().get("/dashboard", Accept="application/json")
    exposition = world.http.get(f"{world.admin}/metrics").text
    assert not re.search(r"(tnt|ten|ppt|usr|dev|ses)_[0-9A-Z]{26}", exposition)


def test_an_open_breaker_is_in_the_metrics_and_in_the_widget(world: World) -> None:
    """After five failures the gauge says open and the widget says `breaker_open`."""
    desktop = world.sign_in()
    world.fault("pricing-service", "error", status=500)
    world.forget_cache()
    for _ in range(6):
        rates = desktop.get("/dashboard/widgets/rates", Accept="application/json").json()
    assert metric(world, "bff_backoffice_circuit_breaker_state", upstream="pricing-service") == 2
    assert rates["outcome"] == "breaker_open"
    assert metric(world, "bff_backoffice_upstream_call_total", upstream="pricing-service", outcome="breaker_open") >= 1
    world.heal()


def test_stragglers_are_hedged_within_two_per_cent(world: World) -> None:
    """With one slow answer in fifty the hedges are counted, some win, and they are at most 2 % of the calls."""
    desktop = world.sign_in()
    world.fault("inventory-service", "slow_tail", latencyMs=400, rate=0.02)

    def look() -> None:
        world.forget_cache()
        desktop.get("/dashboard?widgets=occupancy,outlook", Accept="application/json")

    def hedged() -> float:
        look()
        return metric(world, "bff_backoffice_upstream_hedge_total", upstream="inventory-service")

    for _ in range(150):
        look()
    # Which answers are slow is chance, and it may be none of those that could be hedged.
    hedges = until(hedged, 60)
    world.heal()
    calls = metric(world, "bff_backoffice_upstream_call_total", upstream="inventory-service")
    assert calls >= 300
    assert hedges <= 0.02 * calls
