"""A million proofs through the verifier, and two JOSE libraries as its judges."""
