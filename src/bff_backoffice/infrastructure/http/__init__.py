"""Calls to the upstreams: the one HTTP client, its connections, its headers and what its answers mean."""

from __future__ import annotations

from bff_backoffice.infrastructure.http.calls import Call, ServiceIdentity, Upstream
from bff_backoffice.infrastructure.http.client import UpstreamClient, open_upstream
from bff_backoffice.infrastructure.http.headers import Bounds, CallBounds
from bff_backoffice.infrastructure.http.observer import (
    CallOutcome,
    HedgeOutcome,
    LimitView,
    NullUpstreamObserver,
    UpstreamObserver,
)
from bff_backoffice.infrastructure.http.public_documents import open_public_document

__all__ = [
    "Bounds",
    "Call",
    "CallBounds",
    "CallOutcome",
    "HedgeOutcome",
    "LimitView",
    "NullUpstreamObserver",
    "ServiceIdentity",
    "Upstream",
    "UpstreamClient",
    "UpstreamObserver",
    "open_public_document",
    "open_upstream",
]
