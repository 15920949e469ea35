"""Hold a server to the promises of the live stream and its polling (contract, section 6).

With --platform the suite signs in at the platform's simulator and makes things happen there, and everything is checked.
Without it, give it a token and its device's key: what needs something to happen is then left out, and said so.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx2

from conformance import ending_checks, quiet_checks, telling_checks
from conformance.desk import PATIENCE, BrokenPromiseError, Desk
from conformance.device_key import DeviceKey
from conformance.platform import Simulator
from conformance.promises import PROMISES, NeedsPlatformError, Promise, Setting
from conformance.report import Finding, Verdict, as_json, as_junit, line

__all__ = ["examined", "main"]

_CHECKED = (quiet_checks, telling_checks, ending_checks)
"""Importing them puts their checks on the list."""

_PREFIX = "/bff/backoffice/v1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, and report; status 1 where a promise is broken, 2 where nothing could be checked."""
    options = _options(arguments)
    if options.list:
        sys.stdout.writelines(f"{each.name:36} {each.sentence}\n" for each in PROMISES)
        return 0
    # No connection is used twice: a server may close an idle one at the moment of its next request (RFC 9112,
    # section 9.3.1), which would be found here as a broken promise.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    with httpx2.Client(limits=limits, timeout=10) as http:
        try:
            setting = _setting(options, http)
        except (httpx2.HTTPError, LookupError, OSError, ValueError) as error:
            sys.stderr.write(f"Nothing could be checked: {error}\n")
            return 2
        findings = []
        for finding in examined(setting, options.only):
            findings.append(finding)
            if options.format == "text":
                sys.stdout.write(line(finding) + "\n")
                sys.stdout.flush()
    broken = sum(each.verdict is Verdict.BROKEN for each in findings)
    if options.format == "text":
        skipped = sum(each.verdict is Verdict.SKIPPED for each in findings)
        sys.stdout.write(f"\n{len(findings) - broken - skipped} kept, {broken} broken, {skipped} left out\n")
    else:
        sys.stdout.write((as_json if options.format == "json" else as_junit)(findings) + "\n")
    return 1 if broken else 0


def examined(setting: Setting, only: Sequence[str] = ()) -> Iterator[Finding]:
    """Check the promises one after the other; `only` names those that are wanted, all where it is empty."""
    for each in PROMISES:
        if not only or each.name in only:
            yield _finding(each, setting)


def _finding(each: Promise, setting: Setting) -> Finding:
    began = time.monotonic()
    try:
        each.check(setting)
    except BrokenPromiseError as broken:
        return Finding(each, Verdict.BROKEN, time.monotonic() - began, str(broken))
    except NeedsPlatformError:
        return Finding(each, Verdict.SKIPPED, 0.0, "left out: something has to happen, see --platform")
    except (httpx2.HTTPError, LookupError, ValueError, TypeError) as error:
        # What a client trips over is not what it was promised.
        return Finding(each, Verdict.BROKEN, time.monotonic() - began, f"{type(error).__name__}: {error}")
    return Finding(each, Verdict.KEPT, time.monotonic() - began)


def _setting(options: argparse.Namespace, http: httpx2.Client) -> Setting:
    service = options.address.rstrip("/") + options.prefix
    if options.platform is not None:
        platform = Simulator(options.platform.rstrip("/"), service, http, options.patience)
        return Setting(None, platform, options.history)
    if options.token is None or options.key is None or options.device is None:
        raise ValueError("give --platform, or --token, --key and --device")
    key = DeviceKey.of_file(options.key)
    return Setting(Desk(service, options.device, key, options.token.read_text().strip(), http, options.patience), None)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m conformance",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Against the developer world:  python -m conformance --platform http://127.0.0.1:8090",
    )
    parser.add_argument("address", nargs="?", default="http://127.0.0.1:8083", help="the server (default: %(default)s)")
    parser.add_argument("--prefix", default=_PREFIX, help="what its addresses begin with (default: %(default)s)")
    parser.add_argument("--platform", metavar="URL", help="the platform's simulator: signs in there, publishes events")
    own = parser.add_argument_group("without a platform")
    own.add_argument("--token", type=Path, metavar="FILE", help="an access token that is bound to the key")
    own.add_argument("--key", type=Path, metavar="FILE", help="the device's P-256 key, as PEM")
    own.add_argument("--device", metavar="ID", help="the device of the token")
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE,
        metavar="S",
        help="how long what should be at once may take (%(default)g)",
    )
    parser.add_argument(
        "--history", type=int, default=1200, metavar="N", help="more events than a channel's log keeps (%(default)s)"
    )
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="just this check; may come again")
    parser.add_argument("--format", choices=("text", "json", "junit"), default="text", help="of the report")
    parser.add_argument("--list", action="store_true", help="name the checks and their promises, and end")
    options = parser.parse_args(arguments)
    unknown = set(options.only) - {each.name for each in PROMISES}
    if unknown:
        parser.error(f"no such check: {', '.join(sorted(unknown))}; --list names them")
    return options


if __name__ == "__main__":
    sys.exit(main())
