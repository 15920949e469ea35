"""Texts that their authors wrote in several languages, kept in all of them so that colleagues share what is cached."""

from __future__ import annotations

from bff_backoffice.application.tiles import Tile

__all__ = ["TextByLanguage"]


class TextByLanguage(Tile, frozen=True, kw_only=True):
    """A text in the languages that its author wrote; `default` is what everybody else reads."""

    default: str
    values: dict[str, str]

    def in_language(self, locale: str) -> str:
        """Return the text for this locale, else for its language in any region, else the default."""
        language = locale.partition("-")[0]
        nearest = (name for name in self.values if name.partition("-")[0] == language)
        for name in (locale, language, *nearest):
            if text := self.values.get(name):
                return text
        return self.default
