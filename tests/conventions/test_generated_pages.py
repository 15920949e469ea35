"""Pages that are made from the source are what the source makes now."""

from __future__ import annotations

from pathlib import Path

from bff_backoffice.settings import Settings
from bff_backoffice.settings_page import page

ROOT = Path(__file__).parents[2]


def test_the_page_of_settings_is_current() -> None:
    """`docs/settings.md` is what the settings object generates now."""
    written = (ROOT / "docs/settings.md").read_text(encoding="utf-8")

    assert written == page(), "run: make settings"


def test_every_setting_is_described_for_a_person() -> None:
    """Each has a sentence; each that must be given has an example, but for secrets that have none."""
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.strip().endswith((".", "`")), name
        if field.is_required() and "token" not in name:
            assert field.examples, name


def test_no_secret_has_a_default() -> None:
    """Whatever is a secret is not set until somebody sets it."""
    for name, field in Settings.model_fields.items():
        if "SecretStr" in str(field.annotation):
            assert field.is_required() or field.default is None, name
