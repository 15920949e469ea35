"""The import rules hold, and each would catch what it is there for: rules that catch nothing are decoration."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "bff_backoffice"

VIOLATIONS = [
    ("domain/sessions.py", f"from {PACKAGE}.application import ports", "layers"),
    ("domain/devices.py", f"import {PACKAGE}.infrastructure.breaker", "layers"),
    ("application/health.py", f"from {PACKAGE}.infrastructure.postgres.pool import Database", "layers"),
    ("application/devices.py", f"from {PACKAGE}.presentation.words import Language", "layers"),
    ("presentation/cors.py", f"from {PACKAGE}.infrastructure.memorystore import keys", "layers"),
    ("infrastructure/breaker.py", f"from {PACKAGE}.presentation.exchange import Whole", "layers"),
    ("infrastructure/dialect.py", f"from {PACKAGE} import bootstrap", "layers"),
    ("utils.py", "WORD = 'a package that nobody planned'", "layers"),
    ("domain/operator.py", "import asyncio", "pure-domain"),
    ("domain/devices.py", "import time", "pure-domain"),
    ("domain/dashboard.py", "import msgspec", "pure-domain"),
    ("application/health.py", "import aiohttp", "vendor-free-application"),
    ("application/devices.py", "import os", "vendor-free-application"),
    ("presentation/app.py", f"from {PACKAGE}.settings import Settings", "settings"),
    ("infrastructure/observability.py", f"from {PACKAGE}.settings import Settings", "settings"),
    ("infrastructure/upstreams/billing.py", f"from {PACKAGE}.infrastructure.upstreams import pricing", "upstreams"),
    ("presentation/routes/devices.py", f"from {PACKAGE}.presentation.routes import sessions", "routes"),
    ("application/devices.py", f"from {PACKAGE}.application.sessions import lifecycle", "features"),
    ("application/tiles.py", f"from {PACKAGE}.application import dashboard", "features"),
    ("application/errands.py", "WORD = 'a feature that nobody listed'", "features"),
    ("domain/sessions.py", f"from {PACKAGE}.domain import devices", "domain-floor"),
    ("domain/errors.py", f"from {PACKAGE}.domain import operator", "domain-floor"),
    ("infrastructure/postgres/devices.py", f"from {PACKAGE}.infrastructure.memorystore import keys", "adapters"),
    ("infrastructure/dpop/nonces.py", "import redis", "home-of-redis"),
    ("infrastructure/memorystore/keys.py", "import asyncpg", "home-of-asyncpg"),
    ("infrastructure/upstreams/tenant.py", "import aiohttp", "home-of-aiohttp"),
    ("infrastructure/postgres/outbox.py", "import grpc", "home-of-pubsub"),
    ("presentation/errors.py", "import joserfc", "home-of-keys"),
    ("bootstrap.py", "import uvicorn", "home-of-the-server"),
    ("dev/plan.py", "import platform_sim", "simulator"),
    ("bootstrap.py", "from platform_sim import ids", "simulator"),
    (
        "infrastructure/http/observer.py",
        f"from {PACKAGE}.infrastructure.http import client\nfrom {PACKAGE}.infrastructure import breaker",
        "acyclic",
    ),
]  # fmt: skip
"""A module, what is added to it, and the contract that must not bear it."""

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
NAMES: dict[str, str] = {contract["id"]: contract["name"] for contract in CONTRACTS}


def verdict(folder: Path) -> str:
    """What the import linter says of the copy in this folder, without what it remembers of others."""
    program = (
        "import sys; from importlinter.cli import lint_imports_command as run; sys.argv[0] = 'lint-imports'; run()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "--config", "pyproject.toml", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its rules, with an empty simulator beside it, where a test may spoil them."""
    folder = tmp_path_factory.mktemp("imports")
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "src/platform_sim").mkdir()
    (folder / "src/platform_sim/__init__.py").write_text('"""Stands for the simulator."""\n')
    return folder


def test_the_rules_are_kept(copy: Path) -> None:
    """Every contract, on the source as it is."""
    said = verdict(copy)

    assert f"Contracts: {len(NAMES)} kept, 0 broken." in said, said
    assert all(f"{name} KEPT" in said for name in NAMES.values()), said


def test_every_rule_has_a_violation_that_it_must_catch() -> None:
    """A new contract gets a sample of what it is for."""
    assert {contract for _, _, contract in VIOLATIONS} == set(NAMES)


@pytest.mark.parametrize(("module", "line", "contract"), VIOLATIONS, ids=[f"{m}: {c}" for m, _, c in VIOLATIONS])
def test_a_violation_is_caught(copy: Path, module: str, line: str, contract: str) -> None:
    """One bad import, and the contract that forbids it is broken."""
    path = copy / "src" / PACKAGE / module
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        said = verdict(copy)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")

    assert f"{NAMES[contract]} BROKEN" in said, said
