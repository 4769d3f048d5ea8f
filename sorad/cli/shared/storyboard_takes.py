"""The takes of the storyboard that a command is about."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sorad.cli.shared.common import open_ledger, state_dir, storyboard_path

if TYPE_CHECKING:
    from sorad.model import Take


def storyboard_takes(args: argparse.Namespace) -> tuple[Path, list[Take]]:
    """The storyboard at ``args.path`` and its takes, as it is today; none where sorad does not know it.

    :class:`sorad.problems.SoradError` where the ledger cannot be read.
    """
    from sorad.export import gather

    path = storyboard_path(args.path)
    ledger = open_ledger(state_dir(args))
    try:
        return Path(path), gather.takes_of(ledger, path)
    finally:
        ledger.close()
