"""ai-orchestrator-service: suggestions, and decisions that are written once."""

from __future__ import annotations

from tests.simulator.services.hotels import Hotel, Reply, ulid_key

ROOT = "/ai-orchestrator-service/api/v1/ai/suggestions"


def inbox(hotel: Hotel, extra: str = "") -> dict[str, object]:
    """The suggestions of a property."""
    return dict(hotel.get(f"{ROOT}?propertyId={hotel.property_id}{extra}"))


def ids(answer: dict[str, object]) -> list[str]:
    """The suggestions of a page, in its order."""
    assert isinstance(answer["items"], list)
    return [suggestion["id"] for suggestion in answer["items"]]


def decide(hotel: Hotel, suggestion: str, *, key: str | None = None, **body: object) -> Reply:
    """Decide about a suggestion under a new key, unless one is given."""
    return hotel.call("POST", f"{ROOT}/{suggestion}/decide", key=key or ulid_key(), body=body)


def test_open_suggestions_carry_what_a_person_needs_to_decide(kabul: Hotel) -> None:
    """Each has a confidence, a subject, a proposal and where it comes from; the newest is first."""
    answer = inbox(kabul, "&status=open")
    assert isinstance(answer["items"], list)
    assert answer["open"] == len(answer["items"]) > 3
    for suggestion in answer["items"]:
        assert 0 <= suggestion["confidence"] <= 1
        assert set(suggestion["subject"]) == {"type", "id"}
        assert suggestion["proposal"]
        assert suggestion["provenance"]["modelId"]
        assert suggestion["propertyId"] == kabul.property_id
    times = [suggestion["createdAt"] for suggestion in answer["items"]]
    assert times == sorted(times, reverse=True)


def test_pages_say_whether_there_is_more(kabul: Hotel) -> None:
    """`hasMore` and `nextCursor` agree, and the pages together are the whole."""
    whole = ids(inbox(kabul, "&status=open"))
    seen: list[str] = []
    extra = ""
    while True:
        page = inbox(kabul, f"&status=open&limit=2{extra}")
        seen += ids(page)
        assert page["hasMore"] == (page["nextCursor"] is not None)
        if page["nextCursor"] is None:
            break
        extra = f"&cursor={page['nextCursor']}"
    assert seen == whole


def test_categories_are_a_filter(kabul: Hotel) -> None:
    """Of one or of several categories; one that nobody uses has none."""
    rates = inbox(kabul, "&category=rate_change")
    assert isinstance(rates["items"], list)
    assert {suggestion["category"] for suggestion in rates["items"]} == {"rate_change"}
    both = inbox(kabul, "&category=rate_change,staffing")
    assert set(ids(rates)) < set(ids(both))
    assert ids(inbox(kabul, "&category=weather")) == []


def test_a_decision_is_kept_shown_and_published(kabul: Hotel) -> None:
    """The suggestion is decided, leaves the open ones, shows who decided what, is an effect and an event."""
    suggestion = ids(inbox(kabul, "&status=open"))[0]
    decided = decide(kabul, suggestion, decision="modify", delta={"percent": 3}, reason="Too much at once")
    assert (decided.status, decided.body["decision"], decided.body["decidedBy"]) == (200, "modify", kabul.operator_id)
    shown = kabul.get(f"{ROOT}/{suggestion}")
    assert (shown["status"], shown["decision"]["delta"]) == ("decided", {"percent": 3})
    assert suggestion not in ids(inbox(kabul, "&status=open"))
    assert ids(inbox(kabul, "&status=decided")) == [suggestion]
    assert [(row["kind"], row["resourceId"]) for row in kabul.platform.effects("ai-orchestrator-service")] == [
        ("suggestion.decided", suggestion)
    ]
    (event,) = kabul.platform.events("melmastoon.ai_orchestrator.hitl.gate_decided.v1")
    assert event["envelope"]["data"]["decision"] == "modify"


def test_a_suggestion_is_decided_once(kabul: Hotel) -> None:
    """The same key gets the same answer; a second decision is refused and changes nothing."""
    suggestion, key = ids(inbox(kabul, "&status=open"))[0], ulid_key()
    first = decide(kabul, suggestion, key=key, decision="accept")
    assert decide(kabul, suggestion, key=key, decision="accept").body == first.body
    changed = decide(kabul, suggestion, key=key, decision="reject")
    assert (changed.status, changed.code) == (422, "MELMASTOON.GENERAL.IDEMPOTENCY_KEY_REUSED")
    late = decide(kabul, suggestion, decision="reject")
    assert (late.status, late.code) == (409, "MELMASTOON.AI.SUGGESTION_ALREADY_DECIDED")
    assert late.body["context"]["decision"]["decision"] == "accept"
    assert kabul.get(f"{ROOT}/{suggestion}")["decision"]["decision"] == "accept"


def test_a_new_suggestion_is_open_and_published(kabul: Hotel) -> None:
    """What a capability suggests is the newest of the inbox at once, and on the bus."""
    body = {
        "category": "upsell",
        "title": "Offer the suite",
        "summary": "It is free tonight.",
        "confidence": 0.8,
        "subject": {"type": "property", "id": kabul.property_id},
        "proposal": {"discountPercent": 20},
        "provenance": {"modelId": "vertex/gemini-1.5-flash"},
    }
    made = kabul.call("POST", f"{ROOT}?propertyId={kabul.property_id}", key=ulid_key(), body=body)
    assert made.status == 201
    assert ids(inbox(kabul, "&status=open"))[0] == made.body["id"]
    (event,) = kabul.platform.events("melmastoon.ai_orchestrator.suggestion.created.v1")
    assert event["envelope"]["data"]["suggestionId"] == made.body["id"]
    unsure = kabul.call(
        "POST", f"{ROOT}?propertyId={kabul.property_id}", key=ulid_key(), body=body | {"confidence": 1.5}
    )
    assert unsure.status == 400


def test_what_is_not_ours_or_malformed_is_refused(kabul: Hotel, creek: Hotel) -> None:
    """An unknown decision, a modification without a change, a suggestion that is not ours, a strange page."""
    suggestion, theirs = ids(inbox(kabul))[0], ids(inbox(creek))[0]
    assert decide(kabul, suggestion, decision="perhaps").status == 400
    assert decide(kabul, suggestion, decision="modify").status == 400
    assert decide(kabul, theirs, decision="accept").code == "MELMASTOON.TENANT.MISMATCH"
    unknown = decide(kabul, "sug_01JGFJJZ03J02SKYND46F9ZBKD", decision="accept")
    assert (unknown.status, unknown.code) == (404, "MELMASTOON.AI.SUGGESTION_NOT_FOUND")
    for extra in ("&status=closed", "&limit=101", "&cursor=x"):
        assert kabul.call("GET", f"{ROOT}?propertyId={kabul.property_id}{extra}").status == 400
    assert kabul.platform.effects("ai-orchestrator-service") == []
