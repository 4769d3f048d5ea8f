"""What a segment asks for: its own words, and what its storyboard says for all segments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Optional

from sorad.messages import N_
from sorad.model import Look, Reference, Request
from sorad.problems import Problem
from sorad.storyboard.bible import Bible, Person
from sorad.storyboard.by_name import ByName, Wanted, each_once
from sorad.storyboard.findings import Findings
from sorad.storyboard.image import Image, Pictures, find_image
from sorad.storyboard.lines import Place
from sorad.storyboard.prompt import EARLIER, RULES, Character, compose
from sorad.storyboard.schema import AssetPart, BiblePart, Head, ReferencePart, SegmentPart, ShotPart

Shot = Mapping[str, Any]  # what is said of a shot: fields of the storyboard, each under one name

# Two words for one shape; a request keeps the older one, so that both have one fingerprint.
_WAYS = {"horizontal": "16:9", "vertical": "9:16"}
_ORIENTATIONS = {ratio: way for way, ratio in _WAYS.items()}
_SPOKEN_OF_ONCE = ("image_url", "resolution", "aspect_ratio")  # which :func:`shot_of` brings under one name


@dataclass
class Reader:
    """Makes the requests of one storyboard; what is wrong goes to ``findings``."""

    folder: Path
    pictures: Pictures
    with_intent: bool  # `director_intent` becomes part of the prompt
    findings: Findings
    by_name: Optional[ByName] = None  # where pictures count by their names
    defaults: Shot = field(default_factory=dict)
    bible: Bible = field(default_factory=Bible)
    looks: dict[str, Look] = field(default_factory=dict)  # of its local pictures, by their hashes
    _images: dict[str, Image | Problem] = field(default_factory=dict)  # one of many segments is read once

    def take_in(self, head: Head) -> None:
        """What the top of the file says for all segments."""
        if head.defaults is not None:
            self.defaults = shot_of(head.defaults, ("defaults",), self.findings)
        parts = head.characters or ()
        persons = [self._person(one, ("characters", position)) for position, one in enumerate(parts)]
        self._check_names_differ(persons)
        self.bible = Bible(persons, use_names=bool(head.use_names))

    def request(self, part: SegmentPart, path: Place) -> Request:
        """What the segment asks for."""
        shot = merged(self.defaults, shot_of(part, path, self.findings))
        listed = _listed(part)
        for written, known in self.bible.misspelled(listed):
            self.findings.add(_misspelled(written, known), (*path, "asset", "characters"))
        used = self.bible.used(listed, part.prompt_text)
        first = self._image(shot.get("first_frame"), (*path, _place_of_frame(part)))
        last = self._image(shot.get("last_frame"), (*path, "last_frame"))
        own = self._references(shot.get("references", ()), (*path, "references"))
        references = [Wanted(one) for one in own]
        references += self._of_names(part, listed, used, path)
        ratio: str = shot.get("ratio", "16:9")
        request = Request(
            prompt=self._prompt(part, list(self.bible.characters(listed, used)), RULES),
            image=first.image,
            image_path=first.path,
            last_frame=last.image,
            last_frame_path=last.path,
            references=each_once(one.reference for one in references),
            seconds=shot.get("duration_seconds", 10),
            orientation=_ORIENTATIONS.get(ratio, ratio),
            resolution=shot.get("fine", ""),
            pro=shot.get("is_pro", False),
            audio=shot.get("audio"),
            negative_prompt=shot.get("negative_prompt", ""),
            seed=shot.get("seed"),
            model=shot.get("model", ""),
            provider=shot.get("provider", ""),
            continues=bool(shot.get("continues")),
            rules=RULES,
        ).seen(self.looks)
        if self.by_name is None:
            return request
        said = {"image"} if request.image or request.continues else set()
        said |= {"last_frame"} if request.last_frame else set()
        return self.by_name.with_pictures(request, part.segment_index, said, references, path)

    def _of_names(
        self, part: SegmentPart, listed: Sequence[Character], used: Sequence[Person], path: Place
    ) -> Iterator[Wanted]:
        """The references of whom and what a segment names: as the bible has them, else by the names of pictures."""
        if self.by_name is None:
            for person in used:
                yield from map(Wanted, person.references)
            return
        for person in self.bible.cast(listed, used):
            yield from map(Wanted, person.references)
            if not person.references:
                yield from self.by_name.references("character", person.names, path)
        asset = part.asset or AssetPart()
        yield from self.by_name.references("scene", (asset.scene or "",), path)
        for prop in asset.props or ():
            yield from self.by_name.references("prop", (prop,), path)

    def earlier(self, part: SegmentPart, request: Request) -> tuple[Request, ...]:
        """What the segment asked for by each of the EARLIER rules; nothing where that is always the same."""
        found = tuple(self.older(part, rules) for rules in EARLIER)
        return found if any(one != request for one in found) else ()

    def older(self, part: SegmentPart, rules: int) -> Request:
        """What the segment asked for by rules that knew text, picture, length, direction and pro alone."""
        image = self._image(part.image_url, None)
        return Request(
            prompt=self._prompt(part, _listed(part), rules),
            image=image.image,
            image_path=image.path,
            seconds=10 if part.duration_seconds is None else part.duration_seconds,
            orientation="vertical" if part.resolution == "vertical" else "horizontal",
            pro=bool(part.is_pro),
            rules=rules,
        )

    def takes(self, part: SegmentPart) -> int | None:
        """How many takes it wants, as far as it or ``defaults`` say."""
        found: int | None = merged(self.defaults, said(part)).get("takes")
        return found

    def _person(self, part: BiblePart, path: Place) -> Person:
        references = self._references(part.references or (), (*path, "references"))
        shown = tuple(
            replace(one, name=one.name or part.name, kind=one.kind or "character") for one in references
        )
        return Person((part.name, *(part.aliases or ())), part.id or "", shown)

    def _check_names_differ(self, persons: Sequence[Person]) -> None:
        """A name stands for one character alone."""
        seen: dict[str, int] = {}
        for position, person in enumerate(persons):
            for name in person.names:
                if seen.setdefault(name, position) != position:
                    self.findings.add(_name_twice(name), ("characters", position))

    def _references(self, parts: Iterable[ReferencePart], path: Place) -> tuple[Reference, ...]:
        found = []
        for position, part in enumerate(parts):
            image = self._image(part.image, (*path, position))
            found.append(Reference(image.image, part.name or "", part.kind or "", image.path))
        return tuple(one for one in found if one.image)

    def _image(self, reference: str | None, path: Place | None) -> Image:
        """The picture; what is wrong with it is told at ``path``, or not at all."""
        if reference is None or not reference.strip():
            return Image("")
        if reference not in self._images:
            self._images[reference] = find_image(reference, self.folder, self.pictures)
        image = self._images[reference]
        if isinstance(image, Image):
            self.looks.update({image.image: image.look} if image.look is not None else {})
            return image
        if path is not None:
            self.findings.add(image, path)
        return Image("")

    def _prompt(self, part: SegmentPart, characters: Sequence[Character], rules: int) -> str:
        asset = part.asset or AssetPart()
        return compose(
            part.prompt_text,
            characters=characters,
            scene=asset.scene or "",
            props=asset.props or (),
            intent=(part.director_intent or "").strip() if self.with_intent else "",
            rules=rules,
        )


def said(part: ShotPart) -> dict[str, Any]:
    """The fields of a shot that are said, by their names."""
    names = (name for name in ShotPart.model_fields if name in part.model_fields_set)
    found = {name: getattr(part, name) for name in names}
    empty = ("model", "provider", "negative_prompt")
    return {
        name: value
        for name, value in found.items()
        if value is not None and not (name in empty and not value.strip())
    }


def shot_of(part: ShotPart, path: Place, findings: Findings) -> Shot:
    """What is said of a shot, each thing under one name; two words that contradict each other are a mistake."""
    told = said(part)
    shot = {name: value for name, value in told.items() if name not in _SPOKEN_OF_ONCE}
    older, way, ratio = told.get("image_url"), told.get("resolution"), told.get("aspect_ratio")
    if older is not None:
        if older.strip() and shot.get("first_frame", "").strip():
            findings.add(_both("image_url", "first_frame"), (*path, "image_url"))
        shot.setdefault("first_frame", older)
    if way in _WAYS:
        if ratio not in (None, _WAYS[way]):
            findings.add(_both("resolution", "aspect_ratio"), (*path, "aspect_ratio"))
        ratio = _WAYS[way]
    elif way is not None:
        shot["fine"] = way
    if ratio is not None:
        shot["ratio"] = ratio
    _contradictions(shot, path, findings)
    return shot


def _contradictions(shot: Shot, path: Place, findings: Findings) -> None:
    if shot.get("continues") and shot.get("first_frame", "").strip():
        findings.add(_both("continue", "first_frame"), (*path, "continue"))
    if shot.get("is_pro") and "model" in shot:
        findings.add(_both("is_pro", "model"), (*path, "is_pro"))


def merged(defaults: Shot, own: Shot) -> Shot:
    """A shot's own words over those for all. One that names a model, or what it begins with, wants no other."""
    chosen = {"model", "is_pro"} if own.get("model") or own.get("is_pro") else set()
    if own.get("first_frame", "").strip() or own.get("continues"):
        chosen |= {"first_frame", "continues"}
    return {**{name: value for name, value in defaults.items() if name not in chosen}, **own}


def _listed(part: SegmentPart) -> list[Character]:
    asset = part.asset or AssetPart()
    return [Character(one.name, one.id or "") for one in asset.characters or ()]


def _place_of_frame(part: SegmentPart) -> str:
    return "image_url" if part.image_url is not None and part.first_frame is None else "first_frame"


def _both(one: str, other: str) -> Problem:
    return Problem(
        "storyboard.both",
        N_("{one} and {other} say two things of one."),
        N_("Keep one of the two: which one was meant cannot be told."),
        {"one": one, "other": other},
    )


def _name_twice(name: str) -> Problem:
    return Problem(
        "storyboard.name_twice",
        N_("The name {name} stands for two characters."),
        N_("Give each character names of its own."),
        {"name": name},
    )


def _misspelled(written: str, known: str) -> Problem:
    return Problem(
        "storyboard.name_near",
        N_("There is no character {name}."),
        N_("Did you mean {known}? If it is somebody else, give that one a place in characters, too."),
        {"name": written, "known": known},
    )
