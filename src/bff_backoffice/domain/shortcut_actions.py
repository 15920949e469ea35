"""What the desktop does for a key, and the static combinations: one table, a line an action.

No letter or digit alone, no Ctrl+Alt, nothing that a system, a screen reader or a text field takes: the table has no
clash on any platform (`tests/unit/preferences`).
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import Final

from bff_backoffice.domain.operator import AppPlatform
from bff_backoffice.domain.shortcuts import Action, Scope

__all__ = ["ACTIONS", "STATIC_VERSION"]


def _everywhere(identifier: str, scope: Scope, key: str, *, mac: str | None = None) -> Action:
    keys = dict.fromkeys(AppPlatform, key) | ({} if mac is None else {AppPlatform.MACOS: mac})
    return Action(id=identifier, scope=scope, keys=MappingProxyType(keys))


def _command(identifier: str, scope: Scope, key: str) -> Action:
    """An action behind the platform's command key: Ctrl, or ⌘."""
    shift = "Shift+" if key.startswith("Shift+") else ""
    return _everywhere(identifier, scope, f"Ctrl+{key}", mac=f"{shift}Meta+{key.removeprefix('Shift+')}")


ACTIONS: Final[tuple[Action, ...]] = (
    _everywhere("help.open", Scope.GLOBAL, "Shift+/"),
    _command("search.open", Scope.GLOBAL, "K"),
    _command("dashboard.open", Scope.GLOBAL, "1"),
    _command("today.open", Scope.GLOBAL, "2"),
    _command("arrivals.open", Scope.GLOBAL, "3"),
    _command("departures.open", Scope.GLOBAL, "4"),
    _command("in-house.open", Scope.GLOBAL, "5"),
    _command("grid.open", Scope.GLOBAL, "6"),
    _command("housekeeping.open", Scope.GLOBAL, "7"),
    _command("maintenance.open", Scope.GLOBAL, "8"),
    _command("alerts.open", Scope.GLOBAL, "9"),
    _command("suggestions.open", Scope.GLOBAL, "Shift+A"),
    _command("property.choose", Scope.GLOBAL, "Shift+P"),
    _command("preferences.open", Scope.GLOBAL, ","),
    _everywhere("view.refresh", Scope.GLOBAL, "F5", mac="Meta+R"),
    _command("view.print", Scope.GLOBAL, "P"),
    _command("desk.lock", Scope.GLOBAL, "Shift+L"),
    _everywhere("list.next", Scope.LIST, "ArrowDown"),
    _everywhere("list.previous", Scope.LIST, "ArrowUp"),
    _everywhere("list.first", Scope.LIST, "Home"),
    _everywhere("list.last", Scope.LIST, "End"),
    _everywhere("list.open", Scope.LIST, "Enter"),
    _everywhere("list.filter", Scope.LIST, "/"),
    _command("reservation.create", Scope.RESERVATION, "Shift+N"),
    _command("reservation.check-in", Scope.RESERVATION, "Shift+E"),
    _command("reservation.check-out", Scope.RESERVATION, "Shift+O"),
    _command("reservation.assign-room", Scope.RESERVATION, "Shift+G"),
    _command("charge.post", Scope.RESERVATION, "Shift+H"),
    _command("key.issue", Scope.RESERVATION, "Shift+K"),
    _command("task.start", Scope.TASK, "Shift+S"),
    _command("task.complete", Scope.TASK, "Shift+D"),
    _command("form.save", Scope.DIALOG, "S"),
    _everywhere("dialog.close", Scope.DIALOG, "Escape"),
)
"""In the order in which the help shows them."""

_VERSION_CHARACTERS: Final = 8

STATIC_VERSION: Final = hashlib.sha256(
    "\n".join(f"{each.id} {each.scope} {sorted(each.keys.items())}" for each in ACTIONS).encode()
).hexdigest()[:_VERSION_CHARACTERS]
"""Changes whenever the table does, so that nobody can forget to count."""
