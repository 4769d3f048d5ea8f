"""argparse in two languages and for wide characters, and the options that every command takes."""

from __future__ import annotations

import argparse
import difflib
import re
import shutil
from collections.abc import Iterable
from typing import Any, Optional

from sorad import messages
from sorad.cli.shared.columns import width, wrap
from sorad.messages import LANGUAGES, N_, _

# What argparse itself says, from Python 3.9 to 3.14, so that the catalog can hold it.
_ARGPARSE = (
    N_("usage: "),
    N_("%(heading)s:"),
    N_("positional arguments"),
    N_("optional arguments"),
    N_("options"),
    N_("show this help message and exit"),
    N_(" (default: %(default)s)"),
    N_("%(prog)s: error: %(message)s\n"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("the following arguments are required: %s"),
    N_("one of the arguments %s is required"),
    N_("unrecognized arguments: %s"),
    N_("not allowed with argument %s"),
    N_("ignored explicit argument %r"),
    N_("expected one argument"),
    N_("expected at most one argument"),
    N_("expected at least one argument"),
    N_("expected %s argument"),
    N_("expected %s arguments"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
    N_("unexpected option string: %s"),
    N_("invalid %(type)s value: %(value)r"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("invalid choice: %(value)r, maybe you meant %(closest)r? (choose from %(choices)s)"),
)

# The parts of a usage line, the program and its command being one: ``[--lang {zh,en}]`` stays together.
_USAGE_PARTS = re.compile(r"^.*?sorad(?: [a-z]+)?(?= |$)|\(.*?\)+(?=\s|$)|\[.*?\]+(?=\s|$)|\S+")


def translate_argparse() -> None:
    """Let argparse's own words go through our catalog instead of the system's."""

    def counted(one: str, many: str, count: int) -> str:
        return _(one if count == 1 else many)

    vars(argparse).update(_=messages._, ngettext=counted)


class Parser(argparse.ArgumentParser):
    """An argument parser whose help lines up with wide characters in it."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**{**settings, "formatter_class": Formatter, "allow_abbrev": False})  # type: ignore[arg-type]


class Formatter(argparse.HelpFormatter):
    """Measures columns, not characters."""

    def __init__(self, prog: str) -> None:
        columns = shutil.get_terminal_size().columns
        super().__init__(prog, max_help_position=28, width=max(40, min(columns, 100)) - 2)
        self._headings: list[str] = []

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        if action.help is not argparse.SUPPRESS:
            columns = width(self._format_action_invocation(action)) + self._current_indent
            self._action_max_length = max(self._action_max_length, columns)

    def start_section(self, heading: Optional[str]) -> None:
        super().start_section(heading)
        self._headings.append(heading or "")

    def format_help(self) -> str:
        """All of it. Before Python 3.14 argparse puts a colon of its own behind each heading."""
        text = super().format_help()
        for heading in self._headings:
            text = text.replace(f"\n{heading}:\n", "\n" + _("%(heading)s:") % {"heading": heading} + "\n")
        return text

    def _format_action(self, action: argparse.Action) -> str:
        own = self._format_own(action)
        return own + "".join(self._format_action(each) for each in self._iter_indented_subactions(action))

    def _format_own(self, action: argparse.Action) -> str:
        header = " " * self._current_indent + self._format_action_invocation(action)
        if not action.help:
            return header + "\n"
        position = min(self._action_max_length + 2, self._max_help_position)
        lines = wrap(self._expand_help(action), max(self._width - position, 11))
        if width(header) + 2 <= position:
            first = header + " " * (position - width(header)) + lines.pop(0) + "\n"
        else:
            first = header + "\n"
        return first + "".join(f"{'':{position}}{line}\n" for line in lines)

    def _format_usage(self, *details: Any) -> str:
        columns, self._width = self._width, 10_000
        try:
            whole = super()._format_usage(*details).rstrip("\n")
        finally:
            self._width = columns
        first, *parts = _USAGE_PARTS.findall(whole)
        indent = " " * (width(first) + 1)
        lines = [first]
        for part in parts:
            if width(lines[-1]) + 1 + width(part) > columns:
                lines.append(indent + part)
            else:
                lines[-1] += " " + part
        return "\n".join(lines) + "\n\n"

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """The text with its line breaks and indents; what is too long is wrapped."""
        return "\n".join(indent + line for text_line in text.split("\n") for line in _hung(text_line, width))


def _hung(line: str, columns: int) -> list[str]:
    """A line wrapped below its second column, where it has one, else below its own indent."""
    table = re.match(r" *\S.* {2,}", line)
    head = table[0] if table else line[: len(line) - len(line.lstrip())]
    first, *more = wrap(line[len(head) :], columns - width(head))
    return [head + first, *(" " * width(head) + part for part in more)]


def common_options() -> argparse.ArgumentParser:
    """``--lang`` and ``--config``, which may stand before the command and behind it."""
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    group = common.add_argument_group(_("everywhere"))
    group.add_argument("--lang", choices=LANGUAGES, help=_("the language: Chinese or English"))
    group.add_argument("--config", metavar=_("FILE"), help=_("the config file, if not the usual one"))
    return common


def whole_number(text: str) -> int:
    """A whole number, for argparse."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(_("{text!r} is no number").format(text=text)) from None


def number_ranges(text: str) -> tuple[range, ...]:
    """``1-5,8``: ranges of whole numbers, for argparse."""
    found = []
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)) or len(part) > 20:
            raise argparse.ArgumentTypeError(
                _("{text!r} is no list of numbers such as 1-5,8").format(text=text)
            )
        start, end = int(first), int(last or first)
        if start > end:
            raise argparse.ArgumentTypeError(
                _("{text!r} is no list of numbers such as 1-5,8").format(text=text)
            )
        found.append(range(start, end + 1))
    return tuple(found)


def unknown_options(parser: argparse.ArgumentParser, extra: Iterable[str]) -> None:
    """End with what ``parser`` does not know, and what it knows that is written almost so."""
    extra = list(extra)
    told = _("unrecognized arguments: %s") % " ".join(extra)
    known = list(parser._option_string_actions)  # as for everything else here, argparse has no other way
    near = [close for one in extra for close in difflib.get_close_matches(one.partition("=")[0], known, n=1)]
    if near:
        told += _("; did you mean {options}?").format(options=" ".join(near))
    parser.error(told)


def option_value(argv: Iterable[str], option: str) -> str | None:
    """The value of ``--option VALUE`` or ``--option=VALUE``, before anything is parsed."""
    words = list(argv)
    for number, word in enumerate(words):
        if word == "--":
            break
        if word == option and number + 1 < len(words):
            return words[number + 1]
        if word.startswith(option + "="):
            return word[len(option) + 1 :]
    return None
