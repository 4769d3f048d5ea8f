"""Which field the header of a column means, as people and language models call it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sorad.storyboard.names import meant

# Headers, without regard to case, spaces, "_", "-" and what stands in brackets.
_HEADERS: Mapping[str, str] = {
    header: name
    for name, headers in {
        "segment_index": (
            "镜号 镜头号 分镜号 序号 编号 鏡號 鏡頭號 序號 編號"
            " no # shot shots shotnumber shotno segment segmentindex storyboardnumber"
        ),
        "prompt_text": "提示词 生成提示词 视频提示词 提示詞 生成提示詞 prompt prompts prompttext videoprompt",
        "duration_seconds": "时长 秒数 時長 秒數 duration durationseconds seconds length",
        "characters": "角色 人物 出场角色 character characters",
        "scene": "场景 地点 場景 地點 scene scenes location",
        "props": "道具 props prop",
        "dialogue": "台词 对白 旁白 台詞 臺詞 對白 dialogue dialogues dialog line lines",
        "first_frame": "首帧 首帧图 首幀 首幀圖 firstframe firstframeimage",
        "last_frame": "尾帧 尾帧图 尾幀 尾幀圖 lastframe lastframeimage",
        "references": "参考图 参考图片 參考圖 reference references referenceimage referenceimages",
        "aspect_ratio": "比例 画面比例 画幅 画幅比 宽高比 ratio aspectratio",
        "resolution": "清晰度 分辨率 解析度 resolution",
        "negative_prompt": "反向提示词 负面提示词 负向提示词 負面提示詞 negativeprompt",
        "seed": "种子 種子 seed",
        "model": "模型 model",
        "takes": "条数 條數 takes",
        "continue": "接上镜 接上一镜 承接上镜 continue continues",
        "audio": "有声 是否有声 audio generateaudio withaudio",
        "is_pro": "ispro",
        "provider": "供应商 provider",
    }.items()
    for header in headers.split()
}


# What an unknown header is compared with, by spelling: fields of segments, and the longer of the words above.
_FIELDS = ("segment_index", "prompt_text", "image_url", *dict.fromkeys(_HEADERS.values()))
_SPELLED = (*_FIELDS, *(word for word in _HEADERS if word.isascii() and len(word) > 4))


def meant_by(header: str) -> str:
    """What a header that is none was probably meant to be; ``""``: nothing known.

    >>> meant_by("Refrence"), meant_by("start frame"), meant_by("camera"), meant_by("_durations")
    ('references', 'first_frame', '', '')
    """
    if len(header) > 60 or header.startswith("_"):
        return ""
    near = meant(_bare(header), _SPELLED) or ""
    return "first_frame" if near == "image_url" else _HEADERS.get(near, near)


def field_of(header: str) -> str:
    """The field, ``""`` for none.

    >>> field_of("**时长(秒)**"), field_of("First Frame"), field_of("景别")
    ('duration_seconds', 'first_frame', '')
    """
    return _HEADERS.get(_bare(header[:200]).casefold(), "")


def _bare(header: str) -> str:
    return re.sub(r"[（(\[【].*?[)）\]】]|[\s_*`-]+", "", header) or header.strip()
