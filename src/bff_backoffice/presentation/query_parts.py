"""Parts of a query that several routes read alike: words, numbers, days, ids; every wrong one is named at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final, TypeVar

from bff_backoffice.domain.errors import Code, FieldError, Refusal
from bff_backoffice.domain.operator import Identifier, MalformedIdentifierError
from bff_backoffice.presentation.exchange import Exchange, malformed
from bff_backoffice.presentation.route_table import Parameter

__all__ = [
    "Places",
    "day_of",
    "day_parameter",
    "id_of",
    "id_parameter",
    "number_of",
    "number_parameter",
    "one_of",
    "one_parameter",
    "some_of",
    "some_parameter",
]

T = TypeVar("T")
IdT = TypeVar("IdT", bound=Identifier)

# ISO 8601 has more forms than the contract; and no hotel plans beyond what four digits of a year can say.
_DATE: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}\Z")


_MOST_DIGITS: Final = 4


class Places:
    """Gathers what is wrong with a request, so that its errors name each place and not only the first."""

    __slots__ = ("_errors",)

    def __init__(self) -> None:
        self._errors: list[FieldError] = []

    def read(self, part: Callable[[], T], otherwise: T) -> T:
        """Return what the part says, or `otherwise` where it is malformed, which is kept in mind."""
        try:
            return part()
        except Refusal as refusal:
            if refusal.code is not Code.VALIDATION_FAILED:
                raise
            self._errors += refusal.errors
            return otherwise

    def add(self, place: str, code: str, detail: str) -> None:
        """Keep in mind that this place is wrong, such as `query.arrivalTo`."""
        self._errors.append(FieldError(place, code, detail))

    def require_none(self) -> None:
        """Refuse the request if any part was malformed.

        Raises:
            Refusal: VALIDATION_FAILED that names each of them.
        """
        if self._errors:
            raise Refusal(Code.VALIDATION_FAILED, "The request has malformed parts.", errors=tuple(self._errors))


def number_of(exchange: Exchange, name: str, *, default: int, most: int) -> int:
    """Return a number of the query, from 1 to `most`.

    Raises:
        Refusal: VALIDATION_FAILED for anything else.
    """
    given = exchange.one(name)
    if given is None:
        return default
    well_formed = given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS
    if not well_formed or not 1 <= int(given) <= most:
        raise malformed(f"query.{name}", "malformed", f"A number from 1 to {most}.")
    return int(given)


def number_parameter(name: str, description: str, *, default: int, most: int) -> Parameter:
    """Return the description of what `number_of` reads."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter(name, "query", description, schema)


def one_of(exchange: Exchange, name: str, words: Sequence[str]) -> str | None:
    """Return a parameter that is one of these words, None where it is absent.

    Raises:
        Refusal: VALIDATION_FAILED for any other word.
    """
    given = exchange.one(name)
    if given is not None and given not in words:
        raise malformed(f"query.{name}", "unknown", f"One of {', '.join(words)}.")
    return given


def one_parameter(name: str, description: str, words: Sequence[str]) -> Parameter:
    """Return the description of what `one_of` reads."""
    return Parameter(name, "query", description, {"type": "string", "enum": list(words)})


def some_of(exchange: Exchange, name: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a comma-separated parameter, each once and in the order of `words`; none where it is absent.

    Raises:
        Refusal: VALIDATION_FAILED for a word that is not among them.
    """
    given = exchange.one(name)
    if given is None:
        return ()
    chosen = set(given.split(","))
    if not chosen <= set(words):
        raise malformed(f"query.{name}", "unknown", f"Some of {', '.join(words)}, comma-separated.")
    return tuple(word for word in words if word in chosen)


def some_parameter(name: str, description: str, words: Sequence[str]) -> Parameter:
    """Return the description of what `some_of` reads."""
    one = f"({'|'.join(words)})"
    return Parameter(name, "query", description, {"type": "string", "pattern": f"^{one}(,{one})*$"})


def day_of(exchange: Exchange, name: str) -> date | None:
    """Return a day of the query, None where it is absent.

    Raises:
        Refusal: VALIDATION_FAILED for what is no day.
    """
    given = exchange.one(name)
    if given is None:
        return None
    try:
        if _DATE.match(given):
            return date.fromisoformat(given)
    except ValueError:
        pass
    raise malformed(f"query.{name}", "malformed", "A date such as 2026-11-22.")


def day_parameter(name: str, description: str) -> Parameter:
    """Return the description of what `day_of` reads."""
    return Parameter(name, "query", description, {"type": "string", "format": "date"})


def id_of(exchange: Exchange, name: str, kind: type[IdT]) -> IdT | None:
    """Return an identifier of the query, None where it is absent.

    Raises:
        Refusal: VALIDATION_FAILED for what is none of this kind.
    """
    given = exchange.one(name)
    if given is None:
        return None
    try:
        return kind.parse(given)
    except MalformedIdentifierError:
        raise malformed(f"query.{name}", "malformed", f"An identifier that begins with {kind.prefix}_.") from None


def id_parameter(name: str, description: str, kind: type[Identifier]) -> Parameter:
    """Return the description of what `id_of` reads."""
    pattern = f"^{kind.prefix}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}$"
    return Parameter(name, "query", description, {"type": "string", "pattern": pattern})
