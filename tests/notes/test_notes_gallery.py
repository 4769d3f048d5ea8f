"""The page that shows storyboards: self-contained, and nothing that anybody wrote means anything in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sorad.ledger.values import Storyboard
from sorad.messages import set_language
from sorad.model import Request, State, Take
from sorad.notes.view import view_of
from sorad.problems import Problem

pytest.importorskip("jinja2")
from sorad.notes.gallery import page

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}{% x %}&amp;"
BOARD = Storyboard(1, "/vault", "/vault/ep1/storyboard_港 a#1.json", 1, 1, "c", "ok")
ASSETS = Path("/vault/ep1/storyboard_港 a#1_assets")


def takes() -> list[Take]:
    request = Request(f"one {EVIL}", seconds=8)
    one = Take(
        1,
        1,
        "/vault",
        BOARD.path,
        3,
        1,
        request.fingerprint(),
        request,
        State.DONE,
        str(ASSETS / "Segment_3" / "a b#?%_S003_T1_0f1e2d3c.mp4"),
        0.0,
        cost=1_500_000,
        currency=EVIL,
        accepted_at=1.0,
    )
    error = Problem("x", EVIL)
    checks = json.dumps({"flaws": [{"kind": "codec", "codec": EVIL}, {"kind": EVIL}]})
    return [
        one,
        replace(one, id=2, take=2, state=State.FAILED, error=error),
        replace(one, id=3, take=3, chosen_at=5.0, poster=1, checks=checks),
    ]


class Seen(HTMLParser):
    """The tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_users_and_providers_wrote_is_text(language: str) -> None:
    set_language(language)
    try:
        text = page([view_of(BOARD, takes(), ASSETS / "page.html", "USD", {}, {})], "now")
    finally:
        set_language("en")
    seen = Seen(text)
    assert [tag for tag, _attributes in seen.tags].count("script") == 1
    assert "img" not in dict(seen.tags)
    assert f"one {EVIL}" in seen.text
    assert seen.text.count("49") == 0
    assert "built-in" not in seen.text
    # No network: nothing leads away, and the policy forbids it.
    assert not re.findall(r"https?://", text)
    (policy,) = (
        one["content"] for tag, one in seen.tags if one.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_takes_stand_side_by_side_with_their_commands() -> None:
    set_language("en")
    seen = Seen(page([view_of(BOARD, takes(), ASSETS / "page.html", "USD", {}, {})], "now"))
    videos = [(one["src"], one.get("poster")) for tag, one in seen.tags if tag == "video"]
    stem = "Segment_3/a%20b%23%3F%25_S003_T1_0f1e2d3c"
    assert videos == [(f"{stem}.mp4#t=0.1", None), (f"{stem}.mp4", f"{stem}_poster.jpg")]
    flaws = [one for tag, one in seen.tags if one.get("class") == "flaw"]
    assert len(flaws) == 2
    commands = [one.get("data-command") for tag, one in seen.tags if tag == "article"]
    assert commands == ["sorad choose 1", None, "sorad choose 3"]
    assert [one["class"] for tag, one in seen.tags if tag == "article"] == ["take", "take", "take shown"]


def test_a_page_elsewhere_names_the_videos_by_their_whole_address() -> None:
    seen = Seen(
        page([view_of(BOARD, takes(), Path("/elsewhere/far/away/from/it/page.html"), "USD", {}, {})], "now")
    )
    (video, _again) = (one["src"] for tag, one in seen.tags if tag == "video")
    assert video is not None
    assert video.startswith("file:///vault/ep1/storyboard_%E6%B8%AF%20a%231_assets/Segment_3/a%20b%23")
