"""The characters of a whole storyboard, and which of them a segment uses. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sorad.model import Reference
from sorad.storyboard.names import meant
from sorad.storyboard.prompt import Character, apart, is_named, unquoted


@dataclass(frozen=True)
class Person:
    """A character with all its names; ``id`` is ``""`` or an ``@id``."""

    names: tuple[str, ...]
    id: str = ""
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class Bible:
    """All of them. ``use_names``: a segment uses those that its text names, too."""

    persons: Sequence[Person] = ()
    use_names: bool = False
    _by_name: dict[str, Person] = field(default_factory=dict, init=False, compare=False)

    def __post_init__(self) -> None:
        for person in self.persons:
            for name in person.names:
                self._by_name.setdefault(name, person)

    def used(self, listed: Sequence[Character], text: str) -> list[Person]:
        """The persons of a segment: as its ``asset`` lists them, then those that its text names."""
        named = [self._by_name.get(apart(one).name) for one in listed]
        plain = unquoted(text) if self.use_names else ""
        named += [one for one in self.persons if plain and any(is_named(plain, name) for name in one.names)]
        return list(dict.fromkeys(one for one in named if one is not None))

    def misspelled(self, listed: Sequence[Character]) -> Iterator[tuple[str, str]]:
        """The names that are not known here and are a letter off one that is, each with that one."""
        for name in dict.fromkeys(apart(one).name for one in listed):
            near = None if name in self._by_name else meant(name, tuple(self._by_name))
            if near is not None:
                yield name, near

    def cast(self, listed: Sequence[Character], used: Iterable[Person]) -> Iterator[Person]:
        """The persons of a segment, and those that it lists though they are not known here."""
        known: set[str] = set()
        for person in used:
            known.update(person.names)
            yield person
        yield from (Person((one.name,)) for one in map(apart, listed) if one.name not in known)

    def characters(self, listed: Sequence[Character], used: Iterable[Person]) -> Iterator[Character]:
        """All names of a segment's characters. An id that the segment gives itself counts before the bible's."""
        own = {apart(one).name: apart(one) for one in listed}
        for person in used:
            said = (own[name].id for name in person.names if name in own and own[name].id)
            given = next(said, person.id)
            yield from (Character(name, given) for name in person.names)
        yield from listed
