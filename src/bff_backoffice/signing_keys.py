"""The service's own keys, from settings: the one that signs, and those that are published beside it.

A part of the composition root. While a key is exchanged two are published: the next one before it signs anything, the
last one for as long as somebody may hold what it signed.
"""

from __future__ import annotations

from bff_backoffice.application.ports import OwnKeys
from bff_backoffice.infrastructure.dpop import SigningKey, published_key
from bff_backoffice.settings import Settings

__all__ = ["open_own_keys"]


def open_own_keys(settings: Settings) -> OwnKeys:
    """Return the keys that the settings name.

    Raises:
        ValueError: none signs, or one of them is no key; the message names the setting and says how to mend it.
    """
    if settings.signing_key is None:
        raise ValueError(
            "BFF_SIGNING_KEY: is not set. Downtime packs and sync session tokens are signed with it. Make one with "
            "`openssl rand 32 | basenc --base64url | tr -d =` and keep it where the other secrets are."
        )
    try:
        signer = SigningKey.from_text(settings.signing_key.get_secret_value())
    except ValueError as error:
        raise ValueError(f"BFF_SIGNING_KEY: {error}.") from None
    others = []
    for x in settings.signing_keys_published:
        try:
            others.append(published_key(x))
        except ValueError as error:
            raise ValueError(f"BFF_SIGNING_KEYS_PUBLISHED: '{x}' is {error}.") from None
    by_id = {key["kid"]: key for key in (signer.public_jwk, *others)}
    return OwnKeys(signer=signer, published=tuple(by_id.values()))
