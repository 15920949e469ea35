"""What the signature check alone allows: ES256 over a proof of the usual length, with the service's own library."""

from __future__ import annotations

import os
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench.desktops import DeviceKey
from bench.machine import GENERATOR_CORE, SERVICE_CORE

__all__ = ["verifications_per_second"]


def verifications_per_second(seconds: float) -> float:
    """Verifications of one second of processor time on the core of the service."""
    os.sched_setaffinity(0, {SERVICE_CORE})
    try:
        return _measured(seconds)
    finally:
        os.sched_setaffinity(0, {GENERATOR_CORE})


def _measured(seconds: float) -> float:
    key = DeviceKey()
    proof = key.proof("GET", "http://127.0.0.1:8083/bff/backoffice/v1/session", token_hash="x" * 43)
    signed = proof.rpartition(".")[0].encode()
    algorithm = ec.ECDSA(hashes.SHA256())
    signature, public = key.private.sign(signed, algorithm), key.private.public_key()
    best = 0.0
    for _ in range(3):
        count, started = 0, time.process_time()
        while (spent := time.process_time() - started) < seconds:
            for _ in range(100):
                public.verify(signature, signed, algorithm)
            count += 100
        best = max(best, count / spent)
    return best
