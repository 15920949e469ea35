"""The shape of the source: short modules, short functions, tests that say what they prove, nothing of this machine."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE_LINES, FUNCTION_LINES = 300, 40

LONG_FUNCTIONS = {
    "src/bff_backoffice/bootstrap.py:_use_cases": 80,  # the composition root's list of keyword arguments
    "src/bff_backoffice/infrastructure/observability.py:__init__": 80,  # one statement a metric
    "platform_sim/services/pricing.py:quote": 45,  # one answer, written out
    "platform_sim/services/reservation_bookings.py:create": 42,  # one booking, written out
}
"""Functions that may be longer, each up to its own limit."""

SIMULATOR, SERVICE = "platform_sim", "bff_backoffice"

# Put together here, so that this page does not name them either.
REGISTRIES = tuple(".".join(parts) for parts in (
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("golang", "org"), ("docker", "io"),
    ("unpkg", "com"), ("jsdelivr", "net"), ("crates", "io"), ("jfrog", "io"),
))  # fmt: skip
MACHINE_PATHS = re.compile("|".join((r"(?<![\w.*-])/" + name + "/") for name in ("work", "root", "home", "Users")))


def tracked() -> list[Path]:
    """Every file of the repository, or of the folder where it is no clone; the environment and data are neither."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - whichever git the developer has
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        found = [path for path in ROOT.rglob("*") if path.is_file()]
        return [path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)]
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def modules(*folders: str) -> list[str]:
    """The Python modules of these folders, as paths from the root."""
    return sorted(
        str(path.relative_to(ROOT))
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "__pycache__" not in path.parts
    )


def tree(module: str) -> ast.Module:
    """A module, parsed."""
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a module, methods and closures included."""
    return (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("module", modules("src", SIMULATOR))
def test_a_module_is_short_or_says_why_not(module: str) -> None:
    """Fewer than 300 lines, unless its docstring has a sentence about its lines."""
    lines = len((ROOT / module).read_text(encoding="utf-8").splitlines())

    assert lines < MODULE_LINES or "lines" in (ast.get_docstring(tree(module)) or ""), f"{lines} lines"


@pytest.mark.parametrize("module", modules("src", SIMULATOR))
def test_functions_are_short(module: str) -> None:
    """Fewer than 40 lines, or on the list above with a limit of its own."""
    for function in functions(tree(module)):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length < LONG_FUNCTIONS.get(f"{module}:{function.name}", FUNCTION_LINES), (function.name, length)


def test_the_list_of_long_functions_is_current() -> None:
    """A function that became short, or is gone, leaves the list."""
    for entry in LONG_FUNCTIONS:
        module, _, name = entry.partition(":")
        lengths = [(each.end_lineno or 0) - each.lineno + 1 for each in functions(tree(module)) if each.name == name]
        assert any(length >= FUNCTION_LINES for length in lengths), entry


@pytest.mark.parametrize("module", modules("src", SIMULATOR))
def test_a_module_says_what_it_is_for(module: str) -> None:
    """A docstring, and annotations that are not evaluated; an empty package needs the first only."""
    parsed = tree(module)

    assert ast.get_docstring(parsed)
    if len(parsed.body) > 1:
        assert "from __future__ import annotations" in (ROOT / module).read_text(encoding="utf-8")


@pytest.mark.parametrize("module", [name for name in modules("tests") if Path(name).name.startswith("test_")])
def test_every_test_says_what_it_proves(module: str) -> None:
    """Each test has a docstring that states the behaviour, as a sentence."""
    for function in functions(tree(module)):
        if function.name.startswith("test_"):
            text = (ast.get_docstring(function) or "").strip()
            assert text, function.name
            assert text.rstrip("`)\"'").endswith((".", "!", "?")), function.name


@pytest.mark.parametrize("module", modules("tests"))
def test_no_test_patches(module: str) -> None:
    """Fakes are adapters; nothing is replaced behind the code's back."""
    for function in functions(tree(module)):
        names = {each.arg for each in function.args.args}
        assert "monkeypatch" not in names, function.name
    assert "mock" not in {name.partition(".")[2] for name in imported(module) if name.startswith("unittest.")}


def imported(module: str) -> set[str]:
    """The modules that a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
    return names


@pytest.mark.parametrize(("folder", "other"), [(SIMULATOR, SERVICE), (f"src/{SERVICE}", SIMULATOR)])
def test_simulator_and_service_share_no_code(folder: str, other: str) -> None:
    """Two programs that agree by what is written in docs/upstreams.md: neither imports the other nor the tests."""
    for module in modules(folder):
        roots = {name.partition(".")[0] for name in imported(module)}
        assert not roots & {other, "tests"}, module


def test_the_project_names_no_registry() -> None:
    """Which index packages come from is a matter of each machine's configuration."""
    for path in tracked():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        assert not [host for host in REGISTRIES if host in text], path
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--index" not in lock
    assert "--hash=sha256:" in lock


def test_the_project_names_no_path_of_a_machine() -> None:
    """Everything is found from the project's own folder."""
    for path in tracked():
        if path.suffix not in {".png", ".svg", ".ico", ".woff2"}:
            found = MACHINE_PATHS.search(path.read_text(encoding="utf-8", errors="ignore"))
            assert found is None, (path, found)


def test_nothing_is_left_to_do_in_the_source() -> None:
    """What is missing stands in an issue or a decision, never as a note in the code."""
    notes = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|HA" r"CK)\b")
    for path in tracked():
        if path.suffix in {".py", ".js", ".css", ".sql", ".sh", ".toml", ".html"}:
            assert not notes.search(path.read_text(encoding="utf-8")), path


def test_migrations_are_one_chain() -> None:
    """Each comes after exactly one, and one comes last: two that come after the same one would start no world."""
    chain = {}
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        values = {
            node.targets[0].id: ast.literal_eval(node.value)
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        chain[values["revision"]] = values["down_revision"]

    (last,) = set(chain) - set(chain.values())
    passed = [last]
    while (before := chain[passed[-1]]) is not None:
        passed.append(before)
        assert len(passed) <= len(chain), chain

    assert sorted(passed) == sorted(chain), chain
