"""What editing programs read: as the golden files have it, and as independent readers understand it."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from export_cuts import CUT, FILES, GOLDEN, NTSC, SPARE, WRITTEN

from sorad.export import fcpxml, jianying, otio, srt, xmeml
from sorad.export.timeline import Cut, rate_of

needs_otio = pytest.mark.skipif(otio.missing() is not None, reason="sorad[export] is not installed")


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "timeline.otio"])
def test_the_bytes_are_those_of_the_golden_file(name):
    assert WRITTEN[name]() == (GOLDEN / name).read_text("utf-8")


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


def test_a_draft_is_without_gaps_and_names_files_of_its_own_folder():
    draft = json.loads(jianying.content(CUT, FILES, jianying.HERE))
    videos = {one["id"]: one for one in draft["materials"]["videos"]}
    (track,) = draft["tracks"]
    end = 0
    for number, segment in enumerate(track["segments"]):
        video, target = videos[segment["material_id"]], segment["target_timerange"]
        assert target["start"] == end
        end += target["duration"]
        source = segment["source_timerange"]
        assert source["start"] == 0
        assert source["duration"] <= video["duration"]
        assert video["path"] == f"{jianying.HERE}/Resources/{FILES[number]}"
        assert video["has_audio"] == CUT.clips[number].sound
        assert segment["extra_material_refs"] == [draft["materials"]["speeds"][number]["id"]]
    assert draft["duration"] == end == 19_000_000
    listed = json.loads(jianying.meta(CUT, FILES, "/drafts/x", "x", 0.0))
    media = next(one["value"] for one in listed["draft_materials"] if one["type"] == 0)
    assert [one["file_Path"] for one in media] == [f"/drafts/x/Resources/{name}" for name in FILES]


# --- independent readers ---------------------------------------------------------------------------------


@needs_otio
def test_the_library_reads_its_timeline_back_with_the_other_takes():
    import opentimelineio as library

    golden = (GOLDEN / "timeline.otio").read_text("utf-8")
    for text in (golden, otio.write(CUT)):
        read = library.adapters.read_from_string(text, "otio_json")
        (picture,), (sound,) = read.video_tracks(), read.audio_tracks()
        assert [one.name for one in picture] == [one.name for one in CUT.clips]
        assert read.duration() == library.opentime.RationalTime(456, 24)
        assert sound.trimmed_range() == picture.trimmed_range()
        assert [isinstance(one, library.schema.Gap) for one in sound] == [False, True, False]
        assert [one.media_reference.target_url for one in picture] == [one.path.as_uri() for one in CUT.clips]
        spare = picture[1].media_references()
        assert [(key, one.target_url) for key, one in spare.items() if key != "DEFAULT_MEDIA"] == [
            ("T2", SPARE.path.as_uri())
        ]
        assert spare["T2"].available_range.duration == library.opentime.RationalTime(144, 24)


@needs_otio
def test_takes_of_one_number_do_not_hide_each_other():
    import opentimelineio as library

    older = replace(SPARE, path=Path("/片子/older.mp4"))
    cut = Cut("x", [replace(CUT.clips[0], others=(SPARE, older))])
    read = library.adapters.read_from_string(otio.write(cut), "otio_json")
    (shot, _sound) = read.find_clips()
    assert len(shot.media_references()) == 3


@needs_otio
@pytest.mark.parametrize("name", ["premiere.xml", "final.fcpxml"])
def test_the_readers_of_opentimelineio_find_the_clips_in_order(name):
    import opentimelineio as library

    kind = {"premiere.xml": "fcp_xml", "final.fcpxml": "fcpx_xml"}[name]
    if kind not in library.adapters.available_adapter_names():
        pytest.skip(f"OpenTimelineIO's adapter {kind} is not installed")
    # of one rate: its reader of FCPXML counts an offset in frames of the clip, not of the sequence
    cut = Cut("film", [replace(one, rate=Fraction(24)) for one in CUT.clips])
    read = library.adapters.read_from_string({"fcp_xml": xmeml, "fcpx_xml": fcpxml}[kind].write(cut), kind)
    track = next(iter(read.find_children(descended_from_type=library.schema.Track)))
    found = [(one.name, one.source_range.duration.to_seconds()) for one in track]
    assert found == [(one.name, cut.frames(one) / 24) for one in cut.clips]


def test_ffmpeg_understands_the_subtitles():
    library = pytest.importorskip("av")
    with library.open(str(GOLDEN / "subtitles.srt")) as read:
        found = [
            (one.pts * one.time_base, one.duration * one.time_base, bytes(one).decode())
            for one in read.demux()
            if one.size
        ]
    assert found == [(15, 2, "hi → you"), (17, 2, "bye")]


@pytest.mark.skipif(sys.platform == "win32", reason="its reader loads what drives the program there")
def test_an_independent_reader_understands_the_draft(tmp_path):
    library = pytest.importorskip("pyJianYingDraft")
    (tmp_path / "film").mkdir()
    (tmp_path / "film" / "draft_content.json").write_text(
        (GOLDEN / "draft_content.json").read_text("utf-8"), "utf-8"
    )
    read = library.DraftFolder(str(tmp_path)).load_template("film")
    track = read.get_imported_track(library.TrackType.video, index=0)
    assert (read.width, read.height, read.fps, read.duration) == (1280, 720, 24.0, 19_000_000)
    assert [(one.target_timerange.start, one.target_timerange.duration) for one in track.segments] == [
        (0, 10_000_000),
        (10_000_000, 5_000_000),
        (15_000_000, 4_000_000),
    ]
