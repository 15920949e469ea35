"""The same work in Node (`node/`): started on the service's core, with its packages installed when they are missing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.dashboards import Target
from bench.machine import SERVICE_CORE, pin
from bench.world import World
from bff_backoffice.dev.sockets import free_port

__all__ = ["HOW_TO_INSTALL", "node_peer"]

HOW_TO_INSTALL: Final = (
    "Node 20 or newer is not installed, so its rows are missing; on Debian: apt-get install nodejs npm"
)

_FOLDER: Final = Path(__file__).parent / "node"
_ISSUER: Final = "https://iam.melmastoon.ghasi.io"


def _install() -> None:
    """Exact versions stand in package.json; no lock file, because npm's names a registry host on every entry."""
    if (_FOLDER / "node_modules" / "fastify").exists():
        return
    print("  installing the Node peer's packages …", flush=True)
    command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
    if subprocess.run(command, cwd=_FOLDER, check=False).returncode != 0:
        raise RuntimeError(f"the Node peer's packages could not be installed; try it by hand in {_FOLDER}: npm install")


@contextmanager
def node_peer(folder: Path, world: World) -> Iterator[Target | None]:
    """Run the peer against the world's stores and recorded upstreams. None where Node is not installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        yield None
        return
    folder.mkdir(parents=True, exist_ok=True)
    _install()
    port = free_port()
    environment = {
        **os.environ, "NODE_ENV": "production", "PORT": str(port), "REDIS_URL": world.redis,
        "POSTGRES_DSN": world.postgres, "JWKS_URL": f"{world.simulator}/iam-service/.well-known/jwks.json",
        "ISSUER": _ISSUER, "UPSTREAM_URL": world.recorded,
    }  # fmt: skip
    with (folder / "node.log").open("wb") as log:
        process = subprocess.Popen(
            ["node", "server.mjs"], cwd=_FOLDER, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _await(f"http://127.0.0.1:{port}/health/live", process, folder / "node.log")
        pin([process.pid], SERVICE_CORE)
        yield Target(name="node", origin=f"http://127.0.0.1:{port}", pids=(process.pid,), prefix="peer:")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(200):
        try:
            with opener.open(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                break
            time.sleep(0.05)
    raise RuntimeError(f"the Node peer did not start:\n{log.read_text()[-2000:]}")
