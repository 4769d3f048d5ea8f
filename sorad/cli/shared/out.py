"""Where a command writes to, as `--out` says it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sorad.messages import N_
from sorad.problems import Problem, SoradError


def out_file(said: str, endings: Collection[str]) -> Path:
    """The file that the user names, as an absolute path.

    :class:`SoradError` (exit code 2) where a file of another kind has that name: a storyboard, a receipt, a video that
    was paid for. ``endings``: those of the kind that is written, in small letters.
    """
    path = Path(said).expanduser().absolute()
    try:
        is_other = path.is_file() and path.suffix.lower() not in endings
    except OSError:
        is_other = False  # writing it tells what is wrong
    if is_other:
        problem = Problem(
            "out.other_kind",
            N_("{path} is another kind of file, and stays as it is."),
            N_("Name another place with --out, one that ends in {endings}."),
            {"path": str(path), "endings": ", ".join(endings)},
        )
        raise SoradError(problem, exit_code=2)
    return path
