"""Ports and listening sockets of the developer world, and the clear word when one is taken."""

from __future__ import annotations

import random
import socket
from pathlib import Path
from typing import Final

__all__ = ["PortTakenError", "claim", "free_port", "listen", "require_free"]

_OUTGOING_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_OUTGOING_ELSEWHERE: Final = (49_152, 65_535)
"""Where systems other than Linux take the ports of outgoing connections from (RFC 6335, section 6)."""

_LOWEST_PORT: Final = 32_000
"""Above the ports that people choose for the world itself."""

_ENOUGH_PORTS: Final = 1_000

_claims: list[socket.socket] = []


class PortTakenError(Exception):
    """Somebody else listens there; the message names the port and how to choose another."""


def listen(port: int) -> socket.socket:
    """The service's socket is the supervisor's: processes share it, and it stays open while one is restarted.

    Raises:
        PortTakenError: the port can't be had.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise PortTakenError(f"Port {port} is taken ({error.strerror}); choose others with --base-port.") from None
    listener.listen(1024)
    listener.set_inheritable(True)
    return listener


def free_port() -> int:
    """A TCP port of the loopback interface that nobody uses, claimed until this process ends.

    Not one that the system picks: those are the ports of outgoing connections, and until a server listens on it,
    seconds later or after its restart, one of them may have got it.

    Raises:
        PortTakenError: there is none.
    """
    ports = _never_outgoing()
    for port in random.sample(ports, min(200, len(ports))):  # nothing secret about it
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if claim(port):
            return port
    raise PortTakenError("No port is free on the loopback interface; end what holds them.")


def claim(port: int) -> bool:
    """Take the UDP port of this number until this process ends: of two worlds that start at once, one has it."""
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        held.bind(("127.0.0.1", port))
    except OSError:
        held.close()
        return False
    _claims.append(held)
    return True


def _never_outgoing() -> range:
    try:
        low, high = map(int, _OUTGOING_RANGE.read_text().split())
    except (OSError, ValueError):
        low, high = _OUTGOING_ELSEWHERE
    above, below = range(high + 1, 65_536), range(max(_LOWEST_PORT, low - 10_000), low)
    return next((each for each in (above, below) if len(each) >= _ENOUGH_PORTS), range(_LOWEST_PORT, 65_536))


def require_free(port: int) -> None:
    """Find out before anything is started that a port can't be had.

    Raises:
        PortTakenError: it can't.
    """
    listen(port).close()
