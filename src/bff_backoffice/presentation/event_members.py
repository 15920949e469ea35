"""Reading the members of another service's event: what is missing is tolerated, what is malformed makes it unusable."""

from __future__ import annotations

from typing import Final, TypeVar

from bff_backoffice.application.platform_events import PlatformEvent, UnusableEventError
from bff_backoffice.domain.operator import Identifier, MalformedIdentifierError, PropertyId, TenantId

__all__ = ["doing", "identifier", "property_of", "reason_of", "required", "tenant_of"]

I = TypeVar("I", bound=Identifier)  # noqa: E741 - the identifier

_LONGEST_REASON: Final = 200


def tenant_of(event: PlatformEvent) -> TenantId:
    """Return whose it is, or raise `UnusableEventError`."""
    try:
        return TenantId.parse(event.tenant_id)
    except MalformedIdentifierError as error:
        raise UnusableEventError("names no tenant") from error


def property_of(event: PlatformEvent) -> PropertyId | None:
    """Return the hotel that it is about: each service has its own prefix for it, and the ULID is the same."""
    value = event.payload.get("propertyId")
    if value is None:
        return None
    _, _, ulid = value.partition("_") if isinstance(value, str) else ("", "", "")
    try:
        return PropertyId.parse(f"ppt_{ulid}")
    except MalformedIdentifierError as error:
        raise UnusableEventError("propertyId is malformed") from error


def identifier(event: PlatformEvent, kind: type[I], member: str) -> I | None:
    """Return the identifier in this member of the payload; None where it is missing.

    Raises:
        UnusableEventError: there is something else.
    """
    value = event.payload.get(member)
    if value is None:
        return None
    try:
        return kind.parse(value)
    except MalformedIdentifierError as error:
        raise UnusableEventError(f"{member} is malformed") from error


def required(event: PlatformEvent, kind: type[I], member: str) -> I:
    """Return the identifier as `identifier` does, which must be there."""
    found = identifier(event, kind, member)
    if found is None:
        raise UnusableEventError(f"{member} is missing")
    return found


def doing(event: PlatformEvent) -> str:
    """Return aggregate and verb of the subject, such as `device_revoked`."""
    return "_".join(event.subject.split(".")[2:4])


def reason_of(event: PlatformEvent, otherwise: str = "revoked") -> str:
    """Return the reason that the event gives, cut to a sane length, or another."""
    reason = event.payload.get("reason")
    return reason[:_LONGEST_REASON] if isinstance(reason, str) and reason else otherwise
