"""Make the pictures of the documents: ``python docs/pictures.py`` (loopback only, half a minute).

A daemon works on a small vault with the built-in simulator, one storyboard has a mistake and another one waits for
approval; then the screen of ``sorad status --watch`` is drawn, as SVG, once in each language.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from sorad import messages
from sorad.cli.look.status_sections import screen
from sorad.cli.shared.live import text_of
from sorad.simulator import Simulator

DOCS = Path(__file__).resolve().parent
COLUMNS, ROWS = 100, 24
PROMPTS = {
    "en": [
        "Dawn over a harbour town, mist on the water.",
        "A fisherman lights a lamp.",
        "The first ferry leaves.",
    ],
    "zh": ["黎明，海港小镇，水面有雾。", "渔夫点亮船灯。", "第一班渡轮离港。"],
}
NAMES = {"en": ("harbour", "ferry", "storm"), "zh": ("海港", "渡轮", "暴风雨")}


def write_vault(vault: Path, language: str) -> None:
    """Three storyboards: one under way, one too dear to go without approval, one with a mistake."""
    under_way, dear, wrong = NAMES[language]
    shots = [{"segment_index": n, "prompt_text": text} for n, text in enumerate(PROMPTS[language] * 2, 1)]
    write_storyboard(vault, under_way, shots)
    write_storyboard(
        vault, dear, [{**shot, "takes": 3, "prompt_text": f"{shot['prompt_text']}."} for shot in shots]
    )
    write_storyboard(
        vault, wrong, [{"segment_index": 1, "prompt_text": PROMPTS[language][0], "duration_seconds": 7}]
    )


def write_storyboard(vault: Path, name: str, shots: list[dict[str, Any]]) -> None:
    """One storyboard in a folder of its own."""
    folder = vault / name
    folder.mkdir(parents=True)
    (folder / f"storyboard_{name}.json").write_text(
        json.dumps({"segments": shots}, ensure_ascii=False), "utf-8"
    )


def write_config(base: Path, url: str) -> Path:
    """A config in a hurry, with a budget."""
    config = base / "config.toml"
    config.write_text(
        f"""
state_dir = "{base}/state"
[[watch]]
path = "{base}/Vault"
settle_seconds = 0.3
edit_seconds = 0.3
[provider]
kind = "simulator"
base_url = "{url}"
[limits]
concurrency = 3
jitter_seconds = [0.0, 0.1]
[polling]
first_after = 0.5
every = 0.5
[budget]
per_day = 2.0
approve_above = 0.3
[disk]
min_free = "50 MB"
""",
        "utf-8",
    )
    return config


def reports(base: Path, config: Path, language: str) -> Any:
    """The report of ``sorad status --json`` once two takes are done and others are under way."""
    sorad = [sys.executable, "-m", "sorad"]
    daemon = subprocess.Popen([*sorad, "run", "--config", str(config)], stderr=subprocess.DEVNULL)
    try:
        while True:
            told = [*sorad, "--lang", language, "status", "--json", "--config", str(config)]
            out = subprocess.run(told, capture_output=True, text=True, check=False).stdout
            found = json.loads(out.replace(str(base), "~")) if out else {}
            takes = found.get("takes", {})
            if takes.get("done", 0) >= 2 and takes["generating"] and takes["held"]:
                return found
            time.sleep(0.2)
    finally:
        daemon.terminate()
        daemon.wait()


def draw(report: Any, language: str) -> str:
    """The screen as SVG."""
    messages.set_language(language)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False, force_terminal=True)
    for line in screen(report, COLUMNS, ROWS):
        console.print(text_of(line), crop=True)
    return console.export_svg(title="sorad status --watch", unique_id="status")


def main() -> None:
    """Write the pictures."""
    for language, folder in (("en", DOCS / "images"), ("zh", DOCS / "zh" / "images")):
        with (
            tempfile.TemporaryDirectory() as made,
            Simulator(task_seconds=(4.0, 6.0), file_size=200_000) as simulator,
        ):
            base = Path(made)
            write_vault(base / "Vault", language)
            os.environ["SORA_API_KEY"] = "sim"
            report = reports(base, write_config(base, simulator.base_url), language)
        folder.mkdir(exist_ok=True)
        (folder / "status.svg").write_text(draw(report, language), "utf-8")


if __name__ == "__main__":
    main()
