"""How a child process of root stops being root, and how every child learns that its parent is gone."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Demotion", "die_with_parent"]

_NOBODY: Final = 65534
_CLONE_NEWUSER: Final = 0x10000000
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def die_with_parent(with_signal: int) -> None:
    """For `preexec_fn`: the kernel sends `with_signal` to this process when its parent is gone, however it went."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, with_signal)


def _become_nobody_in_namespace() -> None:
    """Root outside, somebody else inside: PostgreSQL refuses uid 0, and no file has to change hands for this."""
    if _LIBC.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{_NOBODY} 0 1"), ("gid_map", f"{_NOBODY} 0 1")):
        Path("/proc/self", name).write_text(text)


def _become_nobody() -> None:
    os.setgroups([])
    os.setgid(_NOBODY)
    os.setuid(_NOBODY)


def _namespace_works() -> bool:
    try:
        subprocess.run(["/bin/true"], preexec_fn=_become_nobody_in_namespace, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Demotion:
    """How a child of root stops being root."""

    apply: Callable[[], None] | None
    owner: int | None
    """The uid that the data directory must belong to, or None to leave it."""

    @classmethod
    def choose(cls) -> Demotion:
        if os.geteuid() != 0:
            return cls(None, None)
        if _namespace_works():
            return cls(_become_nobody_in_namespace, None)
        return cls(_become_nobody, _NOBODY)

    def preexec(self, death_signal: int) -> Callable[[], None]:
        def before_exec() -> None:
            if self.apply is not None:
                self.apply()
            # After the change of user, which would clear it.
            die_with_parent(death_signal)

        return before_exec
