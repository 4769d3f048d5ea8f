"""What leaves the doctor: sentences without keys, signed addresses and the name of the home folder."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from sorad import __version__
from sorad.clock import iso
from sorad.doctor.examination import TITLES, Group
from sorad.doctor.finding import Finding, Level, exit_code
from sorad.masking import mask
from sorad.messages import _

_COUNTED = {Level.OK: "ok", Level.WARNING: "warnings", Level.PROBLEM: "problems"}


def homes() -> tuple[str, ...]:
    """The home folder as it is written and as it really is, the longest first; none where it says nothing."""
    try:
        home = Path.home()
    except RuntimeError:
        return ()
    found = {str(home), os.path.realpath(home)}
    return tuple(sorted((one for one in found if len(one) > 1), key=len, reverse=True))


def clean(text: str, homes: Collection[str]) -> str:
    """``text`` without secrets, and with ``~`` for the home folder."""
    for home in homes:
        # ASCII: in Chinese a path stands right behind a word
        text = re.sub(rf"(?<![\w~]){re.escape(home)}(?![\w-])", "~", text, flags=re.ASCII)
    return mask(text)


def as_json(found: Sequence[tuple[Group, Finding]], now: float, homes: Collection[str]) -> dict[str, Any]:
    """The documented report; sentences in the language in force.

    ``{"time", "sorad", "exit", "counts": {"ok", "warnings", "problems"}, "checks": [{"group", "check",
    "level", "code", "message", "fix"}]}``. Names, levels and codes are stable; fields may be added.
    """
    levels = [finding.level for _group, finding in found]
    return {
        "time": iso(now),
        "sorad": __version__,
        "exit": exit_code(finding for _group, finding in found),
        "counts": {name: levels.count(level) for level, name in _COUNTED.items()},
        "checks": [
            {
                "group": group.name,
                "check": finding.check,
                "level": finding.level.value,
                "code": finding.code,
                "message": clean(finding.problem.text(), homes),
                "fix": clean(finding.problem.fix_text(), homes),
            }
            for group, finding in found
        ],
    }


def title(finding: Finding) -> str:
    """What its check is called."""
    return _(TITLES[finding.check])
