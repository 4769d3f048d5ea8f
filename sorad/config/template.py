"""The text of a new config: the example with every key, in one language, with the answers in their places."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sorad.messages import _, language

_HEADER = re.compile(r"\[+(\w+)\]+")
_KEY = re.compile(r"(?:# )?(\w+) = ")
_CHINESE = re.compile("[\u3400-\u9fff]")
_SHARED = re.compile(r'#\s+"[^"]*"\s+')


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
    per_day: float = 0.0  # what may be spent in a day; 0: no limit
    region: str = ""


def example() -> str:
    """``config.example.toml``: every key with its default, and comments in both languages."""
    packed = Path(__file__).with_name("example.toml")  # pyproject puts it there in a wheel
    file = packed if packed.is_file() else Path(__file__).parents[2] / "config.example.toml"
    return file.read_text("utf-8")


def render(answers: Answers) -> str:
    """A commented ``config.toml``, in the language in force.

    What was answered is written; every other key is there as a comment with its default.
    """
    chinese = language() == "zh"
    lines = [
        "# "
        + _("The configuration of sorad. What begins with # is the default; take the # away to change it."),
        "# " + _("After a change: sorad service reload, or start it anew. Times are in seconds."),
        "",
    ]
    top, *sections = _sections(example())
    lines += _section(top[_first_key(top) :], _top(answers), chinese)
    given = {"provider": _provider(answers), "budget": _budget(answers)}
    for section in sections:
        header, name = section[0], (_HEADER.match(section[0]) or [""])[1]
        if name == "watch":
            lines += _watches(section, answers, chinese)
            continue
        # a table that may be repeated means something even when it is empty
        lines.append(("# " if header.startswith("[[") else "") + _in_language(header, chinese))
        lines += _section(section[1:], given.get(name, {}), chinese)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _sections(text: str) -> list[list[str]]:
    """The lines before the first table, then those of each table with its header."""
    found: list[list[str]] = [[]]
    for line in text.splitlines():
        if _HEADER.match(line):
            found.append([])
        found[-1].append(line)
    return found


def _first_key(lines: list[str]) -> int:
    """Where the introduction ends."""
    return next(number for number, line in enumerate(lines) if line and not line.startswith("#"))


def _watches(section: list[str], answers: Answers, chinese: bool) -> Iterator[str]:
    """The first folder with every key that a folder can have, the others with their path alone."""
    *others, first = reversed(answers.paths)
    yield section[0]
    yield from _section(section[1:], {"path": str(first)}, chinese)
    for path in reversed(others):
        yield from ("", "[[watch]]", f"path = {_value(str(path))}")
    yield ""


def _top(answers: Answers) -> dict[str, object]:
    return {"language": answers.language}


def _provider(answers: Answers) -> dict[str, object]:
    given: dict[str, object] = {"kind": answers.kind}
    if answers.base_url:
        given["base_url"] = answers.base_url
    if answers.region:
        given["region"] = answers.region
    if answers.model:
        given["model"] = answers.model
    if answers.kind == "openai_videos":
        given.update(seconds=list(answers.seconds))
    if answers.api_key_file is not None:
        given["api_key_file"] = str(answers.api_key_file)
    elif answers.kind != "simulator":
        given["api_key_env"] = answers.api_key_env
    return given


def _budget(answers: Answers) -> dict[str, object]:
    return {"per_day": answers.per_day} if answers.per_day else {}


def _section(lines: list[str], given: dict[str, object], chinese: bool) -> Iterator[str]:
    """The lines of a table: the keys in ``given`` with their values, the others as comments."""
    for line in lines:
        key = _KEY.match(line)
        if key and key[1] in given:
            _setting, comment = _parted(line)
            written = f"{key[1]} = {_value(given[key[1]])}"
            yield _in_language(f"{written:<34} {comment}" if comment else written, chinese)
        elif not line or line.startswith("#"):
            said = _in_language(line, chinese)
            if said or not line:
                yield said
        else:
            setting, comment = _parted(line)
            yield _in_language(f"{'# ' + setting.rstrip():<{len(setting)}}{comment}", chinese)


def _in_language(line: str, chinese: bool) -> str:
    """The line with its comment in one language; ``""`` for a comment that is in the other one alone."""
    setting, comment = _parted(line)
    if not comment:
        return line
    chosen = _chosen(comment, chinese)
    return f"{setting}{chosen}".rstrip()


def _parted(line: str) -> tuple[str, str]:
    """A line before and from its comment on; all of a commented key's line counts as the former."""
    start = 2 if _KEY.match(line) and line.startswith("# ") else 0
    outside = re.sub(r'"(?:\\.|[^"\\])*"', lambda text: "_" * len(text[0]), line)
    at = outside.find("#", start)
    return (line, "") if at < 0 else (line[:at], line[at:])


def _chosen(comment: str, chinese: bool) -> str:
    """A comment in one language; an example at its beginning stands for both."""
    shared = (_SHARED.match(comment) or [""])[0]
    english, slash, other = comment[len(shared) :].partition(" / ")
    if not slash:
        return "" if not chinese and _CHINESE.search(comment) and not shared else comment
    return f"{shared or '# '}{other}" if chinese else f"{shared}{english.rstrip()}"


def _value(value: object) -> str:
    """A TOML value: JSON's escapes are TOML's, except that TOML wants DEL escaped as well."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
