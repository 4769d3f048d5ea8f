"""The storyboard file as types, and its JSON Schema.

Types are strict: ``"10"`` is not 10 and ``true`` is not 1, because a slip of the pen must not buy something else
than was meant. ``10.0`` is 10, as JSON has but one kind of number. What is not named here is ignored.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Optional

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sorad.messages import N_, _
from sorad.model import SEEDS
from sorad.storyboard.prompt import ID

PROMPT_MAX = 100_000  # characters; above what any API takes, and still composed in no time
LIST_MAX = 100  # characters of a segment, props of a segment
ID_OF_SCHEMA = "urn:sorad:storyboard"

# Line breaks and tabs belong to a text; what else stands there came from a broken program.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _clean(text: str) -> str:
    found = CONTROL.search(text)
    if found:
        raise PydanticCustomError("control", "control character")
    return text


def _visible(text: str) -> str:
    if not any(char.isprintable() and not char.isspace() for char in text):
        raise PydanticCustomError("blank", "blank")
    return text


def _bare_name(text: str) -> str:
    """``[Alice]`` is the name Alice."""
    return _visible(text.strip().removeprefix("[").removesuffix("]").strip())


def _character_id(text: str) -> str:
    text = text.strip()
    if text and not re.fullmatch(ID, text):
        raise PydanticCustomError("id", "id")
    return text


Index = Annotated[int, Field(ge=0, le=999_999_999), BeforeValidator(_whole)]
Seconds = Annotated[int, Field(ge=1, le=86_400), BeforeValidator(_whole)]
Takes = Annotated[int, Field(ge=1), BeforeValidator(_whole)]
Seed = Annotated[int, Field(ge=0, lt=SEEDS), BeforeValidator(_whole)]
Text = Annotated[str, Field(max_length=PROMPT_MAX), AfterValidator(_clean)]
Label = Annotated[Text, AfterValidator(str.strip)]
CharacterId = Annotated[
    Text,
    AfterValidator(_character_id),
    WithJsonSchema({"type": "string", "pattern": rf"^\s*({ID}\s*)?$"}),
]


def _lines(value: object) -> object:
    """One line, or a text alone, is a list of one."""
    listed = value if isinstance(value, list) else [value]
    return [{"text": one} if isinstance(one, str) else one for one in listed]


def _no_remark(value: object) -> object:
    """What is said of the sound in an object or a list is the author's own."""
    return None if isinstance(value, (dict, list)) else value


def _no_list(value: object) -> object:
    """Lists of assets that stood in files before the field was there mean nothing."""
    return None if isinstance(value, (list, dict)) else value


def _if_text(value: object) -> object:
    return value if isinstance(value, str) else None


class Part(BaseModel):
    """An object of the file."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


def _or_a_name(schema: dict[str, Any]) -> None:
    described = {name: value for name, value in schema.items() if name != "description"}
    schema.clear()
    schema["anyOf"] = [{"type": "string", "description": N_("The name alone."), "minLength": 1}, described]


class CharacterPart(Part):
    """A character by name, and the id under which the API knows it."""

    model_config = ConfigDict(title="Character", json_schema_extra=_or_a_name)

    name: Annotated[Text, AfterValidator(_bare_name)] = Field(
        min_length=1, description=N_("The name as prompt_text writes it, with or without [brackets].")
    )
    id: Optional[CharacterId] = Field(
        default=None, description=N_("Replaces the name in the prompt."), examples=["@alice"]
    )

    @model_validator(mode="before")
    @classmethod
    def _from_a_name(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value


class AssetPart(Part):
    """Who and what is seen, and where."""

    model_config = ConfigDict(title="Asset")

    characters: Optional[list[CharacterPart]] = Field(
        default=None, max_length=LIST_MAX, description=N_("Who appears: names, or objects with name and id.")
    )
    scene: Optional[Label] = Field(default=None, description=N_("Where it happens; appended to the prompt."))
    props: Optional[list[Label]] = Field(
        default=None, max_length=LIST_MAX, description=N_("Things and effects; appended to the prompt.")
    )


def _or_a_picture(schema: dict[str, Any]) -> None:
    described = {name: value for name, value in schema.items() if name != "description"}
    schema.clear()
    alone = {"type": "string", "description": N_("The picture alone."), "minLength": 1}
    schema["anyOf"] = [alone, described]


class ReferencePart(Part):
    """A picture of somebody or something."""

    model_config = ConfigDict(title="Reference", json_schema_extra=_or_a_picture)

    image: Annotated[Text, AfterValidator(_visible)] = Field(
        min_length=1, description=N_("An http(s) address, the path of a picture, or a vendor's own id.")
    )
    name: Optional[Label] = Field(default=None, description=N_("Who or what it shows."))
    kind: Optional[Literal["character", "scene", "prop", "style"]] = Field(
        default=None, description=N_("What it shows: a character, a scene, a prop, or a style.")
    )

    @model_validator(mode="before")
    @classmethod
    def _from_a_picture(cls, value: object) -> object:
        return {"image": value} if isinstance(value, str) else value


class BiblePart(CharacterPart):
    """A character of the whole storyboard."""

    model_config = ConfigDict(title="Person", json_schema_extra=_or_a_name)

    aliases: Optional[list[Annotated[Text, AfterValidator(_bare_name)]]] = Field(
        default=None, max_length=LIST_MAX, description=N_("Other names of the same character.")
    )
    references: Optional[list[ReferencePart]] = Field(
        default=None,
        max_length=LIST_MAX,
        description=N_("Pictures that go along with each segment that uses the character."),
    )
    description: Optional[Text] = Field(default=None, description=N_("For you; it is not sent."))


class LinePart(Part):
    """Something that is said."""

    model_config = ConfigDict(title="Line")

    speaker: Optional[Label] = Field(default=None, description=N_("Who says it."))
    text: Optional[Text] = Field(default=None, description=N_("What is said."))


class ShotPart(Part):
    """What a segment may say, and ``defaults`` for all of them."""

    model_config = ConfigDict(title="Defaults")

    image_url: Optional[Text] = Field(default=None, description=N_("The older name of first_frame."))
    first_frame: Optional[Text] = Field(
        default=None,
        description=N_(
            "The first picture of the video: an http(s) address, the path of a jpeg, png or webp file "
            "as seen from the storyboard's folder, or a vendor's own id (asset://…)."
        ),
    )
    last_frame: Optional[Text] = Field(
        default=None, description=N_("The last picture of the video, likewise.")
    )
    references: Optional[list[ReferencePart]] = Field(
        default=None,
        max_length=LIST_MAX,
        description=N_("Pictures of who and what is to be seen: addresses, paths, ids, or objects."),
    )
    duration_seconds: Optional[Seconds] = Field(
        default=10, description=N_("Length of the video; which ones there are depends on the provider.")
    )
    is_pro: Optional[bool] = Field(
        default=False, description=N_("Whether the provider's better model is used.")
    )
    aspect_ratio: Optional[Literal["16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "adaptive"]] = Field(
        default=None,
        description=N_(
            "Width to height; which ones there are depends on the model. adaptive: as the picture is."
        ),
    )
    resolution: Optional[Literal["horizontal", "vertical", "480p", "720p", "1080p", "2k", "4k"]] = Field(
        default="horizontal",
        description=N_("horizontal is 16:9, vertical is 9:16; or how fine it is: 720p, 1080p and so on."),
    )
    audio: Annotated[Optional[bool], BeforeValidator(_no_remark)] = Field(
        default=None, description=N_("Whether the video has sound.")
    )
    negative_prompt: Optional[Text] = Field(default=None, description=N_("What the video is not to show."))
    seed: Optional[Seed] = Field(
        default=None,
        description=N_("Where the model's chance begins; take 2 uses the next number, and so on."),
    )
    model: Optional[Label] = Field(
        default=None, description=N_("A model by its name in the config; else the default one.")
    )
    provider: Optional[Label] = Field(
        default=None, description=N_("A provider by its name in the config; else the first one.")
    )
    takes: Optional[Takes] = Field(
        default=None,
        description=N_("How many videos of this segment are generated; else as the storyboard says."),
    )
    continues: Optional[bool] = Field(
        default=None,
        alias="continue",
        description=N_("Whether the first frame is the last one of the segment before it in the file."),
    )


class ContentPart(Part):
    """What each segment says for itself."""

    segment_index: Index = Field(
        description=N_("Number of the segment, used once in the file; names its videos.")
    )
    prompt_text: Annotated[Text, AfterValidator(_visible)] = Field(
        min_length=1,
        description=N_("What the video shows, in any language."),
        json_schema_extra={"pattern": r"\S"},
    )
    asset: Optional[AssetPart] = Field(
        default=None,
        description=N_("With it, names in the prompt become ids, and scene and props are appended."),
    )
    dialogue: Optional[Annotated[list[LinePart], BeforeValidator(_lines)]] = Field(
        default=None, description=N_("What is said, for subtitles; it is not sent.")
    )
    director_intent: Optional[Text] = Field(
        default=None, description=N_("A remark; sent only where the config has director_intent = true.")
    )


class SegmentPart(ShotPart, ContentPart):
    """One shot: a prompt and its parameters."""

    model_config = ConfigDict(title="Segment")


class Head(Part):
    """What a storyboard says about itself, its segments apart."""

    title: Annotated[Optional[str], BeforeValidator(_if_text)] = Field(
        default=None, description=N_("What it is called.")
    )
    takes: Optional[Takes] = Field(
        default=None,
        description=N_("How many videos of each segment are generated; else as the config says."),
    )
    defaults: Optional[ShotPart] = Field(
        default=None, description=N_("What counts for each segment that does not say it itself.")
    )
    characters: Optional[list[BiblePart]] = Field(
        default=None,
        max_length=1_000,
        description=N_("The characters of the storyboard, which segments use by their names."),
    )
    assets: Annotated[Optional[bool], BeforeValidator(_no_list)] = Field(
        default=None,
        description=N_("Whether pictures count by their names, from the folder asset beside the file."),
    )
    use_names: Optional[bool] = Field(
        default=None,
        description=N_("Whether a segment uses each character that its text names, too."),
    )


class StoryboardFile(Head):
    """A file named storyboard*.json. Fields that are not described here, such as _comment, are ignored."""

    model_config = ConfigDict(
        title="Storyboard",
        json_schema_extra={
            "examples": [
                {
                    "segments": [
                        {
                            "segment_index": 1,
                            "prompt_text": "A lighthouse in a storm, waves breaking over the rocks.",
                            "duration_seconds": 10,
                            "resolution": "horizontal",
                        },
                        {
                            "segment_index": 2,
                            "prompt_text": "[Alice] opens the door and smiles.",
                            "asset": {
                                "characters": [{"name": "Alice", "id": "@alice"}],
                                "scene": "Lighthouse, evening",
                                "props": ["lantern"],
                            },
                            "takes": 2,
                        },
                    ]
                }
            ]
        },
    )

    segments: list[SegmentPart] = Field(min_length=1, description=N_("The shots, in order."))


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of a storyboard, for editors, described in the language in force."""
    schema = StoryboardFile.model_json_schema()
    for part in schema["$defs"].values():
        part.pop("description", None)  # pydantic takes the docstring, which is for those who read the code
    schema["description"] = N_(
        "A file named storyboard*.json. Fields that are not described here, such as _comment, are ignored."
    )
    schema["properties"]["$schema"] = {
        "type": "string",
        "description": N_("Where this schema lies; for editors."),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID_OF_SCHEMA,
        **_in_language(schema),
    }


def _in_language(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_in_language(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _(value) if name == "description" and isinstance(value, str) else _in_language(value)
        for name, value in schema.items()
    }
