"""Who is asking: tenant, property, device, role. Identifiers are types of their own, parsed at the edge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Self

__all__ = [
    "AppPlatform",
    "BackofficeSessionId",
    "DeviceId",
    "IamSessionId",
    "Identifier",
    "MalformedIdentifierError",
    "NetworkProfile",
    "Operator",
    "OperatorContext",
    "OperatorId",
    "OperatorRole",
    "PropertyId",
    "TenantId",
]

_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")


class MalformedIdentifierError(ValueError):
    """A text that should be an identifier is not one."""


class Identifier(str):
    """`<prefix>_<ULID>`. A parsed identifier is safe in a path, a key and a log line."""

    __slots__ = ()
    prefix: ClassVar[str]

    @classmethod
    def parse(cls, text: object) -> Self:
        """Return the identifier, or raise `MalformedIdentifierError`."""
        head, _, ulid = text.partition("_") if isinstance(text, str) else ("", "", "")
        if head != cls.prefix or not _ULID.match(ulid):
            message = f"not a {cls.prefix}_ identifier"
            raise MalformedIdentifierError(message)
        return cls(text)

    @property
    def ulid(self) -> str:
        """The part behind the prefix: what stays the same when an upstream uses another prefix."""
        return self.partition("_")[2]


class TenantId(Identifier):
    """A hotel company; the boundary that nothing crosses."""

    __slots__ = ()
    prefix = "tnt"


class OperatorId(Identifier):
    """A member of staff: the `sub` of an access token."""

    __slots__ = ()
    prefix = "usr"


class DeviceId(Identifier):
    """A desktop installation that is registered with iam-service."""

    __slots__ = ()
    prefix = "dev"


class PropertyId(Identifier):
    """A hotel of a tenant."""

    __slots__ = ()
    prefix = "ppt"


class IamSessionId(Identifier):
    """iam-service's session, the `sid` of an access token; not our session, whose prefix is `bos_`."""

    __slots__ = ()
    prefix = "ses"


class BackofficeSessionId(Identifier):
    """Our session: one tenant, one device, one operator."""

    __slots__ = ()
    prefix = "bos"


class OperatorRole(StrEnum):
    """The roles of contract section 10."""

    FRONT_DESK = "front_desk"
    NIGHT_AUDITOR = "night_auditor"
    HOUSEKEEPING_LEAD = "housekeeping_lead"
    HOUSEKEEPER = "housekeeper"
    MAINTENANCE = "maintenance"
    FNB_MANAGER = "fnb_manager"
    REVENUE_MANAGER = "revenue_manager"
    GENERAL_MANAGER = "general_manager"
    OWNER = "owner"


class AppPlatform(StrEnum):
    """Where the desktop runs."""

    WINDOWS = "win32"
    MACOS = "darwin"
    LINUX = "linux"


class NetworkProfile(StrEnum):
    """How the desktop sees its own network."""

    GOOD = "good"
    FLAKY = "flaky"
    OFFLINE_RECENTLY = "offline-recently"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What tenant-service says of a member of staff. `property_scope` keeps its order: the first is the default."""

    id: OperatorId
    tenant_id: TenantId
    display_name: str
    roles: frozenset[OperatorRole]
    property_scope: tuple[PropertyId, ...]
    locale: str
    suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorContext:
    """One authenticated request's answer to "who is asking": resolved once, passed everywhere.

    `key_thumbprint` is the RFC 7638 thumbprint of the device's key. `property_id` is the property that the request is
    about, already inside the operator's scope.
    """

    tenant_id: TenantId
    operator_id: OperatorId
    device_id: DeviceId
    iam_session_id: IamSessionId
    session_id: BackofficeSessionId
    roles: frozenset[OperatorRole]
    property_scope: tuple[PropertyId, ...]
    property_id: PropertyId
    key_thumbprint: str
    locale: str
    app_version: str | None = None
    app_platform: AppPlatform | None = None
    network_profile: NetworkProfile | None = None
