"""Pictures of the properties: small drawn scenes in SVG, the same for the same photo each time."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["draw"]

_WIDTH: Final = 960
_HEIGHT: Final = 540
Painter = Callable[[random.Random], str]


def draw(scene: str, photo_id: str) -> str:
    """The picture of a scene as an SVG document of 960 by 540; an unknown scene is an old town."""
    rng = random.Random(photo_id)
    paint = _SCENES.get(scene, _town)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}">'
        f"{paint(rng)}</svg>"
    )


def _sky(top: str, bottom: str) -> str:
    return (
        f'<defs><linearGradient id="s" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{top}"/>'
        f'<stop offset="1" stop-color="{bottom}"/></linearGradient></defs>'
        '<rect width="960" height="540" fill="url(#s)"/>'
    )


def _disc(x: float, y: float, radius: float, colour: str, opacity: float = 1.0) -> str:
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.0f}" fill="{colour}" opacity="{opacity:.2f}"/>'


def _box(x: float, y: float, width: float, height: float, colour: str, *, round_by: int = 0) -> str:
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="{round_by}" fill="{colour}"/>'


def _ridge(rng: random.Random, height: float, roughness: float, colour: str) -> str:
    points, level = [], height
    for x in range(0, _WIDTH + 1, 60):
        level = min(max(level + rng.uniform(-roughness, roughness), height - roughness * 2), height + roughness * 2)
        points.append(f"{x},{level:.0f}")
    return f'<polygon points="0,{_HEIGHT} {" ".join(points)} {_WIDTH},{_HEIGHT}" fill="{colour}"/>'


def _mountain(rng: random.Random) -> str:
    return (
        _sky("#f3b98a", "#fbe6cf")
        + _disc(rng.uniform(560, 780), 180, 46, "#fff3dd", 0.9)
        + _ridge(rng, 260, 60, "#c98f6d")
        + _ridge(rng, 340, 46, "#a36a4f")
        + _ridge(rng, 420, 30, "#6f4a3a")
        + "".join(_box(120 + n * 74, 372 - n % 2 * 14, 26, 46, "#3f2a22", round_by=13) for n in range(9))
    )


def _garden(rng: random.Random) -> str:
    trees = "".join(
        _box(x - 5, 320, 10, 90, "#6d5138")
        + _disc(x, 300, rng.uniform(44, 66), rng.choice(("#3f7a54", "#4f9063", "#2f6346")))
        for x in range(60, 960, 120)
    )
    return (
        _sky("#a9d5ea", "#eef7ee")
        + _ridge(rng, 300, 22, "#9fc7a4")
        + trees
        + _box(0, 400, 960, 140, "#86b97e")
        + _box(380, 400, 200, 140, "#e7dcc4")
        + _box(440, 430, 80, 60, "#7db7cf", round_by=30)
    )


def _sea(rng: random.Random) -> str:
    waves = "".join(
        _box(rng.uniform(0, 820), rng.uniform(320, 500), rng.uniform(60, 180), 3, "#ffffff55") for _ in range(38)
    )
    return (
        _sky("#f7c9a1", "#fdeedd")
        + _disc(rng.uniform(200, 420), 230, 60, "#fff6e6", 0.95)
        + _box(0, 300, 960, 240, "#2f8fa3")
        + waves
        + '<path d="M610 340 q70 44 150 0 l-18 34 h-112z" fill="#7a4b2c"/>'
        + '<path d="M684 340 v-130 q74 70 66 118z" fill="#fbf4e6"/>'
    )


def _skyline(rng: random.Random) -> str:
    towers = []
    for x in range(-10, 960, 66):
        height, width = rng.uniform(150, 400), rng.uniform(44, 64)
        towers.append(_box(x, 520 - height, width, height, rng.choice(("#1d2b4a", "#26365a", "#182340")), round_by=4))
        towers.extend(
            _box(x + 8 + column * 13, 536 - height + row * 20, 6, 9, "#ffd98a")
            for column in range(int(width // 13) - 1)
            for row in range(int(height // 20) - 1)
            if rng.random() < 0.42  # noqa: PLR2004 - how many windows are lit in the evening
        )
    return (
        _sky("#141d3a", "#51518a")
        + _disc(780, 110, 34, "#f4efdc", 0.9)
        + "".join(towers)
        + _box(0, 516, 960, 24, "#0f1730")
    )


def _town(rng: random.Random) -> str:
    houses = []
    for x in range(0, 960, 96):
        top, colour = rng.uniform(210, 290), rng.choice(("#e2a77c", "#d98e73", "#e9c08f", "#cf9a86", "#e6b4a0"))
        houses.append(_box(x, top, 96, 540 - top, colour))
        houses.append(f'<polygon points="{x},{top:.0f} {x + 48},{top - 44:.0f} {x + 96},{top:.0f}" fill="#a4553f"/>')
        houses.extend(
            _box(x + 16 + column * 38, top + 24 + row * 62, 24, 36, "#5a6f86", round_by=3)
            for column in range(2)
            for row in range(4)
        )
    return _sky("#9cc3e6", "#f5e9dc") + _ridge(rng, 200, 26, "#93a98c") + "".join(houses)


def _room(rng: random.Random) -> str:
    accent = rng.choice(("#2f6f73", "#8a4b3c", "#5b5a8c", "#3f6b4a"))
    return (
        _box(0, 0, 960, 540, "#efe7db")
        + _box(0, 400, 960, 140, "#b9926b")
        + _box(560, 70, 300, 230, "#cfe4ee", round_by=6)
        + _box(706, 70, 8, 230, "#f8f4ec")
        + _box(120, 210, 400, 120, accent, round_by=18)
        + _box(100, 300, 440, 120, "#ffffff", round_by=16)
        + _box(100, 360, 440, 80, accent, round_by=12)
        + _box(140, 270, 150, 56, "#fffaf2", round_by=22)
        + _box(350, 270, 150, 56, "#fffaf2", round_by=22)
        + _box(580, 340, 70, 90, "#8d6a48", round_by=6)
        + _disc(615, 316, 30, "#ffe6ae")
    )


def _lobby(rng: random.Random) -> str:
    accent = rng.choice(("#2f6f73", "#7b3f4c", "#3d4f7d"))
    columns = "".join(_box(x, 60, 34, 380, "#e9dec9", round_by=6) for x in range(70, 960, 190))
    lamps = "".join(_disc(x, 120, 24, "#ffe2a3", 0.95) for x in range(180, 960, 190))
    return (
        _box(0, 0, 960, 540, "#d9c8a8")
        + columns
        + lamps
        + _box(0, 430, 960, 110, "#8f7350")
        + _box(300, 330, 360, 110, accent, round_by=10)
        + _box(290, 318, 380, 20, "#f6efe0", round_by=6)
    )


def _restaurant(rng: random.Random) -> str:
    tables = "".join(
        _disc(x, 400 + rng.uniform(-10, 20), 58, "#fffaf0")
        + _disc(x, 392, 16, rng.choice(("#c8553d", "#588b8b", "#e9b44c")))
        for x in range(110, 960, 185)
    )
    lamps = "".join(_box(x - 1, 0, 3, 120, "#4a3b2f") + _disc(x, 140, 26, "#ffdf9b") for x in range(110, 960, 185))
    return _box(0, 0, 960, 540, "#5a3d34") + _box(0, 300, 960, 240, "#3f2b25") + lamps + tables


_SCENES: Final[Mapping[str, Painter]] = {
    "mountain": _mountain,
    "garden": _garden,
    "sea": _sea,
    "skyline": _skyline,
    "town": _town,
    "room": _room,
    "lobby": _lobby,
    "restaurant": _restaurant,
}
