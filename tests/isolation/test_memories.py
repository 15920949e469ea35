"""What a process remembers from one request to the next: by tenant, or written down here with the reason why not."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src/bff_backoffice"
NOT_SERVING = ("dev/", "listener.py")
"""The developer world serves nobody; a listener's bytes are its connection's."""
NUMBERS = re.compile(r"infrastructure/(observability|\w+_metrics)\.py")
"""Metrics count, and `test_traces.py` looks at what they say."""

GROWING = {"dict", "set", "list", "deque", "OrderedDict", "defaultdict", "Counter", "WeakKeyDictionary"}
REMEMBERING = {"cache", "lru_cache", "functools.cache", "functools.lru_cache"}
BY_TENANT = re.compile(r"dict\[(tuple\[)?(bytes, )?TenantId\b")
"""The type says that a tenant is in the key."""

OF_ITS_REQUEST = "lives as long as one request, exchange or connection"
OF_ITS_TENANT = "belongs to one tenant's part of something that is kept by tenant"
PURE = "a function of its arguments, which are all of what is remembered: other arguments, another entry"
OF_THE_PROCESS = "says something of an upstream, a store or the process, and nothing of a tenant"
TENANT_FIRST = "its key begins with the tenant, as the tests of this folder hold it to"

KNOWN = {
    "application/devices_writing.py WriteBehind._waiting": TENANT_FIRST,
    "application/flights.py Flights._in_air": TENANT_FIRST,
    "application/flights.py Flights._tasks": OF_THE_PROCESS,
    "application/rate_limits.py LimitRequests._empty_at": TENANT_FIRST,
    "application/telemetry_buffer.py TelemetryBuffer._gathered": "messages, each with its tenant, in order",
    "application/mutations_bodies.py _in_the_calendar": PURE,
    "domain/app_versions.py is_below": PURE,
    "domain/device_proof/proof_claims.py _hash_of": PURE,
    "domain/device_proof/request_target.py _split": PURE,
    "infrastructure/dpop/recently_used.py RecentlyUsed._entries": PURE,
    "infrastructure/http/concurrency_limit.py ConcurrencyLimit._operations": OF_THE_PROCESS,
    "infrastructure/http/concurrency_limit.py _Operation._window": OF_THE_PROCESS,
    "infrastructure/http/headers.py _SPELLED": OF_THE_PROCESS,
    "infrastructure/http/hedging.py Hedging._latencies": OF_THE_PROCESS,
    "infrastructure/http/hedging.py RecentLatencies._by_age": OF_THE_PROCESS,
    "infrastructure/http/hedging.py RecentLatencies._by_size": OF_THE_PROCESS,
    "infrastructure/http/tenant_shares.py TenantShares._tenants": "how many requests are under way, by tenant",
    "infrastructure/http/tenant_shares.py TenantShares._waiting": "the tenants of the same numbers",
    "infrastructure/memorystore/entries.py remembering_decoder": PURE,
    "infrastructure/memorystore/wire.py Wire._unsent": OF_ITS_REQUEST,
    "infrastructure/memorystore/wire.py Wire._waiting": OF_ITS_REQUEST,
    "infrastructure/pubsub/subscription.py _Stream._ours": OF_ITS_REQUEST,
    "presentation/content_coding.py _takes_gzip": PURE,
    "presentation/dashboard_html/shell.py PageWriter._spans": OF_ITS_REQUEST,
    "presentation/downtime_pack_html/cells.py _day_text": PURE,
    "presentation/query_parts.py Places._errors": OF_ITS_REQUEST,
    "presentation/request_parts.py _app_facts": PURE,
    "presentation/request_parts.py _decoder": PURE,
    "presentation/request_parts.py _require_well_formed": PURE,
    "presentation/request_parts.py chosen_media_type": PURE,
    "presentation/responses.py _field_name": PURE,
    "presentation/route_table.py RouteTable._fixed": OF_THE_PROCESS,
    "presentation/route_table.py RouteTable._shaped": OF_THE_PROCESS,
    "presentation/routes/documents.py _api_as_json": PURE,
    "presentation/routes/documents.py _described": OF_THE_PROCESS,
    "presentation/routes/documents.py api_as_yaml": PURE,
    "presentation/routes/live_events.py _heard": PURE,
    "presentation/routes/live_events.py _scope": PURE,
    "presentation/words.py _catalogue": PURE,
    "presentation/words.py choose_language": PURE,
}
"""Every memory whose type does not say that it is kept by tenant, and why it may be so."""


def _called(value: ast.expr) -> str:
    """The name of what is called, "" where nothing is."""
    function = value.func if isinstance(value, ast.Call) else None
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _grows(value: ast.expr | None) -> bool:
    """Whether this makes something empty that is there to be filled."""
    if isinstance(value, ast.Dict | ast.List | ast.Set):
        return not (value.keys if isinstance(value, ast.Dict) else value.elts)
    if not isinstance(value, ast.Call):
        return False
    factory = next((each.value for each in value.keywords if each.arg == "default_factory"), None)
    return _called(value) in GROWING or (isinstance(factory, ast.Name) and factory.id in GROWING)


def _remembers(node: ast.AST) -> bool:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else [node]
    decorated = {ast.unparse(each).partition("(")[0] for each in decorators}
    inside = {ast.unparse(each) for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute)}
    # A parameter may well be called cache; whoever makes such a memory in a function says lru_cache.
    return bool((decorated | (inside - {"cache"})) & REMEMBERING)


def _set_in(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """What a statement of a class or module fills: its name and its type as it is written."""
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield ast.unparse(statement.target), ast.unparse(statement.annotation)
    elif isinstance(statement, ast.Assign):
        yield ast.unparse(statement.targets[0]), ""


def memories(source: str) -> Iterator[tuple[str, str]]:
    """Each memory of a module: its name, and its type as far as it is written."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _remembers(node):
            # Decorated, or one that makes such a memory for others.
            yield node.name, ""
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            if _grows(node.value) or (isinstance(node.value, ast.Call) and _remembers(node.value.func)):
                yield from _set_in(node)
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{name.removeprefix('self.')}", kind) for name, kind in _of_class(node))


def _of_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Private attributes: what is public of a class is what it says, and not what it keeps for itself."""
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            if _remembers(statement):
                yield statement.name, ""
            inner = (each for each in ast.walk(statement) if isinstance(each, ast.Assign | ast.AnnAssign))
            own = [each for each in inner if statement.name in {"__init__", "__post_init__"} and _grows(each.value)]
            yield from (found for each in own for found in _set_in(each) if found[0].startswith("self._"))
        elif isinstance(statement, ast.AnnAssign) and _grows(statement.value):
            yield from (found for found in _set_in(statement) if found[0].startswith("_"))


@functools.cache
def found() -> dict[str, str]:
    """Every memory of the service with its type."""
    paths = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}
    return {
        f"{name} {memory}": kind
        for name, path in paths.items()
        if not name.startswith(NOT_SERVING) and not NUMBERS.fullmatch(name)
        for memory, kind in memories(path.read_text(encoding="utf-8"))
    }


def test_every_memory_is_kept_by_tenant_or_known() -> None:
    """A new one is an entry of this page's list, with its reason, or is kept by `TenantId`."""
    without = {name for name, kind in found().items() if not BY_TENANT.match(kind)}

    assert without - set(KNOWN) == set()


def test_the_list_names_nothing_that_is_gone() -> None:
    """What moved is moved here too; what is kept by tenant now needs no reason any more."""
    assert {name for name in KNOWN if name not in found() or BY_TENANT.match(found()[name])} == set()


def test_memories_of_tenants_are_found_at_all() -> None:
    """The live listeners, decoded boards and derived keys, which everybody knows of."""
    by_tenant = {name.partition(" ")[2] for name, kind in found().items() if BY_TENANT.match(kind)}

    assert by_tenant >= {"LiveHub._groups", "RecentContents._kept", "AnswerSeal._derived"}


@pytest.mark.parametrize(
    "source",
    [
        "_kept: dict[str, bytes] = {}",
        "_kept = {}",
        "@lru_cache(3)\ndef name(): ...",
        "@functools.cache\ndef name(): ...",
        "def name():\n    return lru_cache(3)(len)",
        "name = lru_cache(3)(len)",
        "class A:\n    def __init__(self) -> None:\n        self._kept: dict[str, int] = {}",
        "class A:\n    def __init__(self) -> None:\n        self._kept = deque(maxlen=3)",
        "class A:\n    _kept: dict[str, int] = field(default_factory=dict)",
        "class A:\n    @lru_cache\n    def name(self): ...",
    ],
)
def test_a_memory_of_tomorrow_would_be_found(source: str) -> None:
    """However it is made, and its type says nothing of a tenant."""
    ((_, kind),) = memories(source)

    assert not BY_TENANT.match(kind)


def test_a_type_that_begins_with_the_tenant_is_told_from_others() -> None:
    """A tenant somewhere in the value is no protection."""
    assert BY_TENANT.match("dict[TenantId, Group]")
    assert BY_TENANT.match("dict[tuple[TenantId, ProjectionKey], bytes]")
    assert not BY_TENANT.match("dict[str, TenantId]")
    assert not BY_TENANT.match("dict[tuple[DeviceId, TenantId], bytes]")
