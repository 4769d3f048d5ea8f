"""Where the documents lie: README and the chapters, in both languages."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "zh")
CHAPTERS = (
    "storyboards",
    "commands",
    "config",
    "rehearsing",
    "service",
    "monitoring",
    "troubleshooting",
    "guarantees",
    "sync",
    "performance",
    "extending",
)
_READMES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
_FOLDERS = {"en": ROOT / "docs", "zh": ROOT / "docs" / "zh"}


def documents(language: str) -> list[Path]:
    """README and all chapters of a language; what lies there without being named above counts, too."""
    return [_READMES[language], *sorted(_FOLDERS[language].glob("*.md")), *pages(language).values()]


def pages(language: str) -> dict[str, Path]:
    """The pages of providers, by kind."""
    return {path.stem: path for path in sorted((_FOLDERS[language] / "providers").glob("*.md"))}


def chapter(language: str, name: str) -> str:
    """The text of one of them, by its name; ``README`` for README."""
    path = _READMES[language] if name == "README" else _FOLDERS[language] / f"{name}.md"
    return path.read_text(encoding="utf-8")


def whole(language: str) -> str:
    """All texts of a language in one."""
    return "\n".join(path.read_text(encoding="utf-8") for path in documents(language))
