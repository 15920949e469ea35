"""Bare nginx: what passing a request on costs at least, without any check of who asks.

One `proxy_pass` for the trivial route; for the dashboard a page of server-side includes, whose subrequests nginx makes
in parallel, one for each upstream call of the service.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.dashboards import Target
from bench.machine import SERVICE_CORE, pin, tree
from bff_backoffice.dev.sockets import free_port

__all__ = ["HOW_TO_INSTALL", "nginx", "until_listening"]

HOW_TO_INSTALL: Final = "nginx is not installed, so its rows are missing; on Debian: apt-get install nginx-light"

_CONFIGURATION: Final = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn; {user}
events {{ worker_connections 4096; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 1000000; types {{ text/html shtml; }}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream recorded {{ server {recorded}; keepalive 64; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port};
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header traceparent $http_traceparent;
    location = /session {{ proxy_pass http://recorded/_recorded/session; }}
    location = /dashboard {{ root {folder}; ssi on; rewrite ^ /dashboard.shtml break; }}
{locations}
  }}
}}
"""

_LOCATION: Final = """
    location = /call/{number} {{
      internal; proxy_set_header X-Tenant-Id "{tenant}"; proxy_set_header X-Property-Id "{property_id}";
      proxy_set_header traceparent $http_traceparent; proxy_set_header Connection ""; proxy_http_version 1.1;
      proxy_pass http://recorded{target};
    }}"""


@contextmanager
def nginx(folder: Path, recorded: str, targets: Sequence[tuple[str, str, str]]) -> Iterator[Target | None]:
    """Run nginx on the service's core; `targets` are address, tenant and property of each upstream call.

    None where nginx is not installed.
    """
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        yield None
        return
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    locations = [
        _LOCATION.format(number=number, target=target, tenant=tenant, property_id=property_id)
        for number, (target, tenant, property_id) in enumerate(targets)
    ]
    includes = "\n".join(f'<!--#include virtual="/call/{number}" -->' for number in range(len(targets)))
    (folder / "dashboard.shtml").write_text(f"<!doctype html><title>Dashboard</title>\n{includes}\n")
    (folder / "nginx.conf").write_text(
        _CONFIGURATION.format(
            folder=folder,
            port=port,
            recorded=recorded.removeprefix("http://"),
            locations="".join(locations),
            user="user root;" if os.geteuid() == 0 else "",
        )
    )
    process = subprocess.Popen([program, "-c", str(folder / "nginx.conf"), "-p", str(folder)], start_new_session=True)
    try:
        until_listening(port, process, folder)
        pids = tree(process.pid)
        pin(pids, SERVICE_CORE)
        yield Target(name="nginx", origin=f"http://127.0.0.1:{port}", pids=tuple(pids))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


def until_listening(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until it takes connections. Raises `RuntimeError` with its log where it does not come to that."""
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"nginx did not start: {(folder / 'error.log').read_text()[-1000:]}")
