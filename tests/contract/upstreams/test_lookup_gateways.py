"""The gateway methods of the plain reads against recorded answers, over a real socket."""

from __future__ import annotations

import copy

import pytest

from bff_backoffice.application.ports import UpstreamInvalidResponseError
from tests.contract.upstreams.recorded import ROOM_2, Exchange
from tests.contract.upstreams.recorded_lookups import LOOKUPS
from tests.contract.upstreams.test_gateways import COMMON_HEADERS, asked, members, place_of

every_exchange = pytest.mark.parametrize("exchange", LOOKUPS, ids=lambda exchange: exchange.name)
every_member = pytest.mark.parametrize(
    ("exchange", "path"),
    [
        pytest.param(exchange, path, id=f"{exchange.name}-{path}")
        for exchange in LOOKUPS
        for path in members(exchange.answer)
    ],
)


@every_exchange
def test_the_recorded_answer_is_understood(exchange: Exchange) -> None:
    """The gateway makes of its upstream's answer exactly what is shown, in this service's own identifiers."""
    result, _ = asked(exchange)

    assert result == exchange.result


@every_exchange
def test_the_call_is_made_in_the_upstreams_dialect(exchange: Exchange) -> None:
    """Address, filters, headers and prefixes are the ones of the upstream agreement, and nothing else is sent."""
    _, upstream = asked(exchange)

    (seen,) = upstream.requests
    assert (seen.method, seen.path) == (exchange.method, exchange.target)
    sent = {name: value for name, value in seen.headers.items() if name not in COMMON_HEADERS}
    assert sent == exchange.headers


@every_member
def test_a_member_that_drifts_away_is_noticed(exchange: Exchange, path: str) -> None:
    """Without a member that is needed the answer is invalid, never half a value; without another it is the same."""
    drifted = copy.deepcopy(exchange.answer)
    holder, name = place_of(drifted, path)
    del holder[name]

    if path in exchange.tolerated:
        result, _ = asked(exchange, drifted)
        assert type(result) is type(exchange.result)
    else:
        with pytest.raises(UpstreamInvalidResponseError):
            asked(exchange, drifted)


@every_member
def test_a_member_that_changes_its_type_is_noticed(exchange: Exchange, path: str) -> None:
    """A member of another type makes the answer invalid, or is one that nobody reads; it is never an error of ours."""
    drifted = copy.deepcopy(exchange.answer)
    holder, name = place_of(drifted, path)
    holder[name] = [[{"unexpected": True}]]

    try:
        result, _ = asked(exchange, drifted)
    except UpstreamInvalidResponseError:
        return
    assert path in exchange.tolerated
    assert type(result) is type(exchange.result)


@every_exchange
def test_an_answer_about_something_else_is_not_shown(exchange: Exchange) -> None:
    """Rows of another property, and another thing than the one asked for: mixed up on the way, and never shown."""
    mixed_up = copy.deepcopy(exchange.answer)
    if "items" in mixed_up:
        mixed_up["items"][0]["propertyId"] = f"ppt_{ROOM_2}"  # type: ignore[index] # recorded answers are plain JSON
    else:
        mixed_up["id"] = f"{str(mixed_up['id']).partition('_')[0]}_{'0' * 26}"  # type: ignore[index] # the same

    with pytest.raises(UpstreamInvalidResponseError):
        asked(exchange, mixed_up)
