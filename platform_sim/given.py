"""What callers give in bodies and headers, read with the same rules everywhere: dates, moments, words, versions."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from platform_sim.dialect import Refused
from platform_sim.kernel import Call

__all__ = ["check_version", "given_date", "given_moment", "given_word"]


def given_date(call: Call, name: str) -> date:
    """A required `YYYY-MM-DD` of the body. Raises `Refused` 400."""
    text = call.text(name, maximum=10)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise call.invalid(name, "date") from None


def given_moment(call: Call, name: str) -> datetime | None:
    """A moment of the body with its offset, in UTC, or None where it is left out. Raises `Refused` 400."""
    text = call.optional_text(name, maximum=40)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise call.invalid(name, "a time with offset or Z") from None
    if moment.tzinfo is None:
        raise call.invalid(name, "a time with offset or Z")
    return moment.astimezone(UTC)


def given_word(call: Call, name: str, allowed: tuple[str, ...], *, default: str | None = None) -> str:
    """One of the allowed words of the body; the default where it is left out. Raises `Refused` 400."""
    word = call.body.get(name, default)
    if not isinstance(word, str) or word not in allowed:
        raise call.invalid(name, f"one of {' '.join(allowed)}")
    return word


def check_version(call: Call, version: int) -> None:
    """Refuse with 412 where `If-Match` names another version: `"3"`, `3` and `"v=3"` are the same one."""
    wanted = call.headers.get("If-Match")
    if wanted is None or wanted.strip() == "*":
        return
    named = re.fullmatch(r'(?:W/)?"?v?=?(\d{1,9})"?', wanted.strip())
    if named is None or int(named[1]) != version:
        code = f"MELMASTOON.{call.service.dialect.domain}.VERSION_CONFLICT"
        raise Refused(412, code, "it was changed meanwhile", headers={"ETag": f'"{version}"'})
