"""Where a command writes to, as `--out` says it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sorad.messages import N_
from sorad.problems import Problem, SoradError


def out_file(said: str, endings: Collection[str]) -> Path:
    """The file that the user names, as an absolute path.

    :class:`SoradError` (exit code 2) where something else has that name: a storyboard, a receipt, a video that was paid
    for, a folder, a device. ``endings``: those of the kind that is written, in small letters.
    """
    path = Path(said).expanduser().absolute()
    try:
        kinds = {one.suffix.lower() for one in (path, path.resolve())}  # a link may be followed
        is_other = path.exists() and not (path.is_file() and kinds <= set(endings))
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
