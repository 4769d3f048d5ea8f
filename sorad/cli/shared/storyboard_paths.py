"""Which storyboards a command means: those of paths, or of all that is watched."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from sorad.messages import N_
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from sorad.config.model import Config, Watch


@dataclass
class Boards:
    """What was found. ``notes`` tell of folders that are not there, and of names that are never read."""

    files: list[tuple[Path, Watch]] = field(
        default_factory=list
    )  # each with the watched folder that it belongs to
    away: list[Problem] = field(default_factory=list)
    never_read: list[str] = field(default_factory=list)
    dark: list[tuple[str, Problem]] = field(default_factory=list)  # what could not be looked at, and why


def boards(config: Config, paths: list[str]) -> Boards:
    """The storyboards meant. :class:`SoradError` where a path leads nowhere."""
    from sorad.config.model import Watch

    found = Boards()
    if not paths:
        for watch in config.watch:
            _below(watch.path, watch, [one.path for one in config.watch if one is not watch], found)
    for name in paths:
        path = Path(name).expanduser().absolute()
        watch = owner(config, path) or Watch(path=path if path.is_dir() else path.parent)
        if path.is_dir():
            _below(path, watch, [], found)
        elif path.is_file():
            found.files.append((path, watch))
        else:
            raise _nothing_there(path)
    return found


def _below(folder: Path, watch: Watch, others: list[Path], found: Boards) -> None:
    from sorad.vault.own import without_receipts
    from sorad.vault.problems import unreadable
    from sorad.vault.scan import RootOffline, scan

    try:
        seen = scan(folder, others)
    except RootOffline as error:
        found.away.append(error.problem)
        return
    found.files += [(Path(one.path), watch) for one in without_receipts(seen.files)]
    found.never_read += seen.never_read
    found.dark += [(path, unreadable(path, why)) for path, why in seen.errors]


def owner(config: Config, path: Path) -> Optional[Watch]:
    """The innermost watched folder that a path is, or lies in."""
    return max(
        (watch for watch in config.watch if watch.path == path or watch.path in path.parents),
        key=lambda watch: len(watch.path.parts),
        default=None,
    )


def _nothing_there(path: Path) -> SoradError:
    problem = Problem(
        "plan.path", N_("there is no {path}."), N_("Name a storyboard or a folder."), {"path": str(path)}
    )
    return SoradError(problem, exit_code=2)
