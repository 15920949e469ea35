"""The part of the settings that is about events, and about the machines of the platform that call `/internal/*`."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator

__all__ = ["EventSettings"]

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class EventSettings(BaseModel):
    """`Settings` has these fields too."""

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

    @field_validator("machine_keys_url")
    @classmethod
    def _published(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("must begin with https://; http is for the loopback interface only")
        return value
