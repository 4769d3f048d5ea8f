"""``[[model]]``, and the keys that say what a gateway reads where: what must hold of them, as a table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sorad.config.model import Config
from sorad.config.models import of_fields, of_models, resolution_of

GATEWAY = {"kind": "openai_videos", "base_url": "https://x.test/v1", "model": "m", "seconds": [4, 8]}


def of_gateway(**keys: Any) -> list[tuple[str, str]]:
    """The key and the code of each finding."""
    config = Config.model_validate({"provider": {**GATEWAY, **keys}})
    return [(str(one.loc[-1]), one.code) for one in of_fields(config.providers[0])]


def of_tables(*tables: dict[str, Any], **provider: Any) -> list[tuple[int, str, str]]:
    config = Config.model_validate({"provider": {**GATEWAY, **provider}, "model": list(tables)})
    return [(int(str(one.loc[1])), str(one.loc[2]), one.code) for one in of_models(config)]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({}, []),
        ({"picture_field": ""}, []),
        ({"picture_field": "metadata.image_tail"}, []),
        ({"picture_field": "two words"}, [("picture_field", "config.bad_value")]),
        ({"picture_field": "a..b"}, [("picture_field", "config.bad_value")]),
        ({"audio_field": "1st"}, [("audio_field", "config.bad_value")]),
        # two things in one field: only a list holds several pictures
        ({"picture_field": "images", "references_field": "images"}, []),
        ({"picture_field": "image", "last_frame_field": "image"}, [("last_frame_field", "config.bad_value")]),
        ({"picture_field": "images", "audio_field": "images"}, [("audio_field", "config.bad_value")]),
        ({"picture_field": "prompt"}, [("picture_field", "config.bad_value")]),
        ({"audio_field": "seed"}, [("audio_field", "config.bad_value")]),
    ],
)
def test_fields_have_names_of_their_own(keys: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert of_gateway(**keys) == found


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"extra": {"mode": "pro", "metadata": {"cfg": 1}}}, []),
        ({"extra": {"seconds": 4}}, [("extra", "config.extra")]),
        ({"extra": {"seed": 1, "size": "1x1"}}, [("extra", "config.extra")] * 2),
        ({"extra": {"input_reference": "x"}}, [("extra", "config.extra")]),
        ({"picture_field": "image", "extra": {"input_reference": "x"}}, []),
        (
            {"last_frame_field": "metadata.tail", "extra": {"metadata": {"tail": 1}}},
            [("extra", "config.extra")],
        ),
        ({"last_frame_field": "metadata.tail", "extra": {"metadata": {"mode": 1}}}, []),
        ({"last_frame_field": "metadata.tail", "extra": {"metadata": "all"}}, [("extra", "config.extra")]),
        ({"audio_field": "audio", "extra": {"audio": {"on": True}}}, [("extra", "config.extra")]),
    ],
)
def test_extra_names_nothing_that_is_sent_anyway(keys: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert of_gateway(**keys) == found


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"sizes": {"1:1": "1024x1024", "16:9 1080p": "1920x1080", "adaptive": "auto"}}, []),
        ({"sizes": {"5:4": "1280x1024"}}, [("sizes", "config.bad_value")]),
        ({"sizes": {"16:9 1080": "1920x1080"}}, [("sizes", "config.bad_value")]),
        ({"sizes": {"16:9  1080p": "1920x1080"}}, [("sizes", "config.bad_value")]),
        ({"sizes": {"1:1": " "}}, [("sizes", "config.bad_value")]),
        # the resolution of the config has a size for either usual ratio
        ({"resolution": "720p"}, []),
        ({"resolution": "1080p"}, [("resolution", "config.resolution")]),
        (
            {"resolution": "1080p", "sizes": {"16:9 1080p": "1920x1080"}},
            [("resolution", "config.resolution")],
        ),
        (
            {"resolution": "1080p", "sizes": {"16:9 1080p": "1920x1080", "9:16 1080p": "1080x1920"}},
            [],
        ),
        ({"resolution": "1080p", "size_horizontal": "1920x1080", "size_vertical": "1080x1920"}, []),
    ],
)
def test_sizes_are_named_by_ratio_and_resolution(keys: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert of_gateway(**keys) == found


@pytest.mark.parametrize(
    ("tables", "found"),
    [
        ([{"name": "a"}, {"name": "b", "like": "a"}], []),
        ([{"name": "a"}, {"name": "a"}], [(1, "name", "config.model_twice")]),
        (
            [{"name": "a", "provider": "west"}, {"name": "a", "provider": "east"}],
            [(1, "provider", "config.unknown_name")],
        ),
        ([{"name": "a", "like": "veo"}], [(0, "like", "config.unknown_name")]),
        ([{"name": "a", "lengths": [4, 8]}], []),
        ([{"name": "a", "lengths": []}], [(0, "lengths", "config.bad_value")]),
        ([{"name": "a", "lengths": [4, 0]}], [(0, "lengths", "config.bad_value")]),
        ([{"name": "a", "price": 0.1}], []),
        ([{"name": "a", "price": {"720p": 0.1, "1080p silent": 0.1, "silent": 0.05}}], []),
        ([{"name": "a", "price": {"720": 0.1}}], [(0, "price", "config.bad_value")]),
        ([{"name": "a", "price": {"silent 720p": 0.1}}], [(0, "price", "config.bad_value")]),
    ],
)
def test_models_are_told_apart_and_have_sound_values(
    tables: list[dict[str, Any]], found: list[tuple[int, str, str]]
) -> None:
    assert of_tables(*tables, name="west") == found


@given(
    st.sampled_from(["480p", "720p", "1080p", "2k", "4k"]),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from("x*"),
)
def test_a_resolution_is_told_by_the_shorter_side(name: str, times: int, upright: bool, between: str) -> None:
    short = {"480p": 480, "720p": 720, "1080p": 1080, "2k": 1440, "4k": 2160}[name]
    sides = (short, short * times) if upright else (short * times, short)
    assert resolution_of(f"{sides[0]}{between}{sides[1]}") == name
    assert resolution_of(f"{short + 1}x{9 * short}") == ""
