"""What a segment may say beyond text, length and direction; what counts for all segments; who is in the storyboard."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from sorad.model import SEEDS, Reference, Request
from sorad.problems import Problem
from sorad.storyboard.image import Pictures
from sorad.storyboard.read import Reading, Rules, read_bytes

PNG = b"\x89PNG\r\n\x1a\n"
A, B = "https://x.test/a.png", "https://x.test/b.png"
CAT = Request("A cat.")


def read(document: object, folder: Path = Path("/nowhere")) -> Reading:
    rules = Rules(5_000_000, 1_000, 100, 1, False, lambda request: [], Pictures((folder,)))
    return read_bytes(json.dumps(document).encode(), folder, rules)


def board(*segments: dict[str, Any], **top: Any) -> dict[str, Any]:
    listed = [
        {"segment_index": n, "prompt_text": "A cat.", **one} for n, one in enumerate(segments or ({},), 1)
    ]
    return {"segments": listed, **top}


def requests(document: object) -> list[Request]:
    reading = read(document)
    assert reading.problems == ()
    return [one.request for one in reading.segments]


def request_of(**fields: Any) -> Request:
    (found,) = requests(board(fields))
    return found


def codes(document: object) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in read(document).problems]


# --- fields -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "request_"),
    [
        ({"first_frame": A}, Request("A cat.", image=A)),
        ({"first_frame": A, "image_url": " "}, Request("A cat.", image=A)),
        ({"last_frame": "asset://x-1"}, Request("A cat.", last_frame="asset://x-1")),
        (
            {"first_frame": "mm_file://7", "last_frame": "oss://b/c"},
            Request("A cat.", image="mm_file://7", last_frame="oss://b/c"),
        ),
        (
            {"references": [A, {"image": B, "name": " Al ", "kind": "prop"}, A]},
            Request("A cat.", references=(Reference(A), Reference(B, "Al", "prop"))),
        ),
        ({"references": [], "dialogue": "Hi!", "negative_prompt": " ", "model": "", "seed": None}, CAT),
        ({"aspect_ratio": "16:9"}, CAT),
        ({"aspect_ratio": "9:16", "resolution": "vertical"}, Request("A cat.", orientation="vertical")),
        (
            {"aspect_ratio": "1:1", "resolution": "1080p"},
            Request("A cat.", orientation="1:1", resolution="1080p"),
        ),
        ({"audio": False}, Request("A cat.", audio=False)),
        ({"audio": {"bgm": "calm"}}, CAT),
        ({"negative_prompt": "blur", "seed": 7.0}, Request("A cat.", negative_prompt="blur", seed=7)),
        ({"model": " veo ", "provider": "west"}, Request("A cat.", model="veo", provider="west")),
        ({"dialogue": [{"speaker": "Al", "text": "Hi!"}, "Oh."]}, CAT),
    ],
)
def test_fields_of_a_segment(fields: dict[str, Any], request_: Request) -> None:
    assert request_of(**fields) == request_


def test_local_pictures_are_read_wherever_they_are_named(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes(PNG + name.encode())
    (segment,) = read(
        board({"first_frame": "a.png", "last_frame": "b.png", "references": ["c.png"]}), tmp_path
    ).segments
    paths = [path for _image, path in segment.request.pictures()]
    assert paths == [str(tmp_path / name) for name in ("a.png", "b.png", "c.png")]
    (tmp_path / "c.png").unlink()
    (problem,) = read(board({"references": ["a.png", "c.png"]}), tmp_path).problems
    assert (problem.code, problem.where) == ("storyboard.image", "segments[0].references[1]")


@pytest.mark.parametrize(
    ("fields", "code", "where"),
    [
        ({"first_frame": A, "image_url": B}, "storyboard.both", "image_url"),
        ({"aspect_ratio": "9:16", "resolution": "horizontal"}, "storyboard.both", "aspect_ratio"),
        ({"is_pro": True, "model": "veo"}, "storyboard.both", "is_pro"),
        ({"aspect_ratio": "2:1"}, "storyboard.aspect_ratio", "aspect_ratio"),
        ({"resolution": "8k"}, "storyboard.resolution", "resolution"),
        ({"audio": "yes"}, "storyboard.audio", "audio"),
        ({"seed": -1}, "storyboard.seed", "seed"),
        ({"seed": SEEDS}, "storyboard.seed", "seed"),
        ({"references": A}, "storyboard.references", "references"),
        ({"references": [{"image": A, "kind": "hero"}]}, "storyboard.references", "references[0].kind"),
        ({"references": [{"picture": A}]}, "storyboard.references", "references[0].image"),
        ({"negative_prompt": ["blur"]}, "storyboard.negative_prompt", "negative_prompt"),
        ({"dialogue": [3]}, "storyboard.dialogue", "dialogue[0]"),
        ({"last_frame": "ftp://x/a.png"}, "storyboard.image", "last_frame"),
    ],
)
def test_mistakes_are_told_with_their_place(fields: dict[str, Any], code: str, where: str) -> None:
    assert codes(board(fields)) == [(code, f"segments[0].{where}")]


# --- fingerprints -----------------------------------------------------------------------------------


def test_old_and_new_words_of_one_shot_have_one_fingerprint() -> None:
    old = request_of(image_url=A, resolution="vertical").fingerprint()
    assert request_of(first_frame=A, aspect_ratio="9:16").fingerprint() == old
    assert request_of(first_frame=A, aspect_ratio="9:16", provider="west").fingerprint() == old


@pytest.mark.parametrize(
    "fields",
    [
        {"last_frame": A},
        {"references": [A]},
        {"references": [{"image": A, "kind": "prop"}]},
        {"aspect_ratio": "1:1"},
        {"resolution": "720p"},
        {"audio": True},
        {"audio": False},
        {"negative_prompt": "blur"},
        {"seed": 0},
        {"model": "veo"},
    ],
    ids=str,
)
def test_whatever_is_said_counts(fields: dict[str, Any]) -> None:
    assert request_of(**fields).fingerprint() != CAT.fingerprint()


def test_a_request_comes_back_from_the_ledger_as_it_was() -> None:
    (whole,) = requests(
        board(
            {
                "first_frame": A,
                "last_frame": B,
                "references": [{"image": "asset://1", "name": "Al", "kind": "style"}],
                "aspect_ratio": "adaptive",
                "resolution": "4k",
                "audio": False,
                "negative_prompt": "blur",
                "seed": 3,
                "model": "veo",
                "provider": "west",
            }
        )
    )
    again = Request.from_json(whole.to_json())
    assert (again, again.rules, again.fingerprint()) == (whole, whole.rules, whole.fingerprint())
    assert Request.from_json(CAT.to_json()) == CAT
    assert Request.from_json('{"prompt": "A cat.", "image_path": ""}').rules == 0  # an earlier version's


def test_each_take_has_a_seed_of_its_own() -> None:
    assert [request_of(seed=7).of_take(n).seed for n in (1, 2, 5)] == [7, 8, 11]
    assert request_of(seed=SEEDS - 1).of_take(2).seed == 0
    assert CAT.of_take(5) is CAT


# --- for all segments -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("defaults", "own", "request_"),
    [
        ({"aspect_ratio": "9:16"}, {}, Request("A cat.", orientation="vertical")),
        (
            {"aspect_ratio": "9:16"},
            {"resolution": "1080p"},
            Request("A cat.", orientation="vertical", resolution="1080p"),
        ),
        ({"resolution": "vertical"}, {"aspect_ratio": "1:1"}, Request("A cat.", orientation="1:1")),
        ({"first_frame": A}, {"image_url": B}, Request("A cat.", image=B)),
        ({"first_frame": A, "seed": 3}, {"first_frame": "", "seed": None}, Request("A cat.", seed=3)),
        ({"references": [A]}, {"references": []}, CAT),
        ({"duration_seconds": 15, "is_pro": True}, {"duration_seconds": 10}, Request("A cat.", pro=True)),
        ({"model": "veo"}, {"is_pro": True}, Request("A cat.", pro=True)),
        ({"is_pro": True}, {"model": "veo"}, Request("A cat.", model="veo")),
        ({"model": "veo"}, {"is_pro": False}, Request("A cat.", model="veo")),
    ],
)
def test_defaults_count_where_a_segment_says_nothing(
    defaults: dict[str, Any], own: dict[str, Any], request_: Request
) -> None:
    assert requests(board(own, defaults=defaults)) == [request_]


def test_takes_may_be_a_default() -> None:
    reading = read(board({}, {"takes": 3}, defaults={"takes": 2}, takes=5))
    assert [one.takes for one in reading.segments] == [2, 3]


def test_names_in_defaults_are_looked_at() -> None:
    assert codes(board(defaults={"seeds": 1})) == [("storyboard.near", "defaults.seeds")]
    assert codes(board(defaults={"prompt_text": "x"})) == [("storyboard.misplaced", "defaults.prompt_text")]
    assert codes(board(defaults={"aspect_ratio": "x"})) == [
        ("storyboard.aspect_ratio", "defaults.aspect_ratio")
    ]
    assert codes(board(defaults=[])) == [("storyboard.defaults", "defaults")]
    (note,) = read(board(defaults={"mood": "x"})).notes
    assert note.params["names"] == "defaults.mood"


def test_what_an_editor_writes_at_the_top_is_ignored() -> None:
    assert read(board(**{"$schema": "./sorad.schema.json", "title": {"zh": "x"}})).notes == ()


# --- characters -------------------------------------------------------------------------------------

ALICE = {"name": "Alice", "aliases": ["Al"], "id": "@alice", "references": [A], "description": "red hair"}


@pytest.mark.parametrize(
    ("segment", "top", "prompt", "references"),
    [
        ({"asset": {"characters": ["Alice"]}}, {}, "@alice and Bob", (A,)),
        ({"asset": {"characters": ["Al"]}}, {}, "@alice and Bob", (A,)),
        ({"asset": {"characters": [{"name": "Alice", "id": "@own"}]}}, {}, "@own and Bob", (A,)),
        ({}, {}, "Alice and Bob", ()),
        ({}, {"use_names": True}, "@alice and Bob", (A,)),
        ({"references": [B]}, {"use_names": True}, "@alice and Bob", (B, A)),
        ({"references": [A]}, {"use_names": True}, "@alice and Bob", (A,)),
        ({"prompt_text": '"Alice!" says Bob'}, {"use_names": True}, '"Alice!" says Bob', ()),
    ],
)
def test_characters_of_the_storyboard(
    segment: dict[str, Any], top: dict[str, Any], prompt: str, references: tuple[str, ...]
) -> None:
    (found,) = requests(board({"prompt_text": "Alice and Bob", **segment}, characters=[ALICE, "Bob"], **top))
    assert found.prompt == prompt
    assert tuple(one.image for one in found.references) == references
    assert all(
        (one.name, one.kind) == ("Alice", "character")
        for one in found.references
        if one.image == A and segment.get("references") != [A]
    )


def test_a_name_of_one_letter_counts_in_brackets_alone() -> None:
    lin = {"name": "林", "references": [A]}
    both = requests(
        board(
            {"prompt_text": "林走进树林"}, {"prompt_text": "[林]走进树林"}, characters=[lin], use_names=True
        )
    )
    assert [len(one.references) for one in both] == [0, 1]


def test_mistakes_in_the_list_of_characters() -> None:
    assert codes(board(characters=[ALICE, {"name": "Bob", "aliases": ["Al"]}])) == [
        ("storyboard.name_twice", "characters[1]")
    ]
    assert codes(board(characters=[{"name": "A", "reference_images": [A]}])) == [
        ("storyboard.near", "characters[0].reference_images")
    ]
    assert codes(board(characters="Alice")) == [("storyboard.characters", "characters")]
    assert codes(board({"asset": {"characters": [{"name": "A", "references": [A]}]}})) == [
        ("storyboard.misplaced", "segments[0].asset.characters[0].references")
    ]


# --- words that earlier versions left out -----------------------------------------------------------


def test_what_an_earlier_version_made_of_it_is_known() -> None:
    (segment,) = read(board({"seed": 3, "image_url": A, "last_frame": B}, characters=[ALICE])).segments
    assert {one.rules: one for one in segment.earlier} == {
        rules: Request("A cat.", image=A) for rules in (1, 2)
    }
    (plain,) = read(board({"first_frame": "", "aspect_ratio": "16:9"})).segments
    assert plain.earlier == ()


def test_what_the_provider_does_not_offer_is_told_at_its_field() -> None:
    said = '"prompt_text": "x",\n"image_url": "https://x.test/a.png",\n"audio": true'
    text = '{"segments": [{"segment_index": 1,\n' + said + "}]}"

    def refuse(request: Request) -> list[Problem]:
        return [
            Problem(code, "no", "") for code in ("request.first_frame", "request.audio", "request.seconds")
        ]

    rules = Rules(5_000_000, 1_000, 100, 1, False, refuse)
    found = read_bytes(text.encode(), Path("/nowhere"), rules).problems
    assert [(one.where, one.line) for one in found] == [
        ("segments[0].image_url", 3),
        ("segments[0].audio", 4),
        ("segments[0]", 1),
    ]


def test_a_crowd_of_characters_takes_no_time() -> None:
    crowd = [{"name": f"A{n}", "aliases": [f"B{n}", f"C{n}"]} for n in range(1_000)]
    segments = [{"prompt_text": 'A1 "A2" meets someone. ' * 40} for _n in range(200)]
    began = time.process_time()
    found = requests(board(*segments, characters=crowd, use_names=True))
    assert len(found) == 200
    assert time.process_time() - began < 10
