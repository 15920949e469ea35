"""Platform events in, use cases out: a message is just another way in.

Members may be missing, events may come twice and in any order: every handler does what it can with what is there, and
doing it again changes nothing. Contract, section 8.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bff_backoffice.application.event_inbox import EventInbox, HandleOnce
from bff_backoffice.application.inboxes_news import news_of
from bff_backoffice.application.live_events import Announce
from bff_backoffice.application.platform_events import OtherVersionError, PlatformEvent, UnusableEventError
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
    OperatorId,
)
from bff_backoffice.presentation.event_members import (
    doing,
    identifier,
    property_of,
    reason_of,
    required,
    tenant_of,
)
from bff_backoffice.presentation.sync_events import SyncEvents

__all__ = ["FAMILIES", "HANDLERS", "Consumers", "Handler", "handler_of"]

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
            OtherVersionError: it is of another version than the one that is read here.
            StoreUnavailableError: it must come again.
        """
        handler, stale = handler_of(event.subject), stale_views(event.subject)
        if handler is None and stale is None:
            return False

        async def work(event: PlatformEvent) -> None:
            if handler is not None:
                await handler(self, event)
            if stale is not None:
                await self._refresh(event, stale)

        if handler in _ENDS_SESSIONS or event.subject.startswith(_NEWS):
            return await HandleOnce(inbox=self.inbox, handle=work)(event)
        await work(event)
        return True

    async def _refresh(self, event: PlatformEvent, stale: Views) -> None:
        tenant_id, property_id = tenant_of(event), property_of(event)
        # Dropped first: whoever hears the news and looks at once must not find what was there before.
        await self.refresh_views(tenant_id, property_id, stale)
        news = news_of(event.subject, event.payload, property_id, event.occurred_at or self.clock())
        if news is not None:
            await self.announce.announce(tenant_id, news)

    async def session_revoked(self, event: PlatformEvent) -> None:
        """The session ends on every replica, its tokens are refused, its stream is told and ended."""
        device_id = identifier(event, DeviceId, "deviceId")
        operator_id = identifier(event, OperatorId, "userId")
        tenant_id, reason = tenant_of(event), reason_of(event)
        if str(event.payload.get("sessionId")).startswith("bos_"):
            # Which of the two sessions is meant is written down nowhere; our own is found by whose it is.
            own = required(event, BackofficeSessionId, "sessionId")
            await self.force_logout.own_session(
                tenant_id, own, device_id=device_id, operator_id=operator_id, reason=reason
            )
            return
        session_id = identifier(event, IamSessionId, "sessionId")
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

    async def user_locked(self, event: PlatformEvent) -> None:
        """Every session that the user had by then ends."""
        await self._operator_ended(event, doing(event))

    async def device_ended(self, event: PlatformEvent) -> None:
        """The session that the device had by then ends."""
        device_id = required(event, DeviceId, "deviceId")
        await self.force_logout.device(
            tenant_of(event), device_id, reason=reason_of(event, doing(event)), happened_at=event.occurred_at
        )

    async def tenant_suspended(self, event: PlatformEvent) -> None:
        """The tenant's people are refused from now on."""
        await self.forget_tenant(tenant_of(event), status="suspended")

    async def tenant_deleted(self, event: PlatformEvent) -> None:
        """The tenant's people are refused from now on."""
        await self.forget_tenant(tenant_of(event), status="deleted")

    async def tenant_reactivated(self, event: PlatformEvent) -> None:
        """The tenant's people are let in again."""
        await self.forget_tenant(tenant_of(event), status="active")

    async def tenant_changed(self, event: PlatformEvent) -> None:
        """What is known of the tenant is asked for anew."""
        await self.forget_tenant(tenant_of(event))

    async def config_changed(self, event: PlatformEvent) -> None:
        """What is known of the tenant and of its keyboard map is asked for anew."""
        await self.forget_tenant(tenant_of(event))
        await self.forget_start.shortcuts(tenant_of(event))

    async def property_changed(self, event: PlatformEvent) -> None:
        """The hotels that a desktop starts with are asked for anew."""
        await self.forget_start.properties(tenant_of(event))

    async def preferences_changed(self, event: PlatformEvent) -> None:
        """The operator's preferences are asked for anew."""
        await self.forget_start.preferences(tenant_of(event), required(event, OperatorId, "userId"))

    async def membership_changed(self, event: PlatformEvent) -> None:
        """The operator's roles and hotels are asked for anew; who is no member any more is signed out."""
        await self.forget_operator(tenant_of(event), required(event, OperatorId, "userId"))

    async def membership_ended(self, event: PlatformEvent) -> None:
        """Every session that the operator had by then ends."""
        await self._operator_ended(event, "membership_ended")

    async def _operator_ended(self, event: PlatformEvent, otherwise: str) -> None:
        operator_id = required(event, OperatorId, "userId")
        await self.force_logout.operator(
            tenant_of(event), operator_id, reason=reason_of(event, otherwise), happened_at=event.occurred_at
        )

    async def activity_replayed(self, event: PlatformEvent) -> None:
        """What a desktop did without a network lands in the ledger, once, with its original time."""
        await self.sync_events.activity_replayed(event)

    async def cursor_advanced(self, event: PlatformEvent) -> None:
        """A cursor that was moved at sync-service itself is known here at once."""
        await self.sync_events.cursor_advanced(event)


Handler = Callable[[Consumers, PlatformEvent], Awaitable[None]]
"""What an event leads to; its docstring says it in one sentence."""

HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType({
    "melmastoon.iam.session.revoked.v1": Consumers.session_revoked,
    **{f"melmastoon.iam.user.{verb}.v1": Consumers.user_locked for verb in _USER_ENDED},
    **{f"melmastoon.iam.device.{verb}.v1": Consumers.device_ended for verb in _DEVICE_ENDED},
    "melmastoon.tenant.suspended.v1": Consumers.tenant_suspended,
    "melmastoon.tenant.deleted.v1": Consumers.tenant_deleted,
    "melmastoon.tenant.reactivated.v1": Consumers.tenant_reactivated,
    "melmastoon.tenant.config_updated.v1": Consumers.config_changed,
    "melmastoon.theme.published.v1": Consumers.tenant_changed,
    "melmastoon.tenant.operator_preferences.updated.v1": Consumers.preferences_changed,
    "melmastoon.sync.operator_activity.replayed.v1": Consumers.activity_replayed,
    "melmastoon.sync.cursor.advanced.v1": Consumers.cursor_advanced,
})  # fmt: skip
"""What is read of exactly this version, because members of its payload are."""

FAMILIES: Final[Mapping[str, Handler]] = MappingProxyType({
    "tenant.membership": Consumers.membership_changed,
    "property": Consumers.property_changed,
})  # fmt: skip
"""What any event of a family leads to in any version, besides what it makes stale: only counts that it happened."""

_ENDS_SESSIONS: Final = frozenset({
    Consumers.session_revoked, Consumers.user_locked, Consumers.device_ended, Consumers.membership_ended,
})  # fmt: skip
_READ: Final = MappingProxyType({subject.rpartition(".")[0]: subject for subject in HANDLERS})
"""The subjects without their versions."""


def handler_of(subject: str) -> Handler | None:
    """Return what an event of this subject leads to, or None where that is nothing.

    Raises:
        OtherVersionError: another version of it would lead to something.
    """
    if subject.startswith(_MEMBERSHIP):
        # tenant-service documents the family, not its verbs: whatever happened, the roles are asked for anew.
        ended = subject.removeprefix(_MEMBERSHIP).partition(".")[0] in _ENDED
        return Consumers.membership_ended if ended else Consumers.membership_changed
    if subject.startswith(_PROPERTY) and not subject.startswith(_ROOMS):
        # Of its family only `published` is documented; whatever happened to a hotel may have changed its name.
        return Consumers.property_changed
    read = _READ.get(subject.rpartition(".")[0])
    if read is not None and read != subject:
        raise OtherVersionError(subject, read)
    return HANDLERS.get(subject)
