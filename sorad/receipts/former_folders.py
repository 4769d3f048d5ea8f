"""Where the videos of a watched folder went under earlier configs. The ledger knows; this is for when it is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path

from sorad.config.model import Watch
from sorad.files.durable import write_whole
from sorad.messages import _

NAME = "outputs.json"  # in ``state_dir``: by watched folder, each ``output_dir`` that it had


def former(state_dir: Path, watches: Iterable[Watch], *, remember: bool = True) -> list[Watch]:
    """The watched folders as they were under each ``output_dir`` that is no longer in force.

    Today's are remembered from now on (``remember``). A file that cannot be read or written tells of none.
    """
    file = state_dir / NAME
    before = _read(file)
    now = {root: list(dirs) for root, dirs in before.items()}
    earlier = []
    for watch in watches:
        root, current = str(watch.path), str(watch.output_dir or "")
        if current and current not in now.get(root, ()):
            now.setdefault(root, []).append(current)
        for one in before.get(root, ()):
            if one != current:
                # As what is not in force: whatever lies there is looked at.
                there = {"output_mode": "in_place", "output_dir": Path(one)}
                earlier.append(watch.model_copy(update=there))
    if remember and now != before:
        _write(file, now)
    return earlier


def _read(file: Path) -> dict[str, list[str]]:
    try:
        raw = json.loads(file.read_text("utf-8"))
        return {str(root): [str(one) for one in dirs] for root, dirs in raw.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        from loguru import logger  # here: `sorad plan` need not load it

        logger.warning(_("{path} cannot be read: {error}"), path=str(file), error=str(error))
        return {}


def _write(file: Path, outputs: dict[str, list[str]]) -> None:
    try:
        write_whole(file, json.dumps(outputs, ensure_ascii=False, indent=1).encode(), time.sleep)
    except (OSError, ValueError) as error:
        from loguru import logger  # here: `sorad plan` need not load it

        logger.warning(_("{path} cannot be written: {error}"), path=str(file), error=str(error))
