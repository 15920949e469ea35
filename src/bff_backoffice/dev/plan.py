"""Which address everything in the developer world has, and what the service is told of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final, Self

from bff_backoffice.settings import SettingsError

__all__ = ["Addresses", "Stores", "service_environment"]

_SIMULATOR, _PROXY, _ADMIN = 7, 8, 1000

ISSUER: Final = "https://iam.melmastoon.ghasi.io"
"""The issuer that the simulated iam-service puts into its tokens."""

MACHINES: Final = {
    "BFF_PUSH_AUDIENCE": "https://backoffice.melmastoon.internal/events",
    "BFF_PUSH_IDENTITY": "pubsub-push@melmastoon.iam.gserviceaccount.com",
    "BFF_PUSH_SUBSCRIPTIONS": "bff-backoffice.platform",
    "BFF_SCHEDULER_AUDIENCE": "https://backoffice.melmastoon.internal/jobs",
    "BFF_SCHEDULER_IDENTITY": "scheduler@melmastoon.iam.gserviceaccount.com",
}
"""Who may call `/internal/*` in the developer world. `POST /_control/identity-tokens` of the simulator mints tokens."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """All derived from the service's port (contract, section 1)."""

    base_port: int

    @property
    def service(self) -> str:
        """The service."""
        return f"http://127.0.0.1:{self.base_port}"

    @property
    def admin_port(self) -> int:
        """The admin listener of the first service process; the others count on from it."""
        return self.base_port + _ADMIN

    @property
    def admin(self) -> str:
        """The admin listener."""
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def simulator_port(self) -> int:
        """The simulator's port."""
        return self.base_port + _SIMULATOR

    @property
    def simulator(self) -> str:
        """The simulator."""
        return f"http://127.0.0.1:{self.simulator_port}"

    @property
    def console(self) -> str:
        """The reference console."""
        return f"{self.simulator}/console/"

    @property
    def proxy_port(self) -> int:
        """The port of the network proxy in front of the service."""
        return self.base_port + _PROXY

    @property
    def proxy(self) -> str:
        """The network proxy in front of the service."""
        return f"http://127.0.0.1:{self.proxy_port}"

    def others(self, workers: int) -> tuple[int, ...]:
        """Every port but the service's own."""
        return (self.simulator_port, self.proxy_port, *(self.admin_port + number for number in range(workers)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Where Postgres and Redis are, for each of their roles."""

    owner: str
    app: str
    worker: str
    redis: str
    redis_cache: str

    @classmethod
    def given(cls) -> Self | None:
        """The stores that the environment names, if it names them.

        Raises:
            SettingsError: it names some and forgets others.
        """
        names = {
            "owner": "BFF_POSTGRES_OWNER_DSN",
            "app": "BFF_POSTGRES_APP_DSN",
            "worker": "BFF_POSTGRES_WORKER_DSN",
            "redis": "BFF_REDIS_SESSIONS_URL",
            "redis_cache": "BFF_REDIS_CACHE_URL",
        }
        values = {field: os.environ[name] for field, name in names.items() if os.environ.get(name)}
        if not values:
            return None
        missing = [name for field, name in names.items() if field not in values]
        if missing:
            raise SettingsError((f"{', '.join(missing)}: not set, while other stores are. Give all of them or none.",))
        return cls(**values)


def service_environment(addresses: Addresses, stores: Stores, *, signing_key: str) -> dict[str, str]:
    """The environment of service and worker: what the developer has set, and the world's addresses over it.

    `signing_key` is for where the developer has set none.
    """
    port, simulator = addresses.base_port, addresses.simulator
    web = [origin.replace("127.0.0.1", host) for origin in (simulator,) for host in ("127.0.0.1", "localhost")]
    origins = [f"http://{host}:{each}" for each in (port, addresses.proxy_port) for host in ("127.0.0.1", "localhost")]
    return {
        "BFF_LOG_LEVEL": "warning",
        "BFF_SIGNING_KEY": signing_key,
        "BFF_TELEMETRY_SECRET": "developer-world-digests-of-nobody",
        **os.environ,
        "BFF_PUBLIC_ORIGINS": ",".join(origins),
        "BFF_CORS_ORIGINS": ",".join(web),
        "BFF_POSTGRES_OWNER_DSN": stores.owner,
        "BFF_POSTGRES_APP_DSN": stores.app,
        "BFF_POSTGRES_WORKER_DSN": stores.worker,
        "BFF_REDIS_SESSIONS_URL": stores.redis,
        "BFF_REDIS_CACHE_URL": stores.redis_cache,
        "BFF_UPSTREAM_BASE_URL": f"{simulator}/{{service}}",
        "BFF_UPSTREAM_IDENTITY_TOKEN": "developer-world",
        "BFF_MACHINE_KEYS_URL": f"{simulator}/google/oauth2/v3/certs",
        **MACHINES,
        "BFF_ANSWER_SECRETS": "developer-world-keeps-nothing-of-anybody",
        "BFF_AUTH_ISSUER": ISSUER,
    }
