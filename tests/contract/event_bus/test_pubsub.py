"""What only Pub/Sub has: how it must be set up, what it refuses, and leases."""

from __future__ import annotations

import asyncio

from bff_backoffice.infrastructure.pubsub.clients import open_publisher_client
from bff_backoffice.infrastructure.pubsub.look import what_is_wrong
from bff_backoffice.infrastructure.pubsub.publisher import PubSubPublisher, topic_of
from tests.contract.event_bus.buses import PLATFORM, PROJECT, TOPICS, message
from tests.fakes.pubsub_server import PubSubServer

SESSION = "melmastoon.bff.backoffice.session.closed.v1"
CLICK = "melmastoon.bff.backoffice.activity.recorded.v1"


def test_sessions_have_a_topic_of_their_own() -> None:
    """EVENT_SCHEMAS, section 3; a subject that only begins alike is no session's."""
    assert topic_of(SESSION) == "melmastoon.bff.backoffice.session"
    assert topic_of(CLICK) == "melmastoon.bff.backoffice.activity"
    assert topic_of("melmastoon.bff.backoffice.sessionless.seen.v1") == "melmastoon.bff.backoffice.activity"


def test_a_batch_of_many_keys_and_topics_is_one_request_for_each() -> None:
    """The service refuses two keys in one request, and a request for each message would be a thousand times slower."""

    async def scenario() -> None:
        server = PubSubServer()
        server.topics = {topic: [] for topic in TOPICS}
        await server.start()
        try:
            async with open_publisher_client(server.address) as client:
                publisher = PubSubPublisher(client=client, project="melmastoon")
                sent = [
                    message(number, key=f"dev_{number % 4}", subject=SESSION if number % 2 else CLICK)
                    for number in range(400)
                ]
                await publisher.publish(sent)
        finally:
            await server.stop()
        assert server.requests.count("PublishRequest") == 4
        assert sorted(len(messages) for messages in server.topics.values()) == [200, 200]

    asyncio.run(scenario())


def test_the_look_names_what_is_missing_or_set_up_wrongly() -> None:
    """Topics, subscriptions, their order and dead letters; nothing where all is well; and a server that is away."""

    async def scenario() -> tuple[list[str], list[str], list[str]]:
        server = PubSubServer()
        server.topics = {TOPICS[0]: []}
        server.create(f"{PROJECT}/subscriptions/bad", topic=PLATFORM, ordered=False)
        server.create(f"{PROJECT}/subscriptions/good", topic=PLATFORM, most_attempts=50, dead_letter_topic="dead")
        await server.start()
        try:
            wrong = await what_is_wrong("melmastoon", ["bad", "good", "none"], server.address)
            server.topics[TOPICS[1]] = []
            right = await what_is_wrong("melmastoon", ["good"], server.address)
        finally:
            await server.stop()
        return wrong, right, await what_is_wrong("melmastoon", [], server.address)

    wrong, right, away = asyncio.run(scenario())

    assert [each.split(":")[0] for each in wrong] == [
        "Topic melmastoon.bff.backoffice.activity", "Subscription bad", "Subscription bad", "Subscription none",
    ]  # fmt: skip
    assert not right
    assert away
