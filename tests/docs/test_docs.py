"""The documents say what is there: every test, command and link that they name exists, in both languages alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from documents import CHAPTERS, LANGUAGES, ROOT, chapter, documents, pages, whole

from sorad.cli.main import COMMANDS
from sorad.config.vendors import VENDORS

EVERY = [path for language in LANGUAGES for path in documents(language)]


def all_tests() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_test_that_is_named_exists(language: str) -> None:
    text, tests = whole(language), all_tests()
    named = set(re.findall(r"`((?:test_|Test)\w+)`", text))
    assert named
    assert [name for name in sorted(named) if not re.search(rf"(def|class) {name}\b", tests)] == []
    folders = re.findall(r"`((?:tests|benchmarks|service)/[\w/.]+)`", text)
    assert [path for path in folders if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_told_and_every_command_told_exists(language: str) -> None:
    told = chapter(language, "commands")
    assert [name for name in COMMANDS if not re.search(rf"`(sorad )?{name}\b", told)] == []
    assert set(re.findall(r"`sorad ([a-z]+)", whole(language))) - COMMANDS.keys() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_file_that_a_chore_touches_exists(language: str) -> None:
    named = set(re.findall(r"`((?:sorad|tests|docs)/[\w/.]+)`", chapter(language, "extending")))
    assert len(named) > 20
    assert [path for path in sorted(named) if "xai" not in path and not (ROOT / path).exists()] == []


@pytest.mark.parametrize("path", EVERY, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["README", *CHAPTERS])
def test_both_languages_have_the_same_headings_and_tables(name: str) -> None:
    english, chinese = (chapter(language, name) for language in LANGUAGES)
    assert skeleton(english) == skeleton(chinese)


def skeleton(text: str) -> list[str]:
    """Headings, code blocks and tables in their order; of a table its columns and the length of it."""
    lines = re.findall(r"^(?:#+ |```\w*|\|.*)", text, re.MULTILINE)
    return [f"|{line.count('|')}" if line.startswith("|") else line for line in lines]


def test_each_native_provider_has_a_page_in_both_languages() -> None:
    english, chinese = pages("en"), pages("zh")
    assert set(VENDORS) <= set(english)
    assert set(english) == set(chinese)
    for kind, path in english.items():
        texts = [one.read_text("utf-8") for one in (path, chinese[kind])]
        assert skeleton(texts[0]) == skeleton(texts[1]), kind
        assert all(f'kind = "{kind}"' in text for text in texts)
        assert all(f"providers/{kind}.md)" in chapter(language, "config") for language in LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readme_is_short_and_names_every_chapter(language: str) -> None:
    text = chapter(language, "README")
    assert 120 <= len(text.splitlines()) <= 160
    assert [name for name in CHAPTERS if f"/{name}.md)" not in text] == []
