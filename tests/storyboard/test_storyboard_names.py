"""Names that are nearly a field are mistakes; words of the trade and remarks are none."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.storyboard.names import ORDINARY, folded, meant
from sorad.storyboard.read import Reading, Rules, read_bytes
from sorad.storyboard.schema import AssetPart, CharacterPart, SegmentPart

SAMPLES = Path(__file__).parents[1] / "samples"
RULES = Rules(
    max_size=5_000_000,
    max_segments=1_000,
    max_takes=100,
    takes=1,
    director_intent=False,
    validate=lambda request: [],
)
SEGMENT, ASSET, CHARACTER = (tuple(part.model_fields) for part in (SegmentPart, AssetPart, CharacterPart))

# What people and LLMs write about a shot, beside the fields.
_WORDS = """
    act action actions actor actors age ambience angle animation arc art artist asset_type atmosphere audio
    author background bgm beat blocking body brand brightness camera camera_angle camera_movement camera_move
    caption cast category chapter client clip cloth clothes clothing color color_grade colors colour comment
    composition content continuity contrast copyright costume created created_at credits crop cue cut date day
    decor depth depth_of_field description design detail details dialogue dialog direction director
    director_name dop dress edit editor effect effects emotion emotions energy environment episode
    episode_title event exposure expression extra eyeline face feeling film filter flow focal_length focus
    foley footage foreground format fps framing fx gaze genre goal grade grading hair id idea ideas info
    intent intro key keywords kind language layout lens lens_type level light lighting lights line lines
    location locations logline look lut lyrics makeup meta metadata mode model_notes moment mood motion
    motivation move movement music music_cue name narration narrator need negative_prompt night note notes
    number objective object objects order outfit outline pace pacing palette pan part people perspective phase
    place plot pose position project prop props purpose quality question reaction reference references remark
    remarks rhythm role scale scene scene_id scene_number scenes score script season seed sequence series set
    setting sfx shade shot shot_id shot_list shot_number shot_size shot_type shots size sky sound
    sound_effects source space speaker speed stage staging stakes start state status story storyline style
    subject subtext subtitle subtitles summary symbol synopsis tags tempo tension text texture theme time
    time_of_day timecode timing title tone topic track transition transitions translation type update updated
    url value version vfx view viewpoint visual visuals voice voiceover vo volume wardrobe weather words world
    writer year zoom 镜头 景别 台词 旁白 音效 音乐 备注 情绪 时长备注 角色 场景
"""
VOCABULARY = _WORDS.split()
FILM_AT_THE_TOP = [*VOCABULARY, "prompt", "image", "total_duration", "take_notes", "assets_folder", "schema"]


def read(document: object) -> Reading:
    return read_bytes(json.dumps(document).encode(), Path("/nowhere"), RULES)


def one(**fields: object) -> dict[str, Any]:
    return {"segments": [{"segment_index": 4, "prompt_text": "A cat.", **fields}]}


def mistakes(document: object) -> list[tuple[str, str, object]]:
    return [(one.code, one.where, one.params.get("field")) for one in read(document).problems]


def notes(document: object) -> list[tuple[str, object]]:
    reading = read(document)
    assert reading.ok
    return [(one.code, one.params.get("names") or one.params.get("name")) for one in reading.notes]


# --- in a segment -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("isPro", "is_pro"),
        ("is-pro", "is_pro"),
        ("IS_PRO", "is_pro"),
        ("Resolution", "resolution"),
        ("imageURL", "image_url"),
        ("segmentIndex", "segment_index"),
        ("promptText", "prompt_text"),
        ("Duration Seconds", "duration_seconds"),
        ("duration", "duration_seconds"),
        ("duration_sec", "duration_seconds"),
        ("seconds", "duration_seconds"),
        ("aspectRatio", "aspect_ratio"),
        ("ratio", "aspect_ratio"),
        ("endFrame", "last_frame"),
        ("start_image", "first_frame"),
        ("reference_images", "references"),
        ("negativePrompt", "negative_prompt"),
        ("generate_audio", "audio"),
        ("random_seed", "seed"),
        ("models", "model"),
        ("orientation", "resolution"),
        ("pro", "is_pro"),
        ("image", "image_url"),
        ("reference_image", "image_url"),
        ("num_takes", "takes"),
        ("numberOfTakes", "takes"),
        ("prompt", "prompt_text"),
        ("duration_second", "duration_seconds"),
        ("duraton_secons", "duration_seconds"),
        ("resolutions", "resolution"),
        ("resoltuion", "resolution"),
        ("resolusion", "resolution"),
        ("promt_text", "prompt_text"),
        ("promp_tex", "prompt_text"),
        ("take", "takes"),
        ("taeks", "takes"),
        ("assets", "asset"),
        ("image_ur", "image_url"),
        ("is_por", "is_pro"),
        ("director_intents", "director_intent"),
    ],
)
def test_a_name_that_is_nearly_a_field_is_a_mistake(name: str, field: str) -> None:
    (problem,) = read(one(**{name: "x"})).problems
    assert (problem.code, problem.where) == ("storyboard.near", f"segments[0].{name}")
    assert f"Did you mean {field}?" in problem.fix_text()
    assert problem.line == 1
    assert problem.text().startswith(f"line 1, segment 4, {name}: ")


@pytest.mark.parametrize("field", SEGMENT)
@given(data=st.data())
def test_one_letter_off_is_a_mistake_in_every_field(field: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(field) - 1).filter(lambda at: field[at].isalpha()))
    letter = data.draw(st.sampled_from(["", "q", field[at] * 2]))
    name = field[:at] + letter + field[at + 1 :]
    assert name in ORDINARY or meant(name, SEGMENT) == field


def test_two_letters_off_are_too_many_in_a_short_name() -> None:
    assert meant("imag_ul", SEGMENT) is None
    assert meant("resolushun", SEGMENT) is None
    assert meant("duratin_secnds", SEGMENT) == "duration_seconds"


@pytest.mark.parametrize("value", ["x", 3, None, ["x"], {"type": "slow", "x": 1}])
def test_words_of_the_trade_are_no_mistakes_in_a_segment(value: object) -> None:
    assert mistakes(one(**{word: value for word in VOCABULARY if word not in SEGMENT})) == []


@pytest.mark.parametrize("value", ["x", 3, {"duration": 3}])
def test_words_of_the_trade_are_no_mistakes_at_the_top(value: object) -> None:
    words = [word for word in FILM_AT_THE_TOP if word not in SEGMENT]
    assert mistakes({**dict.fromkeys(words, value), **one()}) == []


def test_words_of_the_trade_are_no_mistakes_in_an_asset_nor_of_a_character() -> None:
    fields = (*ASSET, *CHARACTER, *SEGMENT, "prop", "scenes")
    words = dict.fromkeys(word for word in VOCABULARY if word not in fields)
    asset = {**words, "characters": [{"name": "A", **words}], "name": "x"}
    assert mistakes(one(asset={word: value or "x" for word, value in asset.items()})) == []


def test_remarks_are_never_looked_at() -> None:
    remark = {"duration": 3, "resolution": "vertical", "x": {"isPro": 1}}
    document = {"_info": remark, "_takes": 3, **one(_duration=15, _video_params=remark, __x=remark)}
    assert (mistakes(document), notes(document)) == ([], [])


def test_members_of_an_asset_and_of_a_character_are_looked_at_likewise() -> None:
    assert mistakes(one(asset={"scenes": "Room"})) == [
        ("storyboard.near", "segments[0].asset.scenes", "scene")
    ]
    assert mistakes(one(asset={"Characters": ["A"]})) == [
        ("storyboard.near", "segments[0].asset.Characters", "characters")
    ]
    assert mistakes(one(asset={"image_url": "a.png"})) == [
        ("storyboard.misplaced", "segments[0].asset.image_url", "image_url")
    ]
    assert mistakes(one(asset={"characters": ["A", {"name": "B", "character_id": "@b"}]})) == [
        ("storyboard.near", "segments[0].asset.characters[1].character_id", "id")
    ]


def test_a_field_under_another_name_is_not_missing_as_well() -> None:
    document = {"segments": [{"segmentIndex": 1, "prompt": "A cat."}, {"prompt_text": "x"}]}
    assert [(code, where) for code, where, _field in mistakes(document)] == [
        ("storyboard.near", "segments[0].segmentIndex"),
        ("storyboard.near", "segments[0].prompt"),
        ("storyboard.index", "segments[1].segment_index"),
    ]


# --- elsewhere --------------------------------------------------------------------------------------


def test_fields_of_segments_have_no_effect_at_the_top() -> None:
    document = {**one(), "resolution": "vertical", "aspectRatio": "9:16", "is_pro": True, "duration": 15}
    assert mistakes(document) == [
        ("storyboard.misplaced", "resolution", "resolution"),
        ("storyboard.misplaced", "aspectRatio", "aspect_ratio"),
        ("storyboard.misplaced", "is_pro", "is_pro"),
        ("storyboard.misplaced", "duration", "duration_seconds"),
    ]


def test_nor_have_they_in_an_object_that_is_not_known() -> None:
    document = one(video_params={"duration": 15, "resolution": "vertical", "fps": 24})
    assert mistakes(document) == [
        ("storyboard.misplaced", "segments[0].video_params.duration", "duration_seconds"),
        ("storyboard.misplaced", "segments[0].video_params.resolution", "resolution"),
    ]
    assert mistakes({"defaults": {"isPro": True}, **one()}) == [
        ("storyboard.near", "defaults.isPro", "is_pro")
    ]


@pytest.mark.parametrize("name", ["transition", "audio", "camera_move", "bgm", "SFX", "subtitles", "meta"])
def test_what_is_about_something_else_has_a_length_of_its_own(name: str) -> None:
    assert mistakes(one(**{name: {"duration": 1, "prompt": "x", "length": 2}})) == []


def test_a_list_of_shots_within_a_segment_is_a_remark() -> None:
    assert mistakes(one(shots=[{"duration": 3, "prompt": "close"}])) == []


FACE = "https://x.test/alice.png"
BIBLE = [{"name": "Alice", "references": [FACE]}]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"continue_from_previous": True}, [("storyboard.near", "segments[0].continue_from_previous")]),
        ({"useLastFrame": True}, [("storyboard.near", "segments[0].useLastFrame")]),
        ({"mute": True}, [("storyboard.near", "segments[0].mute")]),
        ({"sound": False}, [("storyboard.near", "segments[0].sound")]),
        ({"sound": "rain", "sound_effects": ["rain"]}, []),
        ({"character_image": FACE}, [("storyboard.not_sent", "segments[0].character_image")]),
        ({"frames": {"first": "a.jpeg"}}, [("storyboard.not_sent", "segments[0].frames")]),
        ({"thumbnail": "a.png", "mood": "a.png", "shot_image": "wide"}, []),
        ({"characters": ["Alice"]}, [("storyboard.misplaced", "segments[0].characters")]),
        ({"asset": {"characters": ["Alise"]}}, [("storyboard.name_near", "segments[0].asset.characters")]),
        (
            {"asset": {"characters": ["alice (@a)"]}},
            [("storyboard.name_near", "segments[0].asset.characters")],
        ),
        ({"asset": {"characters": ["Alice (@a)", "Bob", "小美"]}}, []),
        (
            {"asset": {"characters": [{"name": "Alice", "image": FACE}]}},
            [("storyboard.misplaced", "segments[0].asset.characters[0].image")],
        ),
    ],
)
def test_a_picture_a_face_or_a_switch_is_never_left_out(
    fields: dict[str, object], told: list[tuple[str, str]]
) -> None:
    assert [
        (found.code, found.where) for found in read({"characters": BIBLE, **one(**fields)}).problems
    ] == told


def test_a_character_with_a_picture_under_another_name_is_a_mistake() -> None:
    for head in ({"characters": [{"name": "Alice", "image": FACE}]}, {"character_bible": BIBLE}):
        assert [found.code for found in read({**head, **one()}).problems] == ["storyboard.near"]
    assert read(one(characters=["Alice"])).ok  # a remark, where the file has no list of them


# --- notes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"duration": 15, "duration_seconds": 15},
        {"duration": "15s", "duration_seconds": 15},
        {"aspectRatio": "9:16", "resolution": "vertical"},
        {"start_image": "https://x.test/a.png", "image_url": "https://x.test/a.png"},
        {"orientation": "Portrait", "resolution": "vertical"},
        {"video_params": {"duration": 15.0}, "duration_seconds": 15},
        {"image": None},
    ],
)
def test_what_says_the_same_is_a_note(fields: dict[str, object]) -> None:
    assert [code for code, _name in notes(one(**fields))] == ["storyboard.says_the_same"]


def test_what_says_something_else_is_a_mistake() -> None:
    (problem,) = read(one(duration=15, duration_seconds=10)).problems
    assert problem.fix_text().startswith("Did you mean duration_seconds? It is there too")


def test_at_the_top_every_segment_has_to_say_the_same() -> None:
    segments = [{"segment_index": n, "prompt_text": "x", "resolution": "vertical"} for n in (1, 2)]
    assert notes({"resolution": "vertical", "segments": segments}) == [
        ("storyboard.says_the_same", "resolution")
    ]
    del segments[1]["resolution"]
    assert mistakes({"resolution": "vertical", "segments": segments}) != []


def test_all_other_names_are_listed_once() -> None:
    segments = [{"segment_index": n, "prompt_text": "x", "mood": "x", "camera": {}} for n in (1, 2)]
    segments[1]["asset"] = {"style": 1, "characters": [{"name": "A", "age": 3}, {"name": "B", "age": 4}]}
    document = {"genre": "x", "title": "x", "segments": segments, "_x": 1}
    assert notes(document) == [("storyboard.left_out", "genre, mood, camera, asset.style, characters.age")]


def test_a_file_of_nothing_but_odd_names_is_read_in_no_time() -> None:
    names = {f"resolu{n:x}": 1 for n in range(100_000)}
    began = time.process_time()
    assert read({**names, **one(**names)}).ok
    assert time.process_time() - began < 20  # it took minutes when each was compared letter by letter


def test_names_without_end_are_not_all_listed() -> None:
    ((_code, names),) = notes(one(**{f"w{n}x{n}": 1 for n in range(100)}))
    assert isinstance(names, str)
    assert names.endswith("… (+80)")


# --- twice ------------------------------------------------------------------------------------------


_ONE = '"segments":[{"segment_index":1,"prompt_text":"x"%s}]'


@pytest.mark.parametrize(
    ("text", "where", "line"),
    [
        ("{" + _ONE % ',\n"is_pro":false,\n"is_pro":true' + "}", "segments[0].is_pro", 3),
        ("{" + _ONE % "" + ",\n\n" + _ONE % "" + "}", "segments", 3),
        ("{" + _ONE % ',"a":[{"b":1},{"b":1,\n"\\u0062":1}]' + "}", "segments[0].a[1].b", 2),
    ],
)
def test_a_name_that_stands_twice_is_a_mistake(text: str, where: str, line: int) -> None:
    (problem,) = read_bytes(text.encode(), Path("/nowhere"), RULES).problems
    assert (problem.code, problem.where, problem.line) == ("storyboard.twice", where, line)


@pytest.mark.parametrize(
    "text",
    [
        '{"_":1,"_":2,"segments":[{"segment_index":1,"prompt_text":"x","_c":{"a":1,"a":2}}]}',
        '{"segments":[{"segment_index":1,"prompt_text":"\\"a\\":1,\\"a\\":2 {[","x":"prompt_text"}],"a":{"a":{"a":1}}}',
    ],
)
def test_remarks_and_other_objects_may_have_the_same_name(text: str) -> None:
    assert read_bytes(text.encode(), Path("/nowhere"), RULES).ok


@given(st.lists(st.sampled_from(["a", "b", "segments", "_c", '"', "\\", "{"]), max_size=6), st.data())
def test_names_that_stand_twice_are_those_that_a_parser_drops(names: list[str], data: st.DataObject) -> None:
    inner = ", ".join(f"{json.dumps(name)}: [{{}}, {{{json.dumps(name)}: 1}}]" for name in names)
    text = f'{{"x": {{{inner}}}, "segments": [{{"segment_index": 1, "prompt_text": "x"}}]}}'
    twice = {one.where for one in read_bytes(text.encode(), Path("/nowhere"), RULES).problems}
    again = {name for name in names if names.count(name) > 1 and not name.startswith("_")}
    assert len(twice) == len(again)


# --- what was valid stays so ------------------------------------------------------------------------

FINGERPRINTS = json.loads((Path(__file__).parent / "fingerprints.json").read_text("utf-8"))


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_the_samples_ask_for_what_they_always_asked(path: Path) -> None:
    reading = read_bytes(path.read_bytes(), path.parent, RULES)
    assert reading.problems == ()
    assert [segment.request.fingerprint() for segment in reading.segments] == FINGERPRINTS[path.name]


def test_folding_drops_what_spelling_differs_in() -> None:
    assert folded("Image-URL") == folded("image_url") == folded("imageUrl") == "imageurl"
