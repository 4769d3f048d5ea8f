"""What is wrong with a video, by what was measured and what was asked for. Pure except for the language in force.

Flaws are told and nothing else: none of them buys, or moves a take before another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from sorad.media.questions import Inspected
from sorad.messages import N_, _
from sorad.model import Take

Value = Union[str, float]

# A length may be off by so many seconds (whole groups of pictures, a rounded rate), a ratio by such a part.
_LENGTH, _RATIO = 0.5, 0.08
# Sizes are rounded to what codecs like, and some models take 720p as a number of pixels, whatever the ratio.
_SIDE, _AREA = 0.85, 0.8
_SILENT = 0.002  # of the loudest possible: -54 dB
_BREAKS = 0.5  # seconds that may be missing at the end
_SIDES = {"2k": 1440, "4k": 2160}
_WORDS = {
    "unreadable": N_("cannot be decoded"),
    "broken": N_("breaks off at {at} s of {length} s"),
    "damaged": N_("damaged pictures: {count}"),
    "length": N_("{got} s long, asked for were {asked} s"),
    "size": N_("{got} pixels, asked for was {asked}"),
    "direction": N_("{got} pixels, asked for was the form {asked}"),
    "codec": N_("{codec}: does not play everywhere"),
    "black": N_("black from {from} s to {to} s"),
    "frozen": N_("stands still from {from} s to {to} s"),
    "doubled": N_("what is seen from {from} s to {to} s comes again at {again} s"),
    "silent": N_("no sound, though it was asked for"),
}
_UNUSABLE = frozenset({"unreadable", "broken"})


@dataclass(frozen=True)
class Flaw:
    """One flaw. ``kind``: a key of the sentences above; ``told``: what stands in its sentence."""

    kind: str
    told: Mapping[str, Value] = field(default_factory=dict)

    def text(self) -> str:
        """In words."""
        try:
            return _(_WORDS[self.kind]).format(**self.told)
        except (KeyError, IndexError, ValueError):  # of a later version
            return self.kind

    def members(self) -> dict[str, Value]:
        """As JSON has it."""
        return {"kind": self.kind, **self.told}


@dataclass(frozen=True)
class Expected:
    """What a take was to be. ``ratio``: "16:9"…; "" or "adaptive": whatever comes; ``resolution``: "720p"…"""

    seconds: int
    ratio: str = ""
    resolution: str = ""
    audio: bool = False


def expected_of(take: Take) -> Expected:
    """What a take asked for, and what was sent where its storyboard says nothing."""
    request, said = take.request, take.said
    ratio = {"horizontal": "16:9", "vertical": "9:16"}.get(request.orientation, request.orientation)
    resolution = request.resolution or str(said.get("resolution") or "")
    audio = said.get("audio") if request.audio is None else request.audio
    return Expected(request.seconds, ratio, resolution.lower(), audio is True)


def flaws(seen: Inspected, expected: Expected) -> list[Flaw]:
    """What is wrong, the worst first."""
    return [
        *_whole(seen),
        *_form(seen, expected),
        *_codec(seen),
        *_stretches(seen),
        *_silence(seen, expected),
    ]


def _whole(seen: Inspected) -> Iterator[Flaw]:
    if seen.damaged * 2 >= seen.frames:
        yield Flaw("unreadable")
    elif seen.told and seen.seconds < seen.told - _BREAKS:
        yield Flaw("broken", {"at": _round(seen.seconds), "length": _round(seen.told)})
    elif seen.damaged:
        yield Flaw("damaged", {"count": seen.damaged})


def _form(seen: Inspected, expected: Expected) -> Iterator[Flaw]:
    length = seen.told or seen.seconds
    if expected.seconds and abs(length - expected.seconds) > _LENGTH:
        yield Flaw("length", {"got": _round(length), "asked": expected.seconds})
    got = f"{seen.width}x{seen.height}"
    wanted = _ratio(expected.ratio)
    if wanted is not None and not 1 - _RATIO < seen.width / seen.height / wanted < 1 + _RATIO:
        yield Flaw("direction", {"got": got, "asked": expected.ratio})
    side = _side(expected.resolution)
    if side is not None and not _fits(seen, side):
        yield Flaw("size", {"got": got, "asked": expected.resolution})


def _fits(seen: Inspected, side: int) -> bool:
    """Whether the shorter side, or the number of pixels, is what was asked for."""
    sides, area = min(seen.width, seen.height) / side, seen.width * seen.height / (side * side * 16 / 9)
    return _SIDE <= sides <= 1 / _SIDE or _AREA <= area <= 1 / _AREA


def _codec(seen: Inspected) -> Iterator[Flaw]:
    """All players know H.264 with 8 bits and 4:2:0; some know others."""
    deep = re.search(r"p(9|1[0246])(le|be)?$", seen.pixels)
    plain = re.match(r"(yuvj?420p|nv12)", seen.pixels)
    if seen.codec != "h264" or deep or (seen.pixels and not plain):
        bits = f" {deep[1]} bit" if deep else ""
        form = f" {seen.pixels}" if seen.pixels and not plain else ""
        yield Flaw("codec", {"codec": f"{seen.codec.upper()}{bits}{form}"})


def _stretches(seen: Inspected) -> Iterator[Flaw]:
    for kind, found in (("black", seen.black), ("frozen", seen.frozen)):
        yield from (Flaw(kind, {"from": _round(one[0]), "to": _round(one[1])}) for one in found)
    for start, end, again in seen.doubled:
        yield Flaw("doubled", {"from": _round(start), "to": _round(end), "again": _round(again)})


def _silence(seen: Inspected, expected: Expected) -> Iterator[Flaw]:
    if expected.audio and (not seen.sound or seen.peak < _SILENT):
        yield Flaw("silent")


def _ratio(text: str) -> Optional[float]:
    found = re.fullmatch(r"([1-9]\d{0,3}):([1-9]\d{0,3})", text)
    return int(found[1]) / int(found[2]) if found else None


def _side(text: str) -> Optional[int]:
    found = re.fullmatch(r"([1-9]\d{2,3})p", text)
    return int(found[1]) if found else _SIDES.get(text)


def _round(seconds: float) -> float:
    return round(seconds, 1)


# --- as they are kept ----------------------------------------------------------------------------------------------


def as_json(seen: Inspected, found: Sequence[Flaw]) -> str:
    """What was measured, and what is wrong, as JSON for the ledger and the receipt."""
    told = {
        "length": round(seen.seconds, 2),
        "width": seen.width,
        "height": seen.height,
        "rate": round(seen.rate, 3),
        "codec": seen.codec,
        "pixels": seen.pixels,
        "sound": seen.sound,
        "flaws": [one.members() for one in found],
    }
    return json.dumps(told, ensure_ascii=False)


def unreadable() -> str:
    """The same of a video that cannot be decoded at all."""
    return json.dumps({"flaws": [Flaw("unreadable").members()]})


def unchecked(why: str) -> str:
    """The same of one that is too much for the limits of time and memory: nothing is known of it."""
    return json.dumps({"unchecked": why, "flaws": []})


def members(checks: str) -> dict[str, Any]:
    """What is kept, as an object; empty where nobody has looked."""
    try:
        found = json.loads(checks) if checks else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def flaws_of(take: Take) -> list[Flaw]:
    """The flaws of a take, as far as it was looked at."""
    told = members(take.checks).get("flaws")
    found = [dict(one) for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return [Flaw(str(one.pop("kind", "")), one) for one in found]


def is_usable(take: Take) -> bool:
    """Whether its video decodes to the end, as far as it was looked at."""
    return not any(one.kind in _UNUSABLE for one in flaws_of(take))
