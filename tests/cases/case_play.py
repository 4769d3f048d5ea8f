"""A case from the field, played: a script of answers, a stage, and the real program on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union

from daemon_stage import Process, Stage

from sorad.simulator.script import Script, parse

CASES = Path(__file__).parents[1] / "samples" / "api"
FORMATS: Mapping[str, Mapping[str, Any]] = {
    "openai_videos": {"model": "sim-1", "seconds": [4, 10]},
    "sora_hk": {},
}


def script_of(case: Union[str, Mapping[str, Any]]) -> Script:
    """The script of a case in ``tests/samples/api``, by its name, or one that is written out."""
    text = (CASES / f"{case}.json").read_text("utf-8") if isinstance(case, str) else json.dumps(case)
    return parse(text)


class Played(Stage):
    """A stage whose provider answers from a script. One storyboard, ``storyboard_1.json``, lies there.

    ``self.simulator.accepted`` are the creates that the server took, ``self.simulator.stats()["requests"]``
    counts the calls by kind, ``self.takes()`` is the ledger.
    """

    def __init__(
        self,
        folder: Path,
        case: Union[str, Mapping[str, Any]],
        kind: str = "openai_videos",
        prompts: tuple[str, ...] = ("a fox on the ice",),
        simulator: Mapping[str, Any] = {},
        **sections: Mapping[str, Any],
    ) -> None:
        """``kind``: the format that sorad speaks; ``sections``: changes to the config, by section."""
        super().__init__(folder, script=script_of(case), **simulator)
        self._sections = sections
        self._provider = {"kind": kind, **FORMATS[kind], **sections.pop("provider", {})}
        self.reconfigure()
        self.drop("storyboard_1.json", *prompts)

    def reconfigure(self, **provider: Any) -> None:
        """Write the config anew, with these changes below ``[provider]``."""
        self._provider.update(provider)
        self.configure(provider=self._provider, **self._sections)

    def once(self, code: int = 0, patience: float = 60.0, **how: Any) -> Process:
        """`sorad once` over the vault, to its end, which must have this exit code."""
        process = self.start("once", "--input-dir", str(self.vault), **how)
        ended = process.ends(patience)
        assert ended == code, f"exit code {ended}, not {code}\n{process.out()}{process.err()}"
        return process
