"""Final Cut Pro 7 XML, which Premiere Pro and DaVinci Resolve read. Pure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from fractions import Fraction
from typing import Union

from sorad.export.timeline import Clip, Cut
from sorad.plaintext import one_line

Value = Union[str, int]


def write(cut: Cut) -> str:
    """The file."""
    root = ET.Element("xmeml", version="5")
    sequence = ET.SubElement(root, "sequence", id="sequence-1")
    starts = cut.starts()
    _add(sequence, name=one_line(cut.name), duration=starts[-1])
    _rate(sequence, cut.rate)
    timecode = ET.SubElement(sequence, "timecode")
    _rate(timecode, cut.rate)
    _add(timecode, string="00:00:00:00", frame=0, displayformat="NDF")
    media = ET.SubElement(sequence, "media")
    video = ET.SubElement(media, "video")
    _characteristics(ET.SubElement(video, "format"), cut.clips[0], cut.rate)
    picture = ET.SubElement(video, "track")
    audio = ET.SubElement(media, "audio")
    sound = ET.SubElement(audio, "track")
    for number, (clip, start) in enumerate(zip(cut.clips, starts), 1):
        _clip(picture, cut, clip, number, start, "video")
        if clip.sound:
            _clip(sound, cut, clip, number, start, "audio")
    return _text(root, "<!DOCTYPE xmeml>\n")


def _clip(track: ET.Element, cut: Cut, clip: Clip, number: int, start: int, kind: str) -> None:
    frames = cut.frames(clip)
    item = ET.SubElement(track, "clipitem", id=f"{kind}-{number}")
    _add(item, name=one_line(clip.name), enabled="TRUE", duration=frames)
    _rate(item, cut.rate)
    _add(item, start=start, end=start + frames, **{"in": 0, "out": frames})
    if kind == "audio":
        ET.SubElement(item, "file", id=f"file-{number}")  # told with the picture
        _add(ET.SubElement(item, "sourcetrack"), mediatype="audio", trackindex=1)
    else:
        _file(item, cut, clip, number)
    for linked in ("video", "audio") if clip.sound else ():
        _add(ET.SubElement(item, "link"), linkclipref=f"{linked}-{number}", mediatype=linked, trackindex=1)


def _file(item: ET.Element, cut: Cut, clip: Clip, number: int) -> None:
    file = ET.SubElement(item, "file", id=f"file-{number}")
    _add(file, name=clip.path.name, pathurl=clip.path.as_uri())
    _rate(file, clip.rate)
    _add(file, duration=max(1, int(clip.seconds * clip.rate)))
    media = ET.SubElement(file, "media")
    _characteristics(ET.SubElement(media, "video"), clip, clip.rate)
    if clip.sound:
        _add(ET.SubElement(media, "audio"), channelcount=2)


def _characteristics(parent: ET.Element, clip: Clip, rate: Fraction) -> None:
    told = ET.SubElement(parent, "samplecharacteristics")
    _add(told, width=clip.width, height=clip.height, pixelaspectratio="square")
    _rate(told, rate)


def _rate(parent: ET.Element, rate: Fraction) -> None:
    ntsc = rate.denominator != 1
    _add(ET.SubElement(parent, "rate"), timebase=round(rate), ntsc="TRUE" if ntsc else "FALSE")


def _add(parent: ET.Element, **members: Value) -> None:
    for name, value in members.items():
        ET.SubElement(parent, name).text = str(value)


def _text(root: ET.Element, doctype: str) -> str:
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}{ET.tostring(root, encoding="unicode")}\n'
