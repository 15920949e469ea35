"""The wheel is the service and nothing but the service."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bff_backoffice.presentation.routes.documents import api_as_yaml

ROOT = Path(__file__).parents[2]
PACKAGE = "bff_backoffice"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as a release builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (built,) = folder.glob("*.whl")
    return built


def contents(wheel: Path) -> set[str]:
    """What is in the wheel, but for its own description."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_every_file_of_the_service(wheel: Path) -> None:
    """Source, words in five languages, the style of the page, and the migrations that `migrate` runs."""
    source = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src" / PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    migrations = {
        f"{PACKAGE}/migrations/{path.relative_to(ROOT / 'migrations')}"
        for path in (ROOT / "migrations").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert contents(wheel) == source | migrations
    assert any(name.endswith(".sql") for name in migrations)
    assert len([name for name in source if name.endswith("/LC_MESSAGES/errors.po")]) == 5


def test_the_wheel_holds_nothing_of_the_simulator_or_the_tests(wheel: Path) -> None:
    """They are of this repository and of no release."""
    assert {name.partition("/")[0] for name in contents(wheel)} == {PACKAGE}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            assert "platform_sim" not in name
            assert not name.endswith(("conftest.py", "worlds.py"))


def test_the_installed_service_finds_its_words_and_its_migrations(wheel: Path, tmp_path: Path) -> None:
    """Away from the repository: the API document, a sentence in Pashto, and the SQL."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = (
        "import sys, pathlib, bff_backoffice\n"
        "from bff_backoffice.infrastructure.postgres.migrate import migrations_folder\n"
        "from bff_backoffice.presentation.words import LANGUAGES, message\n"
        "from bff_backoffice.__main__ import app\n"
        "assert pathlib.Path(bff_backoffice.__file__).is_relative_to(sys.argv[1]), bff_backoffice.__file__\n"
        "assert migrations_folder().is_relative_to(sys.argv[1])\n"
        "assert list(migrations_folder().glob('versions/*.sql'))\n"
        "assert message(LANGUAGES['ps-AF'], 'errors.general.resource_not_found')\n"
        "app(['openapi'], standalone_mode=False)\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr.decode()
    assert ended.stdout == api_as_yaml()
