"""Questions on a terminal, with nothing but lines: they work over SSH and for a screen reader.

The end of the input and Ctrl+C go through to the caller, as ``EOFError`` and ``KeyboardInterrupt``.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from typing import TypeVar

from sorad.cli.shared.columns import wrap
from sorad.messages import _
from sorad.plaintext import printable
from sorad.problems import SoradError

T = TypeVar("T")

_YES, _NO = ("y", "yes", "是", "好", "对"), ("n", "no", "否", "不")


def choose(question: str, options: Mapping[str, str]) -> str:
    """One of ``options``, by number or name; the first where the answer is empty."""
    names = list(options)
    say("")
    say(question)
    for number, text in enumerate(options.values(), 1):
        say(f"  {number}) {text}")
    while True:
        answer = _typed("[1] > ") or "1"
        if answer in options:
            return answer
        if answer.isdecimal() and 1 <= int(answer) <= len(names):
            return names[int(answer) - 1]
        say(_("Please answer with a number from 1 to {most}.").format(most=len(names)))


def yes(question: str, *, default: bool) -> bool:
    """Yes or no; ``default`` where the answer is empty."""
    say("")
    while True:
        answer = _typed(f"{question} [{'Y/n' if default else 'y/N'}] ").lower()
        if not answer:
            return default
        if answer in (*_YES, *_NO):
            return answer in _YES
        say(_("Please answer with y or n."))


def line(question: str, default: str = "") -> str:
    """A line that is not empty."""
    hint = f" [{default}]" if default else ""
    while True:
        answer = _typed(f"{question}{hint}: ") or default
        if answer:
            return answer


def until_good(
    question: str, read: Callable[[str], T], *, default: str = "", ask: Callable[[], str] | None = None
) -> T:
    """What ``read`` makes of the answer; asked again, with the reason, while it cannot."""
    while True:
        answer = ask() if ask else line(question, default)
        try:
            if answer:
                return read(answer)
        except SoradError as error:
            say(str(error))


def say(text: str) -> None:
    """A line for the person at the terminal, whose words stay whole where it is narrow."""
    print("\n".join(_fitted(printable(text))))  # noqa: T201


def _fitted(text: str) -> list[str]:
    if not sys.stdout.isatty():
        return [text]
    columns = shutil.get_terminal_size().columns - 1
    indent = " " * (len(text) - len(text.lstrip()))
    return [indent + line for line in wrap(text, max(columns - len(indent), 20))]


def _typed(prompt: str) -> str:
    *lines, last = _fitted(prompt.rstrip())
    for one in lines:
        say(one)
    try:
        return input(f"{last} ").strip()
    except UnicodeDecodeError:  # typed on a terminal of another encoding: asked again
        return "\ufffd"
