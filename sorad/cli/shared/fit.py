"""Make a text fit a screen: what matters least gives way first, and what was left out is counted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Callable, NamedTuple, Optional

from sorad.cli.shared.columns import fold


class Line(NamedTuple):
    """A line of the screen, or a paragraph that becomes several, each ``indent`` columns in."""

    text: str
    style: str = ""
    indent: int = 0


# What is said of one thing, the longest way first; each way is a few lines.
Item = Sequence[Sequence[Line]]


@dataclass
class Section:
    """A part of the screen. ``more`` is the line for so many items that were left out."""

    title: Sequence[Line]
    items: Sequence[Item]
    more: Callable[[int], Line]
    end: Sequence[Line] = ()  # below the items, and never left out
    beyond: int = 0  # items that were not even given
    untitled: bool = False  # with all its items left out it needs no title

    def __post_init__(self) -> None:
        self._ways = [0] * len(self.items)
        self._left_out = 0

    def lines(self) -> Iterator[Line]:
        """What is shown now."""
        if not (self.untitled and self._left_out == len(self.items)):
            yield from self.title
        for item, way in list(zip(self.items, self._ways))[: len(self.items) - self._left_out]:
            yield from item[way]
        if self._left_out + self.beyond:
            yield self.more(self._left_out + self.beyond)
        yield from self.end

    def shorten(self, way: int) -> bool:
        """Say the last item that is still said at length in a shorter way; whether there was one."""
        for at in reversed(range(len(self.items) - self._left_out)):
            if self._ways[at] < min(way, len(self.items[at]) - 1):
                self._ways[at] += 1
                return True
        return False

    def drop(self, least: int) -> bool:
        """Leave the last item out, as long as more than ``least`` stay; whether one went."""
        if len(self.items) - self._left_out <= least:
            return False
        self._left_out += 1
        return True


@dataclass(frozen=True)
class Step:
    """One way in which a section gives way: its items get shorter (``way``), or go until ``least`` stay."""

    section: Section
    way: Optional[int] = None
    least: int = 0

    def take(self) -> bool:
        """Do it once; whether it could be done."""
        return self.section.drop(self.least) if self.way is None else self.section.shorten(self.way)


def fit(sections: Sequence[Section], steps: Iterable[Step], columns: int, rows: int) -> list[Line]:
    """The lines of all sections, at most ``columns`` wide, and at most ``rows`` of them.

    The steps are taken one by one, each as often as it can be, until it fits. What is still too much is cut.
    """

    def laid_out() -> list[Line]:
        return [line for section in sections for line in folded(section.lines(), columns)]

    shown = laid_out()
    for step in steps:
        while len(shown) > rows and step.take():
            shown = laid_out()
    return shown[:rows]


def folded(lines: Iterable[Line], columns: int) -> Iterator[Line]:
    """Paragraphs as lines of at most that many columns."""
    for line in lines:
        for text in fold(line.text, max(columns - line.indent, 8)):
            yield Line(text, line.style, line.indent)
