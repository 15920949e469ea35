"""Nchan, an nginx module that holds event streams: the peer of the live stream. It checks nobody and keeps no log."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.machine import SERVICE_CORE, pin, tree
from bench.peers.nginx import until_listening
from bff_backoffice.dev.sockets import free_port

__all__ = ["HOW_TO_INSTALL", "Nchan", "nchan"]

HOW_TO_INSTALL: Final = "Nchan is not installed, so its row is missing; on Debian: apt-get install libnginx-mod-nchan"

_MODULE: Final = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
_CONFIGURATION: Final = """
load_module {module};
daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
{user}
events {{ worker_connections 16000; }}
http {{
  access_log off; tcp_nodelay on; nchan_shared_memory_size 128M;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /sub {{ nchan_subscriber eventsource; nchan_channel_id all; nchan_subscriber_first_message newest; }}
    location = /pub {{ nchan_publisher; nchan_channel_id all; nchan_message_buffer_length 10; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nchan:
    """A running one; `pid` is that of the process that holds the streams."""

    origin: str
    pid: int

    def publish(self, text: str) -> None:
        """Tell every stream."""
        request = urllib.request.Request(f"{self.origin}/pub", data=text.encode(), method="POST")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
            answer.read()


@contextmanager
def nchan(folder: Path) -> Iterator[Nchan | None]:
    """Run it on the service's core until the block ends; None where it is not installed."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None or not _MODULE.exists():
        yield None
        return
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "nginx.conf").write_text(
        _CONFIGURATION.format(
            module=_MODULE, folder=folder, port=port, user="user root;" if os.geteuid() == 0 else ""
        )
    )  # fmt: skip
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")], start_new_session=True)
    try:
        until_listening(port, process, folder)
        members = tree(process.pid)
        pin(members, SERVICE_CORE)
        yield Nchan(origin=f"http://127.0.0.1:{port}", pid=max(members))
    finally:
        process.terminate()
        process.wait(timeout=10)
