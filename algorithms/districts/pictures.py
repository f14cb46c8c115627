"""Street views from files: decoding, panoramas, positions that cameras wrote, and what can't be used."""
from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..folders import files_below

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
HEADINGS = (90.0, 180.0, 270.0, 360.0)  # of the views that a panorama is cut into
SMALLEST = 16  # pixels of the shorter side below which a picture says nothing
GPS, ORIENTATION = 0x8825, 0x0112  # EXIF tags


class UnusablePicture(Exception):
    """A picture that is left out, with the reason."""


@dataclass(frozen=True)
class View:
    """One view of a picture file. heading: degrees from north that it looks to, NaN = unknown. cut: it is cut out of a
    panorama, whose middle looks to centre. row: of the user's table, -1 = none."""

    path: Path
    heading: float = math.nan
    centre: float = 0.0
    cut: bool = False
    row: int = -1


def find_pictures(folder: Path) -> list[Path]:
    """All picture files below a folder, by path."""
    return [path for path in files_below(folder) if path.suffix.lower() in SUFFIXES]


def is_panorama(path: Path) -> bool:
    """Whether a picture is twice as wide as high, as equirectangular panoramas are; False where it can't be read."""
    try:
        with Image.open(path) as picture:
            return bool(abs(picture.width - 2 * picture.height) <= 2)
    except (OSError, ValueError, Image.DecompressionBombError):
        return False


def read_view(view: View, side: int) -> NDArray[np.uint8]:
    """Red, green and blue of a view, (side, side, 3). Raises UnusablePicture.

    The whole picture is brought to a square. Grey and CMYK become colours, 16 bits become 8, transparency is dropped,
    and the camera's rotation is undone.
    """
    try:
        with Image.open(view.path) as picture:
            if min(picture.size) < SMALLEST:
                raise UnusablePicture(f"only {picture.width} x {picture.height} pixels")
            if view.cut:
                return cut_panorama(np.asarray(_colours(picture)), view.heading - view.centre, side)
            picture.draft("RGB", (2 * side, 2 * side))
            turned = _turned(_colours(picture), picture.getexif().get(ORIENTATION, 1))
            return np.asarray(turned.resize((side, side), Image.BILINEAR, reducing_gap=2.0))
    except UnidentifiedImageError as error:
        raise UnusablePicture("not a picture") from error
    except FileNotFoundError as error:
        raise UnusablePicture("there is no such file") from error
    except Image.DecompressionBombError as error:
        raise UnusablePicture("more pixels than can be decoded safely") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise UnusablePicture(f"damaged ({error})") from error


def _colours(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture, dtype=np.float64)
        top = 255.0 if values.max() <= 255 else 65535.0
        return Image.fromarray(np.clip(values * (255 / top), 0, 255).astype(np.uint8)).convert("RGB")
    return picture.convert("RGB")


_TURNS = {2: (Image.FLIP_LEFT_RIGHT,), 3: (Image.ROTATE_180,), 4: (Image.FLIP_TOP_BOTTOM,), 5: (Image.TRANSPOSE,),
          6: (Image.ROTATE_270,), 7: (Image.TRANSVERSE,), 8: (Image.ROTATE_90,)}


def _turned(picture: Image.Image, orientation: int) -> Image.Image:
    for turn in _TURNS.get(orientation, ()):
        picture = picture.transpose(turn)
    return picture


def cut_panorama(panorama: NDArray[np.uint8], turn: float, side: int) -> NDArray[np.uint8]:
    """A view of 90 degrees, (side, side, 3), out of an equirectangular panorama (height, width, 3).

    turn: degrees to the right of the panorama's middle. A pinhole camera that looks at the horizon, bilinear.
    """
    height, width = panorama.shape[:2]
    across = (2 * np.arange(side) + 1) / side - 1
    right, down = np.meshgrid(across, across)
    longitude = np.arctan(right) + np.radians(turn)
    latitude = np.arctan2(-down, np.hypot(right, 1))
    x = (longitude / (2 * np.pi) + 0.5) * width - 0.5
    y = np.clip((0.5 - latitude / np.pi) * height - 0.5, 0, height - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    part_x, part_y = (x - left)[..., None], (y - top)[..., None]
    below = np.minimum(top + 1, height - 1)
    upper = panorama[top, left % width] * (1 - part_x) + panorama[top, (left + 1) % width] * part_x
    lower = panorama[below, left % width] * (1 - part_x) + panorama[below, (left + 1) % width] * part_x
    return np.asarray(np.round(upper * (1 - part_y) + lower * part_y), dtype=np.uint8)


def position(path: Path) -> tuple[float, float] | None:
    """Longitude and latitude that the camera wrote, in degrees; None where it wrote none."""
    try:
        with Image.open(path) as picture:
            gps = picture.getexif().get_ifd(GPS)
        place = [_degrees(gps[number]) * (-1 if str(gps.get(reference, "")).upper() in ("S", "W") else 1)
                 for number, reference in ((4, 3), (2, 1))]
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError, SyntaxError, Image.DecompressionBombError):
        return None
    inside = abs(place[0]) <= 180 and abs(place[1]) <= 90
    return (place[0], place[1]) if inside else None


def _degrees(parts: tuple[float, float, float]) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    return degrees + minutes / 60 + seconds / 3600
