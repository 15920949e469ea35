"""`python -m compatibility`: refuses an API document that breaks what /v1 promised when it landed last.

`openapi/openapi.yaml` is what the route table makes now. `openapi/v1.landed.yaml` is the document as it landed last; it
is kept beside it, so that the comparison needs neither a network nor a history. It moves forward with `--land`, which
refuses as the comparison does: a promise can't be taken back by landing twice.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from compatibility.documents import breaking_changes

__all__ = ["main"]

_FOLDER: Final = Path(__file__).parents[1] / "openapi"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; status 1 where something breaks, or where `--landing` finds that the landed document is behind."""
    parser = argparse.ArgumentParser(prog="python -m compatibility", description=__doc__)
    parser.add_argument("--document", type=Path, default=_FOLDER / "openapi.yaml", help="default: %(default)s")
    parser.add_argument("--landed", type=Path, default=_FOLDER / "v1.landed.yaml", help="default: %(default)s")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--landing", action="store_true", help="also demand that the landed document is this one")
    what.add_argument("--land", action="store_true", help="make it the landed document, where nothing breaks")
    options = parser.parse_args(arguments)
    document: Path = options.document
    landed: Path = options.landed
    if not landed.exists() and not options.land:
        return _refuse(f"{landed.name} is not there. It comes back from the history, or with: make openapi")
    if landed.exists():
        today = datetime.now(UTC).date()  # noqa: TID251 - a command owns its clock
        breaks = breaking_changes(_read(landed), _read(document), today=today)
        if breaks:
            lines = "\n".join(f"  ✗ {each}" for each in breaks)
            return _refuse(f"{document.name} breaks what /v1 has promised; such a change ships at /v2:\n{lines}")
    if options.land:
        landed.write_bytes(document.read_bytes())
    elif options.landing and landed.read_bytes() != document.read_bytes():
        return _refuse(f"{landed.name} is behind {document.name}. Nothing breaks; let it land with: make openapi")
    return 0


def _read(path: Path) -> Any:  # noqa: ANN401 - a document is what it is
    return yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe in both cases


def _refuse(reason: str) -> int:
    sys.stderr.write(reason + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
