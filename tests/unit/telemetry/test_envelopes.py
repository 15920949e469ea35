"""Telemetry events as they are made: envelope, sampling, digests (contract, section 8; platform-facts A7)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ulid import ULID

from bff_backoffice.application.outbox import TELEMETRY, Message
from bff_backoffice.application.telemetry import Digests, Origin, Telemetry
from bff_backoffice.application.telemetry_payloads import PAYLOADS, DashboardViewed, SessionClosed
from bff_backoffice.domain.operator import OperatorRole, TenantId
from bff_backoffice.domain.telemetry import SUBJECTS, is_sampled
from tests.fakes.scripted_board import some_operator

NOW = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
VIEWED = DashboardViewed(
    snapshot_id="dsh_1", cache_status="HIT", widgets=1, outcomes={"cached": 1}, elapsed_ms=3, partial=False
)
WHO = some_operator()
ORIGIN = Origin.of(WHO, request_id="req_1", traceparent="00-aa-bb-01")
ONE, OTHER = TenantId.parse(f"tnt_{ULID()}"), TenantId.parse(f"tnt_{ULID()}")


def telemetry(**shares: float) -> Telemetry:
    """What makes events, with these shares of subjects (`dashboard_viewed=1`)."""
    named = {name.replace("_", ".", 1): share for name, share in shares.items()}
    return Telemetry(clock=lambda: NOW, instance="desk:1", digests=Digests(b"x" * 32), shares=named)


def parsed(message: Message | None) -> dict[str, Any]:
    """The event of a message."""
    assert message is not None
    event: dict[str, Any] = json.loads(message.payload)
    return event


def test_the_envelope_is_that_of_the_platform() -> None:
    """Every member of platform-facts A7, and role, locale and network profile; `publishedAt` comes when it leaves."""
    event_id = f"evt_{ULID()}"
    message = telemetry(dashboard_viewed=1).message(ORIGIN, VIEWED, event_id=event_id)
    envelope = parsed(message)["envelope"]

    assert envelope == {
        "eventId": event_id, "subject": "melmastoon.bff.backoffice.dashboard.viewed.v1", "version": 1,
        "occurredAt": "2026-11-22T10:00:00.123Z", "publishedAt": None, "producer": "bff-backoffice-service",
        "producerInstance": "desk:1", "tenantId": WHO.tenant_id, "operatorId": WHO.operator_id,
        "deviceId": WHO.device_id, "sessionId": WHO.session_id, "propertyId": WHO.property_id, "requestId": "req_1",
        "traceId": "00-aa-bb-01", "causationId": None, "correlationId": "req_1",
        "schemaUri": "https://schemas.melmastoon.ghasi.io/bff-backoffice/dashboard-viewed/v1.json",
        "retentionClass": "operational", "samplingRate": 1.0, "appVersion": WHO.app_version,
        "appPlatform": WHO.app_platform, "role": "general_manager", "locale": WHO.locale,
        "networkProfile": WHO.network_profile,
    }  # fmt: skip
    assert message is not None
    assert (message.id, message.kind, message.ordering_key) == (event_id, TELEMETRY, WHO.device_id)
    assert message.about == envelope["subject"]


def test_the_sampling_of_a_subject_is_the_platforms_where_nothing_says_otherwise() -> None:
    """A7: sessions all, dashboards a quarter; what is told says which share it stands for."""
    shares = {subject.short: subject.sampling for subject in SUBJECTS}

    assert (shares["session.opened"], shares["session.closed"], shares["dashboard.viewed"]) == (1, 1, 0.25)
    event = parsed(telemetry().sealed(ORIGIN, VIEWED, event_id=f"evt_{ULID()}", at=NOW))
    assert event["envelope"]["samplingRate"] == 0.25


def test_an_event_is_sampled_by_its_identifier() -> None:
    """The same one everywhere, about the share that is wanted, none at nought and all at one."""
    ids = [f"evt_{ULID.from_datetime(NOW + timedelta(milliseconds=number))}" for number in range(4000)]
    chosen = {each for each in ids if is_sampled(each, 0.25)}

    assert 0.2 < len(chosen) / len(ids) < 0.3
    assert chosen == {each for each in ids if is_sampled(each, 0.25)}
    assert chosen <= {each for each in ids if is_sampled(each, 0.5)}, "a larger share has all of a smaller one"
    assert not any(is_sampled(each, 0) for each in ids)
    assert all(is_sampled(each, 1) for each in ids)
    assert telemetry(dashboard_viewed=0).message(ORIGIN, VIEWED, event_id=ids[0]) is None
    assert telemetry(dashboard_viewed=0).draw(VIEWED, NOW) is None


def test_a_digest_tells_neither_the_text_nor_that_two_tenants_mean_the_same() -> None:
    """Keyed, a key for each tenant, the same for the same text; none where there is no secret."""
    digests = Digests(b"x" * 32)

    assert digests.of(ONE, "gst_1") == digests.of(ONE, "gst_1") != digests.of(ONE, "gst_2")
    assert digests.of(ONE, "gst_1") != digests.of(OTHER, "gst_1")
    assert digests.of(ONE, "gst_1") != Digests(b"y" * 32).of(ONE, "gst_1")
    assert Digests(None).of(ONE, "gst_1") is None
    assert "x" * 32 not in repr(digests)


@pytest.mark.parametrize("roles", [{OperatorRole.FRONT_DESK}, {OperatorRole.FRONT_DESK, OperatorRole.HOUSEKEEPER}])
def test_an_envelope_has_one_role(roles: set[OperatorRole]) -> None:
    """Of several, always the same one of them."""
    origin = Origin.of(some_operator(roles=frozenset(roles)), request_id="req_1", traceparent="t")

    assert origin.role in {role.value for role in roles}
    assert origin.role == max(roles, key=list(OperatorRole).index), "the one that may do most"


def test_no_event_has_room_for_what_somebody_wrote() -> None:
    """No payload has a member for a name, a reason, a note, a telephone number or an address."""
    members = {name for shape in PAYLOADS.values() for name in shape.__struct_fields__}

    assert not {"reason_text", "note", "name", "guest_name", "phone", "email", "detail", "delta"} & members
    closed = SessionClosed(reason="signed_out", opened_at=NOW)
    assert parsed(telemetry().message(ORIGIN, closed, event_id=f"evt_{ULID()}"))["payload"]["reason"] == "signed_out"
