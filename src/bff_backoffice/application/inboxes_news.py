"""News of the inboxes: what happened to an alert or a suggestion, for the channels `alerts` and `ai`.

Contract, sections 6 and 8.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from bff_backoffice.domain.live_events import Channel, LiveEvent
from bff_backoffice.domain.operator import PropertyId

__all__ = ["news_of"]

_SUBJECT: Final = re.compile(
    r"melmastoon\.(?:notification\.(?P<alert>alerts?)|ai(?:_orchestrator)?\.(?:suggestions?|hitl))"
    r"\.(?P<verb>[a-z_]{1,40})\.v\d+\Z"
)
_TYPES: Final = {"gate_decided": "decided"}
"""The orchestrator's own word for what this service calls a decision."""

_IDENTIFIERS: Final = ("id", "alertId", "suggestionId", "notificationId")
_ALWAYS: Final = ("severity", "category", "confidence", "status", "decision", "raisedAt", "createdAt", "expiresAt")
_OF_THE_HOTEL: Final = ("title", "body", "summary", "acknowledgedBy", "acknowledgedAt", "decidedBy", "decidedAt")
_LONGEST_ID: Final = 100
_MOST_BYTES: Final = 16_384
"""Of JSON: what goes to every desktop of a hotel at once is a notice; the whole of it is in the inbox."""


def news_of(
    subject: str, said: Mapping[str, object], property_id: PropertyId | None, now: datetime
) -> LiveEvent | None:
    """Return what to tell of an event, or None where it is about neither inbox.

    An event that names no hotel goes to everyone in the tenant, so that it says that there is something and no text of
    it: those who may read it find it in their inbox.
    """
    found = _SUBJECT.match(subject)
    if found is None:
        return None
    identifier = next((each for name in _IDENTIFIERS if isinstance(each := said.get(name), str)), None)
    members = _ALWAYS if property_id is None else _ALWAYS + _OF_THE_HOTEL
    payload = {"id": identifier, **{name: said[name] for name in members if name in said}}
    encoded = msgspec.json.encode(payload)
    if len(encoded) > _MOST_BYTES:
        payload = {"id": identifier if len(identifier or "") < _LONGEST_ID else None}
    return LiveEvent(
        channel=Channel.ALERTS if found["alert"] else Channel.AI,
        type=_TYPES.get(found["verb"], found["verb"]),
        occurred_at=now,
        payload=payload,
        property_id=property_id,
        # The same event may be delivered again; two that say the same of nothing in particular are still two.
        told_once=None if identifier is None else f"{subject} {hashlib.sha256(encoded).hexdigest()}",
    )
