"""The part of the settings that is about events, and about the machines of the platform that call `/internal/*`."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, field_validator, model_validator

from bff_backoffice.domain.telemetry import SUBJECTS

__all__ = ["CommaSeparated", "EventSettings"]

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_split)]


class EventSettings(BaseModel):
    """`Settings` has these fields too."""

    event_bus: Literal["redis", "pubsub"] = Field(
        "redis", description="What carries events: `redis` (Streams) or `pubsub` (Google Cloud Pub/Sub)."
    )
    pubsub_project: str | None = Field(
        None, description="The project of topics and subscriptions. Needed where the bus is Pub/Sub."
    )
    pubsub_subscriptions: CommaSeparated = Field(
        (),
        description="Subscriptions that the worker pulls from, comma-separated, by their short names.",
        examples=["bff-backoffice.iam,bff-backoffice.tenant"],
    )
    pubsub_emulator: str | None = Field(
        None,
        description="`host:port` of an emulator on this machine, spoken to without encryption and account.",
        examples=["127.0.0.1:8085"],
    )
    push_subscriptions: CommaSeparated = Field(
        (),
        description="Subscriptions that may be pushed to `/internal/events/{subscription}`, comma-separated.",
        examples=["bff-backoffice.iam"],
    )
    machine_issuer: str = Field(
        "https://accounts.google.com", description="The `iss` of the identity tokens of the platform's machines."
    )
    machine_keys_url: str = Field(
        "https://www.googleapis.com/oauth2/v3/certs", description="Where that issuer publishes its keys."
    )
    push_audience: str | None = Field(
        None,
        description="The `aud` of the tokens that Pub/Sub push brings, as its subscription says. Without it, and "
        "`BFF_PUSH_IDENTITY`, nothing may be pushed.",
        examples=["https://backoffice.melmastoon.ghasi.io"],
    )
    push_identity: str | None = Field(
        None,
        description="The service account that pushes.",
        examples=["pubsub-push@melmastoon.iam.gserviceaccount.com"],
    )
    scheduler_audience: str | None = Field(
        None,
        description="The `aud` of the tokens that the scheduler brings. Without it, and `BFF_SCHEDULER_IDENTITY`, no "
        "job is started over HTTP.",
        examples=["https://backoffice.melmastoon.ghasi.io"],
    )
    scheduler_identity: str | None = Field(
        None,
        description="The service account that starts jobs.",
        examples=["scheduler@melmastoon.iam.gserviceaccount.com"],
    )

    worker_admin_port: int = Field(
        9084, ge=0, le=65535, description="Port of the worker's admin listener (`/metrics`); 0 takes any free one."
    )
    telemetry_secret: SecretStr | None = Field(
        None,
        description="What personal data in telemetry is digested with, 32 random characters or more, each tenant under "
        "a key of its own made from it; the same for every replica. Without it such members are left out.",
    )
    telemetry_sampling: dict[str, float] = Field(
        default_factory=dict,
        description="Shares of telemetry events, 0 to 1, as `aggregate.verb=share` pairs, comma-separated, where they "
        "differ from those of the schemas.",
        examples=["dashboard.viewed=1,heartbeat.received=0"],
    )
    outbox_dispatchers: int = Field(
        2, ge=1, le=16, description="How many publish from the outbox side by side, in each worker."
    )

    @field_validator("machine_keys_url")
    @classmethod
    def _published(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("must begin with https://; http is for the loopback interface only")
        return value

    @field_validator("telemetry_sampling")
    @classmethod
    def _shares(cls, value: dict[str, float]) -> dict[str, float]:
        known = {subject.short for subject in SUBJECTS}
        for name, share in value.items():
            if name not in known:
                raise ValueError(f"there is no subject '{name}'; there are {', '.join(sorted(known))}")
            if not 0 <= share <= 1:
                raise ValueError(f"'{name}' must be a share from 0 to 1")
        return value

    @model_validator(mode="after")
    def _whole_bus(self) -> Self:
        host = (self.pubsub_emulator or "127.0.0.1:").rpartition(":")[0]
        if host not in _LOOPBACK:
            raise ValueError("BFF_PUBSUB_EMULATOR is not on this machine; what it is told is not encrypted")
        if self.event_bus == "pubsub" and not self.pubsub_project:
            raise ValueError("BFF_EVENT_BUS is pubsub; set BFF_PUBSUB_PROJECT to the project of its topics")
        return self
