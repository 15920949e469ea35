"""The conformance suite finds each planted defect, and nothing in a server that has none."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from conformance.__main__ import main
from conformance.platform import Simulator
from conformance.promises import PROMISES
from tests.fakes.scripted_live_server import serving
from tests.worlds import World

PLANTED = [
    ("headers_missing", "headers-that-keep-proxies-out"),
    ("ready_missing", "first-event-is-ready"),
    ("cursor_not_id", "first-event-is-ready"),
    ("heartbeats_missing", "heartbeats-are-comments"),
    ("superseded_silently", "newest-stream-wins"),
    ("poll_supersedes", "polling-supersedes-nothing"),
    ("poll_from_the_beginning", "polling-starts-now"),
    ("wait_ignored", "wait-is-bounded"),
    ("wait_unbounded", "wait-is-bounded"),
    ("cursors_unchecked", "malformed-cursors-are-refused"),
    ("errors_unnamed", "malformed-cursors-are-refused"),
    ("channels_unchecked", "unknown-channels-are-refused"),
    ("recovered_never", "resuming-where-nothing-happened"),
    ("members_missing", "events-are-well-formed"),
    ("ids_missing", "events-are-well-formed"),
    ("resume_repeats", "resuming-loses-and-repeats-nothing"),
    ("resume_loses", "resuming-loses-and-repeats-nothing"),
    ("ids_differ", "stream-and-polling-tell-the-same"),
    ("wait_asleep", "a-waiting-poll-is-woken"),
    ("channels_ignored", "channels-are-chosen"),
    ("tenants_mixed", "another-tenant-hears-nothing"),
    ("hotels_mixed", "another-hotel-hears-nothing"),
    ("hints_missing", "hints-are-coalesced"),
    ("hints_uncoalesced", "hints-are-coalesced"),
    ("gap_silent", "a-gap-is-announced"),
    ("unbounded", "slow-readers-are-cut-off"),
    ("overflow_silent", "slow-readers-are-cut-off"),
    ("revocation_ignored", "revocation-ends-the-stream"),
    ("revocation_silent", "revocation-ends-the-stream"),
    ("revoked_resumes", "revocation-ends-the-stream"),
    ("outlives_token", "a-stream-ends-with-its-token"),
]


def examine(address: str, *arguments: str, patience: float = 1.5) -> int:
    """Run the command against a scripted server, which keeps a hundred events.

    A defect is seen by what does not come, so patience with one costs its time; a promise that is kept costs none.
    """
    return main([address, "--platform", address, "--patience", str(patience), "--history", "150", *arguments])


def verdicts(printed: str) -> dict[str, str]:
    """The verdict of each check."""
    return {each["name"]: each["verdict"] for each in json.loads(printed)}


def test_a_server_that_keeps_its_promises_passes(capsys: pytest.CaptureFixture[str]) -> None:
    """Every check finds its promise kept."""
    with serving() as address:
        assert examine(address, patience=15) == 0, capsys.readouterr().out

    assert f"{len(PROMISES)} kept, 0 broken, 0 left out" in capsys.readouterr().out


@pytest.mark.parametrize(("defect", "name"), PLANTED)
def test_each_planted_defect_is_found(defect: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By its own check, which says what was seen and where to look."""
    with serving(defect) as address:
        assert examine(address, "--only", name) == 1

    printed = capsys.readouterr().out
    assert f"({name}, " in printed
    assert "seen: " in printed
    assert "mend: " in printed


def test_every_check_can_fail() -> None:
    """There is a defect for each."""
    assert {name for _, name in PLANTED} == {each.name for each in PROMISES}


def test_without_a_platform_the_rest_is_left_out_and_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A token, its key and its device are enough for what needs nothing to happen."""
    with serving() as address:
        desk = Simulator(address, "", httpx2.Client()).desk()
        pem = desk.key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "key").write_bytes(pem)
        (tmp_path / "token").write_text(desk.token)
        own = ["--token", str(tmp_path / "token"), "--key", str(tmp_path / "key"), "--device", desk.device_id]
        desk.http.close()

        assert main([address, *own, "--format", "json"]) == 0

    found = verdicts(capsys.readouterr().out)
    assert set(found) == {each.name for each in PROMISES}
    assert {found["first-event-is-ready"], found["wait-is-bounded"]} == {"kept"}
    assert {found["hints-are-coalesced"], found["revocation-ends-the-stream"]} == {"skipped"}


def test_the_report_for_machines_is_junit(capsys: pytest.CaptureFixture[str]) -> None:
    """A broken promise is a failure with what was seen."""
    with serving("headers_missing") as address:
        only = ["--only", "headers-that-keep-proxies-out", "--only", "polling-starts-now"]
        assert examine(address, *only, "--format", "junit", patience=15) == 1

    suite = ET.fromstring(capsys.readouterr().out)  # noqa: S314 - what was just written here
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "X-Accel-Buffering" in str(suite.findtext(".//failure"))


@pytest.mark.parametrize("arguments", [[], ["--platform", "http://127.0.0.1:9"]])
def test_nothing_to_check_is_said_so(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, which is neither kept nor broken."""
    assert main(["http://127.0.0.1:9", *arguments]) == 2
    assert "Nothing could be checked" in capsys.readouterr().err


def test_this_service_conforms(own_world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The running service keeps every promise of the live stream and its polling."""
    assert main([own_world.bff, "--platform", own_world.sim]) == 0, capsys.readouterr().out
    assert "0 broken, 0 left out" in capsys.readouterr().out
