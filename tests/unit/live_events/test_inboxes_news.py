"""What the channels `alerts` and `ai` say of an event: what a desktop can paint, and no more than it may."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bff_backoffice.application.inboxes_news import news_of
from bff_backoffice.domain.live_events import Channel
from bff_backoffice.domain.operator import PropertyId

HERE = PropertyId("ppt_01JD0000000000000000000001")
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ALERT = {
    "id": "ntf_01JD0000000000000000000001",
    "severity": "critical",
    "title": {"default": "Fire", "values": {"fa": "آتش"}},
    "body": {"default": "Leave.", "values": {}},
    "raisedAt": "2026-11-22T10:00:00Z",
    "propertyId": HERE,
    "status": "unread",
    "internal": "nobody's",
}


@pytest.mark.parametrize(
    ("subject", "channel", "kind"),
    [
        ("melmastoon.notification.alert.raised.v1", Channel.ALERTS, "raised"),
        ("melmastoon.notification.alert.acknowledged.v2", Channel.ALERTS, "acknowledged"),
        ("melmastoon.ai_orchestrator.suggestion.created.v1", Channel.AI, "created"),
        ("melmastoon.ai_orchestrator.hitl.gate_decided.v1", Channel.AI, "decided"),
        ("melmastoon.ai.suggestion.created.v1", Channel.AI, "created"),
        ("melmastoon.notification.alerts.raised.v1", Channel.ALERTS, "raised"),
    ],
)
def test_an_event_of_an_inbox_is_told_on_its_channel(subject: str, channel: Channel, kind: str) -> None:
    """The channel is the inbox's, the type is what happened."""
    news = news_of(subject, {"id": "x"}, HERE, NOW)

    assert news is not None
    assert (news.channel, news.type, news.property_id, news.occurred_at) == (channel, kind, HERE, NOW)


@pytest.mark.parametrize(
    "subject",
    [
        "melmastoon.notification.delivered.v1",
        "melmastoon.notification.alert.raised",
        "melmastoon.notification.opened.v1",
        "melmastoon.ai_orchestrator.inference.completed.v1",
        "melmastoon.reservation.alert.raised.v1",
        "melmastoon.notification.alert.Raised\n.v1",
    ],
)
def test_what_is_in_no_inbox_is_no_news(subject: str) -> None:
    """Nothing is told of it."""
    assert news_of(subject, ALERT, HERE, NOW) is None


def test_an_alert_is_told_with_what_a_desktop_paints() -> None:
    """Its texts in every language, and no member that nobody has asked for."""
    news = news_of("melmastoon.notification.alert.raised.v1", ALERT, HERE, NOW)

    assert news is not None
    assert news.payload == {name: ALERT[name] for name in ALERT if name not in {"internal", "propertyId"}}


def test_an_event_without_a_hotel_says_no_text() -> None:
    """It goes to everyone in the tenant, and not everyone may read what is written about another hotel."""
    news = news_of("melmastoon.notification.alert.raised.v1", ALERT, None, NOW)

    assert news is not None
    assert news.property_id is None
    assert news.payload == {
        "id": ALERT["id"], "severity": "critical", "raisedAt": "2026-11-22T10:00:00Z", "status": "unread"
    }  # fmt: skip


@pytest.mark.parametrize("said", [{}, {"alertId": 7}, {"id": None}, {"title": "x" * 20_000}, {"id": "x" * 20_000}])
def test_members_that_are_missing_or_too_much_are_tolerated(said: dict[str, Any]) -> None:
    """There is news all the same; what it is about stands in the inbox."""
    news = news_of("melmastoon.notification.alert.raised.v1", said, HERE, NOW)

    assert news is not None
    assert news.payload == {"id": None}


def test_the_same_event_twice_is_told_once() -> None:
    """The log keeps the second one out; an alert that was raised and then acknowledged is two events."""
    raised, again = (news_of("melmastoon.notification.alert.raised.v1", ALERT, HERE, NOW) for _ in range(2))
    taken = news_of("melmastoon.notification.alert.acknowledged.v1", ALERT, HERE, NOW)
    nameless = news_of("melmastoon.notification.alert.raised.v1", {}, HERE, NOW)

    assert raised is not None
    assert again is not None
    assert taken is not None
    assert nameless is not None
    assert raised.told_once == again.told_once
    assert taken.told_once != raised.told_once
    assert nameless.told_once is None
