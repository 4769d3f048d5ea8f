"""What is wrong with a field, as problems: one table of what was found, one of what belongs there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sorad.messages import N_
from sorad.problems import Param, Problem
from sorad.storyboard.lines import Place
from sorad.storyboard.schema import CONTROL, LIST_MAX, PROMPT_MAX

# Per field: the code, and how to mend it. A field inside an asset goes by the asset's member.
_FIELDS: Mapping[str, tuple[str, str]] = {
    "segments": (
        "storyboard.segments",
        N_('A storyboard is an object with a list of segments: {{"segments": [...]}}.'),
    ),
    "": (
        "storyboard.segment",
        N_("Each segment is an object in braces, with segment_index and prompt_text."),
    ),
    "segment_index": (
        "storyboard.index",
        N_("Give each segment a whole number of its own: 1, 2, 3 and so on."),
    ),
    "prompt_text": ("storyboard.prompt", N_("Describe the video in words, in quotation marks.")),
    "image_url": (
        "storyboard.image",
        N_("Give an http(s) address, the path of a picture, both in quotation marks, or null."),
    ),
    "duration_seconds": (
        "storyboard.duration",
        N_("Give the seconds as a whole number without quotation marks, such as 10."),
    ),
    "is_pro": ("storyboard.pro", N_("Write true or false, without quotation marks.")),
    "first_frame": (
        "storyboard.image",
        N_("Give an http(s) address, the path of a picture, both in quotation marks, or null."),
    ),
    "last_frame": (
        "storyboard.image",
        N_("Give an http(s) address, the path of a picture, both in quotation marks, or null."),
    ),
    "references": (
        "storyboard.references",
        N_('Write a list of pictures, or of objects such as {{"image": "alice.png", "kind": "character"}}.'),
    ),
    "aspect_ratio": (
        "storyboard.aspect_ratio",
        N_('Write one of "16:9", "9:16", "1:1", "4:3", "3:4", "21:9" and "adaptive".'),
    ),
    "resolution": (
        "storyboard.resolution",
        N_('Write "horizontal" or "vertical", or one of "480p", "720p", "1080p", "2k" and "4k".'),
    ),
    "audio": ("storyboard.audio", N_("Write true or false, without quotation marks.")),
    "negative_prompt": ("storyboard.negative_prompt", N_("Write a text in quotation marks, or null.")),
    "seed": (
        "storyboard.seed",
        N_("Give a whole number from 0 to 2147483647, without quotation marks."),
    ),
    "model": ("storyboard.model", N_("Write the name of a model in quotation marks, or null.")),
    "provider": ("storyboard.provider", N_("Write the name of a provider in quotation marks, or null.")),
    "dialogue": (
        "storyboard.dialogue",
        N_('Write a list of objects such as {{"speaker": "Alice", "text": "Hello!"}}.'),
    ),
    "defaults": (
        "storyboard.defaults",
        N_("Write an object with fields of segments, or leave defaults out."),
    ),
    "use_names": ("storyboard.use_names", N_("Write true or false, without quotation marks.")),
    "assets": ("storyboard.assets", N_("Write true or false, without quotation marks.")),
    "takes": ("storyboard.takes", N_("Give a whole number from 1 to {max_takes}, without quotation marks.")),
    "director_intent": ("storyboard.intent", N_("Write a text in quotation marks, or null.")),
    "continue": ("storyboard.continue", N_("Write true or false, without quotation marks.")),
    "asset": (
        "storyboard.asset",
        N_("Write an object with characters, scene and props, or leave asset out."),
    ),
    "characters": (
        "storyboard.characters",
        N_('Write a list of names, or of objects such as {{"name": "Alice", "id": "@alice"}}.'),
    ),
    "scene": ("storyboard.scene", N_("Write a text in quotation marks, or null.")),
    "props": ("storyboard.props", N_("Write a list of texts in quotation marks.")),
}

# By pydantic's type of error.
_FOUND: Mapping[str, str] = {
    "missing": N_("{field} is missing."),
    "string_type": N_("{value} is not a text."),
    "int_type": N_("{value} is not a whole number."),
    "bool_type": N_("{value} is neither true nor false."),
    "list_type": N_("{value} is not a list."),
    "model_type": N_("{value} is not an object."),
    "literal_error": N_("{value} is not one of the choices."),
    "greater_than_equal": N_("{value} is too small."),
    "less_than_equal": N_("{value} is too large."),
    "less_than": N_("{value} is too large."),
    "string_too_short": N_("The text is empty."),
    "string_too_long": N_("The text is longer than {longest} characters."),
    "too_short": N_("The list is empty."),
    "too_long": N_("The list has more than {most} entries."),
    # our own
    "twice": N_("{value} is the number of an earlier segment."),
    "blank": N_("The text is empty."),
    "control": N_("The text holds the control character {character}."),
    "id": N_("{value} is not an id: an @ and then letters, digits, dots, dashes and underscores of English."),
}
_ELSE = N_("{value} does not belong here.")

# Where the mend goes by what was found, not by the field.
_MENDS: Mapping[str, str] = {
    "string_too_long": N_("Shorten it."),
    "too_long": N_("Keep the ones that matter."),
    "control": N_("Delete it: such characters come along unseen when text is pasted."),
}


def explain(kind: str, path: Place, value: object, max_takes: int) -> Problem:
    """The problem with a field. ``path`` leads to it from its segment, or from the storyboard."""
    members = [step for step in path if isinstance(step, str)]
    field = _field(members)
    code, fix = _FIELDS[field]
    params: dict[str, Param] = {"value": shown(value), "field": members[-1] if members else ""}
    if field == "takes":
        params["max_takes"] = max_takes
    if kind == "string_too_long":
        params["longest"] = PROMPT_MAX
    if kind == "too_long":
        params["most"] = LIST_MAX
    control = CONTROL.search(value) if kind == "control" and isinstance(value, str) else None
    if control:
        params["character"] = f"U+{ord(control[0]):04X}"
    return Problem(code, _FOUND.get(kind, _ELSE), _MENDS.get(kind, fix), params)


def _field(members: Sequence[str]) -> str:
    """The field of a segment that is meant; one of the ``asset`` where that is what is wrong."""
    if members[:1] in (["asset"], ["defaults"]) and len(members) > 1:
        return members[1]
    return members[0] if members else ""


def shown(value: Any) -> str:
    """A value as the file has it, shortened to fit a line."""
    if isinstance(value, (list, dict)):
        return "[…]" if isinstance(value, list) else "{…}"
    if isinstance(value, str):
        value = value[:60]
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 50 else text[:49] + "…"
