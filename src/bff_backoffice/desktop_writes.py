"""What an operator changes about the desktop, put together: preferences and keys.

A part of the composition root, which is the only one that imports it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bff_backoffice.application.mutations import Look
from bff_backoffice.application.mutations_ports import Forwarder
from bff_backoffice.application.preferences.choose import PUT_SHORTCUTS, FindClashes, WriteShortcuts
from bff_backoffice.application.preferences.start import PrepareStart
from bff_backoffice.application.preferences.write import WritePreferences
from bff_backoffice.application.suggestions_deciding import DecideSuggestion, DemandReason
from bff_backoffice.domain.composed_reads import Source

__all__ = ["looks_of", "writers_of"]


def writers_of(start: PrepareStart) -> Mapping[Source, Forwarder]:
    """Put together what carries such a change out, with the readers' stores, so that readers see it at once."""
    preferences, keys = start.read_preferences, start.read_shortcuts
    return {
        Source.TENANT: WritePreferences(
            reads=preferences.reads,
            mirror=preferences.mirror,
            authority=preferences.authority,
            clock=preferences.clock,
        ),
        Source.OWN: WriteShortcuts(reads=keys.reads, overrides=keys.overrides),
    }


def looks_of(start: PrepareStart, writers: Mapping[Source, Forwarder]) -> Mapping[str, Look]:
    """Put together what is looked up before a key counts. `writers` are all that carry out acts of our own."""
    looks: Mapping[str, Look] = {PUT_SHORTCUTS.name: FindClashes(overrides=start.read_shortcuts.overrides)}
    deciding = writers[Source.AI_ORCHESTRATOR]
    if not isinstance(deciding, DecideSuggestion):
        raise TypeError("suggestions are decided in a way that knows no reasons")
    return {**looks, "decide_suggestion": DemandReason(deciding=deciding)}
