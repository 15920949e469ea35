"""ai-orchestrator-service: suggestions. They are advice; nothing here applies one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from msgspec import Meta
from msgspec.json import Decoder

from bff_backoffice.application.ports import CallContext
from bff_backoffice.application.tiles import SuggestionLine, SuggestionsTile
from bff_backoffice.infrastructure.dialect import Count, Wire, operator_headers, property_of
from bff_backoffice.infrastructure.http import Upstream, UpstreamClient

__all__ = ["SERVICE", "AiOrchestratorGateway"]

SERVICE: Final = Upstream(name="ai-orchestrator-service", limit_seconds=0.5, retries=1)

_TILE_LINES: Final = 5


class _Suggestion(Wire, frozen=True):
    id: str
    category: str
    title: str
    confidence: Annotated[float, Meta(ge=0, le=1)]


class _Suggestions(Wire, frozen=True):
    items: list[_Suggestion]
    open: Count


_SUGGESTIONS: Final = Decoder(_Suggestions)


@dataclass(frozen=True, slots=True)
class AiOrchestratorGateway:
    """The orchestrator's inbox for a property."""

    client: UpstreamClient

    async def suggestions(self, call: CallContext) -> SuggestionsTile:
        """Return how many suggestions are open, and the first few in the service's order."""
        return await self.client.read(
            "suggestions",
            "/api/v1/ai/suggestions",
            bounds=call,
            headers=operator_headers(call),
            query={"propertyId": property_of(call), "status": "open", "limit": str(_TILE_LINES)},
            decode=_suggestions,
        )


def _suggestions(body: bytes) -> SuggestionsTile:
    found = _SUGGESTIONS.decode(body)
    return SuggestionsTile(
        open=found.open,
        items=[
            SuggestionLine(
                id=suggestion.id,
                category=suggestion.category,
                title=suggestion.title,
                confidence=suggestion.confidence,
            )
            for suggestion in found.items
        ],
    )
