"""Whether the outputs of a storyboard have a place: what `plan` and `validate` tell before anything is bought."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Optional

from sorad.delivery.outcome import blocked
from sorad.problems import Problem
from sorad.receipts.folder import SEGMENT
from sorad.vault.problems import not_read


def out_of_place(storyboard: Path, assets: Path) -> Optional[Problem]:
    """What keeps outputs out of ``assets``; ``None``: nothing that can be seen. Looks, and makes nothing."""
    try:
        with os.scandir(assets) as entries:
            for entry in entries:
                if entry.name.startswith(SEGMENT) and not entry.is_dir():
                    return _in_the_way(Path(entry.path))
    except FileNotFoundError:
        pass
    except NotADirectoryError:
        return _in_the_way(assets)
    except OSError as error:
        return not_read(str(storyboard), error)
    return None


def closed(assets: Path) -> Optional[Problem]:
    """Why nothing can be put there though it could be made: rights, as far as they can be seen."""
    there = next((one for one in (assets, *assets.parents) if one.is_dir()), None)
    if there is not None and not os.access(there, os.W_OK | os.X_OK):
        return blocked(OSError(errno.EACCES, os.strerror(errno.EACCES)), there).problem
    return None


def _in_the_way(folder: Path) -> Problem:
    return blocked(OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)), folder).problem
