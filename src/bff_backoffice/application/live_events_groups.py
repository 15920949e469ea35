"""A tenant's listeners in this process, and where they stand in its log together."""

from __future__ import annotations

import asyncio

from bff_backoffice.application.live_events_listener import Listener
from bff_backoffice.domain.live_events import Cursor, History, LoggedEvent, may_hear, what_follows

__all__ = ["Group"]


class Group:
    """`cursor` is up to where all of `attached` were told everything, None until that is known.

    While `calm` is not set, the log is being read; `heard` is then what was heard last meanwhile. `members` are those
    who are attached and those who still read the log for themselves.
    """

    __slots__ = ("attached", "calm", "cursor", "heard", "left_at", "members")

    def __init__(self) -> None:
        self.cursor: Cursor | None = None
        self.calm = asyncio.Event()
        self.heard: Cursor | None = None
        self.members: set[Listener] = set()
        self.attached: set[Listener] = set()
        self.left_at = 0.0

    def hand_out(self, cursor: Cursor, event: LoggedEvent) -> int:
        """Tell the event to all who may hear it; returns how many they are."""
        heard = 0
        channel, audience, position = event.channel, event.audience, event.position
        for listener in self.attached:
            if position > listener.after and may_hear(listener.viewer, channel, audience):
                listener.hear(cursor, event)
                heard += 1
        return heard

    def hand_out_page(self, page: History, here: Cursor) -> tuple[Cursor, bool]:
        """Tell a page that was read after `here`; returns where it leads, and whether the log ends there."""
        forgot = page.epoch != here.epoch or here.position > page.head
        for listener in tuple(self.attached):
            for cursor, told in what_follows(page, here, listener.viewer).told:
                if forgot or cursor.position > listener.after:
                    listener.hear(cursor, told)
            if forgot:
                listener.after = page.head
        reaches = page.head if forgot else page.reaches
        return Cursor(page.epoch, reaches), reaches == page.head
