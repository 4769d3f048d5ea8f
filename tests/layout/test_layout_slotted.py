"""Values of which there are a hundred thousand have no dictionary, and are else as any dataclass."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from sorad.ledger.values import Want
from sorad.model import Request, State
from sorad.providers.base import RemoteTask

WANT = Want(1, 2, Request("a cat"), "f" * 64, "/o/1.mp4")


@pytest.mark.parametrize("one", [WANT, RemoteTask("r", "a cat", 5.0)])
def test_a_slotted_value_is_a_frozen_dataclass_without_a_dictionary(one: Want | RemoteTask) -> None:
    assert not hasattr(one, "__dict__")
    name = fields(one)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(one, name, 7)
    other = replace(one, **{name: 7})  # type: ignore[arg-type]
    assert getattr(other, name) == 7
    assert other != one == replace(other, **{name: getattr(one, name)})  # type: ignore[arg-type]
    for again in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert again == one
        assert type(again) is type(one)
    assert repr(one).startswith(type(one).__name__)


def test_defaults_and_properties_of_a_slotted_value_stay() -> None:
    assert (WANT.state, WANT.wanted, WANT.place) == (State.QUEUED, True, ("", ""))
    assert RemoteTask("a", "", None).shown is not RemoteTask("b", "", None).shown
