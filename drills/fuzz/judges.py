"""Who judges the verifier: two libraries, and the rules of RFC 9449 written down once more without a line of ours."""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
import re
from datetime import datetime
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

from bff_backoffice.domain.device_proof import PublicOrigins, VerifiedProof
from bff_backoffice.domain.errors import Refusal
from bff_backoffice.infrastructure.dpop import ProofVerifier
from drills.fuzz.proofs import TOKEN
from tests.jose_witnesses import joserfc_claims, pyjwt_claims
from tests.some_device import NOW, ORIGIN, PATH, b64

__all__ = ["NotAProofError", "Verifier", "judge", "libraries_accept", "new_verifier", "verdict"]

_ORIGINS: Final = PublicOrigins.parse([ORIGIN])
_KINDS: Final = {
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
    "PS256": ("RSA", None),
}
_PRIVATE: Final = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}
_THUMBPRINT: Final = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
_RSA_BITS: Final = range(2048, 4097)


class NotAProofError(AssertionError):
    """What was accepted should not have been; the message says why."""


class Verifier(Protocol):
    """What is tried."""

    def verify(self, proof: str, *, method: str, path: str, access_token: str | None, now: datetime) -> VerifiedProof:
        """Return what the proof proves, or raise a `Refusal`."""
        ...


def new_verifier() -> Verifier:
    """A verifier that has seen nothing yet."""
    return ProofVerifier(_ORIGINS)


def verdict(verifier: Verifier, proof: str) -> VerifiedProof | None:
    """What the verifier makes of it. Anything but a result or a refusal is raised, and is a defect."""
    try:
        return verifier.verify(proof, method="GET", path=PATH, access_token=TOKEN, now=NOW)
    except Refusal:
        return None


def libraries_accept(proof: str) -> bool:
    """Whether both libraries find the signature good, whatever the claims say."""
    return joserfc_claims(proof) is not None and pyjwt_claims(proof) is not None


def judge(proof: str, verified: VerifiedProof) -> None:
    """Look at an accepted proof in every way that the standards name.

    Raises:
        NotAProofError: it should have been refused, or it was read differently by somebody.
    """
    claims = joserfc_claims(proof)
    _demand(claims is not None, "joserfc refuses it")
    _demand(repr(pyjwt_claims(proof)) == repr(claims), "PyJWT refuses it or reads other claims")
    _demand(len(proof) <= 4096, "it is too long")
    header_text, claims_text = (_decoded(part) for part in proof.split(".")[:2])
    header = _object(header_text)
    _demand(repr(_object(claims_text)) == repr(claims), "its claims are read in two ways")
    _judge_header(header, verified)
    _judge_claims(claims, verified)


def _judge_header(header: dict[str, Any], verified: VerifiedProof) -> None:
    jwk, algorithm = header["jwk"], header["alg"]
    _demand(header["typ"] == "dpop+jwt" and not {"crit", "b64"} & set(header), "it is of another type")
    _demand((jwk["kty"], jwk.get("crv")) == _KINDS[algorithm], "its algorithm is not its key's")
    _demand(not _PRIVATE & set(jwk), "its key is private")
    if algorithm == "PS256":
        _demand(int.from_bytes(_decoded(jwk["n"])).bit_length() in _RSA_BITS, "its key is too short or too long")
    members = json.dumps({name: jwk[name] for name in _THUMBPRINT[jwk["kty"]]}, separators=(",", ":"), sort_keys=True)
    _demand(b64(hashlib.sha256(members.encode()).digest()) == verified.thumbprint, "its thumbprint is another")


def _judge_claims(claims: dict[str, Any], verified: VerifiedProof) -> None:
    now = NOW.timestamp()
    _demand(isinstance(claims["jti"], str) and 0 < len(claims["jti"]) <= 128, "its jti is none")
    _demand(claims["jti"] == verified.jti, "its jti was read differently")
    _demand(claims["htm"] == "GET", "it is for another method")
    _demand(_same_target(claims["htu"]), "it is for another address")
    _demand(_is_number(claims["iat"]) and now - 60 <= claims["iat"] <= now + 10, "it is too old or too new")
    _demand(claims["ath"] == b64(hashlib.sha256(TOKEN.encode()).digest()), "it is for another token")
    _demand("exp" not in claims or (_is_number(claims["exp"]) and claims["exp"] > now), "it has expired")
    _demand("nbf" not in claims or (_is_number(claims["nbf"]) and claims["nbf"] <= now + 10), "it is not valid yet")
    _demand(claims.get("nonce", "x") != "" and isinstance(claims.get("nonce", "x"), str), "its nonce is none")
    digest = claims.get("digest", "sha-256=:" + "A" * 43 + "=:")
    _demand(
        isinstance(digest, str) and re.fullmatch(r"sha-256=:[A-Za-z0-9+/]{43}=:", digest) is not None,
        "its digest is none",
    )


def _same_target(htu: object) -> bool:
    if not isinstance(htu, str) or re.search(r"[^!-~]", htu):
        return False
    parts = urlsplit(htu)
    path = unquote(parts.path)
    return (
        parts.scheme == "https" and parts.netloc.lower() in {"desk.example", "desk.example:443"}
        and "%2" not in parts.path and posixpath.normpath(path) == path.replace("/x/..", "") == PATH
    )  # fmt: skip


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _decoded(segment: str) -> bytes:
    raw = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    _demand(b64(raw) == segment, "its base64 has another spelling")
    return raw


def _object(raw: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        _demand(len({name for name, _ in pairs}) == len(pairs), "it has a member twice")
        return dict(pairs)

    def constant(name: str) -> None:
        raise NotAProofError(f"{name} is no JSON")

    value = json.loads(raw.decode("utf-8"), object_pairs_hook=unique, parse_constant=constant)
    _demand(isinstance(value, dict), "it is no object")
    return dict(value)


def _demand(held: bool, complaint: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not held:
        raise NotAProofError(complaint)
