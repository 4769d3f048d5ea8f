"""A patient for the doctor: a home, a config, a vault and a simulator, all of the test's own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sorad.cli.main import main
from sorad.simulator import Simulator

PROMPT = "a zeppelin over Qandahar at noon"
BOARD = {"segments": [{"segment_index": 1, "prompt_text": PROMPT, "duration_seconds": 10}]}


@dataclass
class Examined:
    """What the doctor said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    def of(self, check: str) -> list[dict[str, str]]:
        """The findings of one check."""
        return [one for one in self.json["checks"] if one["check"] == check]

    def levels(self, check: str) -> set[str]:
        return {one["level"] for one in self.of(check)}

    def codes(self, *levels: str) -> set[str]:
        """The codes of these levels, or of all."""
        return {one["code"] for one in self.json["checks"] if not levels or one["level"] in levels}

    def bad(self) -> set[str]:
        """The codes of what is not well; that no daemon runs is left out."""
        return self.codes("warning", "problem") - {"daemon.not_running"}


@dataclass
class Patient:
    """One user's sorad, as the doctor finds it."""

    home: Path
    capsys: pytest.CaptureFixture[str]
    simulator: Simulator
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    watch: list[dict[str, Any]] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.home / "config.toml"

    @property
    def state_dir(self) -> Path:
        return self.home / "state"

    @property
    def vault(self) -> Path:
        return self.home / "vault"

    def board(self, name: str = "ep1/storyboard_a.json", content: Any = BOARD) -> Path:
        path = self.vault / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    def write_config(self) -> None:
        lines = [f"state_dir = {json.dumps(str(self.state_dir))}"]
        for watch in self.watch:
            lines += ["[[watch]]", *(f"{name} = {json.dumps(value)}" for name, value in watch.items())]
        for table, members in self.settings.items():
            lines += [f"[{table}]", *(f"{name} = {json.dumps(value)}" for name, value in members.items())]
        self.config.write_text("\n".join(lines), "utf-8")

    def examine(self, *words: str, lang: str = "en", write: bool = True) -> Examined:
        """Run `sorad doctor --json` in this process."""
        if write:
            self.write_config()
        return self.run("--json", *words, lang=lang)

    def run(self, *words: str, lang: str = "en") -> Examined:
        self.capsys.readouterr()
        code = main(["--lang", lang, "--config", str(self.config), "doctor", *words])
        return Examined(code, *self.capsys.readouterr())
