"""`sorad export`: what editing programs read, parsed again."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path

import pytest

from sorad.export import fcpxml, srt, xmeml
from sorad.export.timeline import Clip, Cut, rate_of
from sorad.media.questions import is_there
from sorad.model import State
from sorad.simulator.mp4 import movie

NTSC = Fraction(30000, 1001)


def clip(
    number: int,
    seconds: float,
    rate: Fraction = Fraction(24),
    sound: bool = True,
    lines: tuple[str, ...] = (),
) -> Clip:
    path = Path(f"/片子/a b&#{number}.mp4")
    return Clip(f"S{number:03} T1 <&>", path, seconds, 1280, 720, rate, sound, lines)


CUT = Cut(
    "film <1>",
    [clip(1, 10.04), clip(2, 5.0, NTSC, sound=False), clip(3, 4.0, lines=("hi --> you", "  ", "bye"))],
)


def test_final_cut_xml_has_the_clips_in_order_with_their_files_and_sound():
    root = ET.fromstring(xmeml.write(CUT).split("<!DOCTYPE xmeml>")[1])
    (sequence,) = root
    assert sequence.findtext("name") == "film <1>"
    assert sequence.findtext("duration") == str(240 + 120 + 96)
    items = sequence.findall("media/video/track/clipitem")
    spans = [
        (one.findtext("start"), one.findtext("end"), one.findtext("in"), one.findtext("out")) for one in items
    ]
    assert spans == [("0", "240", "0", "240"), ("240", "360", "0", "120"), ("360", "456", "0", "96")]
    assert [one.findtext("file/pathurl") for one in items] == [one.path.as_uri() for one in CUT.clips]
    assert items[1].findtext("file/rate/timebase") == "30"
    assert items[1].findtext("file/rate/ntsc") == "TRUE"
    sounds = sequence.findall("media/audio/track/clipitem/file")
    assert [one.get("id") for one in sounds] == ["file-1", "file-3"]


def test_fcpxml_is_whole_frames_without_a_gap():
    root = ET.fromstring(fcpxml.write(CUT).split("<!DOCTYPE fcpxml>")[1])

    def at(text):
        return Fraction(text.rstrip("s"))

    clips = root.findall(".//spine/asset-clip")
    assets = {one.get("id"): one for one in root.findall("resources/asset")}
    formats = {one.get("id"): at(one.get("frameDuration")) for one in root.findall("resources/format")}
    assert set(formats.values()) == {1 / Fraction(24), 1 / NTSC}
    end = Fraction(0)
    for one, told in zip(clips, CUT.clips):
        asset = assets[one.get("ref")]
        assert at(one.get("offset")) == end
        end += at(one.get("duration"))
        assert (end * 24).denominator == 1
        assert asset.find("media-rep").get("src") == told.path.as_uri()
        assert (asset.get("hasAudio") == "1") == told.sound
        assert formats[asset.get("format")] == 1 / told.rate
    assert at(root.find(".//sequence").get("duration")) == end


def test_subtitles_share_the_time_of_their_clip():
    assert srt.write(CUT) == (
        "1\n00:00:15,000 --> 00:00:17,000\nhi → you\n\n2\n00:00:17,000 --> 00:00:19,000\nbye\n"
    )


@pytest.mark.parametrize(
    ("told", "rate"),
    [
        (24.0, Fraction(24)),
        (23.976, Fraction(24000, 1001)),
        (29.97, NTSC),
        (30.0, Fraction(30)),
        (0.0, Fraction(30)),
    ],
)
def test_rates_are_fractions(told, rate):
    assert rate_of(told) == rate


@pytest.mark.skipif(not is_there(), reason="sorad[media] is not installed")
def test_the_chosen_takes_of_a_storyboard(house):
    board = Path(house.vault) / "storyboard.json"
    takes = house.takes(1, State.DONE, output=f"{house.home}/videos/Segment_1/1.mp4")
    segments = [
        {"segment_index": take.segment, "prompt_text": "p", "dialogue": ["Hello."]} for take in takes[:1]
    ]
    board.write_text(json.dumps({"segments": segments}), "utf-8")
    for take in takes:
        Path(take.output).parent.mkdir(parents=True, exist_ok=True)
        Path(take.output).write_bytes(
            movie("t", "x", seconds=4, orientation="horizontal", size=100_000).bytes()
        )
    for form in ("srt", "premiere", "fcpxml"):
        ran = house.sorad("export", str(board), "--to", form, "--out", f"{house.home}/out")
        assert ran.code == 0, ran.err
        text = Path(ran.out.strip()).read_text("utf-8")
        assert "Hello." in text if form == "srt" else Path(takes[0].output).as_uri() in text
    Path(takes[0].output).write_bytes(b"no video")
    ran = house.sorad("export", str(board), "--to", "srt", "--out", f"{house.home}/out")
    assert ran.code != 0
    assert "cannot be read" in ran.err
