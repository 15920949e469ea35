"""The keys that settings name: exchange with overlap, and words that help where one is missing or wrong."""

from __future__ import annotations

from typing import Any

import pytest

from bff_backoffice.infrastructure.dpop import SigningKey
from bff_backoffice.settings import load_settings
from bff_backoffice.signing_keys import open_own_keys

OLD = SigningKey(bytes(range(32)))
NEW_SEED = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
NEW = SigningKey.from_text(NEW_SEED)
NEEDED = {
    "BFF_REDIS_SESSIONS_URL": "redis://127.0.0.1/0",
    "BFF_REDIS_CACHE_URL": "redis://127.0.0.1/1",
    "BFF_POSTGRES_APP_DSN": "postgresql://127.0.0.1/bff",
    "BFF_UPSTREAM_BASE_URL": "http://127.0.0.1/{service}",
    "BFF_UPSTREAM_IDENTITY_TOKEN": "token",
    "BFF_AUTH_ISSUER": "https://iam.example",
}


def settings(**keys: str) -> Any:
    """Settings that work, with these about keys."""
    return load_settings({**NEEDED, **{f"BFF_{name.upper()}": value for name, value in keys.items()}})


def test_during_an_exchange_both_keys_are_published_and_one_signs() -> None:
    """The one that signs comes first; the one before it is still there for what it signed."""
    keys = open_own_keys(settings(signing_key=NEW_SEED, signing_keys_published=OLD.public_jwk["x"]))

    assert keys.signer.key_id == NEW.key_id
    assert [key["kid"] for key in keys.published] == [NEW.key_id, OLD.key_id]


def test_a_key_that_signs_and_is_listed_too_is_published_once() -> None:
    """Two replicas in the middle of an exchange may have one list."""
    both = f"{NEW.public_jwk['x']}, {OLD.public_jwk['x']}"

    keys = open_own_keys(settings(signing_key=NEW_SEED, signing_keys_published=both))

    assert [key["kid"] for key in keys.published] == [NEW.key_id, OLD.key_id]


def test_without_a_key_the_words_say_how_to_make_one() -> None:
    """The setting's name, what it is for, and the command."""
    with pytest.raises(ValueError, match=r"^BFF_SIGNING_KEY: is not set\. .*openssl rand 32"):
        open_own_keys(settings())


def test_a_broken_key_is_named_and_not_shown() -> None:
    """A secret that was cut short is still most of a secret."""
    with pytest.raises(ValueError, match=r"^BFF_SIGNING_KEY: a signing key is 32 bytes") as refused:
        open_own_keys(settings(signing_key=NEW_SEED[:-2]))

    assert NEW_SEED[:-2] not in str(refused.value)


def test_a_broken_public_part_is_named_and_shown() -> None:
    """It is no secret, and there may be several."""
    with pytest.raises(ValueError, match=r"^BFF_SIGNING_KEYS_PUBLISHED: 'nonsense' is not the public part"):
        open_own_keys(settings(signing_key=NEW_SEED, signing_keys_published=f"{OLD.public_jwk['x']},nonsense"))
