"""What the gateways read of an inbox: bounded, complete in what waits, and nothing of anybody else's."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Sequence
from typing import Any

import pytest

from bff_backoffice.application.alerts_inbox import AlertInbox
from bff_backoffice.application.inboxes import MOST_BYTES
from bff_backoffice.application.ports import UpstreamInvalidResponseError
from bff_backoffice.application.suggestions_inbox import SuggestionDecided, SuggestionInbox
from tests.contract.upstreams.recorded import ROOM_1, Exchange
from tests.contract.upstreams.recorded_inboxes import INBOX_EXCHANGES
from tests.contract.upstreams.scripted import always, http_answer, in_turn, scripted, some_client

EACH = pytest.mark.parametrize("exchange", INBOX_EXCHANGES, ids=lambda exchange: exchange.name)
WAITING = {"notification.inbox": ("unread", "unread"), "ai_orchestrator.inbox": ("open", "open")}
"""The member that counts what waits for somebody, and the status of what does."""


def page(
    exchange: Exchange,
    numbers: Sequence[int],
    cursor: str | None,
    *,
    waits: bool = True,
    waiting: int = 0,
    padding: int = 0,
) -> bytes:
    """A page of lines with these numbers, all of which wait or none."""
    count, status = WAITING[exchange.name]
    answer: dict[str, Any] = copy.deepcopy(dict(exchange.answer))
    (line,) = answer["items"]
    prefix = line["id"].partition("_")[0]
    line["status"] = status if waits else line["status"]
    answer["items"] = [{**line, "id": f"{prefix}_{number:026d}", "padding": "x" * padding} for number in numbers]
    return json.dumps({**answer, "nextCursor": cursor, count: waiting}).encode()


def read(exchange: Exchange, *pages: bytes) -> tuple[SuggestionInbox | AlertInbox, list[str]]:
    """The inbox when the upstream gives these pages in turn, and the addresses that were asked for."""

    async def run() -> tuple[SuggestionInbox | AlertInbox, list[str]]:
        script = in_turn(*(always(http_answer(each)) for each in pages))
        async with scripted(script) as upstream, some_client(upstream.url) as (client, _):
            inbox = await exchange.ask(client)
            assert isinstance(inbox, SuggestionInbox | AlertInbox)
            return inbox, [seen.path for seen in upstream.requests]

    return asyncio.run(run())


@EACH
def test_history_costs_no_second_call(exchange: Exchange) -> None:
    """Where all that waits is on the first page, what is behind it is left out and said to be."""
    inbox, asked = read(exchange, page(exchange, range(50), "more", waiting=50))

    assert (len(inbox.items), len(asked), inbox.truncated) == (50, 1, True)


@EACH
def test_what_waits_is_read_to_its_end(exchange: Exchange) -> None:
    """Further pages only as long as some of what waits has not been found; the cursor goes as it came."""
    inbox, asked = read(
        exchange,
        page(exchange, range(10), "p 2&x", waiting=15),
        page(exchange, range(10, 20), "p3", waiting=15),
    )

    assert [line.id[-2:] for line in inbox.items] == [f"{number:02d}" for number in range(20)]
    assert len(asked) == 2
    assert asked[1] == f"{asked[0]}&cursor=p+2%26x"
    assert inbox.truncated


@EACH
def test_an_inbox_that_never_ends_is_cut_off(exchange: Exchange) -> None:
    """Five pages at most; a cursor that goes in circles repeats no line."""
    inbox, asked = read(exchange, *[page(exchange, range(10), "again", waiting=10_000)] * 9)

    assert (len(asked), len(inbox.items), inbox.truncated) == (5, 10, True)


@EACH
def test_no_further_page_is_read_once_the_mirror_would_be_too_large(exchange: Exchange) -> None:
    """Large lines end it earlier than many do."""
    large = [page(exchange, [number], "more", waiting=100, padding=MOST_BYTES // 3) for number in range(9)]

    inbox, asked = read(exchange, *large)

    assert (len(asked), len(inbox.items), inbox.truncated) == (3, 3, True)


@EACH
def test_a_line_of_another_property_makes_the_answer_invalid(exchange: Exchange) -> None:
    """An answer that was mixed up on the way is no answer."""
    answer: dict[str, Any] = copy.deepcopy(dict(exchange.answer))
    answer["items"][0]["propertyId"] = f"ppt_{ROOM_1}"

    with pytest.raises(UpstreamInvalidResponseError):
        read(exchange, json.dumps(answer).encode())


def test_what_is_passed_on_untouched_is_an_object_in_sound_text() -> None:
    """Bytes that are no UTF-8, a list, a text or null in the place of provenance never reach a client."""
    (exchange,) = [each for each in INBOX_EXCHANGES if each.name == "ai_orchestrator.inbox"]
    sound = json.dumps(exchange.answer).encode()
    provenance = json.dumps({"modelId": "m", "costUsd": 0.5}).encode()
    assert provenance in sound

    for instead in (b'{"modelId": "\xff"}', b"[]", b'"m"', b"null", b"1", b'{"a": ' * 5_000 + b"1" + b"}" * 5_000):
        with pytest.raises(UpstreamInvalidResponseError):
            read(exchange, sound.replace(provenance, instead))


def test_provenance_comes_out_as_it_went_in() -> None:
    """Byte for byte, also numbers and spaces that no decoder gives back."""
    (exchange,) = [each for each in INBOX_EXCHANGES if each.name == "ai_orchestrator.inbox"]
    sound = json.dumps(exchange.answer).encode()
    own = b'{"costUsd": 0.50,  "tokens": 123456789012345678901234567890, "e": 1e400, "\\u0041": "\\u0642"}'

    inbox, _ = read(exchange, sound.replace(json.dumps({"modelId": "m", "costUsd": 0.5}).encode(), own))

    assert isinstance(inbox, SuggestionInbox)
    assert bytes(inbox.items[0].provenance) == own


@pytest.mark.parametrize("delta", ["null", None, '{"a":  1.0}'])
def test_a_decision_need_not_change_anything(delta: str | None) -> None:
    """Null, left out, or an object that goes through as it came."""
    (exchange,) = [each for each in INBOX_EXCHANGES if each.name == "ai_orchestrator.inbox"]
    sound = json.dumps(exchange.answer).encode()
    member = b'"delta": {"suggestedAmountMicros": 1}, '
    assert member in sound

    inbox, _ = read(exchange, sound.replace(member, b"" if delta is None else f'"delta": {delta}, '.encode()))

    assert isinstance(inbox, SuggestionInbox)
    decision = inbox.items[0].decision
    assert isinstance(decision, SuggestionDecided)
    assert bytes(decision.delta).decode() == (delta or "null")
