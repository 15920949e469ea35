"""The protections between tenants, removed one at a time: a few of them for real, and all held to the source.

All of them are removed by `make protections`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from drills.protections.builders import KEYS, of_the_builders
from drills.protections.drill import chosen, every_protection, table_of, thinned
from drills.protections.edits import ProtectionMovedError, applied, segment
from drills.protections.endings import SAID, what_ended
from drills.protections.listed import Edit, Protection, Statements
from drills.protections.runs import Finding, Laboratory, Verdict
from drills.protections.schema import of_the_schema
from drills.protections.scratch import ROOT, Databases
from drills.protections.sources import of_the_source
from tests.isolation.tables import owned_tables

NOTHING = Protection(
    name="nothing",
    group="",
    removal=Statements(("select 1",)),
    suites=(("test_tables.py::test_no_owned_table_lets_a_tenant_see_another",),),
)
LOCKED_OUT = Protection(
    name="locked-out",
    group="",
    removal=Statements(
        ("do $$ begin execute format('revoke connect on database %I from bff_app', current_database()); end $$",)
    ),
    suites=(("test_tables.py::test_the_services_roles_can_not_change_a_table[app]",),),
)
"""A store that is away: no test can say anything."""
OF_THE_SOURCE = [*of_the_builders(ROOT), *of_the_source()]
SOURCE = "class A:\n    def one(self) -> int:\n        return 1\n\n\ndef two() -> int:\n    return 1 + 1\n"


def with_databases(folder: Path, ask: Callable[[Databases], Awaitable[None]]) -> None:
    """Ask a server of the test's own."""

    async def main() -> None:
        async with Databases.open(folder) as databases:
            await ask(databases)

    asyncio.run(main())


def test_the_suite_misses_a_policy_a_force_a_role_and_the_tenant_in_a_key(tmp_path: Path) -> None:
    """One of each kind that is quick to try is removed for real, and caught; removing nothing is caught by no test.

    Nor is a store that is away taken for a protection that was missed.
    """
    wanted = ["using outbox", "force outbox", "nobypassrls bff_app", "tenant-in-key session_of_device"]

    async def main() -> dict[str, Finding]:
        async with Laboratory.open(tmp_path) as laboratory:
            listed = chosen(await every_protection(laboratory.databases), wanted)
            return {each.name: await laboratory.removed(each) for each in (*listed, NOTHING, LOCKED_OUT)}

    findings = asyncio.run(main())

    locked_out = findings.pop("locked-out")
    assert (locked_out.verdict, locked_out.by) == (Verdict.UNJUDGED, ())
    assert "InsufficientPrivilegeError" in locked_out.why
    assert findings.pop("nothing").verdict is Verdict.SURVIVED
    assert {name: finding.why for name, finding in findings.items() if finding.verdict is not Verdict.CAUGHT} == {}
    assert set(findings) == set(wanted)
    assert len(findings["force outbox"].by) == 2, "once by the catalogue, once by a row"


def test_each_owned_table_loses_each_of_its_protections(tmp_path: Path) -> None:
    """The list comes from the catalogue, so that a table of tomorrow is on it; a second reading names the same."""

    async def ask(databases: Databases) -> None:
        async with databases.catalogue() as connection:
            found = [each.name for each in await of_the_schema(connection)]
            again = [each.name for each in await of_the_schema(connection)]
            tables = await owned_tables(connection)
        assert found == again
        for table in tables:
            assert {f"{kind} {table}" for kind in ("enable", "force", "using", "check", "loud")} <= set(found)

    with_databases(tmp_path, ask)


def test_what_is_removed_from_the_server_is_given_back(tmp_path: Path) -> None:
    """A role gets its restriction back when the run ends, also when it ends badly, and the database is gone."""
    powers = "select rolbypassrls from pg_roles where rolname = 'bff_app'"
    removal = Statements(("alter role bff_app bypassrls",), ("alter role bff_app nobypassrls",))

    async def ask(databases: Databases) -> None:
        async with databases.catalogue() as connection:
            with contextlib.suppress(ZeroDivisionError):
                async with databases.without(removal):
                    assert await connection.fetchval(powers) is True
                    raise ZeroDivisionError
            assert await connection.fetchval(powers) is False
            left = await connection.fetch("select datname from pg_database where datname like 'scratch_%'")
        assert len(left) == 1, "the one that asks"

    with_databases(tmp_path, ask)


@pytest.mark.parametrize("protection", OF_THE_SOURCE, ids=lambda each: each.name)
def test_the_list_is_true_of_the_source(protection: Protection) -> None:
    """What is to be removed is there exactly once. Where this fails the protection has moved: mend `sources.py`."""
    removal = protection.removal
    assert isinstance(removal, Edit)
    source = (ROOT / removal.path).read_text()

    assert applied(removal, source) != source
    for files in protection.suites:
        assert all((ROOT / "tests/isolation" / each.partition("::")[0]).exists() for each in files)


def test_every_builder_that_takes_a_tenant_loses_it() -> None:
    """The names are those of the file, and nothing of the tenant is left in any of them."""
    source = (ROOT / KEYS).read_text()
    listed = {each.name.removeprefix("tenant-in-key "): each.removal for each in of_the_builders(ROOT)}

    assert len(listed) >= 8
    for name, removal in listed.items():
        assert isinstance(removal, Edit)
        begin, end = segment(source, name)
        assert "tenant_id" in source[begin:end]
        assert "tenant_id" not in removal.new


@pytest.mark.parametrize(
    ("inside", "old", "new", "expected"),
    [
        ("A.one", "return 1", "return 2", SOURCE.replace("return 1\n\n", "return 2\n\n")),
        ("two", "return 1 + 1", "return 3", SOURCE.replace("1 + 1", "3")),
        ("", "class A", "class B", SOURCE.replace("class A", "class B")),
    ],
)
def test_an_edit_stays_where_it_belongs(inside: str, old: str, new: str, expected: str) -> None:
    """In the method, in the function, or in the whole file."""
    assert applied(Edit("x.py", inside, old, new), SOURCE) == expected


@pytest.mark.parametrize(
    ("inside", "old", "new"),
    [("three", "1", "2"), ("A.two", "1", "2"), ("two", "absent", "2"), ("", "return 1", "2"), ("two", "return", "(")],
)
def test_an_edit_that_is_not_clear_is_refused(inside: str, old: str, new: str) -> None:
    """No such place, no such text, more than one, or no Python afterwards: nobody would know what was removed."""
    with pytest.raises(ProtectionMovedError):
        applied(Edit("x.py", inside, old, new), SOURCE)


def test_names_choose_and_a_name_of_nothing_is_an_error() -> None:
    """Whole names and patterns, each of which must choose something; a thin run has one of each kind."""
    names = [each.name for each in chosen(OF_THE_SOURCE, ["tenant-in-key *_lead", "set-local"])]

    assert names == ["tenant-in-key projection_lead", "set-local"]
    with pytest.raises(RuntimeError, match="no protection 'nobody'"):
        chosen(OF_THE_SOURCE, ["nobody"])
    kinds = Counter(each.name.partition(" ")[0] for each in thinned(OF_THE_SOURCE))
    assert set(kinds.values()) == {1}
    assert set(kinds) == {each.name.partition(" ")[0] for each in OF_THE_SOURCE}


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        (AssertionError("two rows"), SAID),
        (pytest.fail.Exception("DID NOT RAISE"), SAID),
        (ExceptionGroup("both", [AssertionError(), ExceptionGroup("more", [AssertionError()])]), SAID),
        (TimeoutError(), "TimeoutError"),
        (ConnectionResetError(), "ConnectionResetError"),
        (ExceptionGroup("both", [AssertionError(), TimeoutError()]), "AssertionError, TimeoutError"),
    ],
    ids=repr,
)
def test_a_test_that_says_so_is_told_from_one_that_broke(error: Exception, ended: str) -> None:
    """A busy machine or a store that is away breaks tests, and proves nothing about what was removed."""
    assert what_ended(error) == ended


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_table_holds_only_where_all_were_caught(verdict: Verdict) -> None:
    """One that survived, or that nobody could judge, spoils it, and is named."""
    table = table_of([Finding(NOTHING, verdict, ("test_x.py::test_x",), 1.0)])

    assert table.held is (verdict is Verdict.CAUGHT)
    assert any("not caught: nothing" in row.measured for row in table.rows) is not table.held
