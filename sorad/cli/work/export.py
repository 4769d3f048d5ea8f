"""`sorad export`: the chosen takes of a storyboard, as editing programs read them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from sorad.cli.shared.common import complain, open_ledger, say, state_dir, storyboard_path
from sorad.messages import N_, _
from sorad.problems import Problem, SoradError

if TYPE_CHECKING:
    from sorad.export.timeline import Clip, Cut
    from sorad.media.decoder import Decoder
    from sorad.model import Take

FORMATS = {"premiere": ".xml", "fcpxml": ".fcpxml", "srt": ".srt"}


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "export",
        parents=common,
        help=_("the chosen takes for an editing program"),
        description=_(
            "Writes the chosen takes of a storyboard, in order, as an editing program reads them: premiere (Final Cut "
            "7 XML, also for DaVinci Resolve), fcpxml, or srt (what is said, else the prompts). The videos stay where "
            "they are, as they came."
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
    from sorad.layout import clean
    from sorad.ledger.chosen import choices
    from sorad.media.questions import missing

    lacking = missing()
    if lacking is not None:
        raise SoradError(lacking)
    path = Path(storyboard_path(args.path))
    takes = _takes(args, str(path))
    chosen = choices(takes)
    if not chosen:
        raise _nothing(path)
    for segment in sorted({take.segment for take in takes if take.wanted} - chosen.keys()):
        complain(_("Segment {number} has no video yet, and is left out.").format(number=segment))
    cut = _cut(path, [chosen[segment] for segment in sorted(chosen)])
    folder = Path(args.out).expanduser().absolute() if args.out else _folder(takes[0], args.to)
    out = folder / f"{clean(path.stem, 150)}{FORMATS[args.to]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        out.write_text(_writer(args.to)(cut), encoding="utf-8", errors="replace")
    except OSError as error:
        raise _not_written(out, error) from error
    say(str(out))
    return 0


def _takes(args: argparse.Namespace, path: str) -> list[Take]:
    ledger = open_ledger(state_dir(args))
    try:
        board = ledger.storyboard_at(path)
        return (
            []
            if board is None
            else [one for one in ledger.takes(storyboard=path) if one.storyboard_id == board.id]
        )
    finally:
        ledger.close()


def _cut(path: Path, takes: list[Take]) -> Cut:
    from sorad.export.timeline import Cut
    from sorad.media.decoder import Decoder

    said, decoder = dict(_said(path)), Decoder()
    try:
        return Cut(path.stem, [_clip(take, said.get(take.segment, ()), decoder) for take in takes])
    finally:
        decoder.close()


def _clip(take: Take, said: tuple[str, ...], decoder: Decoder) -> Clip:
    from sorad.export.timeline import Clip, rate_of
    from sorad.media.questions import Probe, Probed

    video = Path(take.output)
    told = decoder.ask(Probe(str(video)))
    if not isinstance(told, Probed) or not told.width or not told.seconds:
        raise SoradError(
            Problem(
                "export.unreadable",
                N_("the video {path} of take {take} cannot be read."),
                N_("Choose another take of its segment, or `sorad retry {take}` fetches it again."),
                {"path": str(video), "take": take.id},
            )
        )
    name = f"S{take.segment:03} T{take.take}"
    lines = said or (take.request.prompt,)
    return Clip(
        name,
        video.absolute(),
        told.seconds,
        told.width,
        told.height,
        rate_of(told.rate),
        bool(told.sound),
        lines,
    )


def _said(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """What is said in each segment, as the storyboard has it; nothing where it cannot be read any more."""
    from pydantic import ValidationError

    from sorad.storyboard.json_text import decode, parse
    from sorad.storyboard.schema import SegmentPart

    try:
        text = decode(path.read_bytes())
    except OSError:
        return
    document = text if isinstance(text, Problem) else parse(text)
    raws = document.get("segments") if isinstance(document, dict) else None
    for raw in raws if isinstance(raws, list) else ():
        try:
            part = SegmentPart.model_validate(raw)
        except ValidationError:
            continue
        lines = tuple(line.text for line in part.dialogue or () if line.text)
        if lines:
            yield part.segment_index, lines


def _writer(form: str) -> Callable[[Cut], str]:
    from sorad.export import fcpxml, srt, xmeml

    return {"premiere": xmeml.write, "fcpxml": fcpxml.write, "srt": srt.write}[form]


def _folder(take: Take, form: str) -> Path:
    return Path(take.output).parents[1] / "export" / form


def _nothing(path: Path) -> SoradError:
    return SoradError(
        Problem(
            "export.nothing",
            N_("there is no delivered video of {path}."),
            N_("`sorad list --storyboard {path}` shows how its takes stand."),
            {"path": str(path)},
        )
    )


def _not_written(out: Path, error: OSError) -> SoradError:
    return SoradError(
        Problem(
            "gallery.not_written",
            N_("{path} cannot be written: {reason}."),
            N_("Name another place with --out."),
            {"path": str(out), "reason": error.strerror or str(error)},
        )
    )
