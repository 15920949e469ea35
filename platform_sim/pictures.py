"""Small drawings that stand in for a property's photographs: the same scene and seed give the same SVG."""

from __future__ import annotations

import random
from typing import Final

__all__ = ["draw"]

_WIDTH: Final = 960
_HEIGHT: Final = 540
_SKIES: Final = {
    "garden": ("#cfe8e4", "#f6efe0"),
    "lobby": ("#e8d9c4", "#f7f1e7"),
    "room": ("#e3dfe9", "#f8f3ee"),
    "restaurant": ("#e9cdb4", "#f9eddd"),
    "mountain": ("#f0c9a8", "#8fa3bf"),
    "sea": ("#bfe0ea", "#f7efdf"),
    "skyline": ("#2b3558", "#d98f6c"),
    "town": ("#e6e2d3", "#c9d7dd"),
}
_GROUND: Final = {
    "garden": ("#5f8f6b", "#3f6f55"),
    "mountain": ("#8d6a56", "#5d4a45"),
    "sea": ("#3d8aa0", "#2b6c86"),
    "skyline": ("#1d2440", "#141a30"),
    "town": ("#b08d6e", "#8a6a52"),
}
_INSIDE: Final = frozenset({"lobby", "room", "restaurant"})


def draw(scene: str, seed: str) -> str:
    """The picture of a scene as an SVG document of 960 by 540 units; an unknown scene is drawn as a town."""
    rng = random.Random(f"{scene}:{seed}")
    above, below = _SKIES.get(scene, _SKIES["town"])
    parts = _inside(scene, rng) if scene in _INSIDE else _outside(scene if scene in _GROUND else "town", rng)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
        '<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">'
        f'<stop offset="0" stop-color="{above}"/><stop offset="1" stop-color="{below}"/></linearGradient></defs>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="url(#sky)"/>{"".join(parts)}</svg>'
    )


def _outside(scene: str, rng: random.Random) -> list[str]:
    near, far = _GROUND[scene]
    sun = f'<circle cx="{rng.randrange(160, 800)}" cy="{rng.randrange(90, 190)}" r="46" fill="#fff3d6" opacity=".85"/>'
    if scene in {"skyline", "town"}:
        return [sun, *_houses(rng, far, tall=scene == "skyline"), _ground(470, near)]
    if scene == "sea":
        waves = [
            f'<path d="M0 {y} q 60 -14 120 0 t 120 0 t 120 0 t 120 0 t 120 0 t 120 0 t 120 0 t 120 0" '
            f'fill="none" stroke="#fff" stroke-width="3" opacity=".35"/>'
            for y in range(350, 520, 34)
        ]
        return [sun, _ground(320, near), *waves]
    ridges = [_ridge(rng, height, colour) for height, colour in ((250, far), (330, near))]
    trees = []
    if scene == "garden":
        trees = [
            f'<ellipse cx="{x}" cy="{rng.randrange(380, 420)}" rx="{rng.randrange(18, 34)}" ry="70" fill="{far}"/>'
            for x in range(60, _WIDTH, rng.randrange(85, 130))
        ]
    return [sun, *ridges, *trees, _ground(450, near)]


def _inside(scene: str, rng: random.Random) -> list[str]:
    wood = rng.choice(("#7d5a44", "#6a4b3a", "#8a6b50"))
    cloth = rng.choice(("#9c4a44", "#3f6c7d", "#5c6b4a", "#7a5c86"))
    parts = [_ground(400, "#c9ac8b"), '<rect x="600" y="80" width="240" height="220" rx="8" fill="#dcecf2"/>']
    parts.append('<path d="M720 80v220M600 190h240" stroke="#fff" stroke-width="8"/>')
    if scene == "room":
        parts.append(f'<rect x="130" y="230" width="380" height="90" rx="16" fill="{wood}"/>')
        parts.append('<rect x="120" y="300" width="400" height="120" rx="14" fill="#fbfaf7"/>')
        parts.append(f'<rect x="120" y="350" width="400" height="90" rx="14" fill="{cloth}"/>')
        return parts
    for x in range(110, 560, 150):
        parts.append(f'<rect x="{x}" y="360" width="104" height="14" rx="6" fill="{wood}"/>')
        parts.append(f'<rect x="{x + 44}" y="372" width="16" height="80" fill="{wood}"/>')
        parts.append(
            f'<circle cx="{x + 52}" cy="150" r="26" fill="#fff3cf"/><path d="M{x + 52} 0v124" stroke="{wood}"/>'
        )
    if scene == "lobby":
        parts.append(f'<rect x="90" y="300" width="450" height="120" rx="12" fill="{cloth}"/>')
    return parts


def _houses(rng: random.Random, colour: str, *, tall: bool) -> list[str]:
    parts, x = [], 0
    while x < _WIDTH:
        width = rng.randrange(50, 100)
        height = rng.randrange(140, 360) if tall else rng.randrange(90, 190)
        top = 480 - height
        parts.append(f'<rect x="{x}" y="{top}" width="{width - 6}" height="{height}" fill="{colour}"/>')
        lit = "#ffd88a" if tall else "#f4ead7"
        parts.extend(
            f'<rect x="{x + 10 + column * 18}" y="{top + 16 + row * 30}" width="9" height="14" fill="{lit}" '
            f'opacity="{rng.choice(("0.25", "0.9"))}"/>'
            for row in range(height // 34)
            for column in range((width - 20) // 18)
        )
        x += width
    return parts


def _ridge(rng: random.Random, height: int, colour: str) -> str:
    points = " ".join(f"{x},{height - rng.randrange(0, 110)}" for x in range(0, _WIDTH + 1, 120))
    return f'<polygon points="0,{_HEIGHT} {points} {_WIDTH},{_HEIGHT}" fill="{colour}" opacity=".8"/>'


def _ground(top: int, colour: str) -> str:
    return f'<rect y="{top}" width="{_WIDTH}" height="{_HEIGHT - top}" fill="{colour}"/>'
