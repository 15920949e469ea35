"""notification-service: the alert inbox and who takes care of what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.simulator.services.hotels import Hotel, Reply, ulid_key

ROOT = "/notification-service/api/v1/alerts"
RANK = {"critical": 0, "warning": 1, "info": 2}


def inbox(hotel: Hotel, extra: str = "") -> dict[str, object]:
    """The alerts of a property."""
    return dict(hotel.get(f"{ROOT}?propertyId={hotel.property_id}{extra}"))


def ids(answer: dict[str, object]) -> list[str]:
    """The alerts of a page, in its order."""
    assert isinstance(answer["items"], list)
    return [alert["id"] for alert in answer["items"]]


def acknowledge(hotel: Hotel, alert: str, *, key: str | None = None, **headers: str) -> Reply:
    """Acknowledge an alert under a new key, unless one is given."""
    path = f"{ROOT}/{alert}/acknowledge"
    return hotel.call("POST", path, key=key or ulid_key(), headers=headers, body={"note": "On my way"})


def raise_alert(hotel: Hotel, severity: str = "critical") -> str:
    """Raise an alert, as another service of the platform would."""
    body = {"severity": severity, "title": {"default": "Smoke", "values": {"fr": "Fumée"}}, "body": {"default": "3rd"}}
    raised = hotel.call("POST", f"{ROOT}?propertyId={hotel.property_id}", key=ulid_key(), body=body)
    assert raised.status == 201
    return str(raised.body["id"])


def test_unread_alerts_come_most_severe_first(kabul: Hotel) -> None:
    """The unread ones are counted by severity and listed from critical to info."""
    answer = inbox(kabul, "&status=unread&limit=200")
    assert isinstance(answer["items"], list)
    severities = [alert["severity"] for alert in answer["items"]]
    assert severities == sorted(severities, key=RANK.__getitem__)
    assert {alert["status"] for alert in answer["items"]} == {"unread"}
    assert answer["unread"] == len(severities)
    assert answer["bySeverity"] == {severity: severities.count(severity) for severity in RANK}


def test_an_acknowledged_alert_leaves_the_unread_ones(kabul: Hotel) -> None:
    """Acknowledging counts down, is shown with who and when, is an effect, and is published."""
    before = inbox(kabul, "&status=unread")
    alert = ids(before)[0]
    done = acknowledge(kabul, alert)
    assert (done.status, done.body["acknowledgedBy"], done.body["note"]) == (200, kabul.operator_id, "On my way")
    after = inbox(kabul, "&status=unread")
    assert after["unread"] == int(str(before["unread"])) - 1
    assert alert not in ids(after)
    assert ids(inbox(kabul, "&status=acknowledged")) == [alert]
    assert kabul.get(f"{ROOT}/{alert}")["status"] == "acknowledged"
    assert [(row["kind"], row["resourceId"]) for row in kabul.platform.effects("notification-service")] == [
        ("alert.acknowledged", alert)
    ]
    (event,) = kabul.platform.events("melmastoon.notification.alert.acknowledged.v1")
    assert event["envelope"]["payload"]["acknowledgedBy"] == kabul.operator_id


def test_an_alert_is_acknowledged_once(kabul: Hotel) -> None:
    """The same key gets the first answer again; another key is told who was first."""
    alert, key = ids(inbox(kabul))[0], ulid_key()
    first = acknowledge(kabul, alert, key=key)
    assert acknowledge(kabul, alert, key=key).body == first.body
    late = acknowledge(kabul, alert)
    assert (late.status, late.code) == (409, "MELMASTOON.NOTIFICATION.ALERT_ALREADY_ACKNOWLEDGED")
    assert late.body["context"]["acknowledgedAt"] == first.body["acknowledgedAt"]
    assert len(kabul.platform.effects("notification-service")) == 1


def test_the_time_of_an_offline_acknowledgement_is_kept(kabul: Hotel) -> None:
    """`X-Occurred-At` is when the person acted, but never in the future nor before the alert."""
    acted = datetime.now(UTC) + timedelta(hours=3)
    alert = raise_alert(kabul)
    done = acknowledge(kabul, alert, **{"X-Occurred-At": acted.isoformat()})
    assert datetime.fromisoformat(done.body["acknowledgedAt"]) < acted - timedelta(hours=1)
    early = raise_alert(kabul)
    done = acknowledge(kabul, early, **{"X-Occurred-At": "2020-01-01T00:00:00Z"})
    assert done.body["acknowledgedAt"] == done.body["raisedAt"]
    wrong = acknowledge(kabul, raise_alert(kabul), **{"X-Occurred-At": "noon"})
    assert wrong.status == 400


def test_pages_skip_nothing_while_alerts_vanish(kabul: Hotel) -> None:
    """Acknowledging what was on the first page does not push anything over the edge of the next one."""
    for number in range(12):
        raise_alert(kabul, ("critical", "warning", "info")[number % 3])
    everything = ids(inbox(kabul, "&status=unread&limit=200"))
    first = inbox(kabul, "&status=unread&limit=5")
    for alert in ids(first)[:3]:
        assert acknowledge(kabul, alert).status == 200
    seen = ids(first)
    cursor = first["nextCursor"]
    while cursor is not None:
        following = inbox(kabul, f"&status=unread&limit=5&cursor={cursor}")
        seen += ids(following)
        cursor = following["nextCursor"]
    assert seen == everything


def test_alerts_can_be_listed_by_time_and_severity(kabul: Hotel) -> None:
    """`sort=-raisedAt` puts the newest first; `severity` and `status` take several values."""
    newest = raise_alert(kabul, "info")
    listed = inbox(kabul, "&sort=-raisedAt&severity=info,warning&status=unread,read&limit=200")
    assert isinstance(listed["items"], list)
    assert ids(listed)[0] == newest
    times = [alert["raisedAt"] for alert in listed["items"]]
    assert times == sorted(times, reverse=True)
    assert {alert["severity"] for alert in listed["items"]} <= {"info", "warning"}


def test_a_raised_alert_is_unread_and_published(kabul: Hotel) -> None:
    """What a service raises is in the inbox at once and on the bus with its texts."""
    alert = raise_alert(kabul)
    assert alert in ids(inbox(kabul, "&status=unread&limit=200"))
    (event,) = kabul.platform.events("melmastoon.notification.alert.raised.v1")
    assert event["envelope"]["payload"]["id"] == alert
    assert event["envelope"]["payload"]["title"] == {"default": "Smoke", "values": {"fr": "Fumée"}}


def test_reading_is_not_acknowledging(kabul: Hotel) -> None:
    """A read alert is no longer unread, and can still be acknowledged; reading twice counts once."""
    alert = ids(inbox(kabul, "&status=unread"))[0]
    for expected in (1, 0):
        read = kabul.call("POST", f"{ROOT}/read", key=ulid_key(), body={"ids": [alert]})
        assert read.body == {"read": expected}
    assert alert in ids(inbox(kabul, "&status=read"))
    assert acknowledge(kabul, alert).status == 200


def test_what_is_not_ours_or_malformed_is_refused(kabul: Hotel, creek: Hotel) -> None:
    """Another tenant's alert is 403, an unknown one 404, a strange filter, severity or cursor 400, no operator 400."""
    theirs = ids(inbox(creek))[0]
    assert acknowledge(kabul, theirs).code == "MELMASTOON.TENANT.MISMATCH"
    assert acknowledge(kabul, "ntf_01JGFJJZ03J02SKYND46F9ZBKD").code == "MELMASTOON.NOTIFICATION.ALERT_NOT_FOUND"
    for extra in ("&status=loud", "&severity=mild", "&sort=title", "&cursor=%21", "&limit=0"):
        refused = kabul.call("GET", f"{ROOT}?propertyId={kabul.property_id}{extra}")
        assert refused.status == 400
    assert acknowledge(kabul, ids(inbox(kabul))[0], **{"X-Operator-Id": "somebody"}).status == 400
    assert acknowledge(kabul, ids(inbox(kabul))[0], **{"X-Operator-Id": creek.operator_id}).status == 403
    assert kabul.platform.effects("notification-service") == []
