"""FCPXML 1.9: Final Cut Pro, and DaVinci Resolve. Pure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from fractions import Fraction

from sorad.export.timeline import Clip, Cut
from sorad.plaintext import one_line


def write(cut: Cut) -> str:
    """The file. All times are whole frames of the cut's rate."""
    root = ET.Element("fcpxml", version="1.9")
    resources = ET.SubElement(root, "resources")
    formats: dict[tuple[int, int, Fraction], str] = {}
    main = _format(resources, formats, cut.clips[0], cut.rate)
    project = ET.SubElement(
        ET.SubElement(ET.SubElement(root, "library"), "event", name=one_line(cut.name)),
        "project",
        name=one_line(cut.name),
    )
    starts = cut.starts()
    sequence = ET.SubElement(
        project, "sequence", format=main, duration=_time(starts[-1], cut.rate), tcStart="0s", tcFormat="NDF"
    )
    spine = ET.SubElement(sequence, "spine")
    for number, (clip, start) in enumerate(zip(cut.clips, starts), 1):
        length = _time(cut.frames(clip), cut.rate)
        told = {"name": one_line(clip.name), "start": "0s", "duration": length, "hasVideo": "1"}
        told["format"] = _format(resources, formats, clip, clip.rate)
        if clip.sound:
            told.update(hasAudio="1", audioSources="1")
        asset = ET.SubElement(resources, "asset", {"id": f"asset{number}", **told})
        ET.SubElement(asset, "media-rep", kind="original-media", src=clip.path.as_uri())
        ET.SubElement(
            spine,
            "asset-clip",
            ref=f"asset{number}",
            name=one_line(clip.name),
            offset=_time(start, cut.rate),
            start="0s",
            duration=length,
        )
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{text}\n'


def _format(
    resources: ET.Element, known: dict[tuple[int, int, Fraction], str], clip: Clip, rate: Fraction
) -> str:
    key = (clip.width, clip.height, rate)
    if key not in known:
        known[key] = f"format{len(known) + 1}"
        told = {"width": str(clip.width), "height": str(clip.height)}
        ET.SubElement(resources, "format", {"id": known[key], "frameDuration": _time(1, rate), **told})
    return known[key]


def _time(frames: int, rate: Fraction) -> str:
    at = frames / rate
    return f"{at.numerator}s" if at.denominator == 1 else f"{at.numerator}/{at.denominator}s"
