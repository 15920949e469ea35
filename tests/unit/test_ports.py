"""The ports of the developer world's own servers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bff_backoffice.dev.sockets import claim, free_port


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere nobody says which ports are those of outgoing connections"
)
def test_a_free_port_is_never_one_of_an_outgoing_connection() -> None:
    """Until its server listens, and while that is started again, a connection of anybody could have got it."""
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())

    assert not {free_port() for _ in range(50)} & set(range(low, high + 1))


def test_two_who_ask_at_once_never_get_the_same_port() -> None:
    """A port that is claimed is refused to others, until the process that claimed it has ended."""
    asking = "from bff_backoffice.dev.sockets import free_port; print(free_port(), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", asking], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        while_it_runs = claim(port)
        other.communicate(b"\n")

    assert (while_it_runs, claim(port)) == (False, True)
