"""Receipts of sorad that have a storyboard's name: videos are named after their storyboard, and receipts after them.

In folders that sorad passes over nobody meets them; but ``output_dir`` may lie in a watched folder, and people copy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from sorad.files.untrusted import Unfit, read_small
from sorad.vault.scan import Seen

_MEMBERS = ("sorad", "fingerprint")
_LARGEST = 1_000_000  # bytes, as of a receipt


def is_receipt(path: Path) -> bool:
    """Whether a file is a JSON object with the members ``sorad`` and ``fingerprint``. ``OSError``."""
    try:
        data = read_small(path, _LARGEST)
        if data is None or not all(f'"{name}"'.encode() in data for name in _MEMBERS):
            return False
        document = json.loads(data)
    except (Unfit, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and all(name in document for name in _MEMBERS)


def without_receipts(files: Iterable[Seen]) -> list[Seen]:
    """What was found, without receipts; what cannot be looked into now stays."""
    return [seen for seen in files if seen.placeholder or not _surely(Path(seen.path))]


def _surely(path: Path) -> bool:
    try:
        return is_receipt(path)
    except OSError:
        return False
