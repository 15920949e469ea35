"""How much an upstream may be asked again: a tenth of the calls that it answered, and nothing on credit."""

from __future__ import annotations

from typing import Final

__all__ = ["RetryBudget"]

_RATIO: Final = 0.1
_CAPACITY: Final = 10.0


class RetryBudget:
    """A token bucket in front of the retries of one upstream.

    Every call that was answered pays in a tenth of a token, up to ten; a retry costs one, and one is there to begin
    with. Over any stretch of time an upstream is therefore sent at most 1.1 times as many requests as it was asked for,
    plus ten; and while it is down, when nothing pays in, those ten are all. Time alone earns nothing: a trickle of
    tokens by the second would let a quiet upstream's calls double for as long as it is down.
    """

    __slots__ = ("_tokens",)

    def __init__(self) -> None:
        self._tokens = 1.0

    def call_answered(self) -> None:
        """A call got an answer, if only a refusal."""
        self._tokens = min(_CAPACITY, self._tokens + _RATIO)

    def allows_retry(self) -> bool:
        """Take a token where there is one, and say whether there was."""
        # Ten tenths are a little less than one.
        if self._tokens < 1.0 - 1e-9:
            return False
        self._tokens -= 1.0
        return True
