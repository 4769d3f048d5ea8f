"""`sorad __complete SHELL WORD…`: what could stand in place of the last word. Asked by the shell at each TAB.

The answer is lines: first what the shell itself is to offer besides (``files``, ``folders`` or ``-``), then one
candidate a line, with a tab and a description where there is one. What is possible is read from the parser of
the command that is typed, so a new option completes without a line here.

Own code and not argcomplete, whose loading alone takes 28 ms of the 60 that a whole answer takes here, which
starts a bash for every file name, and which offers no files in fish.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sorad.cli.shared import common
from sorad.ledger.completion import newest_storyboards, newest_takes
from sorad.messages import LANGUAGES, _, ngettext
from sorad.plaintext import printable
from sorad.problems import SoradError

MOST = 200  # candidates of one kind: more than anyone looks through

TAKES, STORYBOARDS, FILES, FOLDERS = "takes", "storyboards", "files", "folders"
PROVIDERS, MODELS = "providers", "models"  # names in the config; of a provider

# What the value of an argument is, by its name in the parser, where it is not one of a few choices.
VALUES = {
    "take": (TAKES,),
    "takes": (TAKES,),
    "storyboard": (STORYBOARDS, FILES),
    "which": (TAKES, STORYBOARDS, FILES),
    "what": (TAKES, FILES),
    "files": (STORYBOARDS, FILES),
    "file": (FILES,),
    "out": (FILES,),
    "write": (FOLDERS,),
    "paths": (STORYBOARDS, FILES),
    "path": (FOLDERS,),
    "folder": (FOLDERS,),
    "input_dir": (FOLDERS,),
    "output_dir": (FOLDERS,),
    "config": (FILES,),
    "key_file": (FILES,),
    "script": (FILES,),
    "credential": (FILES,),
    "state": (FILES,),  # of the simulator; that of `list` is a choice
    "provider": (PROVIDERS,),  # of `retarget`; that of `init` is a choice
    "model": (MODELS,),
}
# The takes that a command is for; the others do nothing with it.
STATES = {
    "retry": ("failed",),
    "cancel": ("queued", "held", "failed"),
    "approve": ("held",),
    "resolve": ("unknown",),
    "retarget": ("queued", "held", "failed", "done"),
}
_TOP_OPTIONS = {"--help": "", "--version": "", "--lang": "", "--config": ""}


@dataclass(frozen=True)
class Line:
    """The line up to the cursor: the words before the last one, and the last one as it is so far."""

    before: tuple[str, ...]
    current: str
    config: str | None


@dataclass(frozen=True)
class Candidate:
    """A word that fits, and what it is."""

    value: str
    what: str = ""


def main(words: list[str]) -> None:
    """Print the answer; ``words`` are the shell's name and the words behind ``sorad``, the last one begun."""
    shell, *typed = words
    line = _line(shell, typed or [""])
    kinds, found = _answer(line)
    besides = next((kind for kind in (FILES, FOLDERS) if kind in kinds), "-")
    lines = [besides]
    for candidate in found:
        what = " ".join(printable(candidate.what).split())
        if candidate.value.isprintable():
            lines.append(f"{candidate.value}\t{what}" if what else candidate.value)
    sys.stdout.write("\n".join(lines) + "\n")


def _line(shell: str, typed: list[str]) -> Line:
    words = [_unquoted(word) for word in typed]
    if shell == "bash":  # splits --state=failed into three words
        last = len(words) - 1
        words = [
            "" if number == last and word == "=" else word
            for number, word in enumerate(words)
            if not (number and word == "=" and words[number - 1].startswith("--") and number < last)
        ]
    from sorad.cli.shared.arguments import option_value

    return Line(tuple(words[:-1]), words[-1], option_value(words[:-1], "--config"))


def _unquoted(word: str) -> str:
    """The word as it is meant; its quotation may be open yet."""
    if word[:1] in ("'", '"'):
        return word[1:].rstrip(word[0])
    return re.sub(r"\\(.)", r"\1", word)


def _answer(line: Line) -> tuple[tuple[str, ...], list[Candidate]]:
    """The kinds of value that fit, and the candidates."""
    from sorad.cli.commands import COMMANDS, command_of, parser_of

    name = command_of(list(line.before))
    if name is None:
        return _top(line)
    if name not in COMMANDS:
        return (), []
    parser, waiting, given = _parsed(parser_of(name), _behind(name, line.before))
    option, equals, part = line.current.partition("=")
    if waiting is None and equals and option.startswith("--"):
        waiting = parser._option_string_actions.get(option)
        if waiting is None:
            return (), []
        _kinds, found = _values(waiting, name, replace(line, current=part))
        # a shell that kept the word whole wants it back whole; it cannot offer files there
        return (), [Candidate(f"{option}={one.value}", one.what) for one in found]
    if waiting is None and line.current.startswith("-"):
        return (), list(_options(parser, line))
    action = waiting or _positional(parser, given)
    if action is None:
        return (), list(_options(parser, line))
    return _values(action, name, line)


def _top(line: Line) -> tuple[tuple[str, ...], list[Candidate]]:
    from sorad.cli.commands import COMMANDS

    previous = line.before[-1] if line.before else ""
    if previous == "--config":
        return (FILES,), []
    if previous == "--lang":
        return (), _beginning(line.current, map(Candidate, LANGUAGES))
    if line.current.startswith("-"):
        return (), _beginning(line.current, map(Candidate, _TOP_OPTIONS))
    commands = (Candidate(name, _(row.help)) for name, row in COMMANDS.items())
    return (), _beginning(line.current, commands)


def _behind(command: str, before: tuple[str, ...]) -> tuple[str, ...]:
    """The words behind the command, which may be the name of the config file as well."""
    taken = (place for place, word in enumerate(before) if word == command)
    place = next(one for one in taken if before[one - 1 : one] not in (("--config",), ("--lang",)))
    return before[place + 1 :]


def _parsed(
    parser: argparse.ArgumentParser, before: Iterable[str]
) -> tuple[argparse.ArgumentParser, argparse.Action | None, int]:
    """The parser in charge at the cursor, the option that waits for its value, and the arguments given so far."""
    waiting: argparse.Action | None = None
    left, given, only_arguments = 0, 0, False
    for word in before:
        if left:
            left -= 1
            waiting = waiting if left else None
        elif word == "--":
            only_arguments = True
        elif word.startswith("-") and len(word) > 1 and not only_arguments:
            waiting, left = _awaited(parser, word)
        else:
            below = _positional(parser, given)
            if isinstance(below, argparse._SubParsersAction) and word in below.choices:
                parser, given = below.choices[word], 0
            else:
                given += 1
    return parser, waiting, given


def _awaited(parser: argparse.ArgumentParser, option: str) -> tuple[argparse.Action | None, int]:
    """The option, where values follow it, and how many."""
    action = parser._option_string_actions.get(option)
    if action is None or action.nargs == 0:
        return None, 0
    return action, action.nargs if isinstance(action.nargs, int) else 1


def _positional(parser: argparse.ArgumentParser, given: int) -> argparse.Action | None:
    """The argument that comes next after ``given`` ones."""
    for action in parser._get_positional_actions():
        if action.nargs in ("*", "+") or given == 0:
            return action
        given -= action.nargs if isinstance(action.nargs, int) else 1
    return None


def _options(parser: argparse.ArgumentParser, line: Line) -> Iterator[Candidate]:
    for action in parser._actions:
        used = any(option in line.before for option in action.option_strings)
        again = isinstance(action, argparse._AppendAction)
        if action.help != argparse.SUPPRESS and (again or not used):
            for option in action.option_strings:
                if option.startswith(line.current) and (option.startswith("--") or len(line.current) == 1):
                    yield Candidate(option, (action.help or "").replace("%%", "%"))


def _values(action: argparse.Action, command: str, line: Line) -> tuple[tuple[str, ...], list[Candidate]]:
    """What fits in place of ``line.current``."""
    part = line.current
    if isinstance(action, argparse._SubParsersAction):
        helps: dict[str, str] = {one.dest: one.help or "" for one in action._choices_actions}
        return (), _beginning(part, (Candidate(name, helps.get(name, "")) for name in action.choices))
    if action.choices is not None:
        return (), _beginning(part, (Candidate(str(choice)) for choice in action.choices))
    kinds = VALUES.get(action.dest, ())
    return kinds, [*_known(kinds, command, part, line.config), *_named(kinds, line)]


def _named(kinds: tuple[str, ...], line: Line) -> list[Candidate]:
    """Names of providers and models, as the config has them."""
    args, names = argparse.Namespace(config=line.config), list[str]()
    if PROVIDERS in kinds:
        names += common.provider_names(args)
    if MODELS in kinds:
        from sorad.cli.shared.arguments import option_value

        names += common.model_names(args, option_value(list(line.before), "--provider"))
    return _beginning(line.current, map(Candidate, dict.fromkeys(names)))


def _known(kinds: tuple[str, ...], command: str, part: str, config: str | None) -> Iterator[Candidate]:
    """What the ledger knows of these kinds; nothing where it cannot be read just now."""
    with contextlib.suppress(sqlite3.Error, SoradError):
        if TAKES in kinds and (not part or part.isdecimal()):
            yield from _takes(command, part, config)
        if STORYBOARDS in kinds:
            yield from _storyboards(part, config)


def _takes(command: str, part: str, config: str | None) -> list[Candidate]:
    what = _("{state}, segment {segment}, take {take} of {storyboard}")
    return [
        Candidate(
            str(row.id),
            what.format(
                state=row.state, segment=row.segment, take=row.take, storyboard=_short(row.storyboard)
            ),
        )
        for row in newest_takes(_ledger(config), part, STATES.get(command, ()), MOST)
    ]


def _storyboards(part: str, config: str | None) -> list[Candidate]:
    """The storyboards of the ledger, written as the user began: from the root, from home, from here."""
    home, here = str(Path.home()), str(Path.cwd())
    found = []
    for row in newest_storyboards(_ledger(config), MOST):
        written = row.path
        if part.startswith("~"):
            written = re.sub(rf"^{re.escape(home)}(?=/)", "~", written)
        elif part and not part.startswith("/"):
            written = re.sub(rf"^{re.escape(here)}/", "", written)
        what = ngettext("{count} segment", "{count} segments", row.segments).format(count=row.segments)
        what = what if row.state == "ok" else row.state
        found.append(Candidate(written, what))
    return _beginning(part, found)


def _short(path: str) -> str:
    return "/".join(Path(path).parts[-2:])


def _ledger(config: str | None) -> Path:
    from sorad.ledger.place import ledger_path

    return ledger_path(common.state_dir(argparse.Namespace(config=config)))


def _beginning(part: str, candidates: Iterable[Candidate]) -> list[Candidate]:
    return [one for one in candidates if one.value.startswith(part)]
