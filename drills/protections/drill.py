"""The drill: every protection removed in turn, in the order of the list, each with its line in the table."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from drills.protections.builders import of_the_builders
from drills.protections.journal import Journal
from drills.protections.listed import Protection
from drills.protections.runs import Finding, Laboratory, Verdict
from drills.protections.schema import of_the_schema
from drills.protections.scratch import ROOT, Databases
from drills.protections.sources import of_the_source
from drills.tables import Table

__all__ = ["chosen", "every_protection", "protections", "table_of", "thinned"]

Told = Callable[[str, int, int], None]


async def protections(
    folder: Path,
    *,
    progress: Told,
    only: Sequence[str] = (),
    thin: bool = False,
    journal: Path | None = None,
    tell: Callable[[Finding], None] | None = None,
) -> list[Table]:
    """Remove each protection whose name is one of `only` (shell patterns; none: all), and run the suite without it.

    What a `journal` says was caught is not tried again, and is in the table.

    Raises:
        ProtectionMovedError: the list of protections is not true of the source.
        RuntimeError: the suite fails with every protection in its place, or none is of that name.
    """
    async with Laboratory.open(folder) as laboratory:
        # Made before the run, because it notes when that began.
        table = _blank()
        listed = chosen(await every_protection(laboratory.databases), only)
        listed = thinned(listed) if thin else listed
        kept = Journal(journal)
        found = kept.caught(listed)
        left = [each for each in listed if each.name not in found]
        progress("the suite, nothing removed", len(found), len(listed))
        await laboratory.healthy(_files(left))
        for protection in left:
            progress(protection.name, len(found), len(listed))
            found[protection.name] = finding = await laboratory.removed(protection)
            kept.write(finding)
            if tell is not None:
                tell(finding)
        progress("done", len(listed), len(listed))
    table = table_of([found[each.name] for each in listed], table)
    if len(left) < len(listed):
        table.told("of these caught in earlier parts of this run, by its journal", str(len(listed) - len(left)))
    return [table]


def _files(listed: Iterable[Protection]) -> list[str]:
    """The files of the tests that these protections need, each once."""
    tests = {test for each in listed for suite in each.suites for test in suite}
    return sorted({test.partition("::")[0] for test in tests})


async def every_protection(databases: Databases) -> list[Protection]:
    """What Postgres's catalogue, the builders of keys and the list of the source name, in this order.

    Raises:
        RuntimeError: two have one name.
    """
    async with databases.catalogue() as connection:
        found = [*await of_the_schema(connection), *of_the_builders(ROOT), *of_the_source()]
    twice = [name for name, times in Counter(each.name for each in found).items() if times > 1]
    if twice:
        raise RuntimeError(f"protections of one name: {', '.join(twice)}")
    return found


def chosen(listed: Sequence[Protection], only: Sequence[str]) -> list[Protection]:
    """Those whose name is one of these patterns; all where there is no pattern.

    Raises:
        RuntimeError: a pattern chooses none.
    """
    for pattern in only:
        if not fnmatch.filter([each.name for each in listed], pattern):
            raise RuntimeError(f"there is no protection '{pattern}'")
    return [each for each in listed if not only or any(fnmatch.fnmatchcase(each.name, one) for one in only)]


def thinned(listed: Sequence[Protection]) -> list[Protection]:
    """The first of each kind: one table loses its policy, one its FORCE, one key its tenant, and so on."""
    return list({_kind_of(each): each for each in reversed(listed)}.values())[::-1]


def _blank() -> Table:
    return Table(
        "protections",
        "One protection between tenants removed at a time",
        "Postgres's catalogue, the builders of Redis keys and a list of the source name what keeps tenants apart. Each "
        "is removed alone, in a database or a copy of the checkout of the drill's own, and the isolation suite runs "
        "until its first failure. What the schema says must be missed twice: by a test that reads the catalogue and "
        "by one that tries rows. Nothing may survive, and nothing counts that fails for another reason than a test.",
    )


def table_of(findings: Iterable[Finding], table: Table | None = None) -> Table:
    """A line for each table, role and kind of key, and one for each protection of the source."""
    table, findings = table or _blank(), list(findings)
    by_verdict = Counter(each.verdict for each in findings)
    table.told("protections removed", str(len(findings)))
    table.judged("caught", "all", str(by_verdict[Verdict.CAUGHT]), held=by_verdict[Verdict.CAUGHT] == len(findings))
    table.judged("survived", "0", str(by_verdict[Verdict.SURVIVED]), held=not by_verdict[Verdict.SURVIVED])
    table.judged("not judged", "0", str(by_verdict[Verdict.UNJUDGED]), held=not by_verdict[Verdict.UNJUDGED])
    for kind, group in _grouped(findings, lambda each: _kind_of(each.protection)).items():
        if len(group) > 1:
            _judge(table, f"each `{kind}`", group)
    for name, group in _grouped(findings, lambda each: each.protection.group or each.protection.name).items():
        kinds = Counter(_kind_of(each.protection) for each in group)
        what = f"{name}: {_kinds(kinds) if len(group) > 1 else group[0].protection.place}"
        _judge(table, what, group)
    return table


def _grouped(findings: Iterable[Finding], by: Callable[[Finding], str]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for each in findings:
        groups.setdefault(by(each), []).append(each)
    return groups


def _judge(table: Table, what: str, group: Sequence[Finding]) -> None:
    caught = [each for each in group if each.verdict is Verdict.CAUGHT]
    seconds = sum(each.seconds for each in group)
    table.judged(
        what, f"{len(group)} caught", f"{len(caught)}, by {_tests(caught)}; {seconds:.1f} s{_others(group)}",
        held=len(caught) == len(group),
    )  # fmt: skip


def _kind_of(protection: Protection) -> str:
    """The first word of the name."""
    return protection.name.partition(" ")[0]


def _kinds(kinds: Counter[str]) -> str:
    return ", ".join(f"{kind}{f' {times} times' if times > 1 else ''}" for kind, times in kinds.items())


def _tests(findings: Iterable[Finding]) -> str:
    names = Counter(test.rpartition("::")[2].partition("[")[0] for each in findings for test in each.by)
    return (
        ", ".join(f"`{name}`{f' {times} times' if times > 1 else ''}" for name, times in names.most_common()) or "none"
    )


def _others(group: Iterable[Finding]) -> str:
    names = [f"{each.protection.name} ({each.verdict})" for each in group if each.verdict is not Verdict.CAUGHT]
    return f"; not caught: {', '.join(names)}" if names else ""
