"""The text of a new config: what was answered, with comments for whoever opens it later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sorad.messages import _


@dataclass(frozen=True)
class Answers:
    """What ``sorad init`` asks for. ``api_key_file`` stands before ``api_key_env``."""

    paths: tuple[Path, ...]
    language: str = "auto"
    kind: str = "sora_hk"
    base_url: str = ""
    model: str = ""
    seconds: tuple[int, ...] = ()
    api_key_env: str = "SORA_API_KEY"
    api_key_file: Path | None = None


def render(answers: Answers) -> str:
    """A commented ``config.toml``, in the language in force."""
    lines = [
        "# " + _("The configuration of sorad. Any key can be left out; times are in seconds."),
        "",
        _with(f"language = {_text(answers.language)}", "auto, zh, en"),
    ]
    for path in answers.paths:
        lines += [
            "",
            "[[watch]]",
            f"path = {_text(str(path))}",
            _with("takes = 1", _("videos of each segment")),
            _with(
                '# output_mode = "centralized"', _("videos go below output_dir, not beside the storyboard")
            ),
            '# output_dir = "~/Videos/sorad"',
        ]
    lines += ["", *_provider(answers), "", "[limits]", _with("concurrency = 20", _("generations in flight"))]
    lines += [
        "",
        _with("[budget]", _("in the currency of the provider; without a line there is no limit")),
        "# per_day = 20.0",
        _with("# approve_above = 5.0", _("a dearer storyboard waits for sorad approve")),
    ]
    return "\n".join(lines) + "\n"


def _provider(answers: Answers) -> list[str]:
    lines = ["[provider]", _with(f"kind = {_text(answers.kind)}", "sora_hk, openai_videos, simulator")]
    if answers.base_url:
        lines.append(f"base_url = {_text(answers.base_url)}")
    if answers.kind == "openai_videos":
        lines += [
            f"model = {_text(answers.model)}",
            _with('# model_pro = "…"', _("for segments with is_pro")),
            _with(f"seconds = {json.dumps(list(answers.seconds))}", _("the lengths that the gateway offers")),
            _with("# price_per_second = 0.10", _("without a price, a budget holds every take")),
        ]
    if answers.api_key_file is not None:
        lines.append(_with(f"api_key_file = {_text(str(answers.api_key_file))}", _("holds the key alone")))
    elif answers.kind != "simulator":
        lines.append(
            _with(f"api_key_env = {_text(answers.api_key_env)}", _("the variable that holds the key"))
        )
    return lines


def _with(line: str, comment: str) -> str:
    return f"{line}  # {comment}"


def _text(value: str) -> str:
    """A TOML text: JSON's escapes are TOML's, but for DEL, which TOML wants escaped as well."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
