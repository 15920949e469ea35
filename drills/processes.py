"""What a process holds, as the kernel and its own `/metrics` tell: memory, descriptors, sockets by where they lead."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.worlds import World

__all__ = ["Holdings", "holdings", "metric", "port_of", "waited_seconds"]

_SOCKET = re.compile(r"socket:\[(\d+)\]")


class Holdings(Counter[str]):
    """How many: `client` `upstream` `redis` `postgres` `listening` `other` sockets, `files` `tasks` `memory_kib`."""


def port_of(url: str) -> int:
    """The port of an address such as `http://127.0.0.1:8083/x`."""
    match = re.search(r":(\d+)(?:/|$)", url.partition("://")[2].rpartition("@")[2])
    if match is None:
        raise ValueError(f"no port in {url}")
    return int(match[1])


def metric(world: World, line: str, *, admin: str | None = None) -> float:
    """A sample of `/metrics` by its exact name and labels; 0 where there is none."""
    text = world.http.get(f"{admin or world.admin}/metrics").text
    return next((float(each.rpartition(" ")[2]) for each in text.splitlines() if each.startswith(line + " ")), 0.0)


def waited_seconds(pid: int) -> float:
    """How long the process's main thread has been ready and without a processor, because others had them."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def holdings(world: World, *, process: str = "bff", upstreams: tuple[int, ...] = ()) -> Holdings:
    """What the service process holds now. `upstreams` are ports of upstreams besides the simulator's."""
    pid = world.pids[process]
    peers = {port_of(world.sim): "upstream", port_of(world.redis): "redis", port_of(world.postgres["app"]): "postgres"}
    peers |= dict.fromkeys(upstreams, "upstream")
    own = port_of(world.bff)
    held, sockets = Holdings(), _sockets(pid)
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            match = _SOCKET.match(str(entry.readlink()))
        except OSError:
            continue
        if match is None:
            held["files"] += 1
            continue
        local, remote = sockets.get(match[1], (0, -1))
        kind = "listening" if remote == 0 else "client" if local == own else peers.get(remote, "other")
        held[kind] += 1
    held["tasks"] = int(metric(world, "bff_backoffice_tasks"))
    if not held["tasks"]:
        # The one that answers this is a task too: none at all means that nobody counts them.
        raise RuntimeError("the service does not tell how many tasks it has")
    held["memory_kib"] = memory_kib(pid)
    return held


def memory_kib(pid: int) -> int:
    """Resident memory, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index] # every process has one


def _sockets(pid: int) -> dict[str, tuple[int, int]]:
    """Local and remote port of every TCP socket of the process's network, by inode."""
    found = {}
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        local, remote = (int(address.partition(":")[2], 16) for address in fields[1:3])
        found[fields[9]] = (local, remote)
    return found
