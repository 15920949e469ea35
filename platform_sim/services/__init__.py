"""The services of the platform, one module each.

How to add one:

1. Write `services/<name>.py` with `SERVICE: Final = Service(name="<name>-service", dialect=Dialect(…), routes=(…))`
   (`kernel.py`, `dialect.py`; `tenant.py` is a small example) and add it to `SERVICES` below.
2. A route is `Route(method=…, path="/api/v1/things/{id}", handler=…)`, its path beginning behind the service's name.
   The first one that matches wins, so write `/arrivals/summary` before `/{id}`. `tenant="required"` is the default;
   `property="required"` reads the property from where `Dialect.property_place` says (header or query) and refuses what
   is missing or malformed (400), another tenant's (403) or unknown (404); `idempotency="required"` or `"accepted"`
   switches on the de-duplication under `Dialect.idempotency_header` in `Dialect.key_format`.
3. A handler is a plain function `(call: Call) -> Answer`. It checks first and raises `Refused` (`call.invalid`,
   `call.not_found`, `call.conflict`, `call.own(world_table.get(id), "thing")`), then writes to `call.world`, then says
   what happened: `call.effect("charge.posted", folio.id)`, `call.publish("billing.folio.charged.v1", {…},
   key=folio.id)`, and `call.world.changed(property_id)` so that lists and computed values are made anew.
4. Inside the world every identifier is canonical (`ppt_`, `rmu_`, `rmt_`, `usr_`, …). `call.id("id")` and
   `call.reference("roomId")` read the service's own prefix and `call.out(identifier)` writes it;
   `call.amount(Money(…))` writes money the service's way; `instant(moment)` writes a time; `fresh_id("chg")` makes an
   identifier that never comes again.
5. Answers are due within 20 ms, also at the property with 300 rooms: take rows from `call.world.rooms_of(property_id)`
   and keep what is counted over many rows with `call.world.computed(property_id, "name", call.now, compute)`.

Faults, recording, the bus and the request's deadline are not a service's business: `dispatch.py` does them around it.
"""

from __future__ import annotations

from typing import Final

from platform_sim.kernel import Service
from platform_sim.services import (
    ai_orchestrator,
    analytics,
    billing,
    housekeeping,
    iam,
    inventory,
    lock_integration,
    maintenance,
    notification,
    pricing,
    reservation,
    sync,
    tenant,
)
from platform_sim.services import property as property_service

__all__ = ["SERVICES"]

SERVICES: Final[tuple[Service, ...]] = (
    iam.SERVICE,
    tenant.SERVICE,
    property_service.SERVICE,
    reservation.SERVICE,
    housekeeping.SERVICE,
    maintenance.SERVICE,
    billing.SERVICE,
    lock_integration.SERVICE,
    inventory.SERVICE,
    pricing.SERVICE,
    analytics.SERVICE,
    notification.SERVICE,
    ai_orchestrator.SERVICE,
    sync.SERVICE,
)
