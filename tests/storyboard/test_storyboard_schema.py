"""The JSON Schema that editors use says what the reader does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sorad.storyboard.read import Rules, read_bytes
from sorad.storyboard.schema import json_schema

jsonschema = pytest.importorskip("jsonschema")

SAMPLES = Path(__file__).parents[1] / "samples"
RULES = Rules(
    max_size=10**6,
    max_segments=1000,
    max_takes=100,
    takes=1,
    director_intent=False,
    validate=lambda request: [],
)


def says(document: object) -> tuple[bool, bool]:
    """What the schema says of it, and what the reader."""
    valid = jsonschema.Draft202012Validator(json_schema()).is_valid(document)
    return valid, read_bytes(json.dumps(document).encode(), Path("/nowhere"), RULES).ok


def segment(**fields: object) -> dict[str, Any]:
    return {"segments": [{"segment_index": 1, "prompt_text": "A cat.", **fields}]}


def test_it_is_a_schema_of_2020_12() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


def test_every_field_is_described() -> None:
    schema = json_schema()
    objects = [schema, *schema["$defs"].values()]
    for described in [one for each in objects for one in each.get("anyOf", [each]) if "properties" in one]:
        for name, field in described["properties"].items():
            assert field.get("description"), name


def test_its_example_is_a_storyboard() -> None:
    for example in json_schema()["examples"]:
        assert says(example) == (True, True)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_the_samples_are_valid(path: Path) -> None:
    assert says(json.loads(path.read_text("utf-8"))) == (True, True)


@pytest.mark.parametrize(
    "document",
    [
        segment(),
        {**segment(takes=3), "takes": 2, "_comment": [], "more": {}},
        segment(duration_seconds=10.0),
        segment(duration_seconds=None, is_pro=None, resolution=None, image_url=None, asset=None, takes=None),
        segment(asset={"characters": ["[A]", "B", {"name": "C", "id": " @c "}, {"name": "D", "id": None}]}),
        segment(asset={"characters": [{"name": "C", "id": ""}], "scene": "", "props": []}),
        segment(asset={"characters": None, "scene": None, "props": None, "style": 1}),
    ],
)
def test_what_is_valid_for_both(document: object) -> None:
    assert says(document) == (True, True)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"segments": []},
        {"segments": [1]},
        {"segments": [{"segment_index": 1}]},
        {**segment(), "takes": 0},
        segment(segment_index=-1),
        segment(segment_index="1"),
        segment(segment_index=10**9),
        segment(prompt_text=""),
        segment(prompt_text=" \n"),
        segment(prompt_text=None),
        segment(image_url=1),
        segment(duration_seconds="10"),
        segment(duration_seconds=10.5),
        segment(duration_seconds=True),
        segment(duration_seconds=0),
        segment(is_pro=1),
        segment(resolution="8k"),
        segment(takes=0),
        segment(director_intent=1),
        segment(asset="x"),
        segment(asset={"characters": [1]}),
        segment(asset={"characters": [""]}),
        segment(asset={"characters": [{"name": "A", "id": "alice"}]}),
        segment(asset={"characters": [{"id": "@alice"}]}),
        segment(asset={"props": "cup"}),
        segment(asset={"props": ["cup"] * 101}),
    ],
)
def test_what_is_wrong_for_both(document: object) -> None:
    assert says(document) == (False, False)
