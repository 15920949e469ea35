"""The command line alone: help that helps, errors that say how to mend them, and each command from settings."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import jwt
import pytest

from bff_backoffice.dev.sockets import free_port
from bff_backoffice.presentation.routes.documents import api_as_yaml
from tests.contract.memorystore.valkey import Valkey
from tests.desktop import API, Desktop
from tests.waiting import until
from tests.worlds import World

COMMANDS = ("dev", "serve", "worker", "events", "migrate", "check", "openapi")
ISSUER = "https://iam.melmastoon.ghasi.io"
SECRET = "sesame-open-4711"
ANSWER_SECRET = "0123456789abcdef0123456789abcdef"
SIGNING_KEY = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
"""The key of RFC 8037, appendix A, which is nobody's secret."""
PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
NEXT_PUBLIC = "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"
"""The public part of RFC 8032's second test vector."""


def settings(world: World, **changed: str | None) -> dict[str, str]:
    """The settings of a service over the world's stores and platform. A None leaves one out."""
    values: dict[str, str | None] = {
        "BFF_LISTEN_PORT": str(free_port()),
        "BFF_ADMIN_PORT": "0",
        "BFF_POSTGRES_OWNER_DSN": world.postgres["owner"],
        "BFF_POSTGRES_APP_DSN": world.postgres["app"],
        "BFF_POSTGRES_WORKER_DSN": world.postgres["worker"],
        "BFF_REDIS_SESSIONS_URL": world.redis,
        "BFF_REDIS_CACHE_URL": world.redis,
        "BFF_UPSTREAM_BASE_URL": f"{world.sim}/{{service}}",
        "BFF_UPSTREAM_IDENTITY_TOKEN": SECRET,
        "BFF_AUTH_ISSUER": ISSUER,
        "BFF_SIGNING_KEY": SIGNING_KEY,
        "BFF_ANSWER_SECRETS": ANSWER_SECRET,
        **{f"BFF_{name.upper()}": value for name, value in changed.items()},
    }
    values.setdefault("BFF_PUBLIC_ORIGINS", f"http://127.0.0.1:{values['BFF_LISTEN_PORT']}")
    return {name: value for name, value in values.items() if value is not None}


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with these settings and no others."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("BFF_")}
    return {**others, **given, "COLUMNS": "100"}


def command(*arguments: str) -> list[str]:
    """The command as a module, wherever the environment is."""
    return [sys.executable, "-m", "bff_backoffice", *arguments]


def run(*arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(*arguments), env=environment(given), capture_output=True, text=True, timeout=60, check=False
    )


def refused(ended: subprocess.CompletedProcess[str]) -> str:
    """What a command said that could not work: status 1, words for a person, nothing of Python."""
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


# Help ----------------------------------------------------------------------------------------------------------------


def test_help_lists_every_command_with_a_sentence() -> None:
    """`--help`, and the same without any argument, which is how a newcomer meets it."""
    helped, bare = run("--help"), run()

    assert helped.returncode == 0
    for name in COMMANDS:
        assert re.search(rf"\b{name}\b\s+[A-Z]\w+ .+", helped.stdout), name
    assert "docs/settings.md" in helped.stdout
    assert "serve" in bare.stdout + bare.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_each_commands_help_is_worth_reading(name: str) -> None:
    """It says what the command does; every option has words of its own."""
    helped = run(name, "--help")

    assert helped.returncode == 0
    assert len(helped.stdout.split()) > 15
    for line in helped.stdout.splitlines():
        if option := re.search(r"│ --(\S+)\s+<[^>]+>\s+(.*?)\s*│", line):
            assert len(option[2].split()) >= 3, option[1]


def test_a_misspelt_command_is_corrected() -> None:
    """Status 2, and the command that was probably meant."""
    ended = run("serv")

    assert ended.returncode == 2
    assert "serve" in ended.stderr


def test_a_base_port_that_leaves_no_room_for_the_others_is_refused() -> None:
    """Status 2 and the range, before anything is started."""
    ended = run("dev", "--base-port", "65000")

    assert ended.returncode == 2
    assert "64520" in ended.stderr
    assert "Traceback" not in ended.stderr


# Settings ------------------------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[dict[str, str | None], tuple[str, ...]]] = {
    "missing": ({"redis_sessions_url": None}, ("BFF_REDIS_SESSIONS_URL: is not set", "noeviction", "redis://")),
    "missing upstreams": ({"upstream_base_url": None}, ("BFF_UPSTREAM_BASE_URL: is not set", "{service}", "https://")),
    "misspelt": (
        {"redis_session_url": "redis://127.0.0.1:1/0"},
        ("BFF_REDIS_SESSION_URL: there is no such setting", "did you mean BFF_REDIS_SESSIONS_URL?"),
    ),
    "unknown": ({"colour": "blue"}, ("BFF_COLOUR: there is no such setting", "docs/settings.md")),
    "no number": ({"drain_seconds": "long"}, ("BFF_DRAIN_SECONDS", "number", "stop signal")),
    "out of range": ({"listen_port": "99999"}, ("BFF_LISTEN_PORT", "65535", "Port that the service listens on")),
    "below the range": ({"max_body_bytes": "10"}, ("BFF_MAX_BODY_BYTES", "1024", "bytes")),
    "no truth": ({"auth_nonces": "maybe"}, ("BFF_AUTH_NONCES", "boolean")),
    "not of the list": ({"log_level": "loud"}, ("BFF_LOG_LEVEL", "debug", "warning")),
    "another scheme": ({"redis_cache_url": f"http://:{SECRET}@127.0.0.1"}, ("BFF_REDIS_CACHE_URL", "redis://")),
    "another database": ({"postgres_app_dsn": f"mysql://bff:{SECRET}@db/x"}, ("BFF_POSTGRES_APP_DSN", "postgresql://")),
    "no template": ({"upstream_base_url": "https://gateway"}, ("BFF_UPSTREAM_BASE_URL", "{service}")),
    "no such service": ({"upstream_urls": "iam=https://iam"}, ("BFF_UPSTREAM_URLS", "'iam'", "iam-service")),
    "no pair": ({"upstream_urls": "iam-service"}, ("BFF_UPSTREAM_URLS", "name=url")),
    "not an origin": ({"public_origins": "https://desk.example/path"}, ("BFF_PUBLIC_ORIGINS", "https://host:port")),
    "not encrypted": ({"public_origins": "http://desk.example"}, ("BFF_PUBLIC_ORIGINS", "https")),
    "a secret too short": (
        {"auth_nonces": "true", "auth_nonce_secret": SECRET},
        ("BFF_AUTH_NONCES", "BFF_AUTH_NONCE_SECRET", "32"),
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_setting_says_which_and_why_and_how_to_mend_it(world: World, kind: str) -> None:
    """One line for it, without any secret's value, before anything is started."""
    changed, words = WRONG[kind]

    said = refused(run("serve", **settings(world, **changed)))

    assert "The settings can't work:" in said
    for word in words:
        assert word in said, said
    assert SECRET not in said


def test_all_wrong_settings_are_named_at_once() -> None:
    """Nobody has to start five times to learn of five mistakes."""
    said = refused(run("check", BFF_LISTEN_PORT="0", BFF_DRAIN_SECOND="3"))

    for name in ("LISTEN_PORT", "DRAIN_SECOND", "REDIS_SESSIONS_URL", "POSTGRES_APP_DSN", "AUTH_ISSUER"):
        assert f"BFF_{name}: " in said
    assert len(said.strip().splitlines()) >= 7


# check ---------------------------------------------------------------------------------------------------------------


def test_check_is_content_with_a_good_world(world: World) -> None:
    """Status 0, a line for every store and each of the fourteen services."""
    ended = run("check", **settings(world))

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("✓") >= 18
    assert "✗" not in ended.stdout
    assert SECRET not in ended.stdout


@contextlib.contextmanager
def evicting_redis(folder: Path) -> Iterator[str]:
    """A server that forgets keys when it is full."""
    server = Valkey(folder, "--maxmemory-policy", "allkeys-lru", "--maxmemory", "64mb")
    server.start()
    try:
        yield server.url
    finally:
        server.kill()


def test_check_names_a_redis_that_forgets(world: World, tmp_path: Path) -> None:
    """Sessions and proofs must not be evicted; what to set is said. For the cache the same server is fine."""
    with evicting_redis(tmp_path) as url:
        sessions = run("check", **settings(world, redis_sessions_url=url))
        cache = run("check", **settings(world, redis_cache_url=url))

    assert sessions.returncode == 1
    assert "Redis for sessions: it evicts keys (allkeys-lru)" in sessions.stdout
    assert "maxmemory-policy noeviction" in sessions.stdout
    assert cache.returncode == 0


def another_role(dsn: str, role: str) -> str:
    """The same server as another role; the developer world gives all of them one password."""
    return re.sub(r"//\w+:", f"//{role}:", dsn)


NOBODY = "127.0.0.1:9"
BROKEN: dict[str, tuple[Callable[[World], dict[str, str]], str, str]] = {
    "superuser": (
        lambda world: {"postgres_app_dsn": another_role(world.postgres["app"], "postgres")},
        "the role can bypass row-level security",
        "nosuperuser nobypassrls",
    ),
    "owner": (
        lambda world: {"postgres_app_dsn": world.postgres["owner"]},
        "bff_owner owns tables",
        "BFF_POSTGRES_OWNER_DSN",
    ),
    "the worker as owner": (
        lambda world: {"postgres_worker_dsn": world.postgres["owner"]},
        "Postgres, worker's role: bff_owner owns tables",
        "BFF_POSTGRES_OWNER_DSN",
    ),
    "no schema": (
        lambda world: {"postgres_app_dsn": world.postgres["app"].replace("/bff_backoffice", "/postgres")},
        "the schema is missing",
        "bff-backoffice migrate",
    ),
    "wrong password": (
        lambda world: {"postgres_app_dsn": re.sub(r":[^:@/]+@", f":{SECRET}@", world.postgres["app"])},
        "password authentication failed",
        "Is it running, and is its address right?",
    ),
    "no Postgres": (
        lambda _: {"postgres_app_dsn": f"postgresql://bff_app:{SECRET}@{NOBODY}/bff_backoffice"},
        "Postgres, application role: can't be asked",
        "Is it running, and is its address right?",
    ),
    "no Redis": (
        lambda _: {"redis_sessions_url": f"redis://:{SECRET}@{NOBODY}/0"},
        "Redis for sessions: can't be asked",
        "Is it running, and is its address right?",
    ),
    "no upstream": (
        lambda _: {"upstream_urls": f"billing-service=http://{NOBODY}"},
        "billing-service: can't be asked",
        "Is it running, and is its address right?",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_check_names_what_is_broken_and_how_to_mend_it(world: World, kind: str) -> None:
    """Status 1, the broken thing with its reason and its remedy, and everything else still looked at."""
    change, found, mend = BROKEN[kind]

    ended = run("check", **settings(world, **change(world)))

    assert ended.returncode == 1
    assert ended.stdout.count("✗") == 1, ended.stdout
    assert found in ended.stdout
    assert mend in ended.stdout
    assert "Traceback" not in ended.stderr
    assert SECRET not in ended.stdout + ended.stderr


def test_without_its_signing_key_nothing_is_served_and_check_says_why(world: World) -> None:
    """The setting, what it is for, and the command that makes one; the other commands don't need it."""
    checked = run("check", **settings(world, signing_key=None))
    said = refused(run("serve", **settings(world, signing_key=None)))

    assert checked.returncode == 1
    assert checked.stdout.count("✗") == 1, checked.stdout
    assert "✗ Signing key: BFF_SIGNING_KEY: is not set" in checked.stdout
    for words in (checked.stdout, said):
        assert "openssl rand 32" in words
        assert "sync session tokens" in words


@pytest.mark.parametrize("given", [None, "too short", f"{ANSWER_SECRET},too short"], ids=["none", "short", "one short"])
def test_without_good_secrets_for_kept_answers_nothing_is_served(world: World, given: str | None) -> None:
    """`check` and `serve` name the setting and the command that makes one, and show nothing of what was given."""
    checked = run("check", **settings(world, answer_secrets=given))
    said = refused(run("serve", **settings(world, answer_secrets=given)))

    assert checked.returncode == 1
    assert checked.stdout.count("✗") == 1, checked.stdout
    for words in (checked.stdout, said):
        assert "BFF_ANSWER_SECRETS: " in words
        assert "openssl rand -base64 32" in words
        assert given is None or given not in words


def test_check_says_which_key_would_sign_and_never_the_key(world: World) -> None:
    """The public part, which the other replicas publish before this one signs."""
    ended = run("check", **settings(world, signing_keys_published=NEXT_PUBLIC))

    assert f"Signing key: public part {PUBLIC}, 1 more published" in ended.stdout
    assert SIGNING_KEY not in ended.stdout + ended.stderr


def test_a_broken_signing_key_is_named_and_not_shown(world: World) -> None:
    """Whoever cut it short while pasting learns how long it is."""
    ended = run("check", **settings(world, signing_key=SIGNING_KEY[:-3]))

    assert ended.returncode == 1
    assert "BFF_SIGNING_KEY: a signing key is 32 bytes, as base64url without padding" in ended.stdout
    assert SIGNING_KEY[:-3] not in ended.stdout + ended.stderr


# openapi -------------------------------------------------------------------------------------------------------------


def test_openapi_prints_the_document_or_writes_it(tmp_path: Path) -> None:
    """The same bytes either way, and without any setting."""
    target = tmp_path / "a folder" / "openapi.yaml"
    target.parent.mkdir()

    printed = subprocess.run(command("openapi"), env=environment({}), capture_output=True, timeout=60, check=True)
    written = run("openapi", "--output", str(target))

    assert printed.stdout == api_as_yaml()
    assert written.returncode == 0
    assert target.read_bytes() == api_as_yaml()


# migrate -------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def fresh_database(world: World) -> Iterator[str]:
    """An empty database of the owner's, on the world's server, gone afterwards."""
    name, owner = f"migrating_{free_port()}", world.postgres["owner"]
    admin = another_role(owner, "postgres").replace("/bff_backoffice", "/postgres")

    async def administer(statement: str) -> None:
        connection = await asyncpg.connect(admin)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(administer(f"create database {name} owner bff_owner"))
    try:
        yield owner.replace("/bff_backoffice", f"/{name}")
    finally:
        asyncio.run(administer(f"drop database {name} with (force)"))


async def revision(dsn: str) -> tuple[str, list[str]]:
    """The schema's revision and its tables."""
    connection = await asyncpg.connect(dsn)
    version = await connection.fetchval("select version_num from bff_backoffice.schema_migrations")
    rows = await connection.fetch("select tablename from pg_tables where schemaname = 'bff_backoffice' order by 1")
    await connection.close()
    return version, [row["tablename"] for row in rows]


def test_migrating_at_once_and_again_gives_one_schema(world: World) -> None:
    """Three replicas that start together on an empty database, and one that starts later: all are content."""
    with fresh_database(world) as dsn:
        given = settings(world, postgres_owner_dsn=dsn)
        with ThreadPoolExecutor(3) as pool:
            together = list(pool.map(lambda _: run("migrate", **given), range(3)))
        first = asyncio.run(revision(dsn))
        again = run("migrate", **given)

        for ended in (*together, again):
            assert ended.returncode == 0, ended.stderr
            assert "The schema is current." in ended.stdout
        assert asyncio.run(revision(dsn)) == first == asyncio.run(revision(world.postgres["owner"]))


def test_migrate_says_what_it_needs(world: World) -> None:
    """Without the owner's address, with a role that may not create anything, and with a server that is away."""
    missing = refused(run("migrate", **settings(world, postgres_owner_dsn=None)))
    with fresh_database(world) as dsn:
        powerless = refused(run("migrate", **settings(world, postgres_owner_dsn=another_role(dsn, "bff_app"))))
    away = refused(run("migrate", **settings(world, postgres_owner_dsn=f"postgresql://o:{SECRET}@{NOBODY}/x")))

    assert "BFF_POSTGRES_OWNER_DSN: is not set" in missing
    assert "permission denied" in powerless
    assert "BFF_POSTGRES_OWNER_DSN" in powerless
    assert "BFF_POSTGRES_OWNER_DSN" in away
    assert SECRET not in away


# serve and worker ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def running(name: str, given: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs until the block ends; a service also answers by then."""
    process = subprocess.Popen(command(name), env=environment(given), stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 30
        while name == "serve":
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "it does not answer"
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", int(given["BFF_LISTEN_PORT"])), 0.5),
            ):
                break
            time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def at(desk: Desktop, given: Mapping[str, str]) -> Desktop:
    """The same desk, talking to another service."""
    return Desktop(f"http://127.0.0.1:{given['BFF_LISTEN_PORT']}", desk.device_id, desk.key, desk.tokens, desk.http)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Status and log of a process that was told to stop."""
    _, log = process.communicate(timeout=30)
    return process.returncode, log.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_finishes_a_running_stream_and_ends(world: World, number: signal.Signals) -> None:
    """After the signal the stream that runs gets its end, nobody new is let in, and the status is 0."""
    given = settings(world, log_level="info", upstream_breakers="false")
    with running("serve", given) as process:
        desk = at(world.sign_in(), given)
        assert desk.get("/session").status_code == 200
        world.fault("billing-service", "latency", latencyMs=550)
        url, path = desk.base, f"{API}/dashboard?widgets=balances,rooms"
        lines: list[str] = []
        with desk.http.stream("GET", url + path, headers=desk.headers("GET", f"{API}/dashboard")) as answer:
            for line in answer.iter_lines():
                if not lines:
                    process.send_signal(number)
                lines.append(line)
        status, log = ended(process)
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"{url}/health/live", trust_env=False)

    assert '"frame":"end"' in lines[-1].replace(" ", "")
    assert status == 0
    assert log.index("listening") < log.index("draining") < log.index("stopped")


def test_serve_cuts_what_is_not_done_by_the_end_of_the_drain(world: World) -> None:
    """A client that never reads does not keep the process: it ends within its drain time and a little."""
    given = settings(world, drain_seconds="1")
    with (
        running("serve", given) as process,
        socket.create_connection(("127.0.0.1", int(given["BFF_LISTEN_PORT"]))) as silent,
    ):
        silent.sendall(b"POST " + API.encode() + b"/auth/refresh HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
                       b"Content-Type: application/json\r\n\r\n{")  # fmt: skip
        httpx2.get(f"http://127.0.0.1:{given['BFF_LISTEN_PORT']}/health/live", trust_env=False)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        status, _ = ended(process)

    assert status == 0
    assert time.monotonic() - started < 10


def test_serve_names_a_taken_port(world: World) -> None:
    """One line with the address that is taken and the setting that chooses another."""
    port = world.bff.rpartition(":")[2]

    public = refused(run("serve", **settings(world, listen_port=port)))
    admin = refused(run("serve", **settings(world, admin_port=port)))

    for said, setting in ((public, "BFF_LISTEN_PORT"), (admin, "BFF_ADMIN_PORT")):
        assert f"127.0.0.1:{port}" in said
        assert setting in said


def test_serve_starts_while_its_stores_are_away(world: World) -> None:
    """Nothing has to be there for a start: what is away shows in use, and in readiness."""
    given = settings(world, redis_sessions_url=f"redis://{NOBODY}/0", postgres_app_dsn=f"postgresql://x:y@{NOBODY}/x")
    with running("serve", given):
        base = f"http://127.0.0.1:{given['BFF_LISTEN_PORT']}"
        with httpx2.Client(trust_env=False) as client:
            live, ready = (client.get(f"{base}/health/{name}") for name in ("live", "ready"))

    assert live.status_code == 200
    assert ready.status_code == 503
    assert set(ready.json()["stores"].values()) == {"away"}


def test_the_bearer_scheme_can_be_switched_on_and_the_proof_is_demanded_either_way(world: World) -> None:
    """Contract, section 2.2: `BFF_AUTH_ACCEPT_BEARER_SCHEME`."""
    given = settings(world, auth_accept_bearer_scheme="true")
    with running("serve", given):
        desk = at(world.sign_in(), given)

        with_proof = desk.get("/session", Authorization=f"Bearer {desk.token}")
        without = desk.get("/session", Authorization=f"Bearer {desk.token}", DPoP=None)

    assert with_proof.status_code == 200
    assert without.status_code == 401
    assert without.json()["code"] == "MELMASTOON.BFF.BACKOFFICE.PROOF_INVALID"


def test_nonces_can_be_switched_on(world: World) -> None:
    """Contract, section 3: a proof without one is told which to use; with it, it is taken; a foreign one is not."""
    given = settings(world, auth_nonces="true", auth_nonce_secret="0123456789abcdef0123456789abcdef")
    with running("serve", given):
        desk = at(world.sign_in(), given)
        url = f"{desk.base}{API}/session"

        first = desk.get("/session")
        nonce = first.headers["DPoP-Nonce"]
        taken = desk.get("/session", DPoP=desk.key.proof("GET", url, desk.token, nonce=nonce))
        foreign = desk.get("/session", DPoP=desk.key.proof("GET", url, desk.token, nonce="made-up"))
        refreshed = desk.refresh()

    assert (first.status_code, first.json()["code"]) == (401, "MELMASTOON.BFF.BACKOFFICE.NONCE_REQUIRED")
    assert 'error="use_dpop_nonce"' in first.headers["WWW-Authenticate"]
    assert taken.status_code == 200
    assert foreign.json()["code"] == "MELMASTOON.BFF.BACKOFFICE.NONCE_REQUIRED"
    assert refreshed.headers["DPoP-Nonce"]


def test_a_worker_alone_handles_events_and_ends(world: World) -> None:
    """A second worker beside the world's shares its work; stopped, it ends with status 0 and says so."""
    given = settings(world, log_level="info")
    with running("worker", given) as process:
        assert process.stderr is not None
        assert b"working" in process.stderr.readline()
        for _ in range(4):
            desk = world.sign_in("front_desk")
            assert desk.get("/session").status_code == 200
            claims: dict[str, Any] = jwt.decode(desk.token, options={"verify_signature": False})
            world.publish("melmastoon.iam.session.revoked.v1", world.tenants[0], {"sessionId": claims["sid"]})
            until(lambda desk=desk: desk.get("/session").status_code == 401)
        process.send_signal(signal.SIGTERM)
        status, log = ended(process)

    assert status == 0
    assert "stopped" in log


def test_a_worker_needs_an_address_of_its_own(world: World) -> None:
    """It never runs as the application's role."""
    said = refused(run("worker", **settings(world, postgres_worker_dsn=None)))

    assert "BFF_POSTGRES_WORKER_DSN: is not set" in said
