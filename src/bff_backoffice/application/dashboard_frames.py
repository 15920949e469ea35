"""What a composed dashboard says, as plain data; `presentation` turns it into lines, events, HTML or one object.

Contract section 4: one start frame, one frame for each of its widgets, one end frame.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from bff_backoffice.domain.dashboard import CacheStatus, Outcome, WidgetId, WidgetKind, WidgetState
from bff_backoffice.domain.operator import PropertyId, TenantId

__all__ = ["Emit", "EndFrame", "Frame", "StartFrame", "WidgetFrame", "WidgetPlan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WidgetPlan:
    """One widget of the first frame: what will come, until when, and what was last known of it.

    `deadline_ms` counts from the start frame. `as_of` and `data` (JSON as it goes on the wire) are there exactly when
    the state is `stale`.
    """

    id: WidgetId
    kind: WidgetKind
    span: int
    deadline_ms: int
    state: WidgetState
    as_of: datetime | None = None
    data: msgspec.Raw | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFrame:
    """Every widget of the board, at once. `cache_status` is the response's `X-Cache`."""

    snapshot_id: str
    tenant_id: TenantId
    property_id: PropertyId
    generated_at: datetime
    widgets: tuple[WidgetPlan, ...]
    cache_status: CacheStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class WidgetFrame:
    """One widget's end. `as_of`, `age_ms` and `upstream_ms` are None exactly when there is no data.

    `sources` are the services that the data comes from, and without data those that were to be asked. `failure` is an
    `UpstreamError`, a `StoreUnavailableError` or a `Refusal`: why the data is missing or old. `upstream_ms` is how long
    loading the data took when it was loaded.
    """

    id: WidgetId
    outcome: Outcome
    as_of: datetime | None
    age_ms: int | None
    upstream_ms: int | None
    sources: tuple[str, ...]
    data: msgspec.Raw | None
    failure: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndFrame:
    """The board is settled. `partial` says that not every widget is fresh or cached."""

    snapshot_id: str
    elapsed_ms: int
    partial: bool
    outcomes: Mapping[Outcome, int]


Frame = StartFrame | WidgetFrame | EndFrame
Emit = Callable[[Sequence[Frame]], Awaitable[None]]
"""Takes frames that are ready together, in order. Called by one task only, never twice at once."""
