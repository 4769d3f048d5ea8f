"""Values without a dictionary of their own: of some classes there are a hundred thousand at once.

Beyond 30 members a dictionary is no longer shared, and takes 1.7 kB for each value. (Python's own ``slots=True`` came
with 3.10.)
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar("T")


def slotted(cls: type[T]) -> type[T]:
    """A dataclass with its fields as slots; to stand above ``@dataclass``. No ``super()`` in its methods."""
    names = tuple(field.name for field in fields(cls))  # type: ignore[arg-type]
    members: dict[str, Any] = {
        name: value for name, value in vars(cls).items() if name not in (*names, "__dict__", "__weakref__")
    }
    members |= {"__slots__": names, "__getstate__": _state, "__setstate__": _set_state}
    made: Any = type(cls.__name__, cls.__bases__, members)
    made.__qualname__ = cls.__qualname__
    found: type[T] = made
    return found


def _state(self: Any) -> list[Any]:
    """To be copied and pickled though it is frozen."""
    return [getattr(self, name) for name in self.__slots__]


def _set_state(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__slots__, state):
        object.__setattr__(self, name, value)
