"""Make the pictures of note, contact sheet and gallery for the documents: ``python docs/pictures_of_results.py``.

A daemon buys a small storyboard from the built-in simulator (loopback only), which renders videos of drawn pictures;
one of them is black for a while. Then the note, as a Markdown program shows it, and the page are photographed with
Chromium, once in each language. Needs the extra ``sorad[media]`` and a Chromium. It takes a minute.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from markdown_it import MarkdownIt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

DOCS = Path(__file__).resolve().parent
SORAD = [sys.executable, "-m", "sorad"]
SHOTS = {
    "en": (
        "harbour",
        [
            "Dawn over a harbour town, mist on the water.",
            "A fisherman lights a lamp.",
            "The first ferry leaves.",
        ],
    ),
    "zh": ("海港", ["黎明，海港小镇，水面有雾。", "渔夫点亮船灯。", "第一班渡轮离港。"]),
}
STYLE = """
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; max-width: 820px; margin: 1.2rem auto; color: #222; }
table.properties { border-collapse: collapse; font-size: 13px; color: #666; margin-bottom: 1rem }
table.properties td { padding: 1px 14px 1px 0; }
blockquote { border-left: 3px solid #bbb; margin: .5rem 0; padding-left: .8rem; color: #444; }
img, video { max-width: 240px; border-radius: 4px; display: block; margin: .3rem 0; }
video { max-width: 340px; } ul { list-style: none; padding-left: .4rem; } code { background: #eee; padding: 0 4px; }
"""


def picture(number: int, path: Path) -> None:
    """A sky, a sun or a lamp, and dark water; ``number``: which of the three."""
    size, (sky, low, light) = (
        (1280, 720),
        [
            ((246, 190, 150), (86, 96, 150), (255, 240, 200)),
            ((40, 48, 92), (14, 16, 34), (255, 200, 90)),
            ((150, 200, 230), (60, 110, 150), (255, 255, 255)),
        ][number],
    )
    ramp = Image.linear_gradient("L").resize(size)
    found = Image.composite(Image.new("RGB", size, low), Image.new("RGB", size, sky), ramp)
    draw = ImageDraw.Draw(found)
    at = [(900, 300), (430, 380), (980, 160)][number]
    glow = Image.new("RGB", size)
    ImageDraw.Draw(glow).ellipse([one - 90 for one in at] + [one + 90 for one in at], fill=light)
    found = ImageChops.screen(found, glow.filter(ImageFilter.GaussianBlur(40)))
    draw = ImageDraw.Draw(found)
    draw.rectangle((0, 480, *size), fill=tuple(part // 2 for part in low))
    for number_of_house in range(9) if number != 1 else ():
        left = 40 + number_of_house * 95
        draw.rectangle((left, 480 - 60 - number_of_house * 37 % 90, left + 70, 480), fill=(44, 40, 56))
    left = [760, 330, 560][number]
    draw.polygon([(left, 500), (left + 300, 500), (left + 250, 570), (left + 50, 570)], fill=(30, 24, 30))
    draw.rectangle((left + 130, 300 if number != 2 else 400, left + 142, 500), fill=(30, 24, 30))
    found.save(path)


@contextmanager
def program(*words: str) -> Iterator[None]:
    """A command of sorad, in the background."""
    process = subprocess.Popen([*SORAD, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def results(base: Path, language: str, port: int) -> Path:
    """The folder of what came of a storyboard with three segments of two takes."""
    name, prompts = SHOTS[language]
    folder = base / "Vault" / name
    folder.mkdir(parents=True)
    shots = []
    for number, prompt in enumerate(prompts):
        picture(number, folder / f"{number + 1}.png")
        shots.append(
            {
                "segment_index": number + 1,
                "prompt_text": prompt,
                "duration_seconds": 5,
                "first_frame": f"{number + 1}.png",
            }
        )
    board = folder / f"storyboard_{name}.json"
    board.write_text(json.dumps({"segments": shots}, ensure_ascii=False), "utf-8")
    config = base / "config.toml"
    config.write_text(
        f"""
language = "{language}"
state_dir = "{base}/state"
[[watch]]
path = "{base}/Vault"
takes = 2
settle_seconds = 0.3
[provider]
kind = "ark"
base_url = "http://127.0.0.1:{port}/api/v3"
[limits]
jitter_seconds = [0.0, 0.1]
[polling]
first_after = 0.5
every = 0.5
[disk]
min_free = "50 MB"
[notes]
markdown_links = true
""",
        "utf-8",
    )
    flaw = f"flawed,how=black,count=1,match={prompts[0][:4]}"
    where = ("--port", str(port), "--task-seconds", "1", "2", "--size", "300 KB", "--fault", flaw)
    assets = folder / f"{board.stem}_assets"
    with program("simulate", *where):
        time.sleep(2)
        with program("--config", str(config), "run"):
            until(lambda: bool(list(assets.glob("*_sheet.jpg"))))
            told = json.loads(command(config, "list", "--json"))
            good = next(one["id"] for one in told if one["segment"] == 1 and not one["flaws"])
            command(config, "choose", str(good))
            until(lambda: "- [x]" in next(assets.glob("*_takes.md")).read_text("utf-8"))
        command(config, "sheet", str(board))
        command(config, "gallery", str(board))
    return assets


def command(config: Path, *words: str) -> str:
    """A command of sorad, to its end; what it says."""
    words = ("--config", str(config), *words)
    return subprocess.run([*SORAD, *words], check=True, capture_output=True, text=True).stdout


def until(holds: object) -> None:
    """Wait for a condition, for two minutes at most."""
    deadline = time.monotonic() + 120
    while not holds():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise SystemExit("the results did not come in time")
        time.sleep(0.3)


def as_page(note: Path) -> Path:
    """The note as a Markdown program shows it: properties, boxes, embedded videos, comments hidden."""
    head, body = note.read_text("utf-8").split("---\n", 2)[1:]
    rows = (line.partition(": ") for line in head.splitlines())
    table = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, _colon, value in rows
    )
    body = re.sub(r"%%.*?%%", "", body).replace("- [ ]", "- ☐").replace("- [x]", "- ☑")
    shown = MarkdownIt("commonmark", {"html": False}).render(body)
    shown = re.sub(
        r'<img src="([^"]+\.mp4)"[^>]*>',
        r'<video src="\1#t=1" controls preload="auto"></video>',
        shown,
    )
    page = note.with_suffix(".html")
    page.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><style>{STYLE}</style>'
        f'<table class="properties">{table}</table>{shown}',
        "utf-8",
    )
    return page


def photograph(page: Path, out: Path, width: int, height: int) -> None:
    """A page as a JPEG of that width."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("there is no Chromium")
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder, "shot.png")
        command = [
            chromium,
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            f"--window-size={width},{height}",
        ]
        command += ["--virtual-time-budget=4000", f"--screenshot={shot}", page.as_uri()]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with Image.open(shot) as found:
            found.convert("RGB").save(out, quality=82, optimize=True)


def main() -> None:
    """Write the pictures."""
    os.environ["SORA_API_KEY"] = "sim"
    for number, (language, folder) in enumerate((("en", DOCS / "images"), ("zh", DOCS / "zh" / "images"))):
        with tempfile.TemporaryDirectory() as made:
            assets = results(Path(made), language, 8811 + 2 * number)
            shutil.copy(next(assets.glob("*_sheet.jpg")), folder / "sheet.jpg")
            photograph(as_page(next(assets.glob("*_takes.md"))), folder / "note.jpg", 900, 1150)
            photograph(next(assets.glob("*_gallery.html")), folder / "gallery.jpg", 1000, 1150)


if __name__ == "__main__":
    main()
