"""Pictures that a storyboard with ``"assets": true`` takes by their names, where it does not say otherwise.

::

    asset/character/Alice.png          a reference of each segment with Alice; likewise scene/ and props/
    asset/segment/ep1/3_start.png      the first frame of segment 3 of ep1.json; 3_end.png: the last one
    asset/segment/3_start.png          the same, where the folder holds one storyboard alone

A picture that the model does not take is left out, and told.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable

from sorad.messages import N_
from sorad.model import Look, Reference, Request
from sorad.problems import Param, Problem
from sorad.storyboard.findings import Findings
from sorad.storyboard.image import Image, Pictures, find_image
from sorad.storyboard.lines import Place

KINDS = {
    "character": "character",
    "scene": "scene",
    "prop": "props",
}  # kinds of references, and their folders
_FRAMES = "segment"
_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
_FRAME = re.compile(r"0*(\d{1,10})_(start|end)", re.IGNORECASE)
_OF_FRAME = {"start": "image", "end": "last_frame"}

Stamps = tuple[tuple[str, int, int], ...]  # path, size and time of change of each


@dataclass(frozen=True)
class Wanted:
    """A reference of a segment, in its order. ``picture``: a file, taken where the model takes it."""

    reference: Reference
    picture: str = ""


@dataclass
class ByName:
    """The pictures of one storyboard. ``judge``: what the model would refuse of a request."""

    folder: Path  # of all pictures, whether it is there or not
    stem: str  # of the storyboard
    is_alone: bool  # no other storyboard lies in its folder
    pictures: Pictures
    judge: Callable[[Request], Sequence[Problem]]
    findings: Findings
    looks: dict[str, Look]  # of all pictures that are known, by their hashes
    _listed: dict[Path, list[str]] = field(default_factory=dict)
    _read: dict[str, Image | Problem] = field(default_factory=dict)

    def references(self, kind: str, names: Collection[str], path: Place) -> Iterator[Wanted]:
        """Those of a character, a scene or a prop, by all its names."""
        wanted = {_fold(name) for name in names if name.strip()}
        place = self.folder / KINDS[kind]
        for file in self._files(place):
            stem = Path(file).stem
            if _fold(stem) in wanted:
                image = self._image(place / file, path)
                if image.image:
                    yield Wanted(Reference(image.image, stem, kind, image.path), image.path)

    def with_pictures(
        self, request: Request, number: int, own: Collection[str], wanted: Sequence[Wanted], path: Place
    ) -> Request:
        """The request with its frames, and with those of the references that the model takes, in their order.

        ``own``: what the storyboard itself says of ``image`` and ``last_frame``.
        """
        taken = [not one.picture for one in wanted]
        request = replace(request, references=_of(wanted, taken))
        for name, image in self._frames(number, own, path).items():
            request = self._if_taken(request, _with_frame(request, name, image), image.path, _use(name), path)
        for at, one in enumerate(wanted):
            if one.picture:
                more = replace(request, references=_of(wanted, [*taken[:at], True, *taken[at + 1 :]]))
                after = self._if_taken(request, more, one.picture, _use("", one.reference.name), path)
                taken[at], request = after is not request, after
        return request

    def _frames(self, number: int, own: Collection[str], path: Place) -> dict[str, Image]:
        within = self.folder / _FRAMES
        found = self._frames_in(within / self.stem, number, own, path)
        loose = self._frames_in(within, number, {*own, *found}, path)
        if loose and not self.is_alone:
            self.findings.add(_whose(within, self.stem), path)
        return {**found, **loose}

    def _frames_in(self, place: Path, number: int, own: Collection[str], path: Place) -> dict[str, Image]:
        files: dict[str, list[Path]] = {}
        for file in self._files(place):
            told = _FRAME.fullmatch(Path(file).stem)
            if told is not None and int(told[1]) == number:
                files.setdefault(_OF_FRAME[told[2].lower()], []).append(place / file)
        for several in files.values():
            if len(several) > 1:
                self.findings.add(_several(several), path)
        images = {name: self._image(paths[0], path) for name, paths in files.items() if name not in own}
        return {name: image for name, image in images.items() if image.image}

    def _if_taken(self, request: Request, more: Request, picture: str, use: Problem, path: Place) -> Request:
        """``more``, if the model takes that picture, too; which picture goes where is told."""
        more = more.seen(self.looks)
        known = {one.code for one in self.judge(request)}
        lacks = next((one for one in self.judge(more) if one.code not in known), None)
        params: dict[str, Param] = {"picture": os.path.relpath(picture, self.folder.parent), "use": use}
        told = Problem("storyboard.picture", N_("{picture}: {use}"), "", params)
        if lacks is not None:
            left = N_("{picture} is not sent along: {reason}")
            told = Problem("storyboard.picture_left", left, "", {**params, "reason": lacks})
        self.findings.pictures.append((path[:2], told))
        return request if lacks is not None else more

    def _image(self, file: Path, path: Place) -> Image:
        key = str(file)
        if key not in self._read:
            within = file.relative_to(self.folder).as_posix()
            self._read[key] = find_image(within, self.folder, self.pictures, whole=True)
        image = self._read[key]
        if isinstance(image, Image):
            self.looks.update({image.image: image.look} if image.look is not None else {})
            return image
        self.findings.add(image, path)
        return Image("")

    def _files(self, place: Path) -> list[str]:
        if place not in self._listed:
            self._listed[place] = sorted(filter(_is_picture, _names(place)))
        return self._listed[place]


def _with_frame(request: Request, name: str, image: Image) -> Request:
    if name == "image":
        return replace(request, image=image.image, image_path=image.path)
    return replace(request, last_frame=image.image, last_frame_path=image.path)


def _use(frame: str, name: str = "") -> Problem:
    """What a picture is used as, in words."""
    if frame:
        return Problem("", N_("first frame") if frame == "image" else N_("last frame"))
    return Problem("", N_("reference, {name}"), params={"name": name})


def stamps(folder: Path, stem: str) -> Stamps:
    """What lies in the folder of pictures now, by which it is told whether somebody is still copying."""
    frames = folder / _FRAMES
    found = []
    for place in (*(folder / one for one in KINDS.values()), frames, frames / stem):
        for name in _names(place):
            try:
                seen = (place / name).stat()
            except OSError:
                continue
            found.append((str(place / name), seen.st_size, seen.st_mtime_ns))
    return tuple(sorted(found))


def _names(place: Path) -> list[str]:
    try:
        return os.listdir(place)  # noqa: PTH208  (names are wanted, not paths)
    except OSError:
        return []


def _is_picture(name: str) -> bool:
    return name.lower().endswith(_SUFFIXES) and not name.startswith((".", "~$"))


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().casefold()


def _of(wanted: Sequence[Wanted], taken: Sequence[bool]) -> tuple[Reference, ...]:
    return each_once(one.reference for one, is_taken in zip(wanted, taken) if is_taken)


def each_once(references: Iterable[Reference]) -> tuple[Reference, ...]:
    """One picture goes along once, as it was named first."""
    found: dict[str, Reference] = {}
    for one in references:
        found.setdefault(one.image, one)
    return tuple(found.values())


def _several(files: Sequence[Path]) -> Problem:
    return Problem(
        "storyboard.assets",
        N_("Several pictures are named for one frame: {names}."),
        N_("Keep one of them."),
        {"names": ", ".join(sorted(one.name for one in files))},
    )


def _whose(folder: Path, stem: str) -> Problem:
    return Problem(
        "storyboard.assets",
        N_("Several storyboards lie here: of which one the frames in {folder} are cannot be told."),
        N_("Move those of this one into {folder}/{stem}."),
        {"folder": str(folder), "stem": stem},
    )
