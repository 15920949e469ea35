"""The weight that a client gives a choice in `Accept-Language` and `Accept-Encoding` (RFC 9110, section 12.4.2)."""

from __future__ import annotations

__all__ = ["quality"]


def quality(parameter: str) -> float:
    """Return the weight of what stands behind a choice's first `;`: 1 if there is nothing, 0 where it can't be read."""
    name, _, value = parameter.partition("=")
    if not parameter.strip():
        return 1.0
    try:
        weight = float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
    # Comparing also throws out "nan", which would otherwise unsettle a sort.
    return weight if 0.0 <= weight <= 1.0 else 0.0
