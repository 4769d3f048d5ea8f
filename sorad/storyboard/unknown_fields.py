"""Names in a storyboard that are no fields: mistakes where one was meant, else left out. Pure.

=========================================================  =================================================
name                                                       is
=========================================================  =================================================
``_comment``, and whatever is in it                        the author's own, never looked at
``isPro``, ``duration``, ``resolutions`` in a segment      a mistake: a field was meant; so in ``defaults``
``resolution`` at the top of the file                      a mistake: it has no effect there
``audio: {"music": "calm"}``                               left out: sound is switched by true and false
``duration`` in ``video_params`` of a segment              a mistake, likewise
one of these, with what the field itself says              a note
``mood``, ``camera``, ``transition: {"duration": 1}``      left out; told once, all together, as a note
=========================================================  =================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Optional

from sorad.messages import N_
from sorad.problems import Param, Problem
from sorad.storyboard.findings import Findings
from sorad.storyboard.lines import Place, doubles
from sorad.storyboard.names import (
    holds_picture,
    is_about_else,
    is_for_all,
    meant,
    spelled,
    tells_of_sound,
)
from sorad.storyboard.schema import (
    AssetPart,
    BiblePart,
    CharacterPart,
    Head,
    LinePart,
    Part,
    ReferencePart,
    SegmentPart,
    ShotPart,
)

_LISTED = 20  # names of those left out


def _names(part: type[Part]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in part.model_fields.items())


_SEGMENT, _ASSET, _CHARACTER = _names(SegmentPart), _names(AssetPart), _names(CharacterPart)
_SHOT, _BIBLE, _REFERENCE, _LINE = (
    _names(ShotPart),
    _names(BiblePart),
    _names(ReferencePart),
    _names(LinePart),
)
_LONG = tuple(one for one in _SEGMENT if len(one) > 8)
_NAMES = 1000  # different ones that are compared letter by letter: nobody writes more, and it takes time
_TOP = ("segments", *Head.model_fields)
# What a top may say of itself: the text it was made from, its picture, its number in a series.
_OF_ONE = (
    "segment_index",
    "prompt_text",
    "image_url",
    "first_frame",
    "continue",
    "dialogue",
    "director_intent",
)
# What may be said by the older name of a field, too.
OLDER = {"aspect_ratio": "resolution", "first_frame": "image_url"}
_WAYS = {
    "landscape": "horizontal",
    "wide": "horizontal",
    "16:9": "horizontal",
    "portrait": "vertical",
    "9:16": "vertical",
}


def look_through(document: Mapping[str, Any], findings: Findings) -> None:
    """Find the names of a storyboard that are no fields."""
    segments = document.get("segments")
    segments = [one for one in segments if isinstance(one, dict)] if isinstance(segments, list) else []
    left_out: dict[str, None] = {}
    _top(document, segments, findings, left_out)
    raws = document.get("segments")
    for position, raw in enumerate(raws if isinstance(raws, list) else ()):
        if isinstance(raw, dict):
            _segment(raw, ("segments", position), findings, left_out)
            if document.get("characters"):
                _without_asset(raw, ("segments", position), findings)
    if left_out:
        names = list(left_out)
        more = len(names) - _LISTED
        listed = ", ".join(names[:_LISTED]) + (f" … (+{more})" if more > 0 else "")
        findings.notes.append(
            (
                (),
                Problem(
                    "storyboard.left_out", N_("Not known here, and left out: {names}."), "", {"names": listed}
                ),
            )
        )


def stands_twice(text: str, findings: Findings) -> None:
    """Find the names that stand twice in one object of a valid JSON text: a parser hears the last alone."""
    for path, line in doubles(text):
        fix = N_("Keep one of the two: which one was meant cannot be told.")
        problem = Problem(
            "storyboard.twice", N_("{name} stands twice in one object."), fix, {"name": path[-1]}, line=line
        )
        findings.add(problem, path)


def _top(
    document: Mapping[str, Any],
    segments: list[Mapping[str, Any]],
    findings: Findings,
    left_out: dict[str, None],
) -> None:
    for name, value in _others(document, (*_TOP, "$schema")):
        field = _meant(name, _TOP, findings)
        if field is not None:
            _is_near((name,), field, value, document, findings)
        elif (field := _of_segments(name, findings)) is not None and not _is_remark(field, value, name):
            _misplaced((name,), field, value, segments, findings)
        elif isinstance(value, dict) and is_for_all(name):
            _inside((name,), value, segments, findings)
        else:
            left_out[name] = None
    _defaults(document.get("defaults"), segments, findings, left_out)
    for place, person in _objects(document.get("characters"), ("characters",)):
        _members(person, _BIBLE, place, "characters", findings, left_out)
        for within, picture in _objects(person.get("references"), (*place, "references")):
            _members(picture, _REFERENCE, within, "references", findings, left_out)


def _defaults(
    defaults: Any, segments: list[Mapping[str, Any]], findings: Findings, left_out: dict[str, None]
) -> None:
    for name, value in _others(defaults, _SHOT) if isinstance(defaults, dict) else ():
        path: Place = ("defaults", name)
        field = _meant(name, _SHOT, findings)
        if field is not None and not all(_says(one, field, value) for one in segments):
            _is_near(path, field, value, defaults, findings)
        elif (other := field or _of_segments(name, findings)) is not None:
            _misplaced(path, other, value, segments, findings)
        else:
            left_out[f"defaults.{name}"] = None
    if isinstance(defaults, dict) and _is_remark("audio", defaults.get("audio")):
        left_out["defaults.audio"] = None


def _objects(listed: Any, path: Place) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """The objects of a list, each with its place; an object alone is one."""
    if isinstance(listed, dict):
        yield path, listed
    for position, one in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(one, dict):
            yield (*path, position), one


def _members(
    one: Mapping[str, Any],
    fields: tuple[str, ...],
    path: Place,
    within: str,
    findings: Findings,
    left_out: dict[str, None],
) -> None:
    """The names of an object that has but these fields."""
    for name, value in _others(one, fields):
        field = _meant(name, fields, findings)
        if field is not None:
            _is_near((*path, name), field, value, one, findings)
        else:
            left_out[f"{within}.{name}"] = None


def _is_remark(field: str, value: Any, name: str = "") -> bool:
    """What is said of the sound in an object or a list, or under its own name in words, is the author's own."""
    return field == "audio" and (isinstance(value, (dict, list)) or tells_of_sound(name, value))


def _of_segments(name: str, findings: Findings) -> Optional[str]:
    """Which field of a segment a name at the top is. A synonym may tell of the whole there: the text it came from."""
    if name in _SEGMENT:
        return name
    field = spelled(name, _SEGMENT) or _meant(name, _LONG, findings)
    return None if field in _OF_ONE else field


def _meant(name: str, fields: tuple[str, ...], findings: Findings) -> Optional[str]:
    if len(findings.names) < _NAMES:
        findings.names.add(name)
    return meant(name, fields) if name in findings.names else spelled(name, fields)


def _segment(raw: Mapping[str, Any], path: Place, findings: Findings, left_out: dict[str, None]) -> None:
    for name, value in _others(raw, _SEGMENT):
        if not _is_told(name, value, raw, path, findings):
            left_out[name] = None
    if _is_remark("audio", raw.get("audio")):
        left_out["audio"] = None
    for within, picture in _objects(raw.get("references"), (*path, "references")):
        _members(picture, _REFERENCE, within, "references", findings, left_out)
    for within, line in _objects(raw.get("dialogue"), (*path, "dialogue")):
        _members(line, _LINE, within, "dialogue", findings, left_out)
    asset = raw.get("asset")
    if isinstance(asset, dict):
        _asset(asset, raw, (*path, "asset"), findings, left_out)


def _is_told(name: str, value: Any, raw: Mapping[str, Any], path: Place, findings: Findings) -> bool:
    """Whether a name of a segment that is no field is more than a remark; then what is wrong with it is told."""
    field = _meant(name, _SEGMENT, findings)
    if field is not None and not tells_of_sound(name, value):
        _is_near((*path, name), field, value, raw, findings)
        return True
    if is_about_else(name):
        return False
    if holds_picture(name, value):
        findings.add(_not_sent(name), (*path, name))
        return True
    return isinstance(value, dict) and _inside((*path, name), value, [raw], findings)


def _asset(
    asset: Mapping[str, Any],
    raw: Mapping[str, Any],
    path: Place,
    findings: Findings,
    left_out: dict[str, None],
) -> None:
    for name, value in _others(asset, _ASSET):
        field, of_segment = _meant(name, _ASSET, findings), spelled(name, _SEGMENT)
        if field is not None:
            _is_near((*path, name), field, value, asset, findings)
        elif of_segment is not None and of_segment != "dialogue" and not _is_remark(of_segment, value, name):
            _misplaced((*path, name), of_segment, value, [raw], findings)
        else:
            left_out[f"asset.{name}"] = None
    for within, character in _objects(asset.get("characters"), (*path, "characters")):
        for name in character:
            if character[name] and spelled(name, _BIBLE) == "references":
                findings.add(_in_bible(name), (*within, name))
        _members(character, _CHARACTER, within, "characters", findings, left_out)


def _others(raw: Mapping[str, Any], fields: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """What is in an object and is neither a field nor the author's own."""
    return ((name, value) for name, value in raw.items() if name not in fields and not name.startswith("_"))


def _inside(
    path: Place, outer: Mapping[str, Any], segments: list[Mapping[str, Any]], findings: Findings
) -> bool:
    """Segments' fields one level down in an object that has no meaning here; whether there are any."""
    found = [(name, value, spelled(name, _SEGMENT)) for name, value in _others(outer, ())]
    for name, value, field in found:
        if field is not None:
            _misplaced((*path, name), field, value, segments, findings)
    return any(field is not None for _name, _value, field in found)


def _is_near(path: Place, field: str, value: Any, beside: Mapping[str, Any], findings: Findings) -> None:
    name = str(path[-1])
    if field not in beside:
        field = next(
            (older for newer, older in OLDER.items() if newer == field and _says(beside, older, value)),
            field,
        )
    params: dict[str, Param] = {"name": name, "field": field}
    if value is None or (field in beside and _same(field, value, beside[field])):
        findings.notes.append((path, _says_the_same(params)))
        return
    if field in beside:
        fix = N_("Did you mean {field}? It is there too and says something else: keep one of the two.")
    else:
        fix = N_(
            'Did you mean {field}? If it is a remark of your own, put an underscore before the name: "_{name}".'
        )
        findings.meant.add((*path[:-1], field))
    findings.add(Problem("storyboard.near", N_("There is no field {name}."), fix, params), path)


def _misplaced(
    path: Place, field: str, value: Any, segments: list[Mapping[str, Any]], findings: Findings
) -> None:
    params: dict[str, Param] = {"name": str(path[-1]), "field": field}
    told = [_says(one, field, value) for one in segments]
    if value is None or (told and all(told)):
        findings.notes.append((path, _says_the_same(params)))
        return
    fix = N_(
        "Did you mean {field}, in each segment or in defaults? If it is a remark of your own, put an underscore "
        'before the name: "_{name}".'
    )
    findings.add(
        Problem("storyboard.misplaced", N_("{name} has no effect at this place."), fix, params), path
    )
    if len(path) > 2:
        findings.meant.add((*path[:2], field))


def _in_bible(name: str) -> Problem:
    return Problem(
        "storyboard.misplaced",
        N_("{name} has no effect at this place."),
        N_(
            "Write it in the list of characters at the top of the file, where each has its name and references."
        ),
        {"name": name, "field": name},
    )


def _not_sent(name: str) -> Problem:
    return Problem(
        "storyboard.not_sent",
        N_("{name} names a picture that would not be sent: there is no such field."),
        N_(
            "Write it as first_frame, last_frame or references. If it is a remark of your own, put an underscore "
            'before the name: "_{name}".'
        ),
        {"name": name[:60]},
    )


def _without_asset(raw: Mapping[str, Any], path: Place, findings: Findings) -> None:
    """Characters beside ``asset``, where the file has a list of them, whose ids and pictures would not be used."""
    if raw.get("characters"):
        fix = N_("Write it in asset, where a segment names its characters, scene and props.")
        problem = Problem(
            "storyboard.misplaced", N_("{name} has no effect at this place."), fix, {"name": "characters"}
        )
        findings.add(problem, (*path, "characters"))


def _says_the_same(params: Mapping[str, Param]) -> Problem:
    return Problem(
        "storyboard.says_the_same", N_("{name} adds nothing to {field}, and is left out."), "", params
    )


def _says(one: Mapping[str, Any], field: str, value: Any) -> bool:
    """Whether a segment says that itself, by whichever name of the field."""
    names = [name for name in (field, OLDER.get(field, field)) if name in one]
    return bool(names) and _same(names[0], value, one[names[0]])


def _same(field: str, one: Any, other: Any) -> bool:
    return _meaning(field, one) == _meaning(field, other)


def _meaning(field: str, value: Any) -> object:
    """A value as people read it: ``"15s"`` is 15, ``portrait`` is vertical."""
    if isinstance(value, str):
        text = value.strip().casefold()
        if field in ("resolution", "aspect_ratio"):
            return _WAYS.get(text, text)
        number = text.removesuffix("s").strip()
        whole = field == "duration_seconds" and number.isdecimal() and len(number) < 10
        return int(number) if whole else text
    return value
