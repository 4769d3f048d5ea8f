"""Sizes as people write them. Units are decimal (1 GB = 1,000,000,000 bytes) unless written ``GiB``."""

from __future__ import annotations

import re

_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(I?)B?\s*", re.IGNORECASE)


def parse_size(value: object) -> int:
    """Bytes for ``"2 GB"``, ``"12MB"``, ``"1.5 GiB"`` or a whole number. ``ValueError`` for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("size")
    number, letter, binary = found.groups()
    step: int = 1024 if binary else 1000
    return round(float(number) * float(step ** _POWERS[letter.upper()]))


def format_size(count: float) -> str:
    """``"10.6 MB"`` for a count of bytes."""
    for unit in ("B", "KB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
