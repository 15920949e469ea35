"""The addresses of the issuer of machines' tokens: its key set for everybody, its mint for this machine only."""

from __future__ import annotations

import json

from aiohttp import web

from platform_sim.control import guarded
from platform_sim.google_identity import ISSUER
from platform_sim.simulator import Simulator

__all__ = ["add_routes"]


def add_routes(app: web.Application, simulator: Simulator) -> None:
    """Add the key set, the mint and the change of keys."""

    async def certs(_: web.Request) -> web.Response:
        return web.json_response(simulator.google.key_set(), headers={"Cache-Control": "public, max-age=300"})

    async def mint(request: web.Request) -> web.Response:
        try:
            wanted = json.loads(await request.read() or b"{}")
            token = simulator.google.token(
                email=str(wanted["email"]),
                audience=str(wanted["audience"]),
                now=simulator.clock(),
                seconds=int(wanted.get("seconds", 3600)),
                verified=bool(wanted.get("emailVerified", True)),
                issuer=str(wanted.get("issuer", ISSUER)),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            wrong = "email and audience are texts; seconds is a number, emailVerified a boolean, issuer a text"
            return web.json_response({"title": "Control call refused", "status": 400, "detail": wrong}, status=400)
        return web.json_response({"token": token}, headers={"Cache-Control": "no-store"})

    async def rotate(_: web.Request) -> web.Response:
        simulator.google.rotate()
        return web.Response(status=204)

    app.router.add_route("GET", "/google/oauth2/v3/certs", certs)
    app.router.add_route("POST", "/_control/identity-tokens", guarded(mint))
    app.router.add_route("POST", "/_control/identity-tokens/rotate-keys", guarded(rotate))
