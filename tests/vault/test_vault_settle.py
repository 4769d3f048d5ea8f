"""When a file counts as finished, against a plain model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sorad.vault.scan import Seen
from sorad.vault.settle import Settle


def seen(size: int, path: str = "/a", mtime: int = 0) -> Seen:
    return Seen(path, size, mtime)


def test_a_still_file_settles_after_its_window() -> None:
    settle = Settle(2.0)
    settle.see(seen(1), 10.0)
    settle.see(seen(1), 11.5)
    assert settle.next_at() == 12.0
    assert settle.settled(11.99) == []
    assert settle.settled(12.0) == [seen(1)]


def test_a_change_of_size_or_time_starts_anew() -> None:
    for later in (seen(2), seen(1, mtime=1), seen(0)):
        settle = Settle(2.0)
        settle.see(seen(1), 10.0)
        settle.see(later, 11.0)
        assert settle.settled(12.9) == []
        assert settle.settled(13.0) == [later]


def test_an_editor_that_saves_every_two_seconds_settles_once_at_the_last_version() -> None:
    settle = Settle(2.5)
    for number in range(30):
        now = number * 2.0
        assert settle.settled(now) == []
        settle.see(seen(number, mtime=number), now)
    assert settle.settled(58.0 + 2.5) == [seen(29, mtime=29)]


def test_a_file_stays_until_it_is_forgotten_and_can_be_put_off() -> None:
    settle = Settle(1.0)
    settle.see(seen(1), 0.0)
    assert settle.settled(1.0) == settle.settled(1.0) == [seen(1)]
    settle.postpone("/a", 5.0)
    assert settle.settled(4.9) == []
    assert settle.settled(5.0) == [seen(1)]
    settle.forget("/a")
    assert settle.next_at() is None
    settle.postpone("/a", 9.0)
    assert len(settle) == 0


def test_no_window_settles_at_once() -> None:
    settle = Settle(0.0)
    settle.see(seen(1), 3.0)
    assert settle.settled(3.0) == [seen(1)]


def test_an_edit_waits_longer_and_somebodys_wish_ends_that() -> None:
    settle = Settle(2.0, 20.0)
    settle.see(seen(1), 0.0, edit=True)
    settle.see(seen(1, "/new"), 0.0)
    assert settle.edits() == {"/a"}
    assert settle.settled(19.9) == [seen(1, "/new")]
    assert seen(1) in settle.settled(20.0)
    settle.see(seen(2), 30.0, edit=True)
    settle.hurry()
    assert seen(2) not in settle.settled(31.9)
    assert seen(2) in settle.settled(32.0)
    settle.see(seen(3), 33.0, edit=True)  # changed again since: it waits anew
    assert seen(3) not in settle.settled(52.9)
    assert seen(3) in settle.settled(53.0)


def test_the_wait_of_an_edit_is_never_shorter_than_that_of_a_new_file() -> None:
    settle = Settle(2.0, 0.5)
    settle.see(seen(1), 0.0, edit=True)
    assert settle.settled(1.9) == []
    assert settle.settled(2.0) == [seen(1)]


def test_a_file_that_becomes_an_edit_while_it_is_waited_for_waits_as_one() -> None:
    settle = Settle(2.0, 20.0)
    settle.see(seen(1), 0.0)
    settle.see(seen(1), 1.0, edit=True)
    assert settle.settled(20.9) == []
    assert settle.settled(21.0) == [seen(1)]


looks = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.floats(0.1, 3.0)), max_size=40)


@given(looks, st.floats(0.0, 5.0))
def test_settled_is_exactly_what_did_not_change_for_the_window(history, window: float) -> None:
    settle = Settle(window)
    first: dict[str, tuple[int, float]] = {}  # path: the size last seen, and since when
    now = 0.0
    for path, size, step in history:
        now += step
        if first.get(path, (None, 0.0))[0] != size:
            first[path] = (size, now)
        settle.see(seen(size, path), now)
        expected = {path for path, (_size, since) in first.items() if since + window <= now}
        assert {one.path for one in settle.settled(now)} == expected
        assert settle.next_at() == min(since + window for _size, since in first.values())
