"""When what is told: once, when it has settled, and again when it is over; nothing lost, nothing twice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notify_samples import EVERY_KIND, rules, trouble

from sorad.config.hours import is_quiet, parse_hours
from sorad.notify.memory import Item, Memory
from sorad.notify.rules import DAY, Rules, Seen, due, expire, sent, step
from sorad.problems import Problem

AT = 1_700_000_000.0
BROKEN = Seen({"disk.full": trouble()})
WELL = Seen()


class Teller:
    """The rules, turned by hand."""

    def __init__(self, wanted: Rules | None = None) -> None:
        self.rules = wanted or rules()
        self.memory = Memory()
        self.now = 0.0
        self.got: list[tuple[str, str, str]] = []  # target, kind, key

    def look(self, seen: Seen, after: float = 10.0, times: int = 1) -> Teller:
        for _time in range(times):
            self.now += after
            self.memory = step(self.memory, seen, self.rules, self.now, AT + self.now)
        return self

    def send(self, *failing: str, quiet: bool = False) -> list[tuple[str, ...]]:
        """What went out at this moment: the kinds, one tuple for each message."""
        out = []
        for target, items in due(self.memory, self.rules, self.now, quiet).items():
            error = "down" if target in failing else ""
            self.memory = sent(self.memory, target, items, error, self.now)
            if not error:
                out.append(tuple(item.kind for item in items))
                self.got += [(target, item.kind, item.key) for item in items]
        return out

    def restart(self) -> Teller:
        self.memory = Memory.from_json(self.memory.to_json(), self.now)
        return self


def done(board: int = 7, text: str = "3 videos are ready") -> Seen:
    return Seen(ended={board: Problem("notify.done", text)})


# --- troubles ---------------------------------------------------------------------------------------------


def test_a_trouble_is_told_once_it_has_settled_and_again_when_it_is_over():
    teller = Teller()
    assert teller.look(BROKEN, times=6).send() == []
    assert teller.look(BROKEN).send() == [("trouble",)]
    assert teller.look(BROKEN, times=500).send() == []
    assert teller.look(WELL, times=6).send() == []
    assert teller.look(WELL).send() == [("over",)]
    assert teller.look(WELL, times=500).send() == []


def test_a_flap_is_no_storm():
    teller = Teller()
    for _flap in range(100):
        teller.look(BROKEN, times=3).look(WELL)
        assert teller.send() == []
    teller.look(BROKEN, times=7).send()
    for _flap in range(100):
        teller.look(WELL, times=3).look(BROKEN)
        assert teller.send() == []
    assert [kind for _target, kind, _key in teller.got] == ["trouble"]


def test_with_settling_off_it_is_told_at_once():
    assert Teller(rules(settle=0.0)).look(BROKEN).send() == [("trouble",)]


def test_a_restart_repeats_nothing_and_forgets_nothing():
    teller = Teller()
    teller.look(BROKEN, times=7)
    assert teller.restart().send() == [("trouble",)]
    assert teller.restart().look(BROKEN, times=50).send() == []
    assert teller.restart().look(WELL, times=7).send() == [("over",)]
    assert teller.restart().look(WELL, times=50).send() == []


def test_what_was_over_before_it_could_be_sent_is_not_told():
    teller = Teller()
    teller.look(BROKEN, times=7).send("phone")
    assert teller.memory.outbox
    teller.look(WELL, times=7)
    assert teller.memory.outbox == ()


def test_only_who_was_told_hears_that_it_is_over():
    teller = Teller(rules("phone", "mail"))
    teller.look(BROKEN, times=7).send("mail")
    teller.look(WELL, times=7)
    teller.look(WELL, after=3600.0).send()
    assert teller.got == [("phone", "trouble", "disk.full"), ("phone", "over", "disk.full")]


def test_who_did_not_hear_the_end_does_not_hear_the_next_beginning():
    teller = Teller(rules("phone", "mail"))
    teller.look(BROKEN, times=7).send()
    teller.look(WELL, times=7).send("mail")
    teller.look(BROKEN, times=7, after=30.0).send("mail")
    teller.look(BROKEN, after=3600.0).send()
    assert [kind for target, kind, _key in teller.got if target == "mail"] == ["trouble"]
    assert [kind for target, kind, _key in teller.got if target == "phone"] == ["trouble", "over", "trouble"]


def test_that_nothing_can_be_seen_does_not_mean_that_all_is_well():
    blind = Seen({"ledger.unavailable": trouble()}, whole=False)
    teller = Teller()
    teller.look(BROKEN, times=7).send()
    assert teller.look(blind, times=7).send() == [("trouble",)]
    assert teller.look(blind, times=500).send() == []
    assert teller.look(BROKEN, times=7).send() == [("over",)], "the ledger is back, the disk is still full"
    assert teller.look(WELL, times=7).send() == [("over",)]


def test_kinds_that_are_off_are_not_told():
    teller = Teller(rules(kinds=EVERY_KIND - {"over", "done"}))
    teller.memory = Memory(open={7: AT})
    teller.look(done()).look(BROKEN, times=7).look(WELL, times=7)
    assert teller.memory.outbox == ()
    assert Teller(rules(kinds=frozenset({"done"}))).look(BROKEN, times=50).send() == []


def test_what_waits_is_told_once_and_its_end_not_at_all():
    waiting = Seen({"held:/vault/a.json": trouble(kind="waiting")})
    teller = Teller()
    assert teller.look(waiting, times=500).send() == [("waiting",)]
    assert teller.look(WELL, times=500).send() == []
    assert teller.look(waiting, times=7).send() == [("waiting",)]


# --- storyboards ------------------------------------------------------------------------------------------


def test_a_storyboard_is_told_once_each_time_it_ends():
    teller = Teller()
    teller.look(Seen(open=frozenset({7})))
    assert teller.look(done()).send() == [("done",)]
    assert teller.look(done()).send() == []
    assert teller.look(Seen(open=frozenset({7}))).look(done()).send() == [("done",)]


def test_a_storyboard_that_ends_over_a_restart_is_told():
    teller = Teller()
    teller.look(Seen(open=frozenset({7}))).restart()
    assert teller.look(done()).send() == [("done",)]


def test_a_storyboard_of_which_nothing_came_is_not_told():
    teller = Teller()
    teller.look(Seen(open=frozenset({7})))
    assert teller.look(Seen(ended={7: None})).send() == []
    assert teller.memory.open == {}


def test_a_clock_that_is_set_back_does_not_hide_what_was_done():
    memory = step(Memory(), Seen(open=frozenset({7})), rules(), 0.0, AT)
    memory = step(memory, Seen(open=frozenset({7})), rules(), 10.0, AT - 3600.0)
    assert memory.open == {7: AT - 3600.0}


# --- sending ----------------------------------------------------------------------------------------------


def test_more_than_the_limit_waits_and_goes_out_together():
    teller = Teller(rules(per_hour=2))
    for board in range(5):
        teller.look(Seen(open=frozenset({board}))).look(done(board)).send()
    assert len(teller.got) == 2
    assert teller.look(WELL, after=3600.0).send() == [("done", "done", "done")]


def test_a_target_that_takes_nothing_is_tried_less_and_less_and_gets_all_in_the_end():
    teller = Teller(rules("phone", "mail"))
    teller.look(BROKEN, times=7)
    tries = 0
    for _second in range(3600):
        teller.look(BROKEN, after=1.0)
        tries += "phone" in due(teller.memory, teller.rules, teller.now, False)
        teller.send("phone")
    assert 5 <= tries <= 10
    assert teller.got == [("mail", "trouble", "disk.full")]
    teller.look(BROKEN, after=1800.0).send()
    assert teller.got[1:] == [("phone", "trouble", "disk.full")]


def test_after_a_day_it_is_dropped_and_named():
    teller = Teller()
    teller.look(BROKEN, times=7)
    memory, lost = expire(teller.memory, teller.now + DAY - 1)
    assert (len(memory.outbox), lost) == (1, ())
    memory, lost = expire(teller.memory, teller.now + DAY)
    assert (memory.outbox, [item.key for item in lost]) == ((), ["disk.full"])


def test_quiet_hours_let_only_troubles_through():
    teller = Teller()
    teller.look(Seen(open=frozenset({7}))).look(done()).look(BROKEN, times=7)
    assert teller.send(quiet=True) == [("trouble",)]
    assert teller.send(quiet=True) == []
    assert teller.send() == [("done",)]


def test_an_address_that_was_removed_gets_nothing_and_holds_nothing_up():
    teller = Teller(rules("phone", "mail"))
    teller.look(BROKEN, times=7).send("mail")
    teller.rules = rules("phone")
    assert teller.look(BROKEN).memory.outbox == ()


@pytest.mark.parametrize(
    ("text", "quiet", "loud"),
    [
        ("22:00-08:00", ["22:00", "23:59", "00:00", "07:59"], ["08:00", "12:00", "21:59"]),
        ("00:00-06:30", ["00:00", "06:29"], ["06:30", "23:59"]),
        ("12:00-24:00", ["12:00", "23:59"], ["11:59", "00:00"]),
        ("", [], ["00:00", "12:00"]),
    ],
)
def test_quiet_hours_go_over_midnight(text, quiet, loud):
    import time

    def at(clock: str) -> float:
        hour, minute = map(int, clock.split(":"))
        return time.mktime((2026, 11, 24, hour, minute, 0, 0, 0, -1))

    hours = parse_hours(text)
    assert [clock for clock in quiet if not is_quiet(hours, at(clock))] == []
    assert [clock for clock in loud if is_quiet(hours, at(clock))] == []


@pytest.mark.parametrize("text", ["22-8", "22:00", "25:00-08:00", "22:70-08:00", "08:00-08:00", "night"])
def test_hours_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match="hours"):
        parse_hours(text)


def test_memory_comes_back_as_it_was_kept():
    item = Item("trouble", "disk.full", AT, Problem("disk.full", "{n} full", "", {"n": 2}), ("phone",), 5.0)
    memory = Teller().look(BROKEN, times=7).look(Seen(open=frozenset({3}))).memory
    memory = replace(memory, outbox=(item,))
    again = Memory.from_json(memory.to_json(), 5.0)
    assert (again.open, again.told, again.outbox) == (memory.open, memory.told, memory.outbox)
    assert Memory.from_json(None, 0.0) == Memory()


# --- whatever happens -------------------------------------------------------------------------------------

KEYS = ("disk.full", "root.offline", "provider.key")
TURNS = st.lists(
    st.tuples(
        st.sets(st.sampled_from(KEYS)),  # what is wrong
        st.booleans(),  # whether all can be seen
        st.sampled_from([1.0, 20.0, 70.0, 4000.0]),  # seconds since the last look
        st.sets(st.sampled_from(["phone", "mail"])),  # who takes nothing
        st.booleans(),  # quiet
        st.booleans(),  # a restart
        st.sets(st.integers(1, 3)),  # storyboards with work
    ),
    max_size=60,
)


@given(TURNS, st.integers(1, 3))
def test_whatever_happens_each_hears_beginning_and_end_in_turns(turns, per_hour):
    teller = Teller(rules("phone", "mail", per_hour=per_hour))
    ends: dict[int, int] = defaultdict(int)
    for wrong, whole, seconds, failing, quiet, restart, open_ in turns:
        if restart:
            teller.restart()
        ended = {
            board: Problem("notify.done", str(board)) for board in teller.memory.open if board not in open_
        }
        if whole:
            for board in ended:
                ends[board] += 1
        seen = Seen({key: trouble() for key in wrong}, whole, frozenset(open_), ended if whole else {})
        teller.look(seen, after=seconds).send(*failing, quiet=quiet)
    # Now all is well and everybody listens; all that was begun ends.
    for _look in range(40):
        teller.look(WELL, after=2000.0).send()
    assert teller.memory.outbox == ()
    assert not teller.memory.told
    for target in ("phone", "mail"):
        for key in KEYS:
            heard = [kind for who, kind, what in teller.got if (who, what) == (target, key)]
            assert heard == ["trouble", "over"] * (len(heard) // 2), (target, key)
        for board, times in ends.items():
            assert teller.got.count((target, "done", f"board:{board}")) == times
