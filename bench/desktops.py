"""Desktops of the load: signed in straight at iam, with proofs of possession made before they are needed."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from bench.world import World, call

__all__ = ["API", "Desktop", "DeviceKey", "busiest_property", "sign_in_many"]

API: Final = "/bff/backoffice/v1"
_ALGORITHM: Final = ec.ECDSA(hashes.SHA256())


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


@dataclass(slots=True)
class DeviceKey:
    """An ES256 key and the header that all its proofs share."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    header: str = ""

    def __post_init__(self) -> None:
        numbers = self.private.public_key().public_numbers()
        jwk = {
            "kty": "EC", "crv": "P-256",
            "x": _b64(numbers.x.to_bytes(32, "big")), "y": _b64(numbers.y.to_bytes(32, "big")),
        }  # fmt: skip
        self.header = _b64(json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}).encode())

    def proof(self, method: str, url: str, *, token_hash: str | None = None, issued_at: int | None = None) -> str:
        """A proof for one request."""
        claims = {
            "jti": secrets.token_urlsafe(16), "htm": method, "htu": url,
            "iat": int(time.time()) if issued_at is None else issued_at,
        } | ({} if token_hash is None else {"ath": token_hash})  # fmt: skip
        signed = f"{self.header}.{_b64(json.dumps(claims).encode())}"
        r, s = decode_dss_signature(self.private.sign(signed.encode(), _ALGORITHM))
        return f"{signed}.{_b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@dataclass(slots=True, kw_only=True)
class Desktop:
    """One signed-in device."""

    tenant_id: str
    property_id: str
    operator_id: str
    device_id: str
    key: DeviceKey
    token: str
    token_hash: str
    session_id: str

    @classmethod
    def sign_in(
        cls, world: World, operator: Mapping[str, Any], device_id: str, property_id: str, key: DeviceKey
    ) -> Self:
        """Sign in at iam, as the desktop does."""
        url = f"{world.simulator}/iam-service/api/v1/auth/sign-in"
        body = {"username": operator["username"], "password": operator["password"], "deviceId": device_id}
        token = call("POST", url, headers={"DPoP": key.proof("POST", url)}, body=body)["accessToken"]
        return cls(
            tenant_id=operator["tenantId"], property_id=property_id, operator_id=operator["id"], device_id=device_id,
            key=key, token=token, token_hash=_b64(hashlib.sha256(token.encode()).digest()),
            session_id=_claims(token)["sid"],
        )  # fmt: skip

    def headers(self, origin: str, path: str, *, method: str = "GET", issued_at: int | None = None) -> dict[str, str]:
        """What an authenticated request carries; its proof is good for one use within a minute of `issued_at`."""
        proof = self.key.proof(method, f"{origin}{path}", token_hash=self.token_hash, issued_at=issued_at)
        return {
            "Authorization": f"DPoP {self.token}", "DPoP": proof, "X-Device-Id": self.device_id,
            "X-Property-Id": self.property_id, "Accept-Language": "en",
        }  # fmt: skip

    def request(self, origin: str, path: str, *, trace_id: str | None = None, issued_at: int | None = None) -> bytes:
        """The bytes of an authenticated GET of `API` and `path`."""
        headers = self.headers(origin, API + path, issued_at=issued_at)
        if trace_id is not None:
            headers["traceparent"] = f"00-{trace_id}-{secrets.token_hex(8)}-01"
        return _on_the_wire("GET", origin, API + path, headers)

    def mutation(
        self, origin: str, path: str, body: object, *, key: str, trace_id: str, issued_at: int | None = None
    ) -> bytes:
        """The bytes of an authenticated POST of `API` and `path` under an idempotency key."""
        headers = self.headers(origin, API + path, method="POST", issued_at=issued_at)
        headers["traceparent"] = f"00-{trace_id}-{secrets.token_hex(8)}-01"
        headers["X-Idempotency-Key"] = key
        return _on_the_wire("POST", origin, API + path, headers, json.dumps(body).encode())


def _on_the_wire(method: str, origin: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    about = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"{method} {path} HTTP/1.1\r\nHost: {urlsplit(origin).netloc}\r\n{lines}{about}\r\n"
    return head.encode() + body


def busiest_property(world: World) -> tuple[Mapping[str, Any], str]:
    """A general manager and the property of theirs that has the most rooms."""
    rooms: dict[str, int] = {}
    for room in world.people["rooms"]:
        rooms[room["propertyId"]] = rooms.get(room["propertyId"], 0) + 1
    managers = [each for each in world.people["operators"] if "general_manager" in each["roles"]]
    pairs = [(each, place) for each in managers for place in each["propertyIds"]]
    return max(pairs, key=lambda pair: rooms.get(pair[1], 0))


def sign_in_many(world: World, count: int, keys: dict[str, DeviceKey]) -> list[Desktop]:
    """So many desktops of one property, each on a device of its own, all with the whole board.

    `keys` keeps each device's key, since a device takes no second one. The first request of each has opened its session
    when this returns, so that what is measured is the usual request.
    """
    operator, property_id = busiest_property(world)
    devices = [each["id"] for each in world.people["devices"] if each["tenantId"] == operator["tenantId"]][:count]
    if len(devices) < count:
        raise RuntimeError(f"the tenant has only {len(devices)} devices")
    desktops = []
    for device_id in devices:
        desktop = Desktop.sign_in(world, operator, device_id, property_id, keys.setdefault(device_id, DeviceKey()))
        call("GET", f"{world.bff}{API}/session", headers=desktop.headers(world.bff, f"{API}/session"))
        desktops.append(desktop)
    return desktops
