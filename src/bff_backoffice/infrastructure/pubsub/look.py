"""Whether topics and subscriptions are there, and are set up as this service needs them."""

from __future__ import annotations

from collections.abc import Sequence

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError

from bff_backoffice.infrastructure.pubsub.clients import open_publisher_client, open_subscriber_client
from bff_backoffice.infrastructure.pubsub.publisher import TOPICS

__all__ = ["what_is_wrong"]

_SECONDS = 3.0
_FEWEST_DELIVERIES = 40
"""The dead-letter policy must leave a message to us for longer than we try it before we park it ourselves."""


async def what_is_wrong(project: str, subscriptions: Sequence[str], emulator: str | None) -> list[str]:
    """Return one sentence for each thing; empty when all is well."""
    try:
        return [*await _of_topics(project, emulator), *await _of_subscriptions(project, subscriptions, emulator)]
    except (GoogleAPIError, GoogleAuthError) as error:
        return [f"It can't be asked: {type(error).__name__}. Does the process have an account that may?"]


async def _of_topics(project: str, emulator: str | None) -> list[str]:
    wrong = []
    async with open_publisher_client(emulator) as client:
        for topic in TOPICS:
            try:
                await client.get_topic(topic=f"projects/{project}/topics/{topic}", retry=None, timeout=_SECONDS)
            except GoogleAPIError as error:
                wrong.append(f"Topic {topic}: {type(error).__name__}.")
    return wrong


async def _of_subscriptions(project: str, subscriptions: Sequence[str], emulator: str | None) -> list[str]:
    wrong = []
    async with open_subscriber_client(emulator) as client:
        for name in subscriptions:
            try:
                found = await client.get_subscription(
                    subscription=f"projects/{project}/subscriptions/{name}", retry=None, timeout=_SECONDS
                )
            except GoogleAPIError as error:
                wrong.append(f"Subscription {name}: {type(error).__name__}.")
                continue
            if not found.enable_message_ordering:
                wrong.append(f"Subscription {name}: message ordering is off; make it anew with ordering.")
            most = found.dead_letter_policy.max_delivery_attempts
            if most < _FEWEST_DELIVERIES:
                wrong.append(
                    f"Subscription {name}: give it a dead-letter policy of {_FEWEST_DELIVERIES} attempts or more, by "
                    "which deliveries are counted."
                )
    return wrong
