"""`sorad validate`: everything that is wrong with storyboards, without buying anything."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

from sorad.cli.shared.common import say, to_json
from sorad.messages import N_, _, ngettext
from sorad.problems import Problem

if TYPE_CHECKING:
    from sorad.config.model import Config
    from sorad.storyboard.read import Reading, Rules

# Exit codes (design: Commands).
GOOD, PROBLEMS, NO_SUCH_FILE = 0, 1, 2


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "validate",
        parents=common,
        help=_("check storyboards"),
        description=_(
            "Reads storyboards as the daemon would, and shows what is wrong with them: file, line, field "
            "and how to mend it. Exit code 0: all are good; 1: some have problems; 2: no such file."
        ),
    )
    parser.add_argument(
        "files", metavar=_("FILE"), nargs="+", help=_("storyboards, or folders with storyboards")
    )
    parser.add_argument("--prompts", action="store_true", help=_("print the final prompts, too"))
    parser.add_argument("--json", action="store_true", help=_("for programs"))
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Check the files."""
    config = _config(args)
    rules = _rules(config)
    checked = [one for name in args.files for one in _checks(Path(name), rules, config)]
    checked += [one for name in args.files for one in _dark(Path(name))]
    if args.json:
        say(to_json([_as_json(one, prompts=args.prompts) for one in checked], indent=2))
    else:
        say("\n".join(line for one in checked for line in _as_lines(one, prompts=args.prompts)))
    return _exit_code({one.code for one in checked})


def _exit_code(codes: set[int]) -> int:
    if NO_SUCH_FILE in codes:
        return NO_SUCH_FILE
    return PROBLEMS if any(codes) else GOOD


@dataclass(frozen=True)
class _Checked:
    """A file and what came of reading it."""

    path: Path
    reading: Reading
    code: int


def _config(args: argparse.Namespace) -> Config:
    from sorad.cli.shared.settings import file_config
    from sorad.config.model import Config

    return file_config(args) or Config()


def _rules(config: Config) -> Callable[[Path, Path], Rules]:
    """By which rules a storyboard is read that was found under a name of the command line."""
    from sorad.cli.shared.storyboard_paths import owner
    from sorad.config.model import Watch
    from sorad.intake.rules import rules_of
    from sorad.providers.sellers import judges_of

    judges = judges_of(config)

    def rules(path: Path, name: Path) -> Rules:
        folder = name.absolute() if name.is_dir() else path.absolute().parent
        watch = owner(config, path.absolute()) or Watch(path=folder)
        return rules_of(config, watch, judges)

    return rules


def _storyboards(path: Path) -> Iterator[Path]:
    """The path itself, or what the daemon would find below it."""
    from sorad.vault.own import without_receipts
    from sorad.vault.scan import RootOffline, scan

    if not path.is_dir():
        yield path
        return
    try:
        found = sorted(Path(seen.path) for seen in without_receipts(scan(path, []).files))
    except RootOffline:  # it cannot be read
        found = []
    yield from found or [path]


def _dark(folder: Path) -> Iterator[_Checked]:
    """What lies in a folder and could not even be looked at."""
    from sorad.storyboard.read import Reading
    from sorad.vault.problems import unreadable
    from sorad.vault.scan import RootOffline, scan

    if not folder.is_dir():
        return
    try:
        errors = scan(folder, []).errors
    except RootOffline as offline:
        yield _Checked(folder, Reading(problems=(offline.problem,)), PROBLEMS)
        return
    for path, why in sorted(errors):
        yield _Checked(Path(path), Reading(problems=(unreadable(path, why),)), PROBLEMS)


def _place(path: Path, config: Config) -> Optional[Problem]:
    """What keeps its outputs out, where the config would put them."""
    from sorad.cli.shared.storyboard_paths import owner
    from sorad.config.model import Watch
    from sorad.intake.places import out_of_place
    from sorad.intake.wants import assets_of

    path = path.absolute()
    return out_of_place(path, assets_of(path, owner(config, path) or Watch(path=path.parent)))


def _checks(name: Path, rules: Callable[[Path, Path], Rules], config: Config) -> Iterator[_Checked]:
    """All that a name of the command line stands for."""
    for path in _storyboards(name):
        yield _check(path, rules(path, name), config)


def _check(path: Path, rules: Rules, config: Config) -> _Checked:
    from sorad.storyboard.read import Reading, read_file
    from sorad.vault.problems import WHAT_THEY_ARE

    if path.is_dir():
        problem = Problem(
            "validate.none",
            N_("There are no storyboards in this folder."),
            WHAT_THEY_ARE,
        )
        return _Checked(path, Reading(problems=(problem,)), NO_SUCH_FILE)
    try:
        reading = read_file(path, rules)
    except FileNotFoundError:
        problem = Problem(
            "validate.missing", N_("There is no such file."), N_("Look at the spelling of the name.")
        )
        return _Checked(path, Reading(problems=(problem,)), NO_SUCH_FILE)
    except OSError as error:
        problem = Problem(
            "validate.unreadable",
            N_("The file cannot be read: {reason}."),
            N_("Look at its permissions, or try again."),
            {"reason": error.strerror or type(error).__name__},
        )
        return _Checked(path, Reading(problems=(problem,)), PROBLEMS)
    trouble = _place(path, config) if reading.ok else None
    if trouble is not None:
        reading = replace(reading, problems=(trouble,))
    return _Checked(path, reading, GOOD if reading.ok else PROBLEMS)


def _as_lines(checked: _Checked, *, prompts: bool) -> Iterator[str]:
    """``file:line: field: problem`` as compilers say it, so that editors and terminals can jump there."""
    if checked.reading.ok:
        segments = checked.reading.segments
        takes = sum(segment.takes for segment in segments)
        yield _("{file}: good; {segments}, {takes}").format(
            file=checked.path,
            segments=ngettext("{count} segment", "{count} segments", len(segments)).format(
                count=len(segments)
            ),
            takes=ngettext("{count} take", "{count} takes", takes).format(count=takes),
        )
        if not _is_named_so(checked.path):
            told = _("{file}: the daemon takes up only files named storyboard*.json or storyboard*.csv")
            yield told.format(file=checked.path)
    for problem in checked.reading.problems:
        place = f"{checked.path}:{problem.line}" if problem.line else checked.path
        yield f"{place}: {replace(problem, line=0)}"
    if prompts:
        yield from _prompts(checked)
    for note in (*checked.reading.pictures, *checked.reading.notes):
        yield _("{file}: note: {text}").format(file=checked.path, text=str(note))


def _prompts(checked: _Checked) -> Iterator[str]:
    from sorad.cli.shared.columns import form

    for segment in checked.reading.segments:
        yield _("  segment {number}: {form}").format(number=segment.index, form=form(segment.request))
        yield from (f"    {line}" for line in segment.request.prompt.splitlines())
        yield from (f"    + {path or image}" for image, path in segment.request.pictures())


def _is_named_so(path: Path) -> bool:
    from sorad.vault.names import is_note, is_storyboard

    return is_storyboard(path.name) or is_note(path.name)


def _as_json(checked: _Checked, *, prompts: bool) -> dict[str, object]:
    segments = checked.reading.segments
    told = [{"segment": one.index, **one.request.canonical()} for one in segments]
    return {
        **({"requests": told} if prompts else {}),
        "path": str(checked.path),
        "ok": checked.reading.ok,
        "segments": len(segments),
        "takes": sum(segment.takes for segment in segments),
        "problems": [_problem(problem) for problem in checked.reading.problems],
        "notes": [_problem(note) for note in checked.reading.notes],
        "pictures": [_problem(picture) for picture in checked.reading.pictures],
    }


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "code": problem.code,
        "where": problem.where,
        "line": problem.line or None,
        "message": replace(problem, where="", line=0).text(),
        "fix": problem.fix_text(),
    }
