"""Listening sockets of the developer world, and the clear word when one is taken."""

from __future__ import annotations

import socket

__all__ = ["PortTakenError", "listen", "require_free"]


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


def require_free(port: int) -> None:
    """Find out before anything is started that a port can't be had.

    Raises:
        PortTakenError: it can't.
    """
    listen(port).close()
