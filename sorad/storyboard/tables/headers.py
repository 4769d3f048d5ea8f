"""Which field the header of a column means, as people and language models call it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Headers, without regard to case, spaces, "_", "-" and what stands in brackets.
_HEADERS: Mapping[str, str] = {
    header: name
    for name, headers in {
        "segment_index": (
            "镜号 镜头号 分镜号 序号 编号 no # shot shotnumber shotno segment segmentindex storyboardnumber"
        ),
        "prompt_text": "提示词 生成提示词 视频提示词 prompt prompttext videoprompt",
        "duration_seconds": "时长 秒数 duration durationseconds seconds length",
        "characters": "角色 人物 出场角色 character characters",
        "scene": "场景 地点 scene location",
        "props": "道具 props prop",
        "dialogue": "台词 对白 旁白 dialogue dialog line lines",
        "first_frame": "首帧 首帧图 firstframe firstframeimage",
        "last_frame": "尾帧 尾帧图 lastframe lastframeimage",
        "references": "参考图 参考图片 reference references referenceimage referenceimages",
        "aspect_ratio": "比例 画面比例 画幅 ratio aspectratio",
        "resolution": "清晰度 分辨率 resolution",
        "negative_prompt": "反向提示词 负面提示词 negativeprompt",
        "seed": "种子 seed",
        "model": "模型 model",
        "takes": "条数 takes",
    }.items()
    for header in headers.split()
}


def field_of(header: str) -> str:
    """The field, ``""`` for none.

    >>> field_of("**时长(秒)**"), field_of("First Frame"), field_of("景别")
    ('duration_seconds', 'first_frame', '')
    """
    header = header[:200]
    bare = re.sub(r"[（(\[【].*?[)）\]】]|[\s_*`-]+", "", header)
    return _HEADERS.get((bare or header.strip()).casefold(), "")
