"""A calm world: the real vault, intake, ledger, engine and delivery, on a clock that only the test moves.

A generation takes 100 s and more of that clock, so that a test can act while takes are queued, in flight, done.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from world import Odds, World, mp4

from sorad.intake.wants import assets_of
from sorad.layout import receipt_path
from sorad.ledger.sqlite import SqliteLedger
from sorad.model import State, Take

# So long does a generation take, in seconds of the clock: a look or three.
LASTS = (100.0, 400.0)


class Stage(World):
    """Nothing goes wrong by itself."""

    def __init__(self, seed: int, folder: Path, **settings: object) -> None:
        super().__init__(seed, folder, Odds(**dict.fromkeys(vars(Odds()), 0.0)), settings=settings)
        self.provider.lasts = LASTS

    # --- the user's hands -----------------------------------------------------------------------------------
    def board(self, name: str, prompts: Iterable[str | tuple[int, str]], root: Path | None = None) -> Path:
        """Write a storyboard; segments are numbered from 1, or as given."""
        path = (root or self.vault_dir) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        numbered = [one if isinstance(one, tuple) else (n, one) for n, one in enumerate(prompts, 1)]
        segments = [{"segment_index": number, "prompt_text": prompt} for number, prompt in numbered]
        path.write_text(json.dumps({"segments": segments}), encoding="utf-8")
        self.look = True
        return path

    def stop(self) -> None:
        """End the process in good order."""
        self.ledger.close()

    def restart(self) -> None:
        """Start it again."""
        self.start()

    def lose_ledger(self) -> None:
        """With the process stopped: the ledger is deleted."""
        for file in self.state.glob("ledger.sqlite3*"):
            file.unlink()

    def order(self, verb: str, **args: object) -> None:
        """A control command, left by another process as `sorad` does it."""
        other = SqliteLedger.attach(self.state / "ledger.sqlite3")
        other.post(verb, args, self.clock.now)
        other.close()

    @property
    def state(self) -> Path:
        return self.folder / "state"

    # --- time -----------------------------------------------------------------------------------------------
    def go(self, seconds: float = 4000.0) -> None:
        """Let time pass; whatever the user did is noticed by the scan."""
        self.changed()
        self.run(seconds)

    def until(self, phase: str) -> None:
        """Go on until the takes are ``queued``, in flight (``generating``) or ``done``."""
        if phase == "queued":
            self.control.pause(paused=True)
        {"queued": lambda: self.go(5.0), "generating": lambda: self.go(30.0), "done": self.go}[phase]()
        assert {take.state.value for take in self.takes()} == {phase}

    def centralize(self) -> None:
        """Start anew with all videos below one folder that is not watched."""
        self.stop()
        watch = self.config.watch[0].model_dump()
        out = self.folder / "out"
        out.mkdir()
        self.settings["watch"] = [{**watch, "output_mode": "centralized", "output_dir": out}]
        self.restart()

    def assets(self, board: Path) -> Path:
        """The output folder of a storyboard."""
        (watch,) = (one for one in self.config.watch if one.path in board.parents)
        return assets_of(board, watch)

    # --- what came of it ------------------------------------------------------------------------------------
    def take(self, prompt: str) -> Take:
        """The one take of a prompt that is not cancelled."""
        (take,) = (
            one for one in self.takes() if one.request.prompt == prompt and one.state is not State.CANCELLED
        )
        return take

    def delivered(self, prompt: str) -> Path:
        """The video of a prompt, checked."""
        take = self.take(prompt)
        assert (take.state, take.error) == (State.DONE, None), take
        video = Path(take.output)
        assert video.read_bytes() == mp4(prompt)
        assert receipt_path(video).exists()
        return video

    def all_delivered(self, board: Path, *prompts: str) -> None:
        """They lie in the storyboard's own folder, named by their segments."""
        segments = json.loads(board.read_text())["segments"]
        index = {one["prompt_text"]: one["segment_index"] for one in segments}
        for prompt in prompts:
            video = self.delivered(prompt)
            assert video.parent == self.assets(board) / f"Segment_{index[prompt]}"
            assert self.take(prompt).segment == index[prompt]
            assert self.take(prompt).storyboard == str(board)
