"""Two JOSE libraries that know nothing of each other nor of us: what each makes of a proof's signature and claims."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

import jwt
from joserfc import jwk as jose_jwk
from joserfc import jws as jose_jws
from joserfc.errors import JoseError

__all__ = ["joserfc_claims", "pyjwt_claims"]

_ALGORITHMS: Final = ["ES256", "EdDSA", "Ed25519", "PS256"]
_LONGEST_HEADER: Final = 4096
_UNCHECKED: Final = dict.fromkeys(
    ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_jti", "verify_sub"), False
)


def joserfc_claims(proof: str) -> Any:
    """The claims, if joserfc finds the signature good under the key that the proof carries; else None."""
    try:
        header = json.loads(base64.urlsafe_b64decode(proof.partition(".")[0] + "=="))
        members = {name: header["jwk"][name] for name in ("kty", "crv", "x", "y", "n", "e") if name in header["jwk"]}
        key = jose_jwk.import_key(members)
        registry = jose_jws.JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
        registry.max_header_length = _LONGEST_HEADER
        signed = jose_jws.deserialize_compact(proof, key, algorithms=_ALGORITHMS, registry=registry)
        return json.loads(signed.payload)
    except (JoseError, ValueError, KeyError, TypeError, RecursionError):
        return None


def pyjwt_claims(proof: str) -> Any:
    """The same by PyJWT."""
    try:
        header = jwt.get_unverified_header(proof)
        algorithm = "EdDSA" if header["alg"] == "Ed25519" else header["alg"]
        key = jwt.PyJWK({**header["jwk"], "alg": algorithm}).key
        if header["alg"] == "Ed25519":
            # PyJWT does not know RFC 9864's name; the key is its own reading all the same.
            signed, _, signature = proof.rpartition(".")
            key.verify(base64.urlsafe_b64decode(signature + "=="), signed.encode())
            return json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
        return jwt.decode(proof, key, algorithms=[algorithm], options={**_UNCHECKED})  # type: ignore[arg-type] # a plain dict
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, RecursionError):
        return None
