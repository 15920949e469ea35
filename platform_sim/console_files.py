"""Serves the reference console: its files, its configuration, and the headers that keep it safe."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

__all__ = ["add_routes", "policy"]

_ROOT: Final = Path(__file__).parent / "console"
_MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}


def add_routes(app: web.Application, *, bff_urls: tuple[str, ...], proxy_url: str | None) -> None:
    """Serve `/console/`. The console may connect to the simulator and to the named addresses, and to nothing else."""
    headers = {
        "Content-Security-Policy": policy((*bff_urls, *([proxy_url] if proxy_url else []))),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        # The files are edited while a world runs, so a browser asks each time whether they are still the same.
        "Cache-Control": "no-cache",
    }
    config = msgspec.json.encode(
        {"bffUrls": bff_urls, "apiPrefix": "/bff/backoffice/v1", "proxyUrl": proxy_url, "worlds": {}}
    )

    async def redirect(_: web.Request) -> web.StreamResponse:
        raise web.HTTPPermanentRedirect("/console/")

    async def configuration(_: web.Request) -> web.StreamResponse:
        return web.Response(body=config, content_type="application/json", headers=headers)

    async def file(request: web.Request) -> web.StreamResponse:
        path = (_ROOT / (request.match_info["path"] or "index.html")).resolve()
        media_type = _MEDIA_TYPES.get(path.suffix)
        if media_type is None or not path.is_relative_to(_ROOT) or not path.is_file():
            return web.Response(status=404, text="There is no such file.\n", headers=headers)
        return web.FileResponse(path, headers={**headers, "Content-Type": media_type})

    app.router.add_get("/", redirect)
    app.router.add_get("/console", redirect)
    app.router.add_get("/console/config.json", configuration)
    app.router.add_get("/console/{path:.*}", file)


def policy(elsewhere: tuple[str, ...]) -> str:
    """The console's Content-Security-Policy. `elsewhere` are the origins that it may call."""
    places = "".join(f" {place}" for place in dict.fromkeys(elsewhere))
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            f"connect-src 'self'{places}",
            f"frame-src{places} blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
