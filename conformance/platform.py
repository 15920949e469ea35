"""What makes something happen that a stream can tell: the platform's simulator and its control routes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

from conformance.desk import PATIENCE, Desk
from conformance.device_key import DeviceKey

__all__ = ["Simulator"]


@dataclass
class Simulator:
    """The simulator at `url`; `service` is what signs in there: the address of the API with its prefix."""

    url: str
    service: str
    http: httpx2.Client
    patience: float = PATIENCE
    world: dict[str, Any] = field(default_factory=dict)
    _devices: dict[str, Iterator[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = self.http.get(f"{self.url}/_control/world").raise_for_status().json()

    def tenant(self, number: int = 0) -> str:
        """A tenant's id, in the world's order."""
        return str(self.world["tenants"][number]["id"])

    def properties(self, tenant: int = 0) -> list[str]:
        """The ids of a tenant's hotels, in the world's order."""
        return [each["id"] for each in self.world["properties"] if each["tenantId"] == self.tenant(tenant)]

    def operators(self, tenant: int = 0) -> list[dict[str, Any]]:
        """A tenant's staff."""
        return [each for each in self.world["operators"] if each["tenantId"] == self.tenant(tenant)]

    def desk(
        self, role: str = "general_manager", *, tenant: int = 0, at: str | None = None, ttl: int | None = None
    ) -> Desk:
        """Sign somebody of this role in on a device that nobody uses.

        `at` is a hotel that is the only one of the operator; `ttl` is how long the token is good for, in seconds.
        Raises `LookupError` where the world has no such operator or no free device.
        """
        for operator in self.operators(tenant):
            if operator["roles"] == [role] and (at is None or operator["propertyIds"] == [at]):
                return self._signed_in(operator, tenant, ttl)
        raise LookupError(f"the world has no {role} of its own here")

    def publish(self, subject: str, tenant_id: str, payload: dict[str, Any]) -> None:
        """Publish an event of the platform."""
        body = {"subject": subject, "tenantId": tenant_id, "payload": payload}
        self.http.post(f"{self.url}/_control/events", json=body).raise_for_status()

    def _signed_in(self, operator: dict[str, Any], tenant: int, ttl: int | None) -> Desk:
        address, tenant_id = f"{self.url}/iam-service/api/v1/auth/sign-in", self.tenant(tenant)
        if tenant_id not in self._devices:
            # From the end: whoever else uses this world begins at the beginning.
            own = [each["id"] for each in self.world["devices"] if each["tenantId"] == tenant_id]
            self._devices[tenant_id] = iter(reversed(own))
        for device_id in self._devices[tenant_id]:
            key = DeviceKey()
            answer = self.http.post(
                address + (f"?ttl={ttl}" if ttl else ""),
                json={"username": operator["username"], "password": operator["password"], "deviceId": device_id},
                headers={"DPoP": key.proof("POST", address)},
            )
            if answer.status_code != httpx2.codes.FORBIDDEN:
                tokens = answer.raise_for_status().json()
                return Desk(self.service, device_id, key, tokens["accessToken"], self.http, self.patience)
        raise LookupError("no device of the world is free")
