"""A desktop for tests: a device key, proofs of possession, sign-in, requests. Shares no code with the service."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2

from conformance.device_key import DeviceKey

__all__ = ["API", "Desktop", "DeviceKey", "DeviceTakenError"]

API = "/bff/backoffice/v1"

_WHO_ASKS = ("iam-service", "tenant-service")
"""They are asked who somebody is, and have half a second for it."""
_TRIES = 4


class DeviceTakenError(Exception):
    """Somebody else's key is bound to the device."""


@dataclass
class Desktop:
    """One signed-in device."""

    base: str
    device_id: str
    key: DeviceKey
    tokens: dict[str, Any]
    http: httpx2.Client
    language: str | None = None
    people: dict[str, Any] = field(default_factory=dict)
    """What the simulator published of the world in which it signed in."""
    platform: str | None = None
    """Where the simulator is."""

    @classmethod
    def sign_in(
        cls,
        world: Any,
        operator: dict[str, Any],
        device_id: str,
        *,
        key: DeviceKey | None = None,
        ttl: int | None = None,
        base: str | None = None,
    ) -> Self:
        """Sign in straight at iam, as the desktop does."""
        key = key or DeviceKey()
        http = world.http
        url = f"{world.sim}/iam-service/api/v1/auth/sign-in"
        body = {"username": operator["username"], "password": operator["password"], "deviceId": device_id}
        answer = http.post(url + (f"?ttl={ttl}" if ttl else ""), json=body, headers={"DPoP": key.proof("POST", url)})
        if answer.status_code == 403 and "DEVICE_KEY" in answer.text.upper().replace("-", "_"):
            raise DeviceTakenError(device_id)
        assert answer.status_code == 200, answer.text
        return cls(base or world.bff, device_id, key, answer.json(), http, people=world.people, platform=world.sim)

    @property
    def token(self) -> str:
        """The access token."""
        return str(self.tokens["accessToken"])

    def headers(self, method: str, path: str, **more: str | None) -> dict[str, str]:
        """Everything that an authenticated request carries. A None leaves a header out."""
        url = self.base + path
        headers: dict[str, str | None] = {
            "Authorization": f"DPoP {self.token}",
            "DPoP": self.key.proof(method, url, self.token),
            "X-Device-Id": self.device_id,
            "Accept-Language": self.language,
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        return {name: value for name, value in headers.items() if value is not None}

    def request(self, method: str, path: str, *, json_body: Any = None, **headers: str | None) -> httpx2.Response:
        """One request with a fresh proof. `path` is behind the prefix."""
        path = path if path.startswith(("/bff/", "/api/")) else API + path
        content = None if json_body is None else json.dumps(json_body).encode()
        if content is not None:
            headers.setdefault("Content-Type", "application/json")
        for _ in range(_TRIES):
            answer = self._sent(method, path, content, headers)
            if "DPoP" in headers or not self._stood_still(answer):
                break
        return answer

    def _sent(self, method: str, path: str, content: bytes | None, headers: dict[str, str | None]) -> httpx2.Response:
        signed = self.headers(method, path, **headers)
        if path.partition("?")[0].endswith("/sse/stream"):
            return self._begun(method, self.base + path, signed)
        return self.http.request(method, self.base + path, content=content, headers=signed)

    def _stood_still(self, answer: httpx2.Response) -> bool:
        """Whether nobody could say in time who asks, although nobody broke anything: the machine did not go on.

        That can hit any first request of a session, so it is sent anew, as a desktop does with what is retriable.
        """
        if answer.status_code != 504 or self.platform is None:
            return False
        service, _, _ = answer.json()["detail"].partition(" ")
        return service in _WHO_ASKS and service not in self.http.get(f"{self.platform}/_control/faults").json()

    def _begun(self, method: str, url: str, headers: dict[str, str]) -> httpx2.Response:
        """A live stream up to its first event, since its end is far; a refusal as it is."""
        with self.http.stream(method, url, headers=headers) as answer:
            if answer.status_code != 200:
                answer.read()
                return answer
            read = b""
            for chunk in answer.iter_raw():
                read += chunk
                if b"data: " in read and read.endswith(b"\n\n"):
                    break
            return httpx2.Response(200, headers=answer.headers, content=read, request=answer.request)

    def get(self, path: str, **headers: str | None) -> httpx2.Response:
        """GET."""
        return self.request("GET", path, **headers)

    def frames(self, path: str = "/dashboard", **headers: str | None) -> list[tuple[float, dict[str, Any]]]:
        """The dashboard's frames, each with the seconds after which it arrived."""
        full = API + path
        for _ in range(_TRIES):
            started = time.monotonic()
            with self.http.stream("GET", self.base + full, headers=self.headers("GET", full, **headers)) as answer:
                if answer.status_code == 200:
                    lines = (line for line in answer.iter_lines() if line)
                    return [(time.monotonic() - started, json.loads(line)) for line in lines]
                answer.read()
            if not self._stood_still(answer):
                break
        raise AssertionError(answer.text)

    def refresh(self, **headers: str) -> httpx2.Response:
        """Refresh the tokens."""
        path = API + "/auth/refresh"
        return self.http.post(
            self.base + path,
            json={"refreshToken": self.tokens["refreshToken"]},
            headers={"DPoP": self.key.proof("POST", self.base + path), "X-Device-Id": self.device_id, **headers},
        )
