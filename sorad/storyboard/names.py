"""Which field a name that is not one was probably meant to be. Pure.

A shot that is bought in another length or form than was asked for, because a field was called ``duration`` or
``isPro``, is money lost; so a name that is nearly a field's is no remark. Words of the trade are remarks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Optional

# What LLMs call the fields, without regard to case, "_" and "-". Exact: "duration" is one, "pace" is none.
_SYNONYMS: Mapping[str, str] = {
    synonym: field
    for field, synonyms in {
        "segment_index": "segment_number segment_no segment_num segment_id segment_idx seg_index seg_no",
        "prompt_text": "prompt prompts text_prompt video_prompt prompt_string prompt_content prompt_body",
        "image_url": (
            "image images image_path image_file image_uri image_link image_src img img_url img_path"
            " reference_image reference_image_url ref_image ref_image_url ref_img ref_img_url"
            " image_reference image_ref input_image input_image_url input_reference init_image"
        ),
        "first_frame": "first_frame_image first_frame_url first_image start_frame start_image",
        "last_frame": (
            "last_frame_image last_frame_url last_image end_frame end_image tail_image image_tail final_frame"
        ),
        "references": "reference_images reference_image_urls ref_images ref_image_urls reference_pictures",
        "duration_seconds": (
            "duration durations duration_sec duration_secs duration_s duration_in_seconds seconds secs sec length"
            " length_seconds length_sec video_length video_duration video_seconds clip_length clip_duration"
            " segment_duration segment_length target_duration"
        ),
        "is_pro": "pro pro_mode pro_model use_pro use_pro_model is_pro_mode is_pro_model",
        "aspect_ratio": "aspect aspect_ratios ratio video_ratio video_aspect_ratio frame_ratio",
        "resolution": "video_resolution orientation video_orientation screen_orientation",
        "audio": (
            "generate_audio with_audio has_audio enable_audio audio_enabled audio_on no_audio sound with_sound"
            " has_sound enable_sound sound_enabled sound_on no_sound mute muted silent"
        ),
        "continue": (
            "continue_from_previous continues_from_previous continue_previous continues_previous continue_from_last"
            " continue_from_last_frame continue_last_frame from_previous from_previous_frame from_last_frame"
            " use_last_frame use_previous_frame use_previous_last_frame start_from_last_frame start_from_previous"
            " start_from_previous_frame previous_frame previous_last_frame chained chain_previous link_previous"
        ),
        "negative_prompt": "negative negative_prompts neg_prompt negative_text",
        "seed": "random_seed noise_seed seed_value",
        "model": "model_name model_id video_model",
        "provider": "provider_name",
        "use_names": "use_character_names",
        "aliases": "alias also_known_as",
        "takes": (
            "num_takes n_takes number_of_takes no_of_takes take_count takes_count takes_num num_videos num_variations"
            " num_outputs num_samples"
        ),
        "director_intent": "director_intention directors_intention intent_of_director",
        "asset": "asset_info asset_list",
        "characters": "character_list character_bible chars",
        "props": "prop_list",
        "id": "character_id char_id user_id user_name handle",
    }.items()
    for synonym in synonyms.replace("_", "").split()
}
# Words that people write in storyboards and that are a letter or two off a field. They are never one.
_ORDINARY = """
    absolution audit beset cakes caked crops dame deed devolution dissolution drops evolution fakes fame feed
    frame game lakes lame makes mode modes name named names need needs pollution preference preferences prods
    prompted prompter pros rakes reference revolution same scenic scent see seek seen send shakes shed
    solution speed stage stake stakes tags taken taker tales tame tapes tastes tasks tile tiles titled tops
    types wakes weed yodel
"""
ORDINARY = frozenset(_ORDINARY.split())
# Objects that are about something else than the video: what is in them has lengths and pictures of its own.
_ABOUT_ELSE = re.compile(
    r"audio|music|bgm|sound|sfx|voice|dialog|narrat|speech|subtitle|caption|text|title|logo|transition|effect|vfx|camera"
    r"|lens|light|fade|motion|move|movement|action|font|credits|timing|timeline|edit|cut|pace|rhythm|beat|history|meta"
    r"|source|schema|cover|thumbnail|poster|description|note|comment|remark"
)
_SOUND = re.compile(r"sound|mute|silent")
_PICTURE_NAME = re.compile(r"frame|image|img|pic|photo|ref|sketch|portrait|still|图|帧")
_PICTURE_FILE = re.compile(r"\S.{0,500}\.(?:png|jpe?g|webp)(?:\?.{0,500})?", re.IGNORECASE)
# Objects at the top of the file that are meant for every segment.
_FOR_ALL = re.compile(
    r"(default|global|common|shared|video|generation|gen|render|output)?((param|parameter|config|option|default)s?|settings)"
)


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """What is left of a name without case, ``_``, ``-`` and spaces."""
    return re.sub(r"[\s_-]", "", name).casefold()


@lru_cache(maxsize=4096)  # segments have the same names again and again
def meant(name: str, fields: tuple[str, ...]) -> Optional[str]:
    """Which of ``fields`` the name was probably meant to be; ``None``: none."""
    known = spelled(name, fields)
    bare = folded(name)
    if known is not None or bare in ORDINARY or len(bare) < 3:
        return known
    near = [(_distance(bare, folded(field), _allowed(field)), field) for field in fields]
    return min((one for one in near if one[0] <= _allowed(one[1])), default=(0, None))[1]


def spelled(name: str, fields: tuple[str, ...]) -> Optional[str]:
    """As :func:`meant`, but by spelling and synonyms alone: no letter may be off."""
    bare = folded(name)
    same = _spellings(fields).get(bare)
    synonym = _SYNONYMS.get(bare)
    if synonym == "image_url" and synonym not in fields:  # of a character
        synonym = "references"
    return same or (synonym if synonym in fields else None)


@lru_cache(maxsize=64)
def _spellings(fields: tuple[str, ...]) -> Mapping[str, str]:
    return {folded(field): field for field in fields}


def is_about_else(name: str) -> bool:
    """Whether an object of a segment is about something of its own, such as the music."""
    return _ABOUT_ELSE.match(folded(name)) is not None


def tells_of_sound(name: str, value: Any) -> bool:
    """Whether ``"sound": "rain"`` and the like describe the sound, and switch nothing."""
    return not isinstance(value, bool) and _SOUND.search(folded(name)) is not None


def holds_picture(name: str, value: Any) -> bool:
    """Whether a name sounds like a picture's, and what is there is the file or the address of one, or several."""
    if isinstance(value, dict):
        return any(holds_picture(name, one) for one in value.values())
    if isinstance(value, list):
        return any(holds_picture(name, one) for one in value)
    is_file = isinstance(value, str) and _PICTURE_FILE.fullmatch(value.strip()) is not None
    return is_file and _PICTURE_NAME.search(folded(name)) is not None


def is_for_all(name: str) -> bool:
    """Whether an object at the top of a file is meant for every segment, such as ``defaults``."""
    return _FOR_ALL.fullmatch(folded(name)) is not None


def _allowed(field: str) -> int:
    """How many letters may be off."""
    letters = len(folded(field))
    return 0 if letters < 4 else 1 if letters <= 8 else 2


def _distance(one: str, other: str, most: int) -> int:
    """Letters to change, add, leave out or swap with their neighbour; ``most + 1`` where it is more than that."""
    if abs(len(one) - len(other)) > most or len(set(one) ^ set(other)) > 2 * most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, against in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return min(last[-1], most + 1)
