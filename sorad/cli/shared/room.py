"""Whether a disk takes what a command writes: the room that the config keeps free stays free."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sorad.cli.shared.common import config_path


def room_guard(args: argparse.Namespace) -> Callable[[Path, int], None]:
    """Of a folder and bytes: raises :class:`SoradError` where its disk has no room for them."""
    from sorad.config.load import load
    from sorad.config.model import Disk
    from sorad.engine.state.disk import free_bytes
    from sorad.export.problems import check_room

    path = config_path(args.config)
    keep = (Disk() if path is None else load(path, need_watch=False).disk).min_free
    return partial(check_room, free=free_bytes, keep=keep)
