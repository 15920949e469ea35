"""Platform events in, use cases out: a message is just another way in.

Members may be missing, events may come twice and in any order: every handler does what it can with what is there, and
doing it again changes nothing. Contract, section 8.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from bff_backoffice.application.event_inbox import EventInbox, HandleOnce
from bff_backoffice.application.inboxes_news import news_of
from bff_backoffice.application.live_events import Announce
from bff_backoffice.application.platform_events import PlatformEvent, UnusableEventError
from bff_backoffice.application.ports import Clock
from bff_backoffice.application.preferences.forget import ForgetStart
from bff_backoffice.application.refresh_hints import RefreshViews, stale_views
from bff_backoffice.application.sessions.force_logout import ForceLogout, ForgetOperator
from bff_backoffice.application.sessions.tenants import ForgetTenant
from bff_backoffice.application.views import Views
from bff_backoffice.domain.operator import (
    BackofficeSessionId,
    DeviceId,
    IamSessionId,
    Identifier,
    MalformedIdentifierError,
    OperatorId,
    PropertyId,
    TenantId,
)
from bff_backoffice.presentation.sync_events import SyncEvents

__all__ = ["Consumers"]

I = TypeVar("I", bound=Identifier)  # noqa: E741 - the identifier

_LONGEST_REASON: Final = 200
_MEMBERSHIP: Final = "melmastoon.tenant.membership."
_PROPERTY: Final = "melmastoon.property."
_ROOMS: Final = "melmastoon.property.room"
_NEWS: Final = ("melmastoon.notification.", "melmastoon.ai_orchestrator.", "melmastoon.ai.")
"""What desktops are told in so many words: told twice, it rings twice."""
_ENDED: Final = frozenset({"removed", "suspended", "deleted", "revoked"})
_USER_ENDED: Final = ("locked", "suspended", "disabled", "deleted", "erased")
_DEVICE_ENDED: Final = ("locked", "revoked", "suspended", "disabled", "deleted", "removed")
"""iam-service's list of device events is known in part, so every word that can only mean this counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumers:
    """Which event leads to which use case.

    An event that ends whatever sessions somebody has is handled once for its identifier: one that does not say when it
    happened would, repeated hours later, end those that began since; and one that is news to a desktop, because it
    would ring again. All others may be repeated at any time.
    """

    inbox: EventInbox
    force_logout: ForceLogout
    forget_operator: ForgetOperator
    forget_tenant: ForgetTenant
    forget_start: ForgetStart
    refresh_views: RefreshViews
    announce: Announce
    sync_events: SyncEvents
    clock: Clock

    async def __call__(self, event: PlatformEvent) -> bool:
        """Handle an event; returns whether it was of interest.

        Raises:
            UnusableEventError: it can't be understood.
            StoreUnavailableError: it must come again.
        """
        handler = self._handler(event.subject)
        stale = stale_views(event.subject)
        if handler is None and stale is None:
            return False

        async def work(event: PlatformEvent) -> None:
            if handler is not None:
                await handler(event)
            if stale is not None:
                await self._refresh(event, stale)

        ends_sessions = handler in {
            self._session_revoked, self._user_locked, self._device_ended, self._membership_ended,
        }  # fmt: skip
        if ends_sessions or event.subject.startswith(_NEWS):
            return await HandleOnce(inbox=self.inbox, handle=work)(event)
        await work(event)
        return True

    async def _refresh(self, event: PlatformEvent, stale: Views) -> None:
        tenant_id, property_id = _tenant(event), _property(event)
        # Dropped first: whoever hears the news and looks at once must not find what was there before.
        await self.refresh_views(tenant_id, property_id, stale)
        news = news_of(event.subject, event.payload, property_id, event.occurred_at or self.clock())
        if news is not None:
            await self.announce.announce(tenant_id, news)

    def _handler(self, subject: str) -> Callable[[PlatformEvent], Awaitable[None]] | None:
        if subject.startswith(_MEMBERSHIP):
            # tenant-service documents the family, not its verbs: whatever happened, the roles are asked for anew.
            ended = subject.removeprefix(_MEMBERSHIP).partition(".")[0] in _ENDED
            return self._membership_ended if ended else self._membership_changed
        if subject.startswith(_PROPERTY) and not subject.startswith(_ROOMS):
            # Of its family only `published` is documented; whatever happened to a hotel may have changed its name.
            return self._property_changed
        return {
            "melmastoon.iam.session.revoked.v1": self._session_revoked,
            **{f"melmastoon.iam.user.{verb}.v1": self._user_locked for verb in _USER_ENDED},
            **{f"melmastoon.iam.device.{verb}.v1": self._device_ended for verb in _DEVICE_ENDED},
            "melmastoon.tenant.suspended.v1": self._tenant_suspended,
            "melmastoon.tenant.deleted.v1": self._tenant_deleted,
            "melmastoon.tenant.reactivated.v1": self._tenant_reactivated,
            "melmastoon.tenant.config_updated.v1": self._config_changed,
            "melmastoon.theme.published.v1": self._tenant_changed,
            "melmastoon.tenant.operator_preferences.updated.v1": self._preferences_changed,
            **self.sync_events.handlers,
        }.get(subject)

    async def _session_revoked(self, event: PlatformEvent) -> None:
        device_id = _identifier(event, DeviceId, "deviceId")
        operator_id = _identifier(event, OperatorId, "userId")
        tenant_id, reason = _tenant(event), _reason(event)
        if str(event.payload.get("sessionId")).startswith("bos_"):
            # Which of the two sessions is meant is written down nowhere; our own is found by whose it is.
            own = _required(event, BackofficeSessionId, "sessionId")
            await self.force_logout.own_session(
                tenant_id, own, device_id=device_id, operator_id=operator_id, reason=reason
            )
            return
        session_id = _identifier(event, IamSessionId, "sessionId")
        if session_id is not None:
            await self.force_logout.session(
                tenant_id, session_id, device_id=device_id, operator_id=operator_id, reason=reason
            )
        elif device_id is not None:
            await self.force_logout.device(tenant_id, device_id, reason=reason, happened_at=event.occurred_at)
        elif operator_id is not None:
            await self.force_logout.operator(tenant_id, operator_id, reason=reason, happened_at=event.occurred_at)
        else:
            raise UnusableEventError("names no session, device or user")

    async def _user_locked(self, event: PlatformEvent) -> None:
        await self._operator_ended(event, _doing(event))

    async def _device_ended(self, event: PlatformEvent) -> None:
        device_id = _required(event, DeviceId, "deviceId")
        await self.force_logout.device(
            _tenant(event), device_id, reason=_reason(event, _doing(event)), happened_at=event.occurred_at
        )

    async def _tenant_suspended(self, event: PlatformEvent) -> None:
        await self.forget_tenant(_tenant(event), status="suspended")

    async def _tenant_deleted(self, event: PlatformEvent) -> None:
        await self.forget_tenant(_tenant(event), status="deleted")

    async def _tenant_reactivated(self, event: PlatformEvent) -> None:
        await self.forget_tenant(_tenant(event), status="active")

    async def _tenant_changed(self, event: PlatformEvent) -> None:
        await self.forget_tenant(_tenant(event))

    async def _config_changed(self, event: PlatformEvent) -> None:
        await self.forget_tenant(_tenant(event))
        await self.forget_start.shortcuts(_tenant(event))

    async def _property_changed(self, event: PlatformEvent) -> None:
        await self.forget_start.properties(_tenant(event))

    async def _preferences_changed(self, event: PlatformEvent) -> None:
        await self.forget_start.preferences(_tenant(event), _required(event, OperatorId, "userId"))

    async def _membership_changed(self, event: PlatformEvent) -> None:
        await self.forget_operator(_tenant(event), _required(event, OperatorId, "userId"))

    async def _membership_ended(self, event: PlatformEvent) -> None:
        await self._operator_ended(event, "membership_ended")

    async def _operator_ended(self, event: PlatformEvent, otherwise: str) -> None:
        operator_id = _required(event, OperatorId, "userId")
        await self.force_logout.operator(
            _tenant(event), operator_id, reason=_reason(event, otherwise), happened_at=event.occurred_at
        )


def _tenant(event: PlatformEvent) -> TenantId:
    try:
        return TenantId.parse(event.tenant_id)
    except MalformedIdentifierError as error:
        raise UnusableEventError("names no tenant") from error


def _property(event: PlatformEvent) -> PropertyId | None:
    """The hotel that the event is about: each service has a prefix of its own for it, and the ULID is the same."""
    value = event.payload.get("propertyId")
    if value is None:
        return None
    _, _, ulid = value.partition("_") if isinstance(value, str) else ("", "", "")
    try:
        return PropertyId.parse(f"ppt_{ulid}")
    except MalformedIdentifierError as error:
        raise UnusableEventError("propertyId is malformed") from error


def _identifier(event: PlatformEvent, kind: type[I], member: str) -> I | None:
    value = event.payload.get(member)
    if value is None:
        return None
    try:
        return kind.parse(value)
    except MalformedIdentifierError as error:
        raise UnusableEventError(f"{member} is malformed") from error


def _required(event: PlatformEvent, kind: type[I], member: str) -> I:
    found = _identifier(event, kind, member)
    if found is None:
        raise UnusableEventError(f"{member} is missing")
    return found


def _doing(event: PlatformEvent) -> str:
    """Aggregate and verb of the subject, such as `device_revoked`."""
    return "_".join(event.subject.split(".")[2:4])


def _reason(event: PlatformEvent, otherwise: str = "revoked") -> str:
    reason = event.payload.get("reason")
    return reason[:_LONGEST_REASON] if isinstance(reason, str) and reason else otherwise
