"""The page in a real Chromium: it loads without an error, every video plays, keys work, a prompt is text."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sorad.layout import poster_path
from sorad.ledger.values import Storyboard
from sorad.model import Request, State, Take
from sorad.notes.view import view_of
from sorad.simulator.mp4 import movie

pytest.importorskip("jinja2")
Image = pytest.importorskip("PIL.Image", reason="the extra sorad[media] is not installed")
browsers = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def until(view: Any, holds: str) -> None:
    """Wait for a condition; from here, for the page allows no code but its own."""
    for _try in range(600):
        if view.evaluate(holds):
            return
        view.wait_for_timeout(50)
    raise AssertionError(holds)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_works(tmp_path: Path, width: int) -> None:
    from sorad.notes.gallery import page

    board = Storyboard(1, str(tmp_path), str(tmp_path / "storyboard_港.json"), 1, 1, "c", "ok")
    request = Request("<script>document.title = 'evil'</script>", seconds=4)
    video = tmp_path / "storyboard_港_assets" / "Segment_1" / "a b#_T1.mp4"
    video.parent.mkdir(parents=True)
    film = movie("t", "x", seconds=4, orientation="horizontal", size=200_000).bytes()
    one = Take(1, 1, str(tmp_path), board.path, 1, 1, "f", request, State.DONE, str(video), 0.0)
    takes = [
        one,
        replace(one, id=2, take=2, output=str(video.with_name("T2.mp4")), poster=1),
        replace(one, id=3, segment=2),
    ]
    for take in takes:
        Path(take.output).write_bytes(film)
    Image.new("RGB", (640, 360), "teal").save(poster_path(Path(takes[1].output)))
    out = tmp_path / "page.html"
    out.write_text(page([view_of(board, takes, out, "USD", {}, {})], "now"), "utf-8")
    with browsers.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": width, "height": 900})
        wrong: list[str] = []
        view.on("pageerror", lambda error: wrong.append(str(error)))
        view.on("console", lambda message: wrong.append(message.text))
        view.goto(out.as_uri())
        until(view, "[...document.querySelectorAll('video')].every(one => one.poster || one.readyState >= 2)")
        for command in ("1", "2"):
            view.keyboard.press("ArrowRight")
            assert view.evaluate("document.activeElement.dataset.command") == f"sorad choose {command}"
            until(view, "document.activeElement.querySelector('video').currentTime > 0.11")
        view.keyboard.press("ArrowDown")
        view.keyboard.press("c")
        assert "sorad choose 3" in view.inner_text("#told")
        assert request.prompt in view.inner_text("body")
        assert view.title() == "sorad"
        assert "built-in" not in view.inner_text("body")
        assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert wrong == []
        browser.close()
