"""Generated proofs: good ones in every spelling, and good ones spoilt at one place or at several.

A case says what must come of it where that is known beforehand; where it is not, the judges decide.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from drills.fuzz.values import any_json, any_text, spelled
from tests.some_device import NOW, ORIGIN, PATH, URL, SomeDevice, b64, compact, new_key

__all__ = ["TOKEN", "Case", "Devices", "generate"]

TOKEN: Final = "an.access.token"  # noqa: S105 - of a test's device
_SECOND: Final = int(NOW.timestamp())
_GROUP_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class Case:
    """A proof and what must come of it: True accepted, False refused, None whatever the judges say."""

    family: str
    proof: str
    accepted: bool | None = None


class Devices:
    """Devices of every algorithm, made once in each process, and one good proof of each, signed already."""

    def __init__(self) -> None:
        self.good = [SomeDevice(name) for name in ("ES256", "ES256", "EdDSA", "Ed25519", "PS256")]
        self.large = SomeDevice("PS256", key=new_key("PS256", bits=4096))
        self.signed = [(device, device.proof(TOKEN, jti=f"before-{n}")) for n, device in enumerate(self.good * 8)]

    def some(self, rng: random.Random) -> SomeDevice:
        """A device; RSA seldom, because signing is what it is slow at."""
        return self.good[4] if rng.random() < 0.04 else self.good[rng.randrange(4)]


def generate(rng: random.Random, devices: Devices) -> Case:
    """The next case of a seeded stream."""
    (make,) = rng.choices(tuple(_FAMILIES.values()), tuple(_SHARES.values()))
    return make(rng, devices)


def _good(rng: random.Random, devices: Devices) -> Case:
    """A proof as the RFC allows it, in some unusual spelling."""
    device = devices.large if rng.random() < 0.002 else devices.some(rng)
    header, claims = device.header(), device.claims(TOKEN)
    if rng.random() < 0.4:
        header[f"x-{rng.randrange(99)}"] = any_json(rng)
    if rng.random() < 0.4:
        claims[f"x-{rng.randrange(99)}"] = any_json(rng)
    claims["jti"] = any_text(rng, 1, 128)
    claims["htu"] = rng.choice(_SAME_TARGETS)
    claims["iat"] = rng.choice((_SECOND, _SECOND - 59, _SECOND + 10, float(_SECOND), _SECOND - 0.25))
    proof = compact(device.key, spelled(rng, header), spelled(rng, claims))
    if len(proof) > _LONGEST:
        return Case("good", proof, accepted=False)
    return Case("good", proof, accepted=True)


def _text(rng: random.Random, devices: Devices) -> Case:
    """Characters replaced, removed, doubled, exchanged and inserted anywhere."""
    _, proof = rng.choice(devices.signed)
    before = proof
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(proof)) if proof else 0
        kind = rng.randrange(6)
        if kind == 0:
            proof = proof[:place] + rng.choice("AQgw_-.=+/ \t\né0") + proof[place + 1 :]
        elif kind == 1:
            proof = proof[:place] + proof[place + rng.choice((1, 1, 2, 40)) :]
        elif kind == 2:
            proof = proof[:place] + rng.choice(("A", "=", "==", ".", "..", "\x00", "\u2028", "%2E")) + proof[place:]
        elif kind == 3:
            proof = proof[:place] + proof[place : place + 1].swapcase() + proof[place + 1 :]
        elif kind == 4:
            proof = ".".join(rng.sample(proof.split("."), proof.count(".") + 1))
        else:
            proof = rng.choice(
                (proof + "\n", " " + proof, proof + ".", proof + proof, proof.replace("-", "+"), proof[:-1])
            )
    return Case("text", proof, accepted=None if proof == before else False)


def _header(rng: random.Random, devices: Devices) -> Case:
    """Members of the header replaced, and signed properly."""
    device = devices.some(rng)
    header = device.header()
    name = rng.choice(("typ", "alg", "jwk", "crit", "b64", "alg"))
    if rng.random() < 0.2:
        header.pop(name, None)
    else:
        header[name] = any_json(rng) if rng.random() < 0.5 else rng.choice(_HEADER_VALUES[name])
    return Case("header", compact(device.key, header, device.claims(TOKEN)))


def _key(rng: random.Random, devices: Devices) -> Case:
    """Members of the key replaced, or another key in its place."""
    device = devices.some(rng)
    jwk = dict(device.jwk)
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(("kty", "crv", "x", "y", "n", "e", "d", "p", "k", "alg", "use", "key_ops"))
        kind = rng.randrange(4)
        if kind == 0:
            jwk.pop(name, None)
        elif kind == 1:
            jwk[name] = any_json(rng)
        elif kind == 2:
            jwk[name] = rng.choice(("EC", "OKP", "RSA", "oct", "P-256", "P-384", "Ed25519", "X25519", "AQAB", "Aw", ""))
        else:
            jwk[name] = jwk[name] + "=" if isinstance(jwk.get(name), str) else "AA" * rng.randint(0, 40)
    if rng.random() < 0.1:
        jwk = devices.some(rng).jwk
    return Case("key", compact(device.key, device.header(jwk=jwk), device.claims(TOKEN)))


def _claims(rng: random.Random, devices: Devices) -> Case:
    """Claims replaced, by anything or by what is nearly right."""
    device = devices.some(rng)
    claims = device.claims(TOKEN)
    for _ in range(rng.randint(1, 2)):
        name = rng.choice(tuple(_CLAIM_VALUES))
        if rng.random() < 0.1:
            claims.pop(name, None)
        else:
            claims[name] = any_json(rng) if rng.random() < 0.3 else rng.choice(_CLAIM_VALUES[name])
    return Case("claims", compact(device.key, device.header(), claims))


def _duplicates(rng: random.Random, devices: Devices) -> Case:
    """A member twice, at any depth; which of the two is read must not matter."""
    device = devices.some(rng)
    header, claims = (json.dumps(part) for part in (device.header(), device.claims(TOKEN)))
    if rng.random() < 0.5:
        twice = rng.choice(
            ('{"alg":"none",', '{"typ":"dpop+jwt",', '{"jwk":{},', '{"x":{"a":1,"a":2},', '{"\\u0061lg":"ES256",')
        )
        header = twice + header[1:]
    else:
        twice = rng.choice(
            ('{"jti":"a",', '{"htm":"GET",', '{"iat":0,', '{"x":[{"a":1,"a":1}],', '{"\\u0068tm":"POST",')
        )
        claims = twice + claims[1:]
    return Case("duplicates", compact(device.key, header, claims), accepted=False)


def _signature(rng: random.Random, devices: Devices) -> Case:
    """Signatures that are another's, another form, or a number that is none."""
    device, proof = rng.choice(devices.signed)
    signed, _, signature = proof.rpartition(".")
    other = rng.choice(devices.signed)[1].rpartition(".")[2]
    edge = rng.choice((0, 1, _GROUP_ORDER - 1, _GROUP_ORDER, _GROUP_ORDER + 1, 2**256 - 1))
    mirrored = _mirrored(signature) if device.algorithm == "ES256" else signature
    numbers = (edge.to_bytes(32), rng.choice((0, 1, edge)).to_bytes(32))
    made = rng.choice(
        (
            other,
            b64(b"".join(numbers)),
            b64(bytes(64)),
            b64(rng.randbytes(64)),
            b64(rng.randbytes(63)),
            b64(bytes(256)),
            "",
            mirrored,
        )
    )
    return Case("signature", f"{signed}.{made}", accepted=None if made in (signature, mirrored) else False)


def _mirrored(signature: str) -> str:
    """The other S that is as good as this one: ECDSA's own, harmless here, since no signature is ever a name."""
    raw = base64.urlsafe_b64decode(signature + "==")
    return b64(raw[:32] + (_GROUP_ORDER - int.from_bytes(raw[32:])).to_bytes(32))


def _forged(rng: random.Random, devices: Devices) -> Case:
    """An Ed25519 key of small order, for which a signature of anything can be made up without a secret."""
    points = [each.to_bytes(32, "little") for each in (1, 0, 2**255 - 20, 2**255 - 18, 2**255 + 1)]
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(rng.choice(points))}
    header = {"typ": "dpop+jwt", "alg": rng.choice(("EdDSA", "Ed25519")), "jwk": jwk}
    parts = ".".join(b64(json.dumps(part).encode()) for part in (header, devices.good[0].claims(TOKEN)))
    # [S]B = R + [k]A holds for every message when S is zero and both points are the neutral element.
    return Case("forged", f"{parts}.{b64(rng.choice(points) + bytes(32))}", accepted=False)


def _splice(rng: random.Random, devices: Devices) -> Case:
    """Parts of different good proofs."""
    (_, one), (_, two) = rng.choice(devices.signed), rng.choice(devices.signed)
    parts = [rng.choice(pair) for pair in zip(one.split("."), two.split("."), strict=True)]
    proof = ".".join(parts)
    return Case("splice", proof, accepted=True if proof in (one, two) else None)


def _size(rng: random.Random, devices: Devices) -> Case:
    """As long as may be and longer, as deep as fits, as large a number as fits."""
    device = devices.some(rng)
    header, claims = json.dumps(device.header()), json.dumps(device.claims(TOKEN))
    kind = rng.randrange(6)
    if kind == 0:
        proof = compact(device.key, header, claims[:-1] + ',"x":"' + "x" * rng.randint(1200, 3200) + '"}')
        return Case("size", proof, accepted=len(proof) <= _LONGEST)
    if kind == 1:
        deep = rng.randint(10, 1200)
        opening, closing = rng.choice((("[", "]"), ('{"a":', "}")))
        return Case(
            "size", compact(device.key, header, claims[:-1] + ',"x":' + opening * deep + "1" + closing * deep + "}")
        )
    if kind == 2:
        number = rng.choice(("9" * rng.randint(20, 2000), "1e" + "9" * rng.randint(1, 300), "-0." + "0" * 2000 + "1"))
        name = rng.choice(("iat", "exp", "nbf", "x"))
        return Case(
            "size", compact(device.key, header, claims.replace('"iat":', '"was":')[:-1] + f',"{name}":{number}}}')
        )
    if kind == 3:
        return Case(
            "size", rng.choice(("a", ".", "A.", "é", "\x00")) * rng.choice((4097, 100_000, 1_000_000)), accepted=False
        )
    if kind == 4:
        return Case("size", device.proof(TOKEN) + "." * rng.choice((1, 5_000, 500_000)), accepted=False)
    many = ",".join(f'"m{n}":{n}' for n in range(rng.randint(50, 240)))
    return Case("size", compact(device.key, header, claims[:-1] + "," + many + "}"))


def _noise(rng: random.Random, devices: Devices) -> Case:
    """Whatever a header field can carry, and some that it can't; signed nonsense too."""
    device = devices.some(rng)
    kind = rng.randrange(4)
    if kind == 0:
        return Case("noise", any_text(rng, 0, 400), accepted=False)
    if kind == 1:
        return Case("noise", rng.randbytes(rng.randint(0, 400)).decode("latin-1"), accepted=False)
    if kind == 2:
        return Case("noise", ".".join(b64(rng.randbytes(rng.randint(0, 200))) for _ in range(3)), accepted=False)
    raw = rng.choice(
        (any_text(rng, 0, 200), json.dumps(any_json(rng)), "\ufeff" + json.dumps(device.claims(TOKEN)), "[]", "null")
    )
    return Case("noise", compact(device.key, json.dumps(device.header()), raw), accepted=False)


_LONGEST: Final = 4096
_SAME_TARGETS: Final = (
    URL, URL + "?a=b", URL + "#x", URL.replace("https://desk", "HTTPS://DESK"), URL.replace(".example", ".example:443"),
    URL.replace("dashboard", "%64ashboard"), URL.replace("/dashboard", "/x/../dashboard"),
)  # fmt: skip
_HEADER_VALUES: Final[dict[str, tuple[Any, ...]]] = {
    "typ": ("DPOP+JWT", "jwt", "at+jwt", "application/dpop+jwt", "dpop+jwt ", "dpop\u2011jwt", "dpop+jwt"),
    "alg": ("none", "None", "HS256", "RS256", "ES384", "ES256", "EdDSA", "Ed25519", "PS256", "es256", "PS384", "Ed448"),
    "jwk": (None, {}, "jwk", [], {"kty": "oct", "k": "AAAA"}, {"kty": "EC"}),
    "crit": ([], ["b64"], ["exp"], None),
    "b64": (False, True, None),
}
_CLAIM_VALUES: Final[dict[str, tuple[Any, ...]]] = {
    "jti": ("", "x" * 128, "x" * 129, "\u0000", "\ud800", 5),
    "htm": ("get", "GET ", "POST", "\uff27ET", ["GET"]),
    "htu": (
        *_SAME_TARGETS, PATH, ORIGIN, URL + "/", URL.upper(), URL.replace("https", "http"),
        "https://u@desk.example" + PATH, URL.replace("desk.", "desk\u3002"), URL.replace("example", "example:444"),
        URL.replace("dashboard", "dashboard%2F"), URL.replace("v1", "V1"), "https://desk.example.evil" + PATH,
        "https://desk.example@evil" + PATH, URL + "\n", URL + "\\",
    ),
    "iat": (_SECOND - 61, _SECOND - 60, _SECOND + 11, str(_SECOND), True, -1, 1e300, _SECOND + 10.4, _SECOND + 10.6, 0),
    "ath": (b64(bytes(32)), "", "A" * 44, b64(bytes(32)) + "=", TOKEN),
    "exp": (_SECOND - 1, _SECOND + 1, _SECOND, "soon", None, True),
    "nbf": (_SECOND - 1, _SECOND + 11, _SECOND + 9, "soon", None),
    "nonce": ("", "n", "n" * 256, "n" * 257, 5, None),
    "digest": ("", "sha-256=:" + "A" * 43 + "=:", "sha-256=:AAAA:", 5, None, "sha-512=:" + "A" * 43 + "=:"),
}  # fmt: skip
_FAMILIES: Final[dict[str, Callable[[random.Random, Devices], Case]]] = {
    "good": _good, "text": _text, "header": _header, "key": _key, "claims": _claims, "duplicates": _duplicates,
    "signature": _signature, "forged": _forged, "splice": _splice, "size": _size, "noise": _noise,
}  # fmt: skip
_SHARES: Final = {
    "good": 14, "text": 24, "header": 12, "key": 12, "claims": 14, "duplicates": 4, "signature": 8, "forged": 1,
    "splice": 3, "size": 3, "noise": 5,
}  # fmt: skip
