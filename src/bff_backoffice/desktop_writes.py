"""What an operator changes about the desktop, put together: preferences and keys.

A part of the composition root, which is the only one that imports it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bff_backoffice.application.mutations import Acting
from bff_backoffice.application.mutations_ports import Forwarder
from bff_backoffice.application.preferences.choose import ChooseShortcuts, WriteShortcuts
from bff_backoffice.application.preferences.start import PrepareStart
from bff_backoffice.application.preferences.write import WritePreferences
from bff_backoffice.domain.composed_reads import Source

__all__ = ["choosing_of", "writers_of"]


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


def choosing_of(start: PrepareStart, acting: Acting) -> ChooseShortcuts:
    """Put the choice of keys together."""
    forward = acting.forward_mutation
    return ChooseShortcuts(keys=forward.tools.keys, overrides=start.read_shortcuts.overrides, forward=forward)
