"""`sorad demo`: the main job on the built-in simulator, in a temporary vault, start to end."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sorad.messages import _

if TYPE_CHECKING:
    from sorad.config.model import Config


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "demo",
        parents=common,
        help=_("see it work: a storyboard, the built-in simulator, videos"),
        description=_(
            "Makes a small vault, starts the built-in simulator and runs sorad on it: no key, no network, no money."
        ),
    )
    parser.add_argument(
        "folder",
        metavar=_("FOLDER"),
        nargs="?",
        help=_("where the vault goes (default: a new temporary folder)"),
    )
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Run the demo."""
    import tempfile

    from sorad.cli.shared.common import say
    from sorad.cli.work.until_done import work
    from sorad.simulator import Simulator

    base = (
        Path(args.folder).expanduser().absolute()
        if args.folder
        else Path(tempfile.mkdtemp(prefix="sorad-demo-"))
    )
    vault = base / "vault"
    storyboard = write_storyboard(vault)
    say(_("A storyboard with {count} segments lies in {path}").format(count=3, path=storyboard))
    with Simulator(task_seconds=(1.0, 4.0), file_size=2_000_000) as simulator:
        code = work(demo_config(base, vault, simulator.base_url), "demo")
    for video in sorted(vault.rglob("*.mp4")):
        say(f"  {video}")
    say(_("Next: `sorad init` sets it up for your own folders; `sorad --help` shows all commands."))
    return code


def demo_config(base: Path, vault: Path, base_url: str) -> Config:
    """A config for a hurry: the simulator's tasks take seconds, so it is asked every half of one."""
    from sorad.config.model import Config

    return Config.model_validate(
        {
            "state_dir": base / "state",
            "watch": [{"path": vault, "settle_seconds": 0.3, "edit_seconds": 0.0}],
            "provider": {"kind": "simulator", "base_url": base_url},
            "limits": {"jitter_seconds": [0.0, 0.3]},
            "polling": {"first_after": 0.5, "every": 0.5},
            "disk": {"min_free": "50 MB"},
        }
    )


def write_storyboard(vault: Path) -> Path:
    """The demo's storyboard: three shots of a harbour town."""
    shots = [
        (_("Dawn over a harbour town, mist on the water, slow aerial shot."), 10, "horizontal"),
        (_("A fisherman lights a lamp on his boat; close-up, warm light on his hands."), 10, "horizontal"),
        (_("The first ferry leaves; gulls rise, the camera follows them up."), 15, "vertical"),
    ]
    segments = [
        {
            "segment_index": number,
            "prompt_text": prompt,
            "duration_seconds": seconds,
            "resolution": resolution,
        }
        for number, (prompt, seconds, resolution) in enumerate(shots, start=1)
    ]
    path = vault / "harbour" / "storyboard_harbour.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"segments": segments}, ensure_ascii=False, indent=2), encoding="utf-8")
    return path
