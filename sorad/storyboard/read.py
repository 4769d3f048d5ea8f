"""From a storyboard's bytes to the requests that it asks for, or to everything that is wrong with it."""

from __future__ import annotations

import hashlib
import io
import json
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable, Optional

from pydantic import ValidationError

from sorad.files.untrusted import open_file
from sorad.messages import N_
from sorad.model import Request
from sorad.problems import Problem
from sorad.storyboard.by_name import ByName
from sorad.storyboard.findings import Findings
from sorad.storyboard.image import Pictures
from sorad.storyboard.json_text import decode, parse
from sorad.storyboard.lines import Place
from sorad.storyboard.prompt import EARLIER
from sorad.storyboard.schema import Head, SegmentPart
from sorad.storyboard.shots import Reader
from sorad.storyboard.source import Source, is_typed, source_of
from sorad.storyboard.unknown_fields import OLDER, look_through, stands_twice
from sorad.units import format_size

# More than so many times the allowed segments are not even parsed: a million would take a gigabyte.
_HOPELESS = 10


@dataclass(frozen=True)
class Rules:
    """What a storyboard may hold, and what becomes of it."""

    max_size: int  # bytes
    max_segments: int
    max_takes: int  # of one segment
    takes: int  # where the storyboard does not say
    director_intent: bool  # becomes part of the prompt
    validate: Callable[[Request], list[Problem]]  # what the provider would refuse; no I/O
    pictures: Pictures = field(default_factory=Pictures)  # where local pictures may lie
    # Why no segment can continue one before that asks for this: its last frame cannot be had.
    no_frames: Callable[[Request], Problem | None] = lambda request: None
    # For a folder with notes: the one that links in them are resolved in.
    vault: Callable[[Path], Path] = lambda folder: folder
    asset_folder: str = "asset"  # beside a storyboard: pictures by their names
    storyboards_in: Callable[[Path], int] = lambda folder: 1  # how many lie in a folder


@dataclass(frozen=True)
class Segment:
    """What a segment asks for: ``takes`` videos of the request."""

    index: int
    takes: int
    request: Request
    earlier: tuple[Request, ...] = ()  # what it asked for by each of the EARLIER rules, where one differs
    follows: int | None = None  # where it continues the segment before it in the file: that one's number


@dataclass(frozen=True)
class Reading:
    """A storyboard as read: segments in the order of the file, or problems, never both."""

    segments: tuple[Segment, ...] = ()
    content: str = ""  # SHA-256 of what it means, in hex; "" with problems
    problems: tuple[Problem, ...] = ()
    earlier: tuple[str, ...] = ()  # ``content`` as earlier versions of sorad had it, where it differs
    notes: tuple[Problem, ...] = ()  # what is no mistake, and worth a word: names that are left out
    is_draft: bool = False  # it is checked, and asks for nothing
    pictures: tuple[Problem, ...] = ()  # which picture goes where by its name, and which does not
    assets: Optional[Path] = None  # the folder that these lie in, where it takes any
    by_hand: bool = False  # a note or a table, in which a sync service may have doubled lines

    @property
    def contents(self) -> tuple[str, ...]:
        """``content`` as this and earlier versions have it."""
        return (self.content, *self.earlier)

    @property
    def ok(self) -> bool:
        """Nothing is wrong with it."""
        return not self.problems


def read_file(path: Path, rules: Rules) -> Reading:
    """Read a storyboard. ``OSError`` where the file system fails (vanished, locked, no permission)."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        return _only(Problem("storyboard.file", N_("This is not a file."), N_("Rename it or move it away.")))
    if found.st_size > rules.max_size:
        return _too_large(found.st_size, rules)
    with io.BufferedReader(open_file(path)) as file:
        data = file.read(rules.max_size + 1)  # it may have grown since
    return read_bytes(data, path.parent, rules, path.name)


def read_bytes(data: bytes, folder: Path, rules: Rules, name: str = "storyboard.json") -> Reading:
    """Read a storyboard's content. Pictures that it names are looked up below ``folder``. Raises nothing.

    ``name``: that of the file, which tells notes and tables of shots from JSON.
    """
    if len(data) > rules.max_size:
        return _too_large(len(data), rules)
    if data.count(b'"segment_index"') > _HOPELESS * rules.max_segments:
        return _only(_too_many(rules))
    source = _source(data, folder / name, rules)
    if isinstance(source, Problem):
        return _only(source)
    if source.problems:
        return Reading(problems=source.problems)
    raws = source.document.get("segments") if isinstance(source.document, dict) else None
    if isinstance(raws, list) and len(raws) > rules.max_segments:
        return _only(_too_many(rules))
    return _read(source, raws, folder / name, rules)


def _read(source: Source, raws: Any, path: Path, rules: Rules) -> Reading:
    """``raws``: the segments, as far as there are any."""
    findings = Findings(rules.max_takes)
    reader = Reader(path.parent, rules.pictures, rules.director_intent, findings)
    if isinstance(source.document, dict):
        look_through(source.document, findings)
        if source.text:
            stands_twice(source.text, findings)
        if source.document.get("assets") is True:
            reader.by_name = _by_name(path, rules, reader)
    segments = tuple(_segments(source.document, _Context(rules, findings, reader)))
    tells = findings.found or findings.notes or findings.pictures
    numbers = _numbers(raws) if tells else {}
    places = source.places() if tells else {}
    notes = (*source.notes, *findings.remarks(places, numbers))
    assets = None if reader.by_name is None else reader.by_name.folder
    if findings.found:
        return Reading(problems=tuple(findings.problems(places, numbers)), notes=notes, assets=assets)
    content, *earlier = dict.fromkeys(_contents(segments))
    found = Reading(segments, content, earlier=tuple(earlier), notes=notes, assets=assets)
    return replace(
        found,
        is_draft=source.is_draft,
        by_hand=not source.is_json,
        pictures=tuple(findings.of_pictures(places, numbers)),
    )


def _by_name(path: Path, rules: Rules, reader: Reader) -> ByName:
    def judge(request: Request) -> list[Problem]:
        return rules.validate(judged(request))

    top, is_alone = path.parent / rules.asset_folder, rules.storyboards_in(path.parent) < 2
    return ByName(top, path.stem, is_alone, rules.pictures, judge, reader.findings, reader.looks)


def _source(data: bytes, path: Path, rules: Rules) -> Source | Problem:
    if is_typed(path.name):
        return source_of(data, path, rules.vault(path.parent))
    text = decode(data)
    document = text if isinstance(text, Problem) else _document(text)
    if isinstance(text, Problem) or isinstance(document, Problem):
        return text if isinstance(text, Problem) else document
    return Source(document, text)


def _numbers(raws: Any) -> dict[int, int]:
    """The segments' own numbers, by position, where there are usable ones."""
    raws = raws if isinstance(raws, list) else []
    told = {position: raw.get("segment_index") for position, raw in enumerate(raws) if isinstance(raw, dict)}
    return {
        position: number
        for position, number in told.items()
        if isinstance(number, int) and not isinstance(number, bool) and abs(number) < 10**9
    }


@dataclass
class _Context:
    """What the reading of one storyboard needs throughout."""

    rules: Rules
    findings: Findings
    reader: Reader


def _segments(document: Any, context: _Context) -> Iterator[Segment]:
    findings, reader = context.findings, context.reader
    raws = _list_of_segments(document, findings)
    takes = context.rules.takes
    if isinstance(document, dict):
        try:
            head = Head.model_validate(document)
        except ValidationError as error:
            findings.refused(error)
        else:
            reader.take_in(head)
            takes = _takes(head.takes, (), context) or takes
    seen: set[int] = set()
    follows: int | None = None
    before: Request | None = None
    for position, raw in enumerate(raws):
        path = ("segments", position)
        try:
            part = SegmentPart.model_validate(raw)
        except ValidationError as error:
            findings.refused(error, path)
            follows = before = None
            continue
        if part.segment_index in seen:
            findings.note("twice", part.segment_index, (*path, "segment_index"))
        seen.add(part.segment_index)
        wanted = _takes(reader.takes(part), path, context) or takes
        request = reader.request(part, path)
        for problem in _cannot_continue(position, before, context.rules) if request.continues else ():
            findings.add(problem, (*path, "continue"))
        for problem in context.rules.validate(judged(request)):
            findings.add(problem, (*path, *_field_of(problem, raw)))
        earlier = reader.earlier(part, request)
        yield _in_order(Segment(part.segment_index, wanted, request, earlier, follows))
        follows, before = part.segment_index, request


def _in_order(segment: Segment) -> Segment:
    """What stands before it counts only where it continues that."""
    return segment if segment.request.continues else replace(segment, follows=None)


def judged(request: Request) -> Request:
    """What a provider is to judge: the frame that a shot continues from will be a picture from here."""
    return replace(request, image="sha256:" + 64 * "0") if request.continues else request


def _cannot_continue(position: int, before: Request | None, rules: Rules) -> Iterator[Problem]:
    """Why a segment cannot begin with the last frame of the one before, which asks for ``before``."""
    if position == 0:
        yield Problem(
            "storyboard.continue",
            N_("There is no segment before the first one that it could continue."),
            N_("Leave continue out here, or say false where defaults say true."),
        )
    lacking = None if before is None else rules.no_frames(before)
    if lacking is not None:
        yield Problem(
            "storyboard.continue",
            N_("Its first frame is to be the last one of the segment before, which cannot be had: {reason}"),
            "{reason_fix}",
            {"reason": lacking},
        )


def _field_of(problem: Problem, raw: Any) -> tuple[str, ...]:
    """The field of a segment that a provider's problem (``request.audio``) is about, where it stands there."""
    name = problem.code.rpartition(".")[2]
    names = (name, OLDER.get(name, name), *(("continue",) if name in ("first_frame", "image") else ()))
    return next(((one,) for one in names if isinstance(raw, dict) and one in raw), ())


def _list_of_segments(document: Any, findings: Findings) -> list[Any]:
    path = ("segments",)
    if not isinstance(document, dict):
        findings.note("model_type", document, path)
        return []
    if "segments" not in document:
        findings.note("missing", None, path)
        return []
    segments = document["segments"]
    if not isinstance(segments, list):
        findings.note("list_type", segments, path)
        return []
    if not segments:
        findings.note("too_short", segments, path)
    return segments


def _takes(wanted: int | None, path: Place, context: _Context) -> int | None:
    if wanted is not None and wanted > context.rules.max_takes:
        context.findings.note("less_than_equal", wanted, (*path, "takes"))
    return wanted


def _contents(segments: Sequence[Segment]) -> Iterator[str]:
    """A hash that is the same for storyboards that ask for the same videos; then by each of the EARLIER rules."""
    for version in range(1 + len(EARLIER)):
        requests = [(one.request, *one.earlier)[version if one.earlier else 0] for one in segments]
        meaning = sorted(_meaning(one, request) for one, request in zip(segments, requests))
        yield hashlib.sha256(json.dumps(meaning, separators=(",", ":")).encode()).hexdigest()
        if not any(one.earlier for one in segments):
            return


def _meaning(segment: Segment, request: Request) -> tuple[object, ...]:
    """What counts of a segment: where it continues another one, which one, too."""
    after = (segment.follows,) if request.continues else ()
    return (segment.index, segment.takes, request.fingerprint(), *after)


def _only(problem: Problem) -> Reading:
    return Reading(problems=(problem,))


def _too_large(size: int, rules: Rules) -> Reading:
    return _only(
        Problem(
            "storyboard.size",
            N_("The file has {size}; at most {most} are read."),
            N_("Take out what is not a storyboard, or raise max_size under [storyboards] in the config."),
            {"size": format_size(size), "most": format_size(rules.max_size)},
        )
    )


def _document(text: str) -> Any:
    """The JSON value; a problem where it is none, or is one of sorad's own."""
    document = parse(text)
    if not isinstance(document, dict) or "sorad" not in document or "fingerprint" not in document:
        return document
    return Problem(
        "storyboard.receipt",
        N_("This is a receipt of sorad for a video, no storyboard."),
        N_("Leave it beside its video."),
    )


def _too_many(rules: Rules) -> Problem:
    return Problem(
        "storyboard.segments",
        N_("There are more than {most} segments."),
        N_("Split the storyboard, or raise max_segments under [storyboards] in the config."),
        {"most": rules.max_segments},
        where="segments",
    )
