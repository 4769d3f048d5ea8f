"""`sorad export`: the chosen takes of a storyboard, as editing programs read them."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from sorad.cli.shared.common import complain, say, state_dir
from sorad.cli.shared.storyboard_takes import storyboard_takes
from sorad.messages import _
from sorad.problems import SoradError

if TYPE_CHECKING:
    from sorad.export.timeline import Cut
    from sorad.model import Take

# What each is written as; a 剪映 draft is a folder.
FORMATS = {"jianying": "", "premiere": ".xml", "fcpxml": ".fcpxml", "otio": ".otio", "srt": ".srt"}


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "export",
        parents=common,
        help=_("the chosen takes for an editing program"),
        description=_(
            "Writes the chosen takes of a storyboard, in order, as an editing program reads them: jianying (a draft "
            "for Jianying, with copies of the videos), premiere (Final Cut 7 XML, also for DaVinci Resolve), fcpxml, "
            "otio (with the other takes), or srt (what is said, else the prompts). The videos stay as they came."
        ),
    )
    parser.add_argument("path", metavar=_("STORYBOARD"))
    parser.add_argument(
        "--to",
        metavar=_("FORMAT"),
        choices=FORMATS,
        required=True,
        help=_("one of: {formats}").format(formats=", ".join(FORMATS)),
    )
    parser.add_argument("--out", metavar=_("DIR"), help=_("the folder that it goes to"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Write it, and say where it is and what it lacks."""
    from sorad.export import gather
    from sorad.export.problems import nothing
    from sorad.media.decoder import Decoder

    _check_extras(args.to)
    path, takes = storyboard_takes(args)
    if not takes:
        raise nothing(path)
    decoder = Decoder()
    try:
        cut = gather.cut_of(path, takes, decoder.ask, others=args.to == "otio")
    finally:
        decoder.close()
    for segment in gather.lacking(takes):
        complain(_("Segment {number} has no video yet, and is left out.").format(number=segment))
    folder = Path(args.out).expanduser().absolute() if args.out else _folder(takes[0], args.to)
    say(str(_write(args, cut, folder)))
    return 0


def _check_extras(form: str) -> None:
    from sorad.export import otio
    from sorad.media.questions import missing

    lacking = missing() or (otio.missing() if form == "otio" else None)
    if lacking is not None:
        raise SoradError(lacking)


def _write(args: argparse.Namespace, cut: Cut, folder: Path) -> Path:
    from sorad.cli.shared.room import room_guard
    from sorad.export import draft
    from sorad.export.problems import not_written
    from sorad.export.written import write_beside
    from sorad.layout import clean

    name = clean(cut.name, 150)
    out = folder / f"{name}{FORMATS[args.to]}"
    try:
        if args.to != "jianying":
            folder.mkdir(parents=True, exist_ok=True)
            content = _writer(args.to)(cut).encode("utf-8", "replace")
            made = write_beside(out, content, Path(state_dir(args)), time.sleep)
        else:
            guard = room_guard(args)
            made = draft.make(cut, folder, name, now=time.time(), guard=guard, sleep=time.sleep)
    except OSError as error:
        raise not_written(out, error) from error
    if made != out:
        complain(_("{path} was worked on, and stays: the new one lies beside it.").format(path=out))
    return made


def _writer(form: str) -> Callable[[Cut], str]:
    from sorad.export import fcpxml, otio, srt, xmeml

    return {"premiere": xmeml.write, "fcpxml": fcpxml.write, "otio": otio.write, "srt": srt.write}[form]


def _folder(take: Take, form: str) -> Path:
    return Path(take.output).parents[1] / "export" / form
