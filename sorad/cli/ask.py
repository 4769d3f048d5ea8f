"""Questions on a terminal, with nothing but lines: they work over SSH and for a screen reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from sorad.problems import SoradError

T = TypeVar("T")


def choose(question: str, options: Mapping[str, str]) -> str:
    """One of ``options``, by number or name; the first where the answer is empty."""
    names = list(options)
    say(question)
    for number, (name, text) in enumerate(options.items(), 1):
        say(f"  {number}) {name}: {text}")
    while True:
        answer = input("[1] > ").strip() or "1"
        if answer in options:
            return answer
        if answer.isdecimal() and 1 <= int(answer) <= len(names):
            return names[int(answer) - 1]


def line(question: str, default: str = "") -> str:
    """A line that is not empty."""
    hint = f" [{default}]" if default else ""
    while True:
        answer = input(f"{question}{hint}: ").strip() or default
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
    """A line for the person at the terminal."""
    print(text)  # noqa: T201
