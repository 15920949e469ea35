"""Reading server-sent events as a browser would (WHATWG HTML, section 9.2.6), and keeping what a browser hides."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Event", "EventReader"]

_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")


@dataclass(frozen=True)
class Event:
    """One event. `id` is None where its own block has none: a browser would show the id of the one before."""

    id: str | None
    name: str
    data: str

    @property
    def channel(self) -> str:
        """What stands before the first dot of its name."""
        return self.name.partition(".")[0]

    def json(self) -> Any:  # noqa: ANN401 - whatever the server says
        """The data as JSON; raises `ValueError`."""
        return json.loads(self.data)


class EventReader:
    """Turns bytes into events. `comments` are those that came, in order."""

    def __init__(self) -> None:
        self.comments: list[str] = []
        self._text = codecs.getincrementaldecoder("utf-8")()
        self._rest = ""
        self._fields: dict[str, list[str]] = {}

    def feed(self, piece: bytes) -> Iterator[Event]:
        """Yield the events that are complete now. Raises `UnicodeDecodeError` for what is no UTF-8."""
        *lines, self._rest = _LINE_END.split(self._rest + self._text.decode(piece))
        for line in lines:
            if line:
                self._take(line)
            elif "data" in self._fields:
                fields, self._fields = self._fields, {}
                yield Event(
                    id=fields["id"][-1] if "id" in fields else None,
                    name=fields["event"][-1] if "event" in fields else "message",
                    data="\n".join(fields["data"]),
                )
            else:
                self._fields = {}

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")
        if name:
            self._fields.setdefault(name, []).append(value.removeprefix(" "))
        else:
            self.comments.append(value.strip())
