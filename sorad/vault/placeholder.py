"""Whether a file's content is in the cloud: a stat does not fetch it, a read would."""

from __future__ import annotations

import os
import sys

_DATALESS = 0x40000000  # macOS SF_DATALESS: the content is in the cloud
_RECALL_ON_DATA_ACCESS = 0x400000  # the same on Windows


def is_placeholder(found: os.stat_result) -> bool:
    """Whether what was found is such a file."""
    if getattr(found, "st_flags", 0) & _DATALESS:
        return True
    if getattr(found, "st_file_attributes", 0) & _RECALL_ON_DATA_ACCESS:
        return True
    # Elsewhere, small files may live in the inode and have no blocks of their own.
    return sys.platform == "darwin" and found.st_size > 0 and found.st_blocks == 0
