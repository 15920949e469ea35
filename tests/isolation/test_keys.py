"""Redis: every key that holds a tenant's data begins with the tenant, and holds nobody else's."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_backoffice.infrastructure.memorystore import keys
from tests.isolation.canaries import canaries, found_in
from tests.isolation.every_route import ENDS_THE_SESSION, OPERATOR_ROUTES, answered, served
from tests.isolation.residues import everything_in, without_tenant
from tests.worlds import World

WITHOUT_TENANT = {"proof", "proof_memory", "proof_memory_lock", "platform_events", "own_events"}
"""Only replay, JWKS, bus and lock keys may lack a tenant (contract, section 10); docs/decisions/redis-keys.md."""

MANAGER = "general_manager"
ULID = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26)
TENANT = ULID.map("tnt_{}".format)
SAMPLES: dict[str, st.SearchStrategy[Any]] = {
    "tenant_id": TENANT,
    "device_id": ULID.map("dev_{}".format),
    "operator_id": ULID.map("usr_{}".format),
    "session_id": ULID.map("ses_{}".format),
    "property_id": ULID.map("ppt_{}".format),
    "name": st.sampled_from(["rooms", "in-house", "devices"]),
    "variants": st.lists(st.sampled_from(["en", "fa-AF", "usr_1", "dev_1"]), max_size=2).map(tuple),
    "channel": st.sampled_from(["ai", "alerts"]),
    "digest": st.text("abcXYZ019_-", min_size=43, max_size=43),
}


def builders() -> dict[str, Callable[..., str]]:
    """Every function of the module where keys are spelled."""
    found = dict(inspect.getmembers(keys, inspect.isfunction))
    return {name: function for name, function in found.items() if function.__module__ == keys.__name__}


def parameters(name: str) -> list[str]:
    """The names of a builder's parameters, in order."""
    return list(inspect.signature(builders()[name]).parameters)


BUILDERS = sorted(builders())
OF_A_TENANT = [name for name in BUILDERS if name not in WITHOUT_TENANT]


def test_every_builder_is_public() -> None:
    """What spells a key is in the module's list, so nothing is spelled on the side."""
    assert set(BUILDERS) <= set(keys.__all__)


@pytest.mark.parametrize("name", BUILDERS)
def test_tenant_comes_first_or_the_key_is_on_the_list(name: str) -> None:
    """The first parameter is the tenant; the builders that take none are written above."""
    takes_a_tenant = parameters(name)[:1] == ["tenant_id"]

    assert takes_a_tenant == (name not in WITHOUT_TENANT)
    assert "tenant_id" not in parameters(name)[1:]


@pytest.mark.parametrize("name", OF_A_TENANT)
@settings(deadline=None)
@given(data=st.data())
def test_a_key_begins_with_its_tenant(name: str, data: st.DataObject) -> None:
    """`tnt_…:` and then the rest: a prefix that an access rule of Redis can name."""
    values = {each: data.draw(SAMPLES[each]) for each in parameters(name)}

    assert builders()[name](**values).startswith(f"{values['tenant_id']}:")


@pytest.mark.parametrize("name", OF_A_TENANT)
@settings(deadline=None)
@given(data=st.data())
def test_two_tenants_never_build_the_same_key(name: str, data: st.DataObject) -> None:
    """Whatever else is equal, and whichever other key the other tenant asks for."""
    ours, theirs = data.draw(st.lists(TENANT, min_size=2, max_size=2, unique=True))
    other = data.draw(st.sampled_from(OF_A_TENANT))
    rest = {each: data.draw(SAMPLES[each]) for each in {*parameters(name), *parameters(other)} - {"tenant_id"}}

    def key(builder: str, tenant: str) -> str:
        return builders()[builder](tenant, **{each: rest[each] for each in parameters(builder)[1:]})

    assert key(name, ours) != key(other, theirs)


@settings(deadline=None)
@given(data=st.data())
def test_different_builders_never_build_the_same_key(data: st.DataObject) -> None:
    """One tenant's kinds of data don't overwrite each other either."""
    values = {each: data.draw(sample) for each, sample in SAMPLES.items()}
    built = [builders()[name](**{each: values[each] for each in parameters(name)}) for name in BUILDERS]

    assert len(set(built)) == len(built)


def test_every_key_of_a_running_service_holds_its_own_tenant_alone(world: World) -> None:
    """Two tenants use every route; then each key names its tenant, and its content nobody else."""
    for tenant in (0, 1):
        for role in (MANAGER, "front_desk", "housekeeping_lead"):
            desk = world.sign_in(role, tenant)
            routes = sorted(OPERATOR_ROUTES, key=lambda route: route.operation_id in ENDS_THE_SESSION)
            first = desk.get("/session").json()["primaryPropertyId"]
            answers = [(route, answered(desk, route, first)) for route in routes if "{widgetId}" not in route.path]
            # Not every role may use every route; the manager may.
            assert all(served(*each) or (each[1].status_code == 403 and role != MANAGER) for each in answers)
    # Every desk above has signed out; somebody stays.
    assert world.sign_in(MANAGER).get("/session").status_code == 200
    known = {world.tenants[tenant]: canaries(world, tenant) for tenant in range(len(world.tenants))}
    client = redis.Redis.from_url(world.redis)
    try:
        found = dict(everything_in(client))
    finally:
        client.close()

    kept = {key: value for key, value in found.items() if not without_tenant(key)}
    kinds = {key.split(b":")[1] for key in kept}
    assert kinds >= {b"session", b"operator", b"devices-of", b"projection", b"revoked"}, "the routes left their keys"
    for key, value in kept.items():
        (owner,) = [tenant for tenant in known if key.startswith(f"{tenant}:".encode())]
        for tenant, strings in known.items():
            if tenant != owner:
                assert not found_in(key + b" " + value, strings), key
    for key, value in found.items():
        if key.startswith(b"replay:"):
            assert not found_in(key + b" " + value, frozenset().union(*known.values())), key
