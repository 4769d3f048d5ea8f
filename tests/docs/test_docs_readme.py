"""The READMEs say what is there: every test and command that they name exists, in both languages alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sorad.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]


def all_tests() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_test_that_is_named_exists(readme: Path) -> None:
    text, tests = readme.read_text(encoding="utf-8"), all_tests()
    named = set(re.findall(r"`((?:test_|Test)\w+)`", text))
    assert named
    assert [name for name in sorted(named) if not re.search(rf"(def|class) {name}\b", tests)] == []
    folders = re.findall(r"`((?:tests|benchmarks|service)/[\w/.]+)`", text)
    assert [path for path in folders if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_command_is_told_and_every_command_told_exists(readme: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    assert [name for name in COMMANDS if not re.search(rf"`(sorad )?{name}\b", text)] == []
    assert set(re.findall(r"`sorad ([a-z]+)", text)) - COMMANDS.keys() == set()


def test_both_languages_have_the_same_commands_and_tables() -> None:
    english, chinese = (readme.read_text(encoding="utf-8") for readme in READMES)

    def skeleton(text: str) -> list[str]:
        blocks = re.findall(r"```(\w*)\n", text)
        return [*blocks, *re.findall(r"^#+ ", text, re.MULTILINE)]

    assert skeleton(english) == skeleton(chinese)
    assert len(re.findall(r"^\|", english, re.MULTILINE)) == len(re.findall(r"^\|", chinese, re.MULTILINE))
