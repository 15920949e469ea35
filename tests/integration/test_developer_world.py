"""`bff-backoffice dev`: one command, nothing left behind, and it always starts again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.processes import alive, mentioning
from tests.waiting import until
from tests.worlds import World, free_base_port, start_world

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_ends_everything(tmp_path: Path, number: signal.Signals) -> None:
    """Every process is gone, the ready file too, and the status is 0; the path may have a space."""
    folder = tmp_path / "a folder with spaces"
    with start_world(folder) as world:
        pids = world.pids
        world.process.send_signal(number)

        assert world.process.wait(timeout=30) == 0
    assert not [name for name, pid in pids.items() if alive(pid)]
    assert not world.ready_file.exists()
    assert not mentioning(str(folder))


def test_an_inherited_ignored_sigint_still_ends_it(tmp_path: Path) -> None:
    """As in a background job of a shell, where SIGINT is ignored from birth."""
    ready = tmp_path / "ready.json"
    command = [
        sys.executable, "-m", "bff_backoffice", "dev", "--base-port", str(free_base_port()),
        "--state", str(tmp_path / "state"), "--ready-file", str(ready),
    ]  # fmt: skip
    ignore = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", ignore, *command], cwd=REPOSITORY, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        assert until(ready.exists, 60)
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()


def test_a_second_start_finds_its_data_again(tmp_path: Path) -> None:
    """Sessions and what devices said survive; nothing has to be waited for."""
    with start_world(tmp_path) as world:
        desktop = world.sign_in()
        session = desktop.get("/session").json()["id"]
        base, token, key, device = world.bff, desktop.tokens, desktop.key, desktop.device_id
        assert world.stop() == 0

    port = base.rpartition(":")[2]
    with start_world(tmp_path, "--base-port", port) as again:
        desktop = again.sign_in()
        desktop.base, desktop.tokens, desktop.key, desktop.device_id = again.bff, token, key, device

        assert desktop.get("/session").json()["id"] == session


def test_a_start_after_kill_9_of_everything_works(tmp_path: Path) -> None:
    """No lock, no half-written file, no orphan is in the way."""
    with start_world(tmp_path) as world:
        pids = world.pids
        for pid in pids.values():
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        world.process.wait(timeout=10)
        assert until(lambda: not mentioning(str(tmp_path)))

    with start_world(tmp_path) as again:
        assert again.sign_in().get("/session").status_code == 200


def test_a_first_start_that_was_killed_half_way_can_be_repeated(tmp_path: Path) -> None:
    """Half-made data of PostgreSQL are thrown away, not started."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "bff_backoffice", "dev", "--base-port", str(free_base_port()),
            "--state", str(tmp_path / "state"),
        ],
        cwd=REPOSITORY, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        # initdb writes this file first and takes a second more for the rest.
        assert until(lambda: any(tmp_path.rglob("PG_VERSION")))
    finally:
        process.kill()
        process.wait()
    assert until(lambda: not mentioning(str(tmp_path)))

    with start_world(tmp_path) as world:
        assert world.sign_in().get("/session").status_code == 200


def test_killing_the_supervisor_alone_leaves_no_orphan(tmp_path: Path) -> None:
    """The kernel ends the children of a parent that could not."""
    with start_world(tmp_path) as world:
        pids = world.pids
        os.kill(pids["dev"], signal.SIGKILL)
        world.process.wait(timeout=10)

        assert until(lambda: not [name for name, pid in pids.items() if alive(pid)])
        assert until(lambda: not mentioning(str(tmp_path)))


def test_two_worlds_run_side_by_side(world: World, own_world: World) -> None:
    """Each has its own ports, its own data, its own platform; a token of one is nothing to the other."""
    ours, theirs = world.sign_in(), own_world.sign_in()

    assert ours.get("/session").status_code == theirs.get("/session").status_code == 200
    assert world.redis != own_world.redis
    assert world.postgres["app"] != own_world.postgres["app"]


def test_several_service_processes_share_the_port(tmp_path: Path) -> None:
    """`--workers`: what one process knows of a session, the other knows too; a killed one is started again."""
    with start_world(tmp_path, "--workers", "2") as world:
        desktop = world.sign_in()
        sessions = {desktop.get("/session").json()["id"] for _ in range(10)}
        before = world.pids
        os.kill(before["bff-2"], signal.SIGKILL)

        assert len(sessions) == 1
        assert until(lambda: world.pids["bff-2"] not in {0, before["bff-2"]})
        assert desktop.get("/session").status_code == 200


def test_a_taken_port_is_named_and_how_to_mend_it(world: World, tmp_path: Path) -> None:
    """Status 1 and one clear line; the world that runs is not disturbed."""
    port = world.bff.rpartition(":")[2]
    command = [sys.executable, "-m", "bff_backoffice", "dev", "--base-port", port, "--state", str(tmp_path)]

    ended = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=60, check=False)

    assert ended.returncode == 1
    assert f"Port {port} is taken" in ended.stderr
    assert "--base-port" in ended.stderr
    assert world.sign_in().get("/session").status_code == 200


def test_a_second_world_on_the_same_data_is_refused(own_world: World) -> None:
    """One Postgres data directory has one server."""
    state = own_world.ready_file.parent / "state"
    command = [
        sys.executable, "-m", "bff_backoffice", "dev", "--base-port", str(free_base_port()), "--state", str(state),
    ]  # fmt: skip

    ended = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=60, check=False)

    assert ended.returncode == 1
    assert "--state" in ended.stderr


@pytest.mark.anyio
async def test_the_servers_are_real_and_the_roles_are_tame(world: World) -> None:
    """PostgreSQL itself, as roles that own nothing and bypass nothing."""
    for role in ("app", "worker"):
        connection = await asyncpg.connect(world.postgres[role])
        row = await connection.fetchrow(
            "select version(), rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles"
            " where rolname = current_user"
        )
        owned = await connection.fetchval(
            "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = current_user"
        )
        await connection.close()

        assert row is not None
        assert row["version"].startswith("PostgreSQL")
        assert not any((row["rolsuper"], row["rolbypassrls"], row["rolcreaterole"], row["rolcreatedb"]))
        assert owned == 0
