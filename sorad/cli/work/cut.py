"""`sorad cut`: the chosen takes of a storyboard in one video."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Optional

from sorad.cli.shared.common import complain, say
from sorad.cli.shared.out import out_file
from sorad.cli.shared.storyboard_takes import storyboard_takes
from sorad.messages import N_, _
from sorad.problems import SoradError

if TYPE_CHECKING:
    from sorad.export.cutting import Label, Made

LABEL = N_("AI-generated")
PLACES = ("top-left", "top-right", "bottom-left", "bottom-right", "top", "bottom", "centre")


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "cut",
        parents=common,
        help=_("the chosen takes in one video"),
        description=_(
            "Joins the chosen takes of a storyboard, in order and with sound: as they are where they are of one make, "
            "else encoded anew. What is missing becomes a numbered slate. The videos stay as they came."
        ),
    )
    parser.add_argument("path", metavar=_("STORYBOARD"))
    parser.add_argument("--out", metavar=_("FILE"), help=_("where it goes"))
    parser.add_argument(
        "--label", action="store_true", help=_("write “{text}” over its beginning").format(text=_(LABEL))
    )
    parser.add_argument("--label-seconds", metavar="S", type=_within(0.5, 3600), help=_("for how long (4)"))
    parser.add_argument(
        "--label-size",
        metavar="N",
        type=_within(1, 30),
        help=_("height in percent of the shorter side (5)"),
    )
    parser.add_argument(
        "--label-place",
        metavar=_("PLACE"),
        choices=PLACES,
        help=_("one of: {formats}").format(formats=", ".join(PLACES)),
    )
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Make it, and say where it is and what it lacks."""
    from sorad.cli.shared.room import room_guard
    from sorad.export import cutting
    from sorad.export.problems import nothing
    from sorad.media.decoder import Decoder
    from sorad.media.questions import missing

    lacking = missing()
    if lacking is not None:
        raise SoradError(lacking)
    path, takes = storyboard_takes(args)
    if not takes:
        raise nothing(path)
    out = out_file(args.out, (".mp4",)) if args.out else cutting.default_place(takes, path)
    decoder = Decoder(seconds=cutting.patience(takes))
    try:
        made = cutting.make(
            path, takes, out, decoder.ask, guard=room_guard(args), sleep=time.sleep, label=_label(args)
        )
    finally:
        decoder.close()
    for text in _lacks(made):
        complain(text)
    complain(_summary(made))
    say(str(made.path))
    return 0


def _label(args: argparse.Namespace) -> Optional[Label]:
    """What is to be drawn: where it is asked for, or how."""
    from sorad.export.cutting import Label

    asked = {"size": args.label_size, "place": args.label_place, "seconds": args.label_seconds}
    said = {name: value for name, value in asked.items() if value is not None}
    return Label(_(LABEL), **said) if args.label or said else None


def _within(least: float, most: float) -> Any:
    """A number between two, for argparse."""

    def number(text: str) -> float:
        value = float(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(
                _("{value} is not between {least:g} and {most:g}").format(value=text, least=least, most=most)
            )
        return value

    number.__name__ = "number"
    return number


def _summary(made: Made) -> str:
    joined = made.joined
    how = _("joined as they are") if joined.copied else _("encoded anew")
    return _("{seconds:.1f} s, {width}x{height}: {how}").format(
        seconds=joined.seconds, width=joined.width, height=joined.height, how=how
    )


def _lacks(made: Made) -> Iterator[str]:
    for segment in made.slates:
        yield _("Segment {number} has no video that can be shown: a slate stands for it.").format(
            number=segment
        )
    if made.joined.unwritten:
        yield _(
            "No font on this machine has the characters of “{text}”: slates show the number alone."
        ).format(text=made.joined.unwritten)
    yield from carried_over(made)


def carried_over(made: Made) -> Iterator[str]:
    """What became of the labels of its videos."""
    told = {
        "same": N_("The AIGC label that its videos have stands in it as it was."),
        "each": N_(
            "The AIGC labels of its videos differ: they stand in it one by one, each under a key of its own "
            "(AIGC_S001_T1…). For the whole there is none: sorad makes none up."
        ),
        "lost": N_("The AIGC label of its videos could not be carried over."),
    }
    if made.carried.how:
        yield _(told[made.carried.how])
    if made.carried.c2pa:
        yield _(
            "C2PA manifests could not be carried over ({count}): they are signed over the very bytes of the videos."
        ).format(count=made.carried.c2pa)
