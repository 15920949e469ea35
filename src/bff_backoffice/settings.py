"""Every knob of the service: typed, frozen, read once from `BFF_*` environment variables.

Nothing else reads the environment, and only the composition root and the command line see this object. No secret has a
default. `docs/settings.md` is generated from the descriptions below.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from bff_backoffice.settings_events import CommaSeparated, EventSettings

__all__ = ["UPSTREAMS", "Settings", "SettingsError", "load_settings"]

PREFIX: Final = "BFF_"

UPSTREAMS: Final = (
    "iam-service", "tenant-service", "property-service", "reservation-service", "inventory-service", "pricing-service",
    "housekeeping-service", "maintenance-service", "billing-service", "lock-integration-service",
    "ai-orchestrator-service", "notification-service", "sync-service", "analytics-service",
)  # fmt: skip
"""The platform services of specification section 7."""


_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class SettingsError(Exception):
    """Settings that can't work. `problems` says of each one which it is, why, and how to mend it."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(EventSettings):
    """What the service needs to know before it starts."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    listen_host: str = Field("127.0.0.1", description="Address that the service listens on.")
    listen_port: int = Field(8083, ge=1, le=65535, description="Port that the service listens on.")
    listen_fd: int | None = Field(
        None,
        ge=3,
        description="An open listening socket to use instead of host and port; how several processes share one.",
    )
    admin_host: str = Field("127.0.0.1", description="Address of the admin listener (`/metrics`). Keep it private.")
    admin_port: int = Field(9083, ge=0, le=65535, description="Port of the admin listener; 0 takes any free one.")
    public_origins: CommaSeparated = Field(
        ("http://127.0.0.1:8083",),
        description="Origins that clients address the service by, comma-separated. A proof's `htu` is compared with "
        "these and never with a header that the client controls.",
        examples=["https://backoffice.melmastoon.ghasi.io,https://api.melmastoon.ghasi.io"],
    )
    cors_origins: CommaSeparated = Field(
        (), description="Web origins that may call the service from a browser, comma-separated. Empty: none."
    )
    max_body_bytes: int = Field(1_048_576, ge=1024, description="Largest request body that is read, in bytes.")
    drain_seconds: float = Field(
        10.0, gt=0, le=60, description="How long running requests may take after a stop signal."
    )

    redis_sessions_url: SecretStr = Field(
        description="Redis for sessions, proofs and locks. Its policy must be `noeviction`.",
        examples=["redis://10.0.0.3:6379/0"],
    )
    redis_cache_url: SecretStr = Field(
        description="Redis for composed views. Its policy should be `allkeys-lru`.",
        examples=["redis://10.0.0.4:6379/0"],
    )
    redis_bus_url: SecretStr | None = Field(
        None, description="Redis that carries the platform's events. Default: the one for sessions."
    )
    redis_connections: int = Field(64, ge=4, description="Most connections to each Redis, for one process.")
    redis_client: Literal["multiplexed", "pooled"] = Field(
        "multiplexed",
        description="How requests reach Redis: `multiplexed` shares one connection for each tier, `pooled` takes one "
        "for each round trip.",
    )
    postgres_app_dsn: SecretStr = Field(
        description="Postgres as the application role, which owns nothing and can't bypass row-level security.",
        examples=["postgresql://bff_app:…@10.0.0.5/bff_backoffice"],
    )
    postgres_worker_dsn: SecretStr | None = Field(
        None, description="Postgres as the worker's role. Needed by `bff-backoffice worker` only."
    )
    postgres_owner_dsn: SecretStr | None = Field(
        None, description="Postgres as the owner of the schema. Needed by `bff-backoffice migrate` only."
    )
    postgres_connections: int = Field(10, ge=1, description="Most connections to Postgres, for one process.")

    upstream_base_url: str = Field(
        description="Where the platform's services are; `{service}` becomes each one's name.",
        examples=["https://gateway.melmastoon.internal/{service}", "http://127.0.0.1:8090/{service}"],
    )
    upstream_urls: dict[str, str] = Field(
        default_factory=dict,
        description="Services that are somewhere else, as `name=url` pairs, comma-separated.",
        examples=["iam-service=https://iam.melmastoon.internal"],
    )
    upstream_identity_token: SecretStr = Field(
        description="The bearer token by which upstreams know this service. Never an operator's token."
    )
    upstream_breakers: bool = Field(True, description="Circuit breakers, one per upstream. Off only in drills.")
    upstream_limits: bool = Field(
        True,
        description="A limit on the requests under way to each upstream, which follows its latency and is divided "
        "among the tenants. Off only in drills.",
    )
    upstream_hedging: bool = Field(
        True,
        description="A second request for reads that are late by the upstream's own measure, at most 2 % more calls.",
    )

    auth_issuer: str = Field(description="The `iss` of access tokens.", examples=["https://iam.melmastoon.ghasi.io"])
    auth_audience: str = Field("bff-backoffice", description="What the `aud` of access tokens must contain.")
    auth_accept_bearer_scheme: bool = Field(
        False, description="Take `Authorization: Bearer` too. The proof is demanded either way."
    )
    auth_key_refresh_seconds: float = Field(
        10.0, gt=0, description="An unknown `kid` makes the key set be fetched anew, at most this often."
    )
    auth_nonces: bool = Field(False, description="Demand that proofs carry a nonce of ours (`DPoP-Nonce`).")
    auth_nonce_secret: SecretStr | None = Field(
        None, description="What nonces are made from, 32 characters or more; the same for every replica."
    )
    auth_token_max_seconds: int = Field(
        3600, ge=60, description="The longest life of an access token; how long a revoked session is remembered."
    )

    signing_key: SecretStr | None = Field(
        None,
        description="This service's own Ed25519 key, which signs downtime packs and sync session tokens: the seed, 32 "
        "bytes as base64url without padding. The same for every replica. Needed by `bff-backoffice serve` only.",
    )
    signing_keys_published: CommaSeparated = Field(
        (),
        description="Public parts (the `x` of their JWK) of keys that don't sign now and are published all the same, "
        "comma-separated: the next key before it signs, the last one for as long as its signatures are kept.",
    )

    sync_base_url: str | None = Field(
        None,
        description="Where desktops reach sync-service while it can't be asked for its own address. Default: where "
        "this service calls it.",
        examples=["https://sync.melmastoon.ghasi.io/sync/v1"],
    )

    answer_secrets: SecretStr | None = Field(
        None,
        description="What kept answers of mutations are encrypted with, comma-separated, 32 random characters or more "
        "each: the first encrypts, all decrypt; the same for every replica. Keep an old one for eight days. Needed by "
        "`bff-backoffice serve` only.",
    )
    idempotency_lease_seconds: float = Field(
        5.0,
        ge=0.5,
        le=15,
        description="How long a key stays in flight after its owner died. The owner renews it while it lives.",
    )

    rate_device_per_second: float = Field(100.0, gt=0, description="Requests that a device may send, on average.")
    rate_device_burst: int = Field(500, ge=1, description="Requests that a device may send at once.")
    rate_tenant_per_second: float = Field(
        5_000.0, gt=0, description="Requests that all devices of a tenant may send together, on average."
    )
    rate_tenant_burst: int = Field(25_000, ge=1, description="Requests that they may send at once.")

    live_lifetime_seconds: float = Field(
        1800.0,
        ge=1,
        le=86_400,
        description="The longest life of a live stream; each ends after 80 to 100 % of it, or with its token.",
    )

    operator_seconds: int = Field(
        300, ge=1, le=300, description="How long roles and property scope are believed; five minutes at most."
    )

    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="Least severe line that is logged."
    )
    log_format: str = Field("json", pattern="^(json|text)$", description="`json` for machines, `text` for a terminal.")

    @field_validator("upstream_urls", "telemetry_sampling", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not all("=" in part for part in parts):
            raise ValueError("each part must be written as name=value")
        return dict(part.split("=", 1) for part in parts)

    @field_validator("public_origins", "cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
                raise ValueError(f"'{origin}' is not an origin; write scheme, host and port only: https://host:port")
            if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
                raise ValueError(f"'{origin}' is not encrypted; http is for the loopback interface only: use https")
        return value

    @field_validator("redis_sessions_url", "redis_cache_url", "redis_bus_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and urlsplit(value.get_secret_value()).scheme not in {"redis", "rediss"}:
            raise ValueError("must begin with redis:// or rediss://")
        return value

    @field_validator("postgres_app_dsn", "postgres_worker_dsn", "postgres_owner_dsn")
    @classmethod
    def _postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and urlsplit(value.get_secret_value()).scheme not in {"postgres", "postgresql"}:
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("upstream_base_url")
    @classmethod
    def _template(cls, value: str) -> str:
        if "{service}" not in value:
            raise ValueError("must contain {service}, which becomes each service's name")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        unknown = sorted(set(self.upstream_urls) - set(UPSTREAMS))
        if unknown:
            raise ValueError(f"BFF_UPSTREAM_URLS names '{unknown[0]}', which is none of: {', '.join(UPSTREAMS)}")
        secret = self.auth_nonce_secret.get_secret_value() if self.auth_nonce_secret else ""
        if self.auth_nonces and len(secret) < 32:  # noqa: PLR2004 - as its description says
            raise ValueError("BFF_AUTH_NONCES is on; set BFF_AUTH_NONCE_SECRET to 32 random characters or more")
        return self

    def upstream_url(self, service: str) -> str:
        """The base address of a service of `UPSTREAMS`, without a slash at its end."""
        return self.upstream_urls.get(service, self.upstream_base_url.replace("{service}", service)).rstrip("/")


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment (or the mapping given) once.

    Raises:
        SettingsError: something is missing, malformed or misspelt; it says what, why, and how to mend it.
    """
    given = os.environ if environment is None else environment
    values = {name.removeprefix(PREFIX).lower(): text for name, text in given.items() if name.startswith(PREFIX)}
    known = set(Settings.model_fields)
    problems = [_misspelt(name, known) for name in sorted(values) if name not in known]
    try:
        settings = Settings.model_validate({name: text for name, text in values.items() if name in known})
    except ValidationError as error:
        problems += [_problem(dict(each)) for each in error.errors(include_url=False, include_input=False)]
        raise SettingsError(tuple(problems)) from None
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def _misspelt(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {PREFIX}{near[0].upper()}?" if near else "docs/settings.md lists the settings."
    return f"{PREFIX}{name.upper()}: there is no such setting; {hint}"


def _problem(error: dict[str, Any]) -> str:
    name = str(error["loc"][0]) if error["loc"] else ""
    why = str(error["msg"]).removeprefix("Value error, ")
    if not name:
        return why
    field = Settings.model_fields[name]
    if error["type"] == "missing":
        why = "is not set"
    example = f" For example: {field.examples[0]}" if field.examples else ""
    return f"{PREFIX}{name.upper()}: {why}. {field.description}{example}"
